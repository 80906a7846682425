"""The administrator and the two trees: units with their people, categories with their kinds."""

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.directory import place_service, queries
from portal.directory.admin_blueprint import today
from portal.directory.changes import Editor
from portal.directory.models import Category, Chain, Department, Leave, Skill
from portal.errors import Invalid
from portal.extensions import db
from portal.sla.service import current_policy_id
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.pages import Page, Visitor
from tests.service.stages import assigned
from tests.web.test_admin import error_of, user_of
from tests.web.test_registry import history


def unit(visit: Visitor, name: str, parent_id: int | str = "", position: int = 0) -> Page:
    form = visit.get("admin", "/admin/departments/new")
    return form.submit("/new", name=name, parent_id=str(parent_id), position=str(position))


def move(visit: Visitor, department_id: int, parent_id: int | str) -> Page:
    address = f"/admin/departments/{department_id}"
    return visit.get("admin", address).submit(address, parent_id=str(parent_id))


def id_of(name: str) -> int:
    return db.session.scalars(select(Department.id).where(Department.name == name)).one()


def listed(visit: Visitor, query: str = "") -> list[tuple[str, str]]:
    """Each unit of the list with the class of its depth."""
    page = visit.get("admin", f"/admin/departments{query}")
    return [
        (row.select_one(".title a").get_text(), row["class"][0])  # type: ignore[union-attr]
        for row in page.soup.select(".queue tbody tr")
    ]


def test_units_stand_as_a_tree(visit: Visitor, town: Town) -> None:
    finance = town.departments["finance"]
    assert unit(visit, "银行科", finance, 2).status == 303
    assert unit(visit, "担保科", finance, 1).status == 303
    unit(visit, "担保一组", id_of("担保科"))
    assert listed(visit) == [
        ("市金融局", "depth-0"),
        ("担保科", "depth-1"),
        ("担保一组", "depth-2"),
        ("银行科", "depth-1"),
        ("市人社局", "depth-0"),
    ]
    found = [("市金融局", "depth-0"), ("担保科", "depth-1"), ("担保一组", "depth-2")]
    assert listed(visit, "?q=一组") == found
    assert (
        "下级单位 担保科 在用 银行科 在用"
        in visit.get("admin", f"/admin/departments/{finance}").words
    )


def test_a_loop_of_units_is_refused_in_words(visit: Visitor, town: Town) -> None:
    finance = town.departments["finance"]
    unit(visit, "担保科", finance)
    below = id_of("担保科")
    page = visit.get("admin", f"/admin/departments/{finance}")
    offered = {str(option["value"]) for option in page.soup.select("#parent_id option")}
    assert offered == {"", str(town.departments["labour"])}
    # Two administrators at once: the form was opened before the other one moved a unit.
    refused = visit.post(
        "admin",
        f"/admin/departments/{finance}",
        {
            "csrf_token": page.form("").select_one("[name=csrf_token]")["value"],  # type: ignore[index]
            "name": "市金融局",
            "position": "0",
            "parent_id": str(below),
        },
    )
    assert error_of(refused, "parent_id") == "请从列表中选择上级单位。"
    for own in (below, finance):
        loop = place_service.PlaceFields("市金融局", 0, parent_id=own)
        with pytest.raises(Invalid, match="也不能是它的下级单位"), transaction():
            place_service.save_place(Editor(None, MONDAY), "departments", finance, loop)
    assert move(visit, below, town.departments["labour"]).status == 303
    assert move(visit, finance, below).status == 303


def test_a_unit_with_units_below_stays_in_use(visit: Visitor, town: Town) -> None:
    unit(visit, "甲局")
    unit(visit, "甲一科", id_of("甲局"))
    above, below = f"/admin/departments/{id_of('甲局')}", f"/admin/departments/{id_of('甲一科')}"
    assert visit.get("admin", f"{above}/deactivate").submit("/deactivate").location == above
    assert "还有 1 个在用的下级单位" in visit.get("admin", above).words
    for address in (below, above):
        assert visit.get("admin", f"{address}/deactivate").submit("/deactivate").status == 303
    visit.get("admin", below).submit("/activate")
    assert "上级单位“甲局”已停用，请先启用它。" in visit.get("admin", below).words


