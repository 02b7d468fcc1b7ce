"""Every code that the desk can send has a sentence in Chinese and in English."""

import ast
import re
import string
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch import errors
from dispatch.conditions.model import CLOSED, AreaDrawn, LineDrawn, PointsGiven, StreetsNamed
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.model import UnitStatus
from dispatch.intake.mapping import Language
from dispatch.model import AssignmentState, Remark
from dispatch.service import phrases, status
from dispatch.service.phrases import ALLOWED_ZH
from dispatch.service.street_finder import StreetFinder
from dispatch.service.texts import TEXTS, VALUES, Catalogue, language_of
from roadnets.geo import CoordinateSystem
from tests.roadnets.networks import DEGREES_PER_100_M, ORIGIN, grid

ROOT = Path(__file__).parents[3] / "dispatch"
CARRIERS = {"Remark", "ConflictError", "NotAllowedNowError"}
CODE = re.compile(r"[a-z]+(_[a-z]+)*\Z")
NOT_SENT = {"file_refused", "listen"}
"""Refusals of the command line: in English, on a terminal."""


def trees():
    for path in sorted(ROOT.rglob("*.py")):
        if "v1" not in path.parts:
            yield path, ast.parse(path.read_text("utf-8"))


def name_of(call):
    function = call.func
    return getattr(function, "id", getattr(function, "attr", ""))


