"""Rows of numbers that are windows of several channels: how to give them their shape again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._channel_names import STANDARD_GRAVITY
from ._typing import AnyArray, Array
from ._warn import warn

__all__ = ["check_flat_rows"]

CHANNELS = (3, 6, 12)
"""Numbers of channels of IMUs; the first three are an accelerometer."""

FEWEST_SAMPLES = 8
MOST_ROWS = 256
"""Rows that are looked at."""

LEVELS = (0.7, 1.4)
"""Median lengths of an acceleration, relative to gravity."""

CONTRAST = 3.0
"""Ratio of the steps between two channels to those within a channel."""


def check_flat_rows(rows: AnyArray, channels: Sequence[str] | None) -> None:
    """Raise or warn if rows (n, C T), which are read as one channel, look like windows of C."""
    n, width = rows.shape
    if channels is not None and len(channels) > 1:
        count = len(channels)
        samples, rest = divmod(width, count)
        if samples > 1 and not rest:
            raise ValueError(
                f"X has shape {rows.shape}, which is one channel of {width} samples, but channels "
                f"names {count}. Give windows (n, channels, samples): "
                f"X.reshape(len(X), {count}, {samples}) if the channels follow one another in a "
                f"row, or X.reshape(len(X), {samples}, {count}).transpose(0, 2, 1) if the samples "
                "do."
            )
        return
    part = rows[:: max(1, n // MOST_ROWS)].astype(np.float64, copy=False)
    found = []
    for count in CHANNELS:
        samples, rest = divmod(width, count)
        if rest or samples < FEWEST_SAMPLES:
            continue
        blocks = part.reshape(len(part), count, samples)
        mixed = part.reshape(len(part), samples, count).transpose(0, 2, 1)
        for windows, code in (
            (blocks, f"X.reshape(len(X), {count}, {samples})"),
            (mixed, f"X.reshape(len(X), {samples}, {count}).transpose(0, 2, 1)"),
        ):
            misfit = _misfit(windows)
            if misfit is not None:
                found.append((round(misfit, 1), count, samples, code))
    if found:
        # every other sample of 3 channels fits as well as 3 of 6 channels: the fewest count
        _, count, samples, code = min(found)
        warn(
            f"X has shape {rows.shape}, which is read as one channel of {width} samples. It looks "
            f"like {count} channels of {samples} samples, of which the first three are an "
            f"acceleration in m/s²: then give {code}, and rate=."
        )


def _misfit(windows: Array) -> float | None:
    """Return how far the first channels of windows (n, C, T) are from 1 g; None if not at all."""
    acc = windows[:, :3]
    lengths = np.linalg.norm(acc, axis=1)
    level = float(np.median(lengths))
    if not LEVELS[0] <= level / STANDARD_GRAVITY <= LEVELS[1]:
        return None
    # one channel goes on from one part to the next; channels of their own do not
    within = float(np.median(np.abs(np.diff(acc, axis=2))))
    between = float(np.median(np.ptp(acc.mean(axis=2), axis=1)))
    across = float(np.median(np.abs(acc[:, 1:, 0] - acc[:, :-1, -1]), axis=0).max())
    if min(between, across) <= CONTRAST * within:
        return None
    return float(np.median(np.abs(lengths - STANDARD_GRAVITY)))
