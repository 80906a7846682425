"""The forms of those who handle a ticket: one for each action that asks for words."""

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.fields import capitals
from portal.language import lazy as _l
from portal.routing.correction import Correction
from portal.tickets.forms import ActForm, files_field, options, stripped, text_area
from portal.tickets.lifecycle import Outcome
from portal.tickets.reasons import CONTACT_METHODS, REJECT_REASONS, RETURN_REASONS
from portal.tickets.service.order import DAYS, MOST_DAYS


class RecordContactForm(ActForm):
    method = RadioField(
        _l("联系方式"),
        choices=options({code: _l(words) for code, words in CONTACT_METHODS.items()}),
        default="phone",
        validators=[DataRequired(message=_l("请选择联系方式。"))],
    )
    text = text_area(_l("联系情况"), _l("请写明和谁联系、了解到什么；企业会看到这段话。"))


class ReplyForm(ActForm):
    text = text_area(_l("答复内容"), _l("请写明办理进展或答复意见；企业会看到这段话。"))
    files = files_field()


class NoteForm(ActForm):
    text = text_area(_l("备注内容"), _l("请写明备注；只有工作人员能看到。"))


class AskInfoForm(ActForm):
    text = text_area(_l("需要企业补充什么"), _l("请逐项写明需要企业补充的材料或情况。"))


class ResolveForm(ActForm):
    outcome = RadioField(
        _l("办结方式"),
        choices=options(
            {
                Outcome.SOLVED: _l("已解决：问题已经解决，请企业确认"),
                Outcome.EXPLAINED: _l("解释办结：政策不允许或条件不具备，已向企业说明"),
            }
        ),
        validators=[DataRequired(message=_l("请选择办结方式。"))],
    )
    text = text_area(_l("给企业的答复"), _l("请写明办理结果；审核通过后企业会看到。"))
    internal = text_area(_l("内部备注"), _l("请填写。"), required=False)
    files = files_field()


class AskReturnForm(ActForm):
    reason_code = RadioField(
        _l("退单原因"),
        choices=options({code: _l(words) for code, words in RETURN_REASONS.items()}),
        validators=[DataRequired(message=_l("请选择退单原因。"))],
    )
    text = text_area(_l("说明"), _l("请写明依据，以及您认为应由哪个单位办理。"))


class AnswerOrderForm(ActForm):
    text = text_area(_l("回复内容"), _l("请写明超期或受督办的原因、已做的工作和完成时间。"))


class SendBackForm(ActForm):
    text = text_area(_l("退回原因"), _l("请写明办结意见缺什么、怎么改。"))


class DispatchForm(ActForm):
    department_id = SelectField(
        _l("承办单位"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择承办单位。"))],
        invalid_choice_message=_l("请选择承办单位。"),  # pyright: ignore[reportCallIssue]
    )
    cadre_id = SelectField(
        _l("承办人"),
        coerce=int,
        choices=[],
        validators=[Optional()],
        description=_l("不指定时，派给该单位在岗且未办结最少的承办人。"),
    )
    text = text_area(_l("派单说明"), _l("请写明为什么派给该单位。"))


class ReassignForm(ActForm):
    cadre_id = SelectField(
        _l("新的承办人"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择新的承办人。"))],
        invalid_choice_message=_l("请选择新的承办人。"),  # pyright: ignore[reportCallIssue]
    )
    text = text_area(_l("改派原因"), _l("请写明改派的原因。"))


class RejectForm(ActForm):
    reason_code = RadioField(
        _l("不予受理的原因"),
        choices=options({code: _l(words) for code, (words, _channel) in REJECT_REASONS.items()}),
        validators=[DataRequired(message=_l("请选择不予受理的原因。"))],
    )
    right_channel = StringField(
        _l("正确的渠道"),
        [
            Optional(),
            Length(max=100, message=_l("请控制在 100 个字以内。")),
        ],
        filters=[stripped],
        description=_l("告诉企业该找谁；不填则按所选原因给出。"),
    )
    text = text_area(_l("给企业的说明"), _l("请向企业写明不予受理的理由。"))


class TransferForm(ActForm):
    receiver = StringField(
        _l("移送到"),
        [
            DataRequired(message=_l("请填写接收的机构，企业会看到。")),
            Length(max=100, message=_l("请控制在 100 个字以内。")),
        ],
        filters=[stripped],
    )
    text = text_area(_l("移送说明"), _l("请写明移送的理由和联系方式。"))


class MergeForm(ActForm):
    into_number = StringField(
        _l("并入哪一件"),
        [
            DataRequired(message=_l("请填写要并入的诉求编号，如 SQ20261122-000123。")),
            Length(max=40, message=_l("编号形如 SQ20261122-000123。")),
        ],
        filters=[capitals],
    )
    text = text_area(_l("给企业的说明"), _l("请向企业说明为什么合并。"))


class RecategoriseForm(ActForm):
    category_id = SelectField(
        _l("正确的类别"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择一个在用的类别。"))],
        invalid_choice_message=_l("请选择一个在用的类别。"),  # pyright: ignore[reportCallIssue]
    )
    text = text_area(_l("说明"), _l("请填写。"), required=False)


class DecideForm(ActForm):
    text = text_area(_l("裁定意见"), _l("请写明裁定的理由。"))


class ReturnForm(DecideForm):
    """A return is granted, and the rule that caused it corrected where the dispatcher wishes."""

    unit_id = SelectField(
        _l("以后这样的诉求改派给"), coerce=int, choices=[], validators=[Optional()]
    )
    by_region = BooleanField()
    by_chain = BooleanField()
    by_urgency = BooleanField()
    dimensions: tuple[int | str | None, ...] = ()

    @property
    def wish(self) -> Correction | None:
        """The rule asked for, None where the rules shall stay."""
        if "unit_id" not in self or not self.unit_id.data:
            return None
        ticked = (True, self.by_region.data, "by_chain" in self and self.by_chain.data)
        keep = (*ticked, self.by_urgency.data)
        conditions = tuple(
            value if kept else None for value, kept in zip(self.dimensions, keep, strict=True)
        )
        return Correction(conditions, self.unit_id.data)


class _Days(IntegerField):
    """A number of working days, with one sentence for everything that is wrong with it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = (valuelist[0] if valuelist else "").strip()
        days = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
        if not 1 <= days <= MOST_DAYS:
            raise ValueError(str(_l("回复期限请填写 1 到 %(most)d 个工作日。", most=MOST_DAYS)))
        self.data = days


class SuperviseForm(ActForm):
    text = text_area(_l("督办要求"), _l("请写明督办的要求，例如说明原因和完成时间。"))
    days = _Days(
        _l("几个工作日内回复"),
        [InputRequired(message=_l("回复期限请填写 1 到 %(most)d 个工作日。", most=MOST_DAYS))],
        default=DAYS,
        description=_l("到第几个工作日下班时止，今天不算。"),
    )


class ElevateForm(ActForm):
    text = text_area(_l("提级原因"), _l("请写明为什么需要领导过问、希望协调什么。"))


class TerminateForm(ActForm):
    text = text_area(_l("终止原因"), _l("请写明终止的原因，企业会看到。"))


class CallBackForm(ActForm):
    solved = RadioField(
        _l("企业说"),
        choices=options({"yes": _l("问题已解决"), "no": _l("问题没有解决（将重新办理）")}),
        validators=[DataRequired(message=_l("请选择企业的答复。"))],
    )
    text = text_area(_l("回访情况"), _l("请写明和谁通话、对方怎么说。"))
