"""The directive ``measured``: a table of cells quoted from the learning benchmark.

.. code-block:: rst

   .. measured::
      :columns: 1 per class; all labels

      from scratch = UTD-MHAD right / baselines, real labels / CNN from scratch, our augmentation
      default = UTD-MHAD right / in-domain / default (auto)

Each row has a label, the set, the block and the row of ``benchmarks/learning.txt``. Set and block
may be given by any part that occurs in one title only. A cell that the file does not have is an
error, a dash is a row that was not run.
"""

from __future__ import annotations

from typing import Any

from benchmark_tables import FILE, look_up, mean, read_tables
from docutils.nodes import Node
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective


class MeasuredTable(SphinxDirective):
    """Put the table where the directive stands."""

    has_content = True
    option_spec = {"columns": directives.unchanged_required}

    def run(self) -> list[Node]:
        self.env.note_dependency(str(FILE))
        tables = read_tables()
        columns = [column.strip() for column in self.options["columns"].split(";")]
        lines = [".. list-table::", "   :header-rows: 1", "   :class: measured", ""]
        rows = [["", *columns]]
        for line in self.content:
            if not line.strip():
                continue
            label, where = line.split(" = ", 1)
            try:
                cells = [look_up(tables, where, column) for column in columns]
            except ValueError as error:
                raise self.error(f"{FILE.name}: {error}") from None
            rows.append([label.strip(), *(mean(cell) for cell in cells)])
        for first, *others in rows:
            lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("measured", MeasuredTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
