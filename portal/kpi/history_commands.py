"""`flask kpi history`: the figures of imported history, which the workflow's figures leave out."""

import json
from datetime import datetime

import click

from portal.kpi.history import WITHIN, Replies, history, plain
from portal.kpi.periods import FIRST_YEAR, LAST_YEAR, Period

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("history")
@click.option("--from", "first", type=DAY, help="First local day of submission.")
@click.option("--to", "last", type=DAY, help="Last local day of submission, counted too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def history_command(first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Replies of imported history: on time within 15 working days, median and p90 of the hours.

    By default all of it, with a line for each year.
    """
    found = history(_period(first, last))
    if as_json:
        years = {str(year): plain(one) for year, one in found.years.items()}
        click.echo(json.dumps({**plain(found.total), "within_days": WITHIN, "years": years}))
        return
    for label, one in (("all", found.total), *found.years.items()):
        click.echo(f"{label!s:<6} {_line(one)}")


def _period(first: datetime | None, last: datetime | None) -> Period | None:
    if first is None and last is None:
        return None
    start = first or datetime(FIRST_YEAR, 1, 1)  # noqa: DTZ001 - a day, no instant
    end = last or datetime(LAST_YEAR, 12, 31)  # noqa: DTZ001
    if end < start:
        raise click.UsageError(f"--to {end.date()} lies before --from {start.date()}.")
    return Period(start.date(), end.date())


def _line(one: Replies) -> str:
    if one.rate is None or one.interval is None:
        return f"{one.on_time} / {one.d} = –"
    low, high = one.interval
    share = f"{one.on_time} / {one.d} = {one.rate:.1%} ({low:.1%}–{high:.1%}) on time"
    return f"{share}, median {one.median} h, p90 {one.p90} h"
