"""Prediction of many windows, of one window, and by the network alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed

from m3n_sklearn import Multi3NetClassifier

from ..learning.baselines.deepconvlstm import DeepConvLSTM
from ..learning.baselines.minirocket import minirocket
from .bare import Watch
from .table import Line, median, paired_ratio
from .windows import labeled

PROCESSES = 2
BATCH = 128
STANDARD_GRAVITY, GYRO_UNIT = 9.80665, 5.0
"""Units of the network's input, in m/s² and rad/s."""


def prediction(quick: bool) -> Iterator[Line]:
    """Windows per second of two processes, time of one window, ratio to the bare network."""
    X, y = labeled(200)
    many, _ = labeled(1024 if quick else 4096, seed=1)
    watch = Watch()
    ours = Multi3NetClassifier(
        strategy="scratch", max_epochs=1, callbacks=[watch], random_state=0
    ).fit(X, y)
    ratio = paired_ratio(bare(watch, many), lambda: ours.predict(many), 5)
    yield Line("rate of predict / rate of the bare network", f"{ratio:.2f}", "≥ 0.9", ratio >= 0.9)
    baselines = {
        "MiniRocket + ridge": minirocket().fit(X, y),
        "DeepConvLSTM": DeepConvLSTM(1, 1, random_state=0).fit(X, y),
    }
    for name, fitted in {"ours": ours, **baselines}.items():
        rows = many if name == "ours" else many[: 512 if name == "DeepConvLSTM" else 2048]
        rate = sum(
            Parallel(n_jobs=PROCESSES)(delayed(_rate)(fitted, rows) for _ in range(PROCESSES))
        )
        target = ("≥ 10,000", rate >= 10_000) if name == "ours" else ()
        yield Line(f"windows per second, {PROCESSES} processes, {name}", f"{rate:,.0f}", *target)
    for name, fitted in {"ours": ours, **baselines}.items():
        spent = 1e3 * median(lambda fitted=fitted: fitted.predict(many[:1]), 1000)
        target = ("≤ 2 ms", spent <= 2) if name == "ours" else ()
        yield Line(f"one window, {name}", f"{spent:.2f} ms", *target)


def _rate(fitted: Any, X: Any) -> float:
    torch.set_num_threads(1)
    return len(X) / median(lambda: fitted.predict(X), 5)


def bare(watch: Watch, X: Any) -> Callable[[], object]:
    """Return a call of the network alone, on prepared batches."""
    module = watch.seen[0].module.eval()
    units = np.repeat([STANDARD_GRAVITY, GYRO_UNIT], 3).astype(np.float32)
    batches = torch.from_numpy((X["imu"] / units[:, None])[:, None]).split(BATCH)

    def run() -> list[torch.Tensor]:
        with torch.inference_mode():
            return [module({"imu": batch})["logits"] for batch in batches]

    return run
