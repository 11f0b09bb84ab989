"""What pretraining is worth on sets that no encoder has read: the final table of the watch sets.

Differences of a set are paired over people and draws. Their mean over sets takes each set once; its
interval treats the sets as given, so it says nothing about further sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from .baselines.table import SCRATCH
from .results import Result
from .rows import (
    BASELINES,
    DEFAULT,
    EVEN,
    FROZEN,
    GIVEN,
    GIVEN_WORDS,
    GUIDED,
    INDOMAIN,
    MEASURED,
    PROMPTED,
    SHUFFLED,
    SIMULATED,
)
from .targets import Gap, Tables, gap

BUDGETS = (1, 4, 16)
Pick = Callable[[str, int], Result | None]
"""(task, budget) -> a row, or None where there is none."""


class Bar(NamedTuple):
    """A comparison that is averaged over sets, and the points that it should reach."""

    what: str
    ours: Pick
    other: Pick
    least: Mapping[int, float]


def list_claims(tables: Tables) -> Iterator[str]:
    """Yield the lines of the table."""
    yield "Points of macro F1, mean over the sets that have both rows [95 % interval], and the bar."
    yield "'behind on' names sets whose whole interval is below zero. The best rival of a set is"
    yield "chosen on its own scores."
    for name in _encoders(tables):
        yield from ("", f"encoder {name}")
        for bar in _bars(tables, name):
            yield from _show(bar, sorted({task for task, _ in tables.rows}))
        yield from _words(tables, name)
    own = [bar for task in ("smartfallmm-right", "smartfallmm-left") for bar in _own(tables, task)]
    lines = [line for bar in own for line in _show(bar, [bar.what.partition(",")[0]])]
    if lines:
        yield from ("", "in-domain")
        yield from lines


def _encoders(tables: Tables) -> list[str]:
    """List the names of the encoders for every set."""
    sections = dict.fromkeys(section for _, section in tables.rows)
    return [s.removeprefix(GIVEN) for s in sections if s.startswith(GIVEN)]


def _bars(tables: Tables, name: str) -> Iterator[Bar]:
    def row(section: str, method: str) -> Pick:
        return lambda task, budget: tables.get(task, section, method)

    def rival(task: str, budget: int) -> Result | None:
        rows = tables.rows.get((task, BASELINES), {})
        return _best([r for n, r in rows.items() if n != SCRATCH], budget)

    def limu(task: str, budget: int) -> Result | None:
        rows = tables.rows.get((task, BASELINES), {})
        return _best([r for n, r in rows.items() if n.startswith("LIMU-BERT")], budget)

    def better(labeled: Pick) -> Pick:
        def alone(task: str, budget: int) -> Result | None:
            words = tables.get(task, f"{GIVEN_WORDS}{name}", OWN)
            said = None if words is None else _at_budget(words, budget)
            known = labeled(task, budget)
            return _best([said, known], budget) if said and known else None

        return alone

    default, frozen = row(f"{GIVEN}{name}", DEFAULT), row(f"{GIVEN}{name}", FROZEN)
    yield Bar("default against the best rival", default, rival, {1: 10, 4: 6, 16: 3})
    scratch = row(BASELINES, SCRATCH)
    yield Bar("default against our network from scratch", default, scratch, {1: 10, 4: 6, 16: 2})
    if name != "m3n-base":
        before = row(f"{GIVEN}m3n-base", FROZEN)
        yield Bar("frozen against frozen m3n-base", frozen, before, {1: 6, 4: 6, 16: 5})
    yield Bar("frozen against the best LIMU-BERT", frozen, limu, {1: 6, 4: 6, 16: 5})
    stated = row(f"{GIVEN}{name}", MEASURED)
    yield Bar("statistics added to the frozen encoder", stated, frozen, {1: 0, 4: 0, 16: 0})
    yield Bar(
        "frozen, with statistics, against the best rival", stated, rival, {1: 10, 4: 6, 16: 3}
    )
    prompted = row(f"{GIVEN}{name}", PROMPTED)
    yield Bar("labels and words against the better of the two", prompted, better(default), {1: 3})
    guided = row(f"{GIVEN}{name}", GUIDED)
    yield Bar("guided against the better of words and frozen", guided, better(stated), {1: 3})


OWN = "its own prompts"


def _best(rows: list[Result], budget: int) -> Result | None:
    there = [row for row in rows if row.has(budget)]
    return max(there, key=lambda row: row.mean(budget), default=None)


def _at_budget(words: Result, budget: int, draws: int = 10) -> Result:
    """Return scores without labels as if they had been measured at a budget, in every draw."""
    scores = [
        type(s)(words.name, budget, s.group, draw, s.macro_f1, s.rows, s.predictions)
        for s in words.scores
        for draw in range(draws)
    ]
    return Result(words.name, scores)


def _own(tables: Tables, task: str) -> Iterator[Bar]:
    def row(section: str, method: str) -> Pick:
        return lambda key, budget: tables.get(key, section, method)

    ours = row(INDOMAIN, DEFAULT)
    scratch, joined = row(BASELINES, SCRATCH), row(SIMULATED, SCRATCH)
    yield Bar(f"{task}, default against scratch", ours, scratch, {1: 10, 4: 5})
    yield Bar(f"{task}, default against scratch on simulated + real", ours, joined, {1: 4, 4: 2})
    evened = row(SIMULATED, EVEN)
    yield Bar(f"{task}, default against the same with even weights", ours, evened, {1: 4, 4: 2})


def _show(bar: Bar, tasks: list[str]) -> Iterator[str]:
    for budget in BUDGETS:
        gaps: dict[str, Gap] = {}
        for task in tasks:
            ours, other = bar.ours(task, budget), bar.other(task, budget)
            if ours and other and ours.has(budget) and other.has(budget):
                gaps[task] = gap(ours, other, budget)
        if gaps and budget in bar.least:
            found, least = mean_gap(list(gaps.values())), bar.least[budget]
            behind = [task for task, one in gaps.items() if one.high < 0]
            met = 100 * found.mean >= least and not behind
            line = f"{f'{bar.what}, {budget} per class':<72}{found!s:>24}  ≥ {least:+.0f}"
            line += f"  {len(gaps)} set{'s' * (len(gaps) > 1)}  {'met' if met else 'MISSED'}"
            yield line + (f", behind on {', '.join(behind)}" if behind else "")


def mean_gap(gaps: list[Gap]) -> Gap:
    """Average over sets; the half widths of independent intervals add as squares."""
    mean = float(np.mean([one.mean for one in gaps]))
    half = float(np.sqrt(np.sum([((one.high - one.low) / 2) ** 2 for one in gaps]))) / len(gaps)
    return Gap(mean, mean - half, mean + half)


def _words(tables: Tables, name: str) -> Iterator[str]:
    found: dict[str, tuple[float, float]] = {}
    for (task, section), rows in tables.rows.items():
        wrong = [result.mean(1) for method, result in rows.items() if SHUFFLED in method]
        if section == f"{GIVEN_WORDS}{name}" and wrong and OWN in rows:
            found[task] = rows[OWN].mean(1), max(wrong)
    if found:
        mean = np.mean([own for own, _ in found.values()])
        above = all(own > best for own, best in found.values())
        met = mean >= 0.4 and above
        yield f"zero-shot, mean of {len(found)}: {mean:.3f}  ≥ 0.400  {'met' if met else 'MISSED'}"
        for task, (own, best) in found.items():
            yield f"    {task:<20}{own:.3f}, best of the shuffled prompts {best:.3f}"
