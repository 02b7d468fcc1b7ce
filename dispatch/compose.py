"""Compose: the one place where the parts of a desk are put together.

``DeskServer`` is the whole service in this process: with real sockets, a real journal, and
whatever clock it is given. ``python -m dispatch serve`` runs one; tests run many.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from dispatch.clock import Clock, ScaledClock, SystemClock
from dispatch.conditions.streets import Streets
from dispatch.config import Config, default_journal, split_address
from dispatch.emergency.largest_needs import largest_needs
from dispatch.emergency.plans import ResponsePlans
from dispatch.engine import Engine
from dispatch.errors import FileRefusedError
from dispatch.files.congestion import read_congestion
from dispatch.files.fleet import read_fleet
from dispatch.files.mapping import read_mappings
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.events import FleetDeclared
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.suggest import suggest_fleet
from dispatch.intake.mapping import Mappings, make_mappings
from dispatch.journal.journal import Journal
from dispatch.journal.sqlite import SqliteJournal
from dispatch.proposer import Proposer
from dispatch.service.rooms import Rooms
from dispatch.service.server import ListenError, Server
from dispatch.service.street_finder import StreetFinder
from dispatch.service.texts import Catalogue
from dispatch.state import State, decode
from dispatch.steps import Steps
from dispatch.traffic import Traffic, Usual, live_roads
from roadnets.calibration.uncertainty import UNCALIBRATED, Calibration
from roadnets.kernel.compiled import warm
from roadnets.live import LiveRoads
from roadnets.network import RoadNetwork
from roadnets.prepared import Prepared
from roadnets.snapping.snap import Snapper
from roadnets.sources.calibrationfile import read_calibration
from roadnets.store import Ready, load_stored
from roadnets.travel import TravelMode

log = logging.getLogger(__name__)

QUERY_THREADS = 2


@dataclass(frozen=True, slots=True)
class Given:
    """What the files say.

    Attributes
    ----------
    prepared
        The hierarchy over the network; None: it is prepared while others answer.
    usual
        What is usual at which hour.
    calibration
        How sure travel times are.
    journal
        Where the journal is.
    """

    network: RoadNetwork
    prepared: Prepared | None
    usual: Usual
    calibration: Calibration
    plans: ResponsePlans
    fleet: FleetFile
    mappings: Mappings
    journal: Path


def read_given(config: Config, steps: Steps) -> Given:
    """Read every file, each once.

    Raises
    ------
    FileRefusedError, roadnets.errors.RoadnetsError
        A file is refused; says which, where and why.
    """
    with steps.step("reading the response plans"):
        plans = read_plans(config.plans or default_plans_path())
    with steps.step("reading the road network"):
        network, prepared = load_stored(config.network) if config.network else _sample()
    with steps.step("reading the fleet"):
        fleet = (
            read_fleet(config.fleet, plans)
            if config.fleet
            else suggest_fleet(network, largest_needs(plans))
        )
    with steps.step("reading the mapping"):
        mappings = (
            read_mappings(config.mapping, plans, fleet)
            if config.mapping
            else make_mappings((), plans, fleet)
        )
    with steps.step("reading how the streets usually are"):
        usual = read_congestion(config.congestion) if config.congestion else Usual()
        calibration = read_calibration(config.calibration) if config.calibration else UNCALIBRATED
    journal = config.journal or default_journal(network.name, network.checksum)
    return Given(network, prepared, usual, calibration, plans, fleet, mappings, journal)


def _sample() -> Ready:
    from roadnets.sources.sample import sample_ready

    return sample_ready()


class DeskServer:
    """A desk with everything it needs; made by ``compose``."""

    def __init__(self, config: Config, given: Given, journal: Journal, steps: Steps) -> None:
        self.config = config
        self.given = given
        self._journal = journal
        with steps.step("replaying the journal"):
            self.clock = _clock(config, journal)
            self.engine = Engine(journal, given.plans, self.clock, orders=config.orders)
        with steps.step("warming the road kernel"):
            warm(lambda _: None)
        with steps.step("preparing travel times"):
            live = live_roads(given.network, given.prepared, given.usual, self.clock.now())
            self._streets = _streets(live, self.engine.state)
        self._finder = StreetFinder(given.network)
        self._traffic = Traffic(live, self._streets, given.usual, self.clock, self._finder.index)
        self._proposer = Proposer(
            self.engine,
            self._streets,
            config.settings,
            config.sha256(given.plans, given.usual.congestion),
        )
        self._queries = ThreadPoolExecutor(QUERY_THREADS, thread_name_prefix="queries")
        self._large = ThreadPoolExecutor(1, thread_name_prefix="large")
        self._lookups = ThreadPoolExecutor(1, thread_name_prefix="lookups")
        self._server: Server | None = None
        self.address = ""
        """``host:port``, once it listens."""

    async def start(self) -> str:
        """Declare the fleet, begin to decide, then listen; gives ``host:port``.

        Raises
        ------
        ListenError
            The address cannot be listened on.
        """
        await self.engine.start()
        await self._declare_fleet()
        await self._proposer.start()
        await self._traffic.start()
        self._large.submit(self._make_ready)
        rooms = Rooms(
            engine=self.engine,
            proposer=self._proposer,
            streets=self._streets,
            mappings=self.given.mappings,
            catalogue=Catalogue(self.given.plans),
            queries=self._queries,
            large=self._large,
            lookups=self._lookups,
            traffic=self._traffic,
            calibration=self.given.calibration,
            finder=self._finder,
            matcher=self._streets.matcher,
            stopping=asyncio.Event(),
        )
        config = self.config
        self._server = Server(rooms, config.listen, config.limits, config.tls())
        port = await self._server.start()
        host, _, _ = config.listen.rpartition(":")
        self.address = f"{host}:{port}"
        return self.address

    def _make_ready(self) -> None:
        """Make, one after the other, what takes long at the first question, before it is asked."""
        for make in (self._finder.index, self._finder.places, self._streets.make_ready):
            try:
                make()
            except Exception:
                log.exception("%s failed; whoever asks first will be told", make.__qualname__)

    async def stop(self) -> None:
        """Let calls under way finish, then put everything away."""
        if self._server is not None:
            await self._server.stop()
        await self._traffic.stop()
        await self._proposer.stop()
        await self.engine.stop()
        for pool in (self._queries, self._large, self._lookups):  # nobody waits for them any more
            pool.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._journal.close)

    async def __aenter__(self) -> Self:
        """Start, or put away what was begun."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def _declare_fleet(self) -> None:
        fleet, declared = self.given.fleet, self.engine.state.fleet
        known = (
            tuple(declared.stations.values()),
            tuple(declared.hospitals.values()),
            {u: s.unit for u, s in declared.units.items()},
        )
        units = {u.unit_id: u for u in fleet.units}
        if known != (fleet.stations, fleet.hospitals, units):
            await self.engine.submit(
                FleetDeclared(stations=fleet.stations, hospitals=fleet.hospitals, units=fleet.units)
            )


