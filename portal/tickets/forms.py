"""The forms of tickets: one for submitting, one for each action that asks for words."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    HiddenField,
    MultipleFileField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.validators import DataRequired, Length, Optional, Regexp

from portal.fields import phone
from portal.language import lazy as _l
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.reasons import CONTACT_METHODS, REJECT_REASONS, RETURN_REASONS
from portal.wording import RATING_WORDS, URGENCIES

MAX_TITLE = 60
MAX_TEXT = 4000
FILES_HINT = _l("可选 PDF、Word、Excel、图片，最多 10 个，每个不超过 20 MB；手机可直接拍照。")
ACCEPT = ".pdf,.doc,.docx,.xls,.xlsx,.wps,.et,.ofd,.jpg,.jpeg,.png,.webp,.heic"


def stripped(value: str | None) -> str | None:
    """Typed text without the blanks around it."""
    return value.strip() if value else value


def options(words: Mapping[Any, Any]) -> list[SelectChoice]:
    """Stored codes with their words, as a field offers them."""
    return [SelectChoice(str(code), word) for code, word in words.items()]


def grouped(groups: Mapping[str, Mapping[Any, Any]], nothing: str) -> list[SelectChoice]:
    """Choices in named groups, after `nothing`, which stands for no choice."""
    rows = [
        SelectChoice(str(code), word, optgroup=group)
        for group, words in groups.items()
        for code, word in words.items()
    ]
    return [SelectChoice("0", nothing), *rows]


def text_area(label: str, ask: str, *, required: bool = True) -> TextAreaField:
    """A field for sentences, at most MAX_TEXT characters; `ask` says what to write."""
    length = Length(max=MAX_TEXT, message=_l("内容过长，请控制在 4000 字以内。"))
    need = DataRequired(message=ask) if required else Optional()
    return TextAreaField(label, [need, length], filters=[stripped])


def files_field() -> MultipleFileField:
    """Attachments of an action, after its words."""
    return MultipleFileField(_l("附件"), description=FILES_HINT)


class SubmitForm(FlaskForm):
    """What a firm writes: kept as a draft, checked, then submitted."""

    title = StringField(
        _l("标题"),
        [
            DataRequired(message=_l("请用一句话写明问题，例如“贷款到期无法续贷”。")),
            Length(min=4, max=MAX_TITLE, message=_l("标题请写 4 到 60 个字。")),
        ],
        filters=[stripped],
        description=_l("一句话写明遇到的问题"),
    )
    urgency = RadioField(
        _l("紧急程度"),
        choices=options(URGENCIES),
        default=str(Urgency.NORMAL),
        validators=[DataRequired(message=_l("请选择紧急程度。"))],
    )
    description = TextAreaField(
        _l("详细情况"),
        [
            DataRequired(message=_l("请写明问题的经过和希望得到的帮助。")),
            Length(min=10, max=MAX_TEXT, message=_l("详细情况请写 10 到 4000 个字。")),
        ],
        filters=[stripped],
    )
    contact_name = StringField(
        _l("联系人"),
        [
            DataRequired(message=_l("请填写联系人姓名，承办人会与他联系。")),
            Length(max=30, message=_l("姓名请控制在 30 个字以内。")),
        ],
        filters=[stripped],
    )
    contact_phone = phone(_l("联系电话"))
    files = files_field()


class ActForm(FlaskForm):
    """Base of the action forms: the version the page showed, a key that makes it happen once."""

    version = HiddenField()
    key = HiddenField()

    def prepare(self, version: int) -> None:
        """Fills the hidden fields of a fresh form."""
        self.version.data = str(version)
        self.key.data = new_key()

    @property
    def seen(self) -> int | None:
        """The version the page showed."""
        text = self.version.data or ""
        return int(text) if text.isdigit() and len(text) < 10 else None

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the person typed, for the page that says it could not be done."""
        return [
            (str(field.label.text), str(field.data))
            for field in self
            if field.type in ("TextAreaField", "StringField") and field.data
        ]


def new_key() -> str:
    """A key for one sending of one form."""
    return secrets.token_urlsafe(12)


class SupplyInfoForm(ActForm):
    text = text_area(_l("补充内容"), _l("请写明补充的情况或说明附上的材料。"))
    files = files_field()


class CommentForm(ActForm):
    text = text_area(_l("补充说明"), _l("请写明要补充的情况。"))
    files = files_field()


class UrgeForm(ActForm):
    text = text_area(_l("想对承办人说的话"), _l("请填写。"), required=False)


class WithdrawForm(ActForm):
    text = text_area(_l("撤回原因"), _l("请写明撤回的原因，例如问题已自行解决。"))


def rating_field(ask: str) -> RadioField:
    """The five grades, best first."""
    return RadioField(
        _l("您的评价"), choices=options(RATING_WORDS), validators=[DataRequired(message=ask)]
    )


class ConfirmForm(ActForm):
    rating = rating_field(_l("请选择您对办理结果的评价。"))
    text = text_area(_l("想说的话"), _l("请填写。"), required=False)


class DisputeForm(ActForm):
    rating = rating_field(_l("请选择您对办理过程的评价。"))
    text = text_area(
        _l("哪些问题还没有解决"), _l("请写明哪些问题还没有解决，承办人会据此重新办理。")
    )


class ReopenForm(ActForm):
    text = text_area(_l("重办原因"), _l("请写明为什么需要重新办理。"))


class RecordContactForm(ActForm):
    method = RadioField(
        _l("联系方式"),
        choices=options(CONTACT_METHODS),
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
        choices=options(RETURN_REASONS),
        validators=[DataRequired(message=_l("请选择退单原因。"))],
    )
    text = text_area(_l("说明"), _l("请写明依据，以及您认为应由哪个单位办理。"))


class AnswerOrderForm(ActForm):
    text = text_area(_l("回复内容"), _l("请写明超期或受督办的原因、已做的工作和完成时间。"))


class SendBackForm(ActForm):
    text = text_area(_l("退回原因"), _l("请写明办结意见缺什么、怎么改。"))


class BareForm(ActForm):
    """For an action that needs no words."""


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
        choices=options({code: words for code, (words, _channel) in REJECT_REASONS.items()}),
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
            Regexp(r"^\s*[Ss][Qq]\d{8}-\d{6,}\s*$", message=_l("编号形如 SQ20261122-000123。")),
        ],
        filters=[stripped],
        description=_l("同一家企业的另一件未办结诉求的编号。"),
    )
    text = text_area(_l("给企业的说明"), _l("请向企业说明为什么合并。"))


class DecideForm(ActForm):
    text = text_area(_l("裁定意见"), _l("请写明裁定的理由。"))


class SuperviseForm(ActForm):
    text = text_area(_l("督办要求"), _l("请写明督办的要求，承办人须在 2 个工作日内书面回复。"))


class TerminateForm(ActForm):
    text = text_area(_l("终止原因"), _l("请写明终止的原因，企业会看到。"))


class CallBackForm(ActForm):
    solved = RadioField(
        _l("企业说"),
        choices=options({"yes": _l("问题已解决"), "no": _l("问题没有解决（将重新办理）")}),
        validators=[DataRequired(message=_l("请选择企业的答复。"))],
    )
    text = text_area(_l("回访情况"), _l("请写明和谁通话、对方怎么说。"))


def wording_fields(form: SubmitForm) -> dict[str, Any]:
    """The typed fields of the submit form, as a draft keeps them."""
    names = ("title", "urgency", "description", "contact_name", "contact_phone")
    return {name: form[name].data or "" for name in names}