def test_a_unit_shows_its_people_as_they_stand_today(visit: Visitor, town: Town) -> None:
    held = assigned(town)
    busy = held.who.id or 0
    address = f"/admin/users/{busy}/abilities"
    loans = str(town.categories["融资"])
    done = visit.get("admin", address).submit("/abilities", skills=[loans], capacity="1")
    assert done.status == 303
    other = town.cadre2.id if busy == town.cadre.id else town.cadre.id
    with transaction() as session:
        session.add(Leave(cadre_id=other or 0, deputy_id=busy, starts_on=today(), ends_on=today()))
    page = visit.get("admin", f"/admin/departments/{town.departments['finance']}")
    for word in ("在办 1 件，容量 1 件 已满", "在岗", "请假", "各类诉求", "陈局"):
        assert word in page.words, word
    labour = visit.get("admin", f"/admin/departments/{town.departments['labour']}").words
    assert "还没有分管负责人" in labour


def test_a_cadres_skills_and_capacity_are_noted(visit: Visitor, town: Town) -> None:
    address = f"/admin/users/{town.cadre.id}/abilities"
    loans, tax = str(town.categories["融资"]), str(town.categories["税费"])
    form = visit.get("admin", address)
    assert form.submit("/abilities", skills=[loans, tax], capacity="20").status == 303
    assert user_of(town, "cadre").capacity == 20
    again = visit.get("admin", address)
    ticked = {str(box["value"]) for box in again.soup.select("[name=skills][checked]")}
    assert ticked == {loans, tax}
    assert again.submit("/abilities", skills=[tax], capacity="").status == 303
    assert [s.category_id for s in db.session.scalars(select(Skill))] == [int(tax)]
    words = visit.get("admin", f"/admin/users/{town.cadre.id}").words
    assert "专长：税费" in words and "容量不限" in words
    told = history(visit, f"/admin/users/{town.cadre.id}")
    assert "专长： 融资、税费 → 税费" in told and "容量： 20 （已去掉）" in told
    for wrong in ("0", "-1", "很多", "10000"):
        page = form.submit("/abilities", capacity=wrong)
        assert error_of(page, "capacity") == "请填写 1 到 9999 的整数，不限时留空。"
    unknown = form.submit("/abilities", skills=["999999"], capacity="")
    assert error_of(unknown, "skills") == "请从列表中选择类别。"
    nobody = visit.get("admin", f"/admin/users/{town.reviewer.id}/abilities")
    assert "请选择一名在用的助企干部。" in nobody.submit("/abilities", capacity="").words


def test_a_chain_has_a_chief(visit: Visitor, town: Town) -> None:
    address = f"/admin/chains/{town.chain_id}"
    page = visit.get("admin", address)
    offered = [option.get_text() for option in page.soup.select("#chief_id option")]
    assert sorted(offered) == ["暂无链长", "郑督", "高市长"]
    assert page.submit(address, chief_id=str(town.leader.id)).status == 303
    assert db.session.get_one(Chain, town.chain_id).chief_id == town.leader.id
    assert "链长高市长" in visit.get("admin", "/admin/chains").words
    account = f"/admin/users/{town.leader.id}"
    assert "产业链（轴承）的链长" in visit.get("admin", account).words
    assert "停用后链长空缺" in visit.get("admin", f"{account}/deactivate").words
    assert visit.get("admin", f"{account}/deactivate").submit("/deactivate").status == 303
    vacant = visit.get("admin", "/admin/chains").words
    assert "链长空缺 原链长高市长" in vacant and "1 条产业链的链长空缺" in vacant
    assert "链长： 高市长" in history(visit, address)
    fields = place_service.PlaceFields("轴承", 0, chief_id=town.cadre.id)
    with pytest.raises(Invalid, match="链长应是一名在用的督办员或领导"), transaction():
        place_service.save_place(Editor(None, MONDAY), "chains", town.chain_id, fields)


