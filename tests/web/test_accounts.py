"""Register, sign in, sign out, change the password: what people see, and how sessions end."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from portal.auth import password_service, service
from portal.auth.breached import BREACHED
from portal.auth.models import User
from portal.auth.service import Firm
from portal.auth.views import local_path
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.directory.models import Enterprise
from portal.errors import Invalid
from portal.extensions import db
from tests.factories import PASSWORD, Town, make_uscc
from tests.pages import Page, Visitor

USCC = make_uscc(7_000_001)
NEW = "tulip-lamp-9x"
KNOWN_FIRM = "这家企业刚刚由别人注册，请再提交一次"


def registration(town: Town, **changes: str) -> dict[str, str]:
    """A firm's answers, all right."""
    return {
        "uscc": USCC,
        "name": "临清轴承有限公司",
        "region_id": str(town.region_id),
        "chain_id": "",
        "size": "small",
        "contact_name": "张三",
        "contact_phone": "13812345678",
        "username": "linqing",
        "password": "zhoucheng-2026",
        "password2": "zhoucheng-2026",
        "agree": "y",
    } | changes


def register(visit: Visitor, town: Town, **changes: str) -> Page:
    return visit.get(None, "/register").submit(**registration(town, **changes))


def sign_in(visit: Visitor, name: str, password: str, address: str = "/sign-in") -> Page:
    return visit.get(None, address).submit(username=name, password=password)


def error_of(page: Page, field: str) -> str:
    """The sentence beside a field."""
    found = page.soup.select_one(f"#{field}-error")
    return found.get_text(strip=True) if found else ""


def test_a_firm_registers_and_can_submit_at_once(visit: Visitor, town: Town) -> None:
    typed = USCC.lower()[:9] + " " + USCC.lower()[9:]
    page = register(visit, town, uscc=typed, contact_phone="0635-8281234", username="LinQing")
    assert (page.status, page.location) == (303, "/tickets/new")
    firm = db.session.scalar(select(Enterprise).where(Enterprise.uscc == USCC))
    assert firm is not None and (firm.name, firm.contact_phone) == (
        "临清轴承有限公司",
        "0635-8281234",
    )
    user = db.session.scalar(select(User).where(User.username == "linqing"))
    assert user is not None and (user.role, user.enterprise_id) == ("applicant", firm.id)
    assert user.password_hash.startswith("$argon2id$")
    landed = visit.get(None, "/tickets/new")
    assert landed.status == 200
    assert "注册成功" in landed.words


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("uscc", USCC[:-1] + ("0" if USCC[-1] != "0" else "1"), f"第 18 位应为 {USCC[-1]}"),
        ("uscc", "91371500", "现在是 8 位"),
        ("uscc", "", "请填写 18 位统一社会信用代码。"),
        ("name", "  ", "请填写企业名称，与营业执照一致。"),
        ("region_id", "", "请选择企业所在的县市区。"),
        ("region_id", "999999", "请选择企业所在的县市区。"),
        ("region_id", "x", "请选择企业所在的县市区。"),
        ("size", "huge", "请选择企业规模。"),
        ("contact_phone", "8281234", "请填写 11 位手机号，或带区号的座机"),
        ("username", "张三", "请填写 3 到 32 位用户名"),
        ("username", "firm", "这个用户名已被使用，请换一个。"),
        ("password", "short", "密码至少 10 个字符。"),
        ("password2", "something-else", "两次输入的密码不一致，请重新输入。"),
    ],
)
def test_registration_says_what_to_correct(
    visit: Visitor, town: Town, field: str, value: str, sentence: str
) -> None:
    typed = {"password2": value} if field == "password" else {}
    page = register(visit, town, **{**typed, field: value})
    assert page.status == 422
    assert sentence in error_of(page, field)
    summary = page.soup.select_one(".error-summary")
    assert summary is not None and sentence in summary.get_text()
    kept = page.soup.select_one("#contact_name")
    assert kept is not None and kept["value"] == "张三"
    assert db.session.scalar(select(func.count()).where(Enterprise.uscc == USCC)) == 0


