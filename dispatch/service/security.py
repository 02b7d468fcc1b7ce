"""Who is calling, and how the line is kept private."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import grpc

ANONYMOUS: Final = "anonymous"
"""The client that does not say who it is."""

_CLIENT_ID: Final = re.compile(r"[\w.@:-]{1,64}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM contents; with ``client_ca`` every client has to show a certificate of it."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None = None


def server_credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    """Credentials of the listening side; mutual when there is a client CA."""
    return grpc.ssl_server_credentials(
        [(tls.key, tls.certificate)],
        root_certificates=tls.client_ca,
        require_client_auth=tls.client_ca is not None,
    )


def client_of(
    auth_context: Mapping[str, Iterable[bytes]], metadata: Sequence[tuple[str, str | bytes]]
) -> str:
    """The client's id: its certificate's common name, else ``x-client-id``, else anonymous.

    A certificate cannot be overruled by metadata. An id of other than 1 to 64 letters, digits and
    ``_ . @ : -`` counts as none.
    """
    said = next((value for key, value in metadata if key == "x-client-id"), "")
    claim = next(iter(auth_context.get("x509_common_name", ())), said)
    text = claim.decode("utf-8", "replace") if isinstance(claim, bytes) else claim
    return text if _CLIENT_ID.match(text) else ANONYMOUS
