"""Height maps as text: rows of numbers, as Gwyddion, spreadsheets and numpy write them."""

import io
import re
from pathlib import Path

import numpy as np

from kmc_li.errors import UserError
from kmc_li.study.units import UnitError, read

from . import files

# Gwyddion's export heads its rows with lines such as "# Width: 5.000 µm" and "# Value units: m"
HEADER = re.compile(r"^\s*#\s*(Width|Height|Value units)\s*:\s*(.+?)\s*$", re.IGNORECASE)


def read_text(path: Path) -> files.Scan:
    """Rows of heights, one scan line each, separated by tabs, commas, semicolons or blanks; '#' starts a comment.

    With semicolons or tabs a comma is read as the decimal sign. Raises UserError for what is no such table.
    """
    lines = _decoded(path).splitlines()
    said = {match[1].lower(): match[2] for match in map(HEADER.match, lines) if match}
    rows = [line for line in (line.split("#")[0].strip() for line in lines) if line]
    if not rows:
        raise UserError(f"{path}: holds no numbers")
    separator, decimal = _separators(rows[0])
    table = [line.replace(",", ".") for line in rows] if decimal == "," else rows
    table = [line.rstrip(separator) for line in table] if separator else table
    try:
        heights = np.loadtxt(io.StringIO("\n".join(table)), delimiter=separator, ndmin=2)
    except ValueError:
        raise UserError(f"{path}: {_what_is_wrong(rows, separator, decimal)}") from None
    return files.Scan(heights, _pixel(path, said, heights.shape), said.get("value units"))


def _decoded(path: Path) -> str:
    data = files.content(path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise UserError(f"{path}: must be text, but holds zero bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _separators(row: str) -> tuple[str | None, str]:
    """The separator of numbers (None: blanks) and the decimal sign."""
    for separator in (";", "\t"):
        if separator in row:
            return separator, "," if "," in row else "."
    return ("," if "," in row else None), "."


def _what_is_wrong(rows: list[str], separator: str | None, decimal: str) -> str:
    """One line on the first row that is not as many numbers as the first."""
    expected = len(rows[0].rstrip(separator).split(separator))
    for number, row in enumerate(rows, start=1):
        cells = row.rstrip(separator).split(separator)
        for column, cell in enumerate(cells, start=1):
            try:
                float(cell.replace(",", ".") if decimal == "," else cell)
            except ValueError:
                return f"row {number}, column {column}: got '{cell.strip()[:40]}', must be a number"
        if len(cells) != expected:
            return f"row {number} has {len(cells)} numbers, the first has {expected}: must be a full table"
    return "must be a full table of numbers"


def _pixel(path: Path, said: dict[str, str], shape: tuple[int, ...]) -> float | None:
    """The pixel that a Gwyddion header implies."""
    if "width" not in said:
        return None
    try:
        width = read(said["width"], "um") / shape[1]
        height = read(said.get("height", said["width"]), "um") / shape[0]
    except UnitError as error:
        raise UserError(f"{path}: its header says a width that cannot be read: {error}") from None
    # the header rounds to three or four digits
    if "height" in said and abs(width - height) > 5e-3 * width:
        raise UserError(f"{path}: pixels of {width:g} x {height:g} um must be square: resample it first")
    return width
