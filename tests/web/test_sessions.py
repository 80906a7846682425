"""Sessions are rows: listed, ended here, elsewhere and by others, by idleness and by age."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.auth import sessions
from portal.auth.access_models import UserSession
from portal.auth.devices import browser, system
from portal.db import transaction, utcnow
from portal.extensions import db
from tests.factories import PASSWORD, Town
from tests.pages import Visitor

EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 MicroMessenger/8.0"


def rows(user_id: int | None) -> list[UserSession]:
    """The sessions of a person, the oldest first, as they are stored now."""
    db.session.expire_all()
    query = select(UserSession).where(UserSession.user_id == user_id).order_by(UserSession.id)
    return list(db.session.scalars(query))


def cookie(visit: Visitor, who: str) -> str:
    """The cookie of a person's browser, for a thief to copy."""
    found = visit.client(who).get_cookie("suqiutong")
    assert found is not None
    return found.value


def thief(app: Flask, town: Town, stolen: str) -> Visitor:
    """A browser with somebody's cookie."""
    other = Visitor(app, town)
    other.client(None).set_cookie("suqiutong", stolen)
    return other


def back(row: UserSession, **minutes: int) -> None:
    """Moves instants of a session into the past."""
    moved = {name: utcnow() - timedelta(minutes=n) for name, n in minutes.items()}
    with transaction() as session:
        session.execute(update(UserSession).where(UserSession.id == row.id).values(**moved))


def test_a_copied_cookie_dies_at_sign_out(visit: Visitor, town: Town) -> None:
    copy = thief(visit.app, town, cookie(visit, "cadre"))
    assert copy.get(None, "/inbox").status == 200
    page = visit.get("cadre", "/account")
    token = page.soup.select_one("input[name=csrf_token]")
    assert token is not None
    assert visit.post("cadre", "/sign-out", {"csrf_token": str(token["value"])}).location == "/"
    assert copy.get(None, "/inbox").location.startswith("/sign-in")
    [row] = rows(town.cadre.id)
    assert (row.ended_why, row.ended_at is None) == ("signed_out", False)


def test_what_is_stored_opens_nothing(visit: Visitor, town: Town) -> None:
    visit.client("cadre")
    with visit.client("cadre").session_transaction() as session:
        secret = session["sid"]
    [row] = rows(town.cadre.id)
    assert row.token_hash == sessions.digest(secret) != secret
    with visit.client("cadre").session_transaction() as session:
        session["sid"] = row.token_hash
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")


def test_a_session_opens_no_other_persons_account(visit: Visitor, town: Town) -> None:
    """A cookie that names another person than its row does is worth nothing."""
    visit.client("cadre")
    with visit.client("cadre").session_transaction() as session:
        session["_user_id"] = str(town.admin.id)
    assert visit.get("cadre", "/admin/users").location.startswith("/sign-in")


def test_signing_in_gives_another_session_id_and_ends_the_one_before(
    visit: Visitor, town: Town
) -> None:
    """Session fixation: what a browser brought along is not what is signed in."""
    stranger = visit.client(None)
    visit.get(None, "/sign-in")
    with stranger.session_transaction() as session:
        session["sid"] = "planted by somebody else"
        before = session["csrf_token"]
    page = visit.get(None, "/sign-in").submit(username="cadre", password=PASSWORD)
    assert page.status == 303
    with stranger.session_transaction() as session:
        assert session["sid"] != "planted by somebody else"
        assert session.get("csrf_token") != before
    assert [row.ended_at for row in rows(town.cadre.id)] == [None]


@pytest.mark.parametrize(
    ("who", "idle", "age", "sentence"),
    [
        ("cadre", 11, 11, "10 分钟、企业 30 分钟没有操作就会自动退出"),
        ("firm", 31, 31, "没有操作就会自动退出"),
        ("cadre", 0, 12 * 60 + 1, "每次登录最长 12 小时"),
        ("firm", 0, 12 * 60 + 1, "每次登录最长 12 小时"),
    ],
)
def test_a_session_ends_when_idle_or_too_old(
    visit: Visitor, town: Town, who: str, idle: int, age: int, sentence: str
) -> None:
    visit.client(who)
    [row] = rows(town.people[who].id)
    back(row, seen_at=idle, created_at=age)
    page = visit.get(who, "/inbox?after=x")
    assert page.location == "/sign-in?next=/inbox?after%3Dx"
    assert sentence in visit.get(who, page.location).words
    assert sentence not in visit.get(who, "/sign-in").words


