"""Today's tickets of the demonstration stand where they should at any hour of any day."""

from datetime import UTC, datetime

import pytest

from portal.demo import checks, plan, present, visited
from portal.demo.stage import Stage, one_transaction
from portal.demo.town import Town
from portal.sla.calendars import current_calendar


class RolledBack(Exception):
    """Ends the transaction of a play without a trace."""


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 23, 0, 31, tzinfo=UTC),  # a minute after Monday's opening
        datetime(2026, 11, 24, 13, 0, tzinfo=UTC),  # a Tuesday evening
        datetime(2026, 10, 3, 4, 30, tzinfo=UTC),  # noon in the October holidays
    ],
)
def test_every_queue_has_work_and_nothing_is_left_to_do(ctx: None, now: datetime) -> None:
    with pytest.raises(RolledBack), one_transaction() as session:
        calendar = current_calendar()
        cast = Town(plan.source("hours:town")).build(now.date())
        stage = Stage(session, calendar, notices=True)
        present.enter(stage, cast, plan.source("hours"), now)
        visited.enter(stage, cast, plan.source("hours:visited"), now)
        stage.play(now)
        assert checks.today_faults(now) == []
        raise RolledBack
