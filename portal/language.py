"""Words that are chosen when they are shown, in the reader's language."""

from typing import Any, cast

from flask_babel import lazy_gettext


def lazy(text: str, **values: Any) -> str:
    """The text in the language of whoever reads it later.

    In truth a LazyString, which WTForms and Jinja take as text; typed as what it stands for.
    """
    return cast(str, lazy_gettext(text, **values))
