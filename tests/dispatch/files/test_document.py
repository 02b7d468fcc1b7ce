"""Every refusal says the file, the line, the field, its value and what is allowed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from dispatch.errors import FileRefusedError
from dispatch.files.document import Document, read_document


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Boat(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(pattern=r"^[a-z0-9:]+\Z", description="small letters")]
    seats: Annotated[int, Meta(ge=1, le=50)] = 1
    draught_m: Annotated[float, Meta(gt=0)] = 0.5
    fast: bool = False
    colour: Colour = Colour.RED
    owner: str | None = None
    side: Literal["port", "starboard"] = "port"
    crew: tuple[str, ...] = ()


class Harbour(msgspec.Struct, forbid_unknown_fields=True):
    boats: list[Boat]
    berths: dict[str, int] = {}
    tides: dict[Annotated[int, Meta(ge=1, le=4)], Boat] = {}


def read(tmp_path: Path, text: str | bytes) -> Document[Harbour]:
    path = tmp_path / "harbour.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path, Harbour)


def refusal(tmp_path: Path, text: str | bytes) -> FileRefusedError:
    with pytest.raises(FileRefusedError) as caught:
        read(tmp_path, text)
    error = caught.value
    assert error.details["file"] == str(tmp_path / "harbour.yaml")
    assert "\n" not in str(error)
    return error


def test_reads_what_the_model_wants(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        """# a comment
boats:
  - name: 12:30
    seats: 3
    draught_m: 1
    fast: true
    colour: blue
    owner:
    side: starboard
    crew: [007, NO, 2024-01-01, "x"]
  - {name: "1", owner: ~}
berths: {NO: 1, 1: 2}
tides:
  3: {name: ebb}
