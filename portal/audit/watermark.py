"""Who has this page or file, and since when, written across it. Pure."""

import base64
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont

LOCAL = ZoneInfo("Asia/Shanghai")
# Lies over the page, which stays readable: the stylesheet makes it faint. Text across, in a tile.
_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"><defs>\
<pattern id="w" width="330" height="190" patternUnits="userSpaceOnUse" \
patternTransform="rotate(-22)"><text font-family="sans-serif" font-size="15" fill="#808080">\
<tspan x="12" y="60">{0}</tspan><tspan x="12" y="84">{1}</tspan></text></pattern></defs>\
<rect width="100%" height="100%" fill="url(#w)"/></svg>"""
_TILE = 420, 220


@dataclass(frozen=True)
class Mark:
    """The reader's name and sign-in name, and the instant (UTC) of reading."""

    name: str
    username: str
    at: datetime

    @property
    def time(self) -> str:
        """The instant in local time, to the minute."""
        return f"{self.at.astimezone(LOCAL):%Y-%m-%d %H:%M}"

    @property
    def words(self) -> str:
        """One line: `李明 liming 2026-11-25 18:00`."""
        return f"{self.name} {self.username} {self.time}"

    @property
    def for_file(self) -> str:
        """The line as a part of a file's name."""
        return f"{self.at.astimezone(LOCAL):%Y-%m-%d %H%M} {self.username}"

    @property
    def image(self) -> str:
        """An address that is the picture itself, as wide and high as it is shown."""
        svg = _SVG.format(escape(f"{self.name} {self.username}"), self.time)
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"

    def tile(self) -> BytesIO:
        """A picture for the background of a sheet: sign-in name and time, faint."""
        picture = Image.new("RGB", _TILE, "white")
        words, font = f"{self.username}\n{self.time}", ImageFont.load_default(22)
        ImageDraw.Draw(picture).multiline_text((24, 70), words, fill="#e6e6e6", font=font)
        out = BytesIO()
        picture.rotate(18, fillcolor="white").save(out, "PNG")
        out.seek(0)
        return out
