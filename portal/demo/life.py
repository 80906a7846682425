"""How a request of the year is lived through, from submit to its end, as its plan says."""

from collections.abc import Callable
from datetime import datetime, timedelta

from portal.demo import phrases
from portal.demo.case import DAY, Case
from portal.demo.plan import Plan
from portal.demo.stage import Script
from portal.tickets.lifecycle import Outcome, Status, Urgency

SIGN_MINUTES = 120  # after that the system signs


def life(case: Case, plan: Plan) -> Script:
    """The whole way of one accepted request."""
    yield plan.at
    case.urgency = plan.urgency
    case.submit()
    yield from dispatched(case)
    yield from received(case, plan)
    if plan.end in CUT_SHORT:
        yield from CUT_SHORT[plan.end](case)
        return
    if "reassigned" in plan.incidents:
        yield case.office(20, 120)
        case.reassign()
        yield from signed(case)
    if plan.incidents & {"returned", "return_refused"}:
        yield from returned(case, granted="returned" in plan.incidents)
    if plan.incidents & {"asked", "asked_lapsed"}:
        yield from asked(case, lapses="asked_lapsed" in plan.incidents)
    yield from worked(case, plan.incidents)
    yield from resolved(case, plan)
    yield from ENDS[plan.end](case, plan)


def dispatched(case: Case) -> Script:
    """A dispatcher sends on what no rule decided."""
    if case.ticket.status == Status.TRIAGE:
        yield case.office(12, 170)
        case.dispatch()


def received(case: Case, plan: Plan) -> Script:
    """The cadre signs, or the system does, and talks to the firm: in time or late."""
    base = case.stage.now
    limit = 120 if plan.urgency is Urgency.NORMAL else 60
    late = "contact_late" in plan.incidents
    talks = case.rng.uniform(limit * 1.1, limit * 3.2) if late else case.rng.uniform(8, limit * 0.8)
    steps: list[tuple[datetime, Callable[[], object]]] = [(case.stage.after(talks), case.contact)]
    if "unsigned" in plan.incidents:
        lapsed = case.stage.after(SIGN_MINUTES) + timedelta(seconds=2)
        steps.append((lapsed, lambda: case.expect(Status.IN_PROGRESS)))
    else:
        sign = case.rng.uniform(4, min(talks, 90))
        steps.append((case.stage.calendar.add_minutes(base, sign), case.sign))
    yield from case.at_times(steps)


def received_in_time(case: Case) -> Script:
    """The cadre signs and talks to the firm within the hour."""
    yield case.office(4, 20)
    case.sign()
    yield case.office(5, 30)
    case.contact()


def signed(case: Case) -> Script:
    """Another cadre takes it on."""
    yield case.office(5, 80)
    case.sign()


def returned(case: Case, *, granted: bool) -> Script:
    """The cadre wants to be rid of it; a dispatcher rules the same day."""
    yield case.office(10, 120)
    case.ask_return()
    before = case.ticket.department_id
    yield case.ruling()
    if not granted:
        case.refuse_return()
        return
    case.grant_return()
    yield case.office(8, 60)
    unit = case.cast.unit_for(case.category, case.firm)
    if unit is None or unit == before:
        unit = case.cast.another_unit(case.rng, before)
    case.dispatch(unit)
    yield case.office(5, 60)
    case.sign()
    yield case.office(3, 45)
    case.contact()


def asked(case: Case, *, lapses: bool) -> Script:
    """The firm is asked for something: it supplies, or says nothing for five working days."""
    yield case.office(30, 350)
    case.ask_info()
    if not lapses:
        yield case.firms_time(0.2, 2.8)
        case.supply()
        return
    unit = case.ticket.department_id
    yield case.due("supply") + timedelta(minutes=1)
    case.expect(Status.TRIAGE)
    yield case.office(20, 150)
    case.dispatch(unit, phrases.AGAIN)
    yield from signed(case)


def worked(case: Case, incidents: frozenset[str] | set[str] = frozenset()) -> Script:
    """The first answer and what comes with it."""
    if "reply_late" in incidents:
        yield case.stage.whole(case.due("reply") + timedelta(minutes=1))
        yield case.office(60, 900)
    else:
        left = case.stage.calendar.minutes_between(case.stage.now, case.due("reply"))
        yield case.office(min(30, left * 0.2), max(40, min(left * 0.9, 1000)))
    case.reply()
    if "noted" in incidents:
        yield case.office(20, 200)
        case.note()


