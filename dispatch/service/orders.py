"""Orders: a request becomes a command, and is answered the same when it comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from dispatch.emergency.events import UnmappedValueKept
from dispatch.engine import Command, Done, Engine, Request
from dispatch.errors import ConflictError, DispatchError, NotFoundError
from dispatch.model import IncidentId
from dispatch.service import convert
from dispatch.service.calls import Call


@dataclass(frozen=True, slots=True)
class Order:
    """What a request asks of the engine.

    Attributes
    ----------
    command
        None when the request is refused.
    kept
        Facts to be recorded even then.
    refusal
        Why it is refused.
    """

    command: Command | None
    kept: tuple[UnmappedValueKept, ...] = ()
    refusal: DispatchError | None = None


async def carry_out(
    engine: Engine,
    request: Any,  # noqa: ANN401 - any message with a request_id
    call: Call,
    build: Callable[[], Order],
    answer: Callable[[Done], Message],
    occurred: datetime | None = None,
) -> bytes:
    """Give a request to the engine; the answer's bytes, stored or new.

    Parameters
    ----------
    build
        Makes the order. What it refuses is refused only after a stored answer was looked for: the
        state may have moved on since a request was carried out.
    answer
        Makes the answer from what came of the command.

    Raises
    ------
    DispatchError
        The request is refused.
    """
    request_id = convert.request_id(request.request_id)
    repeatable = (
        Request(
            client=call.client,
            request_id=request_id,
            fingerprint=convert.fingerprint(request),
            answer=lambda done: answer(done).SerializeToString(),
        )
        if request_id
        else None
    )
    try:
        order = build()
    except DispatchError as error:
        order = Order(None, refusal=error)
    try:
        done = await engine.submit(
            order.command, occurred=occurred, request=repeatable, kept=order.kept
        )
    except NotFoundError as error:
        raise _perhaps_closed(engine, error) from error
    if done.repeated:
        return done.answer
    if order.refusal is not None:
        if isinstance(order.refusal, NotFoundError):
            raise _perhaps_closed(engine, order.refusal)
        raise order.refusal
    return done.answer or answer(done).SerializeToString()


def _perhaps_closed(engine: Engine, error: NotFoundError) -> DispatchError:
    """A closed incident is not unknown: things have moved on."""
    incident = IncidentId(error.details["value"])
    if engine.history.get(incident) is None:
        return error
    return ConflictError("incident_is_closed", f"incident {incident} is closed", incident=incident)
