"""Areas: the ground around what is reached, as rings on a map.

The pieces of street are laid on a grid of cells; those near enough are kept as runs of adjacent
ones, row by row, so that time and memory follow what is reached and not the box around it. The
rings are traced from run to run.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from roadnets.geo import LocalProjection, LonLat, Polygon
from roadnets.lines import line_points, projection_of
from roadnets.network import GEOMETRY_UNITS_PER_DEGREE, RoadNetwork
from roadnets.travel import Reach

BESIDE_THE_STREET_M: Final = 60.0
"""So far from a street stand the buildings that are served from it."""

CELLS_A_MARGIN: Final = 3
"""So many cells of the grid are as long as the margin."""

_CHUNK: Final = 1 << 16
"""So many rows of pieces are laid on the grid at once: some 10 MB, in the processor's cache."""

_TINY: Final = 1e-12
"""Takes the place of a length that is divided by and may be 0."""

_ROUNDED_M: Final = 0.001
"""Sums of lengths are rounded by less."""

_MOST_OFF: Final = 0.45
"""So many cells at most a ring is moved where it is drawn by fewer points.

A ring lies within 0.8 cells of where the distance is the margin: with this, within a diagonal.
"""

_FEWEST: Final = 8
"""Rings of fewer points keep them: of others at least half are left, enough for a ring."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Runs(NamedTuple):
    """Cells as runs of adjacent ones, ascending; between two of one row is at least one cell.

    Attributes
    ----------
    width
        Cells a row of the grid; the first and last of each row are in no run.
    begin, end
        (k,), ``row * width + column`` of the first cell and of the one behind the last.
    """

    width: int
    begin: Ints
    end: Ints


class _Rings(NamedTuple):
    """Rings of points on sides of cells, what is inside on their left.

    Attributes
    ----------
    points
        (p, 2), east and north in half cells; the first point of a ring does not come again.
    ring
        (p,), of each point, ascending.
    part
        (r,), of each ring: those of one polygon are alike.
    """

    points: Ints
    ring: Ints
    part: Ints


def reach_polygons(
    network: RoadNetwork, reach: Reach, margin_m: float = BESIDE_THE_STREET_M
) -> tuple[Polygon, ...]:
    """Draw the area around everything that is reached.

    Parameters
    ----------
    network
        The streets.
    reach
        On them.
    margin_m
        How far beside the streets it extends; blocks narrower than twice this have no hole.

    Returns
    -------
    tuple of Polygon
        The largest first; they do not overlap. The outer ring runs counterclockwise, the holes
        clockwise, as in RFC 7946 (GeoJSON), and each ends with its first point. They are exact to
        the diagonal of a cell with sides of a third of the margin (28 m of 60 m): what is nearer
        to the reached than the margin less that lies inside, so all of the reached itself does;
        nothing lies inside that is farther from it than the margin and that.

    Raises
    ------
    ValueError
        The margin is not above 0.
    """
    if not 0 < margin_m < np.inf:
        raise ValueError(f"margin_m is {margin_m}; allowed: above 0")
    if not len(reach.edge):
        return ()
    projection = projection_of(network)
    cell_m = margin_m / CELLS_A_MARGIN
    pieces = _pieces(network, reach, projection) / cell_m
    # Column and row 0 stay empty; cell (0, 0) has its centre here.
    south_west = np.array((pieces[..., 0].min(), pieces[..., 1].min()))
    corner = np.floor(south_west) - CELLS_A_MARGIN - 1
    rings = _fewer_points(_traced(_runs_near(pieces - corner, CELLS_A_MARGIN)))
    metres = (rings.points / 2 - 0.5 + corner) * cell_m
    return _polygons(rings, projection.to_degrees(metres))


def _pieces(network: RoadNetwork, reach: Reach, projection: LocalProjection) -> Floats:
    """Straight pieces of all that is reached, metres, (k, 2 ends, 2).

    Of a street that is reached whole in both directions only one is drawn.
    """
    whole = (reach.begin <= 0) & (reach.end >= 1)
    is_whole = np.zeros(network.edge_count, np.bool_)
    is_whole[reach.edge[whole]] = True
    twin = network.edge_twin[reach.edge]
    kept = ~(whole & (twin >= 0) & (twin < reach.edge) & is_whole[twin])
    points, part = line_points(network, reach.edge[kept])
    metres = projection.to_metres(*(points.T / GEOMETRY_UNITS_PER_DEGREE))
    first = np.flatnonzero(part[1:] == part[:-1])
    ends, part = np.stack((metres[first], metres[first + 1]), axis=1), part[first]
    in_part = ~whole[kept][part]
    cut = _cut(ends[in_part], part[in_part], reach.begin[kept], reach.end[kept])
    return np.concatenate((ends[~in_part], cut))


def _cut(pieces: Floats, line: Ints, begin: Floats, end: Floats) -> Floats:
    """Keep what of lines lies between two fractions of their length, (j,) each.

    The pieces (k, 2, 2) of a line follow one another; ``line`` is the line of each, ascending.
    """
    tail, step = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    length_m = np.hypot(*step.T)
    line_m = np.bincount(line, length_m, len(begin))
    end_m = np.cumsum(length_m) - (np.cumsum(line_m) - line_m)[line]
    from_m, to_m = (begin * line_m)[line], (end * line_m)[line]
    touched = (end_m >= from_m - _ROUNDED_M) & (end_m - length_m <= to_m + _ROUNDED_M)
    low, high = (
        (1 - (end_m - at_m) / np.maximum(length_m, _TINY)).clip(0, 1) for at_m in (from_m, to_m)
    )
    ends = np.stack((tail + low[:, None] * step, tail + high[:, None] * step), axis=1)
    kept: Floats = ends[touched]
    return kept


def _runs_near(pieces: Floats, radius: int) -> _Runs:
    """Find the cells whose centre is at most ``radius`` from a piece; all in cells, above 0."""
    width = int(pieces[..., 0].max()) + radius + 3
    southern = np.where(pieces[:, :1, 1:] <= pieces[:, 1:, 1:], pieces, pieces[:, ::-1])
    first = np.ceil(southern[:, 0, 1] - radius).astype(np.int64)
    count = np.floor(southern[:, 1, 1] + radius).astype(np.int64) - first + 1
    until = np.cumsum(count)
    # Every row of every piece, as if written one after the other; piece i begins at until - count.
    start = first - (until - count)
    chunks = np.searchsorted(until, np.arange(_CHUNK, until[-1], _CHUNK))
    united = []
    for at in np.split(np.arange(len(pieces)), chunks):
        piece = np.repeat(at, count[at])
        written = until[at[-1:]].sum() - len(piece)
        row = np.arange(written, written + len(piece)) + start[piece]
        west, east = _crossed(southern[piece], row, radius)
        begin = row * width + np.ceil(west).astype(np.int64)
        end = row * width + np.floor(east).astype(np.int64) + 1
        some = begin < end
        united.append(_united(begin[some], end[some]))
    begin, end = _united(*(np.concatenate(bounds) for bounds in zip(*united, strict=True)))
    return _Runs(width, begin, end)


def _crossed(pieces: Floats, row: Ints, radius: int) -> tuple[Floats, Floats]:
    """From where to where the line of a row is within ``radius`` of a piece; south end first.

    What is farthest east of the ground around a piece, on one line, lies beside the piece where the
    normal of the piece leads to that line, or around the end that is nearer to there.
    """
    east, north = pieces[:, 0].T
    step_east, step_north = (pieces[:, 1] - pieces[:, 0]).T
    length = np.hypot(step_east, step_north)
    lean = radius * step_east / np.maximum(length, _TINY)
    above, climb = row - north, np.maximum(step_north, _TINY)
    sides = []
    for side in (-1, 1):
        along = ((above + side * lean) / climb).clip(0, 1)
        off = above - along * step_north
        half = np.sqrt((radius * radius - off * off).clip(0))
        sides.append(east + along * step_east + side * half)
    return sides[0], sides[1]


def _united(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Unite runs that overlap or touch; ascending.

    Sorted apart, the i-th begin opens a new run when and only when i runs have ended before it.
    """
    begin, end = np.sort(begin), np.sort(end)
    opens, closes = np.ones((2, len(begin)), np.bool_)
    opens[1:] = closes[:-1] = begin[1:] > end[:-1]
    return begin[opens], end[closes]


