"""The requests of the year that were never accepted: rejected, withdrawn or merged before."""

from datetime import datetime, timedelta
from random import Random

from portal.demo import phrases
from portal.demo.case import Case
from portal.demo.cast import Cast, PlayedFirm
from portal.demo.plan import Plan, instant_in, source
from portal.demo.problems import Problem
from portal.demo.stage import PlayError, Script, Stage
from portal.tickets.lifecycle import Status
from portal.tickets.reasons import REJECT_REASONS

WITHDRAWN = 3
MERGED = 3
COUNT = len(phrases.REJECTED) + WITHDRAWN + MERGED
CATEGORY = "其他"
# What keeps a request open long enough for a second one to be merged into it.
LONG = frozenset(("disputed", "asked", "late"))


def scripts(rng: Random, stage: Stage, cast: Cast, lives: list[tuple[Plan, Case]]) -> list[Script]:
    """One script for each; all of firms whose requests a dispatcher has to decide.

    `lives`: the accepted ones, to some of which a second one of the same firm is merged.
    """
    firms = [firm for firm in cast.firms if cast.undecided(CATEGORY, firm)]

    def case(firm: PlayedFirm | None = None) -> Case:
        return Case(stage, cast, source(rng.random()), firm or rng.choice(firms), CATEGORY)

    long = [(p, c) for p, c in lives if p.incidents & LONG and p.firm in firms]
    return [
        *(_rejected(case(), *entry) for entry in phrases.REJECTED),
        *(_withdrawn(case()) for _ in range(WITHDRAWN)),
        *(_merged(case(p.firm), p, c) for p, c in rng.sample(long, MERGED)),
    ]


def _rejected(case: Case, code: str, title: str, words: str, answer: str) -> Script:
    yield _some_day(case)
    case.submit(Problem(title, words, ""))
    case.expect(Status.TRIAGE)
    yield case.office(20, 210)
    case.reject(code, REJECT_REASONS[code][1], answer)


def _withdrawn(case: Case) -> Script:
    yield _some_day(case)
    case.submit()
    case.expect(Status.TRIAGE)
    yield case.stage.now + timedelta(minutes=case.rng.uniform(2, 9))
    case.withdraw(phrases.CHANGED_MIND)


def _merged(case: Case, plan: Plan, open_case: Case) -> Script:
    """The firm writes the same thing twice; the dispatcher keeps the one that is being handled."""
    yield plan.at + timedelta(minutes=case.rng.uniform(5, 40))
    first = open_case.problem
    if first is None:
        raise PlayError("the request to merge into has not been submitted")
    case.submit(Problem(phrases.DUPLICATE_TITLE + first.title, first.description, first.reply))
    case.expect(Status.TRIAGE)
    yield case.office(10, 60)
    case.merge(open_case.ticket.number)


def _some_day(case: Case) -> datetime:
    return instant_in(case.rng, case.stage.calendar, case.rng.randint(2, 11))
