"""The cadre's pages and actions: a queue ordered by due, and one verb for each button."""

from flask import Blueprint
from flask_babel import gettext as _

from portal.language import lazy as _l
from portal.tickets import doors, lists, staff_forms
from portal.tickets.lifecycle import Action, Outcome, Status
from portal.tickets.service import handle

blueprint = Blueprint("desk", __name__)

VIEWS: lists.Views = {
    "todo": (
        _l("需我办理"),
        frozenset({Status.ASSIGNED, Status.IN_PROGRESS, Status.ON_HOLD}),
    ),
    "waiting": (
        _l("等待他人"),
        frozenset({Status.NEEDS_INFO, Status.IN_REVIEW, Status.AWAITING_CONFIRMATION}),
    ),
}


@blueprint.get("/desk")
def queue() -> str:
    """What the cadre has to do, what is due first comes first."""
    empty = (_("现在没有要办的诉求"), _("新派来的诉求会出现在这里，同时给您发消息。"))
    return lists.queue_page("desk.queue", VIEWS, _("待办"), empty)


doors.register(
    blueprint,
    doors.Door(
        Action.SIGN,
        lambda ask, form: handle.sign(ask),
        _l("已签收，请尽快联系企业。"),
        consequence=_l("签收后由您办理；时限从派单时起算，签收不影响时限。"),
    ),
    doors.Door(
        Action.RECORD_CONTACT,
        lambda ask, form: handle.record_contact(ask, form.method.data, form.text.data),
        _l("联系情况已登记。"),
        staff_forms.RecordContactForm,
    ),
    doors.Door(
        Action.REPLY,
        lambda ask, form: handle.reply(ask, form.text.data),
        _l("已答复企业。"),
        staff_forms.ReplyForm,
    ),
    doors.Door(
        Action.NOTE,
        lambda ask, form: handle.note(ask, form.text.data),
        _l("备注已保存。"),
        staff_forms.NoteForm,
        _l("只有工作人员能看到，企业看不到。"),
    ),
    doors.Door(
        Action.ASK_INFO,
        lambda ask, form: handle.ask_info(ask, form.text.data),
        _l("已请企业补充，办理时限暂停。"),
        staff_forms.AskInfoForm,
        _l("企业有 5 个工作日补充；其间办理时限暂停，逾期未补充的转派单员处理。"),
    ),
    doors.Door(
        Action.RESOLVE,
        lambda ask, form: handle.resolve(
            ask, Outcome(form.outcome.data), form.text.data, form.internal.data or ""
        ),
        _l("办结意见已提交。"),
        staff_forms.ResolveForm,
        _l("需要审核的类别由本单位分管负责人审核，通过后请企业确认；“解释办结”一律审核。"),
    ),
    doors.Door(
        Action.ASK_RETURN,
        lambda ask, form: handle.ask_return(ask, form.reason_code.data, form.text.data),
        _l("退单申请已提交，派单员当日裁定。"),
        staff_forms.AskReturnForm,
        _l("每个单位对一件诉求只能申请一次退单；裁定之前时限照常计算，请继续办理。"),
    ),
    doors.Door(
        Action.ANSWER_ORDER,
        lambda ask, form: handle.answer_order(ask, form.text.data),
        _l("督办单已回复。"),
        staff_forms.AnswerOrderForm,
    ),
)
