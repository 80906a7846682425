"""Which firms a cadre is paired with on a day, as owner or as deputy."""

from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select

from portal.directory.models import Pairing
from portal.extensions import db


def holds(cadre_id: int | None, day: date) -> ColumnElement[bool]:
    """The pairings of a cadre that hold on a local day."""
    return and_(
        or_(Pairing.owner_id == cadre_id, Pairing.deputy_id == cadre_id),
        Pairing.starts_on <= day,
        or_(Pairing.ends_on.is_(None), Pairing.ends_on >= day),
    )


def is_paired(cadre_id: int | None, enterprise_id: int, day: date) -> bool:
    """Whether the cadre stands for the firm on a local day."""
    query = select(Pairing.id).where(Pairing.enterprise_id == enterprise_id, holds(cadre_id, day))
    return db.session.scalar(query.limit(1)) is not None
