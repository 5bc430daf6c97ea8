"""A payslip on one sheet of A4, in Chinese or English: the same bytes for the same payslip, whenever it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF, XPos, YPos
from pylopdf_fonts_zh_cn import sans_path

from anxin.core.language import Language
from anxin.core.money import yuan
from anxin.payroll.payslip import PayslipText, ShiftRow
from anxin.payroll.payslip_words import amount_rows, contract_of, flag_lines, hours, word

FONT: Final = "sans"
MARGIN, WIDTH, ROW = 14, 182, 5.2  # mm
SMALL, NORMAL, LARGE = 7.2, 9, 17  # pt
GREY, INK, LINE = 110, 20, 205
DAY_COLUMNS: Final = (14, 35, 14, 9, 9, 9)  # mm: date, times, normal, 150, 200, 300


@dataclass(frozen=True)
class Printed:
    """What is printed besides the payslip's own text."""

    escrow: str
    sheet_id: int
    index: int
    payslip_hash: bytes
    name: str = ""


def payslip_pdf(slip: PayslipText, printed: Printed, language: Language) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime.combine(slip.payday, datetime.min.time(), UTC))
    pdf.set_auto_page_break(False)
    pdf.set_margin(MARGIN)
    pdf.add_font(FONT, "", sans_path())
    pdf.add_page()
    pdf.set_line_width(0.2)
    pdf.set_draw_color(LINE)
    _head(pdf, slip, printed, language)
    _amounts(pdf, slip, language)
    _days(pdf, slip.shifts, language)
    _foot(pdf, slip, printed, language)
    return bytes(pdf.output())


def _text(
    pdf: FPDF, width: float, text: str, *, size: float = NORMAL, grey: bool = False, align: str = "L", height: float = ROW
) -> None:
    """One cell, its text made smaller until it fits."""
    pdf.set_text_color(GREY if grey else INK)
    pdf.set_font(FONT, size=size)
    while width and size > 4 and pdf.get_string_width(text) > width - 1:
        size -= 0.3
        pdf.set_font(FONT, size=size)
    pdf.cell(width, height, text, align=align)


def _head(pdf: FPDF, slip: PayslipText, printed: Printed, language: Language) -> None:
    title = "title" if slip.kind == "regular" else f"title-{slip.kind}"
    pdf.set_font(FONT, size=LARGE)
    pdf.set_text_color(INK)
    pdf.cell(WIDTH - 60, 10, word(title, language))
    pdf.cell(60, 10, yuan(slip.amount_fen), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pairs = [
        ("project", slip.project), ("worker", f"{slip.worker} {printed.name}".strip()), ("employer", slip.employer),
        ("payer", slip.payer), ("period", f"{slip.first_day} – {slip.last_day}"), ("payday", f"{slip.payday}"),
    ]  # fmt: skip
    for place, (key, value) in enumerate(pairs):
        _text(pdf, 20, word(key, language), grey=True)
        _text(pdf, WIDTH / 2 - 20, value)
        if place % 2:
            pdf.ln(ROW)
    _text(pdf, 20, word("contract", language), grey=True)
    _text(pdf, WIDTH - 20, contract_of(slip, language))
    pdf.ln(ROW + 2)


def _amounts(pdf: FPDF, slip: PayslipText, language: Language) -> None:
    widths = (52, 98, 32)
    for width, key, align in zip(widths, ("item", "sum", "amount"), "LLR", strict=True):
        _text(pdf, width, word(key, language), grey=True, size=SMALL, align=align)
    pdf.ln(ROW)
    _rule(pdf)
    for title, how, fen in amount_rows(slip, language):
        _text(pdf, widths[0], title)
        _text(pdf, widths[1], how, grey=True)
        _text(pdf, widths[2], yuan(fen), align="R")
        pdf.ln(ROW)
    _rule(pdf)
    _text(pdf, widths[0] + widths[1], word("net", language), size=11)
    _text(pdf, widths[2], yuan(slip.amount_fen), size=11, align="R")
    pdf.ln(ROW + 3)


def _days(pdf: FPDF, shifts: Sequence[ShiftRow], language: Language) -> None:
    """The shifts in two columns, each read downwards."""
    if not shifts:
        return
    top, half = pdf.get_y(), (len(shifts) + 1) // 2
    height = min(4.4, 84 / half)
    for column, part in enumerate((shifts[:half], shifts[half:])):
        left = MARGIN + column * (WIDTH / 2 + 1)
        pdf.set_xy(left, top)
        titles = (word("date", language), word("times", language), word("normal", language), "150%", "200%", "300%")
        _cells(pdf, titles, height, grey=True)
        for row in part:
            pdf.set_xy(left, pdf.get_y() + height)
            _cells(pdf, _day_cells(row), height)
        pdf.line(left, top + height, left + WIDTH / 2 - 1, top + height)
    pdf.set_xy(MARGIN, top + (half + 1) * height + 3)


def _cells(pdf: FPDF, texts: Sequence[str], height: float, *, grey: bool = False) -> None:
    for place, (width, text) in enumerate(zip(DAY_COLUMNS, texts, strict=True)):
        align = "L" if place < 2 else "R"
        _text(pdf, width, text, size=min(SMALL, height * 1.7), grey=grey, align=align, height=height)


def _day_cells(row: ShiftRow) -> tuple[str, ...]:
    times = "  ".join(f"{_clock(start)}–{_clock(end)}" for start, end in row.times)
    worked = (row.normal, row.ot150, row.ot200, row.ot300)
    return (f"{row.day:%m-%d}", times, *("" if seconds == "0" else hours(seconds) for seconds in worked))


def _clock(at: str) -> str:
    """2026-10-08T07:59:12 → 07:59:12, without seconds that are zero."""
    clock = at[11:]
    return clock[:5] if clock[5:] in ("", ":00") else clock


def _foot(pdf: FPDF, slip: PayslipText, printed: Printed, language: Language) -> None:
    place = word("sheet-line", language, escrow=printed.escrow, sheet=printed.sheet_id, line=printed.index)
    contacts = "   ".join(f"{each.name} {each.phone}".strip() for each in slip.complaints) or word("nobody", language)
    rows = [
        ("flags", " · ".join(flag_lines(slip, language)) or "—"), ("complaints", contacts), ("place", place),
        ("hash", "0x" + printed.payslip_hash.hex()), ("salt", slip.salt), ("rules", slip.rules_hash),
    ]  # fmt: skip
    _rule(pdf)
    for key, value in rows:
        top = pdf.get_y()
        _text(pdf, 24, word(key, language), size=SMALL, grey=True)
        pdf.set_text_color(INK)
        pdf.set_font(FONT, size=SMALL)
        pdf.set_xy(MARGIN + 24, top + 0.7)
        pdf.multi_cell(WIDTH - 24, 3.7, value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1.5)
    pdf.set_text_color(GREY)
    pdf.multi_cell(WIDTH, 3.7, word("check", language), align="L")


def _rule(pdf: FPDF) -> None:
    pdf.line(MARGIN, pdf.get_y(), MARGIN + WIDTH, pdf.get_y())
    pdf.ln(0.8)
