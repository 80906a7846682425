"""A session that has ended does not cost people what they had typed."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from portal.auth.access_models import UserSession
from portal.db import transaction, utcnow
from tests.factories import PASSWORD, Town


def idle() -> None:
    """Everybody has been away for an hour."""
    with transaction() as session:
        session.execute(update(UserSession).values(seen_at=utcnow() - timedelta(hours=1)))


def sign_in(page: Page, who: str) -> None:
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.click("main form button")


def test_what_was_typed_too_late_is_there_again_for_the_same_person(
    person: Callable[..., Page], town: Town
) -> None:
    page = person("firm")
    page.goto("/enterprise/edit")
    page.fill("#short_name", "鲁西轴承")
    idle()
    page.click("main form button")
    expect(page.locator("main")).to_contain_text("没有操作就会自动退出")
    sign_in(page, "firm")
    expect(page.locator("main")).to_contain_text("刚才填写的内容已恢复")
    expect(page.locator("#short_name")).to_have_value("鲁西轴承")
    page.fill("#short_name", "别人看不到")
    idle()
    page.click("main form button")
    sign_in(page, "other")
    expect(page.locator("h1")).to_have_text("修改简称和联系人")
    expect(page.locator("#short_name")).not_to_have_value("别人看不到")
    assert page.evaluate("sessionStorage.getItem('typed')") is None


def test_a_minute_before_the_end_a_notice_asks_and_one_press_goes_on(
    person: Callable[..., Page], town: Town
) -> None:
    page = person("firm")
    page.clock.install()
    page.goto("/enterprise/edit")
    page.fill("#short_name", "鲁西轴承")
    notice = page.get_by_role("alertdialog")
    page.clock.fast_forward("28:50")
    expect(notice).not_to_be_visible()
    with transaction() as session:  # as long ago as the page believes it to be
        seen = utcnow() - timedelta(minutes=29, seconds=20)
        session.execute(update(UserSession).values(seen_at=seen))
    page.clock.fast_forward("00:30")
    expect(notice).to_contain_text("即将自动退出登录")
    expect(notice.get_by_role("button", name="继续使用")).to_be_focused()
    page.keyboard.press("Enter")
    expect(notice).not_to_be_visible()
    expect(page.locator("#short_name")).to_have_value("鲁西轴承")
    with transaction() as session:
        seen_at = session.scalars(select(UserSession.seen_at)).one()
    assert utcnow() - seen_at < timedelta(minutes=1)
    page.clock.fast_forward("30:10")
    expect(notice).to_contain_text("登录已自动结束")
    notice.get_by_role("button", name="知道了").click()
    expect(page.locator("#short_name")).to_have_value("鲁西轴承")
