"""English is complete: every sentence is marked and translated, and no page shows a Chinese one."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import get_domain
from jinja2 import Environment, nodes

from portal.audit import job as audit_job
from portal.db import utcnow
from portal.extensions import db
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.pages import Visitor, form_values
from tests.plays import Play
from tests.service.versions import restored
from tests.web.english import (
    CHINESE,
    KEPT,
    left_over,
    play_everything,
    refusals,
    stored_words,
    walk,
)
from tests.web.filing import write_words
from tests.web.objects_access import opened

__all__ = ["restored"]
ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "translations/en/LC_MESSAGES/messages.po"
MARKS = {"_", "_l", "N_", "gettext", "ngettext", "lazy", "lazy_in", "pgettext"}
MARKS |= {"Invalid", "NotFound", "NotAllowed", "Conflict"}
# Where Chinese is not a sentence of a page, and why.
DATA = {
    "portal/challenge/puzzle.py": "numbers in words, as a Chinese reader is asked and answers",
    "portal/checks": "said to the operator in both languages",
    "portal/config.py": "said to the operator in both languages",
    "portal/headers.py": "said in both languages",
    "portal/safety.py": "said to the operator in both languages",
    "portal/sign_on_settings.py": "said to the operator in both languages",
    "portal/launch.py": "said to the operator in both languages",
    "portal/embedded": "said to the operator in both languages",
    "portal/cli.py": "said to the operator",
    "commands.py": "said to the operator",
    "portal/sla/targets.py": "said to the operator",
    "portal/tickets/importer": "said to the operator, or the names of imported firms",
    "portal/demo": "plays Chinese firms and officers",
    "portal/sla/simulate": "plays Chinese firms and officers",
    "portal/problems/boilerplate.py": "looked for in what firms write",
    "portal/directory/defaults.py": "categories as they are stored",
    "portal/routing/service.py": "reasons as they are stored",
    "portal/routing/past_file.py": "said to the operator",
    "portal/routing/paired.py": "reasons as they are stored",
    "portal/routing/reasons.py": "reasons as they are stored",
    "portal/routing/correction.py": "a note as it is stored",
    "portal/tickets/service/assign.py": "reasons as they are stored",
    "portal/tickets/service/vacancy.py": "reasons as they are stored",
    "portal/tickets/service/handover.py": "reasons as they are stored",
    "portal/keys": "said to the operator in both languages",
    "portal/private/passing.py": "a note as it is stored",
    "portal/tickets/contact_form.py": "a reason as it is stored",
    "portal/auth/roles.py": "the system's name as it is stored",
    "portal/auth/breached.py": "said to the operator in both languages",
    "portal/auth/passwords.py": "how people write a day",
    "portal/auth/rights_page.py": "docs/rights.md, in both languages",
    "portal/openapi/document.py": "the product's name",
    "portal/tickets/sealing_words.py": "looked for in the names of categories",
    "portal/tickets/service/seal.py": "reasons as they are stored",
    "portal/wording.py": "the parts of a Chinese date",
    "portal/visits/rules.py": "the marks that end a clause",
    "portal/problems/messages.py": "said to the operator",
    "portal/sheets/columns.py": "the words that a file may hold, as they are written there",
    "portal/sheets/examples.py": "example rows as they are written to files",
    "portal/sheets/writing.py": "notes as they are written to files",
    "portal/sheets/safety.py": "full-width signs that people type",
    "portal/sheets/reading.py": "full-width signs that people type",
    "portal/publish/masking.py": "looked for in what firms write, and put in its place",
    "portal/supervision/breaking.py": "marks of Chinese texts",
    "portal/supervision/compiling.py": "what a bulletin says, as it is stored",
    "portal/supervision/facts.py": "what a bulletin says, as it is stored",
    "portal/supervision/cycles.py": "what a bulletin says, as it is stored",
    "portal/supervision/paper.py": "what a bulletin says, as it is stored",
    "portal/supervision/prose.py": "what a bulletin says, as it is stored",
    "portal/supervision/sheet.py": "what a bulletin says, as it is stored",
    "portal/supervision/workbook.py": "headings of files",
    "portal/supervision/making.py": "headings of files",
    "portal/supervision/bulletins.py": "the name of a file",
    "portal/auth/devices.py": "programs as they are called, said in session_words",
    "portal/suggest/training.py": "the system's name as it is stored",
    "portal/suggest/labelled.py": "headings of files, and what is said to the operator",
    "portal/suggest/model.py": "looked for in what firms write",
    "portal/fields.py": "a full-width hyphen that people type",
}
WHO = ("firm", "cadre", "reviewer", "dispatcher", "supervisor", "admin", "security", "auditor")

SEALING = {"firm": ("seal", "unseal"), "supervisor": ("reveal", "identity", "looks")}


def catalogue() -> Catalog:
    with SOURCE.open("rb") as file:
        return read_po(file, locale="en")


def sentences(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def key(message: Message) -> tuple[str | None, Any]:
    return message.context, message.id


@pytest.fixture
def english(app: Flask, visit: Visitor) -> Visitor:
    """Readers who have chosen English; the catalogue is compiled as `make` does."""
    with SOURCE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue())
    get_domain().cache.clear()
    for who in (None, *WHO):
        page = visit.get(who, "/inbox" if who else "/sign-in")
        form = page.soup.select_one('form[action="/language"]')
        assert form is not None
        answer = visit.post(who, "/language", {**form_values(form), "language": "en"})
        assert answer.status == 303
    return visit


def test_every_sentence_of_the_code_has_english(tmp_path: Path) -> None:
    found = re.search(r"^MARKS = (.+?)[^\\]$", (ROOT / "Makefile").read_text(), re.M | re.S)
    assert found is not None
    marks = found[0].removeprefix("MARKS = ").replace("\\\n", " ").split()
    pot = tmp_path / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg"]
    subprocess.run([*command, *marks, "-o", str(pot), "."], cwd=ROOT, check=True)
    with pot.open("rb") as file:
        wanted = {key(message) for message in read_po(file) if message.id}
    have = {key(message): message for message in catalogue() if message.id}
    missing = [one for one in wanted if one not in have or not all(sentences(have[one]))]
    assert not missing, "make translations, then translate these"
    assert set(have) == wanted, "make translations: these are no longer said"


def test_every_translation_fits_its_sentence() -> None:
    whole = catalogue()
    for message in whole:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        source = message.id if isinstance(message.id, str) else message.id[0]
        for said in sentences(message):
            assert _slots(said) == _slots(source), said
            left = CHINESE.findall(said)
            assert set(left) <= KEPT, said
        assert not list(message.check(whole)), message.id


def _slots(sentence: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", sentence))


def test_no_template_says_chinese_outside_gettext() -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for path in sorted((ROOT / "templates").rglob("*.html")):
        tree = environment.parse(path.read_text())
        marked = [
            call
            for call in tree.find_all(nodes.Call)
            if isinstance(call.node, nodes.Name) and call.node.name in MARKS
        ]
        inside = {id(arg) for call in marked for arg in call.args}
        for data in tree.find_all(nodes.TemplateData):
            assert not CHINESE.search(data.data), f"{path.name}: {data.data.strip()}"
        for const in tree.find_all(nodes.Const):
            if isinstance(const.value, str) and id(const) not in inside:
                left = set(CHINESE.findall(const.value)) - KEPT - {"："}
                assert not left, f"{path.name}: {const.value}"


def test_no_module_says_chinese_outside_gettext() -> None:
    for path in sorted((ROOT / "portal").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if any(part in name for part in DATA):
            continue
        tree = ast.parse(path.read_text())
        allowed = set(_marked(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = CHINESE.search(node.value) and id(node) not in allowed
                assert not said, f"{name}:{node.lineno} {node.value}"


def _marked(tree: ast.Module) -> Iterator[int]:
    """The strings that are docstrings, or whole arguments of a mark; an f-string is neither."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        if isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if name in MARKS:
                yield from (id(argument) for argument in node.args)


