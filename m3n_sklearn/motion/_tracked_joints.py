"""Tracked joint positions as trackers write them: what is checked, missing, bridged and scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import Akima1DInterpolator

from .._typing import Array
from .._validation import check_positive, is_number, real_array
from .._warn import warn
from ..skeleton import (
    REQUIRED,
    SMPL_JOINTS,
    fitted_stature,
    joint_columns,
    reference_joints,
    sets_of,
    stature_from_lengths,
    warn_if_not_grown,
)
from ._inverse_kinematics import Joints
from ._motion import _check_confidence

__all__ = [
    "MAX_UNEVENNESS",
    "Layout",
    "bridge_gaps",
    "check_max_gap",
    "check_positions",
    "is_markerless",
    "joint_confidence",
    "listed",
    "scale_of",
    "unevenness",
    "used_joints",
    "warn_if_other_order",
    "without_zeros",
]

Layout = str | Mapping[str, int | Sequence[int]] | Sequence[str]

# ---- markers or cameras

MAX_MARKER_NOISE = 0.015
"""Error of a joint in m below which positions come from markers."""

MIN_CAMERA_JITTER = 5e-4
"""Smallest relative scatter of limb lengths that indicates cameras. Observed: 0.0001 to 0.0003 with
markers and fitted skeletons, 0.0015 to 0.005 with depth cameras, 0.001 to 0.2 with video."""

MIN_JITTER_FRAMES = 12
"""Frames that are needed to estimate this scatter."""

# ---- size

MAX_STATURE_RATIO = 1.25
"""Ratio of fitted to given stature, or its inverse, above which positions have another unit."""

# ---- joints

LIMB_BONES = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))

MAX_UNEVENNESS = 3.0
"""Ratio of the statures that fit the segments of the limbs above which joints are in another order.
Observed: up to 2.3 with depth cameras, above 5 in a wrong order and with rotations."""

MAX_METERS_WITH_SCORE = 20.0
"""Extent of x and y above which a third coordinate from 0 to 1 is a score of image positions."""

COAST_SECONDS = 0.25
"""Time in s in which a joint comes to rest that is lost until the end of the clip."""


def check_positions(positions: ArrayLike) -> tuple[Array, Array | None]:
    """Return positions (F, K, 3), and their confidence (F, K) if it is the fourth coordinate."""
    values = real_array(positions, "positions", "joints of shape (frames, joints, 3) in m")
    # 1. Shape
    cure = {
        2: "use reshape(len(positions), -1, 3) if a row holds x, y, z of all joints",
        4: "with several people, select one of them",
    }.get(values.ndim, "Kinect's .mat files have (joints, 3, frames): use transpose(2, 0, 1)")
    if values.ndim != 3 or len(values) == 0 or values.shape[2] not in (2, 3, 4):
        raise ValueError(
            f"positions must have shape (frames, joints, 3), got {values.shape}; {cure}."
        )
    places, fourth = values[..., :3], values[..., 3] if values.shape[2] == 4 else None
    # 2. Positions in an image, with or without a score
    finite = places[np.isfinite(places).all(axis=-1)]
    flat = values.shape[2] == 2
    if not flat and len(finite):
        size = np.ptp(finite, axis=0)
        scores = finite[:, 2].min() >= 0 and finite[:, 2].max() <= 1
        flat = size[2] < 1e-6 * size.max() or (scores and size[:2].min() > MAX_METERS_WITH_SCORE)
    if flat:
        raise ValueError(
            "positions are 2-D: a third coordinate in m is missing (it is constant, or a score). "
            "Positions in an image do not determine a motion in space. Estimate 3-D positions "
            "first, with a lifting network, several cameras, or a video tool for SMPL bodies."
        )
    # 3. A fourth coordinate is a confidence
    if (
        fourth is not None
        and not ((np.nan_to_num(fourth) >= 0) & (np.nan_to_num(fourth) <= 1)).all()
    ):
        raise ValueError(
            "positions of shape (frames, joints, 4) must hold x, y, z and a confidence from 0 to "
            f"1, but the fourth coordinate reaches from {np.nanmin(fourth):.4g} to "
            f"{np.nanmax(fourth):.4g}. Pass positions[..., :3]."
        )
    return places, fourth


def joint_confidence(confidence: ArrayLike | None, shape: tuple[int, ...]) -> Array | None:
    """Check confidences; NaN counts as zero."""
    if confidence is None:
        return None
    values = real_array(confidence, "confidence", f"numbers of shape {shape}")
    return _check_confidence(np.nan_to_num(values), shape)


def without_zeros(positions: Array, columns: Mapping[str, Sequence[int]]) -> Array:
    """Set joints at exactly (0, 0, 0) to NaN; a pelvis that is always there is the origin."""
    used = sorted({column for each in columns.values() for column in each})
    zero = np.zeros(positions.shape[:2], dtype=bool)
    zero[:, used] = (positions[:, used] == 0).all(axis=-1)
    pelvis = list(columns.get("pelvis", ()))
    zero[:, [column for column in pelvis if zero[:, column].all()]] = False
    if not zero.any():
        return positions
    names = [joint for joint, each in columns.items() if zero[:, list(each)].any()]
    warn(
        f"Positions at exactly (0, 0, 0) count as missing, as some trackers write joints that they "
        f"do not see: {listed(names)} in {int(zero.any(axis=1).sum())} of {len(zero)} frames."
    )
    result = positions.copy()
    result[zero] = np.nan
    return result


def used_joints(places: Joints, times: Array, max_gap: float) -> tuple[Joints, list[str]]:
    """Leave out optional joints that are never tracked; name those lost for too long, too."""
    lost: list[str] = []
    used: Joints = {}
    for joint, path in places.items():
        missing = np.asarray(~np.isfinite(path).all(axis=-1))
        if joint not in REQUIRED and missing.any():
            if missing.all():
                continue
            gaps = [_gap(times, *run) for run in _runs(missing)]
            if max(gaps) > max_gap + 1e-9:
                lost.append(joint)
                continue
        used[joint] = path
    return used, lost


def listed(names: Sequence[str]) -> str:
    """Join names for a message, at most six."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def is_markerless(joints: Joints, noise: float) -> bool:
    """Tell cameras from markers and fitted skeletons by the scatter of limb lengths."""
    # robust scatter of white noise: median absolute second difference, of variance 6 s^2
    if noise < MAX_MARKER_NOISE:
        return False
    jitter = []
    for side in ("left", "right"):
        for start, end in LIMB_BONES:
            length = np.linalg.norm(joints[f"{side}_{end}"] - joints[f"{side}_{start}"], axis=-1)
            if len(length) >= MIN_JITTER_FRAMES:
                scatter = 1.4826 * np.median(np.abs(np.diff(length, 2))) / np.sqrt(6.0)
                jitter.append(scatter / np.median(length))
    return bool(jitter) and float(np.median(jitter)) > MIN_CAMERA_JITTER


