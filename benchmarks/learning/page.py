"""The page of the documentation: tables and targets of all finished rows."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from m3n_sklearn.evaluation import format_table

from .grid import Choice, Grid
from .mounting import AS_WORN, FLIPPED, TURNED
from .published import publish
from .results import Result
from .rows import DEFAULT, INDOMAIN, MOUNTING, PAPERS, SECTIONS, TEXT_NAMED, ZERO_SHOT, Row
from .targets import Tables, list_targets, mounting_cost

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "learning.txt"
SCORES = PAGE.with_name("learning_scores.csv.gz")
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "aeon")


def write_page(grid: Grid) -> str:
    """Write the page (of a quick run: next to the results) and return its text."""
    text = "\n".join(_page(grid)) + "\n"
    path = grid.store / PAGE.name if grid.encoders.quick else PAGE
    path.write_text(text, encoding="utf-8")
    if not grid.encoders.quick:
        publish(SCORES, (((key, row.key), result) for key, row, result in _finished(grid)))
    return text


def _finished(grid: Grid) -> Iterator[tuple[str, Row, Result]]:
    for key in grid.tasks:
        task = grid.task(key)
        for row in grid.rows(task, Choice()):
            result = grid.result(task, row)
            if result is not None:
                yield key, row, result


def _page(grid: Grid) -> Iterator[str]:
    tables = _read(grid)
    quick = " QUICK=1" if grid.encoders.quick else ""
    yield f"make bench-learning DATA=path{quick}"
    yield f"Python {platform.python_version()}, " + ", ".join(
        f"{package} {version(package)}" for package in PACKAGES
    )
    yield "Macro F1: mean ± standard deviation over people of the mean over draws of labels. The"
    yield "number of draws is below each table. Rows that were not run are left out."
    for key in grid.tasks:
        if any(task == key for task, _ in tables.rows):
            yield from ("", "", grid.task(key).title, "=" * len(grid.task(key).title))
            yield from _task(key, tables)
    yield from ("", "", "Targets", "=======")
    yield from _targets(tables)


def _read(grid: Grid) -> Tables:
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for key, row, result in _finished(grid):
        rows.setdefault((key, row.section), {})[row.method.name] = result
    return Tables(rows)


def _task(key: str, tables: Tables) -> Iterator[str]:
    for section, title in SECTIONS.items():
        rows = tables.rows.get((key, section))
        if rows:
            if section == PAPERS:
                rows = _beside_default(rows, tables.get(key, INDOMAIN, DEFAULT))
            yield from ("", title)
            table = format_table([s for result in rows.values() for s in result.scores])
            if section == MOUNTING:
                yield from _mounting(rows)
            elif section in (TEXT_NAMED, ZERO_SHOT):  # no label, so no budget above the column
                yield table.partition("\n")[2]
            else:
                yield table
                yield from _draws(rows)


def _beside_default(rows: Mapping[str, Result], default: Result | None) -> dict[str, Result]:
    """Add the scores of the default for the same people."""
    folds = {score.held_out for result in rows.values() for score in result.scores}
    return {DEFAULT: default.only(folds), **rows} if default else dict(rows)


def _draws(rows: Mapping[str, Result]) -> Iterator[str]:
    """Say how often labels were drawn."""
    counts: dict[int, list[str]] = {}
    for name, result in rows.items():
        drawn = {score.draw for score in result.scores if score.budget is not None}
        counts.setdefault(len(drawn), []).append(name)
    for count, names in sorted(counts.items(), reverse=True):
        which = "" if len(counts) == 1 else f": {', '.join(names)}"
        if count:
            yield f"{count} draw{'s' * (count > 1)} of labels{which}"


def _mounting(rows: Mapping[str, Result]) -> Iterator[str]:
    methods = list(dict.fromkeys(name.partition(" | ")[0] for name in rows))
    width = max(map(len, methods))
    yield f"{'':<{width}}{AS_WORN:>12}{FLIPPED:>18}{'any rotation':>18}   (points lost)"
    for of in methods:
        worn = rows.get(f"{of} | {AS_WORN}")
        lost = [mounting_cost(rows, of, how) for how in (FLIPPED, TURNED)]
        cells = "".join(f"{100 * (np.nan if cost is None else cost):18.1f}" for cost in lost)
        yield f"{of:<{width}}{worn.mean(None) if worn else np.nan:12.3f}{cells}"


def _targets(tables: Tables) -> Iterator[str]:
    targets = list(list_targets(tables))
    if not targets:
        yield "The finished rows do not determine any target."
        return
    met = sum(target.met for target in targets)
    yield f"{met} of {len(targets)} met. Differences are in points, with 95 % paired bootstrap"
    yield "intervals over people and draws, for the draws that both rows have. Ours is 'auto';"
    yield "in-domain it has prompts, rehearsal, and one encoder or two (the second is the general"
    yield "one). 'Ahead' is a mean above 0, whatever its interval; 'not behind' is a lower bound of"
    yield "at least -2 points; 'clearly above' is a lower bound above 0."
    width = max(len(target.claim) for target in targets)
    for target in targets:
        yield f"{target.claim:<{width}}  {target.measured:>22}  {'met' if target.met else 'MISSED'}"
