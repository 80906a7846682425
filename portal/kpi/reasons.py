"""Says in words why a ticket is, or is not, in a figure: what a list shows beside each row."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask_babel import gettext as _

from portal.amounts import number
from portal.kpi.conditions import definitions
from portal.kpi.members import Member
from portal.language import lazy as _l
from portal.tickets.lifecycle import Confirmation, Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.petition_words import petition_reason
from portal.wording import confirmation_name, local_time, outcome_name, rating_name, status_name

# Why a row is left out of a figure; the keys of portal.kpi.conditions.
EXCLUDED: dict[str, str] = {
    "withdrawn": _l("企业撤回"),
    "merged": _l("合并到另一件"),
    "transferred": _l("移送其他单位"),
    "exclusion": _l("经批准剔除"),
    "cancelled": _l("到期前已终止"),
    "unrated": _l("企业没有评价"),
    "no_contact": _l("没有联系记录"),
}


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Which figure names which of them.
LEFT_OUT: dict[str, tuple[str, ...]] = {
    name: tuple(one.excluded) for name, one in definitions(EPOCH).items() if one.excluded
}


def reason(name: str, member: Member) -> str:
    """One short sentence on how the row counts in the figure `name`."""
    if member.exclusion is not None and member.exclusion.decided_by is not None:
        return _(
            "经批准剔除：%(why)s（%(asked)s 提出，%(granted)s 批准）",
            why=petition_reason("exclusion", member.exclusion.reason_code),
            asked=member.exclusion.asked_by.name,
            granted=member.exclusion.decided_by.name,
        )
    if member.excluded_as is not None:
        return str(EXCLUDED[member.excluded_as])
    return _WORDS.get(name, _fate)(member)


def _fate(member: Member) -> str:
    """What became of the ticket, as the resolution rates see it."""
    ticket = member.ticket
    if ticket.outcome is None:
        return _("尚未办结：%(status)s", status=status_name(ticket.status))
    if ticket.outcome == Outcome.SOLVED:
        return _solved(ticket)
    if ticket.outcome == Outcome.EXPLAINED:
        return _("解释办结：政策不允许，没有解决")
    return outcome_name(ticket.outcome)


def _solved(ticket: Ticket) -> str:
    match ticket.confirmation, ticket.call_back_solved:
        case Confirmation.CONFIRMED, _any:
            return _("企业确认已解决")
        case Confirmation.CALL_BACK, True:
            return _("电话回访：企业确认已解决")
        case Confirmation.CALL_BACK, _any:
            return _("电话回访：企业认为没有解决")
        case _:
            return _("承办单位报已解决，企业没有确认")


def _accepted(member: Member) -> str:
    ticket = member.ticket
    if member.counted:
        return _("已于%(when)s受理", when=local_time(ticket.accepted_at))
    if ticket.outcome is None:
        return _("尚未派单：%(status)s", status=status_name(ticket.status))
    return _("受理前%(outcome)s", outcome=outcome_name(ticket.outcome))


def _kept(due: Callable[[Member], datetime | None]) -> Callable[[Member], str]:
    def words(member: Member) -> str:
        at, clock = due(member), member.clock
        if clock is not None and clock.state == "stopped":
            return _("最迟%(due)s，实际%(at)s", due=local_time(at), at=local_time(clock.stopped_at))
        return _("最迟%(due)s，到期没有完成", due=local_time(at))

    return words


def _due(member: Member) -> datetime | None:
    return member.clock.due_at if member.clock is not None else None


def _rated(member: Member) -> str:
    rating = member.ticket.rating
    if rating is None:
        return _("企业没有评价")
    if rating == 3:
        return _("评价：%(grade)s，计 0.9 件", grade=rating_name(rating))
    return _("评价：%(grade)s", grade=rating_name(rating))


def _rounds(member: Member) -> str:
    return _("办理 %(n)d 轮", n=member.ticket.round)


def _returned(member: Member) -> str:
    return _("退过单") if member.counted else _("没有退单")


def _overdue(member: Member) -> str:
    ticket = member.ticket
    if not member.counted:
        return _("没有超期")
    if ticket.status == Status.CLOSED:
        return _("超过办结时限后才办结")
    return _("当前时限已过：最迟%(due)s", due=local_time(ticket.next_due_at))


def _status(member: Member) -> str:
    return status_name(member.ticket.status)


def _hours(member: Member) -> str:
    return _("%(hours)s 个工作小时", hours=number(round(member.hours or 0, 1)))


def _yes_no(yes: str, no: str) -> Callable[[Member], str]:
    return lambda member: str(yes if member.counted else no)


def _said(member: Member) -> str:
    """What the firm said of an answered ticket."""
    confirmation = member.ticket.confirmation
    return confirmation_name(confirmation) if confirmation else _fate(member)


def _submitted(member: Member) -> str:
    return _("%(when)s提交", when=local_time(member.ticket.submitted_at))


def _since(member: Member) -> str:
    return _("%(when)s受理", when=local_time(member.ticket.accepted_at))


_WORDS: dict[str, Callable[[Member], str]] = {
    "accept_rate": _accepted,
    "contact_rate": _kept(_due),
    "on_time_rate": _kept(lambda row: row.clock and row.clock.original_due_at),
    "on_time_extended": _kept(_due),
    **dict.fromkeys(("accept_on_time", "sign_rate", "verify_rate", "reply_rate"), _kept(_due)),
    "dispute_rate": _yes_no(_l("企业曾答复“仍未解决”"), _l("企业没有否决过")),
    "unconfirmed_rate": _said,
    "call_back_share": _said,
    "urge_rate": _yes_no(_l("企业催办过"), _l("企业没有催办")),
    "withdraw_asked": _yes_no(_l("企业注明是承办单位请其撤回的"), _l("企业自己撤回")),
    "closed_late": _yes_no(_l("超过办结时限后才办结"), _l("每一轮都在时限内办结")),
    "extension_rate": _yes_no(_l("获准延期"), _l("没有延期")),
    "exclusion_rate": _yes_no(_l("经批准剔除"), _l("没有剔除")),
    "supervised_rate": _yes_no(_l("收到过督办单"), _l("没有督办")),
    "elevated_rate": _yes_no(_l("已提级到领导"), _l("没有提级")),
    "submissions": _submitted,
    "repeat_rate": _yes_no(_l("同一企业 90 天内提交过"), _l("企业 90 天内的第一件")),
    "problem_share": _yes_no(_l("已归入共性问题"), _l("没有归入共性问题")),
    "load": _status,
    "backlog": _since,
    "satisfaction": _rated,
    "rating_coverage": _rated,
    "once_done": _rounds,
    "rework_rate": _rounds,
    "return_rate": _returned,
    "overdue": _overdue,
    "hold_rate": _status,
    "time_to_contact": _hours,
    "time_to_resolve": _hours,
}
