"""Growth of time and memory with the corpus."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skorch.callbacks import Callback

from m3n_sklearn import Multi3NetPretrainer

from .table import Line, seconds
from .windows import RATE, corpus_on_disk

MILLION = 1_000_000
STEPS = 40
LIMIT = 3.0
"""GB of anonymous memory."""


def linear(quick: bool) -> Iterator[Line]:
    """One epoch of a narrow network over corpora on disk, three decades apart."""
    sizes = (128, 1280, 12_800) if quick else (128, 1280, 12_800, 128_000)
    narrow = Multi3NetPretrainer(width=16, rate=RATE, text_encoder="hashing", random_state=0)
    first = 0.0
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            X = corpus_on_disk(size, Path(folder))
            few, many = (1, 21) if size < 10_000 else (1, 2)
            once = seconds(lambda X=X, few=few: narrow.set_params(max_epochs=few).fit(X))
            more = seconds(lambda X=X, many=many: narrow.set_params(max_epochs=many).fit(X))
        spent = 1e6 * (more - once) / (many - few) / size
        name = f"pretraining, narrow network: time of one window of {size:,}"
        if first:
            yield Line(name, f"{spent:.0f} µs", "≤ 1.3 × first", spent <= 1.3 * first)
        else:
            first = spent
            yield Line(name, f"{spent:.0f} µs")


def memory(quick: bool) -> Iterator[Line]:
    """Anonymous memory of a separate process that pretrains on a million windows."""
    command = [sys.executable, "-m", f"{__package__}.growth"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, before = (float(word) for word in done.stdout.split())
    name = f"anonymous memory, {STEPS} steps on {MILLION:,} windows on disk"
    yield Line(name, f"{peak:.2f} GB", f"≤ {LIMIT:g} GB", peak <= LIMIT)
    yield Line("  of which before the first window", f"{before:.2f} GB")


class _Enough(Exception):
    """The wanted number of steps is done."""


class _StopAfter(Callback):
    """Raises `_Enough` after some steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_batch_end(self, net: Any, batch: Any = None, **kwargs: Any) -> None:
        self.steps -= 1
        if self.steps == 0:
            raise _Enough


def _train_some_steps(X: Any) -> None:
    pretrainer = Multi3NetPretrainer(rate=RATE, callbacks=[_StopAfter(STEPS)], random_state=0)
    with contextlib.suppress(_Enough):
        pretrainer.fit(X)


def _anonymous() -> float:
    """GB of this process that no file backs."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous:\s+(\d+)", text, re.MULTILINE)[1]) / 1e6


def _watch(peak: list[float], stop: threading.Event) -> None:
    while not stop.is_set():
        peak[0] = max(peak[0], _anonymous())
        time.sleep(0.1)


def main() -> None:
    """Train, and print the peak and the value before the training, in GB."""
    before = _anonymous()
    peak, stop = [before], threading.Event()
    watcher = threading.Thread(target=_watch, args=(peak, stop))
    watcher.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            _train_some_steps(corpus_on_disk(MILLION, Path(folder)))
    finally:
        stop.set()
        watcher.join()
    print(peak[0], before)


if __name__ == "__main__":
    main()
