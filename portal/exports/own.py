"""A person's own data as an export: a row a section, packed into one ZIP at the end."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from portal.auth.models import User
from portal.auth.roles import Actor
from portal.exports.tables import Chunk, Table
from portal.extensions import db
from portal.private import belongings


def labels() -> dict[str, str]:
    """What each section is called, in the reader's language."""
    return {
        "account": _("账号"),
        "consents": _("同意记录"),
        "tickets": _("提交的诉求"),
        "actions": _("办理中的操作"),
        "files": _("上传的附件"),
        "notices": _("消息"),
        "sign_ins": _("登录记录"),
        "draft": _("草稿"),
    }


def own_table(actor: Actor, _asked: Mapping[str, str], now: datetime) -> Table:
    """All that is kept about the actor; the key of a chunk is the number of its section."""
    user, names = db.session.get_one(User, actor.id), belongings.SECTIONS

    def chunk(after: int | None) -> Chunk:
        place = after or 0
        content = json.dumps(belongings.section(user, names[place]), ensure_ascii=False)
        return Chunk([[names[place], content]], place + 1 if place + 1 < len(names) else None)

    def write(target: Path, rows: Iterable[Sequence[Any]]) -> None:
        found = ((name, json.loads(content)) for name, content in rows)
        at = now.isoformat(timespec="seconds")
        belongings.pack(target, labels(), _("我的资料"), found, at)

    count = len(names)
    return Table(
        *(_("我的资料"), list(labels().values()), chunk, lambda _most: count),
        personal=True,
        write=write,
    )
