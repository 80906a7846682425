"""The messages that failed at every attempt: shown without their content, and revived."""

from flask import render_template
from flask_babel import gettext as _

from portal import queue
from portal.db import transaction, utcnow
from portal.directory import queries
from portal.directory.admin_blueprint import Answer, blueprint, done
from portal.outbox import relay
from portal.sla.lateness import standing

SHOWN = 100


@blueprint.get("/queue", endpoint="queue")
def show() -> Answer:
    """How the sweep keeps time, and dead messages: only the kind of an error.

    Its text may quote a ticket.
    """
    rows = [
        {
            "id": message.id,
            "kind": message.kind,
            "error": (message.last_error or "").partition(":")[0],
            "attempts": message.attempts,
            "created_at": message.created_at,
        }
        for message in queries.dead_messages(SHOWN)
    ]
    return render_template(
        "admin/queue.html",
        rows=rows,
        counts=queries.message_counts(),
        sweep=standing(utcnow()),
    )


@blueprint.post("/queue/revive")
def revive() -> Answer:
    """Makes every dead message pending again."""
    with transaction():
        count = relay.revive(utcnow())
    queue.nudge()
    return done(_("%(n)d 条消息已重新处理。", n=count), "admin.queue")
