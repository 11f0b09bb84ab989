"""Checks of what a calibration is given: shapes, clocks and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import list_of, real_array
from ._model import Clip, Parameters
from ._tracks import SensorTrack

__all__ = ["Measured", "check_clips", "check_units"]

Array = NDArray[np.float64]


class Measured(NamedTuple):
    """What one sensor read during one clip.

    Attributes
    ----------
    times : array-like of shape (T,)
        Strictly increasing times in s, on the sensor's clock. Leave lost samples out.
    acc : array-like of shape (T, 3) or None
        Specific force in m/s² (gravity included), in the sensor's axes.
    gyro : array-like of shape (T, 3) or None
        Angular rate in rad/s, in the sensor's axes.
    """

    times: ArrayLike
    acc: ArrayLike | None = None
    gyro: ArrayLike | None = None


def check_clips(
    tracks: Sequence[SensorTrack], measured: Sequence[Measured], own_lags: bool
) -> list[Clip]:
    moving = list_of(tracks, "tracks", "a list of SensorTrack, one per clip")
    readings = list_of(measured, "measured", "a list of Measured, one per clip")
    if len(moving) != len(readings) or not moving:
        raise ValueError(
            f"tracks and measured must hold one entry per clip, got {len(moving)} and "
            f"{len(readings)}."
        )
    clips = []
    for i, (track, read) in enumerate(zip(moving, readings, strict=True)):
        if not isinstance(track, SensorTrack):
            raise TypeError(f"tracks[{i}] must be a SensorTrack, got {type(track).__name__}.")
        clips.append(_check_clip(track, read, i, i if own_lags else 0))
    if all(values is None for clip in clips for values in clip.readings):
        raise ValueError("Nothing was measured: give acc, gyro or both in at least one clip.")
    return clips


def _check_clip(track: SensorTrack, read: Measured, index: int, lag: int) -> Clip:
    name = f"measured[{index}]"
    if not isinstance(read, tuple) or len(read) not in (2, 3):
        raise TypeError(f"{name} must be Measured(times, acc, gyro), got {type(read).__name__}.")
    entry = Measured(*read)
    times = real_array(entry.times, f"{name}.times", "times of shape (samples,) in s")
    if times.ndim != 1 or not np.isfinite(times).all() or np.any(np.diff(times) <= 0):
        raise ValueError(f"{name}.times must be finite and strictly increasing, in s.")
    if len(times) < 2:
        raise ValueError(f"{name} has {len(times)} samples; at least two are needed.")
    triads: list[Array | None] = []
    for kind, values in (("acc", entry.acc), ("gyro", entry.gyro)):
        if values is None:
            triads.append(None)
            continue
        expected = f"readings of shape ({len(times)}, 3)"
        array = real_array(values, f"{name}.{kind}", expected)
        if array.shape != (len(times), 3):
            raise ValueError(f"{name}.{kind} must be {expected}, got shape {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError(
                f"{name}.{kind} has values that are not finite. Leave lost samples out: times "
                "need not be even."
            )
        triads.append(array)
    return Clip(track, times, (triads[0], triads[1]), lag)


def check_units(clips: list[Clip], start: Parameters) -> None:
    """Refuse readings whose size tells of other units."""
    forces = [np.linalg.norm(c.readings[0], axis=1) for c in clips if c.readings[0] is not None]
    weight = float(np.linalg.norm(start.nominal_gravity))
    if forces:
        typical = float(np.median(np.concatenate(forces)))
        if not 0.4 * weight <= typical <= 10 * weight:
            raise ValueError(
                f"The measured accelerations have a median length of {typical:.3g}, where gravity "
                f"alone makes {weight:.3g} m/s². Give m/s² (g times 9.80665) with gravity included."
            )
    pairs = [(clip, clip.readings[1]) for clip in clips if clip.readings[1] is not None]
    expected = [np.asarray(clip.track.evaluate(_inside(clip))[3]) for clip, _ in pairs]
    if not pairs:
        return
    ours, theirs = (
        np.sqrt(np.mean(np.concatenate(x) ** 2)) for x in (expected, [g for _, g in pairs])
    )
    if ours > 0.05 and theirs > 20 * ours:
        raise ValueError(
            f"The measured rates are {theirs / ours:.0f} times those of the motion: these look "
            "like deg/s. Convert with numpy.deg2rad."
        )


def _inside(clip: Clip) -> Array:
    return np.asarray(np.clip(clip.times, clip.track.start, clip.track.stop))
