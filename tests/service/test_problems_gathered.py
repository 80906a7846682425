"""Common problems: members, one answer to all, figures, suggested groups (domain.md §6.8)."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.auth.roles import Actor
from portal.db import transaction, utcnow
from portal.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from portal.extensions import db
from portal.outbox import relay
from portal.outbox.models import Message
from portal.outbox.service import ANSWER_PROBLEM
from portal.problems import looking, problem_queries, queries, showing
from portal.problems.models import ProblemAnswer, ProblemDelivery, ProblemMember, ProblemSuggestion
from portal.problems.service import answering, gathering, suggesting
from portal.problems.service.gathering import Described
from portal.tickets.lifecycle import Outcome
from tests.factories import MONDAY, Town, make_enterprise, make_user
from tests.service.stages import Play, assigned, file
from tests.service.test_problems_similar import AGAIN, LAMP, SMOKE, say

TEXT = "已协调三家银行开通无还本续贷，请携带材料办理。"


def firms(town: Town, number: int) -> list[Actor]:
    """More firms, each with an applicant."""
    found = []
    for place in range(number):
        firm = make_enterprise(f"第{place}机械有限公司", town.region_id)
        name = f"more{place}"
        found.append(make_user(name, town.firm.role, "经办", enterprise_id=firm.id).actor)
    db.session.commit()
    return found


def gather(town: Town, plays: list[Play], owner: Actor | None = None) -> int:
    """A common problem of these tickets; its id."""
    described = Described("续贷难", "多家企业贷款到期后不能续贷。", (owner or town.cadre).id or 0)
    with transaction():
        ids = [play.ticket_id for play in plays]
        return gathering.create(town.dispatcher, described, ids, MONDAY).id


def answer(town: Town, problem_id: int, resolve_as: Outcome | None = None) -> None:
    with transaction():
        answering.answer(town.cadre, problem_id, TEXT, resolve_as, MONDAY)


def states(problem_id: int) -> dict[int, str]:
    """The state of each member's delivery of the last answer."""
    db.session.rollback()
    query = (
        select(ProblemDelivery.ticket_id, ProblemDelivery.state)
        .join(ProblemAnswer, ProblemAnswer.id == ProblemDelivery.answer_id)
        .where(ProblemAnswer.problem_id == problem_id)
        .order_by(ProblemDelivery.answer_id)
    )
    return dict(db.session.execute(query).all())


def test_one_answer_reaches_every_open_member_once(town: Town) -> None:
    first, other = assigned(town), assigned(town)
    done = assigned(town).to_confirmation().confirm()
    waiting = file(town)  # nothing has routed it: the lifecycle knows no reply here
    problem_id = gather(town, [first, other, waiting, done])
    answer(town, problem_id)
    assert set(states(problem_id).values()) == {"pending"}
    assert done.ticket_id not in states(problem_id)
    relay.drain(lambda: MONDAY, (ANSWER_PROBLEM,))
    with transaction() as session:  # as after a crash between the effect and the mark
        for row in session.scalars(select(Message).where(Message.kind == ANSWER_PROBLEM)):
            row.state, row.done_at = "pending", None
    assert relay.drain(lambda: MONDAY, (ANSWER_PROBLEM,)).failed == 0
    assert states(problem_id) == {
        first.ticket_id: "replied",
        other.ticket_id: "replied",
        waiting.ticket_id: "refused",
    }
    assert waiting.events() == ["submit", "join_problem"]
    for play in (first, other):
        assert play.events()[-2:] == ["join_problem", "answer_problem"]
        said = play.event()
        assert (said.public, said.payload["text"]) == (True, TEXT)
        assert said.actor_name == "李明"  # whoever holds the ticket, the owner speaks
        assert play.states()["reply"] == play.states()["contact"] == "stopped"
        assert play.told("reply") == ["firm"]
        assert play.status == "assigned"
    others = [play for play in (first, other) if play.who.id != town.cadre.id]
    assert all(play.told("problem_answered") == ["cadre2"] for play in others)
    [(_delivery, refused)] = problem_queries.refused(
        town.dispatcher, db.session.scalars(select(ProblemAnswer)).one()
    )
    assert refused.id == waiting.ticket_id


