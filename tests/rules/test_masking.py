"""What would tell a person or a firm is proposed to be masked, and found where it is still told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publish.masking import Secrets, core_name, proposed, suspected, told

SECRETS = Secrets.of(
    ("鲁西轴承有限公司", "鲁轴"), ("王经理", "李明", "–"), ("91371500MA3C000000", "13800001111")
)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("请致电 13800001111", "1380000"),
        ("电话 138-0000-2222。", "2222"),
        ("电话１３８００００２２２２", "２２２２"),
        ("座机 0635-8123456", "8123456"),
        ("座机（0635）8123456", "8123456"),
        ("身份证 37150019800101123X", "19800101"),
        ("信用代码 91371500MA3C7XKQ9E", "MA3C"),
        ("账号 6222 0212 3456 7890 123", "7890"),
        ("邮箱 wang.j@example.com.cn", "example"),
        ("编号 SQ20260302-000001", "000001"),
        ("鲁西轴承有限公司反映", "鲁西"),
        ("我们鲁西轴承的贷款", "鲁西"),
        ("鲁轴缺工", "鲁轴"),
        ("联系人王经理和李明", "李明"),
    ],
)
def test_it_is_proposed_to_be_masked(text: str, gone: str) -> None:
    masked = proposed(text, SECRETS)
    assert gone not in masked
    assert told(masked, SECRETS) == () == suspected(masked)


def test_what_tells_nobody_stays() -> None:
    text = "2023 年 5 月贷款 500 万元，利率 3.85%，共 1,200 人；文件〔2023〕15 号"
    assert proposed(text, SECRETS) == text
    assert suspected(text) == told(text, SECRETS) == ()


def test_what_is_told_is_found_with_blanks_and_in_other_cases() -> None:
    assert told("鲁西 轴承", SECRETS) == ("鲁西轴承",)
    assert told("91371500ma3c000000", SECRETS) == ("91371500MA3C000000",)
    assert core_name("东阿食品集团有限公司") == "东阿食品"
    assert core_name("公司") == ""


@given(st.text(max_size=60))
def test_masking_ends_and_leaves_no_known_word(text: str) -> None:
    assert told(proposed(text, Secrets()), Secrets()) == ()
    assert suspected(proposed(text, SECRETS)) is not None
