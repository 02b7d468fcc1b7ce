from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from dispatch.emergency.largest_needs import largest_needs
from dispatch.files.fleet import read_fleet, write_fleet
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.fleet_file import FleetFile
from dispatch.fleet.suggest import suggest_fleet
from dispatch.model import Capability
from roadnets.beside import District, Place, PlaceKind
from roadnets.geo import LonLat
from roadnets.imports.assemble import assemble
from roadnets.network import RoadNetwork
from roadnets.sources import osmfile
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid

PLANS = read_plans(default_plans_path())
NEEDED = largest_needs(PLANS)
RING = (ORIGIN, ORIGIN, ORIGIN, ORIGIN)


def place(kind: PlaceKind, number: int, *, name: str | None = None, **tags: str) -> Place:
    step = 2 * number * DEGREES_PER_100_M
    return Place(
        kind=kind,
        osm_id=f"node/{number}",
        point=LonLat(ORIGIN.lon + step, ORIGIN.lat + step),
        name=f"第{number}" if name is None else name,
        name_en="",
        on_core=True,
        tags=tags,
    )


def city(*places: Place, people: int = 0, size: int = 25) -> RoadNetwork:
    districts = (District("relation/1", "区", "District", people, RING),) if people else ()
    return replace(grid(size, size), places=places, districts=districts)


def ambulances(fleet: FleetFile) -> int:
    return sum(unit.kind.startswith("ambulance") for unit in fleet.units)


def assert_serves_every_plan(fleet: FleetFile) -> None:
    """Whether each plan alone finds a unit for every one of its needs."""
    skills = [set(unit.capabilities) for unit in fleet.units]
    for kind in PLANS.types.values():
        for plan in kind.plans.values():
            needs = [need.capability for need in plan.needs for _ in range(need.count)]
            can = np.array([[need in skill for skill in skills] for need in needs])
            rows, columns = linear_sum_assignment(can, maximize=True)
            assert can[rows, columns].all(), kind.code


def test_without_tags_everything_is_invented_and_says_so() -> None:
    fleet = suggest_fleet(city(), NEEDED)
    assert all(s.invented for s in fleet.stations)
    assert all(h.invented for h in fleet.hospitals)
    assert {s.kind for s in fleet.stations} == {"post", "fire_station"}
    post = next(s for s in fleet.stations if s.kind == "post")
    assert (post.station_id, post.name, post.name_en) == ("P01", "虚拟站点1", "Invented post 1")
    assert fleet.hospitals[0].name_en == "Invented hospital 1"
    assert_serves_every_plan(fleet)


def test_the_same_network_gives_the_same_fleet() -> None:
    assert suggest_fleet(city(), NEEDED) == suggest_fleet(city(), NEEDED)


def test_tagged_stations_come_first_each_with_an_ambulance() -> None:
    tagged = [place(PlaceKind.AMBULANCE_STATION, i) for i in range(7)]
    fleet = suggest_fleet(city(*tagged, place(PlaceKind.HOSPITAL, 9)), NEEDED)
    bases = [s for s in fleet.stations if s.kind != "fire_station"]
    assert [s.kind for s in bases] == ["ambulance_station"] * 7
    assert [s.origin.external_id for s in bases] == [f"node/{i}" for i in range(7)]
    assert not any(s.invented for s in bases)
    assert ambulances(fleet) == 7
    assert {u.station for u in fleet.units} == {s.station_id for s in fleet.stations}


def test_hospitals_are_bases_where_stations_lack_those_with_emergency_care_first() -> None:
    fleet = suggest_fleet(
        city(
            place(PlaceKind.AMBULANCE_STATION, 0),
            place(PlaceKind.HOSPITAL, 5, name=""),
            place(PlaceKind.HOSPITAL, 10, emergency="no"),
            place(PlaceKind.HOSPITAL, 11, emergency="yes"),
            place(PlaceKind.HOSPITAL, 8),
        ),
        NEEDED,
    )
    bases = [s for s in fleet.stations if s.kind != "fire_station"]
    assert [s.kind for s in bases] == ["ambulance_station", "hospital", "hospital"]
    assert bases[1].origin.external_id == "node/11"
    assert "node/10" not in {h.origin.external_id for h in fleet.hospitals}
    assert [h.name for h in fleet.hospitals] == ["第11", "第8", "医院3"]
    assert fleet.hospitals[2].name_en == "Hospital 3"
    assert [h.invented for h in fleet.hospitals] == [False] * 3


def test_posts_fill_what_hospitals_cannot() -> None:
    fleet = suggest_fleet(city(place(PlaceKind.HOSPITAL, 1)), NEEDED)
    bases = [s for s in fleet.stations if s.kind != "fire_station"]
    assert [(s.kind, s.invented) for s in bases] == [
        ("hospital", False),
        ("post", True),
        ("post", True),
    ]


