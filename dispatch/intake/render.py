"""A mapping report as lines of text, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dispatch.intake.check import FieldCount, MappingReport, Trouble, Unmapped
from dispatch.intake.mapping import Language

_EN: Final = {
    "head": "{file}, client {client}: {rows:,} rows",
    "field": "{name} ({columns}): {given:,} given, {good:,} {verb}",
    "unmapped": "{name}, values that do not map: {values:,}",
    "value": "{count:>7,} × {value}   first on line {line}",
    "trouble": "{columns}: {count:,} {reason}",
    "example": "        line {line}: {value}",
    "blank": "(blank)",
    "off_streets": "No network was given: points were read, but not looked up on streets.",
    "no_fleet": "No fleet was given: units and hospitals map by the mapping file alone.",
    "complete": "Everything maps.",
    "incomplete": "What does not map is kept, counted and shown to a human; a call is never lost.",
    "mapped": "mapped",
    "read": "read",
    "found": "usable",
    "unit": "unit",
    "status_code": "status code",
    "incident_type": "incident type",
    "hospital": "hospital",
    "point": "point",
    "received": "received",
    "entered": "entered",
    "ordered": "ordered",
    "acknowledged": "acknowledged",
    "mobilising": "mobilising",
    "en_route": "en route",
    "on_scene": "on scene",
    "transporting": "transporting",
    "at_hospital": "at hospital",
    "returning": "returning",
    "available": "available",
    "pressed": "pressed",
    "closed": "closed",
    "time_unreadable": "times fit none of the time_formats",
    "time_without_zone": "times have no offset, and the client has no time_zone",
    "point_unreadable": "points are not two numbers",
    "location_unresolved:missing": "rows have no point",
    "location_unresolved:untagged": "points have no coordinate system, nor has the client",
    "location_unresolved:out_of_range": "points are not on the earth",
    "location_unresolved:too_far": "points are too far from every street of the network",
}

_ZH: Final = {
    "head": "{file}，客户端 {client}：{rows:,} 行",
    "field": "{name}（{columns}）：{given:,} 个值，{verb} {good:,} 个",
    "unmapped": "{name}，没有对照的取值：{values:,} 种",
    "value": "{count:>7,} × {value}   首见于第 {line} 行",
    "trouble": "{columns}：{count:,} {reason}",
    "example": "        第 {line} 行：{value}",
    "blank": "（空）",
    "off_streets": "未提供路网：坐标点只读取，未与道路比对。",
    "no_fleet": "未提供车辆文件：车辆与医院只按对照文件核对。",
    "complete": "全部可以对照。",
    "incomplete": "无法对照的值会保留、计数并提示人工处理，不会丢失任何呼救。",
    "mapped": "已对照",
    "read": "可读",
    "found": "可用",
    "unit": "车辆",
    "status_code": "状态码",
    "incident_type": "事件类型",
    "hospital": "医院",
    "point": "坐标点",
    "received": "受理时间",
    "entered": "录入时间",
    "ordered": "派单时间",
    "acknowledged": "确认时间",
    "mobilising": "集结时间",
    "en_route": "出车时间",
    "on_scene": "到达时间",
    "transporting": "送院时间",
    "at_hospital": "到院时间",
    "returning": "返程时间",
    "available": "待命时间",
    "pressed": "按键时间",
    "closed": "结案时间",
    "time_unreadable": "个时间不符合任何 time_formats",
    "time_without_zone": "个时间没有时差，客户端也没有 time_zone",
    "point_unreadable": "个坐标点不是两个数",
    "location_unresolved:missing": "行没有坐标点",
    "location_unresolved:untagged": "个坐标点没有坐标系，客户端也没有默认坐标系",
    "location_unresolved:out_of_range": "个坐标点超出范围",
    "location_unresolved:too_far": "个坐标点距路网所有道路过远",
}

_SHOWN_AT_MOST: Final = 60

_TEXTS: Final = {Language.EN: _EN, Language.ZH: _ZH}

_WORDS: Final = ("unit", "status_code", "incident_type", "hospital")


def render(report: MappingReport, language: Language) -> list[str]:
    """Write a report for a terminal: what was looked at, then what does not map."""
    text = _TEXTS[language]
    lines = [text["head"].format(file=report.file, client=report.client, rows=report.rows)]
    lines += [_field(field, text) for field in report.fields]
    for field in report.fields:
        unmapped = [u for u in report.unmapped if u.field == field.field]
        if unmapped:
            name = text[field.field]
            lines += ["", text["unmapped"].format(name=name, values=len(unmapped))]
            lines += [_value(value, text) for value in unmapped]
    for trouble in (*report.times, *report.points):
        lines += ["", *_trouble(trouble, text)]
    if not report.with_fleet:
        lines += ["", text["no_fleet"]]
    if report.points_looked_at and not report.on_streets:
        lines += ["", text["off_streets"]]
    return [*lines, "", text["complete" if report.complete else "incomplete"]]


def _field(field: FieldCount, text: dict[str, str]) -> str:
    verb = "mapped" if field.field in _WORDS else "found" if field.field == "point" else "read"
    return text["field"].format(
        name=text[field.field],
        columns=field.columns,
        given=field.given,
        good=field.good,
        verb=text[verb],
    )


def _value(unmapped: Unmapped, text: dict[str, str]) -> str:
    return text["value"].format(
        count=unmapped.count, value=_shown(unmapped.value), line=unmapped.first_line
    )


def _trouble(trouble: Trouble, text: dict[str, str]) -> Iterator[str]:
    yield text["trouble"].format(
        columns=trouble.columns, count=trouble.count, reason=text[trouble.reason]
    )
    for example in trouble.examples:
        value = _shown(example.value.strip(", ")) or text["blank"]
        yield text["example"].format(line=example.line, value=value)


def _shown(value: str) -> str:
    """Keep a foreign value on its line of the terminal."""
    one_line = "".join(c if c.isprintable() else "�" for c in value)
    return one_line if len(one_line) <= _SHOWN_AT_MOST else f"{one_line[: _SHOWN_AT_MOST - 1]}…"
