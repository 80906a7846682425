"""The numbers of tickets: a counter for each local day."""

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base


class TicketNumber(Base):
    """The last number given out on a local day; its row lock makes numbers unique."""

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int]
