"""The check for readings that no body produces, and the most likely cause of each.

Typical causes are a wrong frame rate, positions in cm, a rest pose at the start of a clip, and
exchanged limbs. The warning names clip, site, time and cause; the readings are masked on request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Mask
from .._validation import real_array
from .._warn import warn

__all__ = [
    "LIMITS",
    "MAX_PELVIS_ACCELERATION",
    "MAX_PELVIS_SHARE",
    "Excess",
    "check_limits",
    "find_excess",
    "report",
]

LIMITS = (16 * 9.80665, float(np.deg2rad(2000.0)))
"""Specific force in m/s² and rate in rad/s. Wrists and feet exceed them only in hard impacts, and
the sensors of watches do not measure more."""

MASK_MARGIN = 0.1
"""Seconds on either side of an excess that are masked with it."""

EDGE_SECONDS = 0.3
"""Seconds at both ends of a clip in which a rest pose or a bad frame is the likely cause."""

MAX_LOCAL_SHARE = 0.15
"""Share of the samples above which the whole clip is wrong, by its rate or its units."""

MAX_PELVIS_ACCELERATION, MAX_PELVIS_SHARE = 2 * 9.80665, 0.25
"""Acceleration of a pelvis in m/s², and the share of the time in which it may be exceeded. Landings
exceed it briefly. In 1,097 clips, from standing to sprints and jumps, the upper quartile of the
acceleration is at most 1.6 g."""

MAX_LISTED = 3
"""Clips that a message lists."""

_ACC, _GYRO = slice(0, 3), slice(3, 6)


class Excess(NamedTuple):
    """Readings of one sensor beyond the limits in one clip."""

    row: int  # index of the clip
    site: int  # index of the sensor
    force: float  # largest, in m/s²
    rate: float  # largest, in rad/s
    time: float  # of the largest excess, in s from the first sample
    edge: bool  # whether all of it is near the ends of the clip
    share: float  # of the samples
    lost: bool  # whether the clip has frames that were not observed or are implausible


def check_limits(limits: Any, names: Sequence[str]) -> Array:
    """Return the limits (S, 2) of sensors, or raise an error."""
    given = limits if isinstance(limits, Mapping) else dict.fromkeys(names, limits)
    unknown = sorted(set(map(str, given)) - set(names))
    if unknown:
        raise ValueError(
            f"limits contains {', '.join(unknown)}, but the sites are {', '.join(names)}."
        )
    rows = [
        real_array(given.get(name, LIMITS), "limits", "two numbers, in m/s² and rad/s")
        for name in names
    ]
    for row in rows:
        if row.shape != (2,) or not np.all(row > 0):
            raise ValueError(
                "limits must be two positive numbers, in m/s² and rad/s, or a mapping of site "
                f"name to them; got {limits!r}."
            )
    return np.stack(rows)


def find_excess(
    data: Array,  # (B, T, S, 6), ideal readings in m/s² and rad/s
    seen: Mask,  # (B, T, S), samples that count
    limits: Array,  # (S, 2), in m/s² and rad/s
    rate: float,  # samples per second
    mask: bool,
) -> tuple[list[Excess], Mask]:
    """Find readings beyond the limits; with `mask`, samples around them become unobserved."""
    # 1. Readings relative to their limits
    lengths = np.stack(
        [np.linalg.norm(data[..., part], axis=-1) for part in (_ACC, _GYRO)], axis=-1
    )
    relative = np.where(seen, (lengths / limits).max(axis=-1), 0.0)
    beyond = relative > 1
    found = []
    kept = seen.copy() if mask and beyond.any() else seen
    count = data.shape[1]
    for row, site in np.argwhere(beyond.any(axis=1)).tolist():
        # 2. What is beyond in this clip and sensor
        at = np.flatnonzero(beyond[row, :, site])
        near = np.minimum(at, count - 1 - at) <= EDGE_SECONDS * rate
        force, turn = lengths[row, :, site].max(axis=0, where=beyond[row, :, site, None], initial=0)
        found.append(
            Excess(
                row,
                site,
                float(force),
                float(turn),
                float(relative[row, :, site].argmax() / rate),
                bool(near.all()),
                len(at) / count,
                not bool(seen[row, :, site].all()),
            )
        )
        # 3. The samples around it
        if mask:
            reach = round(MASK_MARGIN * rate)
            around = (at[:, None] + np.arange(-reach, reach + 1)).clip(0, count - 1)
            kept[row, around, site] = False
    return found, kept


def report(
    found: Sequence[tuple[str, str, str, Excess]],  # names of clip, site and bone
    rushing: Sequence[tuple[str, float]],  # clips with a too fast pelvis, and their rates in Hz
    lost: Sequence[tuple[str, float]],  # clips with lost or implausible frames, and their share
    clips: int,  # number of all clips
    mode: str,  # "warn", "raise" or "mask", which is silent
) -> None:
    """Warn or raise an error, once for a batch, about implausible readings and lost frames."""
    if mode == "mask" or not (found or rushing or lost):
        return
    parts = []
    if found:
        worst: dict[str, tuple[str, str, str, Excess]] = {}
        for one in sorted(found, key=lambda x: -x[3].force):
            worst.setdefault(one[0], one)
        parts.append(
            f"{len(worst)} of {clips} clips give readings that no body produces: "
            f"{_listed([_described(*one) for one in worst.values()])} Repair the clips, or leave "
            "these samples out with implausible='mask'."
        )
    if rushing:
        rates = [f"{clip} at {rate:.4g} Hz" for clip, rate in rushing]
        parts.append(
            f"In {len(rushing)} of {clips} clips the pelvis accelerates by more than 2 g in over a "
            "quarter of the time: "
            f"{_listed(rates)}. Is the frame rate too high, or are translations not in m?"
        )
    if lost:
        shares = [
            f"{clip} {'less than 1%' if share < 0.005 else f'{share:.0%}'} of the time"
            for clip, share in sorted(lost, key=lambda x: -x[1])
        ]
        parts.append(
            f"{len(lost)} of {clips} clips have frames that no body produces (left and right "
            "exchanged, limbs lost) or pauses. Readings count as unobserved there: "
            f"{_listed(shares)}."
        )
    message = " ".join(parts)
    if (found or rushing) and mode == "raise":
        raise ValueError(message)
    warn(message)


def _listed(items: Sequence[str]) -> str:
    """Join the first items, and count the others."""
    more = f"; and {len(items) - MAX_LISTED} others" if len(items) > MAX_LISTED else ""
    return "; ".join(items[:MAX_LISTED]) + more


def _described(clip: str, site: str, bone: str, excess: Excess) -> str:
    """Describe one excess."""
    return (
        f"{clip}, {site} (bone {bone}) at {excess.time:.2f} s: {excess.force:,.0f} m/s², "
        f"{np.rad2deg(excess.rate):,.0f} °/s, {_cause(excess)}"
    )


def _cause(excess: Excess) -> str:
    """Name the most likely cause."""
    if excess.share > MAX_LOCAL_SHARE:
        share = f"{excess.share:.0%}"
        return f"{share} of the time: is the frame rate too high, or are positions not in m?"
    if excess.edge:
        return "at an end of the clip: is there a T-pose or a bad first or last frame?"
    if excess.lost:
        return "near frames that were lost: does the tracker exchange left and right?"
    return (
        "for a moment: does a marker jump, or do the poses jitter (then give smoothing= a cut-off "
        "in Hz, or the Motion its source, such as 'video')?"
    )
