"""Reads all that a person can get: every GET route that the role reaches, and every export."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextvars import Context
from functools import lru_cache
from html import unescape
from itertools import product
from typing import Any
from urllib.parse import quote, unquote

from pypdf import PdfReader
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, IntegerConverter

from portal.auth.gate import PUBLIC, roles_for
from portal.auth.roles import Role
from tests.pages import Visitor, form_values

FIRST = "cadre"
MOST_ID = 3  # of rows that a route names by a number
LEAST_PDF = 1000  # bytes; an attachment of the tests is shorter, and no document
FIGURES = ("overdue", "repeat_rate")
PARTS = (("late", "now"), ("gap", "working"), ("status", "in_progress"))
TEXTS: dict[str, tuple[str, ...]] = {
    "name": FIGURES,
    "side": ("d", "rest"),
    "token": ("nonsense",),
    "filename": ("app.css",),
}


def addresses(rule: Rule, numbers: list[str], place: int) -> Iterator[str]:
    """Addresses of a route: every number on a ticket's own pages, one on those of its actions."""
    choices: dict[str, list[Any]] = {name: [value] for name, value in (rule.defaults or {}).items()}
    for name, converter in rule._converters.items():
        if isinstance(converter, AnyConverter):
            choices[name] = sorted(converter.items)
        elif isinstance(converter, IntegerConverter):
            choices[name] = list(range(1, MOST_ID + 1))
        elif name == "number":
            every = rule.endpoint in ("tickets.show", "tickets.download", "tickets.explain")
            choices[name] = numbers if every else [numbers[place % len(numbers)]]
        elif name not in ("kind", "key"):
            choices[name] = list(TEXTS[name])
    parts = PARTS if {"kind", "key"} <= rule.arguments else (None,)
    for part, *values in product(parts, *choices.values()):
        named = dict(zip(choices, values, strict=True))
        if part is not None:
            named |= {"kind": part[0], "key": part[1]}
        _, address = rule.build(named, False) or ("", "")
        yield address


def sent(visit: Visitor, who: str, address: str, data: dict[str, str] | None = None) -> Any:
    """The answer to one request, without the test's own context, and unparsed: there are many."""
    client = visit.client(who)
    if data is None:
        return Context().run(client.get, address, buffered=True)
    return Context().run(client.post, address, data=data, buffered=True)


def text_of(response: Any) -> str:
    """All that an answer says, headers, links and the insides of workbooks and PDFs included."""
    body = response.get_data()
    if body[:5] == b"%PDF-" and len(body) > LEAST_PDF:
        said = printed(body)
    elif body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            said = "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    else:
        said = body.decode("utf-8", "replace")
    headers = " ".join(f"{name}: {value}" for name, value in response.headers)
    return unescape(f"{said} {unquote(said)} {unquote(headers)}")


@lru_cache
def printed(body: bytes) -> str:
    """The words of a PDF, without the gaps between its pieces."""
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    return "".join(said.replace("\x00", "").split())


def everything(
    visit: Visitor, who: str, role: Role, numbers: list[str]
) -> Iterator[tuple[str, str]]:
    """Address and text of every GET route that the role reaches, and of every export."""
    for place, rule in enumerate(visit.app.url_map.iter_rules()):
        # What is for everybody is the same for each of them.
        public = rule.endpoint in PUBLIC and who == FIRST
        reached = public or role in roles_for(rule.endpoint)
        if "GET" not in (rule.methods or ()) or not reached or rule.endpoint == "static":
            continue
        for address in addresses(rule, numbers, place):
            answer = sent(visit, who, address)
            assert answer.status_code < 500 or address == "/health", address
            assert "/sign-in" not in answer.headers.get("Location", ""), address
            yield address, text_of(answer)
    yield from _exports(visit, who)


def _exports(visit: Visitor, who: str) -> Iterator[tuple[str, str]]:
    token = form_values(visit.get(who, "/query").form("/query"))["csrf_token"]
    narrowed = {"name": "overdue", "side": "d", "from": "2026-01-01", "to": "2026-12-31"}
    for source in ("search", "queue", "orders", "problems", "figure", "figures"):
        for form, asked in product(("csv", "xlsx"), ({}, narrowed)):
            data = {"csrf_token": token, "format": form, **asked}
            address = f"/exports/{source}"
            yield f"{address} {form}", text_of(sent(visit, who, address, data))


def acts(visit: Visitor, who: str, role: Role, number: str) -> Iterator[tuple[str, int]]:
    """Address and status of every act on a ticket that the role reaches, sent to that number."""
    token = form_values(visit.get(who, "/query").form("/query"))["csrf_token"]
    data = {"csrf_token": token, "version": "1", "key": "k", "text": "请办", "reason": "请办"}
    for rule in visit.app.url_map.iter_rules():
        reached = role in roles_for(rule.endpoint) and "POST" in (rule.methods or ())
        if not reached or "number" not in rule.arguments:
            continue
        named = dict.fromkeys(rule.arguments - {"number"}, 1) | {"number": number}
        _, address = rule.build(named, False) or ("", "")
        yield address, sent(visit, who, address, data).status_code


def searched(visit: Visitor, who: str, term: str) -> str:
    """What the search page says for a term, without the term itself and what changes each time."""
    said = sent(visit, who, f"/search?q={quote(term)}").get_data(as_text=True)
    for one in (term, quote(term)):
        said = said.replace(one, "…")
    changes = r'nonce="[^"]*"|data-left="\d+"|class="watermark" src="[^"]*"|\d\d:\d\d|[\w.-]{60,}'
    return re.sub(changes, "", said)
