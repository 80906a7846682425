"""Passwords that are known to be stolen: looked for in a file of hashes, which is never loaded.

ASVS 5.0 6.2.12. The file is the one of Have I Been Pwned ordered by hash (lines `SHA-1:count`,
some 40 GB), searched by bisection; or the folder of its ranges (`21BD1.txt`, lines with the other
35 digits). No password and no hash leaves this machine.
"""

import hashlib
import logging
import os
import re
from pathlib import Path
from typing import BinaryIO

from portal.safety import ConfigError

_LINE = re.compile(rb"[0-9A-Fa-f]{40}(?::\d+)?\r?\n")
_RANGE = 5  # digits of the hash that name a file of the folder
_DIGITS = 40
_LONGEST = 128  # bytes of a line

log = logging.getLogger(__name__)


class Breached:
    """The stolen passwords of this installation; `look_in` is called once, by portal.factory."""

    def __init__(self) -> None:
        self._place: Path | None = None

    def look_in(self, place: str) -> None:
        """The path of the file or folder; empty: none is looked in. Raises ConfigError."""
        self._place = Path(place) if place else None
        if self._place is not None and not _fits(self._place):
            raise ConfigError(
                f"BREACHED_PASSWORDS：{place} 不是按哈希排序的泄露密码文件或目录。",
                f"BREACHED_PASSWORDS: {place} is no file or folder of hashes in their order.",
            )

    def holds(self, password: str) -> bool:
        """Whether the password is among them; False, with an error in the log, for a lost file."""
        if self._place is None:
            return False
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        try:
            if self._place.is_dir():
                return _in_range(self._place, digest)
            with self._place.open("rb", buffering=0) as file:
                return _in_file(file, digest)
        except OSError as error:
            log.error("the breached passwords cannot be read", exc_info=error)
            return False


def _fits(place: Path) -> bool:
    if place.is_dir():
        return any(place.glob("[0-9A-Fa-f]" * _RANGE + ".txt"))
    try:
        with place.open("rb") as file:
            return _LINE.fullmatch(file.readline(_LONGEST)) is not None
    except OSError:
        return False


def _in_range(folder: Path, digest: bytes) -> bool:
    path = folder / f"{digest[:_RANGE].decode()}.txt"
    if not path.is_file():
        return False
    rest = digest[_RANGE:]
    with path.open("rb") as file:
        return any(line[: len(rest)].upper() == rest for line in file)


def _in_file(file: BinaryIO, digest: bytes) -> bool:
    """Bisection by bytes: some 36 short reads in 40 GB."""
    low, high = 0, os.fstat(file.fileno()).st_size
    while low < high:
        start, line = _line_at(file, (low + high) // 2)
        found = line[:_DIGITS].upper()
        if found == digest:
            return True
        if found < digest:
            low = start + len(line)
        else:
            high = start
    return False


def _line_at(file: BinaryIO, place: int) -> tuple[int, bytes]:
    """Where the line begins that the byte at `place` is of, and the line."""
    begin = max(0, place - _LONGEST)
    file.seek(begin)
    block = file.read(place - begin + _LONGEST)
    before = block.rfind(b"\n", 0, place - begin) + 1
    end = block.find(b"\n", place - begin)
    return begin + before, block[before : end + 1] if end >= 0 else block[before:]


BREACHED = Breached()
