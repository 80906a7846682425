"""The administrator and firms: the list, one firm, titles, contacts; and the firm's own page."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.directory import firm_queries, firm_service, queries
from portal.directory.admin_blueprint import today
from portal.directory.changes import Editor
from portal.directory.models import (
    DirectoryChange,
    Enterprise,
    EnterpriseClass,
    EnterpriseContact,
    Pairing,
)
from portal.extensions import db
from tests.factories import MONDAY, Town, make_enterprise, make_uscc
from tests.pages import Page, Visitor
from tests.service.stages import assigned
from tests.web.test_admin import error_of
from tests.web.test_costs import counted

USCC = make_uscc(8_000_001)
FIRM = {
    "uscc": USCC,
    "name": "临清轴承保持器有限公司",
    "short_name": "临清保持器",
    "size": "medium",
    "industry": "轴承制造",
    "contact_name": "马会计",
    "contact_phone": "13800005555",
}


def add_firm(visit: Visitor, town: Town, **changes: str) -> Page:
    values = FIRM | {"region_id": str(town.region_id), "chain_id": str(town.chain_id)} | changes
    return visit.get("admin", "/admin/enterprises/new").submit("/new", **values)


def firm_of(name: str) -> Enterprise:
    db.session.expire_all()
    return db.session.scalars(select(Enterprise).where(Enterprise.name == name)).one()


def history(visit: Visitor, address: str) -> str:
    """The words of the history on a page of the administrator."""
    page = visit.get("admin", address)
    found = page.soup.select_one(".history")
    return found.get_text(" ", strip=True) if found else ""


def test_a_firm_is_registered_by_the_administrator(visit: Visitor, town: Town) -> None:
    made = add_firm(visit, town)
    firm = firm_of(FIRM["name"])
    assert made.location == f"/admin/enterprises/{firm.id}"
    page = visit.get("admin", made.location)
    for word in (USCC, "临清保持器", "中型", "轴承制造", "马会计", "还没有包联干部"):
        assert word in page.words
    assert "名称： 临清轴承保持器有限公司" in history(visit, made.location)
    assert "吴管" in history(visit, made.location)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"uscc": USCC[:-1]}, "uscc", "请填写 18 位统一社会信用代码，现在是 17 位。"),
        ({"uscc": USCC[:-1] + "I"}, "uscc", "不会出现在统一社会信用代码中"),
        ({"region_id": ""}, "region_id", "请选择企业所在的县市区。"),
        ({"size": "giant"}, "size", "请选择企业规模。"),
        ({"contact_phone": "1"}, "contact_phone", "请填写 11 位手机号"),
    ],
)
def test_a_firm_is_refused_with_a_sentence(
    visit: Visitor, town: Town, changes: dict[str, str], field: str, sentence: str
) -> None:
    page = add_firm(visit, town, **changes)
    assert page.status == 422
    assert sentence in error_of(page, field)


def test_a_code_is_given_once(visit: Visitor, town: Town) -> None:
    add_firm(visit, town)
    again = add_firm(visit, town, name="另一家")
    assert error_of(again, "uscc") == "这个信用代码已经登记过，请查找那家企业。"


def test_a_code_changes_only_while_there_is_no_ticket(visit: Visitor, town: Town) -> None:
    add_firm(visit, town)
    address = f"/admin/enterprises/{firm_of(FIRM['name']).id}/edit"
    other = make_uscc(8_000_002)
    assert visit.get("admin", address).submit(address, uscc=other).status == 303
    assert firm_of(FIRM["name"]).uscc == other
    assigned(town)  # the town's firm has a ticket now
    address = f"/admin/enterprises/{town.enterprise_id}/edit"
    page = visit.get("admin", address)
    assert page.soup.select_one("#uscc[readonly]")
    refused = page.submit(address, uscc=make_uscc(8_000_003))
    assert "这家企业已有诉求，信用代码不能再改" in error_of(refused, "uscc")
    assert page.submit(address, short_name="鲁西").status == 303


def test_firms_are_found_by_name_short_name_and_code(visit: Visitor, town: Town) -> None:
    add_firm(visit, town)

    def found(query: str) -> list[str]:
        page = visit.get("admin", f"/admin/enterprises?{query}")
        return [a.get_text() for a in page.soup.select(".queue .title a")]

    for query in ("q=保持器有限", "q=临清保持", f"q={USCC[4:]}", f"q={USCC.lower()}"):
        assert found(query) == [FIRM["name"]], query
    assert len(found(f"region={town.region_id}")) == 3
    assert found("q=%25") == []


def test_the_list_of_firms_turns_its_pages_by_key(visit: Visitor, town: Town) -> None:
    with transaction():
        for number in range(40):
            make_enterprise(f"第 {number} 厂", town.region_id)
    seen: list[str] = []
    address: str | None = "/admin/enterprises"
    while address:
        page = visit.get("admin", address)
        seen += [a.get_text() for a in page.soup.select(".queue .title a")]
        forward = page.soup.select_one("a[rel=next]")
        address = str(forward["href"]) if forward else None
    assert (len(seen), len(set(seen))) == (42, 42)


def give_title(visit: Visitor, firm_id: int, name: str, first: date, last: date | None) -> Page:
    form = visit.get("admin", f"/admin/enterprises/{firm_id}/titles/new")
    ends = last.isoformat() if last else ""
    return form.submit("/new", name=name, valid_from=first.isoformat(), valid_to=ends)


def test_a_title_holds_on_its_days(visit: Visitor, town: Town) -> None:
    firm_id, first, last = town.enterprise_id, date(2024, 7, 1), date(2027, 6, 30)
    assert give_title(visit, firm_id, "specialised", first, last).status == 303
    assert give_title(visit, firm_id, "above_scale", first, None).status == 303
    days = {
        first - timedelta(days=1): [],
        first: ["above_scale", "specialised"],
        last: ["above_scale", "specialised"],
        last + timedelta(days=1): ["above_scale"],
    }
    assert {day: queries.classes_on(firm_id, day) for day in days} == days
    assert firm_queries.titles_on([firm_id], last + timedelta(days=1)) == {firm_id: ["above_scale"]}
    words = visit.get("admin", f"/admin/enterprises/{firm_id}").words
    assert "专精特新 2024年7月1日(周一) – 2027年6月30日(周三)" in words
    assert "专精特新" in visit.get("admin", "/admin/enterprises?q=鲁西").words


def test_a_title_is_refused_twice_on_a_day_and_backwards(visit: Visitor, town: Town) -> None:
    firm_id = town.enterprise_id
    give_title(visit, firm_id, "gazelle", date(2024, 1, 1), date(2024, 12, 31))
    twice = give_title(visit, firm_id, "gazelle", date(2024, 12, 31), None)
    assert error_of(twice, "valid_from") == "这段时间已有同一项资质，请修改原来的一条。"
    back = give_title(visit, firm_id, "unicorn", date(2024, 2, 1), date(2024, 1, 1))
    assert error_of(back, "valid_to") == "失效日期不能早于生效日期。"
    nothing = give_title(visit, firm_id, "", date(2024, 2, 1), None)
    assert error_of(nothing, "name") == "请选择资质。"
    assert give_title(visit, firm_id, "gazelle", date(2025, 1, 1), None).status == 303


def test_a_title_ends_and_one_entered_by_mistake_goes(visit: Visitor, town: Town) -> None:
    firm_id = town.enterprise_id
    give_title(visit, firm_id, "gazelle", date(2024, 1, 1), None)
    title = db.session.scalars(select(EnterpriseClass)).one()
    address = f"/admin/enterprises/{firm_id}/titles/{title.id}"
    assert visit.get("admin", address).submit(address, valid_to="2024-12-31").status == 303
    assert queries.classes_on(firm_id, date(2025, 1, 1)) == []
    assert visit.get("admin", address).submit("/remove").status == 303
    assert db.session.scalars(select(EnterpriseClass)).all() == []
    told = history(visit, f"/admin/enterprises/{firm_id}")
    assert "瞪羚（2024年1月1日(周一) 至 长期）" in told
    assert "（已去掉）" in told
    elsewhere = f"/admin/enterprises/{town.other_enterprise_id}/titles/{title.id}"
    assert visit.get("admin", elsewhere).status == 404


def test_contacts_are_added_changed_and_taken_away(visit: Visitor, town: Town) -> None:
    base = f"/admin/enterprises/{town.enterprise_id}"
    form = visit.get("admin", f"{base}/contacts/new")
    assert form.submit("/new", name="钱会计", phone="13800003333", post="财务").status == 303
    twice = form.submit("/new", name="钱会计", phone="138 0000 3333")
    assert error_of(twice, "phone") == "这个电话已经登记在这家企业名下。"
    contact = db.session.scalars(select(EnterpriseContact)).one()
    address = f"{base}/contacts/{contact.id}"
    assert visit.get("admin", address).submit(address, post="厂长").status == 303
    assert "138****3333 · 厂长" in visit.get("admin", base).words
    assert visit.get("admin", address).submit("/remove").status == 303
    assert db.session.scalars(select(EnterpriseContact)).all() == []
    assert "钱** 138****3333 财务 → 钱** 138****3333 厂长" in history(visit, base)


def test_a_firm_shows_its_pairings_and_who_changed_them(visit: Visitor, town: Town) -> None:
    first, second = town.cadre.id or 0, town.cadre2.id or 0
    with transaction() as session:
        session.add(
            Pairing(
                enterprise_id=town.enterprise_id,
                owner_id=first,
                starts_on=today() - timedelta(days=9),
            )
        )
    form = visit.get("admin", "/admin/pairings/new")
    firm = db.session.get_one(Enterprise, town.enterprise_id)
    values = {"owner_id": str(second), "deputy_id": str(first), "starts_on": today().isoformat()}
    assert form.submit("/new", firm=firm.uscc, **values).status == 303
    address = f"/admin/enterprises/{town.enterprise_id}"
    words = visit.get("admin", address).words
    assert words.index("孙强") < words.index("李明") and "已结束" in words
    assert "孙强，代理人李明（" in history(visit, address)
    mine = visit.get("admin", f"/admin/pairings?cadre={first}").words
    assert "李明的包联" in mine and "鲁西轴承" in mine and "东阿食品" not in mine
    assert "现在包联 1 家企业。" in visit.get("admin", f"/admin/users/{second}").words


def test_a_firm_sees_its_profile_and_keeps_its_contacts(visit: Visitor, town: Town) -> None:
    page = visit.get("firm", "/enterprise")
    assert page.title == "企业信息"
    assert "鲁西轴承有限公司还没有包联干部" in page.words
    edit = visit.get("firm", "/enterprise/edit")
    assert "uscc" not in str(edit.form("/edit"))
    values = {"short_name": "鲁西轴承", "contact_name": "王厂长", "contact_phone": "0635-8281234"}
    assert edit.submit("/edit", uscc=USCC, name="别的名字", **values).status == 303
    firm = firm_of("鲁西轴承有限公司")
    assert (firm.short_name, firm.contact_name) == ("鲁西轴承", "王厂长")
    assert edit.submit("/edit", contact_name="").status == 422
    new = visit.get("firm", "/enterprise/contacts/new")
    assert new.submit("/new", name="钱会计", phone="13800003333").status == 303
    contact = db.session.scalars(select(EnterpriseContact)).one()
    address = f"/enterprise/contacts/{contact.id}"
    assert visit.get("other", address).status == 404
    assert visit.get("firm", address).submit(address, name="钱主管").status == 303
    assert visit.get("firm", address).submit("/remove").status == 303
    told = history(visit, f"/admin/enterprises/{town.enterprise_id}")
    assert "王经理" in told and "王** → 王**" in told
    actors = set(db.session.scalars(select(DirectoryChange.actor_id)))
    assert actors == {town.firm.id}


def test_pages_of_firms_cost_the_same_whatever_they_hold(visit: Visitor, town: Town) -> None:
    one = f"/admin/enterprises/{town.enterprise_id}"
    pages = ("/admin/enterprises", one, "/enterprise")

    def costs() -> list[int]:
        found = []
        for address in pages:
            who = "firm" if address == "/enterprise" else "admin"
            with counted(db.engine) as told:
                assert visit.get(who, address).status == 200
            found.append(len(told))
        return found

    give_title(visit, town.enterprise_id, "gazelle", date(2020, 1, 1), date(2020, 12, 31))
    costs()
    few = costs()
    with transaction() as session:
        editor = Editor(town.admin.id, MONDAY)
        for number in range(20):
            firm = make_enterprise(f"第 {number} 厂", town.region_id, town.chain_id)
            session.add(Pairing(enterprise_id=firm.id, owner_id=town.cadre.id, starts_on=today()))
            for firm_id in (firm.id, town.enterprise_id):
                year = 2021 + number
                days = date(year, 1, 1), date(year, 12, 31)
                firm_service.save_title(editor, firm_id, None, "gazelle", *days)
    assert costs() == few
    assert max(few) <= 14, few
