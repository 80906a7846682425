"""`flask bulletin`: make a weekly or monthly bulletin by hand, and list what there is."""

from datetime import date, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.kpi.periods import Period, local_day
from portal.supervision import archive, cycles, making
from portal.supervision.cycles import Kind
from portal.supervision.models import Bulletin

bulletin = AppGroup("bulletin", help="The weekly and monthly bulletins.")


@bulletin.command("make")
@click.option("--month", type=click.DateTime(["%Y-%m"]), help="A month such as 2023-05.")
@click.option("--week", type=click.DateTime(["%Y-%m-%d"]), help="A day of the week.")
def make_command(month: datetime | None, week: datetime | None) -> None:
    """Make the bulletin of one month or week; one that is there stays as it is."""
    if (month is None) == (week is None):
        raise click.UsageError("Give either --month or --week.")
    kind: Kind = "week" if month is None else "month"
    period = cycles.cycle(kind, (month or week or utcnow()).date())
    now = utcnow()
    if period.last >= local_day(now):
        raise click.UsageError(f"{period.first} to {period.last} is not over yet.")
    with transaction():
        asked = archive.ask(kind, period, now) is not None
        row = _row(kind, period.first)
        asked = archive.again(row) or asked or row.state == "waiting"
    if asked:
        making.work(Path(current_app.config["UPLOAD_DIR"]), current_app.config["PDF_FONT"])
    _say(kind, period, asked)


@bulletin.command("list")
def list_command() -> None:
    """The bulletins, the newest first."""
    order = Bulletin.first.desc(), Bulletin.id.desc()
    for row in db.session.scalars(select(Bulletin).order_by(*order)):
        sizes = f"pdf {row.pdf_size or 0} B, xlsx {row.xlsx_size or 0} B"
        click.echo(f"{row.kind:<6} {row.first} {row.last} {row.state:<8} {sizes}")


def _row(kind: Kind, first: date) -> Bulletin:
    query = select(Bulletin).where(Bulletin.kind == kind, Bulletin.first == first)
    return db.session.scalars(query).one()


def _say(kind: Kind, period: Period, asked: bool) -> None:
    db.session.expire_all()
    row = _row(kind, period.first)
    if row.state != "made":
        raise click.ClickException(
            row.problem or "正在由后台生成，请稍后用 flask bulletin list 查看。"
        )
    folder = Path(current_app.config["UPLOAD_DIR"])
    click.echo("已生成：" if asked else "已有：")
    for form, size in (("pdf", row.pdf_size), ("xlsx", row.xlsx_size)):
        if size:
            click.echo(f"{making.path_of(row, form, folder)} ({size} B)")
    if row.problem:
        raise click.ClickException(row.problem)
