"""Training of a classifying network on labelled windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..pretraining.augmentation import Augmentation

AnyArray = NDArray[Any]

_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class LabelledWindows:
    """Rows to learn from, as batches with augmentation.

    Attributes
    ----------
    x : ndarray of shape (n, S, C, T)
        Network input.
    present : ndarray of bool of shape (S, 2), or None
        Sensors that each site has; None for a series.
    codes, weight : ndarray of shape (n,)
        Class numbers; weights, of which only the ratios matter in training.
    augmentation : Augmentation or None
        Random changes of a batch.
    """

    x: AnyArray
    present: NDArray[np.bool_] | None
    codes: NDArray[np.int64]
    weight: AnyArray
    augmentation: Augmentation | None = None

    def __len__(self) -> int:
        return len(self.x)

    def start_epoch(self, epoch: int) -> None:
        """Do nothing: epochs differ only in their draws."""

    def take(self, rows: NDArray[np.intp]) -> LabelledWindows:
        """Return some rows."""
        return replace(self, x=self.x[rows], codes=self.codes[rows], weight=self.weight[rows])

    def plain(self) -> LabelledWindows:
        """Return the same rows without augmentation."""
        return replace(self, augmentation=None)

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, AnyArray]:
        """Return the arrays of some rows."""
        batch = inputs(self.x[rows], self.present)
        if self.augmentation is not None:
            changed, present = self.augmentation(batch["imu"], batch["present"], rng)
            batch = {"imu": np.ascontiguousarray(changed), "present": present}
        weight = (self.weight[rows] / self.weight.mean()).astype(self.x.dtype)
        return {**batch, "codes": self.codes[rows], "weight": weight}


def inputs(x: AnyArray, present: NDArray[np.bool_] | None) -> dict[str, AnyArray]:
    """Return what a network is called with, in one memory layout: it decides on the last bits."""
    x = np.ascontiguousarray(x)
    if present is None:
        return {"imu": x}
    return {"imu": x, "present": np.repeat(present[None], len(x), axis=0)}


@dataclass(frozen=True)
class CrossEntropy:
    """Weighted cross-entropy; with weights of mean 1, a row of weight 2 counts as two rows."""

    smoothing: float

    def __call__(self, logits: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss and, for the history, the accuracy."""
        terms = functional.cross_entropy(
            logits, batch["codes"], reduction="none", label_smoothing=self.smoothing
        )
        correct = (logits.detach().argmax(dim=1) == batch["codes"]).to(terms.dtype)
        return {"loss": (batch["weight"] * terms).mean(), "accuracy": correct.mean()}


def run_in_chunks(
    function: Any,
    module: nn.Module,
    x: AnyArray,
    present: NDArray[np.bool_] | None,
    device: str,
) -> AnyArray:
    """Apply a function of batches to all rows, without gradients, and collect NumPy arrays."""
    dtype = next(module.parameters()).dtype
    module.to(device).eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(x), _ROWS_AT_ONCE):
            batch = inputs(x[start : start + _ROWS_AT_ONCE], present)
            tensors = {k: torch.tensor(v, device=device) for k, v in batch.items()}
            parts.append(function(tensors | {"imu": tensors["imu"].to(dtype)}).cpu().numpy())
    module.to("cpu")
    return np.concatenate(parts)
