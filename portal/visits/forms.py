"""The forms of visits: a plan, a record with its rows, a correction, and filing on behalf."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal import fields
from portal.language import lazy as _l
from portal.tickets.forms import MAX_TEXT, MAX_TITLE, new_key, options, stripped
from portal.tickets.lifecycle import Urgency
from portal.visits.models import VisitItem
from portal.visits.rules import MAX_ITEMS, SHORTEST, Heard, Record, title_of
from portal.wording import URGENCIES

FIRST_ROWS = 2
ITEM_TEXT = 2000
YES, NO = "yes", "no"


class _Day(DateField):
    """A local date with one sentence for everything that is wrong with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(str(_l("请按“年-月-日”填写日期。"))) from error


def _day(label: str) -> DateField:
    return _Day(label, [InputRequired(message=_l("请填写日期。"))])


class OnceForm(FlaskForm):
    """Base: a key for one sending, and the version that the page showed."""

    key = HiddenField()
    version = HiddenField()

    def prepare(self, version: int | None = None) -> None:
        """Fills the hidden fields of a fresh form."""
        self.key.data = new_key()
        self.version.data = "" if version is None else str(version)

    @property
    def seen(self) -> int | None:
        """The version the page showed."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    @property
    def once(self) -> str:
        """The key as it was sent; a form without one is sent once more each time."""
        return (self.key.data or new_key())[:40]


class PlanForm(OnceForm):
    """A day to go, and what for; `anyway` names the month that the cadre was warned about."""

    day = _day(_l("计划日期"))
    purpose = fields.line(_l("走访事项"), _l("请填写。"), required=False, most=100)
    anyway = HiddenField()


class CorrectForm(OnceForm):
    """What is added to a record that is more than a day old."""

    text = TextAreaField(
        _l("更正内容"),
        [
            DataRequired(message=_l("请写明要更正的内容。")),
            Length(max=ITEM_TEXT, message=_l("内容过长，请控制在 2000 字以内。")),
        ],
        filters=[stripped],
    )


class RecordForm(OnceForm):
    """A visit that has taken place; `rows` problems follow, see `record_form`."""

    day = _day(_l("走访日期"))
    met = fields.line(_l("见到了谁"), _l("请填写见到的企业人员，例如“王经理、钱会计”。"), most=100)
    companions = fields.line(
        _l("同行人员"), _l("请填写。"), required=False, most=100, description=_l("一同前往的干部")
    )
    found = RadioField(
        _l("企业有没有提出问题"),
        choices=options({YES: _l("提出了问题"), NO: _l("没有提出问题")}),
        default=YES,
        validators=[DataRequired(message=_l("请选择企业有没有提出问题。"))],
    )
    rows = HiddenField()
    kept = 0  # problems that are tickets already and stay

    @property
    def numbers(self) -> range:
        """The numbers of the rows of problems."""
        return range(1, rows_of(self.rows.data) + 1)

    @property
    def record(self) -> Record:
        """What was written, for the service; empty rows are left out."""
        heard = tuple(
            Heard(self[f"text_{n}"].data, self[f"category_{n}"].data)
            for n in self.numbers
            if self[f"text_{n}"].data
        )
        assert self.day.data is not None  # noqa: S101 – a valid form has a day
        told = heard if self.found.data == YES else ()
        return Record(self.day.data, self.met.data or "", self.companions.data or "", told)

    def validate(self, extra_validators: Any = None) -> bool:
        """Also: a problem where one is said to be, none where none is."""
        valid = super().validate(extra_validators)
        written = any(self[f"text_{n}"].data for n in self.numbers)
        if self.found.data == YES and not written and not self.kept:
            ask = str(_l("请写下企业提出的问题；没有问题请选“没有提出问题”。"))
            self["text_1"].errors = [ask]
        elif self.found.data == NO and written:
            self.found.errors = [str(_l("下面写了问题，请选“提出了问题”，或删去下面的内容。"))]
        return valid and not self.errors


def rows_of(text: str | None, least: int = FIRST_ROWS) -> int:
    """How many rows a form has, from what it says of itself; at most what a record may hold."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < 4 else least
    return min(max(number, least), MAX_ITEMS)


