"""The demo: an hour of emergency calls in a city, played against the service through its own API.

Everything is started here, on loopback, and ended here: a road network, a fleet, the service with
a journal of its own. What is told at the end is read from that journal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc.aio
import numpy as np
from rich.console import Console

from dispatch.conditions.streets import Streets
from dispatch.emergency.plans import ResponsePlans
from dispatch.errors import DispatchError
from dispatch.files.fleet import read_fleet, write_fleet
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.fleet_file import FleetFile
from roadnets.engine import TravelEngine
from roadnets.network import RoadNetwork
from roadnets.snapping.snap import Snapper
from roadnets.store import load
from scenarios.client import DeskClient
from scenarios.clock import ServiceClock
from scenarios.closure import Crossing, Detour, busiest, detour, usual_drive_s
from scenarios.demand import Call, CallPlaces, Load, Service, draw_calls, enlarged, load_for
from scenarios.demo_play import CLIENT, Cast, Played, play
from scenarios.demo_report import Report, report_of
from scenarios.demo_server import DemoError, Server
from scenarios.demo_staging import with_staged
from scenarios.demo_summary import minutes
from scenarios.demo_table import Display, display_for

CLOCK_START = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
"""Eight o'clock on a Monday in China."""
RATE = 80.0
"""How many times as fast as the wall's the demo's clock runs."""
FASTEST = 400.0
"""Beyond this the demo itself is too slow for its clock."""
CALLS = 60
LARGE = 20_000
"""Junctions beyond which ways are searched for so long that somebody waits for it."""
PLACES_ASKED = 40
"""Calls whose ways tell which bridge is the busiest."""
INTERRUPTED = 130

