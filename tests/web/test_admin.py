"""The administrator and accounts: list, create, change, stop, a given password, leave."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction
from portal.directory.admin_blueprint import today
from portal.directory.models import Leave
from portal.extensions import db
from tests.factories import Town, make_user
from tests.pages import Page, Visitor


def error_of(page: Page, field: str) -> str:
    """The sentence beside a field."""
    found = page.soup.select_one(f"#{field}-error")
    return found.get_text(strip=True) if found else ""


def user_of(town: Town, name: str) -> User:
    """The account of a person of the town, read afresh."""
    db.session.expire_all()
    return db.session.get_one(User, town.people[name].id)


def press(visit: Visitor, address: str, action: str) -> Page:
    """Presses a button on a page."""
    return visit.get("admin", address).submit(action)


def test_accounts_are_found_by_name_and_role(visit: Visitor) -> None:
    assert "李明" in visit.get("admin", "/admin/users").words
    found = visit.get("admin", "/admin/users?q=李明&role=cadre")
    assert [a.get_text() for a in found.soup.select(".queue .title a")] == ["李明"]
    empty = visit.get("admin", "/admin/users?q=%25")
    assert "没有符合的账号" in empty.words


def test_a_long_list_of_accounts_turns_its_pages_by_key(visit: Visitor, town: Town) -> None:
    with transaction():
        for number in range(60):
            make_user(
                f"many{number}",
                Role.CADRE,
                f"干部{number}",
                department_id=town.departments["labour"],
            )
    seen: list[str] = []
    address: str | None = "/admin/users?role=cadre"
    while address:
        page = visit.get("admin", address)
        seen += [a.get_text() for a in page.soup.select(".queue .title a")]
        forward = page.soup.select_one("a[rel=next]")
        address = str(forward["href"]) if forward else None
    assert (len(seen), len(set(seen))) == (63, 63)


def test_a_page_of_accounts_costs_the_same_whatever_its_length(visit: Visitor, town: Town) -> None:
    visit.get("admin", "/admin/users")
    few = statements(visit, "/admin/users?role=dispatcher")
    with transaction():
        for number in range(20):
            make_user(f"more{number}", Role.DISPATCHER, f"派单{number}")
    assert statements(visit, "/admin/users?role=dispatcher") == few


def statements(visit: Visitor, address: str) -> int:
    """How many SQL statements a page takes."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert visit.get("admin", address).status == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return count


def test_a_new_cadre_must_change_the_given_password(visit: Visitor, town: Town) -> None:
    page = visit.get("admin", "/admin/users/new").submit(
        name="钱进",
        role="cadre",
        department_id=str(town.departments["labour"]),
        phone="",
        username="QianJin",
        password="given-secret-1",
    )
    assert page.status == 303
    user = db.session.scalar(select(User).where(User.username == "qianjin"))
    assert user is not None
    assert (user.role, user.department_id) == ("none", None)  # until it is granted
    signed = visit.get(None, "/sign-in").submit(
        "/sign-in", username="qianjin", password="given-secret-1"
    )
    assert signed.status == 303
    assert visit.get(None, "/desk").location == "/password"


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"department_id": ""}, "department_id", "请选择所在单位。"),
        ({"username": "cadre"}, "username", "这个用户名已被使用，请换一个。"),
        ({"password": "12345"}, "password", "密码至少 10 个字符。"),
        ({"role": ""}, "role", "请选择角色。"),
        ({"role": "applicant"}, "role", "请选择角色。"),
        ({"phone": "123"}, "phone", "请填写 11 位手机号，或带区号的座机，如 0635-8123456。"),
        ({"name": ""}, "name", "请填写姓名。"),
    ],
)
def test_a_new_account_is_refused_with_a_sentence(
    visit: Visitor, town: Town, changes: dict[str, str], field: str, sentence: str
) -> None:
    values = {
        "name": "钱进",
        "role": "reviewer",
        "department_id": str(town.departments["labour"]),
        "username": "qianjin",
        "password": "given-secret-1",
    } | changes
    page = visit.get("admin", "/admin/users/new").submit(**values)
    assert page.status == 422
    assert error_of(page, field) == sentence


def test_a_firm_gets_one_more_applicant(visit: Visitor, town: Town) -> None:
    values = {"name": "新经办", "phone": "", "username": "second", "password": "given-secret-1"}
    form = visit.get("admin", "/admin/users/new-applicant")
    unknown = form.submit(firm="没有的企业", **values)
    assert (unknown.status, "没有找到这家企业" in error_of(unknown, "firm")) == (422, True)
    assert form.submit(firm="鲁西轴承", **values).status == 303
    user = db.session.scalar(select(User).where(User.username == "second"))
    assert user is not None and user.enterprise_id == town.enterprise_id


