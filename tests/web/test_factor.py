"""The second factor: enrol, sign in with it, recovery codes, reset, and the proof asked again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from pyotp.totp import TOTP
from sqlalchemy import select, text

from portal.auth import factors, totp
from portal.auth.factor_models import RecoveryCode, SecondFactor
from portal.auth.factors import Proof
from portal.auth.models import User
from portal.auth.proof import STEP_UP
from portal.auth.sessions import begin, find
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.errors import Invalid, NotAllowed
from portal.extensions import db
from portal.factory import create_app
from portal.sheets.models import ExportLog
from tests.factories import MONDAY, PASSWORD, Town
from tests.pages import Page, Visitor

STEP = timedelta(seconds=totp.STEP_SECONDS)


def person(town: Town, who: str) -> User:
    return db.session.get_one(User, town.people[who].id)


def enrolled(town: Town, who: str, now: datetime = MONDAY) -> tuple[str, list[str]]:
    """Puts a factor into force: its secret and the recovery codes."""
    with transaction():
        secret = factors.begin(person(town, who), now)
        codes = factors.confirm(person(town, who), TOTP(secret).at(now), now)
    return secret, codes


def proved(town: Town, who: str, code: str, now: datetime) -> Proof:
    with transaction():
        return factors.prove(person(town, who), code, now)


def signing_in(visit: Visitor, who: str) -> Page:
    """The page that asks for the code."""
    answer = visit.get(None, "/sign-in").submit("/sign-in", username=who, password=PASSWORD)
    assert (answer.status, answer.location) == (303, "/sign-in/code")
    return visit.get(None, "/sign-in/code")


def shown_secret(page: Page) -> str:
    """The secret that the page of enrolment offers to type."""
    field = page.soup.select_one("#secret")
    assert field is not None
    return field.get_text().replace(" ", "").strip()


def tired(visit: Visitor, who: str | None) -> None:
    """The last proof is older than ten minutes."""
    with visit.client(who).session_transaction() as session:
        session["proved_at"] = (utcnow() - timedelta(minutes=10, seconds=1)).timestamp()


# The rules


def test_a_code_counts_one_step_around_now_and_once() -> None:
    secret = totp.new_secret()
    present = int(MONDAY.timestamp()) // 30
    for drift in (-1, 0, 1):
        code = TOTP(secret).at(MONDAY + drift * STEP)
        assert totp.step_of(code, secret, MONDAY, 0) == present + drift
        assert totp.step_of(code, secret, MONDAY, present + drift) is None
    for drift in (-2, 2):
        assert totp.step_of(TOTP(secret).at(MONDAY + drift * STEP), secret, MONDAY, 0) is None


def test_the_known_codes_of_rfc_6238() -> None:
    """Appendix B, SHA-1, the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        at = datetime.fromtimestamp(seconds, MONDAY.tzinfo)
        assert totp.step_of(code, secret, at, 0) == seconds // 30


def test_what_is_stored_tells_neither_secret_nor_codes(town: Town) -> None:
    secret, codes = enrolled(town, "cadre")
    lies = db.session.scalar(text("SELECT secret FROM second_factor"))
    assert lies and lies.startswith("v2:") and secret not in lies
    stored = set(db.session.scalars(select(RecoveryCode.digest)))
    assert len(stored) == 10 and not stored & {*codes, *map(totp.typed, codes)}


def test_a_code_and_a_recovery_code_are_used_up(town: Town) -> None:
    secret, codes = enrolled(town, "cadre")
    later = MONDAY + 4 * STEP
    code = TOTP(secret).at(later)
    assert proved(town, "cadre", TOTP(secret).at(MONDAY), MONDAY) is Proof.WRONG  # enrolment's own
    assert proved(town, "cadre", f" {code[:3]} {code[3:]}", later) is Proof.GOOD
    assert proved(town, "cadre", code, later) is Proof.WRONG
    assert proved(town, "cadre", codes[0].lower().replace("-", " "), later) is Proof.RECOVERY
    assert proved(town, "cadre", codes[0], later) is Proof.WRONG
    assert factors.codes_left(town.cadre.id or 0) == 9
    assert proved(town, "cadre2", codes[1], later) is Proof.WRONG  # somebody else's


