"""The clock rules of a policy as data: the three shipped profiles, choosing, JSON. Pure.

domain.md §3: Shandong 1/3/15/30 working days and first contact within 2 hours; Jiangmen 60 minutes
/ 24 hours / 7 calendar days; Zhuhai "124": 1 working hour / 2 / 4 working days.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from portal.sla.targets import due, parse_target
from portal.sla.worktime import Calendar

_OFFSET = re.compile(r"(start|warn|due)(?:\+([0-9]+(?:wd|wm|h|d)))?")


@dataclass(frozen=True)
class Level:
    """One step of the ladder: a timer's `name`, when it fires, and the roles it is told to.

    `at`: 'warn' (yellow), 'due', or 'start', 'warn' or 'due' plus a target, as 'start+2wd'.
    """

    name: str
    at: str
    who: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        match = _OFFSET.fullmatch(self.at)
        if match is None:
            raise ValueError(f"Level {self.name}: {self.at!r} is not like 'due' or 'start+2wd'.")
        if match[2]:
            parse_target(match[2])

    def fire_at(
        self, calendar: Calendar, start: datetime, warn_at: datetime, due_at: datetime
    ) -> datetime:
        """The instant (UTC) this level fires for a clock with these three instants."""
        base, _, offset = self.at.partition("+")
        instant = {"start": start, "warn": warn_at, "due": due_at}[base]
        return due(calendar, instant, parse_target(offset)).at if offset else instant


@dataclass(frozen=True)
class ClockRule:
    """One promise: its clock, target, what starts and stops it, and for which tickets it holds.

    `starts` and `stops` are words of the lifecycle: an action, or a status that is entered.
    `pausable`: stands still while needs_info. `urgency`, `complexity`, `kind` and `categories`
    (ids): the values the rule is for, none meaning any; of several that fit, the one with most of
    the four wins.
    """

    clock: str
    target: str
    starts: str
    stops: tuple[str, ...]
    levels: tuple[Level, ...]
    pausable: bool = True
    urgency: tuple[str, ...] = ()
    complexity: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    categories: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        parse_target(self.target)

    @property
    def weight(self) -> int:
        """How many of the four conditions the rule names."""
        return sum(map(bool, (self.urgency, self.complexity, self.kind, self.categories)))

    def fits(self, *, urgency: str, complexity: str, kind: str, category: int | None) -> bool:
        """Whether the rule holds for such a ticket."""
        if self.categories and category not in self.categories:
            return False
        asked = ((self.urgency, urgency), (self.complexity, complexity), (self.kind, kind))
        return all(not wanted or value in wanted for wanted, value in asked)


def rules_for(
    profile_rules: Iterable[ClockRule],
    *,
    urgency: str,
    complexity: str,
    kind: str,
    category: int | None = None,
    parent: int | None = None,
) -> dict[str, ClockRule]:
    """The rule of each clock for such a ticket, the most specific one.

    `urgency`: normal, urgent, critical. `complexity`: normal, complex. `kind`: request, consult.
    `category`: its id; None is one that no rule names. `parent`: the category above, whose rules
    hold for a clock where none that names the category itself does.
    Raises ValueError when two rules of one clock are equally specific.
    """
    fitting: dict[str, list[ClockRule]] = {}
    above: dict[str, list[ClockRule]] = {}
    for rule in profile_rules:
        if rule.fits(urgency=urgency, complexity=complexity, kind=kind, category=category):
            fitting.setdefault(rule.clock, []).append(rule)
        if rule.fits(urgency=urgency, complexity=complexity, kind=kind, category=parent):
            above.setdefault(rule.clock, []).append(rule)
    if parent is not None:
        own = {clock for clock, rules in fitting.items() if any(r.categories for r in rules)}
        fitting |= {clock: rules for clock, rules in above.items() if clock not in own}
    chosen: dict[str, ClockRule] = {}
    for clock, rules in fitting.items():
        first, *others = sorted(rules, key=lambda rule: -rule.weight)
        if others and others[0].weight == first.weight:
            raise ValueError(
                f"Clock {clock}: {first.target} and {others[0].target} both hold for a ticket "
                f"that is {urgency}, {complexity} and {kind}."
            )
        chosen[clock] = first
    return chosen


def to_json(rules: Iterable[ClockRule]) -> list[dict[str, Any]]:
    """The rules as plain lists and words, as a policy version stores them."""
    return [asdict(rule) for rule in rules]


def from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[ClockRule, ...]:
    """The inverse of `to_json`, also of versions older than `categories`.

    Raises ValueError for a bad target or offset.
    """
    return tuple(_rule(one) for one in stored)


def _rule(stored: Mapping[str, Any]) -> ClockRule:
    words: dict[str, Sequence[str]] = {
        name: tuple(stored[name]) for name in ("stops", "urgency", "complexity", "kind")
    }
    levels = tuple(Level(one["name"], one["at"], tuple(one["who"])) for one in stored["levels"])
    categories = tuple(stored.get("categories", ()))
    return ClockRule(**{**stored, **words, "levels": levels, "categories": categories})


_HANDLING = (Level("warn", "warn", ("cadre",)), Level("due", "due", ("cadre", "reviewer")))
# The whole ladder: red for 2 working days opens a supervision order, for 5 it goes to the leader.
_LADDER = (
    *_HANDLING,
    Level("order", "due+2wd", ("cadre",)),
    Level("elevate", "due+5wd", ("leader",)),
)
_ACCEPT = (Level("warn", "warn", ("dispatcher",)), Level("due", "due", ("dispatcher",)))
_CONFIRM = (
    Level("remind_1", "start+2wd", ("applicant",)),
    Level("remind_2", "start+4wd", ("applicant",)),
    Level("due", "due", ("applicant", "cadre")),
)
_SUPPLY = (Level("warn", "warn", ("applicant",)), Level("due", "due", ("dispatcher",)))
_PRESSING = ("urgent", "critical")

_CONTACT = ClockRule(
    "contact", "120wm", "assigned", ("record_contact", "reply", "resolve"), _HANDLING
)
_VERIFY = ClockRule(
    "verify", "1wd", "assigned", ("note", "record_contact", "reply", "resolve"), _HANDLING
)
_REPLY = ClockRule("reply", "3wd", "assigned", ("reply", "resolve"), _LADDER)
_RESOLVE = ClockRule("resolve", "15wd", "assigned", ("awaiting_confirmation", "closed"), _LADDER)
_FRAME = (
    ClockRule("accept", "240wm", "submit", ("assigned", "reject", "transfer", "merge"), _ACCEPT),
    ClockRule("sign", "120wm", "assigned", ("sign",), _HANDLING),
    _VERIFY,
    ClockRule(
        "confirm",
        "5wd",
        "awaiting_confirmation",
        ("confirm", "dispute", "lapse"),
        _CONFIRM,
        pausable=False,
    ),
    ClockRule("supply", "5wd", "needs_info", ("supply_info", "lapse"), _SUPPLY, pausable=False),
)

PROFILES: dict[str, tuple[ClockRule, ...]] = {
    "default": (
        *_FRAME,
        _CONTACT,
        replace(_CONTACT, target="60wm", urgency=_PRESSING),
        _REPLY,
        replace(_REPLY, target="1wd", kind=("consult",)),
        _RESOLVE,
        replace(_RESOLVE, target="30wd", complexity=("complex",)),
    ),
    "jiangmen": (
        *_FRAME,
        replace(_CONTACT, target="1h"),
        replace(_REPLY, target="24h"),
        replace(_RESOLVE, target="7d"),
    ),
    "zhuhai": (
        *_FRAME,
        replace(_CONTACT, target="60wm"),
        replace(_REPLY, target="2wd"),
        replace(_RESOLVE, target="4wd"),
    ),
}
"""The shipped profiles; 'default' is Shandong's practice."""
