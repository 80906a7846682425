"""Every action through its page, by the person it belongs to, with what the others then see."""

import io
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from portal.db import utcnow
from portal.extensions import db
from portal.outbox import relay
from portal.sla.models import Clock, Timer
from portal.sla.sweep import sweep
from portal.tickets.file_models import Attachment
from portal.tickets.models import Ticket, TicketEvent
from tests.factories import Town
from tests.pages import Visitor
from tests.web.filing import PDF, file_ticket, status_of


def act(visit: Visitor, who: str, number: str, action: str, **words: Any) -> None:
    """Opens the action's page and sends it; it must be accepted."""
    page = visit.get(who, f"/tickets/{number}/{action}")
    assert page.status == 200, page.words
    answer = page.submit(**words)
    assert answer.status == 303, answer.words


def handled(visit: Visitor, town: Town) -> str:
    """A ticket in the cadre's hands."""
    number = file_ticket(visit, town)
    act(visit, "cadre", number, "sign")
    return number


def resolved(visit: Visitor, town: Town) -> str:
    """A ticket that waits for the firm."""
    number = handled(visit, town)
    act(visit, "cadre", number, "resolve", outcome="solved", text="银行已续贷")
    act(visit, "reviewer", number, "approve")
    return number


def test_what_no_rule_routes_is_dispatched_from_triage(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town, "其他")
    assert status_of(number) == "triage"
    assert number in visit.get("dispatcher", "/triage").words
    page = visit.get("dispatcher", f"/tickets/{number}/dispatch")
    refused = page.submit(department_id="0", text="")
    assert refused.status == 422
    assert "请选择承办单位" in refused.words
    labour = town.departments["labour"]
    act(visit, "dispatcher", number, "dispatch", department_id=str(labour), text="属人社职责")
    assert number in visit.get("labour", "/desk").words
    assert "周敏" in visit.get("firm", f"/tickets/{number}").words


def test_a_cadre_must_belong_to_the_chosen_department(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town, "其他")
    page = visit.get("dispatcher", f"/tickets/{number}/dispatch")
    answer = page.submit(
        department_id=str(town.departments["labour"]), cadre_id=str(town.cadre.id), text="派单"
    )
    assert answer.status == 422
    assert "该承办人不在所选单位" in answer.words


def test_a_rejection_names_the_reason_and_the_right_channel(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town, "其他")
    act(visit, "dispatcher", number, "reject", reason_code="court", text="案件正在审理")
    page = visit.get("firm", f"/tickets/{number}")
    assert "不予受理" in page.words
    assert "受理该案的法院" in page.words


def test_a_duplicate_is_merged_and_points_to_the_other(visit: Visitor, town: Town) -> None:
    first, second = file_ticket(visit, town, "其他"), file_ticket(visit, town, "其他")
    page = visit.get("dispatcher", f"/tickets/{second}/merge")
    assert f"未办结的其他诉求：{first}" in page.words
    assert f"{second} 就是这一件" in page.submit(into_number=second, text="重复").words
    refused = page.submit(into_number=" SQ20260101-000009 ", text="重复")
    assert "没有找到编号为 SQ20260101-000009 的诉求" in refused.words
    typed = f" {first.lower()}\u3000"
    act(visit, "dispatcher", second, "merge", into_number=typed, text="同一件事")
    assert f"并入 {first}" in visit.get("firm", f"/tickets/{second}").words


def test_information_is_asked_for_and_supplied_with_a_file(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "cadre", number, "ask_info", text="请提供贷款合同")
    assert "请您补充材料" in visit.get("firm", f"/tickets/{number}").words
    assert "等您处理" in visit.get("firm", "/tickets").words
    page = visit.get("firm", f"/tickets/{number}/supply_info")
    assert page.submit(text="合同见附件", files=[(io.BytesIO(PDF), "合同.pdf")]).status == 303
    assert status_of(number) == "in_progress"
    assert "合同.pdf" in visit.get("cadre", f"/tickets/{number}").words