def _traced(runs: _Runs) -> _Rings:
    """Trace the rings around all cells.

    Corners are cut from the middle of one side of a cell to the middle of the next, so that rings
    do not meet where two cells touch by a corner only.
    """
    after, ahead = _followers(runs)
    order, start = _walk(after)
    runs_count = len(runs.begin)
    column = np.concatenate((runs.begin, runs.end))[order] % runs.width
    row = np.tile(runs.begin // runs.width, 2)[order]
    follower = np.arange(1, len(order) + 1)
    follower[np.append(start[1:], len(order)) - 1] = start
    aside, turns = column[follower] - column, ~ahead[order]
    # The middle of the side of a run; then, where it turns, the ends of the way east or west.
    crossing = 2 * (row + (order >= runs_count))
    east = 2 * column
    points = np.stack(
        (
            np.column_stack((east, 2 * row + 1)),
            np.column_stack((east + np.sign(aside), crossing)),
            np.column_stack((east + 2 * aside - np.sign(aside), crossing)),
        ),
        axis=1,
    )
    there = np.column_stack((np.ones_like(turns), turns, turns & (np.abs(aside) > 1)))
    ring = np.repeat(np.arange(len(start)), np.diff(start, append=len(order)))
    ring_of_side = np.empty(len(order), np.int64)
    ring_of_side[order] = ring
    # The rings at either end of a run belong to one polygon.
    ends = (ring_of_side[:runs_count], ring_of_side[runs_count:])
    together = coo_array((np.ones(runs_count, np.int64), ends), shape=(len(start), len(start)))
    part = connected_components(together, directed=False)[1].astype(np.int64)
    return _Rings(points[there], np.repeat(ring, 3).reshape(-1, 3)[there], part)


def _followers(runs: _Runs) -> tuple[Ints, NDArray[np.bool_]]:
    """Which side of a run follows on each in its ring, and whether straight ahead.

    Side i of k runs is the western of run i, which leads south; side k + i the eastern, which leads
    north. So what is inside is on the left. At a corner where cells touch crosswise it turns left.
    """
    count = len(runs.begin)
    own = np.arange(count)
    far = np.int64(np.iinfo(np.int64).max // 2)
    # Going north: the last run above that begins west of here, and the next run of the own row.
    here = runs.end + runs.width
    above = np.searchsorted(runs.begin, here) - 1
    reaches, next_begin = runs.end[above], np.append(runs.begin[1:], far) + runs.width
    east_then = np.where(next_begin < reaches, own + 1, count + above)
    west_then = np.where(reaches > runs.begin + runs.width, count + above, own)
    north = np.where(reaches > here, east_then, west_then)
    north_ahead = reaches == here
    north[north_ahead] = count + above[north_ahead]
    # Going south: the first run below that ends east of here, and the run before in the own row.
    here = runs.begin - runs.width
    below = np.searchsorted(runs.end, here, side="right")
    reaches, last_end = runs.begin[below], np.append(-far, runs.end[:-1]) - runs.width
    west_then = np.where(last_end > reaches, count + own - 1, below)
    east_then = np.where(reaches < runs.end - runs.width, below, count + own)
    south = np.where(reaches < here, west_then, east_then)
    south_ahead = reaches == here
    south[south_ahead] = below[south_ahead]
    return np.concatenate((south, north)), np.concatenate((south_ahead, north_ahead))


def _walk(after: Ints) -> tuple[Ints, Ints]:
    """List a permutation cycle by cycle: its members, and where in the list each cycle starts."""
    follower = after.tolist()
    order: list[int] = []
    start: list[int] = []
    for first in range(len(follower)):
        at, then = first, follower[first]
        if then < 0:
            continue
        start.append(len(order))
        while then >= 0:
            order.append(at)
            follower[at] = -1  # has been here
            at, then = then, follower[then]
    return np.array(order, np.int64), np.array(start, np.int64)


def _fewer_points(rings: _Rings) -> _Rings:
    """Draw the same rings by fewer points; none is moved by more than ``_MOST_OFF``."""
    straight = _without(rings, _corner(rings).double_area == 0)
    return _without(lean := _without(straight, _spared(straight)), _corner(lean).double_area == 0)


class _Corner(NamedTuple):
    """The triangle of each point with those before and after it on its ring.

    Attributes
    ----------
    double_area
        (p,), in squares of half cells.
    before, after, across
        (p, 2), its sides: to the point, from it, and past it.
    """

    double_area: Ints
    before: Ints
    after: Ints
    across: Ints


def _corner(rings: _Rings) -> _Corner:
    first = np.flatnonzero(np.diff(rings.ring, prepend=-1))
    last = np.append(first[1:], len(rings.ring)) - 1
    ahead, back = np.roll(rings.points, -1, axis=0), np.roll(rings.points, 1, axis=0)
    ahead[last], back[first] = rings.points[first], rings.points[last]
    before, after = rings.points - back, ahead - rings.points
    area = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
    return _Corner(area, before, after, before + after)


def _spared(rings: _Rings) -> NDArray[np.bool_]:
    """Tell which points a ring can do without, no two of them neighbours.

    Points of rings are middles of sides of cells, and these make a square lattice. Where the
    triangle that is cut off holds no point of it but on the ring itself, no ring comes in there:
    none crosses another afterwards. By Pick's theorem twice its area, in squares of the lattice,
    is then the number of points on its boundary less 2.
    """
    corner = _corner(rings)
    on_ring, across = _steps(corner.before) + _steps(corner.after), _steps(corner.across)
    off = corner.double_area / (2 * np.maximum(np.hypot(*corner.across.T), _TINY))
    # A square of the lattice, half a cell, is two squares of half cells.
    spared = (corner.double_area == 2 * (on_ring - 1)) & (across == 1) & (off <= _MOST_OFF)
    first = np.flatnonzero(np.diff(rings.ring, prepend=-1))
    spared &= np.bincount(rings.ring)[rings.ring] >= _FEWEST
    spared[first] = False
    # Of those in a row every other, from the first on.
    at = np.arange(len(spared))
    since = at - np.maximum.accumulate(np.where(spared, -1, at))
    every_other: NDArray[np.bool_] = spared & (since % 2 == 1)
    return every_other


def _steps(vectors: Ints) -> Ints:
    """How many steps of the lattice of middles of sides lead along vectors in half cells."""
    steps: Ints = np.gcd(vectors.sum(axis=1), vectors[:, 0] - vectors[:, 1]) // 2
    return steps


def _without(rings: _Rings, dropped: NDArray[np.bool_]) -> _Rings:
    return rings._replace(points=rings.points[~dropped], ring=rings.ring[~dropped])


def _polygons(rings: _Rings, degrees: Floats) -> tuple[Polygon, ...]:
    """Put rings together: the polygon of the largest area first, in each the outer ring first."""
    first = np.flatnonzero(np.diff(rings.ring, prepend=-1))
    last = np.append(first[1:], len(rings.ring)) - 1
    ahead = np.roll(rings.points, -1, axis=0)
    ahead[last] = rings.points[first]
    cross = rings.points[:, 0] * ahead[:, 1] - rings.points[:, 1] * ahead[:, 0]
    area = np.add.reduceat(cross, first)  # twice it, in half cells; holes run clockwise: below 0
    part_area = np.zeros(rings.part.max() + 1, np.int64)
    np.add.at(part_area, rings.part, area)
    order = np.lexsort((area < 0, rings.part, -part_area[rings.part])).tolist()
    # ``LonLat._make`` without a call of Python's for each of so many points.
    lon, lat = degrees.T.tolist()
    points = list(map(partial(tuple.__new__, LonLat), zip(lon, lat, strict=True)))
    bounds = list(zip(first.tolist(), (last + 1).tolist(), strict=True))
    drawn: list[list[tuple[LonLat, ...]]] = []
    for ring in order:
        begin, end = bounds[ring]
        if area[ring] > 0:
            drawn.append([])
        drawn[-1].append((*points[begin:end], points[begin]))
    return tuple(Polygon(outer, tuple(holes)) for outer, *holes in drawn)
