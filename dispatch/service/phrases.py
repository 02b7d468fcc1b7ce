"""Chinese for the phrases in which refusals say what was given, what is allowed, and why.

They are made where something is refused, in English, and vary too much to have a code each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ALLOWED_ZH: Final[Mapping[str, str]] = {
    "at least one": "至少一个",
    "at least two different points": "至少两个不同的点",
    "the id of an OSM way, 0 is none": "OSM 道路编号（0 不是）",
    "none: the batch has one for all": "不填：整批共用一个",
    "an open incident (ListIncidents)": "未结束的警情（见 ListIncidents）",
    "a condition in force or planned (ListConditions)": "有效或计划中的路况（见 ListConditions）",
    "as many latitudes as longitudes": "纬度与经度个数相同",
    "edges or polygons, or both": "edges 或 polygons，或两者",
    "when, in a track": "轨迹中必须有时间",
    "oldest first, in a track": "轨迹按时间先后排列",
    "each segment once": "每个路段只能出现一次",
    "edges, a way or a line": "路段、道路或线",
    "each condition once": "每条路况只能出现一次",
    "no other streets beside it": "不能同时指定其他道路",
    "none: the flooded areas say which": "不填：由积水区域决定",
    "slowed or weather alone": "只用于 slowed 或 weather",
    "streets of which some part is one-way, for contraflow": "其中有单行路段的道路（逆行放行用）",
    "an assignment of an open incident": "未结束警情的派车命令",
    "how it ended, e.g. resolved": "结束方式，例如 resolved",
    "what is the matter with the streets": "路况原因",
    "why the order is taken back": "撤回命令的原因",
    "why the unit is out of service": "停用原因",
    "each unit once": "每辆车只能出现一次",
    "at least one unit, or a proposal to confirm": "至少一辆车，或一个待确认的方案",
    "a point with its coordinate system": "带坐标系的坐标",
    "a revision, 0, or -1 for live ones": "修订号、0，或 -1（只要实时事件）",
    "an incident that was reported (ListIncidents)": "已上报的警情（见 ListIncidents）",
    "an incident that was reported, by its name or its external id": "已上报的警情或外部编号",
    "an incident with a known type: correct it by UpdateIncident": (
        "类型已知的警情：请用 UpdateIncident 更正"
    ),
    "an incident with a place: correct it by UpdateIncident": (
        "地点已知的警情：请用 UpdateIncident 更正"
    ),
    "an incident's name, e.g. incidents/E000001": "警情名称，例如 incidents/E000001",
    "an instant of the years 1 to 9999": "公元 1 至 9999 年之间的时刻",
    "the next_page_token of the page before": "上一页的 next_page_token",
    "a unit's name, or the client's own id": "车辆名称，或本系统的车辆编号",
    "the etag of the incident as you saw it": "所见警情的 etag",
}
"""Phrases for what is allowed; one that is not here is shown as it is."""

Patterns = tuple[tuple[re.Pattern[str], str], ...]
"""English phrases in which something varies, each with its Chinese: the first that fits counts."""


def _patterns(*pairs: tuple[str, str]) -> Patterns:
    return tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in pairs)


ALLOWED_PATTERNS_ZH: Final[Patterns] = _patterns(
    (r"(\d+) to (\d+), or 0 for (\d+)", r"\1 到 \2；0 表示 \3"),
    (r"([\d.]+) to (\d+)", r"\1 到 \2"),
    (r"([\d.]+) or more", r"\1 或以上"),
    (r"(\d+) to (\d+) points", r"\1 到 \2 个点"),
    (r"(\d+) to (\d+) characters", r"\1 到 \2 个字符"),
    (r"origins times destinations up to (\d+)", r"起点数乘以终点数不超过 \1"),
    (
        r"fewer: the answer is of (\d+) bytes and may be of (\d+)",
        r"更小的值：答复有 \1 字节，最多 \2 字节",
    ),
    (
        r"fewer, or (polygons|edges) alone: the answer is of (\d+) bytes and may be of (\d+)",
        r"更小的值，或只要 \1：答复有 \2 字节，最多 \3 字节",
    ),
    (
        r"a place that is nearer: the answer is of (\d+) bytes and may be of (\d+)",
        r"更近的地点：答复有 \1 字节，最多 \2 字节",
    ),
    (r"the name of a place, up to (\d+) characters", r"地名，不超过 \1 个字符"),
    (r"(\d+) to (\d+) areas", r"\1 到 \2 个区域"),
    (r"(-\d+) to (\d+) degrees", r"\1 到 \2 度"),
    (
        r"(\d+) to (\d+) street names, ways, edges, lines or areas",
        r"\1 到 \2 个路名、道路编号、路段、线或区域",
    ),
    (r"above 0, up to (\d+) metres", r"大于 0，不超过 \1 米"),
    (r"up to (\d+) bytes in one call", r"一次调用不超过 \1 字节"),
    (r"up to (\d+) edges in one call", r"一次调用不超过 \1 条路段"),
    (r"one of the fleet's (\d+) units \(ListUnits\)", r"车队 \1 辆车之一（见 ListUnits）"),
    (r"an open need of (\w+): there is none left", r"警情 \1 的待派需求（已没有）"),
    (r"an open need of (\w+): (.*)", r"警情 \1 的待派需求：\2"),
    (r"a UUID, or up to (\d+) characters", r"UUID，或不超过 \1 个字符"),
    (r"a name, e\.g\. (.*)", r"名称，例如 \1"),
    (r"up to (\d+) a message", r"每条消息不超过 \1 个"),
    (r"up to (\d+)", r"不超过 \1"),
    (r"after (\d.*)", r"晚于 \1"),
)

ALLOWED_BECAUSE_ZH: Final[Patterns] = _patterns(
    (r"a street of the network \((.*)\)", "路网中的道路"),
    (r"a line along a street of the network \((.*)\)", "沿路网中的道路所画的线"),
    (r"an area with streets of the network \((.*)\)", "含有路网中道路的区域"),
    (r"segments of streets \((.*)\)", "道路上的路段"),
    (r"a point near a street \((.*)\)", "道路附近的点"),
    (r"(?:a point|points) that can be read \((.*)\)", "可用的坐标"),
)
"""What is allowed, with why what was given is not in brackets."""

_ITS_NEAREST: Final = r"; the nearest street is (\d+) m away"
_LINE: Final = r"no street of .* runs within (\S+) m along the line from (.*) to (.*)"

WHY_ZH: Final[Patterns] = _patterns(
    (r"edge (\S+) is not in (.*); it has edges 0 to (\d+)", r"\2没有路段 \1，只有 0 到 \3"),
    (r"OSM way (\S+) is not in (.*)", r"\2没有 OSM 道路 \1"),
    (
        r"no street of (.*) is named (['\"])(.*)\2; the nearest names are (.*)",
        r"\1没有名为“\3”的道路；相近的路名：\4",
    ),
    (r"no street of (.*) is named (['\"])(.*)\2", r"\1没有名为“\3”的道路"),
    (
        rf"no street of .* lies inside the area around (.*){_ITS_NEAREST}",
        r"\1 周围的区域内没有道路；最近的道路在 \2 米外",
    ),
    (
        r"no street of .* lies inside the area around (.*) but bridges and water",
        r"\1 周围的区域内只有桥梁和水面",
    ),
    (
        rf"{_LINE}{_ITS_NEAREST}",
        r"\2 至 \3 的线两侧 \1 米内没有同向的道路；最近的道路在 \4 米外",
    ),
    (r"polygon: its outline crosses itself at (.*)", r"轮廓在 \1 处自相交"),
    (r"polygon: Hole lies outside shell at (.*)", r"洞在 \1 处超出外轮廓"),
    (r"polygon: Holes are nested at (.*)", r"洞在 \1 处互相嵌套"),
    (r"polygon: Interior is disconnected at (.*)", r"内部在 \1 处被隔断"),
    (r"polygon: Duplicate Rings at (.*)", r"\1 处有重复的环"),
    (r"polygon: it encloses no area \(.*\)", "没有围出面积"),
    (
        r"polygon: its longitudes go from (\S+) to (\S+); allowed: up to (\d+) degrees wide \(.*\)",
        r"经度从 \1 到 \2；宽度不得超过 \3 度（跨 180 度经线的区域请分为两个）",
    ),
    (r"outer has (\d+) points; allowed: 3 or more", r"外轮廓只有 \1 个点，至少要 3 个"),
    (r"holes\[(\d+)\] has (\d+) points; allowed: 3 or more", r"洞 \1 只有 \2 个点，至少要 3 个"),
    (r"(?:lines\[0\]|.*line) needs at least two different points", "至少要有两个不同的点"),
    (
        r"\w+\[(\d+)\] is (.*); allowed: -180 to 180 and -90 to 90 degrees",
        r"第 \1 个点（从 0 起）为 \2，超出经纬度范围",
    ),
    (r"coordinate_system is missing; allowed: (.*)", r"没有说明坐标系；允许：\1"),
    (
        r"longitude(?: of point \d+)? is (\S+); allowed: (\S+) to (\S+) degrees",
        r"经度为 \1；允许：\2 到 \3 度",
    ),
    (
        r"latitude(?: of point \d+)? is (\S+); allowed: (\S+) to (\S+) degrees",
        r"纬度为 \1；允许：\2 到 \3 度",
    ),
    (
        r"(.*) is (\d+) m from the nearest street for (\w+); the limit is (\d+) m",
        r"\1 距最近的道路（\3）\2 米，上限 \4 米",
    ),
    (r"(.*): (.*) has no street for (\w+)", r"\1：\2没有可供 \3 行驶的道路"),
)
"""Why something given is not allowed."""

VALUE_ZH: Final[Patterns] = _patterns(
    (r"(\d+) characters", r"\1 个字符"),
    (r"(\d+) points", r"\1 个点"),
    (r"(\d+) edges so far", r"至此 \1 条路段"),
    (r"(\d+) edges", r"\1 条路段"),
    (r"far away", "很远"),
)
"""Values that are told in words."""


def allowed_zh(phrase: str) -> str:
    """What is allowed, and why something is not, in Chinese."""
    if phrase in ALLOWED_ZH:
        return ALLOWED_ZH[phrase]
    for pattern, chinese in ALLOWED_BECAUSE_ZH:
        because = pattern.fullmatch(phrase)
        if because:
            return f"{chinese}（{first(WHY_ZH, because[1])}）"
    return first(ALLOWED_PATTERNS_ZH, phrase)


def first(patterns: Patterns, phrase: str) -> str:
    """The Chinese of a phrase; the phrase itself where no pattern fits."""
    for pattern, chinese in patterns:
        found = pattern.fullmatch(phrase)
        if found:
            return found.expand(chinese)
    return phrase
