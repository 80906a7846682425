"""`flask user`: accounts by hand, for the first administrator above all."""

import json
import re
import secrets

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.auth import password_service, service
from portal.auth.models import User
from portal.auth.roles import ACCOUNT_ROLES, Role
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.directory.models import Department, Enterprise
from portal.errors import PortalError
from portal.extensions import db
from portal.fields import USERNAME, clean

user = AppGroup("user", help="Accounts.")


@user.command("create")
@click.argument("username")
@click.option("--name", required=True, help="the person's name")
@click.option("--role", type=click.Choice([str(role) for role in ACCOUNT_ROLES]), required=True)
@click.option("--department", help="name of the unit, for cadres and reviewers")
@click.option("--uscc", help="the firm's credit code, for applicants")
@click.option("--phone")
@click.password_option(help="asked for when not given; must be changed at the first sign-in")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_command(
    username: str,
    name: str,
    role: str,
    department: str | None,
    uscc: str | None,
    phone: str | None,
    password: str,
    as_json: bool,
) -> None:
    """Create an account."""
    if re.match(USERNAME, username) is None:
        raise click.UsageError("A username has 3 to 32 letters, digits or . _ - @.")
    if not clean(name):
        raise click.UsageError("--name is empty.")
    try:
        with transaction():
            created = service.create_user(
                username,
                clean(name),
                Role(role),
                password,
                utcnow(),
                phone=phone,
                department_id=_id(Department.id, Department.name, department, "department"),
                enterprise_id=_id(Enterprise.id, Enterprise.uscc, uscc, "firm"),
                must_change_password=True,
            )
            row = {"id": created.id, "username": created.username, "role": created.role}
    except PortalError as error:
        raise click.UsageError(error.message) from error
    click.echo(json.dumps(row) if as_json else f"created {row['username']} ({row['role']})")


@user.command("administrators")
@click.option("--admin", required=True, help="user name of the system administrator")
@click.option("--security", required=True, help="user name of the security administrator")
@click.option("--auditor", required=True, help="user name of the auditor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def administrators_command(admin: str, security: str, auditor: str, as_json: bool) -> None:
    """Create the first three administrators, each with a one-time password that is shown once."""
    wanted = {Role.ADMIN: admin, Role.SECURITY_ADMIN: security, Role.AUDITOR: auditor}
    there = db.session.scalars(select(User.role).where(User.role.in_(wanted), User.active))
    if found := sorted(set(there)):
        raise click.UsageError(f"there is already: {', '.join(found)}")
    given = {name: secrets.token_urlsafe(12) for name in wanted.values()}
    if len(given) != len(wanted):
        raise click.UsageError("three persons need three user names")
    try:
        with transaction():
            for role, name in wanted.items():
                service.create_user(
                    *(name, name, role, given[name], utcnow()), must_change_password=True
                )
    except PortalError as error:
        raise click.UsageError(error.message) from error
    if as_json:
        click.echo(json.dumps(given))
        return
    for role, name in wanted.items():
        click.echo(f"{role:16}{name:20}{given[name]}")


@user.command("password")
@click.argument("username")
def password_command(username: str) -> None:
    """Give somebody a one-time password, shown once: an administrator's is given this way only."""
    found = db.session.scalar(select(User).where(User.username == username.strip().lower()))
    if found is None:
        raise click.UsageError(f"there is no account {username}")
    password = secrets.token_urlsafe(12)
    with transaction():
        password_service.reset_password(Editor(None, utcnow()), found.id, password)
    click.echo(password)


def _id(column, where, value: str | None, what: str) -> int | None:
    if value is None:
        return None
    found = db.session.scalar(select(column).where(where == value))
    if found is None:
        raise click.UsageError(f"there is no {what} {value}")
    return found