def test_no_page_shows_a_chinese_sentence(english: Visitor, restored: Town) -> None:
    """Everybody walks through one played town: playing it for each takes longer than the walks."""
    town = restored
    play_everything(town)
    sealed = opened(town)
    write_words(english, town)
    audit_job.bring_up(utcnow)
    known = stored_words()
    for who in (None, *WHO):
        seen = list(walk(english, who))
        seen += [english.get(who, f"/tickets/{sealed}/{one}") for one in SEALING.get(who or "", ())]
        assert len(seen) >= (4 if who is None else 5), who
        for page in [*seen, *refusals(english, who, seen)]:
            assert not left_over(page, known), f"{who}: {page.response.request.path}"


def test_a_stranger_follows_a_request_in_english(english: Visitor, town: Town) -> None:
    ticket = db.session.get_one(Ticket, Play(town).file(utcnow()))
    page = english.get(None, "/query").submit(
        "/query", number=ticket.number, query_code=ticket.query_code
    )
    assert page.status == 200
    assert not left_over(page, stored_words())


def test_english_counts_and_dates_read_well(english: Visitor, town: Town) -> None:
    ticket = db.session.get_one(Ticket, Play(town).file(MONDAY))
    page = english.get("firm", f"/tickets/{ticket.number}")
    assert re.search(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} Mar, \d\d:\d\d", page.text)
    assert re.search(r"\d+ working days( \d+ hours?)? overdue", page.words)
