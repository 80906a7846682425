"""`make run`: everything on one machine, from the data to the pages, until Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import click
import psycopg
import redis
from sqlalchemy.engine import make_url

from portal.config import PROJECT, ConfigError, instance_folder, load_config
from portal.embedded import services
from portal.embedded.children import Children
from portal.embedded.ports import Address, read_address, require_free
from portal.embedded.problems import require_space, told_plainly
from portal.embedded.running import alone, end_leftovers, forget_processes, note_processes

FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")
READY_SECONDS = 90.0
# Passed on, so that every process uses the same data, whatever its own surroundings say.
PASSED_ON = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "SECRET_KEY")


def main() -> int:
    """Start everything, wait, stop everything; the exit code (0 after Ctrl-C or SIGTERM)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup` means what it says; a shell's `&` ignores Ctrl-C, but not our stop signals.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        address = read_address(os.environ)
        instance = instance_folder()
        with alone(instance, address.port):
            return _run(address, instance)
    except KeyboardInterrupt:
        say("已停止。Stopped.")
        return 0
    except click.ClickException as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    finally:
        services.release_all()


def say(text: str) -> None:
    """One line for one step; a terminal that has gone away is no reason to stop badly."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of our life


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(address: Address, instance: Path) -> int:
    left = end_leftovers(instance)
    if left:
        say(f"· 清理上次运行留下的 {left} 个进程 processes of the last run ended")
    require_free(address, patient=bool(left))
    with told_plainly(instance):
        require_space(instance)
    environment = _environment(_data(instance), instance, address)
    _prepare(environment)
    return _serve(address, instance, environment)


def _data(instance: Path) -> dict[str, str]:
    """The settings of database and queue, both of them up; raises ClickException."""
    own_database, own_queue = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    if own_database:
        say("· 启动数据库 PostgreSQL")
    config = load_config(None, services)
    if own_queue:
        say("· 启动队列 Valkey")
        services.ensure_valkey(instance)
    if not own_database:
        for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL"):
            _require_database(name, config[name])
    if not own_queue:
        _require_queue(config["REDIS_URL"])
    return {name: config[name] for name in PASSED_ON}


def _require_database(name: str, address: str) -> None:
    url = make_url(address)
    try:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        psycopg.connect(plain, connect_timeout=10).close()
    except psycopg.Error as error:
        shown = f"{name} {url.render_as_string(hide_password=True)}"
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(
            f"无法连接数据库 {shown}:{reason}", f"Cannot connect to the database {shown}: {reason}"
        ) from error


def _require_queue(url: str) -> None:
    client = redis.Redis.from_url(url, socket_connect_timeout=5)
    try:
        client.ping()
    except redis.RedisError as error:
        raise ConfigError(
            f"无法连接队列服务(REDIS_URL):{error}", f"Cannot reach the queue (REDIS_URL): {error}"
        ) from error
    finally:
        client.close()


def _environment(data: Mapping[str, str], instance: Path, address: Address) -> dict[str, str]:
    """What the children see: the same data, our own Python first, and no buffered lines."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    own = {"PORTAL_INSTANCE": str(instance), "HOST": address.bound, "PORT": str(address.port)}
    inherited = {k: v for k, v in os.environ.items() if k.removesuffix("_FILE") not in PASSED_ON}
    return {**inherited, **data, **own, "PATH": programs, "PYTHONUNBUFFERED": "1"}


def _prepare(environment: Mapping[str, str]) -> None:
    """The newest schema, and the demonstration where there is no data yet."""
    say("· 更新数据库结构 migrations")
    upgrade = _flask(environment, "db", "upgrade")
    said = upgrade.communicate()[0]
    if upgrade.returncode != 0:
        lines = [line for line in said.splitlines() if line and line[0] not in " (["]
        reason = (lines or ["?"])[-1]
        raise ConfigError(
            f"数据库结构更新失败:{reason}", f"The database could not be migrated: {reason}"
        )
    if _shows_demo(environment):
        say("· 准备演示数据 demonstration data")
        command = [*FLASK, "demo", "load", "--if-empty"]
        if subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode != 0:
            raise ConfigError("演示数据未能载入。", "The demonstration could not be loaded.")


def _shows_demo(environment: Mapping[str, str]) -> bool:
    """Accounts with published passwords never get into a production database."""
    return environment.get("PORTAL_ENV") != "production"


def _flask(environment: Mapping[str, str], *words: str) -> subprocess.Popen[str]:
    """Start a `flask` command; its output, errors included, comes from `communicate()`."""
    return subprocess.Popen(
        [*FLASK, *words],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _serve(address: Address, instance: Path, environment: Mapping[str, str]) -> int:
    """Web, worker and timer until somebody ends them or one of them dies."""
    say("· 启动网页、后台和定时进程 web, worker, timer")
    listing = _flask(environment, "demo", "accounts") if _shows_demo(environment) else None

    def ready() -> None:
        say(f"\n诉求通已启动，请打开 Open in a browser:\n\n    {address.url}\n")
        accounts = listing.communicate()[0] if listing else ""
        if listing and listing.returncode == 0:
            say(accounts.rstrip() + "\n")
        say("按 Ctrl-C 停止。Press Ctrl-C to stop.")

    children = Children(PROJECT / "Procfile", PROJECT, environment, say)
    children.on_started = lambda marks: note_processes(instance, PROJECT, marks)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    children.run(f"{address.url}/health", READY_SECONDS, ready)
    forget_processes(instance)
    if children.failure:
        raise ConfigError(*children.failure)
    say("已停止。Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
