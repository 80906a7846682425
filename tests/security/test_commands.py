"""Bad arguments on the command line: one sentence and exit 2, never a traceback."""

import pytest
from flask import Flask

from tests.factories import PASSWORD, Town

USER = ["--role", "admin", "--password", PASSWORD]


@pytest.mark.parametrize(
    "args",
    [
        ["kpi", "show", "--from", "0001-01-01", "--json"],
        ["kpi", "show", "--to", "9999-12-31", "--json"],
        ["kpi", "show", "--from", "2023-05-02", "--to", "2023-05-01"],
        ["sla", "due", "--start", "0001-01-01", "--target", "1wd"],
        ["sla", "due", "--start", "9999-12-31T23:00-14:00", "--target", "1h"],
        ["sla", "due", "--start", "9999-12-31T20:00", "--target", "99999d"],
        ["sla", "due", "--start", "2026-01-01", "--target", "99999wd"],
        ["sla", "sweep", "--now", "0001-01-01"],
        ["user", "create", "a b c", "--name", "吴管", *USER],
        ["user", "create", "nul\x00x", "--name", "吴管", *USER],
        ["user", "create", "good", "--name", " ", *USER],
    ],
)
def test_what_makes_no_sense_is_one_sentence(app: Flask, town: Town, args: list[str]) -> None:
    result = app.test_cli_runner().invoke(args=args)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert result.output.strip().splitlines()[-1].startswith("Error: ")
