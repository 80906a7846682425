"""Starting, recognising and ending the servers' processes, whoever started them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from portal.embedded.places import Account

# The caller's PG*, LD_* and locale variables must not change a server's behaviour.
CLEAN_ENVIRONMENT: Mapping[str, str] = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}


def start_process(
    command: list[str], folder: Path, log: Path, account: Account | None
) -> subprocess.Popen[bytes]:
    """Start `command` in `folder`, as `account` if given, away from the terminal's Ctrl-C."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(CLEAN_ENVIRONMENT),
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def run_process(command: list[str], folder: Path, account: Account | None) -> tuple[int, str]:
    """Run `command` to its end as `account`; returns its exit code and everything it printed."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=dict(CLEAN_ENVIRONMENT),
        text=True,
        errors="replace",
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    return done.returncode, done.stdout


def command_line(pid: int) -> str:
    """The command line of a living process; "" when it is gone, a zombie or not readable."""
    proc = Path("/proc") / str(pid)
    if Path("/proc/self/stat").exists():
        try:
            state = (proc / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            words = (proc / "cmdline").read_bytes()
        except (OSError, IndexError):
            return ""
        return "" if state in "ZX" else words.replace(b"\0", b" ").decode(errors="replace").strip()
    listed = subprocess.run(
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    state, _, command = listed.partition(" ")
    return "" if not listed or state.startswith("Z") else command.strip()


def is_running(pid: int, *marks: str) -> bool:
    """Whether `pid` lives and its command line holds every mark (a pid may have been reused)."""
    words = command_line(pid) if pid > 0 else ""
    return bool(words) and all(mark in words for mark in marks)


def processes_in(folder: Path, mark: str) -> list[int]:
    """The living processes in `folder` whose command line holds `mark`: what a crash left.

    Empty where there is no /proc; the server's own shared memory check has to do there.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            inside = os.readlink(entry / "cwd") == str(folder)
        except OSError:
            continue
        if inside and is_running(int(entry.name), mark):
            found.append(int(entry.name))
    return found


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that has just gone is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until `done()` is true, for at most `seconds`; returns whether it became true."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end_processes(alive: Callable[[], list[int]], *steps: tuple[signal.Signals, float]) -> bool:
    """Send each step's signal to what `alive()` names and wait its seconds; true when all ended."""
    for number, seconds in steps:
        for pid in alive():
            send(pid, number)
        if wait_until(lambda: not alive(), seconds):
            return True
    return not alive()
