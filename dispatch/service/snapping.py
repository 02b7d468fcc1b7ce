"""Snapping: which street the fixes of vehicles are on. Runs in a query thread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from dispatch.errors import InvalidFieldError
from dispatch.intake.mapping import ClientMapping
from dispatch.service import convert, present
from dispatch.service.rooms import Rooms
from dispatch.service.sizes import check_size
from dispatch.v1 import roads_pb2
from roadnets.geo import LonLat
from roadnets.lines import project_edges, projection_of
from roadnets.network import RoadNetwork
from roadnets.snapping.fixes import Fix
from roadnets.snapping.matching import Candidate, Match
from roadnets.snapping.snap import ON_THE_LINE_M, Snapper, locate

MOST_FIXES: Final = 1_000

_FASTEST_KPH: Final = 400.0


def snap(
    rooms: Rooms, request: roads_pb2.SnapRequest, mapping: ClientMapping
) -> roads_pb2.SnapResponse:
    """Put fixes on their streets, each by itself or as a track.

    Raises
    ------
    InvalidFieldError
        A fix cannot be read, those of a track are not in order of time, or the answer would be too
        large.
    """
    mode = convert.mode(request.mode)
    if not 1 <= len(request.fixes) <= MOST_FIXES:
        raise InvalidFieldError("fixes", len(request.fixes), f"1 to {MOST_FIXES}")
    fixes = [_fix(message, i, mapping) for i, message in enumerate(request.fixes)]
    matcher = rooms.matcher
    if request.track:
        _check_order(request, fixes)
        matches = matcher.match_track(fixes, mode)
    else:
        matches = matcher.match_many([[fix] for fix in fixes], mode)
    told = _Told(rooms.streets.network, rooms.streets.snapper)
    answer = roads_pb2.SnapResponse(fixes=told.fixes([fix.point for fix in fixes], matches))
    check_size(answer, "fixes", len(fixes), "fewer")
    return answer


def _fix(message: roads_pb2.Fix, place: int, mapping: ClientMapping) -> Fix:
    field = f"fixes[{place}]"
    if not message.HasField("point"):
        raise InvalidFieldError(f"{field}.point", "", "a point with its coordinate system")
    heading = message.heading_deg if message.HasField("heading_deg") else None
    speed = message.speed_kph if message.HasField("speed_kph") else None
    if heading is not None and not 0 <= heading <= 360:
        raise InvalidFieldError(f"{field}.heading_deg", heading, "0 to 360")
    if speed is not None and not 0 <= speed <= _FASTEST_KPH:
        raise InvalidFieldError(f"{field}.speed_kph", speed, f"0 to {_FASTEST_KPH:.0f}")
    uncertainty_m = message.point.uncertainty_m
    if not 0 <= uncertainty_m < math.inf:
        raise InvalidFieldError(f"{field}.point.uncertainty_m", uncertainty_m, "0 or more")
    try:
        observed = convert.future(message, "observed_time")
    except InvalidFieldError as error:
        raise error.inside(field) from error
    return Fix(
        point=convert.known_point(message.point, f"{field}.point", mapping),
        time_s=observed.timestamp() if observed else None,
        heading_deg=heading,
        speed_kph=speed,
        accuracy_m=uncertainty_m or None,
    )


def _check_order(request: roads_pb2.SnapRequest, fixes: Sequence[Fix]) -> None:
    before = -math.inf
    for place, fix in enumerate(fixes):
        field = f"fixes[{place}].observed_time"
        if fix.time_s is None:
            raise InvalidFieldError(field, "", "when, in a track")
        if fix.time_s < before:
            given = request.fixes[place].observed_time.ToJsonString()
            raise InvalidFieldError(field, given, "oldest first, in a track")
        before = fix.time_s


class _Told:
    """Matches as messages: where on the map each candidate is, and on which side of its street."""

    def __init__(self, network: RoadNetwork, snapper: Snapper) -> None:
        self._network, self._snapper = network, snapper
        self._projection = projection_of(network)

    def fixes(
        self, points: Sequence[LonLat], matches: Sequence[Match | None]
    ) -> list[roads_pb2.SnappedFix]:
        """One for each fix."""
        of_fix, candidates = [], []
        for place, match in enumerate(matches):
            for candidate in _candidates(match):
                of_fix.append(points[place])
                candidates.append(candidate)
        snapped = iter(self._snapped(of_fix, candidates))
        messages = []
        for match in matches:
            mine = [next(snapped) for _ in _candidates(match)]
            messages.append(_fix_message(match, mine))
        return messages

    def _snapped(
        self, points: Sequence[LonLat], candidates: Sequence[Candidate]
    ) -> list[roads_pb2.SnappedPoint]:
        if not candidates:
            return []
        edge = np.array([c.snap.edge for c in candidates])
        lines = project_edges(self._network, edge, self._projection)
        located = locate(lines, self._snapper.places(points))
        places = self._projection.to_degrees(located.foot).tolist()
        columns = zip(candidates, places, located.left_m.tolist(), strict=True)
        return [
            self._point(candidate, LonLat(*place), left_m) for candidate, place, left_m in columns
        ]

    def _point(self, candidate: Candidate, place: LonLat, left_m: float) -> roads_pb2.SnappedPoint:
        snap = candidate.snap
        name, name_en = self._network.edge_names(snap.edge)
        return roads_pb2.SnappedPoint(
            point=present.known_point(place),
            edge=snap.edge,
            fraction=snap.fraction,
            distance_m=snap.distance_m,
            side=_side(left_m),
            street_name=name,
            street_name_en=name_en,
            layer=int(self._network.edge_layer[snap.edge]),
            weight=candidate.weight,
        )


def _candidates(match: Match | None) -> tuple[Candidate, ...]:
    """The chosen one, then all."""
    if match is None:
        return ()
    weight = next((c.weight for c in match.candidates if c.snap == match.snap), 0.0)
    return (Candidate(match.snap, weight), *match.candidates)


def _fix_message(
    match: Match | None, snapped: Sequence[roads_pb2.SnappedPoint]
) -> roads_pb2.SnappedFix:
    if match is None:
        return roads_pb2.SnappedFix(on_street=False)
    best, *candidates = snapped
    return roads_pb2.SnappedFix(
        on_street=True,
        best=best,
        ambiguous=match.ambiguous,
        evidence=roads_pb2.Evidence.Value(f"EVIDENCE_{match.why.name}"),
        candidates=candidates,
    )


def _side(left_m: float) -> roads_pb2.Side.ValueType:
    if abs(left_m) <= ON_THE_LINE_M:
        return roads_pb2.SIDE_MIDDLE
    return roads_pb2.SIDE_LEFT if left_m > 0 else roads_pb2.SIDE_RIGHT