def warn_if_other_order(joints: Joints, joint_set: str | None, positions: Array) -> None:
    """Warn if limbs are as unequal as in a wrong order of the joints."""
    spread = _spread(joints)
    if not spread > MAX_UNEVENNESS:
        return
    others = [
        repr(name)
        for name in sets_of(positions.shape[1])
        if name != joint_set and unevenness(positions, name) < MAX_UNEVENNESS
    ]
    hint = f" The lengths fit layout={' or '.join(others)}." if others else ""
    warn(
        f"The lengths of the limbs do not belong to one person: they fit statures that differ by a "
        f"factor of {spread:.2g}. Is the order of the joints another one?{hint}"
    )


def unevenness(positions: Array, layout: Layout = "auto") -> float:
    """Return the ratio of the statures that fit the longest and the shortest segment of a limb."""
    columns = joint_columns(layout, positions.shape[1])[1]
    return _spread({j: positions[:, list(columns[j])].mean(axis=1) for j in REQUIRED})


def _spread(joints: Joints) -> float:
    """Implement `unevenness` for positions (F, 3) by joint."""
    rest = dict(zip(SMPL_JOINTS, reference_joints(), strict=True))
    ratios = []
    for side in ("left", "right"):
        for start, end in LIMB_BONES:
            a, b = f"{side}_{start}", f"{side}_{end}"
            length = np.linalg.norm(joints[b] - joints[a], axis=-1)
            seen = length[np.isfinite(length)]
            if len(seen):
                ratios.append(float(np.median(seen) / np.linalg.norm(rest[b] - rest[a])))
    return max(ratios) / max(min(ratios), 1e-12) if ratios else 1.0


def scale_of(lengths: Mapping[str, float], stature: float | None) -> tuple[float, float]:
    """Return the factor from positions to meters, and the stature in m."""
    # 1. A given stature scales positions whose unit is not the meter
    fitted = fitted_stature(lengths)
    if stature is not None:
        check_positive(stature, "stature", "meters")
        if not 1 / MAX_STATURE_RATIO < fitted / stature < MAX_STATURE_RATIO:
            if not fitted > 0:
                raise ValueError("The limbs have no length: all positions of a limb coincide.")
            warn(
                f"The limbs belong to a person {fitted:.4g} units tall. All positions are scaled "
                f"by {stature / fitted:.4g} to the given stature of {stature:g} m."
            )
            return stature / fitted, stature
    # 2. Otherwise positions are in m, and the lengths must be human
    hint = " If they have no unit, pass stature= in meters to scale them."
    height = stature_from_lengths(lengths, what="positions", cure=hint)
    if stature is None:
        warn_if_not_grown(
            [height], "Pass stature= in meters to scale the positions, or to confirm."
        )
    return 1.0, height


# ---- gaps


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
            raise ValueError(
                f"Joint {names[joint]} is never tracked: in all frames it is missing (not finite, "
                "or exactly at the origin)."
            )
        for start, stop in _runs(~valid):
            if (gap := _gap(times, start, stop)) > max_gap + 1e-9:
                raise ValueError(
                    f"Joint {names[joint]} is missing from frame {start} to {stop - 1} "
                    f"({gap:.3g} s), more than max_gap={max_gap:g} s. Cut the clip there, "
                    "or raise max_gap if an interpolated path is good enough."
                )
            filled[start:stop, joint] = _curve(positions[:, joint], times, valid, start, stop)
    return filled, tracked


def _gap(times: Array, start: int, stop: int) -> float:
    """Return the time between the measured frames around a gap."""
    return float(times[min(stop, len(times) - 1)] - times[max(start - 1, 0)])


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
    """Tell whether a frame exists and is valid."""
    return 0 <= frame < len(valid) and bool(valid[frame])


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
