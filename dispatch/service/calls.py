"""Calls: what surrounds every method of a servicer.

Who is calling, in which language, how many at once, how a refusal is told and what is logged.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import grpc
import grpc.aio
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from dispatch.errors import DispatchError
from dispatch.intake.mapping import ClientMapping, Language, Mappings
from dispatch.service.names import snake
from dispatch.service.security import client_of
from dispatch.service.status import InternalError, OverloadedError, status_code, status_of
from dispatch.service.texts import Catalogue, language_of

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

NEVER_SHED: Final = frozenset({"ReportIncident"})
"""Calls that are taken however many others are under way."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who is calling, what its words mean here, and the language of the answer."""

    client: str
    language: Language
    mapping: ClientMapping


class Gate:
    """Counts the calls under way and sheds those beyond the limit.

    Parameters
    ----------
    maximum_calls
        Calls with one answer.
    maximum_streams
        Watches and streams of positions.
    certified
        Whether clients may have shown a certificate.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        mappings: Mappings,
        maximum_calls: int,
        maximum_streams: int,
        *,
        certified: bool,
    ) -> None:
        self.catalogue = catalogue
        self._certified = certified
        self._mappings = mappings
        self._left = {False: maximum_calls, True: maximum_streams}
        self._under_way = 0
        self.idle = asyncio.Event()
        """Set while no call is under way."""
        self.idle.set()

    def call(self, context: Context) -> Call:
        """Who is calling."""
        metadata = tuple(context.invocation_metadata() or ())
        client = client_of(context.auth_context() if self._certified else {}, metadata)
        mapping = self._mappings.client(client)
        language = language_of(metadata) or mapping.language or Language.EN
        return Call(client, language, mapping)

    @contextmanager
    def passed(self, method: str, *, stream: bool) -> Iterator[None]:
        """Hold a place while a call is under way.

        Raises
        ------
        OverloadedError
            When there is none left.
        InternalError
            Something was not foreseen: the log has it under the id that the caller is told.
        """
        if self._left[stream] <= 0 and method not in NEVER_SHED:
            raise OverloadedError("too many calls at once")
        self._left[stream] -= 1
        self._under_way += 1
        self.idle.clear()
        try:
            yield
        except DispatchError:
            raise
        except Exception as error:
            failure_id = secrets.token_hex(4)
            log.exception("%s failed", method, extra={"failure_id": failure_id})
            told = f"internal error {failure_id}; see the log"
            raise InternalError(told, failure_id=failure_id) from error
        finally:
            self._left[stream] += 1
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()


def handler_of(service: ServiceDescriptor, servicer: object, gate: Gate) -> grpc.GenericRpcHandler:
    """The handler of a service; a method ``ReportIncident`` is ``servicer.report_incident``.

    A method takes the request (an iterator of them where the client streams) and the ``Call``; it
    gives a message or its bytes (an iterator of them where the server streams).
    """
    handlers = {
        method.name: _method_handler(method, getattr(servicer, snake(method.name)), gate)
        for method in service.methods
    }
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def _method_handler(
    method: MethodDescriptor, behaviour: Callable[..., Any], gate: Gate
) -> grpc.RpcMethodHandler[Any, Any]:
    read = GetMessageClass(method.input_type).FromString
    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(
            _streaming(method.name, behaviour, gate), read, _to_bytes
        )
    make = (
        grpc.stream_unary_rpc_method_handler
        if method.client_streaming
        else grpc.unary_unary_rpc_method_handler
    )
    stream = method.client_streaming
    return make(_single(method.name, behaviour, gate, stream=stream), read, _to_bytes)


def _to_bytes(answer: Message | bytes) -> bytes:
    return answer if isinstance(answer, bytes) else answer.SerializeToString()


def _single(
    name: str,
    behaviour: Callable[[Any, Call], Awaitable[Message | bytes]],
    gate: Gate,
    *,
    stream: bool,
) -> Callable[[Any, Context], Awaitable[Message | bytes]]:
    async def handle(request: Any, context: Context) -> Message | bytes:  # noqa: ANN401 - any method's
        call, began = gate.call(context), time.perf_counter()
        try:
            with gate.passed(name, stream=stream):
                answer = await behaviour(request, call)
        except DispatchError as error:
            refusal = error
        else:
            _log_done(name, call, began)
            return answer
        return await _abort(context, refusal, gate.catalogue, name, call)

    return handle


def _streaming(
    name: str, behaviour: Callable[[Any, Call], AsyncIterator[Message | bytes]], gate: Gate
) -> Callable[[Any, Context], AsyncIterator[Message | bytes]]:
    async def handle(request: Any, context: Context) -> AsyncIterator[Message | bytes]:  # noqa: ANN401 - any method's
        call, began = gate.call(context), time.perf_counter()
        try:
            with gate.passed(name, stream=True):
                async for answer in behaviour(request, call):
                    yield answer
        except DispatchError as error:
            refusal = error
        else:
            _log_done(name, call, began)
            return
        await _abort(context, refusal, gate.catalogue, name, call)

    return handle


async def _abort(
    context: Context, error: DispatchError, catalogue: Catalogue, method: str, call: Call
) -> NoReturn:
    status = status_of(error, catalogue, call.language)
    log.info(
        "%s refused",
        method,
        extra={
            "client": call.client,
            "code": error.code,
            "field": error.details.get("field", ""),
        },
    )
    await context.abort(
        status_code(error),
        status.message,
        (("grpc-status-details-bin", status.SerializeToString()),),
    )


def _log_done(method: str, call: Call, began: float) -> None:
    if log.isEnabledFor(logging.DEBUG):
        elapsed_ms = round((time.perf_counter() - began) * 1000, 2)
        log.debug("%s done", method, extra={"client": call.client, "elapsed_ms": elapsed_ms})
