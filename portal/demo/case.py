"""One request on the stage: each method does one verb as a person who may, at the stage's time."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.auth.roles import Actor
from portal.demo import phrases
from portal.demo.cast import Cast, PlayedFirm
from portal.demo.problems import Problem, Talk, problem, talk
from portal.demo.stage import PlayError, Script, Stage
from portal.extensions import db
from portal.sla.models import Clock
from portal.tickets.lifecycle import Outcome, Status, Urgency
from portal.tickets.models import Ticket
from portal.tickets.petition_rules import decide_by
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    extension,
    handle,
    hold,
    review,
    submit,
    triage,
)
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording

LOCAL = ZoneInfo("Asia/Shanghai")
DAY = 450  # working minutes of a working day


class Case:
    """A request of one firm; `rng` decides its words and its small waits."""

    def __init__(self, stage: Stage, cast: Cast, rng: Random, firm: PlayedFirm, category: str):
        self.stage = stage
        self.cast = cast
        self.rng = rng
        self.firm = firm
        self.category = category
        self.urgency = Urgency.NORMAL
        self.nth: int | None = None
        self.problem: Problem | None = None
        self._ticket: Ticket | None = None

    # Who and where

    @property
    def ticket(self) -> Ticket:
        """The row, once it is submitted."""
        if self._ticket is None:
            raise PlayError("this request has not been submitted")
        return self._ticket

    @property
    def talk(self) -> Talk:
        """What is said on the way in this category."""
        return talk()[self.category]

    @property
    def cadre(self) -> Actor:
        """Who handles it now."""
        if self.ticket.assignee_id is None:
            raise PlayError(f"{self.ticket.number} has no cadre while {self.ticket.status}")
        return self.cast.cadres[self.ticket.assignee_id]

    @property
    def reviewer(self) -> Actor:
        """Who approves what its unit resolves."""
        return self.cast.reviewers[self.ticket.department_id or 0]

    def ask(self, actor: Actor) -> Ask:
        """The wish of a person at the stage's time."""
        return Ask(actor, self.ticket.id, self.stage.now)

    def expect(self, *statuses: Status) -> None:
        """PlayError unless the request stands where the script thinks it does."""
        if self.ticket.status not in statuses:
            raise PlayError(
                f"{self.ticket.number} is {self.ticket.status} at {self.stage.now}, "
                f"the script expected {' or '.join(statuses)}"
            )

    def due(self, kind: str) -> datetime:
        """The due of the running clock of a kind."""
        self.stage.session.flush()
        query = select(Clock.due_at).where(
            Clock.ticket_id == self.ticket.id, Clock.kind == kind, Clock.state == "running"
        )
        return db.session.scalars(query).one()

    # Waiting

    def office(self, low: float, high: float) -> datetime:
        """Some working minutes from now."""
        return self.stage.after(self.rng.uniform(low, high))

    def ruling(self) -> datetime:
        """When a dispatcher rules on what is asked now: soon, and the same working day."""
        last = decide_by("return", self.stage.calendar, self.stage.now)
        return min(self.office(15, 120), last)

    def firms_time(self, low: float, high: float) -> datetime:
        """Some working days from now; a firm answers in the evening, too."""
        at = self.stage.after(self.rng.uniform(low, high) * DAY)
        if self.rng.random() < 0.2:
            evening = at.astimezone(LOCAL).replace(hour=19, minute=0, second=0, microsecond=0)
            at = max(at, evening + timedelta(seconds=self.rng.randrange(3 * 3600)))
        return at

    def at_times(self, steps: Iterable[tuple[datetime, Callable[[], object]]]) -> Script:
        """Does each step at its instant, in the order of the instants."""
        for at, step in sorted(steps, key=lambda one: one[0]):
            yield max(at, self.stage.now)
            step()

    # The firm

    def submit(self, written: Problem | None = None) -> None:
        """The firm writes and the relay routes."""
        firm, now = self.firm, self.stage.now
        self.problem = written or problem(
            self.rng, self.category, firm.region, firm.chain, now, self.nth
        )
        wording = Wording(
            title=self.problem.title,
            category_id=self.cast.categories[self.category],
            urgency=self.urgency,
            description=self.problem.description,
            contact_name=firm.actor.name,
            contact_phone=firm.phone,
        )
        self._ticket = submit.submit(firm.actor, wording, now)
        self.stage.session.flush()
        self.stage.route(self._ticket.id)

    def supply(self) -> None:
        """The firm answers what was asked."""
        applicant.supply_info(self.ask(self.firm.actor), self.talk.answer)

    def urge(self) -> None:
        """The firm urges, where it still can."""
        if self.ticket.status in (Status.ASSIGNED, Status.IN_PROGRESS, Status.TRIAGE):
            applicant.urge(self.ask(self.firm.actor), self.rng.choice(phrases.URGES))

    def comment(self) -> None:
        """The firm adds a word."""
        if self.ticket.status != Status.NEEDS_INFO:
            applicant.comment(self.ask(self.firm.actor), self.rng.choice(phrases.COMMENTS))

    def withdraw(self, reason: str) -> None:
        """The firm takes it back."""
        applicant.withdraw(self.ask(self.firm.actor), reason)

    def confirm(self) -> None:
        """The firm says yes and rates."""
        [rating] = self.rng.choices((5, 4, 3, 2), (60, 29, 9, 2))
        words = phrases.PRAISE if rating > 3 else phrases.FAIR if rating == 3 else phrases.POOR
        confirmation.confirm(self.ask(self.firm.actor), rating, self.rng.choice(words))

    def dispute(self) -> None:
        """The firm says no and why."""
        rating = self.rng.choice((3, 2, 2, 1))
        confirmation.dispute(self.ask(self.firm.actor), rating, self.talk.doubt)

    def reopen(self) -> None:
        """The firm asks for another round."""
        confirmation.reopen(self.ask(self.firm.actor), phrases.REOPENED)

    # The cadre and the reviewer

    def sign(self) -> None:
        """The cadre signs, unless the system was first."""
        if self.ticket.status == Status.ASSIGNED:
            handle.sign(self.ask(self.cadre))

    def contact(self) -> None:
        """The cadre talks to the firm."""
        [method] = self.rng.choices(("phone", "visit", "meeting", "message"), (70, 18, 4, 8))
        handle.record_contact(self.ask(self.cadre), method, self.talk.contact)

    def reply(self) -> None:
        """The cadre says how it goes on."""
        handle.reply(self.ask(self.cadre), self.talk.progress)

    def note(self) -> None:
        """The cadre notes something for colleagues."""
        handle.note(self.ask(self.cadre), self.talk.note)

    def ask_info(self) -> None:
        """The cadre asks the firm for what is missing."""
        handle.ask_info(self.ask(self.cadre), self.talk.question)

    def ask_return(self) -> None:
        """The cadre asks the dispatcher to take it back."""
        code = self.rng.choice(list(phrases.RETURN_REASONS))
        handle.ask_return(self.ask(self.cadre), code, phrases.RETURN_REASONS[code])

    def ask_extension(self) -> None:
        """The cadre asks for five more working days."""
        extension.ask_extension(self.ask(self.cadre), 5, *phrases.EXTENSION)

    def ask_hold(self) -> None:
        """The cadre promises to go on in four weeks, and a report in two."""
        days = (self.stage.calendar.add_days(self.stage.now, n) for n in (20, 10))
        until, report = (at.astimezone(LOCAL).date() for at in days)
        cadre = self.cadre
        hold.ask_hold(self.ask(cadre), *phrases.HOLD, until, report, cadre.id or 0)

    def hold(self) -> None:
        """A supervisor grants it."""
        supervisor = self.rng.choice(self.cast.supervisors)
        hold.hold(self.ask(supervisor), phrases.GRANTED)

    def resolve(self, outcome: Outcome = Outcome.SOLVED, reply: str | None = None) -> None:
        """The cadre proposes how it ends."""
        if reply is None:
            first = self.ticket.round == 1 and self.problem is not None
            reply = self.problem.reply if first and self.problem else self.talk.again
        note = self.rng.choice(phrases.SOLVED_NOTES)
        handle.resolve(self.ask(self.cadre), outcome, reply, note)

    def approve(self) -> None:
        """The reviewer lets it go to the firm."""
        review.approve(self.ask(self.reviewer))

    def send_back(self) -> None:
        """The reviewer wants more."""
        review.send_back(self.ask(self.reviewer), self.rng.choice(phrases.SENT_BACK))

    def reassign(self) -> None:
        """The reviewer gives it to a colleague in the same unit."""
        unit, present = self.ticket.department_id, self.ticket.assignee_id
        others = [c.id for c in self.cast.cadres.values() if c.department_id == unit]
        chosen = self.rng.choice([c for c in others if c is not None and c != present])
        assign.reassign(self.ask(self.reviewer), chosen, phrases.REASSIGNED)

    def answer_order(self) -> None:
        """The cadre answers the supervision order."""
        if self.ticket.order_pending:
            handle.answer_order(self.ask(self.cadre), phrases.ORDER_ANSWER)

    # Dispatchers and supervisors

    def dispatch(self, unit: int | None = None, reason: str | None = None) -> None:
        """A dispatcher sends it to a unit, by default to the one the rules name or to any."""
        chosen = unit or self.cast.unit_for(self.category, self.firm)
        chosen = chosen or self.rng.choice(list(self.cast.departments.values()))
        words = reason or self.rng.choice(phrases.DISPATCHED)
        assign.dispatch(self.ask(self._dispatcher()), chosen, None, words)

    def ask_info_first(self) -> None:
        """A dispatcher asks before it is sent anywhere."""
        handle.ask_info(self.ask(self._dispatcher()), self.talk.question)

    def reject(self, code: str, channel: str, text: str) -> None:
        """A dispatcher says that it does not belong here, and what does."""
        triage.reject(self.ask(self._dispatcher()), code, channel, text)

    def merge(self, into: str) -> None:
        """A dispatcher puts it to another one of the same firm."""
        triage.merge(self.ask(self._dispatcher()), into, phrases.DUPLICATE)

    def transfer(self) -> None:
        """A dispatcher hands it to the body that decides it."""
        triage.transfer(self.ask(self._dispatcher()), phrases.TRANSFER_TO, phrases.TRANSFERRED)

    def grant_return(self) -> None:
        """A dispatcher takes it back to triage."""
        triage.grant_return(self.ask(self._dispatcher()), phrases.GRANTED)

    def refuse_return(self) -> None:
        """A dispatcher leaves it where it is."""
        triage.refuse_return(self.ask(self._dispatcher()), phrases.REFUSED)

    def supervise(self) -> None:
        """A supervisor issues an order, unless one is open or it is closed."""
        if self.ticket.status != Status.CLOSED and not self.ticket.order_pending:
            triage.supervise(self.ask(self.rng.choice(self.cast.supervisors)), phrases.ORDER)

    def terminate(self) -> None:
        """A supervisor ends what cannot go on."""
        triage.terminate(self.ask(self.rng.choice(self.cast.supervisors)), phrases.TERMINATED)

    def call_back(self) -> None:
        """A supervisor telephones a silent firm, which says yes."""
        who = self.rng.choice(self.cast.supervisors)
        confirmation.call_back(self.ask(who), True, phrases.CALL_BACK)

    def _dispatcher(self) -> Actor:
        return self.rng.choice(self.cast.dispatchers)
