"""What an applicant has typed and not yet submitted: one draft a person, kept on every step."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.roles import Actor
from portal.extensions import db
from portal.keys.columns import placed
from portal.tickets.file_models import Attachment, Draft


def draft_of(actor: Actor) -> Draft | None:
    """The actor's draft."""
    return db.session.scalar(select(Draft).where(Draft.user_id == actor.id))


def save(actor: Actor, fields: dict[str, Any], now: datetime) -> Draft:
    """Keeps the fields of the submit form; makes the draft when there is none.

    Two tabs that save at once end in one draft: the later fields win. Each save draws a new submit
    key, so that a check page opened before can not send what it did not show.
    """
    fields = placed(Draft.fields, fields, actor.id)
    row = {
        "user_id": actor.id,
        "submit_key": secrets.token_urlsafe(16),
        "fields": fields,
        "updated_at": now,
    }
    statement = insert(Draft).values(**row)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"],
        set_={"fields": fields, "submit_key": row["submit_key"], "updated_at": now},
    )
    db.session.execute(statement)
    query = select(Draft).where(Draft.user_id == actor.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def remove_file(actor: Actor, attachment_id: int) -> str | None:
    """Takes a file off the actor's draft; its stored name, None when the draft has no such file."""
    query = (
        select(Attachment)
        .join(Attachment.draft)
        .where(Attachment.id == attachment_id, Draft.user_id == actor.id)
    )
    # Submitted in another tab meanwhile, the file is the ticket's: the lock waits to see that.
    attachment = db.session.scalar(query.with_for_update(of=Draft))
    if attachment is None:
        return None
    db.session.delete(attachment)
    return attachment.stored_name


def discard(actor: Actor) -> list[str]:
    """Throws the actor's draft away; the stored names of its files."""
    draft = db.session.scalar(select(Draft).where(Draft.user_id == actor.id).with_for_update())
    if draft is None:
        return []
    names = [attachment.stored_name for attachment in draft.attachments]
    db.session.execute(delete(Attachment).where(Attachment.draft_id == draft.id))
    db.session.delete(draft)
    return names
