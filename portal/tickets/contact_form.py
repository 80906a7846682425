"""Why somebody who does not handle a ticket needs its firm's contact."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField
from wtforms.validators import DataRequired

from portal import fields
from portal.errors import N_
from portal.language import lazy as _l
from portal.tickets.forms import options

# Kept in the access log as they stand here, in Chinese.
REASONS = {
    "check": N_("向企业核实情况"),
    "call_back": N_("回访企业"),
    "order": N_("督办、催办"),
    "other": N_("其他工作需要"),
}


class ContactForm(FlaskForm):
    """A reason out of four; the last one in words."""

    reason = RadioField(
        _l("用途"),
        choices=options({code: _l(words) for code, words in REASONS.items()}),
        validators=[DataRequired(message=_l("请选择用途。"))],
    )
    text = fields.line(_l("说明"), _l("请写明用途。"), required=False)

    def validate(self, extra_validators: Any = None) -> bool:
        """The last reason says nothing without words."""
        valid = super().validate(extra_validators)
        if valid and self.reason.data == "other" and not self.text.data:
            self.text.errors = [str(_l("请写明用途。"))]
            return False
        return valid

    @property
    def words(self) -> str:
        """The reason as the log keeps it."""
        chosen, text = REASONS[self.reason.data], self.text.data
        return f"{chosen}：{text}" if text else chosen