""",
    )
    first, second = document.value.boats
    assert first.name == "12:30"
    assert first.seats == 3
    assert first.draught_m == 1.0
    assert first.fast
    assert first.colour is Colour.BLUE
    assert first.owner is None
    assert first.side == "starboard"
    assert first.crew == ("007", "NO", "2024-01-01", "x")
    assert second == Boat("1")
    assert document.value.berths == {"NO": 1, "1": 2}
    assert document.value.tides == {3: Boat("ebb")}
    assert document.lines["boats", 1, "name"] == 11
    assert document.lines["tides", "3"] == 14


def test_an_optional_group_left_empty_is_not_there(tmp_path: Path) -> None:
    document = read(tmp_path, "boats:\n  - name: a\n    crew:\nberths:\n  # none yet\n")
    assert document.value == Harbour([Boat("a")])


def test_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbfboats:\r\n  - name: a\r\n")
    assert document.value.boats == [Boat("a")]


BOAT = "boats:\n  - name: a\n"


@pytest.mark.parametrize(
    ("text", "line", "field", "value", "allowed"),
    [
        (BOAT + "    seats: 0", 3, "boats[0].seats", "0", "a whole number from 1 to 50"),
        (BOAT + "    seats: -1", 3, "boats[0].seats", "-1", "a whole number from 1 to 50"),
        (BOAT + "    seats: 51", 3, "boats[0].seats", "51", "a whole number from 1 to 50"),
        (BOAT + "    seats: 2.5", 3, "boats[0].seats", "2.5", "a whole number from 1 to 50"),
        (BOAT + "    seats: '2'", 3, "boats[0].seats", "2", "a whole number from 1 to 50"),
        (BOAT + "    seats: 010", 3, "boats[0].seats", "010", "a whole number from 1 to 50"),
        (BOAT + "    seats: 1:30", 3, "boats[0].seats", "1:30", "a whole number from 1 to 50"),
        (BOAT + f"    seats: {'9' * 99}", 3, "boats[0].seats", "9" * 99, "from 1 to 50"),
        (BOAT + "    seats:", 3, "boats[0].seats", "", "a whole number from 1 to 50"),
        (BOAT + "    draught_m: 0", 3, "boats[0].draught_m", "0", "a number above 0"),
        (BOAT + "    draught_m: .nan", 3, "boats[0].draught_m", ".nan", "a number above 0"),
        (BOAT + "    fast: yes", 3, "boats[0].fast", "yes", "true, false"),
        (BOAT + "    fast: 1", 3, "boats[0].fast", "1", "true, false"),
        (BOAT + "    colour: green", 3, "boats[0].colour", "green", "red, blue"),
        (BOAT + "    side: left", 3, "boats[0].side", "left", "port, starboard"),
        (BOAT + "    crew: Li", 3, "boats[0].crew", "Li", "a list of text"),
        (BOAT + "    crew:\n    - Li\n    - [x]", 5, "boats[0].crew[1]", "", "text"),
        (BOAT + "    crew:\n    - ~", 4, "boats[0].crew[0]", "", "text"),
        (BOAT + "    sets: 2", 3, "boats[0].sets", "sets", "name, seats, draught_m, fast"),
        ("boats:\n  - name: UPPER", 2, "boats[0].name", "UPPER", "small letters"),
        ("boats:\n  - seats: 1", 2, "boats[0].name", "", "small letters"),
        ("berths: {}", 1, "boats", "", "a list of the keys name, seats"),
        ("boats: {}", 1, "boats", "", "a list of the keys name"),
        ("boats: []\nberths:\n  a: x", 3, "berths.a", "x", "a whole number"),
        ("boats: []\nberths:\n  - a", 3, "berths", "", "keys, each with a whole number"),
        ("boats: []\nberths:\n  a b: x", 3, "berths['a b']", "x", "a whole number"),
        ("boats: []\nberths:\n  ? [a]\n  : 1", 3, "berths", "", "keys, each with a whole number"),
        ("boats: []\nberths:\n  ~: 1", 3, "berths['~']", "", "text"),
        ("boats: []\ntides:\n  5: {name: a}", 3, "tides.5", "5", "a whole number from 1 to 4"),
        ("boats: []\ntides:\n  x: {name: a}", 3, "tides.x", "x", "a whole number from 1 to 4"),
        ("boats: []\nberths:\n  a: 1\n  a: 2", 4, "berths.a", "a", "each key once"),
        ("boats: []\n\nboats: []", 3, "boats", "boats", "each key once"),
        ("boats: []\nberths:\n  a: !x 1", 3, "berths.a", "!x", "values without a tag"),
        ("boats: !!python/tuple []", 1, "boats", "tag:yaml", "values without a tag"),
        ("boats: []\n<<: {}", 2, "['<<']", "<<", "boats, berths, tides"),
        ("- a", 1, "", "", "the keys boats, berths, tides"),
        ("just text", 1, "", "just text", "the keys boats, berths, tides"),
        ("null", 1, "", "", "the keys boats, berths, tides"),
    ],
)
def test_refuses_what_the_model_does_not_allow(
    tmp_path: Path, text: str, line: int, field: str, value: str, allowed: str
) -> None:
    error = refusal(tmp_path, text)
    details = error.details
    assert (details["line"], details["field"]) == (str(line), field)
    assert details["value"].startswith(value)
    assert allowed in details["allowed"]
    assert str(error).startswith(f"{tmp_path / 'harbour.yaml'}:{line}: {field or 'the file'} ")
    assert details["allowed"] in str(error)


@pytest.mark.parametrize(
    ("text", "line", "problem", "allowed"),
    [
        ("", 1, "is empty", "one YAML document"),
        ("# nothing\n", 1, "is empty", "one YAML document"),
        ("boats: []\n--- \nboats: []", 2, "is not YAML: but found another document", "one YAML"),
        ("boats:\n  - name: 'a\n", 3, "found unexpected end of stream", "from line 2"),
        ("boats:\n\t- name: a", 2, "cannot start any token", "one YAML"),
        ("boats: *x", 1, "found undefined alias 'x'", "one YAML"),
        ("boats: []\n# \x07", 2, "character #x0007", "printable text"),
        ("[" * 100_000, 1, "is nested too deeply", "a few levels"),
        ("boats: []\n# 救护".encode("gbk"), 2, "is not UTF-8 at byte 13", "saved as UTF-8"),
    ],
)
def test_refuses_what_is_not_yaml(
    tmp_path: Path, text: str | bytes, line: int, problem: str, allowed: str
) -> None:
    error = refusal(tmp_path, text)
    assert error.details["line"] == str(line)
    assert f":{line}: the file " in str(error)
    assert problem in str(error)
    assert allowed in str(error)


def test_refuses_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match=r"none.yaml: the file does not exist; allowed: the"):
        read_document(tmp_path / "none.yaml", Harbour)
    with pytest.raises(FileRefusedError, match=r"the file cannot be read: Is a directory; allowed"):
        read_document(tmp_path, Harbour)


def test_aliases_that_contain_themselves_do_no_harm(tmp_path: Path) -> None:
    error = refusal(tmp_path, "boats: &b\n  - name: a\n    crew: *b")
    assert error.details["field"] == "boats[0].crew[0]"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (BOAT + "    seat: 1", "(did you mean 'seats'?)"),
        (BOAT + "    colour: bleu", "(did you mean 'blue'?)"),
    ],
)
def test_names_the_nearest_allowed_value(tmp_path: Path, text: str, hint: str) -> None:
    assert str(refusal(tmp_path, text)).endswith(hint)


def test_long_values_and_long_lists_are_cut(tmp_path: Path) -> None:
    error = refusal(tmp_path, BOAT + f"    colour: {'x' * 500}")
    assert len(str(error)) < 250 + len(str(tmp_path))
    document = read(tmp_path, BOAT)
    error = document.refusal(("boats", 0, "name"), "b", [f"unit{i}" for i in range(100)])
    assert "unit19, … (100 in all)" in str(error)
    assert "unit20" not in str(error)


def test_later_checks_find_the_line_of_a_value(tmp_path: Path) -> None:
    document = read(tmp_path, BOAT + "  - name: asl\n")
    name = str(tmp_path / "harbour.yaml")
    assert str(document.refusal(("boats", 1, "name"), "asl", ["als", "bls"])) == (
        f"{name}:3: boats[1].name is 'asl'; allowed: als, bls (did you mean 'als'?)"
    )
    assert str(document.refusal(("boats", 1, "seats"), 9, "at most 3")) == (
        f"{name}:3: boats[1].seats is 9; allowed: at most 3"
    )
    again = document.repetition(("boats", 1, "name"), ("boats", 0, "name"), "a")
    assert str(again) == f"{name}:3: boats[1].name is 'a', as on line 2; allowed: each one once"
    assert "none, there are none" in str(document.refusal((), "a", []))
