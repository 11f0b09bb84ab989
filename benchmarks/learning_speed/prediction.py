"""Predicting: many windows, one window, and what the network alone would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from torch.nn import functional

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.nets._multi3net import build_imu_encoder, set_weights

from ..learning.rivals.deepconvlstm import DeepConvLSTM
from ..learning.rivals.minirocket import minirocket
from .table import Line, median, paired_ratio
from .windows import labelled

PROCESSES = 2
BATCH = 128
STANDARD_GRAVITY, GYRO_UNIT = 9.80665, 5.0
"""Units of the network's input, in m/s² and rad/s."""


def prediction(quick: bool) -> Iterator[Line]:
    """Windows per second of two processes, time of one window, ratio to the bare network."""
    X, y = labelled(200)
    many, _ = labelled(1024 if quick else 4096, seed=1)
    ours = Multi3NetClassifier(strategy="scratch", max_epochs=1, random_state=0).fit(X, y)
    ratio = paired_ratio(bare(ours, many), lambda: ours.predict(many), 5)
    yield Line("rate of predict / rate of the bare network", f"{ratio:.2f}", "≥ 0.9", ratio >= 0.9)
    rivals = {
        "MiniRocket + ridge": minirocket().fit(X, y),
        "DeepConvLSTM": DeepConvLSTM(1, 1, random_state=0).fit(X, y),
    }
    for name, fitted in {"ours": ours, **rivals}.items():
        rows = many if name == "ours" else many[: 512 if name == "DeepConvLSTM" else 2048]
        rate = sum(
            Parallel(n_jobs=PROCESSES)(delayed(_rate)(fitted, rows) for _ in range(PROCESSES))
        )
        bar = ("≥ 10,000", rate >= 10_000) if name == "ours" else ()
        yield Line(f"windows per second, {PROCESSES} processes, {name}", f"{rate:,.0f}", *bar)
    for name, fitted in {"ours": ours, **rivals}.items():
        spent = 1e3 * median(lambda fitted=fitted: fitted.predict(many[:1]), 1000)
        bar = ("≤ 2 ms", spent <= 2) if name == "ours" else ()
        yield Line(f"one window, {name}", f"{spent:.2f} ms", *bar)


def _rate(fitted: Any, X: Any) -> float:
    torch.set_num_threads(1)
    return len(X) / median(lambda: fitted.predict(X), 5)


def bare(fitted: Multi3NetClassifier, X: Any) -> Callable[[], object]:
    """Return a call of the network alone: encoder and linear head, on prepared batches."""
    encoder = build_imu_encoder(fitted.config_["encoder"])
    prefix = "encoder."
    weights = {
        name.removeprefix(prefix): value
        for name, value in fitted.weights_.items()
        if name.startswith(prefix)
    }
    set_weights(encoder, weights).eval()
    head = [torch.from_numpy(fitted.weights_[f"head.linear.{name}"]) for name in ("weight", "bias")]
    units = np.repeat([STANDARD_GRAVITY, GYRO_UNIT], 3).astype(np.float32)
    batches = torch.from_numpy((X["imu"] / units[:, None])[:, None]).split(BATCH)

    def run() -> list[torch.Tensor]:
        with torch.inference_mode():
            return [functional.linear(encoder(batch)[0], *head) for batch in batches]

    return run
