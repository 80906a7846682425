"""Loads the part that learns where it is needed: its library is no burden of the pages.

numpy takes a tenth of a second and 30 MB; a web process never learns, and must start without it.
"""

from importlib import import_module
from types import ModuleType

from portal.errors import Invalid
from portal.suggest import grams

EVALUATION = "portal.suggest.evaluation"


def evaluation() -> ModuleType:
    """The module portal.suggest.evaluation. Raises Invalid when a library is not installed."""
    try:
        loaded = import_module(EVALUATION)
    except ImportError as error:
        raise Invalid("没有安装训练所需的程序库 %(name)s。", name=error.name or "numpy") from error
    if not grams.available():
        raise Invalid("没有安装训练所需的程序库 %(name)s。", name="rjieba")
    return loaded