def test_files_of_a_resolution_are_the_firms_once_approved(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    page = visit.get("cadre", f"/tickets/{number}/resolve")
    files = [(io.BytesIO(PDF), "批复.pdf")]
    assert page.submit(outcome="solved", text="银行已续贷", files=files).status == 303
    file_id = db.session.scalars(select(Attachment.id)).one()
    assert visit.get("firm", f"/tickets/{number}/files/{file_id}").status == 404
    act(visit, "reviewer", number, "approve")
    assert visit.get("firm", f"/tickets/{number}/files/{file_id}").status == 200


def test_a_resolution_sent_back_never_reaches_the_firm(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "cadre", number, "resolve", outcome="solved", text="初稿答复")
    act(visit, "reviewer", number, "send_back", text="请附银行批复")
    assert "请附银行批复" in visit.get("cadre", f"/tickets/{number}").words
    words = visit.get("firm", f"/tickets/{number}").words
    assert "初稿答复" not in words
    assert "请附银行批复" not in words


def test_a_dispute_opens_the_second_round(visit: Visitor, town: Town) -> None:
    number = resolved(visit, town)
    act(visit, "firm", number, "dispute", rating="2", text="额度只批了一半")
    page = visit.get("cadre", f"/tickets/{number}")
    assert "第 2 轮" in page.words
    assert "额度只批了一半" in page.words
    assert status_of(number) == "in_progress"


def test_a_closed_ticket_is_reopened_by_the_firm(visit: Visitor, town: Town) -> None:
    number = resolved(visit, town)
    act(visit, "firm", number, "confirm", rating="4")
    act(visit, "firm", number, "reopen", text="银行又变卦了")
    assert status_of(number) == "in_progress"


def test_silence_is_closed_unconfirmed_and_called_back(visit: Visitor, town: Town) -> None:
    number = resolved(visit, town)
    sweep(utcnow() + timedelta(days=30))
    assert "企业未确认" in visit.get("supervisor", f"/tickets/{number}").words
    act(visit, "supervisor", number, "call_back", solved="yes", text="王经理说已解决")
    assert "电话回访已确认" in visit.get("supervisor", f"/tickets/{number}").words


def test_an_order_turns_the_ticket_purple_until_it_is_answered(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "supervisor", number, "supervise", text="请说明进展缓慢的原因")
    assert "督办" in visit.get("cadre", "/desk?light=purple").words
    assert "请说明进展缓慢" not in visit.get("firm", f"/tickets/{number}").words
    act(visit, "cadre", number, "answer_order", text="银行月底批复")
    assert number not in visit.get("cadre", "/desk?light=purple").words


def test_an_orders_own_deadline_is_shown_to_staff(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "supervisor", number, "supervise", text="请说明进展")
    assert "督办单回复时限" in visit.get("cadre", f"/tickets/{number}").words
    assert "督办单回复时限" not in visit.get("firm", f"/tickets/{number}").words
    again = visit.get("supervisor", f"/tickets/{number}/supervise")
    assert (again.status, again.title) == (409, "现在不能“督办”")
    assert "上一张督办单尚未回复" in again.words
    assert "别人已经处理" not in again.words
    act(visit, "cadre", number, "answer_order", text="银行月底批复")
    assert "督办单回复时限" not in visit.get("cadre", f"/tickets/{number}").words


def test_a_supervisor_elevates_after_reading_what_it_means(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    page = visit.get("supervisor", f"/tickets/{number}/elevate")
    assert "不能撤销" in page.words
    assert page.submit(text="").status == 422
    act(visit, "supervisor", number, "elevate", text="涉及两个单位，请协调")
    shown = visit.get("leader", f"/tickets/{number}").words
    assert "提级 · 督办需要" in shown
    assert "涉及两个单位，请协调" in shown
    assert "已提级" in visit.get("leader", "/search?elevated=1").words
    assert "已提级" not in visit.get("firm", "/tickets").words
    assert visit.get("supervisor", f"/tickets/{number}/elevate").status == 409


def test_what_was_just_said_is_where_the_reader_lands(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    for who, action in (("cadre", "reply"), ("firm", "comment"), ("supervisor", "note")):
        answer = visit.get(who, f"/tickets/{number}/{action}").submit(text=f"{action}：月底前")
        assert answer.location == f"/tickets/{number}#latest"
        [newest] = visit.get(who, answer.location).soup.select("#latest")
        assert f"{action}：月底前" in newest.get_text()


def test_a_return_is_asked_ruled_and_dispatched_again(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "cadre", number, "ask_return", reason_code="not_ours", text="属税务职责")
    assert number in visit.get("dispatcher", "/returns").words
    act(visit, "dispatcher", number, "return", text="同意")
    assert visit.get("cadre", f"/tickets/{number}").status == 404
    assert number in visit.get("dispatcher", "/triage").words


def test_urging_twice_in_one_status_is_explained(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "firm", number, "urge", text="急")
    page = visit.get("firm", f"/tickets/{number}/urge")
    assert page.status == 409
    assert "您已经催办过一次" in page.words


def test_withdrawing_cancels_every_timer(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "firm", number, "withdraw", text="单位说办不了，让先撤回", asked_by_unit="y")
    withdrawn = select(TicketEvent.payload).where(TicketEvent.action == "withdraw")
    assert db.session.scalars(withdrawn).one()["asked_by_unit"] is True
    armed = select(Timer.id).join(Timer.clock).where(Timer.state == "armed")
    assert db.session.scalars(armed).all() == []
    running = select(Clock.id).where(Clock.state.in_(("running", "paused")))
    assert db.session.scalars(running).all() == []


def test_reassigning_moves_the_ticket_to_a_colleague(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "reviewer", number, "reassign", cadre_id=str(town.cadre2.id), text="李明出差")
    assert number in visit.get("cadre2", "/desk").words
    assert visit.get("cadre", f"/tickets/{number}").status == 404


def test_what_is_overdue_is_listed_for_the_supervisor(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    late = utcnow() - timedelta(days=1)
    db.session.execute(update(Ticket).values(next_due_at=late, next_warn_at=late))
    db.session.commit()
    assert number in visit.get("supervisor", "/overdue").words
    assert "已超期" in visit.get("supervisor", "/overdue").words


def test_notices_reach_the_reader_and_open_the_ticket(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    relay.drain(utcnow)
    inbox = visit.get("cadre", "/inbox")
    assert "请签收新派来的诉求“贷款到期无法续贷”" in inbox.words
    assert visit.get("cadre", f"/tickets/{number}").status == 200


def test_a_form_left_empty_says_what_to_write(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    page = visit.get("cadre", f"/tickets/{number}/resolve").submit(text="")
    assert page.status == 422
    assert "请选择办结方式" in page.words
    assert "请写明办理结果" in page.words
