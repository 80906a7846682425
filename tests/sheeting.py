"""Uploads sheets as an administrator does, lets the job work, and reads what came of it."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from portal.db import transaction
from portal.extensions import db
from portal.sheets import files, job
from portal.sheets import service as sheets
from portal.sheets.models import SheetImport
from tests.factories import Town, make_uscc
from tests.pages import Page, Visitor, form_values


def work(app: Flask) -> None:
    """All that waits, as the worker does it."""
    db.session.remove()
    while job.work(Path(app.config["UPLOAD_DIR"])):
        pass


def upload(visit: Visitor, kind: str, text: str | bytes, name: str = "file.csv") -> Page:
    """The answer to the upload form."""
    page = visit.get("admin", f"/admin/sheets/{kind}")
    content = text.encode() if isinstance(text, str) else text
    data: dict[str, Any] = {**form_values(page.form(kind)), "file": (io.BytesIO(content), name)}
    return visit.post("admin", f"/admin/sheets/{kind}", data)


def planned(visit: Visitor, kind: str, text: str | bytes, name: str = "file.csv") -> Page:
    """The page of a new import, after the dry run."""
    answer = upload(visit, kind, text, name)
    assert answer.status == 303, answer.words
    work(visit.app)
    return visit.get("admin", answer.location)


def confirmed(visit: Visitor, page: Page, mode: str | None = None) -> Page:
    """The same page once the import has been confirmed and applied."""
    values = {"mode": mode} if mode else {}
    answer = page.submit("/confirm", **values)
    assert answer.status == 303, answer.words
    work(visit.app)
    return visit.get("admin", answer.location)


def imported(visit: Visitor, kind: str, text: str, mode: str | None = None) -> Page:
    """A file uploaded, confirmed and applied."""
    return confirmed(visit, planned(visit, kind, text), mode)


def latest() -> SheetImport:
    """The newest import."""
    db.session.rollback()
    found = db.session.scalar(db.select(SheetImport).order_by(SheetImport.id.desc()).limit(1))
    assert found is not None
    return found


def brought(town: Town, folder: Path, now: datetime) -> int:
    """An import of firms that waits for its confirmation, with a wrong line."""
    line = ",轴承,小型,王经理,13800001111\n"
    text = "统一社会信用代码,企业名称,县市区,产业链,规模,联系人,联系电话\n"
    text += f"{make_uscc(901)},新厂一,东昌府区{line}{make_uscc(902)},新厂二,没有的县{line}"
    kept = files.keep(io.BytesIO(text.encode()), "企业名单.csv", folder)
    with transaction():
        import_id = sheets.start("enterprises", vars(kept), town.admin, now).id
    while job.work(folder):
        pass
    return import_id
