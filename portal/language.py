"""Words that are chosen when they are shown, in the reader's language."""

from typing import Any, cast

from flask_babel import gettext, lazy_gettext, lazy_pgettext

from portal.errors import PortalError


def lazy(text: str, **values: Any) -> str:
    """The text in the language of whoever reads it later.

    In truth a LazyString, which WTForms and Jinja take as text; typed as what it stands for.
    """
    return cast(str, lazy_gettext(text, **values))


def lazy_in(context: str, text: str) -> str:
    """The same, where one Chinese word is two in another language; `context` tells which."""
    return cast(str, lazy_pgettext(context, text))


def said(error: PortalError) -> str:
    """What a service's refusal says to the present reader; empty when it is for the log only."""
    return gettext(error.template, **error.values) if error.template else ""
