"""Each register from a file: what is checked, what is written, and its export brought back."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.auth import role_requests
from portal.auth.models import User
from portal.db import transaction
from portal.directory.admin_blueprint import today
from portal.directory.models import (
    Category,
    Chain,
    Department,
    DirectoryChange,
    Enterprise,
    EnterpriseClass,
    EnterpriseContact,
    Leave,
    Pairing,
    Region,
    Skill,
)
from portal.extensions import db
from portal.outbox.models import Message
from portal.outbox.service import VACANCY
from portal.routing import queries
from portal.sheets.kinds import SHEETS
from portal.sheets.models import SheetLine
from portal.sheets.registry import REGISTERS
from tests.factories import Town, make_uscc
from tests.pages import Visitor
from tests.sheeting import confirmed, imported, latest, planned


def full(town: Town) -> None:
    """Rows in every register, among them ones that the pages would refuse today."""
    day, cadre, deputy = date(2020, 3, 2), town.cadre.id or 0, town.cadre2.id or 0
    firm, other = town.enterprise_id, town.other_enterprise_id
    with transaction() as session:
        chain = session.get_one(Chain, town.chain_id)
        chain.chief_id = town.leader.id
        child = Department(name="金融局一科", parent_id=town.departments["finance"], active=False)
        kind = Category(name="贷款", parent_id=town.categories["融资"], template="银行：\n金额：")
        session.add_all([child, kind, Region(name="老区", active=False)])
        session.get_one(Enterprise, other).contact_phone = "–"
        session.add_all(
            [
                EnterpriseClass(enterprise_id=firm, name="gazelle", valid_from=day),
                EnterpriseContact(enterprise_id=firm, name="=钱会计", phone="13800003333"),
                Skill(cadre_id=cadre, category_id=town.categories["融资"]),
                Leave(cadre_id=cadre, deputy_id=deputy, starts_on=day, ends_on=day),
                Pairing(
                    enterprise_id=firm,
                    owner_id=cadre,
                    starts_on=day,
                    ends_on=day + timedelta(days=9),
                ),
                Pairing(
                    enterprise_id=firm,
                    owner_id=deputy,
                    deputy_id=cadre,
                    starts_on=day + timedelta(days=10),
                ),
            ]
        )


@pytest.mark.usefixtures("seeded_categories")
def test_what_is_exported_can_be_imported_and_changes_nothing(visit: Visitor, town: Town) -> None:
    full(town)
    assert set(REGISTERS) == set(SHEETS)
    for kind in SHEETS:
        for form in ("csv", "xlsx"):
            taken = visit.get("admin", f"/admin/sheets/{kind}/export.{form}")
            planned(visit, kind, taken.response.data, f"{kind}.{form}")
            row = latest()
            found = (row.state, row.new, row.changed, row.wrong)
            problems = db.session.scalars(
                select(SheetLine.problems).where(SheetLine.import_id == row.id)
            )
            assert found == ("planned", 0, 0, 0), (kind, form, list(problems))
            assert row.unchanged > 0, kind


def test_staff_get_accounts_that_nobody_can_sign_in_to(visit: Visitor, town: Town) -> None:
    content = (
        "用户名,姓名,角色,所在单位,电话,同时承办上限\n"
        "New.Cadre,钱进,助企干部,市人社局,13800005555,12\n"
        "boss,马局,督办员,市人社局,,\nadmin,吴管,助企干部,市人社局,,\nlost,丁,助企干部,,,\n"
    )
    page = planned(visit, "staff", content)
    for sentence in (
        "所在单位：这个角色不属于承办单位，请把所在单位留空。",
        "用户名：这个用户名属于企业或管理账号，不能通过导入修改。",
        "所在单位：助企干部和分管负责人必须填写所在单位。",
    ):
        assert sentence in page.words
    confirmed(visit, page)
    user = db.session.scalar(select(User).where(User.username == "new.cadre"))
    assert user is not None and user.must_change_password
    assert (user.role, user.capacity, user.department_id) == ("none", 12, None)
    asked = role_requests.open_of(user.id)
    assert asked is not None
    assert (asked.role, asked.department_id) == ("cadre", town.departments["labour"])
    assert asked.asked_by_id == town.admin.id
    for password in ("", "!", "new.cadre"):
        signed = visit.get(None, "/sign-in").submit(
            "/sign-in", username="new.cadre", password=password
        )
        assert signed.status != 303
    admin = db.session.get_one(User, town.admin.id)
    assert admin.role == "admin"


def test_stopping_an_account_by_a_file_ends_its_sessions(visit: Visitor, town: Town) -> None:
    assert visit.get("cadre2", "/inbox").status == 200
    imported(visit, "staff", "用户名,状态\ncadre2,停用\n", "all")
    assert visit.get("cadre2", "/inbox").location.startswith("/sign-in")


def test_who_can_take_more_by_a_file_is_found_at_once(visit: Visitor, town: Town) -> None:
    day = today().isoformat()
    for kind, content in (
        ("staff", "用户名,同时承办上限\ncadre,12\nreviewer,\n"),
        ("skills", "用户名,诉求类别\ncadre,融资\n"),
        ("leave", f"用户名,开始日期,结束日期\nlabour,{day},{day}\n"),
    ):
        imported(visit, kind, content, "all")
    query = select(Message.payload).where(Message.kind == VACANCY).order_by(Message.id)
    finance, labour = town.departments["finance"], town.departments["labour"]
    units = [payload["department_id"] for payload in db.session.scalars(query)]
    assert units == [finance, finance, labour]


def test_units_form_a_tree_in_any_order_and_loops_are_refused(visit: Visitor, town: Town) -> None:
    imported(visit, "departments", "名称,上级单位\n二科,一处\n一处,市金融局\n", "all")
    page = planned(visit, "departments", "名称,上级单位\n市金融局,二科\n一处,一处\n")
    assert "上级单位：“二科”就是本行或它的下级，不能作上级。" in page.words
    assert "上级单位：“一处”就是本行或它的下级，不能作上级。" in page.words
    names = {d.id: d for d in db.session.scalars(select(Department))}
    by_name = {d.name: d for d in names.values()}
    assert by_name["二科"].parent_id == by_name["一处"].id
    assert by_name["一处"].parent_id == town.departments["finance"]
    assert by_name["市金融局"].parent_id is None
    stopped = planned(visit, "departments", "名称,状态\n市金融局,停用\n")
    assert "还有派单规则指向这个单位" in stopped.words


@pytest.mark.usefixtures("seeded_categories")
def test_categories_have_two_levels(visit: Visitor, town: Town) -> None:
    content = "名称,上级类别,办结须审核\n贷款,融资,否\n续贷,贷款,是\n"
    page = planned(visit, "categories", content)
    assert "“贷款”自己有上级，类别只有两级。" in page.words
    confirmed(visit, page)
    above = planned(visit, "categories", "名称,上级类别\n融资,税费\n")
    assert "“融资”有下级类别，不能再有上级。" in above.words
    found = db.session.scalar(select(Category).where(Category.name == "贷款"))
    assert found is not None
    assert (found.parent_id, found.needs_review) == (town.categories["融资"], False)


def pairings_of(firm_id: int) -> list[tuple[date, date | None, int]]:
    db.session.rollback()
    query = select(Pairing).where(Pairing.enterprise_id == firm_id).order_by(Pairing.starts_on)
    return [(p.starts_on, p.ends_on, p.owner_id) for p in db.session.scalars(query)]


def test_a_new_pairing_ends_the_one_before_and_history_stays(visit: Visitor, town: Town) -> None:
    code = db.session.get_one(Enterprise, town.enterprise_id).uscc
    head = "统一社会信用代码,开始日期,包联干部用户名,代理人用户名,结束日期\n"
    past, week = date(2024, 3, 1), today() + timedelta(days=7)
    imported(visit, "pairings", f"{head}{code},{past},cadre,cadre2,\n", "all")
    imported(visit, "pairings", f"{head}{code},{week},cadre2,,\n", "all")
    expected = [(past, week - timedelta(days=1), town.cadre.id), (week, None, town.cadre2.id)]
    assert pairings_of(town.enterprise_id) == expected
    query = select(DirectoryChange.old, DirectoryChange.new).order_by(DirectoryChange.id)
    told = [(old.get("pairing", {}), new["pairing"]) for old, new in db.session.execute(query)]
    ended = {"name": "李明", "deputy": "孙强", "starts_on": str(past)}
    assert told[1] == (ended, {**ended, "ends_on": str(week - timedelta(days=1))})
    assert told[2] == ({}, {"name": "孙强", "starts_on": str(week)})
    for line, sentence in (
        (f"{code},{past},labour,,", "包联已经开始，不能改包联干部"),
        (f"{code},{past},cadre,cadre,", "代理人不能是包联干部本人"),
        (f"{code},2024-02-01,cadre,,2024-03-05", "与从 2024-03-01 起的包联重叠"),
        (f"{code},{week},dispatcher,,", "“dispatcher”不是助企干部"),
        (f"{make_uscc(999)},{week},cadre,,", "的企业，请先导入企业"),
    ):
        assert sentence in planned(visit, "pairings", f"{head}{line}\n").words
    assert pairings_of(town.enterprise_id) == expected


def test_deputies_in_a_circle_are_refused(visit: Visitor, town: Town) -> None:
    content = (
        "用户名,开始日期,结束日期,代理人用户名\n"
        "cadre,2030-03-01,2030-03-05,cadre2\n"
        "cadre2,2030-03-03,2030-03-08,labour\n"
        "labour,2030-03-04,2030-03-06,cadre\n"
        "cadre,2030-03-05,2030-03-09,\n"
    )
    page = planned(visit, "leave", content)
    assert "代理人用户名：代理人在 2030-03-04 也请假" in page.words
    assert "开始日期：这段时间已有请假记录，请核对日期。" in page.words
    confirmed(visit, page)
    assert db.session.scalar(select(db.func.count()).select_from(Leave)) == 2


def test_rules_that_tie_are_refused_and_good_ones_make_the_next_version(
    visit: Visitor, town: Town
) -> None:
    head = "诉求类别,县市区,产业链,紧急程度,承办单位\n"
    page = planned(visit, "rules", f"{head},东昌府区,,,市人社局\n税费,,,,市人社局\n")
    assert "同样具体、条件重叠" in page.words
    settled = f"{head},东昌府区,,,市人社局\n融资,东昌府区,,,市人社局\n融资,,,,市人社局\n"
    imported(visit, "rules", settled, "all")
    finance, labour = town.departments["finance"], town.departments["labour"]
    rules = {rule.conditions: rule.department_id for rule in queries.active_rules()}
    money = town.categories["融资"]
    assert rules == {
        (None, town.region_id, None, None): labour,
        (money, town.region_id, None, None): labour,
        (money, None, None, None): labour,
    }
    version = queries.in_force()
    assert version is not None and version.enacted_by_id == town.admin.id
    old = queries.get(version.base_id or 0)
    assert (old.state, [r.department_id for r in queries.rules_of(old.id)]) == (
        "superseded",
        [finance],
    )


def test_chiefs_titles_skills_and_contacts_are_written(visit: Visitor, town: Town) -> None:
    code = db.session.get_one(Enterprise, town.enterprise_id).uscc
    wrong = planned(visit, "chains", "名称,链长用户名\n轴承,cadre\n")
    assert "“cadre”不是督办员或领导" in wrong.words
    imported(visit, "chains", "名称,链长用户名\n轴承,leader\n", "all")
    imported(visit, "skills", "用户名,诉求类别\ncadre,融资\ncadre,税费\n", "all")
    head = "统一社会信用代码,称号,生效日期,失效日期\n"
    imported(visit, "titles", f"{head}{code},瞪羚,2024-01-01,2024-12-31\n", "all")
    overlap = planned(visit, "titles", f"{head}{code},瞪羚,2024-06-01,\n")
    assert "与从 2024-01-01 起的同一称号重叠" in overlap.words
    imported(visit, "contacts", f"统一社会信用代码,电话,姓名\n{code},13800009999,钱会计\n", "all")
    db.session.rollback()
    query = select(DirectoryChange).order_by(DirectoryChange.id)
    changes = list(db.session.scalars(query))
    assert [one.new.pop("import") for one in changes] == [2, 3, 3, 4, 6]  # the wrong ones left out
    told = [(one.noun, one.actor_id, one.old, one.new) for one in changes]
    who = town.admin.id
    assert told[0] == ("chain", who, {}, {"chief": "高市长"})
    assert told[1] == ("user", who, {}, {"skills": ["融资"]})
    title = {"name": "gazelle", "valid_from": "2024-01-01", "valid_to": "2024-12-31"}
    assert told[3] == ("enterprise", who, {}, {"title": title})
    assert told[4][3] == {"contact": {"name": "钱**", "phone": "138****9999"}}
    assert len(told) == 5
    assert db.session.get_one(Chain, town.chain_id).chief_id == town.leader.id
    assert len(list(db.session.scalars(select(Skill)))) == 2
    assert db.session.scalar(select(EnterpriseClass.name)) == "gazelle"
    assert db.session.scalar(select(EnterpriseContact.name)) == "钱会计"
