"""The forms of accounts: sign in, register, change the password."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired

from portal import fields
from portal.directory import queries
from portal.directory.uscc import checked_uscc
from portal.errors import Invalid
from portal.language import lazy as _l
from portal.language import said
from portal.wording import SIZES


class SignInForm(FlaskForm):
    """Name and password; `next` is a local path to go on to."""

    username = fields.line(_l("用户名"), _l("请填写用户名。"))
    password = fields.password(_l("密码"), _l("请填写密码。"))
    next = HiddenField(filters=[fields.clean])


class RegisterForm(FlaskForm):
    """A firm and its first applicant."""

    uscc = fields.line(_l("统一社会信用代码"), _l("请填写 18 位统一社会信用代码。"))
    name = fields.line(_l("企业名称"), _l("请填写企业名称，与营业执照一致。"))
    region_id = fields.pick(_l("所在县市区"), _l("请选择企业所在的县市区。"))
    chain_id = fields.pick(_l("所属产业链"), _l("请从列表中选择产业链。"), required=False)
    size = fields.words(_l("企业规模"), _l("请选择企业规模。"), SIZES)
    contact_name = fields.line(_l("经办人姓名"), _l("请填写经办人姓名。"), most=30)
    contact_phone = fields.phone(_l("经办人电话"))
    username = fields.username(_l("用户名"))
    password = fields.password(_l("密码"), _l("请设置密码，至少 10 个字符。"))
    password2 = fields.password(_l("再输一次密码"), _l("请再输一次密码。"))
    agree = BooleanField(
        _l("我已阅读并同意《个人信息处理说明》"),
        [DataRequired(message=_l("请阅读并同意《个人信息处理说明》后再注册。"))],
    )

    def __init__(self) -> None:
        super().__init__()
        fields.offer(self.region_id, queries.region_names(), _l("请选择"))
        fields.offer(self.chain_id, queries.chain_names(), _l("不属于以下产业链"))

    def validate_uscc(self, field: StringField) -> None:
        """The check digit, before anything is written."""
        try:
            field.data = checked_uscc(field.data or "")
        except Invalid as error:
            raise ValidationError(said(error)) from error

    def validate_password2(self, field: PasswordField) -> None:
        """Both passwords are the same."""
        if field.data != self.password.data:
            raise ValidationError(str(_l("两次输入的密码不一致，请重新输入。")))


class NewPasswordForm(FlaskForm):
    """A new password, twice."""

    new = fields.password(_l("新密码"), _l("请填写新密码，至少 10 个字符。"))
    new2 = fields.password(_l("再输一次新密码"), _l("请再输一次新密码。"))

    def validate_new2(self, field: PasswordField) -> None:
        """Both new passwords are the same."""
        if field.data != self.new.data:
            raise ValidationError(str(_l("两次输入的新密码不一致，请重新输入。")))


class PasswordForm(NewPasswordForm):
    """The old password once, the new one twice."""

    old = fields.password(_l("原密码"), _l("请填写原密码。"))


class RefusalForm(FlaskForm):
    """Why somebody may not join a firm."""

    reason = fields.line(_l("原因"), _l("请写明原因，让对方知道怎么办。"))
