"""The scores behind the page, in one file: a later run may continue from them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from m3n_sklearn.evaluation import Score

from .results import Result

HEADER = (
    *("set", "row", "method", "budget", "person", "draw"),
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
            budget = "" if score.budget is None else score.budget
            who = [task, row, result.name, budget, str(score.group), score.draw]
            fold, marks = (json.dumps(v, default=str) for v in (score.held_out, score.flags))
            seconds = f"{score.fit_seconds:.2f}"
            table.writerow([*who, f"{score.macro_f1:.5f}", fold, seconds, marks])
    partial = path.with_name(f"{path.name}.tmp")
    partial.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    partial.replace(path)


def read_published(path: Path) -> Mapping[Place, Result]:
    """Read a file that `publish` has written."""
    found: dict[Place, Result] = {}
    text = io.StringIO(gzip.decompress(path.read_bytes()).decode())
    for line in csv.DictReader(text):
        result = found.setdefault((line["set"], line["row"]), Result(line["method"], []))
        score = Score(
            line["method"],
            int(line["budget"]) if line["budget"] else None,
            line["person"],
            int(line["draw"]),
            float(line["macro_f1"]),
            rows=np.empty(0, dtype=np.int64),
            predictions=np.empty(0),
            held_out=tuple(json.loads(line["held_out"])),
            fit_seconds=float(line["fit_seconds"]),
            flags=tuple(json.loads(line["flags"])),
        )
        result.scores.append(score)
    return found
