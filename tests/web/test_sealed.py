"""Whoever is of the unit complained about finds no trace of a sealed ticket, by any address."""

from flask import Flask

from portal.auth.roles import Role
from portal.db import utcnow
from portal.extensions import db
from portal.kpi import cells
from portal.kpi.conditions import Dimensions
from portal.kpi.periods import Period, local_day
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.web.sealing import FIRM, PHONE, TITLE, Sealed
from tests.web.walking import everything, searched

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
    _the_same_words_are_there_for_others(visit, played)
    _a_search_finds_as_much_as_nothing(visit, played)
    _its_own_figures_are_as_if_it_were_not(town, played)


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
