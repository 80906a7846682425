"""A private PostgreSQL in a folder of ours: its data, its process, its two roles."""

import json
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from portal.embedded.binaries import postgres_major, postgres_programs
from portal.embedded.places import Place, hand_over, private_folder, write_secret
from portal.embedded.problems import EmbeddedError, require_space
from portal.embedded.processes import (
    end_processes,
    is_running,
    processes_in,
    run_process,
    start_process,
)
from portal.embedded.server import Server

PORT = 5432  # only the name of the socket
DATABASE = "suqiutong"
APPLICATION = "suqiutong"
OWNER = "suqiutong_owner"
SUPERUSER = "postgres"
CTYPE = "C.UTF-8"

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Urls:
    """SQLAlchemy addresses: the application's role, and the owner for migrations."""

    app_url: str
    owner_url: str


class PostgresServer(Server):
    """The PostgreSQL server of one instance folder."""

    name = "postgres"
    bad_words = ("FATAL", "PANIC", "ERROR")

    @property
    def home(self) -> Path:
        """The server's own folder, which belongs to the user it runs as."""
        return self.base / "postgres"

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.home / "data"

    def urls(self) -> Urls:
        """The addresses of the prepared database; the server has to be acquired first."""
        passwords = self._passwords()
        return Urls(
            self._url(APPLICATION, passwords[APPLICATION]), self._url(OWNER, passwords[OWNER])
        )

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An autocommit connection as the superuser; raises psycopg.OperationalError."""
        return psycopg.connect(
            host=str(self.place.run),
            port=PORT,
            dbname=database,
            user=SUPERUSER,
            password=self._passwords()[SUPERUSER],
            connect_timeout=10,
            autocommit=True,
        )

    def answers(self) -> bool:
        if not self._secret_file.exists():
            return False
        try:
            with self.connect() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]).resolve() == self.data.resolve()

    def start(self, place: Place) -> subprocess.Popen[bytes]:
        self._end_leftovers()
        programs = postgres_programs(place.account)
        self._make_data(place, programs)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (place.run / name).unlink(missing_ok=True)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = SETTINGS | {"unix_socket_directories": str(place.run)}
        settings |= FAST_SETTINGS if self.fast else {}
        command = [str(programs / "postgres"), "-D", str(self.data)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        return start_process(command, self.data, self.log, place.account)

    def stop(self, place: Place) -> None:
        # PostgreSQL 18 can hang in a fast shutdown that meets its own crash recovery; the
        # immediate one loses nothing either, the next start recovers.
        steps = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
        if not end_processes(self._postmaster, *steps):
            raise EmbeddedError("PostgreSQL 无法停止。", "PostgreSQL does not stop.")

    def prepare(self, place: Place) -> None:
        """Create roles, database and default rights where they are missing; check the locale."""
        passwords = self._passwords()
        with self.connect() as connection:
            for role in (OWNER, APPLICATION):
                _ensure_role(connection, role, passwords[role])
            found = connection.execute(
                "SELECT datctype FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if found is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )
            elif found[0] != CTYPE:
                raise EmbeddedError(
                    f"数据库的 lc_ctype 是 {found[0]},应为 {CTYPE},否则中文检索会出错。",
                    f"The database's lc_ctype is {found[0]}, not {CTYPE}: searching Chinese"
                    " text would fail.",
                )
        self._grant_rights()

    def _grant_rights(self) -> None:
        """What the owner creates from now on, the application may read and write, not own."""
        rights = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT {} TO {}")
        tables = sql.SQL("SELECT, INSERT, UPDATE, DELETE ON TABLES")
        sequences = sql.SQL("USAGE, SELECT ON SEQUENCES")
        owner, application = sql.Identifier(OWNER), sql.Identifier(APPLICATION)
        with self.connect(DATABASE) as connection:
            for kind in (tables, sequences):
                connection.execute(rights.format(owner, kind, application))

    @property
    def _secret_file(self) -> Path:
        return self.base / "postgres.passwords"

    @property
    def _complete(self) -> Path:
        return self.base / "postgres.complete"

    def _passwords(self) -> dict[str, str]:
        return json.loads(self._secret_file.read_text())

    def _url(self, role: str, password: str) -> str:
        folder = quote(str(self.place.run), safe="/")
        return f"postgresql+psycopg://{role}:{password}@/{DATABASE}?host={folder}&port={PORT}"

    def _make_data(self, place: Place, programs: Path) -> None:
        """Have a whole data folder of this program's version; a half-written one is not used."""
        private_folder(self.home, place.account)
        if self._complete.exists() and self._secret_file.exists() and self.data.exists():
            self._check_version(programs)
            return
        if self.data.exists():
            aside = f"data.incomplete-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
            self.data.rename(self.home / aside)
        self._complete.unlink(missing_ok=True)
        require_space(self.base)
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        roles = (SUPERUSER, OWNER, APPLICATION)
        passwords = {role: secrets.token_hex(24) for role in roles}
        write_secret(self._secret_file, json.dumps(passwords))
        self._initdb(place, programs, draft, passwords[SUPERUSER])
        draft.rename(self.data)
        write_secret(self._complete, f"{postgres_major(programs)}\n")

    def _initdb(self, place: Place, programs: Path, draft: Path, password: str) -> None:
        # initdb reads the password as the account, which may not read our own folder.
        secret = hand_over(place.run, f"{password}\n", place.account)
        command = [str(programs / "initdb"), "-D", str(draft), "-U", SUPERUSER]
        command += ["--auth=scram-sha-256", f"--locale={CTYPE}", "--encoding=UTF8"]
        command += [f"--pwfile={secret}", *(["--no-sync"] if self.fast else [])]
        code, said = run_process(command, self.home, place.account)
        secret.unlink(missing_ok=True)
        if code != 0:
            shutil.rmtree(draft, ignore_errors=True)
            last = said.strip().splitlines()[-1:] or ["?"]
            raise EmbeddedError(
                f"无法创建数据库:{last[0]}。", f"The database could not be created: {last[0]}."
            )

    def _check_version(self, programs: Path) -> None:
        version_file = self.data / "PG_VERSION"
        data = version_file.read_text().strip() if version_file.exists() else "?"
        program = str(postgres_major(programs))
        if data != program:
            raise EmbeddedError(
                f"数据目录 {self.data} 属于 PostgreSQL {data},而本机的程序是 {program}。",
                f"The data folder {self.data} is of PostgreSQL {data}, the program here is"
                f" {program}.",
            )

    def _postmaster(self) -> list[int]:
        """The living postmaster of our data folder; a reused pid is not taken for it."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return []
        return [pid] if is_running(pid, "postgres", str(self.data)) else []

    def _end_leftovers(self) -> None:
        """End a postmaster that no longer answers, and the children of one that was killed.

        They must be gone before its pid file goes: two servers on one data folder destroy it.
        """
        self.stop(self.place)
        gone = end_processes(
            lambda: processes_in(self.data, "postgres:"),
            (signal.SIGQUIT, 5.0),
            (signal.SIGKILL, 5.0),
        )
        if not gone:
            raise EmbeddedError(
                f"仍有旧的 PostgreSQL 进程在使用 {self.data}。",
                f"Old PostgreSQL processes still use {self.data}.",
            )


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if known is None:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )
