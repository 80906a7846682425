"""The one sentence on a ticket page that says where it stands, and what happens next."""

from datetime import datetime

from flask_babel import gettext as _

from portal.errors import N_
from portal.language import lazy as _l
from portal.tickets.lifecycle import Confirmation, Outcome, Status
from portal.tickets.models import Ticket
from portal.wording import clock_name, local_date, local_time, outcome_name

NEXT_FOR_FIRM: dict[Status, str] = {
    Status.SUBMITTED: _l("系统按包联关系和派单规则为您找到承办人，通常只要几秒钟。"),
    Status.TRIAGE: _l("派单员选定承办单位后，承办人会在 2 个工作小时内联系您。"),
    Status.ASSIGNED: _l("承办人签收后会先电话联系您，3 个工作日内给出答复。"),
    Status.IN_PROGRESS: _l("办理有进展时会在这里答复您；办结后请您确认是否真正解决。"),
    Status.NEEDS_INFO: _l("您补充后办理时限继续计时；5 个工作日内未补充的，转派单员处理。"),
    Status.IN_REVIEW: _l("审核通过后，办理结果会发给您，由您确认是否已解决。"),
    Status.AWAITING_CONFIRMATION: _l(
        "已解决请点“确认已解决”；没有解决请点“仍未解决”，承办人会重新办理。"
    ),
    Status.ON_HOLD: _l("条件暂不具备，承办单位会在承诺的日期前恢复办理，并定期告诉您进展。"),
}
NEXT_FOR_STAFF: dict[Status, str] = {
    Status.SUBMITTED: _l("系统正在派单；也可以由派单员直接派出。"),
    Status.TRIAGE: _l("由派单员派给承办单位，或说明不予受理的理由和正确的渠道。"),
    Status.ASSIGNED: _l("承办人签收并首次联系企业；逾期未签收的由系统签收，时限照常计算。"),
    Status.IN_PROGRESS: _l("联系、答复企业，办结后提交审核。"),
    Status.NEEDS_INFO: _l("等待企业补充材料，办理时限暂停；5 个工作日内未补充的转派单员。"),
    Status.IN_REVIEW: _l("由本单位分管负责人审核，办理时限仍在计算。"),
    Status.AWAITING_CONFIRMATION: _l("等待企业确认；逾期未确认按“未确认”办结，不计入解决率。"),
    Status.ON_HOLD: _l("挂账期间仍计为未解决，到承诺日期恢复办理。"),
}
WAITING = N_("有人空出来时由系统派出，先到期的先派；等不及的，由派单员直接指定承办人。")
# Where the promise is ours to keep, not the firm's.
_OURS = frozenset({Status.SUBMITTED, Status.TRIAGE, Status.ASSIGNED, Status.IN_PROGRESS})


def for_firm(ticket: Ticket, now: datetime) -> str:
    """Where the ticket stands at `now` (UTC), in the words of a person at a counter."""
    status = Status(ticket.status)
    due = local_time(ticket.next_due_at)
    if status is Status.CLOSED:
        return _closed(ticket)
    department = ticket.department.name if ticket.department else ""
    cadre = ticket.assignee.name if ticket.assignee else ""
    who = f"{department} {cadre}".strip()
    if ticket.next_due_at is not None and ticket.next_due_at < now and status in _OURS:
        return _late(ticket, who, due)
    match status:
        case Status.SUBMITTED:
            return _submitted(ticket, due)
        case Status.TRIAGE:
            return _("派单员正在为您选择承办单位，最迟 %(due)s 前派出。", due=due)
        case Status.ASSIGNED:
            return _("已派给 %(who)s，最迟 %(due)s 前签收并联系您。", who=who, due=due)
        case Status.NEEDS_INFO:
            return _("请您补充材料，最迟 %(due)s。补充之前，办理时限暂停。", due=due)
        case Status.IN_REVIEW:
            return _("%(who)s 已提交办理结果，正在审核。", who=who)
        case Status.AWAITING_CONFIRMATION:
            return _("%(who)s 已办结，请您最迟 %(due)s 前确认是否解决。", who=who, due=due)
        case Status.ON_HOLD:
            until = local_date(ticket.held_until)
            return _("%(who)s 已将这件诉求挂账，承诺 %(until)s恢复办理。", who=who, until=until)
        case _:
            return _in_progress(ticket, who, due)


