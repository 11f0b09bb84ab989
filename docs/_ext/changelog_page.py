"""The directive ``changelog``: CHANGELOG.md as a part of the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils.nodes import Node
from sphinx.util.docutils import SphinxDirective

FILE = Path(__file__).parents[2] / "CHANGELOG.md"


def to_rst(markdown: str) -> str:
    """Headings, lists, code and links; the rest is the same in both."""
    text = markdown.partition("\n## ")[2]  # without the title and the preamble
    text = re.sub(r"`([^`]+)`", r"``\1``", f"## {text}")
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", text)
    lines = []
    for line in text.splitlines():
        heading = re.match(r"(##+) \[?([^\]]*)\]?(.*)", line)
        if heading:
            title = heading[2] + heading[3]
            lines += ["", title, {2: "-", 3: "~"}[len(heading[1])] * len(title), ""]
        else:
            if line.lstrip().startswith("- "):  # nested lists need an empty line before them
                lines.append("")
            lines.append(line.replace("*", r"\*"))
    return "\n".join(lines)


class Changelog(SphinxDirective):
    """Put the changes where the directive stands."""

    def run(self) -> list[Node]:
        self.env.note_dependency(str(FILE))
        return self.parse_text_to_nodes(
            to_rst(FILE.read_text(encoding="utf-8")), allow_section_headings=True
        )


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("changelog", Changelog)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
