"""Feeds: records of every kind find their edges, and what is wrong with one is told alone."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from roadnets.geo import CoordinateSystem, LonLat, from_wgs84
from roadnets.network import EdgeFlag
from roadnets.weights.edge_index import EdgeIndex
from roadnets.weights.speed_feed import (
    FeedLine,
    Problem,
    SegmentEdges,
    SpeedFeed,
    SpeedRecords,
    WayDirection,
)
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WGS84 = CoordinateSystem.WGS84


def line(*places, system=WGS84):
    """Through places in blocks of 100 m from the origin."""
    step = DEGREES_PER_100_M
    points = [LonLat(ORIGIN.lon + x * step, ORIGIN.lat + y * step) for x, y in places]
    lon, lat = zip(*(from_wgs84(point, system) for point in points), strict=True)
    return FeedLine(lon, lat, system)


@pytest.fixture(scope="module")
def index():
    """Rows 0 to 2 (ways 0 to 2) of three junctions; odd edges of the rows run against the way."""
    network = grid(3, 3)
    flags = network.edge_flags.copy()
    flags[1:12:2] |= np.uint16(EdgeFlag.AGAINST_WAY)
    flags[5] |= np.uint16(EdgeFlag.AGAINST_ONEWAY)
    return EdgeIndex(replace(network, edge_flags=flags))


@pytest.fixture
def feed(index):
    return SpeedFeed(index)


def records(*where, kph=30.0, age_s=0.0):
    at_s = NOW.timestamp() - age_s
    return SpeedRecords(where, np.full(len(where), kph), np.full(len(where), at_s))


def edges(feed, *where):
    measured = feed.read(records(*where), NOW)
    assert measured.problems == ()
    assert measured.edges.dtype == np.int32
    return measured.edges.tolist()


def test_edges_and_ways(feed):
    assert edges(feed, 7, 3, 7) == [7, 3, 7]
    assert edges(feed, WayDirection(0)) == [0, 1, 2, 3]
    assert edges(feed, WayDirection(0, forward=True)) == [0, 2]
    assert edges(feed, WayDirection(0, forward=False)) == [1, 3]
    assert edges(feed, WayDirection(1)) == [4, 6, 7]  # 5 is against a one-way street


@pytest.mark.parametrize("system", CoordinateSystem)
def test_lines_in_every_coordinate_system(feed, system):
    assert edges(feed, line((0, 0), (2, 0), system=system)) == [0, 2]
    assert edges(feed, line((2, 0), (0, 0), system=system)) == [1, 3]


def test_the_same_numbers_in_another_system_are_another_line(feed):
    drawn = line((0, 0), (2, 0))
    assert edges(feed, drawn) == [0, 2]
    shifted = FeedLine(drawn.lon, drawn.lat, CoordinateSystem.GCJ02)
    assert feed.read(records(shifted), NOW).accepted == 0


def test_segments_are_registered_once_and_may_be_replaced(feed):
    lost = feed.register(
        {
            "a": line((0, 0), (1, 0)),
            "b": SegmentEdges((9, 8, 9)),
            "c": WayDirection(2, forward=True),
            "sea": line((50, 0), (60, 0)),
            "no way": WayDirection(77),
        }
    )
    assert lost == ("sea", "no way")
    assert feed.segment_count == 5
    assert edges(feed, "c", "a", "b") == [8, 10, 0, 8, 9]
    assert feed.register({"a": SegmentEdges((3,))}) == ()
    assert feed.segment_count == 5
    assert edges(feed, "a", "b") == [3, 8, 9]


def test_columns_go_with_their_edges(feed):
    feed.register({"row": WayDirection(0)})
    mixture = SpeedRecords(
        ["row", 5, line((0, 1), (2, 1))],
        np.array([10.0, 20.0, 30.0]),
        NOW.timestamp() - np.array([1.0, 2.0, 3.0]),
    )
    measured = feed.read(mixture, NOW)
    assert measured.edges.tolist() == [0, 1, 2, 3, 5, 4, 6]
    assert measured.kph.tolist() == [10] * 4 + [20] + [30] * 2
    assert (NOW.timestamp() - measured.measured_s).tolist() == [1] * 4 + [2] + [3] * 2
    assert measured.accepted == 3


def test_what_is_wrong_with_a_record_is_told_and_the_others_count(feed):
    last = feed.read(records(0), NOW).edges  # the feed goes on as before
    where = [
        0,
        24,
        -1,
        "nobody",
        WayDirection(77),
        line((50, 0), (60, 0)),
        FeedLine((1.0,), (1.0,), WGS84),
        FeedLine((1.0, 2.0), (1.0,), WGS84),
        FeedLine((1.0, float("nan")), (1.0, 1.0), WGS84),
        FeedLine((1.0, 1.0), (1.0, 91.0), WGS84),
        1,
        2,
        3,
        4,
        5,
    ]
    kph = np.full(len(where), 30.0)
    kph[10:13] = -1.0, 201.0, np.nan
    at_s = np.full(len(where), NOW.timestamp())
    at_s[13] += 61
    measured = feed.read(SpeedRecords(where, kph, at_s), NOW)
    assert measured.edges.tolist() == [*last.tolist(), 5]
    assert measured.accepted == 2
    assert measured.problems == (
        Problem(1, "records[1].edge is 24; allowed: 0 to 23"),
        Problem(2, "records[2].edge is -1; allowed: 0 to 23"),
        Problem(3, "records[3].segment is 'nobody'; it has not been registered"),
        Problem(4, "records[4].where is OSM way 77; no street lies there"),
        Problem(
            5,
            "records[5].where is a line from 116.435000, 39.900000 to 116.444000, 39.900000 "
            "(WGS84); no street lies there",
        ),
        Problem(6, "records[6].line needs at least two different points"),
        Problem(7, "records[7].line has 2 longitudes and 1 latitudes"),
        Problem(8, "records[8].line.lon: allowed: -180 to 180 degrees"),
        Problem(9, "records[9].line.lat: allowed: -90 to 90 degrees"),
        Problem(10, "records[10].speed_kph is -1.0; allowed: 0 to 200"),
        Problem(11, "records[11].speed_kph is 201.0; allowed: 0 to 200"),
        Problem(12, "records[12].speed_kph is nan; allowed: 0 to 200"),
        Problem(13, "records[13].measured_s is 1795507261; allowed: 0 to 1795507260"),
    )


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (SegmentEdges((1, 24)), "segment 'x': edge 24 is unknown; allowed: 0 to 23"),
        (FeedLine((1.0,), (1.0,), WGS84), "segment 'x': line needs at least two different points"),
    ],
)
def test_a_wrong_segment_leaves_all_as_it_was(feed, segment, message):
    with pytest.raises(ValueError, match=message):
        feed.register({"fine": SegmentEdges((1,)), "x": segment})
    assert feed.segment_count == 0
    assert feed.read(records("fine"), NOW).accepted == 0


def test_columns_must_be_of_one_length(feed):
    with pytest.raises(ValueError, match="have 1, 2 and 1 records"):
        feed.read(SpeedRecords([1], np.zeros(2), np.zeros(1)), NOW)


def test_a_feed_remembers_its_lines_but_not_all_for_ever(feed, index, monkeypatch):
    asked = []
    along = index.along
    monkeypatch.setattr(
        EdgeIndex, "along", lambda _, lines, *rest: asked.append(len(lines)) or along(lines, *rest)
    )
    monkeypatch.setattr("roadnets.weights.speed_feed.LINES_KEPT", 3)
    feed.register({"a": SegmentEdges((1,))})
    row, column = line((0, 0), (2, 0)), line((0, 0), (0, 2))
    assert edges(feed, row, column, row) == edges(feed, row, column, row)
    assert asked == [2]
    edges(feed, line((0, 1), (2, 1)))
    assert edges(feed, "a", row) == [1, 0, 2]
    assert asked == [2, 1, 1]


def test_whole_numbers_of_any_type_and_lists_are_taken(feed):
    assert edges(feed, np.int64(7), np.uint8(3), WayDirection(np.int32(0), forward=True)) == [
        *(7, 3, 0, 2)
    ]
    known = line((0, 0), (2, 0))
    listed = FeedLine(list(known.lon), list(known.lat), WGS84)
    assert edges(feed, listed, known) == [0, 2, 0, 2]
    now_s = NOW.timestamp()
    measured = feed.read(SpeedRecords([7, np.int64(3)], [30, 20.5], [now_s, now_s]), NOW)
    assert measured.kph.tolist() == [30.0, 20.5]
    assert measured.measured_s.tolist() == [now_s, now_s]


@pytest.mark.parametrize("edge", [10**30, -(10**30), np.int64(99), -1])
def test_an_edge_that_is_none_is_told_with_its_number(feed, edge):
    measured = feed.read(records(edge, 3), NOW)
    assert measured.problems == (Problem(0, f"records[0].edge is {edge}; allowed: 0 to 23"),)
    assert measured.edges.tolist() == [3]


@pytest.mark.parametrize(
    ("strange", "told"),
    [
        (True, "True"),
        (np.True_, r"(np\.)?True_?"),
        (7.0, "7.0"),
        (None, "None"),
        ([1, 2], r"\[1, 2\]"),
        (WayDirection([0]), r"WayDirection\(way=\[0\], forward=None\)"),
        (FeedLine(1.0, 2.0, WGS84), r"FeedLine\(lon=1.0"),
    ],
)
def test_what_is_no_stretch_is_refused_by_name(feed, strange, told):
    with pytest.raises(
        TypeError, match=rf"where\[1\] is {told}.*; allowed: an edge's whole number"
    ):
        feed.read(records(3, strange), NOW)


@pytest.mark.parametrize(
    ("kph", "message"),
    [
        (["fast"], "kph is no column of numbers: could not convert string to float: 'fast'"),
        ([[1.0]], r"kph has shape \(1, 1\); allowed: one number for each record"),
    ],
)
def test_a_column_without_numbers_is_refused_by_name(feed, kph, message):
    with pytest.raises(ValueError, match=message):
        feed.read(SpeedRecords([3], kph, [NOW.timestamp()]), NOW)


def test_nothing_is_fine(feed):
    assert edges(feed) == []
    assert feed.register({}) == ()
