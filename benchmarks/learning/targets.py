"""The targets, and whether they are met, computed from the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from m3n_sklearn.evaluation import paired_difference

from .baselines.table import SCRATCH
from .mounting import AS_WORN, FLIPPED, TURNED
from .results import Result
from .rows import (
    ANY,
    BASELINES,
    CONTROL,
    DEFAULT,
    EVENLY,
    FROZEN,
    GENERAL,
    INDOMAIN,
    INDOMAIN_TWICE,
    MOUNTING,
    SHUFFLED,
    SIMULATED,
    TEMPORAL,
    TEXT_NAMED,
    TUNED,
    TWICE,
    TWO,
    ZERO_SHOT,
)

NOT_BEHIND = -0.02
"""Lower bound of the paired interval that counts as "not behind"."""
CHANCE_OF_21 = 0.1
"""Macro F1 up to which naming 21 actions counts as chance (0.05 and its spread over draws)."""

Budget = int | None


class Target(NamedTuple):
    """A line of the list."""

    claim: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Tables:
    """All finished rows, by task, section and name."""

    rows: Mapping[tuple[str, str], Mapping[str, Result]]

    def get(self, task: str, section: str, name: str) -> Result | None:
        return self.rows.get((task, section), {}).get(name)

    def best(self, task: str, section: str, budget: Budget) -> Result | None:
        """Return the best row of a section at a budget."""
        there = [r for r in self.rows.get((task, section), {}).values() if r.has(budget)]
        return max(there, key=lambda r: r.mean(budget), default=None)

    def budgets(self, task: str) -> list[Budget]:
        found = [
            r
            for (t, s), rows in self.rows.items()
            if (t, s) == (task, BASELINES)
            for r in rows.values()
        ]
        return list(dict.fromkeys(s.budget for r in found for s in r.scores))


class Gap(NamedTuple):
    """How far a row is ahead of another."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.mean:+.1f} [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


def gap(ours: Result, theirs: Result, budget: Budget) -> Gap:
    """Compare over the draws that both have."""
    a, b = ours.renamed("a"), theirs.renamed("b")
    found = paired_difference(a.scores + b.scores, "a", "b", budget=budget)
    return Gap(found.mean, found.low, found.high)


def list_targets(tables: Tables) -> Iterator[Target]:
    """Compute every line that the finished rows allow."""
    for part in (_indomain, _general, _words, _from_scratch, _frozen, _openpack, _mounting):
        yield from part(tables)


def _against_best(
    tables: Tables,
    task: str,
    section: str,
    baselines: str,
    budget: Budget,
    target: str,
    passes: Callable[[Gap], bool],
) -> Iterator[Target]:
    best = tables.best(task, baselines, budget)
    for setting, ours in _ours(tables, task, section):
        if best is None or not ours.has(budget):
            continue
        found = gap(ours, best, budget)
        baseline = f"simulated + real, {best.name}" if baselines == SIMULATED else best.name
        claim = f"{task}, {setting}, {_at(budget)}: {target} the best baseline ({baseline})"
        yield Target(claim, str(found), passes(found))


def _ours(tables: Tables, task: str, section: str) -> Iterator[tuple[str, Result]]:
    """Yield the rows that the targets apply to, and their names in the list of targets."""
    for name, setting in ((DEFAULT, section), (TWICE, INDOMAIN_TWICE)):
        found = tables.get(task, section, name)
        if found is not None:
            yield setting, found


def _indomain(tables: Tables) -> Iterator[Target]:
    least = {1: 0.12, 4: 0.06, 8: 0.03}
    for budget in tables.budgets("utd"):
        if budget in least:
            points = least[budget]
            yield from _against_best(
                tables,
                "utd",
                INDOMAIN,
                BASELINES,
                budget,
                f"≥ {100 * points:.0f} points ahead of",
                lambda found, points=points: found.mean >= points,
            )
        elif budget is None:
            yield from _against_best(
                tables, "utd", INDOMAIN, BASELINES, budget, "not behind", _not_behind
            )
    for budget in tables.budgets("utd"):
        yield from _against_best(tables, "utd", INDOMAIN, SIMULATED, budget, "ahead of", _ahead)


def _general(tables: Tables) -> Iterator[Target]:
    for task in ("utd", "smartwatch", "openpack-right", "openpack-both"):
        for budget in tables.budgets(task):
            must_lead = task in ("utd", "smartwatch") and budget in (1, 4)
            target, passes = ("ahead of", _ahead) if must_lead else ("not behind", _not_behind)
            yield from _against_best(tables, task, GENERAL, BASELINES, budget, target, passes)


def _ahead(found: Gap) -> bool:
    return found.mean > 0


