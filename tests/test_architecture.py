"""The rules of the house (architecture.md) that no linter knows, asserted over every file."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
EMPTY_NAMES = re.compile(r"(?:^|_)(?:utils?|helpers?|common|managers?|misc)(?:_|$)")
# The embedded servers and `make run` measure how long a process takes, not what time it is.
OWN_CLOCK = ("portal/embedded/", "portal/launch.py", "portal/db.py")
# The columns that note when a row was born have the database's clock as their default.
BIRTH = ("func", "now")
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
CLOCKS |= {("time", "time"), ("time", "localtime"), ("time", "gmtime"), BIRTH}
# transaction(); the demonstration, all of it one transaction; and the driver's connection in the
# hook that sets its time zone.
COMMITS = {"portal/db.py": 1, "portal/demo/stage.py": 1, "portal/factory.py": 1}
PAGES = re.compile(r"""<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:""", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")[^>]*>")
ELSEWHERE = re.compile(r"""(?:https?:)?//[a-z0-9-]+\.[a-z]""", re.IGNORECASE)
NAMESPACE = re.compile(r"http://www\.w3\.org/\S+?(?=[\"'])")
PURE = [
    "audit.chain",
    "audit.sources",
    "auth.breached",
    "auth.devices",
    "auth.passwords",
    "auth.roles",
    "auth.totp",
    "directory.defaults",
    "directory.uscc",
    "errors",
    "keys.ciphers",
    "keys.ring",
    "kpi.columns",
    "kpi.define_results",
    "kpi.define_work",
    "kpi.definition",
    "kpi.documentation",
    "kpi.entries",
    "kpi.facts",
    "kpi.figures",
    "kpi.ledger",
    "kpi.spreads",
    "routing.book",
    "routing.changes",
    "routing.findings",
    "routing.replay",
    "routing.choice",
    "routing.fairness",
    "routing.reasons",
    "problems.grouping",
    "problems.similarity",
    "routing.rules",
    "search.marks",
    "search.terms",
    "masks",
    "plaintext",
    "publish.disclosure",
    "publish.masking",
    "sheets.columns",
    "sheets.kinds",
    "sheets.planning",
    "sheets.reading",
    "sheets.safety",
    "sheets.writing",
    "sla.calendar_data",
    "sla.calendar_days",
    "sla.default_policy",
    "sla.explain",
    "sla.ladder",
    "sla.policy_rules",
    "sla.recount",
    "sla.targets",
    "sla.worktime",
    "suggest.evaluation",
    "suggest.grams",
    "suggest.learning",
    "suggest.model",
    "suggest.rules",
    "suggest.vocabulary",
    "supervision.bounds",
    "supervision.breaking",
    "supervision.cycles",
    "supervision.facts",
    "supervision.fonts",
    "supervision.paper",
    "supervision.prose",
    "supervision.sheet",
    "supervision.workbook",
    "tickets.handover_rules",
    "tickets.clamav",
    "tickets.contact_rules",
    "tickets.file_checks",
    "tickets.files",
    "tickets.lifecycle",
    "tickets.policy",
    "tickets.reasons",
    "visits.rules",
]


def python_files(*folders: str) -> list[Path]:
    """The Python files under the folders; empty `__init__.py` and migrations left out."""
    found = [path for folder in folders for path in (PROJECT / folder).rglob("*.py")]
    return sorted(p for p in [*found, PROJECT / "wsgi.py"] if p.name != "__init__.py")


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """The calls `owner.name(…)` of a file, with their line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            yield last, node.func.attr, node.lineno


def contracts() -> dict[str, dict]:
    """The import contracts by their type; the two `forbidden` ones by their first word."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {
        c["type"] if c["type"] == "layers" else c["name"].split()[0]: c
        for c in settings["contracts"]
    }


def layers() -> list[str]:
    words = " ".join(contracts()["layers"]["layers"])
    return [word.strip("()") for word in re.split(r"[\s|:]+", words) if word]


def modules() -> list[str]:
    paths = [p.relative_to(PROJECT).with_suffix("") for p in python_files("portal")]
    return [".".join(p.parts) for p in paths if p.parts[0] == "portal"]


def holders(module: str, names: list[str]) -> list[str]:
    """Those of `names` that are the module or a package above it."""
    return [name for name in names if module == name or module.startswith(f"{name}.")]


def test_every_module_stands_in_one_layer():
    names = layers()
    wrong = {m: found for m in modules() if len(found := holders(m, names)) != 1}
    assert wrong == {}, "give each a place in [tool.importlinter] of pyproject.toml"


def test_pure_modules_are_under_the_pure_contract():
    listed = contracts()["Pure"]["source_modules"]
    assert [name for name in PURE if f"portal.{name}" not in listed] == []


def test_services_queries_and_models_are_under_their_contract():
    listed = contracts()["Services,"]["source_modules"]
    kinds = re.compile(r"portal\.\w+\.(service|queries|models)(\.|$)")
    assert [m for m in modules() if kinds.match(m) and not holders(m, listed)] == []


def test_files_are_short():
    files = python_files("portal", "tests", "scripts", "bench")
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in files}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_are_short():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1}"
        for path in python_files("portal", "tests", "scripts", "bench")
        for node in functions(syntax(path))
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_packages_have_an_empty_init():
    folders = {path.parent for path in (PROJECT / "portal").rglob("*.py")}
    assert [f for f in folders if not (f / "__init__.py").exists()] == []
    assert [i for f in folders if (i := f / "__init__.py").read_text() != ""] == []


def test_names_say_something():
    paths = [p.relative_to(PROJECT) for p in python_files("portal", "tests", "scripts", "bench")]
    assert [p for p in paths for part in p.with_suffix("").parts if EMPTY_NAMES.search(part)] == []


def test_each_file_says_what_it_is_for_in_its_first_line():
    silent = [
        name_of(path)
        for path in python_files("portal", "tests", "scripts", "bench", "migrations")
        if not path.read_text().startswith('"""') or not ast.get_docstring(syntax(path))
    ]
    assert silent == []


def test_only_transaction_commits():
    found: dict[str, int] = {}
    for path in python_files("portal"):
        count = sum(name == "commit" for _, name, _ in calls(syntax(path)))
        if count:
            found[name_of(path)] = count
    assert found == COMMITS


def test_only_utcnow_reads_the_clock():
    found = [
        f"{name_of(path)}:{line} {owner}.{name}"
        for path in python_files("portal")
        if not name_of(path).startswith(OWN_CLOCK)
        for owner, name, line in calls(syntax(path))
        if (owner, name) in CLOCKS
        and not (path.name.endswith("models.py") and (owner, name) == BIRTH)
    ]
    assert found == []


def test_imports_stand_at_the_top():
    inside = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("portal", "tests", "scripts", "bench")
        for function in functions(syntax(path))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


@pytest.mark.parametrize(
    "pattern", [PAGES, INLINE_SCRIPT, ELSEWHERE], ids=["style", "script", "url"]
)
def test_pages_carry_nothing_inline_and_nothing_from_elsewhere(pattern: re.Pattern[str]):
    """The content security policy allows our own files only; nothing comes from a CDN."""
    files = [*(PROJECT / "templates").rglob("*.html")]
    files += [p for p in (PROJECT / "static").glob("*") if p.suffix in {".css", ".js"}]
    found = [
        f"{name_of(path)}:{number} {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(NAMESPACE.sub("", line))
        and (path.suffix == ".html" or pattern is ELSEWHERE)
    ]
    assert found == []
