"""Places: what a caller's words may mean. Runs in a query thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dispatch.errors import InvalidFieldError
from dispatch.intake.mapping import ClientMapping
from dispatch.model import Remark
from dispatch.service import convert, present
from dispatch.service.present import Presenter
from dispatch.v1 import roads_pb2
from roadnets.errors import PlaceTextError
from roadnets.places import LONGEST_TEXT, MOST_PLACES, FoundPlace, NoPlace, PlaceFinder, PlaceNote

USUAL_LIMIT: Final = 10

NOTES: Final[Mapping[PlaceNote, str]] = {
    PlaceNote.BETWEEN_NUMBERS: "place_between_numbers",
    PlaceNote.NEAR_NUMBER: "place_near_number",
    PlaceNote.WHOLE_STREET: "place_whole_street",
    PlaceNote.STREET_ONLY: "place_street_only",
    PlaceNote.NEAREST_APPROACH: "place_nearest_approach",
    PlaceNote.BETWEEN_POSTS: "place_between_posts",
    PlaceNote.GATE_UNKNOWN: "place_gate_unknown",
    PlaceNote.STREETS_APART: "place_streets_apart",
    PlaceNote.KILOMETRE_UNKNOWN: "place_kilometre_unknown",
}
"""What is to be known of a place, as the code of a remark."""

REASONS: Final[Mapping[NoPlace, str]] = {
    NoPlace.UNKNOWN: "place_unknown",
    NoPlace.APART: "places_apart",
    NoPlace.NO_POSTS: "place_without_posts",
}
"""Why there is none, or only half of it, as the code of a remark."""


def find_place(
    finder: PlaceFinder,
    request: roads_pb2.FindPlaceRequest,
    mapping: ClientMapping,
    presenter: Presenter,
) -> roads_pb2.FindPlaceResponse:
    """Find places.

    Raises
    ------
    InvalidFieldError
        The text is empty or too long, or another field is out of range.
    """
    if not 0 <= request.limit <= MOST_PLACES:
        allowed = f"1 to {MOST_PLACES}, or 0 for {USUAL_LIMIT}"
        raise InvalidFieldError("limit", request.limit, allowed)
    near = convert.known_point(request.near, "near", mapping) if request.HasField("near") else None
    try:
        answer = finder.answer(request.text, request.limit or USUAL_LIMIT, near)
    except PlaceTextError as error:
        allowed = f"the name of a place, up to {LONGEST_TEXT} characters"
        raise InvalidFieldError("text", request.text[:LONGEST_TEXT], allowed) from error
    remark = Remark(REASONS[answer.reason]) if answer.reason else None
    return roads_pb2.FindPlaceResponse(
        places=[_found(place, presenter) for place in answer.places],
        reason=presenter.remark(remark) if remark else None,
    )


def _found(place: FoundPlace, presenter: Presenter) -> roads_pb2.FoundPlace:
    note = Remark(NOTES[place.note], {"detail": place.detail}) if place.note else None
    return roads_pb2.FoundPlace(
        kind=place.kind,
        point=present.known_point(place.point),
        name=place.name,
        name_en=place.name_en,
        detail=place.detail,
        score=place.score,
        approximate=place.approximate,
        note=presenter.remark(note) if note else None,
        edge=place.edge,
        heading_deg=place.heading,
    )
