"""The administrator and the directory: places, categories and pairings."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.directory.admin_blueprint import today
from portal.directory.models import Category, Chain, Department, Enterprise, Pairing, Region
from portal.extensions import db
from tests.factories import Town, make_enterprise
from tests.pages import Page, Visitor


def error_of(page: Page, field: str) -> str:
    """The sentence beside a field."""
    found = page.soup.select_one(f"#{field}-error")
    return found.get_text(strip=True) if found else ""


def press(visit: Visitor, address: str, action: str) -> Page:
    """Presses a button on a page."""
    return visit.get("admin", address).submit(action)


@pytest.mark.parametrize(
    ("kind", "model"), [("departments", Department), ("regions", Region), ("chains", Chain)]
)
def test_a_place_is_made_renamed_and_taken_out_of_use(
    visit: Visitor, kind: str, model: type[Department] | type[Region] | type[Chain]
) -> None:
    form = visit.get("admin", f"/admin/{kind}/new")
    assert form.submit(name="新的一条", position="7").status == 303
    again = form.submit(name="新的一条", position="7")
    assert error_of(again, "name") == "这个名称已经有了，请换一个。"
    wrong = form.submit(name="又一条", position="-1")
    assert error_of(wrong, "position") == "请填写 0 到 9999 的整数，小的排在前面。"
    row = db.session.scalar(select(model).where(model.name == "新的一条"))
    assert row is not None and row.position == 7
    address = f"/admin/{kind}/{row.id}"
    assert visit.get("admin", address).submit(address, name="改了名").status == 303
    assert visit.get("admin", f"{address}/deactivate").submit("/deactivate").status == 303
    listed = visit.get("admin", f"/admin/{kind}").words
    assert "改了名" in listed and "已停用" in listed
    assert press(visit, address, "/activate").status == 303
    db.session.expire_all()
    assert db.session.get_one(model, row.id).active


def test_a_region_out_of_use_is_not_offered_at_registration(visit: Visitor, town: Town) -> None:
    address = f"/admin/regions/{town.region_id}/deactivate"
    assert press(visit, address, "/deactivate").status == 303
    options = visit.get(None, "/register").soup.select("#region_id option")
    assert [option.get_text() for option in options] == ["请选择"]


def test_a_department_with_people_or_rules_stays_in_use(visit: Visitor, town: Town) -> None:
    finance = f"/admin/departments/{town.departments['finance']}"
    labour = f"/admin/departments/{town.departments['labour']}"
    assert press(visit, f"{finance}/deactivate", "/deactivate").location == finance
    assert "还有 1 条派单规则指向这个单位" in visit.get("admin", finance).words
    press(visit, f"{labour}/deactivate", "/deactivate")
    assert "这个单位还有 1 个在用账号" in visit.get("admin", labour).words
    assert all(db.session.scalars(select(Department.active)))


def test_a_category_is_made_and_changed(visit: Visitor, seeded_categories: None) -> None:
    form = visit.get("admin", "/admin/categories/new")
    made = form.submit(
        name="新类别", template="问题经过：\r\n希望：\x00", position="99", consult="y"
    )
    assert made.status == 303
    row = db.session.scalar(select(Category).where(Category.name == "新类别"))
    assert row is not None
    assert (row.template, row.needs_review, row.by_pairing) == ("问题经过：\n希望：", True, True)
    assert (row.consult, row.complex) == (True, False)
    again = form.submit(name="新类别", position="1")
    assert error_of(again, "name") == "这个类别名称已经有了，请换一个。"
    address = f"/admin/categories/{row.id}"
    shown = visit.get("admin", address)
    assert shown.submit(address, complex="y").status == 303
    assert press(visit, f"{address}/deactivate", "/deactivate").status == 303
    db.session.expire_all()
    changed = db.session.get_one(Category, row.id)
    assert (changed.complex, changed.active) == (True, False)
    assert press(visit, address, "/activate").status == 303


def pair(visit: Visitor, firm: str, owner: int | None, start: date, deputy: int = 0) -> Page:
    return visit.get("admin", "/admin/pairings/new").submit(
        firm=firm, owner_id=str(owner), deputy_id=str(deputy or ""), starts_on=start.isoformat()
    )


def spans(enterprise_id: int) -> list[tuple[int, date, date | None]]:
    """Owner, first and last day of each pairing of a firm."""
    query = select(Pairing.owner_id, Pairing.starts_on, Pairing.ends_on)
    query = query.where(Pairing.enterprise_id == enterprise_id).order_by(Pairing.id)
    return [(a, b, c) for a, b, c in db.session.execute(query)]


def test_a_new_pairing_ends_the_one_before(visit: Visitor, town: Town) -> None:
    first, second = town.cadre.id or 0, town.cadre2.id or 0
    later = today() + timedelta(days=10)
    firm = db.session.get_one(Enterprise, town.enterprise_id)
    assert pair(visit, firm.uscc, first, today(), second).status == 303
    assert pair(visit, firm.name, second, later).status == 303
    assert spans(firm.id) == [
        (first, today(), later - timedelta(days=1)),
        (second, later, None),
    ]
    words = visit.get("admin", "/admin/pairings?q=鲁西").words
    assert "包联中" in words and "未开始" in words


def test_a_pairing_made_by_mistake_is_replaced_the_same_day(visit: Visitor, town: Town) -> None:
    first, second = town.cadre.id or 0, town.cadre2.id or 0
    pair(visit, "鲁西轴承有限公司", first, today())
    assert pair(visit, "鲁西轴承有限公司", second, today()).status == 303
    assert spans(town.enterprise_id) == [(second, today(), None)]


def test_a_pairing_is_refused_with_a_sentence(visit: Visitor, town: Town) -> None:
    with transaction():
        make_enterprise("鲁西轴承二厂", town.region_id)
    cadre = town.cadre.id or 0
    several = pair(visit, "鲁西", cadre, today())
    assert "有多家企业符合：" in error_of(several, "firm")
    nobody = pair(visit, "不存在", cadre, today())
    assert "没有找到这家企业" in error_of(nobody, "firm")
    past = pair(visit, "鲁西轴承二厂", cadre, today() - timedelta(days=1))
    assert error_of(past, "starts_on") == "开始日期不能早于今天。"
    same = pair(visit, "鲁西轴承二厂", cadre, today(), cadre)
    assert error_of(same, "deputy_id") == "代理人不能是包联干部本人，请另选一人。"
    reviewer = pair(visit, "鲁西轴承二厂", town.reviewer.id, today())
    assert error_of(reviewer, "owner_id") == "请选择包联干部。"
    assert pair(visit, "鲁西轴承二厂", cadre, today() + timedelta(days=5)).status == 303
    early = pair(visit, "鲁西轴承二厂", cadre, today())
    assert "请填写更晚的日期。" in error_of(early, "starts_on")


def test_a_pairing_ends_and_stays_in_the_history(visit: Visitor, town: Town) -> None:
    with transaction():
        old = Pairing(
            enterprise_id=town.enterprise_id,
            owner_id=town.cadre.id or 0,
            starts_on=today() - timedelta(days=30),
        )
        db.session.add(old)
        db.session.flush()
        pairing_id = old.id
    address = f"/admin/pairings/{pairing_id}/end"
    asked = visit.get("admin", address)
    assert "这家企业的新诉求不再派给李明" in asked.words
    assert asked.submit("/end").status == 303
    assert spans(town.enterprise_id) == [(town.cadre.id, today() - timedelta(days=30), today())]
