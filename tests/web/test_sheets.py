"""The administrator brings and takes registers: dry run, confirmation, refusals, the logs."""

import csv
import io
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from portal.directory.models import (
    Enterprise,
)
from portal.extensions import db
from portal.sheets.kinds import SHEETS
from portal.sheets.models import ExportLog
from tests.factories import Town, make_uscc
from tests.pages import Page, Visitor
from tests.sheeting import confirmed, imported, latest, planned, upload, work
from tests.web.test_exports import header_of
from tests.web.test_factor import tired

FIRMS = "统一社会信用代码,企业名称,县市区,产业链,规模,联系人,联系电话\n"


def firm_line(seed: int, name: str, region: str = "东昌府区", phone: str = "13800001111") -> str:
    return f"{make_uscc(seed)},{name},{region},轴承,小型,王经理,{phone}\n"


def firms(*names: str) -> list[str]:
    db.session.rollback()
    query = select(Enterprise.name).where(Enterprise.name.in_(names))
    return list(db.session.scalars(query.order_by(Enterprise.name)))


def csv_rows(page: Page) -> list[list[str]]:
    return list(csv.reader(io.StringIO(page.text.removeprefix("\ufeff"), newline="")))


def test_a_dry_run_lists_what_would_change_and_writes_nothing(visit: Visitor, town: Town) -> None:
    firm = db.session.get_one(Enterprise, town.enterprise_id)
    changed = f"{firm.uscc},鲁西轴承集团,东昌府区,轴承,小型,王经理,13800001111\n"
    content = FIRMS + firm_line(901, "新厂一") + changed + firm_line(902, "坏厂", phone="12")
    page = planned(visit, "enterprises", content)
    assert "试算完成，还没有写入任何数据" in page.words
    assert "新增 1，修改 1，不变 0，有错 1" in page.words
    assert "联系电话：请填写 11 位手机号" in page.words
    assert "第 4 行" in page.words
    changes = visit.get("admin", f"{page.response.request.path}?show=changed")
    assert "鲁西轴承有限公司 → 鲁西轴承集团" in changes.words
    assert firms("新厂一", "鲁西轴承集团") == []
    new = visit.get("admin", f"{page.response.request.path}?show=new")
    assert "138****1111" in new.words and "13800001111" not in new.text
    stored = db.session.execute(text("SELECT cells, changes, problems FROM sheet_line")).all()
    assert len(stored) == 3 and all(one.startswith("v2:") for row in stored for one in row)


def test_a_confirmed_import_is_applied_and_leaves_who_when_and_what(
    visit: Visitor, town: Town, app: Flask
) -> None:
    page = planned(visit, "enterprises", FIRMS + firm_line(901, "新厂一"))
    row = latest()
    kept = Path(app.config["UPLOAD_DIR"]) / "sheets" / str(row.stored_name)
    assert kept.is_file()
    done = confirmed(visit, page, "all")
    assert "已写入 1 行" in done.words
    assert firms("新厂一") == ["新厂一"]
    row = latest()
    assert (row.state, row.mode, row.by_name, row.by_id) == ("done", "all", "吴管", town.admin.id)
    assert (row.new, row.changed, row.unchanged, row.wrong, row.written) == (1, 0, 0, 0, 1)
    assert len(row.sha256) == 64 and row.finished_at is not None
    assert not kept.exists()
    assert "file.csv" in visit.get("admin", "/admin/sheets/imports").words
    firm_id = db.session.scalar(select(Enterprise.id).where(Enterprise.name == "新厂一"))
    link = visit.get("admin", f"/admin/enterprises/{firm_id}").soup.select_one(".history a")
    assert link is not None and link.get_text() == "由文件导入"
    assert link["href"] == f"/admin/sheets/imports/{row.id}"


def test_the_same_file_a_second_time_changes_nothing(visit: Visitor, town: Town) -> None:
    content = FIRMS + firm_line(901, "新厂一") + firm_line(902, "新厂二")
    imported(visit, "enterprises", content, "all")
    again = planned(visit, "enterprises", content)
    assert "新增 0，修改 0，不变 2，有错 0" in again.words
    assert "与现有名单完全一致" in again.words


def test_good_lines_go_in_and_the_wrong_ones_come_back_as_a_file(
    visit: Visitor, town: Town
) -> None:
    content = FIRMS + firm_line(901, "新厂一") + firm_line(902, "=坏厂", "不存在的县")
    page = planned(visit, "enterprises", content)
    done = confirmed(visit, page)
    assert "已写入 1 行" in done.words
    assert firms("新厂一", "=坏厂") == ["新厂一"]
    address = f"{page.response.request.path}/wrong.csv"
    answer = visit.get("admin", address)
    logged = db.session.scalars(select(ExportLog)).one()
    assert (logged.kind, logged.rows) == ("enterprises", 1)
    tired(visit, "admin")  # whole numbers are in it
    assert visit.get("admin", address).location.startswith("/account/proof")
    assert answer.response.headers["Content-Disposition"].startswith("attachment")
    heading, line = csv_rows(answer)
    assert heading[:4] == ["行号", "错误原因", "统一社会信用代码", "企业名称"]
    assert (line[0], line[3]) == ("3", "'=坏厂")
    assert "县市区：没有“不存在的县”" in line[1]
    corrected = answer.text.replace("不存在的县,", "东昌府区,")
    imported(visit, "enterprises", corrected, "all")
    assert firms("=坏厂") == ["=坏厂"]