def _not_behind(found: Gap) -> bool:
    return found.low >= NOT_BEHIND


def _words(tables: Tables) -> Iterator[Target]:
    for (task, section), rows in tables.rows.items():
        if section not in (TEXT_NAMED, ZERO_SHOT) or len(rows) < 2:
            continue
        named = next(r for name, r in rows.items() if SHUFFLED not in name)
        shuffled = [r for name, r in rows.items() if SHUFFLED in name]
        f1 = named.mean(1)
        wrong = float(np.mean([r.mean(1) for r in shuffled]))
        if section == TEXT_NAMED:
            yield Target(f"{task}, {section}: macro F1 ≥ 0.45", f"{f1:.3f}", f1 >= 0.45)
            claim = f"{task}, {section}: shuffled prompts at chance (≤ {CHANCE_OF_21})"
            yield Target(claim, f"{wrong:.3f}", wrong <= CHANCE_OF_21)
        found = gap(_as_draws([named] * len(shuffled)), _as_draws(shuffled), 1)
        claim = f"{task}, {section}: clearly above shuffled prompts ({f1:.3f}, {wrong:.3f})"
        yield Target(claim, str(found), found.low > 0)


def _as_draws(results: list[Result]) -> Result:
    scores = [replace(s, draw=k, method="x") for k, r in enumerate(results) for s in r.scores]
    return Result("x", scores)


def _from_scratch(tables: Tables) -> Iterator[Target]:
    for task, setting, ours in _defaults(tables):
        fresh = {
            "from scratch": tables.get(task, BASELINES, SCRATCH),
            "two from scratch, averaged": tables.get(task, CONTROL, TWO),
        }
        for budget in tables.budgets(task):
            for what, scratch in fresh.items():
                if scratch and ours.has(budget) and scratch.has(budget):
                    found = gap(ours, scratch, budget)
                    claim = f"{task}, {setting}, {_at(budget)}: pretrained ahead of {what}"
                    yield Target(claim, str(found), found.mean > 0)


def _frozen(tables: Tables) -> Iterator[Target]:
    for task, section in tables.rows:
        tuned, frozen = tables.get(task, section, TUNED), tables.get(task, section, FROZEN)
        for budget in tables.budgets(task):
            if tuned and frozen and tuned.has(budget):
                found = gap(tuned, frozen, budget)
                claim = f"{task}, {section}, {_at(budget)}: fine-tuned ≥ frozen"
                yield Target(claim, str(found), found.mean >= 0)


def _defaults(tables: Tables) -> Iterator[tuple[str, str, Result]]:
    for task, section in tables.rows:
        if section in (INDOMAIN, GENERAL):
            for setting, ours in _ours(tables, task, section):
                yield task, setting, ours


def _at(budget: Budget) -> str:
    return "all labels" if budget is None else f"{budget} per class"


def _openpack(tables: Tables) -> Iterator[Target]:
    ours = tables.get("openpack-right", GENERAL, DEFAULT)
    if ours and ours.has(None):
        f1 = ours.mean(None)
        yield Target("openpack-right, all labels, by windows: ≥ 0.78", f"{f1:.3f}", f1 >= 0.78)
    for task, least in (("openpack-right", 0.88), ("openpack-both", 0.91)):
        for section, decided in ((TEMPORAL, ""), (EVENLY, ", balanced decisions")):
            for name, smoothed in tables.rows.get((task, section), {}).items():
                if name.startswith("ours, "):
                    f1, what = smoothed.mean(None), name.removeprefix("ours, ")
                    claim = f"{task}, all labels, with temporal context{decided}, {what}: ≥ {least}"
                    yield Target(claim, f"{f1:.3f}", f1 >= least)


def _mounting(tables: Tables) -> Iterator[Target]:
    rows = tables.rows.get(("utd", MOUNTING), {})
    for setting in (INDOMAIN, INDOMAIN_TWICE, GENERAL):
        for name, how, most in ((ANY, TURNED, 3), (DEFAULT, FLIPPED, 2)):
            cost = mounting_cost(rows, f"ours, {setting}, {name}", how)
            if cost is not None:
                claim = f"utd, {setting}, {name}, sensor {how}: costs ≤ {most} points"
                yield Target(claim, f"{100 * cost:.1f}", 100 * cost <= most)


def mounting_cost(rows: Mapping[str, Result], of: str, how: str) -> float | None:
    """Return the loss in macro F1 when sensors are mounted differently."""
    worn = rows.get(f"{of} | {AS_WORN}")
    other = [r.mean(None) for name, r in rows.items() if name.startswith(f"{of} | {how}")]
    return worn.mean(None) - float(np.mean(other)) if worn and other else None
