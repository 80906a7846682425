"""The administrator loads a year, changes a day, edits a policy and puts it in force, by pages."""

from io import BytesIO

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.sla import recompute
from portal.sla.calendars import current_calendar, current_calendar_id
from portal.sla.models import Policy, Recompute
from portal.sla.service import current_policy_id
from tests.factories import Town
from tests.pages import Page, Visitor
from tests.service.stages import signed
from tests.service.versions import restored, table

__all__ = ["restored"]


def upload(visit: Visitor, text: str, name: str = "2027.csv") -> Page:
    """Sends a table from the page that takes one."""
    page = visit.get("admin", "/admin/calendar/load")
    token = page.soup.select_one("main input[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": token["value"], "file": (BytesIO(text.encode()), name)}
    return visit.post("admin", "/admin/calendar/load", data)


def new_draft(visit: Visitor) -> int:
    """A draft of the policy in force, by its button."""
    answer = visit.get("admin", f"/admin/policy/{current_policy_id()}").submit("/draft")
    assert answer.status == 303
    return int(answer.location.rsplit("/", 1)[1])


def test_a_year_at_a_glance(visit: Visitor, restored: Town) -> None:
    page = visit.get("admin", "/admin/calendar?year=2025")
    assert page.title == "工作日历"
    assert len(page.soup.select("table.month")) == 12
    october = page.soup.select("table.month")[9].get_text(" ", strip=True)
    assert "1 ■ 休 国庆节" in october and "11 ▲ 班 国庆节" in october
    assert page.soup.select("#year-title .pill") == []
    [may] = [li for li in page.soup.select(".highlights li") if "劳动节" in li.get_text()]
    assert "5月1日–5日" in may.get_text() and "4月27日(周日)" in may.get_text()
    links = {str(a["rel"][0]): str(a["href"]) for a in page.soup.select("main nav a[rel]")}
    assert links["prev"].endswith("year=2024") and links["next"].endswith("year=2026")
    later = visit.get("admin", "/admin/calendar?year=2027")
    assert "这一年的放假安排尚未公布" in later.words
    assert len(later.soup.select("#year-title .pill")) == 1
    assert visit.get("admin", "/admin/calendar?year=2035").soup.select_one("a[rel=next]") is None
    assert visit.get("admin", "/admin/calendar?year=1&version=x").status == 200


def test_a_table_is_previewed_and_then_put_in_force(visit: Visitor, restored: Town) -> None:
    before = current_calendar_id()
    preview = upload(visit, table())
    assert preview.status == 200
    assert "替换 2027 年" in preview.words and "调休上班" in preview.words
    assert current_calendar_id() == before
    answer = preview.submit("/confirm")
    assert (answer.status, answer.location) == (303, "/admin/calendar?year=2027")
    db.session.rollback()
    assert current_calendar_id() != before
    page = visit.get("admin", answer.location)
    assert "新的工作日历已启用。" in page.words
    assert "2027.csv" in page.words and "吴管" in page.words
    old = visit.get("admin", f"/admin/calendar?year=2027&version={before}")
    assert "已不再使用" in old.words


def test_wrong_tables_are_refused_line_by_line(visit: Visitor, restored: Town) -> None:
    page = upload(visit, "day,kind,name,confirmed\n2027-13-01,holiday,x,1\n2027-01-01,feast,x,1\n")
    assert page.status == 422
    assert "第 2 行： 日期应写作" in page.words.replace("：日期", "： 日期")
    assert "第 3 行：" in page.words
    assert upload(visit, "nonsense").status == 422
    assert upload(visit, table(2026, confirmed=0)).status == 422
    empty = visit.get("admin", "/admin/calendar/load").submit("/load")
    assert empty.status == 422 and "请选择一个 CSV 文件。" in empty.words
    bare = visit.get("admin", "/admin/calendar/load").soup.select_one("main input[name=csrf_token]")
    assert bare is not None
    data = {"csrf_token": bare["value"]}
    assert visit.post("admin", "/admin/calendar/load/confirm", data).status == 422


def test_one_day_is_changed(visit: Visitor, restored: Town) -> None:
    page = visit.get("admin", "/admin/calendar/day")
    answer = page.submit(
        day="2026-12-31", kind="half", name="年终盘点", hours="08:30-11:00，13:30-15:00"
    )
    assert (answer.status, answer.location) == (303, "/admin/calendar?year=2026")
    db.session.rollback()
    day = next(one for one in [current_calendar()] if one)
    info = day.day_info(utcnow().date().replace(year=2026, month=12, day=31))
    assert (info.kind, info.windows) == ("half", ((510, 660), (810, 900)))
    assert "◐ 半" in visit.get("admin", answer.location).words


def test_a_senseless_day_is_refused_beside_its_field(visit: Visitor, restored: Town) -> None:
    def refused(**values: str) -> str:
        page = visit.get("admin", "/admin/calendar/day").submit(**values)
        assert page.status == 422, values
        return page.words

    good = {"day": "2026-12-31", "kind": "half", "name": "年终盘点"}
    assert "请填写日期。" in refused(**{**good, "day": "31.12."})
    assert "2004 年至 2035 年" in refused(**{**good, "day": "2040-01-01"})
    assert "请填写名称" in refused(**{**good, "name": ""})
    assert "请写成 08:30-12:00" in refused(**good, hours="12:00-08:30")
    assert "只有半天" in refused(**{**good, "kind": "holiday"}, hours="08:30-12:00")
    assert "没有改动" in refused(day="2026-12-31", kind="week")


