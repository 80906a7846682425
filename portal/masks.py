"""What is left of a telephone number, a name, an identity number under a mask. Pure."""

import re

_LONG_NUMBER = 9
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


def phone(number: str | None) -> str:
    """A telephone number with its middle hidden: 138****5678; “–” for none."""
    if not number or number == "–":
        return "–"
    return f"{number[:3]}****{number[-4:]}" if len(number) >= _LONG_NUMBER else "****"


def name(text: str | None) -> str:
    """A person's name of which the first character is left: 王**."""
    return f"{text[0]}{'*' * min(len(text) - 1, 2)}" if text else ""


def numbers(text: str) -> str:
    """A line in which identity numbers (GB 11643, 18 places) and mobile numbers are hidden."""
    text = _IDENTITY.sub(lambda found: f"{found.group()[:3]}***********{found.group()[-4:]}", text)
    return _MOBILE.sub(lambda found: phone(found.group()), text)
