"""This project's own PostgreSQL and Valkey, for one machine with nothing installed."""

import atexit
import os
from pathlib import Path

from portal.embedded.places import project_base
from portal.embedded.postgres import PostgresServer, Urls
from portal.embedded.server import Server
from portal.embedded.valkey import ValkeyServer

_held: dict[tuple[str, Path], Server] = {}


def ensure_postgres(instance: Path) -> Urls:
    """Use the PostgreSQL of `instance`, started if nothing runs; released when we exit.

    Raises EmbeddedError, one plain sentence, when it cannot run here.
    """
    server = PostgresServer(project_base(instance))
    _hold(server)
    return server.urls()


def ensure_valkey(instance: Path) -> str:
    """The same for Valkey; returns the address for redis-py."""
    server = ValkeyServer(project_base(instance))
    _hold(server)
    return server.url


def valkey_url(instance: Path) -> str:
    """The address of the Valkey of `instance`, whether or not it runs."""
    return ValkeyServer(project_base(instance)).url


def _hold(server: Server) -> None:
    _held.setdefault((server.name, server.base), server).acquire()


def release_all() -> None:
    """Give back what this process uses; the last user of a server stops it."""
    for server in reversed(list(_held.values())):
        server.release()


def _forget_all() -> None:
    for server in _held.values():
        server.forget()
    _held.clear()


atexit.register(release_all)
os.register_at_fork(after_in_child=_forget_all)
