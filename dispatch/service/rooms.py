"""Rooms: what every servicer reaches into."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dispatch.conditions.streets import Streets
from dispatch.engine import Engine
from dispatch.intake.mapping import Mappings
from dispatch.proposer import Proposer
from dispatch.service.street_finder import StreetFinder
from dispatch.service.texts import Catalogue
from dispatch.traffic import Traffic
from roadnets.calibration.uncertainty import Calibration
from roadnets.snapping.matching import Matcher


@dataclass(frozen=True, slots=True)
class Rooms:
    """The running desk.

    Attributes
    ----------
    queries
        Few threads for short questions (routes, places, snaps), so that they cannot crowd out the
        proposer.
    large
        A thread for questions that take long (matrices, reach): no short one waits for them.
    lookups
        A thread for the streets that conditions name: a closure waits for no question.
    traffic
        Keeps the streets at the pace of the hour and of measured speeds.
    calibration
        How sure travel times are.
    finder
        Looks streets and places up.
    matcher
        Tells the street of a vehicle by what it reports.
    stopping
        Set when the service stops.
    """

    engine: Engine
    proposer: Proposer
    streets: Streets
    mappings: Mappings
    catalogue: Catalogue
    queries: ThreadPoolExecutor
    large: ThreadPoolExecutor
    lookups: ThreadPoolExecutor
    traffic: Traffic
    calibration: Calibration
    finder: StreetFinder
    matcher: Matcher
    stopping: asyncio.Event
