"""Real `flask worker` processes for tests and benches, each in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


class Worker:
    """One worker process; its output goes to `log`."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """kill -9: no handler runs, nothing is given back in order."""
        self.process.send_signal(signal.SIGKILL)
        self._gone()

    def stop(self) -> None:
        """Ends it as an operator would, at once if it does not listen."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._gone()

    def _gone(self) -> None:
        self.process.wait(10)
        self._log.close()


@contextmanager
def workers(settings: Mapping[str, str], log: Path) -> Iterator["Crew"]:
    """A crew whose members are all gone afterwards."""
    crew = Crew(settings, log)
    try:
        yield crew
    finally:
        for worker in crew.members:
            worker.stop()


class Crew:
    """Starts workers that share their settings."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self.members: list[Worker] = []
        self._settings, self._log = settings, log

    def start(self) -> Worker:
        """One more worker."""
        worker = Worker(self._settings, self._log)
        self.members.append(worker)
        return worker
