"""`flask sla`: due instants by the calendar, and the sweep by hand."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from portal.db import utcnow
from portal.errors import Invalid
from portal.extensions import db
from portal.sla import targets
from portal.sla.calendar_data import china_calendar
from portal.sla.calendars import current_calendar
from portal.sla.explain import Line, explain
from portal.sla.explain_words import sentence
from portal.sla.explaining import explain_ticket, to_json
from portal.sla.lateness import standing
from portal.sla.repair import repair
from portal.sla.simulate import Year
from portal.sla.simulate_scratch import in_scratch, make_people, problems
from portal.sla.sweep import sweep
from portal.sla.worktime import Calendar
from portal.tickets.models import Ticket
from portal.wording import clock_name

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
@click.option("--explain", "with_lines", is_flag=True, help="Show the arithmetic line by line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def due_command(start: datetime, target: str, with_lines: bool, as_json: bool) -> None:
    """The instant at which a clock breaches, in Asia/Shanghai (domain.md §3)."""
    try:
        calendar, promised = _calendar(), targets.parse_target(target)
        due = targets.due(calendar, start, promised)
        at = due.at.astimezone(LOCAL).isoformat()
        lines = explain(calendar, start, promised) if with_lines else []
    except (ValueError, OverflowError, Invalid) as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        row: dict[str, Any] = {"due": at, "provisional": due.provisional}
        if with_lines:
            row["lines"] = [_line(line, calendar) for line in lines]
        click.echo(json.dumps(row, ensure_ascii=False))
        return
    click.echo(f"{at}{' (provisional)' if due.provisional else ''}")
    for line in lines:
        click.echo(f"  {sentence(line, calendar)}")


@sla.command("explain")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def explain_command(number: str, as_json: bool) -> None:
    """How each due of the ticket NUMBER was worked out, line by line."""
    ticket = db.session.scalar(select(Ticket).where(Ticket.number == number.strip().upper()))
    if ticket is None:
        raise click.UsageError(f"没有编号为 {number} 的诉求。")
    found = explain_ticket(ticket)
    if as_json:
        clocks = [
            {**to_json(one), "lines": [_line(line, one.calendar) for line in one.lines]}
            for one in found
        ]
        click.echo(json.dumps({"number": ticket.number, "clocks": clocks}, ensure_ascii=False))
        return
    click.echo(f"{ticket.number} {ticket.title}")
    for one in found:
        click.echo(f"\n{clock_name(one.clock.kind)} · {one.clock.round} · {one.clock.state}")
        for line in one.lines:
            click.echo(f"  {sentence(line, one.calendar)}")


def _line(line: Line, calendar: Calendar) -> dict[str, Any]:
    return {**line.to_json(calendar), "text": sentence(line, calendar)}


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


@sla.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status_command(as_json: bool) -> None:
    """How many timers are armed and due, and how late those of the last hour fired."""
    found = standing(utcnow())
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    click.echo(f"{found.armed} armed, {found.due} due now, {found.fired} fired in the last hour")
    if found.p50 is not None and found.p99 is not None:
        click.echo(f"fired late by: p50 {found.p50:.1f} s, p99 {found.p99:.1f} s")


@sla.command("repair")
@click.option("--dry-run", is_flag=True, help="Say what is wrong and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def repair_command(dry_run: bool, as_json: bool) -> None:
    """Re-arm what is missing, cancel what is left behind, and say what was changed."""
    changes = repair(utcnow(), dry_run=dry_run)
    if as_json:
        rows = [asdict(change) for change in changes]
        click.echo(json.dumps({"dry_run": dry_run, "changes": rows}, ensure_ascii=False))
        return
    for one in changes:
        click.echo(f"{one.number} {one.what} {one.clock} {' '.join(one.levels)}".rstrip())
    verb = "would be changed" if dry_run else "changed"
    click.echo(f"{len(changes)} {verb}")


@sla.command("simulate")
@click.option("--tickets", type=click.IntRange(1, 100_000), default=200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="the same seed plays the same")
@click.option("--here", is_flag=True, help="Use this database, which must be new and empty.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def simulate_command(tickets: int, seed: int, here: bool, as_json: bool) -> None:
    """Play a year of tickets, pauses, disputes, crashed sweeps and a calendar edit, and check it.

    It makes a database of its own and removes it; --here is for one you have made yourself.
    """
    if not here:
        given = ["--tickets", str(tickets), "--seed", str(seed), *(["--json"] if as_json else [])]
        raise SystemExit(in_scratch(given))
    try:
        people = make_people()
    except Invalid as error:
        raise click.UsageError(error.message) from error
    trace = Year(people, tickets, seed).play()
    clocks = [clock for ticket in trace.tickets for clock in ticket["clocks"]]
    row: dict[str, Any] = {
        "tickets": len(trace.tickets),
        "clocks": len(clocks),
        "fired": sum(len(clock["fired"]) for clock in clocks),
        "sweeps": len(trace.sweeps),
        "crashes": trace.crashes,
        "failed": trace.failed,
        "acts": dict(sorted(trace.acts.items())),
        "differences": problems(),
    }
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        for name, value in row.items():
            click.echo(f"{name:12} {value}")
    if row["failed"] or row["differences"]:
        raise SystemExit(1)
