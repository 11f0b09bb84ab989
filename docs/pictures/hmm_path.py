"""Labels of windows, and the path that a hidden Markov model finds through them."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from docs.pictures.style import MEDIUM, Colors, render
from m3n_sklearn import HMMClassifier, Recording, SMPLIMUSimulator, cut
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.evaluation import WindowFeatures

HEIGHT = 3.6
RATE, SECONDS = 50.0, 2.0
STEPS = (
    ("wipe", "wipe_table", 8),
    ("stir", "stir", 6),
    ("pour", "pour", 5),
    ("cut", "cut_vegetables", 7),
)
ROUNDS, TESTED = 9, 2


def record(seed: int) -> tuple[Recording, NDArray[np.intp]]:
    """A person who repeats four activities for random times, and the round of each sample."""
    rng = np.random.default_rng(seed)
    takes = make_motions(
        1,
        ROUNDS,
        activities=[activity for _, activity, _ in STEPS],
        seconds=24.0,
        random_state=seed,
    )
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=RATE, random_state=seed)
    readings = {motion.name: simulator.simulate(motion) for motion in takes}
    parts, labels, rounds = [], [], []
    for turn in range(ROUNDS):
        for name, activity, usual in STEPS:
            reading = readings[f"person0/{activity}/{turn}"]
            count = int(np.clip(rng.gamma(9, usual / 9), 2, 15) * RATE)
            start = rng.integers(reading.n_samples - count)
            noise = rng.normal(0, 8.0, (count, reading.data.shape[1]))
            parts.append(reading.data[start : start + count] + noise)
            labels += [name] * count
            rounds += [turn] * count
    data = np.concatenate(parts)
    return (
        Recording(data, RATE, reading.channels, labels=np.array(labels), name="day"),
        np.array(rounds),
    )


def runs(labels: NDArray[np.str_]) -> list[tuple[int, int]]:
    """First and last index of each stretch of equal labels."""
    ends = np.flatnonzero(labels[1:] != labels[:-1])
    return list(zip([0, *(ends + 1)], [*ends, len(labels) - 1], strict=True))


def main() -> None:
    """Draw it."""
    recording, round_of_sample = record(0)
    X, y, _ = cut(recording, seconds=SECONDS, overlap=0.75, label="center")
    middle = np.rint((np.asarray(X["start"]) + SECONDS / 2) * RATE).astype(int)
    rounds = round_of_sample[middle]
    test = np.flatnonzero(rounds >= ROUNDS - TESTED)
    train = np.flatnonzero(rounds < ROUNDS - TESTED)
    windows = make_pipeline(WindowFeatures(), StandardScaler(), LogisticRegression(C=0.001))
    model = HMMClassifier(windows, cv=3).fit(X[train], y[train], groups=rounds[train])
    strips = {
        "truth": y[test],
        "windows": model.estimator_.predict(X[test]),
        "HMM path": model.predict(X[test]),
    }
    start = np.asarray(X["start"])[test]
    times = start - start[0]
    step = float(np.median(np.diff(times)))

    def draw(figure: Figure, colors: Colors) -> None:
        ax = figure.add_axes((0.2, 0.20, 0.78, 0.64))
        of_class = dict(zip([name for name, _, _ in STEPS], colors.series, strict=False))
        names = []
        for row, (name, labels) in enumerate(strips.items()):
            for first, last in runs(labels):
                ax.barh(
                    row, times[last] + step - times[first], left=times[first], height=0.78,
                    color=of_class[labels[first]], linewidth=0,
                )  # fmt: skip
            share = np.mean(labels == strips["truth"])
            names.append(name if row == 0 else f"{name}\n{share:.0%} correct")
        ax.set_yticks(range(len(strips)), names)
        ax.tick_params(axis="y", length=0, labelsize=MEDIUM, labelcolor=colors.text)
        ax.set_ylim(len(strips) - 0.3, -0.45)
        ax.set_xlim(0, times[-1] + step)
        ax.set_xlabel("time, s")
        ax.spines["left"].set_visible(False)
        for i, (name, color) in enumerate(of_class.items()):
            figure.text(
                0.21 + 0.2 * i, 0.92, f"■ {name}", color=color, fontsize=MEDIUM, va="center"
            )

    render("hmm_path", HEIGHT, draw)
