"""Form fields that accounts and the administrator's pages share; each refuses with a sentence."""

from collections.abc import Mapping
from typing import Any

from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField
from wtforms.form import BaseForm
from wtforms.validators import DataRequired, Length, Optional, Regexp

from portal import masks
from portal.errors import Invalid
from portal.language import lazy as _l
from portal.language import said
from portal.plaintext import (
    FULL_WIDTH,
    PHONE,
    USERNAME,
    capitals,
    clean,
    code,
    phone_code,
    plain,
)

__all__ = ["FULL_WIDTH", "capitals", "plain"]  # where forms look for them
MAX_LINE = 100
MAX_PASSWORD = 200
NOTHING: Mapping[str, str] = {}


def line(
    label: str, ask: str, *, required: bool = True, most: int = MAX_LINE, **kw: Any
) -> StringField:
    """One line of at most `most` characters; `ask` says what to write."""
    too_long = _l("内容过长，请控制在 %(n)d 个字以内。", n=most)
    need = DataRequired(message=ask) if required else Optional()
    return StringField(label, [need, Length(max=most, message=too_long)], filters=[clean], **kw)


def phone(label: str, *, required: bool = True, veiled: bool = False) -> StringField:
    """A Chinese mobile number, or a landline with its area code.

    `veiled`: the stored one is shown masked; the mask that comes back leaves it as it is.
    """
    kind = _Veiled if veiled else StringField
    ask = _l("请填写 11 位手机号，或带区号的座机，如 0635-8123456。")
    need = DataRequired(message=ask) if required else Optional()
    return kind(label, [need, Regexp(PHONE, message=ask)], filters=[phone_code])


def username(label: str) -> StringField:
    """A new account's name."""
    ask = _l("请填写 3 到 32 位用户名，可用字母、数字和 . _ - @，以字母或数字开头。")
    valid = [DataRequired(message=ask), Regexp(USERNAME, message=ask)]
    return StringField(label, valid, filters=[code])


def password(label: str, ask: str, *, required: bool = True) -> PasswordField:
    """A password, typed as it is; its strength is judged by auth.service."""
    too_long = _l("密码过长，请控制在 200 个字符以内。")
    need = DataRequired(message=ask) if required else Optional()
    return PasswordField(label, [need, Length(max=MAX_PASSWORD, message=too_long)])


def pick(label: str, ask: str, *, required: bool = True) -> SelectField:
    """A list to choose a row's id from; `offer` fills it. None when nothing was chosen."""
    return SelectField(
        label,
        [DataRequired(message=ask) if required else Optional()],
        coerce=_id_or_none,
        choices={},
        **_messages(ask),
    )


def offer(field: Any, rows: dict[int, str], nothing: str) -> None:
    """Fills a `pick` with `rows` (id → words); `nothing` stands first, for no choice."""
    field.choices = {"": str(nothing), **{str(key): words for key, words in rows.items()}}


def words(
    label: str,
    ask: str,
    choices: dict[str, str],
    nothing: str | None = None,
) -> SelectField:
    """A list to choose a stored code from, shown in words; `nothing` is what no choice means."""

    def offered() -> dict[str, str]:
        shown = {key: str(text) for key, text in choices.items()}
        return {"": str(nothing or _l("请选择")), **shown}

    return SelectField(
        label,
        [DataRequired(message=ask) if nothing is None else Optional()],
        choices=offered,
        **_messages(ask),
    )


def whole(label: str, ask: str) -> IntegerField:
    """A place in a list, from 0 to 9999."""
    return _Place(label, [], default=0, ask=ask)


def tick(label: str, **kw: Any) -> BooleanField:
    """A box to tick; an empty one is an answer too."""
    return BooleanField(label, **kw)


def blame(form: BaseForm, error: Invalid, renamed: Mapping[str, str] = NOTHING) -> None:
    """Puts a service's refusal beside the field it names, or above the form.

    `renamed` maps the service's field name to the form's where they differ.
    """
    name = renamed.get(error.field or "", error.field or "")
    if name in form:
        form[name].errors = [*form[name].errors, said(error)]
    else:
        form.form_errors.append(said(error))


class _Veiled(StringField):
    """A stored telephone number that its form does not show."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        stored = self.object_data
        if stored and phone_code(self.data) == masks.phone(stored):
            self.data = stored

    def _value(self) -> str:
        known = self.data and self.data == self.object_data
        return masks.phone(self.data) if known else self.data or ""


class _Place(IntegerField):
    """A whole number with one sentence for everything that is wrong with it."""

    def __init__(self, label: Any, validators: Any, *, ask: str, **kw: Any) -> None:
        super().__init__(label, validators, **kw)
        self.ask = ask
        self.flags.required = True

    def process_formdata(self, valuelist: list[str]) -> None:
        text = code(valuelist[0]) if valuelist else ""
        if not text.isascii() or not text.isdigit() or len(text) > 4:
            raise ValueError(str(self.ask))
        self.data = int(text)


def _messages(ask: str) -> dict[str, Any]:
    """What a list says of a value that it does not hold."""
    return {"invalid_value_message": ask, "invalid_choice_message": ask}


def _id_or_none(value: Any) -> int | None:
    return int(value) if value not in ("", None) else None