def test_five_wrong_codes_lock_for_fifteen_minutes(town: Town) -> None:
    secret, codes = enrolled(town, "cadre")
    later = MONDAY + 4 * STEP
    for _ in range(5):
        assert proved(town, "cadre", "000000", later) is Proof.WRONG
    for code in (TOTP(secret).at(later), codes[0]):
        assert proved(town, "cadre", code, later) is Proof.LOCKED
    after = later + factors.LOCKED
    assert proved(town, "cadre", TOTP(secret).at(after), after) is Proof.GOOD


def test_new_recovery_codes_void_the_old_ones(town: Town) -> None:
    _secret, old = enrolled(town, "cadre")
    with transaction():
        new = factors.renew_codes(person(town, "cadre"), MONDAY)
    later = MONDAY + 4 * STEP
    assert not set(new) & set(old)
    assert proved(town, "cadre", old[0], later) is Proof.WRONG
    assert proved(town, "cadre", new[0], later) is Proof.RECOVERY


def test_only_the_security_administrator_resets_and_not_their_own(town: Town) -> None:
    enrolled(town, "cadre")
    enrolled(town, "security")
    for who, whose in (("admin", "cadre"), ("auditor", "cadre"), ("security", "security")):
        with pytest.raises(NotAllowed):
            factors.reset(Editor(town.people[who].id, MONDAY), town.people[whose].id or 0)
    with transaction():
        token = begin(town.cadre.id or 0, MONDAY, "", "")
    with transaction():
        factors.reset(Editor(town.security.id, MONDAY), town.cadre.id or 0)
    assert person(town, "cadre").factor_at is None
    ended = find(token)
    assert ended is not None and ended[0].ended_why == "admin"
    with pytest.raises(Invalid):
        factors.renew_codes(person(town, "cadre"), MONDAY)


# The pages


def test_enrolment_by_picture_or_text_and_a_code(visit: Visitor, town: Town) -> None:
    page = visit.get("cadre", "/account/factor/enrol")
    assert page.soup.select_one(".qr-code svg") is not None
    secret = shown_secret(page)
    assert secret == shown_secret(visit.get("cadre", "/account/factor/enrol"))
    wrong = page.submit(code="000000")
    assert (wrong.status, "验证码不正确" in wrong.words) == (422, True)
    done = page.submit(code=TOTP(secret).now())
    shown = [code.get_text() for code in done.soup.select(".recovery-codes code")]
    link = done.soup.select_one("a[download]")
    assert len(shown) == 10
    assert link is not None and all(code in str(link["href"]) for code in shown)
    assert person(town, "cadre").factor_at is not None
    assert "还有 10 个没用过" in visit.get("cadre", "/account/factor").words
    assert visit.get("cadre", "/account/factor/enrol").location == "/account/factor"


def test_a_half_signed_session_reaches_nothing(visit: Visitor, town: Town) -> None:
    secret, _codes = enrolled(town, "cadre")
    page = signing_in(visit, "cadre")
    for address in ("/desk", "/inbox", "/account/factor", "/password", "/account/proof"):
        assert visit.get(None, address).location.startswith("/sign-in?next=")
    wrong = page.submit(code="000000")
    assert (wrong.status, "验证码不正确或已用过" in wrong.words) == (422, True)
    assert visit.get(None, "/desk").location.startswith("/sign-in")
    right = page.submit(code=TOTP(secret).now())
    assert (right.status, right.location) == (303, "/desk")
    assert visit.get(None, "/desk").status == 200


def test_the_second_step_waits_five_minutes_and_needs_the_first(visit: Visitor, town: Town) -> None:
    secret, _codes = enrolled(town, "cadre")
    assert visit.get(None, "/sign-in/code").status == 400
    page = signing_in(visit, "cadre")
    with visit.client(None).session_transaction() as session:
        session["half"] = {**session["half"], "at": (utcnow() - timedelta(minutes=5)).timestamp()}
    late = page.submit(code=TOTP(secret).now())
    assert (late.status, "请重新登录" in late.words) == (400, True)


def test_a_new_password_voids_a_half_signed_session(visit: Visitor, town: Town) -> None:
    secret, _codes = enrolled(town, "cadre")
    page = signing_in(visit, "cadre")
    with transaction():
        person(town, "cadre").password_changed_at = utcnow()
    assert page.submit(code=TOTP(secret).now()).status == 400


