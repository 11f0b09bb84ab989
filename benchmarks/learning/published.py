"""The scores behind the page, in one file: what a later run may go on from."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from .results import Result, from_entry, to_entry

HEADER = (
    *("set", "row", "method", "budget", "person", "draw", "seed"),
    *("macro_f1", "held_out", "fit_seconds", "flags"),
)
"""Of the columns, ``held_out`` and ``flags`` are lists in JSON; an empty budget is all labels."""

Place = tuple[str, str]
"""Key of a set and of a row."""


def publish(path: Path, found: Iterable[tuple[Place, Result]]) -> None:
    """Write the scores of many rows; the same scores make the same file."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    for (task, row), result in found:
        for score in result.scores:
            budget, person, draw, seed, f1, held_out, seconds, flags = to_entry(score)
            who = [task, row, result.name, "" if budget is None else budget, person, draw, seed]
            fold, marks = (json.dumps(value, default=str) for value in (held_out, flags))
            table.writerow([*who, f"{f1:.5f}", fold, f"{seconds:.2f}", marks])
    partial = path.with_name(f"{path.name}.tmp")
    partial.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    partial.replace(path)


def read_published(path: Path) -> Mapping[Place, Result]:
    """Read what `publish` has written."""
    found: dict[Place, Result] = {}
    text = io.StringIO(gzip.decompress(path.read_bytes()).decode())
    for line in csv.DictReader(text):
        result = found.setdefault((line["set"], line["row"]), Result(line["method"], []))
        entry = (
            int(line["budget"]) if line["budget"] else None,
            line["person"],
            int(line["draw"]),
            int(line["seed"]),
            float(line["macro_f1"]),
            json.loads(line["held_out"]),
            float(line["fit_seconds"]),
            json.loads(line["flags"]),
        )
        result.scores.append(from_entry(line["method"], entry))
    return found
