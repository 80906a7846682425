"""Single rules of the figures on few tickets, and what counting and listing cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from portal.db import transaction
from portal.extensions import db
from portal.kpi.conditions import Dimensions
from portal.kpi.members import member_page, members
from portal.kpi.periods import Period
from portal.kpi.queries import report
from portal.tickets.models import Ticket
from portal.tickets.service import confirmation, handle
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.plays import HOUR, SOON, Play

MARCH = Period.of_month(2026, 3)
NOW = datetime(2026, 4, 10, 1, tzinfo=UTC)
ALL = Dimensions()
DAY = timedelta(days=1)
LATE = MONDAY + 23 * DAY  # 25 March, after the 15th working day


def counted(period: Period = MARCH) -> dict[str, tuple[float, int]]:
    total = report(period, ALL, NOW).total
    return {name: (measure.n, measure.d) for name, measure in total.items()}


def test_the_period_begins_and_ends_at_midnight_in_shanghai(town: Town) -> None:
    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    play = Play(town)
    play.file(midnight - timedelta(seconds=1))
    play.file(midnight)
    assert counted()["accept_rate"] == (1, 1)
    assert counted(Period.of_month(2026, 2))["accept_rate"] == (1, 1)


def test_a_promise_counts_once_it_is_due_and_not_while_it_stands_still(town: Town) -> None:
    play = Play(town)
    ticket_id = play.file()
    play.contact(ticket_id, MONDAY + SOON)
    in_time = report(MARCH, ALL, MONDAY + HOUR).total
    assert (in_time["contact_rate"].d, in_time["on_time_rate"].d) == (0, 0)
    with transaction():
        handle.ask_info(play.as_cadre(ticket_id, MONDAY + HOUR), "请补充合同")
    found = report(MARCH, ALL, NOW).total
    assert (found["contact_rate"].n, found["contact_rate"].d) == (1, 1)
    assert found["on_time_rate"].d == 0


def test_an_extension_helps_only_the_extended_rate(town: Town) -> None:
    play = Play(town)
    ticket_id = play.file()
    play.contact(ticket_id, MONDAY + SOON)
    extend(ticket_id)
    play.answer(ticket_id, LATE)
    found = counted()
    assert found["on_time_rate"] == (0, 1)
    assert found["on_time_extended"] == (1, 1)


def extend(ticket_id: int) -> None:
    """Moves the due as a granted extension does; as a row, for there is no door to it yet."""
    with transaction() as session:
        ticket = session.get_one(Ticket, ticket_id)
        clocks = handle.Clocks(ticket, MONDAY + DAY)
        clock = next(clock for clock in clocks.rows if clock.kind == "resolve")
        clock.due_at = LATE + 2 * DAY


def test_a_call_back_that_says_no_is_not_solved(town: Town) -> None:
    play = Play(town)
    ticket_id = play.done(rating=None)
    with transaction():
        confirmation.lapse_confirmation(ticket_id, MONDAY + 8 * DAY)
        no = Ask(town.supervisor, ticket_id, MONDAY + 9 * DAY)
        confirmation.call_back(no, False, "没有解决")
    found = counted()
    assert (found["resolution_gross"], found["resolution_reported"]) == ((0, 1), (0, 1))


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements sent to the database in the block."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_all_figures_cost_the_same_number_of_statements(town: Town) -> None:
    play, year = Play(town), Period.of_year(2026)

    def cost() -> int:
        with statements() as sent:
            report(year, ALL, NOW)
        return len(sent)

    for day in range(5):
        play.done(MONDAY + day * DAY)
    few = cost()
    for day in range(45):
        play.file(MONDAY - day * DAY, "税费" if day % 2 else "融资")
    assert cost() == few <= 17


def test_lists_are_paged_without_loss_in_both_directions(town: Town) -> None:
    play = Play(town)
    filed = [play.file(MONDAY) for _one in range(53)]
    query = members("close_rate", "d", MARCH, ALL, NOW)
    forwards = sorted(filed, reverse=True)
    assert [row.ticket.id for row in member_page(query).items] == forwards[:25]
    second = member_page(query, after=forwards[24])
    assert [row.ticket.id for row in second.items] == forwards[25:50]
    third = member_page(query, after=second.after)
    assert ([row.ticket.id for row in third.items], third.after) == (forwards[50:], None)
    assert second.before is not None
    first = member_page(query, before=second.before)
    assert [row.ticket.id for row in first.items] == forwards[:25]
    assert first.before is None
