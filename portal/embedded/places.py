"""Where the embedded services keep their files, and as which user they run."""

import hashlib
import os
import pwd
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.problems import EmbeddedError, require_space, told_plainly

ROOTS_FOLDER = Path("/var/lib/suqiutong")
# Socket names longer than this do not fit sockaddr_un (107 bytes on Linux, 103 on macOS).
SOCKET_PATH_BYTES = 103
LONGEST_SOCKET = ".s.PGSQL.5432.lock"
UNPRIVILEGED_NAMES = ("suqiutong", "nobody")


@dataclass(frozen=True)
class Account:
    """The unprivileged user a server runs as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """One instance's folders: `base` is ours alone, `run` holds the sockets (mode 700)."""

    base: Path
    run: Path
    account: Account | None


def project_base(instance: Path) -> Path:
    """The folder of the services' data for a project's `instance` folder.

    Inside `instance`; for root under /var/lib/suqiutong, because the unprivileged user who
    runs the servers often may not enter the project's folder. The name is kept in `instance`,
    so a moved project finds its data and a fresh clone starts afresh.
    """
    own = instance / "services"
    note = instance / "services_of_root"
    with told_plainly(instance):
        instance.mkdir(parents=True, exist_ok=True)
        require_space(instance)
        if os.geteuid() != 0:
            return _unless_used(note, own, "root")
        if own.exists():
            owner = own.stat().st_uid
            return _unless_used(own, ROOTS_FOLDER, f"uid {owner}")
        if not note.exists():
            folder = hashlib.sha256(str(instance.resolve()).encode()).hexdigest()[:8]
            write_secret(note, f"{folder}{secrets.token_hex(3)}\n")
        return ROOTS_FOLDER / note.read_text().strip()


def _unless_used(other: Path, wanted: Path, owner: str) -> Path:
    """`wanted`, unless `other` shows that the data was made by another user."""
    if not other.exists():
        return wanted
    raise EmbeddedError(
        f"本目录的数据由其他用户({owner})创建，请以该用户运行，或者换一个目录。",
        f"The data of this folder was made by another user ({owner}): run as that user,"
        " or use another folder.",
    )


def write_secret(path: Path, text: str) -> None:
    """Write `text` to `path` with mode 600, whole or not at all."""
    hand_over(path.parent, text, None).replace(path)


def hand_over(folder: Path, text: str, account: Account | None) -> Path:
    """A new file of mode 600 in `folder` that only `account` (or we) can read; returns it.

    Its name is new and never a link: the account may own the folder, and root must not be
    led to write elsewhere.
    """
    path = folder / f".{secrets.token_hex(8)}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if account:
            os.fchown(file.fileno(), account.uid, account.gid)
    return path


def make_place(base: Path) -> Place:
    """Create and check the folders under `base`; raises EmbeddedError when that is refused."""
    with told_plainly(base):
        base.mkdir(parents=True, exist_ok=True)
        if base.stat().st_uid != os.geteuid():
            raise EmbeddedError(
                f"数据目录 {base} 属于其他用户。",
                f"The data folder {base} belongs to another user.",
            )
        account = _account(base) if os.geteuid() == 0 else None
        base.chmod(0o711 if account else 0o700)
        if account and base.parent == ROOTS_FOLDER:
            ROOTS_FOLDER.chmod(0o755)
        run = base / "run"
        if len(os.fsencode(run / LONGEST_SOCKET)) > SOCKET_PATH_BYTES:
            run = _short_run_folder(base)
        private_folder(run, account)
        return Place(base, run, account)


def _account(base: Path) -> Account:
    """The user who owns the data already, else the first unprivileged user there is."""
    data = base / "run"
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL 不能以 root 运行，而本机没有 nobody 用户；请以普通用户运行。",
        "PostgreSQL refuses to run as root and this machine has no user nobody:"
        " run as an ordinary user.",
    )


def _short_run_folder(base: Path) -> Path:
    name = hashlib.sha256(os.fsencode(base.resolve())).hexdigest()[:12]
    # Not XDG_RUNTIME_DIR or TMPDIR: every caller has to find the same sockets.
    return Path("/tmp") / f"suqiutong-{os.geteuid()}-{name}"


def private_folder(folder: Path, account: Account | None) -> Path:
    """Create `folder` with mode 700 for `account` (or us); refuse one that is somebody else's.

    A folder of that name under /tmp may have been planted: it has to be a real folder of the
    right owner that nobody else may enter.
    """
    owner = account.uid if account else os.geteuid()
    if not folder.is_symlink() and not folder.exists():
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if account and found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode):
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    elif not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise EmbeddedError(
            f"目录 {folder} 不安全:它属于其他用户。",
            f"The folder {folder} is not safe: it belongs to another user.",
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder
