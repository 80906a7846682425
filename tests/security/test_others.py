"""What is somebody else's is not reached by its number: files, drafts, exports, notices, views."""

from contextvars import Context
from io import BytesIO

import pytest
from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.exports import service as exports
from portal.exports.models import ExportRun
from portal.extensions import db
from portal.notify.models import Notice
from portal.search.models import SavedView
from portal.tickets.file_models import Attachment
from tests.factories import Town
from tests.pages import Visitor
from tests.web.filing import PDF, file_ticket, write_words
from tests.web.test_gate import token

FIRM = ("other", "labour", "admin", "auditor")
STAFF = ("other", "firm", "cadre", "admin")


@pytest.fixture
def things(visit: Visitor, town: Town) -> dict[str, int | str]:
    """A ticket with a file, a draft with one, a notice, a saved view and an export."""
    number = file_ticket(visit, town)
    visit.get("firm", f"/tickets/{number}").submit(
        "/comment", text="附上合同。", files=(BytesIO(PDF), "合同.pdf")
    )
    of_ticket = db.session.scalars(select(Attachment.id)).one()
    db.session.rollback()
    address = f"/tickets/new/write?category={town.categories['融资']}"
    visit.get("firm", address).submit(address, title="草稿", files=(BytesIO(PDF), "草稿.pdf"))
    write_words(visit, town)
    of_draft = db.session.scalars(select(Attachment.id).where(Attachment.id != of_ticket)).one()
    form = {"csrf_token": token(visit, "dispatcher"), "name": "我的", "q": "贷款"}
    visit.post("dispatcher", "/search/views", form)
    notice = db.session.scalars(select(Notice.id).order_by(Notice.id)).first()
    owner = db.session.scalars(select(Notice.user_id).order_by(Notice.id)).first()
    with transaction():
        run = exports.start(town.dispatcher, "search", {}, "csv", 1, "zh_CN", utcnow())
        run_id = run.id
    view = db.session.scalars(select(SavedView.id)).first()
    assert notice is not None and view is not None
    name = next(n for n, who in town.people.items() if who.id == owner)
    return {
        "number": number,
        "file": of_ticket,
        "draft": of_draft,
        "notice": notice,
        "told": name,
        "view": view,
        "run": run_id,
    }


def test_nobody_reaches_what_is_somebody_else_s_by_its_number(
    visit: Visitor, things: dict[str, int | str]
) -> None:
    closed = {403, 404}
    wrong = []

    def ask(who: str, address: str, method: str = "GET") -> None:
        data = {"csrf_token": token(visit, who)} if method == "POST" else None
        status = (
            Context().run(visit.client(who).open, address, method=method, data=data).status_code
        )
        gone = address.endswith("/remove") and status == 303  # what is not theirs is not there
        if status not in closed and not gone:
            wrong.append((who, method, address, status))

    for who in FIRM:
        ask(who, f"/tickets/{things['number']}")
        ask(who, f"/tickets/{things['number']}/receipt")
        ask(who, f"/tickets/{things['number']}/files/{things['file']}")
        ask(who, f"/tickets/{things['number']}/files/{things['draft']}")
        ask(who, f"/tickets/new/files/{things['draft']}/remove", "POST")
        ask(who, f"/tickets/new/files/{things['file']}/remove", "POST")
        ask(who, f"/tickets/{things['number']}/comment", "POST")
        ask(who, f"/tickets/{things['number']}/withdraw", "POST")
    ask("firm", f"/tickets/{things['number']}/files/{things['draft']}")  # a draft has no ticket
    for who in STAFF:
        ask(who, f"/exports/{things['run']}")
        ask(who, f"/exports/{things['run']}/file")
        ask(who, f"/exports/{things['run']}/cancel", "POST")
        ask(who, f"/search/views/{things['view']}/drop", "POST")
    for who in {"other", "labour", "auditor", "supervisor"} - {things["told"]}:
        ask(who, f"/inbox/{things['notice']}")
    assert wrong == []
    for name in ("draft", "file"):
        assert db.session.get(Attachment, things[name]) is not None
    run = db.session.get(ExportRun, things["run"])
    assert run is not None and run.state != "cancelled"
    assert db.session.get(SavedView, things["view"]) is not None
