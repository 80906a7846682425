"""The administrator's forms: accounts, places, categories, pairings, leave and dispatch rules."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, IntegerField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput

from portal import fields
from portal.directory import cadre_queries, queries
from portal.directory.models import Category, Department
from portal.language import lazy as _l
from portal.wording import ROLES

STAFF = {code: name for code, name in ROLES.items() if code not in ("system", "none", "applicant")}
PLACE_ASK = _l("请填写 0 到 9999 的整数，小的排在前面。")
ONE_TIME_ASK = _l("请设置一次性密码，至少 10 个字符。")


class _Day(DateField):
    """A date with one sentence for everything that is wrong with it."""

    def __init__(self, label: Any, validators: Any = None, *, ask: Any, **kw: Any) -> None:
        super().__init__(label, validators, **kw)
        self.ask = ask

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(str(self.ask)) from error


def day(label: str, ask: str, *, required: bool = True) -> DateField:
    """A local date."""
    need = InputRequired(message=ask) if required else Optional()
    return _Day(label, [need], ask=ask)


class _Capacity(IntegerField):
    """A number of tickets from 1 to 9999, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = fields.code(valuelist[0]) if valuelist else ""
        self.data = None
        if not text:
            return
        if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) < 1:
            raise ValueError(str(_l("请填写 1 到 9999 的整数，不限时留空。")))
        self.data = int(text)


class BareForm(FlaskForm):
    """For an action that needs no words."""


class UserForm(FlaskForm):
    """What can be changed of a member of staff."""

    name = fields.line(_l("姓名"), _l("请填写姓名。"), most=30)
    phone = fields.phone(_l("电话"), required=False, veiled=True)
    department_id = fields.pick(_l("所在单位"), _l("请从列表中选择单位。"), required=False)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        rows = queries.names(Department)
        fields.offer(self.department_id, rows, _l("不属于承办单位"))


class RoleForm(FlaskForm):
    """A role, and the unit where it needs one."""

    role = fields.words(_l("角色"), _l("请选择角色。"), STAFF)
    department_id = fields.pick(_l("所在单位"), _l("请从列表中选择单位。"), required=False)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        rows = queries.names(Department)
        fields.offer(self.department_id, rows, _l("不属于承办单位"))


class NewUserForm(UserForm):
    """A new member of staff, the role that is asked for them, and a one-time password."""

    role = fields.words(_l("角色"), _l("请选择角色。"), STAFF)
    username = fields.username(_l("用户名"))
    password = fields.password(_l("一次性密码"), ONE_TIME_ASK, required=False)


class ApplicantForm(FlaskForm):
    """What can be changed of a firm's applicant."""

    name = fields.line(_l("姓名"), _l("请填写姓名。"), most=30)
    phone = fields.phone(_l("电话"), required=False, veiled=True)


class NewApplicantForm(ApplicantForm):
    """One more applicant for a firm that is registered."""

    firm = fields.line(_l("企业"), _l("请填写企业的统一社会信用代码或名称。"))
    username = fields.username(_l("用户名"))
    password = fields.password(_l("一次性密码"), ONE_TIME_ASK, required=False)


class ResetForm(FlaskForm):
    """A one-time password for somebody who forgot theirs."""

    password = fields.password(_l("一次性密码"), ONE_TIME_ASK)


class LeaveForm(FlaskForm):
    """Days away and who stands in."""

    starts_on = day(_l("开始日期"), _l("请填写请假的第一天。"))
    ends_on = day(_l("结束日期"), _l("请填写请假的最后一天。"))
    deputy_id = fields.pick(_l("代理人"), _l("请从列表中选择代理人。"), required=False)
    give_back = fields.tick(
        _l("销假后交还"), description=_l("代理人接手后还没办结的诉求，请假结束时交还给本人。")
    )

    def __init__(self, cadre_id: int, **kw: Any) -> None:
        super().__init__(**kw)
        others = {key: name for key, name in queries.cadre_names().items() if key != cadre_id}
        fields.offer(self.deputy_id, others, _l("无代理人"))


