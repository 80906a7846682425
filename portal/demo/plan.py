"""Draws up the year: which firm asks for what and when, and how each request goes. Pure."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from portal.demo.cast import Cast, PlayedFirm
from portal.demo.places import MONTHS, UNLIKELY, WEIGHTS
from portal.sla.worktime import Calendar
from portal.tickets.lifecycle import Urgency

LOCAL = ZoneInfo("Asia/Shanghai")
YEAR = 2023
ACCEPTED = 619
SOLVED = 613
LAST_OTHER_DAY = date(YEAR, 12, 20)  # a dispatcher still accepts it within the year

# The six that are not solved and confirmed: the end, and the category that it is believable in.
UNSOLVED: tuple[tuple[str, str], ...] = (
    ("explained", "政策兑现"),
    ("explained_unconfirmed", "用地用房"),
    ("unconfirmed", "税费"),
    ("withdrawn", "融资"),
    ("transferred", "拖欠账款"),
    ("terminated", "审批证照"),
)
# How many of the 613 go through what; the rest of the year is without incident.
DECKS: dict[str, int] = {
    "returned": 25,
    "return_refused": 6,
    "disputed": 37,
    "reopened": 4,
    "call_back": 5,
    "asked": 70,
    "asked_lapsed": 4,
    "late": 50,
    "reassigned": 8,
}
# Incidents that do not go together on one request.
APART = (
    ("returned", "return_refused", "reassigned"),
    ("disputed", "reopened", "call_back"),
    ("asked", "asked_lapsed"),
    ("late", "asked_lapsed"),
)
# Small ones that may come on top of any other.
CHANCES: dict[str, float] = {
    "contact_late": 0.045,
    "reply_late": 0.04,
    "unsigned": 0.09,
    "urged": 0.09,
    "commented": 0.10,
    "noted": 0.30,
    "sent_back": 0.04,
}


@dataclass(frozen=True)
class Plan:
    """One request that will be accepted: `end` and `incidents` are words the script knows."""

    index: int
    at: datetime
    firm: PlayedFirm
    category: str
    urgency: Urgency
    end: str
    incidents: frozenset[str]


def source(seed: object) -> Random:
    """A source of its own for each life, so that one does not change another."""
    return Random(str(seed))  # noqa: S311 – a play, no secret


def year(rng: Random, cast: Cast, calendar: Calendar) -> list[Plan]:
    """The 619 plans in the order of their submission."""
    instants = sorted(_instants(rng, calendar))
    wishes = [_wish(rng, cast, at) for at in instants]
    ends = _ends(rng, [category for _, category in wishes])
    incidents = _incidents(rng, [i for i in range(ACCEPTED) if i not in ends])
    return [
        Plan(
            index=index,
            at=at,
            firm=wishes[index][0],
            category=wishes[index][1],
            urgency=_urgency(rng),
            end=ends.get(index, "solved"),
            incidents=frozenset(incidents.get(index, ())),
        )
        for index, at in enumerate(instants)
    ]


def instant_in(rng: Random, calendar: Calendar, month: int) -> datetime:
    """When a firm writes: in office hours mostly, some evenings, some weekends."""
    while True:
        day = date(YEAR, month, rng.randint(1, monthrange(YEAR, month)[1]))
        works = bool(calendar.day_info(day).windows)
        roll = rng.random()
        if (not works and roll < 0.8) or (day.month == 12 and day.day > 29):
            continue
        evening = not works or roll > 0.92
        hour, span = (9, 13 * 60) if not works else (18, 270) if evening else (8, 570)
        local = datetime(day.year, day.month, day.day, hour, tzinfo=LOCAL)
        at = local + timedelta(minutes=rng.randrange(5, span), seconds=rng.randrange(60))
        noon = works and not evening and not calendar.is_working(at)
        if not noon or rng.random() < 0.3:
            return at.astimezone(UTC)


def _instants(rng: Random, calendar: Calendar) -> Iterable[datetime]:
    for month in rng.choices(range(1, 13), MONTHS, k=ACCEPTED):
        yield instant_in(rng, calendar, month)


def _wish(rng: Random, cast: Cast, at: datetime) -> tuple[PlayedFirm, str]:
    """A firm and what it asks for in that month."""
    local = at.astimezone(LOCAL).date()
    [firm] = rng.choices(cast.firms, [firm.weight for firm in cast.firms])
    never = UNLIKELY.get(firm.chain, frozenset())
    if local > LAST_OTHER_DAY:
        never |= {"其他"}
    names = [name for name in WEIGHTS if name not in never]
    weights = [WEIGHTS[name][0] * (2 if local.month in WEIGHTS[name][1] else 1) for name in names]
    return firm, rng.choices(names, weights)[0]


def _urgency(rng: Random) -> Urgency:
    return rng.choices((Urgency.NORMAL, Urgency.URGENT, Urgency.CRITICAL), (84, 13, 3))[0]


def _ends(rng: Random, categories: list[str]) -> dict[int, str]:
    """Which request ends in each of the six other ways."""
    ends: dict[int, str] = {}
    for end, wanted in UNSOLVED:
        fitting = [i for i, name in enumerate(categories) if name == wanted and i not in ends]
        ends[rng.choice(fitting)] = end
    return ends


def _incidents(rng: Random, indices: list[int]) -> dict[int, set[str]]:
    """Deals the decks exactly, then the small chances."""
    dealt: dict[int, set[str]] = {index: set() for index in indices}
    for word, size in DECKS.items():
        apart = {other for group in APART if word in group for other in group}
        free = [index for index in indices if not dealt[index] & apart]
        for index in rng.sample(free, size):
            dealt[index].add(word)
    for index in indices:
        dealt[index] |= {word for word, chance in CHANCES.items() if rng.random() < chance}
    return dealt
