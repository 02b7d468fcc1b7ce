"""Recommendations: who could go to an incident, reported or only described. Changes nothing."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec.structs import replace

from dispatch.emergency.events import DecisionMade
from dispatch.emergency.model import Incident
from dispatch.emergency.needs import needs_of
from dispatch.emergency.propose import GREEDY, NeedRanking
from dispatch.emergency.snapshot import OpenIncident, OpenNeed
from dispatch.emergency.state import without_proposal
from dispatch.emergency.survey import Scene, placed_incident
from dispatch.errors import InvalidFieldError, NotAllowedNowError
from dispatch.model import IncidentId, Remark
from dispatch.service import convert, names, resolve
from dispatch.service.calls import Call
from dispatch.service.present import Presenter
from dispatch.service.rooms import Rooms
from dispatch.state import State
from dispatch.v1 import emergency_pb2, incident_pb2
from roadnets.travel import TravelMode

DEFAULT_CANDIDATES: Final = 5
MOST_CANDIDATES: Final = 50

_DESCRIBED: Final = IncidentId("described")


async def recommend(
    rooms: Rooms, request: emergency_pb2.RecommendUnitsRequest, call: Call, presenter: Presenter
) -> emergency_pb2.RecommendUnitsResponse:
    """What would be decided for one incident alone, and everyone who could go.

    Raises
    ------
    DispatchError
        The incident is unknown, closed or served; or what is described cannot be planned on.
    """
    limit = request.max_candidates
    if not 0 <= limit <= MOST_CANDIDATES:
        allowed = f"1 to {MOST_CANDIDATES}, or 0 for {DEFAULT_CANDIDATES}"
        raise InvalidFieldError("max_candidates", limit, allowed)
    state = rooms.engine.state
    if request.incident.strip():
        state, incident = _reported(rooms, state, request.incident, call)
    else:
        loop = asyncio.get_running_loop()
        incident = await loop.run_in_executor(rooms.queries, _described, rooms, request, call)
    decision, rankings = await rooms.proposer.recommend(
        state, incident, limit or DEFAULT_CANDIDATES
    )
    return _response(decision, rankings, state.revision, presenter)


def _reported(rooms: Rooms, state: State, name: str, call: Call) -> tuple[State, OpenIncident]:
    """The incident as decisions see it, and the state without what it is promised already."""
    found = resolve.look_up_incident(name, call.client, rooms.engine, "incident").incident
    incident_id = found.incident_id
    if found.closed is not None:
        raise NotAllowedNowError(
            "incident_is_closed", f"incident {incident_id} is closed", incident=incident_id
        )
    freed = without_proposal(found)
    incidents = {**state.emergency.incidents, incident_id: freed}
    state = replace(state, emergency=replace(state.emergency, incidents=incidents))
    _require_plannable(freed)
    scene = Scene(state.revision, state.emergency, state.fleet, state.conditions, places={})
    needs = [need for need in freed.needs if need.open] or freed.needs  # all met: who else could go
    asked = tuple(OpenNeed(need.need_id, need.capability) for need in needs)
    opened = placed_incident(scene, freed, asked, rooms.streets)
    if opened is None:
        raise LookupError("an incident with place and type was to be planned")
    return state, opened


def _require_plannable(incident: Incident) -> None:
    if incident.location is None:
        allowed = "an incident with a place: correct it by UpdateIncident"
        raise InvalidFieldError("incident", incident.incident_id, allowed)
    if not incident.incident_type:
        allowed = "an incident with a known type: correct it by UpdateIncident"
        raise InvalidFieldError("incident", incident.incident_id, allowed)


def _described(
    rooms: Rooms, request: emergency_pb2.RecommendUnitsRequest, call: Call
) -> OpenIncident:
    plans = rooms.engine.plans
    code = rooms.mappings.translate_type(call.client, request.incident_type)
    kind = plans.types.get(code or "")
    if kind is None:
        allowed = ", ".join(sorted(plans.types))
        raise InvalidFieldError("incident_type", request.incident_type, allowed)
    priority = convert.priority(request) or kind.default_priority
    plan = kind.plan(priority)
    if not request.HasField("point"):
        raise InvalidFieldError("point", "", "a point with its coordinate system")
    point = convert.known_point(request.point, "point", call.mapping)
    snap = convert.on_street(point, "point", rooms.streets.snapper, TravelMode.BLUE_LIGHT)
    closed = rooms.streets.closed_edges(rooms.engine.state.conditions, TravelMode.BLUE_LIGHT)
    return OpenIncident(
        incident_id=_DESCRIBED,
        priority=priority,
        snap=snap,
        first_report=rooms.engine.clock.now(),
        target_s=plan.target_s,
        transport=plan.transport,
        needs=tuple(OpenNeed(n.need_id, n.capability) for n in needs_of(plan, point)),
        closed_by=closed.get(snap.edge),
    )


def _response(
    decision: DecisionMade,
    rankings: tuple[NeedRanking, ...],
    revision: int,
    presenter: Presenter,
) -> emergency_pb2.RecommendUnitsResponse:
    chosen = {u.need_id: u.candidate.unit for p in decision.proposals for u in p.units}
    unmet = {u.need_id: u for _, needs in decision.unmet for u in needs}
    rung = next((p.rung for p in decision.proposals), "")
    degraded = rung == GREEDY and decision.inputs.policy != "nearest"
    return emergency_pb2.RecommendUnitsResponse(
        needs=[
            emergency_pb2.NeedRecommendation(
                need_id=ranking.need.need_id,
                capability=ranking.need.capability,
                candidates=[presenter.candidate(c) for c in ranking.candidates],
                chosen_unit=names.name_of(names.UNITS, chosen.get(ranking.need.need_id)),
                unmet=(
                    presenter.unmet(unmet[ranking.need.need_id])
                    if ranking.need.need_id in unmet
                    else None
                ),
                ruled_out=[
                    incident_pb2.RuledOut(
                        unit=names.name_of(names.UNITS, unit), reason=presenter.remark(reason)
                    )
                    for unit, reason in ranking.ruled_out
                ],
            )
            for ranking in rankings
        ],
        revision=revision,
        rung=rung,
        note=presenter.remark(Remark("decided_greedily")) if degraded else None,
    )
