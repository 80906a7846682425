"""Rows of the open page and of exports, for tests that need some in every table."""

from portal.db import transaction
from portal.exports.models import ExportRun
from portal.publish import service
from tests.factories import MONDAY, Town
from tests.service.stages import assigned


def make_published(town: Town) -> None:
    """A case for everybody with its steps, and a large export that waits."""
    solved = assigned(town).to_confirmation().confirm().ticket
    texts = {"title": "续贷", "problem": "贷款到期。", "answer": "已续贷。"}
    run = {
        "source": "search",
        "asked": {},
        "format": "csv",
        "language": "zh_CN",
        "total": 1,
        "spool_name": "x",
    }
    with transaction() as session:
        service.prepare(town.supervisor, solved, texts, MONDAY)
        session.add(ExportRun(**run, by_id=town.supervisor.id or 0, created_at=MONDAY))
