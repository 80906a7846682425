"""The in-app inbox: one row a notice and reader."""

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base
from portal.tickets.models import Ticket


class Notice(Base):
    """Who needs to do what by when; `kind` and `params` are put into words when it is shown."""

    __table_args__ = (
        Index("ix_notice_inbox", "user_id", "id"),
        Index("ix_notice_unread", "user_id", postgresql_where="read_at IS NULL"),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[Words]
    params: Mapped[Json]
    key: Mapped[Words] = mapped_column(unique=True)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    read_at: Mapped[Instant | None]

    ticket: Mapped[Ticket | None] = relationship()
