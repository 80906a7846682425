"""Sessions in the reader's words: the browser and its system, the place, the last use."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _

from portal.auth.access_models import UserSession
from portal.auth.devices import browser, system


def device(agent: str) -> str:
    """“Chrome · Windows”; what is not known is said to be so."""
    found = [name for name in (browser(agent), system(agent)) if name]
    return " · ".join(_(name) for name in found) or _("未知设备")


def lines(rows: Iterable[UserSession], here: int | None = None) -> list[dict[str, Any]]:
    """Sessions as a page shows them; the one with the id `here` is marked and stands first."""
    shown = [
        {
            "id": row.id,
            "device": device(row.agent),
            "address": row.address,
            "seen_at": row.seen_at,
            "created_at": row.created_at,
            "here": row.id == here,
        }
        for row in rows
    ]
    return sorted(shown, key=lambda row: not row["here"])