def test_who_was_refused_and_who_came_later_get_it_on_demand(town: Town) -> None:
    late, new = file(town), assigned(town)
    problem_id = gather(town, [late])
    answer(town, problem_id)
    relay.drain(lambda: MONDAY)  # routes it too, before or after: the answer may have come first
    with transaction():
        gathering.add_many(town.dispatcher, problem_id, [new.ticket_id], MONDAY)
    for _ in range(2):  # a second press sends nothing twice
        with transaction():
            answering.send_again(town.cadre, problem_id, MONDAY)
        relay.drain(lambda: MONDAY)
    assert states(problem_id) == {late.ticket_id: "replied", new.ticket_id: "replied"}
    for play in (late, new):
        assert play.events().count("answer_problem") == 1


def test_the_owners_own_tickets_are_proposed_and_each_firm_confirms(town: Town) -> None:
    plays = [assigned(town).sign() for _ in range(2)]
    problem_id = gather(town, plays)
    answer(town, problem_id, Outcome.SOLVED)
    relay.drain(lambda: MONDAY)
    own = [play for play in plays if play.who.id == town.cadre.id]
    rest = [play for play in plays if play.who.id != town.cadre.id]
    assert len(own) == len(rest) == 1
    assert {play.status for play in own} == {"in_review"}  # by the rules of its category
    assert {play.status for play in rest} == {"in_progress"}
    assert states(problem_id) == {own[0].ticket_id: "resolved", rest[0].ticket_id: "replied"}
    assert own[0].approve().status == "awaiting_confirmation"
    assert own[0].confirm().status == "closed"


def test_only_the_owner_answers(town: Town) -> None:
    play = assigned(town)
    problem_id = gather(town, [play])
    for who in (town.cadre2, town.dispatcher, town.supervisor, town.firm):
        with pytest.raises(NotAllowed), transaction():
            answering.answer(who, problem_id, TEXT, None, MONDAY)
    with pytest.raises(Conflict), transaction():
        answering.send_again(town.cadre, problem_id, MONDAY)
    assert play.events()[-1] == "join_problem"


def test_a_ticket_is_of_one_problem_and_leaves_it(town: Town) -> None:
    play = assigned(town)
    first, second = gather(town, [play]), gather(town, [play])
    db.session.rollback()
    assert db.session.scalars(select(ProblemMember.problem_id)).all() == [first]
    with pytest.raises(Invalid, match="已经归入"):
        play.do(gathering.join, town.supervisor, second, "")
    play.do(gathering.leave, town.supervisor, "不是同一件事")
    assert play.event().payload["problem"] == "续贷难"
    with pytest.raises(Invalid, match="没有归入"):
        play.do(gathering.leave, town.supervisor, "再来一次")
    play.do(gathering.join, town.supervisor, second, "")
    assert play.events()[-3:] == ["join_problem", "leave_problem", "join_problem"]
    for who in (town.firm, town.cadre, town.reviewer):
        with pytest.raises(NotAllowed):
            play.do(gathering.leave, who, "不该")


def owners_told() -> list[int]:
    """Who was told that they answer for a problem, in order."""
    kind = Message.payload["kind"].astext
    query = select(Message.payload).where(kind == "problem_owned").order_by(Message.id)
    return [payload["users"][0] for payload in db.session.scalars(query)]


def test_a_problem_is_changed_by_one_at_a_time_closed_and_reopened(town: Town) -> None:
    problem_id = gather(town, [assigned(town)])
    new = Described("续贷", "只有小微企业。", town.labour.id or 0)

    def do(verb: Any, *args: Any) -> None:
        with transaction():
            verb(town.dispatcher, problem_id, *args)

    do(gathering.change, 1, new, MONDAY)
    assert owners_told() == [town.cadre.id, town.labour.id]
    with pytest.raises(Stale):
        do(gathering.change, 1, new, MONDAY)
    with pytest.raises(Invalid, match="承办人"):
        do(gathering.change, 2, Described("续贷", "…", town.admin.id or 0), MONDAY)
    do(gathering.close, MONDAY)
    for verb in (gathering.close, lambda a, p, n: gathering.add_many(a, p, [], n)):
        with pytest.raises(Conflict):
            do(verb, MONDAY)
    with pytest.raises(Conflict), transaction():
        answering.answer(town.labour, problem_id, TEXT, None, MONDAY)
    do(gathering.reopen, MONDAY)
    do(gathering.change, 4, new, MONDAY)
    assert owners_told() == [town.cadre.id, town.labour.id]  # nothing new to the same one
    with pytest.raises(NotAllowed), transaction():
        gathering.close(town.cadre, problem_id, MONDAY)
    problem = problem_queries.get_problem(town.labour, problem_id)
    assert (problem.state, problem.changed_by.name, problem.version) == ("open", "刘派", 5)
    for who in (town.cadre2, town.firm, town.admin):  # lessons.md 33
        with pytest.raises(NotFound):
            problem_queries.get_problem(who, problem_id)


