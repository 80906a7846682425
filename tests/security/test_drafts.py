"""One draft in two tabs: nothing is sent unseen, no file of a ticket is lost, none too many."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import transaction
from portal.directory import category_service
from portal.directory.changes import Editor
from portal.errors import Invalid
from portal.extensions import db
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.files import Stored, path_of
from portal.tickets.models import Ticket
from portal.tickets.service import drafts, submit
from portal.tickets.service.attach import attach_to_draft
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.service.stages import wording
from tests.service.test_safety import at_once
from tests.web.filing import PDF, write_words

MOST = 10


def _draft(town: Town, files: int = 1) -> tuple[int, str]:
    """The id and key of a draft with files."""
    with transaction():
        draft = drafts.save(town.firm, {"title": "流动资金不足"}, MONDAY)
        draft_id, key = draft.id, draft.submit_key
        attach_to_draft(draft_id, _stored("a", files), town.firm, MONDAY, most=MOST)
    return draft_id, key


def _stored(letter: str, count: int) -> list[Stored]:
    return [
        Stored(f"{letter}{n:031d}", f"{n}.pdf", "application/pdf", 9, "0" * 64)
        for n in range(count)
    ]


def _act(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[], Any]:
    def act() -> Any:
        with transaction():
            return call(*args, **kwargs)

    return act


def _files(*conditions: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Attachment.id)).where(*conditions)) or 0


@pytest.mark.parametrize("turn", range(5))
def test_discard_and_submit_at_once_leave_a_ticket_with_its_files_or_nothing(
    app: Flask, town: Town, turn: int
) -> None:
    _, key = _draft(town, 3)
    names, sent = at_once(
        app,
        [
            _act(drafts.discard, town.firm),
            _act(submit.submit_draft, town.firm, key, wording(town), MONDAY),
        ],
    )
    if isinstance(sent, Exception):
        assert len(names) == 3 and _files() == 0
    else:
        assert names == [] and _files(Attachment.ticket_id.is_not(None)) == 3


@pytest.mark.parametrize("turn", range(5))
def test_a_file_of_a_submitted_draft_is_not_removed(app: Flask, town: Town, turn: int) -> None:
    _, key = _draft(town)
    file_id = db.session.scalars(select(Attachment.id)).one()
    db.session.rollback()
    removed, sent = at_once(
        app,
        [
            _act(drafts.remove_file, town.firm, file_id),
            _act(submit.submit_draft, town.firm, key, wording(town), MONDAY),
        ],
    )
    assert not isinstance(sent, Exception)
    assert _files(Attachment.ticket_id.is_not(None)) == (1 if removed is None else 0)


def test_a_file_for_a_draft_that_is_gone_is_refused_in_words(town: Town) -> None:
    draft_id, key = _draft(town)
    _act(submit.submit_draft, town.firm, key, wording(town), MONDAY)()
    with pytest.raises(Invalid), transaction():
        attach_to_draft(draft_id, _stored("b", 1), town.firm, MONDAY, most=MOST)


def test_two_tabs_do_not_fill_a_draft_beyond_the_limit(app: Flask, town: Town) -> None:
    draft_id, _ = _draft(town, 1)
    args = (town.firm, MONDAY)
    results = at_once(
        app,
        [_act(attach_to_draft, draft_id, _stored(letter, 6), *args, most=MOST) for letter in "bcd"],
    )
    assert sum(isinstance(result, Invalid) for result in results) == 2
    assert _files(Attachment.draft_id == draft_id) == 7


def test_what_was_changed_in_another_tab_is_not_sent_unseen(visit: Visitor, town: Town) -> None:
    write_words(visit, town)
    first_tab = visit.get("firm", "/tickets/new/check")
    address = f"/tickets/new/write?category={town.categories['用工社保']}"
    visit.get("firm", address).submit(address, title="招不到熟练技工")
    answer = first_tab.submit("/tickets/new/check")
    assert answer.location == "/tickets/new/check"
    assert db.session.scalars(select(Ticket)).all() == []
    again = visit.get("firm", answer.location)
    assert "另一个页面改过" in again.text and "招不到熟练技工" in again.words
    assert "receipt" in again.submit("/tickets/new/check").location
    assert "receipt" in again.submit("/tickets/new/check").location  # pressed twice: one ticket
    assert db.session.scalars(select(Ticket.title)).all() == ["招不到熟练技工"]
    db.session.rollback()
    assert first_tab.submit("/tickets/new/check").status == 404


def test_a_draft_of_a_category_that_was_closed_meanwhile_asks_for_another(
    visit: Visitor, town: Town
) -> None:
    write_words(visit, town)
    check = visit.get("firm", "/tickets/new/check")
    address = f"/admin/categories/{town.categories['融资']}"
    assert visit.get("admin", f"{address}/deactivate").submit("/deactivate").status == 303
    try:
        answer = check.submit("/tickets/new/check")
        assert answer.location == "/tickets/new/write"
        assert visit.get("firm", answer.location).location == "/tickets/new"
        assert db.session.scalars(select(Ticket)).all() == []
        assert db.session.scalars(select(Draft)).one().fields["title"] == "贷款到期无法续贷"
    finally:
        db.session.rollback()
        with transaction():
            category_service.set_category_active(
                Editor(town.admin.id, MONDAY), town.categories["融资"], active=True
            )


def test_discarding_in_one_tab_and_submitting_in_the_other(visit: Visitor, town: Town) -> None:
    address = f"/tickets/new/write?category={town.categories['融资']}"
    visit.get("firm", address).submit(
        address,
        title="贷款到期无法续贷",
        description="贷款三月到期，银行不再续贷，影响备料。",
        contact_phone="13800001111",
        files=(BytesIO(PDF), "合同.pdf"),
    )
    check = visit.get("firm", "/tickets/new/check")
    stored = db.session.scalars(select(Attachment.stored_name)).one()
    folder = Path(visit.app.config["UPLOAD_DIR"])
    assert path_of(stored, folder).is_file()
    assert visit.get("firm", "/tickets/new").submit("/discard").status == 303
    assert not path_of(stored, folder).exists()
    assert check.submit("/tickets/new/check").status == 404