def literals(node):
    """The texts that an expression may be: a literal, or either side of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return literals(node.body) | literals(node.orelse)
    if isinstance(node, ast.JoinedStr):  # f"{field}_invalid"
        tail = "".join(v.value for v in node.values if isinstance(v, ast.Constant))
        return {f"{field}{tail}" for field in ("patients", "priority")}
    return set()


def codes_used():
    """Codes of remarks and refusals, followed through variables and parameters called ``code``."""
    parsed = list(trees())
    nodes = [(path, node) for path, tree in parsed for node in ast.walk(tree)]
    constants = {
        node.target.id: literals(node.value)
        for _, node in nodes
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
    }
    takers = {
        node.name: next(i for i, a in enumerate(node.args.args) if a.arg == "code")
        for _, node in nodes
        if isinstance(node, ast.FunctionDef) and any(a.arg == "code" for a in node.args.args)
    }
    used = {}
    for path, node in nodes:
        found = set()
        if isinstance(node, ast.Call):
            found = _carried(node, constants) | _handed_on(node, takers)
        elif isinstance(node, ast.FunctionDef):
            found = _default(node)
        elif isinstance(node, ast.Assign):
            found = _assigned(node)
        for code in filter(CODE.match, found):
            used.setdefault(code, str(path.relative_to(ROOT)))
    return used


def _carried(call, constants):
    """``Remark("x")``, ``Remark(X)``."""
    if name_of(call) not in CARRIERS or not call.args:
        return set()
    first = call.args[0]
    return literals(first) | constants.get(getattr(first, "id", ""), set())


def _handed_on(call, takers):
    """``f(…, "x")`` and ``f(code="x")`` where f has a parameter ``code``."""
    place = takers.get(name_of(call))
    if place is None:
        return set()
    given = [k.value for k in call.keywords if k.arg == "code"] + call.args[place : place + 1]
    return {text for value in given for text in literals(value)}


def _default(function):
    arguments = function.args
    with_default = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    pairs = zip(with_default, arguments.defaults, strict=True)
    return {text for argument, d in pairs if argument.arg == "code" for text in literals(d)}


def _assigned(node):
    """``code = "x"``, also as the first of a tuple."""
    (target, *_), value = node.targets, node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
    else:
        pairs = [(target, value)]
    return {
        text
        for name, given in pairs
        if isinstance(name, ast.Name) and name.id == "code"
        for text in literals(given)
    }


USED = codes_used()


def test_the_search_finds_what_it_should():
    assert {
        "location_unresolved",
        "type_unmapped",
        "unreachable",
        "unit_off_network",
        "arrival_press_missed",
        "proposal_superseded",
        "unit_taken",
        "patients_invalid",
        "invalid_field",
        "overloaded",
        "incident_changed",
        "expired",
        "unit_needed_elsewhere",
    } <= USED.keys()
    assert len(USED) > 50


@pytest.mark.parametrize("code", sorted(USED.keys() - NOT_SENT))
def test_a_code_has_both_texts(code):
    assert code in TEXTS, f"{code} of dispatch/{USED[code]} has no text in service/texts.py"


def details_given():
    """Each literal code with the names of its details, where the code shows them."""
    for path, tree in trees():
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args):
            if name_of(call) not in CARRIERS:
                continue
            if name_of(call) == "Remark":
                given = call.args[1] if len(call.args) > 1 else ast.Dict([], [])
                if not isinstance(given, ast.Dict) or None in given.keys:
                    continue
                names = {key.value for key in given.keys}
            else:
                names = {k.arg for k in call.keywords if k.arg}
            for code in filter(CODE.match, literals(call.args[0])):
                yield code, names, path.name


def test_details_fill_a_sentence():
    for code, names, where in details_given():
        assert any(fields(t[1]) <= names for t in TEXTS[code]), (code, names, where)


def test_every_refusal_has_texts():
    kinds = {
        kind
        for module in (errors, status)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, errors.DispatchError)
    }
    assert {kind.code for kind in kinds} - NOT_SENT <= TEXTS.keys()


def fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_the_two_languages_say_the_same(code):
    for chinese, english in TEXTS[code]:
        assert fields(chinese) == fields(english)
        assert re.search("[一-鿿]", chinese)
        assert not re.search("[一-鿿]", english)
        assert english[0].isupper() or english[0] == "{"


def test_statuses_have_words():
    assert VALUES["status"].keys() >= {*UnitStatus}
    assert VALUES["state"].keys() >= {*AssignmentState}
    assert all(re.search("[一-鿿]", chinese) for chinese in ALLOWED_ZH.values())


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(read_plans(default_plans_path()))


def test_a_sentence_with_its_details(catalogue):
    remark = Remark("all_units_busy", {"capability": "als", "capable": "3"})
    assert catalogue.of(remark, Language.EN) == (
        'None of the 3 units with "Advanced life support" can go now.'
    )
    assert catalogue.of(remark, Language.ZH) == "具备“高级生命支持”能力的 3 辆车都不能派出"


def test_the_most_exact_sentence_is_chosen(catalogue):
    exact = Remark("location_unresolved", {"reason": "too_far", "distance_m": "812"})
    assert "812 m" in catalogue.of(exact, Language.EN)
    less = Remark("location_unresolved", {"reason": "untagged"})
    assert "coordinate system" in catalogue.of(less, Language.EN)
    assert catalogue.of(Remark("location_unresolved"), Language.EN)


def test_what_nobody_wrote_is_the_code_itself(catalogue):
    assert catalogue.of(Remark("brand_new", {"x": "1"}), Language.ZH) == "brand_new"
    assert catalogue.of(Remark("late"), Language.EN) == "late"


def test_braces_of_a_caller_do_no_harm(catalogue):
    remark = Remark("cancelled", {"reason": "{0} {reason!r:>1000000}"})
    assert catalogue.of(remark, Language.EN).endswith("{0} {reason!r:>1000000}")


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh", "zh"), ("en-GB", "en"), ("de, zh;q=0.1", "zh"), ("de", None), ("", None), (";", None)],
)
def test_the_language_asked_for(header, language):
    assert language_of((("accept-language", header),)) == language
    assert language_of(()) is None


ALLOWED = {
    "0 or more": "0 或以上",
    "1 to 1000, or 0 for 100": "1 到 1000；0 表示 100",
    "1 to 4": "1 到 4",
    "0.01 to 20": "0.01 到 20",
    "2 to 1000 points": "2 到 1000 个点",
    "1 to 200 characters": "1 到 200 个字符",
    "origins times destinations up to 500000": "起点数乘以终点数不超过 500000",
    "fewer: the answer is of 5000000 bytes and may be of 4000000": (
        "更小的值：答复有 5000000 字节，最多 4000000 字节"
    ),
    "fewer, or polygons alone: the answer is of 5000000 bytes and may be of 4000000": (
        "更小的值，或只要 polygons：答复有 5000000 字节，最多 4000000 字节"
    ),
    "a place that is nearer: the answer is of 5000000 bytes and may be of 4000000": (
        "更近的地点：答复有 5000000 字节，最多 4000000 字节"
    ),
    "the name of a place, up to 200 characters": "地名，不超过 200 个字符",
    "1 to 1000 areas": "1 到 1000 个区域",
    "-180 to 180 degrees": "-180 到 180 度",
    "1 to 1000 street names, ways, edges, lines or areas": (
        "1 到 1000 个路名、道路编号、路段、线或区域"
    ),
    "above 0, up to 20 metres": "大于 0，不超过 20 米",
    "up to 3000000 bytes in one call": "一次调用不超过 3000000 字节",
    "up to 2000000 edges in one call": "一次调用不超过 2000000 条路段",
    "one of the fleet's 58 units (ListUnits)": "车队 58 辆车之一（见 ListUnits）",
    "an open need of E000001: there is none left": "警情 E000001 的待派需求（已没有）",
    "an open need of E000001: als-1, bls-1": "警情 E000001 的待派需求：als-1, bls-1",
    "a UUID, or up to 200 characters": "UUID，或不超过 200 个字符",
    "a name, e.g. conditions/…": "名称，例如 conditions/…",
    "up to 5000 a message": "每条消息不超过 5000 个",
    "up to 2000": "不超过 2000",
    "after 2026-01-01T00:00:00+00:00": "晚于 2026-01-01T00:00:00+00:00",
    "segments of streets (segment 'a': line needs at least two different points)": (
        "道路上的路段（至少要有两个不同的点）"
    ),
    "a point near a street (114.000000, 30.000000 is 812 m from the nearest street for boat; "
    "the limit is 300 m)": (
        "道路附近的点（114.000000, 30.000000 距最近的道路（boat）812 米，上限 300 米）"
    ),
    "a point near a street (114.000000, 30.000000: 澜江市 (synthetic) has no street for boat)": (
        "道路附近的点（114.000000, 30.000000：澜江市 (synthetic)没有可供 boat 行驶的道路）"
    ),
    "a point that can be read (coordinate_system is missing; allowed: WGS84, GCJ-02)": (
        "可用的坐标（没有说明坐标系；允许：WGS84, GCJ-02）"
    ),
    "a point that can be read (longitude is nan; allowed: -180 to 180 degrees)": (
        "可用的坐标（经度为 nan；允许：-180 到 180 度）"
    ),
    "a point that can be read (latitude is 91.0; allowed: -90 to 90 degrees)": (
        "可用的坐标（纬度为 91.0；允许：-90 到 90 度）"
    ),
    "an area with streets of the network (no street of X lies inside the area around 1.0, 2.0 but "
    "bridges and water)": "含有路网中道路的区域（1.0, 2.0 周围的区域内只有桥梁和水面）",
    "an area with streets of the network (outer[3] is 200.0, 1.0; allowed: -180 to 180 and -90 to "
    "90 degrees)": "含有路网中道路的区域（第 3 个点（从 0 起）为 200.0, 1.0，超出经纬度范围）",
    "an area with streets of the network (polygon: Duplicate Rings at 1.0, 2.0)": (
        "含有路网中道路的区域（1.0, 2.0 处有重复的环）"
    ),
    "an area with streets of the network (polygon: it encloses no area (Too few points))": (
        "含有路网中道路的区域（没有围出面积）"
    ),
    "als, bls": "als, bls",
}


def allowed_in_chinese(catalogue, allowed):
    details = {"field": "page_size", "value": "-1", "allowed": allowed}
    return catalogue.sentence("invalid_field", details, Language.ZH).partition("允许：")[2]


@pytest.mark.parametrize(("allowed", "chinese"), ALLOWED.items())
def test_what_is_allowed_is_said_in_chinese(catalogue, allowed, chinese):
    assert allowed_in_chinese(catalogue, allowed) == chinese


@pytest.mark.parametrize(
    ("value", "chinese"),
    [
        ("5000 characters", "5000 个字符"),
        ("12 points", "12 个点"),
        ("192 edges", "192 条路段"),
        ("2000001 edges so far", "至此 2000001 条路段"),
        ("far away", "很远"),
        ("文化东街", "文化东街"),
    ],
)
def test_a_value_in_words_is_said_in_chinese(catalogue, value, chinese):
    details = {"field": "reason", "value": value, "allowed": "up to 2000"}
    said = catalogue.sentence("invalid_field", details, Language.ZH)
    assert said == f"字段 reason 的值“{chinese}”无效；允许：不超过 2000"


CITY = "澜江市 Lanjiang (synthetic)"
"""A name with brackets, as a refusal has them."""


def drawn(*places):
    return PointsGiven(
        CoordinateSystem.WGS84,
        tuple(ORIGIN.lon + x * DEGREES_PER_100_M for x, _ in places),
        tuple(ORIGIN.lat + y * DEGREES_PER_100_M for _, y in places),
    )


def square(west, south, east, north):
    return drawn((west, south), (east, south), (east, north), (west, north))


def areas(outer, *holes):
    return {"polygons": (AreaDrawn(outer, holes),)}


WIDE = PointsGiven(CoordinateSystem.WGS84, (-170, 170, 170, -170), (1, 1, 2, 2))
INNER = square(1, 1, 2, 2)

REFUSED = [
    ({"osm_way_ids": (7654321,)}, f"路网中的道路（{CITY}没有 OSM 道路 7654321）"),
    ({"osm_way_ids": (0,)}, "OSM 道路编号（0 不是）"),
    ({"edges": (9999,)}, f"路网中的道路（{CITY}没有路段 9999，只有 0 到 47）"),
    (
        {"street_names": ("第1街大到",)},
        f"路网中的道路（{CITY}没有名为“第1街大到”的道路；相近的路名：第1街, 第3街, 第2街）",
    ),
    ({"street_names": ("it's (x)",)}, f"路网中的道路（{CITY}没有名为“it's (x)”的道路）"),
    (
        areas(square(400, 400, 401, 401)),
        (
            "含有路网中道路的区域（116.750450, 40.260450 周围的区域内没有道路；"
            "最近的道路在 50074 米外）"
        ),
    ),
    (
        areas(drawn((1, 1), (3, 3), (3, 1), (1, 3))),
        "含有路网中道路的区域（轮廓在 116.391800, 39.901800 处自相交）",
    ),
    (
        areas(drawn((1, 1), (3, 3), (1, 1))),
        "含有路网中道路的区域（外轮廓只有 2 个点，至少要 3 个）",
    ),
    (
        areas(square(0, 0, 1, 1), square(2, 2, 3, 3)),
        "含有路网中道路的区域（洞在 116.391800, 39.901800 处超出外轮廓）",
    ),
    (
        areas(square(0, 0, 3, 3), INNER, square(1.2, 1.2, 1.8, 1.8)),
        "含有路网中道路的区域（洞在 116.391080, 39.901080 处互相嵌套）",
    ),
    (
        areas(square(0, 0, 3, 3), drawn((0, 1.5), (1.5, 0), (3, 1.5), (1.5, 3))),
        "含有路网中道路的区域（内部在 116.391350, 39.900000 处被隔断）",
    ),
    (
        areas(square(0, 0, 3, 3), drawn((1, 1), (2, 2), (1, 1))),
        "含有路网中道路的区域（洞 0 只有 2 个点，至少要 3 个）",
    ),
    (
        areas(WIDE),
        (
            "含有路网中道路的区域"
            "（经度从 -170 到 170；宽度不得超过 180 度（跨 180 度经线的区域请分为两个））"
        ),
    ),
    (
        {"lines": (LineDrawn(drawn((300, 1), (301, 1)), False),)},
        (
            "沿路网中的道路所画的线（116.660000, 39.900900 至 116.660900, 39.900900 的线"
            "两侧 25 米内没有同向的道路；最近的道路在 22802 米外）"
        ),
    ),
    (
        {"lines": (LineDrawn(drawn((1, 1), (1, 1)), False),)},
        "沿路网中的道路所画的线（至少要有两个不同的点）",
    ),
]


@pytest.fixture(scope="module")
def finder():
    return StreetFinder(replace(grid(4, 4), name=CITY))


def refused(finder, given):
    nothing = dict.fromkeys(("street_names", "osm_way_ids", "edges", "lines", "polygons"), ())
    streets = StreetsNamed(**{**nothing, "whole_network": False, **given})
    with pytest.raises(errors.InvalidFieldError) as caught:
        finder.find(streets, CLOSED)
    return caught.value.details["allowed"]


@pytest.mark.parametrize(("given", "chinese"), REFUSED)
def test_why_streets_are_refused_is_said_in_chinese(catalogue, finder, given, chinese):
    assert allowed_in_chinese(catalogue, refused(finder, given)) == chinese


def test_every_pattern_is_of_something_that_is_said(finder):
    said = {*ALLOWED, *(refused(finder, given) for given, _ in REFUSED)}
    because = [found[1] for s in said if (found := first(phrases.ALLOWED_BECAUSE_ZH, s))]
    for patterns, heard in (
        (phrases.ALLOWED_PATTERNS_ZH, said),
        (phrases.ALLOWED_BECAUSE_ZH, said),
        (phrases.WHY_ZH, because),
    ):
        used = {found.re for phrase in heard if (found := first(patterns, phrase))}
        assert {pattern for pattern, _ in patterns} == used


def first(patterns, phrase):
    """The match of the first pattern that fits."""
    return next((m for pattern, _ in patterns if (m := pattern.fullmatch(phrase))), None)


def test_every_phrase_is_written_somewhere():
    """In Chinese without its English being said by anybody: dead."""
    source = "".join(p.read_text("utf-8") for p, _ in trees() if p.name != "phrases.py")
    assert {phrase for phrase in ALLOWED_ZH if phrase not in source} == set()
