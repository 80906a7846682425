"""The forms of leave and hand-over."""

from flask_wtf import FlaskForm

from portal import fields
from portal.directory import queries
from portal.directory.forms import LeaveForm
from portal.language import lazy as _l


class UnitLeaveForm(LeaveForm):
    """Leave of one of a unit's cadres, written by its reviewer."""

    cadre_id = fields.pick(_l("请假人"), _l("请选择请假的人。"))

    def __init__(self, department_id: int | None) -> None:
        super().__init__(0)
        fields.offer(self.cadre_id, queries.cadre_names(department_id), _l("请选择"))


class TakeForm(FlaskForm):
    """For taking over: the ticks are read as they are."""
