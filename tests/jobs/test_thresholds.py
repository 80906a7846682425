"""A figure beyond its bound: one entry, one notice, and the end of it when it is back."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from portal.db import transaction
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox import relay
from portal.outbox.models import Message
from portal.supervision import job, service
from portal.supervision.models import Alert, ThresholdChange
from portal.supervision.service import Wanted
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.plays import HOUR, Play

DAY = timedelta(days=1)
LOW = Wanted("close_rate", "all", "", "rolling", "lower", 90, 50, 3)


def look(at: datetime) -> list[tuple[str, int, bool]]:
    """A look at `at`: level, generation and whether it stands, of every alert."""
    job.work(lambda: at)
    db.session.remove()
    rows = db.session.scalars(select(Alert).order_by(Alert.id))
    return [(row.level, row.generation, row.closed_at is None) for row in rows]


def told() -> int:
    query = select(func.count()).where(Message.key.startswith("alert:"))
    return db.session.scalar(query) or 0


def closed(play: Play, ticket_id: int, at: datetime) -> None:
    play.contact(ticket_id, at)
    play.answer(ticket_id, at)
    play.confirm(ticket_id, at, 5)


def test_a_stay_beyond_the_bounds_is_told_once_whatever_happens_between(town: Town) -> None:
    play, at = Play(town), MONDAY
    first, second = play.file(at), play.file(at)
    with transaction():
        threshold_id = service.add(town.supervisor, LOW, at).id
    assert look(at) == []  # two tickets say nothing
    third = play.file(at)
    assert look(at) == []  # the next look is at the next full hour
    assert look(at + HOUR) == look(at + HOUR) == look(at + 2 * HOUR) == [("red", 1, True)]
    closed(play, first, at + 2 * HOUR)
    closed(play, second, at + 2 * HOUR)
    assert look(at + 3 * HOUR) == [("red", 1, False), ("yellow", 1, True)]
    assert told() == 1  # it has become better
    closed(play, third, at + 3 * HOUR)
    assert look(at + 4 * HOUR) == [("red", 1, False), ("yellow", 1, False)]
    play.file(at + 4 * HOUR)  # three of four: beyond the bound again the same day
    assert look(at + 5 * HOUR) == [("red", 1, False), ("yellow", 1, True)]
    assert told() == 1
    with transaction():
        other = Wanted(**{**vars(LOW), "yellow": 80, "red": 76})
        service.change(town.supervisor, threshold_id, 1, other, at + 6 * HOUR)
    # Weeks without a look are one look; what was changed is a stay of its own.
    assert look(at + 9 * DAY) == [("red", 1, False), ("yellow", 1, False), ("red", 2, True)]
    assert told() == 2


def test_a_notice_leads_to_the_page_and_the_page_to_the_tickets(town: Town, visit: Visitor) -> None:
    late = [Play(town).file() for _ in range(3)]
    each = Wanted(**{**vars(LOW), "dimension": "department", "span": "year"})
    with transaction():
        service.add(town.supervisor, each, MONDAY)
    look(MONDAY)
    relay.drain(lambda: MONDAY)
    notices = list(db.session.scalars(select(Notice).where(Notice.kind == "alert_red")))
    readers = {town.supervisor.id, town.leader.id}
    assert {one.user_id for one in notices} == readers and len(notices) == 2
    mine = next(one.id for one in notices if one.user_id == town.supervisor.id)
    assert "市金融局的办结率越过红线" in visit.get("supervisor", "/inbox").words
    assert visit.get("supervisor", f"/inbox/{mine}").location == "/supervision/"
    page = visit.get("supervisor", "/supervision/")
    assert "市金融局：办结率 0.0% 0 / 3" in page.words.replace(" ：", "：")
    listed = page.soup.select_one(".alerts a")
    assert listed is not None
    assert len(visit.get("supervisor", str(listed["href"])).soup.select("tbody tr")) == len(late)


def test_a_supervisor_sets_changes_and_ends_a_threshold(town: Town, visit: Visitor) -> None:
    form = visit.get("supervisor", "/supervision/thresholds/new")
    typed = {"figure": "on_time_rate", "scope": f"department:{town.departments['finance']}"}
    typed |= {"span": "month", "worse": "lower", "yellow": "９5", "red": "90％", "minimum": "20"}
    wrong = form.submit("/new", **{**typed, "yellow": "九十"})
    assert wrong.status == 422 and "请填写数字" in wrong.words
    wrong = form.submit("/new", **{**typed, "red": "99"})
    assert wrong.status == 422 and "红线不能高于黄线" in wrong.words
    assert form.submit("/new", **typed).status == 303
    wrong = form.submit("/new", **typed)
    assert wrong.status == 422 and "已经有一条预警线" in wrong.words
    assert "市金融局 本月以来" in visit.get("leader", "/supervision/thresholds").words
    edit = visit.get("leader", "/supervision/thresholds/1")
    assert edit.submit("/1", red="85").status == 303
    assert edit.submit("/1", red="80").status == 409
    said = visit.get("supervisor", "/supervision/thresholds/1").words
    assert "高市长" in said and "90.0% → 85.0%" in said
    page = visit.get("supervisor", "/supervision/thresholds/1")
    assert page.submit("/remove").status == 303
    assert visit.get("supervisor", "/supervision/thresholds").soup.select("tbody tr") == []
    assert "已停用" in visit.get("supervisor", "/supervision/thresholds/1").words
    with pytest.raises(ProgrammingError, match="written once"), transaction() as session:
        change = session.scalars(select(ThresholdChange)).first()
        assert change is not None
        change.new = {}


def test_cadres_and_classes_are_watched_like_any_dimension(town: Town, visit: Visitor) -> None:
    play = Play(town)
    late = [play.file() for _ in range(3)]
    answered = play.file(MONDAY)
    closed(play, answered, MONDAY)
    cases = (("close_rate", "lower", 90), ("time_to_resolve", "lower", 90))
    with transaction():
        for dimension in ("cadre", "class"):
            for figure, worse, bound in cases:
                wanted = Wanted(figure, dimension, "", "year", worse, bound, bound, 1)
                service.add(town.supervisor, wanted, MONDAY)
    look(MONDAY + HOUR)
    page = visit.get("supervisor", "/supervision/")
    found = [one["href"] for one in page.soup.select(".alerts a")]
    listed = [visit.get("supervisor", str(one)) for one in found]
    assert "没有资质的企业" in page.words and f"{town.cadre.name} · 市金融局" in page.words
    by_class = [one for one, at in zip(listed, found, strict=True) if "class=none" in str(at)]
    assert sorted(len(one.soup.select("tbody tr")) for one in by_class) == [1, len(late)]
    by_cadre = [one for one, at in zip(listed, found, strict=True) if "cadre=" in str(at)]
    assert sum(len(one.soup.select("tbody tr")) for one in by_cadre) == 1 + len(late)
    assert "没有资质的企业" in by_class[0].words  # said as the filter it is
    for who in ("each", "one"):
        form = visit.get("supervisor", "/supervision/thresholds/new")
        member = "" if who == "each" else town.cadre.id
        typed = {"figure": "on_time_rate", "scope": f"cadre:{member}", "span": "month"}
        typed |= {"worse": "lower", "yellow": "95", "red": "90", "minimum": "20"}
        assert form.submit("/new", **typed).status == 303
