"""The challenge: by work or by a sum in words, once, in time, with what was typed kept."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from redis import ConnectionPool

from portal.challenge import puzzle, store
from portal.challenge.puzzle import Sum, chinese, read, works
from portal.db import utcnow
from portal.factory import create_app
from tests.factories import Town, make_uscc
from tests.pages import Page, Visitor
from tests.security.test_outages import NO_QUEUE


@pytest.fixture(scope="module")
def site(app: Flask) -> Flask:
    """The application with the challenge on."""
    return create_app({**app.config, "CHALLENGE": True})


@pytest.fixture
def asking(site: Flask, town: Town) -> Visitor:
    """Its pages, nobody known to it."""
    with site.app_context():
        connection = site.extensions["rq"].queue.connection
        for key in connection.scan_iter("challenge:*"):
            connection.delete(key)
    return Visitor(site, town)


def _answer(page: Page) -> str:
    """What the question on the page asks, reckoned as a reader would."""
    label = page.soup.select_one("label[for=challenge_answer]")
    assert label is not None
    for a in range(21):
        for b in range(21):
            for sign in "+-*":
                asked = puzzle.ASKED[sign] % {"a": chinese(a), "b": chinese(b)}
                if label.get_text(strip=True) == f"验证问题：{asked}":
                    return str(Sum(a, sign, b).result)
    raise AssertionError(label.text)


def _work(page: Page) -> str:
    """What the script of the page finds."""
    box = page.soup.select_one("[data-challenge]")
    assert box is not None and int(str(box["data-bits"])) == puzzle.BITS
    nonce = str(box["data-challenge"])
    return next(str(n) for n in range(10**7) if works(nonce, str(n)))


def _firm(**more: str) -> dict[str, str]:
    return {
        "uscc": make_uscc(987650),
        "name": "聊城试航精密机械有限公司",
        "size": "small",
        "contact_name": "钱厂长",
        "contact_phone": "13812345678",
        "username": "shihang",
        "password": "jingmi-jixie-88",
        "password2": "jingmi-jixie-88",
        "agree": "y",
        **more,
    }


def _register(page: Page, town: Town, **more: str) -> Page:
    return page.submit("/register", region_id=str(town.region_id), **_firm(**more))


def test_a_firm_registers_with_the_work_of_the_script(asking: Visitor, town: Town) -> None:
    page = asking.get(None, "/register")
    assert _register(page, town, challenge_work=_work(page)).status == 303


def test_a_firm_registers_with_a_sum_in_words(asking: Visitor, town: Town) -> None:
    page = asking.get(None, "/register")
    with time_machine.travel(utcnow() + timedelta(seconds=20), tick=True):
        assert _register(page, town, challenge_answer=f" {_answer(page)} 。").status == 303


def test_without_an_answer_everything_typed_is_kept(asking: Visitor, town: Town) -> None:
    page = _register(asking.get(None, "/register"), town)
    assert page.status == 422
    assert "请回答表单末尾的验证问题" in page.words
    field = page.soup.select_one("#challenge_answer")
    assert field is not None and field["aria-invalid"] == "true"
    assert "challenge_answer-error" in str(field["aria-describedby"])
    name = page.soup.select_one("#name")
    assert name is not None and name["value"] == "聊城试航精密机械有限公司"


def test_a_mistake_elsewhere_costs_no_second_answer(asking: Visitor, town: Town) -> None:
    page = asking.get(None, "/register")
    answer = _answer(page)
    again = _register(page, town, challenge_answer=answer, contact_phone="1")
    assert again.status == 422
    typed = again.soup.select_one("#challenge_answer")
    assert typed is not None and typed["value"] == answer == _answer(again)
    with time_machine.travel(utcnow() + timedelta(seconds=20), tick=True):
        assert _register(again, town, challenge_answer=answer).status == 303


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({"challenge_answer": "99"}, 20),
        ({"challenge_answer": "{answer}"}, 0),  # quicker than anybody types
        ({"challenge_answer": "{answer}"}, 31 * 60),
        ({"challenge_answer": "{answer}", "challenge_token": "made.up"}, 20),
        ({"challenge_work": "1"}, 20),
        ({"challenge_work": "\x00{work}"}, 20),
        ({"challenge_work": "9" * 400}, 20),
        ({"challenge_work": "²"}, 20),
    ],
)
def test_what_is_wrong_late_or_made_up_does_not_pass(
    asking: Visitor, town: Town, more: dict[str, str], seconds: int
) -> None:
    page = asking.get(None, "/register")
    values = {
        name: text.format(answer=_answer(page), work=_work(page) if "{work}" in text else "")
        for name, text in more.items()
    }
    with time_machine.travel(utcnow() + timedelta(seconds=seconds), tick=True):
        again = _register(page, town, **values)
    assert again.status == 422
    assert _token(again) != _token(page)


def _token(page: Page) -> str:
    field = page.soup.select_one("[name=challenge_token]")
    assert field is not None
    return str(field["value"])


def test_one_answer_serves_once(asking: Visitor, town: Town) -> None:
    page = asking.get(None, "/register")
    work = _work(page)
    taken = _register(page, town, challenge_work=work, username="firm")  # a taken name
    assert taken.status == 422 and "验证" not in str(taken.soup.select_one(".error-summary"))
    again = _register(page, town, challenge_work=work)
    assert again.status == 422 and "已经用过" in again.words


def test_the_query_page_asks_after_three_tries_and_only_then(asking: Visitor) -> None:
    page = asking.get(None, "/query")
    for turn in range(3):
        assert page.soup.select_one("[data-challenge]") is None, turn
        page = page.submit("/query", number="SQ1", query_code="A")
        assert page.status == 422
    assert "编号或查询码不正确" in page.words
    old = page.submit("/query", number="SQ1", query_code="A", challenge_token="")
    assert "验证问题" in old.words and "编号或查询码不正确" not in old.words
    done = old.submit("/query", number="SQ1", query_code="A", challenge_work=_work(old))
    assert "编号或查询码不正确" in done.words
    assert "请回答表单末尾的验证问题" not in done.words


def test_with_the_queue_away_it_still_counts(app: Flask, town: Town) -> None:
    nowhere = ConnectionPool.from_url(NO_QUEUE)
    settings = {
        "REDIS_URL": NO_QUEUE,
        "RQ_CONNECTION": {"connection_pool": nowhere},
        "CHALLENGE": True,
    }
    site = create_app({**app.config, **settings})
    with site.app_context():
        assert [store.add(f"away:{utcnow()}", 60) for _ in range(2)] == [1, 1]
        assert [store.add("away", 60) for _ in range(3)][-1] == store.count("away") == 3


def test_sums_are_different_and_their_answers_are_read_as_people_write_them() -> None:
    sums = [puzzle.new_sum() for _ in range(200)]
    assert len(set(sums)) > 50
    assert all(0 <= one.result < 100 and one.b >= 0 and one.a < 20 for one in sums)
    for number in range(100):
        assert read(chinese(number)) == read(str(number)) == number
    texts: dict[str, Any] = {"１２": 12, "十二。": 12, "一十二": 12, "两": 2, " 7 ": 7}
    texts |= {"": None, "abc": None, "1e1": None, "-1": None, "9" * 9: None, "²": None}
    assert {text: read(text) for text in texts} == texts
