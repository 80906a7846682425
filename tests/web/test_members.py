"""Who acts for a firm: asked, approved or refused by its administrator, passed on, removed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from portal.auth import joining
from portal.auth.access_models import JoinRequest
from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.directory.models import Enterprise
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import relay
from tests.factories import PASSWORD, Town, make_user
from tests.pages import Page, Visitor

SECRET = "tulip-lamp-river"


@pytest.fixture
def firm(visit: Visitor, town: Town) -> Visitor:
    """The first applicant of the firm is its administrator, as registration makes it."""
    with transaction() as session:
        first = User.id.in_((town.firm.id, town.other.id))
        session.execute(update(User).where(first).values(firm_admin=True))
    return visit


def ask(visit: Visitor, town: Town, **changes: str) -> Page:
    """Somebody registers for the town's firm, which is known."""
    uscc = db.session.get_one(Enterprise, town.enterprise_id).uscc
    typed = {
        "uscc": uscc,
        "name": "别的名字",
        "region_id": str(town.region_id),
        "size": "small",
        "contact_name": "钱会计",
        "contact_phone": "13812345678",
        "username": "qian",
        "password": SECRET,
        "password2": SECRET,
        "agree": "y",
    } | changes
    return visit.get(None, "/register").submit(**typed)


def sign_in(visit: Visitor, name: str, password: str) -> Page:
    return visit.get(None, "/sign-in").submit(username=name, password=password)


def member(town: Town, username: str, *, admin: bool = False) -> int:
    user = make_user(username, Role.APPLICANT, "孙会计", enterprise_id=town.enterprise_id)
    user.firm_admin = admin
    db.session.commit()
    return user.id


def waiting() -> int:
    return db.session.scalar(select(func.max(JoinRequest.id))) or 0


def test_who_registers_for_a_known_firm_asks_to_join_it(firm: Visitor, town: Town) -> None:
    stranger = Visitor(firm.app, town)
    page = ask(stranger, town)
    assert (page.status, page.location) == (303, "/join")
    page = stranger.get(None, "/join")
    assert "“鲁西轴承有限公司”已经注册" in page.words
    assert stranger.get(None, "/tickets").location.startswith("/sign-in")
    assert db.session.scalar(select(User.id).where(User.username == "qian")) is None
    stored = db.session.scalar(text("SELECT phone FROM join_request"))
    assert stored and stored.startswith("v2:")  # sealed, as all telephone numbers are
    assert sign_in(Visitor(firm.app, town), "qian", "wrong-password").status == 422
    answer = sign_in(Visitor(firm.app, town), "qian", SECRET)
    assert answer.location == "/join"


def test_the_firms_administrator_approves_and_both_hear_of_it(firm: Visitor, town: Town) -> None:
    stranger = Visitor(firm.app, town)
    ask(stranger, town)
    relay.drain()
    assert "钱会计申请加入本企业" in firm.get("firm", "/inbox").words
    assert "钱会计" not in firm.get("other", "/inbox").words
    page = firm.get("firm", "/enterprise/members")
    assert "钱会计 qian · 13812345678" in page.words
    answer = page.submit(f"/enterprise/members/requests/{waiting()}/approve")
    assert answer.location == "/enterprise/members"
    assert "已同意钱会计加入" in firm.get("firm", "/enterprise/members").words
    assert sign_in(stranger, "qian", SECRET).location == "/tickets"
    relay.drain()
    assert "您的加入申请已获同意" in stranger.get(None, "/inbox").words
    page = stranger.get(None, "/enterprise/members")
    assert "待批准的申请" not in page.words
    assert page.soup.select("main form") == []
    history = firm.get("admin", f"/admin/users/{joining.members(town.enterprise_id)[-1].id}")
    assert "钱会计" in history.words
    [row] = db.session.scalars(select(JoinRequest)).all()
    assert row.password_hash is None


def test_a_refusal_is_read_at_the_next_sign_in(firm: Visitor, town: Town) -> None:
    stranger = Visitor(firm.app, town)
    ask(stranger, town)
    address = f"/enterprise/members/requests/{waiting()}/refuse"
    assert firm.get("firm", address).submit(reason=" ").status == 422
    assert firm.get("firm", address).submit(reason="请让负责人先打电话").status == 303
    answer = sign_in(stranger, "qian", SECRET)
    assert "请让负责人先打电话" in stranger.get(None, answer.location).words
    assert firm.get("firm", address).status == 404
    assert ask(Visitor(firm.app, town), town).location == "/join"  # and may ask again


def test_a_request_that_nobody_rules_on_is_over_after_a_month(
    firm: Visitor, town: Town, app: Flask
) -> None:
    ask(firm, town)
    runner = app.test_cli_runner()
    for days, state in ((29, joining.ASKED), (31, joining.EXPIRED)):
        with transaction() as session:
            asked = utcnow() - timedelta(days=days)
            session.execute(update(JoinRequest).values(created_at=asked))
        assert "没有人处理的加入申请" in runner.invoke(args=["retention", "run"]).output
        db.session.rollback()
        assert db.session.scalars(select(JoinRequest.state)).all() == [state]
    assert "钱会计" not in firm.get("firm", "/enterprise/members").words
    page = firm.get(None, sign_in(firm, "qian", SECRET).location)
    assert "已过期" in page.words and "可以重新申请" in page.words
    assert ask(firm, town).location == "/join"  # the user name is free again
    assert "待批准" in firm.get(None, sign_in(firm, "qian", SECRET).location).words


