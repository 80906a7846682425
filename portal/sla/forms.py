"""The administrator's forms for calendars and policies."""

from datetime import date
from typing import Any

from flask_babel import gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput

from portal import fields
from portal.errors import N_
from portal.language import lazy as _l
from portal.sla import policy_rules
from portal.sla.calendar_data import YEARS
from portal.sla.default_policy import Level
from portal.sla.targets import parse_target
from portal.wording import CLOCKS, URGENCIES

MAX_TABLE = 200_000
COMPLEXITIES = {"normal": _l("普通事项"), "complex": _l("复杂事项")}
KINDS = {"request": _l("一般诉求"), "consult": _l("咨询")}
DAY_KINDS = {
    "holiday": _l("放假"),
    "makeup": _l("调休上班"),
    "half": _l("只上半天"),
    "week": _l("恢复为平常的一天"),
}
HOURS_ASK = _l("请写成 08:30-12:00；两段时间用逗号隔开。")


class LoadForm(FlaskForm):
    """A calendar table as a file."""

    file = FileField(_l("日历表"), [FileRequired(message=_l("请选择一个 CSV 文件。"))])


class ConfirmLoadForm(FlaskForm):
    """The table that was previewed, sent back to be put in force."""

    table = HiddenField(validators=[DataRequired(), Length(max=MAX_TABLE)])
    name = HiddenField(validators=[Length(max=200)])


class _Day(DateField):
    """A date with one sentence for everything that is wrong with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(str(_l("请填写日期。"))) from error


class DayForm(FlaskForm):
    """One day that differs from its week, or no longer does."""

    day = _Day(_l("日期"), [InputRequired(message=_l("请填写日期。"))])
    kind = RadioField(
        _l("这一天"),
        [InputRequired(message=_l("请选择这一天怎样上班。"))],
        choices=lambda: {key: str(words) for key, words in DAY_KINDS.items()},
        default="holiday",
    )
    name = StringField(
        _l("名称"),
        [Length(max=20, message=_l("名称请控制在 20 个字以内。"))],
        filters=[fields.clean],
        description=_l("如 国庆节、台风停工；恢复为平常的一天时不填。"),
    )
    hours = fields.line(
        _l("办公时间"),
        HOURS_ASK,
        most=50,
        required=False,
        description=_l("只上半天时填写，如 08:30-12:00；不填时按上午办公。"),
    )

    def validate_day(self, field: DateField) -> None:
        """Inside the years a calendar covers."""
        if not isinstance(field.data, date) or field.data.year not in YEARS:
            raise ValidationError(str(_l("日期应在 2004 年至 2035 年之间。")))

    def validate_name(self, field: Any) -> None:
        """A day that differs has a name; the explanation of a due date prints it."""
        if self.kind.data in ("holiday", "makeup", "half") and not field.data:
            raise ValidationError(str(_l("请填写名称，如 国庆节、台风停工。")))

    def validate_hours(self, field: Any) -> None:
        """Windows in order, of a half day only."""
        if field.data and self.kind.data != "half":
            raise ValidationError(str(_l("只有半天才需要填写办公时间，请清空。")))
        if field.data and self.windows() is None:
            raise ValidationError(str(HOURS_ASK))

    def windows(self) -> tuple[tuple[int, int], ...] | None:
        """The typed hours in minutes of the day; None when there are none or they make no sense."""
        text = (self.hours.data or "").translate(fields.FULL_WIDTH).replace("–", "-")
        found: list[tuple[int, int]] = []
        for part in text.replace(N_("、"), ",").split(","):
            times = [_minute(one) for one in part.split("-")]
            if len(times) != 2 or times[0] is None or times[1] is None or times[0] >= times[1]:
                return None
            if found and times[0] < found[-1][1]:
                return None
            found.append((times[0], times[1]))
        return tuple(found)


class RuleForm(FlaskForm):
    """One clock rule of a draft."""

    seen = HiddenField()
    clock = SelectField(
        _l("时限"),
        [DataRequired(message=_l("请选择时限。"))],
        choices=lambda: {code: str(CLOCKS[code]) for code in policy_rules.CLOCKS},
    )
    target = fields.line(
        _l("期限"),
        _l("请填写期限，如 15wd。"),
        most=8,
        description=_l(
            "正整数加单位：wd 工作日、wm 工作分钟、h 小时、d 日历日。如 15wd、120wm、24h、7d。"
        ),
    )
    urgency = SelectMultipleField(
        _l("紧急程度"),
        choices=lambda: {code: str(words) for code, words in URGENCIES.items()},
        option_widget=CheckboxInput(),
        description=_l("不选表示不限。"),
    )
    complexity = fields.words(
        _l("复杂程度"), _l("请从列表中选择。"), COMPLEXITIES, nothing=_l("不限")
    )
    kind = fields.words(_l("性质"), _l("请从列表中选择。"), KINDS, nothing=_l("不限"))
    categories = SelectMultipleField(
        _l("诉求类别"), coerce=int, option_widget=CheckboxInput(), description=_l("不选表示不限。")
    )
    pausable = fields.tick(_l("企业补正期间暂停计时"))
    levels = TextAreaField(
        _l("提醒和升级"),
        description=_l(
            "每行一级：名称、时点、通知对象，用空格隔开。时点写 warn（临期）、due（到期），"
            "或 start、warn、due 加时长，如 start+2wd。通知对象写 applicant 企业经办人、"
            "cadre 承办人、reviewer 分管负责人、dispatcher 派单员、supervisor 督办员、"
            "leader 领导，用逗号隔开。名称 order 自动发督办单，elevate 提级，其他名称只发提醒。"
            "例如 order due+2wd cadre。"
        ),
    )

    def __init__(self, offered: dict[int, str], **kw: Any) -> None:
        super().__init__(**kw)
        self.categories.choices = {str(key): name for key, name in offered.items()}
        self.parsed: tuple[Level, ...] = ()

    def validate_target(self, field: Any) -> None:
        """A number and a unit."""
        try:
            parse_target(field.data or "")
        except ValueError as error:
            said = _l("期限无法识别：请写作正整数加单位，如 15wd、120wm、24h、7d。")
            raise ValidationError(str(said)) from error

    def validate_levels(self, field: Any) -> None:
        """Each line a level."""
        try:
            self.parsed = policy_rules.parse_levels(field.data or "")
        except policy_rules.LevelError as error:
            said = _l("第 %(n)d 行：%(what)s", n=error.line, what=gettext(error.sentence))
            raise ValidationError(str(said)) from error


class EnactForm(FlaskForm):
    """Puts a version in force, for new promises only or for open tickets too."""

    seen = HiddenField()
    scope = RadioField(
        _l("适用范围"),
        [InputRequired(message=_l("请选择适用范围。"))],
        choices=lambda: {
            "new": str(_l("只用于今后开始的时限")),
            "open": str(_l("在办诉求也按新政策重新计算")),
        },
        default="new",
    )


def _minute(text: str) -> int | None:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isdigit() and minute.isdigit() and len(hour) <= 2 and len(minute) == 2):
        return None
    at = int(hour) * 60 + int(minute)
    return at if int(minute) < 60 and at <= 1440 else None
