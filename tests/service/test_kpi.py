"""The figures of a hand-made month with known numbers, counted and listed on PostgreSQL."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask, current_app

from portal.db import transaction
from portal.extensions import db
from portal.kpi.conditions import NOWHERE, Dimensions
from portal.kpi.figures import COUNTED, FIGURES
from portal.kpi.members import SIDES, Member, Side, member_page, members
from portal.kpi.periods import Period
from portal.kpi.queries import imported, report
from portal.kpi.reasons import reason
from portal.tickets.lifecycle import Outcome
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, assign, confirmation, exclusion, handle, triage
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.plays import HOUR, SOON, Play

MARCH = Period.of_month(2026, 3)
NOW = datetime(2026, 4, 10, 1, tzinfo=UTC)
ALL = Dimensions()
DAY = timedelta(days=1)
LATE = MONDAY + 23 * DAY  # 25 March, after the 15th working day


# n and d of each figure of the hand-made month.
KNOWN: dict[str, tuple[float, int]] = {
    "accept_rate": (12, 13),
    "contact_rate": (7, 10),
    "on_time_rate": (6, 10),
    "on_time_extended": (6, 10),
    "close_rate": (9, 12),
    "resolution_gross": (4, 12),
    "resolution_net": (4, 8),
    "resolution_reported": (5, 12),
    "overclaim": (1, 12),
    "satisfaction": (2.9, 4),
    "rating_coverage": (4, 6),
    "once_done": (4, 5),
    "rework_rate": (1, 11),
    "dispute_rate": (1, 6),
    "unconfirmed_rate": (1, 6),
    "call_back_share": (1, 6),
    "explained_share": (1, 6),
    "urge_rate": (0, 12),
    "withdraw_rate": (1, 12),
    "withdraw_asked": (1, 1),
    "accept_on_time": (14, 14),
    "sign_rate": (6, 9),
    "verify_rate": (6, 9),
    "reply_rate": (6, 10),
    "overdue": (4, 12),
    "closed_late": (1, 6),
    "return_rate": (1, 12),
    "extension_rate": (0, 12),
    "hold_rate": (0, 3),
    "exclusion_rate": (1, 12),
    "supervised_rate": (0, 12),
    "elevated_rate": (0, 12),
    "submissions": (14, 14),
    "load": (3, 3),
    "backlog": (3, 3),
    "repeat_rate": (13, 14),
    "problem_share": (0, 14),
    "time_to_contact": (6, 6),
    "time_to_resolve": (6, 6),
}


@pytest.fixture
def march(town: Town) -> dict[str, int]:
    """Fifteen tickets of March, each with another fate; ids by the name of the fate."""
    play, month = Play(town), {}
    month["satisfied"] = play.done(rating=5)
    month["fairly"] = play.done(rating=3)
    month["silent_and_late"] = play.file()
    play.contact(month["silent_and_late"], MONDAY + SOON)
    play.answer(month["silent_and_late"], LATE)
    confirmation_lapses(month["silent_and_late"], MONDAY + 29 * DAY)
    month["called_back"] = play.done(rating=None)
    confirmation_lapses(month["called_back"], MONDAY + 8 * DAY)
    month["explained"] = play.file()
    play.contact(month["explained"], MONDAY + SOON)
    play.answer(month["explained"], MONDAY + HOUR, Outcome.EXPLAINED)
    play.confirm(month["explained"], MONDAY + 2 * HOUR, 2)
    for fate in ("withdrawn", "merged", "untouched", "transferred", "excluded", "returned"):
        month[fate] = play.file()
    month["second_round"] = play.done(rating=None)
    month["merged_before"] = play.file(category="税费")
    month["rejected"] = play.file(category="税费")
    play_the_rest(play, month)
    return month


def confirmation_lapses(ticket_id: int, at: datetime) -> None:
    with transaction():
        confirmation.lapse_confirmation(ticket_id, at)


def play_the_rest(play: Play, month: dict[str, int]) -> None:
    town, at = play.town, MONDAY + HOUR
    into = db.session.get_one(Ticket, month["untouched"]).number
    with transaction():
        supervisor = Ask(town.supervisor, month["called_back"], MONDAY + 9 * DAY)
        confirmation.call_back(supervisor, True, "已解决")
        applicant.withdraw(Ask(town.firm, month["withdrawn"], at), "已自行解决", True)
        triage.merge(Ask(town.dispatcher, month["merged"], at), into, "重复")
        triage.merge(Ask(town.dispatcher, month["merged_before"], at), into, "重复")
        triage.transfer(Ask(town.dispatcher, month["transferred"], at), "市税务局", "职责")
        triage.reject(Ask(town.dispatcher, month["rejected"], at), "police", "110", "报警")
        handle.ask_return(play.as_cadre(month["returned"], at), "not_ours", "职责")
    with transaction():
        triage.grant_return(Ask(town.dispatcher, month["returned"], at + SOON), "同意")
        assign.dispatch(
            Ask(town.dispatcher, month["returned"], at + HOUR),
            *(town.departments["labour"], None, "职责"),
        )
    exclude(month["excluded"], town)
    with transaction():
        no = Ask(town.firm, month["second_round"], MONDAY + 2 * HOUR)
        confirmation.dispute(no, 1, "还没解决")
    play.answer(month["second_round"], MONDAY + 3 * HOUR)
    play.confirm(month["second_round"], MONDAY + 4 * HOUR, 4)


def exclude(ticket_id: int, town: Town) -> None:
    """Asked by one overseer, granted by another."""
    with transaction():
        ask = Ask(town.supervisor, ticket_id, MONDAY)
        exclusion.ask_exclusion(ask, "force_majeure", "诉讼中")
    with transaction():
        exclusion.grant_exclusion(Ask(town.leader, ticket_id, MONDAY + DAY), "同意")


def counted(period: Period = MARCH, chosen: Dimensions = ALL) -> dict[str, tuple[float, int]]:
    total = report(period, chosen, NOW).total
    return {name: (measure.n, measure.d) for name, measure in total.items()}


def rows(name: str, side: Side, period: Period = MARCH, chosen: Dimensions = ALL) -> list[Member]:
    """All pages of a list, walked forwards."""
    found: list[Member] = []
    query = members(name, side, period, chosen, NOW)
    page = member_page(query)
    while True:
        found += page.items
        if page.after is None:
            assert page.total == len(found)
            return found
        page = member_page(query, after=page.after)


def why(name: str, row: Member) -> str:
    """The reason in Chinese, as a page would say it."""
    with current_app.test_request_context():
        return reason(name, row)


def who(march: dict[str, int], found: list[Member]) -> set[str]:
    names = {ticket_id: name for name, ticket_id in march.items()}
    return {names[row.ticket.id] for row in found}


def test_the_known_numbers(march: dict[str, int]) -> None:
    assert counted() == KNOWN


def test_what_was_left_out_is_named(march: dict[str, int]) -> None:
    total = report(MARCH, ALL, NOW).total
    assert total["resolution_net"].excluded == {
        "withdrawn": 1,
        "merged": 1,
        "transferred": 1,
        "exclusion": 1,
    }
    assert total["accept_rate"].excluded == {"merged": 1}
    assert total["on_time_rate"].excluded == {"cancelled": 3}
    assert total["satisfaction"].excluded == {"unrated": 2}
    left_out = rows("resolution_net", "excluded")
    assert who(march, left_out) == {"withdrawn", "merged", "transferred", "excluded"}
    assert {why("resolution_net", row) for row in left_out} == {
        *("企业撤回", "合并到另一件", "移送其他单位"),
        "经批准剔除：不可抗力（郑督 提出，高市长 批准）",
    }


def test_the_list_of_the_unsolved_says_why(march: dict[str, int]) -> None:
    reasons = {
        next(iter(who(march, [row]))): why("resolution_gross", row)
        for row in rows("resolution_gross", "rest")
    }
    assert reasons == {
        "silent_and_late": "承办单位报已解决，企业没有确认",
        "explained": "解释办结：政策不允许，没有解决",
        "withdrawn": "撤回",
        "merged": "合并",
        "transferred": "移送",
        "untouched": "尚未办结：待签收",
        "excluded": "尚未办结：待签收",
        "returned": "尚未办结：待签收",
    }


def test_every_list_is_as_long_as_its_number_and_every_row_has_a_reason(
    march: dict[str, int],
) -> None:
    total = report(MARCH, ALL, NOW).total
    for name, measure in total.items():
        assert 0 <= measure.n <= measure.d, name
        lists = {side: rows(name, side) for side in SIDES}
        assert all(why(name, row) for side in SIDES for row in lists[side]), name
        lengths = {side: len(listed) for side, listed in lists.items()}
        assert lengths == {
            "n": measure.rows,
            "d": measure.d,
            "rest": measure.rest,
            "excluded": sum(measure.excluded.values()),
        }, name


def test_the_times_are_in_working_hours(march: dict[str, int]) -> None:
    total = report(MARCH, ALL, NOW).total
    assert (total["time_to_contact"].median, total["time_to_contact"].p90) == (0.5, 0.5)
    # 1.5, 1.5, 2 and 3 hours, 6 days of 7.5 hours for the called back, 21 for the late one.
    assert (total["time_to_resolve"].median, total["time_to_resolve"].p90) == (2.5, 157.5)
    assert total["time_to_resolve"].rate is None


def test_months_departments_and_categories_add_up(march: dict[str, int], town: Town) -> None:
    play = Play(town)
    play.done(MONDAY - 28 * DAY)
    play.done(MONDAY + 30 * DAY)
    found = report(Period(date(2026, 1, 1), date(2026, 4, 30)), ALL, NOW)
    assert list(found.months) == [date(2026, month, 1) for month in (1, 2, 3, 4)]
    for groups in (found.months, found.departments, found.categories):
        for name in COUNTED:
            parts = [group[name] for group in groups.values()]
            assert sum(part.n for part in parts) == pytest.approx(found.total[name].n), name
            assert sum(part.d for part in parts) == found.total[name].d, name
    march_alone = found.months[date(2026, 3, 1)]
    assert {name: (march_alone[name].n, march_alone[name].d) for name in COUNTED} == {
        name: pair for name, pair in counted().items() if name in COUNTED
    }


def test_a_figure_can_be_narrowed(march: dict[str, int], town: Town) -> None:
    labour = Dimensions(department_id=town.departments["labour"])
    assert counted(chosen=labour)["return_rate"] == (1, 1)
    assert len(rows("return_rate", "n", chosen=labour)) == 1
    taxes = Dimensions(category_id=town.categories["税费"])
    assert counted(chosen=taxes)["accept_rate"] == (0, 1)
    assert counted(chosen=Dimensions(department_id=NOWHERE))["accept_rate"] == (0, 1)
    assert counted(chosen=Dimensions(region_id=town.region_id)) == counted()
    assert counted(chosen=Dimensions(urgency="critical"))["accept_rate"] == (0, 0)


def test_imported_history_is_in_no_figure(march: dict[str, int], town: Town) -> None:
    before = counted()
    with transaction() as session:
        ticket = session.get_one(Ticket, march["satisfied"])
        ticket.channel = "import"
    after = counted()
    assert after["resolution_gross"] == (3, 11)
    assert all(after[name][1] <= before[name][1] for name in FIGURES)
    assert imported(MARCH) == 1


def test_the_command_prints_one_json_object_and_nothing_else(
    app: Flask, march: dict[str, int]
) -> None:
    run = app.test_cli_runner().invoke
    days = ["--from", "2026-03-01", "--to", "2026-03-31"]
    answer = run(args=["kpi", "show", *days, "--json"])
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout)
    assert list(figures) == list(FIGURES)
    assert figures["resolution_gross"] == {"n": 4, "d": 12, "rate": 0.3333}
    assert figures["overclaim"] == {"n": 1, "d": 12, "rate": 0.0833}
    assert figures["time_to_contact"] == {
        "n": 6,
        "d": 6,
        "rate": None,
        "median_hours": 0.5,
        "p90_hours": 0.5,
    }
    narrowed = run(args=["kpi", "show", *days, "--department", "市人社局", "--json"])
    assert json.loads(narrowed.stdout)["return_rate"] == {"n": 1, "d": 1, "rate": 1.0}
    table = run(args=["kpi", "show", *days])
    assert "4 / 12 = 33.3%" in table.stdout
    unknown = run(args=["kpi", "show", *days, "--category", "天气"])
    assert unknown.exit_code == 2 and "天气" in unknown.output
