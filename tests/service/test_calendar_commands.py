"""`flask calendar` loads, shows and checks the working calendar."""

import json
from pathlib import Path

import pytest
from flask import Flask

from portal.extensions import db
from portal.sla import recompute
from portal.sla.calendars import current_calendar, current_calendar_id
from tests.factories import Town
from tests.service.versions import restored, table

__all__ = ["restored"]


def call(app: Flask, *words: str, code: int = 0) -> str:
    """What a command prints; its exit code must be `code`."""
    result = app.test_cli_runner().invoke(args=["calendar", *words])
    assert result.exit_code == code, result.output
    db.session.rollback()
    return result.output


def test_show_prints_the_agreed_object(app: Flask, restored: Town) -> None:
    facts = json.loads(call(app, "show", "--year", "2025", "--json"))
    assert list(facts) == ["holidays", "makeup_days", "confirmed"]
    assert facts["confirmed"] is True
    assert "2025-10-01" in facts["holidays"] and "2025-10-11" in facts["makeup_days"]
    assert json.loads(call(app, "show", "--year", "2027", "--json"))["confirmed"] is False
    assert "2027 (provisional" in call(app, "show", "--year", "2027")
    assert "2025-10-11 Sat makeup    国庆节" in call(app, "show", "--year", "2025")


def test_load_makes_the_version_current(app: Flask, restored: Town, tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(table(), encoding="gb18030")  # as Chinese Excel saves it
    before = current_calendar_id()
    loaded = json.loads(call(app, "load", str(file), "--json"))
    assert (loaded["years"], loaded["confirmed_years"][-1]) == ([2027], 2027)
    assert (loaded["added"], loaded["removed"]) == (21, 13)
    assert current_calendar_id() == loaded["version"] != before
    assert 2027 in current_calendar().confirmed_years
    assert recompute.waiting()
    assert recompute.work() == 1  # nothing was provisional: the run ends at once
    assert "2027 loaded, 0 days added, 0 removed" in call(app, "load", str(file))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,kind\n", "第 1 行：表头"),
        ("day,kind,name,confirmed\n2027-02-30,holiday,x,1\n2041-01-01,holiday,x,1\n", "第 3 行"),
        (table(2026, confirmed=0), "已公布的年份"),
    ],
)
def test_a_wrong_table_is_refused(
    app: Flask, restored: Town, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(text, encoding="utf-8")
    before = current_calendar_id()
    assert said in call(app, "load", str(file), code=1)
    assert current_calendar_id() == before


def test_check_says_what_was_compared_and_fails_on_a_difference(
    app: Flask, restored: Town, tmp_path: Path
) -> None:
    checked = json.loads(call(app, "check", "--json"))
    assert checked["years"]["chinesecalendar"][-1] == 2026
    assert [d for d in checked["differences"] if d["source"] == "chinesecalendar"] == []
    assert "chinesecalendar: 23 years compared (2004–2026)" in call(app, "check")
    file = tmp_path / "2026.csv"
    file.write_text(table(2026), encoding="utf-8")
    call(app, "load", str(file))
    assert "2026-02-14 rests here, works by chinesecalendar" in call(app, "check", code=1)
