"""How a file of text is laid out: encoding, separator, lines before the table, names, types."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .._channel_names import unit_factor

__all__ = ["MISSING", "Layout", "read_layout"]

LOOK = 2**17
"""Bytes that are looked at."""

SEPARATORS = (",", ";", "\t", "|", " ")

MISSING = ("", "na", "n/a", "#n/a", "#na", "<na>", "nan", "null", "none", "-")
"""Cells without a value, in lower case."""

PACKED = {
    b"\x1f\x8b": "packed with gzip (name it .csv.gz)",
    b"PK": "a ZIP archive or an Excel file (unpack it, or save it as CSV)",
    b"\xd0\xcf\x11\xe0": "an old Excel file (save it as CSV)",
    b"PAR1": "a parquet file (name it .parquet)",
}
"""What files are that begin with these bytes."""

EMPATICA_NAMES = ("acc_x", "acc_y", "acc_z")

_RATES = (
    r"\bsampl(?:e|es|ing)?[\s_-]*(?:rate|freq(?:uency)?)\b[\s_]*(?:[(\[]?Hz\b[)\]]?)?[\s:=,;\"]*"
    r"(\d+(?:\.\d+)?)(?![\d.]|\s*(?:kHz|ms|s)\b)",
    r"(?<![\w.,])(\d+(?:\.\d+)?)\s*Hz\b",
)
"""A sampling rate, and any rate, in lines before the table."""

_ARROW = re.compile(r"[\d-]{10}[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s?(Z|[+-]\d\d(:?\d\d)?)?")
"""Dates that pyarrow reads; others, such as 09:30:00:020, are read as text."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")
_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")


@dataclass
class Layout:
    """The layout of a file of text."""

    encoding: str
    delimiter: str
    decimal: str
    skip: int  # lines before the first row
    names: tuple[str, ...]
    types: dict[str, str]  # "int", "long" (beyond floats), "float", "date", "zoned" or "text"
    before: tuple[str, ...]  # lines before the header
    units: dict[str, str] = field(default_factory=dict)  # from a row of units
    is_named: bool = True
    rate: float | None = None  # of lines before the table
    start: float | None = None  # likewise, in s since 1970
    convention: str | None = None
    ending: str = ""  # a mark behind the last number of each row
    wrong_rows: int = 0  # rows of another length, after reading

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each column."""
        words = {
            "int": "number",
            "long": "number",
            "float": "number",
            "date": "date",
            "zoned": "date",
        }
        return {name: words.get(kind, "text") for name, kind in self.types.items()}


def read_layout(path: Path) -> Layout:
    """Look at the beginning of a file; raise ValueError if it has no table."""
    raw, whole = _beginning(path)
    if not raw.strip():
        raise ValueError("it is empty")
    text, encoding = _decoded(raw)
    lines = text.splitlines()
    if len(lines) > 4 and not any(line.strip() for line in lines[1:100:2]):
        raise ValueError("each second line is empty: remove the empty lines")
    if not whole and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut off
    delimiter, cells = _separated(lines)
    # 1. The rows at the end that have the same number of cells are the table
    width = Counter(len(row) for row in cells[-50:] if len(row) > 1).most_common(1)
    if not width:
        raise ValueError("it has no columns: no separator of ',', ';', tab, '|' divides its lines")
    count = width[0][0]
    first = next((i for i, row in enumerate(cells) if len(row) == count and _is_data(row)), None)
    if first is None:
        raise ValueError(
            f"it has no rows of numbers. It begins with {lines[0][:80]!r}; expected is a header of "
            "column names and below it one row per sample."
        )
    # 2. Header rows stand directly above
    top = first
    while top and len(cells[top - 1]) == count and not _is_data(cells[top - 1]):
        top -= 1
    header, units = _header(cells[top:first], count)
    body = [row for row in cells[first : first + 2000] if len(row) == count]
    decimal = "," if delimiter != "," and _has_decimal_comma(body) else "."
    layout = Layout(
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        skip=first,
        names=tuple(str(i) for i in range(count)) if header is None else header,
        types={},
        before=tuple(line for line in lines[:top] if line.strip()),
        is_named=header is not None,
    )
    again = [name for name, times in Counter(layout.names).items() if times > 1]
    if again:
        raise ValueError(f"the column {again[0]!r} occurs more than once: rename or drop it.")
    # 3. The two first rows of an Empatica E4
    if header is None and count == 3 and _is_empatica(body):
        layout.start, layout.rate = float(body[0][0]), float(body[1][0])
        layout.names, layout.skip = EMPATICA_NAMES, first + 2
        layout.convention, layout.is_named = "empatica_e4", True
        body = body[2:]
    else:
        layout.rate = _said_rate("\n".join(layout.before))
    layout.units = {} if units is None else dict(zip(layout.names, units, strict=True))
    if delimiter != ";" and body and all(row[-1].endswith(";") for row in body):
        layout.ending = ";"
        body = [[*row[:-1], row[-1].rstrip(";")] for row in body]
    columns = list(zip(*body, strict=True)) if body else [()] * count
    layout.types = {
        name: _type(column, decimal) for name, column in zip(layout.names, columns, strict=True)
    }
    return layout


def _said_rate(text: str) -> float | None:
    """Return the one rate that the lines before a table say, in Hz."""
    for pattern in _RATES:
        found = {float(rate) for rate in re.findall(pattern, text, re.IGNORECASE)} - {0.0}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _beginning(path: Path) -> tuple[bytes, bool]:
    """Return the first bytes of a file, and whether these are all."""
    with path.open("rb") as plain, ExitStack() as stack:
        is_packed = path.name.lower().endswith(".gz")
        file = stack.enter_context(gzip.open(plain)) if is_packed else plain
        raw = file.read(LOOK + 1)
    return raw[:LOOK], len(raw) <= LOOK


def _decoded(raw: bytes) -> tuple[str, str]:
    """Return text and its encoding."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw[: len(raw) // 2 * 2].decode("utf-16", "ignore"), "utf-16"
    for start, what in PACKED.items():
        if raw.startswith(start):
            raise ValueError(f"it is {what} by its content, not a table of text")
    if b"\0" in raw:
        raise ValueError("it is binary: it has zero bytes, so it is not a table of text")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    for cut in range(4):  # a character may be cut off at the end
        with suppress(UnicodeDecodeError):
            return raw[: len(raw) - cut].decode("utf-8"), "utf8"
    text = raw.decode("latin-1")
    strange = sum(not (char.isprintable() or char in "\t\r\n") for char in text)
    if strange > 0.01 * len(text):
        raise ValueError("it is binary, or text of another encoding: save it as UTF-8")
    return text, "latin-1"


