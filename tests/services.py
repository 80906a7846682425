"""A private PostgreSQL and Valkey for one test session, gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.postgres import PostgresServer
from portal.embedded.valkey import ValkeyServer


@dataclass(frozen=True)
class Services:
    """Running servers: addresses as in the settings of portal.config, and the servers."""

    app_url: str
    owner_url: str
    redis_url: str
    postgres: PostgresServer
    valkey: ValkeyServer

    @property
    def settings(self) -> dict[str, str]:
        """What create_app() needs to use them instead of the embedded ones."""
        return {
            "DATABASE_URL": self.app_url,
            "MIGRATION_DATABASE_URL": self.owner_url,
            "REDIS_URL": self.redis_url,
        }


@contextmanager
def start_services() -> Iterator[Services]:
    """Both servers in a short folder of their own, without fsync; stopped and removed at the end.

    Not under pytest's tmp_path: as root the servers run as an unprivileged user, who may not
    enter it.
    """
    with short_folder() as folder:
        postgres, valkey = PostgresServer(folder, fast=True), ValkeyServer(folder, fast=True)
        try:
            postgres.acquire()
            valkey.acquire()
            urls = postgres.urls()
            yield Services(urls.app_url, urls.owner_url, valkey.url, postgres, valkey)
        finally:
            valkey.release()
            postgres.release()


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder whose parents everybody may enter, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="sqt-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def has_root() -> bool:
    """Whether the tests run as root (the servers then run as an unprivileged user)."""
    return os.geteuid() == 0
