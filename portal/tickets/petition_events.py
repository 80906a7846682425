"""How the timeline tells of petitions: the titles and the lines of their events."""

from datetime import date
from typing import Any

from flask_babel import gettext as _

from portal.auth.roles import Role
from portal.tickets.lifecycle import Action
from portal.tickets.models import TicketEvent
from portal.tickets.petition_words import petition_name, petition_reason
from portal.wording import action_name, local_date

# Actions that carry the reason of a petition, and its kind.
_KINDS: dict[str, str] = {
    Action.ASK_RETURN: "return",
    Action.ASK_EXTENSION: "extension",
    Action.GRANT_EXTENSION: "extension",
    Action.ASK_HOLD: "hold",
    Action.HOLD: "hold",
    Action.ASK_EXCLUSION: "exclusion",
}


def title(event: TicketEvent) -> str:
    """The title of what belongs to a petition, else the word of the action."""
    payload = event.payload
    if event.action in _KINDS and "reason_code" in payload:
        why = petition_reason(_KINDS[event.action], payload["reason_code"])
        return f"{action_name(event.action)} · {why}"
    if event.action == Action.EXPIRE:
        return f"{petition_name(payload['petition'])}{action_name(event.action)}"
    if event.action == Action.REMIND and payload.get("clock") == "report":
        return _("提醒承办人报告挂账进展")
    if event.action == Action.RESUME and event.actor_role == Role.SYSTEM:
        return _("挂账到期，系统恢复办理")
    return action_name(event.action)


def lines(payload: dict[str, Any], *, firm: bool) -> list[str]:
    """What a petition asks for or has changed; how it was ruled is for staff."""
    found = []
    if payload.get("answer") and not firm:
        found.append(_("裁定意见：%(text)s", text=payload["answer"]))
    if payload.get("days"):
        found.append(_("延长 %(n)d 个工作日", n=payload["days"]))
    if payload.get("until"):
        until = local_date(date.fromisoformat(payload["until"]))
        found.append(_("承诺 %(day)s恢复办理", day=until))
    return found
