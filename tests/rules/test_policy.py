"""Role × action for own tickets and for others', and the states that refuse (domain.md §7)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from portal.auth.roles import Actor, Role
from portal.errors import InvalidTransition, NotAllowed
from portal.tickets.lifecycle import OPEN, Action, Outcome, Status, targets
from portal.tickets.policy import Facts, allowed, ensure

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
OVERSEE = (
    "supervise elevate reassign transfer terminate call_back note redirect refuse_return"
    " grant_extension refuse_extension hold refuse_hold ask_exclusion grant_exclusion"
    " refuse_exclusion link unlink join_problem leave_problem reveal"
)
MAY: dict[Role, str] = {
    Role.APPLICANT: ("supply_info comment vouch urge withdraw confirm dispute reopen seal unseal"),
    Role.CADRE: (
        "sign record_contact reply note ask_info resolve ask_return answer_order resume"
        " ask_extension ask_hold answer_problem"
    ),
    Role.REVIEWER: "approve send_back reassign note",
    Role.DISPATCHER: (
        "dispatch ask_info reject transfer merge reassign return refuse_return note"
        " link unlink split join_problem leave_problem recategorise reveal"
    ),
    Role.SUPERVISOR: OVERSEE,
    Role.LEADER: OVERSEE,
    Role.ADMIN: "",
    Role.SECURITY_ADMIN: "",
    Role.AUDITOR: "",
    Role.NONE: "",
    Role.SYSTEM: (
        "route sign lapse resume warn breach remind expire recompute supervise elevate wait offer"
        " recuse"
    ),
}
# The relation that the role's rights need; the others act on any ticket they can see.
BOUND = (Role.APPLICANT, Role.CADRE, Role.REVIEWER)
FIRM, DEPARTMENT, ME = 7, 3, 11


def actor(role: Role) -> Actor:
    return Actor(
        id=None if role is Role.SYSTEM else ME,
        role=role,
        name="某人",
        department_id=DEPARTMENT if role in (Role.CADRE, Role.REVIEWER) else None,
        enterprise_id=FIRM if role is Role.APPLICANT else None,
    )


PENDING = {
    "return_pending": {Action.RETURN, Action.REFUSE_RETURN, Action.REDIRECT},
    "extension_pending": {Action.GRANT_EXTENSION, Action.REFUSE_EXTENSION},
    "hold_pending": {Action.HOLD, Action.REFUSE_HOLD},
    "vouch_pending": {Action.VOUCH},
}


def facts(status: Status, action: Action, role: Role = Role.DISPATCHER) -> Facts:
    """A ticket that is the actor's own, in a state that lets the action through."""
    exclusion = action in (Action.GRANT_EXCLUSION, Action.REFUSE_EXCLUSION)
    return Facts(
        status=status,
        enterprise_id=FIRM,
        department_id=DEPARTMENT,
        assignee_id=ME,
        author_id=99,
        outcome=Outcome.SOLVED if status is Status.CLOSED else None,
        unconfirmed=status is Status.CLOSED,
        reopen_until=NOW + timedelta(days=1),
        **{name: action in actions for name, actions in PENDING.items()},
        exclusion_asked_by=98 if exclusion else None,
        returned=1 if role in (Role.SUPERVISOR, Role.LEADER) else 0,
        order_pending=action is Action.ANSWER_ORDER,
        sealed=action in (Action.UNSEAL, Action.REVEAL),
        problem_owner_id=ME,
    )


def status_for(action: Action, role: Role) -> Status:
    """A status in which the action is listed; the cadre asks later than the dispatcher."""
    if action is Action.ASK_INFO:
        return Status.IN_PROGRESS if role is Role.CADRE else Status.TRIAGE
    return next(status for status in Status if targets(status, action))


PAIRS = [(role, action) for role, action in product(Role, Action) if action is not Action.SUBMIT]


