"""The cells are what the events say, whatever was played and in whatever order it was taken."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal.db import transaction
from portal.directory.models import Category
from portal.extensions import db
from portal.kpi import cells, checking, job, live, rollup
from portal.kpi.asof import totals_as_of
from portal.kpi.columns import COLUMNS, EXCLUDED, columns_of
from portal.kpi.conditions import Dimensions, definitions
from portal.kpi.figures import COUNTED, FIGURES, Measure
from portal.kpi.live import FIELDS, GRAINS
from portal.kpi.members import members
from portal.kpi.models import CELL, KpiFact, KpiState, KpiTouched
from portal.kpi.periods import Period
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, assign, confirmation, extension, handle, hold, triage
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.plays import HOUR, SOON, Play

DAY = timedelta(days=1)
NOW = datetime(2026, 5, 10, 1, tzinfo=UTC)
SPRING = Period(date(2026, 2, 3), date(2026, 5, 20))
ALL = Dimensions()
LATE = MONDAY + 23 * DAY


def bring_up(now: datetime = NOW) -> int:
    return job.bring_up(lambda: now)


def found(now: datetime = NOW) -> list[str]:
    """The differences that a check finds."""
    db.session.rollback()
    with transaction():
        return list(checking.differences(now))


@pytest.fixture
def played(town: Town) -> dict[str, int]:
    """Tickets of all fates, some of them taken by the rollup half-way through their lives."""
    play, month = Play(town), {}
    month["done"] = play.done(rating=3)
    for fate in ("disputed", "withdrawn", "merged", "returned", "paused", "held", "open"):
        month[fate] = play.file(MONDAY + HOUR)
    month["triage"] = play.file(MONDAY + HOUR, category="税费")
    bring_up()
    ask = play.as_cadre
    into = db.session.get_one(Ticket, month["open"]).number
    with transaction():
        applicant.withdraw(Ask(town.firm, month["withdrawn"], MONDAY + 2 * HOUR), "劝撤", True)
        triage.merge(Ask(town.dispatcher, month["merged"], MONDAY + 2 * HOUR), into, "重复")
        handle.ask_return(ask(month["returned"], MONDAY + 2 * HOUR), "not_ours", "职责")
        applicant.urge(Ask(town.firm, month["open"], MONDAY + 2 * HOUR))
    for fate in ("disputed", "paused", "held"):
        play.contact(month[fate], MONDAY + 2 * HOUR)
    bring_up()
    with transaction():
        triage.grant_return(Ask(town.dispatcher, month["returned"], MONDAY + DAY), "同意")
        handle.ask_info(ask(month["paused"], MONDAY + DAY), "请补合同")
    with transaction():
        applicant.supply_info(Ask(town.firm, month["paused"], MONDAY + 3 * DAY), "已补")
        extension.ask_extension(ask(month["paused"], MONDAY + 3 * DAY), 5, "approval", "等批复")
        days = date(2026, 3, 20), date(2026, 3, 10)
        holding = ask(month["held"], MONDAY + 3 * DAY)
        hold.ask_hold(holding, "funds", "资金未到", *days, holding.actor.id or 0)
    with transaction():
        extension.grant_extension(Ask(town.supervisor, month["paused"], MONDAY + 4 * DAY), "同意")
        hold.hold(Ask(town.supervisor, month["held"], MONDAY + 4 * DAY), "同意")
        labour = town.departments["labour"]
        again = Ask(town.dispatcher, month["returned"], MONDAY + 4 * DAY)
        assign.dispatch(again, labour, None, "职责")
    play.answer(month["disputed"], MONDAY + DAY)
    with transaction():
        confirmation.dispute(Ask(town.firm, month["disputed"], MONDAY + 2 * DAY), 1, "没有解决")
    play.answer(month["disputed"], LATE)
    play.confirm(month["disputed"], LATE + SOON, 5)
    bring_up()
    return month


def sides(measures: dict[str, Measure]) -> dict[str, tuple[float, int, dict[str, int]]]:
    return {
        name: (one.n, one.d, {why: n for why, n in one.excluded.items() if n})
        for name, one in measures.items()
        if name in COUNTED
    }


def all_sides(groups: Mapping[Any, dict[str, Measure]]) -> dict[Any, Any]:
    return {key: sides(one) for key, one in groups.items()}


def test_cells_events_and_live_conditions_agree(played: dict[str, int]) -> None:
    assert found() == []
    assert not job.waiting()
    for now in (MONDAY + 3 * HOUR, MONDAY + 20 * DAY, NOW):
        assert sides(cells.totals(SPRING, ALL, now)) == sides(live.counts(SPRING, ALL, now)[None])
    for dimension in FIELDS:
        counted = live.counts(SPRING, ALL, NOW, dimension)
        read = cells.by(dimension, SPRING, ALL, NOW)
        assert all_sides(read) == all_sides(counted), dimension
        for name in ("resolution_gross", "satisfaction", "on_time_rate", "overdue"):
            alone = cells.rates(name, dimension, SPRING, ALL, NOW)
            known = {key: one[name] for key, one in read.items() if one[name].d}
            assert {key: one for key, one in alone.items() if one.d} == known, dimension
    for grain in GRAINS:
        counted = live.counts(SPRING, ALL, NOW, grain)
        read = {day: one for day, one in cells.series(grain, SPRING, ALL, NOW) if day in counted}
        assert all_sides(read) == all_sides(counted), grain


def test_times_hours_and_a_chosen_value_are_read_from_the_cells(
    played: dict[str, int], town: Town
) -> None:
    finance = Dimensions(department_id=town.departments["finance"])
    read = cells.totals(SPRING, finance, NOW)
    times = {name: read[name] for name in ("time_to_contact", "time_to_resolve")}
    hours, spread = cells.hours(SPRING, finance), cells.spreads(SPRING, finance)
    with transaction() as session:
        session.execute(update(KpiState).values(ready=False))
    counted = cells.totals(SPRING, finance, NOW)
    assert sides(read) == sides(counted) and {n: counted[n] for n in times} == times
    assert hours == cells.hours(SPRING, finance)
    assert spread == cells.spreads(SPRING, finance)


def test_a_step_twice_changes_nothing_and_one_rebuild_is_like_another(
    app: Flask, played: dict[str, int]
) -> None:
    def stored() -> list[tuple[object, ...]]:
        return sorted(tuple(row) for row in db.session.execute(select(CELL)) if any(row[4:]))

    before = stored()
    with transaction() as session:
        session.add_all([KpiTouched(ticket_id=one) for one in played.values()])
    assert bring_up() == len(played)
    assert stored() == before
    with transaction():
        rollup.start_rebuild(NOW)
    with transaction():
        rollup.step(NOW, batch=3)
    assert stored() != before and job.waiting()  # as if it were killed here
    answer = app.test_cli_runner().invoke(args=["kpi", "rebuild"])
    assert answer.exit_code == 0, answer.output
    assert stored() == before and found() == []


def test_check_names_each_difference_and_fails(app: Flask, played: dict[str, int]) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["kpi", "check"]).exit_code == 0
    with transaction() as session:
        session.execute(
            update(CELL)
            .where(CELL.c.dimension == "all")
            .values(close_rate_n=CELL.c.close_rate_n + 1)
        )
        session.execute(text("UPDATE kpi_hour SET n = n + 1 WHERE dimension = 'region'"))
        fact = session.get_one(KpiFact, played["open"])
        fact.added = {**fact.added, "slot": None}
    answer = run(args=["kpi", "check"])
    assert answer.exit_code == 1
    assert "all close_rate_n" in answer.output and "kpi_hour" in answer.output
    assert f"ticket {played['open']}:" in answer.output
    assert run(args=["kpi", "rebuild"]).exit_code == 0
    assert run(args=["kpi", "check"]).stdout == "no difference\n"


def test_as_of_tells_what_was_told_then(town: Town) -> None:
    play, told = Play(town), []

    def look(at: datetime) -> None:
        bring_up(at)
        told.append((at, cells.totals(SPRING, ALL, at)))

    ticket = play.file()
    look(MONDAY + SOON)
    play.contact(ticket, MONDAY + HOUR)
    with transaction():
        handle.ask_info(play.as_cadre(ticket, MONDAY + DAY), "请补合同")
    look(MONDAY + 2 * DAY)
    with transaction():
        applicant.supply_info(Ask(town.firm, ticket, MONDAY + 3 * DAY), "已补")
        extension.ask_extension(play.as_cadre(ticket, MONDAY + 3 * DAY), 5, "approval", "等批复")
    look(MONDAY + 3 * DAY + HOUR)
    with transaction():
        extension.grant_extension(Ask(town.supervisor, ticket, MONDAY + 4 * DAY), "同意")
    look(MONDAY + 25 * DAY)
    play.answer(ticket, MONDAY + 26 * DAY)
    look(MONDAY + 27 * DAY)
    play.confirm(ticket, MONDAY + 28 * DAY, 4)
    look(NOW)
    for at, then in told:
        assert totals_as_of(SPRING, ALL, at) == then, at


def test_the_columns_are_those_of_the_conditions() -> None:
    rules = definitions(NOW)
    assert {n: tuple(one.excluded) for n, one in rules.items() if one.excluded} == EXCLUDED
    assert len(COLUMNS) == len(set(COLUMNS)) == sum(len(columns_of(name)) for name in FIGURES)


def test_a_category_of_the_first_level_stands_for_its_kinds(town: Town) -> None:
    """Filtered by 税费 the figures left out what was filed under its kinds."""
    first = town.categories["税费"]
    kind = Category(name="出口退税", parent_id=first, position=1, template="")
    with transaction() as session:
        session.add(kind)
    town.categories["出口退税"] = kind.id
    play = Play(town)
    play.file(MONDAY, category="税费")
    play.file(MONDAY + HOUR, category="出口退税")
    for ready in (False, True):
        if ready:
            bring_up()
        cut = cells.by("category", SPRING, ALL, NOW)
        assert {key: one["submissions"].d for key, one in cut.items()} == {first: 2}
        for category_id, n in ((first, 2), (kind.id, 1)):
            chosen = Dimensions(category_id=category_id)
            for read in (cells.totals, totals_as_of):
                assert read(SPRING, chosen, NOW)["submissions"].d == n
            query = members("submissions", "d", SPRING, chosen, NOW)
            assert len(db.session.execute(query).all()) == n
    assert found() == []
