"""What firms write and what officers answer: templates from problems.csv and talk.csv, filled."""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from portal.demo.places import CHAINS, REGIONS

LOCAL = ZoneInfo("Asia/Shanghai")
HERE = Path(__file__).parent

AMOUNTS = (80, 120, 150, 200, 260, 300, 350, 420, 500, 680, 800, 1200, 2000)
BANKS = ("一家国有银行", "一家股份制银行", "本地一家城商行", "当地农商行")
BUYERS = ("南方一家整机厂", "外省一家总承包企业", "一家县级平台公司", "省内一家国有企业")
ROADS = ("厂区门前道路", "园区北侧道路", "国道连接线", "园区主干道", "企业东侧支路")
COUNTRIES = ("越南", "德国", "巴西", "墨西哥", "印度尼西亚", "阿联酋")
OPENERS = ("", "", "", "您好，", "反映一个问题：", "麻烦帮忙协调：", "我们是小企业，")
CLOSERS = (
    "",
    "",
    "",
    "望尽快答复。",
    "谢谢。",
    "材料可随时补充。",
    "时间比较紧，拜托了。",
)


@dataclass(frozen=True)
class Problem:
    """One request in the firm's words, and how it is solved in the officer's."""

    title: str
    description: str
    reply: str


@dataclass(frozen=True)
class Talk:
    """What is said on the way in a category."""

    contact: str
    progress: str
    question: str
    answer: str
    note: str
    doubt: str
    again: str


def problem(
    rng: Random, category: str, region: str, chain: str, at: datetime, nth: int | None = None
) -> Problem:
    """A request of a firm of this region and chain that is written at `at`.

    `nth` chooses among the category's requests, so that neighbours differ; by default any.
    """
    several = _problems()[category]
    title, description, reply = rng.choice(several) if nth is None else several[nth % len(several)]
    last_month = at.astimezone(LOCAL).replace(day=1) - timedelta(days=1)
    slots = {
        "product": rng.choice(CHAINS[chain][1]),
        "amount": rng.choice(AMOUNTS),
        "n": rng.choice((3, 4, 5, 6, 8)),
        "days": rng.choice((5, 7, 8, 10, 12, 15)),
        "area": rng.choice((12, 15, 20, 26, 35, 48, 60)),
        "bank": rng.choice(BANKS),
        "buyer": rng.choice(BUYERS),
        "road": rng.choice(ROADS),
        "park": REGIONS[region][1],
        "country": rng.choice(COUNTRIES),
        "last_month": f"{last_month.month}月",
    }
    words = rng.choice(OPENERS) + description.format(**slots) + rng.choice(CLOSERS)
    return Problem(title.format(**slots), words, reply.format(**slots))


@lru_cache(maxsize=1)
def talk() -> dict[str, Talk]:
    """The talk of each category."""
    return {row.pop("category"): Talk(**row) for row in _rows("talk.csv")}


@lru_cache(maxsize=1)
def _problems() -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for row in _rows("problems.csv"):
        found.setdefault(row["category"], []).append(
            (row["title"], row["description"], row["reply"])
        )
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
