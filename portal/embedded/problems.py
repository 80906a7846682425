"""What can go wrong with the embedded services, each told in one plain sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

NEEDED_BYTES = 400 * 1024 * 1024


class EmbeddedError(click.ClickException):
    """An embedded service cannot run; the text is one Chinese and one English sentence.

    It is a ClickException so that every `flask` command prints the sentence, not a traceback.
    """

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")

    def __str__(self) -> str:
        return self.message


@contextmanager
def told_plainly(folder: Path) -> Iterator[None]:
    """Turn an operating system's error about `folder` into an EmbeddedError."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(folder) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise EmbeddedError(
                f"无法写入 {where}:它属于其他用户，或者所在磁盘是只读的。",
                f"Cannot write to {where}: it belongs to another user, or the disk is read-only.",
            ) from error
        raise EmbeddedError(
            f"无法启动内置服务:{error}。", f"Cannot start the embedded services: {error}."
        ) from error


def no_space(folder: Path) -> EmbeddedError:
    """The error for a full disk under `folder`."""
    need = NEEDED_BYTES // (1024 * 1024)
    return EmbeddedError(
        f"磁盘空间不足:{folder} 所在磁盘至少需要 {need} MB。",
        f"No disk space: {folder} needs at least {need} MB free.",
    )


def require_space(folder: Path) -> None:
    """Raise EmbeddedError unless the disk of the existing `folder` has NEEDED_BYTES free."""
    if shutil.disk_usage(folder).free < NEEDED_BYTES:
        raise no_space(folder)
