"""Read the tables of the learning benchmark, ``benchmarks/learning.txt``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

Block = dict[str, dict[str, str]]
GAP = re.compile(r"\s{2,}")


FILE = Path(__file__).parents[1] / "benchmarks" / "learning.txt"


def read_tables(path: Path = FILE) -> dict[str, dict[str, Block]]:
    """Sets, blocks, rows and columns of ``benchmarks/learning.txt``.

    A set begins with a title above a line of ``=``, a block after an empty line with its title.
    Where the second line of a block is indented, it names the columns.
    """
    sets: dict[str, dict[str, Block]] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    title, block, columns = "", "", [""]
    for i, line in enumerate(lines):
        following = lines[i + 1] if i + 1 < len(lines) else ""
        if following.startswith("====") and line:
            title, block = line, ""
            sets[title] = {}
        elif not title or not line or line.startswith("===="):
            block = block if line else ""
        elif not block:
            block, columns = line, [""]
            sets[title][block] = {}
        elif line.startswith(" "):
            columns = [name for name in GAP.split(line.strip()) if not name.startswith("(")]
        else:
            name, *cells = GAP.split(line.strip())
            if len(cells) >= len(columns):  # notes below the table have no cells
                sets[title][block][name] = dict(zip(columns, cells, strict=False))
    return sets


def _pick(options: dict[str, Any], part: str, kind: str) -> Any:
    found = [title for title in options if title == part] or [t for t in options if part in t]
    if len(found) != 1:
        raise ValueError(f"{len(found)} {kind}s match {part!r}; there are: {'; '.join(options)}")
    return options[found[0]]


def look_up(tables: dict[str, dict[str, Block]], where: str, column: str) -> str:
    """One cell, as ``set / block / row``."""
    name, block, row = (part.strip() for part in where.split(" / "))
    cells = _pick(_pick(_pick(tables, name, "set"), block, "block"), row, "row")
    if list(cells) == [""]:  # a block of one column without a name
        return str(cells[""])
    return str(_pick(cells, column, "column"))


def mean(cell: str) -> str:
    """A mean as it stands in the file, without its spread."""
    return cell.split(" ± ")[0].strip()
