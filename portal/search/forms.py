"""What a search asks, read from its address: terms, filters, order; each wrong value is named."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import Length, ValidationError

from portal.auth.roles import Role
from portal.fields import clean, code, line
from portal.kpi.forms import Day, OfferedSelect
from portal.language import lazy as _l
from portal.search.choices import Named, Offered
from portal.search.queries import Search
from portal.search.terms import parse
from portal.tickets.forms import options
from portal.tickets.lifecycle import Status
from portal.tickets.queries import Filter
from portal.wording import CHANNELS, LIGHTS, LOCAL, STATUSES, URGENCIES

MAX_QUERY = 200
ORDERS: dict[str, str] = {"": _l("最新的在前"), "relevant": _l("最相关的在前")}
# The fields that narrow, in the order of the page.
FILTERS = (
    *("status", "category", "from", "to", "light", "urgency", "rounds", "elevated"),
    *("department", "cadre", "region", "chain", "channel"),
)
# What has one value only for all that a role sees, or is none of its business.
_DESK = ("department", "cadre")
HIDDEN: dict[Role, tuple[str, ...]] = {
    Role.APPLICANT: (*_DESK, "region", "chain", "channel", "elevated", "light"),
    Role.CADRE: _DESK,
    Role.REVIEWER: ("department",),
}


class Rounds(IntegerField):
    """A whole number from 1 to 99, said in a sentence when it is not; empty is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parses the number. Raises ValueError with the sentence for the reader."""
        typed = code(valuelist[0]) if valuelist else ""
        if not typed:
            self.data = None
        elif typed.isascii() and typed.isdigit() and 0 < len(typed) < 3 and int(typed):
            self.data = int(typed)
        else:
            raise ValueError(_("办理轮次请填 1 到 99 的整数。"))


class SearchForm(FlaskForm):
    """The search page's form; a GET form, so it carries no token."""

    class Meta:
        csrf = False

    q = StringField(
        _l("搜索"),
        [Length(max=MAX_QUERY, message=_l("搜索内容请控制在 200 个字以内。"))],
        filters=[clean],
    )
    sort = OfferedSelect(_l("排序"), default="", choices=options(ORDERS))
    status = OfferedSelect(_l("状态"), default="")
    light = OfferedSelect(_l("时限"), default="")
    category = OfferedSelect(_l("诉求类别"), default="")
    urgency = OfferedSelect(_l("紧急程度"), default="")
    from_ = Day(_l("提交日期从"), name="from")
    to = Day(_l("到"))
    rounds = Rounds(_l("至少办理几轮"))
    department = OfferedSelect(_l("承办单位"), default="")
    cadre = OfferedSelect(_l("承办人"), default="")
    region = OfferedSelect(_l("县市区"), default="")
    chain = OfferedSelect(_l("产业链"), default="")
    channel = OfferedSelect(_l("来源"), default="")
    elevated = OfferedSelect(_l("提级"), default="")

    def __init__(self, args: Any, offered: Offered, role: Role) -> None:
        super().__init__(args)
        self.offered = offered
        self._words: dict[str, dict[str, str]] = {
            "status": {"open": _("未办结"), **_texts(STATUSES)},
            "light": _texts(LIGHTS),
            "category": _tree(offered.categories),
            "urgency": _texts(URGENCIES),
            "department": _tree(offered.departments),
            "cadre": _tree(offered.cadres),
            "region": _tree(offered.regions),
            "chain": _tree(offered.chains),
            "channel": _texts(CHANNELS),
            "elevated": {"1": _("只看已提级")},
        }
        for name, words in self._words.items():
            select: Any = self[name]
            select.choices = options({"": _("全部"), **words})
        for name in HIDDEN.get(role, ()):
            del self[self._key(name)]

    @staticmethod
    def _key(name: str) -> str:
        return "from_" if name == "from" else name

    def validate_q(self, field: StringField) -> None:
        """A term is two characters at least. Raises ValidationError with the sentence."""
        short = parse(field.data or "").short
        if short:
            raise ValidationError(
                _("“%(term)s”只有一个字，请至少写两个字再搜索。", term=_("、").join(short))
            )

    def validate_to(self, field: Day) -> None:
        """The end may not lie before the start. Raises ValidationError with the sentence."""
        if self.from_.data and field.data and field.data < self.from_.data:
            raise ValidationError(_("结束日期不能早于开始日期。"))

    def search(self) -> Search:
        """What is looked for; call it on a valid form."""
        return Search(
            terms=parse(self.q.data or "").terms,
            chosen=Filter(
                statuses=self._statuses(),
                light=self._value("light"),
                department_ids=_with_children(self.offered.departments, self._id("department")),
                category_ids=_with_children(self.offered.categories, self._id("category")),
                assignee_id=self._id("cadre"),
                region_id=self._id("region"),
                chain_id=self._id("chain"),
                channel=self._value("channel"),
                urgency=self._value("urgency"),
                since=_midnight(self.from_.data),
                until=_midnight(self.to.data, 1),
                rounds=self.rounds.data,
                elevated=self._value("elevated") is not None,
            ),
            relevant=self.sort.data == "relevant",
        )

    def address(self) -> dict[str, Any]:
        """The valid, non-empty values as the address carries them."""
        fields = ["q", "sort", *(self._key(name) for name in FILTERS)]
        found = {}
        for name in fields:
            if name in self and self[name].data and not self[name].errors:
                found[self[name].name] = str(self[name].data)
        return found

    def chosen(self) -> list[tuple[str, str]]:
        """The filters in use: the name in the address, and its words for a chip."""
        found = []
        for name in FILTERS:
            key = self._key(name)
            if key not in self or not self[key].data or self[key].errors:
                continue
            value = str(self[key].data)
            words = self._words.get(name, {}).get(value, value).strip()
            found.append((name, f"{self[key].label.text}{_('：')}{words}"))
        return found

    def _value(self, name: str) -> str | None:
        return self[name].data or None if name in self else None

    def _id(self, name: str) -> int | None:
        value = self._value(name)
        return int(value) if value else None

    def _statuses(self) -> frozenset[Status] | None:
        value = self._value("status")
        if value == "open":
            return frozenset(Status) - {Status.CLOSED}
        return frozenset({Status(value)}) if value else None


class SaveViewForm(FlaskForm):
    """The name of a search to keep."""

    name = line(_l("给这个筛选起个名字"), _l("请写一个名字，例如“本周超期”。"), most=20)


def _texts(words: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): str(word) for key, word in words.items()}


def _tree(rows: Iterable[Named]) -> dict[str, str]:
    """The rows in use by id, children under their parent and set in."""
    listed = [row for row in rows if row.active]
    names: dict[str, str] = {}

    def under(parent_id: int | None, depth: int) -> None:
        for row in listed:
            if row.parent_id == parent_id and str(row.id) not in names:
                names[str(row.id)] = "\u2003" * depth + row.name
                under(row.id, depth + 1)

    under(None, 0)
    return names


def _with_children(rows: Iterable[Named], row_id: int | None) -> frozenset[int] | None:
    """The row's id with those of all below it; None for none."""
    if row_id is None:
        return None
    listed, found = list(rows), {row_id}
    while more := {row.id for row in listed if row.parent_id in found} - found:
        found |= more
    return frozenset(found)


def _midnight(day: Any, later: int = 0) -> datetime | None:
    """The first instant of a local day, or of the day `later`, in UTC."""
    if day is None:
        return None
    begun = datetime.combine(day + timedelta(days=later), time.min, LOCAL)
    return begun.astimezone(UTC)
