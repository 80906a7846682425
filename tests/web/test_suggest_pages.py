"""The suggestion on the pages: to the firm, to the dispatcher, to the administrator."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.suggest import service, training
from portal.suggest.models import SuggestModel
from portal.tickets.models import Ticket, TicketEvent
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.suggest_texts import closed, learned
from tests.web.filing import file_ticket, status_of, write_words

SAYS = "根据您的描述，这件诉求可能属于“融资”（依据："


def test_a_firm_is_offered_the_likely_category_and_changes_it_in_one_step(
    visit: Visitor, town: Town
) -> None:
    learned(town)
    write_words(visit, town, "其他")
    page = visit.get("firm", "/tickets/new/check")
    assert SAYS in page.words
    assert "贷款" in page.words.split(SAYS)[1].split("）")[0]
    assert page.submit("/tickets/new/category").location == "/tickets/new/check"
    changed = visit.get("firm", "/tickets/new/check")
    assert "类别已改为“融资”" in changed.words
    assert SAYS not in changed.words
    assert changed.submit("/tickets/new/check").status == 303
    ticket = db.session.scalars(select(Ticket)).one()
    assert ticket.category_id == town.categories["融资"]
    assert ticket.title == "贷款到期无法续贷"


def test_the_suggestion_never_stands_in_the_way(visit: Visitor, town: Town) -> None:
    learned(town)
    file_ticket(visit, town, "其他")
    ticket = db.session.scalars(select(Ticket)).one()
    assert ticket.category_id == town.categories["其他"]


@pytest.mark.parametrize("body", [None, b"broken"])
def test_without_a_model_the_form_works_the_same(
    visit: Visitor, town: Town, body: bytes | None
) -> None:
    if body is not None:
        with transaction() as session:
            row = SuggestModel(state="trained", asked_by="吴管", asked_at=MONDAY, ended_at=MONDAY)
            row.body = body
            session.add(row)
    write_words(visit, town, "其他")
    page = visit.get("firm", "/tickets/new/check")
    assert page.status == 200
    assert "可能属于" not in page.words
    number = file_ticket(visit, town, "其他")
    assert "建议类别" not in visit.get("dispatcher", f"/tickets/{number}").words


def test_nothing_is_said_below_the_threshold(visit: Visitor, town: Town, app: Flask) -> None:
    learned(town)
    before = app.config["SUGGEST_THRESHOLD"]
    app.config["SUGGEST_THRESHOLD"] = 100
    try:
        write_words(visit, town, "其他")
        assert "可能属于" not in visit.get("firm", "/tickets/new/check").words
    finally:
        app.config["SUGGEST_THRESHOLD"] = before


def test_what_a_firm_wrote_is_shown_as_text(visit: Visitor, town: Town) -> None:
    learned(town)
    address = f"/tickets/new/write?category={town.categories['其他']}"
    visit.get("firm", address).submit(
        address,
        title="<b>贷款</b>到期",
        description="<script>alert(1)</script>银行不肯续贷，要求抵押，<i>贷款</i>",
        contact_phone="13800001111",
    )
    page = visit.get("firm", "/tickets/new/check")
    assert SAYS in page.words
    assert page.soup.select("main script, main b, main i") == []


def test_the_dispatcher_corrects_the_category_in_one_click(visit: Visitor, town: Town) -> None:
    learned(town)
    number = file_ticket(visit, town, "其他")
    page = visit.get("dispatcher", f"/tickets/{number}")
    assert "建议类别" in page.words
    assert "按派单规则由市金融局办理。" in page.words
    for who in ("firm", "supervisor"):
        assert "建议类别" not in visit.get(who, f"/tickets/{number}").words
    assert page.submit(f"/tickets/{number}/recategorise").status == 303
    assert status_of(number) == "triage"
    after = visit.get("dispatcher", f"/tickets/{number}")
    assert "更正类别 · 其他 → 融资" in after.words
    assert "建议类别" not in after.words
    event = db.session.scalars(
        select(TicketEvent).where(TicketEvent.action == "recategorise")
    ).one()
    assert event.payload["old_category_id"] == town.categories["其他"]
    assert event.payload["category_id"] == town.categories["融资"]
    form = visit.get("dispatcher", f"/tickets/{number}/dispatch")
    chosen = form.soup.select_one("#department_id option[selected]")
    assert chosen is not None
    assert chosen["value"] == str(town.departments["finance"])
    assert "更正类别" in visit.get("firm", f"/tickets/{number}").words


def test_the_same_click_from_an_old_page_is_a_conflict(visit: Visitor, town: Town) -> None:
    learned(town)
    number = file_ticket(visit, town, "其他")
    old = visit.get("dispatcher", f"/tickets/{number}")
    form = visit.get("dispatcher", f"/tickets/{number}/recategorise")
    assert form.submit(category_id=str(town.categories["税费"])).status == 303
    assert old.submit(f"/tickets/{number}/recategorise").status == 409


def test_a_category_is_chosen_by_hand_as_well(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town, "其他")
    form = visit.get("dispatcher", f"/tickets/{number}/recategorise")
    assert form.submit(category_id="0").status == 422
    other = str(town.categories["其他"])
    assert f'value="{other}"' not in str(form.soup.select_one("#category_id"))
    assert form.submit(category_id=str(town.categories["税费"]), text="问的是退税").status == 303
    assert "问的是退税" in visit.get("dispatcher", f"/tickets/{number}").words


def test_the_administrator_sees_the_model_and_asks_for_another(visit: Visitor, town: Town) -> None:
    page = visit.get("admin", "/admin/suggestion")
    assert "还没有可用的模型" in page.words
    closed(town)
    assert page.submit("/admin/suggestion/train").status == 303
    assert "等待训练" in visit.get("admin", "/admin/suggestion").words
    training.work(utcnow())
    after = visit.get("admin", "/admin/suggestion").words
    assert "现用模型学自 60 件已办结的诉求" in after
    assert "使用中" in after
    assert service.used() is not None
