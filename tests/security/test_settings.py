"""Settings that are unsafe: refused at the start in production, or found by `flask check`."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection
from sqlalchemy import Engine, text, update

from portal.audit import job
from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import Role
from portal.checks.commands import ROWS, run
from portal.checks.finding import Severity
from portal.checks.installation import other_versions
from portal.config import PROJECT, ConfigError, load_config
from portal.db import transaction, utcnow
from portal.demo.accounts import PASSWORD
from portal.private import retention
from tests.factories import Town, make_user

KEY = "k3y-Made-by-chance-0123456789abcdef"
SAFE = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": KEY,
    "TRUSTED_HOSTS": "suqiutong.gov.cn",
    "DATABASE_URL": "postgresql://app:s3cr3t-and-long@db.internal/suqiutong?sslmode=verify-full",
    "MIGRATION_DATABASE_URL": "postgresql://owner:s3cr3t-and-long@db.internal/suqiutong",
    "REDIS_URL": "rediss://:s3cr3t-and-long@queue.internal:6379/0",
    "PORTAL_HTTPS": "1",
    "TRUSTED_PROXIES": "1",
}


Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a production that is as it should be, but for what is given.

    Text goes into the environment, as an operator gives it; anything else is put in its place.
    """

    def loaded(**change: Any) -> dict[str, Any]:
        places = {"PORTAL_INSTANCE": str(tmp_path), "UPLOAD_DIR": str(tmp_path / "up")}
        given = {**SAFE, **places, **change}
        monkeypatch.delenv("FLASK_DEBUG", raising=False)
        for name, value in given.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            elif isinstance(value, str):
                monkeypatch.setenv(name, value)
        return load_config({k: v for k, v in given.items() if isinstance(v, bool)})

    return loaded


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "too-short-to-be-a-key"}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY"),
        ({"SECRET_KEY": "please-change-me-0123456789abcdef"}, "SECRET_KEY"),
        ({"TRUSTED_HOSTS": ""}, "TRUSTED_HOSTS"),
        ({"TRUSTED_HOSTS": "*"}, "TRUSTED_HOSTS"),
        ({"TRUSTED_HOSTS": "https://suqiutong.gov.cn"}, "TRUSTED_HOSTS"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"SECRET_KEY_FILE": "/nowhere/at/all", "SECRET_KEY": ""}, "SECRET_KEY_FILE"),
        ({"SECRET_KEY_FILE": "/dev/null", "SECRET_KEY": ""}, "SECRET_KEY_FILE"),
        ({"SECRET_KEY_FILE": "/dev/null"}, "SECRET_KEY_FILE"),
    ],
)
def test_production_does_not_start_with_what_opens_everything(
    load: Load, change: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        load(**change)
    assert "change-me" not in str(error.value) and "too-short" not in str(error.value)


def test_secrets_come_from_files_too(load: Load, tmp_path: Path) -> None:
    change: dict[str, str | None] = {}
    for name in ("SECRET_KEY", "DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL"):
        (tmp_path / name).write_text(f"{SAFE[name]}\n")
        change |= {name: None, f"{name}_FILE": str(tmp_path / name)}
    config = load(**change)
    assert config["SECRET_KEY"] == KEY
    assert "db.internal" in config["DATABASE_URL"] and config["REDIS_URL"].startswith("rediss://")
    assert config["SESSION_COOKIE_NAME"] == "__Host-suqiutong"


def _found(config: dict[str, Any], part: str = "settings") -> dict[str, str]:
    rows = [row for row in ROWS if row.look.__module__.endswith(part)]
    return {one.id: one.detail for one in run(rows, config)}


def test_a_safe_configuration_has_nothing_but_what_is_not_set(load: Load) -> None:
    found = _found(load())
    assert set(found) <= {"scanner", "backup-unknown", "own-keys", "breached-passwords"}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"PORTAL_ENV": "development"}, {"environment"}),
        ({"PORTAL_ENV": "development", "SECRET_KEY": "short"}, {"environment", "secret-key"}),
        ({"PORTAL_ENV": "development", "TRUSTED_HOSTS": None}, {"environment", "hosts"}),
        ({"PORTAL_HTTPS": "0"}, {"https"}),
        ({"TRUSTED_PROXIES": "0"}, {"proxies"}),
        ({"CHALLENGE": "0"}, {"challenge"}),
        ({"SECOND_FACTOR_STAFF": "admins"}, {"second-factor"}),
        ({"PASSWORD_ROUNDS": "1"}, {"password-cost"}),
        ({"DEBUG": True}, {"debug"}),
        ({"SESSION_COOKIE_SAMESITE": False}, {"cookies"}),
        ({"WTF_CSRF_ENABLED": False}, {"csrf"}),
        ({"RATELIMIT_ENABLED": False}, {"rate-limits"}),
        ({"REDIS_URL": "redis://queue.internal:6379/0"}, {"queue-password", "queue-tls"}),
        ({"REDIS_URL": "redis://localhost:6379/0"}, set()),
        (
            {"DATABASE_URL": "postgresql://app:app@db.internal/x"},
            {"database-tls", "database-password"},
        ),
        ({"DATABASE_URL": "postgresql://app:app@localhost/x"}, set()),
        ({"MIGRATION_DATABASE_URL": None}, {"owner-apart"}),
        ({"BACKUP_STAMP": "/nowhere/at/all"}, {"backup"}),
    ],
)
def test_each_unsafe_setting_is_found(load: Load, change: dict[str, Any], wanted: set[str]) -> None:
    before = set(_found(load()))
    assert wanted == set(_found(load(**change))) - before


