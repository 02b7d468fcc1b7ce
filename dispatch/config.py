"""Config: what the operator chose, read once at the start, checked, and frozen."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from dispatch.emergency.plans import ResponsePlans
from dispatch.emergency.policies import POLICIES
from dispatch.emergency.propose import ProposeSettings
from dispatch.errors import FileRefusedError, InvalidFieldError
from dispatch.service.security import TlsFiles
from dispatch.service.server import Limits
from roadnets.weights.congestion import FLAT, Congestion

DEFAULT_LISTEN: Final = "127.0.0.1:50051"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
FASTEST_CLOCK: Final = 3600.0

_NOT_IN_A_FILE_NAME: Final = re.compile(r"[^\w-]+")


class Mode(StrEnum):
    """Who decides: this desk, or the centre's own CAD that it runs beside."""

    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that ``serve`` can be told; checked at construction.

    Attributes
    ----------
    network
        A network file; None: the generated sample city.
    congestion, calibration
        None: the streets are the same at every hour; conventions tell how sure travel times are.
    fleet, plans, mapping
        None: suggested from the network; the plans that come along; no client has a mapping.
    journal
        None: a file of the network's own in the user's state folder.
    listen
        ``host:port``; port 0 lets the system choose.
    insecure
        Plain text on an address that is not loopback.
    clock_rate, clock_start
        For exercises and demonstrations; the clock of every day has rate 1 and starts now.

    Raises
    ------
    InvalidFieldError
        An option has a value that is not allowed, or does not go with another.
    """

    network: Path | None = None
    congestion: Path | None = None
    calibration: Path | None = None
    fleet: Path | None = None
    plans: Path | None = None
    mapping: Path | None = None
    journal: Path | None = None
    policy: str = "optimal"
    mode: Mode = Mode.LIVE
    listen: str = DEFAULT_LISTEN
    insecure: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    clock_rate: float = 1.0
    clock_start: datetime | None = None
    log_level: str = "info"
    ready_file: Path | None = None
    proposal_lifetime_s: int = 120
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Check every option by itself, then together."""
        if self.policy not in POLICIES:
            raise InvalidFieldError("--policy", self.policy, ", ".join(POLICIES))
        if self.log_level not in LOG_LEVELS:
            raise InvalidFieldError("--log-level", self.log_level, ", ".join(LOG_LEVELS))
        if not 0 < self.clock_rate <= FASTEST_CLOCK:
            allowed = f"above 0, up to {FASTEST_CLOCK:g}"
            raise InvalidFieldError("--clock-rate", self.clock_rate, allowed)
        if not 1 <= self.proposal_lifetime_s <= 3600:
            allowed = "1 to 3600 seconds"
            raise InvalidFieldError("--proposal-lifetime", self.proposal_lifetime_s, allowed)
        if self.clock_start is not None and self.clock_start.tzinfo is None:
            allowed = "with a time zone, e.g. 2026-01-05T08:00:00+08:00"
            raise InvalidFieldError("--clock-start", self.clock_start.isoformat(), allowed)
        self._check_tls()
        self._check_listen()

    @property
    def settings(self) -> ProposeSettings:
        """How decisions are made."""
        return ProposeSettings(policy=self.policy, lifetime_s=self.proposal_lifetime_s)

    @property
    def orders(self) -> bool:
        """Whether this desk sends units."""
        return self.mode is Mode.LIVE

    def sha256(self, plans: ResponsePlans, congestion: Congestion = FLAT) -> str:
        """One hash of what decisions rest on beside the state.

        Plans, policy, settings, mode, and how slow the streets usually are at each hour.
        """
        told: dict[str, object] = {
            "plans": plans.version,
            "settings": asdict(self.settings),
            "mode": self.mode,
        }
        if congestion is not FLAT:
            weeks = {group: week.tolist() for group, week in congestion.factors.items()}
            told["congestion"] = (weeks, congestion.blue_light_share)
        body = msgspec.json.encode(told, order="deterministic")
        return f"sha256:{hashlib.sha256(body).hexdigest()}"

    def tls(self) -> TlsFiles | None:
        """The TLS files' contents; None for plain text.

        Raises
        ------
        FileRefusedError
            One cannot be read.
        """
        if self.tls_cert is None or self.tls_key is None:
            return None
        ca = self.tls_client_ca
        return TlsFiles(_read(self.tls_cert), _read(self.tls_key), _read(ca) if ca else None)

    def _check_tls(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "--tls-key" if self.tls_key is None else "--tls-cert"
            raise InvalidFieldError(missing, "", "a file: certificate and key go together")
        if self.tls_client_ca is not None and self.tls_cert is None:
            allowed = "only together with --tls-cert and --tls-key"
            raise InvalidFieldError("--tls-client-ca", str(self.tls_client_ca), allowed)

    def _check_listen(self) -> None:
        host, _ = split_address(self.listen)
        if self.tls_cert is None and not self.insecure and not is_loopback(host):
            allowed = (
                "a loopback address; for others give --tls-cert and --tls-key, "
                "or --insecure if the network is closed to everybody else"
            )
            raise InvalidFieldError("--listen", self.listen, allowed)


def split_address(listen: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[::1]:port``.

    Raises
    ------
    InvalidFieldError
        It is neither.
    """
    host, _, port = listen.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or (":" in bare and bare == host) or not (port.isascii() and port.isdigit()):
        raise InvalidFieldError("--listen", listen, "host:port, e.g. 127.0.0.1:50051")
    if int(port) > 65_535:
        raise InvalidFieldError("--listen", listen, "a port up to 65535")
    return bare, int(port)


def is_loopback(host: str) -> bool:
    """Whether an address, or every address of a name, is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where a user's journals are kept: in ``$XDG_STATE_HOME`` or ``~/.local/state``."""
    base = environment.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "citydispatch"


def default_journal(network_name: str, checksum: str) -> Path:
    """The journal of a network that was given none: a file of its own in the state folder."""
    readable = _NOT_IN_A_FILE_NAME.sub("-", network_name).strip("-")[:40] or "network"
    digest = checksum.rpartition(":")[2][:12]
    return state_folder(os.environ) / f"{readable}-{digest}.sqlite3"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileRefusedError(f"{path} cannot be read: {reason}", file=str(path)) from error
