"""Who runs here: one `make run` for each instance folder, and what a killed one left behind."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.embedded.places import write_secret
from portal.embedded.problems import EmbeddedError, told_plainly
from portal.embedded.processes import end_processes, is_running, processes_in

LOCK = "run.lock"
NOTE = "run.json"

_held: list[int] = []


@contextmanager
def alone(instance: Path, port: int) -> Iterator[None]:
    """Hold the lock of `instance` while the service runs; raises EmbeddedError if somebody does.

    The kernel frees it when its holder dies, however it dies; forked children do not keep it.
    """
    with told_plainly(instance):
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(instance / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _held.append(lock)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            used = os.pread(lock, 20, 0).decode(errors="replace").strip() or "?"
            raise EmbeddedError(
                f"本目录的诉求通已在运行(端口 {used}),不必再次启动。",
                f"The service of this folder already runs (port {used}): no need to start it.",
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{port}\n".encode(), 0)
        yield
    finally:
        _release()


def _release() -> None:
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_release)


def note_processes(instance: Path, folder: Path, marks: dict[int, str]) -> None:
    """Write down the processes we started: pid → a word of its command line, and their folder."""
    text = json.dumps({"folder": str(folder), "marks": marks})
    with told_plainly(instance):
        write_secret(instance / NOTE, text)


def forget_processes(instance: Path) -> None:
    """All of them have ended."""
    (instance / NOTE).unlink(missing_ok=True)


def end_leftovers(instance: Path) -> int:
    """End what a killed run left behind; the number of processes. The caller holds the lock.

    A pid may belong to somebody else by now: only a process whose command line has its mark and
    which works in the noted folder is taken for ours.
    """
    try:
        note = json.loads((instance / NOTE).read_text())
        folder, marks = Path(note["folder"]), {int(p): str(m) for p, m in note["marks"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return 0

    def alive() -> list[int]:
        return [pid for pid, mark in marks.items() if _is_ours(pid, mark, folder)]

    found = len(alive())
    if not end_processes(alive, (signal.SIGTERM, 6.0), (signal.SIGKILL, 5.0)):
        raise EmbeddedError(
            f"上次运行留下的进程无法结束:{alive()}。",
            f"Processes of the last run do not end: {alive()}.",
        )
    forget_processes(instance)
    return found


def _is_ours(pid: int, mark: str, folder: Path) -> bool:
    if Path("/proc/self/cwd").exists():
        return pid in processes_in(folder, mark)
    return is_running(pid, mark)
