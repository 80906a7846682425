"""Each due on the ticket page opens its arithmetic; the commands print the same lines."""

import json

import pytest
from flask import Flask

from portal.tickets.service import applicant, extension, handle
from portal.wording import local_time
from tests.factories import Town
from tests.pages import Visitor
from tests.service.stages import Play, assigned, file, local, signed


def address(play: Play) -> str:
    return f"/tickets/{play.ticket.number}/explain"


def lines(app: Flask, play: Play, kind: str) -> list[dict]:
    """The lines of one clock as the command prints them."""
    args = ["sla", "explain", play.ticket.number, "--json"]
    result = app.test_cli_runner().invoke(args=args)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["clocks"]
    return next(clock["lines"] for clock in found if clock["clock"] == kind)


@pytest.mark.parametrize("who", ["firm", "cadre", "reviewer", "dispatcher", "supervisor", "leader"])
def test_whoever_sees_the_ticket_sees_its_arithmetic(town: Town, visit: Visitor, who: str) -> None:
    play = signed(town, local("2025-09-29 10:00"))
    page = visit.get(who, f"/tickets/{play.ticket.number}")
    links = [str(link["href"]) for link in page.soup.select("dl.clocks a.how")]
    assert links == [
        f"{address(play)}#{kind}" for kind in ("contact", "verify", "reply", "resolve")
    ]
    page = visit.get(who, address(play))
    assert page.status == 200
    for link in links:
        assert page.soup.select_one(f"#{link.partition('#')[2]}") is not None
    resolve = page.soup.select_one("#resolve")
    assert resolve is not None
    words = resolve.get_text(" ", strip=True)
    for expected in (
        "9月29日(周一)10:00 起算，时限 15 个工作日",
        "10月1日–8日 国庆节、中秋节 放假",
        "10月11日(周六) 调休上班（国庆节）：1 个工作日",
        "10月12日–27日：11 个工作日，5 天周末不计",
        f"截止时间 {local_time(local('2025-10-27 17:30'))}",
        "按工作日历第 1 版计算",
    ):
        assert expected in words


def test_others_do_not_see_it(town: Town, visit: Visitor) -> None:
    play = signed(town)
    assert visit.get("other", address(play)).status == 404
    assert visit.get("auditor", address(play)).status == 403
    assert visit.get(None, address(play)).status == 303


def test_while_paused_it_shows_what_is_left(app: Flask, town: Town, visit: Visitor) -> None:
    play = signed(town).later(to="2026-03-04 10:00")
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    page = visit.get("firm", address(play))
    assert "3月4日(周三)10:00 起暂停计时，还剩 14 个工作日（含当天）" in page.words
    due = local_time(local("2026-03-23 17:30"))
    assert f"暂停前的截止时间 {due}，恢复计时后顺延" in page.words
    assert f"暂停前最迟 {due}，恢复后顺延" in visit.get("cadre", address(play)[:-8]).words
    left = [line for line in lines(app, play, "resolve") if line["kind"] == "left"]
    assert [(line["days"], line["from"]) for line in left] == [(14, "2026-03-04T10:00:00+08:00")]
    play.later(to="2026-03-04 17:20").do(applicant.supply_info, town.firm, "合同见附件")
    play.later(to="2026-03-04 18:30").do(handle.ask_info, town.cadre, "请补充合同附件")
    evening = visit.get("firm", address(play)).words
    assert f"{local_time(play.now)} 起暂停计时，还剩 13 个工作日 " in evening


def test_pauses_and_extensions_are_lines(app: Flask, town: Town, visit: Visitor) -> None:
    play = signed(town).later(to="2026-03-03 10:00")
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    play.later(to="2026-03-05 10:00").do(applicant.supply_info, town.firm, "合同见附件")
    play.later(60).do(extension.ask_extension, town.cadre, 5, "several_units", "需要会商")
    play.later(60).do(extension.grant_extension, town.supervisor, "同意")
    found = lines(app, play, "resolve")
    moved = [(one["kind"], one.get("days"), one["due"]) for one in found if "due" in one][1:3]
    assert moved == [
        ("pause", 2, "2026-03-25T17:30:00+08:00"),
        ("extension", 5, "2026-04-01T17:30:00+08:00"),
    ]
    words = visit.get("firm", address(play)).words
    at = {text: local_time(local(f"2026-03-{text}")) for text in ("03 10:00", "05 10:00")}
    granted, due = local_time(play.now), local_time(local("2026-04-01 17:30"))
    assert f"{at['03 10:00']}–{at['05 10:00']} 暂停计时，顺延 2 个工作日" in words
    assert f"{granted} 批准延期 5 个工作日，至 {due}（需要会商）" in words


def test_what_has_ended_is_kept_below(town: Town, visit: Visitor) -> None:
    play = assigned(town).to_confirmation().confirm()
    page = visit.get("firm", address(play))
    assert "现在没有在计时的时限" in page.words
    assert len(page.soup.select("details.ended section.sum")) == 7
    again = file(town)
    assert "已结束的时限" not in visit.get("firm", address(again)).words


def test_due_prints_its_lines_when_asked(app: Flask, ctx: None) -> None:
    run = app.test_cli_runner().invoke
    args = ["sla", "due", "--start", "2025-09-29T10:00", "--target", "15wd"]
    plain = json.loads(run(args=[*args, "--json"]).stdout)
    assert plain == {"due": "2025-10-27T17:30:00+08:00", "provisional": False}
    told = json.loads(run(args=[*args, "--explain", "--json"]).stdout)
    assert {key: told[key] for key in plain} == plain
    assert sum(line.get("days", 0) for line in told["lines"]) == 15
    assert "国庆节、中秋节 放假" in run(args=[*args, "--explain"]).stdout
    assert run(args=["sla", "explain", "SQ20260302-999999"]).exit_code == 2
