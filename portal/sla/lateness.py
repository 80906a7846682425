"""How well the sweep keeps time: what is armed, what is due, and how late timers fired."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal.extensions import db
from portal.sla.models import Timer

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """Timers armed in all, due now, and fired in the last hour; lateness of those in seconds."""

    armed: int
    due: int
    fired: int
    p50: float | None
    p99: float | None


def standing(now: datetime) -> Standing:
    """The sweep as it stands at `now` (UTC); lateness is fired − due, None when nothing fired."""
    armed = select(func.count()).where(Timer.state == "armed")
    late = func.extract("epoch", Timer.fired_at - Timer.fire_at)
    quantiles = func.percentile_cont([0.5, 0.99]).within_group(late)
    fired = select(func.count(), quantiles).where(
        Timer.state == "fired", Timer.fired_at > now - HOUR, Timer.fired_at <= now
    )
    count, found = db.session.execute(fired).one()
    p50, p99 = found or (None, None)
    return Standing(
        armed=db.session.scalar(armed) or 0,
        due=db.session.scalar(armed.where(Timer.fire_at <= now)) or 0,
        fired=count,
        p50=p50,
        p99=p99,
    )
