"""The directive ``measured``: a table of cells that are quoted from the tables of the learning benchmark.

.. code-block:: rst

   .. measured::
      :columns: 1 per class; all labels

      from scratch = UTD-MHAD right / rivals, real labels alone / CNN from scratch, our augmentation
      default = UTD-MHAD right / in-domain / default (auto)

Each row has a label, the set, the block and the row of ``bench_learning.txt``. Set and block may be given by any
part that occurs in one title only. A cell that the file does not have is an error, a dash is a row that was not run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils.nodes import Node
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

Block = dict[str, dict[str, str]]
GAP = re.compile(r"\s{2,}")


def find_file(docs: Path) -> Path:
    """The file of tables, wherever its page stands."""
    [path] = docs.rglob("bench_learning.txt")
    return path


def read_tables(path: Path) -> dict[str, dict[str, Block]]:
    """Sets, blocks, rows and columns of ``bench_learning.txt``.

    A set begins with a title above a line of ``=``, a block after an empty line with its title. Where
    the second line of a block is indented, it names the columns.
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
            columns = GAP.split(line.strip())
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
    return str(_pick(cells, column, "column"))


def short(cell: str, digits: int = 2) -> str:
    """A mean without its spread, rounded."""
    mean = cell.split(" ± ")[0].strip()
    return f"{float(mean):.{digits}f}" if re.fullmatch(r"[-+]?[\d.]+", mean) else mean


class MeasuredTable(SphinxDirective):
    """Put the table where the directive stands."""

    has_content = True
    option_spec = {"columns": directives.unchanged_required, "digits": directives.positive_int}

    def run(self) -> list[Node]:
        path = find_file(Path(self.env.srcdir))
        self.env.note_dependency(str(path))
        tables = read_tables(path)
        columns = [column.strip() for column in self.options.get("columns", "").split(";")]
        lines = [".. list-table::", "   :header-rows: 1", ""]
        rows = [["macro F1", *(column or "all labels" for column in columns)]]
        for line in self.content:
            if not line.strip():
                continue
            label, where = line.split(" = ", 1)
            try:
                cells = [look_up(tables, where, column) for column in columns]
            except ValueError as error:
                raise self.error(f"{path.name}: {error}") from None
            rows.append([label.strip(), *(short(cell, self.options.get("digits", 2)) for cell in cells)])
        for first, *others in rows:
            lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("measured", MeasuredTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