OFFLINE = (
    "Without a network: make demo (the sample city), or import an extract of OpenStreetMap "
    "(.osm.pbf, .osm) that you have: python -m roadnets import city.osm.pbf -o city.net, "
    "then make demo NETWORK=city.net"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the ``demo`` command."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--place", metavar="NAME", help='a place of OpenStreetMap, e.g. "Yinchuan, China" (online)'
    )
    where.add_argument("--network", type=Path, metavar="FILE", help="a road network, city.net")
    parser.add_argument(
        "--fleet", type=Path, metavar="FILE", help="your fleet.yaml; else one is suggested"
    )
    parser.add_argument("--plans", type=Path, metavar="FILE", help="your response plans")
    parser.add_argument("--seed", type=int, default=1, help="of the calls (default %(default)s)")
    parser.add_argument(
        "--clock-rate",
        type=_rate,
        default=RATE,
        metavar="X",
        help="how many times as fast as the wall's the clock runs (default %(default)g)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary there")
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="keep network, fleet, journal, log and answers there",
    )
    parser.add_argument(
        "--language", choices=("en", "zh"), default="en", help="of the service's sentences"
    )
    parser.add_argument(
        "--kill-after",
        type=_seconds,
        metavar="SECONDS",
        help="kill the service (SIGKILL) so long after the first call, and start it again",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo; gives the exit status of the command."""
    console = Console()
    display = display_for(console)
    try:
        with _folder(args.state) as folder:
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background
                signal.signal(signal.SIGINT, signal.default_int_handler)
            return asyncio.run(_run(args, folder, display, console))
    except (DemoError, DispatchError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)  # noqa: T201 - for who started it
    except grpc.aio.AioRpcError as error:
        print(f"demo: the service said {error.code().name}: {error.details()}", file=sys.stderr)  # noqa: T201 - for who started it
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)  # noqa: T201 - for who started it
        return INTERRUPTED
    return 1


@dataclass(frozen=True, slots=True)
class _City:
    """What the demo plays in.

    Attributes
    ----------
    file, fleet_file
        Where network and fleet are, for the service.
    load
        Expected calls an hour.
    """

    file: Path
    streets: Streets
    places: CallPlaces
    plans: ResponsePlans
    fleet_file: Path
    fleet: FleetFile
    load: Load


@dataclass(frozen=True, slots=True)
class _Script:
    """What will happen."""

    calls: Sequence[Call]
    crossing: Crossing | None
    near: Detour | None


async def _run(args: argparse.Namespace, folder: Path, display: Display, console: Console) -> int:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    if args.json is not None:
        _write(args.json, {})  # what cannot be written is told before an hour is played
    city = await _city(args, folder, display)
    script = _script(city, args.seed, display)
    server = Server(folder, _serve_arguments(city, args), args.clock_rate)
    display.say("Starting the service on loopback ...")
    try:
        played = await _played(args, city, script, server, display)
    finally:
        display.end()
    display.say("Verifying the journal and reading it back ...")
    report = report_of(
        server.journal,
        city.streets,
        played,
        script.crossing.name if script.crossing else "",
        seed=args.seed,
        clock_rate=args.clock_rate,
    )
    if args.json is not None:
        _write(args.json, report.summary)
    if args.state is not None:
        _write(folder / "acknowledged.json", played.acknowledged)
    _print(report, console)
    display.say(f"({time.monotonic() - began:.0f} s)")
    return 0 if not report.problems else 1


async def _played(
    args: argparse.Namespace, city: _City, script: _Script, server: Server, display: Display
) -> Played:
    async with (
        server.running(CLOCK_START),
        DeskClient(server.address, CLIENT, args.language) as client,
    ):
        clock = ServiceClock(args.clock_rate, CLOCK_START)
        try:
            return await play(
                Cast(
                    client=client,
                    clock=clock,
                    server=server,
                    fleet=city.fleet,
                    calls=script.calls,
                    crossing=script.crossing,
                    display=display,
                    seed=args.seed,
                    kill_after_s=args.kill_after,
                )
            )
        except* grpc.aio.AioRpcError as group:
            display.end()
            raise _first(group, server) from group


def _first(group: BaseExceptionGroup, server: Server) -> DemoError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, grpc.aio.AioRpcError)
    return DemoError(
        f"the service answered {error.code().name}: {error.details()}; the end of its log:\n"
        f"{server.last_words()}"
    )


# Preparing


async def _city(args: argparse.Namespace, folder: Path, display: Display) -> _City:
    plans_file = args.plans or default_plans_path()
    plans = read_plans(plans_file)
    file = await _network_file(args, folder, display)
    network = load(file)
    size = f"{network.report.nodes:,} junctions, {network.report.length_km:,.0f} km of streets"
    credit = "" if network.synthetic else " (© OpenStreetMap contributors)"
    display.say(f"{_name(network)}: {size}{credit}")
    places = CallPlaces(network)
    streets = Streets(network, Snapper(network), TravelEngine.plain)
    fleet_file = args.fleet or await _suggested(file, plans_file, folder / "fleet.yaml")
    fleet = read_fleet(fleet_file, plans)
    drive_s = _usual_drive_s(streets, places, fleet)
    beside = 0
    if args.fleet is None:
        larger = enlarged(fleet, plans, drive_s, CALLS)
        beside = len(larger.units) - len(fleet.units)
        write_fleet(larger, fleet_file)
        fleet = read_fleet(fleet_file, plans)
    for line in _about(fleet, beside):
        display.say(line)
    load_an_hour = load_for(fleet, plans, drive_s)
    return _City(file, streets, places, plans, fleet_file, fleet, load_an_hour)


async def _suggested(network: Path, plans: Path, file: Path) -> Path:
    await _command(
        ("dispatch", "fleet", "suggest", str(network)),
        ("--plans", str(plans), "--force", "-o", str(file)),
        "no fleet could be suggested",
    )
    return file


def _usual_drive_s(streets: Streets, places: CallPlaces, fleet: FleetFile) -> float:
    rng = np.random.default_rng(0)
    targets = [places.draw(rng, traffic=False)[0] for _ in range(PLACES_ASKED)]
    stations = [station.point for station in fleet.stations]
    drive_s = usual_drive_s(streets, stations, targets)
    if drive_s is None:
        raise DemoError(
            "no station of the fleet lies on the streets of this network; "
            "are they of the same city?"
        )
    return drive_s


async def _network_file(args: argparse.Namespace, folder: Path, display: Display) -> Path:
    if args.network is not None:
        return Path(args.network)
    file = folder / "city.net"
    source = args.place or "sample"
    display.say(
        f"Importing {source} from OpenStreetMap ..." if args.place else "Making the sample city ..."
    )
    what = f"{source} could not be imported.\n{OFFLINE}" if args.place else "no sample city"
    await _command(
        ("roadnets", "import", source), ("-o", str(file)), what, shown=args.place is not None
    )
    return file


async def _command(
    module: Sequence[str], options: Sequence[str], problem: str, *, shown: bool = False
) -> None:
    """Run one of our commands; its output is shown, or told when it fails."""
    pipe = None if shown else asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *module, *options, stdout=pipe, stderr=pipe
    )
    try:
        out, err = await process.communicate()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        raise
    if process.returncode:
        said = ((err or b"") + (out or b"")).decode("utf-8", "replace").strip()
        raise DemoError(f"{problem}\n{said}".strip())


def _name(network: RoadNetwork) -> str:
    told = not network.synthetic or "synthetic" in network.name
    return network.name if told else f"{network.name} (synthetic)"


def _about(fleet: FleetFile, beside: int) -> Iterator[str]:
    """The fleet in words, and what of it is invented."""
    kinds = Counter(unit.kind.replace("_", " ") for unit in fleet.units)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    yield f"Fleet: {len(fleet.units)} units at {len(fleet.stations)} stations and posts: {told}"
    if beside:
        yield f"       {beside} of them beside those suggested, to bear {CALLS} calls an hour"
    for what, places in (("stations and posts", fleet.stations), ("hospitals", fleet.hospitals)):
        invented = [place.name_en or place.name for place in places if place.invented]
        if invented:
            yield f"       invented, since the map names none: {len(invented)} of the {what}"
    if not fleet.hospitals:
        yield "       no hospital: nobody is transported"


def _script(city: _City, seed: int, display: Display) -> _Script:
    """Draw the calls, and choose the bridge."""
    rng = np.random.default_rng(seed)
    streets, places = city.streets, city.places
    calls = draw_calls(places, city.plans, city.load, rng, at_least=CALLS)
    medical = sum(call.service is Service.MEDICAL for call in calls)
    display.say(
        f"Calls: {len(calls)} in an hour, drawn with seed {seed}: {medical} for 120, "
        f"{len(calls) - medical} for 119"
    )
    if city.streets.network.node_count > LARGE:
        display.say("       choosing what to close takes a few seconds here ...")
    stations = [station.point for station in city.fleet.stations]
    crossing = busiest(streets, stations, [call.point for call in calls[:PLACES_ASKED]])
    if crossing is None:
        display.say("Closure: none staged; every busy street is the only way to somewhere")
        return _Script(with_staged(calls, None, city.plans), None, None)
    kind = (
        "the busiest named bridge" if crossing.bridge else "no bridge will do: the busiest street"
    )
    display.say(
        f"Closure: {crossing.name}, {kind} with a way round: {crossing.uses} of {crossing.ways} "
        "ways across the city lead over it"
    )
    near = detour(streets, city.fleet, city.plans, crossing, places, rng)
    if near is not None:
        display.say(
            f"       a call comes from near it ({near.incident_type}): the nearest station with "
            f"{near.capability} is {minutes(near.open_s)} away, {minutes(near.closed_s)} when it "
            "is closed"
        )
    return _Script(with_staged(calls, near, city.plans), crossing, near)


def _serve_arguments(city: _City, args: argparse.Namespace) -> list[str]:
    arguments = ["--network", str(city.file), "--fleet", str(city.fleet_file)]
    if args.plans is not None:
        arguments += ["--plans", str(args.plans)]
    return arguments


# Telling


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _print(report: Report, console: Console) -> None:
    console.print()
    for line in report.lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for problem in report.problems:
        console.print(f"PROBLEM: {problem}", style="bold red", markup=False, highlight=False)


@contextlib.contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    """The folder of the run: the one named, which must not hold a journal, or one for now."""
    if state is None:
        with tempfile.TemporaryDirectory(prefix="citydispatch-demo-") as name:
            yield Path(name)
        return
    state.mkdir(parents=True, exist_ok=True)
    if any(state.glob("journal.sqlite3*")):
        raise DemoError(f"{state} holds the journal of an earlier run; name another folder")
    yield state


def _rate(text: str) -> float:
    return _between(text, FASTEST)


def _seconds(text: str) -> float:
    return _between(text, 3600.0)


def _between(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 and up to {most:g}")
    return value


def _interrupt() -> None:
    """End as Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)