def test_registration_needs_the_consent(visit: Visitor, town: Town) -> None:
    answers = registration(town)
    del answers["agree"]
    page = visit.get(None, "/register").submit(**answers)
    assert page.status == 422
    assert "请阅读并同意《个人信息处理说明》后再注册。" in error_of(page, "agree")


def test_a_second_press_of_register_does_no_harm(visit: Visitor, town: Town) -> None:
    form = visit.get(None, "/register")
    assert form.submit(**registration(town)).status == 303
    again = form.submit(**registration(town))
    assert (again.status, again.location) == (303, "/tickets")
    assert db.session.scalar(select(func.count()).where(Enterprise.uscc == USCC)) == 1


def test_two_registrations_at_once_end_in_a_sentence(app: Flask, town: Town) -> None:
    firm = Firm(USCC, "临清轴承有限公司", town.region_id, None, "small", "张三", "13812345678")

    def attempt(name: str) -> str:
        with app.app_context():
            try:
                with transaction():
                    service.register(firm, name, "zhoucheng-2026", utcnow())
            except Invalid as error:
                return error.message
            finally:
                db.session.remove()
            return "ok"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, [f"person{n}" for n in range(8)]))
    assert answers.count("ok") == 1
    assert all(KNOWN_FIRM in answer for answer in answers if answer != "ok")
    assert db.session.scalar(select(func.count()).where(User.username.like("person%"))) == 1


@pytest.mark.parametrize(
    ("who", "place"),
    [
        ("firm", "/tickets"),
        ("cadre", "/desk"),
        ("reviewer", "/review"),
        ("dispatcher", "/triage"),
        ("leader", "/figures/board"),
        ("admin", "/admin/users"),
        ("security", "/security/requests"),
    ],
)
def test_sign_in_leads_to_the_first_place_of_the_role(visit: Visitor, who: str, place: str) -> None:
    page = sign_in(visit, who.upper(), PASSWORD)
    assert (page.status, page.location) == (303, place)


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(visit: Visitor) -> None:
    pages = [sign_in(visit, "firm", "wrong-password"), sign_in(visit, "nobody", "wrong-password")]
    summaries = [page.soup.select_one(".error-summary") for page in pages]
    assert [page.status for page in pages] == [422, 422]
    assert "用户名或密码不正确，请重新输入。" in pages[0].words
    assert summaries[0] is not None and summaries[1] is not None
    assert summaries[0].get_text() == summaries[1].get_text()


def test_a_stopped_account_cannot_sign_in(visit: Visitor, town: Town) -> None:
    with transaction():
        service.set_active(Editor(town.admin.id, utcnow()), town.cadre.id or 0, active=False)
    assert sign_in(visit, "cadre", PASSWORD).status == 422


def test_sign_in_goes_on_to_the_page_that_was_wanted(visit: Visitor) -> None:
    page = visit.get(None, "/inbox?after=x")
    assert (page.status, page.location) == (303, "/sign-in?next=/inbox?after%3Dx")
    asked = visit.get(None, page.location)
    assert "请先登录，再打开这个页面。" in asked.words
    answer = asked.submit("/sign-in", username="cadre", password=PASSWORD)
    assert answer.location == "/inbox?after=x"


@pytest.mark.parametrize(
    "address",
    ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "/a\n", "", "a"],
)
def test_sign_in_leads_nowhere_else(address: str) -> None:
    assert local_path(address) is None


def test_guessing_a_password_is_slowed_down_by_account(limited: Visitor) -> None:
    form = limited.get(None, "/sign-in")
    answers = [form.submit(username="cadre", password=f"wrong-{n}").status for n in range(11)]
    assert answers == [422] * 10 + [429]
    assert form.submit(username="Cadre ", password=PASSWORD).status == 429


