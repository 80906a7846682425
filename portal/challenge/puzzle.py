"""The two ways to pass: work that a script does, or a sum in words that a person does.

Why these: docs/decisions/challenge.md.
"""

import hashlib
import secrets
from dataclasses import dataclass

from portal.errors import N_
from portal.plaintext import FULL_WIDTH

BITS = 16  # 65,000 hashes on average: a third of a second on a phone, a second seldom
LONGEST_WORK = 16
DIGITS = "零一二三四五六七八九"
# How a sum is asked; the numbers are put in as words.
ASKED = {
    "+": N_("%(a)s加%(b)s等于几？"),
    "-": N_("%(a)s减去%(b)s还剩几？"),
    "*": N_("%(b)s个%(a)s一共是多少？"),
}


@dataclass(frozen=True)
class Sum:
    """Two numbers under twenty and what to do with them."""

    a: int
    sign: str
    b: int

    @property
    def result(self) -> int:
        """The right answer, never under zero."""
        return {"+": self.a + self.b, "-": self.a - self.b, "*": self.a * self.b}[self.sign]


def new_sum() -> Sum:
    """A sum that is easy in the head: under twenty, or three to five times two to nine."""
    sign = secrets.choice("+-*")
    if sign == "*":
        return Sum(2 + secrets.randbelow(8), "*", 3 + secrets.randbelow(3))
    low, high = sorted((2 + secrets.randbelow(9), 6 + secrets.randbelow(9)))
    return Sum(high, sign, low)


def chinese(number: int) -> str:
    """A number under a hundred in Chinese words."""
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def read(text: str) -> int | None:
    """The number that somebody typed, in digits or in Chinese words; None for anything else."""
    plain = text.translate(FULL_WIDTH).strip(" 。.\t").replace("两", "二")
    if plain.isascii() and plain.isdigit() and len(plain) <= 3:
        return int(plain)
    return _WORDS.get(plain)


def works(nonce: str, work: str) -> bool:
    """Whether SHA-256 of "nonce:work" begins with BITS zeros; `work` is a number in digits."""
    if not (work.isascii() and work.isdigit() and len(work) <= LONGEST_WORK):
        return False
    digest = hashlib.sha256(f"{nonce}:{work}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> (32 - BITS) == 0


_WORDS = {chinese(number): number for number in range(100)}
_WORDS |= {f"一{chinese(number)}": number for number in range(10, 20)}