def compose(config: Config, steps: Steps | None = None) -> DeskServer:
    """Put a desk together: files read, journal replayed, travel times ready. Blocks meanwhile.

    Raises
    ------
    DispatchError, roadnets.errors.RoadnetsError
        Something that it needs is refused; a sentence for the operator.
    """
    steps = steps or Steps(None)
    _require_free(config.listen)
    given = read_given(config, steps)
    config.tls()  # unreadable files are told before anything is opened
    with steps.step("opening the journal"):
        journal = _open_journal(given)
    try:
        return DeskServer(config, given, journal, steps)
    except BaseException:
        journal.close()
        raise


def _open_journal(given: Given) -> SqliteJournal:
    try:
        given.journal.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileRefusedError(
            f"the folder {given.journal.parent} cannot be made: {reason}", file=str(given.journal)
        ) from error
    return SqliteJournal.open(given.journal, network_checksum=given.network.checksum)


def _require_free(listen: str) -> None:
    """Refuse an address that cannot be listened on before anything is read.

    Raises
    ------
    ListenError
        Says why.
    """
    host, port = split_address(listen)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found[:1]:
            with socket.socket(family, kind, protocol) as probe:
                if os.name == "posix":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ListenError(f"{listen} cannot be listened on: {reason}") from error


def _clock(config: Config, journal: Journal) -> Clock:
    """The clock, which never starts before the journal's newest fact."""
    newest = next(journal.read(journal.last_revision - 1), None) if journal.last_revision else None
    floor = decode(newest.body).recorded if newest is not None else None
    live = config.clock_rate == 1.0 and config.clock_start is None
    if live and (floor is None or floor <= datetime.now(UTC)):
        return SystemClock()
    if live:
        log.warning("the journal's newest fact is of %s: the desk's clock runs ahead", floor)
    start = config.clock_start or datetime.now(UTC)
    return ScaledClock(config.clock_rate, max(start, floor) if floor else start)


def _streets(live: LiveRoads, state: State) -> Streets:
    """The streets, with their first questions asked: those take longest."""
    streets = Streets(live.network, Snapper(live.network), live)
    middle = live.network.edge_line(0)[0]
    for mode in (TravelMode.BLUE_LIGHT, TravelMode.CIVILIAN):
        snap = streets.snap(middle, mode)
        if snap is not None:
            streets.travel(state.conditions).many_to_one(mode, [snap], snap)
    return streets
