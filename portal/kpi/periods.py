"""The stretch of local days that figures are counted over. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
FIRST_YEAR, LAST_YEAR = 2000, 2099


@dataclass(frozen=True)
class Period:
    """Local days from `first` to `last`, both counted. Raises ValueError when they are reversed."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.last} lies before {self.first}.")

    @classmethod
    def of_month(cls, year: int, month: int) -> "Period":
        """A natural month."""
        following = date(year + month // 12, month % 12 + 1, 1)
        return cls(date(year, month, 1), following - timedelta(days=1))

    @classmethod
    def of_year(cls, year: int) -> "Period":
        """A natural year."""
        return cls(date(year, 1, 1), date(year, 12, 31))

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """From 00:00 of the first day to before 00:00 after the last, local, as UTC instants."""
        days = (self.first, self.last + timedelta(days=1))
        start, end = (datetime.combine(day, time(), LOCAL).astimezone(UTC) for day in days)
        return start, end

    @property
    def months(self) -> tuple["Period", ...]:
        """The natural months it touches, each cut to the period; in order."""
        return tuple(self._months())

    def split(self) -> tuple["Period | None", tuple["Period", ...]]:
        """The whole months in it, if any, and the days before and after them."""
        day = timedelta(days=1)
        first = self.first if self.first.day == 1 else _month_after(self.first)
        last = self.last if (self.last + day).day == 1 else self.last.replace(day=1) - day
        if first > last:
            return None, (self,)
        before = (Period(self.first, first - day),) if self.first < first else ()
        after = (Period(last + day, self.last),) if last < self.last else ()
        return Period(first, last), (*before, *after)

    def starts(self, grain: str) -> list[date]:
        """The first days of the days, weeks (from Monday) or months it touches, in order."""
        days = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
        return list(dict.fromkeys(start_of(grain, day) for day in days))

    def _months(self) -> Iterator["Period"]:
        start = self.first
        while start <= self.last:
            month = Period.of_month(start.year, start.month)
            yield Period(start, min(month.last, self.last))
            start = month.last + timedelta(days=1)


def _month_after(day: date) -> date:
    return Period.of_month(day.year, day.month).last + timedelta(days=1)


def start_of(grain: str, day: date) -> date:
    """The first day of the day, the week (a Monday) or the month that a day lies in."""
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def local_day(instant: datetime) -> date:
    """The day of an instant in Asia/Shanghai."""
    return instant.astimezone(LOCAL).date()
