"""Locks after failed sign-ins: by account and by address, the same answer for everybody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from pyotp.totp import TOTP
from sqlalchemy import func, select, update

from portal.auth import guard, password_service
from portal.auth import service as accounts
from portal.auth.access_models import JoinRequest, SignInLock, SignInTry
from portal.auth.gate import PUBLIC
from portal.auth.guard import Rules
from portal.auth.models import User
from portal.auth.sign_in import finish
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.extensions import db
from portal.factory import create_app
from portal.outbox import relay
from tests.factories import PASSWORD, Town
from tests.pages import Page, Visitor, form_values
from tests.web.test_factor import enrolled, signing_in

RULES = Rules(account=5, address=50, window=timedelta(minutes=15))
WRONG = "用户名或密码不正确，请重新输入。"


def attempt(visit: Visitor, name: str, password: str = "wrong-password") -> Page:
    """One attempt of a browser of its own."""
    stranger = Visitor(visit.app, visit.town)
    return stranger.get(None, "/sign-in").submit(username=name, password=password)


def lock_out(visit: Visitor, name: str) -> None:
    for _ in range(5):
        assert attempt(visit, name).status == 422


def later(minutes: int) -> None:
    """Moves all attempts and locks into the past."""
    by = timedelta(minutes=minutes)
    with transaction() as session:
        session.execute(update(SignInTry).values(at=SignInTry.at - by))
        session.execute(
            update(SignInLock).values(at=SignInLock.at - by, until=SignInLock.until - by)
        )


def test_five_failures_lock_an_account_for_a_quarter_of_an_hour(visit: Visitor) -> None:
    for _ in range(4):
        attempt(visit, "cadre")
    assert attempt(visit, "cadre", PASSWORD).status == 303  # a success forgets the failures
    lock_out(visit, " CADRE ")
    assert attempt(visit, "cadre", PASSWORD).status == 422
    assert attempt(visit, "firm", PASSWORD).status == 303  # nobody else is locked out
    later(14)
    assert attempt(visit, "cadre", PASSWORD).status == 422  # and does not make the lock longer
    later(1)
    assert attempt(visit, "cadre", PASSWORD).status == 303


def test_failures_spread_over_more_than_the_window_lock_nobody(visit: Visitor) -> None:
    for _ in range(3):
        for _ in range(2):
            attempt(visit, "cadre")
        later(8)
    assert attempt(visit, "cadre", PASSWORD).status == 303


def test_the_owner_hears_of_it_at_the_next_sign_in(visit: Visitor, town: Town) -> None:
    lock_out(visit, "cadre")
    later(15)
    stranger = Visitor(visit.app, town)
    answer = stranger.get(None, "/sign-in").submit(username="cadre", password=PASSWORD)
    page = stranger.get(None, answer.location)
    assert "上次登录以来，有 5 次失败尝试" in page.words
    relay.drain()
    inbox = stranger.get(None, "/inbox")
    assert "您的账号因 5 次失败的登录尝试曾被锁定" in inbox.words
    link = next(a for a in inbox.soup.select("main a") if "5 次失败" in a.get_text())
    assert stranger.get(None, str(link["href"])).location == "/account"
    again = Visitor(visit.app, town)
    answer = again.get(None, "/sign-in").submit(username="cadre", password=PASSWORD)
    assert "失败尝试" not in again.get(None, answer.location).words


def test_the_answer_is_the_same_for_unknown_locked_inactive_and_wrong(
    visit: Visitor, town: Town, statements: list[str]
) -> None:
    """The same words, status, headers and statements; one password is verified each time."""
    lock_out(visit, "reviewer")
    with transaction():
        accounts.set_active(Editor(town.admin.id, utcnow()), town.cadre2.id or 0, active=False)
    answers = {}
    for name, password in (
        *(("nobody", "wrong-password"), ("nobody", PASSWORD), ("cadre", "wrong-password")),
        *(("reviewer", PASSWORD), ("cadre2", PASSWORD), ("cadre2", "wrong-password")),
    ):
        stranger = Visitor(visit.app, town)
        form = stranger.get(None, "/sign-in")
        statements.clear()
        page = form.submit(username=name, password=password)
        said = page.soup.select_one(".error-summary")
        assert said is not None
        headers = {
            key: value
            for key, value in page.response.headers.items()
            if key not in ("Content-Security-Policy", "Content-Length", "Set-Cookie", "Date")
        }
        answers[name, password] = (page.status, said.get_text(), headers, tuple(statements))
    assert len({str(one) for one in answers.values()}) == 1, answers
    assert WRONG in next(iter(answers.values()))[1]


def test_a_hundred_guesses_at_once_are_five(app: Flask, town: Town) -> None:
    """Counted before the password is looked at, in rows: any number of machines share them."""

    def guess(_n: int) -> bool:
        with app.app_context():
            try:
                with transaction():
                    return guard.begin("cadre", "192.0.2.7", utcnow(), RULES).open
            finally:
                db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(40))) == 5


def test_an_address_that_tries_many_accounts_is_locked(town: Town) -> None:
    rules = Rules(account=5, address=12, window=timedelta(minutes=15))

    def sign_in(name: str, address: str, password: str) -> User | JoinRequest | None:
        now = utcnow()
        with transaction():
            one = guard.begin(name, address, now, rules)
        with transaction():
            return finish(one, name, password, now, rules)

    for n in range(12):
        assert sign_in(f"guess{n}", f"2001:db8:0:7::{n:x}", "wrong") is None
    assert sign_in("cadre", "2001:db8:0:7::ffff", PASSWORD) is None  # the same /64
    assert sign_in("cadre", "2001:db8:0:8::1", PASSWORD) is not None
    [lock] = guard.locks(utcnow())
    assert (lock.kind, lock.key, lock.tries) == ("address", "2001:db8:0:7::/64", 12)
    assert guard.network("nonsense") == "unknown"


def test_wrong_codes_count_for_the_address_whosever_they_are(app: Flask, town: Town) -> None:
    """Who has many passwords does not try codes of many accounts from one place."""
    visit = Visitor(create_app({**app.config, "LOCK_TRIES_ADDRESS": 3}), town)
    secrets = {who: enrolled(town, who)[0] for who in ("cadre", "reviewer")}
    page = signing_in(visit, "cadre")
    for _turn in range(2):
        assert "验证码不正确" in page.submit(code="000000").words
    page = signing_in(Visitor(visit.app, town), "reviewer")
    assert "验证码不正确" in page.submit(code="000000").words
    right = TOTP(secrets["reviewer"]).at(utcnow())
    refused = page.submit(code=right)
    assert (refused.status, "连续输错次数过多" in refused.words) == (422, True)


def test_locks_hold_while_the_queue_is_away(app: Flask, town: Town) -> None:
    away = create_app({**app.config, "REDIS_URL": "redis://127.0.0.1:9/0"})
    visit = Visitor(away, town)
    lock_out(visit, "cadre")
    assert attempt(visit, "cadre", PASSWORD).status == 422


def test_the_administrator_lifts_a_lock(visit: Visitor, town: Town) -> None:
    assert "现在没有锁定" in visit.get("admin", "/admin/locks").words
    lock_out(visit, "cadre")
    lock_out(visit, "someone-unknown")
    page = visit.get("admin", "/admin/locks")
    assert "李明 cadre" in page.words
    assert "没有这个账号" in page.words
    assert "someone-unknown" not in page.words
    person = visit.get("admin", f"/admin/users/{town.cadre.id}")
    assert "因 5 次失败的登录尝试被锁定" in person.words
    lock = db.session.scalar(select(SignInLock).where(SignInLock.user_id == town.cadre.id))
    assert lock is not None
    assert person.submit(f"/admin/locks/{lock.id}/lift").location == "/admin/locks"
    assert attempt(visit, "cadre", PASSWORD).status == 303
    assert "登录锁定： 已解除" in visit.get("admin", f"/admin/users/{town.cadre.id}").words


def test_nobody_lifts_the_lock_of_an_administrator(visit: Visitor, town: Town) -> None:
    """Who could lift it again and again could guess the password of another administrator."""
    visit.client("admin")
    lock_out(visit, "auditor")
    [lock] = guard.locks(utcnow())
    page = visit.get("admin", "/admin/locks")
    assert "管理员的锁定不能提前解除" in page.words and page.soup.select("main table form") == []
    asked = form_values(visit.get("admin", "/query").form("/query"))["csrf_token"]
    answer = visit.post("admin", f"/admin/locks/{lock.id}/lift", {"csrf_token": asked})
    assert answer.status == 403 and len(guard.locks(utcnow())) == 1


def test_what_is_typed_as_a_name_is_not_stored_in_clear(visit: Visitor) -> None:
    attempt(visit, "my-password-in-the-wrong-field")
    [row] = db.session.scalars(select(SignInTry)).all()
    assert len(row.account_key) == 64
    later(24 * 60 + 1)
    attempt(visit, "firm", PASSWORD)
    assert db.session.scalar(select(func.count()).select_from(SignInTry)) == 0


@pytest.mark.parametrize(("days", "address"), [(89, "/desk"), (91, "/password")])
def test_staff_change_their_password_every_ninety_days(
    visit: Visitor, town: Town, days: int, address: str
) -> None:
    changed = utcnow() - timedelta(days=days)
    with transaction() as session:
        session.execute(update(User).values(password_changed_at=changed))
    page = Visitor(visit.app, town).get("firm", "/tickets")
    assert page.status == 200  # firms: never
    page = visit.get("cadre", "/desk")
    assert page.status == (200 if address == "/desk" else 303)
    if address == "/password":
        form = visit.get("cadre", page.location)
        assert "这个密码已经用满规定的天数" in form.words
        assert form.submit(old=PASSWORD, new=PASSWORD, new2=PASSWORD).status == 422
        form.submit(old=PASSWORD, new="tulip-lamp-9x", new2="tulip-lamp-9x")
        assert visit.get("cadre", "/desk").status == 200


def test_a_demonstrations_passwords_last_but_not_in_production(app: Flask, town: Town) -> None:
    long_ago = utcnow() - timedelta(days=1000)
    with transaction() as session:
        session.execute(update(User).values(password_changed_at=long_ago, demonstration=True))
    assert Visitor(app, town).get("cadre", "/desk").status == 200
    serious = create_app({**app.config})
    serious.config["ENVIRONMENT"] = "production"
    assert Visitor(serious, town).get("cadre", "/desk").location == "/password"


def test_no_door_opens_before_a_given_password_is_changed(visit: Visitor, town: Town) -> None:
    """Pages, files and JSON alike: whatever the role may open leads to the new password."""
    with transaction():
        editor = Editor(town.admin.id, utcnow())
        password_service.reset_password(editor, town.supervisor.id or 0, "given-tulip-lamp")
    stranger = Visitor(visit.app, town)
    stranger.get(None, "/sign-in").submit(username="supervisor", password="given-tulip-lamp")
    for rule in visit.app.url_map.iter_rules():
        if rule.arguments or "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        page = stranger.get(None, rule.rule)
        if rule.endpoint == "auth.change_password":
            assert page.status == 200
        elif rule.endpoint not in PUBLIC:
            assert (page.status, page.location) == (303, "/password"), rule.endpoint
