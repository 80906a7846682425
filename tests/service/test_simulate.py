"""`flask routing simulate` and `fairness`: the past by the rules, nothing written."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select

from portal.db import transaction
from portal.directory.models import Category, Department, Region
from portal.extensions import db
from portal.tickets.models import TicketEvent
from tests.factories import MONDAY, Town
from tests.plays import Play
from tests.service.stages import assigned

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "messages_with_category.csv"


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["routing", "simulate", *args])


def simulated(app: Flask, *args: str) -> dict[str, Any]:
    result = run(app, *args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def written(path: Path, header: str, *rows: str) -> str:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return str(path)


def test_the_past_of_the_database_is_replayed_and_nothing_written(app: Flask, town: Town) -> None:
    play = Play(town)
    for _ in range(3):
        play.file()
    play.file(category="其他")
    events = db.session.scalar(select(func.count(TicketEvent.id)))
    db.session.rollback()
    found = simulated(app, "--from", "2026-03-02", "--to", "2026-03-02")
    assert (found["tickets"], found["ruled"], found["unruled"]) == (4, 3, 1)
    assert (found["compared"], found["changed"]) == (3, 0)
    assert found["departments"] == {"市金融局": 3}
    assert sorted(one["tickets"] for one in found["cadres"]) == [1, 2]
    assert simulated(app, "--from", "2026-03-03", "--to", "2026-03-03")["tickets"] == 0
    assert db.session.scalar(select(func.count(TicketEvent.id))) == events


def test_a_file_is_read_by_the_names_of_its_columns(app: Flask, town: Town, tmp_path: Path) -> None:
    rows = (
        "特急,东昌府区,融资,轴承,市金融局",
        ",东昌府区,融资,,市人社局",
        "一般,某区,融资,,",
        "一般,东昌府区,算命,,",
        "很急,东昌府区,融资,,",
        "一般,东昌府区,其他,,市人社局",
    )
    path = written(tmp_path / "past.csv", "紧急程度,县市区,诉求类别,产业链,承办单位", *rows)
    found = simulated(app, path)
    assert (found["tickets"], found["ruled"], found["unruled"]) == (3, 2, 1)
    assert (found["compared"], found["changed"]) == (3, 2)
    assert found["left_out"] == {
        "没有名为“某区”的县市区": 1,
        "没有名为“算命”的诉求类别": 1,
        "没有名为“很急”的紧急程度": 1,
    }


def test_a_workbook_will_do_and_the_words_are_for_reading(
    app: Flask, town: Town, tmp_path: Path
) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["category", "region", "submitted_at"])
    for _ in range(4):
        book.active.append(["融资", "东昌府区", MONDAY.replace(tzinfo=None)])
    book.save(tmp_path / "past.xlsx")
    output = run(app, str(tmp_path / "past.xlsx")).output
    assert "4 by a rule" in output
    assert "2  李明 (2 open at most)" in output


def test_what_cannot_be_simulated_is_said(app: Flask, town: Town, tmp_path: Path) -> None:
    path = written(tmp_path / "past.csv", "类别", "融资")
    for args in (
        [],
        [path, "--from", "2026-01-01"],
        ["--from", "2026-01-02", "--to", "2026-01-01"],
    ):
        assert run(app, *args).exit_code == 2
    assert "文件缺少列：region" in run(app, path).output


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data/messages_with_category.csv is absent")
def test_a_file_of_real_messages_is_replayed(app: Flask, town: Town, tmp_path: Path) -> None:
    with DATA.open(encoding="utf-8-sig", newline="") as file:
        messages = list(csv.DictReader(file))
    known = set(db.session.scalars(select(Category.name)))
    regions = sorted({one["subject"][:1] for one in messages})
    made = sorted({one["category"] for one in messages} - known)
    with transaction() as session:
        session.add_all([Category(name=name, active=False) for name in made])
        session.add_all([Region(name=f"地区{name}") for name in regions])
    rows = [f"{one['category']},地区{one['subject'][:1]},{one['submitted_at']}" for one in messages]
    path = written(tmp_path / "real.csv", "category,region,submitted_at", *rows)
    try:
        found = simulated(app, path)
        assert (found["tickets"], found["left_out"]) == (len(messages), {})
        assert found["unruled"] == len(messages)  # none of their categories has a rule yet
        assert db.session.scalar(select(func.count(Department.id))) == 2
    finally:
        with transaction() as session:
            for one in session.scalars(select(Category).where(Category.name.in_(made))):
                session.delete(one)


def test_the_fairness_of_a_period_on_the_command_line(app: Flask, town: Town) -> None:
    for _ in range(3):
        assigned(town, MONDAY)
    asked = ["routing", "fairness", "--from", "2026-03-01", "--to", "2026-03-31"]
    assert "3 / 3" in app.test_cli_runner().invoke(args=asked).stdout
    [unit] = json.loads(app.test_cli_runner().invoke(args=[*asked, "--json"]).stdout)[:1]
    assert (unit["department"], unit["n"], unit["d"]) == ("市金融局", 3, 3)
    assert sorted(one["given"] for one in unit["cadres"]) == [1, 2]
