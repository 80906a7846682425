"""Plays sealed tickets in every state beside ordinary ones."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.auth import service as accounts
from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.db import transaction, utcnow
from portal.directory import service as directory
from portal.directory.changes import Editor
from portal.directory.models import Department
from portal.extensions import db
from portal.kpi import job as rollup
from portal.kpi.periods import Period, local_day
from portal.outbox import relay
from portal.problems.service import gathering, linking
from portal.sla.sweep import sweep
from portal.supervision import archive, job, making, service
from portal.tickets.file_models import Attachment
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    extension,
    handle,
    handover,
    review,
    seal,
    submit,
    triage,
)
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import MONDAY, Town, make_enterprise, make_rule, make_user

TITLE, WORDS, FILE = "索要赞助才给验收", "队员以停产整顿相威胁", "举报录音.pdf"
FIRM, CONTACT, PHONE = "隐身机械有限公司", "匿名联系人", "13611112222"
HOUR = timedelta(hours=1)


class Sealed:
    """A town with a unit complained about, and what it must not learn of."""

    def __init__(self, town: Town) -> None:
        self.town, self.now = town, utcnow() - HOUR
        self.finance, self.labour = town.departments["finance"], town.departments["labour"]
        self._people()
        self.open = [self._triage(MONDAY), self._handled(self.now)]
        self.moved, self.later = self._moved(), self._later()
        self.closed = self._closed()
        self._supplied()
        ids = [*self.open, self.moved, self.later, self.closed]
        query = select(Ticket.number).where(Ticket.id.in_(ids)).order_by(Ticket.id)
        self.numbers = list(db.session.scalars(query))

    @property
    def identity(self) -> list[str]:
        """What tells whose they are."""
        return [FIRM, self.uscc, CONTACT, PHONE]

    @property
    def needles(self) -> list[str]:
        """All that would be a trace."""
        return [*self.numbers, *self.identity, TITLE, WORDS, FILE.removesuffix(".pdf")]

    def _people(self) -> None:
        town = self.town
        firm = make_enterprise(FIRM, town.region_id, town.chain_id)
        firm.contact_name, firm.contact_phone, self.uscc = CONTACT, PHONE, firm.uscc
        above = Department(name="市金融办")
        db.session.add(above)
        db.session.flush()
        db.session.get_one(Department, self.finance).parent_id = above.id
        squad = Department(name="市金融局执法队", parent_id=self.finance)
        db.session.add(squad)
        db.session.flush()
        made = (
            ("whistle", Role.APPLICANT, CONTACT, {"enterprise_id": firm.id}),
            ("above", Role.REVIEWER, "上级", {"department_id": above.id}),
            ("squad", Role.REVIEWER, "队长", {"department_id": squad.id}),
            ("mover", Role.CADRE, "调任", {"department_id": self.labour}),
            ("chief", Role.REVIEWER, "人社局长", {"department_id": self.labour}),
        )
        for name, role, called, place in made:
            town.people[name] = make_user(name, role, called, **place).actor
        make_rule(self.labour, category_id=town.categories["用工社保"])
        db.session.commit()

    def _file(self, at: datetime, category: str, about: int | None, who: Actor) -> int:
        words = Wording(
            title=TITLE if who.name == CONTACT else "银行不再续贷",
            category_id=self.town.categories[category],
            urgency=Urgency.NORMAL,
            description=f"{WORDS}，贷款到期后银行不再续贷。"
            if who.name == CONTACT
            else "贷款到期。",
            contact_name=who.name,
            contact_phone=PHONE if who.name == CONTACT else "13800001111",
            sealed=about is not None,
            sealed_about_id=about,
        )
        with transaction():
            ticket_id = submit.submit(who, words, at).id
        relay.drain(lambda: at)
        return ticket_id

    def _do(self, who: Actor, ticket_id: int, at: datetime, verb: Any, *words: Any) -> None:
        with transaction():
            verb(Ask(who, ticket_id, at), *words)

    def _triage(self, at: datetime) -> int:
        """The rule leads to the unit complained about; it is long overdue."""
        ticket_id = self._file(at, "融资", self.finance, self.town.whistle)
        self._do(self.town.whistle, ticket_id, at, applicant.comment, f"{WORDS}。")
        self._do(self.town.whistle, ticket_id, at, applicant.urge, f"{WORDS}。")
        return ticket_id

    def _handled(self, at: datetime) -> int:
        """With another unit's cadre, whose deputy is of the unit complained about."""
        town = self.town
        ticket_id = self._file(at, "用工社保", self.finance, town.whistle)
        if db.session.get_one(Ticket, ticket_id).assignee_id != town.labour.id:
            self._do(town.supervisor, ticket_id, at, assign.reassign, town.labour.id, "请办")
        self._do(town.labour, ticket_id, at, handle.sign)
        self._do(town.labour, ticket_id, at, handle.reply, f"已核实{WORDS}。")
        self._do(town.labour, ticket_id, at, handle.note, f"内部：{WORDS}")
        self._do(town.labour, ticket_id, at, extension.ask_extension, 3, "approval", WORDS)
        self._do(town.supervisor, ticket_id, at, triage.supervise, f"请说明{WORDS}")
        self._attach(ticket_id)
        day = local_day(utcnow())
        with transaction():
            leave = directory.add_leave(
                Editor(town.admin.id, at), town.labour.id or 0, town.cadre.id, day, day
            )
            handover.offer(leave.id, utcnow())
        return ticket_id

    def _attach(self, ticket_id: int) -> None:
        name = "f" * 32
        Path(current_app.config["UPLOAD_DIR"], name).write_bytes(b"%PDF-1.4")
        with transaction() as session:
            row = {"name": FILE, "media_type": "application/pdf", "size": 8, "sha256": "0" * 64}
            session.add(
                Attachment(
                    **(row | {"ticket_id": ticket_id, "event_seq": 1, "stored_name": name}),
                    uploaded_by_id=self.town.whistle.id,
                )
            )

    def _moved(self) -> int:
        """Its cadre has come to the unit complained about; nothing has been looked at since."""
        town = self.town
        ticket_id = self._file(self.now, "用工社保", self.finance, town.whistle)
        if db.session.get_one(Ticket, ticket_id).assignee_id != town.mover.id:
            self._do(town.supervisor, ticket_id, self.now, assign.reassign, town.mover.id, "请办")
        relay.drain(utcnow)
        self._do(town.mover, ticket_id, self.now, handle.sign)
        with transaction():
            fields = (town.mover.id or 0, town.mover.name, None, self.finance)
            accounts.update_user(Editor(town.admin.id, utcnow()), *fields)
        town.people["mover"] = db.session.get_one(User, town.mover.id).actor
        return ticket_id

    def _later(self) -> int:
        """The unit had it, told of it, linked it and gathered it before the firm sealed it."""
        town = self.town
        ticket_id = self._file(MONDAY, "融资", None, town.whistle)
        other = self._file(MONDAY, "融资", None, town.firm)
        holder = db.session.get_one(User, db.session.get_one(Ticket, ticket_id).assignee_id).actor
        self._do(holder, ticket_id, MONDAY, handle.sign)
        number = db.session.get_one(Ticket, ticket_id).number
        self._do(town.dispatcher, other, MONDAY, linking.link, number, "同一件事")
        described = gathering.Described("续贷难", "银行不续贷", town.cadre.id or 0)
        with transaction():
            gathering.create(town.dispatcher, described, [ticket_id, other], MONDAY)
        sweep(utcnow())
        relay.drain(lambda: utcnow() + timedelta(days=7))
        self._do(town.whistle, ticket_id, self.now, seal.seal, self.finance)
        relay.drain(utcnow)
        return ticket_id

    def _closed(self) -> int:
        """Handled elsewhere to the firm's yes."""
        town = self.town
        ticket_id = self._file(MONDAY, "其他", self.finance, town.whistle)
        wanted = self.labour, town.labour.id, "请办"
        self._do(town.dispatcher, ticket_id, MONDAY, assign.dispatch, *wanted)
        self._do(town.labour, ticket_id, MONDAY, handle.sign)
        words = Outcome.SOLVED, f"已查处{WORDS}", WORDS
        self._do(town.labour, ticket_id, MONDAY + HOUR, handle.resolve, *words)
        self._do(town.chief, ticket_id, MONDAY + HOUR, review.approve)
        self._do(town.whistle, ticket_id, MONDAY + HOUR, confirmation.confirm, 5, WORDS)
        return ticket_id

    def _supplied(self) -> None:
        """Ordinary tickets of the unit, late ones among them; figures, alerts and bulletins."""
        for at in (MONDAY, self.now, self.now):
            self._file(at, "融资", None, self.town.firm)
        sweep(utcnow())
        relay.drain(lambda: utcnow() + timedelta(days=7), kinds=("notify",))
        rollup.bring_up(utcnow)
        watched(self.town)


def watched(town: Town) -> None:
    """A threshold that is crossed, and the bulletin of the month of most of the tickets."""
    now = utcnow()
    with transaction():
        wanted = service.Wanted("close_rate", "all", "", "rolling", "lower", 90, 80, 1)
        service.add(town.supervisor, wanted, now)
        archive.ask("month", Period.of_month(MONDAY.year, MONDAY.month), now)
    job.work(lambda: now)
    making.work(Path(current_app.config["UPLOAD_DIR"]), clock=lambda: now)
