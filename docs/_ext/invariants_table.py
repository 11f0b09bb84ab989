"""The directive ``invariants-table``: which law is tested where and how closely, from the tests.

Nothing is imported or run: the notes on the tests, ``@invariant(number, law, tolerance=...)``, are
literals, and are read as such.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils.nodes import Node
from sphinx.util.docutils import SphinxDirective

TESTS = Path(__file__).parents[2] / "tests"


class Note(NamedTuple):
    """One law as one test checks it."""

    number: int
    law: str
    tolerance: str
    path: Path
    test: str


def read_notes(tests: Path = TESTS) -> list[Note]:
    """All notes on the tests below a folder, by number and place."""
    notes = [note for path in sorted(tests.rglob("test_*.py")) for note in _notes_in(path)]
    return sorted(notes, key=lambda note: note.number)


def _notes_in(path: Path) -> Iterator[Note]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in reversed(node.decorator_list):
            if isinstance(mark, ast.Call) and getattr(mark.func, "id", None) == "invariant":
                number, law = (ast.literal_eval(argument) for argument in mark.args)
                facts = {word.arg: ast.literal_eval(word.value) for word in mark.keywords}
                yield Note(number, law, facts["tolerance"], path, node.name)


def table(notes: list[Note]) -> list[str]:
    """Lines of a list-table in reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 4 34 22 40", ""]
    rows: list[tuple[Any, ...]] = [("", "Law", "Tolerance", "Test, below ``tests``")]
    before = None
    for note in notes:
        number = "" if note.number == before else note.number
        place = f"``{note.path.relative_to(TESTS).as_posix()}``, ``{note.test}``"
        rows.append((number, _plain(note.law), _plain(note.tolerance), place))
        before = note.number
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
        notes = read_notes()
        for path in {note.path for note in notes}:
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes("\n".join(table(notes)))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("invariants-table", InvariantsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
