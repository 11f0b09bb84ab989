"""The directive ``invariants-table``: the laws with the numbers that the tests compare with."""

from __future__ import annotations

import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils.nodes import Node
from sphinx.util.docutils import SphinxDirective

LAWS = Path(__file__).parents[2] / "tests" / "simulation" / "laws.py"


def table(laws: Iterable[Any]) -> list[str]:
    """Lines of a list-table in reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 4 60 36", ""]
    rows: list[tuple[Any, ...]] = [("", "Law", "Tolerance")]
    before = None
    for law in laws:
        number = "" if law.number == before else law.number
        rows.append((number, _plain(law.text), _plain(law.tolerance)))
        before = law.number
    for row in rows:
        first, *others = (f"- {cell}".rstrip() for cell in row)
        lines += [f"   * {first}", *(f"     {cell}" for cell in others)]
    return lines


def _plain(text: str) -> str:
    """Text without markup."""
    return "".join(f"\\{c}" if c in "*`|_\\" else c for c in text)


class InvariantsTable(SphinxDirective):
    """Put the table where the directive stands."""

    def run(self) -> list[Node]:
        self.env.note_dependency(str(LAWS))
        return self.parse_text_to_nodes("\n".join(table(runpy.run_path(str(LAWS))["Law"])))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("invariants-table", InvariantsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
