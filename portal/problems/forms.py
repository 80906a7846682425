"""The forms of tickets that belong together, and of common problems."""

from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from portal.fields import capitals, line
from portal.language import lazy as _l
from portal.problems.service.gathering import Described
from portal.tickets.forms import MAX_TEXT, MAX_TITLE, ActForm, options, stripped, text_area
from portal.tickets.lifecycle import Outcome


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


class JoinProblemForm(ActForm):
    problem_id = SelectField(
        _l("归入哪个共性问题"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择一个共性问题。"))],
        invalid_choice_message=_l("请选择一个共性问题。"),  # pyright: ignore[reportCallIssue]
    )
    text = text_area(_l("说明"), _l("请填写。"), required=False)


class LeaveProblemForm(ActForm):
    text = text_area(_l("移出原因"), _l("请写明为什么不属于这个共性问题。"))


class ProblemForm(ActForm):
    name = line(
        _l("名称"),
        _l("请用一句话写明是什么问题。"),
        most=MAX_TITLE,
        description=_l("统一答复时企业会看到，不要写企业名称。"),
    )
    description = text_area(_l("问题描述"), _l("请写明问题的范围、影响和初步判断。"))
    owner_id = SelectField(
        _l("负责答复的承办人"),
        coerce=int,
        choices=[],
        validators=[DataRequired(message=_l("请选择负责答复的承办人。"))],
        invalid_choice_message=_l("请选择负责答复的承办人。"),  # pyright: ignore[reportCallIssue]
        description=_l("由他写一份统一答复，发给所有成员诉求。"),
    )

    @property
    def described(self) -> Described:
        """What was filled in."""
        return Described(self.name.data or "", self.description.data or "", self.owner_id.data)


class MemberForm(ActForm):
    number = StringField(
        _l("或者填写编号"),
        [Optional(), Length(max=40, message=_l("编号形如 SQ20261122-000123。"))],
        filters=[capitals],
    )


class AnswerForm(ActForm):
    text = text_area(_l("统一答复"), _l("请写明办理结果或进展；每一家企业都会看到这段话。"))
    resolve_as = RadioField(
        _l("答复之后"),
        choices=options(
            {
                "reply": _l("只答复：各件继续办理"),
                Outcome.SOLVED: _l("我承办的同时提交办结：已解决，由各企业分别确认"),
                Outcome.EXPLAINED: _l("我承办的同时提交办结：解释办结，先经审核"),
            }
        ),
        default="reply",
        validators=[DataRequired(message=_l("请选择答复之后怎么办。"))],
    )
