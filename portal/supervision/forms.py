"""The forms of supervision: a threshold, and taking one out of use."""

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import FloatField, HiddenField, IntegerField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.validators import DataRequired, InputRequired, NumberRange

from portal.fields import code
from portal.kpi.figures import FIGURES, RANKED_FROM
from portal.kpi.queries import Directory
from portal.language import lazy as _l
from portal.supervision import readings, words
from portal.supervision.models import ALL, Threshold
from portal.supervision.service import Wanted
from portal.tickets.forms import options

BOUND_ASK = _l("请填写数字，例如 95 或 2.5；比率按百分数填写，用时按工作小时填写。")
MINIMUM_ASK = _l("请填写 1 到 9999 的整数。")


class Amount(FloatField):
    """A number from 0 to 100000 with one sentence for everything that is wrong with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parses the number, a per cent sign allowed. Raises ValueError with the sentence."""
        typed = code(valuelist[0] if valuelist else "").rstrip("%").strip()
        self.data = None
        try:
            value = float(typed)
        except ValueError:
            raise ValueError(str(BOUND_ASK)) from None
        if not 0 <= value <= 100_000:
            raise ValueError(str(BOUND_ASK))
        self.data = value

    def _value(self) -> str:
        """What was typed, else the number without needless zeros."""
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:g}"


class Whole(IntegerField):
    """A whole number with one sentence for everything that is wrong with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parses the number. Raises ValueError with the sentence."""
        typed = (valuelist[0] if valuelist else "").strip()
        if not typed.isascii() or not typed.isdigit() or len(typed) > 4:
            raise ValueError(str(MINIMUM_ASK))
        self.data = int(typed)


class SeenForm(FlaskForm):
    """The version of the threshold that the page showed."""

    version = HiddenField()

    @property
    def seen(self) -> int:
        """The version; -1 for nonsense, which is stale."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


class ThresholdForm(SeenForm):
    """A threshold; `scope` is dimension and member in one."""

    figure = SelectField(
        _l("指标"),
        [DataRequired(message=_l("请选择指标。"))],
        invalid_choice_message=_l("请选择指标。"),  # pyright: ignore[reportCallIssue]
    )
    scope = SelectField(
        _l("统计范围"),
        [DataRequired(message=_l("请选择统计范围。"))],
        default=f"{ALL}:",
        invalid_choice_message=_l("请选择统计范围。"),  # pyright: ignore[reportCallIssue]
        description=_l("选“每个承办单位”时，各单位分别对照同一条线。"),
    )
    span = RadioField(
        _l("时段"),
        choices=options(words.SPANS),
        default="rolling",
        validators=[DataRequired(message=_l("请选择时段。"))],
    )
    worse = RadioField(
        _l("方向"),
        choices=options(words.WORSE),
        default="lower",
        validators=[DataRequired(message=_l("请选择方向。"))],
    )
    yellow = Amount(_l("黄线"), [InputRequired(message=BOUND_ASK)], description=BOUND_ASK)
    red = Amount(_l("红线"), [InputRequired(message=BOUND_ASK)])
    minimum = Whole(
        _l("最少件数"),
        [InputRequired(message=MINIMUM_ASK), NumberRange(1, 9999, message=MINIMUM_ASK)],
        default=RANKED_FROM,
        description=_l("分母（用时为件数）不到这么多件时不判断，免得几件诉求就触发预警。"),
    )

    def __init__(self, known: Directory, **kw: Any) -> None:
        super().__init__(**kw)
        titles = {name: words.figure_name(name) for name in FIGURES}
        self.figure.choices = [SelectChoice("", _l("请选择")), *options(titles)]
        self.scope.choices = _scopes(known)

    @property
    def wanted(self) -> Wanted:
        """What was typed, for the service."""
        dimension, _sep, member = (self.scope.data or "").partition(":")
        return Wanted(
            self.figure.data or "",
            dimension,
            member,
            self.span.data,
            self.worse.data,
            self.yellow.data or 0.0,
            self.red.data or 0.0,
            self.minimum.data or 1,
        )


def values_of(threshold: Threshold) -> dict[str, Any]:
    """A threshold as the form shows it."""
    names = ("figure", "span", "worse", "yellow", "red", "minimum", "version")
    scope = f"{threshold.dimension}:{threshold.member}"
    return {"scope": scope, **{name: getattr(threshold, name) for name in names}}


def _scopes(known: Directory) -> list[SelectChoice]:
    """The whole city, each value of a dimension, and every single value, in groups."""
    every = {f"{name}:": label for name, label in words.DIMENSIONS.items()}
    rows = options(every)
    for dimension, group in words.GROUPS.items():
        rows += [
            SelectChoice(f"{dimension}:{member}", label, optgroup=str(group))
            for member, label in named(dimension, known).items()
        ]
    return rows


def named(dimension: str, known: Directory) -> Mapping[str, str]:
    """The values of a dimension with their names."""
    rows = readings.names(dimension, known)
    return {
        member: rows[int(member)] if rows else words.member_name(member)
        for member in readings.members(dimension, known)
    }
