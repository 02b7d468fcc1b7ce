"""Every code that the desk can send has a sentence in Chinese and in English."""

import ast
import re
import string
from pathlib import Path

import pytest

from dispatch import errors
from dispatch.files.plans import default_plans_path, read_plans
from dispatch.fleet.model import UnitStatus
from dispatch.intake.mapping import Language
from dispatch.model import AssignmentState, Remark
from dispatch.service import status
from dispatch.service.texts import ALLOWED_ZH, TEXTS, VALUES, Catalogue, language_of

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


@pytest.mark.parametrize(
    ("allowed", "chinese"),
    [
        ("0 or more", "0 或以上"),
        ("1 to 1000, or 0 for 100", "1 到 1000；0 表示 100"),
        ("1 to 4", "1 到 4"),
        ("one of the fleet's 58 units (ListUnits)", "车队 58 辆车之一（见 ListUnits）"),
        ("an open need of E000001: als-1, bls-1", "警情 E000001 的待派需求：als-1, bls-1"),
        ("als, bls", "als, bls"),
    ],
)
def test_what_is_allowed_is_said_in_chinese(allowed: str, chinese: str) -> None:
    details = {"field": "page_size", "value": "-1", "allowed": allowed}
    said = Catalogue(read_plans(default_plans_path())).sentence(
        "invalid_field", details, Language.ZH
    )
    assert said.endswith(f"允许：{chinese}")
