"""Networks that name IMU windows: an encoder with a head, or with the embeddings of names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._multi3net import Multi3Net, build_imu_encoder

__all__ = ["ImuClassifier", "ImuNamer", "build_classifier"]

Config = Mapping[str, Any]


class Head(nn.Module):
    """Features -> logits: a linear map, with a bend beside it that starts at zero.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes.
    bent : bool
        Whether a small MLP is added to the linear map.
    """

    def __init__(self, n_features: int, n_classes: int, bent: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, n_classes)
        self.bend: nn.Sequential | None = None
        if bent:
            last = nn.Linear(n_features, n_classes)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.bend = nn.Sequential(nn.Linear(n_features, n_features), nn.GELU(), last)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        logits = self.linear(features)
        return logits if self.bend is None else logits + self.bend(features)


class ImuClassifier(nn.Module):
    """IMU windows -> logits, through features that dropout thins while training.

    Parameters
    ----------
    config : mapping
        ``encoder`` (see `build_imu_encoder`), ``sites`` (names of the input's sites),
        ``n_classes``, ``head`` ("linear" or "mlp") and ``dropout``.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        encoder: Any = build_imu_encoder(config["encoder"])
        encoder.read_sites(config["sites"])
        self.encoder, size = encoder, encoder.n_features
        self.head = Head(size, config["n_classes"], bent=config["head"] == "mlp")
        self.dropout = nn.Dropout(config["dropout"])

    def features(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return what the head sees, before dropout."""
        return self.encoder(batch["imu"], batch.get("present"))[0]

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return logits (n, n_classes)."""
        return self.head(self.dropout(self.features(batch)))


class ImuNamer(nn.Module):
    """IMU windows -> similarity with the names of classes in the joint space.

    Parameters
    ----------
    config : mapping
        ``net`` (see `Multi3Net`; the IMU branch is enough), ``sites`` and ``n_classes``.
    """

    names: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.net = Multi3Net(config["net"])
        self.net.read_sites(config["sites"])
        size = config["net"]["n_components"]
        self.register_buffer("names", torch.zeros(config["n_classes"], size))

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return logits (n, n_classes)."""
        z, _ = self.net.embed_imu(batch["imu"], batch.get("present"))
        return functional.normalize(z) @ self.names.T / self.net.temperature


def build_classifier(config: Config) -> ImuClassifier | ImuNamer:
    """Build the network of a fitted classifier, with fresh weights.

    Parameters
    ----------
    config : mapping
        Of an `ImuNamer` if it has an entry ``net``, otherwise of an `ImuClassifier`.

    Returns
    -------
    torch.nn.Module
        ``module(batch) -> logits`` with a batch of ``imu`` (n, S, C, T) and optionally
        ``present`` (n, S, 2).
    """
    return ImuNamer(config) if "net" in config else ImuClassifier(config)
