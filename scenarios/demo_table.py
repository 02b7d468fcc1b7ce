"""What the demo shows while it runs: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dispatch.v1 import events_pb2, incident_pb2
from scenarios.board import SENT, Board, Fate, IncidentLine, NeedLine, instant
from scenarios.demo_summary import minutes

NOTES_SHOWN = 6
_ROWS_ELSEWHERE = 8 + NOTES_SHOWN
_STYLES = {
    Fate.DECIDING: "dim",
    Fate.PROPOSED: "yellow",
    Fate.ORDERED: "cyan",
    Fate.ARRIVED: "green",
    Fate.DONE: "dim green",
    Fate.UNMET: "bold red",
}


class Display(Protocol):
    """Where the demo tells what it does."""

    def say(self, text: str) -> None:
        """Tell a step of the preparations or of the end."""
        ...

    def begin(self, board: Board, start: datetime, calls: int) -> None:
        """Calls will come in from now on."""
        ...

    def note(self, at: datetime, text: str) -> None:
        """Tell something staged."""
        ...

    def follow(self, event: events_pb2.Event) -> None:
        """Show a fact, which the board knows already."""
        ...

    def end(self) -> None:
        """The last call is over."""
        ...


def display_for(console: Console) -> Display:
    """The display that fits where the output goes."""
    return LiveTable(console) if console.is_terminal else PlainLines(console)


class PlainLines:
    """One line a fact that a reader cares about."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._board = Board()
        self._start: datetime | None = None

    def say(self, text: str) -> None:
        """Tell a step."""
        self._print(text)

    def begin(self, board: Board, start: datetime, calls: int) -> None:
        """Calls will come in from now on."""
        self._board, self._start = board, start
        self._print(f"{calls} calls to come; times are minutes of the demo's clock")

    def note(self, at: datetime, text: str) -> None:
        """Tell something staged."""
        self._print(f"{self._at(at)}  ** {text}")

    def follow(self, event: events_pb2.Event) -> None:
        """Show a fact."""
        at = self._at(instant(event.occurred_time))
        for line in lines_of(event, self._board):
            self._print(f"{at}  {line}")

    def end(self) -> None:
        """The last call is over."""

    def _at(self, at: datetime) -> str:
        elapsed = (at - self._start).total_seconds() if self._start else 0.0
        return f"{minutes(max(0.0, elapsed)):>5}"

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveTable:
    """The newest needs in a table that changes in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._board = Board()
        self._start: datetime | None = None
        self._now: datetime | None = None
        self._calls = 0
        self._notes: deque[str] = deque(maxlen=NOTES_SHOWN)

    def say(self, text: str) -> None:
        """Tell a step."""
        self._console.print(text, markup=False, highlight=False)

    def begin(self, board: Board, start: datetime, calls: int) -> None:
        """Calls will come in from now on."""
        self._board, self._start, self._calls = board, start, calls
        self._live = Live(console=self._console, refresh_per_second=8, get_renderable=self._render)
        self._live.start()

    def note(self, at: datetime, text: str) -> None:
        """Tell something staged."""
        self._notes.append(f"{self._at(at)}  {text}")

    def follow(self, event: events_pb2.Event) -> None:
        """Show a fact."""
        self._now = instant(event.recorded_time)

    def end(self) -> None:
        """The last call is over."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _at(self, at: datetime | None) -> str:
        if at is None or self._start is None:
            return "0:00"
        return minutes(max(0.0, (at - self._start).total_seconds()))

    def _render(self) -> Group:
        table = Table(expand=True, pad_edge=False, box=None, header_style="bold")
        for name, width in (("Call", 7), ("Type", 20), ("Need", 11), ("Unit", 9)):
            table.add_column(name, width=width, no_wrap=True, overflow="ellipsis")
        table.add_column("ETA", width=6, justify="right")
        table.add_column("", width=10, no_wrap=True)
        table.add_column("Why", ratio=1, no_wrap=True, overflow="ellipsis")
        rows = max(5, self._console.height - _ROWS_ELSEWHERE)
        for incident, need in newest(self._board, rows):
            table.add_row(
                incident.name.removeprefix("incidents/"),
                f"P{incident.priority} {incident.incident_type}",
                need.need_id,
                self._board.label(need.unit) if need.unit else "",
                minutes(need.eta_s) if need.eta_s is not None else "",
                Text(need.fate, style=_STYLES[need.fate]),
                need.why,
            )
        notes = Text("\n".join(self._notes), style="magenta")
        return Group(Text(self._head(), style="bold"), table, Text(""), notes)

    def _head(self) -> str:
        needs = [n for i in self._board.incidents.values() for n in i.needs.values()]
        sent = sum(need.fate in SENT for need in needs)
        unmet = sum(need.fate is Fate.UNMET for need in needs)
        out = sum(not unit.free for unit in self._board.units.values())
        return (
            f"{self._at(self._now)} min   {len(self._board.incidents)}/{self._calls} calls   "
            f"{sent} needs sent, {unmet} unmet   {out}/{len(self._board.units)} units out\n"
        )


