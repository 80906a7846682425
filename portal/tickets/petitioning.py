"""The pages by which petitions are asked and ruled on one by one, beside the inbox of many."""

from typing import Any

from flask import request
from flask_babel import gettext as _

from portal.auth.roles import Actor
from portal.db import utcnow
from portal.language import lazy as _l
from portal.sla.calendars import calendar_of, current_calendar
from portal.sla.service import Clocks
from portal.tickets import (
    choices,
    doors,
    forms,
    petition_inbox,
    petition_queries,
    petition_showing,
    staff_forms,
)
from portal.tickets import petition_forms as asking
from portal.tickets import petition_rules as rules
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service import assign, exclusion, extension, hold
from portal.wording import local_date, local_time

blueprint = petition_inbox.blueprint


def _offer_extension(form: Any, ticket: Ticket, actor: Actor) -> None:
    """Says how far the due may move, or why it may not."""
    clock = extension.resolve_clock(Clocks(ticket, utcnow()))
    promise = extension.promise_of(clock)
    calendar = calendar_of(clock.calendar_id) if clock else current_calendar()
    refused = rules.no_extension(calendar, promise, ticket.extended, utcnow())
    if refused and request.method == "GET":
        form.refused = _(refused)
    if promise is not None and not refused:
        form.days.description = _(
            "现在的办结时限是 %(due)s，最多还能延长 %(n)d 个工作日。",
            due=local_time(promise.due_at),
            n=rules.room(calendar, promise),
        )


def _offer_hold(form: Any, ticket: Ticket, actor: Actor) -> None:
    """The people who can answer for the hold, and the furthest day."""
    people = choices.colleagues(ticket.department_id)
    form.owner_id.choices = forms.options(people)
    if request.method == "GET" and actor.id in people:
        form.owner_id.data = actor.id
    last = rules.last_hold(current_calendar(), utcnow())
    form.promised_on.description = _("须是工作日，最晚 %(day)s。", day=local_date(last))


def _offer_department(form: Any, ticket: Ticket, actor: Actor) -> None:
    others = {
        one: name for one, name in choices.departments().items() if one != ticket.department_id
    }
    form.department_id.choices = forms.options({0: _("请选择"), **others})
    gave_back = {
        one.department_id for one in petition_queries.story(ticket) if one.state == "granted"
    }
    if names := [name for one, name in others.items() if one in gave_back]:
        form.department_id.description = _(
            "已经退过这件诉求的单位：%(names)s。再派给它，它不能再退。", names=_("、").join(names)
        )
    form.cadre_id.choices = forms.grouped(choices.cadres(), _("由系统按未办结最少选定"))


def _show(kind: str) -> Any:
    """Puts what is asked onto the page of a ruling."""

    def prepare(form: Any, ticket: Ticket, actor: Actor) -> None:
        mine = [one for one in petition_queries.story(ticket) if one.kind == kind]
        asked = [one for one in mine if one.state == "asked"]
        form.asked = petition_showing.views(asked, utcnow())
        if asked and request.method == "GET" and "petition_id" in form:
            form.petition_id.data = str(asked[0].id)

    return prepare


def _redirect_page(form: Any, ticket: Ticket, actor: Actor) -> None:
    _show("return")(form, ticket, actor)
    _offer_department(form, ticket, actor)


doors.register(
    blueprint,
    doors.Door(
        Action.ASK_EXTENSION,
        lambda ask, form: extension.ask_extension(
            ask, form.days.data, form.reason_code.data, form.text.data
        ),
        _l("延期申请已提交，督办员 1 个工作日内裁定。"),
        asking.AskExtensionForm,
        _l("每轮办理可延期一次，第二次须领导批准；裁定之前按原时限办理。获批后企业会看到原因。"),
        prepare=_offer_extension,
    ),
    doors.Door(
        Action.GRANT_EXTENSION,
        lambda ask, form: extension.grant_extension(ask, form.text.data, form.shown),
        _l("已同意延期。"),
        asking.RuleForm,
        _l("办结时限随即延后，企业会看到延期的原因；按时办结率仍按原时限统计。"),
        prepare=_show("extension"),
    ),
    doors.Door(
        Action.REFUSE_EXTENSION,
        lambda ask, form: extension.refuse_extension(ask, form.text.data, form.shown),
        _l("未同意延期。"),
        asking.RuleForm,
        _l("办结时限不变，承办人会看到您的意见。"),
        prepare=_show("extension"),
    ),
    doors.Door(
        Action.ASK_HOLD,
        lambda ask, form: hold.ask_hold(
            ask,
            form.reason_code.data,
            form.text.data,
            form.promised_on.data,
            form.report_on.data,
            form.owner_id.data,
        ),
        _l("挂账申请已提交，督办员 1 个工作日内裁定。"),
        asking.AskHoldForm,
        _l("挂账不停表，仍计为未解决；到承诺的日期系统自动恢复办理。"),
        prepare=_offer_hold,
    ),
    doors.Door(
        Action.HOLD,
        lambda ask, form: hold.hold(ask, form.text.data, form.shown),
        _l("已同意挂账。"),
        asking.RuleForm,
        _l("诉求转为挂账，时限照常计算；企业会看到原因和承诺的日期。"),
        prepare=_show("hold"),
    ),
    doors.Door(
        Action.REFUSE_HOLD,
        lambda ask, form: hold.refuse_hold(ask, form.text.data, form.shown),
        _l("未同意挂账。"),
        asking.RuleForm,
        _l("承办人会看到您的意见并继续办理。"),
        prepare=_show("hold"),
    ),
    doors.Door(
        Action.RESUME,
        lambda ask, form: hold.resume(ask, form.text.data or ""),
        _l("已恢复办理。"),
        asking.ResumeForm,
        _l("诉求回到办理中；企业会收到消息，也会看到您写的说明。"),
    ),
    doors.Door(
        Action.ASK_EXCLUSION,
        lambda ask, form: exclusion.ask_exclusion(ask, form.reason_code.data, form.text.data),
        _l("剔除申请已提交，由另一位督办员或领导裁定。"),
        asking.AskExclusionForm,
        _l("剔除须由另一人批准，只影响净解决率；剔除清单会列出双方姓名和原因。"),
    ),
    doors.Door(
        Action.GRANT_EXCLUSION,
        lambda ask, form: exclusion.grant_exclusion(ask, form.text.data, form.shown),
        _l("已同意剔除。"),
        asking.RuleForm,
        _l("这件诉求不再计入净解决率；剔除清单会列出申请人和您的姓名。"),
        prepare=_show("exclusion"),
    ),
    doors.Door(
        Action.REFUSE_EXCLUSION,
        lambda ask, form: exclusion.refuse_exclusion(ask, form.text.data, form.shown),
        _l("未同意剔除。"),
        asking.RuleForm,
        _l("这件诉求照常计入各项指标，申请人会看到您的意见。"),
        prepare=_show("exclusion"),
    ),
    doors.Door(
        Action.REDIRECT,
        lambda ask, form: assign.redirect(
            ask, form.department_id.data, form.cadre_id.data or None, form.text.data
        ),
        _l("已指定承办人。"),
        staff_forms.DispatchForm,
        _l("第二次退单由您直接指定承办单位；除签收外，各项时限照常计算。"),
        prepare=_redirect_page,
    ),
)
