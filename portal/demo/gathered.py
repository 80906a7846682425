"""A common problem with its members, and suggested groups, found among the played tickets."""

from datetime import datetime
from random import Random

from sqlalchemy import select

from portal.demo.cast import Cast
from portal.extensions import db
from portal.problems import fingerprints
from portal.problems.models import ProblemSuggestion
from portal.problems.service import gathering, suggesting
from portal.problems.service.gathering import Described
from portal.tickets.models import Ticket

BATCH = 200
WORDS = "多家企业反映同一件事，原因相近。由一个单位统一核实，给出一致的答复和办法。"


def gather(cast: Cast, rng: Random, now: datetime) -> None:
    """Writes all fingerprints, makes the hottest suggested group a problem, and looks again."""
    fingerprints.count_grams(now)
    last = 0
    while (batch := fingerprints.rebuild(last, BATCH)) is not None:
        last = batch.last_id
    suggesting.suggest(now)
    query = select(ProblemSuggestion).order_by(ProblemSuggestion.firms.desc(), ProblemSuggestion.id)
    group = db.session.scalars(query).first()
    if group is None:
        return
    first = db.session.get_one(Ticket, group.ticket_ids[0])
    holders = select(Ticket.assignee_id).where(
        Ticket.id.in_(group.ticket_ids), Ticket.assignee_id.is_not(None)
    )
    owner_id = db.session.scalar(holders.limit(1)) or rng.choice(list(cast.cadres))
    described = Described(first.title, WORDS, owner_id)
    gathering.create(cast.dispatchers[0], described, group.ticket_ids, now)
    suggesting.suggest(now)