def test_a_whole_office_signs_in_from_one_address(limited: Visitor, town: Town) -> None:
    for name in list(town.people)[:12]:
        person = Visitor(limited.app, town)
        assert sign_in(person, name, PASSWORD).status == 303


def test_sign_out_ends_the_session(visit: Visitor) -> None:
    page = visit.get("cadre", "/password")
    token = page.soup.select_one("input[name=csrf_token]")
    assert token is not None
    answer = visit.post("cadre", "/sign-out", {"csrf_token": str(token["value"])})
    assert (answer.status, answer.location) == (303, "/")
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(
    visit: Visitor, town: Town
) -> None:
    elsewhere = Visitor(visit.app, town)
    assert elsewhere.get("cadre", "/inbox").status == 200
    page = visit.get("cadre", "/password").submit(
        old=PASSWORD, new="tulip-lamp-9x", new2="tulip-lamp-9x"
    )
    assert (page.status, page.location) == (303, "/desk")
    assert visit.get("cadre", "/inbox").status == 200
    assert elsewhere.get("cadre", "/inbox").location.startswith("/sign-in")


@pytest.mark.parametrize(
    ("field", "values", "sentence"),
    [
        ("old", ("not-the-one", "tulip-lamp-9x", "tulip-lamp-9x"), "原密码不正确。"),
        ("new", (PASSWORD, "short", "short"), "密码至少 10 个字符。"),
        ("new", (PASSWORD, PASSWORD, PASSWORD), "新密码不能与原密码相同。"),
        ("new2", (PASSWORD, "tulip-lamp-9x", "other"), "两次输入的新密码不一致，请重新输入。"),
    ],
)
def test_a_new_password_is_refused_with_a_sentence(
    visit: Visitor, field: str, values: tuple[str, str, str], sentence: str
) -> None:
    old, new, new2 = values
    page = visit.get("cadre", "/password").submit(old=old, new=new, new2=new2)
    assert page.status == 422
    assert error_of(page, field) == sentence


def test_a_given_password_must_be_changed_first(visit: Visitor, town: Town) -> None:
    with transaction():
        password_service.reset_password(
            Editor(None, utcnow()), town.cadre.id or 0, "given-secret-1"
        )
    assert sign_in(visit, "cadre", "given-secret-1").status == 303
    for address in ("/desk", "/inbox"):
        assert visit.get(None, address).location == "/password"
    page = visit.get(None, "/password")
    assert "一次性密码" in page.words
    changed = page.submit(old="given-secret-1", new="my-own-secret", new2="my-own-secret")
    assert (changed.status, changed.location) == (303, "/desk")
    assert visit.get(None, "/desk").status == 200


def test_a_sign_in_hashes_anew_what_was_made_at_another_cost(visit: Visitor, town: Town) -> None:
    of = select(User).where(User.username == "cadre")
    with transaction() as session:
        user = session.scalars(of).one()
        user.password_hash = PasswordHasher(time_cost=2, memory_cost=64).hash(PASSWORD)
    assert sign_in(visit, "cadre", PASSWORD).status == 303
    db.session.rollback()
    assert "$m=32,t=1," in db.session.scalars(of).one().password_hash


@pytest.fixture
def stolen(tmp_path: Path) -> Iterator[None]:
    """The password of everybody in the town stands in the operator's file of stolen ones."""
    path = tmp_path / "pwned.txt"
    path.write_text(f"{hashlib.sha1(PASSWORD.encode()).hexdigest().upper()}:9\r\n")
    BREACHED.look_in(str(path))
    yield
    BREACHED.look_in("")


def test_a_password_that_was_stolen_has_to_be_changed(visit: Visitor, stolen: None) -> None:
    assert visit.get("cadre", "/desk").location == "/password"
    page = visit.get("cadre", "/password")
    assert "泄露密码库" in page.words
    assert page.submit(old=PASSWORD, new=NEW, new2=NEW).location == "/desk"
    assert visit.get("cadre", "/desk").status == 200