def record_form(rows: int, categories: dict[int, str]) -> type[RecordForm]:
    """The form of a record with so many rows, each with its words and a category to choose."""
    members: dict[str, Any] = {}
    for n in range(1, rows + 1):
        label = _l("问题 %(n)d", n=n)
        members[f"text_{n}"] = TextAreaField(
            label,
            [
                Optional(),
                Length(SHORTEST, ITEM_TEXT, message=_l("每个问题请写 4 到 2000 个字。")),
            ],
            filters=[stripped],
        )
        members[f"category_{n}"] = _category(
            _l("问题 %(n)d 的类别", n=n), categories=categories, required=False
        )
    return type("RecordFormOfRows", (RecordForm,), members)


def _category(label: str, *, categories: dict[int, str], required: bool) -> Any:
    """A list of the active categories; what it offers is known when the form is made."""
    ask = _l("请从列表中选择类别。")
    field: Any = fields.pick(label, ask, required=required)
    field.kwargs["choices"] = {
        "": str(_l("请选择")) if required else str(_l("以后再定")),
        **{str(key): name for key, name in categories.items()},
    }
    return field


class FileForm(OnceForm):
    """Problems that become tickets: one confirmation for all that are ticked."""

    contact_name = StringField(
        _l("企业联系人"),
        [
            DataRequired(message=_l("请填写联系人姓名，承办人会与他联系。")),
            Length(max=30, message=_l("姓名请控制在 30 个字以内。")),
        ],
        filters=[stripped],
    )
    contact_phone = fields.phone(_l("联系电话"))
    ids: tuple[int, ...] = ()

    @property
    def taken(self) -> list[int]:
        """The ids of the items that are ticked."""
        return [item_id for item_id in self.ids if self[f"take_{item_id}"].data]

    def of(self, item_id: int) -> list[Any]:
        """The fields of one item but its tick."""
        return [self[f"{name}_{item_id}"] for name in ("title", "category", "urgency", "text")]

    def validate(self, extra_validators: Any = None) -> bool:
        """What is not ticked need not be right; something must be ticked."""
        super().validate(extra_validators)
        for item_id in set(self.ids) - set(self.taken):
            for field in self.of(item_id):
                field.errors = []
        if not self.taken:
            self.form_errors.append(str(_l("请至少选择一个要提交的问题。")))
        return not self.errors


def file_form(items: Iterable[VisitItem], categories: dict[int, str]) -> type[FileForm]:
    """The form for some items, each with a first title and the words that were heard."""
    members: dict[str, Any] = {}
    ids = []
    for n, item in enumerate(items, 1):
        ids.append(item.id)
        members[f"take_{item.id}"] = fields.tick(_l("提交问题 %(n)d", n=n), default=True)
        members[f"title_{item.id}"] = StringField(
            _l("标题"),
            [
                DataRequired(message=_l("请用一句话写明问题，例如“贷款到期无法续贷”。")),
                Length(4, MAX_TITLE, message=_l("标题请写 4 到 60 个字。")),
            ],
            filters=[stripped],
            default=title_of(item.text),
        )
        category = _category(_l("类别"), categories=categories, required=True)
        category.kwargs["default"] = item.category_id
        members[f"category_{item.id}"] = category
        members[f"urgency_{item.id}"] = _urgency()
        members[f"text_{item.id}"] = TextAreaField(
            _l("详细情况"),
            [
                DataRequired(message=_l("请写明问题的经过和希望得到的帮助。")),
                Length(10, MAX_TEXT, message=_l("详细情况请写 10 到 4000 个字。")),
            ],
            filters=[stripped],
            default=item.text,
        )
    return type("FileFormOfItems", (FileForm,), members | {"ids": tuple(ids)})


def _urgency() -> Any:
    field: Any = fields.words(_l("紧急程度"), _l("请选择紧急程度。"), URGENCIES)
    field.kwargs["default"] = str(Urgency.NORMAL)
    return field
