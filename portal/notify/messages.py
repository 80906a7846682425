"""Turns a `notify` message into one inbox row for each reader, and a row into words."""

from collections.abc import Collection
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.models import User
from portal.extensions import db
from portal.language import lazy as _l
from portal.notify import digest
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.supervision.words import figure_name, member_name
from portal.tickets.petition_words import petition_name
from portal.tickets.sealed_queries import barred
from portal.wording import clock_name, local_date, local_time

# Who needs to do what by when: one sentence for each kind of notice.
SENTENCES: dict[str, str] = {
    "accepted": _l("您的诉求“%(title)s”已受理并派给承办人。"),
    "assigned": _l("请签收新派来的诉求“%(title)s”。"),
    "triage": _l("请派单：诉求“%(title)s”没有规则可循。"),
    "recused": _l("密件所涉单位须回避：请为诉求“%(title)s”另派单位。"),
    "waiting": _l("诉求“%(title)s”在等待承办单位的空位，必要时请指定承办人。"),
    "reply": _l("承办人答复了您的诉求“%(title)s”，请查看。"),
    "ask_info": _l("请补充诉求“%(title)s”的材料，%(by)s。"),
    "supplied": _l("企业已补充诉求“%(title)s”的材料，请继续办理。"),
    "info_lapsed": _l("诉求“%(title)s”逾期未补正，已转派单员处理。"),
    "comment": _l("企业就诉求“%(title)s”补充了说明，请查看。"),
    "urged": _l("企业催办诉求“%(title)s”，请尽快办理。"),
    "review": _l("请审核诉求“%(title)s”的办结意见。"),
    "sent_back": _l("诉求“%(title)s”的办结意见被退回，请修改后重新提交。"),
    "confirm": _l("请确认诉求“%(title)s”是否已解决，%(by)s。"),
    "remind": _l("请尽快确认诉求“%(title)s”是否已解决，%(by)s。"),
    "confirmed": _l("企业确认诉求“%(title)s”已解决。"),
    "disputed": _l("企业认为诉求“%(title)s”仍未解决，请重新办理。"),
    "lapsed": _l("诉求“%(title)s”逾期未确认，已按未确认办结。"),
    "reopened": _l("诉求“%(title)s”已重新办理。"),
    "vouch": _l("助企干部代您单位提交了诉求“%(title)s”，请核实是否属实。"),
    "vouch_due": _l("请核实助企干部代您单位提交的诉求“%(title)s”是否属实，%(by)s。"),
    "vouch_unanswered": _l(
        "企业还没有核实您代填的诉求“%(title)s”，%(by)s，请联系企业或再给一个链接。"
    ),
    "vouched": _l("企业已核实代填的诉求“%(title)s”，内容属实。"),
    "vouch_corrected": _l("企业更正了代填的诉求“%(title)s”，请按更正后的内容办理。"),
    "disowned": _l("企业表示诉求“%(title)s”不是本企业提出的，已撤回，无需再办。"),
    "withdrawn": _l("企业撤回了诉求“%(title)s”，无需再办。"),
    "rejected": _l("您的诉求“%(title)s”不予受理，请查看原因和正确的渠道。"),
    "transferred": _l("诉求“%(title)s”已移送其他机构，请查看去向。"),
    "merged": _l("诉求“%(title)s”已并入同类诉求，请在那一件中查看进展。"),
    "terminated": _l("诉求“%(title)s”已终止，请查看原因。"),
    "return_asked": _l("请裁定诉求“%(title)s”的退单申请，%(by)s。"),
    "extension_asked": _l("请裁定诉求“%(title)s”的延期申请，%(by)s。"),
    "hold_asked": _l("请裁定诉求“%(title)s”的挂账申请，%(by)s。"),
    "exclusion_asked": _l("请另一位督办员裁定诉求“%(title)s”的剔除申请，%(by)s。"),
    "petition_expired": _l("诉求“%(title)s”的%(petition)s申请逾期未裁定，已失效。"),
    "extension_granted": _l("诉求“%(title)s”的延期申请已同意，%(by)s办结。"),
    "extension_refused": _l("诉求“%(title)s”的延期申请未获同意，请按原时限办理。"),
    "extended": _l("您的诉求“%(title)s”经批准延期，%(by)s办结，请查看原因。"),
    "hold_granted": _l("诉求“%(title)s”的挂账申请已同意，请按承诺的日期恢复办理并定期报告。"),
    "hold_refused": _l("诉求“%(title)s”的挂账申请未获同意，请继续办理。"),
    "held": _l("您的诉求“%(title)s”暂不具备办理条件，已挂账，请查看承诺的日期和原因。"),
    "report": _l("请今天向企业答复挂账诉求“%(title)s”的进展。"),
    "report_late": _l("挂账诉求“%(title)s”没有按期报告进展，请督促。"),
    "hold_over": _l("诉求“%(title)s”的挂账到期，请今天恢复办理。"),
    "resumed": _l("您的诉求“%(title)s”已恢复办理。"),
    "exclusion_granted": _l("诉求“%(title)s”的剔除申请已同意，不计入净解决率。"),
    "exclusion_refused": _l("诉求“%(title)s”的剔除申请未获同意。"),
    "return_granted": _l("诉求“%(title)s”的退单申请已同意。"),
    "return_refused": _l("诉求“%(title)s”的退单申请未获同意，请继续办理。"),
    "supervised": _l("请书面回复诉求“%(title)s”的督办单，%(by)s。"),
    "order_warn": _l("诉求“%(title)s”的督办单即将到期，尚未回复，%(by)s。"),
    "order_late": _l("诉求“%(title)s”的督办单逾期未回复，请立即处理。"),
    "elevated": _l("诉求“%(title)s”已提级，请领导过问。"),
    "order_answered": _l("诉求“%(title)s”的督办单已回复，请查看。"),
    "warn": _l("诉求“%(title)s”的%(clock)s即将到期，%(by)s。"),
    "breach": _l("诉求“%(title)s”的%(clock)s已超期，请立即处理。"),
    "problem_answered": _l("诉求“%(title)s”所属的共性问题已统一答复企业，请据此继续办理。"),
    "split": _l("您的诉求“%(title)s”是从另一件中拆分出来的，单独编号、单独办理。"),
    "problem_owned": _l("请为共性问题“%(name)s”作统一答复，您是负责人。"),
    "handover": _l("请接手%(name)s请假期间的 %(n)s 件诉求。"),
    "handover_more": _l("%(name)s请假期间，诉求“%(title)s”又要办理，请在交接清单中接手。"),
    "handed_back": _l("%(name)s，您已销假，代理人交还了 %(n)s 件诉求，请签收。"),
    "alert_yellow": _l("预警：%(who)s的%(figure)s越过黄线，请查看。"),
    "alert_red": _l("预警：%(who)s的%(figure)s越过红线，请查看并督办。"),
    "bulletin_week": _l("%(first)s至%(last)s的周报已生成，请查看。"),
    "bulletin_month": _l("%(first)s至%(last)s的月报已生成，请查看。"),
    "factor_reset": _l(
        "安全管理员重置了您的动态验证码，您的登录已全部退出；如非您本人要求，请立即联系安全管理员。"
    ),
    "sign_in_locked": _l(
        "您的账号因 %(n)s 次失败的登录尝试曾被锁定。如果不是您本人，请马上修改密码。"
    ),
    "join_asked": _l("请处理：%(name)s申请加入本企业。"),
    "joined": _l("您的加入申请已获同意，可以代表本企业提交和查看诉求。"),
    "made_firm_admin": _l("您已成为本企业管理员，请处理成员的加入申请。"),
    "role_granted": _l("您的角色已由安全管理员变更，请查看您现在的栏目。"),
    "infected": _l("您上传的附件“%(name)s”含有病毒，已删除，请检查电脑后重新上传。"),
    "calendar_end": _l("工作日历只确认到 %(year)s 年底，请在国务院公布放假安排后导入下一年。"),
}


