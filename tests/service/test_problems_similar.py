"""Similar tickets, linked ones, and one that is split: suggested, never by itself, never leaked."""

import pytest
from sqlalchemy import select

from portal.auth.roles import Actor
from portal.db import transaction
from portal.errors import Invalid, InvalidTransition, NotAllowed
from portal.extensions import db
from portal.outbox import relay
from portal.problems import fingerprints, queries
from portal.problems.models import GramCount, TicketFingerprint, TicketLink
from portal.problems.service import linking
from portal.tickets.lifecycle import Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, submit
from tests.factories import MONDAY, Town
from tests.service.stages import Play, assigned, file
from tests.web.test_costs import counted

SMOKE = ("园区饭店油烟直排", "高新产业园的饭店把油烟直排到车间，员工意见很大。")
AGAIN = ("饭店油烟排到车间", "高新产业园饭店油烟直排，车间里员工无法开窗，意见很大。")
LAMP = ("夜班路上没有路灯", "北门外道路的路灯坏了三个月，夜班工人下班摸黑走。")
BOTH = "饭店油烟直排到车间。\n北门外路灯坏了三个月。"


def say(town: Town, words: tuple[str, str], who: Actor | None = None, category="用工社保") -> Play:
    """A firm files these words; the route message is handled."""
    title, description = words
    wording = submit.Wording(
        title, town.categories[category], Urgency.NORMAL, description, "王经理", "13800001111"
    )
    with transaction():
        ticket_id = submit.submit(who or town.firm, wording, MONDAY).id
    return Play(town, ticket_id, MONDAY).relay()


def numbers(found: list[queries.Similar]) -> list[str]:
    return [one.ticket.number for one in found]


def test_a_firm_is_shown_its_own_similar_open_tickets_only(town: Town) -> None:
    """lessons.md 33: what another firm has filed does not leak, however alike it is."""
    own = say(town, SMOKE)
    say(town, SMOKE, town.other)
    say(town, LAMP)
    assert numbers(queries.own_similar(town.firm, *AGAIN)) == [own.ticket.number]
    own.do(applicant.withdraw, town.firm, "已自行解决。")
    assert queries.own_similar(town.firm, *AGAIN) == []
    assert len(queries.own_similar(town.other, *AGAIN)) == 1
    assert queries.own_similar(town.dispatcher, *AGAIN) == []
    assert queries.own_similar(town.firm, "", "") == []


def test_what_a_bigram_leads_to_is_reckoned_for_all_tickets_not_for_the_sample(town: Town) -> None:
    """A look-up at 200,000 tickets read 20 times what it should while the sample's count stood."""
    for _ in range(4):
        last = say(town, SMOKE)
    told = next(iter(fingerprints.of(last.ticket_id)))
    with transaction():
        fingerprints.count_grams(MONDAY, most=2)
    times = last.ticket_id / 2
    assert fingerprints.leads_to([told, 1]) == {told: 2 * times, 1: times}


def test_staff_see_similar_ones_of_other_firms_as_far_as_they_may_see(town: Town) -> None:
    """lessons.md 33: one predicate, in the panel too."""
    mine = say(town, SMOKE)
    theirs = say(town, AGAIN, town.other)
    say(town, LAMP, town.other)
    found = queries.similar_to(town.dispatcher, mine.ticket)
    assert numbers(found) == [theirs.ticket.number]
    assert 0.22 <= found[0].score <= 1.0
    assert found[0].shared
    for who in (town.cadre, town.reviewer, town.firm, town.admin, town.auditor):
        assert queries.similar_to(who, mine.ticket) == []


def test_a_duplicate_is_suggested_and_never_dropped(town: Town) -> None:
    """lessons.md 34: the same words twice are two tickets; nothing is merged by itself."""
    first, second, third = (say(town, SMOKE, who) for who in (town.firm, town.firm, town.other))
    assert len({play.ticket.number for play in (first, second, third)}) == 3
    assert {play.status for play in (first, second, third)} == {"triage"}
    assert db.session.scalars(select(TicketLink)).all() == []
    assert set(numbers(queries.similar_to(town.supervisor, first.ticket))) == {
        second.ticket.number,
        third.ticket.number,
    }


def test_a_lookup_takes_four_statements_and_own_ones_three(town: Town) -> None:
    mine = say(town, SMOKE)
    for _ in range(3):
        say(town, AGAIN, town.other)
    own = fingerprints.of(mine.ticket_id)
    with counted(db.engine) as few:
        assert len(queries.similar(town.dispatcher, own, mine.ticket_id)) == 3
    with transaction():
        fingerprints.count_grams(MONDAY)
    for _ in range(12):
        say(town, AGAIN, town.other)
    with counted(db.engine) as many:
        assert len(queries.similar(town.dispatcher, own, mine.ticket_id)) == queries.SHOWN
    assert len(few) == len(many) == 4
    with counted(db.engine) as typed:
        queries.own_similar(town.firm, *SMOKE)
    assert len(typed) == 3


