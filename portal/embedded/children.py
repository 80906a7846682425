"""The processes of the Procfile under honcho: told apart, watched, and ended together."""

import multiprocessing
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

STARTED = re.compile(r"(\S+) started \(pid=(\d+)\)")
STOPPED = re.compile(r"(\S+) stopped \(rc=(-?\d+)\)")
PROBE_SECONDS = 0.1
NAMES = {"web": "网页进程 web", "worker": "后台进程 worker", "timer": "定时进程 timer"}
# A word of the command lines: of the children, and of honcho's own processes that read from them.
CHILD_MARK, READER_MARK = "wsgi", "portal.launch"


class Children(Manager):
    """Starts every line of a Procfile once; the first to end takes the others with it.

    `failure` is None after an end that was asked for, else one Chinese and one English sentence.
    """

    def __init__(
        self,
        procfile: Path,
        folder: Path,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """`environment` is the whole environment of the children; `say` prints one line."""
        super().__init__(_Lines(self._notice, say))
        self.failure: tuple[str, str] | None = None
        self.on_started: Callable[[dict[int, str]], None] = lambda marks: None
        self._asked = False
        self._over = threading.Event()
        self._pids: dict[str, int] = {}
        self._commands = parse_procfile(procfile.read_text()).processes
        for name, command in self._commands.items():
            self.add_process(name, command, env=dict(environment), cwd=str(folder))

    def run(self, health: str, seconds: float, ready: Callable[[], None]) -> None:
        """Run until the end; calls `ready` once GET `health` is 200, fails after `seconds`."""
        threading.Thread(target=self._watch, args=(health, seconds, ready), daemon=True).start()
        try:
            self.loop()
        finally:
            self._over.set()

    def terminate(self) -> None:
        """End all. Honcho's own loses the wish when a child has not told its pid yet."""
        self._asked = self.failure is None
        if len(self._pids) == len(self._commands):
            super().terminate()

    def _notice(self, text: str) -> None:
        """Called by the loop with each of honcho's own lines."""
        if found := STARTED.match(text):
            self._pids[found[1]] = int(found[2])
            if len(self._pids) == len(self._commands):
                readers = {p.pid: READER_MARK for p in multiprocessing.active_children() if p.pid}
                self.on_started(readers | dict.fromkeys(self._pids.values(), CHILD_MARK))
                if self._asked:
                    super().terminate()
        elif (found := STOPPED.match(text)) and not self._asked and self.failure is None:
            name, code = NAMES.get(found[1], found[1]), found[2]
            self.failure = (
                f"{name} 意外退出(代码 {code}),其余进程已一并停止;原因见上面的输出。",
                f"The {found[1]} process ended by itself (code {code}); the others were stopped."
                " The lines above say why.",
            )

    def _watch(self, health: str, seconds: float, ready: Callable[[], None]) -> None:
        deadline = time.monotonic() + seconds
        answer = ""
        while not self._over.is_set() and self.failure is None:
            answer = _probe(health)
            if answer == "200":
                ready()
                return
            if time.monotonic() > deadline:
                self.failure = (
                    f"服务在 {seconds:.0f} 秒内没有就绪({health}:{answer})。",
                    f"The service was not ready within {seconds:.0f} s ({health}: {answer}).",
                )
                os.kill(os.getpid(), signal.SIGTERM)
            self._over.wait(PROBE_SECONDS)


class _Lines(Printer):
    """Hands honcho's own lines to `notice`, and the children's, with their name, to `say`."""

    def __init__(self, notice: Callable[[str], None], say: Callable[[str], None]) -> None:
        super().__init__()
        self._notice = notice
        self._say = say

    def write(self, message: Message) -> None:
        data = message.data
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
        if message.name == SYSTEM_PRINTER_NAME:
            self._notice(text)
            return
        for line in text.splitlines():
            self._say(f"{message.time:%H:%M:%S} {message.name:6} | {line}")


def _probe(url: str) -> str:
    """The status of GET `url`, or why there is none. Proxies of the environment are not asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return str(response.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (OSError, ValueError) as error:
        return str(error)
