"""The pages that matter at phone and desk width: nothing cut, no axe violation, usable by keys."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from portal.audit import job as audit_job
from portal.db import transaction, utcnow
from portal.directory import service as directory
from portal.directory.changes import Editor
from portal.kpi.periods import local_day
from portal.outbox import relay
from portal.problems.service import answering as problems
from portal.problems.service import gathering
from portal.problems.service.gathering import Described
from portal.routing import rulebook
from portal.sla.service import current_policy_id
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import exclusion, handle, handover, review, submit, triage
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.browser.places import PAGES, WIDE
from tests.factories import Town
from tests.service.published_rows import make_published
from tests.service.test_import import row, run, written
from tests.sheeting import brought
from tests.supervising import supervised
from tests.visiting import filed, pair
from tests.web.objects_access import opened

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESK = 390, 1280
RUN_AXE = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .map(v => v.id + ': ' + v.nodes.map(n => n.html).slice(0, 2).join(' | '))"""


def file(town: Town, title: str, category: str) -> int:
    """One routed ticket of the firm."""
    words = Wording(
        title,
        town.categories[category],
        Urgency.NORMAL,
        "贷款三月到期，银行不再续贷，影响备料。",
        "王经理",
        "13800001111",
    )
    with transaction():
        ticket_id = submit.submit(town.firm, words, utcnow()).id
    relay.drain(utcnow)
    return ticket_id


def offered(town: Town, now: datetime) -> int:
    """An alert and a bulletin; the tickets of the second cadre, on leave, go to the first."""
    supervised(town, now)
    day, away, deputy = local_day(now), town.cadre2.id or 0, town.cadre.id
    with transaction():
        leave = directory.add_leave(Editor(None, now), away, deputy, day, day, give_back=True)
        handed = handover.offer(leave.id, now)
        assert handed is not None
        return handed.id


def drafted(town: Town, now: datetime) -> int:
    """A draft of the dispatch rules with one rule."""
    conditions = (town.categories["融资"], town.region_id, None, None)
    with transaction():
        rulebook_id = rulebook.new_draft(town.admin, now).id
        labour = town.departments["labour"]
        rulebook.put_rule(town.admin, rulebook_id, 0, conditions, labour, now)
    return rulebook_id


def gathered(town: Town, ids: list[int], now: datetime) -> int:
    """A common problem of these tickets that the cadre has answered."""
    described = Described("贷款到期续不上", "几家企业的贷款到期后续不上。", town.cadre.id or 0)
    with transaction():
        problem_id = gathering.create(town.dispatcher, described, ids, now).id
        problems.answer(town.cadre, problem_id, "已协调银行，请携带材料办理。", None, now)
    relay.drain(utcnow)
    return problem_id


@pytest.fixture
def numbers(town: Town, app: Flask) -> dict[str, str]:
    """A ticket to confirm, one under supervision, one in triage, a draft of rules, ids."""
    # The least loaded gets the first: it is the cadre's, whose pages are opened.
    late, confirm = file(town, "担保费率偏高", "融资"), file(town, "贷款到期无法续贷", "融资")
    waiting = file(town, "厂区门口道路积水", "其他")
    now = utcnow()
    holder = {one.id: one for one in town.people.values()}
    with transaction() as session:
        cadre = holder[session.get_one(Ticket, confirm).assignee_id]
        handle.sign(Ask(cadre, confirm, now))
        handle.reply(Ask(cadre, confirm, now), "银行三天内答复。")
        handle.resolve(Ask(cadre, confirm, now), Outcome.SOLVED, "已无还本续贷。", "")
        review.approve(Ask(town.reviewer, confirm, now))
        owner = holder[session.get_one(Ticket, late).assignee_id]
        handle.sign(Ask(owner, late, now))
        exclusion.ask_exclusion(Ask(town.leader, late, now), "in_court", "法院已经立案。")
        triage.supervise(Ask(town.supervisor, late, now), "请说明进展。")
    rulebook_id = drafted(town, now)
    relay.drain(utcnow)
    pair(town)
    _ids, [token] = filed(town, at=now)
    handover_id = offered(town, now)
    problem_id = gathered(town, [late, confirm], now)
    sheet_id = brought(town, Path(app.config["UPLOAD_DIR"]), now)
    with transaction() as session:
        return {
            "firm": str(town.enterprise_id),
            "token": token,
            "handover": str(handover_id),
            "problem": str(problem_id),
            "sheet": str(sheet_id),
            "confirm": session.get_one(Ticket, confirm).number,
            "late": session.get_one(Ticket, late).number,
            "triage": session.get_one(Ticket, waiting).number,
            "category": str(town.categories["融资"]),
            "policy": str(current_policy_id()),
            "rulebook": str(rulebook_id),
            "department": str(town.departments["finance"]),
            "cadre": str(town.cadre.id),
        }


@pytest.fixture
def aside(town: Town, numbers: dict[str, str], app: Flask, tmp_path: Path) -> dict[str, str]:
    """With all that: a case for everybody, a large export, a ticket of before, a sealed one."""
    more = {"sealed": opened(town)}
    make_published(town)
    answered = row(submitted_at="2019-09-29T10:00:00", replied_at="2019-10-24T17:30:00")
    run(app, written(tmp_path, answered))
    audit_job.bring_up(utcnow)  # all of it is in the log
    return numbers | more


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is open: closed to somebody, or wider than a window."""
    page.evaluate(AXE.read_text())  # past the page's own policy, which allows no other script
    found = page.evaluate(RUN_AXE) + cut(page, PHONE)
    page.set_viewport_size({"width": DESK, "height": 900})
    found += cut(page, DESK)
    # What a desk shows and a phone does not is the menu, and the size of charts and tables.
    if page.url.split("?")[0].endswith(WIDE):
        found += page.evaluate(RUN_AXE)
    page.set_viewport_size({"width": PHONE, "height": 844})
    return [f"{page.url} {one}" for one in found]


def cut(page: Page, width: int) -> list[str]:
    """Whether something is wider than the window."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [f"is {wide} px wide in a window of {width}"] if wide > width else []


def test_no_page_is_cut_or_closed_to_anybody(
    person: Callable[..., Page], aside: dict[str, str]
) -> None:
    windows: dict[str | None, Page] = {}
    problems: list[str] = []
    for who, address in PAGES:
        if who not in windows:
            windows[who] = person(who, PHONE)
        page = windows[who]
        path = address.format(**aside)
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, path
        problems += faults(page)
    page = windows["cadre"]  # what is shown once, after a press
    page.goto("/visits/1")
    page.locator("form[action*='/links/'] button").click()
    expect(page.locator(".qr-code")).to_be_visible()
    problems += faults(page)
    assert not problems, "\n".join(problems)


def test_the_queue_is_walked_with_the_keyboard(
    person: Callable[..., Page], numbers: dict[str, str]
) -> None:
    page = person("dispatcher")
    page.goto("/search")
    first = page.locator("table.queue tbody tr").first.locator("a").first.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(first)


def test_a_ticket_is_filed_without_script(
    browser: Browser, site: str, town: Town, person: Callable[..., Page]
) -> None:
    signed_in = person("firm")
    context = browser.new_context(
        base_url=site, java_script_enabled=False, storage_state=signed_in.context.storage_state()
    )
    page = context.new_page()
    page.goto("/tickets/new")
    page.get_by_role("link", name="税费").click()
    page.get_by_label("标题").fill("留抵退税一直没有到账")
    page.get_by_label("详细情况").fill("三月申请的留抵退税至今没有到账，请帮助核实。")
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="提交诉求").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("诉求已提交")
    context.close()
