"""What the source never does, whatever a page or a test shows: run text, trust text, build SQL."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Names that run text, or load what can run.
RUNS = {"eval", "exec", "__import__", "render_template_string", "from_string"}
LOADS = {("os", "system"), ("os", "popen"), ("pickle", "loads"), ("pickle", "load")}
LOADS |= {("yaml", "load"), ("marshal", "loads")}
# Where names of tables and columns, or constants, are put in, and none of them is input.
NAMES = {
    "portal/audit/sealing.py": "our own tables, as the triggers of the migrations know them",
    "portal/audit/verifying.py": "our own tables, as the triggers of the migrations know them",
    "portal/routing/balance.py": "a constant of the program",
    "portal/tickets/models.py": "a constant of the program",
}
SAFE = re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE)


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "portal").rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield getattr(function.value, "id", ""), function.attr, node
            else:
                yield "", getattr(function, "id", ""), node


def test_nothing_that_was_typed_is_run() -> None:
    found = []
    for name, tree in _trees():
        for owner, function, call in _calls(tree):
            shell = any(
                key.arg == "shell" and getattr(key.value, "value", None) for key in call.keywords
            )
            if function in RUNS or (owner, function) in LOADS or shell:
                found.append(f"{name}:{call.lineno} {owner}.{function}")
    assert found == []


def test_no_statement_is_put_together_from_text() -> None:
    """What `text()` gets is written in the source; values are bound by name."""
    found = []
    for name, tree in _trees():
        for owner, function, call in _calls(tree):
            built = call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
            if function in ("text", "literal_column") and owner in ("", "sa", "db") and built:
                if name in NAMES:
                    continue
                found.append(f"{name}:{call.lineno}")
    assert found == []


def test_no_template_trusts_what_was_typed() -> None:
    files = [*(ROOT / "templates").rglob("*.html")]
    found = [path.name for path in files if SAFE.search(path.read_text())]
    assert found == []
