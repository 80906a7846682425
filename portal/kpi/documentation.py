"""Writes docs/figures.md out of the definitions, so that neither can differ. Pure."""

from collections.abc import Mapping

from portal.kpi.definition import COHORTS, UNITS, Figure
from portal.kpi.figures import FIGURES

HEAD = """# The figures

Made by `flask kpi define --write docs/figures.md` from `portal/kpi/define_results.py` and
`define_work.py`; a test compares. Why they are counted so: `docs/decisions/figures.md`. The words
are those of the page `/figures/definitions`.

Dimensions: department, cadre, region, chain, category, channel, enterprise class, urgency. A share
by category, or submissions per day, is `submissions` cut by it. Every figure satisfies n ≤ d.
"""


def page(excluded: Mapping[str, tuple[str, ...]]) -> str:
    """The page as Markdown; `excluded`: the codes by which each figure lists what it leaves out."""
    parts = [_part(figure, excluded.get(name, ())) for name, figure in FIGURES.items()]
    return "\n".join([HEAD, *parts])


def _part(figure: Figure, excluded: tuple[str, ...]) -> str:
    counted = figure.unit in ("rate", "points")
    sides = [f"- n: {figure.n}", f"- d: {figure.d}"] if counted else [f"- n = d: {figure.d}"]
    listed = f" ({', '.join(excluded)})" if excluded else ""
    lines = [
        f"## {figure.name} {figure.title}\n",
        f"{figure.formula}\n",
        *sides,
        f"- cohort: {figure.cohort}, {COHORTS[figure.cohort]}",
        f"- unit: {figure.unit}, {UNITS[figure.unit]}",
        f"- left out: {figure.left_out}{listed}",
    ]
    return "\n".join(lines) + "\n"
