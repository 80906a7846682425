"""Checks a 统一社会信用代码 (GB 32100-2015) and explains what is wrong with one. Pure."""

from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

from portal.errors import Invalid

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z


def checked_uscc(text: str) -> str:
    """The code in its stored form: 18 capital letters and digits.

    Raises Invalid (field `uscc`) with a sentence that says what to correct.
    """
    code = "".join(text.split()).replace("-", "").upper()
    if len(code) != LENGTH:
        raise Invalid("请填写 18 位统一社会信用代码，现在是 %(n)d 位。", "uscc", n=len(code))
    wrong = [place for place, letter in enumerate(code, 1) if letter not in ALPHABET]
    if wrong:
        raise Invalid(
            "第 %(place)d 位“%(letter)s”不会出现在统一社会信用代码中"
            "（不用字母 I、O、S、V、Z），请核对营业执照。",
            "uscc",
            place=wrong[0],
            letter=code[wrong[0] - 1],
        )
    try:
        expected = stdnum_uscc.calc_check_digit(code[:-1])
        if expected != code[-1]:
            raise Invalid(
                "请填写 18 位统一社会信用代码，第 18 位应为 %(expected)s，请核对营业执照。",
                "uscc",
                expected=expected,
            )
        return str(stdnum_uscc.validate(code))
    except ValidationError:
        raise Invalid("统一社会信用代码不正确，请核对营业执照。", "uscc") from None
