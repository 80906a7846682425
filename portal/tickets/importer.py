"""Turns answered history into closed tickets with events and clocks at their true times.

Why it is so: docs/decisions/import.md. No timer, no message and no notice (lessons.md 14).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from portal.db import transaction
from portal.directory.models import Category, Department, Enterprise, Region
from portal.errors import Invalid
from portal.extensions import db
from portal.keys.columns import draw, placed
from portal.search import service as search
from portal.sla import targets
from portal.sla.calendars import calendar_of, current_calendar_id
from portal.sla.default_policy import rules_for
from portal.sla.models import Clock
from portal.sla.service import current_policy_id, policy_rules
from portal.tickets.importer_files import Row
from portal.tickets.importer_past import Past, past_of
from portal.tickets.importer_profiles import Profile
from portal.tickets.lifecycle import Action, Channel, Confirmation, Outcome, Status, Urgency
from portal.tickets.models import TICKET_ID, Ticket, TicketEvent
from portal.tickets.service.submit import new_query_code, next_number

CHUNK = 500
CLOCKS = ("reply", "resolve")
IMPORT_LOCK = 7_101_002  # the advisory lock that keeps two imports from adding the same row


@dataclass
class Summary:
    """What an import did: rows read, tickets added, rows known already, and refusals by line."""

    read: int = 0
    added: int = 0
    present: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Frame:
    """What all tickets of one import share: ids, and the rules their clocks are judged by."""

    profile: Profile
    enterprise_id: int
    region_id: int
    category_id: int
    department_id: int | None
    policy_id: int
    calendar_id: int
    targets: dict[str, tuple[str, bool]]


def import_rows(
    profile: Profile, rows: Sequence[Row], now: datetime, department: str | None = None
) -> Iterator[Summary]:
    """Imports in chunks, each one transaction, and yields the summary so far after each.

    `now`: UTC, no row may be later. `department`: the unit that answered. A bad row is noted and
    the rest goes in; a row imported before is counted and left alone. Raises Invalid for an
    unknown department.
    """
    with transaction():
        frame = _frame(profile, department)
    summary, seen = Summary(), {}
    waiting = iter(rows)
    while chunk := list(islice(waiting, CHUNK)):
        summary.read += len(chunk)
        good = list(_sound(chunk, frame, now, seen, summary))
        with transaction():
            added = _add(frame, good)
        summary.added += added
        summary.present += len(good) - added
        yield summary


def _sound(
    rows: Iterable[Row], frame: Frame, now: datetime, seen: dict[str, int], summary: Summary
) -> Iterator[Past]:
    """The rows that make sense; the others are noted with their line and the reason."""
    profile, calendar = frame.profile, calendar_of(frame.calendar_id)
    for row in rows:
        try:
            past = past_of(row, profile, calendar, now)
            if past.key in seen:
                raise Invalid(f"{profile.key}“{past.key}”与第 {seen[past.key]} 行重复")
        except Invalid as error:
            summary.problems.append((row.line, error.message))
            continue
        seen[past.key] = row.line
        yield past


def _frame(profile: Profile, department: str | None) -> Frame:
    """The ids that the tickets need; makes the placeholder region and firm where missing."""
    category = db.session.scalar(select(Category).where(Category.name == profile.category))
    if category is None:
        raise Invalid(f"没有名为“{profile.category}”的诉求类别，请先建立。")
    region_id = _placeholder(Region, "name", {"name": profile.region, "active": False})
    firm = {
        "uscc": profile.uscc,
        "name": profile.firm,
        "region_id": region_id,
        "size": "micro",
    }
    policy_id = current_policy_id()
    rules = rules_for(
        policy_rules(policy_id),
        urgency=Urgency.NORMAL,
        complexity="complex" if category.complex else "normal",
        kind="consult" if category.consult else "request",
        category=category.id,
    )
    return Frame(
        profile=profile,
        enterprise_id=_placeholder(Enterprise, "uscc", firm),
        region_id=region_id,
        category_id=category.id,
        department_id=None if department is None else _department_id(department),
        policy_id=policy_id,
        calendar_id=current_calendar_id(),
        targets={k: (rules[k].target, rules[k].pausable) for k in CLOCKS if k in rules},
    )


def _placeholder(model: type[Region] | type[Enterprise], unique: str, row: dict[str, Any]) -> int:
    if model is Enterprise:
        (row["id"],) = draw(db.session.connection(), Enterprise.__table__, 1)
        for name in ("contact_name", "contact_phone"):
            row[name] = placed(getattr(Enterprise, name), "–", row["id"])
    statement = upsert(model).values(**row).on_conflict_do_nothing(index_elements=[unique])
    db.session.execute(statement)
    column = getattr(model, unique)
    return db.session.scalars(select(model.id).where(column == row[unique])).one()


def _department_id(name: str) -> int:
    department_id = db.session.scalar(select(Department.id).where(Department.name == name))
    if department_id is None:
        raise Invalid(f"没有名为“{name}”的承办单位。")
    return department_id


def _add(frame: Frame, pasts: list[Past]) -> int:
    """Writes the tickets not there yet, each with three events and two clocks; how many."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK})
    keys = {f"import:{frame.profile.name}:{past.key}": past for past in pasts}
    known = set(
        db.session.scalars(select(Ticket.submit_key).where(Ticket.submit_key.in_(list(keys))))
    )
    # In the order of their days, as two imports must take the days' row locks alike.
    fresh = sorted(
        ((past, key) for key, past in keys.items() if key not in known),
        key=lambda one: (one[0].submitted_at, one[1]),
    )
    if not fresh:
        return 0
    numbered = select(TICKET_ID.next_value()).select_from(func.generate_series(1, len(fresh)))
    ids = list(db.session.scalars(numbered))
    tickets, events, clocks = [], [], []
    for ticket_id, (past, key) in zip(ids, fresh, strict=True):
        tickets.append(_ticket(frame, ticket_id, key, past))
        events.extend(_events(frame, ticket_id, past))
        clocks.extend(_clocks(frame, ticket_id, past))
    db.session.execute(insert(Ticket), tickets)
    db.session.execute(insert(TicketEvent), events)
    db.session.execute(insert(Clock), clocks)
    search.index(ids)
    return len(fresh)


