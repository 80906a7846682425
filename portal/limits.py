"""How often one person or one address may do what costs us or tells a stranger something.

One table; the limits of single pages that depend on their answer stand at those pages
(`limiter.limit`). Counted in the queue's server, so over all processes; while it is away, each
process counts for itself (Flask-Limiter's fallback).
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, request, session
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user

from portal.plaintext import capitals


@dataclass(frozen=True)
class Rule:
    """A limit such as "30/hour", on these endpoints and method; `by` tells whom it counts."""

    name: str
    limit: str
    by: Callable[[], str]
    endpoints: frozenset[str]
    method: str = "POST"

    def passes(self) -> bool:
        """Whether this request is none of the rule's."""
        return request.method != self.method or request.endpoint not in self.endpoints


class Upload(Rule):
    """Every form that can carry files, whichever page it belongs to."""

    def passes(self) -> bool:
        return request.method != "POST" or request.mimetype != "multipart/form-data"


def person() -> str:
    """The account where somebody is signed in, else the address."""
    if current_user.is_authenticated:
        return f"person:{current_user.id}"
    return f"address:{get_remote_address()}"


def address() -> str:
    """The address, as the trusted proxies tell it."""
    return f"address:{get_remote_address()}"


def asked_number() -> str:
    """The ticket that a stranger asks for: its code is not to be guessed from many addresses."""
    return f"number:{capitals(request.form.get('number'))[:40]}"


def _on(*endpoints: str) -> frozenset[str]:
    return frozenset(endpoints)


RULES: tuple[Rule, ...] = (
    Rule("register", "30/hour", address, _on("auth.register")),
    Rule("query", "30/hour", asked_number, _on("home.query")),
    Rule("submit", "30/hour", person, _on("tickets.submit")),
    Rule("search", "60/minute", person, _on("search.find", "search.moved"), "GET"),
    Rule("search", "300/minute", address, _on("search.find", "search.moved"), "GET"),
    Rule("export", "30/hour", person, _on("exports.take")),
    Rule("taking", "60/hour", person, _on("exports.download"), "GET"),
    Rule("files", "600/hour", person, _on("tickets.download"), "GET"),
    Upload("upload", "120/hour", person, frozenset()),
)


def init_app(app: Flask, limiter: Limiter) -> None:
    """Bounds what is read, and hands the table to Flask-Limiter; however often, it holds once.

    Comes before what reads forms: the token against forgery is in one.
    """
    app.before_request(_bounded)
    limits = [
        ApplicationLimit(
            rule.limit,
            key_function=rule.by,
            scope=f"{rule.name}:{rule.by.__name__}",
            exempt_when=rule.passes,
        ).bind(limiter)
        for rule in RULES
    ]
    limiter.limit_manager.set_application_limits(limits)


def _bounded() -> None:
    """Only a form that can carry files, of somebody signed in, may be as large as files are.

    Werkzeug bounds the memory of such forms only; a plain one would be read whole.
    """
    if request.mimetype != "multipart/form-data" or "_user_id" not in session:
        request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]
