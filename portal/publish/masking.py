"""Proposes how to take persons and firms out of a text, and finds what is still in it. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

FIRM, PERSON, PHONE, CODE, MAIL = "某企业", "某某", "（电话略）", "（号码略）", "（邮箱略）"
_DIGIT = r"[0-9０-９]"
_GAP = r"[\s\-－—()（）]{0,3}"
_FORM = re.compile(
    r"(（集团）|\(集团\)|集团)?(股份|责任)?(有限责任|有限|股份)?(公司|厂|合作社|工厂|商行|商店|中心)$"
)
# From the most particular to the least: what the first has taken, the next does not see.
_PATTERNS = (
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII), MAIL),
    (re.compile(r"SQ[0-9]{8}-[0-9]{4,}"), CODE),
    (re.compile(rf"(?<![0-9０-９])(?:{_DIGIT}{_GAP}){{17}}[0-9０-９XxＸｘ]"), CODE),
    (re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])"), CODE),
    (re.compile(rf"(?<![0-9０-９])[1１](?:{_GAP}{_DIGIT}){{10}}(?![0-9０-９])"), PHONE),
    (re.compile(rf"(?<![0-9０-９])[0０]{_DIGIT}{{2,3}}{_GAP}{_DIGIT}{{7,8}}(?![0-9０-９])"), PHONE),
    (re.compile(rf"(?<![0-9０-９])(?:{_DIGIT}{_GAP}){{11,}}{_DIGIT}"), CODE),
)


@dataclass(frozen=True)
class Secrets:
    """Words that give a firm or a person away: `firms` are its names, `people` names of persons."""

    firms: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, names: Iterable[str | None], people: Iterable[str | None], codes: Iterable[str | None]
    ) -> "Secrets":
        """Of a firm's full and short names also the core: “鲁西轴承” of “鲁西轴承有限公司”."""
        firms = {one.strip() for one in names if one and one.strip()}
        firms |= {core for one in firms if len(core := core_name(one)) >= 3}
        return cls(_longest(firms), _longest(_real(people)), _longest(_real(codes)))


def core_name(name: str) -> str:
    """A firm's name without its legal form."""
    return _FORM.sub("", name)


def _real(words: Iterable[str | None]) -> set[str]:
    """Words of two characters at least; a mark for “none” is no name."""
    return {one.strip() for one in words if one and len(one.strip()) >= 2}


def _longest(words: set[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda one: (-len(one), one)))


def proposed(text: str, secrets: Secrets) -> str:
    """The text without what was found; a person still has to read it."""
    for pattern, mask in _PATTERNS:
        text = pattern.sub(mask, text)
    for words, mask in ((secrets.codes, CODE), (secrets.firms, FIRM), (secrets.people, PERSON)):
        for word in words:
            text = re.sub(re.escape(word), mask, text, flags=re.IGNORECASE)
    return text


def told(text: str, secrets: Secrets) -> tuple[str, ...]:
    """The known words that the text still tells: these forbid publication."""
    plain = re.sub(r"\s", "", text).lower()
    known = (*secrets.firms, *secrets.people, *secrets.codes)
    return tuple(one for one in known if re.sub(r"\s", "", one).lower() in plain)


def suspected(text: str) -> tuple[str, ...]:
    """What looks like a telephone, a number of a person or an account, or an address of mail."""
    found: list[str] = []
    for pattern, _mask in _PATTERNS:
        found += [hit.group().strip() for hit in pattern.finditer(text)]
        text = pattern.sub(" ", text)
    return tuple(found)
