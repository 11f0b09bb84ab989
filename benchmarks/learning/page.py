"""The page of the documentation: tables and targets of all finished rows."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from m3n_sklearn.evaluation import format_table

from .claims import list_claims
from .data import TASKS
from .grid import Choice, Grid
from .mounting import AS_WORN, FLIPPED, TURNED
from .published import publish
from .results import Result
from .rows import (
    DEFAULT,
    GIVEN_WORDS,
    INDOMAIN,
    MOUNTING,
    PAPERS,
    SECTIONS,
    SHUFFLED,
    TEXT_NAMED,
    ZERO_SHOT,
    Row,
    title_of,
)
from .targets import Tables, list_targets, mounting_cost
from .watches import WATCHES

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks"
PAGES = {
    "learning": tuple(key for key in TASKS if key not in WATCHES),
    "watches": tuple(WATCHES),
}
"""Sets of each page, by the name of its file."""
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "aeon")


def scores_of(page: str) -> Path:
    """Return the file of the scores behind a page."""
    return DOCS / f"{page}_scores.csv.gz"


def write_page(grid: Grid, page: str) -> str:
    """Write a page (of a quick run: next to the results) and return its text."""
    found = list(_finished(grid, page))
    text = "\n".join(_page(grid, page, _read(found))) + "\n"
    folder = grid.store if grid.encoders.quick else DOCS
    (folder / f"{page}.txt").write_text(text, encoding="utf-8")
    if not grid.encoders.quick:
        publish(scores_of(page), (((key, row.key), result) for key, row, result in found))
    return text


Found = tuple[str, Row, Result]
"""A finished row, with the key of its set."""


def _finished(grid: Grid, page: str) -> Iterator[Found]:
    for key in filter(PAGES[page].__contains__, filter(grid.has_any, grid.tasks)):
        task = grid.task(key)
        for row in grid.rows(task, Choice()):
            result = grid.result(task, row)
            if result is not None:
                yield key, row, result


def _page(grid: Grid, page: str, tables: Tables) -> Iterator[str]:
    quick = " QUICK=1" if grid.encoders.quick else ""
    yield f"make bench-learning DATA=path{quick}"
    yield f"Python {platform.python_version()}, " + ", ".join(
        f"{package} {version(package)}" for package in PACKAGES
    )
    yield "Macro F1: mean ± standard deviation over people of the mean over draws of labels. The"
    yield "number of draws is below each table. Rows that were not run are left out."
    for key in filter(PAGES[page].__contains__, grid.tasks):
        if any(task == key for task, _ in tables.rows):
            yield from ("", "", grid.task(key).title, "=" * len(grid.task(key).title))
            yield from _task(key, tables)
    yield from ("", "", "Targets", "=======")
    yield from _targets(tables)
    if page == "watches":
        yield from ("", "", "All sets together", "=================")
        yield from list_claims(tables)


def _read(found: Iterable[Found]) -> Tables:
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for key, row, result in found:
        rows.setdefault((key, row.section), {})[row.method.name] = result
    return Tables(rows)


def _task(key: str, tables: Tables) -> Iterator[str]:
    given = [s for t, s in tables.rows if t == key and s not in SECTIONS]
    for section in (*SECTIONS, *given):
        title = title_of(section)
        rows = tables.rows.get((key, section))
        if rows:
            if section == PAPERS:
                rows = _beside_default(rows, tables.get(key, INDOMAIN, DEFAULT))
            yield from ("", title)
            table = format_table([s for result in rows.values() for s in result.scores])
            if section == MOUNTING:
                yield from _mounting(rows)
            elif section in (TEXT_NAMED, ZERO_SHOT) or section.startswith(GIVEN_WORDS):
                yield from _words(rows)
            else:
                yield table
                yield from _draws(rows)


def _words(rows: Mapping[str, Result]) -> Iterator[str]:
    """Its own prompts against those of wrong classes; no label, so no budget above the column."""
    own = [result for name, result in rows.items() if SHUFFLED not in name]
    wrong = [result.mean(1) for name, result in rows.items() if SHUFFLED in name]
    for result in own:
        cells = format_table(result.scores).splitlines()[1].removeprefix(result.name).strip()
        yield f"{result.name:<34}{cells}"
    if wrong:
        yield f"{f'{SHUFFLED}, 1 to {len(wrong)}, mean':<34}{np.mean(wrong):.3f}"
        yield f"{'the best of them':<34}{np.max(wrong):.3f}"


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
