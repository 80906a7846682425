"""How the timeline tells of tickets that belong together: the lines of their events."""

from typing import Any

from flask_babel import gettext as _


def lines(payload: dict[str, Any]) -> list[str]:
    """Which other ticket, or which common problem, an event is about."""
    found = []
    if payload.get("other"):
        found.append(_("另一件：%(number)s", number=payload["other"]))
    if payload.get("split_from"):
        found.append(_("从 %(number)s 拆分", number=payload["split_from"]))
    if payload.get("problem"):
        found.append(_("共性问题：%(name)s", name=payload["problem"]))
    return found