def test_a_request_is_taken_back(firm: Visitor, town: Town) -> None:
    stranger = Visitor(firm.app, town)
    ask(stranger, town)
    stranger.get(None, "/join").submit("/join/withdraw")
    assert "申请已撤回" in stranger.get(None, "/join").words
    assert "现在没有人申请加入" in firm.get("firm", "/enterprise/members").words
    assert sign_in(stranger, "qian", SECRET).status == 422


def test_a_user_name_is_asked_for_once(firm: Visitor, town: Town) -> None:
    ask(Visitor(firm.app, town), town)
    for name in ("qian", "firm"):
        page = ask(Visitor(firm.app, town), town, username=name)
        assert page.status == 422
        assert "这个用户名已被使用" in page.words
    page = ask(Visitor(firm.app, town), town, username="zhao", password="Suqiutong-2026")
    assert page.status == 422


def test_only_the_firms_own_administrator_rules(firm: Visitor, town: Town) -> None:
    ask(Visitor(firm.app, town), town)
    member(town, "plain")
    token = firm.get("plain", "/query").soup.select_one("main input[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"])}
    base = "/enterprise/members"
    assert firm.post("plain", f"{base}/requests/{waiting()}/approve", data).status == 404
    for verb in ("appoint", "remove", "step-down", "link"):
        assert firm.post("plain", f"{base}/{town.firm.id}/{verb}", data).status == 404
    token = firm.get("other", "/query").soup.select_one("main input[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"])}
    assert firm.post("other", f"{base}/requests/{waiting()}/approve", data).status == 404
    for verb in ("appoint", "remove", "step-down", "link"):
        assert firm.post("other", f"{base}/{town.firm.id}/{verb}", data).status == 404
    page = firm.get("admin", "/admin/joins")
    assert "没有要您处理的申请" in page.words
    with pytest.raises(Exception, match="没有找到这个申请"), transaction():
        joining.approve(Editor(town.admin.id, utcnow()), waiting(), None)


def test_the_right_is_passed_on_and_never_lost(firm: Visitor, town: Town) -> None:
    other = member(town, "plain")
    base = f"/enterprise/members/{other}"
    mine = f"/enterprise/members/{town.firm.id}"
    firm.get("firm", f"{mine}/step-down").submit(f"{mine}/step-down")
    assert "这是本企业唯一的管理员" in firm.get("firm", "/enterprise/members").words
    firm.get("firm", "/enterprise/members").submit(f"{base}/appoint")
    relay.drain()
    assert "您已成为本企业管理员" in firm.get("plain", "/inbox").words
    firm.get("firm", f"{mine}/step-down").submit(f"{mine}/step-down")
    assert firm.get("firm", f"{mine}/step-down").status == 404
    page = firm.get("plain", f"{base}/remove").submit(f"{base}/remove")
    assert "这是本企业唯一的管理员" in firm.get("plain", page.location).words
    page = firm.get("plain", f"{mine}/remove").submit(f"{mine}/remove")
    assert "成员已移除" in firm.get("plain", page.location).words
    assert firm.get("firm", "/tickets").location.startswith("/sign-in")


def test_two_administrators_who_leave_at_once_leave_one(
    firm: Visitor, town: Town, app: Flask
) -> None:
    other = member(town, "second", admin=True)

    def leave(user_id: int) -> bool:
        with app.app_context():
            try:
                with transaction():
                    editor = Editor(user_id, utcnow())
                    joining.appoint(editor, town.enterprise_id, user_id, admin=False)
            except Invalid:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, (town.firm.id or 0, other))) == [False, True]
    assert len(joining.administrators(town.enterprise_id)) == 1


def test_where_a_firm_has_no_administrator_the_system_administrator_rules(
    visit: Visitor, town: Town
) -> None:
    stranger = Visitor(visit.app, town)
    ask(stranger, town)
    relay.drain()
    assert "钱会计申请加入本企业" in visit.get("admin", "/inbox").words
    page = visit.get("admin", "/admin/joins")
    assert "钱会计" in page.words
    page.submit(f"/admin/joins/{waiting()}/approve")
    assert [one.username for one in joining.administrators(town.enterprise_id)] == ["qian"]
    assert sign_in(stranger, "qian", SECRET).status == 303
    ask(Visitor(visit.app, town), town, username="zhao")
    assert "没有要您处理的申请" in visit.get("admin", "/admin/joins").words


def test_a_member_who_forgot_the_password_gets_a_link_from_the_firm(
    firm: Visitor, town: Town
) -> None:
    other = member(town, "plain")
    page = firm.get("firm", "/enterprise/members").submit(f"/enterprise/members/{other}/link")
    area = page.soup.select_one("textarea")
    assert area is not None
    stranger = Visitor(firm.app, town)
    path = "/" + area.get_text().strip().split("/", 3)[3]
    assert stranger.get(None, path).submit(new=SECRET, new2=SECRET).location == "/sign-in"
    assert sign_in(stranger, "plain", PASSWORD).status == 422
    assert sign_in(stranger, "plain", SECRET).status == 303


def test_the_system_administrator_names_a_firms_administrator(visit: Visitor, town: Town) -> None:
    address = f"/admin/users/{town.firm.id}"
    visit.get("admin", address).submit(f"{address}/appoint")
    page = visit.get("admin", address)
    assert "本企业管理员： 否 → 是" in page.words
    assert "待批准的申请" in visit.get("firm", "/enterprise/members").words
