"""The redacted words of a case, and the version that a decision was made on."""

from collections.abc import Callable
from typing import Any, cast

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp

from portal.plaintext import clean

# A lazy text is as good as a text to a field; the stubs of WTForms know only the latter.
_l = cast("Callable[[str], str]", lazy_gettext)
TITLE, TEXT = 60, 1000


def _ask(most: int, ask: str) -> list[Any]:
    too_long = _l("内容过长，请写得短一些。")
    return [DataRequired(message=ask), Length(max=most, message=too_long)]


class CaseForm(FlaskForm):
    """Title, problem and answer as everybody will read them."""

    title = StringField(_l("公开的标题"), _ask(TITLE, _l("请填写标题。")), filters=[clean])
    problem = TextAreaField(
        _l("公开的诉求"), _ask(TEXT, _l("请写明企业遇到了什么问题。")), filters=[clean]
    )
    answer = TextAreaField(
        _l("公开的办理结果"), _ask(TEXT, _l("请写明是怎样解决的。")), filters=[clean]
    )
    version = HiddenField(default="0")

    @property
    def texts(self) -> dict[str, str]:
        """The three texts by name."""
        return {name: str(self[name].data or "") for name in ("title", "problem", "answer")}

    @property
    def seen(self) -> int:
        """The version that the form was opened on; 0 where it says nonsense."""
        typed = str(self.version.data or "")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


class DecideForm(FlaskForm):
    """A decision on the version that was shown."""

    version = HiddenField(validators=[DataRequired(), Regexp(r"^[0-9]{1,8}$")])