def test_a_folder_that_is_served_is_no_place_for_uploads(load: Load) -> None:
    inside = PROJECT / "static" / "uploads"
    assert "upload-place" in _found({**load(), "UPLOAD_DIR": str(inside)})


def test_open_folders_and_old_backups_are_found(load: Load, tmp_path: Path) -> None:
    stamp = tmp_path / "backup"
    stamp.touch()
    config = load(BACKUP_STAMP=str(stamp))
    assert not {"backup", "upload-mode", "key-mode"} & set(_found(config))
    old = time.time() - 40 * 3600
    os.utime(stamp, (old, old))
    Path(config["UPLOAD_DIR"]).chmod(0o755)
    key = tmp_path / "secret_key"
    key.write_text("x")
    key.chmod(0o644)
    found = _found(config)
    assert found["backup"].endswith("40 h")
    assert found["upload-mode"].endswith("755") and found["key-mode"].endswith("644")


def test_every_row_has_an_id_of_its_own_and_both_languages() -> None:
    ids = [row.id for row in ROWS]
    assert len(set(ids)) == len(ids) >= 25
    assert all(row.chinese and row.english.isascii() for row in ROWS)


@pytest.fixture
def careless(owner: Engine, town: Town) -> Iterator[None]:
    """A database where the application may change events, and a demonstration account."""
    user = make_user("ganbu", Role.DISPATCHER, "许建宁")
    user.password_hash = HASHER.hash(PASSWORD)
    with transaction():
        pass
    role = "suqiutong_app"
    with owner.begin() as connection:
        role = (
            connection.execute(
                text(
                    "SELECT grantee FROM information_schema.role_table_grants WHERE table_name ="
                    " 'ticket_event' AND privilege_type = 'INSERT' AND grantee <> current_user"
                )
            )
            .scalars()
            .first()
            or role
        )
        connection.execute(text(f'GRANT UPDATE ON ticket_event TO "{role}"'))
    yield
    with owner.begin() as connection:
        connection.execute(text(f'REVOKE UPDATE ON ticket_event FROM "{role}"'))


