"""The forms of enterprises: the profile, titles with their days, contacts."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import StringField, ValidationError

from portal import fields
from portal.directory import queries
from portal.directory.class_words import CLASS_NAMES
from portal.directory.forms import day
from portal.directory.uscc import checked_uscc
from portal.errors import Invalid
from portal.language import lazy as _l
from portal.language import said
from portal.wording import SIZES


class FirmForm(FlaskForm):
    """All that an administrator keeps of a firm."""

    uscc = fields.line(_l("统一社会信用代码"), _l("请填写 18 位统一社会信用代码。"))
    name = fields.line(_l("企业名称"), _l("请填写企业名称，与营业执照一致。"))
    short_name = fields.line(_l("简称"), "", required=False, most=20)
    region_id = fields.pick(_l("所在县市区"), _l("请选择企业所在的县市区。"))
    chain_id = fields.pick(_l("所属产业链"), _l("请从列表中选择产业链。"), required=False)
    size = fields.words(_l("企业规模"), _l("请选择企业规模。"), SIZES)
    industry = fields.line(_l("行业"), "", required=False, most=40)
    contact_name = fields.line(_l("联系人姓名"), _l("请填写联系人姓名。"), most=30)
    contact_phone = fields.phone(_l("联系人电话"), veiled=True)

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        fields.offer(self.region_id, queries.region_names(), _l("请选择"))
        fields.offer(self.chain_id, queries.chain_names(), _l("不属于以下产业链"))

    def validate_uscc(self, field: StringField) -> None:
        """The check digit, before anything is written."""
        try:
            field.data = checked_uscc(field.data or "")
        except Invalid as error:
            raise ValidationError(said(error)) from error


class OwnFirmForm(FlaskForm):
    """What a firm's applicant can change of its profile."""

    short_name = fields.line(_l("简称"), "", required=False, most=20)
    contact_name = fields.line(_l("联系人姓名"), _l("请填写联系人姓名。"), most=30)
    contact_phone = fields.phone(_l("联系人电话"))


class TitleForm(FlaskForm):
    """A title and the local days on which it holds."""

    name = fields.words(_l("资质"), _l("请选择资质。"), CLASS_NAMES)
    valid_from = day(_l("生效日期"), _l("请填写生效日期。"))
    valid_to = day(_l("失效日期"), _l("请填写失效日期，长期有效时留空。"), required=False)


class ContactForm(FlaskForm):
    """One more person to ask for."""

    name = fields.line(_l("姓名"), _l("请填写姓名。"), most=30)
    phone = fields.phone(_l("电话"))
    post = fields.line(_l("职务"), "", required=False, most=20)


class VeiledContactForm(ContactForm):
    """The same for an administrator."""

    phone = fields.phone(_l("电话"), veiled=True)


class ShowForm(FlaskForm):
    """Why an administrator needs a whole telephone number."""

    purpose = fields.line(_l("用途"), _l("请写明用途。"), most=50)
