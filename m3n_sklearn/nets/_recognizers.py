"""Networks that classify IMU windows, by a head, by descriptions of classes, or together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ._encoders import pool
from ._multi3net import Multi3Net, build_imu_encoder
from ._statistics import SignalStatistics

__all__ = ["Ensemble", "ImuClassifier", "PromptClassifier", "build_classifier"]

Config = Mapping[str, Any]

N_EXPERTS = 4
"""Experts of the head "moe"; the hidden layers of all of them have as many units as features."""

AROUND_CENTER = ((7, 9, 16), (1, 2, 3), (0, 1, 3), (2, 3, 3))
"""Parts of a window that are pooled separately for ``label_at="center"``, as begin and end in
sixteenths or thirds: the middle eighth, the middle third, what is before it and what is after."""


class Expert(nn.Module):
    """Features -> logits through one hidden layer; the logits are zero at the start."""

    def __init__(self, n_features: int, n_hidden: int, n_classes: int) -> None:
        super().__init__()
        self.inner = nn.Linear(n_features, n_hidden)
        self.outer = nn.Linear(n_hidden, n_classes)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        return self.outer(functional.gelu(self.inner(features)))


class MixtureOfExperts(nn.Module):
    """Several experts, weighted for each row by a gate that starts uniform [1]_.

    References
    ----------
    .. [1] R. A. Jacobs, M. I. Jordan, S. J. Nowlan, G. E. Hinton, "Adaptive mixtures of local
       experts", Neural Computation 3(1), 1991.
    """

    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.gate = nn.Linear(n_features, N_EXPERTS)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        n_hidden = max(1, n_features // N_EXPERTS)
        self.experts = nn.ModuleList(
            Expert(n_features, n_hidden, n_classes) for _ in range(N_EXPERTS)
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, n_classes) and the weight of each expert (n, N_EXPERTS)."""
        gate = self.gate(features).softmax(dim=1)
        answers = torch.stack([expert(features) for expert in self.experts], dim=1)
        return (gate[..., None] * answers).sum(dim=1), gate


class Head(nn.Module):
    """Features -> logits: a linear map (``"linear"``), plus a mixture of experts (``"moe"``)."""

    def __init__(self, n_features: int, n_classes: int, kind: str) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, n_classes)
        self.mixture = MixtureOfExperts(n_features, n_classes) if kind == "moe" else None

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Return ``logits`` and, of a mixture of experts, their weights as ``gate``."""
        logits = self.linear(features)
        if self.mixture is None:
            return {"logits": logits}
        added, gate = self.mixture(features)
        return {"logits": logits + added, "gate": gate}


class ImuClassifier(nn.Module):
    """IMU windows -> features -> logits.

    Parameters
    ----------
    config : mapping
        ``encoder`` (see `build_imu_encoder`), ``sites`` (names of the input's sites),
        ``n_classes``, ``head`` ("linear" or "moe"), ``label_at`` ("window" or "center") and
        ``statistics``, whether the head also reads statistics of the signals.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        encoder: Any = build_imu_encoder(config["encoder"])
        self.encoder = encoder
        self.statistics: SignalStatistics | None = None
        if config["statistics"]:
            channels = config["encoder"].get("in_channels", 6)
            self.statistics = SignalStatistics(len(config["sites"]), channels)
        encoder.read_sites(config["sites"])
        self.centered = config["label_at"] == "center"
        n_features = encoder.n_features
        if self.centered:
            n_features += 2 * encoder.sequence_width * len(AROUND_CENTER)
        self.n_learned = n_features
        if self.statistics is not None:
            n_features += self.statistics.n_features
        self.head = Head(n_features, config["n_classes"], config["head"])

    def features(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the input of the head: `n_learned` features of the encoder, then statistics."""
        whole, sequence = self.encoder(batch["imu"], batch.get("present"))
        parts = [whole]
        if self.centered:
            sequence = sequence.mean(dim=1)  # over sites
            parts += [pool(_part(sequence, *part)) for part in AROUND_CENTER]
        if self.statistics is not None:
            parts.append(self.statistics(batch["imu"]))
        return torch.cat(parts, dim=1) if len(parts) > 1 else whole

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits`` (n, n_classes) and, of a mixture of experts, their ``gate``."""
        return self.head(self.features(batch))


def _part(sequence: Tensor, begin: int, end: int, of: int) -> Tensor:
    """Return the steps of a part of the length; integers, so that no part is ever empty."""
    length = sequence.shape[-1]
    return sequence[..., begin * length // of : (end * length + of - 1) // of]


class PromptClassifier(nn.Module):
    """IMU windows -> similarity with one vector per class in the joint space.

    Parameters
    ----------
    config : mapping
        ``net`` (see `Multi3Net`; the IMU branch is enough), ``sites``, ``n_classes`` and
        ``n_components``, the size of the joint space.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.net = Multi3Net(config["net"])
        self.net.read_sites(config["sites"])
        self.prompts = nn.Parameter(torch.zeros(config["n_classes"], config["n_components"]))

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits`` (n, n_classes)."""
        z, _ = self.net.embed_imu(batch["imu"], batch.get("present"))
        return {"logits": functional.normalize(z) @ self.prompts.T / self.net.temperature}


class Ensemble(nn.Module):
    """IMU windows -> weighted sum of the log-probabilities of several networks.

    With this product of experts [1]_, each member can rule a class out. Weights of the sum 1 make
    it the geometric mean of the probabilities.

    Parameters
    ----------
    config : mapping
        ``members``: configurations of networks for the same classes; ``weights``: the exponents of
        their probabilities, at least 0.

    References
    ----------
    .. [1] G. E. Hinton, "Products of experts", ICANN 1999.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.members = nn.ModuleList(build_classifier(member) for member in config["members"])
        self.weights = list(config["weights"])

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits`` (n, n_classes)."""
        logs = [
            weight * functional.log_softmax(member(batch)["logits"], 1)
            for member, weight in zip(self.members, self.weights, strict=True)
        ]
        return {"logits": torch.stack(logs).sum(dim=0)}


def build_classifier(config: Config) -> ImuClassifier | PromptClassifier | Ensemble:
    """Build a network with random weights: an ensemble of ``members``, or one by its entries."""
    if "members" in config:
        return Ensemble(config)
    return PromptClassifier(config) if "net" in config else ImuClassifier(config)
