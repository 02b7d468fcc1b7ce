"""What the desk refuses, and how it says so.

Each error carries a stable ``code`` and ``details`` (strings only); the sentence in the operator's
language is looked up by the code at the edge. ``str(error)`` is English, for logs and terminals.
"""

from __future__ import annotations


class DispatchError(Exception):
    """Base of every refusal the desk makes on purpose."""

    code = "refused"

    def __init__(self, message: str, **details: str) -> None:
        super().__init__(message)
        self.details = details


class InvalidFieldError(DispatchError):
    """A field of a request has a value that is not allowed."""

    code = "invalid_field"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(
            f"{field} is {value!r}; allowed: {allowed}",
            field=field,
            value=str(value),
            allowed=allowed,
        )

    def inside(self, outer: str) -> InvalidFieldError:
        """The same refusal, of a message that is itself a field of another."""
        told = self.details
        return InvalidFieldError(f"{outer}.{told['field']}", told["value"], told["allowed"])


class NotFoundError(DispatchError):
    """A name that nothing has."""

    code = "not_found"

    def __init__(self, field: str, value: str, allowed: str) -> None:
        super().__init__(
            f"{field} {value!r} is unknown; allowed: {allowed}",
            field=field,
            value=value,
            allowed=allowed,
        )


class ConflictError(DispatchError):
    """The state has moved on: says what changed. Look again and decide again."""

    code = "conflict"

    def __init__(self, code: str, message: str, **details: str) -> None:
        super().__init__(message, **details)
        self.code = code


class NotAllowedNowError(DispatchError):
    """Right in itself, but not in this state or mode."""

    code = "not_allowed_now"

    def __init__(self, code: str, message: str, **details: str) -> None:
        super().__init__(message, **details)
        self.code = code


class RequestReusedError(DispatchError):
    """A request id came again with another body."""

    code = "request_id_reused"


class FileRefusedError(DispatchError):
    """A file is refused: says file, line, field, value and what is allowed."""

    code = "file_refused"


class JournalError(DispatchError):
    """The journal cannot be opened, read or written, or it does not verify."""

    code = "journal"
