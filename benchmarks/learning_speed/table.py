"""Lines of the table, and how they are timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Line(NamedTuple):
    """One line: quantity, value, target, and whether it was met."""

    quantity: str
    value: str
    target: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"{self.quantity:<74}{self.value:>22}{self.target:>14}  {verdict}".rstrip()


def seconds(run: Callable[[], object]) -> float:
    """Wall time of a call."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def median(run: Callable[[], object], repeats: int) -> float:
    """Median wall time of a call, after one that may compile."""
    run()
    return float(np.median([seconds(run) for _ in range(repeats)]))


def paired_ratio(a: Callable[[], object], b: Callable[[], object], repeats: int) -> float:
    """Median of time of a / time of b, in turns, so that a busy machine slows both."""
    a(), b()
    return float(np.median([seconds(a) / seconds(b) for _ in range(repeats)]))