def _submitted(ticket: Ticket, due: str) -> str:
    unit = ticket.waiting_department
    if unit is None:
        return _("已收到您的诉求，最迟 %(due)s 前受理。", due=due)
    return _(
        "已收到您的诉求，%(unit)s 一有人空出来就受理，最迟 %(due)s 前。", unit=unit.name, due=due
    )


def _late(ticket: Ticket, who: str, due: str) -> str:
    """Overdue is said plainly, with what the firm can do."""
    clock = clock_name(ticket.next_clock or "")
    late = _("%(clock)s（%(due)s）已经超过", clock=clock, due=due)
    urge = _("您的催办已经转达。") if ticket.facts.urged else _("您也可以催办。")
    if not who:
        return _("%(late)s，派单员已收到提醒。%(urge)s", late=late, urge=urge)
    return _(
        "%(who)s 正在办理，%(late)s，已提醒本单位负责人。%(urge)s", who=who, late=late, urge=urge
    )


def _in_progress(ticket: Ticket, who: str, due: str) -> str:
    promise = {
        "contact": _("最迟 %(due)s 前联系您", due=due),
        "verify": _("最迟 %(due)s 前开始核实", due=due),
        "reply": _("最迟 %(due)s 前答复您", due=due),
        "resolve": _("最迟 %(due)s 前办结", due=due),
    }.get(ticket.next_clock or "", "")
    if not promise:
        return _("%(who)s 正在办理。", who=who)
    return _("%(who)s 正在办理，%(promise)s。", who=who, promise=promise)


def _closed(ticket: Ticket) -> str:
    when = local_time(ticket.closed_at)
    if ticket.outcome == Outcome.MERGED and ticket.merged_into is not None:
        number = ticket.merged_into.number
        return _("已于 %(when)s 并入 %(number)s，请在那一件中查看进展。", when=when, number=number)
    outcome = outcome_name(ticket.outcome or "")
    if ticket.outcome not in (Outcome.SOLVED, Outcome.EXPLAINED):
        return _("已于 %(when)s 结束：%(outcome)s。", when=when, outcome=outcome)
    said = {
        Confirmation.CONFIRMED: _("企业已确认"),
        Confirmation.UNCONFIRMED: _("企业未确认"),
        Confirmation.CALL_BACK: _("电话回访已确认"),
    }.get(Confirmation(ticket.confirmation or "unconfirmed"), "")
    return _("已于 %(when)s 办结：%(outcome)s，%(said)s。", when=when, outcome=outcome, said=said)


def for_staff(ticket: Ticket, left: str) -> str:
    """Where the ticket stands, for those who work on it; `left` is the nearest promise in words."""
    if ticket.status == Status.CLOSED:
        return _closed(ticket)
    if ticket.waiting_department is not None:
        unit, since = ticket.waiting_department.name, local_time(ticket.waiting_since)
        return _("自 %(since)s起等待%(unit)s的空位。%(left)s", since=since, unit=unit, left=left)
    if ticket.department is None or ticket.assignee is None:
        return _("还没有承办单位。%(left)s", left=left)
    who = f"{ticket.department.name} {ticket.assignee.name}"
    return _("%(who)s 承办。%(left)s", who=who, left=left)


def next_step(ticket: Ticket, firm: bool) -> str:
    """What happens next, or what is needed from whom."""
    if ticket.waiting_since is not None:
        return _("人手暂满，先到期的先派。") if firm else _(WAITING)
    if not firm and ticket.status != Status.CLOSED:
        if ticket.return_pending:
            if ticket.returned:
                return _("承办人第二次申请退单，由督办员当日裁定；裁定之前照常办理，时限照常计算。")
            return _("承办人已申请退单，由派单员当日裁定；裁定之前照常办理，时限照常计算。")
        if ticket.order_pending:
            return _("已发督办单，承办人须书面回复原因、已做的工作和完成时间。")
        if ticket.held_until is not None:
            until = local_date(ticket.held_until)
            return _("挂账期间仍计为未解决，时限照常计算；承诺 %(until)s恢复办理。", until=until)
    words = NEXT_FOR_FIRM if firm else NEXT_FOR_STAFF
    sentence = words.get(Status(ticket.status))
    if sentence is not None:
        return str(sentence)
    if firm and ticket.outcome in (Outcome.SOLVED, Outcome.EXPLAINED) and ticket.reopen_until:
        return _(
            "如果问题再次出现，可在 %(when)s 前申请重办。", when=local_time(ticket.reopen_until)
        )
    return ""