def kind(visit: Visitor, town: Town, name: str, above: str = "融资", **more: str) -> Page:
    form = visit.get("admin", f"/admin/categories/new?under={town.categories[above]}")
    return form.submit("/new", name=name, **more)


def category_id(name: str) -> int:
    return db.session.scalars(select(Category.id).where(Category.name == name)).one()


@pytest.mark.usefixtures("seeded_categories")
def test_a_category_has_kinds_but_no_third_level(visit: Visitor, town: Town) -> None:
    form = visit.get("admin", f"/admin/categories/new?under={town.categories['拖欠账款']}")
    assert form.soup.select_one("#complex[checked]"), "a kind starts out as its category"
    loans = str(town.categories["融资"])
    form = visit.get("admin", "/admin/categories/new")
    assert form.submit("/new", name="贷款续贷", parent_id=loans).status == 303
    below = category_id("贷款续贷")
    assert queries.names(Category)[below] == "融资 › 贷款续贷"
    third = visit.get("admin", "/admin/categories/new")
    options = [str(option["value"]) for option in third.soup.select("#parent_id option")]
    assert str(below) not in options
    address = f"/admin/categories/{loans}"
    refused = visit.get("admin", address).submit(address, parent_id=str(town.categories["税费"]))
    assert "类别最多两级" in error_of(refused, "parent_id")
    assert visit.get("admin", f"{address}/deactivate").submit("/deactivate").location == address
    assert "还有 1 个在用的下级类别" in visit.get("admin", address).words
    rows = [
        row.select_one(".title a").get_text()  # type: ignore[union-attr]
        for row in visit.get("admin", "/admin/categories").soup.select(".queue tbody tr")
    ]
    assert rows[:3] == ["融资", "贷款续贷", "用地用房"]


@pytest.mark.usefixtures("seeded_categories")
def test_a_category_shows_the_clocks_that_hold_for_it(visit: Visitor, town: Town) -> None:
    address = f"/admin/categories/{town.categories['融资']}"
    page = visit.get("admin", address)
    assert "办结时限： 15 个工作日" in page.words
    assert page.soup.select_one(f'a[href="/admin/policy/{current_policy_id()}"]')
    assert page.submit(address, complex="y").status == 303
    assert "办结时限： 30 个工作日" in visit.get("admin", address).words
    assert "复杂事项： 否 → 是" in history(visit, address)


@pytest.mark.usefixtures("seeded_categories")
def test_a_firm_chooses_a_kind_and_files_it(visit: Visitor, town: Town) -> None:
    loans = town.categories["融资"]
    kind(visit, town, "贷款续贷", parent_id=str(loans), template="贷款银行：")
    below = category_id("贷款续贷")
    start = visit.get("firm", "/tickets/new")
    assert start.soup.select_one(f'a[href="/tickets/new?under={loans}"]')
    assert "贷款续贷" not in start.words
    step = visit.get("firm", f"/tickets/new?under={loans}")
    links = [str(a["href"]) for a in step.soup.select(".category-card")]
    assert links == [f"/tickets/new/write?category={one}" for one in (below, loans)]
    assert visit.get("firm", f"/tickets/new?under={town.categories['税费']}").title == start.title
    write = visit.get("firm", links[0])
    assert "融资 › 贷款续贷" in write.words and "贷款银行：" in write.words
    sent = write.submit(links[0], title="贷款到期无法续贷", description="三月到期，银行不再续贷。")
    check = visit.get("firm", sent.location)
    assert "融资 › 贷款续贷" in check.words
    assert check.submit("/tickets/new/check").status == 303
    assert db.session.scalars(select(Ticket.category_id)).one() == below


def test_the_long_list_of_units_costs_the_same(visit: Visitor, town: Town) -> None:
    with transaction() as session:
        top = [Department(name=f"局 {n}", position=n) for n in range(12)]
        session.add_all(top)
        session.flush()
        session.add_all(
            Department(name=f"局 {n} 科 {m}", parent_id=top[n].id)
            for n in range(12)
            for m in range(4)
        )
    rows = listed(visit)
    assert len(rows) == 62
    assert len(listed(visit, "?q=科 3")) == 24
