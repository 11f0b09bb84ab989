"""A plain convolutional network, as a practitioner writes it first."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import Tensor, nn
from torch.nn import functional

from ..learning.baselines.signals import readings


class PlainCNN(ClassifierMixin, BaseEstimator):
    """Three convolutions with batch norm, mean over time, linear head; channels are scaled.

    Parameters
    ----------
    epochs : int
        Passes over the training windows.
    """

    def __init__(self, epochs: int = 40, lr: float = 1e-3, random_state: int | None = None) -> None:
        self.epochs = epochs
        self.lr = lr
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> PlainCNN:
        self.classes_, codes = np.unique(y, return_inverse=True)
        x = readings(X)
        self.mean_, self.scale_ = x.mean(axis=(0, 2)), x.std(axis=(0, 2)) + 1e-6
        rng = np.random.default_rng(self.random_state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            self.network_ = _network(x.shape[1], len(self.classes_))
            self._train(self._scaled(x), torch.from_numpy(codes), rng)
        return self

    def _train(self, x: Tensor, codes: Tensor, rng: np.random.Generator) -> None:
        optimizer = torch.optim.Adam(self.network_.parameters(), lr=self.lr)
        self.network_.train()
        for _ in range(self.epochs):
            order = rng.permutation(len(x))
            for rows in np.array_split(order, -(-len(x) // 64)):
                optimizer.zero_grad()
                functional.cross_entropy(self.network_(x[rows]), codes[rows]).backward()
                optimizer.step()
        self.network_.eval()

    def _scaled(self, x: np.ndarray) -> Tensor:
        scaled = (x - self.mean_[:, None]) / self.scale_[:, None]
        return torch.from_numpy(scaled.astype(np.float32))

    def predict(self, X: Any) -> np.ndarray:
        with torch.inference_mode():
            parts = [self.network_(part) for part in self._scaled(readings(X)).split(256)]
        return self.classes_[torch.cat(parts).argmax(dim=1).numpy()]


def _network(n_channels: int, n_classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after, kernel in ((n_channels, 64, 9), (64, 128, 5), (128, 128, 5)):
        convolution = nn.Conv1d(before, after, kernel, padding=kernel // 2)
        layers += [convolution, nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(2)]
    pooled = [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, n_classes)]
    return nn.Sequential(*layers, *pooled)
