"""Rooms: what every servicer reaches into."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dispatch.conditions.streets import Streets
from dispatch.engine import Engine
from dispatch.intake.mapping import Mappings
from dispatch.proposer import Proposer
from dispatch.service.texts import Catalogue


@dataclass(frozen=True, slots=True)
class Rooms:
    """The running desk.

    Attributes
    ----------
    queries
        Few threads for questions that take long (routes, street names), so that they cannot
        crowd out the proposer.
    travel_engine
        What computes travel times, by name.
    stopping
        Set when the service stops.
    """

    engine: Engine
    proposer: Proposer
    streets: Streets
    mappings: Mappings
    catalogue: Catalogue
    queries: ThreadPoolExecutor
    travel_engine: str
    stopping: asyncio.Event
