"""What firms have typed and not yet submitted, and the files of drafts and tickets."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.keys.columns import SecretJson

# Not yet looked at for viruses; to be had; removed for a virus; removed at the end of its time.
STATES = ("waiting", "ready", "infected", "expired")


class Draft(Base):
    """What an applicant has typed and not yet submitted: one a person."""

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    submit_key: Mapped[Words] = mapped_column(unique=True)
    fields: Mapped[dict[str, Any]] = mapped_column(SecretJson("draft.fields", "user_id"))
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())

    attachments: Mapped[list["Attachment"]] = relationship(
        back_populates="draft", order_by="Attachment.id", passive_deletes="all"
    )


class Attachment(Base):
    """A file kept outside the web root under a random name; of a draft first, then of a ticket."""

    __table_args__ = (
        CheckConstraint("(draft_id IS NULL) <> (ticket_id IS NULL)", name="owner"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("state <> 'waiting' OR scan_at IS NOT NULL", name="waiting"),
        Index("ix_attachment_waiting", "id", postgresql_where="state = 'waiting'"),
    )

    id: Mapped[BigId]
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    event_seq: Mapped[int | None]
    public: Mapped[bool] = mapped_column(default=True)
    stored_name: Mapped[Words] = mapped_column(unique=True)
    name: Mapped[Words]
    media_type: Mapped[Words]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[Words]
    state: Mapped[Words] = mapped_column(default="ready", server_default="ready")
    # When the virus scanner is asked next.
    scan_at: Mapped[Instant | None]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    draft: Mapped[Draft | None] = relationship(back_populates="attachments")
