"""``python -m roadnets import SOURCE -o city.net`` and what else there is to do with networks."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import yaml
from rich.console import Console

from roadnets import store
from roadnets.errors import RoadnetsError, SourceError
from roadnets.geo import CoordinateSystem
from roadnets.imports.importing import ALLOWED, import_network
from roadnets.prepared import prepare
from roadnets.progress import progress
from roadnets.summary import summary, turns_left_out
from roadnets.weights.congestion import FLAT, Congestion

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
    _add_calibrate(commands.add_parser("calibrate", help="fit travel times to observed trips"))
    warming = commands.add_parser("warm", help="compile the kernel now, not at the first start")
    warming.set_defaults(run=_warm)
    return parser


def _not_negative(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"it is {text}; allowed: whole numbers, 0 or more")
    return int(text)


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Fit how real trips lie about the engine's times, by mode, time of day and kind of way, "
        "and show how well the fit tells of trips that it has not seen: docs/travel-times.md."
    )
    parser.add_argument("network", metavar="city.net", type=Path, help="a network file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "trips", metavar="trips.csv", type=Path, nargs="?", help="observed trips, .csv or .csv.gz"
    )
    source.add_argument(
        "--synthetic",
        metavar="N",
        type=_not_negative,
        help="make N trips up, and find again what they follow",
    )
    parser.add_argument(
        "--seed", type=_not_negative, default=0, help="of the trips that are made up: 0 or more"
    )
    parser.add_argument(
        *("-o", "--output"), metavar="calibration.json", type=Path, required=True, help="to write"
    )
    parser.add_argument(
        "--tz", default="Asia/Shanghai", help="time zone of the hours; default: Asia/Shanghai"
    )
    parser.add_argument(
        "--coordinates",
        type=CoordinateSystem,
        choices=list(CoordinateSystem),
        help="how the points of the trips are to be read",
    )
    parser.add_argument(
        "--congestion", metavar="FILE", type=Path, help="congestion of the engine, YAML"
    )
    parser.set_defaults(run=_calibrate)


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


def _calibrate(options: argparse.Namespace) -> None:
    from roadnets.calibration.calibrate import scores_table, spreads_table
    from roadnets.calibration.calibrating import calibrate_to, calibrate_to_synthetic, refused_lines
    from roadnets.sources.calibrationfile import write_calibration
    from roadnets.sources.tripfile import TripFile, read_trips

    file = TripFile((), ())
    if options.trips is not None:
        file = read_trips(options.trips, options.coordinates)
    congestion = _read_congestion(options.congestion)
    with progress(Console(stderr=True)) as tell:
        network, prepared = store.load_ready(options.network, tell)
        try:
            if options.trips is None:
                many = (options.synthetic, options.seed)
                done = calibrate_to_synthetic(
                    network, prepared, *many, options.tz, congestion, tell
                )
            else:
                done = calibrate_to(network, prepared, file, options.tz, congestion, tell)
        except ValueError as error:
            raise SourceError(str(error)) from error
    write_calibration(done.calibration, options.output)
    print(refused_lines(done.refused, done.used + len(done.refused)))
    print(f"\n{spreads_table(done.calibration, done.truth)}\n\n{scores_table(done.scores)}")


def _read_congestion(path: Path | None) -> Congestion:
    if path is None:
        return FLAT
    try:
        return Congestion.from_mapping(yaml.safe_load(path.read_bytes()))
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise SourceError(f"{path.name}: {error}") from error


def _warm(_: argparse.Namespace) -> None:
    from roadnets.kernel.compiled import warm

    began = time.monotonic()
    with progress(Console(stderr=True)) as tell:
        names = warm(tell)
    print(f"{len(names)} functions of the kernel are ready after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
