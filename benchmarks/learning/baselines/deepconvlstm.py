"""DeepConvLSTM, the network that reviewers expect in the table.

F. J. Ordóñez, D. Roggen, "Deep convolutional and LSTM recurrent neural networks for multimodal
wearable activity recognition", Sensors 16(1), 2016: four convolutions over time of 64 filters of
5 samples, shared by all channels; two LSTM layers of 128 cells; dropout; at 30 Hz.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import Tensor, nn
from torch.nn import functional

from ..recipes import FINE_TUNING
from .signals import by_site, readings

RATE, FILTERS, KERNEL, CELLS = 30.0, 64, 5, 128


class Network(nn.Module):
    """Windows (n, C, T) -> logits of the last time step."""

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__()
        sizes = [1, *[FILTERS] * 4]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, (1, KERNEL)) for a, b in pairwise(sizes))
        self.lstm = nn.LSTM(FILTERS * n_channels, CELLS, num_layers=2, dropout=0.5)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(CELLS, n_classes)
        for name, weight in self.named_parameters():
            if weight.ndim > 1:
                nn.init.orthogonal_(weight)
            elif "bias" in name:
                nn.init.zeros_(weight)

    def forward(self, x: Tensor) -> Tensor:
        h = x[:, None]
        for convolution in self.convolutions:
            h = functional.relu(convolution(h))
        steps = h.permute(3, 0, 1, 2).flatten(2)  # (T, n, filters x channels)
        last = self.lstm(self.dropout(steps))[0][-1]
        return self.head(self.dropout(last))


class DeepConvLSTM(ClassifierMixin, BaseEstimator):
    """The network as a classifier, trained with our augmentation.

    Parameters
    ----------
    min_epochs, min_steps : int
        Training takes at least so many passes and steps.
    """

    def __init__(
        self,
        min_epochs: int = 10,
        min_steps: int = 200,
        batch_size: int = 64,
        lr: float = 2e-3,
        random_state: int | None = None,
    ) -> None:
        self.min_epochs = min_epochs
        self.min_steps = min_steps
        self.batch_size = batch_size
        self.lr = lr
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> DeepConvLSTM:
        self.classes_, codes = np.unique(y, return_inverse=True)
        x = by_site(readings(X, RATE))
        rng = np.random.default_rng(self.random_state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            self.network_ = Network(x.shape[1] * 6, len(self.classes_))
            self._train(x, codes, rng)
        return self

    def _train(self, x: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
        change, present = FINE_TUNING, np.ones((*x.shape[:2], 2), dtype=bool)
        per_epoch = -(-len(x) // self.batch_size)
        epochs = max(self.min_epochs, -(-self.min_steps // per_epoch))
        optimizer = torch.optim.AdamW(self.network_.parameters(), lr=self.lr, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.lr, epochs * per_epoch)
        self.network_.train()
        for _ in range(epochs):
            for rows in np.array_split(rng.permutation(len(x)), per_epoch):
                changed = change(x[rows], present[rows], rng, rate=RATE)[0]
                batch = torch.from_numpy(changed.astype(np.float32))
                logits = self.network_(batch.flatten(1, 2))
                optimizer.zero_grad()
                functional.cross_entropy(logits, torch.from_numpy(codes[rows])).backward()
                nn.utils.clip_grad_norm_(self.network_.parameters(), 1.0)
                optimizer.step()
                schedule.step()
        self.network_.eval()

    def predict_proba(self, X: Any) -> np.ndarray:
        x = torch.from_numpy(by_site(readings(X, RATE)).astype(np.float32)).flatten(1, 2)
        with torch.inference_mode():
            parts = [self.network_(part).softmax(dim=1) for part in x.split(256)]
        return torch.cat(parts).numpy()

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
