"""Turns a broken unique constraint into the sentence for the person who came second."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from portal.errors import Invalid
from portal.extensions import db


@contextmanager
def unique(sentences: Mapping[str, tuple[str, str | None]]) -> Iterator[None]:
    """A savepoint around writes that somebody else may make at the same instant.

    `sentences` maps a constraint's name to (sentence, form field). Raises Invalid for those, and
    lets any other broken constraint through.
    """
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if name not in sentences:
            raise
        sentence, field = sentences[name]
        raise Invalid(sentence, field) from error
