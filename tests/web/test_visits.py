"""The pages of visits: a cadre's firms, records, the warning, filing on behalf."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from portal.db import transaction, utcnow
from portal.directory.models import Pairing
from portal.extensions import db
from portal.visits.models import Visit
from tests.factories import Town, make_enterprise
from tests.pages import Visitor
from tests.visiting import HEARD, pair, recorded
from tests.web.test_costs import counted
from tests.web.visiting import FIRM, addresses, filed, record, tickets, today


def test_a_cadre_sees_the_own_firms_the_longest_unvisited_first(visit: Visitor, town: Town) -> None:
    pair(town)
    with transaction() as session:
        never = make_enterprise("临清轴承有限公司", town.region_id).id
        session.add(Pairing(enterprise_id=never, owner_id=town.cadre.id, starts_on=today()))
    assert record(visit, town).status == 303
    page = visit.get("cadre", "/visits")
    names = [heading.get_text(strip=True) for heading in page.soup.select(".firm-card h2")]
    assert names == ["临清轴承有限公司", "鲁西轴承有限公司"]
    assert "没有包联" in visit.get("cadre2", "/visits").words


def test_a_record_is_written_and_the_firm_reads_it(visit: Visitor, town: Town) -> None:
    pair(town)
    answer = record(visit, town)
    page = visit.get("cadre", answer.location)
    assert HEARD[0].text in page.words
    assert "转为诉求" in page.words
    about = visit.get("firm", "/visits/about")
    assert "提出 2 个问题" in about.words
    assert HEARD[1].text in visit.get("firm", answer.location).words
    assert visit.get("other", answer.location).status == 404
    assert visit.get("cadre2", answer.location).status == 404
    assert visit.get("reviewer", answer.location).status == 200


def test_a_record_says_whether_there_was_a_problem(visit: Visitor, town: Town) -> None:
    pair(town)
    assert record(visit, town, text_1="", text_2="").status == 422
    assert record(visit, town, found="no").status == 422
    answer = record(visit, town, found="no", text_1="", text_2="")
    assert "企业没有提出问题" in visit.get("cadre", answer.location).words
    more = record(visit, town, more="1")
    assert (more.status, len(more.soup.select("textarea"))) == (200, 3)
    assert HEARD[0].text in more.text
    late = record(visit, town, day=str(today() + timedelta(days=1)))
    assert "走访日期不能晚于今天" in late.words


def test_the_second_click_records_one_visit(visit: Visitor, town: Town) -> None:
    pair(town)
    page = visit.get("cadre", FIRM.format(firm=town.enterprise_id) + "/record")
    first, second = (page.submit("/record", text_1=HEARD[0].text) for _ in range(2))
    assert first.location == second.location
    assert db.session.scalar(select(func.count()).select_from(Visit)) == 1


def test_twice_in_a_month_is_warned_of_by_name_and_still_possible(
    visit: Visitor, town: Town
) -> None:
    pair(town, owner="cadre2", deputy="cadre")
    address = FIRM.format(firm=town.enterprise_id) + "/plan"
    assert visit.get("cadre2", address).submit("/plan", day=str(today())).status == 303
    warned = visit.get("cadre", address).submit("/plan", day=str(today()), purpose="融资")
    assert warned.status == 422
    assert "市金融局 孙强" in warned.words
    assert db.session.scalar(select(func.count()).select_from(Visit)) == 1
    # Another month than the warned one is looked at anew, and is free.
    second = visit.get("cadre", address).submit("/plan", day=str(today()))
    later = second.submit("/plan", day=str(today() + timedelta(days=62)))
    assert later.status == 303
    assert warned.submit("/plan").status == 303
    days = visit.get("supervisor", "/visits/calendar").words
    assert days.count("当月 2 次") == 2


def test_a_plan_moves_is_kept_and_cancelled(visit: Visitor, town: Town) -> None:
    pair(town)
    address = FIRM.format(firm=town.enterprise_id) + "/plan"
    for _ in range(2):
        page = visit.get("cadre", address)
        page.submit("/plan", day=str(today()), anyway=f"{today():%Y-%m}")
    first, second = db.session.scalars(select(Visit.id).order_by(Visit.id))
    assert visit.get("firm", f"/visits/{first}").status == 404  # a plan is no record yet
    moved = visit.get("cadre", f"/visits/{first}/reschedule")
    old_tab = visit.get("cadre", f"/visits/{first}/reschedule")
    day = str(today() + timedelta(days=70))
    assert moved.submit("/reschedule", day=day).status == 303
    assert "另一个页面" in old_tab.submit("/reschedule", day=day).words
    done = visit.get("cadre", f"/visits/{second}/record").submit("/record", found="no")
    assert done.status == 303
    page = visit.get("cadre", f"/visits/{first}").submit("/cancel")
    assert page.status == 303
    assert "已取消" in visit.get("cadre", f"/visits/{first}").words
    assert visit.get("cadre", f"/visits/{first}/record").status == 404


def test_a_record_is_edited_for_a_day_then_corrected(visit: Visitor, town: Town) -> None:
    pair(town)
    address = record(visit, town).location
    edited = visit.get("cadre", f"{address}/edit").submit("/edit", met="钱会计", text_2="")
    assert edited.status == 303, edited.words
    page = visit.get("cadre", address)
    assert "钱会计" in page.words
    assert HEARD[1].text not in page.words
    form = visit.get("cadre", f"{address}/edit")
    with transaction() as session:
        session.execute(update(Visit).values(recorded_at=utcnow() - timedelta(days=2)))
    assert "追加更正" in form.submit("/edit", met="无名氏").words
    correction = visit.get("cadre", f"{address}/correct").submit("/correct", text="还有赵厂长。")
    assert correction.status == 303
    assert "还有赵厂长。" in visit.get("firm", address).words
    assert "修改" not in visit.get("cadre", address).words


def test_two_problems_are_two_tickets_in_one_step(visit: Visitor, town: Town) -> None:
    pair(town)
    page = filed(visit, town)
    assert (page.status, page.title) == (200, "请企业核实")
    assert len(set(addresses(page))) == len(page.soup.select("svg.qr")) == 2
    assert [one.title for one in tickets()] == ["贷款三月到期", "招不到熟练的磨工"]
    assert [one.vouch_pending for one in tickets()] == [True, True]
    again = visit.get("cadre", page.response.request.path)
    assert (again.status, "/vouch/" in again.text) == (303, False)  # shown once
    back = visit.get("cadre", again.location)
    assert tickets()[0].number in back.words
    firm_page = visit.get("firm", f"/tickets/{tickets()[0].number}")
    assert "代填待核实" in firm_page.words
    assert "核实代填" in firm_page.words


def test_one_wrong_item_files_none(visit: Visitor, town: Town) -> None:
    pair(town)
    address = record(visit, town).location
    answer = visit.get("cadre", f"{address}/file").submit("/file")
    assert answer.status == 422  # the second problem has no category
    assert tickets() == []
    names = [str(box["name"]) for box in answer.soup.select("input[name^=take_]")]
    nothing = answer.soup.select("input[name^=take_]")
    for box in nothing:
        del box["checked"]
    assert "请至少选择一个" in answer.submit("/file").words
    one = visit.get("cadre", f"{address}/file")
    for box in one.soup.select(f"input[name={names[1]}]"):
        del box["checked"]
    assert one.submit("/file").status == 303
    assert len(tickets()) == 1


def test_the_second_click_and_the_second_tab_file_once(visit: Visitor, town: Town) -> None:
    pair(town)
    address = record(visit, town, text_2="").location
    form, tab = (visit.get("cadre", f"{address}/file") for _ in range(2))
    assert form.submit("/file").location.endswith("/links")
    assert form.submit("/file").location == address
    refused = tab.submit("/file")
    assert refused.status == 422
    assert tickets()[0].number in refused.words
    assert len(tickets()) == 1


def test_nobody_else_files_and_not_after_the_pairing(visit: Visitor, town: Town) -> None:
    pair(town, deputy="cadre2")
    address = record(visit, town).location
    assert visit.get("cadre2", address).status == 200
    assert visit.get("cadre2", f"{address}/file").status == 404
    with transaction() as session:
        session.execute(update(Pairing).values(ends_on=today() - timedelta(days=1)))
    assert visit.get("cadre", f"{address}/file").status == 404
    assert visit.get("cadre", FIRM.format(firm=town.enterprise_id)).status == 404
    own = visit.get("cadre", address)
    assert (own.status, f"{address}/file" in own.text) == (200, False)


PAGES = [
    ("cadre", "/visits"),
    ("cadre", "/visits/calendar?month=2026-03"),
    ("supervisor", "/visits/calendar?month=2026-03"),
    ("firm", "/visits/about"),
]


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_a_page_costs_the_same_for_few_and_for_many(
    visit: Visitor, town: Town, who: str, address: str
) -> None:
    engine: Engine = db.engine
    pair(town)
    recorded(town)
    visit.get(who, address)
    with counted(engine) as few:
        assert visit.get(who, address).status == 200
    with transaction() as session:
        for n in range(12):
            firm = make_enterprise(f"第 {n} 家", town.region_id).id
            session.add(
                Pairing(enterprise_id=firm, owner_id=town.cadre.id, starts_on=date(2026, 1, 1))
            )
    for n in range(9):
        recorded(town, key=f"many{n}")
    with counted(engine) as many:
        assert visit.get(who, address).status == 200
    assert len(many) == len(few) <= 9, many
