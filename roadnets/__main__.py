"""``python -m roadnets import SOURCE -o city.net`` and what else there is to do with networks."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from roadnets import store
from roadnets.errors import RoadnetsError, SourceError
from roadnets.importing import ALLOWED, import_network
from roadnets.prepared import prepare
from roadnets.progress import progress
from roadnets.summary import summary, turns_left_out

REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 where something is refused."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except RoadnetsError as error:
        print(f"refused: {error}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m roadnets", description="Streets in, travel times out: one file a city."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    importing = commands.add_parser("import", help="read streets and write a network file")
    importing.add_argument("source", metavar="SOURCE", help=ALLOWED)
    importing.add_argument(
        *("-o", "--output"),
        metavar="city.net",
        type=Path,
        required=True,
        help="the network file to write",
    )
    importing.add_argument("--name", default="", help="what to call the city")
    importing.set_defaults(run=_import)
    info = commands.add_parser("info", help="tell what is in a network file")
    info.add_argument("network", metavar="city.net", type=Path, help="a network file")
    info.add_argument(
        "--turns", action="store_true", help="list the turn restrictions that routes do not obey"
    )
    info.set_defaults(run=_info)
    preparing = commands.add_parser("prepare", help="add the hierarchy to a file that has none")
    preparing.add_argument("network", metavar="city.net", type=Path, help="a network file")
    preparing.set_defaults(run=_prepare)
    warming = commands.add_parser("warm", help="compile the kernel now, not at the first start")
    warming.set_defaults(run=_warm)
    return parser


def _import(options: argparse.Namespace) -> None:
    source, output = options.source, options.output
    if output.exists() and Path(source).exists() and output.samefile(source):
        raise SourceError(f"{output.name} is the source itself: name another file to write")
    with progress(Console(stderr=True)) as tell:
        network = import_network(source, os.environ, name=options.name, tell=tell)
        prepared = prepare(network, tell)
        tell(f"writing {output.name}")
        store.save(network, output, prepared)
    print(summary(network, prepared))


def _info(options: argparse.Namespace) -> None:
    network, prepared = store.load_stored(options.network)
    print(turns_left_out(network) if options.turns else summary(network, prepared))


def _prepare(options: argparse.Namespace) -> None:
    network, prepared = store.load_stored(options.network)
    if prepared is not None:
        print(f"{options.network.name} has its hierarchy already")
        return
    with progress(Console(stderr=True)) as tell:
        prepared = prepare(network, tell)
        tell(f"writing {options.network.name}")
        store.save(network, options.network, prepared)
    print(f"{options.network.name} has its hierarchy now: {prepared.topology.slot_count:,} slots")


def _warm(_: argparse.Namespace) -> None:
    from roadnets.kernel.compiled import warm

    began = time.monotonic()
    with progress(Console(stderr=True)) as tell:
        names = warm(tell)
    print(f"{len(names)} functions of the kernel are ready after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
