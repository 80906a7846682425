"""What is refused is a security event: once for a kind, person, address and minute, and counted.

It is in the chain, the auditor searches it, nobody fills the disk with it, nobody alters it.
"""

import io
import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from portal.audit import job, refusals
from portal.audit.models import AuditEntry, Refusal
from portal.audit.refusals import MOST_PERSON, MOST_STRANGERS, REST, Refused
from portal.db import transaction, utcnow
from portal.extensions import db
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.web.filing import file_ticket
from tests.web.test_factor import enrolled, signing_in

HTML = b"<!doctype html><script>alert(1)</script>"


def seen() -> list[tuple[str, int | None, int | None, int, str]]:
    """Kind, who, whose account, how often, about what; the minutes of the test are one."""
    db.session.rollback()
    about = func.max(Refusal.detail)
    whole = Refusal.what, Refusal.actor_id, Refusal.user_id
    query = select(*whole, func.sum(Refusal.times), about).group_by(*whole)
    rows = db.session.execute(query.order_by(func.min(Refusal.id)))
    return [(what, who, whose, int(times), detail) for what, who, whose, times, detail in rows]


def test_what_is_refused_is_told_to_the_auditor(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    firm, cadre, other = (town.people[one].id for one in ("firm", "cadre", "other"))
    for _twice in range(2):
        assert visit.get("other", f"/tickets/{number}").status == 404
    assert visit.get("cadre", "/admin/users").status == 403
    assert visit.post("cadre", "/inbox/read", {"csrf_token": "x"}).status == 400
    for name in ("CADRE ", "cadre", "nobody-known", "another-unknown"):
        stranger = Visitor(visit.app, town)
        stranger.get(None, "/sign-in").submit(username=name, password="wrong-password")
    page = visit.get("firm", f"/tickets/{number}/comment")
    lie = (io.BytesIO(HTML), "说明.pdf", "application/pdf")
    assert page.submit("/comment", text="见附件", files=lie).status == 422
    assert visit.post("firm", "/inbox/read", {"x": "a" * 1_200_000}).status == 413
    assert visit.get("supervisor", "/no-such-address").status == 404  # nothing was refused there
    assert Visitor(visit.app, town).get(None, "/welcome/x").status in (404, 400)
    assert seen() == [
        ("missing", other, None, 2, number),
        ("refused", cadre, None, 1, ""),
        ("forgery", cadre, None, 1, ""),
        ("sign_in", None, cadre, 2, ""),
        ("sign_in", None, None, 2, ""),
        ("upload", firm, None, 2, number),
    ]
    job.bring_up(utcnow)
    page = visit.get("auditor", "/audit/refused?person=cadre")
    assert "无权打开或办理 1 次 李明 cadre" in page.words and "登录失败 2 次" in page.words
    assert "未登录 针对账号 cadre" in page.words and "admin.users" in page.words
    assert number not in page.words
    assert number in visit.get("auditor", "/audit/refused?kind=missing&network=127.0.0.1").words
    assert "没有符合条件" in visit.get("auditor", "/audit/refused?network=10.0.0.9").words
    assert visit.get("auditor", "/audit/refused?first=x").status == 422
    log = visit.get("auditor", "/audit/?kind=security&person=other")
    assert "查找看不到或不存在的内容" in log.words
    assert visit.get("security", "/audit/refused").status == 403
    told = visit.app.test_cli_runner().invoke(args=["audit", "refused", "--json"]).output
    first = json.loads(told.splitlines()[0])
    assert [first[one] for one in ("what", "who", "detail")] == ["missing", "other", number]


def test_wrong_codes_and_passwords_asked_again_are_told(visit: Visitor, town: Town) -> None:
    enrolled(town, "cadre")
    page = signing_in(visit, "cadre")
    assert page.submit("/sign-in/code", code="000000").status == 422
    asked = visit.get("reviewer", "/account/proof")
    assert asked.submit("/account/proof?next=/", proof="wrong-password").status == 422
    form = visit.get("reviewer", "/password")
    assert form.submit("/password", old="wrong", new="x" * 12, new2="x" * 12).status == 422
    query = visit.get(None, "/query")
    assert query.submit("/query", number="SQ20260302-000001", query_code="AAAA").status == 422
    assert [row[:4] for row in seen()] == [
        ("factor", None, town.cadre.id, 1),
        ("proof", town.people["reviewer"].id, None, 2),
        ("query", None, None, 1),
    ]


def test_a_limit_that_is_hit_is_told(limited: Visitor, town: Town) -> None:
    page = limited.get(None, "/query")
    for _turn in range(12):
        page.submit("/query", number="SQ20260302-000001", query_code="AAAA")
    assert seen() == [("query", None, None, 10, ""), ("limit", None, None, 2, "")]


def test_nobody_fills_the_disk_or_hides_others_by_it(app: Flask, town: Town) -> None:
    """From any number of addresses; who is signed in has an own part, so is not drowned."""
    hour = MONDAY.replace(minute=0)
    with transaction():
        for turn in range(MOST_STRANGERS + 40):
            where = f"10.{turn // 250}.{turn % 250}.1"
            refusals.counted(Refused("sign_in", where), hour + timedelta(minutes=turn % 50))
        for turn in range(MOST_PERSON + 40):
            one = Refused("missing", f"10.0.0.{turn}", town.cadre.id, detail="x" * 900)
            refusals.counted(one, hour + timedelta(minutes=turn % 50))
    rows = db.session.scalars(select(Refusal)).all()
    assert len(rows) == MOST_STRANGERS + MOST_PERSON + 2
    rest = {row.what: row.times for row in rows if row.address == REST}
    assert rest == {"sign_in": 40, "missing": 40}
    assert sum(row.times for row in rows) == MOST_STRANGERS + MOST_PERSON + 80
    with transaction():
        refusals.counted(Refused("sign_in", "10.9.9.9"), hour + timedelta(hours=1))
    assert db.session.scalar(select(Refusal.address).order_by(Refusal.id.desc())) == "10.9.9.9"
    job.bring_up(utcnow)
    entries = select(func.count()).where(AuditEntry.source == "refusal")
    assert db.session.scalar(entries) == len(rows) + 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE refusal SET what = 'query'",
        "UPDATE refusal SET times = times - 1",
        "UPDATE refusal SET times = times + 1, address = 'x'",
        "DELETE FROM refusal",
    ],
)
def test_the_application_cannot_alter_or_drop_an_event(town: Town, change: str) -> None:
    with transaction():
        refusals.counted(Refused("missing", "10.0.0.1", town.cadre.id), utcnow())
        refusals.counted(Refused("missing", "10.0.0.1", town.cadre.id), utcnow())
    with pytest.raises(DBAPIError, match="security event"):
        db.session.execute(text(change))
    db.session.rollback()
