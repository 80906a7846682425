"""A whole job with the keys alone: every step is reached with Tab, and the focus is seen."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.test_pages import file
from tests.factories import Town

# The outline is on the element, or on the row or label around it that stands for it.
SEEN = """() => { for (let one = document.activeElement; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    if (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) return true;
    if (one.matches('td, li, form, main')) break; }
    const row = document.activeElement.closest('tr');
    return row !== null && getComputedStyle(row).outlineStyle !== 'none'; }"""


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Goes on with the Tab key until the focus is there, and sees that it is shown."""
    matches = "selector => document.activeElement.matches(selector)"
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(matches, selector):
            assert page.evaluate(SEEN), f"the focus on {selector} is not seen on {page.url}"
            return
    raise AssertionError(f"{selector} is not reached with the Tab key on {page.url}")


def test_a_dispatcher_finds_opens_and_sends_on_two_with_keys_alone(
    person: Callable[..., Page], town: Town
) -> None:
    """Search, open one, come back, tick two, name the unit, confirm: no press of the mouse."""
    for title in ("厂区门口道路积水", "厂区门口道路破损"):
        file(town, title, "其他")
    page = person("dispatcher")
    page.goto("/triage")
    tab_to(page, "#site-q")
    page.keyboard.type("厂区门口")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("共 2 件")
    page.wait_for_load_state()  # the keys of a list are the script's
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("厂区门口道路破损")
    page.go_back()
    for place in (1, 2):
        tab_to(page, f"#tick-{place}")
        page.keyboard.press("Space")
    tab_to(page, ".bulk-bar button[value=dispatch]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("2 件")
    tab_to(page, "#department_id")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#text")
    page.keyboard.type("请现场核实积水和路面情况。")
    tab_to(page, "main form[method=post] button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("结果")
    expect(page.locator("main")).to_contain_text("已办 2 件，未办 0 件。")
