"""Notes at the door what was refused, after the answer has left: nobody waits for it."""

import logging

from flask import Flask, Response, after_this_request, current_app, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal.audit import refusals
from portal.audit.refusals import Refused
from portal.auth.guard import network
from portal.db import transaction, utcnow

log = logging.getLogger(__name__)
# Of strangers these are the noise of the network: what is not there, they ask for without end.
_OF_PEOPLE = frozenset({"refused", "missing"})


def note(what: str, *, username: str | None = None, user_id: int | None = None) -> None:
    """Notes that this request was refused; it may be told by any door, once for each kind.

    `what`: one of models.REFUSALS. Whose account was tried: `username` as it was typed, or
    `user_id`.
    """
    app: Flask = current_app._get_current_object()  # pyright: ignore[reportAttributeAccessIssue]

    @after_this_request
    def later(response: Response) -> Response:
        actor_id = _who()
        if actor_id is not None or what not in _OF_PEOPLE:
            one = Refused(
                what,
                network(request.remote_addr or ""),
                actor_id,
                user_id if user_id != actor_id else None,
                username,
                request.endpoint or "",
                str((request.view_args or {}).get("number", "")),
            )
            response.call_on_close(lambda: _write(app, one))
        return response


def denied(status: int) -> None:
    """Notes an answer of 403 or 404 on an address that there is, and a body that is too large."""
    if status == 413:
        note("upload")
    if status in (403, 404) and request.endpoint is not None:
        note("refused" if status == 403 else "missing")


def _who() -> int | None:
    """Who is signed in; nobody where the database cannot be asked."""
    try:
        return current_user.id if current_user.is_authenticated else None
    except SQLAlchemyError:
        return None


def _write(app: Flask, one: Refused) -> None:
    """The answer is sent: whatever fails here is told to the log, and to nobody else."""
    try:
        with app.app_context(), transaction():
            refusals.quickly()
            refusals.counted(one, utcnow())
    except SQLAlchemyError as error:
        log.exception("a refusal was not noted", exc_info=error, extra={"what": one.what})
