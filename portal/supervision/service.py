"""Supervisors set, change and take away thresholds; every change leaves who, when, old and new."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from portal.auth.roles import Actor
from portal.errors import Invalid, NotFound, Stale
from portal.extensions import db
from portal.supervision import watching
from portal.supervision.models import Threshold, ThresholdChange


@dataclass(frozen=True)
class Wanted:
    """A threshold as a supervisor wants it; `member` empty: each value, or the whole city."""

    figure: str
    dimension: str
    member: str
    span: str
    worse: str
    yellow: float
    red: float
    minimum: int


def add(actor: Actor, wanted: Wanted, now: datetime) -> Threshold:
    """A new threshold, looked at as soon as a worker comes. Raises Invalid."""
    _check(wanted, None)
    threshold = Threshold(**asdict(wanted), active=True, due_at=now, version=1)
    db.session.add(threshold)
    db.session.flush()
    _log(threshold, actor, {}, asdict(wanted), now)
    return threshold


def change(
    actor: Actor, threshold_id: int, seen: int | None, wanted: Wanted, now: datetime
) -> Threshold:
    """Other bounds of a threshold that the actor saw at version `seen`.

    Its alerts end and are judged anew. Raises Invalid, NotFound, Stale.
    """
    threshold = _locked(threshold_id, seen)
    old = {name: getattr(threshold, name) for name in asdict(wanted)}
    if old == asdict(wanted):
        return threshold
    _check(wanted, threshold_id)
    for name, value in asdict(wanted).items():
        setattr(threshold, name, value)
    threshold.version += 1
    threshold.due_at = now
    watching.close_all(threshold, "changed", now)
    new = {name: value for name, value in asdict(wanted).items() if old[name] != value}
    _log(threshold, actor, {name: old[name] for name in new}, new, now)
    return threshold


def remove(actor: Actor, threshold_id: int, seen: int | None, now: datetime) -> None:
    """Takes a threshold out of use; its history and its alerts stay. Raises NotFound, Stale."""
    threshold = _locked(threshold_id, seen)
    threshold.active, threshold.due_at = False, None
    threshold.version += 1
    watching.close_all(threshold, "changed", now)
    _log(threshold, actor, {"active": True}, {"active": False}, now)


def _locked(threshold_id: int, seen: int | None) -> Threshold:
    query = select(Threshold).where(Threshold.id == threshold_id, Threshold.active)
    threshold = db.session.scalar(query.with_for_update())
    if threshold is None:
        raise NotFound("没有这条预警线，或者它已经停用。")
    if seen != threshold.version:
        raise Stale(seen or 0, threshold.version)
    return threshold


def _check(wanted: Wanted, threshold_id: int | None) -> None:
    """Bounds in their order, and one threshold in use for each figure, member and span."""
    if wanted.worse == "lower" and wanted.red > wanted.yellow:
        raise Invalid("越低越差的指标，红线不能高于黄线。", "red")
    if wanted.worse == "higher" and wanted.red < wanted.yellow:
        raise Invalid("越高越差的指标，红线不能低于黄线。", "red")
    query = select(Threshold.id).where(
        Threshold.active,
        *(
            getattr(Threshold, name) == getattr(wanted, name)
            for name in ("figure", "dimension", "member", "span")
        ),
    )
    if db.session.scalar(query) not in (None, threshold_id):
        raise Invalid("这个指标、范围和时段已经有一条预警线，请直接修改那一条。", "figure")


def _log(threshold: Threshold, actor: Actor, old: dict, new: dict, now: datetime) -> None:
    db.session.add(
        ThresholdChange(threshold_id=threshold.id, actor_id=actor.id, at=now, old=old, new=new)
    )
