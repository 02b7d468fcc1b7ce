"""What every source hands over, and the shapes that it draws on the way."""

from dataclasses import replace

import numpy as np
import pytest

from roadnets.beside import PlaceKind
from roadnets.errors import SourceError
from roadnets.geo import LonLat
from roadnets.imports.streets import (
    StreetData,
    area_of,
    join_rings,
    places_at,
    ring_area,
    ring_centroid,
    to_units,
)

SQUARE = [LonLat(0, 0), LonLat(2, 0), LonLat(2, 2), LonLat(0, 2), LonLat(0, 0)]


def streets() -> StreetData:
    return StreetData(
        name="town",
        source="town.osm",
        source_checksum="sha256:0",
        synthetic=False,
        node_id=np.array([1, 2], np.int64),
        node_xy=np.zeros((2, 2), np.int32),
        node_tags={},
        segment_tail=np.array([0], np.int32),
        segment_head=np.array([1], np.int32),
        segment_way=np.array([0], np.int32),
        way_id=np.array([7], np.int64),
        way_tags=({"highway": "residential"},),
    )


def test_streets_are_checked() -> None:
    with pytest.raises(ValueError, match="node that is not there"):
        replace(streets(), segment_head=np.array([2], np.int32))
    with pytest.raises(ValueError, match="way that is not there"):
        replace(streets(), segment_way=np.array([1], np.int32))
    with pytest.raises(ValueError, match="way_tags"):
        replace(streets(), way_tags=())
    with pytest.raises(ValueError, match="a tail, a head"):
        replace(streets(), segment_tail=np.array([0, 1], np.int32))


def test_no_streets_are_refused() -> None:
    none = np.empty(0, np.int32)
    with pytest.raises(SourceError, match=r"town\.osm has no streets"):
        replace(streets(), segment_tail=none, segment_head=none, segment_way=none)


def test_units() -> None:
    assert to_units(np.array([113.9399345, -0.00000006])).tolist() == [1139399345, -1]


def test_places_at() -> None:
    tags = {"amenity": "hospital", "name": "第一医院", "name:en": "First", "beds": "9"}
    (place,) = places_at("node/1", tags, LonLat(112.123456789, 30))
    assert place.kind is PlaceKind.HOSPITAL
    assert place.point == (112.1234568, 30)
    assert (place.name, place.name_en, place.tags) == ("第一医院", "First", {"beds": "9"})
    assert places_at("node/1", {"amenity": "school"}, LonLat(0, 0)) == []


def test_area_of() -> None:
    tags = {"boundary": "administrative", "admin_level": "6", "name": "X", "population": "5"}
    area = area_of("way/1", tags, SQUARE)
    assert area is not None
    assert (area.level, area.district.population, area.district.ring) == (6, 5, tuple(SQUARE))
    assert area_of("way/1", {**tags, "population": ""}, SQUARE) is None
    assert area_of("way/1", {"population": "5"}, SQUARE) is None


def test_centroid_of_a_ring() -> None:
    assert ring_centroid(SQUARE) == (1, 1)
    assert ring_centroid(SQUARE[::-1]) == (1, 1)
    assert ring_centroid([LonLat(1, 1), LonLat(3, 1), LonLat(1, 1)]) == (2, 1)


def test_area_of_a_ring() -> None:
    assert ring_area(SQUARE) == ring_area(SQUARE[::-1]) == 4


def test_rings_are_joined_whatever_way_their_lines_run() -> None:
    points = {n: (n, LonLat(*p)) for n, p in enumerate(SQUARE[:4])}
    lines = [[points[n] for n in line] for line in ((0, 1), (3, 2), (3, 0), (1, 2))]
    (ring,) = join_rings(lines) or []
    assert ring[0] == ring[-1]
    assert sorted(set(ring)) == sorted(SQUARE[:4])
    assert join_rings(lines[:3]) is None
    assert join_rings([]) == []
