"""The forms by which petitions are asked and ruled on."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import DataRequired, InputRequired

from portal.language import lazy as _l
from portal.tickets.forms import ActForm, options, text_area
from portal.tickets.reasons import EXCLUSION_REASONS, EXTENSION_REASONS, HOLD_REASONS


class _Days(IntegerField):
    """A number of working days, with one sentence for everything that is wrong with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = (valuelist[0] if valuelist else "").strip()
        if not text.isascii() or not text.isdigit() or not 0 < len(text) < 4:
            raise ValueError(str(_l("请填写要延长的工作日数，例如 5。")))
        self.data = int(text)


class _Day(DateField):
    """A date, with one sentence for everything that is wrong with it."""

    def __init__(self, label: Any, ask: Any, **kw: Any) -> None:
        super().__init__(label, [DataRequired(message=ask)], **kw)
        self.ask = ask

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(str(self.ask)) from None


def _reasons(words: dict[str, str]) -> RadioField:
    ask = _l("请选择申请的原因。")
    return RadioField(
        _l("申请原因"),
        choices=options({code: _l(text) for code, text in words.items()}),
        validators=[DataRequired(message=ask)],
    )


class AskExtensionForm(ActForm):
    days = _Days(
        _l("延长几个工作日"), [InputRequired(message=_l("请填写要延长的工作日数，例如 5。"))]
    )
    reason_code = _reasons(EXTENSION_REASONS)
    text = text_area(_l("说明"), _l("请写明为什么需要延期；获批后企业会看到这段话。"))


class AskHoldForm(ActForm):
    reason_code = _reasons(HOLD_REASONS)
    promised_on = _Day(_l("承诺恢复办理的日期"), _l("请选择承诺恢复办理的日期。"))
    report_on = _Day(
        _l("下次报告进展的日期"),
        _l("请选择下次报告进展的日期。"),
        description=_l("30 天以内；到时答复企业一次，就算报告。"),
    )
    owner_id = SelectField(
        _l("责任人"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择责任人。"))],
        invalid_choice_message=_l("请选择责任人。"),  # pyright: ignore[reportCallIssue]
    )
    text = text_area(_l("说明"), _l("请写明缺什么条件、何时具备；获批后企业会看到这段话。"))


class AskExclusionForm(ActForm):
    reason_code = _reasons(EXCLUSION_REASONS)
    text = text_area(_l("说明"), _l("请写明为什么不应计入净解决率，以及依据。"))


class ResumeForm(ActForm):
    text = text_area(_l("说明"), _l("请填写。"), required=False)


class RuleForm(ActForm):
    """A ruling from the ticket's page, on the petition that the page showed."""

    petition_id = HiddenField()
    text = text_area(_l("裁定意见"), _l("请写明裁定的理由，申请人会看到。"))

    @property
    def shown(self) -> int | None:
        """The petition that the page showed."""
        text = self.petition_id.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class RuleManyForm(FlaskForm):
    """One ruling for many petitions; each has a key of its own, made of this one."""

    key = HiddenField()
    text = text_area(_l("裁定意见"), _l("请写明裁定的理由，申请人会看到。"))
