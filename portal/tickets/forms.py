"""The forms of tickets: one for submitting, one for each action that asks for words."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    HiddenField,
    MultipleFileField,
    RadioField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.validators import DataRequired, Length, Optional

from portal.fields import phone, pick, plain, tick
from portal.language import lazy as _l
from portal.tickets.lifecycle import Urgency
from portal.tickets.reasons import VOUCH_ANSWERS
from portal.wording import RATING_WORDS, URGENCIES

MAX_TITLE = 60
MAX_TEXT = 4000
FILES_HINT = _l("可选 PDF、Word、Excel、图片，最多 10 个，每个不超过 20 MB；手机可直接拍照。")
ACCEPT = ".pdf,.doc,.docx,.xls,.xlsx,.wps,.et,.ofd,.jpg,.jpeg,.png,.webp"


SEALED_HINT = _l("所涉单位和它的上下级看不到这件诉求；承办人看不到企业名称和联系方式。")


def stripped(value: str | None) -> str | None:
    """Typed text without the blanks around it, and without what is no text."""
    return plain(value).strip() if value else value


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


def text_area(
    label: str, ask: str, *, required: bool = True, description: str = ""
) -> TextAreaField:
    """A field for sentences, at most MAX_TEXT characters; `ask` says what to write."""
    length = Length(max=MAX_TEXT, message=_l("内容过长，请控制在 4000 字以内。"))
    need = DataRequired(message=ask) if required else Optional()
    return TextAreaField(label, [need, length], filters=[stripped], description=description)


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
    sealed = tick(_l("设为密件"), description=SEALED_HINT)
    about_id = pick(_l("所涉单位"), _l("请选择列表中的单位。"), required=False)
    files = files_field()


class ActForm(FlaskForm):
    """Base of the action forms: the version the page showed, a key that makes it happen once."""

    version = HiddenField()
    key = HiddenField()
    refused = ""  # why it cannot be sent at all; its page then shows this instead

    def prepare(self, version: int) -> None:
        """Fills the hidden fields of a fresh form."""
        self.version.data = str(version)
        self.key.data = new_key()

    @property
    def seen(self) -> int | None:
        """The version the page showed."""
        text = str(self.version.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the person typed, for the page that says it could not be done."""
        return [
            (str(field.label.text), str(field.data))
            for field in self
            if field.type in ("TextAreaField", "StringField") and field.data
        ]


class BareForm(ActForm):
    """For an action that needs no words."""


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
    asked_by_unit = tick(_l("是承办单位请我撤回的"))


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


class VouchForm(ActForm):
    answer = RadioField(
        _l("代填的内容是否属实"),
        choices=options({code: _l(words) for code, words in VOUCH_ANSWERS.items()}),
        validators=[DataRequired(message=_l("请选择代填的内容是否属实。"))],
    )
    description = text_area(
        _l("更正后的详细情况"),
        _l("请写明更正后的情况。"),
        required=False,
        description=_l("选“有误，需要更正”时，请在这里直接修改。"),
    )
    text = text_area(_l("想说的话"), _l("请填写。"), required=False)


class SealForm(ActForm):
    about_id = pick(_l("所涉单位"), _l("请选择列表中的单位。"), required=False)


class UnsealForm(ActForm):
    text = text_area(_l("解除的原因"), _l("请填写。"), required=False)


class RevealForm(ActForm):
    text = text_area(
        _l("查看的理由"), _l("请写明为什么要查看企业身份，企业会看到是谁、为什么查看。")
    )


class ReopenForm(ActForm):
    text = text_area(_l("重办原因"), _l("请写明为什么需要重新办理。"))


def wording_fields(form: SubmitForm) -> dict[str, Any]:
    """The typed fields of the submit form, as a draft keeps them."""
    names = ("title", "urgency", "description", "contact_name", "contact_phone")
    kept = {name: form[name].data or "" for name in names}
    sealed = bool(form.sealed.data)
    return kept | {"sealed": sealed, "about_id": form.about_id.data if sealed else None}
