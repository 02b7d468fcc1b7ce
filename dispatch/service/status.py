"""A refusal on the wire: status code, ErrorInfo, what field, and a sentence for the caller.

See google/rpc/error_details.proto and https://google.aip.dev/193.
"""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import (  # type: ignore[import-untyped]  # ships no stubs
    code_pb2,
    error_details_pb2,
    status_pb2,
)

from dispatch.errors import (
    ConflictError,
    DispatchError,
    InvalidFieldError,
    JournalError,
    NotAllowedNowError,
    NotFoundError,
    RequestReusedError,
)
from dispatch.intake.mapping import Language
from dispatch.service.names import collection_of
from dispatch.service.texts import Catalogue

DOMAIN: Final = "citydispatch"

_VALUE_SHOWN: Final = 400
_SENTENCE_SHOWN: Final = 700
_MESSAGE_SHOWN: Final = 600
"""Bytes: all of a status has to fit into 8 KB of metadata, some of it three times as long there."""


class OverloadedError(DispatchError):
    """Too many calls at once."""

    code = "overloaded"


class StoppingError(DispatchError):
    """The service is stopping."""

    code = "stopping"


class WatcherBehindError(DispatchError):
    """A watcher took its events too slowly."""

    code = "watcher_behind"


class RevisionAheadError(DispatchError):
    """A revision that the journal has not reached."""

    code = "revision_ahead"


class InternalError(DispatchError):
    """Something that was not foreseen; the log has it under the id."""

    code = "internal"


_STATUS: Final[dict[type[DispatchError], grpc.StatusCode]] = {
    InvalidFieldError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    ConflictError: grpc.StatusCode.ABORTED,
    NotAllowedNowError: grpc.StatusCode.FAILED_PRECONDITION,
    RequestReusedError: grpc.StatusCode.ALREADY_EXISTS,
    JournalError: grpc.StatusCode.UNAVAILABLE,
    OverloadedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    StoppingError: grpc.StatusCode.UNAVAILABLE,
    WatcherBehindError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RevisionAheadError: grpc.StatusCode.OUT_OF_RANGE,
    InternalError: grpc.StatusCode.INTERNAL,
}

_RETRY_AFTER_S: Final[dict[type[DispatchError], float]] = {
    OverloadedError: 0.5,
    StoppingError: 2.0,
    JournalError: 30.0,
}
"""When it makes sense to send the same call again; a watch is called again from where it ended."""


def status_code(error: DispatchError) -> grpc.StatusCode:
    """The gRPC status that a refusal has."""
    return next(
        (_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS),
        grpc.StatusCode.FAILED_PRECONDITION,
    )


def status_of(error: DispatchError, catalogue: Catalogue, language: Language) -> status_pb2.Status:
    """The whole status of a refusal."""
    details = {key: _short(value, _VALUE_SHOWN) for key, value in error.details.items()}
    sentence = _short(catalogue.sentence(error.code, details, language), _SENTENCE_SHOWN)
    parts: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.code.upper(), domain=DOMAIN, metadata=details),
        error_details_pb2.LocalizedMessage(
            locale="zh-CN" if language is Language.ZH else "en",
            message=sentence,
        ),
    ]
    if isinstance(error, InvalidFieldError | NotFoundError):
        parts.append(_violation(details, error.code, sentence))
    if isinstance(error, NotFoundError):
        parts.append(
            error_details_pb2.ResourceInfo(
                resource_type=collection_of(details["field"], details["value"]),
                resource_name=details["value"],
            )
        )
    after_s = _RETRY_AFTER_S.get(type(error))
    if after_s is not None:
        parts.append(error_details_pb2.RetryInfo(retry_delay=_duration(after_s)))
    return status_pb2.Status(
        code=code_pb2.Code.Value(status_code(error).name),
        message=_short(str(error), _MESSAGE_SHOWN),
        details=[_packed(part) for part in parts],
    )


def _violation(details: dict[str, str], code: str, sentence: str) -> error_details_pb2.BadRequest:
    violation = error_details_pb2.BadRequest.FieldViolation(
        field=details["field"], description=sentence, reason=code.upper()
    )
    return error_details_pb2.BadRequest(field_violations=[violation])


def _packed(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration


def _short(text: str, limit: int) -> str:
    """The text, cut where its UTF-8 would be longer than so many bytes."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode("utf-8", "ignore") + "…"
