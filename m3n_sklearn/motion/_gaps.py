"""Short gaps in tracked positions are bridged by smooth curves, long ones are an error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

__all__ = ["bridge_gaps"]

Array = NDArray[np.float64]

SPAN = 0.07
"""Seconds on each side of a gap from which a velocity is estimated, three frames at least.

On clips of motion capture and of depth cameras with gaps cut into them, this bridges with half of
the error of a straight line; longer spans lag behind, shorter ones follow the noise.
"""
CARRIES = 0.25
"""Seconds for which a velocity is carried on; a longer path at that speed would be invented."""


def bridge_gaps(
    positions: Array, times: Array, max_gap: float, names: Sequence[str]
) -> tuple[Array, NDArray[np.bool_]]:
    """Fill missing positions by curves that continue the velocities on both sides.

    Parameters
    ----------
    positions : ndarray of shape (F, K, 3)
        Positions; a joint is missing where any coordinate is not finite.
    times : ndarray of shape (F,)
        Seconds.
    max_gap : float
        Longest gap in s that is bridged. (A gap at an end counts from its first or last frame
        to the nearest tracked one; there the joint comes to rest.)
    names : sequence of str
        Names of the K joints for the message.

    Returns
    -------
    positions : ndarray of shape (F, K, 3)
        Finite positions; the tracked ones are what they were.
    tracked : ndarray of bool, shape (F, K)
        Where a position was measured.

    Raises
    ------
    ValueError
        If a gap is longer than `max_gap`.
    """
    tracked = np.asarray(np.isfinite(positions).all(axis=-1))
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
                    "or raise max_gap if a guessed path is good enough."
                )
            filled[start:stop, joint] = _curve(positions[:, joint], times, seen, start, stop)
    return filled, tracked


def _curve(path: Array, times: Array, seen: NDArray[np.bool_], start: int, stop: int) -> Array:
    """Positions of one joint in the frames of one gap."""
    missing = times[start:stop]
    if start > 0 and stop < len(times):
        ends = times[[start - 1, stop]]
        carry = min(1.0, CARRIES / (ends[1] - ends[0]))
        slopes = [
            carry * _velocity(path, times, seen, at, d) for at, d in ((start - 1, -1), (stop, 1))
        ]
        return np.asarray(CubicHermiteSpline(ends, path[[start - 1, stop]], slopes)(missing))
    at, direction, end = (start - 1, -1, -1) if start > 0 else (stop, 1, 0)
    since = missing - times[at]
    # constant deceleration to rest: s = v (t - t^2 / 2 T) until t = T
    rest = -direction * min(abs(since[end]), CARRIES)
    since = np.clip(since, min(rest, 0.0), max(rest, 0.0))
    velocity = _velocity(path, times, seen, at, direction)
    return np.asarray(path[at] + velocity * (since - since**2 / (2 * rest))[:, None])


def _velocity(path: Array, times: Array, seen: NDArray[np.bool_], frame: int, step: int) -> Array:
    """Velocity of a joint in the tracked frame next to a gap, from the frames beyond."""
    run = [frame]
    while (
        0 <= run[-1] + step < len(times)
        and seen[run[-1] + step]
        and (len(run) < 3 or abs(times[run[-1] + step] - times[frame]) <= SPAN)
    ):
        run.append(run[-1] + step)
    if len(run) == 1:
        return np.zeros(3)
    return np.asarray(np.polynomial.polynomial.polyfit(times[run] - times[frame], path[run], 1)[1])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
