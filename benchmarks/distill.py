"""Small networks that are taught by a large one, on watches of people that nobody fitted on.

python -m benchmarks.distill --data PATH --only WISDM --seeds 4
python -m benchmarks.distill --data PATH --only SELFBACK --seeds 1 --widths 32

The teacher is the ensemble of ``strategy="auto"`` on a few labeled windows for each class. It
labels other windows of the same people, and a network from scratch of a smaller width is fitted on
its labels, or on its three most probable labels with their probabilities as weights (WISDM).
Printed for each model: macro F1 on other people (mean and standard deviation over
draws of people and labels), size of the exported file, time of one window on one core.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score

from benchmarks.deploy import NAMES, milliseconds
from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer, Windows, cut
from m3n_sklearn.deploy import Runner, export
from m3n_sklearn.recording import Recording

SETS = {
    "WISDM (20 Hz, acc and gyro, 18 classes)": "wisdm51_watch/wisdm51_watch_20hz.npz",
    "SELFBACK (50 Hz, acc only, 9 classes)": "selfback_wrist/selfback_wrist_50hz.npz",
}
SECONDS = 2.56
LONGEST = 90.0
"""Seconds of each recording that are used."""
TEST_PEOPLE, TEST_WINDOWS = 10, 3000
LABELS = 8
"""Labeled windows for each class."""
UNLABELED = 2500

Fit = Callable[[], Multi3NetClassifier]


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("M3N_SKLEARN_DATA"))
    parser.add_argument("--only", default="", help="begin of the name of a set")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64])
    options = parser.parse_args()
    if not options.data:
        raise SystemExit("Give --data, the folder of the real data sets.")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for name, file in SETS.items():
        if not name.startswith(options.only):
            continue
        X, y, groups = cut(recordings(Path(options.data) / file), seconds=SECONDS)
        found: dict[str, list[list[float]]] = {}
        for seed in range(options.seeds):
            for model, row in measured(X, y, groups, seed, options.widths):
                found.setdefault(model, []).append(row)
                print(seed, model, row, file=sys.stderr, flush=True)
        print_table(name, found)


def recordings(file: Path) -> list[Recording]:
    """Read the begin of each recording of a set."""
    archive = dict(np.load(file))
    rate, found = float(archive["rate_hz"]), []
    for k, (begin, end) in enumerate(pairwise(archive["seg_ptr"])):
        part = slice(begin, min(end, begin + int(LONGEST * rate)))
        data = archive["acc_q"][part] * float(archive["acc_scale"])
        if "gyro_q" in archive:
            data = np.hstack([data, archive["gyro_q"][part] * float(archive["gyro_scale"])])
        found.append(
            Recording(
                data,
                rate,
                NAMES[: data.shape[1]],
                labels=str(archive["label"][k]),
                subject=str(archive["subject"][k]),
                name=str(k),
            )
        )
    return found


def measured(
    X: Windows, y: Any, groups: Any, seed: int, widths: list[int]
) -> Iterator[tuple[str, list[float]]]:
    """Yield the name of each model, and its macro F1, size and time."""
    # 1. Draw people to test, and labeled and unlabeled windows of the others
    rng = np.random.default_rng(seed)
    tested = np.isin(groups, rng.permutation(np.unique(groups))[:TEST_PEOPLE])
    test = rng.permutation(np.flatnonzero(tested))[:TEST_WINDOWS]
    pool = rng.permutation(np.flatnonzero(~tested))
    few = np.concatenate([pool[y[pool] == label][:LABELS] for label in np.unique(y)])
    many = pool[:UNLABELED]
    # 2. The teacher labels windows
    teacher = Multi3NetClassifier("m3n-base", random_state=seed).fit(X[few], y[few])
    proba = teacher.predict_proba(X[many])
    labels = teacher.classes_[proba.argmax(axis=1)]
    best = np.argsort(-proba, axis=1)[:, :3]
    shares = np.take_along_axis(proba, best, axis=1).ravel()
    kept = shares > 0.05
    # 3. Students

    def small(width: int, rows: Any, labels: Any, weight: Any = None) -> Multi3NetClassifier:
        student = Multi3NetClassifier(
            Multi3NetPretrainer(width=width), strategy="scratch", random_state=seed
        )
        return student.fit(X[rows], labels, sample_weight=weight)

    frozen = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=seed)
    models: dict[str, Fit] = {
        "teacher (auto)": lambda: teacher,
        "frozen": lambda: frozen.fit(X[few], y[few]),
    }
    for width in widths:
        models[f"width {width}, taught"] = lambda w=width: small(w, many, labels)
        models[f"width {width}, labels alone"] = lambda w=width: small(w, few, y[few])
    if "gyro" in str(X.channels):
        models["width 32, taught by probabilities"] = lambda: small(
            32, np.repeat(many, 3)[kept], teacher.classes_[best.ravel()[kept]], shares[kept]
        )
    for name, fit in models.items():
        yield name, row_of(fit(), X[test], y[test])


def row_of(model: Multi3NetClassifier, X: Windows, y: Any) -> list[float]:
    """Return macro F1, MB and ms in float32, then in 8 bits."""
    row, rate = [], X.rate("imu")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        for precision in ("float32", "int8"):
            export(model, file, precision=precision)
            runner, one = Runner(file), X["imu"][:1]
            row += [
                float(f1_score(y, runner.predict(X["imu"], rate), average="macro")),
                file.stat().st_size / 1e6,
                milliseconds(lambda runner=runner, one=one: runner.predict_proba(one, rate)),
            ]
    return row


def print_table(name: str, found: dict[str, list[list[float]]]) -> None:
    """Print means over draws, and the standard deviation of the macro F1."""
    draws = len(next(iter(found.values())))
    print(
        f"{name}, draws: {draws}. {LABELS} labeled windows for each class,\n"
        f"{UNLABELED} unlabeled ones of the same people, {TEST_PEOPLE} other people for the test"
    )
    titles = ("macro F1", "MB", "ms", "int8: F1", "MB", "ms")
    print(f"{'model':36s}{titles[0]:>15s}" + "".join(f"{title:>10s}" for title in titles[1:]))
    for model, rows in found.items():
        mean = np.mean(rows, axis=0)
        spread = f" ± {np.std(rows, axis=0, ddof=1)[0]:.3f}" if draws > 1 else " " * 8
        print(
            f"{model:36s}{mean[0]:7.3f}{spread}{mean[1]:10.2f}{mean[2]:10.2f}"
            f"{mean[3]:10.3f}{mean[4]:10.2f}{mean[5]:10.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
