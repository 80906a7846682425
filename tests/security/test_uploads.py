"""Files that pretend: polyglots, double endings, lies about the kind, bombs, names with signs."""

import io
import zipfile

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.tickets.file_models import Attachment
from tests.factories import Town
from tests.pages import Visitor
from tests.web.filing import PDF, file_ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def _zip(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return made.getvalue()


BOMB = _zip(**{"[Content_Types].xml": b"<x/>", "xl__workbook.xml": b"\x00" * 40_000_000})
LIES = [
    (HTML, "说明.pdf", "application/pdf"),
    (HTML, "说明.html", "application/pdf"),
    (HTML + PDF, "说明.pdf", "application/pdf"),
    (SVG, "图.svg", "image/svg+xml"),
    (SVG, "图.png", "image/png"),
    (b"GIF89a/*" + HTML, "图.png", "image/png"),
    (PDF, "合同.pdf.html", "application/pdf"),
    (PDF, "合同.php", "application/pdf"),
    (PDF, "合同.pdf.exe", "application/pdf"),
    (b"MZ\x90\x00" + PDF, "合同.pdf", "application/pdf"),
    (b"#!/bin/sh\nid\n", "合同.pdf", "application/pdf"),
    (b"PK\x05\x06" + b"\x00" * 18, "表.xlsx", "application/zip"),
    (_zip(a=b"x"), "表.xlsx", "application/vnd.ms-excel"),
    (BOMB, "表.zip", "application/zip"),
    (BOMB, "表.xlsx", "application/vnd.ms-excel"),
    (PNG, "图.pdf", "application/pdf"),
    (PDF, "图.png", "image/png"),
]


def _count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Attachment.id))) or 0


def test_what_pretends_to_be_another_file_is_refused(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    address = f"/tickets/{number}/comment"
    page = visit.get("firm", address)
    kept = []
    for content, name, kind in LIES:
        answer = page.submit(address, text="附上", files=(io.BytesIO(content), name, kind))
        if answer.status != 422 or "附上" not in answer.text:
            kept.append((name, content[:12], answer.status))
    assert not kept, kept
    assert _count() == 0


@pytest.mark.parametrize(
    "name",
    [
        "../../../app/wsgi.py.pdf",
        "..\\..\\a.pdf",
        "/etc/passwd.pdf",
        "a\x00.html.pdf",
        "\u202efdp.exe.pdf",
        "a\r\nX-Evil: 1.pdf",
        "CON.pdf",
        ".pdf.pdf",
        "<img src=x onerror=alert(1)>.pdf",
    ],
)
def test_a_name_with_signs_is_only_a_name(visit: Visitor, town: Town, name: str) -> None:
    number = file_ticket(visit, town)
    address = f"/tickets/{number}/comment"
    answer = visit.get("firm", address).submit(
        address, text="附上", files=(io.BytesIO(PDF), name, "application/pdf")
    )
    assert answer.status in (303, 422)
    if answer.status == 422:
        return
    one = db.session.scalars(select(Attachment)).one_or_none()
    if one is None:
        return  # a name with a line's end is no part of a form
    assert not set("/\\\x00\r\n\u202e") & set(one.name) and ".." not in one.stored_name
    assert one.stored_name.isalnum()
    page = visit.get("firm", f"/tickets/{number}")
    assert "<img src=x" not in page.text
    sent = visit.get("firm", f"/tickets/{number}/files/{one.id}").response
    assert sent.headers["Content-Disposition"].startswith("attachment;")
    assert "X-Evil" not in sent.headers and "html" not in str(sent.mimetype)
