"""``python -m roadnets import SOURCE -o city.net`` and ``python -m roadnets info city.net``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from roadnets import store
from roadnets.errors import RoadnetsError, SourceError
from roadnets.importing import ALLOWED, import_network
from roadnets.progress import progress
from roadnets.summary import summary

REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 where something is refused."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "import":
            _import(options.source, options.output, options.name)
        else:
            print(summary(store.load(options.network)))
    except RoadnetsError as error:
        print(f"refused: {error}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m roadnets", description="Streets in: one compact file a city."
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
    info = commands.add_parser("info", help="tell what is in a network file")
    info.add_argument("network", metavar="city.net", type=Path, help="a network file")
    return parser


def _import(source: str, output: Path, name: str) -> None:
    if output.exists() and Path(source).exists() and output.samefile(source):
        raise SourceError(f"{output.name} is the source itself: name another file to write")
    with progress(Console(stderr=True)) as tell:
        network = import_network(source, os.environ, name=name, tell=tell)
        tell(f"writing {output.name}")
        store.save(network, output)
    print(summary(network))


if __name__ == "__main__":
    sys.exit(main())
