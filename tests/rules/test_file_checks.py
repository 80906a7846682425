"""Uploads that carry more than they say: metadata, bombs, macros, scripts, other archives."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
from PIL import Image

from portal.errors import Invalid
from portal.tickets import file_checks, files

TYPES = "[Content_Types].xml"
PLAIN_TYPES = "<Types><Override ContentType='application/xml'/></Types>"
DOCX = {TYPES: PLAIN_TYPES, "word/document.xml": "<w:document/>"}


@dataclass
class Upload:
    """A file as a request would bring it."""

    filename: str | None
    content: bytes
    stream: IO[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.stream = io.BytesIO(self.content)


def kept(folder: Path, name: str, content: bytes) -> Path:
    sent: list[files.Upload] = [Upload(name, content)]
    [one] = files.store(sent, folder, max_files=10, max_bytes=20_000_000)
    path = files.path_of(one.stored_name, folder)
    assert one.size == path.stat().st_size
    return path


def refused(folder: Path, name: str, content: bytes, word: str) -> None:
    with pytest.raises(Invalid, match=word) as error:
        kept(folder, name, content)
    assert error.value.field == "files" and name in error.value.message
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def zipped(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def photo(form: str) -> bytes:
    """A small picture that says where it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation
    exif[0x010F] = "CAMERA-OF-SOMEBODY"
    exif.get_ifd(0x8825)[1] = "N"
    made = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(made, form, exif=exif)
    return made.getvalue() + b"<script>alert(1)</script>"


@pytest.mark.parametrize(("form", "end"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_picture_is_drawn_anew_without_what_it_tells(tmp_path: Path, form: str, end: str) -> None:
    assert b"CAMERA" in photo(form)
    path = kept(tmp_path, f"照片.{end}", photo(form))
    content = path.read_bytes()
    assert b"CAMERA" not in content and b"script" not in content
    with Image.open(path) as picture:
        assert picture.format == form and picture.size == (20, 40)
        assert not dict(picture.getexif())


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    side = 20_000  # a PNG of a few bytes that says it has 400 million pixels
    head = struct.pack("!IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack("!I", zlib.crc32(kind + body))
        return struct.pack("!I", len(body)) + kind + body + crc

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99)))
    refused(tmp_path, "大.png", bomb + chunk(b"IEND", b""), "无法作为图片|万像素")
    smaller = struct.pack("!IIBBBBB", 8_000, 8_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", smaller) + chunk(b"IDAT", zlib.compress(b"x"))
    refused(tmp_path, "大.png", bomb + chunk(b"IEND", b""), "4000 万像素")


@pytest.mark.parametrize("cut", [30, 60, 200])
def test_a_broken_picture_is_refused(tmp_path: Path, cut: int) -> None:
    refused(tmp_path, "坏.jpg", photo("JPEG")[:cut], "无法作为图片")


def test_a_document_of_its_own_parts_is_kept(tmp_path: Path) -> None:
    content = zipped(DOCX | {"word/media/image1.png": bytes(range(256)) * 20})
    assert kept(tmp_path, "合同.docx", content).read_bytes() == content
    kept(tmp_path, "表.xlsx", zipped({TYPES: PLAIN_TYPES, "xl/workbook.xml": "<workbook/>"}))
    kept(tmp_path, "函.ofd", zipped({"OFD.xml": "<ofd/>", "Doc_0/Document.xml": "<d/>"}))


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        (DOCX | {"word/vbaProject.bin": b"\0"}, "宏"),
        (DOCX | {TYPES: "<Types>application/vnd.ms-word.document.macroEnabled.main</Types>"}, "宏"),
        (DOCX | {"word/activeX/activeX1.xml": "<x/>"}, "宏"),
        (DOCX | {"word/embeddings/inner.zip": b"PK"}, "嵌有其他文件"),
        (DOCX | {"word/embeddings/oleObject1.bin": b"\0"}, "嵌有其他文件"),
        (DOCX | {"payload.EXE": b"MZ"}, "嵌有其他文件"),
        ({"readme.txt": "no document"}, "不符"),
        (DOCX | {"word/media/zeros.bmp": bytes(30_000_000)}, "解压后过大"),
        (DOCX | {f"word/media/{n}.png": b"" for n in range(2_001)}, "解压后过大"),
    ],
)
def test_macros_other_files_and_bombs_in_a_document_are_refused(
    tmp_path: Path, parts: dict[str, str | bytes], word: str
) -> None:
    refused(tmp_path, "合同.docx", zipped(parts), word)


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    content = zipped(DOCX | {"word/media/zeros.bmp": bytes(30_000_000)})
    lying = content.replace(struct.pack("<I", 30_000_000), struct.pack("<I", 3_000))
    assert lying != content
    with pytest.raises(Invalid):
        kept(tmp_path, "合同.docx", lying)


def test_a_document_with_a_password_or_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(DOCX, zipfile.ZIP_STORED))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.rfind(mark)
        content[start + place] |= 1
    refused(tmp_path, "合同.docx", bytes(content), "密码")
    refused(tmp_path, "表.xlsx", zipped(DOCX), "不符")


OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(504)


def test_old_office_files_are_kept_without_macros_only(tmp_path: Path) -> None:
    kept(tmp_path, "合同.doc", OLE + "WordDocument".encode("utf-16-le"))
    middle = bytes(file_checks._CHUNK - len(OLE) - 5)  # the word lies across two chunks
    macros = OLE + middle + "_VBA_PROJECT".encode("utf-16-le")
    (tmp_path / "x").mkdir()
    refused(tmp_path / "x", "合同.doc", macros, "宏")
    refused(tmp_path / "x", "表.xls", OLE + "EncryptedPackage".encode("utf-16-le"), "密码")


def pdf(body: bytes) -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\ntrailer\n<<>>\n%%EOF\n"


def packed(body: bytes) -> bytes:
    return pdf(b"<</Type/ObjStm/N 1/Filter/FlateDecode>>\nstream\r\n" + zlib.compress(body))


@pytest.mark.parametrize(
    "content",
    [
        pdf(b"<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"),
        pdf(b"<</OpenAction<</S/J#61v#61Script>>>>"),
        pdf(b"<</A<</S/Launch/F(cmd.exe)>>>>"),
        packed(b"1 0 <</S/JavaScript/JS(x)>>"),
    ],
)
def test_a_pdf_that_acts_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path, "表.pdf", content, "脚本")


@pytest.mark.parametrize(
    "content", [pdf(b"<</Title(JS and /JSON)>>"), packed(b"1 0 <</Type/Page>>"), pdf(b"stream #4")]
)
def test_a_pdf_that_does_nothing_is_kept(tmp_path: Path, content: bytes) -> None:
    assert kept(tmp_path, "表.pdf", content).read_bytes() == content
