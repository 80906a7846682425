"""The figures pages as a supervisor reads them."""

from datetime import timedelta

import pytest

from portal.kpi.figures import FIGURES
from tests.factories import MONDAY, Town
from tests.pages import Page, Visitor
from tests.plays import SOON, Play

MARCH = "?from=2026-03-01&to=2026-03-31"
DAY = timedelta(days=1)


@pytest.fixture
def three(town: Town) -> Play:
    """Two solved tickets and one that waits, all of 2 March."""
    play = Play(town)
    play.done(rating=5)
    play.done(rating=3)
    play.file(title="等待办理的诉求")
    return play


def links(page: Page, text: str) -> list[str]:
    """Where the links with this text lead."""
    return [str(a["href"]) for a in page.soup.select("main a[href]") if text in a.get_text()]


def test_the_page_says_the_figures_in_words_and_links_each_number(
    three: Play, visit: Visitor
) -> None:
    page = visit.get("supervisor", "/figures" + MARCH)
    assert page.status == 200 and page.title == "指标"
    assert "受理 3 件，企业确认解决 2 件，解决率（毛）66.7%" in page.words
    assert "95% 区间 20.8% 至 93.9%" in page.words
    opened = 0
    for anchor in page.soup.select("main a[href^='/figures/']")[::3]:
        shown = visit.get("supervisor", str(anchor["href"]))
        assert shown.status == 200, anchor["href"]
        number = anchor.get_text().strip()
        if number.isdigit():
            opened += 1
            assert f"共 {number} 件" in shown.words, anchor["href"]
    assert opened > 30


def test_the_list_behind_the_missing_says_why(three: Play, visit: Visitor) -> None:
    page = visit.get("supervisor", "/figures" + MARCH)
    (address,) = links(page, "没有计入解决的 1 件")
    shown = visit.get("supervisor", address)
    assert "等待办理的诉求" in shown.words and "尚未办结：待签收" in shown.words
    (ticket,) = links(shown, "等待办理的诉求")
    assert ticket.startswith("/tickets/SQ")


def test_an_empty_period_has_no_rate(three: Play, visit: Visitor) -> None:
    page = visit.get("supervisor", "/figures?month=2019-05")
    values = {value.get_text(strip=True) for value in page.soup.select(".figure")}
    assert page.status == 200 and values == {"–"}
    assert "没有受理诉求" in page.words
    shown = visit.get("supervisor", "/figures/close_rate/n?month=2019-05")
    assert "这里没有诉求" in shown.words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=昨天", "请按“2023-05-01”的样子填写日期。"),
        ("?from=2026-03-31&to=2026-03-01", "结束日期不能早于开始日期。"),
        ("?to=1023-01-01", "2000 年至 2099 年"),
        ("?month=2023-13", "请按“2023-05”的样子填写月份。"),
        ("?department=999", "没有这个选项，请重新选择。"),
    ],
)
def test_a_wrong_filter_is_explained(visit: Visitor, query: str, words: str) -> None:
    for address in ("/figures", "/figures/close_rate/d"):
        page = visit.get("supervisor", address + query)
        assert page.status == 422 and words in page.words


def test_few_tickets_are_not_ranked(three: Play, visit: Visitor) -> None:
    page = visit.get("supervisor", "/figures" + MARCH)
    assert "样本不足 20 件，不参与排名" in page.words
    for _one in range(18):
        three.file()
    page = visit.get("supervisor", "/figures" + MARCH)
    assert "样本不足" not in page.words
    assert "1. 市金融局" in page.words


def test_the_page_costs_the_same_number_of_statements(
    three: Play, visit: Visitor, statements: list[str]
) -> None:
    def cost() -> int:
        statements.clear()
        assert visit.get("leader", "/figures?from=2026-01-01&to=2026-04-30").status == 200
        return len(statements)

    visit.get("leader", "/figures")
    few = cost()
    for day in range(47):
        three.file(MONDAY + SOON - day * DAY, "税费" if day % 2 else "融资")
    assert cost() == few <= 26


def test_the_definitions_are_one_click_away_and_name_every_figure(
    three: Play, visit: Visitor
) -> None:
    (address,) = links(visit.get("supervisor", "/figures" + MARCH), "全部指标的定义")
    page = visit.get("supervisor", address)
    for figure in FIGURES.values():
        assert figure.title in page.words and figure.d in page.words


def test_only_supervisors_and_leaders_read_figures(visit: Visitor) -> None:
    for who in ("firm", "cadre", "reviewer", "dispatcher", "admin", "auditor"):
        assert visit.get(who, "/figures").status == 403
        assert visit.get(who, "/figures/close_rate/n").status == 403
    assert visit.get("supervisor", "/figures/close_rate/all").status == 404
    assert visit.get("supervisor", "/figures/nothing/n").status == 404
