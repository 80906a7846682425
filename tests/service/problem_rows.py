"""A row in each table of similar tickets and common problems, for the test of the migrations."""

from portal.db import transaction
from portal.problems import fingerprints
from portal.problems.models import (
    Problem,
    ProblemAnswer,
    ProblemDelivery,
    ProblemMember,
    ProblemSuggestion,
)
from portal.problems.service import linking
from tests.factories import MONDAY, Town
from tests.service.stages import Play


def make_problem(town: Town, one: Play, other: Play) -> None:
    """Two linked tickets, a common problem with an answer on its way, and a suggested group."""
    ids = [one.ticket_id, other.ticket_id]
    one.do(linking.link, town.dispatcher, other.ticket.number, "同一件事")
    owner = town.cadre.id or 0
    with transaction() as session:
        fingerprints.count_grams(MONDAY)
        session.add(ProblemSuggestion(ticket_ids=ids, firms=2, made_at=MONDAY))
        people = {"created_by_id": owner, "changed_by_id": owner, "owner_id": owner}
        problem = Problem(
            name="续贷难", description="银行不续贷", created_at=MONDAY, changed_at=MONDAY, **people
        )
        answer = ProblemAnswer(
            problem=problem, text="已协调。", answered_by_id=owner, answered_at=MONDAY
        )
        member = ProblemMember(
            problem=problem, ticket_id=ids[0], added_by_id=owner, added_at=MONDAY
        )
        session.add_all([member, ProblemDelivery(answer=answer, ticket_id=ids[0])])
