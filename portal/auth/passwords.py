"""What a password has to be: long, not common, not made of what others know of its owner. Pure.

OWASP ASVS 5.0 6.2.1, 6.2.4, 6.2.11, 6.2.12; GB/T 22239-2019 8.1.4.1 a).
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from portal.auth.breached import BREACHED
from portal.errors import Invalid

LEAST = 10
OWN = 5  # letters and digits that have to be left when everything common is taken away
_KINDS = 4  # different characters at least
_KNOWN = 4  # letters of a name that may not be in it
_FIGURES = 6  # characters in a row of a number that may not be in it
# Words that lists of stolen passwords are full of, and words of this service and its work.
_LISTED = """
password passwd passw0rd pass word pwd mima secret letmein welcome login logon user username guest
admin administrator root toor test testing tester demo sample example temp temporary default
changeme change master super superuser system server service support public private office company
qwerty qwert asdf zxcv iloveyou loveyou love lover baby angel sunshine princess dragon monkey
football baseball soccer superman batman spiderman michael jordan jessica ashley charlie thomas
shadow hunter ranger killer trustno computer internet windows linux android iphone apple google
microsoft facebook taobao alipay wechat weixin tencent baidu huawei xiaomi hello world nihao nihaoma
woaini wobuaini wodemima woshishui woaiwojia woaizhongguo zhongguo china beijing shanghai shandong
liaocheng dongchangfu linqing guangzhou shenzhen hangzhou aaaa abcd abcde abcabc aabb summer winter
spring autumn january february march april june july august september october november december
monday tuesday wednesday thursday friday saturday sunday happy lucky money success good morning
king queen prince star magic secure security safe account access enter open sesame freedom
xiaoming zhangsan lisi wangwu laowang mengmeng baobei laopo laogong mama baba gege jiejie shengri
kuaile fadacai gongxi xinnian chunjie
suqiutong suqiu qiye qiyejia zhuqi ganbu zhuqiganbu baolian paidan duban lingdao guanli guanliyuan
shenhe shenji anquan yonghu zhanghao jingban chengban banli fuwu zhengfu zhengwu shizhengfu
jinrongju gongxinju enterprise ticket request cadre officer dispatcher supervisor leader reviewer
auditor applicant firm government
"""
COMMON = tuple(_LISTED.split())
_ROWS = (
    *("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp"),
    *("!@#$%^&*()", "147258369", "qweasdzxc", "0987654321"),
)
_LONGEST = max(map(len, _ROWS))
_YEAR = re.compile(r"(?:19|20)\d\d(?:[-./年]?(?:0[1-9]|1[0-2])(?:[-./月]?[0-3]\d)?)?")
_SAME = re.compile(r"(.)\1{2,}")
# What people write for a letter; "1" and "!" stand for l as well as for i.
_INSTEAD = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"}
_INSTEAD |= {"@": "a", "$": "s", "€": "e", "+": "t"}
READINGS = (
    str.maketrans(_INSTEAD | {"1": "l", "!": "l"}),
    str.maketrans(_INSTEAD | {"1": "i", "!": "i"}),
)
_GAP = "\0"


def check(password: str, personal: Iterable[str | None] = ()) -> None:
    """Raises Invalid, field `password`, with what to do, for a password that is too weak.

    `personal`: the owner's name, user name, firm, credit code, telephone; empty ones are passed by.
    """
    if len(password) < LEAST:
        raise Invalid("密码至少 %(n)d 个字符。", "password", n=LEAST)
    if len(set(password)) < _KINDS or password.isdigit():
        raise Invalid("密码太简单，请混用字母、数字或符号。", "password")
    if any(contains(password, word) for word in personal if word):
        raise Invalid("密码不能包含用户名、姓名、企业名称、信用代码或电话。", "password")
    if len(own(password)) < OWN:
        raise Invalid(
            "这个密码太常见，容易被猜中。请换一个，例如用几个不相干的词连起来。", "password"
        )
    if BREACHED.holds(password):
        raise Invalid("这个密码已经出现在泄露密码库里，请换一个。", "password")


def own(password: str) -> str:
    """The letters and digits that no list of common words, runs or years accounts for."""
    return min((_left(password, reading) for reading in READINGS), key=len)


def _left(password: str, reading: dict[int, str]) -> str:
    text = _YEAR.sub(_GAP, password.lower())
    text = _without_runs(_SAME.sub(_GAP, _WORDS.sub(_GAP, text)))
    text = _WORDS.sub(_GAP, text.translate(reading))
    return "".join(letter for letter in text if letter.isalnum())


def _without_runs(text: str) -> str:
    """Takes out three characters and more that stand next to each other on the keyboard."""
    kept, place = "", 0
    while place < len(text):
        most = min(len(text) - place, _LONGEST)
        length = next((n for n in range(most, 2, -1) if _run(text[place : place + n])), 0)
        kept += _GAP if length else text[place]
        place += length or 1
    return kept


def _run(text: str) -> bool:
    return any(text in row or text[::-1] in row for row in _ROWS)


def contains(password: str, word: str) -> bool:
    """Whether a name, or six characters in a row of a number, is in it, forwards or backwards."""
    typed, known = password.lower(), word.lower()
    texts = {typed, typed[::-1], *(typed.translate(reading) for reading in READINGS)}
    if sum(letter.isdigit() for letter in known) >= _FIGURES:
        pieces = {known[n : n + _FIGURES] for n in range(len(known) - _FIGURES + 1)}
        return any(piece in text for piece in pieces for text in texts)
    least = _KNOWN if known.isascii() else 2  # a Chinese name has two characters
    names = {known, *re.split(r"[\s._@-]+", known)}
    return any(len(name) >= least and name in text for name in names for text in texts)


def expires_at(changed_at: datetime, days: int) -> datetime | None:
    """When a password of that instant has to be changed; None when `days` is 0: never."""
    return changed_at + timedelta(days=days) if days else None


_WORDS = re.compile("|".join(sorted(map(re.escape, COMMON), key=len, reverse=True)))