def deliver(message: Message, now: datetime) -> None:
    """Writes the notices of a message; a second delivery of the same one adds nothing."""
    payload = message.payload
    readers = sorted(_readers(payload))
    if "slot" in payload:
        digest.deliver(message, readers, now)
        return
    for user_id in readers:
        row = {
            "user_id": user_id,
            "ticket_id": payload["ticket_id"],
            "kind": payload["kind"],
            "params": payload["params"],
            "key": f"{message.id}:{user_id}",
            "created_at": now,
        }
        statement = insert(Notice).values(**row).on_conflict_do_nothing(index_elements=["key"])
        db.session.execute(statement)


def _readers(payload: dict) -> set[int]:
    readers = set(payload["users"])
    if payload["role"]:
        query = select(User.id).where(User.role == payload["role"], User.active)
        if payload["department_id"] is not None:
            query = query.where(User.department_id == payload["department_id"])
        readers |= set(db.session.scalars(query))
    if firm := payload.get("enterprise_id"):
        query = select(User.id).where(User.enterprise_id == firm, User.active)
        readers |= set(db.session.scalars(query))
    return readers - barred(payload["ticket_id"], readers)


def words(notice: Notice, kept: Collection[str] = ()) -> str:
    """The sentence of a notice in the reader's language (look.md, Notices)."""
    if notice.kind == digest.KIND:
        return _("您有 %(n)d 件诉求需要关注：", n=len(lines(notice, kept)))
    title = notice.ticket.title if notice.ticket else ""
    return _sentence(notice.kind, title, notice.params)


def lines(notice: Notice, kept: Collection[str] = ()) -> list[tuple[str, str]]:
    """The number of the ticket and the sentence of each item of a digest; else nothing.

    `kept`: numbers that were sealed against the reader's unit since.
    """
    return [
        (item["number"], _sentence(item["kind"], item["title"], item["params"]))
        for item in notice.params.get("items", ())
        if item["number"] not in kept
    ]


def _sentence(kind: str, title: str, params: dict) -> str:
    due = params.get("due")
    by = _("最迟 %(time)s", time=local_time(datetime.fromisoformat(due))) if due else ""
    return str(SENTENCES[kind]) % {
        "title": title,
        "by": by,
        "clock": clock_name(params["clock"]) if "clock" in params else "",
        "year": params.get("year", ""),
        "name": params.get("name", ""),
        "n": params.get("n", ""),
        "first": _day(params.get("first")),
        "last": _day(params.get("last")),
        "figure": figure_name(params.get("figure", "")),
        "who": member_name(params.get("name", "")),
        "petition": petition_name(params["petition"]) if "petition" in params else "",
    }


def _day(text: str | None) -> str:
    return local_date(date.fromisoformat(text)) if text else ""
