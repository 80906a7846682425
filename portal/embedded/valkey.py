"""A private Valkey in a folder of ours, reached by a unix socket only."""

import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.embedded.binaries import valkey_program
from portal.embedded.places import Place, private_folder
from portal.embedded.problems import EmbeddedError, require_space
from portal.embedded.processes import end_processes, is_running, processes_in, start_process
from portal.embedded.server import Server

SOCKET = "valkey.sock"


class ValkeyServer(Server):
    """The Valkey server of one instance folder; what it holds may be lost without harm."""

    name = "valkey"
    bad_words = ("Fatal", "FATAL", "Bad file format", "rror", "Can't")

    @property
    def data(self) -> Path:
        """Where the append-only file lives."""
        return self.base / "valkey"

    @property
    def url(self) -> str:
        """The address for redis-py: `unix:///…/valkey.sock`; nothing is started."""
        return f"unix://{quote(str(self._socket), safe='/')}"

    @property
    def _socket(self) -> Path:
        return self.place.run / SOCKET

    @property
    def _pid_file(self) -> Path:
        return self.place.run / "valkey.pid"

    def answers(self) -> bool:
        client = redis.Redis(
            unix_socket_path=str(self._socket), socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def start(self, place: Place) -> subprocess.Popen[bytes]:
        self.stop(place)
        program = valkey_program(place.account)
        private_folder(self.data, place.account)
        require_space(self.data)
        for left in (self._socket, self._pid_file):
            left.unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "pidfile": str(self._pid_file),
            "dir": str(self.data),
            "daemonize": "no",
            "save": "",
            "appendonly": "no" if self.fast else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        command = [str(program)]
        for key, value in settings.items():
            command += [f"--{key}", value]
        return start_process(command, self.data, self.log, place.account)

    def stop(self, place: Place) -> None:
        steps = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
        if not end_processes(self._alive, *steps):
            raise EmbeddedError("Valkey 无法停止。", "Valkey does not stop.")

    def prepare(self, place: Place) -> None:
        """Nothing: there are no roles, and jobs that wait may stay."""

    def recover(self, place: Place) -> bool:
        """Set a damaged append-only file aside: jobs only say "look", nothing is lost with it."""
        files = self.data / "appendonlydir"
        if not files.exists():
            return False
        files.rename(self.data / f"damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        return True

    def _alive(self) -> list[int]:
        """Our living server; a reused pid is not taken for it."""
        found = set(processes_in(self.data, str(self._socket)))
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            pid = 0
        if is_running(pid, str(self._socket)):
            found.add(pid)
        return sorted(found)
