"""The open page through its doors: figures without small counts, cases with a second look."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.publish.models import PublishedCase, PublishedCaseStep
from portal.tickets.models import Ticket
from portal.tickets.service import confirmation
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.pages import Page, Visitor, form_values
from tests.plays import HOUR, Play

SAID = "我们鲁西轴承有限公司贷款到期，请联系王经理 13800001111。"


def solved(town: Town, number: int, at: datetime = MONDAY, category: str = "融资") -> list[str]:
    """Numbers of tickets that the firm has confirmed."""
    play = Play(town)
    ids = [play.done(at, category=category) for _ in range(number)]
    query = select(Ticket.number).where(Ticket.id.in_(ids)).order_by(Ticket.id)
    return list(db.session.scalars(query))


def spread(town: Town, months: dict[int, tuple[int, int]]) -> None:
    """Of one played ticket copies: so many accepted, and so many of them solved, by month."""
    [number] = solved(town, 1)
    columns = [
        column.name
        for column in Ticket.__table__.columns
        if column.name not in {"id", "number", "submit_key", "accepted_at", "submitted_at"}
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    for month, (accepted, confirmed) in months.items():
        at = datetime(2026, month, 10, 2, tzinfo=UTC)
        for place in range(accepted):
            new = {"outcome": "solved" if place < confirmed else "explained"}
            picked = names.replace('"outcome"', f"'{new['outcome']}'")
            picked = picked.replace('"contact_name"', "''").replace('"contact_phone"', "''")
            db.session.execute(
                text(
                    f"INSERT INTO ticket (id, number, accepted_at, submitted_at, {names})"
                    f" SELECT nextval('ticket_id_seq'), :number, :at, :at, {picked}"
                    " FROM ticket WHERE ticket.number = :source"
                ),
                {"number": f"X{month}-{place}", "at": at, "source": number},
            )
    db.session.execute(
        text("UPDATE ticket SET accepted_at = now(), submitted_at = now() WHERE number = :number"),
        {"number": number},
    )
    db.session.commit()


def table(page: Page, key: str) -> dict[str, list[str]]:
    """The rows of a table of the page: the cells by the row's name."""
    rows = page.soup.select(f"section[aria-labelledby={key}-title] tbody tr")
    cells = [[_last(cell) for cell in row.find_all("td")] for row in rows]
    return {row[0]: row[1:] for row in cells}


def _last(cell) -> str:
    for small in cell.find_all("small"):
        small.extract()
    return cell.get_text(strip=True)


def csv_of(visit: Visitor, key: str, year: int = 2026) -> dict[str, list[str]]:
    answer = visit.client(None).get(f"/open/{key}.csv?year={year}")
    assert answer.status_code == 200
    lines = [
        line.split(",") for line in answer.get_data(as_text=True).strip("\ufeff\r\n").splitlines()
    ]
    return {line[0]: line[1:] for line in lines[1:]}


def test_a_stranger_sees_the_year_without_small_counts(visit: Visitor, town: Town) -> None:
    assert "还没有可以公开的数据" in visit.get(None, "/open").words
    assert visit.client(None).get("/open/months.csv").status_code == 404
    spread(town, {1: (30, 20), 2: (3, 1), 3: (9, 9), 4: (40, 30), 5: (10, 5)})
    page = visit.get(None, "/open")
    assert "受理企业诉求 92 件，企业自己确认已解决 65 件" in page.words
    months = table(page, "months")
    assert months["1 月"] == ["30", "20", "66.7%"]
    assert months["2 月"] == ["不公布", "不公布", "–"]
    # The smallest goes with it: 92 less the others says nothing of February. Of both only two
    # were not solved, so one more month keeps its share to itself.
    assert months["3 月"] == ["不公布", "不公布", "–"]
    assert months["5 月"] == ["10", "不公布", "–"]
    assert months["4 月"] == ["40", "30", "75.0%"]
    assert months["6 月"] == ["0", "0", "–"]
    assert table(page, "categories") == {"融资": ["92", "65", "70.7%"]}
    assert csv_of(visit, "months")["2026-02"] == ["不公布", "不公布", ""]
    assert csv_of(visit, "months")["2026-01"] == ["30", "20", "66.7%"]
    assert csv_of(visit, "categories")["融资"][:2] == ["92", "65"]
    assert visit.get(None, "/open?year=2025").status == 404
    assert visit.get(None, "/open?year=²").status == 404


def test_a_small_rest_is_not_said(visit: Visitor, town: Town) -> None:
    spread(town, {1: (300, 298), 2: (300, 300)})
    page = visit.get(None, "/open")
    assert "受理企业诉求 600 件，企业自己确认已解决的超过 99%" in page.words
    assert "598" not in page.text and "298" not in page.text
    assert table(page, "months")["1 月"] == ["300", "不公布", "–"]
    assert table(page, "categories")["融资"] == ["600", "不公布", "–"]


def test_the_page_needs_no_session_and_is_kept_briefly(
    visit: Visitor, town: Town, app: Flask
) -> None:
    spread(town, {1: (30, 20)})
    answer = visit.client(None).get("/open")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Cookie" in answer.headers["Vary"]
    assert "csrf" not in answer.get_data(as_text=True).lower()
    texts = {re.sub(r'nonce="[^"]+"', "", visit.get(who, "/open").text) for who in ("firm", None)}
    assert len(texts) == 1
    keeping = Visitor(create_app({**app.config, "OPEN_KEEP_SECONDS": 60}), town)
    first = keeping.get(None, "/open").words
    spread_more = text("UPDATE ticket SET accepted_at = now() WHERE number LIKE 'X1-2%'")
    db.session.execute(spread_more)
    db.session.commit()
    assert keeping.get(None, "/open").words == first
    assert visit.get(None, "/open").words != first