@pytest.mark.parametrize(
    ("people", "expected"),
    [(0, 5), (30_000, 5), (1_000, 5), (10_000_000, 5), (100, 5)],
)
def test_never_fewer_than_one_incident_needs(people: int, expected: int) -> None:
    assert ambulances(suggest_fleet(city(people=people), NEEDED)) == expected


def test_ambulances_grow_with_the_people_but_not_beyond_the_streets() -> None:
    long_streets = {"size": 40}  # 312 km of street
    by_people = suggest_fleet(city(people=300_000, **long_streets), NEEDED)
    assert ambulances(by_people) == 10
    beyond = suggest_fleet(city(people=30_000_000, **long_streets), NEEDED)
    assert ambulances(beyond) == round(city(**long_streets).edge_length_m.sum() / 2 / 20_000)
    kinds = Counter(u.kind for u in by_people.units)
    assert (kinds["ambulance_als"], kinds["ambulance_bls"]) == (5, 5)
    each = Counter(u.station for u in by_people.units if u.kind.startswith("ambulance"))
    assert set(each.values()) == {2}


def test_fire_stations_of_the_map_are_used_and_their_appliances_spread() -> None:
    houses = [place(PlaceKind.FIRE_STATION, i) for i in range(9)]
    fleet = suggest_fleet(city(*houses), NEEDED)
    fire = [s for s in fleet.stations if s.kind == "fire_station"]
    assert len(fire) == 9
    assert not any(s.invented for s in fire)
    kinds = Counter(u.kind for u in fleet.units)
    assert (kinds["engine"], kinds["ladder"], kinds["rescue_tender"]) == (9, 3, 3)
    assert (kinds["water_tanker"], kinds["command_car"], kinds["boat_tender"]) == (2, 2, 2)
    ladders = {u.station for u in fleet.units if u.kind == "ladder"}
    assert len(ladders) == 3
    assert_serves_every_plan(fleet)


def test_fire_stations_are_invented_where_the_map_has_hardly_any() -> None:
    one = place(PlaceKind.FIRE_STATION, 0)
    wide = replace(grid(90, 90, step=DEGREES_PER_100_M * 2), places=(one,))
    fleet = suggest_fleet(wide, NEEDED)
    fire = [s for s in fleet.stations if s.kind == "fire_station"]
    assert [s.invented for s in fire[:2]] == [False, True]
    assert len(fire) > 10
    assert fire[1].name == "虚拟消防站1"


def test_only_what_the_plans_need() -> None:
    medical = suggest_fleet(city(), {Capability("als"): 1})
    assert {u.kind for u in medical.units} == {"ambulance_als"}
    assert {s.kind for s in medical.stations} == {"post"}
    assert medical.units[0].capabilities == (Capability("als"),)
    basic = suggest_fleet(city(), {Capability("bls"): 2})
    assert [(u.kind, u.capabilities) for u in basic.units] == [
        ("ambulance_bls", (Capability("bls"),))
    ] * 2
    fire = suggest_fleet(city(), {Capability("pump"): 2, Capability("drone"): 1})
    assert Counter(u.kind for u in fire.units) == {"engine": 2, "drone": 1}
    assert {s.kind for s in fire.stations} == {"fire_station"}


def test_what_is_suggested_is_a_valid_file(tmp_path: Path) -> None:
    odd = place(PlaceKind.HOSPITAL, 3, name="  中心\n医院\x85 " + "长" * 300)
    fleet = suggest_fleet(city(odd, place(PlaceKind.FIRE_STATION, 4)), NEEDED)
    path = tmp_path / "fleet.yaml"
    write_fleet(fleet, path)
    assert read_fleet(path, PLANS) == fleet
    assert fleet.hospitals[0].name.startswith("中心 医院 长长")


def real(name: str) -> RoadNetwork:
    data = Path(__file__).parents[4] / "shared" / "data"
    path = Path(os.environ.get("DISPATCH_DATA", data)) / name
    if not path.exists():
        pytest.skip(f"no {path}; set DISPATCH_DATA to the folder of real data")
    return assemble(osmfile.read(path))


def test_a_country_with_hospitals_and_fire_stations_invents_nothing() -> None:
    fleet = suggest_fleet(real("andorra/andorra.osm.pbf"), NEEDED)
    assert not any(place.invented for place in (*fleet.stations, *fleet.hospitals))
    assert fleet.stations[0].name_en == "Hospital of Our Lady of Meritxell"
    assert Counter(s.kind for s in fleet.stations) == {"hospital": 3, "fire_station": 4}
    assert_serves_every_plan(fleet)


def test_a_district_without_tags_gets_posts() -> None:
    fleet = suggest_fleet(real("shenzhen/nanshan.osm.bz2"), NEEDED)
    assert all(place.invented for place in (*fleet.stations, *fleet.hospitals))
    assert_serves_every_plan(fleet)
