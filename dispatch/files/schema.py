"""YAML nodes read as a model wants them.

The model directs the reading: where it wants text, ``007``, ``NO`` and ``12:30`` stay as written;
where it wants a number, quotes are refused. Nothing is guessed from how a value looks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Final, cast

import yaml
from msgspec import inspect

from dispatch.errors import FileRefusedError
from dispatch.files.refusals import Steps, Verbatim, listed, refuse, show

_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_NUMBER: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_YAML: Final = "tag:yaml.org,2002:"
_NULL: Final = f"{_YAML}null"


class Reading:
    """One pass over the nodes of a file, directed by the model.

    Attributes
    ----------
    name
        The file as the operator named it.
    lines
        The line of every value read so far, counted from 1, by its steps.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Steps, int] = {}

    def read(self, node: yaml.Node, wanted: inspect.Type, steps: Steps) -> Any:  # noqa: ANN401 - what the model says
        """Turn a node into the plain data that ``msgspec.convert`` takes."""
        self.lines.setdefault(steps, node.start_mark.line + 1)
        self._check_tag(node, steps)
        wanted, allowed = _unwrap(wanted)
        match wanted:
            case inspect.UnionType(types=types):
                if _is_null(node) and any(isinstance(t, inspect.NoneType) for t in types):
                    return None
                first = next(t for t in types if not isinstance(t, inspect.NoneType))
                return self.read(node, first, steps)
            case inspect.StructType():
                return self._struct(node, wanted, steps)
            case inspect.DictType():
                return self._dict(node, wanted, steps)
            case inspect.VarTupleType() | inspect.ListType():
                return self._list(node, wanted, steps)
            case _:
                return self._scalar(node, wanted, steps, allowed)

    def _check_tag(self, node: yaml.Node, steps: Steps) -> None:
        if not node.tag.startswith(_YAML) or node.tag.startswith(f"{_YAML}python"):
            line = node.start_mark.line + 1
            problem = f"has the tag {node.tag.removeprefix(_YAML)}"
            raise refuse(self.name, line, steps, problem, node.tag, "values without a tag")

    def _struct(
        self, node: yaml.Node, wanted: inspect.StructType, steps: Steps
    ) -> dict[str, object]:
        fields = {f.encode_name: f for f in wanted.fields}
        plain: dict[str, object] = {}
        for key, child in self._items(node, steps, _describe(wanted)):
            if key.value not in fields:
                line = key.start_mark.line + 1
                inner = (*steps, key.value)
                raise refuse(self.name, line, inner, "is not a known key", key.value, fields)
            if _is_left_out(child, fields[key.value]):
                continue
            plain[key.value] = self.read(child, fields[key.value].type, (*steps, key.value))
        for name, field in fields.items():
            if field.required and name not in plain:
                _, allowed = _unwrap(field.type)
                line = self.lines[steps]
                raise refuse(self.name, line, (*steps, name), "is missing", "", allowed)
        return plain

    def _dict(
        self, node: yaml.Node, wanted: inspect.DictType, steps: Steps
    ) -> dict[object, object]:
        plain: dict[object, object] = {}
        for key, child in self._items(node, steps, _describe(wanted)):
            key_type, allowed = _unwrap(wanted.key_type)
            inner = (*steps, key.value)
            self.lines[inner] = key.start_mark.line + 1
            name = self._scalar(key, key_type, inner, allowed)
            plain[name] = self.read(child, wanted.value_type, inner)
        self._check_length(plain, wanted.min_length, steps, _describe(wanted))
        return plain

    def _list(
        self, node: yaml.Node, wanted: inspect.VarTupleType | inspect.ListType, steps: Steps
    ) -> list[object]:
        if not isinstance(node, yaml.SequenceNode):
            raise self._wrong(node, steps, _describe(wanted))
        plain = [self.read(n, wanted.item_type, (*steps, i)) for i, n in enumerate(node.value)]
        self._check_length(plain, wanted.min_length, steps, _describe(wanted))
        return plain

    def _items(
        self, node: yaml.Node, steps: Steps, allowed: str | list[str]
    ) -> Iterable[tuple[yaml.ScalarNode, yaml.Node]]:
        """Keys with their values; a key that is no single word, or comes twice, is refused."""
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, steps, allowed)
        first: dict[str, int] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise refuse(
                    self.name, line, steps, f"has {show(_bare(key))} as a key", "", allowed
                )
            inner = (*steps, key.value)
            if key.value in first:
                problem = f"is given again, first on line {first[key.value]}"
                raise refuse(self.name, line, inner, problem, key.value, "each key once")
            first[key.value] = line
            yield key, child

    def _scalar(
        self, node: yaml.Node, wanted: inspect.Type, steps: Steps, allowed: str | list[str]
    ) -> object:
        if not isinstance(node, yaml.ScalarNode) or _is_null(node):
            raise self._wrong(node, steps, allowed)
        value = _value(node, wanted)
        if value is None or not _fits(value, wanted):
            raise self._wrong(node, steps, allowed)
        return value

    def _check_length(
        self, plain: Collection[object], least: int | None, steps: Steps, allowed: str | list[str]
    ) -> None:
        if len(plain) < (least or 0):
            raise refuse(self.name, self.lines[steps], steps, "has nothing in it", "", allowed)

    def _wrong(
        self, node: yaml.Node, steps: Steps, allowed: str | Iterable[str]
    ) -> FileRefusedError:
        line, value = node.start_mark.line + 1, _bare(node)
        text = "" if value is None or isinstance(value, list | dict) else value
        return refuse(self.name, line, steps, f"is {show(value)}", text, allowed)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _is_left_out(node: yaml.Node, field: inspect.Field) -> bool:
    """Whether an optional text or group has its key and nothing more: as if it were not there."""
    wanted = field.type.type if isinstance(field.type, inspect.Metadata) else field.type
    groups = (inspect.DictType, inspect.VarTupleType, inspect.ListType, inspect.StrType)
    return _is_null(node) and not field.required and isinstance(wanted, groups)


