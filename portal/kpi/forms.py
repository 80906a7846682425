"""What the figures are narrowed to, read from the address: days or a month, and the dimensions."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, Form, MonthField, SelectField
from wtforms.validators import ValidationError

from portal.directory import cadre_queries
from portal.directory.class_words import CLASS_NAMES, NO_CLASS_NAME
from portal.kpi.conditions import NO_CLASS, NOWHERE, Dimensions
from portal.kpi.periods import FIRST_YEAR, LAST_YEAR, Period
from portal.kpi.queries import Directory
from portal.tickets.lifecycle import Channel
from portal.wording import CHANNELS, URGENCIES

# A lazy text is as good as a text to a field; the stubs of WTForms know only the latter.
_l = cast("Callable[[str], str]", lazy_gettext)


class Day(DateField):
    """A day such as 2023-05-01; empty is none. What is wrong is said in a sentence."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parses the day. Raises ValueError with the sentence for the reader."""
        typed = valuelist[0].strip() if valuelist else ""
        self.data = _parsed(typed, _("请按“2023-05-01”的样子填写日期。")) if typed else None


class Month(MonthField):
    """A month such as 2023-05, as its first day."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parses the month. Raises ValueError with the sentence for the reader."""
        typed = valuelist[0].strip() if valuelist else ""
        words = _("请按“2023-05”的样子填写月份。")
        self.data = _parsed(f"{typed}-01", words) if typed else None


def _parsed(typed: str, words: str) -> date:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise ValueError(words) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(_("请填写 2000 年至 2099 年之间的日期。"))
    return day


class OfferedSelect(SelectField):
    """One of the offered values; empty is all of them."""

    def pre_validate(self, form: Form) -> None:
        """Raises ValidationError with a sentence for a value that is not offered."""
        offered: Any = self.iter_choices()
        if self.data and self.data not in [one.value for one in offered]:
            raise ValidationError(_("没有这个选项，请重新选择。"))


DIMENSIONS = ("department", "category", "region", "chain", "class", "cadre", "channel", "urgency")


class FiltersForm(FlaskForm):
    """The filters of the figures pages; a GET form, so it carries no token."""

    class Meta:
        csrf = False

    from_ = Day(_l("从"), name="from")
    to = Day(_l("到"))
    month = Month(_l("月份"))
    department = OfferedSelect(_l("承办单位"), default="")
    category = OfferedSelect(_l("诉求类别"), default="")
    region = OfferedSelect(_l("县市区"), default="")
    chain = OfferedSelect(_l("产业链"), default="")
    class_ = OfferedSelect(_l("企业资质"), name="class", default="")
    cadre = OfferedSelect(_l("助企干部"), default="")
    channel = OfferedSelect(_l("来源"), default="")
    urgency = OfferedSelect(_l("紧急程度"), default="")

    def __init__(self, args: Any, known: Directory) -> None:
        super().__init__(args)
        channels = {code: name for code, name in CHANNELS.items() if code != Channel.IMPORT}
        self._offered: dict[str, dict[str, str]] = {
            "department": {str(NOWHERE): _("暂无承办单位"), **_texts(known.departments)},
            "category": _texts(known.categories),
            "region": _texts(known.regions),
            "chain": {str(NOWHERE): _("不属于任何产业链"), **_texts(known.chains)},
            "class": _words({**CLASS_NAMES, NO_CLASS: NO_CLASS_NAME}),
            "cadre": _cadre(self.cadre.data),
            "channel": _words(channels),
            "urgency": _words(URGENCIES),
        }
        for name, offered in self._offered.items():
            select: Any = self["class_" if name == "class" else name]
            select.choices = {"": _("全部"), **offered}

    def validate_to(self, field: DateField) -> None:
        """The end may not lie before the start."""
        if self.from_.data and field.data and field.data < self.from_.data:
            raise ValidationError(_("结束日期不能早于开始日期。"))

    def period(self, today: date) -> Period:
        """The month where one is given, else the days; by default the present year to date."""
        if self.month.data:
            return Period.of_month(self.month.data.year, self.month.data.month)
        first, last = self.from_.data, self.to.data
        if first is None:
            first = date((last or today).year, 1, 1)
        return Period(first, last or max(today, first))

    def dimensions(self) -> Dimensions:
        """The chosen dimensions as ids and codes."""
        return Dimensions(
            _id(self.department),
            _id(self.category),
            _id(self.region),
            _id(self.chain),
            self.channel.data or None,
            self.urgency.data or None,
            _id(self.cadre),
            self.class_.data or None,
        )

    @property
    def _chosen(self) -> list[SelectField]:
        return [one for one in self if isinstance(one, SelectField) and one.data]

    def narrowed(self) -> dict[str, str]:
        """The chosen dimensions as the address carries them."""
        return {field.name: field.data for field in self._chosen}

    def words(self) -> list[str]:
        """The chosen dimensions in words."""
        return [self._offered[field.name][field.data] for field in self._chosen]

    @property
    def more_open(self) -> bool:
        """Whether one of the folded filters is in use."""
        folded = self.region, self.chain, self.class_, self.cadre, self.channel, self.urgency
        return any(one.data for one in folded)


def _texts(names: Mapping[int, str]) -> dict[str, str]:
    return {str(row_id): name for row_id, name in names.items()}


def _words(names: Mapping[str, str]) -> dict[str, str]:
    return {code: str(name) for code, name in names.items()}


def _cadre(typed: str | None) -> dict[str, str]:
    """Only the cadre whom the address names: a city has too many of them to choose from here."""
    if not typed or not typed.isascii() or not typed.isdigit() or len(typed) > 18:
        return {}
    return _texts(cadre_queries.named_with_units(int(typed)))


def _id(field: SelectField) -> int | None:
    return int(field.data) if field.data else None
