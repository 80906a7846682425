"""What a command says on a database that nobody has migrated yet."""

import subprocess
import sys
from pathlib import Path

from tests.services import Services

ROOT = Path(__file__).resolve().parents[2]


def flask(services: Services, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    # A search path without our schema shows what a database without tables shows.
    url = f"{services.app_url}&options=-csearch_path%3Duntouched"
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *args],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "DATABASE_URL": url,
            "REDIS_URL": services.redis_url,
            "SECRET_KEY": "a secret for tests only, long enough",
            "PORTAL_INSTANCE": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_due_instants_need_no_tables(services: Services, tmp_path: Path) -> None:
    args = ("sla", "due", "--start", "2025-09-29T10:00", "--target", "15wd", "--json")
    result = flask(services, tmp_path, *args)
    assert result.stdout == '{"due": "2025-10-27T17:30:00+08:00", "provisional": false}\n'


def test_other_commands_say_what_to_do_first(services: Services, tmp_path: Path) -> None:
    result = flask(services, tmp_path, "kpi", "show")
    assert result.returncode == 1
    assert "flask --app wsgi db upgrade" in result.stderr
    assert "Traceback" not in result.stderr
