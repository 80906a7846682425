"""A page costs a fixed number of statements, and each list reads the index made for it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Engine, Select, event, func, select, text

from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory.models import Department
from portal.exports import service as exports
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.tickets import queries
from portal.tickets.lifecycle import Status, Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, assign, handle, submit
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import Town, make_rule, make_user
from tests.pages import Visitor

PAGES = [
    ("cadre", "/desk"),
    ("firm", "/tickets"),
    ("dispatcher", "/triage"),
    ("dispatcher", "/problems"),
    ("cadre", "/problems"),
    ("dispatcher", "/problems/suggestions"),
    ("dispatcher", "/search"),
    ("dispatcher", "/search?q=贷款"),
    ("firm", "/search?q=贷款"),
    ("supervisor", "/overdue"),
    ("supervisor", "/supervision/orders"),
    ("reviewer", "/review"),
]


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Collects the statements that run meanwhile."""
    statements: list[str] = []

    def note(_conn, _cursor, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def file_many(town: Town, number: int) -> list[int]:
    """Tickets in the finance department's hands, made by the verbs."""
    ids = []
    now = utcnow()
    with transaction():
        for place in range(number):
            wording = Wording(
                f"第 {place} 件",
                town.categories["融资"],
                Urgency.NORMAL,
                "贷款到期无法续贷",
                "王经理",
                "13800001111",
            )
            ticket = submit.submit(town.firm, wording, now)
            assign.route(ticket.id, now)
            ids.append(ticket.id)
    return ids


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_a_list_costs_the_same_for_few_and_for_many(
    visit: Visitor, town: Town, app: Flask, who: str, address: str
) -> None:
    file_many(town, 2)
    visit.get(who, address)  # what is read once a process is read
    with counted(db.engine) as few:
        assert visit.get(who, address).status == 200
    file_many(town, 26)
    with counted(db.engine) as many:
        assert visit.get(who, address).status == 200
    assert len(many) == len(few) <= 10, many


def take_away(town: Town, number: int) -> None:
    """Large exports of the supervisor, and the log of them."""
    now = utcnow()
    with transaction() as session:
        for place in range(number):
            run = exports.start(town.supervisor, "search", {}, "csv", 9, "zh_CN", now)
            run.state, run.finished_at = "cancelled", now
            exports.log(town.supervisor, "search", "csv", place, {}, False, now)
        session.flush()


def in_months(town: Town, number: int) -> None:
    """Tickets of a dozen months of last year."""
    file_many(town, number)
    db.session.execute(
        text(
            "UPDATE ticket SET accepted_at = make_timestamptz("
            " extract(year FROM now())::int - 1, 1 + (id % 12)::int, 9, 9, 0, 0)"
        )
    )
    db.session.commit()


@pytest.mark.parametrize(
    ("who", "address", "more", "most"),
    [
        ("supervisor", "/exports/", take_away, 10),
        ("auditor", "/exports/log", take_away, 10),
        (None, "/open", in_months, 17),  # counted live: a test has no cells
    ],
)
def test_what_is_taken_away_and_open_costs_the_same_for_few_and_for_many(
    visit: Visitor,
    town: Town,
    who: str | None,
    address: str,
    more: Callable[[Town, int], None],
    most: int,
) -> None:
    more(town, 2)
    visit.get(who, address)
    with counted(db.engine) as few:
        assert visit.get(who, address).status == 200
    more(town, 7)
    with counted(db.engine) as many:
        assert visit.get(who, address).status == 200
    assert len(many) == len(few) <= most, many


def test_the_rules_cost_the_same_for_few_and_for_many(visit: Visitor, town: Town) -> None:
    visit.get("dispatcher", "/rules")
    with counted(db.engine) as few:
        assert visit.get("dispatcher", "/rules").status == 200
    for category_id in list(town.categories.values())[:12]:
        make_rule(town.departments["labour"], category_id=category_id, region_id=town.region_id)
    db.session.commit()
    file_many(town, 2)
    with counted(db.engine) as many:
        assert visit.get("dispatcher", "/rules").status == 200
    assert len(many) == len(few) <= 16, many


def test_the_ticket_page_costs_the_same_for_a_long_history(visit: Visitor, town: Town) -> None:
    [ticket_id] = file_many(town, 1)
    number = db.session.get_one(Ticket, ticket_id).number
    cadre = town.people["cadre"]
    with transaction():
        handle.sign(Ask(cadre, ticket_id, utcnow()))
    visit.get("cadre", f"/tickets/{number}")
    with counted(db.engine) as short:
        visit.get("cadre", f"/tickets/{number}")
    with transaction():
        for place in range(40):
            handle.reply(Ask(cadre, ticket_id, utcnow()), f"进展 {place}")
            applicant.comment(Ask(town.firm, ticket_id, utcnow()), f"补充 {place}")
    with counted(db.engine) as long:
        assert "进展 39" in visit.get("cadre", f"/tickets/{number}").words
    assert len(long) == len(short) <= 14, long


def walk(first: Page[Ticket], follow) -> list[int]:
    ids, page = [], first
    while True:
        ids += [row.id for row in page.items]
        if page.next_url is None:
            return ids
        page = follow(page.next_url)


def test_keyset_pages_meet_without_gap_or_double_both_ways(town: Town) -> None:
    file_many(town, 30)

    def page(place: dict[str, str] | None) -> Page[Ticket]:
        cursor = None
        if place:
            name, value = next(iter(place.items()))
            key, _, row_id = value.partition("~")
            instant = (
                None if key == "-" else db.session.scalar(text(f"SELECT '{key}'::timestamptz"))
            )
            cursor = Cursor(instant, int(row_id), name == "before")
        query: Select = db.select(Ticket)
        return fetch(query, Ticket.next_due_at, Ticket.id, cursor, dict, size=7)  # type: ignore

    forwards = walk(page(None), page)
    assert len(forwards) == len(set(forwards)) == 30
    last, backwards = page(None), []
    while last.next_url is not None:
        last = page(last.next_url)  # type: ignore
    while True:
        backwards = [row.id for row in last.items] + backwards
        if last.prev_url is None:
            break
        last = page(last.prev_url)  # type: ignore
    assert backwards == forwards


PLANS = [
    ("cadre", queries.Filter(statuses=frozenset({Status.ASSIGNED})), "ix_ticket_queue"),
    # While a unit has few tickets both are quick; with many the first costs less.
    (
        *("reviewer", queries.Filter(statuses=frozenset({Status.IN_REVIEW}))),
        "ix_ticket_department|ix_ticket_unit",
    ),
    ("supervisor", queries.Filter(overdue=True), "ix_ticket_due"),
]


def seed_volume(owner: Engine, town: Town) -> None:
    """60,000 tickets by one statement, mostly closed, over 40 people in 20 units."""
    for place in range(40):
        make_user(f"more{place}", Role.CADRE, "某某", department_id=town.departments["finance"])
    db.session.add_all(Department(name=f"单位 {place}") for place in range(20))
    db.session.commit()
    statement = text(
        """
        INSERT INTO ticket (id, number, query_code, channel, enterprise_id, region_id, category_id,
            urgency, title, description, contact_name, contact_phone, status, round, version,
            event_count, department_id, assignee_id, proposed_outcome, author_id, route_reasons,
            outcome, closed_at, submitted_at, accepted_at, last_event_at, next_due_at,
            next_warn_at, return_pending, order_pending)
        SELECT nextval('ticket_id_seq'), 'V' || n, 'x', 'web', :firm, :region, :category, 'normal',
            't', 'd', '', '', s.status, 1, 1, 1, (SELECT min(id) FROM department) + n / 40 % 20,
            (SELECT min(id) FROM "user") + n % 40, 'solved', :cadre, '[]',
            CASE WHEN s.status = 'closed' THEN 'solved' END,
            CASE WHEN s.status = 'closed' THEN now() END,
            now() - n * interval '1 minute', now(), now(),
            CASE WHEN s.status <> 'closed' THEN now() + (n - 57000) * interval '1 minute' END,
            CASE WHEN s.status <> 'closed' THEN now() END, false, false
        FROM generate_series(1, 60000) n,
            LATERAL (SELECT CASE WHEN n < 55000 THEN 'closed' WHEN n % 3 = 0 THEN 'in_review'
                ELSE 'assigned' END AS status) s
        """
    )
    with owner.begin() as connection:
        connection.execute(
            statement,
            {
                "firm": town.enterprise_id,
                "region": town.region_id,
                "category": town.categories["融资"],
                "cadre": town.people["cadre"].id,
            },
        )
        connection.execute(text("ANALYZE ticket"))


def test_each_queue_reads_its_own_index(town: Town, owner: Engine) -> None:
    seed_volume(owner, town)
    for who, chosen, index in PLANS:
        now = utcnow()
        with counted(db.engine) as statements:
            page = queries.by_due(town.people[who], chosen, now, None, lambda **place: str(place))
        assert len(page.items) == 25
        assert len(statements) == 1
        query = queries._list(town.people[who], chosen, now)
        query = query.order_by(Ticket.next_due_at.asc().nulls_last(), Ticket.id.asc()).limit(26)
        compiled = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(db.session.scalars(text(f"EXPLAIN {compiled}").execution_options()))
        assert re.search(index, plan), plan
        assert "Seq Scan on ticket" not in plan, plan
    # What a reviewer searches are all tickets of the unit, of which most are closed.
    query = queries._list(town.reviewer, queries.Filter(), utcnow())
    query = query.order_by(Ticket.submitted_at.desc(), Ticket.id.desc()).limit(26)
    for asked in (query, select(func.count()).select_from(query.limit(1001).subquery())):
        compiled = asked.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(db.session.scalars(text(f"EXPLAIN {compiled}").execution_options()))
        assert "ix_ticket_unit" in plan, plan
