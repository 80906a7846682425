"""The supervisor's pages and actions on tickets: what is overdue, orders, call-backs, an end."""

from flask import Blueprint

from portal.language import lazy as _l
from portal.tickets import doors, lists, staff_forms
from portal.tickets.lifecycle import Action
from portal.tickets.service import confirmation, elevate, triage

blueprint = Blueprint("oversee", __name__)


@blueprint.get("/overdue")
def overdue() -> str:
    """Everything past its due now, the longest overdue first."""
    return lists.overdue_page("oversee.overdue")


doors.register(
    blueprint,
    doors.Door(
        Action.SUPERVISE,
        lambda ask, form: triage.supervise(ask, form.text.data, form.days.data),
        _l("督办单已发出。"),
        staff_forms.SuperviseForm,
        _l("承办人须在期限内书面回复，逾期会再次提醒；回复之前诉求标为“督办”。"),
    ),
    doors.Door(
        Action.ELEVATE,
        lambda ask, form: elevate.elevate(ask, "asked", text=form.text.data),
        _l("已提级，领导会收到消息。"),
        staff_forms.ElevateForm,
        _l("提级后由领导过问，不能撤销；承办人和各项时限不变，企业看不到。"),
        danger=True,
    ),
    doors.Door(
        Action.TERMINATE,
        lambda ask, form: triage.terminate(ask, form.text.data),
        _l("已终止办理。"),
        staff_forms.TerminateForm,
        _l("诉求就此结束，计为未解决，企业会看到原因。"),
        danger=True,
    ),
    doors.Door(
        Action.CALL_BACK,
        lambda ask, form: confirmation.call_back(ask, form.solved.data == "yes", form.text.data),
        _l("回访结果已登记。"),
        staff_forms.CallBackForm,
        _l("企业说已解决的计入解决率；说没有解决的重新办理。"),
    ),
)
