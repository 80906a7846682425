"""The life of one embedded server: started by the first user, stopped by the last one out."""

import fcntl
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.embedded.places import Place, make_place
from portal.embedded.problems import EmbeddedError, told_plainly
from portal.embedded.processes import wait_until

START_SECONDS = 300.0  # crash recovery of a big database takes its time
LONGEST_LOG = 5 * 1024 * 1024


class Server(ABC):
    """A server whose users each hold a shared lock on `<name>.users`.

    Two locks, both released by the kernel when a process dies, however it dies:
    `<name>.lock` is held while somebody starts or stops the server, `<name>.users` is shared
    by everyone who uses it. Who can get the second one alone is the last one out.
    """

    name: str

    def __init__(self, base: Path, *, fast: bool = False) -> None:
        """`base`: the folder of the instance; `fast`: for tests, nothing survives a power cut."""
        self.base = base.resolve()
        self.fast = fast
        self._process: subprocess.Popen[bytes] | None = None
        self._users: int | None = None
        self._holder = 0

    @property
    def place(self) -> Place:
        """The folders, created and checked; raises EmbeddedError."""
        return make_place(self.base)

    @property
    def log(self) -> Path:
        """What the server itself printed."""
        return self.base / f"{self.name}.log"

    def acquire(self) -> None:
        """Use the server, starting it if nothing runs; raises EmbeddedError. Idempotent."""
        if self._users is not None and self._holder == os.getpid() and self.answers():
            return
        place = self.place
        with told_plainly(self.base), self._alone():
            if self._users is None or self._holder != os.getpid():
                self._users = self._open(f"{self.name}.users")
                self._holder = os.getpid()
            fcntl.flock(self._users, fcntl.LOCK_SH)
            if not self.answers():
                self._shorten_log()
                self._bring_up(place)
            self.prepare(place)

    def release(self) -> None:
        """Stop using the server; the last user stops it. Does nothing in a forked child."""
        if self._users is None or self._holder != os.getpid():
            return
        with self._alone():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self.stop(self.place)
                if self._process is not None:
                    self._process.wait()
            finally:
                os.close(self._users)
                self._users = None

    def forget(self) -> None:
        """Close the inherited lock in a forked child, which must not keep the server alive."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    @abstractmethod
    def answers(self) -> bool:
        """Whether our server is up and serves."""

    @abstractmethod
    def start(self, place: Place) -> subprocess.Popen[bytes]:
        """Clear what a crash left and start the process; called under the start lock."""

    @abstractmethod
    def stop(self, place: Place) -> None:
        """End the running server and wait until it is gone."""

    @abstractmethod
    def prepare(self, place: Place) -> None:
        """Bring the running server into the state its users expect."""

    def recover(self, place: Place) -> bool:
        """After a failed start: remove the cause; false when there is nothing to try."""
        return False

    def complaint(self) -> str:
        """The last line of the log that says what is wrong."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        bad = [line for line in lines[-40:] if any(word in line for word in self.bad_words)]
        return (bad or lines or ["?"])[-1].strip()

    bad_words: tuple[str, ...] = ()

    def _bring_up(self, place: Place) -> None:
        """Start and wait; a server that dies gets one more try if `recover` could help it."""
        process = self._process = self.start(place)
        wait_until(lambda: process.poll() is not None or self.answers(), START_SECONDS)
        if process.poll() is None and self.answers():
            return
        if self.recover(place):
            self._bring_up(place)
            return
        raise EmbeddedError(
            f"内置的 {self.name} 未能启动:{self.complaint()}(日志:{self.log})。",
            f"The embedded {self.name} did not start: {self.complaint()} (log: {self.log}).",
        )

    def _shorten_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _open(self, name: str) -> int:
        return os.open(self.base / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = self._open(f"{self.name}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
