"""What becomes of a seeded ticket: ten lives, from solved in two days to open for years."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.kpi.entries import Promise
from portal.kpi.facts import Happening

HOUR, DAY = 60, 24 * 60


@dataclass(frozen=True)
class Life:
    """How often it is lived, how many days the work takes, and how it ends."""

    weight: int
    days: tuple[int, int]
    end: str


LIVES = (
    Life(640, (1, 12), "solved"),
    Life(80, (22, 40), "solved"),
    Life(60, (2, 12), "unconfirmed"),
    Life(40, (2, 14), "explained"),
    Life(50, (2, 10), "disputed"),
    Life(30, (1, 2), "withdrawn"),
    Life(10, (1, 1), "rejected"),
    Life(10, (1, 2), "transferred"),
    Life(10, (1, 3), "merged"),
    Life(2, (900, 3000), "solved"),
)
Step = tuple[int, str, str, dict[str, Any]]
# Kind, minutes from assignment to the due.
CLOCKS = (
    ("sign", 2 * HOUR),
    ("contact", 2 * HOUR),
    ("verify", DAY),
    ("reply", 3 * DAY),
    ("resolve", 21 * DAY),
)


def lived(
    life: Life,
    at: datetime,
    chance: random.Random,
    cut: Mapping[str, Any],
    holder: tuple[int, int],
    now: datetime,
) -> tuple[list[Happening], list[Promise]]:
    """The events and clocks of a ticket submitted at `at`, as far as `now` (both UTC)."""
    contact = 12 + 6 * chance.randrange(30)
    work = DAY * chance.randint(*life.days)
    steps = [one for one in _steps(life, contact, work, cut, holder) if _after(at, one[0]) <= now]
    happenings = [
        Happening(n, action, _after(at, minutes), to, said)
        for n, (minutes, action, to, said) in enumerate(steps, 1)
    ]
    assigned = at + timedelta(minutes=1)
    if life.end == "rejected":
        return happenings, [_promise("accept", at, 4 * HOUR, _after(at, work), "stopped", now)]
    ended = {"sign": 30, "contact": contact, "verify": contact, "reply": contact + DAY}
    closing = life.end in ("withdrawn", "transferred", "merged")
    promises = [_promise("accept", at, 4 * HOUR, assigned, "stopped", now)]
    if assigned > now:
        return happenings, promises
    for kind, due in CLOCKS:
        stop = ended.get(kind, work)
        state = "cancelled" if closing and stop >= work else "stopped"
        stopped = _after(at, min(stop, work))
        promises.append(_promise(kind, assigned, due, stopped, state, now))
    return happenings, promises


def _after(at: datetime, minutes: int) -> datetime:
    return at + timedelta(minutes=minutes)


def _promise(
    kind: str, at: datetime, due: int, stopped: datetime, state: str, now: datetime
) -> Promise:
    when = _after(at, due)
    if stopped > now:
        return Promise(kind, 1, 1, "running", at, when, when, None)
    return Promise(kind, 1, 1, state, at, when, when, stopped)


def _steps(
    life: Life, contact: int, work: int, cut: Mapping[str, Any], holder: tuple[int, int]
) -> list[Step]:
    submitted: Step = (0, "submit", "submitted", {"cut": dict(cut)})
    if life.end == "rejected":
        return [submitted, (work, "reject", "closed", {"outcome": "rejected"})]
    department, cadre = holder
    steps: list[Step] = [
        submitted,
        (1, "route", "assigned", {"department_id": department, "assignee_id": cadre}),
        (30, "sign", "in_progress", {}),
        (contact, "record_contact", "in_progress", {"method": "phone", "text": "已联系"}),
    ]
    steps = [one for one in steps if one[0] < work]
    if life.end in ("withdrawn", "transferred", "merged"):
        verb = {"withdrawn": "withdraw", "transferred": "transfer", "merged": "merge"}[life.end]
        return [*steps, (work, verb, "closed", {"outcome": life.end})]
    outcome = "explained" if life.end == "explained" else "solved"
    steps.append((work, "resolve", "awaiting_confirmation", {"outcome": outcome}))
    if life.end == "disputed":
        steps.append((work + DAY, "dispute", "in_progress", {"rating": 2}))
        work += 5 * DAY
        steps.append((work, "resolve", "awaiting_confirmation", {"outcome": outcome}))
    if life.end == "unconfirmed":
        return [*steps, (work + 7 * DAY, "lapse", "closed", {"outcome": outcome})]
    rating = 2 + (contact // 6) % 4
    return [*steps, (work + DAY, "confirm", "closed", {"outcome": outcome, "rating": rating})]
