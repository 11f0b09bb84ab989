"""An ensemble: three classifiers of one window, and the geometric mean of their probabilities."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from sklearn.frozen import FrozenEstimator

from docs.pictures.style import MEDIUM, SMALL, Colors, render
from m3n_sklearn import Multi3NetClassifier, load_pretrained
from m3n_sklearn.datasets import make_wrist_har
from m3n_sklearn.evaluation import draw_labels

HEIGHT = 3.9
MEMBERS = (("frozen", 0.5), ("finetune", 1.0), ("scratch", 1.0))
ACTIVITIES = ("wave", "clap", "knock", "stir")


def main() -> None:
    """Draw it."""
    wrists = make_wrist_har(6, 2, ACTIVITIES, random_state=3)
    known = np.flatnonzero(np.isin(wrists.groups, np.unique(wrists.groups)[:3]))
    few = known[draw_labels(wrists.y[known], 2, random_state=0)]
    tested = np.setdiff1d(np.arange(len(wrists.y)), known)
    encoder = FrozenEstimator(load_pretrained("m3n-base"))
    members = {}
    for strategy, _ in MEMBERS:
        classifier = Multi3NetClassifier(encoder, strategy=strategy, max_epochs=40, random_state=0)
        members[strategy] = classifier.fit(wrists.X[few], wrists.y[few]).predict_proba(
            wrists.X[tested]
        )
    weights = np.array([weight for _, weight in MEMBERS])
    logs = np.log(np.stack(list(members.values())))
    pooled = np.exp(np.tensordot(weights / weights.sum(), logs, axes=1))
    pooled /= pooled.sum(axis=1, keepdims=True)
    # a window on which the members disagree and the ensemble is right
    classes = np.unique(wrists.y)
    right = classes[pooled.argmax(axis=1)] == wrists.y[tested]
    choices = np.stack([each.argmax(axis=1) for each in members.values()])
    apart = right & (choices != choices[0]).any(axis=0)
    margin = np.sort(pooled, axis=1)
    row = int(np.argmax(np.where(apart, margin[:, -1] - margin[:, -2], -1.0)))
    truth = str(wrists.y[tested][row])
    panels = [(f"{name}\nweight {weight:g}", members[name][row]) for name, weight in MEMBERS] + [
        ("ensemble\ngeometric mean", pooled[row])
    ]

    title = f"probabilities of one window (truth: {truth})"

    def draw(figure: Figure, colors: Colors) -> None:
        axes = figure.subplots(
            1, 4, sharey=True,
            gridspec_kw={"left": 0.12, "right": 0.98, "top": 0.74, "bottom": 0.17, "wspace": 0.16},
        )  # fmt: skip
        figure.text(
            0.02,
            0.94,
            title,
            fontsize=MEDIUM,
            va="center",
        )
        for i, (ax, (name, probabilities)) in enumerate(zip(axes, panels, strict=True)):
            last = i == len(panels) - 1
            ax.barh(classes, probabilities, color=colors.label if last else colors.imu, height=0.66)
            ax.set_xlim(0, 1)
            ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            ax.set_title(name, fontsize=SMALL, color=colors.label if last else colors.text)
            ax.invert_yaxis()
        axes[0].set_ylim(len(classes) - 0.5, -0.5)
        figure.text(0.55, 0.035, "probability", ha="center", fontsize=SMALL)

    render("ensemble", HEIGHT, draw)
