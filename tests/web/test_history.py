"""Imported history on its own page: the same figures as an independent count, and in no other."""

from pathlib import Path

from flask import Flask

from tests.history_oracle import of_file
from tests.pages import Visitor
from tests.service.test_import import row, run, written
from tests.service.test_import_real import history

ROWS = [
    # Before the National Day week, across a make-up Saturday, and to the last minute of day 15.
    row(message_id="1", submitted_at="2019-09-29T10:00:00", replied_at="2019-10-24T17:30:00"),
    row(message_id="2", submitted_at="2019-09-29T10:00:00", replied_at="2019-10-24T17:30:01"),
    row(message_id="3", submitted_at="2018-02-10T23:59:59", replied_at="2018-02-24T08:29:59"),
    row(message_id="4", submitted_at="2018-06-03T12:30:00", replied_at="2018-06-03T13:00:00"),
    row(message_id="5", submitted_at="2018-06-01T09:00:00", replied_at="2018-06-04T12:10:07"),
]


def test_the_command_and_the_page_agree_with_an_independent_count(
    app: Flask, visit: Visitor, tmp_path: Path
) -> None:
    empty = visit.get("supervisor", "/figures/history")
    assert "没有导入过历史诉求" in empty.words
    assert "–" in app.test_cli_runner().invoke(args=["kpi", "history"]).output
    path = written(tmp_path, *ROWS)
    assert run(app, path).exit_code == 0
    expected = of_file(path)
    assert (expected["n"], expected["d"]) == (4, 5)
    assert history(app) == expected
    assert history(app, "--from", "2019-01-01")["d"] == 2
    assert history(app, "--to", "2018-12-31")["d"] == 3
    page = visit.get("leader", "/figures/history")
    assert "5 件，其中 15 个工作日内答复 4 件，按时答复率 80.0%" in page.words
    assert "4 / 5 = 80.0%" in app.test_cli_runner().invoke(args=["kpi", "history"]).output
    refused = app.test_cli_runner().invoke(
        args=["kpi", "history", "--from", "2020-01-02", "--to", "2020-01-01"]
    )
    assert refused.exit_code == 2


def test_history_is_in_no_figure_of_the_workflow(
    app: Flask, visit: Visitor, tmp_path: Path
) -> None:
    run(app, written(tmp_path, *ROWS))
    page = visit.get("supervisor", "/figures?from=2018-01-01&to=2019-12-31")
    assert "没有受理诉求" in page.words
    assert "另有历史导入的诉求 5 件" in page.words
    assert visit.get("supervisor", "/search?channel=import").words.count("路灯不亮") >= 5
    assert visit.get("cadre", "/figures/history").status == 403
