"""Policies are versions: previewed, put in force, applied to open tickets in a run (issue 3)."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.errors import Conflict, Invalid, NotFound
from portal.extensions import db
from portal.sla import impact, policy_service, recompute
from portal.sla.default_policy import PROFILES, ClockRule, to_json
from portal.sla.models import Clock, Policy, Recompute, Timer
from portal.sla.service import current_policy_id
from portal.tickets.models import TicketEvent
from portal.tickets.service import applicant, handle
from tests.factories import MONDAY, Town
from tests.service.stages import Play, assigned, local, shown, signed
from tests.service.versions import restored

__all__ = ["restored"]
NEXT_DAY = local("2026-03-03 10:00")


def profile(name: str) -> Policy:
    query = select(Policy).where(Policy.profile == name).order_by(Policy.version)
    return db.session.scalars(query).first() or Policy()


def draft(*rules: ClockRule) -> int:
    """A draft of the default profile with these rules."""
    with transaction():
        row = policy_service.new_draft(profile("default").id, "吴管")
        row.rules = to_json(rules)
        return row.id


def enact(policy_id: int, now: datetime = NEXT_DAY, *, to_open: bool = False) -> None:
    with transaction():
        seen = policy_service.print_of(policy_service.get(policy_id))
        policy_service.enact(policy_id, seen, now, "吴管", to_open=to_open)


def with_target(clock: str, target: str) -> list[ClockRule]:
    """The default rules with one clock's plain target changed."""
    return [
        replace(rule, target=target) if rule.clock == clock and rule.weight == 0 else rule
        for rule in PROFILES["default"]
    ]


def recompute_all(now: datetime = NEXT_DAY) -> Recompute:
    while recompute.work(lambda: now):
        pass
    db.session.expire_all()
    return (
        db.session.scalars(select(Recompute).order_by(Recompute.id.desc())).first() or Recompute()
    )


def recomputed(play: Play) -> dict[str, dict]:
    """The payload of each recompute by its clock."""
    query = select(TicketEvent.payload).where(
        TicketEvent.ticket_id == play.ticket_id, TicketEvent.action == "recompute"
    )
    return {payload["clock"]: payload for payload in db.session.scalars(query)}


def armed(clock: Clock) -> set[str]:
    query = select(Timer.level).where(Timer.clock_id == clock.id, Timer.state == "armed")
    return set(db.session.scalars(query))


def test_a_new_version_is_for_new_clocks_only(restored: Town) -> None:
    before = signed(restored)
    new = draft(*with_target("resolve", "10wd"))
    enact(new)
    assert current_policy_id() == new
    after = signed(restored, NEXT_DAY)
    assert (before.clock("resolve").target, after.clock("resolve").target) == ("15wd", "10wd")
    assert (before.clock("resolve").policy_id, after.clock("resolve").policy_id) == (
        profile("default").id,
        new,
    )
    assert not recompute.waiting()


def test_the_preview_writes_nothing_and_counts_what_the_run_does(restored: Town) -> None:
    plays = [signed(restored) for _ in range(3)]
    assigned(restored).to_confirmation().confirm()
    new = draft(*with_target("resolve", "1wd"))
    late = local("2026-03-04 09:00")  # one working day after the Monday is over by then
    foreseen = impact.of_policy(policy_service.rules_of(policy_service.get(new)), late)
    assert (foreseen.open, foreseen.moved, foreseen.overdue) == (3, 3, 3)
    assert {play.clock("resolve").target for play in plays} == {"15wd"}
    enact(new, late, to_open=True)
    run = recompute_all(late)
    assert (run.total, run.seen, run.moved, run.overdue, run.failed) == (3, 3, 3, 3, 0)


def test_open_tickets_follow_with_an_audit_entry_of_old_and_new_due(restored: Town) -> None:
    play = signed(restored)
    new = draft(*with_target("resolve", "10wd"))
    enact(new, to_open=True)
    recompute_all()
    clock = play.clock("resolve")
    assert (clock.policy_id, clock.target, shown(clock.due_at)) == (new, "10wd", "2026-03-16 17:30")
    payload = recomputed(play)["resolve"]
    assert set(recomputed(play)) == {"resolve"}
    assert (payload["old_target"], payload["new_target"]) == ("15wd", "10wd")
    assert shown(datetime.fromisoformat(payload["old_due"])) == "2026-03-23 17:30"
    assert shown(datetime.fromisoformat(payload["new_due"])) == "2026-03-16 17:30"
    assert payload["policy"] == f"default {policy_service.get(new).version}"
    # What is promised the same follows the version, and has its timers.
    assert play.clock("reply").policy_id == new
    assert {"warn", "due"} <= armed(play.clock("reply"))


