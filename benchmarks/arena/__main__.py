"""The protocol of WHAR Arena on the people at hand: all labels, groups of people held out.

python -m benchmarks.arena --data PATH [--quick] [--only utd dsads wisdm]

Windows of 3 s at the native rate; macro F1 of the windows of each held-out group. The number of
windows of each person and class is capped, which keeps the run short. Cells are stored, so a run
that was stopped continues, and the page contains all finished cells.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.evaluation import Method, Score, WindowFeatures, few_label_study, macro_f1

from ..learning.baselines.minirocket import minirocket
from ..learning.mounting import InSiteAxes
from ..pool import cut_spread, read_wrist
from .cnn import PlainCNN

HERE = Path(__file__).parents[1]
PAGE = HERE.parent / "docs" / "benchmarks" / "arena.txt"
SECONDS = 3.0


@dataclass(frozen=True)
class ArenaSet:
    """A set, what was published about it, and its groups of people."""

    title: str
    X: Windows
    y: np.ndarray
    people: np.ndarray
    groups: int
    published: str
    mount: Mapping[str, Any] = field(default_factory=dict)


def load_utd(data: Path, quick: bool) -> ArenaSet:
    bunch = load_utd_mhad(data / "utd_mhad", actions="wrist", skeletons=False, seconds=SECONDS)
    X = bunch.X.drop(*(name for name in bunch.X.columns if name not in ("imu", "clip", "start")))
    return ArenaSet(
        "UTD-MHAD, wrist: 21 actions (22 to 27 are readings of the thigh)",
        X,
        bunch.y,
        bunch.groups,
        4,
        "27 actions, 8 people: best of 17 .682 (CNN-HAR), DeepConvLSTM .549, random forest .512",
        bunch.mount,
    )


def load_dsads(data: Path, quick: bool) -> ArenaSet:
    recordings = read_wrist(
        data / "dsads" / "dsads_wrists_25hz.npz",
        "right_wrist",
        keep=lambda columns: columns["hand"] == "right",
    )
    X, y, people, _ = cut_spread(recordings, SECONDS, 4 if quick else 8)
    title = "DSADS, right wrist: 19 activities"
    return ArenaSet(title, X, y, people, 4, "five sensor units; not comparable with one wrist")


def load_wisdm(data: Path, quick: bool) -> ArenaSet:
    recordings = read_wrist(data / "wisdm51_watch" / "wisdm51_watch_20hz.npz", "right_wrist")
    X, y, people, _ = cut_spread(recordings, SECONDS, 2 if quick else 4)
    published = "51 people: best of 17 .713 (DANA), random forest .598"
    return ArenaSet("WISDM, watch: 18 activities", X, y, people, 5, published)


SETS = {"utd": load_utd, "dsads": load_dsads, "wisdm": load_wisdm}


def methods(mount: Mapping[str, Any], quick: bool) -> dict[str, BaseEstimator]:
    """Rivals and ours, by name."""
    forest = RandomForestClassifier(300, class_weight="balanced", random_state=0)
    epochs: Mapping[str, Any] = {"max_epochs": 20} if quick else {}
    ours = Multi3NetClassifier("m3n-base", random_state=0, **epochs)
    scratch = Multi3NetClassifier("m3n-base", strategy="scratch", random_state=0, **epochs)
    return {
        "features + random forest": make_pipeline(WindowFeatures(), forest),
        "MiniRocket + linear": minirocket(),
        "CNN": PlainCNN(20 if quick else 40, random_state=0),
        "ours, from scratch": scratch,
        "ours, m3n-base, default": InSiteAxes(ours, mount) if mount else ours,
    }


def main() -> None:
    options = parse_options()
    if not options.data:
        sys.exit("Give the folder of the real data sets: make bench-arena DATA=path")
    name = "arena-quick" if options.quick else "arena"
    store, started = options.store or HERE / "results" / name, time.monotonic()
    lines = list(HEAD)
    for key, load in SETS.items():
        if not (store / key).is_dir() and (options.page or key not in options.only):
            continue
        arena = load(Path(options.data), options.quick)
        found = {}
        for method, estimator in methods(arena.mount, options.quick).items():
            runs = key in options.only and not options.page
            scores = _scores(arena, key, method, estimator, store, runs)
            if scores:
                found[method] = group_scores(arena, scores)
                seconds = sum({s.held_out: s.fit_seconds for s in scores}.values())
                minutes = (time.monotonic() - started) / 60
                print(f"[{minutes:5.1f} min] {key}: {method}, {seconds:.0f} s of fits", flush=True)
        if found:
            lines += table(arena, found)
    text = "\n".join(lines) + "\n"
    store.mkdir(parents=True, exist_ok=True)
    (store / PAGE.name if options.quick else PAGE).write_text(text, encoding="utf-8")
    print(text)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.arena",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("M3N_SKLEARN_DATA")
    parser.add_argument("--data", default=data, help="folder of the real data sets")
    parser.add_argument("--quick", action="store_true", help="fewer windows and epochs")
    parser.add_argument("--only", nargs="*", default=tuple(SETS), choices=SETS, help="sets to run")
    parser.add_argument("--page", action="store_true", help="only write the page of what is there")
    parser.add_argument("--store", type=Path, help="where results are kept")
    return parser.parse_args()


def _scores(
    arena: ArenaSet, key: str, method: str, estimator: BaseEstimator, store: Path, runs: bool
) -> list[Score]:
    """Compute what is missing; of a set that is not wanted, return what is finished."""
    folder = store / key / method.replace(" ", "-").replace(",", "")
    if not runs and len(list(folder.glob("*.json"))) < arena.groups:
        return []
    return few_label_study(
        [Method(method, estimator)],
        arena.X,
        arena.y,
        arena.people,
        budgets=(None,),
        folds=arena.groups,
        store=folder,
        n_jobs=1,
    )


def group_scores(arena: ArenaSet, scores: list[Score]) -> dict[tuple[Any, ...], float]:
    """Macro F1 of the windows of each held-out group together."""
    found = {}
    for group in dict.fromkeys(score.held_out for score in scores):
        own = [score for score in scores if score.held_out == group]
        truth = np.concatenate([arena.y[score.rows] for score in own])
        found[group] = macro_f1(truth, np.concatenate([score.predictions for score in own]))
    return found


HEAD = (
    "make bench-arena DATA=path",
    "Macro F1 of the windows of each held-out group: mean ± standard deviation over groups.",
    "Windows of 3 s at the native rate, all labels of the other people, one seed.",
)


def table(arena: ArenaSet, found: Mapping[str, Mapping[Any, float]]) -> Iterator[str]:
    """Yield the table of one set."""
    people = len(np.unique(arena.people))
    yield from ("", "", arena.title, "=" * len(arena.title))
    yield f"{len(arena.y)} windows of {people} people in {arena.groups} groups, each held out once"
    yield f"published, another protocol: {arena.published}"
    yield ""
    ours = found.get("ours, m3n-base, default")
    for method, groups in found.items():
        values = np.array(list(groups.values()))
        line = f"{method:<28}{values.mean():.3f} ± {values.std(ddof=1):.3f}"
        if ours and groups is not ours:
            wins = sum(ours[group] > value for group, value in groups.items())
            line += (
                f"   m3n-base {100 * (np.mean(list(ours.values())) - values.mean()):+.1f} points"
            )
            line += f", ahead in {wins} of {len(groups)} groups"
        yield line


if __name__ == "__main__":
    main()
