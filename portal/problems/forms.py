"""The forms of tickets that belong together, and of common problems."""

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from portal.fields import capitals, line
from portal.language import lazy as _l
from portal.tickets.forms import MAX_TEXT, MAX_TITLE, ActForm, stripped, text_area


class LinkForm(ActForm):
    other_number = StringField(
        _l("与哪一件关联"),
        [
            DataRequired(message=_l("请填写另一件诉求的编号，如 SQ20261122-000123。")),
            Length(max=40, message=_l("编号形如 SQ20261122-000123。")),
        ],
        filters=[capitals],
    )
    text = text_area(_l("关联说明"), _l("请写明两件诉求有什么关系；只有工作人员能看到。"))


class UnlinkForm(ActForm):
    other_number = SelectField(
        _l("与哪一件解除关联"),
        choices=[],
        validators=[DataRequired(message=_l("请选择一件已关联的诉求。"))],
        invalid_choice_message=_l("请选择一件已关联的诉求。"),  # pyright: ignore[reportCallIssue]
    )
    text = text_area(_l("说明"), _l("请写明为什么解除关联。"))


class SplitForm(ActForm):
    title = line(_l("新诉求的标题"), _l("请用一句话写明拆分出来的问题。"), most=MAX_TITLE)
    category_id = SelectField(
        _l("新诉求的类别"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择诉求类别。"))],
        invalid_choice_message=_l("请选择诉求类别。"),  # pyright: ignore[reportCallIssue]
    )
    part = TextAreaField(
        _l("拆分出来的部分"),
        [
            DataRequired(message=_l("请从企业原文中留下要单独办理的部分。")),
            Length(min=4, max=MAX_TEXT, message=_l("请写 4 到 4000 个字。")),
        ],
        filters=[stripped],
        description=_l("下面是企业的原文。请删去不属于新诉求的部分；不能改写。原诉求的文字不变。"),
    )
    text = text_area(_l("给企业的说明"), _l("请向企业说明为什么拆成两件办理。"))
