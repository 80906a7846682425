"""Opens pages as a person would: signs in, checks every page as HTML, sends its forms."""

from collections import Counter
from collections.abc import Callable
from contextvars import Context
from typing import Any

import html5lib
from bs4 import BeautifulSoup, Tag
from bs4.builder._html5lib import HTML5TreeBuilder
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import PASSWORD, Town


class Page:
    """One answer: its status, its text, and its forms."""

    def __init__(self, response: TestResponse, visitor: "Visitor", who: str | None) -> None:
        self.response = response
        self.status = response.status_code
        self.location = response.headers.get("Location", "")
        self.text = response.get_data(as_text=True) if "text" in (response.mimetype or "") else ""
        self._visitor, self._who = visitor, who
        whole = response.mimetype == "text/html" and self.status != 303 and bool(self.text)
        self.soup = checked(self.text) if whole else BeautifulSoup(self.text, "html.parser")

    @property
    def title(self) -> str:
        """The page's one h1, in words."""
        heading = self.soup.select("h1")
        assert len(heading) == 1, f"{len(heading)} h1 on {self.response.request.path}"
        return heading[0].get_text(" ", strip=True)

    @property
    def words(self) -> str:
        """All the words of the main part."""
        main = self.soup.find("main") or self.soup
        return main.get_text(" ", strip=True)

    def form(self, action: str) -> Tag:
        """The form whose address ends with `action`."""
        for form in self.soup.select("main form"):
            if str(form.get("action") or self.response.request.path).endswith(action):
                return form
        raise AssertionError(f"no form to {action} on {self.response.request.path}")

    def submit(self, _action: str = "", **values: Any) -> "Page":
        """Sends a form of the page with its present values and `values`, and follows nothing."""
        form = self.form(_action)
        data = form_values(form)
        data.update(values)
        address = str(form.get("action") or self.response.request.path)
        return self._visitor.post(self._who, address, data)


def form_values(form: Tag) -> dict[str, Any]:
    """What a browser would send for an untouched form."""
    data: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name, kind = str(field["name"]), field.get("type")
        if kind in ("checkbox", "radio"):
            if field.has_attr("checked"):
                data[name] = field.get("value", "on")
        elif field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            data[name] = chosen.get("value", "") if chosen else ""
        elif field.name == "textarea":
            data[name] = field.get_text().removeprefix("\n")
        elif kind not in ("file", "submit"):
            data[name] = field.get("value", "")
    return data


class _Noting(HTML5TreeBuilder):
    """Builds the tree in the one parse that also finds what a browser would have to repair."""

    repairs: list[Any]

    def feed(self, markup: Any) -> None:
        tree: Any = self.create_treebuilder
        parser = html5lib.HTMLParser(tree=tree)
        assert self.underlying_builder is not None
        self.underlying_builder.parser = parser
        parser.parse(markup)
        self.underlying_builder.parser = None
        self.repairs = parser.errors


def checked(text: str) -> BeautifulSoup:
    """The page's tree. Raises when a browser would have to repair it, or an id stands twice."""
    noting = _Noting()
    soup = BeautifulSoup(text, builder=noting)
    problems = [f"{code} {details} at {place}" for place, code, details in noting.repairs]
    assert not problems, problems[:5]
    ids = Counter(str(tag["id"]) for tag in soup.find_all(id=True))
    doubled = {one for one, n in ids.items() if n > 1}
    assert not doubled, f"ids twice on a page: {doubled}"
    return soup


class Visitor:
    """Opens pages as people of the town; each keeps an own session."""

    def __init__(self, app: Flask, town: Town) -> None:
        self.app, self.town = app, town
        self._clients: dict[str | None, FlaskClient] = {}

    def client(self, who: str | None) -> FlaskClient:
        """The person's browser, signed in; None is a stranger."""
        if who not in self._clients:
            client = self.app.test_client()
            self._clients[who] = client
            if who is not None:
                page = self.get(who, "/sign-in")
                answer = page.submit("/sign-in", username=who, password=PASSWORD)
                assert answer.status == 303, answer.words
        return self._clients[who]

    def get(self, who: str | None, address: str, **kwargs: Any) -> Page:
        """The page at an address."""
        client = self._clients.get(who) or self.client(who)
        return Page(alone(client.get, address, **kwargs), self, who)

    def post(self, who: str | None, address: str, data: dict[str, Any]) -> Page:
        """The answer to a form sent to an address."""
        client = self._clients.get(who) or self.client(who)
        return Page(alone(client.post, address, data=data), self, who)


def alone(send: Callable[..., TestResponse], address: str, **kwargs: Any) -> TestResponse:
    """Sends without the test's own application context, whose `g` would be shared (stack.md 15)."""
    return Context().run(send, address, buffered=True, **kwargs)
