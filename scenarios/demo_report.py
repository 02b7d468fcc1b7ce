"""Report: the end of the demo, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dispatch.state as fold
from dispatch.conditions.streets import Streets
from dispatch.journal.sqlite import SqliteJournal
from dispatch.journal.verify import verify
from dispatch.state import Recorded, decode
from roadnets.network import RoadNetwork
from scenarios.demo_checks import (
    Staged,
    double_assignments,
    staged_closure,
    staged_duplicate,
    staged_out_of_service,
    staged_override,
)
from scenarios.demo_play import CLIENT, Played
from scenarios.demo_summary import (
    UNDECIDED,
    Figures,
    distribution,
    figures,
    final_incidents,
    minutes,
)

BELATED_S = 60.0
"""Calls that come later than this mean that the machine does not keep up with the clock."""


NO_CLOSURE = Staged(asserted=False, revisions=(), text="no street was closed: none has a way round")


@dataclass(frozen=True, slots=True)
class Report:
    """What to tell.

    Attributes
    ----------
    summary
        As ``--json`` writes it.
    problems
        What is wrong, in plain sentences; empty when all is well.
    """

    summary: dict[str, Any]
    lines: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the journal holds."""

    facts: Sequence[Recorded]
    head: str
    answered_at: int
    verified: bool
    trouble: str


def report_of(
    path: Path,
    streets: Streets,
    played: Played,
    crossing: str,
    *,
    seed: int,
    clock_rate: float,
) -> Report:
    """Read the journal of a run and say what it came to.

    Parameters
    ----------
    path
        The journal; nobody writes it any more.
    crossing
        Name of the street that was closed, "" when none was.
    """
    network = streets.network
    kept = _read(path, network, played)
    told = figures(kept.facts)
    staged = {
        "override": staged_override(kept.facts),
        "out_of_service": staged_out_of_service(kept.facts),
        "duplicate_request": staged_duplicate(
            kept.facts, played.duplicate_id, played.duplicate_incidents, kept.answered_at
        ),
    }
    staged["closed_bridge"] = (
        staged_closure(kept.facts, streets, crossing) if crossing else NO_CLOSURE
    )
    response = distribution(told.response_s, 50, 90)
    latency = distribution(played.latency.milliseconds(), 50, 99)
    summary: dict[str, Any] = {
        "network": network.name,
        "network_checksum": network.checksum,
        "synthetic": network.synthetic,
        "seed": seed,
        "clock_rate": clock_rate,
        "calls": told.calls,
        "needs": told.needs,
        "assigned": told.assigned,
        "unmet": len(told.unmet),
        "unmet_reasons": told.unmet_reasons,
        "response_s": response,
        "on_time_share": round(told.on_time_share, 3),
        "decision_ms": {"p50": latency["p50"], "p99": latency["p99"]},
        "journal_verified": kept.verified,
        "journal_head": kept.head,
        "journal_revision": kept.facts[-1].revision if kept.facts else 0,
        "killed_after_revision": played.killed_after,
        "staged": {name: asdict(one) for name, one in staged.items()},
    }
    return Report(
        summary=summary,
        lines=tuple(_lines(told, summary, staged, played)),
        problems=tuple(_problems(kept, told, staged, played)),
    )


def _read(path: Path, network: RoadNetwork, played: Played) -> _Kept:
    checked = verify(path, fold=fold)
    journal = SqliteJournal.open(path, network_checksum=network.checksum, create=False)
    try:
        answer = journal.answer(CLIENT, played.duplicate_id) if played.duplicate_id else None
        return _Kept(
            facts=[decode(record.body) for record in journal.read(0)],
            head=journal.last_hash.hex(),
            answered_at=answer.revision if answer else 0,
            verified=checked.ok and checked.last_revision == journal.last_revision,
            trouble=str(checked),
        )
    finally:
        journal.close()


def _lines(
    told: Figures, summary: dict[str, Any], staged: dict[str, Staged], played: Played
) -> Iterator[str]:
    response, decision = summary["response_s"], summary["decision_ms"]
    yield f"Calls      {told.calls}, of which {told.timed} could be timed"
    yield f"Needs      {told.needs}: {told.assigned} met, {len(told.unmet)} unmet"
    for need in told.unmet:
        words = _words(played, need.incident, need.need_id) or need.reason
        yield f"             {need.incident} {need.incident_type} {need.need_id}: {words}"
    yield (
        f"Response   mean {minutes(response['mean'])}, p50 {minutes(response['p50'])}, "
        f"p90 {minutes(response['p90'])} (first unit on scene after the first report)"
    )
    yield f"On time    {told.on_time_share:.0%} within the target of their type and priority"
    yield (
        f"Decisions  p50 {_ms(decision['p50'])}, p99 {_ms(decision['p99'])} from the report "
        "being durable to a watcher seeing who goes"
    )
    verified = "every hash verified" if summary["journal_verified"] else "NOT VERIFIED"
    yield (
        f"Journal    {summary['journal_revision']} facts, {verified}, "
        f"head {summary['journal_head'][:16]}"
    )
    if played.lag_s > BELATED_S:
        yield (
            f"Note       calls came up to {minutes(played.lag_s)} too late: this machine is too "
            "busy for the demo's clock; a smaller --clock-rate helps"
        )
    if played.killed_after:
        at = ", ".join(map(str, played.killed_after))
        yield f"Faults     the service was killed after revision {at}, started again and went on"
    yield "Staged, as the journal shows it:"
    for one in staged.values():
        at = ", ".join(str(revision) for revision in one.revisions[:4])
        yield f"  {'ok ' if one.asserted else 'NOT'} {one.text}  [revision {at}]"


def _words(played: Played, incident: str, need_id: str) -> str:
    """Why a need is unmet, in the sentence that the service gave."""
    line = played.board.incidents.get(f"incidents/{incident}")
    need = line.needs.get(need_id) if line else None
    return need.why if need else ""


def _problems(
    kept: _Kept, told: Figures, staged: dict[str, Staged], played: Played
) -> Iterator[str]:
    if not kept.verified:
        yield f"the journal does not verify: {kept.trouble}"
    known = {incident.incident_id for incident in final_incidents(kept.facts)}
    lost = {name.removeprefix("incidents/") for name in played.acknowledged.values()} - known
    if lost:
        yield f"{len(lost)} calls were acknowledged and are not in the journal: {sorted(lost)}"
    undecided = told.unmet_reasons.get(UNDECIDED, 0)
    if undecided:
        yield f"{undecided} needs were left without a decision"
    twice = double_assignments(kept.facts)
    if twice:
        yield f"somebody was sent twice at revisions {', '.join(map(str, twice))}"
    for name, one in staged.items():
        if not one.asserted and one is not NO_CLOSURE:
            yield f"the journal does not show what was staged ({name}): {one.text}"


def _ms(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f} ms"
