"""How pages show a petition: who asked what, what would change, by when it is ruled, and how."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from portal.auth.models import User
from portal.sla import targets
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock
from portal.sla.worktime import Calendar
from portal.tickets import petition_queries
from portal.tickets import petition_rules as rules
from portal.tickets.models import Ticket
from portal.tickets.pages import left_text
from portal.tickets.petition_models import Petition
from portal.tickets.petition_words import petition_name, petition_reason, state_name
from portal.wording import local_date, local_time, role_name


@dataclass(frozen=True)
class PetitionView:
    """One petition in words; `light` and `left_text` are of its deadline while it waits."""

    id: int
    kind: str
    kind_name: str
    state: str
    state_name: str
    why: str
    text: str
    change: str
    asked_by: str
    asked_by_id: int
    asked_at: datetime
    ruler: str
    due_at: datetime
    decided_by: str
    decided_at: datetime | None
    answer: str
    light: str | None
    left_text: str
    provisional: bool = False


def views(petitions: Iterable[Petition], now: datetime) -> list[PetitionView]:
    """The petitions as pages show them; one statement for the clocks they would move."""
    listed = list(petitions)
    clocks = petition_queries.clocks_of(listed) if listed else {}
    calendar = current_calendar()
    return [_view(one, clocks.get(one.clock_id or 0), calendar, now) for one in listed]


def story(ticket: Ticket, now: datetime) -> list[PetitionView]:
    """All petitions of a ticket, the newest first."""
    return views(reversed(petition_queries.story(ticket)), now)


def _view(one: Petition, clock: Clock | None, calendar: Calendar, now: datetime) -> PetitionView:
    light = None
    if one.state == "asked":
        light = targets.light(
            now,
            warn_at=rules.warn_at(calendar, one.asked_at, one.decide_by),
            due_at=one.decide_by,
            paused=False,
            supervised=False,
        )
    return PetitionView(
        id=one.id,
        kind=one.kind,
        kind_name=petition_name(one.kind),
        state=one.state,
        state_name=state_name(one.state),
        why=petition_reason(one.kind, one.reason_code),
        text=one.reason,
        change=_change(one, clock, calendar),
        asked_by=_person(one.asked_by),
        asked_by_id=one.asked_by_id,
        asked_at=one.asked_at,
        ruler=role_name(one.ruler),
        due_at=one.decide_by,
        decided_by=_person(one.decided_by) if one.decided_by else "",
        decided_at=one.decided_at,
        answer=one.answer or "",
        light=light,
        left_text=left_text(calendar, now, one.decide_by) if light else "",
    )


def _change(one: Petition, clock: Clock | None, calendar: Calendar) -> str:
    """What the petition asks for, or what it has changed, in one line."""
    match one.kind:
        case "extension":
            return _extension(one, clock, calendar)
        case "hold":
            return _(
                "挂账到 %(until)s，责任人 %(owner)s，下次报告 %(report)s",
                until=local_date(one.promised_on),
                owner=one.owner.name if one.owner else "",
                report=local_date(one.report_on),
            )
        case "exclusion":
            return _("不计入净解决率，其他指标照常统计")
        case _:
            if one.ruler == "dispatcher":
                return _("退回派单员重新派单")
            return _("第二次退单：由督办员直接指定承办人")


def _extension(one: Petition, clock: Clock | None, calendar: Calendar) -> str:
    days = one.days or 0
    before, after = one.due_before, one.due_after
    if one.state == "asked" and clock is not None:
        before, after = clock.due_at, rules.extended_due(calendar, clock.due_at, days)
    if before is None or after is None:
        return _("办结时限延长 %(n)d 个工作日", n=days)
    return _(
        "办结时限从 %(before)s 延到 %(after)s（%(n)d 个工作日）",
        before=local_time(before),
        after=local_time(after),
        n=days,
    )


def _person(user: User) -> str:
    return _("%(words)s（%(reason)s）", words=user.name, reason=role_name(user.role))