def test_an_account_is_changed(visit: Visitor, town: Town) -> None:
    address = f"/admin/users/{town.cadre.id}"
    page = visit.get("admin", address).submit(
        address,
        name="李明明",
        phone="0635-8281234",
        department_id=str(town.departments["labour"]),
        role="reviewer",
    )
    assert page.status == 303
    user = user_of(town, "cadre")
    assert (user.name, user.phone, user.role) == ("李明明", "0635-8281234", "cadre")
    assert user.department_id == town.departments["labour"]


def test_stopping_an_account_ends_its_sessions(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre", "/inbox").status == 200
    address = f"/admin/users/{town.cadre.id}/deactivate"
    asked = visit.get("admin", address)
    assert "停用后，此人立即退出登录" in asked.words
    assert asked.submit(address).status == 303
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")
    assert press(visit, f"/admin/users/{town.cadre.id}", "/activate").status == 303
    assert user_of(town, "cadre").active
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")


def test_an_administrator_cannot_stop_themself(visit: Visitor, town: Town) -> None:
    address = f"/admin/users/{town.admin.id}"
    page = visit.get("admin", address)
    assert "停用账号" not in page.words
    stopped = visit.get("admin", f"{address}/deactivate").submit("/deactivate")
    assert stopped.status == 303
    assert "不能停用本人的账号" in visit.get("admin", address).words
    assert (user_of(town, "admin").active, user_of(town, "admin").role) == (True, "admin")


def test_a_reset_password_ends_the_sessions(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre", "/inbox").status == 200
    address = f"/admin/users/{town.cadre.id}/password"
    assert visit.get("admin", address).submit(password="given-secret-1").status == 303
    assert visit.get("cadre", "/inbox").location.startswith("/sign-in")
    assert user_of(town, "cadre").must_change_password


# Leave


def leave(visit: Visitor, who: int, starts: date, ends: date, deputy: int | None) -> Page:
    return visit.get("admin", f"/admin/users/{who}/leave").submit(
        starts_on=starts.isoformat(), ends_on=ends.isoformat(), deputy_id=str(deputy or "")
    )


def test_leave_is_noted_and_taken_back(visit: Visitor, town: Town) -> None:
    cadre, deputy = town.cadre.id or 0, town.cadre2.id or 0
    tomorrow = today() + timedelta(days=1)
    assert leave(visit, cadre, tomorrow, tomorrow, deputy).status == 303
    page = visit.get("admin", f"/admin/users/{cadre}")
    assert "由 孙强 代理" in page.words
    assert page.submit("/remove").status == 303
    assert db.session.scalar(select(Leave.id)) is None


def test_leave_that_runs_ends_yesterday_when_taken_back(visit: Visitor, town: Town) -> None:
    cadre, start = town.cadre.id or 0, today() - timedelta(days=3)
    assert leave(visit, cadre, start, today() + timedelta(days=3), None).status == 303
    assert press(visit, f"/admin/users/{cadre}", "/remove").status == 303
    kept = db.session.scalar(select(Leave))
    assert kept is not None
    assert (kept.starts_on, kept.ends_on) == (start, today() - timedelta(days=1))


def test_deputies_in_a_circle_are_refused(visit: Visitor, town: Town) -> None:
    a, b, c = (town.people[name].id or 0 for name in ("cadre", "cadre2", "labour"))
    week = [today() + timedelta(days=n) for n in range(7)]
    assert leave(visit, a, week[0], week[3], b).status == 303
    assert leave(visit, b, week[2], week[5], c).status == 303
    circle = leave(visit, c, week[3], week[6], a)
    assert circle.status == 422
    assert "形成循环" in error_of(circle, "deputy_id")
    # From the fifth day on the first is back, so nobody waits for anybody.
    assert leave(visit, c, week[4], week[6], a).status == 303


def test_leave_is_refused_with_a_sentence(visit: Visitor, town: Town) -> None:
    cadre = town.cadre.id or 0
    backwards = leave(visit, cadre, today(), today() - timedelta(days=1), None)
    assert error_of(backwards, "ends_on") == "结束日期不能早于开始日期。"
    nonsense = visit.get("admin", f"/admin/users/{cadre}/leave").submit(
        starts_on="30/2", ends_on=""
    )
    assert error_of(nonsense, "starts_on") == "请填写请假的第一天。"
    assert error_of(nonsense, "ends_on") == "请填写请假的最后一天。"
    assert leave(visit, cadre, today(), today(), None).status == 303
    twice = leave(visit, cadre, today(), today(), None)
    assert error_of(twice, "starts_on") == "这段时间已有请假记录，请先撤销原来的记录。"