def _bare(node: yaml.Node) -> object:
    """Give a scalar as it looks in the file; anything else only by its form."""
    if isinstance(node, yaml.MappingNode):
        return {}
    if not isinstance(node, yaml.ScalarNode):
        return []
    if _is_null(node):
        return None
    is_number = node.style is None and _NUMBER.match(node.value)
    return Verbatim(node.value) if is_number else node.value


def _unwrap(wanted: inspect.Type) -> tuple[inspect.Type, str | list[str]]:
    """Split what a type says of itself from the type: its description, else its constraints."""
    if isinstance(wanted, inspect.Metadata):
        said = (wanted.extra_json_schema or {}).get("description")
        return wanted.type, said or _describe(wanted.type)
    return wanted, _describe(wanted)


def _describe(wanted: inspect.Type) -> str | list[str]:
    """Say what is allowed: a phrase, or the list of values."""
    match wanted:
        case inspect.EnumType(cls=cls):
            return [str(member.value) for member in cls]
        case inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case inspect.UnionType(types=types):
            return _unwrap(next(t for t in types if not isinstance(t, inspect.NoneType)))[1]
        case inspect.IntType() | inspect.FloatType():
            return _describe_number(wanted)
        case inspect.BoolType():
            return ["true", "false"]
        case inspect.StructType(fields=fields):
            return "the keys " + ", ".join(f.encode_name for f in fields)
        case inspect.VarTupleType() | inspect.ListType():
            item, least = wanted.item_type, wanted.min_length
            return ("a list of " if not least else "a list with at least one of ") + _phrase(item)
        case inspect.DictType(value_type=item, min_length=least):
            return ("keys, each with " if not least else "at least one key with ") + _phrase(item)
        case _:
            return "text"


def _phrase(wanted: inspect.Type) -> str:
    allowed = _unwrap(wanted)[1]
    return allowed if isinstance(allowed, str) else listed(allowed)


def _describe_number(wanted: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(wanted, inspect.IntType) else "a number"
    if wanted.ge is not None and wanted.le is not None:
        return f"{noun} from {wanted.ge:g} to {wanted.le:g}"
    if wanted.ge is not None:
        return f"{noun} of {wanted.ge:g} or more"
    if wanted.gt is not None:
        return f"{noun} above {wanted.gt:g}"
    return noun


def _value(node: yaml.ScalarNode, wanted: inspect.Type) -> object:
    """Read a scalar as the type wants it; None where it cannot be read so."""
    text, bare = node.value, node.style is None
    match wanted:
        case inspect.IntType():
            return int(text) if bare and _WHOLE.match(text) else None
        case inspect.FloatType():
            return float(text) if bare and _NUMBER.match(text) else None
        case inspect.BoolType():
            return {"true": True, "false": False}.get(text.lower()) if bare else None
        case _:
            return text


def _fits(value: object, wanted: inspect.Type) -> bool:
    """Whether a value meets the constraints of its type."""
    match wanted:
        case inspect.IntType() | inspect.FloatType():
            number = cast("float", value)
            return (
                (wanted.ge is None or number >= wanted.ge)
                and (wanted.gt is None or number > wanted.gt)
                and (wanted.le is None or number <= wanted.le)
                and (wanted.lt is None or number < wanted.lt)
            )
        case inspect.StrType(pattern=pattern, min_length=least, max_length=most):
            text = cast("str", value)
            long_enough = (least or 0) <= len(text) and (most is None or len(text) <= most)
            return long_enough and (pattern is None or re.search(pattern, text) is not None)
        case inspect.EnumType(cls=cls):
            return value in {member.value for member in cls}
        case inspect.LiteralType(values=values):
            return value in values
        case _:
            return True
