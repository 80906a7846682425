"""Typed text made into what is stored: one line, sentences, codes, telephone numbers. Pure."""

import re

PHONE = r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$"
USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._@-]{2,31}$"
# Control characters but tab and line feed, halves of pairs, marks that turn the reading direction
# of what follows, and code points that are no characters. PostgreSQL refuses NUL.
NO_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
DASHES = {0xFF0D: "-", 0x2014: "-"}


def clean(text: str | None) -> str:
    """One line of typed text: no control characters, no blanks at its ends."""
    return "".join(letter for letter in text or "" if letter.isprintable()).strip()


def plain(text: str | None) -> str:
    """Typed sentences: each line ends in one line feed, and nothing is in them that is no text."""
    return NO_TEXT.sub("", (text or "").replace("\r\n", "\n").replace("\r", "\n"))


def code(text: str | None) -> str:
    """A code as it is stored: no blanks, half-width; people paste it from anywhere."""
    return "".join(clean(text).translate(FULL_WIDTH).split())


def capitals(text: str | None) -> str:
    """A number or code in capitals, as it is stored, however it was typed or pasted."""
    return code(text).upper()


def phone_code(text: str | None) -> str:
    """A telephone number as it is stored: half-width, without the country's code."""
    return code(text).translate(DASHES).removeprefix("+86").removeprefix("-")
