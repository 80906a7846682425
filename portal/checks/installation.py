"""What is unsafe about this installation as it runs: its packages, keys, log and administrators."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.audit import checkpoints
from portal.audit.models import AuditCheckpoint, AuditEntry, AuditQueue
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS
from portal.checks.finding import Check, Severity
from portal.checks.settings import open_to_all
from portal.config import PROJECT
from portal.db import utcnow
from portal.extensions import db
from portal.private.models import RetentionRun

Config = Mapping[str, Any]
SHOWN = 5  # names in a detail
_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)\s*(;)?")
_KEYS = ("field_keys", "audit_key")  # made beside the data where no other place is set
UNSEALED = timedelta(minutes=10)
UNSIGNED = timedelta(days=2)
UNSWEPT = timedelta(days=3)


def other_versions(pins: str, installed: Callable[[str], str | None]) -> list[str]:
    """The packages that are not of the version that requirements name, as `name 1.0, not 2.0`.

    `pins`: the text of a requirements file; a line with a marker may be of another platform: its
    package may be missing, or pinned once more. `installed`: a package's version here, None where
    it is not.
    """
    wanted: dict[str, list[str]] = {}
    elsewhere = set()
    for line in pins.splitlines():
        pin = _PIN.match(line)
        if pin is None:
            continue
        name, version, marked = pin.groups()
        wanted.setdefault(name, []).append(version)
        if marked:
            elsewhere.add(name)
    found = []
    for name, versions in wanted.items():
        here = installed(name)
        if here not in versions and not (here is None and name in elsewhere):
            found.append(f"{name} {here or '-'}, not {' or '.join(versions)}")
    return found


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _pins(config: Config) -> str | None:
    found = other_versions((PROJECT / "requirements.txt").read_text(), _installed)
    return _few(found)


def _few(found: list[str]) -> str | None:
    more = f" … {len(found)}" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more if found else None


def _key_files(config: Config) -> str | None:
    places = [Path(config["INSTANCE_DIR"]) / name for name in _KEYS]
    return _few([one for place in places if (one := open_to_all(place))])


def _audit_mode(config: Config) -> str | None:
    folder = Path(config["AUDIT_DIR"])
    places = (folder, folder / checkpoints.FILE)
    return _few([one for place in places if (one := open_to_all(place))])


def _audit_place(config: Config) -> str | None:
    """Who takes the data's disk takes the checkpoints too, which are what shows a cut."""
    folder = Path(config["AUDIT_DIR"]).resolve()
    inside = folder.is_relative_to(Path(config["INSTANCE_DIR"]).resolve())
    return str(folder) if inside else None


def _unsealed(config: Config) -> str | None:
    count, since = db.session.execute(select(func.count(), func.min(AuditQueue.at))).one()
    return f"{count}, {_age(since)}" if since is not None and _old(since, UNSEALED) else None


def _unsigned(config: Config) -> str | None:
    """Entries that no checkpoint covers: their end could be cut off unseen."""
    last = db.session.scalar(select(func.max(AuditCheckpoint.seq))) or 0
    after = select(func.count(), func.min(AuditEntry.sealed_at)).where(AuditEntry.id > last)
    count, since = db.session.execute(after).one()
    return f"{count}, {_age(since)}" if since is not None and _old(since, UNSIGNED) else None


def _administrators(config: Config) -> str | None:
    there = set(db.session.scalars(select(User.role).where(User.active).distinct()))
    return ", ".join(one for one in ADMINISTRATORS if one not in there) or None


def _administrators_factor(config: Config) -> str | None:
    without = User.role.in_(ADMINISTRATORS), User.active, User.factor_at.is_(None)
    query = select(User.username).where(*without).order_by(User.id)
    return _few(list(db.session.scalars(query)))


def _demonstration(config: Config) -> str | None:
    if config["ENVIRONMENT"] != "production":
        return None
    marked = select(func.count()).select_from(User).where(User.demonstration, User.active)
    return str(count) if (count := db.session.scalar(marked)) else None


def _retention(config: Config) -> str | None:
    """The night that took away what is over its time; an installation of today had none yet."""
    last = db.session.scalar(select(func.max(RetentionRun.finished_at)))
    last = last or db.session.scalar(select(func.min(User.created_at)))
    return _age(last) if last is not None and _old(last, UNSWEPT) else None


def _old(instant: datetime, most: timedelta) -> bool:
    return utcnow() - instant > most


def _age(instant: datetime) -> str:
    return f"{(utcnow() - instant).total_seconds() / 3600:.1f} h"


_E, _W = Severity.ERROR, Severity.WARNING
ROWS: tuple[Check, ...] = (
    Check("pins", _W, "安装的软件包版本与清单不符", "packages are not as pinned", _pins),
    Check("key-files", _E, "密钥文件对所有人开放", "a key made here is open to all", _key_files),
    Check("audit-mode", _E, "审计目录对所有人开放", "the audit folder is open", _audit_mode),
    Check(
        "audit-place",
        _W,
        "审计检查点和数据放在一起，应另存到别的机器",
        "checkpoints of the log lie beside the data",
        _audit_place,
    ),
    Check(
        "audit-unsealed",
        _E,
        "审计日志没有及时封存，请检查工作进程",
        "changes wait to be sealed: does a worker run?",
        _unsealed,
    ),
    Check(
        "audit-unsigned",
        _E,
        "审计日志很久没有检查点",
        "the end of the log has no checkpoint",
        _unsigned,
    ),
    Check(
        "administrators",
        _W,
        "三类管理员不齐",
        "one of the three administrators is missing",
        _administrators,
    ),
    Check(
        "administrators-factor",
        _W,
        "有管理员没有启用动态验证码",
        "an administrator has no second factor",
        _administrators_factor,
    ),
    Check(
        "demo-marked",
        _E,
        "生产环境里有在用的演示账号",
        "demonstration accounts are active in production",
        _demonstration,
    ),
    Check(
        "retention",
        _W,
        "到期数据很久没有清理，请检查定时进程",
        "nothing over its time was taken away: does the timer run?",
        _retention,
    ),
)
