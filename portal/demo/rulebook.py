"""Plays the rulebook: two versions before the year, and a draft of today that wants a look."""

from datetime import UTC, datetime

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.demo import places
from portal.demo.cast import Cast
from portal.extensions import db
from portal.routing import rulebook
from portal.routing.changes import Conditions

FIRST = datetime(2022, 11, 21, 2, 0, tzinfo=UTC)
SECOND = datetime(2022, 12, 12, 6, 30, tzinfo=UTC)
# Three rules that leave the one for the whole category nothing to do.
PATENTS = (("normal", "市科学技术局"), ("urgent", "市司法局"), ("critical", "市司法局"))


def history(cast: Cast) -> None:
    """The versions that rule the played year: one unit a category, then the exceptions."""
    admin = _actor(Role.ADMIN)
    first: dict[Conditions, str] = {
        (cast.categories[category], None, None, None): unit
        for category, unit in places.BY_CATEGORY.items()
    }
    _enact(cast, admin, first, FIRST, "每个类别先定一个承办单位")
    second: dict[Conditions, str] = {
        (
            cast.categories[category],
            cast.regions[region] if region else None,
            cast.chains[chain] if chain else None,
            None,
        ): unit
        for category, region, chain, unit in places.EXCEPTIONS
    }
    _enact(cast, admin, second, SECOND, "绿色化工、新能源和经开区另有分工")


def draft(cast: Cast, now: datetime) -> None:
    """A dispatcher's draft of today, with a warning to look at."""
    actor = cast.dispatchers[0]
    made = rulebook.new_draft(actor, now, "知识产权按紧急程度分派，请管理员看看")
    for urgency, unit in PATENTS:
        conditions = (cast.categories["知识产权"], None, None, urgency)
        rulebook.put_rule(actor, made.id, None, conditions, cast.departments[unit], now)


def _enact(cast: Cast, admin: Actor, rules: dict[Conditions, str], at: datetime, note: str) -> None:
    made = rulebook.new_draft(admin, at)
    for conditions, unit in rules.items():
        rulebook.put_rule(admin, made.id, None, conditions, cast.departments[unit], at)
    rulebook.enact(admin, made.id, None, at, note)


def _actor(role: Role) -> Actor:
    return (
        db.session.scalars(select(User).where(User.role == role).order_by(User.id)).all()[0].actor
    )
