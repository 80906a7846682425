"""The reviewer's pages and actions: approve or send back what the own department resolved."""

from flask import Blueprint
from flask_babel import gettext as _

from portal.language import lazy as _l
from portal.tickets import doors, lists, staff_forms
from portal.tickets.lifecycle import OPEN, Action, Status
from portal.tickets.service import review as verbs

blueprint = Blueprint("review", __name__)

VIEWS: lists.Views = {
    "review": (_l("待我审核"), frozenset({Status.IN_REVIEW})),
    "open": (_l("本单位在办"), OPEN),
}


@blueprint.get("/review")
def queue() -> str:
    """What waits for the reviewer, and all open tickets of the department behind a chip."""
    empty = (_("现在没有要审核的办结意见"), _("承办人提交办结后会出现在这里，同时给您发消息。"))
    return lists.queue_page("review.queue", VIEWS, _("待审核"), empty)


doors.register(
    blueprint,
    doors.Door(
        Action.APPROVE,
        lambda ask, form: verbs.approve(ask),
        _l("已审核通过，请企业确认。"),
        consequence=_l("通过后，企业会看到答复并确认是否解决。"),
    ),
    doors.Door(
        Action.SEND_BACK,
        lambda ask, form: verbs.send_back(ask, form.text.data),
        _l("已退回承办人修改。"),
        staff_forms.SendBackForm,
        _l("退回后由承办人修改再提交；办理时限照常计算。"),
    ),
)
