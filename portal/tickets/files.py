"""Keeps uploaded files: types by content and allow-list, outside the web root, by random name."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import filetype

from portal.errors import N_, Invalid
from portal.tickets.file_checks import looked_into

CHUNK = 1024 * 1024
MOST_BYTES = 100 * CHUNK  # all files of a ticket together
TOO_LARGE = N_("这件诉求的附件合计不能超过 %(limit)d MB，请减少或压缩后再试。")
TOO_MANY = N_("最多上传 %(n)d 个附件，请减少后再试。")
_OLE = frozenset({"application/msword", "application/vnd.ms-excel", "application/x-ole-storage"})
_OFFICE = "application/vnd.openxmlformats-officedocument."
# By the end of the name, the types that the content may show.
ALLOWED: dict[str, frozenset[str]] = {
    "pdf": frozenset({"application/pdf"}),
    "doc": _OLE,
    "xls": _OLE,
    "wps": _OLE,
    "et": _OLE,
    "docx": frozenset({f"{_OFFICE}wordprocessingml.document", "application/zip"}),
    "xlsx": frozenset({f"{_OFFICE}spreadsheetml.sheet", "application/zip"}),
    "ofd": frozenset({"application/zip"}),
    "jpg": frozenset({"image/jpeg"}),
    "jpeg": frozenset({"image/jpeg"}),
    "png": frozenset({"image/png"}),
    "webp": frozenset({"image/webp"}),
}
_OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")


class Upload(Protocol):
    """A file as the request brings it."""

    @property
    def filename(self) -> str | None: ...

    @property
    def stream(self) -> IO[bytes]: ...


@dataclass(frozen=True)
class Stored:
    """A file that lies in the folder; its row is not written yet.

    `quarantined`: nobody gets it before a virus scanner has seen it.
    """

    stored_name: str
    name: str
    media_type: str
    size: int
    sha256: str
    quarantined: bool = False


def present(uploads: Iterable[Upload] | None) -> list[Upload]:
    """The uploads that carry a file: an empty field sends one without a name, and a mere text
    under the field's name is none."""
    return [upload for upload in uploads or () if getattr(upload, "filename", None)]


def store(
    uploads: list[Upload],
    folder: Path,
    *,
    max_files: int,
    max_bytes: int,
    already: int = 0,
    quarantine: bool = False,
) -> list[Stored]:
    """Writes the files below `folder`; all of them or, on the first refusal, none.

    `already`: files the ticket or draft has. Raises Invalid (field `files`) with a sentence that
    names the file and what to do.
    """
    if len(uploads) + already > max_files:
        raise Invalid(TOO_MANY, "files", n=max_files)
    stored: list[Stored] = []
    try:
        for upload in uploads:
            stored.append(replace(_store(upload, folder, max_bytes), quarantined=quarantine))
    except BaseException:
        discard(stored, folder)
        raise
    return stored


def discard(stored: Iterable[Stored], folder: Path) -> None:
    """Removes files whose rows were not written."""
    for one in stored:
        path_of(one.stored_name, folder).unlink(missing_ok=True)


def path_of(stored_name: str, folder: Path) -> Path:
    """Where a stored file lies."""
    return folder / stored_name[:2] / stored_name


def clean_name(name: str) -> str:
    """The last part of the name, without control characters, at most 100 characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    printable = "".join(letter for letter in last if letter.isprintable()).strip(". ")
    stem, dot, end = printable.rpartition(".")
    return f"{stem[: 99 - len(end)]}{dot}{end}" if dot else printable[:100]


def _store(upload: Upload, folder: Path, max_bytes: int) -> Stored:
    name = clean_name(upload.filename or "")
    head = upload.stream.read(8192)
    upload.stream.seek(0)
    media_type = _media_type(name, head)
    stored_name = secrets.token_hex(16)
    path = path_of(stored_name, folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = 0
    try:
        with path.open("xb") as target:
            while chunk := upload.stream.read(CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise Invalid(
                        "“%(name)s”超过 %(limit)d MB，请压缩或拆分后再上传。",
                        "files",
                        name=name,
                        limit=max_bytes // 1024 // 1024,
                    )
                target.write(chunk)
        if size == 0:
            raise Invalid("“%(name)s”是空文件，请重新选择。", "files", name=name)
        looked_into(path, name, media_type)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Stored(stored_name, name, media_type, *_measured(path))


def _measured(path: Path) -> tuple[int, str]:
    """Size and digest of what lies there: an image was written anew."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


def _media_type(name: str, head: bytes) -> str:
    """The type the content shows, when the name's end allows it. Raises Invalid otherwise."""
    end = name.rpartition(".")[2].lower()
    if end not in ALLOWED:
        raise Invalid(
            "不能上传“%(name)s”：请使用 PDF、Word、Excel 或 JPG、PNG、WEBP 图片。",
            "files",
            name=name,
        )
    if not head:
        raise Invalid("“%(name)s”是空文件，请重新选择。", "files", name=name)
    found = filetype.guess_mime(head) or ""
    if head.startswith(_OLE_MAGIC):
        found = "application/x-ole-storage"
    if found not in ALLOWED[end]:
        raise Invalid(
            "“%(name)s”的内容与文件类型不符，请用原来的软件另存后再上传。", "files", name=name
        )
    return found
