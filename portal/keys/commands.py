"""`flask keys`: what lies under which key, whether it opens, and a new key for all of it."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import Table

from portal.db import transaction
from portal.extensions import db
from portal.keys import rotation
from portal.keys.ciphers import CIPHERS, DEFAULT
from portal.keys.columns import ring_of
from portal.keys.ring import MissingKey, RingError, Unreadable, new_entry, parse

keys = AppGroup("keys", help="Keys of sealed fields: status, check, a new entry, rotation.")


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
    """Count the values of every sealed column by key; fails where one is not readable here.

    旧格式: of a release before, not bound to its row; `keys rotate` binds it.
    """
    ring, wrong = ring_of(db.engine.dialect), 0
    click.echo(f"当前密钥 {ring.current.id}({ring.current.cipher})")
    for one in rotation.held():
        known = one.key_id in ring.keys
        wrong += 0 if known else one.count
        name = one.key_id or "明文"
        mark = (
            ("  旧格式" if one.rowless else "")
            if known
            else "  ← 密钥环中没有"
            if one.key_id
            else "  ← 没有加密"
        )
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
        for step in _walk(table, partial(rotation.step, every=every)):
            total += step[1]
    click.echo(f"已用当前密钥重新加密 {total} 行。")


@keys.command("verify")
def verify_command() -> None:
    """Open every sealed value; name those that do not: altered, copied from another row, no key.

    Changes nothing. Ends with code 1 when one does not open.
    """
    total, wrong = 0, 0
    for table in rotation.tables():
        for _after, count, found in _walk(table, rotation.look):
            total, wrong = total + count, wrong + len(found)
            for one in found:
                click.echo(f"{one.table}.{one.column} {one.row}:{one.why}")
    if wrong:
        raise click.ClickException(f"{wrong} 个值无法读取。")
    click.echo(f"已检查 {total} 行,全部可以读取。")


def _walk(table: Table, step: Callable[[Table, rotation.Place], Any]) -> Iterator[Any]:
    """Each batch of a table in a transaction of its own, with a bar for who watches."""
    after: rotation.Place | None = rotation.START
    rows, hidden = rotation.last(table) or 1, not sys.stderr.isatty()
    with click.progressbar(
        length=rows, label=f"{table.name:20}", file=sys.stderr, hidden=hidden
    ) as bar:
        while after is not None:
            begun = after
            try:
                with transaction():
                    found = step(table, begun)
            except (MissingKey, Unreadable) as error:
                raise click.ClickException(f"{table.name}(> {begun}):{error}") from error
            after = found[0]
            bar.update((after[0] if after else rows) - (begun[0] if begun else 0))
            yield found
