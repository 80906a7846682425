"""Visits and filing on behalf through the services: plans, records, corrections, who sees what."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from portal.db import transaction
from portal.directory.models import Pairing
from portal.errors import Invalid, NotFound, Repeated
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.models import Ticket
from portal.tickets.queries import visible
from portal.tickets.service.submit import submit
from portal.visits import queries, rules
from portal.visits.models import Visit
from portal.visits.rules import Record
from portal.visits.service import visit
from tests.factories import MONDAY, Town, make_enterprise
from tests.visiting import DAY, HEARD, filed, pair, recorded, words


def test_a_plan_is_made_once_and_only_for_a_paired_firm(town: Town) -> None:
    pair(town)
    with transaction():
        visit.plan(town.cadre, town.enterprise_id, DAY, "融资", "k", MONDAY)
    with pytest.raises(Repeated), transaction():
        visit.plan(town.cadre, town.enterprise_id, DAY, "融资", "k", MONDAY)
    with pytest.raises(NotFound), transaction():
        visit.plan(town.cadre2, town.enterprise_id, DAY, "", "k", MONDAY)
    with pytest.raises(NotFound), transaction():
        visit.plan(town.cadre, town.other_enterprise_id, DAY, "", "k2", MONDAY)
    with pytest.raises(Invalid), transaction():
        visit.plan(town.cadre, town.enterprise_id, DAY - timedelta(days=1), "", "k3", MONDAY)
    assert db.session.scalar(select(func.count()).select_from(Visit)) == 1


@pytest.mark.parametrize(("ends", "may"), [(DAY, True), (DAY - timedelta(days=1), False)])
def test_the_last_day_of_a_pairing_is_in_time(town: Town, ends: date, may: bool) -> None:
    pair(town, ends=ends)
    if may:
        recorded(town)
        assert [row.firm.id for row in queries.board(town.cadre, MONDAY, DAY)]
        return
    assert queries.board(town.cadre, MONDAY, DAY) == []
    with pytest.raises(NotFound):
        recorded(town)
    with pytest.raises(NotFound), transaction():
        submit(town.cadre, words(town), MONDAY, enterprise_id=town.enterprise_id)


def test_a_planned_visit_is_moved_kept_and_then_no_plan_any_more(town: Town) -> None:
    pair(town)
    with transaction():
        planned = visit.plan(town.cadre, town.enterprise_id, DAY, "融资", "k", MONDAY)
    with transaction():
        visit.reschedule(town.cadre, planned.id, DAY + timedelta(days=1), "用工", 1, MONDAY)
    with pytest.raises(Invalid), transaction():  # the other tab has seen version 1
        visit.reschedule(town.cadre, planned.id, DAY, "融资", 1, MONDAY)
    later = MONDAY + timedelta(days=2)
    with transaction():
        what = Record(DAY + timedelta(days=1), "王经理", "", HEARD)
        kept = visit.keep(town.cadre, planned.id, what, 2, later)
    assert (kept.state, kept.recorded_at, len(kept.items)) == ("done", later, 2)
    with pytest.raises(Invalid), transaction():
        visit.cancel(town.cadre, planned.id, later)
    with pytest.raises(NotFound), transaction():
        visit.cancel(town.cadre2, planned.id, later)


def test_no_problem_is_an_answer_too(town: Town) -> None:
    pair(town)
    assert [item.kind for item in recorded(town, ()).items] == ["none"]


def test_a_record_is_edited_within_a_day_and_corrected_afterwards(town: Town) -> None:
    pair(town)
    one = recorded(town)
    almost = MONDAY + rules.EDIT_FOR - timedelta(seconds=1)
    with transaction():
        visit.edit(town.cadre, one.id, Record(DAY, "钱会计", "", HEARD[:1]), None, almost)
    assert (one.met, [item.text for item in one.items]) == ("钱会计", [HEARD[0].text])
    over = MONDAY + rules.EDIT_FOR
    with pytest.raises(Invalid), transaction():
        visit.edit(town.cadre, one.id, Record(DAY, "无名氏", "", ()), None, over)
    with transaction():
        visit.correct(town.cadre, one.id, "还见到了赵厂长。", "c", over)
    with pytest.raises(Repeated), transaction():
        visit.correct(town.cadre, one.id, "还见到了赵厂长。", "c", over)
    with pytest.raises(NotFound), transaction():
        visit.correct(town.cadre2, one.id, "不是我写的。", "c2", over)
    db.session.refresh(one)
    assert (one.met, [c.text for c in one.corrections]) == ("钱会计", ["还见到了赵厂长。"])


def test_an_edit_keeps_what_has_become_a_ticket(town: Town) -> None:
    pair(town)
    [ticket_id], _tokens = filed(town)
    one = db.session.scalars(select(Visit)).one()
    with transaction():
        visit.edit(town.cadre, one.id, Record(DAY, "王经理", "", ()), None, MONDAY)
    assert [(item.kind, item.ticket_id) for item in one.items] == [("problem", ticket_id)]


def test_each_sees_the_visits_that_are_theirs(town: Town) -> None:
    pair(town, deputy="cadre2")
    recorded(town)
    with transaction():
        visit.plan(town.cadre, town.enterprise_id, DAY, "", "p", MONDAY)
    seen = {
        who: db.session.scalar(
            select(func.count())
            .select_from(Visit)
            .where(queries.visible_visits(town.people[who], DAY))
        )
        for who in town.people
    }
    everything = {"cadre", "cadre2", "reviewer", "dispatcher", "supervisor", "leader"}
    assert {who for who, count in seen.items() if count == 2} == everything
    assert {who for who, count in seen.items() if count == 1} == {"firm"}


def test_the_board_counts_what_the_cadre_may_not_read(town: Town) -> None:
    pair(town)
    with transaction():
        for category in ("融资", "其他"):
            submit(town.firm, words(town, category), MONDAY)
        firms = [make_enterprise(f"第 {n} 家", town.region_id).id for n in range(3)]
        db.session.add_all(
            Pairing(enterprise_id=firm, owner_id=town.cadre.id, starts_on=DAY) for firm in firms
        )
    relay.drain(lambda: MONDAY)
    recorded(town)
    rows = {row.firm.id: row for row in queries.board(town.cadre, MONDAY, DAY)}
    row = rows[town.enterprise_id]
    mine = db.session.scalar(select(func.count()).select_from(Ticket).where(visible(town.cadre)))
    assert (row.open, row.mine) == (2, mine)
    order = rules.longest_unvisited(
        (r.firm.id, r.last.day if r.last else None) for r in rows.values()
    )
    assert order == [*firms, town.enterprise_id]


def test_a_second_visit_in_the_month_is_named_by_whomever(town: Town) -> None:
    pair(town)
    recorded(town)
    again = DAY + timedelta(days=20)
    [other] = queries.others_in_month(town.enterprise_id, again)
    assert (other.day, other.cadre.name) == (DAY, "李明")
    assert queries.others_in_month(town.enterprise_id, again, other.id) == []
    assert queries.others_in_month(town.enterprise_id, DAY + timedelta(days=40)) == []
    assert queries.times_in_month({town.enterprise_id}, again) == {town.enterprise_id: 1}