class AbilitiesForm(FlaskForm):
    """What a cadre knows, and how much they hold at once."""

    skills = SelectMultipleField(
        _l("专长类别"),
        coerce=int,
        validate_choice=False,
        option_widget=CheckboxInput(),
        description=_l("一项都不勾选时，各类诉求都可以派给这名干部。"),
    )
    capacity = _Capacity(
        _l("容量"),
        [Optional()],
        description=_l("同时办理的诉求最多几件；留空表示不限。满了以后，新诉求派给同单位其他人。"),
    )

    def __init__(self, known: dict[int, str], **kw: Any) -> None:
        """`known`: the skills noted already, which stay on offer when out of use."""
        super().__init__(**kw)
        offered = known | queries.names(Category)
        order = [*queries.names(Category), *(one for one in known)]
        self.skills.choices = [SelectChoice(str(key), offered[key]) for key in dict.fromkeys(order)]


class PlaceForm(FlaskForm):
    """A region."""

    name = fields.line(_l("名称"), _l("请填写名称。"), most=40)
    position = fields.whole(_l("排列顺序"), PLACE_ASK)


class ChainForm(PlaceForm):
    """A chain and its chief."""

    chief_id = fields.pick(_l("链长"), _l("请从列表中选择链长。"), required=False)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        fields.offer(self.chief_id, cadre_queries.chiefs(), _l("暂无链长"))


class DepartmentForm(PlaceForm):
    """A department; `unit_id`: the one that is changed."""

    phone = fields.phone(_l("单位电话"), required=False)
    parent_id = fields.pick(_l("上级单位"), _l("请从列表中选择上级单位。"), required=False)

    def __init__(self, unit_id: int | None = None, **kw: Any) -> None:
        super().__init__(**kw)
        units = queries.department_choices(unit_id)
        fields.offer(self.parent_id, units, _l("没有上级单位"))


class CategoryForm(FlaskForm):
    """A category of requests."""

    name = fields.line(_l("名称"), _l("请填写类别名称。"), most=20)
    parent_id = fields.pick(_l("上级类别"), _l("请从列表中选择上级类别。"), required=False)
    template = TextAreaField(
        _l("填写提示"),
        [Optional(), Length(max=1000, message=_l("填写提示请控制在 1000 个字以内。"))],
        filters=[fields.plain],
        description=_l("企业选择这个类别后，详细情况中先出现的几行字。"),
    )
    position = fields.whole(_l("排列顺序"), PLACE_ASK)
    needs_review = fields.tick(
        _l("办结须审核"), description=_l("承办人办结后，先由分管负责人审核，再请企业确认。")
    )
    by_pairing = fields.tick(
        _l("优先派给包联干部"), description=_l("不勾选时，直接按派单规则派给承办单位。")
    )
    complex = fields.tick(_l("复杂事项"), description=_l("办结时限按复杂事项计算。"))
    consult = fields.tick(_l("咨询事项"), description=_l("答复时限按咨询事项计算。"))

    def __init__(self, category_id: int | None = None, **kw: Any) -> None:
        super().__init__(**kw)
        tops = queries.top_categories(category_id)
        fields.offer(self.parent_id, tops, _l("没有上级，是一级类别"))


class PairingForm(FlaskForm):
    """A firm's standing cadre."""

    firm = fields.line(_l("企业"), _l("请填写企业的统一社会信用代码或名称。"))
    owner_id = fields.pick(_l("包联干部"), _l("请选择包联干部。"))
    deputy_id = fields.pick(_l("代理人"), _l("请从列表中选择代理人。"), required=False)
    starts_on = day(_l("开始日期"), _l("请填写开始日期。"))

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        cadres = queries.cadre_names()
        fields.offer(self.owner_id, cadres, _l("请选择"))
        fields.offer(self.deputy_id, cadres, _l("无代理人"))
