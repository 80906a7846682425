"""Words for the kinds and states of petitions and for the codes of their reasons."""

from flask_babel import gettext as _

from portal.language import lazy as _l
from portal.tickets.reasons import PETITION_REASONS

PETITIONS: dict[str, str] = {
    "return": _l("退单"),
    "extension": _l("延期"),
    "hold": _l("挂账"),
    "exclusion": _l("剔除"),
}
STATES: dict[str, str] = {
    "asked": _l("待裁定"),
    "granted": _l("已同意"),
    "refused": _l("未同意"),
    "expired": _l("已失效"),
}


def petition_name(kind: str) -> str:
    """The word for a kind of petition."""
    return str(PETITIONS[kind])


def state_name(state: str) -> str:
    """The word for where a petition stands."""
    return str(STATES[state])


def petition_reason(kind: str, code: str) -> str:
    """The words of a reason; a code that is no longer offered stands for itself."""
    words = PETITION_REASONS[kind].get(code)
    return _(words) if words else code