def newest(board: Board, rows: int) -> list[tuple[IncidentLine, NeedLine]]:
    """The needs that changed last, the newest first; those unmet stay in sight."""
    every = [(i, n) for i in board.incidents.values() for n in i.needs.values()]
    every.sort(key=lambda pair: (pair[1].fate is not Fate.UNMET, -pair[1].changed))
    kept = [pair for pair in every if pair[1].changed][:rows]
    return sorted(kept, key=lambda pair: -pair[1].changed)


def lines_of(event: events_pb2.Event, board: Board) -> Iterator[str]:
    """A fact in words; facts that say nothing new to a reader give no line."""
    match event.WhichOneof("fact"):
        case "incident_reported":
            fact = event.incident_reported
            what = fact.incident_type or fact.raw_incident_type or "?"
            where = f", {fact.address}" if fact.address else ""
            yield f"call  {_id(fact.incident)} {what} P{fact.priority}{where}"
            for flag in fact.flags:
                yield f"      {_id(fact.incident)} {flag.text or flag.code}"
        case "decision_made":
            yield from _decided(event, board)
        case "unit_assigned":
            yield _assigned(event.unit_assigned.assignment, board)
        case "assignment_ended":
            ended = event.assignment_ended
            if ended.state == incident_pb2.ASSIGNMENT_STATE_CANCELLED:
                reason = ended.reason.text or ended.reason.code
                yield f"lost  {_id(ended.incident)} {board.label(ended.unit)}: {reason}"
        case "unit_status_changed":
            yield from _arrived(event, board)


def _decided(event: events_pb2.Event, board: Board) -> Iterator[str]:
    for proposal in event.decision_made.proposals:
        incident = board.incidents.get(proposal.incident)
        if incident is not None and incident.automatic is False:
            units = ", ".join(board.label(u.candidate.unit) for u in proposal.units)
            yield f"asks  {_id(proposal.incident)} {units}: a dispatcher confirms"
    for left in event.decision_made.unmet:
        need = board.incidents[left.incident].needs[left.unmet.need_id]
        if need.unmet_since == event.revision:  # another reason for the same is no news here
            yield f"UNMET {_id(left.incident)} {need.need_id}: {need.why}"


def _assigned(assignment: incident_pb2.Assignment, board: Board) -> str:
    need = board.incidents[assignment.incident].needs.get(assignment.need_id)
    why = f"  {need.why}" if need is not None and need.why else ""
    unit = board.label(assignment.unit)
    eta = minutes(assignment.eta_s) if assignment.eta_s else "?"
    return f"goes  {_id(assignment.incident)} {assignment.need_id}: {unit}, ETA {eta}{why}"


def _arrived(event: events_pb2.Event, board: Board) -> Iterator[str]:
    fact = event.unit_status_changed
    at = instant(event.occurred_time)
    for incident in board.incidents.values():
        first = [n for n in incident.needs.values() if n.unit == fact.unit]
        if incident.first_arrival == at and first and first[0].changed == event.revision:
            took_s = (at - incident.reported).total_seconds()
            late = " LATE," if incident.target_s and took_s > incident.target_s else ""
            target = f" (target {minutes(incident.target_s)})" if incident.target_s else ""
            yield (
                f"there {_id(incident.name)} {board.label(fact.unit)} is the first on scene,{late} "
                f"after {minutes(took_s)}{target}"
            )


def _id(name: str) -> str:
    return name.rpartition("/")[2]