def test_the_page_is_limited(limited: Visitor) -> None:
    client = limited.client(None)
    codes = [client.get("/open").status_code for _ in range(61)]
    assert codes == [200] * 60 + [429]


def prepare(visit: Visitor, number: str, **changes: str) -> Page:
    page = visit.get("supervisor", f"/tickets/{number}/publish")
    texts = {"title": "贷款续贷", "problem": "贷款到期。", "answer": "银行已续贷。", **changes}
    return page.submit(f"/tickets/{number}/publish", **texts)


def test_the_masking_is_proposed_and_what_is_still_told_is_refused(
    visit: Visitor, town: Town
) -> None:
    [number] = solved(town, 1)
    with transaction() as session:
        session.execute(text("UPDATE ticket SET description = :said"), {"said": SAID})
    form = visit.get("supervisor", f"/tickets/{number}/publish")
    proposal = form.soup.select_one("textarea[name=problem]")
    assert proposal is not None
    assert proposal.get_text().strip() == "我们某企业贷款到期，请联系某某 （电话略）。"
    assert SAID in form.words
    telling = ("鲁西轴承又缺钱", "请找王经理", "电话 13800001111", f"编号{number}", "李明孙强办的")
    for told in telling:
        refused = prepare(visit, number, problem=told)
        assert refused.status == 422, told
        assert "里面还有" in refused.words
    assert prepare(visit, number).status == 303
    [case] = db.session.scalars(select(PublishedCase)).all()
    assert SAID in visit.get("leader", f"/cases/{case.id}").words


def test_a_case_needs_two_people_and_can_be_taken_back(visit: Visitor, town: Town) -> None:
    [number] = solved(town, 1)
    prepare(visit, number)
    [case] = db.session.scalars(select(PublishedCase)).all()
    here = f"/cases/{case.id}"
    own = visit.get("supervisor", here)
    assert "要由另一位督办员或领导复核" in own.words
    visit.post("supervisor", f"{here}/publish", form_values(own.form("/withdraw")))
    assert "贷款续贷" not in visit.get(None, "/open").words
    second = visit.get("leader", here)
    # Revised meanwhile: the second look was at other words.
    visit.get("supervisor", f"{here}/revise").submit(f"{here}/revise", title="过桥续贷")
    second.submit(f"{here}/publish")
    assert "刚刚被修改过" in visit.get("leader", here).words
    visit.get("leader", here).submit(f"{here}/publish")
    shown = visit.get(None, "/open")
    assert "过桥续贷" in shown.words and number not in shown.text
    assert "鲁西" not in shown.text and "王经理" not in shown.text
    visit.get("supervisor", here).submit(f"{here}/withdraw")
    assert "过桥续贷" not in visit.get(None, "/open").words
    query = select(PublishedCaseStep.action, PublishedCaseStep.actor_name)
    steps = [tuple(row) for row in db.session.execute(query.order_by(PublishedCaseStep.id))]
    first, second_step = ("prepare", "郑督"), ("revise", "郑督")
    assert steps == [first, second_step, ("publish", "高市长"), ("withdraw", "郑督")]
    with pytest.raises(Exception, match="written once"), transaction() as session:
        session.execute(text("DELETE FROM published_case_step"))


def test_a_case_that_is_handled_again_is_not_shown(visit: Visitor, town: Town) -> None:
    [number] = solved(town, 1, utcnow() - timedelta(days=1))
    assert prepare(visit, number).status == 303
    [case] = db.session.scalars(select(PublishedCase)).all()
    visit.get("leader", f"/cases/{case.id}").submit(f"/cases/{case.id}/publish")
    assert "贷款续贷" in visit.get(None, "/open").words
    ticket = db.session.scalars(select(Ticket)).one()
    with transaction():
        confirmation.reopen(Ask(town.firm, ticket.id, utcnow() + HOUR), "又出现了。")
    assert "贷款续贷" not in visit.get(None, "/open").words
    assert "诉求已重新办理" in visit.get("leader", "/cases").words


def test_only_what_the_firm_called_solved_can_be_chosen(visit: Visitor, town: Town) -> None:
    ticket = db.session.get_one(Ticket, Play(town).file())
    assert prepare_status(visit, ticket.number) == 409
    assert "整理为公开案例" not in visit.get("supervisor", f"/tickets/{ticket.number}").words
    [number] = solved(town, 1)
    assert "整理为公开案例" in visit.get("supervisor", f"/tickets/{number}").words
    assert "整理为公开案例" not in visit.get("firm", f"/tickets/{number}").words
    hostile = "<script>alert(1)</script>{{ 7*7 }}"
    assert prepare(visit, number, title=hostile, problem=hostile).status == 303
    [case] = db.session.scalars(select(PublishedCase)).all()
    visit.get("leader", f"/cases/{case.id}").submit(f"/cases/{case.id}/publish")
    page = visit.get(None, "/open")
    assert hostile in page.words and "<script>alert" not in page.text


def prepare_status(visit: Visitor, number: str) -> int:
    token = form_values(visit.get("supervisor", "/query").form("/query"))
    texts = {**token, "title": "甲", "problem": "乙", "answer": "丙"}
    return visit.post("supervisor", f"/tickets/{number}/publish", texts).status
