"""Every code of a remark, a refusal or a status, in Chinese and English.

A sentence is a template over the details of its code. A code may have several: the first one whose
details are all there is used, so that the more exact ones come first.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Final

from dispatch.emergency.plans import ResponsePlans
from dispatch.intake.mapping import Language
from dispatch.model import Capability, Remark
from dispatch.service.phrases import VALUE_ZH, allowed_zh, first

Sentence = tuple[str, str]
"""Chinese, English."""

TEXTS: Final[Mapping[str, tuple[Sentence, ...]]] = {
    # What is the matter with a report
    "location_unresolved": (
        (
            "位置不能用于派车：最近的道路在 {distance_m} 米外；请核实地点",
            "No street is nearer than {distance_m} m: it cannot be planned on. Ask where it is.",
        ),
        (
            "位置不能用于派车：{reason}；请核实地点",
            "The place cannot be planned on: {reason}. Find out where it is.",
        ),
        (
            "位置不能用于派车；请核实地点",
            "The place cannot be planned on. Find out where it is.",
        ),
    ),
    "type_unmapped": (
        (
            "警情类型“{value}”没有对应预案；请选择类型",
            'No response plan knows the type "{value}". Choose a type.',
        ),
        (
            "警情类型没有对应预案；请选择类型",
            "No response plan knows the type. Choose a type.",
        ),
    ),
    "patients_invalid": (
        ("患者人数“{value}”无效；请核实", 'The number of patients "{value}" cannot be. Ask again.'),
    ),
    "priority_invalid": (
        (
            "优先级“{value}”无效，已按该类型的默认级别处理；请核实",
            'The priority "{value}" cannot be; the type\'s own is used. Check it.',
        ),
    ),
    "occurred_time_implausible": (
        (
            "来电时间“{value}”不合理，已按接收时间计",
            'The time of the call "{value}" is implausible; the time of receipt counts.',
        ),
    ),
    "request_id_reused": (
        (
            "请求编号 {request_id} 已用于另一条内容不同的请求",
            "The request id {request_id} was used before for a request that said something else.",
        ),
    ),
    "perhaps_repeated": (
        (
            "同一系统的同一单号已有警情 {incident}；请核实是否重复",
            "The same ticket has been reported before, as incident {incident}. Is it the same?",
        ),
    ),
    "report_not_understood": (
        (
            "处理该报警时出错，已原样保存；请人工核实并派车",
            "It could not be understood and is kept as it came. Find out what happened.",
        ),
    ),
    "place_moved_under_way": (
        (
            "{units} 正在赶往原地点：请告知新地点；原预计到达时间已失效",
            "{units} head for the old place: tell the crews. Their ETAs are those of the old one.",
        ),
    ),
    "text_shortened": (
        (
            "{field} 过长，只保留了前 {kept} 个字符（共 {length} 个）",
            "{field} was too long: the first {kept} of {length} characters are kept.",
        ),
    ),
    # Why nobody goes
    "no_capable_unit": (
        ("没有具备“{capability}”能力的车辆", 'No unit has the capability "{capability}".'),
    ),
    "all_units_busy": (
        (
            "具备“{capability}”能力的 {capable} 辆车都不能派出",
            'None of the {capable} units with "{capability}" can go now.',
        ),
    ),
    "unreachable": (
        (
            "{ready} 辆可派的“{capability}”车辆都没有道路可达",
            'No road leads there for any of the {ready} ready units with "{capability}".',
        ),
        ("没有道路可达", "No road leads there."),
    ),
    "units_sent_to_graver_needs": (
        (
            "可派的 {ready} 辆“{capability}”车辆已派往同样或更紧急的警情",
            'The {ready} ready units with "{capability}" go to needs as grave.',
        ),
    ),
    # Why not this unit
    "capability_missing": (
        ("不具备“{capability}”能力", 'It does not have the capability "{capability}".'),
    ),
    "unit_not_ready": (
        ("车辆 {unit} 当前状态为“{status}”，不能派出", "Unit {unit} is {status} and cannot go."),
        ("当前状态为“{status}”，不能派出", "It is {status} and cannot go."),
    ),
    "order_was_taken_back": (
        (
            "此前派往该警情的命令已撤回，不再自动派出",
            "The order to this incident was taken back; the unit is not sent again by itself.",
        ),
    ),
    "unit_promised": (
        (
            "已拟派往优先级 {priority} 的警情，正等待确认",
            "The unit is proposed to an incident of priority {priority}; that is to be confirmed.",
        ),
    ),
    "unit_off_network": (
        ("最后位置不在路网附近", "Its last place is not near any street of the network."),
    ),
    "chosen_elsewhere": (("已选派往其他需求", "It was chosen for another need."),),
    # For and against a candidate
    "quickest": (("最快到达", "The quickest."),),
    "slower_than_quickest": (("比最快的晚 {seconds}", "{seconds} later than the quickest."),),
    "on_time": (("可在时限内到达，余 {spare_s}", "On time, with {spare_s} to spare."),),
    "late": (("预计超过时限 {seconds}", "{seconds} later than the target."),),
    "street_closed": (
        (
            "事发道路本身已封闭（{condition}）：请从封闭路段内驶近",
            "The street itself is closed ({condition}): drive up along it.",
        ),
    ),
    "position_stale": (("位置是 {age_s} 前上报的", "Its position is {age_s} old."),),
    "taken_from_lower_priority": (
        (
            "从优先级 {priority} 的待确认警情调来",
            "It was proposed to an incident of priority {priority}, which is less grave.",
        ),
    ),
    "decided_greedily": (
        (
            "优化器未能给出结果，本方案按“最近可用”得出",
            "The optimiser failed; this was decided by the closest idle unit.",
        ),
    ),
    # What became of a proposal
    "expired": (("方案已过期", "The proposal has expired."),),
    "more_can_go": (
        ("又有车辆可派，重新拟定方案", "More units can go now; all needs are decided anew."),
    ),
    "incident_changed": (("警情信息已更改", "The incident was corrected."),),
    "incident_closed": (("警情已结束", "The incident was closed."),),
    "overridden": (("调度员另行派车", "A dispatcher sent other units."),),
    "unit_needed_elsewhere": (
        ("车辆改派更紧急的警情", "A unit of it is needed for a graver incident."),
    ),
    "decided_elsewhere": (("中心自己的系统已派车", "The centre's own system has decided."),),
    # What became of an order, and what is said against one
    "cancelled": (("命令已撤回：{reason}", "The order was taken back: {reason}"),),
    "sent_elsewhere": (("车辆改派警情 {incident}", "The unit was sent to incident {incident}."),),
    "unit_out_of_service": (("车辆停用", "The unit went out of service."),),
    "unit_finished": (("车辆已完成任务", "The unit has finished."),),
    "arrival_press_missed": (
        (
            "未按“到达现场”，但预计到达时间已过，按已到达处理",
            "Nobody pressed on arrival, but its time to arrive had passed: it counts as served.",
        ),
    ),
    "unit_left_before_arrival": (
        ("车辆未到达现场即离开", "The unit turned away before it can have arrived."),
    ),
    "beyond_plan": (("超出预案的增派", "It goes beyond what the response plan asks for."),),
    "unit_unknown": (("未知车辆“{value}”", 'No unit is known as "{value}".'),),
    "unit_was_held": (
        ("该车原在执行警情 {incident}", "The unit was under an order to incident {incident}."),
    ),
    "no_need_for_unit": (
        ("该警情没有需要此车的空缺", "The incident had no open need that the unit can serve."),
    ),
    # What is the matter with a position
    "point_unusable": (("坐标不能使用：{reason}", "The point cannot be used: {reason}."),),
    "position_outdated": (("已有更新的位置", "A newer position of the unit is known."),),
    "observed_time_missing": (("缺少观测时间", "It does not say when it was observed."),),
    "observed_time_implausible": (
        ("观测时间“{value}”不合理", 'The time of observation "{value}" is implausible.'),
    ),
    # What is to be known of a found place, and why there is none
    "place_between_numbers": (
        (
            "门牌号在图上没有，位置按相邻两个门牌推算",
            "Worked out from the two nearest house numbers of the street.",
        ),
    ),
    "place_near_number": (
        (
            "门牌号在图上没有，位置取最近的门牌（{detail}）",
            "The map has no such number: this is the nearest ({detail}).",
        ),
    ),
    "place_whole_street": (
        (
            "只知道在这条路上，位置取道路中点",
            "Somewhere along the street: the point is its middle.",
        ),
    ),
    "place_street_only": (
        ("只找到道路，没有门牌", "The street is known, the house number is not."),
    ),
    "place_nearest_approach": (
        (
            "两条路并不相交，位置取相距最近处",
            "The two streets do not meet: this is where they are nearest.",
        ),
    ),
    "place_between_posts": (
        ("位置按相邻两个里程桩推算", "Worked out from the two nearest kilometre posts."),
    ),
    "place_gate_unknown": (
        ("只找到小区或单位，没有这个门", "The compound is known, the gate is not."),
    ),
    "place_streets_apart": (
        (
            "问的是两条路的交叉口，但它们相距很远：这是其中一条，位置取道路中点",
            "One of two streets that are nowhere near each other: the point is its middle.",
        ),
    ),
    "place_kilometre_unknown": (
        (
            "只找到道路，没有该里程，位置取道路中点",
            "The road is known, the kilometre is not: the point is its middle.",
        ),
    ),
    "place_unknown": (("没有相近的地名", "No name is like it."),),
    "places_apart": (
        ("两条路都有，但相距很远", "Both streets are known and nowhere near each other."),
    ),
    "place_without_posts": (
        (
            "有这条路，但没有到该里程的里程桩",
            "The road is known; its kilometre posts do not reach so far.",
        ),
    ),
    # What is the matter with a measured speed
    "speed_without_street": (
        (
            "找不到所指的道路：{field} 的值“{value}”无效；允许：{allowed}",
            'It names no street that is known: {field} is "{value}"; allowed: {allowed}.',
        ),
        (
            "找不到所指的道路：{given}",
            "It names no street that is known: {given}",
        ),
    ),
    "speed_implausible": (
        (
            "速度“{value}”不合理（0 到 200 公里/小时）",
            "A speed of {value} km/h cannot be (0 to 200).",
        ),
    ),
    "speed_outdated": (("已过时：{age_s} 前测得", "It was measured {age_s} ago."),),
    # Refusals
    "invalid_field": (
        (
            "字段 {field} 的值“{value}”无效；允许：{allowed}",
            '{field} is "{value}"; allowed: {allowed}.',
        ),
    ),
    "not_found": (
        (
            "字段 {field}：找不到“{value}”；允许：{allowed}",
            '{field}: nothing is known as "{value}"; allowed: {allowed}.',
        ),
    ),
    "conflict": (
        ("情况已变化；请刷新后重新决定", "Things have changed. Look again, then decide again."),
    ),
    "etag_mismatch": (
        (
            "警情 {incident} 已被他人更改；请刷新后再改",
            "Incident {incident} has changed meanwhile. Look again, then correct it again.",
        ),
    ),
    "proposal_expired": (
        (
            "方案 {proposal} 已于 {expired} 过期；请查看新方案",
            "Proposal {proposal} expired at {expired}. Look at the new one.",
        ),
    ),
    "proposal_superseded": (
        (
            "方案 {proposal} 已失效：警情 {incident} 已派出 {assigned}",
            "Proposal {proposal} no longer stands: {assigned} was sent to incident {incident}.",
        ),
        (
            "方案 {proposal} 已失效；警情 {incident} 的当前方案：{current}",
            "Proposal {proposal} no longer stands; incident {incident} now has: {current}.",
        ),
    ),
    "unit_taken": (
        (
            "车辆 {unit} 已派往警情 {incident}",
            "Unit {unit} has been sent to incident {incident}.",
        ),
    ),
    "assignment_ended": (
        (
            "命令 {assignment} 已结束（{state}）",
            "Order {assignment} is over ({state}).",
        ),
    ),
    "patient_aboard": (
        (
            "车辆 {unit} 处于“{status}”，车上有患者；请在交接后再操作",
            "Unit {unit} is {status} with a patient aboard. Do it after the handover.",
        ),
    ),
    "shadow_mode": (
        (
            "本系统以旁路（影子）模式运行：由中心自己的系统派车，请用 RecordAssignment 告知",
            "In shadow mode the centre's own system decides: tell it by RecordAssignment.",
        ),
    ),
    "incident_is_closed": (("警情 {incident} 已经结束", "Incident {incident} is closed already."),),
    "not_allowed_now": (("现在不能这样做", "This cannot be done now."),),
    "refused": (("请求被拒绝", "The request is refused."),),
    "file_refused": (("文件有误", "A file is refused."),),
    "journal": (
        (
            "日志存储出现故障，暂时不能接受新的命令；请立即通知系统管理员",
            "The journal has failed: nothing can be recorded. Tell the administrator at once.",
        ),
    ),
    "overloaded": (("系统繁忙，请稍后重试", "Too many calls at once. Try again in a moment."),),
    "stopping": (
        (
            "服务正在停止；请稍后从修订号 {last_revision} 继续",
            "The service is stopping. Call again later, from revision {last_revision}.",
        ),
        ("服务正在停止；请稍后重试", "The service is stopping. Call again later."),
    ),
    "watcher_behind": (
        (
            "接收过慢；请从修订号 {last_revision} 继续",
            "The watcher fell behind. Call again from revision {last_revision}.",
        ),
    ),
    "revision_ahead": (
        (
            "修订号 {after_revision} 超过当前修订号 {revision}：这是另一本日志",
            "Revision {after_revision} is ahead of {revision}, the newest: another journal.",
        ),
    ),
    "internal": (
        (
            "内部错误，已记录；编号 {failure_id}",
            "An internal error, recorded as {failure_id}.",
        ),
    ),
}

VALUES: Final[Mapping[str, Mapping[str, Sentence]]] = {
    "status": {
        "available": ("待命", "available"),
        "mobilising": ("出动准备", "mobilising"),
        "en_route": ("途中", "en route"),
        "on_scene": ("到达现场", "on scene"),
        "transporting": ("送院途中", "transporting"),
        "at_hospital": ("到达医院", "at hospital"),
        "returning": ("返程", "returning"),
        "out_of_service": ("停用", "out of service"),
        "off_duty": ("下班", "off duty"),
        "held": ("执行任务中", "under an order"),
        "retired": ("已不在编", "no longer in the fleet"),
    },
    "state": {
        "ordered": ("已下达", "ordered"),
        "acknowledged": ("已确认", "acknowledged"),
        "cancelled": ("已撤回", "cancelled"),
        "completed": ("已完成", "completed"),
    },
    "reason": {
        "missing": ("没有坐标", "there is no point"),
        "untagged": ("没有说明坐标系", "its coordinate system is not said"),
        "out_of_range": ("坐标超出范围或不是数字", "its numbers are out of range"),
        "too_far": ("附近没有道路", "no street is near"),
    },
    "current": {"none": ("无", "none")},
}
"""Details whose values are codes themselves."""

_DURATIONS: Final = frozenset({"seconds", "spare_s", "age_s"})
_READ_AS_SECONDS: Final = 120


def _duration(seconds: int, language: Language) -> str:
    """Seconds as a person says them: whole minutes when there are many."""
    if seconds <= _READ_AS_SECONDS:
        return f"{seconds} 秒" if language is Language.ZH else f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} 分钟" if language is Language.ZH else f"{minutes} min"


class Catalogue:
    """Sentences for codes; the names of capabilities are the centre's own.

    Parameters
    ----------
    plans
        Where capabilities have their names.
    """

    def __init__(self, plans: ResponsePlans) -> None:
        self._plans = plans

    def of(self, remark: Remark, language: Language) -> str:
        """The sentence of a remark."""
        return self.sentence(remark.code, remark.details, language)

    def sentence(self, code: str, details: Mapping[str, str], language: Language) -> str:
        """The sentence of a code; the code itself when nobody wrote one."""
        words = {key: self._word(key, value, language) for key, value in details.items()}
        for sentence in TEXTS.get(code, ()):
            template = sentence[0] if language is Language.ZH else sentence[1]
            if _fields(template) <= words.keys():
                return template.format_map(words)
        return code

    def _word(self, key: str, value: str, language: Language) -> str:
        if key == "capability" and Capability(value) in self._plans.capabilities:
            names = self._plans.capabilities[Capability(value)]
            return names.name if language is Language.ZH else names.name_en
        if key in _DURATIONS and value.lstrip("-").isdecimal():
            return _duration(int(value), language)
        if key == "allowed" and language is Language.ZH:
            return allowed_zh(value)
        if key == "value" and language is Language.ZH:
            return first(VALUE_ZH, value)
        known = VALUES.get(key, {}).get(value)
        if known is None:
            return value
        return known[0] if language is Language.ZH else known[1]


def language_of(metadata: Iterable[tuple[str, str | bytes]]) -> Language | None:
    """What ``accept-language`` asks for: the first of the two that it names, or None."""
    wanted = next((value for key, value in metadata if key == "accept-language"), "")
    for part in str(wanted).split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in (Language.ZH, Language.EN):
            return Language(tag)
    return None


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}
