"""What is wrong with a set of clock rules, and the plain text of their levels. Pure.

issue 3, point 3: overlap is a shown error, not "first row wins"; an optional target is absent.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from portal.auth.roles import Role
from portal.errors import N_
from portal.sla.default_policy import PROFILES, ClockRule, Level

URGENCIES = ("normal", "urgent", "critical")
COMPLEXITIES = ("normal", "complex")
KINDS = ("request", "consult")
CLOCKS = tuple(dict.fromkeys(rule.clock for rule in PROFILES["default"]))
# Their lapse is the only way out of a state in which everybody waits.
MUST_END = ("supply", "confirm")
READERS = tuple(
    str(role)
    for role in (
        *(Role.APPLICANT, Role.CADRE, Role.REVIEWER),
        *(Role.DISPATCHER, Role.SUPERVISOR, Role.LEADER),
    )
)
BAD_LEVEL = N_("每行写三项，用空格隔开：名称、时点、通知对象，如 due due cadre,reviewer。")
BAD_WHO = N_(
    "通知对象应为 applicant、cadre、reviewer、dispatcher、supervisor 或 leader，用逗号隔开。"
)
BAD_AT = N_("时点应写作 warn、due，或 start、warn、due 加时长，如 start+2wd。")
LEVEL_TWICE = N_("同一个名称写了两次。")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True)
class Case:
    """A kind of ticket; `category` None is every one that no rule names."""

    urgency: str
    complexity: str
    kind: str
    category: int | None


@dataclass(frozen=True)
class Overlap:
    """Two rules (their places from 0) that are equally specific for such a ticket."""

    first: int
    second: int
    clock: str
    case: Case


@dataclass(frozen=True)
class Lacking:
    """A clock that such a ticket must have, with a level `due`, and has not."""

    clock: str
    case: Case


class LevelError(ValueError):
    """A line of levels that cannot be read: its place from 1, and a sentence."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line, self.sentence = line, sentence


def cases(rules: Sequence[ClockRule]) -> Iterator[Case]:
    """Every kind of ticket that the rules can tell apart."""
    named = sorted({one for rule in rules for one in rule.categories})
    for parts in product(URGENCIES, COMPLEXITIES, KINDS, (None, *named)):
        yield Case(*parts)


def overlaps(rules: Sequence[ClockRule]) -> list[Overlap]:
    """The pairs that tie at the top for some ticket, each with the first such ticket.

    A tie below a rule that is more specific decides nothing and is no error. Categories can be
    marked complex or consult at any time, so every combination counts.
    """
    found: dict[tuple[int, int], Overlap] = {}
    for case in cases(rules):
        for clock, top in _deciding(rules, case).items():
            for pair in combinations(top, 2):
                found.setdefault(pair, Overlap(*pair, clock, case))
    return [found[pair] for pair in sorted(found)]


def lacking(rules: Sequence[ClockRule]) -> list[Lacking]:
    """The clocks whose lapse some ticket needs and would not have; one example each."""
    found: dict[str, Lacking] = {}
    for case in cases(rules):
        deciding = _deciding(rules, case)
        for clock in MUST_END:
            ends = [p for p in deciding.get(clock, ()) if _has_due(rules[p])]
            if not ends:
                found.setdefault(clock, Lacking(clock, case))
    return list(found.values())


def frame(clock: str, rules: Sequence[ClockRule]) -> tuple[str, tuple[str, ...]]:
    """What starts and stops a clock: as the present rules have it, else as the default profile."""
    rule = next(one for one in (*rules, *PROFILES["default"]) if one.clock == clock)
    return rule.starts, rule.stops


def levels_text(levels: Sequence[Level]) -> str:
    """Levels as the editor shows them, one a line: name, instant, readers."""
    return "\n".join(f"{one.name} {one.at} {','.join(one.who)}".strip() for one in levels)


def parse_levels(text: str) -> tuple[Level, ...]:
    """The inverse of `levels_text`. Raises LevelError for the first line that is wrong."""
    found: dict[str, Level] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        level = _level(number, line.replace(N_("，"), ",").split())
        if level.name in found:
            raise LevelError(number, LEVEL_TWICE)
        found[level.name] = level
    return tuple(found.values())


def _level(number: int, parts: list[str]) -> Level:
    if not 2 <= len(parts) <= 3 or not _NAME.fullmatch(parts[0]):
        raise LevelError(number, BAD_LEVEL)
    who = tuple(one for one in parts[2].split(",") if one) if len(parts) == 3 else ()
    if not set(who) <= set(READERS):
        raise LevelError(number, BAD_WHO)
    try:
        return Level(parts[0], parts[1], who)
    except ValueError as error:
        raise LevelError(number, BAD_AT) from error


def _deciding(rules: Sequence[ClockRule], case: Case) -> dict[str, list[int]]:
    """The places of the most specific rules of each clock for such a ticket."""
    fitting: dict[str, list[int]] = {}
    for place, rule in enumerate(rules):
        if rule.fits(**vars(case)):
            fitting.setdefault(rule.clock, []).append(place)
    return {
        clock: [p for p in places if rules[p].weight == max(rules[q].weight for q in places)]
        for clock, places in fitting.items()
    }


def _has_due(rule: ClockRule) -> bool:
    return any(level.name == "due" for level in rule.levels)