def _ticket(frame: Frame, ticket_id: int, key: str, past: Past) -> dict[str, Any]:
    return {
        "id": ticket_id,
        "number": next_number(past.submitted_at),
        "query_code": new_query_code(),
        "submit_key": key,
        "channel": Channel.IMPORT,
        "enterprise_id": frame.enterprise_id,
        "region_id": frame.region_id,
        "category_id": frame.category_id,
        "urgency": Urgency.NORMAL,
        "title": past.title,
        "description": past.body,
        "contact_name": placed(Ticket.contact_name, "–", ticket_id),
        "contact_phone": placed(Ticket.contact_phone, "–", ticket_id),
        "status": Status.CLOSED,
        "round": 1,
        "version": 2,
        "event_count": 3,
        "department_id": frame.department_id,
        "route_reasons": [],
        "outcome": Outcome.EXPLAINED,
        "confirmation": Confirmation.UNCONFIRMED,
        "return_pending": False,
        "order_pending": False,
        "submitted_at": past.submitted_at,
        "closed_at": past.replied_at,
        "last_event_at": past.replied_at,
    }


def _events(frame: Frame, ticket_id: int, past: Past) -> Iterator[dict[str, Any]]:
    """Submit, reply, and the closing that nobody confirmed; the reply itself ended the handling."""
    waiting = Status.AWAITING_CONFIRMATION
    source = {"import": frame.profile.name, "key": past.key}
    closing = {"outcome": Outcome.EXPLAINED, **source}
    steps = (
        (Action.SUBMIT, "applicant", "留言人", past.submitted_at, None, Status.SUBMITTED, source),
        (Action.REPLY, "cadre", "答复单位", past.replied_at, Status.SUBMITTED, waiting, {}),
        (Action.LAPSE, "system", "系统", past.replied_at, waiting, Status.CLOSED, closing),
    )
    for seq, (action, role, name, at, before, after, payload) in enumerate(steps, 1):
        yield {
            "ticket_id": ticket_id,
            "seq": seq,
            "version": 2 if action is Action.LAPSE else 1,
            "key": None,
            "action": action,
            "actor_id": None,
            "actor_role": role,
            "actor_name": name,
            "at": at,
            "from_status": before,
            "to_status": after,
            "round": 1,
            "public": True,
            "payload": {"text": past.reply} if action is Action.REPLY else payload,
        }


def _clocks(frame: Frame, ticket_id: int, past: Past) -> Iterator[dict[str, Any]]:
    """The promises the city makes today, judged by the calendar of those years."""
    calendar = calendar_of(frame.calendar_id)
    for kind, (words, pausable) in frame.targets.items():
        target = targets.parse_target(words)
        due = targets.due(calendar, past.submitted_at, target)
        yield {
            "ticket_id": ticket_id,
            "round": 1,
            "kind": kind,
            "attempt": 1,
            "policy_id": frame.policy_id,
            "calendar_id": frame.calendar_id,
            "target": words,
            "pausable": pausable,
            "state": "stopped",
            "started_at": past.submitted_at,
            "warn_at": targets.warn_at(calendar, past.submitted_at, due.at, target),
            "due_at": due.at,
            "original_due_at": due.at,
            "provisional": due.provisional,
            "stopped_at": past.replied_at,
        }