@pytest.mark.parametrize(("role", "action"), PAIRS)
def test_each_role_may_do_what_the_table_says_to_its_own_tickets(role: Role, action: Action):
    ticket = facts(status_for(action, role), action, role)
    if action in MAY[role].split():
        ensure(action, actor(role), ticket, NOW)
        assert action in allowed(actor(role), ticket, NOW)
    else:
        with pytest.raises(NotAllowed):
            ensure(action, actor(role), ticket, NOW)
        assert action not in allowed(actor(role), ticket, NOW)


@pytest.mark.parametrize(("role", "action"), PAIRS)
def test_a_bound_role_may_do_nothing_to_the_tickets_of_others(role: Role, action: Action):
    ticket = replace(
        facts(status_for(action, role), action, role),
        enterprise_id=FIRM + 1,
        department_id=DEPARTMENT + 1,
        assignee_id=ME + 1,
        problem_owner_id=ME + 1,
    )
    if action in MAY[role].split() and role not in BOUND:
        ensure(action, actor(role), ticket, NOW)
    else:
        with pytest.raises(NotAllowed):
            ensure(action, actor(role), ticket, NOW)
        assert not allowed(actor(role), ticket, NOW) or role not in BOUND


def test_a_ticket_without_a_unit_belongs_to_no_reviewer_and_no_cadre():
    nobodys = replace(facts(Status.TRIAGE, Action.NOTE), department_id=None, assignee_id=None)
    for role in (Role.CADRE, Role.REVIEWER):
        loose = replace(actor(role), department_id=None)
        assert allowed(loose, nobodys, NOW) == []


@pytest.mark.parametrize("role", Role)
def test_what_is_allowed_is_exactly_what_ensure_lets_through(role: Role):
    for status in Status:
        ticket = facts(status, Action.NOTE)
        offered = allowed(actor(role), ticket, NOW)
        for action in Action:
            try:
                ensure(action, actor(role), ticket, NOW)
                passed = True
            except (NotAllowed, InvalidTransition):
                passed = False
            assert (action in offered) == passed


