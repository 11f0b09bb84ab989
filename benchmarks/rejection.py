"""Windows of classes that the classifier does not know: prediction sets and rejection.

python -m benchmarks.rejection --data PATH

A third of the classes is left out of training and calibration. Two settings:

- other people: training, calibration and test have different people (half, a quarter, a quarter);
- own windows: half of the people train. The others teach the classifier ten seconds of each known
  class, calibrate with the second third of their recordings of each class, and test with the last
  third.

The network is ``m3n-base`` with ``strategy="frozen"``, fitted to 50 windows per class. Printed are
means over seeds with the standard deviation over seeds: each seed draws the classes, the people and
the windows.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from m3n_sklearn import Multi3NetClassifier, Recording, Windows, cut, load_pretrained
from m3n_sklearn.classification import ConformalSets, conformalize
from m3n_sklearn.datasets import load_sp_sw_har, load_utd_mhad
from m3n_sklearn.evaluation import draw_labels
from m3n_sklearn.recording import channel_names

SEEDS = 5
BUDGET = 50
LEFT_OUT = 1 / 3
NEIGHBOR = 5
FIXED = 0.5
"""Largest probability below which the baseline rejects a window."""

Rows = NDArray[np.int64]


class LabeledSet(NamedTuple):
    """Labeled windows; `hop` is the time from one window to the next in s."""

    name: str
    X: Windows
    y: NDArray[np.str_]
    groups: NDArray[np.str_]
    hop: float


class Split(NamedTuple):
    """Rows of one seed: training, taught, calibration, test; and the classes left out."""

    train: Rows
    taught: Rows
    calibration: Rows
    test: Rows
    unknown: NDArray[np.str_]


def load_sets(data: Path) -> Iterator[LabeledSet]:
    """Read the three data sets: windows of 2.56 s, of SP-SW-HAR 1 s."""
    archive = dict(np.load(next((data / "wisdm51_watch").glob("*.npz"))))
    rate = float(archive["rate_hz"])
    recordings = []
    for k, (begin, end) in enumerate(pairwise(archive["seg_ptr"])):
        part = slice(begin, min(end, begin + int(60 * rate)))
        acc = archive["acc_q"][part] * float(archive["acc_scale"])
        gyro = archive["gyro_q"][part] * float(archive["gyro_scale"])
        names, person = channel_names("right_wrist"), str(archive["subject"][k])
        label, samples = str(archive["label"][k]), np.hstack([acc, gyro])
        recordings.append(
            Recording(samples, rate, names, labels=label, subject=person, name=f"{person}-{k}")
        )
    yield LabeledSet("WISDM", *cut(recordings, seconds=2.56), hop=1.28)
    utd = load_utd_mhad(data / "utd_mhad", skeletons=False, seconds=2.56)
    yield _plain("UTD-MHAD", utd, 1.28)
    watch = load_sp_sw_har(data / "sp_sw_har_watch", seconds=1.0, min_purity=0.8)
    yield _plain("SP-SW-HAR", watch, 0.5)


def _plain(name: str, bunch: object, hop: float) -> LabeledSet:
    """Return the windows, labels and people of a Bunch, as strings."""
    X = bunch.X.drop(*(n for n in bunch.X.columns if n not in ("imu", "clip", "start")))
    return LabeledSet(name, X, bunch.y.astype(str), bunch.groups.astype(str), hop)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("M3N_SKLEARN_DATA"))
    options = parser.parse_args()
    if not options.data:
        raise SystemExit("Give --data, the folder of the real data sets.")
    warnings.simplefilter("ignore")
    encoder = load_pretrained("m3n-base")
    print(f"mean ± standard deviation over {SEEDS} seeds, in %, with confidence=0.9\n")
    for each in load_sets(Path(options.data)):
        if each.name == "SP-SW-HAR":  # five classes are too few to leave out a third
            continue
        embedded = encoder.transform(each.X)
        for setting in ("other people", "own windows"):
            found = [measure(each, embedded, setting, seed) for seed in range(SEEDS)]
            print(f"{each.name}, {setting}")
            for name in found[0]:
                values = 100 * np.array([one[name] for one in found])
                if name == "classes in a set":
                    values = values / 100
                print(f"  {name:52s}{np.mean(values):7.1f} ± {np.std(values):.1f}", flush=True)
            print()


def measure(
    each: LabeledSet, embedded: NDArray[np.float32], setting: str, seed: int
) -> dict[str, float]:
    """Return the measures of one seed."""
    split = other_people(each, seed) if setting == "other people" else own_windows(each, seed)
    X, y, groups = each.X, each.y, each.groups
    rows = split.train
    rows = rows[draw_labels(y[rows], BUDGET, random_state=seed)]
    model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    model.fit(X[rows], y[rows], groups=groups[rows])
    learned = rows
    if len(split.taught):
        model.teach(X[split.taught], y[split.taught], groups=groups[split.taught])
        learned = np.concatenate([rows, split.taught])
    sets = conformalize(model, X[split.calibration], y[split.calibration], confidence=0.9)
    test = split.test
    unknown = np.isin(y[test], split.unknown)
    return {
        **_sets(sets, X[test], y[test], groups[test], unknown),
        **_rejection(model, sets, X[test], unknown, embedded[test], embedded[learned]),
        "accuracy on known classes": float((model.predict(X[test]) == y[test])[~unknown].mean()),
    }


def _sets(
    sets: ConformalSets,
    X: Windows,
    y: NDArray[np.str_],
    groups: NDArray[np.str_],
    unknown: NDArray[np.bool_],
) -> dict[str, float]:
    """Return the coverage of known windows, over people, and the size of the sets."""
    found = sets.predict_set(X)
    columns = np.searchsorted(sets.classes_, y[~unknown])
    covered = found[~unknown][np.arange(len(columns)), columns]
    by_person = [covered[groups[~unknown] == p].mean() for p in np.unique(groups[~unknown])]
    return {
        "coverage of known windows, mean over people": float(np.mean(by_person)),
        "coverage of known windows, lowest person": float(np.min(by_person)),
        "classes in a set": float(found[~unknown].sum(axis=1).mean()),
        "empty sets, unknown windows": float((~found[unknown].any(axis=1)).mean()),
    }


def _rejection(
    model: Multi3NetClassifier,
    sets: ConformalSets,
    X: Windows,
    unknown: NDArray[np.bool_],
    embedded: NDArray[np.float32],
    learned: NDArray[np.float32],
) -> dict[str, float]:
    """Return what is rejected, by the calibrated and by a fixed threshold, and ranks of scores."""
    rejected, largest = sets.rejects(X), model.predict_proba(X).max(axis=1)
    cosine = _unit(embedded) @ _unit(learned).T
    near = np.sort(cosine, axis=1)[:, -NEIGHBOR]
    return {
        "rejected, known windows": float(rejected[~unknown].mean()),
        "rejected, unknown windows": float(rejected[unknown].mean()),
        f"largest probability below {FIXED}, known windows": float(
            (largest < FIXED)[~unknown].mean()
        ),
        f"largest probability below {FIXED}, unknown windows": float(
            (largest < FIXED)[unknown].mean()
        ),
        "AUROC known against unknown, largest probability": float(roc_auc_score(~unknown, largest)),
        "AUROC known against unknown, similarity of examples": float(roc_auc_score(~unknown, near)),
    }


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def other_people(each: LabeledSet, seed: int) -> Split:
    """Split people into three parts, and leave classes out."""
    unknown, people = _drawn(each, seed)
    first, second = len(people) // 2, max(len(people) // 2 + 1, 3 * len(people) // 4)
    known = ~np.isin(each.y, unknown)

    def of(part: NDArray[np.str_]) -> NDArray[np.bool_]:
        return np.isin(each.groups, part)

    return Split(
        np.flatnonzero(known & of(people[:first])),
        np.zeros(0, np.int64),
        np.flatnonzero(known & of(people[first:second])),
        np.flatnonzero(of(people[second:])),
        unknown,
    )


def own_windows(each: LabeledSet, seed: int) -> Split:
    """Split the windows of each test person and class into three parts of time."""
    unknown, people = _drawn(each, seed)
    known = ~np.isin(each.y, unknown)
    trained, tested = people[: len(people) // 2], people[len(people) // 2 :]
    taught, calibration, test = [], [], []
    for person in tested:
        for label in np.unique(each.y):
            rows = np.flatnonzero((each.groups == person) & (each.y == label))
            parts = _thirds(each, rows)
            test.append(parts[2])
            if label not in unknown:
                taught.append(parts[0][: int(10 / each.hop)])
                calibration.append(parts[1])
    return Split(
        np.flatnonzero(known & np.isin(each.groups, trained)),
        *(np.concatenate(rows).astype(np.int64) for rows in (taught, calibration, test)),
        unknown,
    )


def _thirds(each: LabeledSet, rows: Rows) -> list[Rows]:
    """Split windows into three parts of time; overlapping windows at the borders are left out."""
    clips = np.asarray(each.X[rows]["clip"])
    names = list(dict.fromkeys(clips.tolist()))
    if len(names) >= 3:
        return [rows[np.isin(clips, part)] for part in np.array_split(names, 3)]
    first, second, third = np.array_split(rows, 3)
    return [first[:-1], second[:-1], third]


def _drawn(each: LabeledSet, seed: int) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return the classes to leave out, and the people in random order."""
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.unique(each.y))
    return classes[: round(LEFT_OUT * len(classes))], rng.permutation(np.unique(each.groups))


if __name__ == "__main__":
    main()
