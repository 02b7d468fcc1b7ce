"""The command line: ``python -m dispatch serve``, ``demo``, ``journal``, ``fleet``, ``mapping``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from dispatch.errors import DispatchError

if TYPE_CHECKING:
    from dispatch.compose import DeskServer
    from dispatch.config import Config
from roadnets.errors import RoadnetsError

REFUSED = 2
"""Exit code when something given is refused: one sentence on stderr says what."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    args = _parser(with_demo=given[:1] == ["demo"]).parse_args(given)
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        return command(args)
    except (DispatchError, RoadnetsError) as error:
        print(f"dispatch: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 130


def _parser(*, with_demo: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dispatch",
        description="Emergency dispatch for a city: which unit goes, which way, and why.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run the service"))
    demo = commands.add_parser("demo", help="watch an hour of calls in a city, played here")
    if with_demo:
        from scenarios import demo as play

        play.add_arguments(demo)
        demo.set_defaults(command=play.run)
    journal = commands.add_parser("journal", help="look after a journal")
    _add_journal(journal.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    fleet = commands.add_parser("fleet", help="make a first fleet file")
    _add_fleet(fleet.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    mapping = commands.add_parser("mapping", help="check what other systems call things")
    _add_mapping(mapping.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run the service. Without options: a generated city, a fleet suggested from it, and a "
        "journal in ~/.local/state/citydispatch, on 127.0.0.1:50051."
    )
    files = parser.add_argument_group("files")
    _file(files, "--network", "road network (default: the sample city)")
    _file(files, "--congestion", "congestion.yaml: usual speeds by the hour of the week")
    _file(files, "--calibration", "how sure travel times are (python -m roadnets calibrate)")
    _file(files, "--fleet", "fleet.yaml (default: suggested from the network)")
    _file(files, "--plans", "plans.yaml (default: the ones that come along)")
    _file(files, "--mapping", "mapping.yaml: what clients call things")
    _file(files, "--journal", "journal (default: one a network in ~/.local/state/citydispatch)")
    deciding = parser.add_argument_group("deciding")
    deciding.add_argument(
        "--policy", choices=("optimal", "nearest"), help="who goes (default: optimal)"
    )
    deciding.add_argument(
        "--mode",
        choices=("live", "shadow"),
        help="shadow: the centre's own system decides, this desk only proposes (default: live)",
    )
    deciding.add_argument(
        "--proposal-lifetime",
        dest="proposal_lifetime_s",
        type=int,
        metavar="SECONDS",
        help="a proposal that waits so long is made anew (default: 120)",
    )
    line = parser.add_argument_group("listening")
    line.add_argument(
        "--listen", metavar="HOST:PORT", help="port 0: any free one (default: 127.0.0.1:50051)"
    )
    _file(line, "--tls-cert", "certificate chain, PEM")
    _file(line, "--tls-key", "its key, PEM")
    _file(line, "--tls-client-ca", "clients have to show a certificate of this CA")
    line.add_argument(
        "--insecure",
        action="store_true",
        default=None,
        help="plain text on an address that is not loopback",
    )
    running = parser.add_argument_group("running")
    running.add_argument(
        "--clock-rate", type=float, metavar="X", help="exercises: so many times as fast"
    )
    running.add_argument(
        "--clock-start",
        type=_instant,
        metavar="TIME",
        help="exercises: begin then, e.g. 2026-01-05T08:00:00+08:00",
    )
    running.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        help="of the JSON lines on stderr (default: info)",
    )
    _file(running, "--ready-file", "write host:port there when ready")
    parser.set_defaults(command=_serve)


def _file(to: argparse._ActionsContainer, option: str, told: str) -> None:
    to.add_argument(option, type=Path, metavar="FILE", help=told)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; e.g. 2026-01-05T08:00:00+08:00"
        ) from error


def _serve(args: argparse.Namespace) -> int:
    from dispatch.steps import Steps

    with Steps(sys.stderr, _COMPILING_S).step(
        "compiling the road kernel, as each first start does"
    ):
        from dispatch.config import Config, Mode
    from dispatch.service.logs import log_to_stderr

    names = {f.name for f in fields(Config)}
    told = {k: v for k, v in vars(args).items() if k in names and v is not None}
    if "mode" in told:
        told["mode"] = Mode(told["mode"])
    config = Config(**told)
    log_to_stderr(config.log_level)
    return asyncio.run(_run(config))


async def _run(config: Config) -> int:
    from dispatch.compose import compose
    from dispatch.steps import Steps

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with _ready_file(config.ready_file) as tell:
        starting = loop.run_in_executor(None, compose, config, Steps(sys.stderr))
        async with await starting as desk:
            tell(desk.address)
            print(_ready_line(desk), flush=True)
            await _stopped_or_failed(stop, desk)
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)  # a second one ends it at once
            if desk.engine.failure is not None:
                raise desk.engine.failure
    return 0


async def _stopped_or_failed(stop: asyncio.Event, desk: DeskServer) -> None:
    """Wait to be stopped; a desk whose journal has failed ends, so that it can be started anew."""
    while not stop.is_set() and desk.engine.failure is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_EVERY_S)
    if desk.engine.failure is not None:
        await asyncio.sleep(_TELL_FOR_S)  # health says NOT_SERVING meanwhile


def _ready_line(desk: DeskServer) -> str:
    config, state = desk.config, desk.engine.state
    parts = [
        f"ready on {desk.address}",
        desk.given.network.name,
        f"{len(state.fleet.units)} units",
        f"{len(state.emergency.incidents)} open incidents",
        f"policy {config.policy}",
        str(config.mode),
        *([f"clock x{config.clock_rate:g}"] if config.clock_rate != 1 else []),
        f"journal {desk.given.journal}",
    ]
    return " · ".join(parts)


