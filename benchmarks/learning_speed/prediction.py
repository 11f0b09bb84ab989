"""Predicting: many windows, one window, and what the network alone would take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.nets._classifier import build_classifier
from m3n_sklearn.nets._weights import set_weights

from ..learning.rivals.deepconvlstm import DeepConvLSTM
from ..learning.rivals.minirocket import minirocket
from .table import Line, median, paired_ratio
from .windows import labelled

PROCESSES = 2


def prediction(quick: bool) -> Iterator[Line]:
    """Windows per second of two processes, time of one window, ratio to the bare network."""
    X, y = labelled(200)
    many, _ = labelled(1024 if quick else 4096, seed=1)
    ours = Multi3NetClassifier(strategy="scratch", max_epochs=1, random_state=0).fit(X, y)
    ratio = paired_ratio(lambda: bare(ours, many), lambda: ours.predict(many), 5)
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
        spent = 1e3 * median(lambda fitted=fitted: fitted.predict(many[:1]), 100)
        bar = ("≤ 2 ms", spent <= 2) if name == "ours" else ()
        yield Line(f"one window, {name}", f"{spent:.2f} ms", *bar)


def _rate(fitted: Any, X: Any) -> float:
    torch.set_num_threads(1)
    return len(X) / median(lambda: fitted.predict(X), 5)


def bare(fitted: Multi3NetClassifier, X: Any) -> np.ndarray:
    """Call the network in batches, with nothing around it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    module = set_weights(build_classifier(fitted.config_), fitted.weights_).eval()
    x = torch.from_numpy(fitted.input_(_as_read(X)))
    with torch.inference_mode():
        parts = [module({"imu": part}).argmax(dim=1) for part in x.split(512)]
    torch.set_num_threads(threads)
    return fitted.classes_[torch.cat(parts).numpy()]


def _as_read(X: Any) -> Any:
    from m3n_sklearn._inputs import ImuWindows

    return ImuWindows(X["imu"], X.rate("imu"), X.channels, False)
