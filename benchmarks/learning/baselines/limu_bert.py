"""LIMU-BERT and LIMU-BERT-X: published pretrained IMU encoders, frozen.

H. Xu et al., "LIMU-BERT: unleashing the potential of unlabeled data for IMU sensing
applications", SenSys 2021; LIMU-BERT-X is its successor (weights of both: MIT license).
Written from the description of the network; only the weights are taken over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor, nn
from torch.nn import functional

from m3n_sklearn.classification import ForeignEncoder

RATE, HIDDEN, HEADS, PASSES = 20.0, 72, 4, 4
GRAVITY = 9.8
"""m/s² that become 1 at the input; angular rates are in rad/s."""

FILES = {
    "LIMU-BERT-X": "limu_bert_x/limu_bert_x.pt",
    "LIMU-BERT (HHAR)": "limu_bert_4/limu_bert_hhar.pt",
    "LIMU-BERT (MotionSense)": "limu_bert_4/limu_bert_motion.pt",
    "LIMU-BERT (Shoaib)": "limu_bert_4/limu_bert_shoaib.pt",
    "LIMU-BERT (UCI)": "limu_bert_4/limu_bert_uci.pt",
}
"""Published weights by name; in brackets the set that they were trained on."""


ZERO_GYRO = "zeros for the gyroscope"
"""Flag of results on sets without gyroscope."""


def limu_bert(weights: str | Path) -> ForeignEncoder:
    """Return one of the encoders, for windows of any rate and length, from a file of weights.

    LIMU-BERT-X reads pieces of one second, the others 6 s.
    """
    module = LimuBert(torch.load(weights, map_location="cpu", weights_only=True))
    return ForeignEncoder(module, rate=RATE, seconds=module.steps / RATE)


class LimuBertFeatures(TransformerMixin, BaseEstimator):
    """The features of one of the encoders; the file of weights is read by `fit`."""

    def __init__(self, weights: str | Path) -> None:
        self.weights = weights

    def fit(self, X: Any, y: Any = None) -> LimuBertFeatures:
        self.encoder_ = limu_bert(self.weights).fit(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        return self.encoder_.transform(X)


class LimuBert(nn.Module):
    """Windows (n, 6, T) in m/s² and rad/s at 20 Hz -> mean over time of the last states (n, 72).

    Four passes through one transformer layer, whose first residual starts from the output of the
    attention.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        start = "transformer."
        own = {k.removeprefix(start): v for k, v in weights.items() if k.startswith(start)}
        self.steps = len(own["embed.pos_embed.weight"])
        self.weights = nn.ParameterDict({k.replace(".", "/"): v for k, v in own.items()})
        self.register_buffer("units", torch.tensor(np.repeat([GRAVITY, 1.0], 3).astype("f4")))

    def forward(self, windows: Tensor) -> Tensor:
        """Return the features."""
        return self.states(windows.transpose(1, 2) / self.units).mean(dim=1)

    def states(self, x: Tensor) -> Tensor:
        """Return the states (n, T, 72) of windows (n, T, 6)."""
        h = self._norm(self._linear(x, "embed.lin"), "embed.norm")
        h = self._norm(h + self._weight("embed.pos_embed.weight")[: x.shape[1]], "embed.norm")
        for _ in range(PASSES):
            q, k, v = (self._heads(self._linear(h, f"attn.proj_{part}")) for part in "qkv")
            h = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            h = self._norm(h + self._linear(h, "proj"), "norm1")
            inner = functional.gelu(self._linear(h, "pwff.fc1"))
            h = self._norm(h + self._linear(inner, "pwff.fc2"), "norm2")
        return h

    def _weight(self, name: str) -> Tensor:
        return self.weights[name.replace(".", "/")]

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weight(f"{name}.weight"), self._weight(f"{name}.bias"))

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale, shift = self._weight(f"{name}.gamma"), self._weight(f"{name}.beta")
        return functional.layer_norm(x, x.shape[-1:], scale, shift, eps=1e-12)

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)
