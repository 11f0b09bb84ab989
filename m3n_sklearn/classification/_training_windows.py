"""Labeled windows as batches, and the loss of a classifying network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .._typing import AnyArray
from ..pretraining import Augmentation
from ._outputs import inputs

REHEARSED = 48
"""Rehearsal windows in each batch."""

LABEL_SMOOTHING = 0.1
"""Share of each label that the loss spreads over all classes."""

BALANCE = 0.01
"""Weight of the loss that keeps a mixture of experts from using one expert only."""


@dataclass(frozen=True)
class LabeledWindows:
    """Rows to learn from, as batches with augmentation.

    Attributes
    ----------
    x : ndarray of shape (n, S, C, T)
        Network input.
    present : ndarray of bool of shape (S, 2), or None
        Sensors that each site has; None for a series.
    codes, weight : ndarray of shape (n,)
        Class numbers; weights, of which only the ratios matter in training.
    n_classes : int
        Number of classes, those without a row included.
    augmentation : Augmentation or None
        Random changes of a batch.
    rate : float or None
        Samples per second of `x`, for the augmentation.
    rehearsal : LabeledWindows or None
        Other rows, such as simulated ones. Each batch contains some of them; together they have
        the weight of all other rows.
    """

    x: AnyArray
    present: NDArray[np.bool_] | None
    codes: NDArray[np.int64]
    weight: AnyArray
    n_classes: int
    augmentation: Augmentation | None = None
    rate: float | None = None
    rehearsal: LabeledWindows | None = None

    def __len__(self) -> int:
        return len(self.x)

    def start_epoch(self, epoch: int) -> None:
        """Do nothing: epochs differ only in their random draws."""

    def without_rehearsal(self) -> LabeledWindows:
        """Return the same rows without rehearsal."""
        return replace(self, rehearsal=None)

    @property
    def any_mounting(self) -> bool:
        """Whether the augmentation turns sensors to any orientation."""
        return self.augmentation is not None and self.augmentation.rotation == "so3"

    @property
    def total(self) -> float:
        """Number of rows; a row of weight 2 counts twice."""
        return float(self.weight.sum())

    @property
    def per_class(self) -> float:
        """Mean number of rows per class; a row of weight 2 counts twice."""
        return self.total / self.n_classes

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, AnyArray]:
        """Return the arrays of some rows, with rehearsal rows and augmentation."""
        x, codes = self.x[rows], self.codes[rows]
        weight = self.weight[rows] / self.weight.mean()
        if self.rehearsal is not None:
            others = self.rehearsal
            drawn = rng.choice(len(others), min(REHEARSED, len(others)), replace=False)
            # half of the weight of a batch is on real rows, half on rehearsal, mean 1
            total = len(rows) + len(drawn)
            even = np.full(len(drawn), 0.5 * total / len(drawn))
            x = np.concatenate([x, others.x[drawn]])
            codes = np.concatenate([codes, others.codes[drawn]])
            weight = np.concatenate([weight * 0.5 * total / len(rows), even])
        batch = inputs(x, self.present)
        if self.augmentation is not None:
            changed, present = self.augmentation(
                batch["imu"], batch["present"], rng, rate=self.rate
            )
            batch = {"imu": np.ascontiguousarray(changed), "present": present}
        return {**batch, "codes": codes, "weight": weight.astype(self.x.dtype)}


def class_loss(output: Mapping[str, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weighted cross-entropy as ``loss`` and, for the history, the accuracy.

    With weights of mean 1, a row of weight 2 counts as two rows.
    """
    logits, weight = output["logits"], batch["weight"]
    terms = functional.cross_entropy(
        logits, batch["codes"], reduction="none", label_smoothing=LABEL_SMOOTHING
    )
    loss = (weight * terms).mean()
    if "gate" in output:
        loss = loss + BALANCE * imbalance(output["gate"], weight)
    correct = (logits.detach().argmax(dim=1) == batch["codes"]).to(terms.dtype)
    return {"loss": loss, "accuracy": correct.mean()}


def imbalance(gate: Tensor, weight: Tensor) -> Tensor:
    """Return how unequally experts are used: 0 if equally, at most their number minus 1.

    `gate` (n, n_experts) holds the weight of each expert in each row, `weight` (n,) that of rows.
    """
    used = (weight[:, None] * gate).sum(dim=0) / weight.sum()
    return torch.square(used).sum() * gate.shape[1] - 1