def _separated(lines: Sequence[str]) -> tuple[str, list[list[str]]]:
    """Return the separator that divides most lines alike, and the cells of each line."""
    best: tuple[tuple[float, int], str, list[list[str]]] | None = None
    said = lines[0].strip().removeprefix('"').removesuffix('"')
    told = said[4:5] if said.lower().startswith("sep=") else ""
    for separator in (told,) if told else SEPARATORS:
        rows = [_cells(line, separator) for line in lines]
        lengths = Counter(len(row) for row in rows[-200:] if len(row) > 1)
        if not lengths:
            continue
        width, share = lengths.most_common(1)[0]
        numeric = sum(_is_data(row) for row in rows[-200:] if len(row) == width)
        score = (float(share > 0.5 * len(rows[-200:])) + numeric / max(1, len(rows[-200:])), width)
        if separator == " ":
            score = (score[0] - 0.5, width)  # dates have blanks, too
        if best is None or score > best[0]:
            best = (score, separator, rows)
    return ("\t", [[line] for line in lines]) if best is None else (best[1], best[2])


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line."""
    if '"' in line:
        with suppress(csv.Error, StopIteration):
            return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]
    return [cell.strip() for cell in line.split(separator)]


def _is_data(row: Sequence[str]) -> bool:
    """Tell whether a row has numbers or dates rather than names."""
    known = [cell.rstrip(";") for cell in row if cell.lower() not in MISSING]
    found = sum(bool(_NUMBER.fullmatch(cell) or _ISO.match(cell)) for cell in known)
    return len(known) > 0 and found >= 0.5 * len(known)


def _has_decimal_comma(body: Sequence[Sequence[str]]) -> bool:
    """Tell whether numbers have a comma before the decimals."""
    cells = [cell for row in body for cell in row if _NUMBER.fullmatch(cell)]
    return any("," in cell for cell in cells) and not any("." in cell for cell in cells)


def _header(
    rows: Sequence[Sequence[str]], count: int
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the names of columns from the rows above the table, and their units."""
    kept: list[Sequence[str]] = []
    units: tuple[str, ...] | None = None
    for row in rows:
        plain = [_plain_unit(cell) for cell in row]
        if kept and sum(_is_unit(cell) for cell in plain) >= 3:
            units = tuple(plain)
        elif {cell.upper() for cell in row if cell} <= {"CAL", "RAW"}:
            continue  # Shimmer tells which columns are calibrated
        else:
            kept.append(row)
    if not kept:
        return None, units
    names = []
    for column in range(count):
        parts = [row[column].lstrip("# ").strip() for row in kept]
        parts = [part for part in parts if part and not part.startswith("Unnamed:")]
        names.append("_".join(dict.fromkeys(parts)) or f"column {column}")
    return tuple(names), units


def _plain_unit(cell: str) -> str:
    """Return a unit without the brackets and stars of Shimmer."""
    return cell.replace("(", "").replace(")", "").replace("*", "")


def _is_unit(cell: str) -> bool:
    """Tell whether a cell is a unit of a sensor."""
    return any(unit_factor(sensor, cell) is not None for sensor in ("acc", "gyro"))


def _is_empatica(body: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row is a start time and the second one a rate."""
    if len(body) < 3:
        return False
    try:
        start, rate = ({float(cell) for cell in row} for row in body[:2])
    except ValueError:
        return False
    return len(start) == len(rate) == 1 and min(start) > 1e9 and 1 <= min(rate) <= 1000


def _type(cells: Sequence[str], decimal: str) -> str:
    """Return the type of a column."""
    known = [cell for cell in cells if cell.lower() not in MISSING]
    if not known:
        return "float"
    if all(re.fullmatch(r"[+-]?\d{1,18}", cell) for cell in known):
        return "int" if max(len(cell) for cell in known) <= 15 else "long"
    if all(_is_float(cell.replace(decimal, ".")) for cell in known):
        return "float"
    if all(_ARROW.fullmatch(cell) and _is_date(cell) for cell in known):
        zoned = [bool(_ZONE.search(cell)) for cell in known]
        if any(zoned) and not all(zoned):
            raise ValueError(
                f"{sum(zoned)} of {len(zoned)} dates have a time zone, such as "
                f"{known[zoned.index(True)]!r}, and others have none, such as "
                f"{known[zoned.index(False)]!r}: give one to all of them, or to none."
            )
        return "zoned" if all(zoned) else "date"
    return "text"


def _is_float(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_date(cell: str) -> bool:
    """Tell whether a cell is a date of ISO 8601; a nanosecond is more than Python reads."""
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", cell))
    except ValueError:
        return False
    return True
