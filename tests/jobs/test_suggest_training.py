"""Training the suggestion: by a job, once, whatever is killed; by command; and when it is due."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import transaction
from portal.extensions import db
from portal.suggest import grams, library, rules, service, training
from portal.suggest.models import SuggestModel
from portal.tickets.importer_files import read_rows
from tests.factories import MONDAY, Town
from tests.suggest_texts import closed, labelled

WAY = ("贷款到期", "银行不肯续贷，要求追加抵押")


def asked() -> None:
    with transaction():
        service.ask("吴管", MONDAY)


def rows() -> list[SuggestModel]:
    db.session.rollback()
    return service.versions()


def test_a_model_is_trained_once_and_asked(town: Town):
    closed(town)
    asked()
    asked()  # the second press of the button
    first = training.work(MONDAY)
    assert first is not None
    assert (first.state, first.n, first.classes) == ("trained", 60, 3)
    assert first.figures["macro_f1"] > 0.9
    assert training.work(MONDAY) is None  # the job run twice
    assert len(rows()) == 1
    found = service.suggest(*WAY, threshold=0.5)
    assert found is not None
    category, suggestion = found
    assert category.name == "融资"
    assert suggestion.words
    assert service.suggest(*WAY, threshold=1.0) is None
    assert service.suggest(*WAY, threshold=0.5, chosen=category.id) is None


def test_a_newer_model_is_used_at_once_and_old_numbers_go(town: Town):
    closed(town)
    for _ in range(service.KEPT + 2):
        asked()
        training.work(MONDAY)
    with_body = select(SuggestModel.id).where(SuggestModel.body.is_not(None))
    assert len(list(db.session.scalars(with_body))) == service.KEPT
    used = service.used()
    assert used is not None
    assert used.id == rows()[0].id
    assert service.suggest(*WAY, threshold=0.5) is not None


def test_too_few_tickets_are_said_and_suggest_nothing(town: Town):
    asked()
    row = training.work(MONDAY)
    assert row is not None
    assert row.state == "failed"
    assert row.note == "已办结的诉求只有 0 件，满 60 件后才能训练。"
    assert service.suggest(*WAY, threshold=0.0) is None


def test_a_broken_model_suggests_nothing(town: Town):
    with transaction() as session:
        session.add(
            SuggestModel(
                state="trained", asked_by="吴管", asked_at=MONDAY, ended_at=MONDAY, body=b"no model"
            )
        )
    assert service.suggest(*WAY, threshold=0.0) is None
    assert service.suggest(*WAY, threshold=0.0) is None


def test_an_error_in_training_is_noted_and_can_be_asked_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    closed(town)
    asked()
    monkeypatch.setattr(library, "EVALUATION", "portal.suggest.absent")
    row = training.work(MONDAY)
    assert row is not None
    assert (row.state, "程序库" in (row.note or "")) == ("failed", True)
    monkeypatch.undo()
    asked()
    again = training.work(MONDAY)
    assert again is not None
    assert again.state == "trained"
    monkeypatch.setattr(grams, "rjieba", None)
    assert service.suggest(*WAY, threshold=0.0) is None


def test_a_killed_training_is_still_asked_for(town: Town, app: Flask):
    closed(town)
    asked()
    script = (
        "import os, signal\n"
        "from portal.factory import create_app\n"
        "from portal.suggest import service, training\n"
        "service.keep_newest = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from portal.db import utcnow\n"
        "with create_app().app_context():\n"
        "    training.work(utcnow())\n"
    )
    names = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    settings = {name: app.config[name] for name in names}
    killed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **settings},
        cwd=Path(app.root_path).parent,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert [row.state for row in rows()] == ["asked"]
    assert training.waiting()
    done = training.work(MONDAY)
    assert done is not None
    assert done.state == "trained"


def test_a_model_is_due_when_there_is_something_to_learn(town: Town):
    watch = training.Watch()
    watch.look(MONDAY)
    assert not training.waiting()  # no ticket yet
    closed(town)
    watch.look(MONDAY)  # within the hour: not looked at
    assert not training.waiting()
    watch.look(MONDAY + training.LOOK_EVERY)
    assert training.waiting()
    training.work(MONDAY + timedelta(days=1))
    assert not service.due(MONDAY + timedelta(days=30))  # nothing new was closed
    week, day = timedelta(days=7), timedelta(days=1)
    assert rules.due(MONDAY, MONDAY - week, 61, 1)
    assert not rules.due(MONDAY, MONDAY - day, 61, 1)
    assert rules.due(MONDAY, MONDAY - day, 200, rules.MANY_NEW)
    assert not rules.due(MONDAY, None, rules.LEAST - 1, rules.LEAST - 1)


def test_the_commands_train_show_and_evaluate(town: Town, app: Flask, tmp_path: Path):
    run = app.test_cli_runner().invoke
    assert run(args=["suggest", "show"]).output.strip() == "还没有训练过模型。"
    assert "满 60 件" in run(args=["suggest", "train"]).output
    closed(town)
    assert "trained" in run(args=["suggest", "train"]).output
    [newest, _] = json.loads(run(args=["suggest", "show", "--json"]).output)
    assert (newest["used"], newest["n"]) == (True, 60)
    file = tmp_path / "labelled.csv"
    lines = ["message_id,subject,body,category", *(f"1,{a},{b},{c}" for a, b, c in labelled(10))]
    file.write_text("\n".join([*lines, "9,标题,内容,"]), encoding="utf-8")
    answer = run(args=["routing", "evaluate", str(file), "--seeds", "2", "--json"])
    figures = json.loads(answer.stdout)
    assert (figures["n"], figures["classes"], figures["folds"]) == (30, 3, 5)
    assert min(figures["accuracy"], figures["macro_f1"], figures["top3"]) > 0.8
    assert "1 rows left out: 没有类别" in answer.stderr
    assert len(read_rows(file, ("subject",))) == 31


def test_a_file_that_cannot_be_evaluated_is_explained(town: Town, app: Flask, tmp_path: Path):
    run = app.test_cli_runner().invoke
    file = tmp_path / "wrong.csv"
    file.write_text("subject,body\n甲,乙\n", encoding="utf-8")
    answer = run(args=["routing", "evaluate", str(file)])
    assert answer.exit_code == 2
    assert "文件缺少列：category。现有的列：title、description。" in answer.output
    file.write_text("subject,body,category\n甲,乙,丙\n丁,戊,己\n", encoding="utf-8")
    answer = run(args=["routing", "evaluate", str(file)])
    assert answer.exit_code == 2
    assert "少于 5 折" in answer.output
