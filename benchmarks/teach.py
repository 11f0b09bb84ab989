"""Time of teaching a fitted classifier ten seconds of a person, against fitting it again.

python -m benchmarks.teach --data PATH

For each data set and number of training windows per class: the demonstration is ten seconds of a
person who is not in the training set, either of a class that is new or of one that the person
shows again (``replace=True``). A refit fits all windows. Printed are the median and the longest
time over demonstrations, the ratio of the medians, and the largest difference of a probability
between the classifier that was taught and the one that was fitted again. Times are seconds of one
core, so that other programs on the machine do not count.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.evaluation import draw_labels

from .rejection import LabeledSet, load_sets

SECONDS = 10.0
BUDGETS = {5: 5, 20: 5, 50: 5, 200: 1}
"""Training windows per class, and the number of demonstrations to measure."""


class Measured(NamedTuple):
    """One demonstration: seconds of teaching and of fitting again, and the largest difference."""

    taught: float
    refitted: float
    difference: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("M3N_SKLEARN_DATA"))
    options = parser.parse_args()
    if not options.data:
        raise SystemExit("Give --data, the folder of the real data sets.")
    warnings.simplefilter("ignore")
    print(
        f"{'set':10s}{'classes':>8s}{'windows':>8s}  {'demonstration':13s}{'teach s':>8s}"
        f"{'longest':>8s}{'refit s':>8s}{'ratio':>6s}{'differs':>9s}"
    )
    for each in load_sets(Path(options.data)):
        for budget in BUDGETS:
            if budget <= np.bincount(np.unique(each.y, return_inverse=True)[1]).max():
                table(each, budget)


def table(each: LabeledSet, budget: int) -> None:
    """Print the rows of one data set with so many training windows per class."""
    for kind in ("new class", "shown again"):
        found, windows = [], []
        for rows, shown in demonstrations(each, budget, new=kind == "new class"):
            found.append(measure(each, rows, shown))
            windows.append(len(rows))
        taught, refitted, difference = map(np.array, zip(*found, strict=True))
        print(
            f"{each.name:10s}{len(np.unique(each.y)):8d}{int(np.median(windows)):8d}"
            f"  {kind:13s}{np.median(taught):8.3f}{taught.max():8.3f}{np.median(refitted):8.3f}"
            f"{np.median(taught) / np.median(refitted):6.2f}{difference.max():9.1e}",
            flush=True,
        )


def demonstrations(
    each: LabeledSet, budget: int, *, new: bool
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the training rows, and the rows of ten seconds of one person and class."""
    rng = np.random.default_rng(0)
    people = np.unique(each.groups)
    for _ in range(BUDGETS[budget]):
        person, label = rng.choice(people), rng.choice(np.unique(each.y))
        own = np.flatnonzero((each.groups == person) & (each.y == label))
        shown = own[: max(1, int(SECONDS / each.hop))]
        others = np.flatnonzero(each.groups != person)
        if new:
            others = others[each.y[others] != label]
        drawn = others[draw_labels(each.y[others], budget, random_state=int(rng.integers(1 << 30)))]
        if len(shown):
            yield (drawn if new else np.concatenate([drawn, own[-len(shown) :]])), shown


def measure(each: LabeledSet, rows: NDArray[np.int64], shown: NDArray[np.int64]) -> Measured:
    """Teach and fit again; the training rows may hold windows of the person that are replaced."""
    X, y, groups = each.X, each.y, each.groups
    model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    taught = clone(model).fit(X[rows], y[rows], groups=groups[rows])
    begin = time.process_time()
    taught.teach(X[shown], y[shown], groups=groups[shown], replace=True)
    spent = time.process_time() - begin
    same = (groups[rows] == groups[shown[0]]) & (y[rows] == y[shown[0]])
    both = np.concatenate([rows[~same], shown])
    again = clone(model)
    begin = time.process_time()
    again.fit(X[both], y[both], groups=groups[both])
    refitted = time.process_time() - begin
    some: Windows = X[:: max(1, len(X) // 500)]
    difference = np.abs(taught.predict_proba(some) - again.predict_proba(some)).max()
    return Measured(spent, refitted, float(difference))


if __name__ == "__main__":
    main()
