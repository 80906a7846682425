"""What is left under a mask, and who sees a contact without one: every role × status."""

from itertools import product

import pytest

from portal import masks
from portal.auth.roles import Actor, Role
from portal.tickets.contact_rules import handles
from portal.tickets.lifecycle import Status
from portal.tickets.policy import Facts


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812341234", "138****1234"),
        ("0635-8281234", "063****1234"),
        ("12345", "****"),
        ("–", "–"),
        ("", "–"),
        (None, "–"),
    ],
)
def test_a_number_keeps_its_ends(number: str | None, shown: str) -> None:
    assert masks.phone(number) == shown


def test_identity_and_mobile_numbers_are_hidden_in_a_line() -> None:
    line = "王经理 37250119800101123X,手机13812341234,工号 1234567"
    assert masks.numbers(line) == "王经理 372***********123X,手机138****1234,工号 1234567"
    assert [masks.name(one) for one in ("王经理", "王", "", None)] == ["王**", "王", "", ""]


OPEN_TO = {
    Role.APPLICANT: set(Status),
    Role.CADRE: set(Status),
    Role.REVIEWER: {Status.IN_REVIEW},
    Role.DISPATCHER: {Status.SUBMITTED, Status.TRIAGE},
}


@pytest.mark.parametrize(("role", "status"), list(product(Role, Status)))
def test_only_who_has_to_call_the_firm_sees_its_contact(role: Role, status: Status) -> None:
    facts = Facts(status, enterprise_id=1, department_id=2, assignee_id=3)
    own = Actor(3, role, "某某", department_id=2, enterprise_id=1)
    assert handles(own, facts) is (status in OPEN_TO.get(role, set()))
    other = Actor(4, role, "某某", department_id=9, enterprise_id=9)
    dispatches = role is Role.DISPATCHER and status in OPEN_TO[role]
    assert handles(other, facts) is dispatches


def test_returns_questions_and_call_backs_need_the_contact_again() -> None:
    dispatcher, leader = Actor(1, Role.DISPATCHER, "派"), Actor(2, Role.LEADER, "督")
    waiting = Facts(Status.ASSIGNED, 1, assignee_id=3, return_pending=True)
    asked = Facts(Status.NEEDS_INFO, 1)
    silent = Facts(Status.CLOSED, 1, assignee_id=3, unconfirmed=True)
    assert [handles(dispatcher, one) for one in (waiting, asked, silent)] == [True, True, False]
    assert [handles(leader, one) for one in (waiting, asked, silent)] == [False, False, True]
