"""What shows the category suggestion: a model of the played year, and requests filed as “其他”."""

from datetime import datetime

from portal.demo.case import Case
from portal.demo.cast import Cast
from portal.demo.plan import source
from portal.demo.present import Scene, submitted_at
from portal.demo.problems import problem
from portal.demo.stage import Script, Stage
from portal.extensions import db
from portal.suggest import service, training
from portal.suggest.models import SuggestModel
from portal.tickets.lifecycle import Status

# What each is about, and when it came: working days before the coming close, and minute.
MISPLACED = (("融资", 0, 70), ("水电气热", 0, 140))


def enter(stage: Stage, cast: Cast, seed: str, now: datetime) -> None:
    """Puts requests on the stage that their firms did not know where to file."""
    for index, (about, days, minute) in enumerate(MISPLACED):
        rng = source(f"{seed}:{index}")
        firms = [firm for firm in cast.firms[1:] if cast.undecided("其他", firm)]
        case = Case(stage, cast, rng, rng.choice(firms), "其他")
        at = submitted_at(stage.calendar, now, Scene("triage", "other", "其他", days, minute))
        stage.enter(_misplaced(case, about, at))


def _misplaced(case: Case, about: str, at: datetime) -> Script:
    yield at
    case.submit(problem(case.rng, about, case.firm.region, case.firm.chain, at, 1))
    case.expect(Status.TRIAGE)


def learn(now: datetime) -> None:
    """Trains the first model from what is closed, inside the load's own transaction."""
    version = service.ask(training.SYSTEM, now)
    training.fulfil(db.session.get_one(SuggestModel, version), now)