def test_a_recovery_code_signs_in_once(visit: Visitor, town: Town) -> None:
    _secret, codes = enrolled(town, "cadre")
    assert signing_in(visit, "cadre").submit(code=codes[0]).location == "/desk"
    other = Visitor(visit.app, town)
    assert signing_in(other, "cadre").submit(code=codes[0]).status == 422


@pytest.fixture
def strict(app: Flask, town: Town) -> Iterator[Visitor]:
    """Staff must have a second factor."""
    yield Visitor(create_app({**app.config, "SECOND_FACTOR_STAFF": "staff"}), town)


def test_staff_without_a_factor_are_led_to_enrolment(strict: Visitor, town: Town) -> None:
    for who in ("cadre", "leader", "admin", "security", "auditor"):
        for address in ("/desk", "/inbox", "/search", "/admin/users", "/exports/log", "/password"):
            answer = strict.get(who, address)
            reached = address == "/password"
            assert reached or answer.location == "/account/factor/enrol", (who, address)
    assert strict.get("firm", "/tickets").status == 200
    page = strict.get("cadre", "/account/factor/enrol")
    assert page.submit(code=TOTP(shown_secret(page)).now()).status == 200
    assert strict.get("cadre", "/desk").status == 200


def test_a_demonstration_account_does_without_but_not_in_production(
    strict: Visitor, town: Town
) -> None:
    with transaction():
        person(town, "cadre").demonstration = True
    assert strict.get("cadre", "/desk").status == 200
    strict.app.config["ENVIRONMENT"] = "production"
    assert strict.get("cadre", "/desk").location == "/account/factor/enrol"


def test_a_page_asks_for_the_code_again_and_returns(visit: Visitor, town: Town) -> None:
    secret, _codes = enrolled(town, "admin")
    assert signing_in(visit, "admin").submit(code=TOTP(secret).now()).status == 303
    address = "/admin/sheets/staff/export.csv"
    assert visit.get(None, address).status == 200
    tired(visit, None)
    asked = visit.get(None, address)
    assert asked.location == f"/account/proof?next={address}"
    page = visit.get(None, asked.location)
    assert page.submit(proof=PASSWORD).status == 422  # a password is not enough for who has more
    with transaction():
        db.session.get_one(SecondFactor, town.admin.id).last_step = 0  # as if 30 s had gone by
    answer = page.submit(proof=TOTP(secret).now())
    assert (answer.status, answer.location) == (303, address)
    assert visit.get(None, address).status == 200
    assert visit.get(None, "/admin/sheets/regions/export.csv").status == 200


def test_a_form_that_waits_keeps_what_was_typed(visit: Visitor, town: Town) -> None:
    page = visit.get("cadre", "/desk")
    token = page.soup.select_one("input[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"]), "format": "csv", "status": "open"}
    tired(visit, "cadre")
    asked = visit.post("cadre", "/exports/queue", data)
    assert (asked.status, asked.title) == (403, "请再次确认身份")
    assert db.session.scalar(select(ExportLog.id)) is None
    wrong = asked.submit(proof="not-the-password")
    assert (wrong.status, "密码不正确" in wrong.words) == (403, True)
    done = wrong.submit(proof=PASSWORD)
    assert (done.status, done.response.mimetype) == (200, "text/csv")
    assert db.session.scalar(select(ExportLog.kind)) == "queue"


def test_every_step_up_endpoint_exists(app: Flask) -> None:
    assert set(app.view_functions) >= set(STEP_UP)


@pytest.mark.parametrize("wanted", ["//elsewhere.example", "https://elsewhere.example/x", "a"])
def test_the_prompt_leads_nowhere_else(visit: Visitor, wanted: str) -> None:
    page = visit.get("cadre", f"/account/proof?next={wanted}")
    assert page.submit(proof=PASSWORD).location == "/"


def test_taking_the_factor_away_needs_a_fresh_code(visit: Visitor, town: Town) -> None:
    secret, _codes = enrolled(town, "cadre")
    signing_in(visit, "cadre").submit(code=TOTP(secret).now())
    page = visit.get(None, "/account/factor/remove")
    tired(visit, None)
    assert page.submit().status == 403
    assert person(town, "cadre").factor_at is not None
    with visit.client(None).session_transaction() as session:
        session["proved_at"] = utcnow().timestamp()
    assert page.submit().status == 303
    db.session.expire_all()
    assert person(town, "cadre").factor_at is None
