"""Finds a Chinese font of the machine for PDF files; none is part of the program. Pure.

A collection holds one face a region; the one for simplified Chinese is looked up by its name.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
)
# Regular and bold, the better first; what comes without a bold face is used for both.
FILES = (
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSansCJKsc-Regular.otf", "NotoSansCJKsc-Bold.otf"),
    ("NotoSansSC-Regular.otf", "NotoSansSC-Bold.otf"),
    ("SourceHanSansSC-Regular.otf", "SourceHanSansSC-Bold.otf"),
    ("wqy-microhei.ttc", "wqy-microhei.ttc"),
    ("wqy-zenhei.ttc", "wqy-zenhei.ttc"),
    ("STHeiti Light.ttc", "STHeiti Medium.ttc"),
)
SIMPLIFIED = (" SC", "Micro Hei", "Zen Hei", "Heiti SC")
_FAMILY = 1  # the id of the family's name in a font's table of names


class FontMissing(Exception):
    """No Chinese font is on the machine."""


@dataclass(frozen=True)
class Face:
    """A font file, and which font of a collection it is."""

    path: Path
    number: int = 0


@lru_cache(maxsize=4)
def faces(given: str = "") -> tuple[Face, Face]:
    """The regular and the bold face; `given`: a file that the operator chose.

    Raises FontMissing.
    """
    if given:
        path = Path(given)
        if not path.is_file():
            raise FontMissing(given)
        return (face(path), face(path))
    known = {path.name: path for path in _files()}
    for regular, bold in FILES:
        if regular in known:
            return face(known[regular]), face(known.get(bold, known[regular]))
    raise FontMissing()


def face(path: Path) -> Face:
    """The face of a file for simplified Chinese; a file of one font has only that."""
    if path.suffix.lower() not in (".ttc", ".otc"):
        return Face(path)
    with TTCollection(str(path), lazy=True) as collection:
        names = [_family(font) for font in collection.fonts]
    numbers = (place for place, name in enumerate(names) if name.endswith(SIMPLIFIED))
    return Face(path, next(numbers, 0))


def _family(font: TTFont) -> str:
    return str(font["name"].getDebugName(_FAMILY) or "")


def _files() -> Iterator[Path]:
    own = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "fonts"
    for folder in (*FOLDERS, str(own)):
        yield from (path for path in Path(folder).rglob("*.[to]t[cf]") if path.is_file())