def test_a_link_is_seen_from_both_and_can_be_taken_away(town: Town) -> None:
    one, other = say(town, SMOKE), say(town, AGAIN, town.other)
    numbers_of = {one.ticket_id: one.ticket.number, other.ticket_id: other.ticket.number}
    one.do(linking.link, town.dispatcher, numbers_of[other.ticket_id], "同一家饭店")
    for here, there in ((one, other), (other, one)):
        linked = queries.links_of(town.supervisor, here.ticket)
        assert [found.id for _link, found in linked] == [there.ticket_id]
        assert here.events()[-1] == "link"
        assert here.event().payload["other"] == numbers_of[there.ticket_id]
        assert not here.event().public
        assert here.status == "triage"
    for who in (town.firm, town.cadre):  # neither the firm nor who does not see the other one
        assert queries.links_of(who, one.ticket) == []
    with pytest.raises(Invalid, match="已经关联"):
        other.do(linking.link, town.supervisor, numbers_of[one.ticket_id], "再来一次")
    other.do(linking.unlink, town.supervisor, numbers_of[one.ticket_id], "不是一家")
    assert one.events()[-2:] == other.events()[-2:] == ["link", "unlink"]
    assert db.session.scalars(select(TicketLink)).all() == []
    with pytest.raises(Invalid, match="没有关联"):
        one.do(linking.unlink, town.supervisor, numbers_of[other.ticket_id], "再来一次")


def test_a_link_needs_another_ticket_and_the_right(town: Town) -> None:
    one, other = say(town, SMOKE), say(town, AGAIN, town.other)
    own, there = one.ticket.number, other.ticket.number
    with pytest.raises(Invalid, match="没有找到"):
        one.do(linking.link, town.dispatcher, "SQ20260302-999999", "说明")
    with pytest.raises(Invalid, match="就是这一件"):
        one.do(linking.link, town.dispatcher, own, "说明")
    for who in (town.firm, town.cadre, town.reviewer, town.admin):
        with pytest.raises((NotAllowed, Invalid)):
            one.do(linking.link, who, there, "说明")
    assert one.events() == ["submit", "route"]


def test_a_split_makes_a_second_ticket_and_takes_nothing_away(town: Town) -> None:
    """lessons.md 34: the original keeps its words, its events and its clocks."""
    one = say(town, ("油烟和路灯", BOTH)).later(30)
    before = one.ticket.description, one.ticket.submitted_at, one.clock("accept").due_at
    args = (
        "北门外没有路灯",
        town.categories["基础设施配套"],
        "北门外路灯坏了三个月。",
        "分开办理更快。",
    )
    one.do(linking.split, town.dispatcher, *args)
    assert before == (one.ticket.description, one.ticket.submitted_at, one.clock("accept").due_at)
    assert one.events() == ["submit", "route", "split"]
    [(link, new)] = queries.links_of(town.firm, one.ticket)
    assert link.kind == "split"
    assert one.event().payload["other"] == new.number
    assert (new.enterprise_id, new.applicant_id) == (town.enterprise_id, town.firm.id)
    assert new.description == "北门外路灯坏了三个月。"
    assert new.submitted_at == one.now  # its promises begin when it is known
    assert new.number != one.ticket.number
    second = Play(town, new.id, one.now)
    assert second.told("split") == ["firm"]
    assert second.events() == ["submit", "split", "route"]
    assert second.clock("accept").started_at == one.now


def test_a_split_takes_the_firms_own_words_only(town: Town) -> None:
    one = say(town, ("油烟和路灯", BOTH))
    category = town.categories["基础设施配套"]
    with pytest.raises(Invalid, match="不能改写"):
        one.do(linking.split, town.dispatcher, "路灯", category, "路灯已经修好。", "说明")
    with pytest.raises(Invalid, match="全部原文"):
        one.do(linking.split, town.dispatcher, "路灯", category, BOTH, "说明")
    with pytest.raises(Invalid, match="类别"):
        one.do(linking.split, town.dispatcher, "路灯", 0, "北门外路灯坏了三个月。", "说明")
    for who in (town.supervisor, town.firm, town.cadre):
        with pytest.raises(NotAllowed):
            one.do(linking.split, who, "路灯", category, "北门外路灯坏了三个月。", "说明")
    done = assigned(town).to_confirmation()
    with pytest.raises(InvalidTransition):
        done.do(linking.split, town.dispatcher, "路灯", category, "急需过桥资金。", "说明")


def test_fingerprints_are_written_with_the_routing_and_rebuilt_in_pieces(town: Town) -> None:
    plays = [file(town) for _ in range(3)]
    assert db.session.scalars(select(TicketFingerprint)).all() == []
    with transaction():
        batch = fingerprints.rebuild(0, 2)
    assert batch is not None
    assert (batch.written, batch.last_id) == (2, plays[1].ticket_id)
    with transaction():
        batch = fingerprints.rebuild(0, 2)  # from the start again: what is done is skipped
    assert batch is not None
    assert (batch.written, batch.last_id) == (1, plays[2].ticket_id)
    assert fingerprints.rebuild(0, 2) is None
    with transaction():
        assert fingerprints.count_grams(MONDAY) == 3
    assert not fingerprints.stale(MONDAY)
    assert {row.documents for row in db.session.scalars(select(GramCount))} == {3}
    relay.drain(lambda: MONDAY)  # the route messages write them again: nothing changes
    assert len(db.session.scalars(select(TicketFingerprint)).all()) == 3
    assert db.session.scalar(select(Ticket.id).where(Ticket.status == "assigned").limit(1))
