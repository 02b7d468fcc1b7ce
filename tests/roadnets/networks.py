"""Small networks made by hand, for any test that needs streets."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roadnets.geo import LonLat, haversine_m
from roadnets.network import (
    GEOMETRY_UNITS_PER_DEGREE,
    HIGHWAY_CLASSES,
    EdgeFlag,
    ImportReport,
    RoadNetwork,
    build_network,
)
from roadnets.travel import Snap

ORIGIN = LonLat(116.39, 39.90)
DEGREES_PER_100_M = 0.0009


@dataclass(frozen=True)
class Street:
    """One street between two nodes: two edges, or one where ``oneway``."""

    tail: int
    head: int
    oneway: bool = False
    name: str = ""
    name_en: str = ""
    way: int = 1
    highway: str = "residential"
    flags: EdgeFlag = EdgeFlag.CIVILIAN
    speed_kph: float = 36.0  # 10 m/s
    gates: int = 0
    length_m: float | None = None
    bends: tuple[LonLat, ...] = ()

    def reversed(self) -> "Street":
        return Street(
            **(self.__dict__ | {"tail": self.head, "head": self.tail, "bends": self.bends[::-1]})
        )


def make_network(
    nodes: Sequence[tuple[float, float]], streets: Sequence[Street], name: str = "Testcity"
) -> RoadNetwork:
    """Streets in order; a two-way street is two consecutive edges."""
    edges: list[Street] = []
    twins: list[int] = []
    for street in streets:
        first = len(edges)
        edges += [street] if street.oneway else [street, street.reversed()]
        twins += [-1] if street.oneway else [first + 1, first]
    texts = list(dict.fromkeys((("", ""), *((e.name, e.name_en) for e in edges))))
    number = {pair: i for i, pair in enumerate(texts)}
    lines = [[LonLat(*nodes[e.tail]), *e.bends, LonLat(*nodes[e.head])] for e in edges]
    starts = np.cumsum([0, *map(len, lines)], dtype=np.int64)
    points = np.array([point for line in lines for point in line])
    drawn_m = _lengths_m(points, starts).tolist()
    lengths = [m if e.length_m is None else e.length_m for e, m in zip(edges, drawn_m, strict=True)]
    lon, lat = np.array(nodes, np.float64).T
    return build_network(
        name=name,
        source="by hand",
        source_checksum="sha256:0",
        synthetic=True,
        node_lon=np.ascontiguousarray(lon),
        node_lat=np.ascontiguousarray(lat),
        node_osm=np.arange(len(nodes), dtype=np.int64) + 100,
        node_signal=np.zeros(len(nodes), np.bool_),
        edge_tail=np.array([e.tail for e in edges], np.int32),
        edge_head=np.array([e.head for e in edges], np.int32),
        edge_twin=np.array(twins, np.int32),
        edge_way=np.array([e.way for e in edges], np.int64),
        edge_class=np.array([HIGHWAY_CLASSES.index(e.highway) for e in edges], np.uint8),
        edge_flags=np.array([e.flags for e in edges], np.uint16),
        edge_speed_kph=np.array([e.speed_kph for e in edges], np.float32),
        edge_length_m=np.array(lengths, np.float64),
        edge_gate_count=np.array([e.gates for e in edges], np.uint8),
        edge_name=np.array([number[e.name, e.name_en] for e in edges], np.int32),
        geometry_start=starts,
        geometry=np.round(points * GEOMETRY_UNITS_PER_DEGREE).astype(np.int32),
        names=tuple(local for local, _ in texts),
        names_en=tuple(english for _, english in texts),
        places=(),
        districts=(),
        signals=0,
        report=ImportReport(
            nodes=len(nodes),
            edges=len(edges),
            length_km=sum(lengths) / 1000,
            dropped={},
            speeds_defaulted=0,
        ),
    )


def grid(rows: int, columns: int, *, step: float = DEGREES_PER_100_M) -> RoadNetwork:
    """Two-way streets about 100 m apart: "Row r" (第r街) and "Column c" (第c路)."""
    nodes = [
        (ORIGIN.lon + c * step, ORIGIN.lat + r * step) for r in range(rows) for c in range(columns)
    ]
    streets = [
        Street(r * columns + c, r * columns + c + 1, name=f"第{r}街", name_en=f"Row {r}", way=r)
        for r in range(rows)
        for c in range(columns - 1)
    ]
    streets += [
        Street(
            r * columns + c,
            (r + 1) * columns + c,
            name=f"第{c}路",
            name_en=f"Column {c}",
            way=1000 + c,
        )
        for r in range(rows - 1)
        for c in range(columns)
    ]
    return make_network(nodes, streets, name="Grid")


def _lengths_m(points: np.ndarray, starts: np.ndarray) -> np.ndarray:
    lon, lat = points.T
    steps = haversine_m(lon, lat, np.roll(lon, -1), np.roll(lat, -1))
    steps[starts[1:] - 1] = 0  # from the end of one line to the start of the next
    return np.add.reduceat(steps, starts[:-1])


def cut_off(network: RoadNetwork, snap: Snap) -> tuple[int, ...]:
    """Every edge at either end of the street of a snap: closed, nobody gets to it or away."""
    ends = (network.edge_tail[snap.edge], network.edge_head[snap.edge])
    touching = np.isin(network.edge_tail, ends) | np.isin(network.edge_head, ends)
    return tuple(np.flatnonzero(touching).tolist())


def with_turns(
    network: RoadNetwork, turns: Sequence[tuple[Sequence[int], int]], **changes: object
) -> RoadNetwork:
    """The same streets with some forbidden turns: edges in driving order, and bits of modes."""
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}
    del fields["checksum"]
    sequences = [edges for edges, _ in turns]
    changes["turn_start"] = np.cumsum([0, *map(len, sequences)], dtype=np.int32)
    changes["turn_edge"] = np.array([e for edges in sequences for e in edges], np.int32)
    changes["turn_modes"] = np.array([modes for _, modes in turns], np.uint8)
    return build_network(**{**fields, **changes})
