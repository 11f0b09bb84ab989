"""Write the results table of README.md from the tables of the learning benchmark.

Run ``python docs/readme_table.py`` after ``make bench-learning``; a test compares the two.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from benchmark_tables import look_up, mean, read_tables

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- results: python docs/readme_table.py -->\n", "<!-- end of results -->"

SET = "UTD-MHAD right wrist"
COLUMNS = ("1 per class", "2 per class", "4 per class", "8 per class", "all labels")
ROWS = {
    "hand-crafted features + random forest": "baselines, real labels / features + random forest",
    "MiniRocket + ridge": "baselines, real labels / MiniRocket + linear",
    "our network from scratch": "baselines, real labels / CNN from scratch, our augmentation",
    "the same, on simulated windows and real ones": "simulated windows of the training people + "
    "real labels / CNN from scratch, our augmentation",
    "pretrained on a general corpus": "general corpus (no motion of this set) / default (auto)",
    "pretrained on the training people's motions": "(in-domain) / default (auto)",
    "both, as an ensemble": "(in-domain) / default (auto), two encoders",
}


def results() -> str:
    """The table, in Markdown."""
    tables = read_tables()
    lines = [f"| | {' | '.join(COLUMNS)} |", "| --- |" + " --- |" * len(COLUMNS)]
    for label, where in ROWS.items():
        block, row = where.rsplit(" / ", 1)
        cells = [mean(look_up(tables, f"{SET} / {block} / {row}", column)) for column in COLUMNS]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Replace the table between the two comments."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}{results()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
