"""Bulk tickets with events, clocks, facts and cells, by COPY, for the benches of the figures."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection
from sqlalchemy import Engine, insert, select, text

from bench.lives import LIVES, Life, lived
from portal.auth.models import User
from portal.directory.models import Category, Chain, Department, Enterprise, Region
from portal.kpi.columns import COLUMNS
from portal.kpi.entries import Promise, entries
from portal.kpi.facts import Facts, Happening, fold
from portal.kpi.ledger import Added, Ledger, added_by
from portal.kpi.models import KpiState
from portal.kpi.periods import LOCAL
from portal.sla.worktime import Calendar
from tests.factories import make_uscc, password_hash

YEARS = 10
DEPARTMENTS, CADRES_EACH, REGIONS, CHAINS = 30, 10, 8, 10
FIRMS = 20_000
CHUNK = 5_000
TABLES = ("ticket", "ticket_event", "clock")


@dataclass(frozen=True)
class Place:
    """The ids that tickets are spread over."""

    cadres: list[tuple[int, int]]  # department, cadre
    regions: list[int]
    chains: list[int]
    categories: list[int]
    firms: tuple[int, int]
    applicant: int
    policy: int
    calendar_id: int


@dataclass
class Seeded:
    """Rows that wait to be copied, and the sums of all of them."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    counted: Counter[tuple[str, str, date, int]] = field(default_factory=Counter)
    patterns: list[Mapping[int, Mapping[str, int]]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)  # of each pattern, by its text


def build_place(owner: Engine, policy: int, calendar_id: int) -> Place:
    """A city: departments with cadres, regions, chains and firms."""
    with owner.begin() as connection:

        def add(model: Any, rows: list[dict[str, Any]]) -> list[int]:
            return list(connection.scalars(insert(model).returning(model.id), rows))

        regions = add(Region, [{"name": f"县区{n}"} for n in range(REGIONS)])
        chains = add(Chain, [{"name": f"产业链{n}"} for n in range(CHAINS)])
        units = add(Department, [{"name": f"承办单位{n}"} for n in range(DEPARTMENTS)])
        person = {"password_hash": password_hash(), "role": "cadre", "phone": None}
        people = [
            {**person, "username": f"c{n}", "name": f"干部{n}", "department_id": units[n % 30]}
            for n in range(DEPARTMENTS * CADRES_EACH)
        ]
        cadres = add(User, people)
        firm = {"size": "small", "contact_name": "", "contact_phone": ""}
        firms = [
            {**firm, "uscc": make_uscc(n), "name": f"企业{n}", "region_id": regions[n % REGIONS]}
            for n in range(1, FIRMS + 1)
        ]
        ids = add(Enterprise, firms)
        where = {"username": "f", "name": "王经理", "role": "applicant", "enterprise_id": ids[0]}
        (applicant,) = add(User, [{**person, **where}])
        categories = list(connection.scalars(select(Category.id)))
    placed = [(one["department_id"], cadre) for one, cadre in zip(people, cadres, strict=True)]
    return Place(
        *(placed, regions, chains, categories, (min(ids), max(ids)), applicant, policy),
        calendar_id,
    )


def seed(owner: Engine, place: Place, calendar: Calendar, number: int, now: datetime) -> None:
    """`number` tickets of ten years up to `now` (UTC), the latest of them still open."""
    raw = owner.raw_connection()
    connection: Any = raw.driver_connection
    dropped = _drop_indexes(connection)
    seeded, chance = Seeded(), random.Random(1)
    days = _working_days(now)
    for n in range(1, number + 1):
        _ticket(seeded, place, calendar, chance, n, _submitted(days, n, number, chance), now)
        if n % CHUNK == 0 or n == number:
            _copy(connection, seeded.rows)
            seeded.rows.clear()
    _cells(connection, seeded)
    for statement in dropped:
        connection.execute(statement)
    connection.execute("SELECT setval('ticket_id_seq', %s)", [number])
    state = {"id": 1, "ready": True, "calendar_id": place.calendar_id, "changed_at": now}
    connection.commit()
    connection.execute("ALTER TABLE ticket_event ENABLE TRIGGER ticket_event_touches")
    connection.commit()
    raw.close()
    with owner.begin() as done:
        done.execute(insert(KpiState).values(**state))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as analysing:
        analysing.execute(text("VACUUM ANALYZE"))


def _drop_indexes(connection: Connection) -> list[str]:
    """Indexes are made after the rows, and the trigger does not fire for each of millions."""
    connection.execute("ALTER TABLE ticket_event DISABLE TRIGGER ticket_event_touches")
    found = connection.execute(
        """
        SELECT i.indexname, i.indexdef FROM pg_indexes i
        WHERE i.tablename = ANY (%s) AND i.indexname LIKE 'ix~_%%' ESCAPE '~'
        """,
        [list(TABLES)],
    ).fetchall()
    for name, _definition in found:
        connection.execute(f'DROP INDEX "{name}"'.encode())
    return [definition for _name, definition in found]


def _working_days(now: datetime) -> list[date]:
    """The last ten years' Mondays to Fridays; today may not have reached nine o'clock yet."""
    last = now.astimezone(LOCAL).date()
    all_days = (last - timedelta(days=n) for n in range(YEARS * 365, 0, -1))
    return [day for day in all_days if day.weekday() < 5]


def _submitted(days: list[date], n: int, number: int, chance: random.Random) -> datetime:
    """In the order of the ids, by day; between nine and four, on full ten minutes."""
    day = days[(n - 1) * len(days) // number]
    minutes = 540 + 10 * chance.randrange(42)
    return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=LOCAL)


def _ticket(
    seeded: Seeded,
    place: Place,
    calendar: Calendar,
    chance: random.Random,
    n: int,
    at: datetime,
    now: datetime,
) -> None:
    department, cadre = place.cadres[(n * 7919) % len(place.cadres)]
    cut = {
        "enterprise_id": place.firms[0] + (n * 104_729) % (place.firms[1] - place.firms[0]),
        "region_id": place.regions[n % REGIONS],
        "chain_id": place.chains[n % CHAINS] if n % 3 else None,
        "category_id": place.categories[n % len(place.categories)],
        "channel": "cadre" if n % 9 == 0 else "web",
        "urgency": "urgent" if n % 11 == 0 else "normal",
        "firm_classes": ["high_tech"] if n % 5 == 0 else [],
        "repeated": n % 4 == 0,
    }
    life = chance.choices(LIVES, [one.weight for one in LIVES])[0]
    happenings, promises = lived(life, at, chance, cut, (department, cadre), now)
    facts = fold(happenings, cut)
    added = added_by(facts, entries(facts, promises), calendar)
    _sum(seeded, added)
    rows = seeded.rows
    rows.setdefault("ticket", []).append(_row(place, n, facts, happenings, promises, now))
    rows.setdefault("event", []).extend(_event(n, place, one) for one in happenings)
    rows.setdefault("clock", []).extend(_clock(n, place, one) for one in promises)
    fact = n, facts.seq, json.dumps(added.to_json())
    rows.setdefault("fact", []).append(fact)


def _sum(seeded: Seeded, added: Added) -> None:
    """Times and hours at once; the days by how often the same pattern begins on the same day."""
    seeded.ledger.add(replace(added, days={}))
    first = min(added.days)
    pattern = {(day - first).days: dict(columns) for day, columns in sorted(added.days.items())}
    key = json.dumps(pattern, sort_keys=True)
    number = seeded.numbers.setdefault(key, len(seeded.numbers))
    if number == len(seeded.patterns):
        seeded.patterns.append(pattern)
    for dimension, value in added.cut:
        seeded.counted[dimension, value, first, number] += 1


