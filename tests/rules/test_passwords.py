"""Passwords that are refused, and why: short, common however it is spelt, made of what is known."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.auth.passwords import COMMON, LEAST, check, contains, expires_at, own
from portal.demo.accounts import PASSWORD as SHOWN_TO_ALL
from portal.errors import Invalid

COMMONPLACE = "这个密码太常见"
MADE_OF_NAMES = "密码不能包含用户名"
FIRM = ("王经理", "lu.xi_zhoucheng", "鲁西轴承有限公司", "913715007000000012", "13800001111")


def refusal(password: str, *personal: str | None) -> str:
    try:
        check(password, personal)
    except Invalid as error:
        assert error.field == "password"
        return error.message
    return ""


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("a-b-c-d-9", "密码至少 10 个字符。"),
        ("aaaaaaaaaaab", "密码太简单"),
        ("730281946502", "密码太简单"),
        (SHOWN_TO_ALL, COMMONPLACE),
        ("P@ssw0rd123!", COMMONPLACE),
        ("p455w0rd2024", COMMONPLACE),
        ("Adm1n!str4t0r", COMMONPLACE),
        ("1qaz2wsx3edc", COMMONPLACE),
        ("qwertyuiop[]", COMMONPLACE),
        ("POIUYTREWQ12", COMMONPLACE),
        ("woaini520520", COMMONPLACE),
        ("5uq1ut0ng888", COMMONPLACE),
        ("Liaocheng@2025", COMMONPLACE),
        ("2025年10月01日aa", COMMONPLACE),
        ("qiye-ganbu-2026", COMMONPLACE),
        ("abcdefgh1234", COMMONPLACE),
        ("tulip-lamp-river", ""),
        ("三月的雨落在旧窗台上", ""),
        ("xK4#mVq8!tZp", ""),
    ],
)
def test_a_password_is_judged(password: str, sentence: str) -> None:
    found = refusal(password)
    assert found.startswith(sentence) if sentence else found == ""


@pytest.mark.parametrize(
    "password",
    [
        "王经理 tulip lamp",
        "tulip-ZHOUCHENG-lamp",
        "zh0uch3ng-tulip",
        "gnehcuohz-tulip",
        "鲁西轴承有限公司 lamp",
        "tulip-137150070-lamp",
        "tulip-0001111-lamp",
    ],
)
def test_a_password_holds_nothing_that_others_know_of_its_owner(password: str) -> None:
    assert refusal(password, *FIRM).startswith(MADE_OF_NAMES)
    assert refusal(password) == ""


def test_what_is_not_known_of_a_person_refuses_nothing() -> None:
    assert refusal("tulip-lamp-river", None, "", "李", "a.b") == ""
    assert not contains("tulip-lamp-river", "ab")


def test_every_common_word_alone_is_refused_however_it_is_dressed() -> None:
    for word in COMMON:
        for dressed in (f"{word}2026!!!{word}", f"{word.upper()}-123456-9876", f"!!!{word}1987###"):
            assert refusal(dressed), dressed


def test_the_list_is_short_and_in_small_letters() -> None:
    assert 200 <= len(set(COMMON)) == len(COMMON) <= 1000
    assert all(word == word.lower() and word.isalnum() for word in COMMON)


@given(st.text(min_size=LEAST, max_size=200))
def test_any_text_is_judged_in_bounded_time_and_only_ever_refused(text: str) -> None:
    refusal(text, *FIRM)
    assert len(own(text)) <= len(text.lower())


def test_a_password_lasts_as_many_days_as_the_setting_says() -> None:
    set_at = datetime(2026, 3, 2, tzinfo=UTC)
    assert expires_at(set_at, 90) == set_at + timedelta(days=90)
    assert expires_at(set_at, 0) is None
