"""`make run` starts everything once, names what is in the way, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.embedded.ports import read_address, require_free
from portal.embedded.problems import EmbeddedError
from portal.embedded.processes import end_processes, is_running, processes_in, send, wait_until
from portal.embedded.running import alone, end_leftovers, note_processes
from portal.keys.ring import new_entry
from tests.services import Services, short_folder

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@pytest.fixture
def instance() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


SECRETS = {
    "SECRET_KEY": "for this test only " * 3,
    "FIELD_KEYS": f"{new_entry('test')},{new_entry('index')}",
}


class Launch:
    """One `python -m portal.launch`; production leaves the demonstration out."""

    def __init__(self, instance: Path, port: int, settings: dict[str, str]) -> None:
        self.instance = instance
        self.health = f"http://127.0.0.1:{port}/health"
        self.output = instance / "output"
        own = {"PORTAL_INSTANCE": str(instance), "PORT": str(port), "PORTAL_ENV": "production"}
        own["TRUSTED_HOSTS"] = "suqiutong.gov.cn"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.launch"],
                cwd=PROJECT,
                env={**os.environ, **settings, **own, **SECRETS},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> bool:
        return wait_until(lambda: self.ended() or "Press Ctrl-C" in self.said(), START_SECONDS)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def said(self) -> str:
        return self.output.read_text()

    def children(self) -> list[int]:
        """Every process it noted that still lives."""
        note = self.instance / "run.json"
        pids = re.findall(r'"(\d+)": "', note.read_text()) if note.exists() else []
        return [pid for pid in map(int, pids) if is_running(pid, "-m")]


@pytest.fixture
def launch(instance: Path, free_port: int, services: Services) -> Iterator[list[Launch]]:
    """Collects what a test starts with `begin`, and ends all of it."""
    started: list[Launch] = []
    yield started
    for one in started:
        left = one.children()
        send(one.process.pid, signal.SIGKILL)
        one.process.wait()
        end_processes(lambda pids=left: [p for p in pids if is_running(p)], (signal.SIGKILL, 5.0))


@pytest.fixture
def begin(launch: list[Launch], instance: Path, free_port: int, services: Services):
    def start(port: int = free_port) -> Launch:
        launch.append(Launch(instance, port, services.settings))
        return launch[-1]

    return start


def test_it_serves_and_a_signal_ends_everything(begin):
    service = begin()
    assert service.ready(), service.said()
    with urllib.request.urlopen(service.health) as response:
        assert response.status == 200
    children = service.children()
    assert len(children) >= 3
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(20) == 0
    assert [pid for pid in children if is_running(pid)] == []
    assert service.said().count("http://") == 1
    assert service.said().rstrip().endswith("已停止。Stopped.")


def test_a_second_start_says_that_it_runs(begin, free_port: int):
    first = begin()
    assert first.ready(), first.said()
    environment = {**os.environ, "PORTAL_INSTANCE": str(first.instance), "PORT": "1"}
    second = subprocess.run(
        [sys.executable, "-m", "portal.launch"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"已在运行(端口 {free_port})" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_killed_run_is_cleared_away_by_the_next(begin):
    killed = begin()
    assert killed.ready(), killed.said()
    orphans = killed.children()
    send(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    assert any(is_running(pid) for pid in orphans)
    again = begin()
    assert again.ready(), again.said()
    assert not again.ended(), again.said()
    assert [pid for pid in orphans if is_running(pid)] == []


def test_a_dying_child_is_named_and_ends_the_run(begin):
    service = begin()
    assert service.ready(), service.said()
    (worker,) = [p for p in processes_in(PROJECT, "wsgi worker") if p in service.children()]
    send(worker, signal.SIGKILL)
    assert service.process.wait(20) == 1
    assert "后台进程 worker 意外退出" in service.said()
    assert service.children() == []


def test_a_port_in_use_is_named(free_port: int):
    address = read_address({"PORT": str(free_port)})
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(EmbeddedError, match=f"端口 {free_port} 已被其他程序占用"):
            require_free(address, patient=False)
    require_free(address, patient=False)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "abc", "80 80"])
def test_a_port_that_is_none_is_refused(text: str):
    with pytest.raises(EmbeddedError, match="端口应为 1 到 65535"):
        read_address({"PORT": text})


def test_addresses():
    assert read_address({}).url == "http://127.0.0.1:8000"
    assert read_address({"HOST": "", "PORT": ""}).bound == "127.0.0.1"
    everywhere = read_address({"HOST": "0.0.0.0", "PORT": "8123"})
    assert (everywhere.bound, everywhere.url) == ("0.0.0.0", "http://127.0.0.1:8123")
    assert read_address({"HOST": "::1"}).bound == "[::1]"
    assert read_address({"HOST": "::1"}).url == "http://[::1]:8000"


def test_a_reused_pid_is_not_ended(instance: Path):
    """The note names a pid that belongs to somebody else by now."""
    stranger = subprocess.Popen(["sleep", "60"], cwd=PROJECT)
    elsewhere = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", "wsgi"], cwd=instance
    )
    note_processes(instance, PROJECT, {stranger.pid: "wsgi", elsewhere.pid: "wsgi"})
    assert end_leftovers(instance) == 0
    assert (stranger.poll(), elsewhere.poll()) == (None, None)
    for process in (stranger, elsewhere):
        process.kill()
        process.wait()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": 1}', '{"folder": "/", "marks": []}'])
def test_a_half_written_note_is_ignored(instance: Path, text: str):
    (instance / "run.json").write_text(text)
    with alone(instance, 8000):
        assert end_leftovers(instance) == 0