def test_all_or_nothing_writes_nothing_when_the_data_changed_meanwhile(
    visit: Visitor, town: Town
) -> None:
    content = FIRMS + firm_line(901, "新厂一") + firm_line(902, "新厂二")
    page = planned(visit, "enterprises", content)
    imported(visit, "enterprises", FIRMS + firm_line(902, "别的厂"), "all")
    done = confirmed(visit, page, "all")
    assert "第 3 行不能写入，所以整个文件都没有写入。" in done.words
    assert "试算之后这一行的数据已经变化" in done.words
    assert firms("新厂一", "新厂二", "别的厂") == ["别的厂"]
    assert latest().state == "done"  # the other one


def test_good_lines_go_in_when_the_data_changed_meanwhile(visit: Visitor, town: Town) -> None:
    content = FIRMS + firm_line(901, "新厂一") + firm_line(902, "新厂二")
    page = planned(visit, "enterprises", content)
    imported(visit, "enterprises", FIRMS + firm_line(902, "别的厂"), "all")
    done = confirmed(visit, page, "good")
    assert "已写入 1 行，1 行没有写入" in done.words
    assert "试算之后这一行的数据已经变化" in done.words
    assert firms("新厂一", "新厂二", "别的厂") == ["别的厂", "新厂一"]


def test_wrong_lines_cannot_be_part_of_all_or_nothing(visit: Visitor, town: Town) -> None:
    page = planned(visit, "enterprises", FIRMS + firm_line(901, "新") + firm_line(902, "坏", "无"))
    answer = page.submit("/confirm", mode="all")
    assert answer.status == 422
    assert "还有 1 行有错，不能全部写入" in answer.words


def test_a_cancelled_import_cannot_be_confirmed(visit: Visitor, town: Town) -> None:
    page = planned(visit, "enterprises", FIRMS + firm_line(901, "新厂一"))
    assert page.submit("/cancel").status == 303
    assert page.submit("/confirm", mode="all").status == 303
    work(visit.app)
    assert (latest().state, latest().stored_name, firms("新厂一")) == ("cancelled", None, [])
    assert "已取消" in visit.get("admin", page.response.request.path).words


def test_an_unreadable_file_says_why(visit: Visitor, town: Town) -> None:
    page = planned(visit, "enterprises", "企业名录\n甲,乙\n")
    assert "文件无法读取" in page.words
    assert "第一行不是这份名单的列名" in page.words
    assert upload(visit, "enterprises", b"").status == 422
    nothing = visit.get("admin", "/admin/sheets/enterprises").submit("enterprises")
    assert "请选择一个 .xlsx 或 .csv 文件。" in nothing.words


def test_an_export_is_a_file_and_leaves_a_line(visit: Visitor, town: Town) -> None:
    answer = visit.get("admin", "/admin/sheets/enterprises/export.csv")
    assert answer.text.startswith("\ufeff统一社会信用代码,企业名称,简称")
    assert "鲁西轴承有限公司" in answer.text
    assert {row[-1][:8] for row in csv_rows(answer)[1:]} == {"吴管 admin"}
    sheet = visit.get("admin", "/admin/sheets/enterprises/export.xlsx")
    assert header_of(sheet.response.data).startswith("吴管 admin 20")
    db.session.rollback()
    rows = [(r.kind, r.format, r.rows, r.by_name) for r in db.session.scalars(select(ExportLog))]
    assert rows == [("enterprises", "csv", 2, "吴管"), ("enterprises", "xlsx", 2, "吴管")]
    assert "2 行" in visit.get("admin", "/admin/sheets/exports").words
    back = planned(visit, "enterprises", answer.text.removeprefix("\ufeff"))
    assert "新增 0，修改 0，不变 2，有错 0" in back.words  # the mark is passed over
    plain = visit.get("admin", "/admin/sheets/regions/export.csv")
    assert "吴管" not in plain.text and "admin" in plain.response.headers["Content-Disposition"]


def test_the_log_of_exports_is_written_once(visit: Visitor, town: Town, owner: Engine) -> None:
    visit.get("admin", "/admin/sheets/regions/export.csv")
    for statement in ("UPDATE export_log SET rows = 0", "DELETE FROM export_log"):
        with pytest.raises(DBAPIError, match="never changed"), owner.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize("kind", SHEETS)
def test_every_page_offers_its_file(visit: Visitor, town: Town, kind: str) -> None:
    index = visit.get("admin", "/admin/sheets/")
    assert index.soup.select_one(f'a[href="/admin/sheets/{kind}"]') is not None
    page = visit.get("admin", f"/admin/sheets/{kind}")
    for column in SHEETS[kind].columns:
        assert column.heading in page.words
    for form in ("csv", "xlsx"):
        assert visit.get("admin", f"/admin/sheets/{kind}/template.{form}").status == 200


def test_the_progress_page_needs_no_script(visit: Visitor, town: Town) -> None:
    answer = upload(visit, "enterprises", FIRMS + firm_line(901, "新厂一"))
    page = visit.get("admin", answer.location)
    assert "刷新进度" in page.words
    assert page.soup.select_one("progress") is not None
    work(visit.app)
