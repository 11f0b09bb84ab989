"""The guard: readings that no body produces are found, explained, and masked on demand."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Mask
from .._validation import real_array

__all__ = ["LIMITS", "RUSH", "RUSHING", "Excess", "check_limits", "find_excess", "report"]

LIMITS = (16 * 9.80665, float(np.deg2rad(2000.0)))
"""Specific force in m/s² and rate in rad/s that neither wrists nor feet exceed but in hard impacts,
and that the sensors of watches do not measure."""

AROUND = 0.1
"""Seconds on either side of an excess that are masked with it."""

EDGE = 0.3
"""Seconds from the ends of a clip in which a rest pose or a bad frame is the likely cause."""

WIDESPREAD = 0.15
"""Share of the samples from which on the clip as a whole is wrong: its rate or its units."""

RUSH, RUSHING = 2 * 9.80665, 0.25
"""Acceleration of a pelvis in m/s², and the share of the time in which it can be exceeded. Landings
exceed it for a moment; no more than 1.6 g in a quarter of the time were seen in 1,097 clips, from
standing to sprints and jumps."""

SHOWN = 3
"""Clips that a message lists."""


class Excess(NamedTuple):
    """What one sensor reads beyond the limits in one clip.

    Attributes
    ----------
    row, site : int
        Clip and sensor.
    force, rate : float
        Largest readings in m/s² and rad/s.
    time : float
        Seconds from the first sample to the largest excess.
    edge : bool
        Whether all of it lies near the ends of the clip.
    share : float
        Share of the samples.
    lost : bool
        Whether the clip has frames that were not seen or that no body produces.
    """

    row: int
    site: int
    force: float
    rate: float
    time: float
    edge: bool
    share: float
    lost: bool


def check_limits(limits: Any, names: Sequence[str]) -> Array:
    """Return the limits (S, 2) of sensors, or complain."""
    given = limits if isinstance(limits, Mapping) else dict.fromkeys(names, limits)
    unknown = sorted(set(map(str, given)) - set(names))
    if unknown:
        raise ValueError(
            f"limits names {', '.join(unknown)}, but the sites are {', '.join(names)}."
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
    data: Array, seen: Mask, limits: Array, rate: float, mask: bool
) -> tuple[list[Excess], Mask]:
    """Find what lies beyond the limits.

    Parameters
    ----------
    data : ndarray of shape (B, T, S, 6)
        Specific force (m/s²) and rate (rad/s) of ideal sensors.
    seen : ndarray of bool, shape (B, T, S)
        Samples that count.
    limits : ndarray of shape (S, 2)
        In m/s² and rad/s.
    rate : float
        Samples per second.
    mask : bool
        Whether an excess makes samples unseen.

    Returns
    -------
    found : list of Excess
        One for each clip and sensor with any.
    seen : ndarray of bool, shape (B, T, S)
        Without the excess and 0.1 s around it, if masked.
    """
    lengths = np.stack(
        [np.linalg.norm(data[..., part], axis=-1) for part in (_ACC, _GYRO)], axis=-1
    )
    relative = np.where(seen, (lengths / limits).max(axis=-1), 0.0)
    wild = relative > 1
    found = []
    left = seen.copy() if mask and wild.any() else seen
    count = data.shape[1]
    for row, site in np.argwhere(wild.any(axis=1)).tolist():
        at = np.flatnonzero(wild[row, :, site])
        near = np.minimum(at, count - 1 - at) <= EDGE * rate
        force, turn = lengths[row, :, site].max(axis=0, where=wild[row, :, site, None], initial=0)
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
        if mask:
            reach = round(AROUND * rate)
            around = (at[:, None] + np.arange(-reach, reach + 1)).clip(0, count - 1)
            left[row, around, site] = False
    return found, left


_ACC, _GYRO = slice(0, 3), slice(3, 6)


def report(
    found: Sequence[tuple[str, str, str, Excess]],
    rushing: Sequence[tuple[str, float]],
    lost: Sequence[tuple[str, float]],
    clips: int,
    mode: str,
    stacklevel: int = 3,
) -> None:
    """Say once what was found in a batch.

    Parameters
    ----------
    found : sequence of tuple (clip, site, bone, Excess)
        Everything beyond the limits, with names.
    rushing : sequence of tuple (clip, rate)
        Clips whose pelvis is too fast, with their frame rates in Hz.
    lost : sequence of tuple (clip, share)
        Clips with frames that no body produces or that were missing, and their share.
    clips : int
        How many clips there are.
    mode : {"warn", "raise", "mask"}
        What to do; masked readings need no word.
    stacklevel : int, default=3
        Whose line a warning names.

    Raises
    ------
    ValueError
        If readings are implausible and `mode` is "raise".
    """
    if mode == "mask" or not (found or rushing or lost):
        return
    told = []
    if found:
        worst: dict[str, tuple[str, str, str, Excess]] = {}
        for one in sorted(found, key=lambda x: -x[3].force):
            worst.setdefault(one[0], one)
        told.append(
            f"{len(worst)} of {clips} clips give readings that no body produces: "
            f"{_listed([_told(*one) for one in worst.values()])} Mend the clips, or leave such "
            "stretches out with implausible='mask'."
        )
    if rushing:
        rates = [f"{clip} at {rate:.4g} Hz" for clip, rate in rushing]
        told.append(
            f"In {len(rushing)} of {clips} clips the pelvis keeps accelerating by more than 2 g: "
            f"{_listed(rates)}. Is the frame rate too high, or are translations not in m?"
        )
    if lost:
        shares = [
            f"{clip} {'less than 1%' if share < 0.005 else f'{share:.0%}'} of the time"
            for clip, share in sorted(lost, key=lambda x: -x[1])
        ]
        told.append(
            f"{len(lost)} of {clips} clips have frames that no body produces (left and right "
            f"exchanged, limbs lost) or pauses. Readings are not observed there: {_listed(shares)}."
        )
    message = " ".join(told)
    if (found or rushing) and mode == "raise":
        raise ValueError(message)
    warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)


def _listed(items: Sequence[str]) -> str:
    more = f"; and {len(items) - SHOWN} others" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more


def _told(clip: str, site: str, bone: str, excess: Excess) -> str:
    return (
        f"{clip}, {site} (bone {bone}) at {excess.time:.2f} s: {excess.force:,.0f} m/s², "
        f"{np.rad2deg(excess.rate):,.0f} °/s, {_cause(excess)}"
    )


def _cause(excess: Excess) -> str:
    """Name what most likely went wrong."""
    if excess.share > WIDESPREAD:
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
