"""LIMU-BERT-X and the four encoders of LIMU-BERT: published pretrained IMU encoders, frozen.

H. Xu et al., "LIMU-BERT: unleashing the potential of unlabeled data for IMU sensing
applications", SenSys 2021, and its successor LIMU-BERT-X (MIT license). They differ in their
weights and in the length of their windows: 20 steps of LIMU-BERT-X, 120 of the others. Written from
the description of the network; only the weights are taken over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor
from torch.nn import functional

from .signals import readings, with_gyro

RATE, HEADS, PASSES = 20.0, 4, 4
UNITS = np.repeat([9.8, 1.0], 3).astype(np.float32)

Weights = dict[str, Tensor]


class LimuBertFeatures(TransformerMixin, BaseEstimator):
    """Windows -> mean of the encoder's states, for each site.

    Longer windows than the encoder's are read in pieces. A missing gyroscope reads zero.
    """

    def __init__(self, weights: str | Path) -> None:
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> LimuBertFeatures:
        self.weights_ = torch.load(self.weights, map_location="cpu", weights_only=True)
        return self

    def transform(self, X: Any) -> np.ndarray:
        imu = with_gyro(readings(X, RATE))
        n, channels, length = imu.shape
        count = min(length, len(self.weights_["transformer.embed.pos_embed.weight"]))
        starts = np.linspace(0, length - count, -(-length // count)).round().astype(int)
        pieces = imu.reshape(n, channels // 6, 6, length)[..., starts[:, None] + np.arange(count)]
        steps = np.moveaxis(pieces, 2, -1) / UNITS  # (n, S, pieces, count, 6)
        with torch.inference_mode():
            states = encode(torch.from_numpy(steps.reshape(-1, count, 6)), self.weights_)
        means = states.mean(dim=1).numpy().reshape(n, channels // 6, len(starts), -1)
        return means.mean(axis=2).reshape(n, -1)


def encode(x: Tensor, weights: Weights) -> Tensor:
    """Return the states (n, T, 72) of windows (n, T, 6)."""
    w = {k.removeprefix("transformer."): v for k, v in weights.items() if k.startswith("trans")}

    def linear(x: Tensor, name: str) -> Tensor:
        return functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        scale, shift = w[f"{name}.gamma"], w[f"{name}.beta"]
        return functional.layer_norm(x, x.shape[-1:], scale, shift, eps=1e-12)

    def heads(x: Tensor) -> Tensor:
        return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)

    h = norm(linear(x, "embed.lin"), "embed.norm")
    h = norm(h + w["embed.pos_embed.weight"][: x.shape[1]], "embed.norm")
    for _ in range(PASSES):
        q, k, v = (heads(linear(h, f"attn.proj_{part}")) for part in "qkv")
        h = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        h = norm(h + linear(h, "proj"), "norm1")
        h = norm(h + linear(functional.gelu(linear(h, "pwff.fc1")), "pwff.fc2"), "norm2")
    return h