def test_the_end_of_the_calendar_is_announced(visit: Visitor, restored: Town) -> None:
    """By the page's own clock: whoever runs this in a later year has loaded that year."""
    end = max(current_calendar().confirmed_years)
    soon = utcnow().year > end or (utcnow().year == end and utcnow().month >= 11)
    for who, address in (("admin", "/admin/calendar"), ("supervisor", "/overdue")):
        assert ("放假安排" in visit.get(who, address).words.replace("年的放假安排", "")) == soon


def test_a_policy_is_edited_in_a_draft(visit: Visitor, restored: Town) -> None:
    draft = new_draft(visit)
    page = visit.get("admin", f"/admin/policy/{draft}/rules/new")
    answer = page.submit(
        clock="reply", target="2wd", urgency="critical", complexity="", kind="", pausable="y"
    )
    assert answer.status == 303, page.words
    words = visit.get("admin", f"/admin/policy/{draft}").words
    assert "2 个工作日" in words and "特急" in words
    db.session.rollback()
    rules = db.session.get_one(Policy, draft).rules
    assert (rules[-1]["urgency"], rules[-1]["stops"]) == (["critical"], ["reply", "resolve"])
    place = len(rules)
    changed = visit.get("admin", f"/admin/policy/{draft}/rules/{place}").submit(
        f"/rules/{place}", target="4h"
    )
    assert changed.status == 303
    assert "4 小时" in visit.get("admin", f"/admin/policy/{draft}").words
    gone = visit.get("admin", f"/admin/policy/{draft}/rules/{place}").submit("/remove")
    assert gone.status == 303
    assert "4 小时" not in visit.get("admin", f"/admin/policy/{draft}").words
    assert visit.get("admin", f"/admin/policy/{draft}").submit("/drop").status == 303
    assert visit.get("admin", f"/admin/policy/{draft}").status == 404


def test_an_overlap_is_a_sentence_and_cannot_be_put_in_force(
    visit: Visitor, restored: Town
) -> None:
    draft = new_draft(visit)
    page = visit.get("admin", f"/admin/policy/{draft}/rules/new")
    page.submit(clock="reply", target="2wd", urgency="critical", complexity="", kind="")
    words = visit.get("admin", f"/admin/policy/{draft}").words
    assert "答复时限：第" in words and "同样具体，对“特急、普通事项、咨询”都适用" in words
    assert "查看影响并启用" not in words
    assert visit.get("admin", f"/admin/policy/{draft}/enact").status == 303


def test_a_wrong_rule_is_refused_beside_its_field(visit: Visitor, restored: Town) -> None:
    draft = new_draft(visit)
    page = visit.get("admin", f"/admin/policy/{draft}/rules/new")
    wrong = page.submit(clock="reply", target="3 weeks", levels="due due mayor")
    assert wrong.status == 422
    assert "期限无法识别" in wrong.words
    assert "第 1 行：通知对象应为" in wrong.words
    assert visit.get("admin", f"/admin/policy/{draft}/rules/99").status == 404
    first = current_policy_id()
    assert visit.get("admin", f"/admin/policy/{first}/rules/1").status == 303


def test_the_preview_says_what_moves_and_the_run_says_what_it_did(
    visit: Visitor, restored: Town
) -> None:
    signed(restored, utcnow())
    play = signed(restored, utcnow())
    zhuhai = db.session.scalar(select(Policy.id).where(Policy.profile == "zhuhai"))
    page = visit.get("admin", f"/admin/policy/{zhuhai}/enact")
    assert "2 件在办诉求将变动，其中 0 件变为超期。" in page.words
    assert "2 件在办诉求试算" in page.words
    answer = page.submit("/enact", scope="open")
    assert answer.status == 303 and "/admin/recompute/" in answer.location
    assert "进行中" in visit.get("admin", answer.location).words
    recompute.work()
    progress = visit.get("admin", answer.location)
    assert "已完成" in progress.words and "2 件截止时间变动" in progress.words
    assert play.clock("resolve").target == "4wd"
    shown = visit.get("admin", "/admin/policy").words
    assert "按时限政策 珠海 第 1 版" in shown
    timeline = visit.get("firm", f"/tickets/{play.ticket.number}").words
    assert "截止时间重新计算 · 办结时限" in timeline and "时限政策已更新，截止时间由" in timeline


def test_a_run_that_failed_can_be_started_again(visit: Visitor, restored: Town) -> None:
    with transaction() as session:
        run = Recompute(
            kind="calendar",
            calendar_id=current_calendar_id(),
            state="done",
            total=1,
            seen=1,
            failed=1,
            finished_at=utcnow(),
        )
        session.add(run)
        session.flush()
        run_id = run.id
    page = visit.get("admin", f"/admin/recompute/{run_id}")
    assert "1 件没有算成" in page.words
    assert page.submit("/again").status == 303
    assert visit.get("admin", "/admin/recompute/999").status == 404
