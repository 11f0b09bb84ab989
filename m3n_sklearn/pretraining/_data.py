"""Batches of pretraining, in which any row may lack any modality, and masks of hidden spans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._inputs import InputMap, sensors_of
from .._typing import AnyArray
from .._validation import is_missing
from .._windows import Windows
from ._augmentation import Augmentation
from ._modalities import Captions, ImuSource, PoseFeatures

__all__ = ["Named", "PretrainingData", "hidden_spans"]

WHOLE = slice(None)

SPAN_SECONDS = (0.1, 0.3)
"""Length of a hidden span."""

SPAN_SHARE = (0.05, 0.15)
"""Length of a hidden span as a share of a window, where there is no rate."""


def hidden_spans(
    n_rows: int, n_times: int, rate: float | None, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide about half of every row, (n_rows, n_times), in spans of 0.1 to 0.3 s."""
    low, high = (s * rate for s in SPAN_SECONDS) if rate else (s * n_times for s in SPAN_SHARE)
    shortest, longest = max(1, round(low)), max(1, round(high))
    # spans of random lengths, of which every other one is hidden
    lengths = rng.integers(shortest, longest + 1, (n_rows, n_times // shortest + 2))
    edges = np.cumsum(lengths, axis=1) - rng.integers(0, longest, (n_rows, 1))
    span = (np.arange(n_times)[:, None] >= edges[:, None, :]).sum(axis=2)
    hidden = (span + rng.integers(0, 2, (n_rows, 1))) % 2 == 1
    hidden[~hidden.any(axis=1), n_times // 2] = True
    return hidden


@dataclass
class PretrainingData:
    """Rows of a corpus as batches for :class:`~m3n_sklearn.nets._multi3net.Multi3Net`."""

    windows: Windows
    modalities: tuple[str, ...]  # which of imu, pose and text to read
    imu: ImuSource | None = None  # recorded or simulated
    captions: Captions | None = None
    reconstruct: bool = False  # hide spans of every other row
    two_views: bool = False  # augment the IMU a second time
    # set when a sample of the IMU has been read
    input_map: InputMap | None = None
    augmentation: Augmentation | None = None
    dtype: Any = np.float32
    _masks: dict[str, NDArray[np.bool_]] = field(init=False, repr=False)
    _any_mount: NDArray[np.bool_] | None = field(init=False, repr=False)
    _poses: PoseFeatures = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._masks = {name: self.windows.present(name) for name in self.modalities}
        self._poses = PoseFeatures(self.windows)
        self._any_mount = None
        if "mount" in self.windows:
            self._any_mount = np.asarray(self.windows["mount"] == "unknown")

    def __len__(self) -> int:
        return len(self.windows)

    def start_epoch(self, epoch: int) -> None:
        """Simulate again if it is time to."""
        if self.imu is not None:
            self.imu.start_epoch(epoch)

    def pose_shape(self) -> tuple[int, ...]:
        """Return the shape of the pose features of one row."""
        return self._poses.read(np.flatnonzero(self._masks["pose"])[:1]).shape[1:]

    def batch(
        self, rows: NDArray[np.int64], rng: np.random.Generator, part: slice = WHOLE
    ) -> dict[str, Any]:
        """Return what the network and the objectives need.

        Besides the network's inputs these are ``has_imu``, ``has_pose``, ``has_text`` (n,): which
        rows have a modality; ``captions`` (n, P): numbers of their sentences; ``clean``: the IMU
        before augmentation; ``measured`` (k, S, 6, 1): its channels; and ``paired``: which pose
        rows have an IMU. With a `part` of the rows, only they are read, but everything is drawn for
        all rows; ``all_has_imu`` and so on are those of all rows.
        """
        everywhere = {name: self._present(name, rows) for name in self.modalities}
        captions = (
            np.full((len(rows), 1), -1) if self.captions is None else self.captions.numbers[rows]
        )
        has = {name: mask[part] for name, mask in everywhere.items()}
        batch: dict[str, Any] = {f"has_{name}": mask for name, mask in has.items()}
        batch["captions"] = captions[part]
        if part != WHOLE:
            batch |= {f"all_has_{name}": mask for name, mask in everywhere.items()}
            batch["all_captions"] = captions
        own = np.zeros(len(rows), dtype=bool)
        own[part] = True
        # arrays hold only the rows that have the modality; random draws: IMU first, then text
        if everywhere.get("imu", np.zeros(0)).any():
            there = everywhere["imu"]
            self._add_imu(batch, rows[there], own[there], rng)
        if has.get("pose", np.zeros(0)).any():
            poses = self._poses.read(rows[part][has["pose"]])
            batch["pose"] = poses.astype(self.dtype, copy=False)
        if everywhere.get("text", np.zeros(0)).any():
            assert self.captions is not None
            there = everywhere["text"]
            vectors = self.captions.draw(rows[there], rng)[own[there]]
            if len(vectors):
                batch["text"] = vectors.astype(self.dtype, copy=False)
        if "imu" in batch and "pose" in batch:
            batch["paired"] = has["imu"][has["pose"]]
        return batch

    def network_input(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the IMU of some rows as the network reads it."""
        assert self.imu is not None and self.input_map is not None
        return self.input_map(self.imu.read(rows)).astype(self.dtype, copy=False)

    def sensors(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which sensors (acc, gyro) of each site some rows have, (m, S, 2)."""
        assert self.imu is not None and self.input_map is not None
        return sensors_of(self.input_map.layout, len(rows), self.imu.measured(rows))

    def _present(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of some rows have a modality."""
        if name == "text":
            assert self.captions is not None
            return np.asarray(self.captions.numbers[rows, 0] >= 0)
        if name == "imu":
            assert self.imu is not None
            return self.imu.present[rows]
        return self._masks[name][rows]

    def _add_imu(
        self,
        batch: dict[str, Any],
        rows: NDArray[np.int64],
        own: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> None:
        """Add the IMU of own rows that have one: as it is, augmented, and what is hidden of it."""
        assert self.input_map is not None
        clean = self._read_own(rows, own)
        layout = self.input_map.layout
        sensors = self.sensors(rows)
        any_mount = None if self._any_mount is None else self._any_mount[rows]
        x, present = self._augmented(clean, sensors, any_mount, rng)
        added = {"clean": clean, "imu": x}
        if not layout.is_series:
            added["present"] = present
        if self.two_views:
            added["view"], added["view_present"] = self._augmented(clean, sensors, any_mount, rng)
        if self.reconstruct:
            hidden = hidden_spans(len(rows), x.shape[-1], self.input_map.rate, rng)
            if len(rows) > 1:  # every other row is seen whole, as in use
                hidden[rng.integers(0, 2) :: 2] = False
            added["hidden"] = hidden
        if own.any():
            added["measured"] = np.repeat(sensors, 3, axis=2)[..., None]
            batch |= added if own.all() else {name: array[own] for name, array in added.items()}

    def _read_own(self, rows: NDArray[np.int64], own: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the network input of own rows; that of others, who read it themselves, is zero."""
        if own.all():
            return self.network_input(rows)
        read = self.network_input(rows[own] if own.any() else rows[:1])
        merged = np.zeros((len(rows), *read.shape[1:]), read.dtype)
        if own.any():
            merged[own] = read
        return merged

    def _augmented(
        self,
        x: NDArray[Any],
        sensors: NDArray[np.bool_],
        any_mount: NDArray[np.bool_] | None,
        rng: np.random.Generator,
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return changed windows and which of their sensors are left."""
        assert self.input_map is not None
        if self.augmentation is None:
            return x, sensors
        return self.augmentation(x, sensors, rng, rate=self.input_map.rate, any_mount=any_mount)


class Named(NamedTuple):
    """A name per row, `values` (n,), and which rows have one, `known` (n,)."""

    values: AnyArray
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, values: ArrayLike, present: NDArray[np.bool_]) -> Named:
        """Take None, NaN and pandas' NA for a missing name."""
        names = np.asarray(values)
        given = [not is_missing(name) for name in names.tolist()]
        return cls(names, present & np.array(given, dtype=bool))

    @classmethod
    def column(cls, windows: Windows, name: str) -> Named:
        """Read a column, which may be absent."""
        values = windows[name] if name in windows else np.full(len(windows), None)
        return cls.of(values, windows.present(name))

    def distinct(self, rows: NDArray[np.int64]) -> AnyArray:
        """Return the names of some rows, each once."""
        return np.unique(self.values[rows[self.known[rows]]].tolist())
