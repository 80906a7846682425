"""The query form: a ticket's number and its query code."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from portal.fields import capitals
from portal.language import lazy as _l

TOO_LONG = _l("内容过长，请核对后重新填写。")


class QueryForm(FlaskForm):
    """What the receipt of a ticket says."""

    number = StringField(
        _l("受理编号"),
        [DataRequired(message=_l("请填写受理编号。")), Length(max=40, message=TOO_LONG)],
        filters=[capitals],
    )
    query_code = StringField(
        _l("查询码"),
        [DataRequired(message=_l("请填写 8 位查询码。")), Length(max=40, message=TOO_LONG)],
        filters=[capitals],
    )
