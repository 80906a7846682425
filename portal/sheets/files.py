"""Keeps uploaded sheets outside the web root, by random name, until their import has ended."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portal.errors import Invalid
from portal.tickets.files import clean_name

MAX_BYTES = 10 * 1024 * 1024
_FOLDER = "sheets"
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Kept:
    """A file that lies in the folder; its row is not written yet."""

    stored_name: str
    name: str
    size: int
    sha256: str


def keep(stream: IO[bytes], name: str, folder: Path) -> Kept:
    """Writes the stream below `folder`. Raises Invalid (field `file`) when it is empty or large."""
    stored_name = secrets.token_hex(16)
    path = path_of(stored_name, folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as target:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    raise Invalid(
                        "文件超过 %(n)d MB，请拆成几个再导入。", "file", n=MAX_BYTES // 1024 // 1024
                    )
                digest.update(chunk)
                target.write(chunk)
        if size == 0:
            raise Invalid("这个文件是空的，请重新选择。", "file")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Kept(stored_name, clean_name(name) or stored_name[:8], size, digest.hexdigest())


def path_of(stored_name: str, folder: Path) -> Path:
    """Where a kept file lies."""
    return folder / _FOLDER / stored_name


def discard(stored_name: str | None, folder: Path) -> None:
    """Removes a file that is needed no longer."""
    if stored_name:
        path_of(stored_name, folder).unlink(missing_ok=True)
