"""The forms of the rulebook: a rule of a draft, and putting a draft in force."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField

from portal import fields
from portal.directory import queries
from portal.directory.models import Category, Department
from portal.language import lazy as _l
from portal.wording import URGENCIES

NOTE_ASK = _l("请用一句话写明为什么改。")


class _Seen(FlaskForm):
    """Base: the revision of the draft that the page showed."""

    seen = HiddenField()

    @property
    def revision(self) -> int:
        """The revision; -1 for nonsense, which is stale."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


class RuleForm(_Seen):
    """A dispatch rule: an empty dimension matches everything."""

    category_id = fields.pick(_l("诉求类别"), _l("请从列表中选择类别。"), required=False)
    region_id = fields.pick(_l("县市区"), _l("请从列表中选择县市区。"), required=False)
    chain_id = fields.pick(_l("产业链"), _l("请从列表中选择产业链。"), required=False)
    urgency = fields.words(
        _l("紧急程度"), _l("请从列表中选择紧急程度。"), URGENCIES, nothing=_l("不限")
    )
    department_id = fields.pick(_l("派给哪个单位"), _l("请选择承办单位。"))

    def __init__(self, **kw: Any) -> None:
        super().__init__(**kw)
        unlimited = _l("不限")
        fields.offer(self.category_id, queries.names(Category), unlimited)
        fields.offer(self.region_id, queries.region_names(), unlimited)
        fields.offer(self.chain_id, queries.chain_names(), unlimited)
        fields.offer(self.department_id, queries.names(Department), _l("请选择"))

    @property
    def conditions(self) -> tuple[int | str | None, ...]:
        """The four dimensions in their fixed order, None where unlimited."""
        return (
            self.category_id.data,
            self.region_id.data,
            self.chain_id.data,
            self.urgency.data or None,
        )


class EnactForm(_Seen):
    """Puts a draft in force, with why."""

    note = fields.line(_l("为什么改"), NOTE_ASK)


class RemoveForm(_Seen):
    """Takes a rule out of a draft."""
