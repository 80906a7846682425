"""One-time links: staff are invited, who forgot the password sets a new one; each works once."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from portal.auth.access_models import OneTimeLink
from portal.auth.models import User
from portal.db import transaction, utcnow
from portal.extensions import db
from tests.factories import Town
from tests.pages import Page, Visitor

OVER = "这个链接不存在、已用过或已过期。"
NEW = "tulip-lamp-river"


def address_of(page: Page) -> str:
    """The link that a page shows, as a path."""
    found = re.search(r"/welcome/[\w-]+", page.text)
    assert found is not None, page.words
    return found.group()


def invite(visit: Visitor, town: Town) -> str:
    """The path of a link for a new cadre."""
    page = visit.get("admin", "/admin/users/new").submit(
        name="钱进",
        role="cadre",
        department_id=str(town.departments["finance"]),
        phone="",
        username="qianjin",
        password="",
    )
    assert page.status == 200
    return address_of(page)


def link_for(visit: Visitor, town: Town, who: str = "cadre") -> str:
    page = visit.get("admin", f"/admin/users/{town.people[who].id}")
    return address_of(page.submit(f"/admin/users/{town.people[who].id}/link"))


def use(visit: Visitor, address: str, new: str = NEW, new2: str = NEW) -> Page:
    return visit.get(None, address).submit(new=new, new2=new2)


def test_the_invited_set_a_password_and_sign_in(visit: Visitor, town: Town) -> None:
    address = invite(visit, town)
    stranger = Visitor(visit.app, town)
    assert stranger.get(None, "/sign-in").submit(username="qianjin", password="").status == 422
    page = stranger.get(None, address)
    assert "钱进，您好。请为账号“qianjin”设置自己的密码" in page.words
    assert use(stranger, address).location == "/sign-in"
    answer = stranger.get(None, "/sign-in").submit(username="qianjin", password=NEW)
    assert (answer.status, answer.location) == (303, "/")  # the role is another one's to grant
    assert stranger.get(None, "/").status == 200  # nobody else has known it: nothing to change


def test_a_link_is_shown_once_and_stored_as_a_hash(visit: Visitor, town: Town) -> None:
    secret = invite(visit, town).removeprefix("/welcome/")
    [row] = db.session.scalars(select(OneTimeLink)).all()
    assert (row.kind, row.token_hash == secret) == ("invitation", False)
    assert row.expires_at - row.created_at == timedelta(hours=72)
    page = visit.get("admin", f"/admin/users/{row.user_id}")
    assert "一次性链接还没有用" in page.words
    assert secret not in page.text
    kept = db.session.scalar(text("SELECT string_agg(t::text, ' ') FROM one_time_link t"))
    kept += db.session.scalar(text("SELECT string_agg(t::text, ' ') FROM directory_change t"))
    assert secret not in kept
    assert "已发出邀请链接" in page.words


def test_a_link_works_once(visit: Visitor, town: Town) -> None:
    address = link_for(visit, town)
    assert use(visit, address).status == 303
    page = visit.get(None, address)
    assert (page.status, OVER in page.words) == (404, True)


@pytest.mark.parametrize("how", ["revoked", "renewed", "expired", "stopped", "given", "invented"])
def test_a_link_that_is_over_says_no_more_than_that(visit: Visitor, town: Town, how: str) -> None:
    address = link_for(visit, town)
    person = f"/admin/users/{town.cadre.id}"
    if how == "revoked":
        visit.get("admin", person).submit(f"{person}/link/revoke")
        assert "已作废" in visit.get("admin", person).words
    elif how == "renewed":
        assert link_for(visit, town) != address
    elif how == "expired":
        with transaction() as session:
            session.execute(update(OneTimeLink).values(expires_at=utcnow() - timedelta(seconds=1)))
    elif how == "stopped":
        visit.get("admin", f"{person}/deactivate").submit(f"{person}/deactivate")
    elif how == "given":
        visit.get("admin", f"{person}/password").submit(password="given-tulip-lamp")
    page = visit.get(None, address if how != "invented" else "/welcome/no-such-link")
    assert (page.status, page.words.count(OVER)) == (404, 1)


def test_a_weak_password_is_refused_and_the_link_still_works(visit: Visitor, town: Town) -> None:
    address = link_for(visit, town)
    for new, new2, field in ((NEW, "other", "new2"), ("Suqiutong-2026", None, "new")):
        page = use(visit, address, new, new2 or new)
        assert page.status == 422
        assert page.soup.select_one(f"#{field}-error") is not None
    assert use(visit, address).status == 303


def test_a_reset_ends_sessions_and_a_lock(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre", "/desk").status == 200
    with transaction() as session:
        session.execute(update(User).values(last_sign_in_at=utcnow()))
    address = link_for(visit, town)
    [row] = db.session.scalars(select(OneTimeLink)).all()
    assert (row.kind, row.expires_at - row.created_at) == ("reset", timedelta(hours=24))
    for _ in range(5):
        Visitor(visit.app, town).get(None, "/sign-in").submit(username="cadre", password="wrong")
    use(visit, address)
    assert visit.get("cadre", "/desk").status == 303
    answer = visit.get(None, "/sign-in").submit(username="cadre", password=NEW)
    assert answer.status == 303
    assert "5 次失败尝试" in visit.get(None, answer.location).words


def test_nobody_makes_a_link_for_themself_or_for_a_stopped_account(
    visit: Visitor, town: Town
) -> None:
    person = f"/admin/users/{town.cadre.id}"
    token = visit.get("admin", person).soup.select_one("input[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"])}
    assert visit.post("admin", f"/admin/users/{town.admin.id}/link", data).status == 303
    visit.get("admin", f"{person}/deactivate").submit(f"{person}/deactivate")
    assert visit.post("admin", f"{person}/link", data).status == 303
    assert db.session.scalars(select(OneTimeLink)).all() == []


def test_the_sign_in_page_says_how_to_get_a_new_password(visit: Visitor) -> None:
    words = visit.get(None, "/sign-in").words
    assert "忘记密码，或被锁定？" in words
    assert "请本企业管理员在“本企业成员”页为您生成重设密码链接" in words


def test_a_password_given_by_hand_still_does(visit: Visitor, town: Town) -> None:
    """For places without any channel to send a link by."""
    page = visit.get("admin", "/admin/users/new").submit(
        name="钱进",
        role="dispatcher",
        department_id="",
        phone="",
        username="qianjin",
        password="given-tulip-lamp",
    )
    assert page.status == 303
    stranger = Visitor(visit.app, town)
    stranger.get(None, "/sign-in").submit(username="qianjin", password="given-tulip-lamp")
    assert stranger.get(None, "/triage").location == "/password"
