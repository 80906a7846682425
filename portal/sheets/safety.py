"""Keeps a text cell of a CSV file a text: what a table program would take for a formula. Pure."""

# The full-width signs are taken for formulas in some locales.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_QUOTE = "'"


def neutral(text: str) -> str:
    """The text with an apostrophe before it where a table program would compute it."""
    return _QUOTE + text if text.startswith((*_ACTIVE, _QUOTE)) else text


def plain_cell(text: str) -> str:
    """The text that `neutral` was given."""
    if text.startswith(_QUOTE) and text[1:].startswith((*_ACTIVE, _QUOTE)):
        return text[1:]
    return text
