"""Time of pretraining and fine-tuning, and the overhead of the library."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer

from ..learning.baselines.deepconvlstm import DeepConvLSTM
from ..learning.baselines.minirocket import minirocket
from . import bare
from .table import Line, seconds
from .windows import RATE, corpus, labeled


def pretrainer(**changes: Any) -> Multi3NetPretrainer:
    return Multi3NetPretrainer(rate=RATE, random_state=0, **changes)


def pretraining(quick: bool) -> Iterator[Line]:
    """All epochs of the default, from the cost of single ones."""
    count = 2000 if quick else 10_000
    X = corpus(count)
    once = seconds(lambda: pretrainer(max_epochs=1).fit(X))
    thrice = seconds(lambda: pretrainer(max_epochs=3).fit(X))
    planned = _planned(X)
    epochs = planned.max_epochs
    epoch = (thrice - once) / 2
    total = (once - epoch + epochs * epoch) / 60 * (10_000 / count)
    name = f"pretraining on 10,000 windows: {epochs} epochs, from 3 over {count:,} windows"
    yield Line(name, f"{total:.1f} min", "≤ 20 min", total <= 20)
    size = sum(p.numel() for p in planned.module.parameters())
    yield Line("  parameters of all three encoders and the decoders", f"{size / 1e6:.3f} M")


class _Planned(Exception):
    """The training is known before its first step."""


class _WatchOnly(bare.Watch):
    """Raises `_Planned` before the first step."""

    def on_batch_begin(self, net: Any, **kwargs: Any) -> None:
        raise _Planned


def _planned(X: Any) -> bare.Training:
    """Return the training of the default pretrainer without its steps."""
    watch = _WatchOnly()
    with contextlib.suppress(_Planned):
        pretrainer(callbacks=[watch]).fit(X)
    return watch.seen[0]


def fine_tuning(quick: bool) -> Iterator[Line]:
    """A whole fit on 1,000 labeled windows, of our methods and of the baselines."""
    X, y = labeled(300 if quick else 1000)
    fitted = pretrainer(max_epochs=1).fit(corpus(256))
    for strategy in ("frozen", "auto", "finetune"):
        ours = Multi3NetClassifier(FrozenEstimator(fitted), strategy=strategy, random_state=0)
        spent = seconds(lambda ours=ours: ours.fit(X, y))
        target = ("≤ 60 s", spent <= 60) if strategy != "frozen" else ()
        yield Line(f"fit on {len(y):,} windows, {strategy}", f"{spent:.1f} s", *target)
    encoder = sum(v.size for k, v in ours.weights_.items() if k.startswith("encoder."))
    yield Line("parameters of the encoder", f"{encoder / 1e6:.3f} M", "≤ 1 M", encoder <= 1e6)
    rocket = minirocket()
    rocket.fit(X[:32], y[:32])  # compiles
    yield Line(f"fit on {len(y):,} windows, MiniRocket + ridge", f"{_fit(rocket, X, y):.1f} s")
    epochs = 2
    lstm = DeepConvLSTM(min_epochs=epochs, min_steps=1, random_state=0)
    spent = _fit(lstm, X, y) / epochs
    yield Line(f"one epoch over {len(y):,} windows, DeepConvLSTM", f"{spent:.1f} s")


def _fit(estimator: Any, X: Any, y: np.ndarray) -> float:
    return seconds(lambda: estimator.fit(X, y))


def overhead(quick: bool) -> Iterator[Line]:
    """Epochs through our estimators over epochs of a bare loop, in turns."""
    X, y = labeled(640)
    motions = corpus(512)
    arms = {
        "pretrainer": lambda epochs, callbacks=None: pretrainer(
            max_epochs=epochs, callbacks=callbacks
        ).fit(motions),
        "classifier": lambda epochs, callbacks=None: Multi3NetClassifier(
            strategy="scratch", max_epochs=epochs, callbacks=callbacks, random_state=0
        ).fit(X, y),
    }
    for name, fit in arms.items():
        watch = bare.Watch()
        fit(1, [watch])
        ratios = [_epoch_ratio(fit, watch.seen[0]) for _ in range(3 if quick else 5)]
        ratio = float(np.median(ratios))
        title = f"epoch of the {name} / epoch of a bare torch loop"
        yield Line(title, f"{ratio:.2f}", "≤ 1.15", ratio <= 1.15)


def _epoch_ratio(fit: Any, training: bare.Training) -> float:
    """Compare additional epochs, so that the setup is not counted."""
    few, many = 1, 4
    ours = -seconds(lambda: fit(few)) + seconds(lambda: fit(many))
    theirs = -seconds(lambda: bare.train(training, few)) + seconds(
        lambda: bare.train(training, many)
    )
    return ours / theirs
