"""The embedded servers survive what machines do: kills, half copies, reused pids, two starters."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from portal.embedded.places import make_place, private_folder, project_base
from portal.embedded.postgres import PostgresServer
from portal.embedded.problems import EmbeddedError, told_plainly
from portal.embedded.processes import processes_in, send, wait_until
from portal.embedded.valkey import ValkeyServer
from tests.services import has_root, short_folder

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def base() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def postgres(base: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(base, fast=True)
    server.acquire()
    yield server
    server.release()


def postmaster_pid(server: PostgresServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def write_row(server: PostgresServer) -> None:
    with server.connect("suqiutong") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (619)")


def rows(server: PostgresServer) -> list:
    with server.connect("suqiutong") as connection:
        return connection.execute("SELECT n FROM kept").fetchall()


def kill_everything(server: PostgresServer) -> None:
    """kill -9 of the postmaster and all of its children, as a power cut would."""
    for pid in (postmaster_pid(server), *processes_in(server.data, "postgres")):
        send(pid, signal.SIGKILL)
    assert wait_until(lambda: not server.answers(), 5)


def test_the_database_has_chinese_ctype_and_two_roles(postgres: PostgresServer):
    urls = postgres.urls()
    owner, app = sa.create_engine(urls.owner_url), sa.create_engine(urls.app_url)
    with owner.begin() as connection:
        ctype = "SELECT datctype FROM pg_database WHERE datname = current_database()"
        assert connection.scalar(sa.text(ctype)) == "C.UTF-8"
        assert connection.scalar(sa.text("SELECT '诉求' ~ '^[[:alpha:]]+$'"))
        connection.execute(sa.text("CREATE EXTENSION pg_trgm"))
        connection.execute(sa.text("CREATE TABLE letters (id serial PRIMARY KEY, body text)"))
    with app.begin() as connection:
        connection.execute(sa.text("INSERT INTO letters (body) VALUES ('融资')"))
        connection.execute(sa.text("UPDATE letters SET body = '用工'"))
        assert connection.scalar(sa.text("SELECT body FROM letters")) == "用工"
    for forbidden in ("DROP TABLE letters", "TRUNCATE letters", "CREATE TABLE mine (id int)"):
        with pytest.raises(ProgrammingError), app.begin() as connection:
            connection.execute(sa.text(forbidden))
    owner.dispose()
    app.dispose()


def test_only_the_right_password_opens_it(postgres: PostgresServer):
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(
            host=str(postgres.place.run), dbname="postgres", user="postgres", password="guess"
        )


def test_secrets_and_sockets_are_closed_to_others(postgres: PostgresServer):
    assert (postgres.base / "postgres.passwords").stat().st_mode & 0o077 == 0
    assert postgres.place.run.stat().st_mode & 0o077 == 0
    assert postgres.log.stat().st_mode & 0o077 == 0


def test_a_restart_keeps_the_data(base: Path):
    for _ in range(2):
        server = PostgresServer(base, fast=True)
        server.acquire()
        write_row(server)
        found = rows(server)
        server.release()
    assert found == [(619,), (619,)]


def test_kill_9_of_everything_then_start(postgres: PostgresServer):
    write_row(postgres)
    kill_everything(postgres)
    assert (postgres.data / "postmaster.pid").exists()
    postgres.acquire()
    assert rows(postgres) == [(619,)]


def test_kill_9_of_the_postmaster_alone_then_start(postgres: PostgresServer):
    write_row(postgres)
    os.kill(postmaster_pid(postgres), signal.SIGKILL)
    assert wait_until(lambda: not postgres.answers(), 5)
    postgres.acquire()
    assert rows(postgres) == [(619,)]


def test_stale_pid_of_an_unrelated_process(postgres: PostgresServer):
    """The pid in the lock files belongs to somebody else by now: it is neither obeyed nor hurt."""
    write_row(postgres)
    kill_everything(postgres)
    place = postgres.place
    unrelated = subprocess.Popen(["sleep", "60"], user=place.account.uid if place.account else None)
    for lock in (postgres.data / "postmaster.pid", place.run / ".s.PGSQL.5432.lock"):
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(unrelated.pid), *lines[1:]]) + "\n")
    postgres.acquire()
    assert rows(postgres) == [(619,)]
    assert unrelated.poll() is None
    unrelated.kill()
    unrelated.wait()


def test_a_half_written_data_folder_is_not_used(base: Path):
    place = make_place(base)
    private_folder(base / "postgres", place.account)
    for name in ("data", "data.new"):
        half = private_folder(base / "postgres" / name, place.account)
        (half / "PG_VERSION").write_text("18\n")
    server = PostgresServer(base, fast=True)
    server.acquire()
    write_row(server)
    server.release()
    names = sorted(path.name for path in (base / "postgres").iterdir())
    assert names[0] == "data"
    assert [name.split("-")[0] for name in names[1:]] == ["data.incomplete"]


def test_the_last_one_out_stops_it(base: Path):
    first, second = PostgresServer(base, fast=True), PostgresServer(base, fast=True)
    first.acquire()
    second.acquire()
    first.release()
    assert second.answers()
    second.release()
    assert not second.answers()
    assert not (second.data / "postmaster.pid").exists()


def test_a_forked_child_neither_stops_nor_keeps_it(postgres: PostgresServer):
    child = os.fork()
    if child == 0:
        postgres.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert postgres.answers()


def test_starters_at_the_same_time_share_one_server(base: Path):
    program = (
        "import sys, pathlib\n"
        "from portal.embedded.postgres import PostgresServer\n"
        "server = PostgresServer(pathlib.Path(sys.argv[1]), fast=True)\n"
        "server.acquire()\n"
        "print((server.data / 'postmaster.pid').read_text().split()[0], flush=True)\n"
        "sys.stdin.read()\n"
        "server.release()\n"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(base)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    pids = {starter.stdout.readline() for starter in starters if starter.stdout}
    for starter in starters:
        starter.communicate()
    assert len(pids) == 1
    assert [starter.returncode for starter in starters] == [0, 0, 0, 0]
    assert not PostgresServer(base).answers()


def test_data_of_another_version_is_refused_in_words(base: Path):
    server = PostgresServer(base, fast=True)
    server.acquire()
    server.release()
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL 9"):
        server.acquire()


def test_valkey_restarts_with_its_queue_and_without_a_port(base: Path):
    server = ValkeyServer(base)
    server.acquire()
    client = redis.Redis.from_url(server.url)
    client.rpush("jobs", "look")
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("port") == {"port": "0"}
    server.release()
    assert not server.answers()
    server.acquire()
    assert client.lrange("jobs", 0, -1) == [b"look"]
    os.kill(client.info()["process_id"], signal.SIGKILL)
    assert wait_until(lambda: not server.answers(), 5)
    server.acquire()
    assert server.answers()
    client.close()
    server.release()


def test_a_damaged_queue_file_is_set_aside(base: Path):
    server = ValkeyServer(base)
    server.acquire()
    server.release()
    (server.data / "appendonlydir" / "appendonly.aof.manifest").write_text("not a manifest\n")
    server.acquire()
    assert server.answers()
    server.release()


def test_a_long_path_gets_short_sockets(base: Path):
    deep = base / ("企业诉求" * 12)
    deep.mkdir()
    base.chmod(0o711)
    server = ValkeyServer(deep, fast=True)
    server.acquire()
    assert server.answers()
    server.release()
    run = server.place.run
    assert len(os.fsencode(run)) < 60
    for left in run.iterdir():
        left.unlink()
    run.rmdir()


def test_a_planted_folder_is_refused(base: Path):
    (base / "real").mkdir()
    (base / "link").symlink_to(base / "real")
    with pytest.raises(EmbeddedError, match="not safe"):
        private_folder(base / "link", None)


def test_system_errors_become_sentences(base: Path):
    with pytest.raises(EmbeddedError, match="No disk space"), told_plainly(base):
        raise OSError(28, "No space left on device")
    with pytest.raises(EmbeddedError, match="belongs to another user"), told_plainly(base):
        raise PermissionError(13, "Permission denied", str(base))


def test_another_users_data_is_not_taken_over(base: Path):
    """Root and others keep their data in different places: neither starts an empty database."""
    if has_root():
        (base / "services").mkdir()
    else:
        (base / "services_of_root").touch()
    with pytest.raises(EmbeddedError, match="another user"):
        project_base(base)


def test_starting_what_runs_is_quick(postgres: PostgresServer):
    again = PostgresServer(postgres.base, fast=True)
    began = time.monotonic()
    again.acquire()
    again.release()
    assert time.monotonic() - began < 1