def test_the_figures_count_firms_and_only_what_a_firm_confirmed(town: Town) -> None:
    more = firms(town, 2)
    solved = assigned(town).to_confirmation().later(60).confirm()
    claimed = assigned(town).to_confirmation()
    plays = [solved, claimed, *(file(town, who=who) for who in more)]
    problem = problem_queries.get_problem(town.dispatcher, gather(town, plays))
    found = problem_queries.figures(problem, solved.now)
    assert (found.members, found.firms, found.regions, found.open) == (4, 3, 1, 3)
    assert (found.solved, found.accepted) == (1, 2)
    assert found.interval is not None
    assert 0 < found.interval[0] < 0.5 < found.interval[1] < 1
    assert found.hours == 1.0
    for part, count in (("all", 4), ("open", 3), ("accepted", 2), ("solved", 1)):
        page = problem_queries.members(town.dispatcher, problem, part, MONDAY, None, str)
        assert len(page.items) == count
    assert problem_queries.seen_members(town.cadre, problem) < 4  # lessons.md 33


def test_a_firm_is_told_from_five_firms_on(town: Town) -> None:
    """Nobody is singled out: below that the firm does not read of others."""
    more = firms(town, 4)
    plays = [file(town, who=who) for who in (town.firm, *more)]
    problem_id = gather(town, plays[:4])
    assert showing.together(plays[0].ticket, town.firm)["problem"] is None
    assert showing.together(plays[0].ticket, town.dispatcher)["problem"] is not None
    with transaction():
        gathering.add_many(town.dispatcher, problem_id, [plays[4].ticket_id], MONDAY)
    told = showing.together(plays[0].ticket, town.firm)
    assert (told["problem"].id, told["problem_firms"]) == (problem_id, 5)


def test_groups_are_suggested_by_firms_and_never_made(town: Town) -> None:
    """lessons.md 34: a group is an offer; the tickets stay as they are."""
    more = firms(town, 2)
    texts = zip((SMOKE, AGAIN, SMOKE), (town.firm, *more), strict=True)
    smoke = [say(town, words, who) for words, who in texts]
    say(town, LAMP, town.other)
    with transaction():
        assert suggesting.due(MONDAY)
        assert suggesting.suggest(MONDAY) == 1
        assert not suggesting.due(MONDAY)
    [(group, tickets)] = problem_queries.suggestions()
    assert group.firms == 3
    assert set(group.ticket_ids) == {play.ticket_id for play in smoke}
    assert {ticket.id for ticket in tickets} == set(group.ticket_ids)
    assert {play.status for play in smoke} == {"triage"}
    assert db.session.scalars(select(ProblemMember)).all() == []
    with transaction():
        suggesting.dismiss(town.dispatcher, group.id, MONDAY)
        assert suggesting.suggest(MONDAY) == 0  # what was dismissed is not offered again
    with pytest.raises(NotFound):
        problem_queries.suggested(group.id)


def test_a_group_leaves_the_list_once_it_is_a_problem(town: Town) -> None:
    more = firms(town, 3)
    plays = [say(town, SMOKE, who) for who in more]
    extra = say(town, AGAIN, town.other)
    with transaction():
        suggesting.suggest(MONDAY)
    [(group, _tickets)] = problem_queries.suggestions()
    ids = [ticket.id for ticket in problem_queries.suggested(group.id)]
    assert set(ids) == {play.ticket_id for play in (*plays, extra)}
    problem_id = gather(town, plays)
    assert [one.id for one in problem_queries.suggested(group.id)] == [extra.ticket_id]
    problem = problem_queries.get_problem(town.dispatcher, problem_id)
    assert [one.ticket.id for one in problem_queries.likely(town.dispatcher, problem)] == [
        extra.ticket_id
    ]
    assert problem_queries.likely(town.cadre, problem) == []  # lessons.md 33
    with transaction():
        suggesting.suggest(MONDAY)
    db.session.rollback()
    assert db.session.scalars(select(ProblemSuggestion)).all() == []
    assert queries.problem_of(plays[0].ticket) is not None


def test_the_job_looks_once_an_hour_and_is_safe_to_run_twice(town: Town) -> None:
    assert not looking.waiting(MONDAY)  # nothing to look at
    assigned(town)
    assert looking.waiting(MONDAY)
    for _ in range(2):
        looking.run()
    assert not looking.waiting(utcnow())
    assert db.session.scalars(select(ProblemSuggestion)).all() == []
