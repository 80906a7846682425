"""Elevation 提级: after a second return by itself, by a supervisor's word, never twice."""

import pytest

from portal.errors import InvalidTransition, NotAllowed
from portal.tickets.service import assign, elevate, handle, triage
from tests.factories import Town
from tests.service.stages import Play, signed


def twice_returned(town: Town) -> Play:
    """A ticket that two units gave back; the supervisor has named the third owner."""
    play = signed(town).do(handle.ask_return, town.cadre, "not_ours", "不归我们管")
    play.do(triage.grant_return, town.dispatcher, "同意")
    play.do(assign.dispatch, town.dispatcher, town.departments["labour"], None, "归口")
    assert play.ticket.elevated_at is None
    play.do(handle.ask_return, town.labour, "not_ours", "也不归我们管")
    finance = town.departments["finance"]
    return play.do(assign.redirect, town.supervisor, finance, town.cadre2.id, "统筹")


def test_the_second_return_elevates_at_once(town: Town) -> None:
    play = twice_returned(town)
    assert (play.ticket.returned, play.ticket.elevated_at) == (2, play.now)
    event = play.event()
    assert (event.action, event.actor_role) == ("elevate", "system")
    assert (event.payload["why"], event.public) == ("returns", False)
    assert play.told("elevated") == ["leader"]


def test_a_supervisor_elevates_once_and_says_why(town: Town) -> None:
    play = signed(town)
    with pytest.raises(NotAllowed):
        play.do(elevate.elevate, town.cadre, "asked", text="请协调")
    play.do(elevate.elevate, town.supervisor, "asked", text="涉及两个单位")
    event = play.event()
    assert (event.actor_id, event.payload["text"]) == (town.supervisor.id, "涉及两个单位")
    assert (play.ticket.elevated_at, play.status) == (play.now, "in_progress")
    assert play.told("elevated") == ["leader"]
    with pytest.raises(InvalidTransition, match="已经提级"):
        play.do(elevate.elevate, town.leader, "asked", text="再提一次")


def test_what_is_elevated_already_stays_as_it_was(town: Town) -> None:
    play = signed(town).do(elevate.elevate, town.supervisor, "asked", text="涉及两个单位")
    first = play.now
    play.do(handle.ask_return, town.cadre, "not_ours", "不归我们管")
    play.later(5).do(triage.grant_return, town.dispatcher, "同意")
    play.do(assign.dispatch, town.dispatcher, town.departments["labour"], None, "归口")
    play.do(handle.ask_return, town.labour, "not_ours", "也不归我们管")
    play.do(assign.redirect, town.supervisor, town.departments["finance"], None, "统筹")
    assert (play.ticket.elevated_at, play.events().count("elevate")) == (first, 1)