REFUSED: list[tuple[Role, Action, Status, dict]] = [
    (Role.REVIEWER, Action.APPROVE, Status.IN_REVIEW, {"author_id": ME}),
    (Role.APPLICANT, Action.URGE, Status.ASSIGNED, {"urged": True}),
    (Role.APPLICANT, Action.VOUCH, Status.ASSIGNED, {"vouch_pending": False}),
    (Role.APPLICANT, Action.REOPEN, Status.CLOSED, {"outcome": Outcome.REJECTED}),
    (Role.APPLICANT, Action.REOPEN, Status.CLOSED, {"outcome": Outcome.WITHDRAWN}),
    (Role.APPLICANT, Action.REOPEN, Status.CLOSED, {"reopen_until": None}),
    (Role.APPLICANT, Action.REOPEN, Status.CLOSED, {"reopen_until": NOW - timedelta(seconds=1)}),
    (Role.SUPERVISOR, Action.CALL_BACK, Status.CLOSED, {"unconfirmed": False}),
    (Role.SUPERVISOR, Action.CALL_BACK, Status.CLOSED, {"assignee_id": None}),
    (Role.CADRE, Action.ASK_RETURN, Status.ASSIGNED, {"return_pending": True}),
    (Role.DISPATCHER, Action.RETURN, Status.ASSIGNED, {"return_pending": False}),
    (Role.DISPATCHER, Action.REFUSE_RETURN, Status.ASSIGNED, {"return_pending": False}),
    (Role.CADRE, Action.ANSWER_ORDER, Status.IN_PROGRESS, {"order_pending": False}),
    (Role.SUPERVISOR, Action.SUPERVISE, Status.IN_PROGRESS, {"order_pending": True}),
    (Role.DISPATCHER, Action.ASK_INFO, Status.IN_PROGRESS, {}),
    (Role.CADRE, Action.ASK_INFO, Status.TRIAGE, {}),
    (Role.DISPATCHER, Action.RETURN, Status.ASSIGNED, {"returned": 1}),
    (Role.DISPATCHER, Action.REFUSE_RETURN, Status.ASSIGNED, {"returned": 1}),
    (Role.SUPERVISOR, Action.REFUSE_RETURN, Status.ASSIGNED, {"returned": 0}),
    (Role.LEADER, Action.REDIRECT, Status.ASSIGNED, {"returned": 0}),
    (Role.SUPERVISOR, Action.REDIRECT, Status.ASSIGNED, {"return_pending": False, "returned": 1}),
    (Role.CADRE, Action.ASK_EXTENSION, Status.IN_PROGRESS, {"extension_pending": True}),
    (Role.LEADER, Action.GRANT_EXTENSION, Status.IN_PROGRESS, {"extension_pending": False}),
    (Role.SUPERVISOR, Action.GRANT_EXTENSION, Status.IN_PROGRESS, {"extended": 1}),
    (Role.SUPERVISOR, Action.REFUSE_EXTENSION, Status.IN_PROGRESS, {"extended": 1}),
    (Role.CADRE, Action.ASK_HOLD, Status.IN_PROGRESS, {"hold_pending": True}),
    (Role.SUPERVISOR, Action.HOLD, Status.IN_PROGRESS, {"hold_pending": False}),
    (Role.SUPERVISOR, Action.REFUSE_HOLD, Status.IN_PROGRESS, {"hold_pending": False}),
    (Role.LEADER, Action.ASK_EXCLUSION, Status.CLOSED, {"exclusion_asked_by": 98}),
    (Role.LEADER, Action.GRANT_EXCLUSION, Status.CLOSED, {"exclusion_asked_by": None}),
    (Role.LEADER, Action.GRANT_EXCLUSION, Status.CLOSED, {"exclusion_asked_by": ME}),
    (Role.LEADER, Action.REFUSE_EXCLUSION, Status.CLOSED, {"exclusion_asked_by": ME}),
    (Role.APPLICANT, Action.UNSEAL, Status.ASSIGNED, {"sealed": False}),
    (Role.LEADER, Action.REVEAL, Status.CLOSED, {"sealed": False}),
    (Role.DISPATCHER, Action.MERGE, Status.TRIAGE, {"sealed": True}),
    (Role.DISPATCHER, Action.SPLIT, Status.TRIAGE, {"sealed": True}),
    (Role.SUPERVISOR, Action.LINK, Status.ASSIGNED, {"sealed": True}),
    (Role.SUPERVISOR, Action.JOIN_PROBLEM, Status.ASSIGNED, {"sealed": True}),
    (Role.CADRE, Action.ANSWER_PROBLEM, Status.IN_PROGRESS, {"sealed": True}),
]


@pytest.mark.parametrize(("role", "action", "status", "change"), REFUSED)
def test_a_state_that_refuses_says_why_in_a_sentence(
    role: Role, action: Action, status: Status, change: dict
):
    ticket = replace(facts(status, action), **change)
    with pytest.raises(InvalidTransition) as error:
        ensure(action, actor(role), ticket, NOW)
    assert error.value.message.endswith("。")
    assert (error.value.from_status, error.value.action) == (status, action)


def test_a_second_extension_is_the_leaders() -> None:
    ticket = replace(facts(Status.IN_PROGRESS, Action.GRANT_EXTENSION), extended=1)
    ensure(Action.GRANT_EXTENSION, actor(Role.LEADER), ticket, NOW)


def test_the_last_instant_of_reopening_is_in_time():
    ticket = replace(facts(Status.CLOSED, Action.REOPEN), reopen_until=NOW)
    ensure(Action.REOPEN, actor(Role.APPLICANT), ticket, NOW)


def test_an_unlisted_pair_is_no_matter_of_rights():
    for status in OPEN - {Status.IN_REVIEW}:
        with pytest.raises(InvalidTransition):
            ensure(Action.APPROVE, actor(Role.REVIEWER), facts(status, Action.APPROVE), NOW)