def test_packages_are_compared_with_what_is_pinned() -> None:
    pins = """flask==3.1.0 \\
    --hash=sha256:0 \\
    # via -r requirements.in
Jinja2==3.1.6 \\
pywin32==300 ; sys_platform == 'win32' \\
gone==1.0 \\
numpy==2.4.6 ; python_full_version < '3.12' \\
numpy==2.5.5 ; python_full_version >= '3.12' \\
"""
    here = {"flask": "3.1.0", "Jinja2": "3.0.0", "numpy": "2.4.6"}
    assert other_versions(pins, here.get) == ["Jinja2 3.0.0, not 3.1.6", "gone -, not 1.0"]
    assert other_versions("pywin32==300 ; sys_platform == 'win32'", {"pywin32": "299"}.get)


def test_what_runs_badly_is_found(
    app: Flask, town: Town, tmp_path: Path, broom: Connection
) -> None:
    """A log that is not sealed or signed, keys open to all, administrators missing or without
    a second factor, demonstration accounts in production, a retention that never ran."""
    with transaction() as session:
        session.execute(update(User).values(created_at=utcnow() - timedelta(days=4)))
    job.bring_up(utcnow)
    before = _found(dict(app.config), "installation")
    assert not before.keys() & {"audit-unsealed", "audit-unsigned", "key-files", "demo-marked"}
    assert not before.keys() & {"pins", "administrators"}
    assert before["retention"] == "96.0 h" and "security" in before["administrators-factor"]
    key = tmp_path / "field_keys"
    key.touch(0o644)
    key.chmod(0o644)
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit").chmod(0o755)
    with transaction() as session:
        session.get_one(User, town.people["auditor"].id).active = False
        session.get_one(User, town.cadre.id).demonstration = True
        retention.noted(utcnow().date(), {}, utcnow())
    broom.execute("UPDATE audit_queue SET at = at - interval '2 days 1 minute'")
    broom.execute("UPDATE audit_entry SET sealed_at = sealed_at - interval '2 days 1 minute'")
    places = {"INSTANCE_DIR": str(tmp_path), "AUDIT_DIR": str(tmp_path / "audit")}
    found = _found({**app.config, **places, "ENVIRONMENT": "production"}, "installation")
    assert found["key-files"].endswith("field_keys 644") and found["audit-mode"].endswith("755")
    assert found["audit-place"] == str(tmp_path / "audit")
    assert found["audit-unsealed"].endswith("48.0 h") and found["audit-unsigned"].endswith("48.0 h")
    assert (found["administrators"], found["demo-marked"]) == ("auditor", "1")
    assert "retention" not in found


def _command(app: Flask, *args: str) -> tuple[int, dict[str, Any]]:
    result = app.test_cli_runner().invoke(args=["check", "--json", *args])
    return result.exit_code, json.loads(result.output)


def test_the_database_of_the_tests_is_as_it_should_be(app: Flask, town: Town) -> None:
    code, told = _command(app)
    assert code == 0
    ids = {one["id"] for one in told["findings"]}
    assert not ids & {"database-role", "append-only", "demo-accounts", "migrations", "clock"}


def test_a_careless_database_is_found_and_fails_in_production(
    app: Flask, careless: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, told = _command(app)
    found = {one["id"]: one["detail"] for one in told["findings"]}
    assert code == 0
    assert "ticket_event" in found["append-only"] and found["demo-accounts"] == "ganbu"
    monkeypatch.setitem(app.config, "ENVIRONMENT", "production")
    assert _command(app)[0] == 1
    assert told["errors"] == sum(one["severity"] == Severity.ERROR for one in told["findings"])


def test_in_words_and_strict_it_fails_anywhere(app: Flask, town: Town) -> None:
    words = app.test_cli_runner().invoke(args=["check", "--strict"])
    assert words.exit_code == 1 and "[secret-key]" not in words.output
    assert "检查" in words.output and "[https]" in words.output
