"""What an uploaded file may not hold: macros, scripts, bombs, other archives. Pure.

A refusal is an Invalid (field `files`) whose sentence names the file and what to do. What no check
here can see into (an encrypted PDF) is left to the virus scanner, see clamav.py.
"""

import io
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps, UnidentifiedImageError

from portal.errors import Invalid

MEGABYTE = 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_ENTRIES = 2_000
MOST_UNPACKED = 200 * MEGABYTE
MOST_RATIO = 100  # of an entry of more than a megabyte
_CHUNK = 256 * 1024
_NESTED = re.compile(
    r"\.(zip|rar|7z|gz|bz2|xz|tar|jar|iso|exe|dll|js|vbs|docm|xlsm|pptm|docx|xlsx|pptx|doc|xls|ole|"
    r"bin|html?|svg)$",
    re.IGNORECASE,
)
# Parts of a document that end like an archive and are none.
_HARMLESS = re.compile(r"^(xl/printerSettings/|word/printerSettings/)", re.IGNORECASE)
_MACRO = re.compile(r"(^|/)(vbaProject\.bin|vbaData\.xml|activeX/|macrosheets/)", re.IGNORECASE)
_MAIN = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "ofd": "OFD.xml"}
_OLE_MACROS = tuple(word.encode("utf-16-le") for word in ("_VBA_PROJECT", "_VBA_PROJECT_CUR"))
_OLE_LOCKED = "EncryptedPackage".encode("utf-16-le")
_SCRIPT = re.compile(rb"/(JavaScript|JS|Launch|RichMedia)(?![A-Za-z0-9])")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"/ObjStm(?:(?!stream).){0,400}?stream\r?\n", re.DOTALL)
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


def looked_into(path: Path, name: str, media_type: str) -> None:
    """Refuses what the stored file may not hold; an image is written anew, without its metadata."""
    end = name.rpartition(".")[2].lower()
    if media_type in _FORMATS:
        _redraw(path, name, _FORMATS[media_type])
    elif end in _MAIN:
        _archive(path, name, _MAIN[end])
    elif media_type == "application/pdf":
        _pdf(path, name)
    else:
        _ole(path, name)


def _redraw(path: Path, name: str, form: str) -> None:
    """The picture alone, turned upright: no place, no camera, nothing hidden behind it."""
    broken = Invalid("“%(name)s”无法作为图片打开，请重新拍照或另存后再上传。", "files", name=name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=[form])
        if picture.width * picture.height > MOST_PIXELS:
            raise Invalid(
                "“%(name)s”超过 %(n)d 万像素，请缩小后再上传。",
                "files",
                name=name,
                n=MOST_PIXELS // 10_000,
            )
        with picture:
            upright = ImageOps.exif_transpose(picture)
            profile = picture.info.get("icc_profile")
            fresh = io.BytesIO()
            plain = upright if upright.mode in ("RGB", "RGBA", "L") else upright.convert("RGB")
            plain.info.clear()
            plain.save(fresh, form, quality=90, icc_profile=profile)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise broken from error
    except (SyntaxError, zlib.error, MemoryError) as error:  # what broken PNG files end in
        raise broken from error
    path.write_bytes(fresh.getvalue())


def _archive(path: Path, name: str, main: str) -> None:
    """A document that is a ZIP: its own parts, few, of an honest size, none of them a program."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _entries(entries, name, main)
            _unpacked(archive, entries, name)
            types = "[Content_Types].xml"
            if types in archive.namelist() and b"macroEnabled" in archive.read(types):
                raise _macros(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _damaged(name) from error


def _entries(entries: list[zipfile.ZipInfo], name: str, main: str) -> None:
    if len(entries) > MOST_ENTRIES or sum(one.file_size for one in entries) > MOST_UNPACKED:
        raise _bomb(name)
    if main.lower() not in {one.filename.lower() for one in entries}:
        raise _damaged(name)
    for one in entries:
        if one.flag_bits & 1:
            raise _locked(name)
        if _MACRO.search(one.filename):
            raise _macros(name)
        if _NESTED.search(one.filename) and not _HARMLESS.match(one.filename):
            raise Invalid(
                "“%(name)s”里嵌有其他文件，请去掉后再上传，或单独上传那个文件。",
                "files",
                name=name,
            )


def _unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], name: str) -> None:
    """Reads every entry, and stops at the limit: what an archive says of itself may be a lie."""
    total = 0
    for one in entries:
        size = 0
        with archive.open(one) as part:
            while chunk := part.read(_CHUNK):
                size += len(chunk)
                total += len(chunk)
                swollen = size > MEGABYTE and size > MOST_RATIO * max(one.compress_size, 1)
                if swollen or total > MOST_UNPACKED:
                    raise _bomb(name)


def _pdf(path: Path, name: str) -> None:
    """No script and no program to start, not in a packed part either."""
    content = path.read_bytes()
    if _scripted(content) or any(_scripted(part) for part in _packed(content)):
        raise Invalid(
            "“%(name)s”含有脚本或启动程序的动作，请打印成新的 PDF 再上传。", "files", name=name
        )


def _scripted(content: bytes) -> bool:
    """Whether a name of an action stands there, also written as /J#61vaScript."""
    if _SCRIPT.search(content):
        return True
    return b"#" in content and bool(
        _SCRIPT.search(_HEX.sub(lambda found: bytes([int(found.group(1), 16)]), content))
    )


def _packed(content: bytes):
    """The unpacked object streams, up to a limit."""
    left = MOST_UNPACKED
    for found in _STREAM.finditer(content):
        try:
            part = zlib.decompressobj().decompress(content[found.end() :], min(left, 20 * MEGABYTE))
        except zlib.error:
            continue
        left -= len(part)
        yield part
        if left <= 0:
            return


def _ole(path: Path, name: str) -> None:
    """The older Office files: no macros, no password."""
    with path.open("rb") as file:
        if _holds(file, _OLE_MACROS):
            raise _macros(name)
        file.seek(0)
        if _holds(file, (_OLE_LOCKED,)):
            raise _locked(name)


def _holds(file: IO[bytes], words: tuple[bytes, ...]) -> bool:
    tail = b""
    while chunk := file.read(_CHUNK):
        if any(word in tail + chunk for word in words):
            return True
        tail = chunk[-64:]
    return False


def _macros(name: str) -> Invalid:
    return Invalid("“%(name)s”含有宏，请另存为不含宏的文件再上传。", "files", name=name)


def _bomb(name: str) -> Invalid:
    return Invalid("“%(name)s”解压后过大，请拆分后再上传。", "files", name=name)


def _locked(name: str) -> Invalid:
    return Invalid("“%(name)s”设有打开密码，请取消密码后再上传。", "files", name=name)


def _damaged(name: str) -> Invalid:
    return Invalid(
        "“%(name)s”的内容与文件类型不符，请用原来的软件另存后再上传。", "files", name=name
    )
