"""Walks a played town as each role, quickly, and sends its forms as no browser would."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

import psycopg
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.tickets.service import triage
from portal.tickets.service.move import Ask
from tests.conftest import emptied
from tests.factories import Town, make_town
from tests.pages import Visitor, form_values
from tests.plays import Play
from tests.service.versions import RESTORE
from tests.supervising import supervised
from tests.visiting import filed, pair

ROLES = (
    None,
    "firm",
    "cadre",
    "reviewer",
    "dispatcher",
    "supervisor",
    "admin",
    "security",
    "auditor",
)
EACH = 1  # page of each kind that is opened
# Where a form ends the walk itself.
ENDS = ("/sign-out", "/password", "end-others", "/end", "/language")
KIND = "application/x-www-form-urlencoded"
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Form:
    """A form of a page: where it goes, how, and what an untouched one would send."""

    who: str | None
    action: str
    method: str
    values: tuple[tuple[str, str], ...]
    typed: tuple[str, ...]  # the names that a person writes text into


@dataclass
class Survey:
    """What one role came by."""

    pages: dict[str, str] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    forms: dict[tuple[str, ...], Form] = field(default_factory=dict)


@contextmanager
def stage(app: Flask, broom: psycopg.Connection, owner: Engine) -> Iterator[Visitor]:
    """A played town for a whole module; what the migrations seeded is put back at the end."""
    table = db.metadata.tables["category"]
    emptied(app, broom)
    with owner.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    with app.app_context():
        town = make_town()
        play(town)
        db.session.remove()
    try:
        yield Visitor(app, town)
    finally:
        with owner.begin() as connection:
            for statement in RESTORE:
                connection.execute(text(statement))
            connection.execute(text("TRUNCATE category CASCADE"))
            connection.execute(table.insert(), rows)


def play(town: Town) -> None:
    """A ticket in most states, a visit, an alert: what the pages are about."""
    now, plays = utcnow(), Play(town)
    plays.done(now)
    answered = plays.file(now)
    plays.contact(answered, now)
    plays.answer(answered, now)
    plays.contact(plays.file(now), now)
    plays.file(now)
    waiting = plays.file(now, "其他")
    with transaction():
        triage.supervise(Ask(town.supervisor, waiting, now), "请说明进展。")
    pair(town)
    filed(town, at=now)
    supervised(town, now)


def send(
    client: FlaskClient, method: str, address: str, pairs: Pairs = (), kind: str = KIND
) -> TestResponse:
    """One request with the bytes as they are, lone surrogates too."""
    body = urlencode(list(pairs), encoding="utf-8", errors="surrogatepass").encode()
    if method == "GET":
        asked = f"{address.split('?')[0]}?{body.decode()}"
        return Context().run(client.get, asked, buffered=True)
    return Context().run(client.post, address, data=body, content_type=kind, buffered=True)


def survey(visit: Visitor, who: str | None) -> Survey:
    """Follows every link from the role's first pages, a few of each kind; notes the forms."""
    found, rules = Survey(), visit.app.url_map.bind("localhost")
    client, kinds, done = visit.client(who), Counter[str](), set[str]()
    todo = ["/", "/inbox", "/sign-in", "/query", "/account"]
    while todo:
        address = todo.pop(0)
        path = urlsplit(address).path
        if path in done or not rules.test(path, "GET"):
            continue
        endpoint, _values = rules.match(path, "GET")
        kinds[endpoint] += 1
        if endpoint == "static" or kinds[endpoint] > EACH:
            continue
        done.add(path)
        answer = Context().run(client.get, address, buffered=True)
        assert answer.status_code < 500 or path == "/health", address
        if answer.location:
            todo.insert(0, urljoin(address, answer.location))
        if answer.mimetype != "text/html" or answer.location:
            continue
        found.pages[address] = answer.text
        soup = BeautifulSoup(answer.text, "html.parser")
        links = {urljoin(address, str(one["href"])) for one in soup.select("a[href]")}
        found.links |= {one for one in links if one.startswith("/")}
        todo += sorted(found.links)
        for form in _forms(soup, who, path):
            found.forms.setdefault(_key(form), form)
    return found


def _forms(soup: BeautifulSoup, who: str | None, path: str) -> Iterator[Form]:
    for tag in soup.select("form:not([method=dialog])"):
        action = urljoin(path, str(tag.get("action") or path))
        values = tuple((name, str(value)) for name, value in form_values(tag).items())
        written = "input[type=text], input:not([type]), input[type=search], textarea"
        typed = tuple(str(one["name"]) for one in tag.select(written) if one.get("name"))
        yield Form(who, action, str(tag.get("method") or "get").upper(), values, typed)


def _key(form: Form) -> tuple[str, ...]:
    """The same form of another page counts once; ids are no difference."""
    path = "".join("#" if sign.isdigit() else sign for sign in urlsplit(form.action).path)
    return (form.method, path, *sorted(name for name, _value in form.values))


def ends(form: Form) -> bool:
    """Whether sending it would end the walk."""
    return any(part in form.action for part in ENDS)
