"""Pose windows: the real frames and the person of each row, and the readings they get.

Rows with the same real frames, person and source are simulated together, in batches of a fixed
size.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from .._typing import Array
from .._windows import Windows
from ..recording import channel_names
from ._keys import row_keys
from ._rig import Person, Readings, Rig, Take

__all__ = ["Frames", "people", "read_rows", "sources", "with_readings"]

Rows = NDArray[np.int64]

BATCH_SIZE = 64
"""Largest number of windows in a batch. It is fixed, so that results do not depend on `n_jobs`."""


class Frames(NamedTuple):
    """The frames of pose windows in time; 0 s is the start of the window without its margin."""

    total: int  # frames of a row
    margin: int  # frames of the margin at either end
    rate: float  # frames per second
    context: Rows  # (n, 2), real frames of the margin at both ends

    @classmethod
    def of(cls, X: Windows) -> Frames:
        """Read the layout of windows, or raise an error."""
        rate = X.rate("pose")
        if rate is None:
            raise ValueError(
                "The rate of the poses is not known: give Windows(..., rate={'pose': 60.0})."
            )
        total, margin = X["pose"].shape[1], _whole(X.margin * rate)
        if total <= 2 * margin:
            raise ValueError(
                f"The margin of {X.margin:g} s at both ends is {2 * margin} frames at {rate:g} Hz, "
                f"but the windows have only {total}."
            )
        context = X["context"] if "context" in X else np.full((len(X), 2), margin)
        if context.shape != (len(X), 2) or context.dtype.kind not in "iu":
            raise ValueError(
                f"Column 'context' must hold two whole numbers per row, got {context.dtype} of "
                f"shape {context.shape}."
            )
        if context.size and (context.min() < 0 or context.max() > margin):
            raise ValueError(
                f"Column 'context' counts real frames of the margin and must lie in 0 to {margin}, "
                f"got {context.min()} to {context.max()}."
            )
        return cls(total, margin, rate, context)

    @property
    def core(self) -> slice:
        """Frames of the window without its margin."""
        return slice(self.margin, self.total - self.margin)

    def samples(self, rate: float) -> int:
        """Return the number of sensor samples of the window without its margin."""
        return max(1, _whole((self.total - 2 * self.margin) / self.rate * rate))

    def real(self, row: int) -> slice:
        """Return the frames of a row that are not a repeated edge."""
        left, right = (int(count) for count in self.context[row])
        return slice(self.margin - left, self.total - self.margin + right)

    def times(self, cut: slice) -> Array:
        """Return the times of some frames in s."""
        return (np.arange(cut.start, cut.stop) - self.margin) / self.rate


def read_rows(
    rig: Rig, X: Windows, frames: Frames, n_jobs: int | None
) -> list[tuple[Rows, Readings]]:
    """Simulate the rows that have poses; return the rows of each batch and their readings."""
    if rig.spread.changes_motion:
        raise ValueError(
            "Windows cannot be mirrored or played at another tempo, because their frames are "
            "fixed. Cut windows from varied clips: cut(zip(simulator.vary(motions), "
            "simulator.simulate(motions)), pose_rate=60.0, ...)."
        )
    # 1. Batches of rows with equal frames, body and source
    rows = np.flatnonzero(X.present("pose"))
    keys = row_keys(X, rows, "pose") if rig.is_random else [(b"", b"")] * len(rows)
    apart = [clip if rig.spread.changes_body else b"" for clip, _ in keys]
    groups = list(_batches(frames, rows, people(X, rows), sources(X, rows), apart))
    # 2. What a batch is simulated from
    poses = X["pose"]
    trans = X["trans"] if "trans" in X else np.zeros((*poses.shape[:2], 3), poses.dtype)
    known = None
    if "pose_observed" in X:
        known = X["pose_observed"] | ~X.present("pose_observed")[:, None, None]
    wanted = np.arange(frames.samples(rig.rate)) / rig.rate
    parts = Parallel(n_jobs=n_jobs)(
        delayed(rig.read)(
            Take(
                poses[rows[group.members], group.cut],
                trans[rows[group.members], group.cut],
                frames.times(group.cut),
                wanted,
                group.person,
                group.source,
                [keys[i] for i in group.members],
                None if known is None else known[rows[group.members], group.cut],
            )
        )
        for group in groups
    )
    return [(rows[group.members], part) for group, part in zip(groups, parts, strict=True)]


def with_readings(
    X: Windows, taken: Sequence[tuple[Rows, Readings]], frames: Frames, rig: Rig
) -> Windows:
    """Return windows with the readings of `read_rows`, and poses without their margin."""
    poses, channels = X["pose"], channel_names(rig.names)
    imu = np.zeros((len(X), len(channels), frames.samples(rig.rate)), dtype=poses.dtype)
    observed = np.ones(imu.shape, dtype=bool)
    # 1. Simulated readings; without any, a sensor reads zero
    for rows, part in taken:
        readings = np.where(np.isfinite(part.data), part.data, 0.0)
        imu[rows] = readings.reshape(*readings.shape[:2], -1).swapaxes(1, 2)
        observed[rows] = np.repeat(part.seen, 6, axis=2).swapaxes(1, 2)
    there = X.present("pose").copy()
    if rig.masks:
        there &= observed.all(axis=(1, 2))
    # 2. Measured readings of rows without poses
    measured = X.present("imu") & ~X.present("pose")
    if measured.any():
        _check_measured(X, imu.shape, rig.rate, channels)
        imu[measured] = X["imu"][measured]
        if "observed" in X:
            observed[measured] = X["observed"][measured]
        there |= measured
    # 3. Poses without margin
    framed = ("pose", "trans", "pose_observed")
    columns = {name: X[name][:, frames.core] for name in framed if name in X}
    masks = {name: X.present(name) for name in columns} | {"imu": there}
    if not observed.all():
        columns["observed"] = observed
    return X.drop("context", "observed").assign(
        rate={"imu": rig.rate},
        channels=channels,
        margin=0.0,
        present={name: mask for name, mask in masks.items() if not mask.all()},
        imu=imu,
        **columns,
    )


def _check_measured(
    X: Windows, shape: tuple[int, ...], rate: float, channels: tuple[str, ...]
) -> None:
    """Raise ValueError unless measured readings are those that the simulator gives."""
    given = X.rate("imu")
    differs = given is not None and abs(given - rate) > 1e-9 * rate
    renamed = X.channels is not None and X.channels != channels
    if X["imu"].shape != shape or differs or renamed:
        raise ValueError(
            f"Some rows have measured readings of shape {X['imu'].shape[1:]} at {given} Hz "
            f"(channels {X.channels}), but simulated ones have shape {shape[1:]} at {rate:g} Hz "
            f"(channels {channels}). Set sites= and rate= to match, or resample the measured rows."
        )


class _Batch(NamedTuple):
    """Rows that are simulated together."""

    members: Rows  # positions in the list of rows
    cut: slice  # their real frames
    person: Person
    source: str | None


def _batches(
    frames: Frames,
    rows: Rows,
    persons: Sequence[Person],
    origins: Sequence[str | None],
    apart: Sequence[Hashable],  # rows with different entries are not mixed
) -> Iterator[_Batch]:
    """Yield rows that share real frames, body, source and key, in a fixed order."""
    groups: dict[Any, list[int]] = {}
    for i, (row, *rest) in enumerate(zip(rows, persons, origins, apart, strict=True)):
        cut = frames.real(int(row))
        groups.setdefault((cut.start, cut.stop, *rest), []).append(i)
    for (start, stop, person, source, _), members in groups.items():
        for first in range(0, len(members), BATCH_SIZE):
            chosen = np.array(members[first : first + BATCH_SIZE])
            yield _Batch(chosen, slice(start, stop), person, source)


def people(X: Windows, rows: Rows) -> list[Person]:
    """Return the person in each row, by the columns ``sex``, ``stature`` and ``betas``."""
    columns = (_known(X, name, rows) for name in ("sex", "stature", "betas"))
    return [Person.of(*facts) for facts in zip(*columns, strict=True)]


def sources(X: Windows, rows: Rows) -> list[str | None]:
    """Return the source of the poses of each row; None where it is not known."""
    return [None if source in (None, "") else str(source) for source in _known(X, "source", rows)]


def _known(X: Windows, column: str, rows: Rows) -> list[Any]:
    """Return the entries of a column, None in rows without one."""
    if column not in X:
        return [None] * len(rows)
    there = X.present(column)[rows]
    if column == "stature" and (X[column].ndim != 1 or X[column].dtype.kind not in "fiu"):
        raise ValueError(
            f"Column 'stature' must hold one number of m per row, got {X[column].dtype} of shape "
            f"{X[column].shape}."
        )
    return [x if known else None for x, known in zip(X[column][rows], there, strict=True)]


def _whole(value: float) -> int:
    """Round to an integer, halves up as in `cut`; Python rounds halves to even."""
    return int(np.floor(value + 0.5 + 1e-6))
