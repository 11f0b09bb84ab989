"""Networks that name IMU windows: an encoder with a head, or with the embeddings of names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._layers import pool
from ._multi3net import Multi3Net, build_imu_encoder

__all__ = ["Blend", "ImuClassifier", "ImuNamer", "Network", "build_classifier"]

Config = Mapping[str, Any]

EXPERTS = 4
"""Experts of the head "moe", which together are as large as the bend of the head "mlp"."""

AROUND_CENTRE = ((7 / 16, 9 / 16), (1 / 3, 2 / 3), (0.0, 1 / 3), (2 / 3, 1.0))
"""Shares of a window that are pooled apart where labels tell of its centre."""


class Bend(nn.Module):
    """Features -> logits through one hidden layer, zero at the start."""

    def __init__(self, n_features: int, n_hidden: int, n_classes: int) -> None:
        super().__init__()
        self.inner = nn.Linear(n_features, n_hidden)
        self.outer = nn.Linear(n_hidden, n_classes)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        return self.outer(functional.gelu(self.inner(features)))


class Experts(nn.Module):
    """Several bends, mixed for each row by a gate that starts out undecided."""

    def __init__(self, n_features: int, n_hidden: int, n_classes: int) -> None:
        super().__init__()
        self.gate = nn.Linear(n_features, EXPERTS)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        self.bends = nn.ModuleList(Bend(n_features, n_hidden, n_classes) for _ in range(EXPERTS))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, n_classes) and the share of each expert (n, EXPERTS)."""
        shares = self.gate(features).softmax(dim=1)
        answers = torch.stack([bend(features) for bend in self.bends], dim=1)
        return (shares[..., None] * answers).sum(dim=1), shares


class Head(nn.Module):
    """Features -> logits: a linear map, and what bends it, which starts at zero.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes.
    kind : {"linear", "mlp", "moe"}
        Nothing, a small MLP or a mixture of experts [1]_ is added to the linear map.

    References
    ----------
    .. [1] R. A. Jacobs, M. I. Jordan, S. J. Nowlan, G. E. Hinton, "Adaptive mixtures of local
       experts", Neural Computation 3(1), 1991.
    """

    def __init__(self, n_features: int, n_classes: int, kind: str) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, n_classes)
        self.bend = Bend(n_features, n_features, n_classes) if kind == "mlp" else None
        hidden = max(1, n_features // EXPERTS)
        self.experts = Experts(n_features, hidden, n_classes) if kind == "moe" else None

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Return ``logits`` and, of a mixture of experts, their ``shares``."""
        logits = self.linear(features)
        if self.bend is not None:
            return {"logits": logits + self.bend(features)}
        if self.experts is not None:
            bent, shares = self.experts(features)
            return {"logits": logits + bent, "shares": shares}
        return {"logits": logits}


class ImuClassifier(nn.Module):
    """IMU windows -> logits, through features that dropout thins while training.

    Parameters
    ----------
    config : mapping
        ``encoder`` (see `build_imu_encoder`), ``sites`` (names of the input's sites),
        ``n_classes``, ``head`` ("linear", "mlp" or "moe"), ``dropout`` and ``label_at`` ("window"
        or "centre").
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        encoder: Any = build_imu_encoder(config["encoder"])
        self.encoder = encoder
        self.read_sites(config["sites"])
        self.centred = config["label_at"] == "centre"
        n_features = encoder.n_features
        if self.centred:
            n_features += 2 * encoder.sequence_width * len(AROUND_CENTRE)
        self.head = Head(n_features, config["n_classes"], config["head"])
        self.dropout = nn.Dropout(config["dropout"])

    def read_sites(self, names: Sequence[str]) -> None:
        """Say which sites the coming windows hold."""
        self.encoder.read_sites(names)

    def features(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return what the head sees, before dropout."""
        whole, sequence = self.encoder(batch["imu"], batch.get("present"))
        if not self.centred:
            return whole
        sequence = sequence.mean(dim=1)  # over sites
        parts = [pool(_share(sequence, *part)) for part in AROUND_CENTRE]
        return torch.cat([whole, *parts], dim=1)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits`` (n, n_classes) and, of a mixture of experts, their ``shares``."""
        return self.head(self.dropout(self.features(batch)))


def _share(sequence: Tensor, start: float, end: float) -> Tensor:
    """Return what lies between two shares of the length; one step at least."""
    length = sequence.shape[-1]
    first = min(int(start * length), length - 1)
    return sequence[..., first : max(first + 1, math.ceil(end * length))]


class ImuNamer(nn.Module):
    """IMU windows -> similarity with the names of classes in the joint space.

    Parameters
    ----------
    config : mapping
        ``net`` (see `Multi3Net`; the IMU branch is enough), ``sites`` and ``n_classes``.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.net = Multi3Net(config["net"])
        self.read_sites(config["sites"])
        size = config["net"]["n_components"]
        self.names = nn.Parameter(torch.zeros(config["n_classes"], size))

    def read_sites(self, names: Sequence[str]) -> None:
        """Say which sites the coming windows hold."""
        self.net.read_sites(names)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits`` (n, n_classes)."""
        z, _ = self.net.embed_imu(batch["imu"], batch.get("present"))
        return {"logits": functional.normalize(z) @ self.names.T / self.net.temperature}


class Blend(nn.Module):
    """IMU windows -> the mean of the log-probabilities of several networks (a log-opinion pool).

    Any member can rule a class out; in a mean of probabilities, any member can rule it in [1]_.

    Parameters
    ----------
    config : mapping
        ``members``: the configurations of networks for the same classes; ``shares``: how much
        each of them counts, 1 in all.

    References
    ----------
    .. [1] G. E. Hinton, "Products of experts", ICANN 1999.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.members = nn.ModuleList(build_classifier(member) for member in config["members"])
        self.shares = list(config["shares"])

    def read_sites(self, names: Sequence[str]) -> None:
        """Say which sites the coming windows hold."""
        for member in self.members:
            cast(Any, member).read_sites(names)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits`` (n, n_classes)."""
        opinions = [
            share * functional.log_softmax(member(batch)["logits"], 1)
            for member, share in zip(self.members, self.shares, strict=True)
        ]
        return {"logits": torch.stack(opinions).sum(dim=0)}


Network = ImuClassifier | ImuNamer | Blend


def build_classifier(config: Config) -> Network:
    """Build the network of a fitted classifier, with fresh weights.

    Parameters
    ----------
    config : mapping
        Of a `Blend` if it has an entry ``members``, of an `ImuNamer` if it has an entry ``net``,
        otherwise of an `ImuClassifier`.

    Returns
    -------
    torch.nn.Module
        Called with a batch of ``imu`` (n, S, C, T) and optionally ``present`` (n, S, 2), it
        returns a dict with ``logits`` (n, n_classes).
    """
    if "members" in config:
        return Blend(config)
    return ImuNamer(config) if "net" in config else ImuClassifier(config)