def test_another_profile_is_the_same_path(restored: Town) -> None:
    play = signed(restored)
    enact(profile("jiangmen").id, to_open=True)
    recompute_all()
    assert play.clock("resolve").target == "7d"
    assert shown(play.clock("resolve").due_at) == "2026-03-09 09:00"
    enact(profile("default").id, to_open=True)  # and back again
    recompute_all()
    assert shown(play.clock("resolve").due_at) == "2026-03-23 17:30"


def test_a_pause_and_an_extension_count_in_the_new_measure(restored: Town) -> None:
    play = signed(restored)
    play.later(to="2026-03-02 10:00").do(handle.ask_info, play.who, "请补充贷款合同")
    play.later(to="2026-03-04 10:00").do(applicant.supply_info, restored.firm, "已补充")
    with transaction():
        clock = db.session.get_one(Clock, play.clock("resolve").id)
        clock.due_at = local("2026-04-01 17:30")  # five working days more
    enact(draft(*with_target("resolve", "10wd")), to_open=True)
    recompute_all()
    clock = play.clock("resolve")
    assert shown(clock.original_due_at) == "2026-03-18 17:30"
    assert shown(clock.due_at) == "2026-03-25 17:30"


def test_a_promise_that_is_dropped_is_cancelled_with_its_timers(restored: Town) -> None:
    play = signed(restored)
    rules = [rule for rule in PROFILES["default"] if rule.clock != "verify"]
    new = draft(*rules)
    foreseen = impact.of_policy(rules, NEXT_DAY)
    assert (foreseen.moved, foreseen.cancelled) == (0, 1)
    enact(new, to_open=True)
    recompute_all()
    assert play.clock("verify").state == "cancelled"
    assert armed(play.clock("verify")) == set()
    assert recomputed(play)["verify"]["new_due"] is None
    assert "verify" not in signed(restored, NEXT_DAY).states()


def test_a_paused_clock_moves_and_stays_paused(restored: Town) -> None:
    play = signed(restored).do(handle.ask_info, restored.cadre, "请补充贷款合同")
    enact(draft(*with_target("resolve", "10wd")), to_open=True)
    recompute_all()
    clock = play.clock("resolve")
    assert (clock.state, shown(clock.due_at)) == ("paused", "2026-03-16 17:30")
    assert armed(clock) == set()
    play.later(to="2026-03-03 10:00").do(applicant.supply_info, restored.firm, "已补充")
    assert shown(play.clock("resolve").due_at) == "2026-03-17 17:30"


def test_a_rule_for_one_category_holds_for_it_alone(restored: Town) -> None:
    finance = restored.categories["融资"]
    reply = next(r for r in PROFILES["default"] if r.clock == "reply" and r.weight == 0)
    rules = [*PROFILES["default"], replace(reply, target="2wd", categories=(finance,))]
    # 融资 is no consultation, so the two rules with one condition each would meet only there.
    rules = [rule for rule in rules if rule.kind != ("consult",)]
    enact(draft(*rules))
    assert signed(restored).clock("reply").target == "2wd"


def test_a_run_that_a_newer_policy_overtakes_stops(restored: Town) -> None:
    signed(restored)
    enact(draft(*with_target("resolve", "10wd")), to_open=True)
    enact(profile("zhuhai").id)
    run = recompute_all()
    assert (run.state, run.seen) == ("superseded", 0)


def test_rules_that_overlap_are_never_put_in_force(restored: Town) -> None:
    both = draft(*PROFILES["default"], replace(PROFILES["default"][0], target="1wd"))
    with pytest.raises(Invalid, match="冲突"):
        enact(both)
    assert current_policy_id() == profile("default").id


def test_a_version_in_force_is_never_changed(restored: Town) -> None:
    first = profile("default")
    rule = PROFILES["default"][0]
    for change in (
        lambda: policy_service.save_rule(first.id, 0, rule, policy_service.print_of(first)),
        lambda: policy_service.remove_rule(first.id, 0, policy_service.print_of(first)),
        lambda: policy_service.drop_draft(first.id),
    ):
        with pytest.raises(Conflict), transaction():
            change()


def test_two_editors_of_one_draft_do_not_overwrite_each_other(restored: Town) -> None:
    new = draft(*PROFILES["default"])
    seen = policy_service.print_of(policy_service.get(new))
    with transaction():
        policy_service.save_rule(new, 0, replace(PROFILES["default"][0], target="60wm"), seen)
    with pytest.raises(Conflict), transaction():
        policy_service.remove_rule(new, 1, seen)
    with pytest.raises(Conflict), transaction():
        policy_service.enact(new, seen, MONDAY, "吴管", to_open=False)


def test_drafts_are_numbered_and_dropped(restored: Town) -> None:
    first, second = draft(), draft()
    assert [policy_service.get(one).version for one in (first, second)] == [2, 3]
    with transaction():
        policy_service.drop_draft(first)
    with pytest.raises(NotFound):
        policy_service.get(first)
