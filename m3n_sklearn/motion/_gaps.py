"""Short gaps in tracked positions are bridged, long ones are an error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bridge_gaps(positions: Array, times: Array, max_gap: float, names: Sequence[str]) -> Array:
    """Fill missing positions by straight lines in time.

    Parameters
    ----------
    positions : ndarray of shape (F, K, 3)
        Positions; a joint is missing where any coordinate is not finite.
    times : ndarray of shape (F,)
        Seconds.
    max_gap : float
        Longest gap in s that is bridged (for a gap at an end: its distance to the first or
        last tracked frame, whose position is held).
    names : sequence of str
        Names of the K joints for the message.

    Returns
    -------
    ndarray of shape (F, K, 3)
        Finite positions.

    Raises
    ------
    ValueError
        If a gap is longer than `max_gap`.
    """
    tracked = np.asarray(np.isfinite(positions).all(axis=-1))
    if tracked.all():
        return positions
    filled = positions.copy()
    for joint in np.flatnonzero(~tracked.all(axis=0)).tolist():
        seen = tracked[:, joint]
        if not seen.any():
            raise ValueError(f"Joint {names[joint]} is never tracked: all its frames are missing.")
        for start, stop in _runs(~seen):
            left, right = times[max(start - 1, 0)], times[min(stop, len(times) - 1)]
            if right - left > max_gap + 1e-9:
                raise ValueError(
                    f"Joint {names[joint]} is missing from frame {start} to {stop - 1} "
                    f"({right - left:.3g} s), more than max_gap={max_gap:g} s. Cut the clip there, "
                    "or raise max_gap if a straight line is good enough."
                )
        for axis in range(3):
            filled[~seen, joint, axis] = np.interp(
                times[~seen], times[seen], positions[seen, joint, axis]
            )
    return filled


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
