"""Whoever is of the unit complained about finds no trace of a sealed ticket, by any address."""

from flask import Flask
from sqlalchemy import func, select

from portal.auth.roles import Role
from portal.db import utcnow
from portal.extensions import db
from portal.kpi import cells
from portal.kpi.conditions import Dimensions
from portal.kpi.periods import Period, local_day
from portal.tickets import queries
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.pages import Visitor, form_values
from tests.web.sealing import FIRM, PHONE, TITLE, Sealed
from tests.web.walking import acts, everything, searched, sent, text_of

# Of the unit: its cadre (deputy of whoever handles it), its reviewer, those of the units below and
# above, and the cadre who handled one and has come to the unit since.
KEPT_FROM = ("cadre", "reviewer", "squad", "above", "mover")


def test_no_trace_for_the_line_and_no_identity_for_other_staff(
    app: Flask, visit: Visitor, town: Town
) -> None:
    played = Sealed(town)
    found, opened = [], set[str]()
    for who in KEPT_FROM:
        role = town.people[who].role
        for address, said in everything(visit, who, role, played.numbers):
            opened.add(address)
            # What was asked for by its number is not told by the answer's own echo of it.
            asked = [one for one in played.numbers if one in address]
            found += [
                (who, address, one) for one in played.needles if one in said and one not in asked
            ]
        assert visit.get(who, f"/tickets/{played.numbers[0]}").status == 404
    assert found == []
    assert len(opened) > 100
    _no_act_of_theirs_reaches_it(visit, played)
    _the_same_words_are_there_for_others(visit, played)
    _its_bulletin_tells_no_field_of_one(visit, played)
    _a_search_finds_as_much_as_nothing(visit, played)
    _its_own_figures_are_as_if_it_were_not(town, played)


def _no_act_of_theirs_reaches_it(visit: Visitor, played: Sealed) -> None:
    """What a form would send is answered as for a ticket that there is not, and changes nothing."""
    tried = [
        (who, address, status)
        for place, who in enumerate(KEPT_FROM)
        for address, status in acts(
            *(visit, who, visit.town.people[who].role),
            played.numbers[place % len(played.numbers)],
        )
    ]
    assert len(tried) > 40
    assert [one for one in tried if one[2] != 404] == []
    for who, action, cadre in (("reviewer", "reassign", "cadre"), ("above", "reassign", "cadre2")):
        form = visit.get(who, f"/search/act?action={action}&ticket={played.numbers[0]}")
        assert all(one not in form.words for one in (TITLE, *played.identity))
        token = form_values(visit.get(who, "/query").form("/query"))["csrf_token"]
        data = {"csrf_token": token, "action": action, "key": f"bulk-{who}", "text": "请办"}
        data |= {"seen": f"{played.numbers[0]}:1"}
        sent(visit, who, "/search/act", data | {"cadre_id": str(visit.town.people[cadre].id)})
    db.session.rollback()
    line = [visit.town.people[who].department_id for who in ("cadre", "squad", "above")]
    query = select(Ticket.number).where(Ticket.sealed, Ticket.department_id.in_(line))
    assert list(db.session.scalars(query)) == []


def _its_bulletin_tells_no_field_of_one(visit: Visitor, played: Sealed) -> None:
    """Who answers for a field knows all of its tickets but the sealed one, and could subtract."""
    said = text_of(sent(visit, "reviewer", "/bulletins/1/bulletin.pdf"))
    page = text_of(sent(visit, "reviewer", "/bulletins/1"))
    assert "各类别受理量" in said and "其余类别" in said
    assert [one for one in ("融资", "用工社保") if one in said or one in page] == []
    lists = text_of(sent(visit, "supervisor", "/bulletins/1/bulletin.xlsx"))
    assert "密件" in lists and "银行不再续贷" in lists
    assert [one for one in played.needles if one in lists] == []


def _the_same_words_are_there_for_others(visit: Visitor, played: Sealed) -> None:
    """The walk would have found them; of whose they are nobody learns without a reason."""
    for who, role in (("supervisor", Role.SUPERVISOR), ("chief", Role.REVIEWER)):
        said = [text for _, text in everything(visit, who, role, played.numbers)]
        whole = "\n".join(said)
        assert TITLE in whole
        assert played.numbers[0 if who == "supervisor" else 1] in whole
        assert [one for one in played.identity if one in whole] == []


def _a_search_finds_as_much_as_nothing(visit: Visitor, played: Sealed) -> None:
    for who in KEPT_FROM:
        nothing = searched(visit, who, "蜣螂翅膀")
        assert "没有" in nothing
        for term in (*played.numbers[:2], FIRM, PHONE, TITLE, "停产整顿", "举报录音"):
            assert searched(visit, who, term) == nothing, (who, term)


def _its_own_figures_are_as_if_it_were_not(town: Town, played: Sealed) -> None:
    days = Period(MONDAY.date(), local_day(utcnow()))
    mine = Dimensions(department_id=played.finance)
    ours = db.session.query(Ticket).where(Ticket.department_id == played.finance).count()
    assert cells.totals(days, mine, utcnow())["close_rate"].d == ours == 4
    for who in KEPT_FROM:  # what the chips above their lists say
        actor, now = town.people[who], utcnow()
        own = Ticket.assignee_id == actor.id
        if actor.role is Role.REVIEWER:
            own = Ticket.department_id == actor.department_id
        query = select(func.count()).where(own, ~Ticket.sealed, Ticket.status != "closed")
        assert sum(queries.counts(actor, now).values()) == db.session.scalar(query)
