"""Counts replies of messages_with_replies.csv in plain Python: nothing of the product, one loop.

`python tests/history_oracle.py FILE` prints the figures; the test compares them with the product's.
"""

import csv
import json
import math
import statistics
import sys
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from chinese_calendar import is_workday

OPEN = ((time(8, 30), time(12)), (time(13, 30), time(17, 30)))
CLOSE = time(17, 30)
WITHIN = 15
ONE = timedelta(days=1)

workday = lru_cache(maxsize=None)(is_workday)


def deadline(asked: datetime) -> datetime:
    """Close of business of the 15th working day after the day of asking, which is day 0."""
    day, left = asked.date(), WITHIN
    while left:
        day += ONE
        left -= workday(day)
    return datetime.combine(day, CLOSE)


def worked_seconds(start: datetime, end: datetime) -> float:
    """Seconds inside the opening hours, day by day."""
    seconds, day = 0.0, start.date()
    while day <= end.date():
        if workday(day):
            for opens, closes in OPEN:
                first = max(start, datetime.combine(day, opens))
                last = min(end, datetime.combine(day, closes))
                seconds += max(0.0, (last - first).total_seconds())
        day += ONE
    return seconds


def figures(rows: list[tuple[datetime, datetime]]) -> dict[str, float]:
    """n, d, rate, median and p90 (nearest rank) of pairs asked, replied."""
    hours = sorted(worked_seconds(asked, replied) / 3600 for asked, replied in rows)
    n = sum(replied <= deadline(asked) for asked, replied in rows)
    return {
        "n": n,
        "d": len(rows),
        "rate": round(n / len(rows), 4),
        "median_hours": round(statistics.median(hours), 2),
        "p90_hours": round(hours[math.ceil(0.9 * len(rows)) - 1], 2),
    }


def of_file(path: Path) -> dict[str, Any]:
    """The figures of a file, in all and by the year of asking."""
    years: dict[int, list[tuple[datetime, datetime]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as source:
        for row in csv.DictReader(source):
            asked, replied = (
                datetime.fromisoformat(row[name]) for name in ("submitted_at", "replied_at")
            )
            years.setdefault(asked.year, []).append((asked, replied))
    every = [pair for pairs in years.values() for pair in pairs]
    by_year = {str(year): figures(pairs) for year, pairs in sorted(years.items())}
    return {**figures(every), "years": by_year}


if __name__ == "__main__":
    print(json.dumps(of_file(Path(sys.argv[1])), indent=1))
