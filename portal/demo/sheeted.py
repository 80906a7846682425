"""Two files of the administrator: one that was imported, and one that waits for confirmation."""

from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.demo.accounts import ACCOUNTS
from portal.directory.models import Enterprise
from portal.extensions import db
from portal.sheets import files, service, writing
from portal.sheets.columns import Values
from portal.sheets.kinds import SHEETS
from portal.sheets.models import SheetImport

CONTACTS, CHANGES = 24, 6
POSTS = ("财务负责人", "办公室主任", "安全员", "项目经理")


def enter(rng: Random, now: datetime) -> None:
    """Further contacts of firms, imported; and a list of firms with two mistakes, planned."""
    firms = list(db.session.scalars(select(Enterprise).order_by(Enterprise.id).limit(200)))
    chosen = rng.sample(firms, CONTACTS + CHANGES)
    contacts = [
        {
            "uscc": firm.uscc,
            "phone": f"139{rng.randrange(10**8):08d}",
            "name": f"{rng.choice('张王李赵刘陈')}{rng.choice(('经理', '主任', '会计'))}",
            "post": rng.choice(POSTS),
        }
        for firm in chosen[:CONTACTS]
    ]
    row = _planned("contacts", "企业联系人补充.xlsx", contacts, now)
    service.confirm(row.id, "good", now)
    service.apply_chunk(row, now.date(), now)
    _planned("enterprises", "企业名录核对.xlsx", [_firm(firm) for firm in chosen[CONTACTS:]], now)


def _firm(firm: Enterprise) -> Values:
    """A line that gives a firm its short name; of two firms the telephone is mistyped."""
    return {
        "uscc": firm.uscc,
        "name": firm.name,
        "short_name": firm.name[:4],
        "region": firm.region.name,
        "chain": firm.chain.name if firm.chain else None,
        "industry": firm.industry,
        "size": firm.size,
        "contact_name": firm.contact_name,
        "contact_phone": firm.contact_phone[:-1] if firm.id % 3 == 0 else firm.contact_phone,
    }


def _planned(kind: str, name: str, rows: list[Values], now: datetime) -> SheetImport:
    """A file of the administrator after its dry run; the file itself is not kept."""
    account = next(one for one in ACCOUNTS if one.role is Role.ADMIN)
    actor = db.session.scalars(select(User).where(User.username == account.username)).one().actor
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        written = folder / "sheet.xlsx"
        writing.export_xlsx(SHEETS[kind], rows, written)
        with written.open("rb") as stream:
            kept = files.keep(stream, name, folder)
        row = service.start(kind, vars(kept), actor, now)
        service.plan(row, files.path_of(kept.stored_name, folder), now.date(), now)
    row.stored_name = None
    db.session.flush()
    return row
