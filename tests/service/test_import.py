"""History from files: what goes in, what is refused by line and reason, and what stays quiet."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from openpyxl import Workbook
from sqlalchemy import func, select

from portal.db import utcnow
from portal.directory.models import Department, Enterprise, Region
from portal.directory.uscc import checked_uscc
from portal.errors import InvalidTransition
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.sla.models import Clock, Timer
from portal.sla.sweep import sweep
from portal.tickets.importer import import_rows
from portal.tickets.importer_files import read_rows
from portal.tickets.importer_profiles import PROFILES
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import confirmation
from tests.factories import Town
from tests.service.stages import Play, file, local, shown

HEADER = ["message_id", "user_id", "subject", "submitted_at", "body", "reply", "replied_at"]
GOOD = ["1", "U1", "路灯不亮", "2019-09-29T10:00:00", "路灯坏了。", "已修。", "2019-10-10T09:00:00"]


def row(**changes: str) -> list[str]:
    return [changes.get(name, value) for name, value in zip(HEADER, GOOD, strict=True)]


def written(folder: Path, *rows: list[str], encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER, *rows])
    path = folder / "messages.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def run(app: Flask, path: Path, *options: str) -> Result:
    args = ["tickets", "import", str(path), "--profile", "messages", *options]
    return app.test_cli_runner().invoke(args=args)


def summary(app: Flask, path: Path, *options: str) -> dict:
    result = run(app, path, "--json", *options)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def only(ticket_count: int = 1) -> Ticket:
    tickets = db.session.scalars(select(Ticket)).all()
    assert len(tickets) == ticket_count
    return tickets[0]


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_an_answered_message_becomes_a_closed_ticket(app: Flask, ctx: None, tmp_path: Path):
    found = summary(app, written(tmp_path, row()))
    assert found == {"read": 1, "added": 1, "present": 0, "refused": 0, "problems": []}
    ticket = only()
    assert (ticket.number, ticket.submit_key) == ("SQ20190929-000001", "import:messages:1")
    assert (ticket.channel, ticket.status) == ("import", "closed")
    assert (ticket.outcome, ticket.confirmation) == ("explained", "unconfirmed")
    assert (ticket.accepted_at, ticket.next_due_at, ticket.assignee_id) == (None, None, None)
    assert (ticket.title, ticket.description) == ("路灯不亮", "路灯坏了。")
    assert (ticket.contact_name, ticket.contact_phone) == ("–", "–")
    assert ticket.category.name == "其他"
    assert ticket.submitted_at == local("2019-09-29 10:00")
    assert ticket.closed_at == local("2019-10-10 09:00")


def test_events_are_at_their_true_times_and_join_up(app: Flask, ctx: None, tmp_path: Path):
    summary(app, written(tmp_path, row()))
    events = db.session.scalars(select(TicketEvent).order_by(TicketEvent.seq)).all()
    assert [(event.action, shown(event.at)) for event in events] == [
        ("submit", "2019-09-29 10:00"),
        ("reply", "2019-10-10 09:00"),
        ("lapse", "2019-10-10 09:00"),
    ]
    assert [event.from_status for event in events] == [None, *(e.to_status for e in events[:-1])]
    assert events[-1].to_status == "closed"
    assert events[1].payload["text"] == "已修。"


def test_the_clocks_are_judged_by_the_calendar_of_those_years(
    app: Flask, ctx: None, tmp_path: Path
):
    # 2019-09-29 was a Sunday that worked; 1 to 7 October were holidays, 12 October worked.
    summary(app, written(tmp_path, row()))
    clocks = {clock.kind: clock for clock in db.session.scalars(select(Clock))}
    assert set(clocks) == {"reply", "resolve"}
    reply, resolve = clocks["reply"], clocks["resolve"]
    assert shown(reply.due_at) == "2019-10-09 17:30"
    assert shown(resolve.due_at) == "2019-10-24 17:30"
    for clock in clocks.values():
        assert (clock.state, clock.provisional) == ("stopped", False)
        assert clock.started_at == local("2019-09-29 10:00")
        assert clock.stopped_at == local("2019-10-10 09:00")
        assert clock.original_due_at == clock.due_at
        assert clock.started_at <= clock.warn_at <= clock.due_at
    assert (reply.stopped_at or reply.due_at) > reply.due_at
    assert (resolve.stopped_at or resolve.due_at) < resolve.due_at


def test_nothing_wakes_anybody(app: Flask, ctx: None, tmp_path: Path):
    summary(app, written(tmp_path, *(row(message_id=str(n)) for n in range(30))))
    assert (count(Ticket), count(Timer), count(Message), count(Notice)) == (30, 0, 0, 0)
    swept = sweep(utcnow())
    assert (swept.fired, swept.skipped, swept.failed) == (0, 0, 0)


def test_a_second_run_adds_nothing_and_a_third_only_what_is_new(
    app: Flask, ctx: None, tmp_path: Path
):
    path = written(tmp_path, row(), row(message_id="2"))
    assert summary(app, path)["added"] == 2
    again = summary(app, path)
    assert (again["read"], again["added"], again["present"]) == (2, 0, 2)
    more = summary(app, written(tmp_path, row(), row(message_id="2"), row(message_id="3")))
    assert (more["added"], more["present"]) == (1, 2)
    assert (count(Ticket), count(TicketEvent), count(Clock)) == (3, 9, 6)


def test_two_imports_at_once_add_each_row_once(app: Flask, ctx: None, tmp_path: Path):
    path = written(tmp_path, *(row(message_id=str(n)) for n in range(1200)))

    def one(_: int) -> int:
        with app.app_context():
            profile = PROFILES["messages"]
            rows = read_rows(path, profile.columns)
            last = list(import_rows(profile, rows, utcnow()))[-1]
            db.session.remove()
            return last.added

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(one, range(3))) == 1200
    assert (count(Ticket), count(Clock)) == (1200, 2400)


BAD: list[tuple[dict[str, str], str]] = [
    ({"subject": "  "}, "缺少 subject"),
    ({"message_id": ""}, "缺少 message_id"),
    ({"reply": ""}, "缺少 reply"),
    ({"replied_at": ""}, "缺少 replied_at"),
    ({"submitted_at": "去年九月"}, "submitted_at“去年九月”不是日期时间"),
    ({"submitted_at": "2019-02-30T10:00:00"}, "不是日期时间"),
    ({"replied_at": "2019-09-29T09:59:59"}, "replied_at 早于 submitted_at"),
    ({"submitted_at": "1999-01-01T10:00:00"}, "早于工作日历"),
    ({"submitted_at": "0001-01-01T00:00:00"}, "submitted_at"),
    ({"replied_at": "2999-01-01T10:00:00"}, "在将来"),
    ({"subject": "很" * 201}, "subject 有 201 个字，最多 200 个"),
    ({"body": "很" * 50_001}, "body 有 50001 个字，最多 50000 个"),
    ({"body": "坏\x00字"}, "body 含有空字符"),
    ({"message_id": "7"}, "message_id“7”与第 2 行重复"),
]


@pytest.mark.parametrize(("change", "reason"), BAD)
def test_a_bad_row_is_named_and_the_rest_goes_in(
    app: Flask, ctx: None, tmp_path: Path, change: dict[str, str], reason: str
):
    path = written(tmp_path, row(message_id="7", body="两\n行"), row(**change), row(message_id="9"))
    found = summary(app, path)
    assert (found["read"], found["added"], found["refused"]) == (3, 2, 1)
    [problem] = found["problems"]
    assert problem["line"] == 4  # the first row takes two lines
    assert reason in problem["reason"]
    result = run(app, path)
    assert result.exit_code == 0
    assert "第 4 行：" in result.stderr
    assert result.stdout == "读取 3 行：新增 0 件，已有 2 件，未导入 1 行。\n"


def test_a_row_with_other_cells_than_columns_is_named(app: Flask, ctx: None, tmp_path: Path):
    found = summary(app, written(tmp_path, row(), [*row(message_id="2"), "多"], ["3", "U3"]))
    assert found["added"] == 1
    assert [problem["line"] for problem in found["problems"]] == [3, 4]


def test_blank_lines_are_no_rows_and_a_mark_at_the_start_is_no_letter(
    app: Flask, ctx: None, tmp_path: Path
):
    path = written(tmp_path, [], row(), [""] * 7, encoding="utf-8-sig")
    assert summary(app, path)["read"] == 1
    assert only().submit_key == "import:messages:1"


@pytest.mark.parametrize(
    "instant",
    [
        "2019-09-29 10:00:00",
        "2019-09-29T10:00",
        "2019-09-29T02:00:00+00:00",
        "2019/9/29 10:00",
        "2019/09/29 10:00:00",
    ],
)
def test_local_instants_are_read_as_people_write_them(
    app: Flask, ctx: None, tmp_path: Path, instant: str
):
    summary(app, written(tmp_path, row(submitted_at=instant)))
    assert only().submitted_at == local("2019-09-29 10:00")


def test_a_workbook_is_read_like_a_csv(app: Flask, ctx: None, tmp_path: Path):
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    when, then = datetime(2019, 9, 29, 10, 0), datetime(2019, 10, 10, 9, 0)  # noqa: DTZ001
    sheet.append([1, "U1", "路灯不亮", when, "路灯坏了。", "已修。", then])
    sheet.append([2.0, "U1", "路灯不亮", "2019-09-29T10:00:00", "路灯坏了。", "已修。", None])
    path = tmp_path / "messages.xlsx"
    book.save(path)
    found = summary(app, path)
    assert (found["read"], found["added"]) == (2, 1)
    assert found["problems"] == [{"line": 3, "reason": "缺少 replied_at"}]
    ticket = only()
    assert ticket.submit_key == "import:messages:1"
    assert ticket.submitted_at == local("2019-09-29 10:00")
    assert summary(app, written(tmp_path, row()))["present"] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "空的"),
        (b"message_id,subject\n1,a\n", "缺少列：submitted_at、body、reply、replied_at"),
        ("编号,标题\n".encode("gb18030"), "不是 UTF-8"),
        (b"PK\x03\x04 not a workbook", "XLSX"),
        (b"\xd0\xcf\x11\xe0 old", ".xls"),
        (None, "无法读取文件"),
    ],
)
def test_a_file_that_can_not_be_read_is_one_sentence(
    app: Flask, ctx: None, tmp_path: Path, content: bytes | None, sentence: str
):
    path = tmp_path / "messages"
    if content is not None:
        path.write_bytes(content)
    for options in ((), ("--json",)):
        result = run(app, path, *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert sentence in result.stderr
        assert "Traceback" not in result.output
    assert count(Ticket) == 0


def test_when_no_row_makes_sense_the_exit_code_says_so(app: Flask, ctx: None, tmp_path: Path):
    result = run(app, written(tmp_path, row(subject="")), "--json")
    assert (result.exit_code, json.loads(result.stdout)["refused"]) == (1, 1)


def test_the_unit_that_answered_can_be_named(app: Flask, ctx: None, tmp_path: Path):
    db.session.add(Department(name="市信访局"))
    db.session.commit()
    path = written(tmp_path, row())
    result = run(app, path, "--department", "市月亮局")
    assert (result.exit_code, "市月亮局" in result.stderr) == (1, True)
    assert summary(app, path, "--department", "市信访局")["added"] == 1
    department = only().department
    assert department is not None
    assert department.name == "市信访局"


def test_the_placeholder_firm_is_sound_and_hidden(app: Flask, ctx: None, tmp_path: Path):
    summary(app, written(tmp_path, row()))
    firm = db.session.scalars(select(Enterprise)).one()
    assert (firm.name, checked_uscc(firm.uscc)) == ("历史留言（导入）", firm.uscc)
    assert db.session.scalars(select(Region.active)).one() is False


def test_imported_tickets_are_called_back_by_nobody(app: Flask, town: Town, tmp_path: Path):
    summary(app, written(tmp_path, row()))
    play = Play(town, only().id, utcnow())
    with pytest.raises(InvalidTransition, match="导入"):
        play.do(confirmation.call_back, town.supervisor, False, "没有解决")


def test_the_numbers_of_an_import_and_of_live_tickets_never_meet(
    app: Flask, town: Town, tmp_path: Path
):
    play = file(town, now=local("2019-09-29 09:00"))
    summary(app, written(tmp_path, row(), row(message_id="2")))
    assert play.ticket.number == "SQ20190929-000001"
    assert count(Ticket) == 3
