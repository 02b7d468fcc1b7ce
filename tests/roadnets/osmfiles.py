"""Small OpenStreetMap files written by hand, for tests of the import."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import quoteattr

from roadnets.imports.assemble import assemble
from roadnets.imports.streets import StreetData
from roadnets.network import EdgeFlag, RoadNetwork
from roadnets.sources import osmfile

STEP = 0.001  # degrees between neighbours, some 100 m
LON, LAT = 112.0, 30.0


@dataclass
class Map:
    """A map under construction; nodes lie on a lattice and are named by column and row."""

    nodes: dict[tuple[float, float], tuple[int, dict[str, str]]] = field(default_factory=dict)
    ways: list[tuple[int, list[int], dict[str, str]]] = field(default_factory=list)
    relations: list[tuple[int, list[tuple[str, int, str]], dict[str, str]]] = field(
        default_factory=list
    )
    missing: set[int] = field(default_factory=set)

    def node(self, x: float, y: float, **tags: str) -> int:
        """The node at a place; tags given later are added."""
        number, known = self.nodes.setdefault((x, y), (len(self.nodes) + 1, {}))
        known.update({key.replace("__", ":"): value for key, value in tags.items()})
        return number

    def way(self, *places: tuple[float, float], **tags: str) -> int:
        """A way through places; ``__`` in a tag's name stands for a colon."""
        number = 101 + len(self.ways)
        tags = {key.replace("__", ":"): value for key, value in tags.items()}
        self.ways.append((number, [self.node(*place) for place in places], tags))
        return number

    def street(self, *places: tuple[float, float], **tags: str) -> int:
        return self.way(*places, **({"highway": "residential"} | tags))

    def square(self) -> None:
        """Four streets round a square: a core for all else to hang on."""
        corners = [(0, 0), (3, 0), (3, 3), (0, 3), (0, 0)]
        for a, b in pairwise(corners):
            self.street(a, b)

    def ring(self, **tags: str) -> int:
        """One street round a square that meets no other."""
        return self.street((0, 0), (3, 0), (3, 3), (0, 3), (0, 0), **tags)

    def relation(self, members: Sequence[tuple[str, int, str]], **tags: str) -> int:
        number = 1001 + len(self.relations)
        tags = {key.replace("__", ":"): value for key, value in tags.items()}
        self.relations.append((number, list(members), tags))
        return number

    def text(self, *, ways_first: bool = False) -> str:
        nodes = [
            f'<node id="{n}" version="1" lat="{LAT + y * STEP:.7f}" lon="{LON + x * STEP:.7f}">'
            f"{_tags(tags)}</node>\n"
            for (x, y), (n, tags) in self.nodes.items()
            if n not in self.missing
        ]
        ways = [
            f'<way id="{w}" version="1">'
            + "".join(f'<nd ref="{n}"/>' for n in refs)
            + f"{_tags(tags)}</way>\n"
            for w, refs, tags in self.ways
        ]
        relations = [
            f'<relation id="{r}" version="1">'
            + "".join(f'<member type="{t}" ref="{ref}" role="{role}"/>' for t, ref, role in members)
            + f"{_tags(tags)}</relation>\n"
            for r, members, tags in self.relations
        ]
        body = [*ways, *nodes] if ways_first else [*nodes, *ways]
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n'
            + "".join([*body, *relations])
            + "</osm>\n"
        )

    def write(self, folder: Path, name: str = "town.osm", **how: bool) -> Path:
        path = folder / name
        path.write_text(self.text(**how), encoding="utf-8")
        return path

    def read(self, folder: Path, **how: bool) -> StreetData:
        return osmfile.read(self.write(folder, **how))

    def network(self, folder: Path) -> RoadNetwork:
        return assemble(self.read(folder))


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())


def edges(
    network: RoadNetwork, way: int, *, against: bool = False
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The edges of a way as places, tail and head, sorted: the driven ones, or those against."""
    wrong = network.has_flag(EdgeFlag.AGAINST_ONEWAY)
    return sorted(
        (_place(network, int(network.edge_tail[e])), _place(network, int(network.edge_head[e])))
        for e in network.edges_of_way(way)
        if wrong[e] == against
    )


def _place(network: RoadNetwork, node: int) -> tuple[float, float]:
    x = (network.node_lon[node] - LON) / STEP
    y = (network.node_lat[node] - LAT) / STEP
    return round(float(x), 3), round(float(y), 3)


def nodes(network: RoadNetwork) -> set[tuple[float, float]]:
    return {_place(network, node) for node in range(network.node_count)}


def edge(network: RoadNetwork, tail: tuple[float, float], head: tuple[float, float]) -> int:
    """The one edge between two places."""
    (found,) = (
        e
        for e in range(network.edge_count)
        if _place(network, int(network.edge_tail[e])) == tail
        and _place(network, int(network.edge_head[e])) == head
    )
    return found
