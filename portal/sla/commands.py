"""`flask sla`: due instants by the calendar, and the sweep by hand."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup
from sqlalchemy.exc import ProgrammingError

from portal.errors import Invalid
from portal.extensions import db
from portal.sla import targets
from portal.sla.calendar_data import china_calendar
from portal.sla.calendars import current_calendar
from portal.sla.sweep import sweep
from portal.sla.worktime import Calendar

LOCAL = ZoneInfo("Asia/Shanghai")

sla = AppGroup("sla", help="Clocks: due instants and the sweep that fires timers.")


class Instant(click.ParamType):
    """ISO 8601; without an offset it is Asia/Shanghai. Comes out aware, in UTC."""

    name = "instant"

    def convert(self, value: object, param: object, ctx: object) -> datetime:
        try:
            instant = datetime.fromisoformat(str(value))
            if instant.tzinfo is None:
                instant = instant.replace(tzinfo=LOCAL)
            return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not an instant like 2025-09-29T10:00")


@sla.command("due")
@click.option("--start", type=Instant(), required=True, help="e.g. 2025-09-29T10:00")
@click.option("--target", required=True, help="Nwd, Nwm (working minutes), Nh or Nd")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def due_command(start: datetime, target: str, as_json: bool) -> None:
    """The instant at which a clock breaches, in Asia/Shanghai (domain.md §3)."""
    try:
        due = targets.due(_calendar(), start, targets.parse_target(target))
        at = due.at.astimezone(LOCAL).isoformat()
    except (ValueError, OverflowError, Invalid) as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(json.dumps({"due": at, "provisional": due.provisional}))
    else:
        click.echo(f"{at}{' (provisional)' if due.provisional else ''}")


def _calendar() -> Calendar:
    """The calendar in force; before the first migration the shipped one, which is the same."""
    try:
        return current_calendar()
    except ProgrammingError:
        db.session.rollback()
        return china_calendar()


@sla.command("sweep")
@click.option("--now", type=Instant(), help="sweep as of this instant instead of the present")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sweep_command(now: datetime | None, as_json: bool) -> None:
    """Fire every timer that is due, in this process."""
    swept = sweep(now)
    row = {"fired": swept.fired, "skipped": swept.skipped, "failed": swept.failed}
    click.echo(
        json.dumps(row)
        if as_json
        else f"{swept.fired} fired, {swept.skipped} skipped, {swept.failed} failed"
    )
