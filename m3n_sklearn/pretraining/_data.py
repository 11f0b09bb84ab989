"""Batches of pretraining: any row may lack any modality."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._inputs import InputMap
from ..windows import Windows
from ._sampler import NearMisses
from ._sources import Captions, ImuSource, PoseFeatures
from .augmentation import Augmentation

__all__ = ["PretrainingData", "hidden_spans"]

SPAN_SECONDS = (0.1, 0.3)
SPAN_SHARE = (0.05, 0.15)
"""Length of a hidden span as a share of a window, where there is no rate."""


def hidden_spans(
    n_rows: int, n_times: int, rate: float | None, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide about half of every row in spans of 0.1 to 0.3 s, at least one step.

    Parameters
    ----------
    n_rows, n_times : int
        Shape of the mask.
    rate : float or None
        Samples per second; without it, spans are 5 to 15 % of the window.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of bool of shape (n_rows, n_times)
        True where a step is hidden.
    """
    low, high = (s * rate for s in SPAN_SECONDS) if rate else (s * n_times for s in SPAN_SHARE)
    shortest, longest = max(1, round(low)), max(1, round(high))
    lengths = rng.integers(shortest, longest + 1, (n_rows, n_times // shortest + 2))
    edges = np.cumsum(lengths, axis=1) - rng.integers(0, longest, (n_rows, 1))
    span = (np.arange(n_times)[:, None] >= edges[:, None, :]).sum(axis=2)
    hidden = (span + rng.integers(0, 2, (n_rows, 1))) % 2 == 1
    hidden[~hidden.any(axis=1), n_times // 2] = True
    return hidden


@dataclass
class PretrainingData:
    """Rows of a corpus as batches for :class:`~m3n_sklearn.nets.Multi3Net`.

    Attributes
    ----------
    windows : Windows
        The rows.
    modalities : tuple of str
        Which of imu, pose and text to read.
    imu : ImuSource or None
        Where IMU windows come from.
    input_map : InputMap or None
        IMU windows -> network input.
    captions : Captions or None
        Sentences of the rows.
    augmentation : Augmentation or None
        Random changes of the IMU.
    reconstruct : bool
        Hide spans of every other row.
    two_views : bool
        Augment the IMU a second time.
    paraphrases : int
        How many sentences of each row to draw.
    near_misses : NearMisses or None
        What replaces a share of each batch by rows whose captions are similar.
    near_share : float
        That share.
    """

    windows: Windows
    modalities: tuple[str, ...]
    imu: ImuSource | None = None
    input_map: InputMap | None = None
    captions: Captions | None = None
    augmentation: Augmentation | None = None
    reconstruct: bool = False
    two_views: bool = False
    paraphrases: int = 1
    near_misses: NearMisses | None = None
    near_share: float = 0.0
    dtype: Any = np.float32
    _masks: dict[str, NDArray[np.bool_]] = field(init=False, repr=False)
    _poses: PoseFeatures = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._masks = {name: self.windows.present(name) for name in self.modalities}
        self._poses = PoseFeatures(self.windows)

    def __len__(self) -> int:
        return len(self.windows)

    def start_epoch(self, epoch: int) -> None:
        """Let the simulator know."""
        if self.imu is not None:
            self.imu.start_epoch(epoch)

    def pose_shape(self) -> tuple[int, ...]:
        """Return the shape of the pose features of one row."""
        return self._poses.read(np.flatnonzero(self._masks["pose"])[:1]).shape[1:]

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Any]:
        """Return what the network and the objectives need.

        Besides the network's inputs these are ``has_imu``, ``has_pose``, ``has_text`` (n,): which
        rows have a modality; ``captions`` (n, P): numbers of their sentences; ``clean``: the IMU
        before augmentation, ``measured`` (S, 6, 1): its channels, and ``paired``: which pose
        rows have one.
        """
        if self.near_misses is not None:
            rows = self.near_misses.replace(rows, self.near_share, rng)
        has = {name: self._present(name, rows) for name in self.modalities}
        batch: dict[str, Any] = {f"has_{name}": mask for name, mask in has.items()}
        batch["captions"] = (
            np.full((len(rows), 1), -1) if self.captions is None else self.captions.numbers[rows]
        )
        for name, mask in has.items():
            if mask.any():
                getattr(self, f"_add_{name}")(batch, rows[mask], rng)
        if "imu" in batch and "pose" in batch:
            batch["paired"] = has["imu"][has["pose"]]
        return batch

    def network_input(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the IMU of some rows as the network reads it."""
        assert self.imu is not None and self.input_map is not None
        return self.input_map(self.imu.read(rows)).astype(self.dtype, copy=False)

    def _present(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        if name == "text":
            assert self.captions is not None
            return np.asarray(self.captions.numbers[rows, 0] >= 0)
        if name == "imu":
            assert self.imu is not None
            return self.imu.present[rows]
        return self._masks[name][rows]

    def _add_imu(
        self, batch: dict[str, Any], rows: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        assert self.input_map is not None
        clean = self.network_input(rows)
        layout = self.input_map.layout
        x, present = self._augmented(clean, rng)
        batch["clean"], batch["imu"] = clean, x
        batch["measured"] = np.repeat(layout.present, 3, axis=1)[..., None]
        if not layout.is_series:
            batch["present"] = present
        if self.two_views:
            batch["view"], batch["view_present"] = self._augmented(clean, rng)
        if self.reconstruct:
            hidden = hidden_spans(len(rows), x.shape[-1], self.input_map.rate, rng)
            if len(rows) > 1:
                hidden[rng.integers(0, 2) :: 2] = False
            batch["hidden"] = hidden

    def _augmented(
        self, x: NDArray[Any], rng: np.random.Generator
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        assert self.input_map is not None
        present = np.repeat(self.input_map.layout.present[None], len(x), axis=0)
        if self.augmentation is None:
            return x, present
        return self.augmentation(x, present, rng, rate=self.input_map.rate)

    def _add_pose(
        self, batch: dict[str, Any], rows: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        batch["pose"] = self._poses.read(rows).astype(self.dtype, copy=False)

    def _add_text(
        self, batch: dict[str, Any], rows: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        assert self.captions is not None
        batch["text"] = self.captions.draw(rows, rng, self.paraphrases).astype(
            self.dtype, copy=False
        )
