"""Replays past tickets by a set of rules, without a database: who would have got what. Pure.

The order is that of the real service (domain.md §4): the standing cadre where the category allows
it, then the rules, then the least open load of the unit among those present that day who know the
category, else triage. A ticket weighs on its cadre from its submission to its real end; without
times, for ever. Capacity limits nobody here: the load that would arise is the question.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush

from portal.kpi.periods import local_day
from portal.routing.book import Book, tied
from portal.routing.choice import kin_of
from portal.routing.rules import Candidate, RouteFacts, least_loaded, stand_in

_START = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Past:
    """One past ticket.

    `desk`: the unit that has it, None where it is not known or it never had one. `pairing`: the
    standing cadre and deputy where its category allows them. `at`, `until`: UTC, None not known.
    """

    facts: RouteFacts
    desk: int | None = None
    pairing: tuple[int, int | None] | None = None
    at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Absence:
    """A cadre away from one local day to another, both included, and who stands in."""

    cadre_id: int
    deputy_id: int | None
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class People:
    """The cadres: `teams` maps a unit to its cadres by id; who is away when; who knows what.

    `skills`: the categories noted for a cadre, none noted means every category.
    """

    teams: Mapping[int, Sequence[int]]
    absences: Sequence[Absence] = ()
    skills: Mapping[int, frozenset[int]] = field(default_factory=dict)
    parents: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def units(self) -> dict[int, int]:
        """The unit of each cadre."""
        return {cadre: unit for unit, team in self.teams.items() for cadre in team}


@dataclass
class Replay:
    """What came of it, in numbers of tickets.

    `paired` go to the standing cadre, `ruled` by a rule, `unmanned` of these to a unit with nobody
    present who knows the category; `unruled` reach no rule, `tied` meet a tie: triage. `changed` of
    `compared` with a known desk go to another desk than they had; `moved` go elsewhere than by the
    rules in force, `moves` says from where to where (None: triage). `departments` and `cadres`
    count what each gets, `peaks` the most a cadre has open at once; `by_rule` what each rule gets.
    """

    tickets: int = 0
    paired: int = 0
    ruled: int = 0
    unruled: int = 0
    tied: int = 0
    unmanned: int = 0
    compared: int = 0
    changed: int = 0
    moved: int = 0
    moves: Counter[tuple[int | None, int | None]] = field(default_factory=Counter)
    departments: Counter[int] = field(default_factory=Counter)
    cadres: Counter[int] = field(default_factory=Counter)
    peaks: dict[int, int] = field(default_factory=dict)
    by_rule: Counter[int] = field(default_factory=Counter)


def replay(past: Iterable[Past], book: Book, people: People, force: Book | None = None) -> Replay:
    """Plays the tickets in the order given, which is that of their submission.

    `force`: the rules in force, to count what another set would move. Writes nothing.
    """
    play = _Play(people)
    for ticket in past:
        play.one(ticket, book, force)
    return play.result


class _Play:
    """The state of a replay: what each cadre has open, and since when each is idle."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.result = Replay()
        self.open: Counter[int] = Counter()
        self.idle: dict[int, datetime] = {}
        self.ends: list[tuple[datetime, int]] = []
        self.away: dict[date, dict[int, int | None]] = {}
        self.able: dict[tuple[int, int], Sequence[int]] = {}

    def one(self, ticket: Past, book: Book, force: Book | None) -> None:
        """One ticket finds its desk."""
        result = self.result
        result.tickets += 1
        self._release(ticket.at)
        away = self._away(ticket.at)
        owner = self._standing(ticket, away)
        if owner is not None:
            result.paired += 1
            unit = self.people.units.get(owner)
            self._give(owner, unit, ticket)
        else:
            unit = self._by_rule(ticket, book, away)
            if force is not None and (before := _unit(force, ticket.facts)) != unit:
                result.moved += 1
                result.moves[before, unit] += 1
        if ticket.desk is not None:
            result.compared += 1
            result.changed += unit != ticket.desk

    def _standing(self, ticket: Past, away: Mapping[int, int | None]) -> int | None:
        for one in ticket.pairing or ():
            found = None if one is None else stand_in(one, away)
            if found in self.people.units:
                return found
        return None

    def _by_rule(self, ticket: Past, book: Book, away: Mapping[int, int | None]) -> int | None:
        """The unit that the rules name, whether or not somebody is there; None for none."""
        result, best = self.result, book.best(ticket.facts)
        if not best:
            result.unruled += 1
            return None
        if tied(best):
            result.tied += 1
            return None
        result.ruled += 1
        result.by_rule[best[0].id] += 1
        unit = best[0].department_id
        team = [one for one in self._team(unit, ticket.facts.category_id) if one not in away]
        chosen = least_loaded(
            Candidate(one, "", self.open[one], self.idle.get(one)) for one in team
        )
        if chosen is None:
            result.unmanned += 1
        self._give(chosen.id if chosen else None, unit, ticket)
        return unit

    def _team(self, unit: int, category_id: int) -> Sequence[int]:
        """The cadres of a unit who know a category."""
        team = self.people.teams.get(unit, ())
        if not self.people.skills:
            return team
        if (unit, category_id) not in self.able:
            kin = kin_of(category_id, self.people.parents)
            skills = ((one, self.people.skills.get(one)) for one in team)
            self.able[unit, category_id] = [
                one for one, known in skills if not known or known & kin
            ]
        return self.able[unit, category_id]

    def _give(self, cadre: int | None, unit: int | None, ticket: Past) -> None:
        result = self.result
        if unit is not None:
            result.departments[unit] += 1
        if cadre is None:
            return
        result.cadres[cadre] += 1
        self.open[cadre] += 1
        result.peaks[cadre] = max(result.peaks.get(cadre, 0), self.open[cadre])
        self.idle[cadre] = ticket.at or _START + timedelta(seconds=result.tickets)
        if ticket.until is not None:
            heappush(self.ends, (ticket.until, cadre))

    def _release(self, at: datetime | None) -> None:
        while at is not None and self.ends and self.ends[0][0] <= at:
            self.open[heappop(self.ends)[1]] -= 1

    def _away(self, at: datetime | None) -> dict[int, int | None]:
        if at is None or not self.people.absences:
            return {}
        day = local_day(at)
        if day not in self.away:
            self.away[day] = {
                one.cadre_id: one.deputy_id
                for one in self.people.absences
                if one.starts_on <= day <= one.ends_on
            }
        return self.away[day]


def _unit(book: Book, facts: RouteFacts) -> int | None:
    best = book.best(facts)
    return None if not best or tied(best) else best[0].department_id
