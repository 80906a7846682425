"""What a figures page was asked: period and dimensions of its address, and the links made of it."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _

from portal.db import utcnow
from portal.kpi import queries
from portal.kpi.conditions import Dimensions
from portal.kpi.forms import DIMENSIONS, FiltersForm
from portal.kpi.periods import Period, local_day

Address = dict[str, Any]
Link = Callable[..., str]


class Asked:
    """The question of one request to a figures page.

    `days`, `chosen` and what is made of them mean something only where `valid`. `endpoint` and
    `values`: the page itself, which the chips of common periods lead to.
    """

    def __init__(self, endpoint: str, **values: Any) -> None:
        self.now, self.known = utcnow(), queries.directory()
        self.endpoint, self._values = endpoint, values
        self._places: dict[tuple[str, ...], str] = {}
        self.form = FiltersForm(request.args, self.known)
        self.valid = self.form.validate()
        today = local_day(self.now)
        self.days = self.form.period(today) if self.valid else Period(today, today)
        self.chosen = self.form.dimensions() if self.valid else Dimensions()
        if self.valid:
            self.form.from_.data, self.form.to.data = self.days.first, self.days.last

    @cached_property
    def address(self) -> Address:
        """Period and dimensions as every link of the page carries them."""
        return {**_days(self.days), **self.form.narrowed()}

    @property
    def action(self) -> str:
        """Where the filters send to: the page itself."""
        return url_for(self.endpoint, **self._values)

    def link(self, name: str, side: str, narrow: Address | None = None) -> str:
        """The list behind a side of a figure, narrowed further by `narrow`."""
        return self._narrowed(("kpi.tickets", "name", name, "side", side), narrow)

    def part(self, kind: str, key: str, narrow: Address | None = None) -> str:
        """The list behind a bar or a cell that no figure counts (portal.kpi.parts)."""
        return self._narrowed(("board.part", "kind", kind, "key", key), narrow)

    def _narrowed(self, place: tuple[str, ...], narrow: Address | None) -> str:
        """A page has hundreds of links to a few places: each place is looked up once."""
        if place not in self._places:
            endpoint, *pairs = place
            values: Address = dict(zip(pairs[::2], pairs[1::2], strict=True))
            self._places[place] = url_for(endpoint, **values)
        return f"{self._places[place]}?{urlencode({**self.address, **(narrow or {})})}"

    def again(self, **more: Any) -> str:
        """The page itself with the same question, and `more`."""
        return url_for(self.endpoint, **self._values, **{**self.address, **more})

    @property
    def chips(self) -> list[dict[str, Any]]:
        """The periods one click away: this and last month, and the years that have tickets."""
        keep = {name: request.args[name] for name in DIMENSIONS if name in request.args}
        return [
            {
                "label": label,
                "period": period,
                "url": url_for(self.endpoint, **self._values, **keep, **_days(period)),
                "current": period == self.days,
            }
            for label, period in self._offered()
        ]

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """The pages of the figures, one click apart, with the same period and dimensions."""
        kept = ("from", "to", "month", *DIMENSIONS)
        keep: Address = {name: request.args[name] for name in kept if name in request.args}
        return [
            {"label": label, "url": url_for(one, **keep), "current": one == self.endpoint}
            for one, label in (
                ("board.show", _("看板")),
                ("standings.resolution", _("两个解决率")),
                ("standings.ranks", _("排名")),
                ("kpi.show", _("全部指标")),
                ("board.wall", _("大屏")),
            )
        ]

    def _offered(self) -> list[tuple[str, Period]]:
        today = local_day(self.now)
        this_month = Period.of_month(today.year, today.month)
        ago = this_month.first - timedelta(days=1)
        older = [year for year in reversed(self.known.years) if year < today.year - 1]
        return [
            (_("今年"), Period(date(today.year, 1, 1), today)),
            (_("去年"), Period.of_year(today.year - 1)),
            (_("本月"), this_month),
            (_("上月"), Period.of_month(ago.year, ago.month)),
            *((_("%(year)d 年", year=year), Period.of_year(year)) for year in older),
        ]


def _days(period: Period) -> Address:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}
