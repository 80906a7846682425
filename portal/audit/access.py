"""Notes looks at a ticket at the door: views after the page is sent, all else before.

A view costs its reader nothing: its row is a short transaction once the answer has left. It is
lost when the process is killed between the two, or when the database goes away in that moment;
then the log of the process has it (docs/decisions/audit.md).
"""

import logging

from flask import Flask, Response, after_this_request, current_app, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal.audit import service
from portal.audit.service import Look
from portal.auth.roles import Actor, Role
from portal.db import transaction, utcnow

log = logging.getLogger(__name__)


def note(ticket_id: int, what: str, reason: str | None = None, detail: str | None = None) -> None:
    """Notes that the present reader looks at the ticket; a firm's own looks are no rows.

    `what`: one of models.LOOKS. All but a view without a reason is committed at once, so call it
    outside of a transaction: an error is the caller's, and nothing leaves that was not noted.
    """
    actor: Actor = current_user.actor
    if actor.role is Role.APPLICANT:
        return
    look = Look(what, request.remote_addr or "", detail, reason)
    if what != "view" or reason is not None:
        with transaction():
            service.looked(actor, [ticket_id], look, utcnow())
        return
    app: Flask = current_app._get_current_object()  # pyright: ignore[reportAttributeAccessIssue]

    @after_this_request
    def later(response: Response) -> Response:
        if response.status_code < 400:
            response.call_on_close(lambda: _write(app, actor, ticket_id, look))
        return response


def _write(app: Flask, actor: Actor, ticket_id: int, look: Look) -> None:
    """The answer is sent: whatever fails here is told to the log, and to nobody else."""
    try:
        with app.app_context(), transaction():
            service.looked(actor, [ticket_id], look, utcnow())
    except SQLAlchemyError as error:
        log.exception(
            "a look was not noted",
            exc_info=error,
            extra={"ticket_id": ticket_id, "user_id": actor.id, "what": look.what},
        )
