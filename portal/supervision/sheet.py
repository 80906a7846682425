"""The two pages of a bulletin's PDF: figures, sentences and charts drawn as shapes. Pure.

The text shrinks until a page holds it, the charts take the room that is left: there are always two.
"""

from pathlib import Path

from fpdf.enums import XPos, YPos

from portal.supervision import prose
from portal.supervision.facts import REST, Count, Facts, Point, Unit
from portal.supervision.fonts import Face
from portal.supervision.paper import (
    BLUE,
    BOTTOM,
    INK,
    MARGIN,
    NEXT,
    PAGE,
    RED,
    ROW,
    SOFT,
    TINT,
    WIDTH,
    Paper,
)

CHART_LEAST, CHART_MOST = 34.0, 72.0
ROWS = 12  # units in the table of the second page
# The widths of the units' columns, with and without what is late now.
COLUMNS = {5: (50.0, 18.0, 38.0, 38.0, 26.0), 6: (46.0, 16.0, 34.0, 34.0, 20.0, 20.0)}
NOTE = 8.0  # the size of the notes at the foot
# What the table of the first page shows, as far as there is room.
OTHERS = (
    ("close_rate", "办结率"),
    ("contact_rate", "响应率"),
    ("once_done", "一次办结率"),
    ("rework_rate", "重办率"),
    ("return_rate", "退单率"),
    ("rating_coverage", "评价率"),
    ("resolution_reported", "解决率（自报）"),
)


def write(facts: Facts, faces: tuple[Face, Face], target: Path) -> None:
    """Draws the bulletin into the file `target`."""
    sheet = _Sheet(facts, faces)
    sheet.first_page()
    sheet.second_page()
    sheet.pdf.output(str(target))


