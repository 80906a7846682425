"""`flask demo`: loads the demonstration and shows its accounts."""

import json
from dataclasses import asdict
from unicodedata import east_asian_width

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from portal.auth.models import User
from portal.db import utcnow
from portal.demo.accounts import ACCOUNTS, PASSWORD
from portal.demo.load import load
from portal.demo.stage import PlayError
from portal.errors import PortalError
from portal.extensions import db
from portal.wording import ROLES

demo = AppGroup("demo", help="The demonstration: a played year, and tickets that are open today.")


@demo.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing where there are tickets already.")
@click.option("--yes-really", is_flag=True, help="Load into a production installation, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def load_command(if_empty: bool, yes_really: bool, as_json: bool) -> None:
    """Play 2023 and the last days through the real services. All or nothing."""
    if current_app.config["ENVIRONMENT"] == "production" and not yes_really:
        raise click.ClickException("这是生产环境，不载入演示数据；确需载入请加 --yes-really。")
    try:
        loaded = load(utcnow(), if_empty=if_empty, say=lambda words: click.echo(words, err=True))
    except (PortalError, PlayError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(loaded)))
    elif loaded.kept:
        click.echo("数据库中已有诉求，保留原有数据。")
    else:
        click.echo(
            f"演示数据已载入：2023 年受理 {loaded.accepted} 件，解决 {loaded.solved} 件；"
            f"今天在办 {loaded.open_today} 件。"
        )


@demo.command("accounts")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def accounts_command(as_json: bool) -> None:
    """Show the demonstration accounts."""
    if as_json:
        rows = [asdict(account) for account in ACCOUNTS]
        click.echo(json.dumps({"password": PASSWORD, "accounts": rows}, ensure_ascii=False))
        return
    names = [account.username for account in ACCOUNTS]
    if db.session.scalar(select(User.id).where(User.username.in_(names)).limit(1)) is None:
        click.echo("这个数据库里没有演示账号。")
        return
    click.echo(f"演示账号（密码都是 {PASSWORD}）：")
    for account in ACCOUNTS:
        role = _padded(str(ROLES[account.role]), 12)
        click.echo(f"  {account.username:9}{role}{_padded(account.name, 8)}{account.to_try}")


def _padded(text: str, width: int) -> str:
    """The text and blanks up to `width` columns; a Chinese character takes two."""
    used = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * (width - used)
