"""HTML for notebooks: one card for each object, in the colors of the page around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["card", "html_table", "rows_table"]

STYLE = """\
.m3n-card { font-size: 0.85rem; line-height: 1.4; max-width: 60rem; color: inherit; }
.m3n-card h4 { font-size: 0.95rem; margin: 0.8rem 0 0.3rem; }
.m3n-card .m3n-title { font-weight: 600; font-size: 0.95rem; }
.m3n-card p { margin: 0.3rem 0; }
.m3n-card ol { margin: 0.3rem 0; padding-left: 1.4rem; }
.m3n-card li { margin-bottom: 0.4rem; }
.m3n-card .m3n-cure { opacity: 0.8; border-left: 3px solid currentColor; padding-left: 0.5rem; }
.m3n-card .m3n-wide { overflow-x: auto; max-height: 24rem; overflow-y: auto; }
.m3n-card table { border-collapse: collapse; margin: 0.2rem 0; color: inherit; width: auto; }
.m3n-card tr, .m3n-card th, .m3n-card td { background: transparent; color: inherit; }
.m3n-card th, .m3n-card td { border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.35);
  padding: 0.15rem 0.6rem 0.15rem 0; text-align: left; white-space: nowrap; }
.m3n-card th { font-weight: 600; }
.m3n-card td.m3n-number { text-align: right; font-variant-numeric: tabular-nums; }
.m3n-card td.m3n-words { white-space: normal; overflow-wrap: anywhere; }
.m3n-card svg { max-width: 100%; min-width: 28rem; height: auto; color: inherit; }
.m3n-card svg text { fill: currentColor; }
.m3n-card summary { cursor: pointer; margin-top: 0.4rem; }"""


def card(title: str, body: str) -> str:
    """Return a card with its style; title and body are HTML."""
    return (
        f"<style>\n{STYLE}\n</style>\n"
        f'<div class="m3n-card"><div class="m3n-title">{title}</div>{body}</div>'
    )


def rows_table(rows: Mapping[str, Any]) -> str:
    """Return a table with a name and a value in each row."""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f'<td class="m3n-words">{escape(str(value))}</td></tr>'
        for name, value in rows.items()
        if value is not None
    )
    return f"<table><tbody>{body}</tbody></table>"


def html_table(table: Mapping[str, Sequence[str]]) -> str:
    """Return columns of text as a table; columns of numbers are aligned at the right."""
    right = {name: all(map(_is_number, values)) for name, values in table.items()}
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table)
    kinds = [' class="m3n-number"' if right[name] else "" for name in table]
    rows = []
    for values in zip(*table.values(), strict=True):
        cells = zip(values, kinds, strict=True)
        rows.append("".join(f"<td{kind}>{escape(value)}</td>" for value, kind in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="m3n-wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _is_number(text: str) -> bool:
    """Tell whether a cell holds a number, or nothing."""
    return text == "–" or text.replace(".", "", 1).lstrip("+-").isdigit()
