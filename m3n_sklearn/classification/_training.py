"""Labelled windows as batches, and the loss of what a network says about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..pretraining.augmentation import Augmentation
from ._inference import inputs

AnyArray = NDArray[Any]

REHEARSED = 48
"""Rows that are rehearsed in every step."""

BALANCE = 0.01
"""Weight of the loss that keeps one expert from answering alone."""


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
    n_classes : int
        How many classes there are, those without a row included.
    augmentation : Augmentation or None
        Random changes of a batch.
    rate : float or None
        Samples per second of `x`, for the augmentation.
    rehearsal : LabelledWindows or None
        Other rows, such as simulated ones, of which each batch gets a few: all its rows together
        weigh as much as all of those.
    """

    x: AnyArray
    present: NDArray[np.bool_] | None
    codes: NDArray[np.int64]
    weight: AnyArray
    n_classes: int
    augmentation: Augmentation | None = None
    rate: float | None = None
    rehearsal: LabelledWindows | None = None

    def __len__(self) -> int:
        return len(self.x)

    def start_epoch(self, epoch: int) -> None:
        """Do nothing: epochs differ only in their draws."""

    def take(self, rows: NDArray[np.intp]) -> LabelledWindows:
        """Return some rows."""
        return replace(self, x=self.x[rows], codes=self.codes[rows], weight=self.weight[rows])

    def plain(self) -> LabelledWindows:
        """Return the same rows without augmentation and rehearsal."""
        return replace(self, augmentation=None, rehearsal=None)

    def alone(self) -> LabelledWindows:
        """Return the same rows without rehearsal."""
        return replace(self, rehearsal=None)

    @property
    def arbitrarily_mounted(self) -> bool:
        """Whether sensors are turned into any orientation."""
        return self.augmentation is not None and self.augmentation.rotation == "so3"

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> dict[str, AnyArray]:
        """Return the arrays of some rows."""
        x, codes = self.x[rows], self.codes[rows]
        weight = self.weight[rows] / self.weight.mean()
        if self.rehearsal is not None:
            others = self.rehearsal
            drawn = rng.choice(len(others), min(REHEARSED, len(others)), replace=False)
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

    @property
    def per_class(self) -> float:
        """How many rows there are per class; one of weight 2 counts twice."""
        return self.total / self.n_classes

    @property
    def total(self) -> float:
        """How many rows there are; one of weight 2 counts twice."""
        return float(self.weight.sum())

    def log_prior(self) -> NDArray[np.float64]:
        """Return how much more frequent than in the mean each class is, as a logarithm.

        Rows that are rehearsed count as much as all others together, as they do in a batch. A class
        without a row gets 0: nothing is known of it, so nothing is evened out.
        """
        totals = self._shares()
        if self.rehearsal is not None:
            totals = totals + self.rehearsal._shares()
        seen = totals > 0
        return np.log(np.where(seen, totals / totals[seen].mean(), 1.0))

    def _shares(self) -> NDArray[np.float64]:
        return np.bincount(self.codes, self.weight, minlength=self.n_classes) / self.weight.sum()


@dataclass(frozen=True)
class ClassLoss:
    """Weighted cross-entropy; with weights of mean 1, a row of weight 2 counts as two rows.

    Attributes
    ----------
    smoothing : float
        Share of each label that is spread over all classes.
    prior : tuple of float, or None
        Added to the logits of the classes in training only, so that what is learned is the same
        for classes of any frequency (balanced softmax [1]_).

    References
    ----------
    .. [1] J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020.
    """

    smoothing: float
    prior: tuple[float, ...] | None = None

    def __call__(self, output: Mapping[str, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss and, for the history, the accuracy."""
        logits, weight = output["logits"], batch["weight"]
        shifted = logits if self.prior is None else logits + logits.new_tensor(self.prior)
        terms = functional.cross_entropy(
            shifted, batch["codes"], reduction="none", label_smoothing=self.smoothing
        )
        loss = (weight * terms).mean()
        if "shares" in output:
            loss = loss + BALANCE * imbalance(output["shares"], weight)
        correct = (logits.detach().argmax(dim=1) == batch["codes"]).to(terms.dtype)
        return {"loss": loss, "accuracy": correct.mean()}


def imbalance(shares: Tensor, weight: Tensor) -> Tensor:
    """Return how unequally experts are used: 0 if equally, up to their number minus 1.

    Parameters
    ----------
    shares : Tensor of shape (n, n_experts)
        What the gate gives each expert in each row.
    weight : Tensor of shape (n,)
        Weights of the rows.
    """
    used = (weight[:, None] * shares).sum(dim=0) / weight.sum()
    return torch.square(used).sum() * shares.shape[1] - 1
