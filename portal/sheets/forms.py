"""The forms of imports: a file to upload, and how to apply what it would change."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.validators import InputRequired

from portal.language import lazy as _l

MODES = [
    SelectChoice("all", _l("全部写入，任何一行出错就一行也不写")),
    SelectChoice("good", _l("正确的行写入，出错的行留下")),
]


class UploadForm(FlaskForm):
    """A sheet to import."""

    file = FileField(
        _l("文件"),
        [FileRequired(message=_l("请选择一个 .xlsx 或 .csv 文件。"))],
        description=_l(".xlsx 或 .csv，最多 20,000 行、10 MB。上传后先试算，不写入任何数据。"),
    )


class ConfirmForm(FlaskForm):
    """Whether one bad line holds back the rest."""

    mode = RadioField(
        _l("写入方式"),
        [InputRequired(message=_l("请选择写入方式。"))],
        choices=MODES,
        default="all",
    )
