"""The baselines, by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.evaluation import WindowFeatures

from .augmented import Augmented
from .deepconvlstm import DeepConvLSTM
from .limu_bert import FILES, ZERO_GYRO, LimuBertFeatures
from .minirocket import minirocket

MAJORITY, SCRATCH = "majority", "CNN from scratch, our augmentation"
LSTM = "DeepConvLSTM, our augmentation"
COPIES = "augmented copies"
FURTHER = frozenset(f"{name}, frozen" for name in list(FILES)[1:])
"""Further encoders of others, which are compared on real windows only, and not in a quick run."""
EPOCHS_QUICK = 20
"""Epochs of our networks in a quick run."""


class Baseline(NamedTuple):
    """A baseline, how often labels are drawn for it, and about how many CPU seconds a fit takes.

    `flags` say what its scores must not be shown without.
    """

    name: str
    estimator: BaseEstimator
    n_draws: int
    seconds: float
    flags: tuple[str, ...] = ()


def list_baselines(
    data: Path,
    n_draws: int,
    quick: bool,
    label_at: str,
    shaped_by: str | None,
    acc_only: bool = False,
) -> Iterator[Baseline]:
    """List the baselines.

    Parameters
    ----------
    data : Path
        Folder of the real data sets.
    n_draws : int
        Draws of labels, of the baselines that are not slow.
    quick : bool
        Whether trainings are cut short.
    label_at : {"window", "center"}
        What a label describes, for our own network.
    shaped_by : str or None
        A pretrained encoder whose shape and rate our own network takes, and none of its weights.
    acc_only : bool
        Whether the set has no gyroscope.
    """
    forest = make_pipeline(
        WindowFeatures(), RandomForestClassifier(300, class_weight="balanced", random_state=0)
    )
    linear = make_pipeline(
        WindowFeatures(), StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
    )
    lstm = DeepConvLSTM(10, 60, random_state=0) if quick else DeepConvLSTM(30, 300, random_state=0)
    copies = 3 if quick else 10
    yield Baseline(MAJORITY, DummyClassifier(), n_draws, 0.01)
    yield Baseline("features + random forest", forest, n_draws, 1.5)
    yield Baseline("features + logistic regression", linear, n_draws, 0.3)
    yield Baseline("MiniRocket + linear", minirocket(), n_draws, 1.5)
    yield Baseline(SCRATCH, from_scratch(quick, label_at, shaped_by), n_draws, 3 if quick else 7)
    yield Baseline(LSTM, lstm, 1, 20 if quick else 100)
    for name, file in FILES.items():
        probe = make_pipeline(
            LimuBertFeatures(data / file),
            StandardScaler(),
            LogisticRegression(C=0.1, max_iter=1000),
        )
        if not (quick and f"{name}, frozen" in FURTHER):
            flags = (ZERO_GYRO,) if acc_only else ()
            yield Baseline(
                f"{name}, frozen", probe, n_draws, 1 if name == "LIMU-BERT-X" else 3, flags
            )
    augmented = Augmented(forest, copies, random_state=0)
    yield Baseline(f"features + random forest, {COPIES}", augmented, 1, 3)
    augmented = Augmented(minirocket(), copies, random_state=0)
    yield Baseline(f"MiniRocket + linear, {COPIES}", augmented, 1, 6)


def from_scratch(quick: bool, label_at: str, shaped_by: str | None) -> Multi3NetClassifier:
    """Return our own network without pretraining; parameters are those of `list_baselines`."""
    return Multi3NetClassifier(
        shaped_by,
        strategy="scratch",
        label_at=label_at,
        max_epochs=EPOCHS_QUICK if quick else "auto",
        random_state=0,
    )
