"""A PDF page for Chinese text: faces, lines, paragraphs that shrink to their room, rows. Pure."""

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from portal.supervision import breaking
from portal.supervision.fonts import Face

INK, SOFT, LINE, BLUE, TINT, RED = (
    (27, 37, 48),
    (76, 89, 103),
    (190, 198, 207),
    (29, 79, 145),
    (231, 238, 248),
    (166, 35, 27),
)
MARGIN, TOP, BOTTOM, WIDTH = 20.0, 16.0, 14.0, 170.0
PAGE = 297.0
LEADING = 0.57  # mm of a line for each point of its size
SCALES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5)
ROW = 5.3
NEXT = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}
Section = tuple[str, list[str]]
# Where a page waits for who takes it: a text of blanks, not packed, which is written over in place.
ROOM = 90
_BLANK = b"(" + b" " * ROOM + b")"


class Paper:
    """A document of A4 pages in one Chinese face, regular and bold."""

    def __init__(self, title: str, faces: tuple[Face, Face]) -> None:
        self.pdf = FPDF(format="A4", unit="mm")
        self.pdf.set_margins(MARGIN, TOP, MARGIN)
        self.pdf.set_auto_page_break(False)
        self.pdf.set_compression(False)  # of pages; the faces, which are the most, are packed
        self.pdf.c_margin = 0
        self.pdf.set_title(title)
        self.pdf.set_lang("zh-CN")
        self.pdf.set_author("诉求通")
        for style, face in zip(("", "B"), faces, strict=True):
            self.pdf.add_font("cjk", style, face.path, collection_font_number=face.number)

    def leave_room(self) -> None:
        """Leaves the line at the foot of a page that `marked` fills in."""
        self.pdf.set_font("helvetica", "", 7)
        self.pdf.set_text_color(*SOFT)
        self.pdf.text(MARGIN, PAGE - BOTTOM + 4, " " * ROOM)

    def font(self, size: float, style: str = "", color: Sequence[int] = INK) -> None:
        """Sets the face for what is written next."""
        self.pdf.set_font("cjk", style, size)
        self.pdf.set_text_color(*color)

    def height(self, text: str, size: float) -> float:
        """How high a text of a size stands, in mm."""
        self.font(size)
        return len(breaking.lines(text, WIDTH, self.pdf.get_string_width)) * size * LEADING

    def lines(self, text: str, size: float) -> None:
        """A text in the font that is set."""
        for line in breaking.lines(text, WIDTH, self.pdf.get_string_width):
            self.pdf.cell(WIDTH, size * LEADING, line, **NEXT)

    def room(self, below: float = 0.0) -> float:
        """How much of the page is left, in mm, above what stands `below`."""
        return PAGE - BOTTOM - 8 - below - self.pdf.get_y()

    def heading(self, text: str, scale: float) -> None:
        """A heading of a section."""
        self.font(11.5 * scale, "B")
        self.pdf.cell(WIDTH, 11.5 * scale * 0.68, text, **NEXT)

    def text(self, sections: Sequence[Section], room: float) -> None:
        """The sections, as large as `room` (mm) allows."""
        scale = next((one for one in SCALES if self.text_height(sections, one) <= room), SCALES[-1])
        for heading, said in sections:
            self.heading(heading, scale)
            size = 10.5 * scale
            self.font(size)
            self.lines(_paragraph(said), size)

    def text_height(self, sections: Sequence[Section], scale: float) -> float:
        """How high sections stand at a scale, in mm."""
        heights = [11.5 * scale * 0.68 for _heading, _said in sections]
        size = 10.5 * scale
        heights += [self.height(one, size) for one in (_paragraph(said) for _h, said in sections)]
        return sum(heights)

    def axis(self, base: float) -> None:
        """A thin line over the width."""
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.3)
        self.pdf.line(MARGIN, base, MARGIN + WIDTH, base)

    def row(
        self, cells: Sequence[str], widths: Sequence[float], color: Sequence[int], style: str
    ) -> None:
        """One row of a table, the first cell left, the others right, a line under it."""
        self.font(9, style, color)
        for place, (text, wide) in enumerate(zip(cells, widths, strict=True)):
            self.pdf.cell(wide, ROW, text, align="L" if place == 0 else "R")
        self.pdf.ln(ROW)
        self.axis(self.pdf.get_y())


def marked(document: bytes, words: str) -> bytes:
    """A document with `words` at the foot of each page, in letters of ASCII.

    As long as before, so that nothing in it moves; one without room for them is left as it is.
    """
    text = words.encode("ascii", "replace").replace(b"\\", b"/")
    text = text.replace(b"(", b"[").replace(b")", b"]")[:ROOM]
    return document.replace(_BLANK, b"(" + text.ljust(ROOM) + b")")


def _paragraph(said: Sequence[str]) -> str:
    """The sentences of a section as one paragraph, drawn in as Chinese texts are."""
    return "　　" + "".join(said)
