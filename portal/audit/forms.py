"""What the auditor looks for, read from the address."""

from wtforms import DateField, Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.validators import Length, Optional

from portal.audit.showing import KIND_NAMES, REFUSAL_NAMES
from portal.language import lazy as _l

_DAY = _l("请按“2026-11-25”的样子填写日期。")


class LogForm(Form):
    """Narrows the log; empty is all of it."""

    person = StringField(_l("人员（姓名或用户名）"), [Length(max=80)])
    subject = StringField(_l("诉求编号"), [Length(max=40)])
    kind = SelectField(
        _l("类别"),
        choices=[SelectChoice("", _l("全部")), *(SelectChoice(*one) for one in KIND_NAMES.items())],
        validate_choice=False,
    )
    first = DateField(_l("从"), [Optional()])
    last = DateField(_l("到"), [Optional()])


class RefusedForm(Form):
    """Narrows the security events; empty is all of them."""

    person = StringField(_l("人员（姓名或用户名）"), [Length(max=80)])
    network = StringField(_l("网络地址"), [Length(max=60)])
    kind = SelectField(
        _l("类别"),
        choices=[
            SelectChoice("", _l("全部")),
            *(SelectChoice(*one) for one in REFUSAL_NAMES.items()),
        ],
        validate_choice=False,
    )
    first = DateField(_l("从"), [Optional()])
    last = DateField(_l("到"), [Optional()])