class _Sheet(Paper):
    """One bulletin on its two pages."""

    def __init__(self, facts: Facts, faces: tuple[Face, Face]) -> None:
        self.facts = facts
        super().__init__(prose.title(facts), faces)
        self.sections = prose.sections(facts)

    def first_page(self) -> None:
        """The head, four figures, the first two sections, and the course of the periods."""
        self.pdf.add_page()
        self._head()
        self._boxes()
        self.text(self.sections[:2], self.room() - CHART_LEAST - 10)
        self._others(self.room() - CHART_LEAST - 10)
        self.heading("近期受理量与解决率（毛）", 1.0)
        self._course(self._chart_height())
        self._foot(1)

    def second_page(self) -> None:
        """The units in a table, the other sections, and where tickets gather."""
        self.pdf.add_page()
        self.text(self.sections[2:3], 60.0)
        self._units()
        note = self.height(prose.notes(self.facts), NOTE) + 4
        self.text(self.sections[3:], self.room(note) - CHART_LEAST - 10)
        self.heading("各类别受理量", 1.0)
        self._bars(self._chart_height(note))
        self.pdf.set_y(PAGE - BOTTOM - 8 - note)
        self.font(NOTE, color=SOFT)
        self.lines(prose.notes(self.facts), NOTE)
        self._foot(2)

    def _head(self) -> None:
        self.font(20, "B", RED)
        self.pdf.cell(WIDTH, 11, "企业诉求办理情况通报", align="C", **NEXT)
        self.font(11, color=SOFT)
        day = self.facts.made_on
        line = f"{prose.span(self.facts)}    制作日期：{day.year}年{day.month}月{day.day}日"
        self.pdf.cell(WIDTH, 7, line, align="C", **NEXT)
        self.pdf.set_draw_color(*RED)
        self.pdf.set_line_width(0.6)
        self.pdf.line(MARGIN, self.pdf.get_y() + 1, MARGIN + WIDTH, self.pdf.get_y() + 1)
        self.pdf.ln(4)

    def _boxes(self) -> None:
        """Four figures with n / d and the period before."""
        wide, top = (WIDTH - 9) / 4, self.pdf.get_y()
        shown = (
            ("解决率（毛）", "resolution_gross"),
            ("解决率（净）", "resolution_net"),
            ("按时办结率", "on_time_rate"),
            ("满意率", "satisfaction"),
        )
        for place, (label, name) in enumerate(shown):
            left = MARGIN + place * (wide + 3)
            self.pdf.set_fill_color(*TINT)
            self.pdf.rect(left, top, wide, 25, style="F")
            count, past = self.facts.of(name), self.facts.past(name)
            before = "上周" if self.facts.kind == "week" else "上月"
            lines = (
                (label, 9, "", SOFT, 5.5),
                (prose.percent(count), 17, "B", BLUE, 8.5),
                (prose.share(count) if count.d else "没有可计算的", 9, "", INK, 4.5),
                (f"{before} {prose.percent(past)}", 8, "", SOFT, 4.5),
            )
            self.pdf.set_xy(left, top + 1)
            for text, size, style, color, high in lines:
                self.font(size, style, color)
                self.pdf.set_x(left)
                self.pdf.cell(wide, high, text, align="C", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.pdf.set_xy(MARGIN, top + 28)

    def _chart_height(self, note: float = 0.0) -> float:
        return max(CHART_LEAST - 6, min(CHART_MOST, self.room(note) - 2))

    def _others(self, room: float) -> None:
        """Further figures in a table: this period with n / d and interval, and the one before."""
        known = [one for one in OTHERS if self.facts.of(one[0]).d or self.facts.past(one[0]).d]
        rows = min(len(known), int((room - 6) // ROW) - 1)
        if rows < 2:
            return
        before = "上周" if self.facts.kind == "week" else "上月"
        widths = (50.0, 40.0, 40.0, 40.0)
        self.pdf.ln(2)
        self.row(("其他指标", "本期", "95%区间", before), widths, SOFT, "B")
        for name, label in known[:rows]:
            count = self.facts.of(name)
            low, high = count.interval or (0.0, 0.0)
            interval = f"{low * 100:.1f}%至{high * 100:.1f}%" if count.d else "–"
            cells = (label, _rate(count), interval, _rate(self.facts.past(name)))
            self.row(cells, widths, INK, "")
        self.pdf.ln(2)

    def _course(self, high: float) -> None:
        """A bar a period, the count above it, rate with n / d under its name."""
        points = self.facts.points
        if not any(point.accepted for point in points):
            self.font(9, color=SOFT)
            self.pdf.cell(WIDTH, ROW, "近期没有受理的诉求。", **NEXT)
            return
        most = max((point.accepted for point in points), default=0)
        top, base = self.pdf.get_y() + 5, self.pdf.get_y() + high - 10
        wide = WIDTH / max(len(points), 1)
        self.axis(base)
        for place, point in enumerate(points):
            self._bar(point, MARGIN + place * wide, wide, (top, base), most)
        self.pdf.set_xy(MARGIN, base + 10)

    def _bar(
        self, point: Point, left: float, wide: float, ends: tuple[float, float], most: int
    ) -> None:
        top, base = ends
        high = (base - top) * point.accepted / most if most else 0.0
        self.pdf.set_fill_color(*BLUE)
        if high:
            self.pdf.rect(left + wide * 0.22, base - high, wide * 0.56, high, style="F")
        small = min(8.0, wide * 0.62)
        texts = (
            (str(point.accepted), base - high - 4, 8.0, INK),
            (point.label, base + 0.5, 8.0, INK),
            (prose.percent(point.solved), base + 4.2, small, BLUE),
        )
        for text, y, size, color in texts:
            self.font(size, color=color)
            self.pdf.set_xy(left, y)
            self.pdf.cell(wide, 4, text, align="C")

    def _bars(self, high: float) -> None:
        """A bar a category, the largest first, as many as there is room for; count and share."""
        ordered = self.facts.fields
        total, line = sum(n for _name, n in ordered), 5.2
        room = max(int(high // line), 1)
        shown = ordered[:room]
        if len(ordered) > room:
            rest = ordered[room - 1 :]
            shown = (*ordered[: room - 1], (REST, sum(n for _x, n in rest)))
        most = max((n for _name, n in shown), default=0)
        for label, n in shown:
            y = self.pdf.get_y()
            self.font(8.5)
            self.pdf.cell(32, line, _cut(label, 11))
            self.pdf.set_fill_color(*BLUE)
            wide = (WIDTH - 62) * n / most if most else 0
            self.pdf.rect(MARGIN + 32, y + 1, max(wide, 0.2), line - 2, style="F")
            self.pdf.set_x(MARGIN + 34 + wide)
            self.pdf.cell(28, line, f"{n}件，{n / total * 100:.1f}%", **NEXT)
        if not shown:
            self.font(9, color=SOFT)
            self.pdf.cell(WIDTH, line, "本期没有受理的诉求。", **NEXT)

    def _units(self) -> None:
        """The busiest units; the others are in the workbook."""
        busy = sorted(
            (unit for unit in self.facts.units if unit.accepted or unit.late_now),
            key=lambda unit: (-unit.accepted, -unit.late_now, unit.name),
        )
        if not busy:
            return
        heads = ["承办单位", "受理", "解决率（毛）", "按时办结率", "期内超期", "现已超期"]
        shown = len(heads) if self.facts.current else len(heads) - 1
        self.pdf.ln(1.5)
        self.row(heads[:shown], COLUMNS[shown], SOFT, "B")
        for unit in busy[:ROWS]:
            self.row(_cells(unit)[:shown], COLUMNS[shown], INK, "")
        if len(busy) > ROWS:
            rest = busy[ROWS:]
            text = f"其余{len(rest)}个单位受理{sum(unit.accepted for unit in rest)}件，见附表。"
            self.font(8.5, color=SOFT)
            self.pdf.cell(WIDTH, 5, text, **NEXT)
        self.pdf.ln(1.5)

    def _foot(self, number: int) -> None:
        self.font(8, color=SOFT)
        self.pdf.set_y(PAGE - BOTTOM - 4)
        self.pdf.cell(WIDTH / 2, 4, "诉求通")
        self.pdf.cell(WIDTH / 2, 4, f"第 {number} 页，共 2 页", align="R")
        self.leave_room()


def _cells(unit: Unit) -> list[str]:
    mark = "＊" if unit.accepted and not unit.ranked else ""
    return [
        _cut(unit.name, 14) + mark,
        str(unit.accepted),
        _rate(unit.solved),
        _rate(unit.on_time),
        str(unit.late),
        str(unit.late_now),
    ]


def _rate(count: Count) -> str:
    return f"{prose.percent(count)}  {prose.share(count)}" if count.d else "–"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