def _row(
    place: Place,
    n: int,
    facts: Facts,
    happenings: list[Happening],
    promises: list[Promise],
    now: datetime,
) -> tuple[Any, ...]:
    cut, last = facts.cut, happenings[-1]
    running = [one for one in promises if one.state == "running"]
    nearest = min(running, key=lambda one: one.due_at) if running else None
    due = nearest.due_at if nearest and facts.closed_at is None else None
    with_unit = facts.assignee_id is not None
    merged = n - 1 if facts.outcome == "merged" else None
    return (
        *(n, f"SQ-{n}", "ABCDEFGH", cut["channel"], cut["enterprise_id"], place.applicant),
        *(cut["region_id"], cut["chain_id"], facts.category_id, cut["urgency"]),
        *(cut["firm_classes"], cut["repeated"], "流动资金不足", "银行不再续贷"),
        *("", "", facts.status, facts.round, facts.seq, facts.seq),
        *(facts.department_id, facts.assignee_id if with_unit else None, "[]"),
        *(("solved", facts.assignee_id) if facts.status in _PROPOSED else (None, None)),
        *(facts.outcome, facts.confirmation, facts.rating, merged, False, False),
        *(facts.submitted_at, facts.accepted_at, facts.assigned_at, facts.closed_at, last.at),
        *(nearest.kind if due and nearest else None, due, due),
    )


_PROPOSED = ("in_review", "awaiting_confirmation")
_COPIES = {
    "ticket": (
        "ticket (id, number, query_code, channel, enterprise_id, applicant_id, region_id, chain_id,"
        " category_id, urgency, firm_classes, repeated, title, description, contact_name,"
        " contact_phone, status, round, version, event_count, department_id, assignee_id,"
        " route_reasons, proposed_outcome, author_id, outcome, confirmation, rating,"
        " merged_into_id, return_pending, order_pending, submitted_at, accepted_at, assigned_at,"
        " closed_at, last_event_at, next_clock, next_due_at, next_warn_at)"
    ),
    "event": (
        "ticket_event (ticket_id, seq, version, action, actor_id, actor_role, actor_name, at,"
        " to_status, round, public, payload)"
    ),
    "clock": (
        "clock (ticket_id, round, kind, attempt, policy_id, calendar_id, target, pausable, state,"
        " started_at, warn_at, due_at, original_due_at, provisional, stopped_at)"
    ),
    "fact": "kpi_fact (ticket_id, seq, added)",
}


def _event(n: int, place: Place, one: Happening) -> tuple[Any, ...]:
    said = json.dumps(one.payload, ensure_ascii=False)
    who = place.applicant, "applicant", "王经理"
    return n, one.seq, one.seq, one.action, *who, one.at, one.to_status, 1, True, said


def _clock(n: int, place: Place, one: Promise) -> tuple[Any, ...]:
    due = one.due_at
    return (
        *(n, one.round, one.kind, one.attempt, place.policy, place.calendar_id, "15wd", True),
        *(one.state, one.started_at, due, due, one.original_due_at, False, one.stopped_at),
    )


def _copy(connection: Connection, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    for name, target in _COPIES.items():
        _write(connection, target, rows.get(name, []))
    connection.commit()


def _write(connection: Connection, target: str, rows: Any) -> None:
    with connection.cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _cells(connection: Connection, seeded: Seeded) -> None:
    """The cells, out of how often each pattern of days begins on each day."""
    key, ledger = "dimension, grain, start, value", seeded.ledger
    _write(connection, f"kpi_cell ({key}, {', '.join(COLUMNS)})", _cell_rows(seeded))
    hours = ((*one, slot, n) for (one, slot), n in ledger.hours.items())
    _write(connection, f"kpi_hour ({key}, slot, n)", hours)
    times = ((*one, name, at, n) for (one, name, at), n in ledger.times.items())
    _write(connection, f"kpi_time ({key}, name, tenths, n)", times)


def _cell_rows(seeded: Seeded) -> Iterator[tuple[Any, ...]]:
    """One value after the other: all cells at once would not fit into memory."""
    by_value: defaultdict[tuple[str, str], list[tuple[date, int, int]]] = defaultdict(list)
    for (dimension, value, first, number), times in seeded.counted.items():
        by_value[dimension, value].append((first, number, times))
    seeded.counted.clear()
    for cut, counted in by_value.items():
        ledger = Ledger()
        for first, number, times in counted:
            days = {first + timedelta(days=n): one for n, one in seeded.patterns[number].items()}
            ledger.add(Added((cut,), days), times)
        for key, columns in ledger.cells.items():
            yield (*key, *(columns[name] for name in COLUMNS))


__all__ = ["Life", "Place", "build_place", "seed"]
