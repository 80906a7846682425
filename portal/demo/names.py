"""Made-up names and codes that belong to nobody. Pure, given a random source."""

from random import Random

from stdnum.cn import uscc

from portal.demo.places import CHAINS, REGIONS

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
FIRST = "建志文海立晓俊春国永玉明振伟新秀丽凤庆光"
SECOND = "军华强敏刚磊涛静燕平波霞辉勇杰娟斌玲超宁"
# Uncommon characters, so that no firm is likely to be called so.
BRAND_FIRST = "砚栎澍珩岫芃沚溆湉琛昀屿麓葳"
BRAND_SECOND = "川棠禾屹洺枫澜泽砾岚荞钧帆衡桐越"
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def people(rng: Random) -> list[str]:
    """Every name of three characters that can be made here, shuffled: take from the end."""
    names = [a + b + c for a in SURNAMES for b in FIRST for c in SECOND]
    rng.shuffle(names)
    return names


def brands(rng: Random) -> list[str]:
    """Every brand of two characters that can be made here, shuffled."""
    both = [a + b for a in BRAND_FIRST for b in BRAND_SECOND]
    rng.shuffle(both)
    return both


def firm_name(rng: Random, region: str, chain: str, brand: str) -> str:
    """Such as 临清砚川轴承有限公司."""
    stem = REGIONS[region][2]
    return f"{stem}{brand}{rng.choice(CHAINS[chain][0])}有限公司"


def made_up_uscc(rng: Random, region: int) -> str:
    """A valid credit code of Liaocheng (3715xx) whose organisation part is given to nobody.

    `region`: 1 to 11. The organisation's own check digit (GB 11714) is wrong on purpose, so that
    the registry cannot have issued it; the code's check digit, which everybody tests, is right.
    """
    digits = [rng.randrange(10) for _ in range(8)]
    check = (11 - sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 11) % 11
    wrong = (check + 1) % 10
    body = f"913715{region:02d}{''.join(map(str, digits))}{wrong}"
    return body + str(uscc.calc_check_digit(body))


def phone(number: int) -> str:
    """A telephone number of a block that is not in use."""
    return f"1380000{number:04d}"
