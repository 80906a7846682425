"""Sealed tickets 密件 of today: handled elsewhere, routed by nobody, and without a unit.

The visitor's firm has the first, of which the supervisor has opened the identity for a stated
reason, so that both sides of it can be seen.
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from portal.audit import service as audit
from portal.demo import places
from portal.demo.cast import Cast, PlayedFirm
from portal.demo.stage import PlayError, Script, Stage
from portal.tickets.lifecycle import Status, Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import handle, seal, submit
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording


@dataclass(frozen=True)
class Complaint:
    """What a firm seals: the words, the unit it names, if any, and where it goes."""

    title: str
    text: str
    category: str
    about: str | None
    goes_to: str | None


COMPLAINTS = (
    Complaint(
        "一个月内被重复检查四次",
        "同一执法中队一个月内上门检查四次，内容相同，每次停线半天，希望合并检查、出示检查计划。",
        "涉企执法检查",
        "市市场监督管理局",
        "市司法局",
    ),
    Complaint(
        "整改验收迟迟不来，疑似推荐指定机构",
        "整改早已完成，验收一拖再拖，现场人员多次推荐同一家检测机构，不选就不排期。",
        "环保安全",
        "市生态环境局",
        None,
    ),
    Complaint(
        "补助申报材料被反复退回",
        "同样的申报材料被退回三次，每次要求不同，希望一次性告知，又担心影响以后申报。",
        "政策兑现",
        None,
        places.INDUSTRY,
    ),
)
ANSWER = "已调取检查记录。请上传最近两次检查的通知书，我们据此要求合并检查，不会提供企业名称。"
REASON = "核对检查记录，需要与企业当面确认检查日期"
TO_SUPERVISOR = 30  # working minutes from submission until the identity is opened


def enter(stage: Stage, cast: Cast, rng: Random, now: datetime) -> None:
    """Puts them on the stage; `now` in UTC. The visitor's firm files the first and the last."""
    mine = cast.firms[0]
    ruled = cast.departments[places.BY_CATEGORY["环保安全"]]
    other = rng.choice([one for one in cast.firms[20:] if cast.unit_for("环保安全", one) == ruled])
    for place, complaint in enumerate(COMPLAINTS):
        at = stage.calendar.add_minutes(now, -90 + 10 * place).replace(microsecond=0)
        stage.enter(_filed(stage, cast, other if place == 1 else mine, complaint, at))


def _filed(
    stage: Stage, cast: Cast, firm: PlayedFirm, complaint: Complaint, at: datetime
) -> Script:
    yield at
    wording = Wording(
        title=complaint.title,
        category_id=cast.categories[complaint.category],
        urgency=Urgency.NORMAL,
        description=complaint.text,
        contact_name=firm.actor.name,
        contact_phone=firm.phone,
        sealed=True,
        sealed_about_id=cast.departments[complaint.about] if complaint.about else None,
    )
    ticket = submit.submit(firm.actor, wording, stage.now)
    stage.session.flush()
    stage.route(ticket.id)
    stage.session.flush()
    unit = cast.departments[complaint.goes_to] if complaint.goes_to else None
    if ticket.department_id != unit or (unit is None) != (ticket.status == Status.TRIAGE):
        raise PlayError(f"a sealed ticket of {complaint.category} went to the wrong place")
    if complaint.about and unit is not None:
        yield from _opened(stage, cast, ticket)


def _opened(stage: Stage, cast: Cast, ticket: Ticket) -> Script:
    """Whoever handles it answers without knowing the firm; the supervisor has looked who it is."""
    yield stage.after(TO_SUPERVISOR / 3)
    cadre = cast.cadres[ticket.assignee_id or 0]
    handle.sign(Ask(cadre, ticket.id, stage.now))
    yield stage.after(TO_SUPERVISOR / 3)
    handle.reply(Ask(cadre, ticket.id, stage.now), ANSWER)
    yield stage.after(TO_SUPERVISOR / 3)
    supervisor = cast.supervisors[0]
    seal.reveal(Ask(supervisor, ticket.id, stage.now), REASON)
    audit.looked(supervisor, [ticket.id], audit.Look("open", "127.0.0.1", None, REASON), stage.now)