def test_a_firm_may_pause_longer_than_staff(visit: Visitor, town: Town) -> None:
    for who, status in (("firm", 200), ("cadre", 303)):
        visit.client(who)
        [row] = rows(town.people[who].id)
        back(row, seen_at=29)
        assert visit.get(who, "/inbox").status == status


def test_use_is_noted_once_a_minute_and_costs_nothing_else(
    visit: Visitor, town: Town, statements: list[str]
) -> None:
    visit.get("cadre", "/inbox")
    [row] = rows(town.cadre.id)
    seen = row.seen_at
    statements.clear()
    visit.get("cadre", "/inbox")
    quiet = [one for one in statements if "user_session" in one]
    assert len(quiet) == 1
    assert quiet[0].startswith("SELECT")
    assert rows(town.cadre.id)[0].seen_at == seen
    back(row, seen_at=2)
    statements.clear()
    visit.get("cadre", "/inbox")
    assert [one.split()[0] for one in statements if "user_session" in one] == ["SELECT", "UPDATE"]
    assert rows(town.cadre.id)[0].seen_at > seen


def test_a_person_sees_and_ends_the_other_sessions(visit: Visitor, town: Town) -> None:
    phone, third = Visitor(visit.app, town), Visitor(visit.app, town)
    for other, agent in ((phone, PHONE), (third, EDGE)):
        other.client(None).environ_base["HTTP_USER_AGENT"] = agent
        other.get(None, "/sign-in").submit(username="cadre", password=PASSWORD)
        assert other.get(None, "/inbox").status == 200
    page = visit.get("cadre", "/account")
    assert page.title == "账号安全"
    for words in ("微信 · Android", "Edge · Windows", "当前设备", "127.0.0.1"):
        assert words in page.words
    gone = rows(town.cadre.id)[0]
    answer = page.submit(f"/account/sessions/{gone.id}/end")
    assert (answer.status, answer.location) == (303, "/account")
    assert phone.get(None, "/inbox").status == 303
    assert third.get(None, "/inbox").status == 200
    visit.get("cadre", "/account").submit("/account/sessions/end-others")
    assert third.get(None, "/inbox").status == 303
    assert "没有在其他设备上登录" in visit.get("cadre", "/account").words
    assert [row.ended_why for row in rows(town.cadre.id)] == ["owner", "owner", None]


def test_nobody_ends_the_session_of_somebody_else(visit: Visitor, town: Town) -> None:
    visit.client("firm")
    [row] = rows(town.firm.id)
    page = visit.get("cadre", "/account")
    token = page.soup.select_one("input[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"])}
    assert visit.post("cadre", f"/account/sessions/{row.id}/end", data).status == 404
    assert visit.get("firm", "/inbox").status == 200


def test_the_administrator_ends_somebodys_sessions(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre", "/inbox").status == 200
    address = f"/admin/users/{town.cadre.id}"
    page = visit.get("admin", address)
    assert "已登录的设备" in page.words
    page.submit(f"{address}/end-sessions")
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")
    page = visit.get("admin", address)
    assert "此人现在没有登录。" in page.words
    assert "已退出 1 处登录" in page.words


def test_a_log_of_sign_ins_is_kept_for_half_a_year(visit: Visitor, town: Town) -> None:
    """Nothing forgets them but retention, whose setting has six months for its least."""
    visit.client("cadre")
    [row] = rows(town.cadre.id)
    back(row, created_at=31 * 24 * 60, seen_at=31 * 24 * 60)
    Visitor(visit.app, town).client("cadre")
    assert len(rows(town.cadre.id)) == 2


@pytest.mark.parametrize(
    ("agent", "names"),
    [(EDGE, ("Edge", "Windows")), (PHONE, ("微信", "Android")), ("curl/8", (None, None))],
)
def test_a_device_is_named(agent: str, names: tuple[str | None, str | None]) -> None:
    assert (browser(agent), system(agent)) == names
