"""`flask keys`: what lies under which key, and a new key for all of it."""

import sys

import click
from flask.cli import AppGroup

from portal.db import transaction
from portal.extensions import db
from portal.keys import rotation
from portal.keys.ciphers import CIPHERS, DEFAULT
from portal.keys.columns import ring_of
from portal.keys.ring import MissingKey, RingError, Unreadable, new_entry, parse

keys = AppGroup("keys", help="Keys of sealed fields: status, a new entry, rotation.")


@keys.command("new")
@click.argument("key_id")
@click.option("--cipher", type=click.Choice(sorted(CIPHERS)), default=DEFAULT)
def new_command(key_id: str, cipher: str) -> None:
    """Print a fresh entry for FIELD_KEYS. Nothing is stored."""
    entry = new_entry(key_id, cipher)
    try:
        parse(f"{entry},{new_entry('index')}")
    except RingError as error:
        raise click.UsageError(str(error)) from error
    click.echo(entry)


@keys.command("status")
def status_command() -> None:
    """Count the values of every sealed column by key; fails where one is not readable here."""
    ring, wrong = ring_of(db.engine.dialect), 0
    click.echo(f"当前密钥 {ring.current.id}({ring.current.cipher})")
    for one in rotation.held():
        known = one.key_id in ring.keys
        wrong += 0 if known else one.count
        name = one.key_id or "明文"
        mark = "" if known else "  ← 密钥环中没有" if one.key_id else "  ← 没有加密"
        click.echo(f"{one.table}.{one.column}  {name}  {one.count}{mark}")
    if wrong:
        raise click.ClickException(f"{wrong} 个值无法读取,请补上缺少的密钥。")


@keys.command("rotate")
@click.option("--every", is_flag=True, help="All rows, and their indexes: after a new index key.")
def rotate_command(every: bool) -> None:
    """Seal everything under the first key of the ring; stopped, it goes on where it was.

    Pages and workers go on meanwhile. Take the old key out of FIELD_KEYS only when `keys status`
    counts nothing under it, and no backup that needs it is left.
    """
    total = 0
    for table in rotation.tables():
        after: int | None = 0
        rows = rotation.last(table) or 1
        label, hidden = f"{table.name:20}", not sys.stderr.isatty()
        with click.progressbar(length=rows, label=label, file=sys.stderr, hidden=hidden) as bar:
            while after is not None:
                begun = after
                try:
                    with transaction():
                        after, written = rotation.step(table, begun, every=every)
                except (MissingKey, Unreadable) as error:
                    raise click.ClickException(f"{table.name}(id > {begun}):{error}") from error
                total += written
                bar.update((after or rows) - begun)
    click.echo(f"已用当前密钥重新加密 {total} 行。")