def resolved(case: Case, plan: Plan) -> Script:
    """The resolution, in time or late, with urging and supervision on the way."""
    due = case.due("resolve")
    left = case.stage.calendar.minutes_between(case.stage.now, due)
    late = "late" in plan.incidents
    if late:
        at = case.stage.calendar.add_minutes(due, case.rng.uniform(0.4, 6) * DAY)
    else:
        share = case.rng.betavariate(1.5, 2.4) * max(0.0, left - 3 * DAY)
        at = case.stage.after(30 + share)
    yield from case.at_times(_on_the_way(case, plan, at, due if late else None))
    yield case.stage.whole(at)
    outcome, words = RESOLUTIONS.get(plan.end, (Outcome.SOLVED, None))
    case.resolve(outcome, words)
    yield from reviewed(case, sent_back="sent_back" in plan.incidents and not late)


def _on_the_way(
    case: Case, plan: Plan, at: datetime, due: datetime | None
) -> list[tuple[datetime, Callable[[], object]]]:
    """What happens before the resolution at `at`; `due` is given where it will be late."""
    now, calendar = case.stage.now, case.stage.calendar
    span = calendar.minutes_between(now, at)
    steps: list[tuple[datetime, Callable[[], object]]] = []
    for word, act in (("urged", case.urge), ("commented", case.comment)):
        if word in plan.incidents or (due and word == "urged" and case.rng.random() < 0.4):
            steps.append((case.stage.after(span * case.rng.uniform(0.3, 0.9)), act))
    if due and case.rng.random() < 0.4:
        order = calendar.add_minutes(due, 200)
        answer = calendar.add_minutes(order, 250)
        if answer < at:
            steps += [(order, case.supervise), (answer, case.answer_order)]
    return steps


def reviewed(case: Case, *, sent_back: bool = False) -> Script:
    """The reviewer approves, sometimes at the second reading."""
    if case.ticket.status != Status.IN_REVIEW:
        return
    yield case.office(15, 300)
    if sent_back:
        outcome = Outcome(case.ticket.proposed_outcome or Outcome.SOLVED)
        case.send_back()
        yield case.office(60, 350)
        case.resolve(outcome)
        yield case.office(15, 150)
    case.approve()


def next_round(case: Case) -> Script:
    """The second handling, quicker than the first."""
    yield case.office(8, 45)
    case.contact()
    yield case.office(60, 800)
    case.reply()
    yield case.stage.after(case.rng.uniform(0.5, 6) * DAY)
    case.resolve()
    yield from reviewed(case)
    yield case.firms_time(0.05, 3)
    case.confirm()


def solved(case: Case, plan: Plan) -> Script:
    """The firm says yes: at once, after a second round, or on the telephone."""
    if "call_back" in plan.incidents:
        yield from silent(case, plan)
        yield case.stage.after(case.rng.uniform(0.3, 3) * DAY)
        case.call_back()
        return
    yield case.firms_time(0.03, 3.4)
    if "disputed" in plan.incidents:
        case.dispute()
        yield from next_round(case)
        return
    case.confirm()
    if "reopened" in plan.incidents:
        yield case.firms_time(2, 9)
        case.reopen()
        yield from next_round(case)


def explained(case: Case, plan: Plan) -> Script:
    """The firm accepts that the policy does not allow it."""
    yield case.firms_time(0.5, 3)
    case.confirm()


def silent(case: Case, plan: Plan) -> Script:
    """The firm says nothing until the system closes it."""
    yield case.due("confirm") + timedelta(minutes=1)
    case.expect(Status.CLOSED)


def withdrawn(case: Case) -> Script:
    """The firm needs it no longer."""
    yield case.firms_time(1, 3)
    case.withdraw(phrases.WITHDRAWN)


def transferred(case: Case) -> Script:
    """A court has the matter."""
    yield case.stage.after(2.2 * DAY)
    case.transfer()


def terminated(case: Case) -> Script:
    """The firm has left the town."""
    yield case.stage.after(1.4 * DAY)
    case.reply()
    yield case.stage.after(6.3 * DAY)
    case.terminate()


CUT_SHORT: dict[str, Callable[[Case], Script]] = {
    "withdrawn": withdrawn,
    "transferred": transferred,
    "terminated": terminated,
}
ENDS: dict[str, Callable[[Case, Plan], Script]] = {
    "solved": solved,
    "explained": explained,
    "explained_unconfirmed": silent,
    "unconfirmed": silent,
}
RESOLUTIONS: dict[str, tuple[Outcome, str]] = {
    "explained": (Outcome.EXPLAINED, phrases.EXPLAINED),
    "explained_unconfirmed": (Outcome.EXPLAINED, phrases.EXPLAINED_LAND),
}