@contextlib.contextmanager
def _ready_file(path: Path | None) -> Iterator[Callable[[str], None]]:
    """A file that is there, with the address in it, as long as the service is ready."""
    if path is None:
        yield lambda _: None
        return
    path.unlink(missing_ok=True)
    try:
        yield lambda address: _write_atomically(path, address)
    finally:
        path.unlink(missing_ok=True)


_COMPILING_S = 10.0
"""Loading what is compiled already takes two seconds; what takes so long compiles."""

_LOOK_EVERY_S = 1.0
_TELL_FOR_S = 5.0

Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - its only name


def _add_journal(commands: Subcommands) -> None:
    verify = commands.add_parser("verify", help="check every byte, batch and state of a journal")
    verify.description = (
        "Check a journal without changing it; the service may be running. "
        "Exit code 0: all is right; 1: something is wrong; 2: it cannot be read."
    )
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.set_defaults(command=_verify)
    copy = commands.add_parser("copy", help="a back-up of a journal, while the service goes on")
    copy.description = "Copy a journal as it is at one instant; the service may be running."
    copy.add_argument("file", type=Path, metavar="FILE")
    copy.add_argument("target", type=Path, metavar="TO", help="a name that nothing has")
    copy.add_argument(
        "--unchecked",
        action="store_true",
        help="take pages with wrong checksums too, to rescue a journal; then verify the copy",
    )
    copy.set_defaults(command=_copy)


def _verify(args: argparse.Namespace) -> int:
    import dispatch.state as fold
    from dispatch.journal.verify import verify

    report = verify(args.file, fold=fold)
    print(report)
    return 0 if report.ok else 1


def _copy(args: argparse.Namespace) -> int:
    from dispatch.journal.copy import copy

    copy(args.file, args.target, checked=not args.unchecked)
    print(f"copied to {args.target}; now: python -m dispatch journal verify {args.target}")
    return 0


def _add_fleet(commands: Subcommands) -> None:
    suggest = commands.add_parser("suggest", help="from a road network: a draft to be corrected")
    suggest.description = (
        "Suggest stations, hospitals and units for a city from its tagged places. "
        "What no source names is marked invented. A draft, never a staffing plan."
    )
    suggest.add_argument("network", type=Path, metavar="NETWORK", help="e.g. city.net")
    suggest.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="e.g. fleet.yaml"
    )
    suggest.add_argument("--plans", type=Path, metavar="FILE", help="plans.yaml to be met")
    suggest.add_argument("--force", action="store_true", help="replace the file when there is one")
    suggest.set_defaults(command=_suggest)


def _suggest(args: argparse.Namespace) -> int:
    from dispatch.emergency.largest_needs import largest_needs
    from dispatch.errors import InvalidFieldError
    from dispatch.files.fleet import write_fleet
    from dispatch.files.plans import default_plans_path, read_plans
    from dispatch.fleet.suggest import suggest_fleet
    from roadnets.store import load

    if args.output.exists() and not args.force:
        raise InvalidFieldError("--output", str(args.output), "a new file, or --force")
    plans = read_plans(args.plans or default_plans_path())
    fleet = suggest_fleet(load(args.network), largest_needs(plans))
    try:
        write_fleet(fleet, args.output)
    except OSError as error:
        raise _unwritable(args.output, error) from error
    print(
        f"{args.output}: {len(fleet.units)} units at {len(fleet.stations)} stations, "
        f"{len(fleet.hospitals)} hospitals. A draft: correct it before use."
    )
    return 0


def _add_mapping(commands: Subcommands) -> None:
    check = commands.add_parser("check", help="try a mapping on a day of a client's log")
    check.description = (
        "Count what of a day's log maps to our units, statuses, types and places, and list what "
        "does not. Exit code 0: everything maps; 1: something does not."
    )
    check.add_argument("day", type=Path, metavar="DAY.csv", help="a .csv or .csv.gz")
    check.add_argument("--mapping", type=Path, metavar="FILE", required=True)
    check.add_argument("--client", metavar="NAME", required=True, help="one of the mapping's")
    check.add_argument("--fleet", type=Path, metavar="FILE", help="whose units they may be")
    check.add_argument("--plans", type=Path, metavar="FILE", help="whose types they may be")
    check.add_argument("--network", type=Path, metavar="FILE", help="puts points on streets")
    check.add_argument("--language", choices=("en", "zh"), default="en")
    check.set_defaults(command=_check)


def _check(args: argparse.Namespace) -> int:
    from dispatch.files.day import check_day
    from dispatch.files.fleet import read_fleet
    from dispatch.files.mapping import read_mappings
    from dispatch.files.plans import default_plans_path, read_plans
    from dispatch.intake.mapping import Language
    from dispatch.intake.render import render
    from roadnets.snapping.snap import Snapper
    from roadnets.store import load

    plans = read_plans(args.plans or default_plans_path())
    fleet = read_fleet(args.fleet, plans) if args.fleet else None
    mappings = read_mappings(args.mapping, plans, fleet)
    snapper = Snapper(load(args.network)) if args.network else None
    report = check_day(args.day, args.client, mappings, snapper)
    print("\n".join(render(report, Language(args.language))))
    return 0 if report.complete else 1


def _unwritable(path: Path, error: OSError) -> DispatchError:
    from dispatch.errors import FileRefusedError

    reason = error.strerror or str(error)
    return FileRefusedError(f"{path} cannot be written: {reason}", file=str(path))


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(f"{text}\n", "utf-8")
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
