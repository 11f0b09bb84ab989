"""The default encoders of IMU and poses, and the layers that they share.

The IMU encoder applies one convolutional trunk to every site and then fuses the sites.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = [
    "BatchNorm",
    "ConvImuEncoder",
    "ConvPoseEncoder",
    "ConvTrunk",
    "OrderedPool",
    "all_present",
    "group_norm",
    "pool",
]

GROUP = 16
"""Channels that are normalized together: fewer would erase what a window of one sample says."""


class ConvImuEncoder(nn.Module):
    """IMU windows (n, S, C, T) -> features (n, n_features) and a sequence (n, S, width, L).

    `sites` are those that the weights know; with more than one, features are fused over sites.
    `input_sites` are those of the input, in order; unknown names are read as an unknown site.
    """

    def __init__(
        self,
        in_channels: int = 6,
        sites: Sequence[str] = ("",),
        input_sites: Sequence[str] | None = None,
        width: int = 128,
    ) -> None:
        super().__init__()
        known = list(sites)
        self.known_sites = known
        self.trunk = ConvTrunk(in_channels, width, last_stride=2)
        self.pool = OrderedPool(width)
        self.n_features, self.sequence_width = self.pool.n_features, width
        self.hidden_step = nn.Parameter(torch.zeros(in_channels))
        self.missing_sensor = nn.Parameter(torch.zeros(2, 3))
        self.read_sites(known if input_sites is None else input_sites)
        self.site_vectors: nn.Embedding | None = None
        if len(known) > 1:
            # the last vector is that of an unknown site
            self.site_vectors = nn.Embedding(len(known) + 1, self.n_features)
            self.fusion = nn.Sequential(
                nn.Linear(self.n_features, self.n_features),
                nn.GELU(),
                nn.Linear(self.n_features, self.n_features),
            )

    def read_sites(self, names: Sequence[str]) -> None:
        """Set the sites of the inputs to come."""
        known = self.known_sites
        self.site_index = [known.index(s) if s in known else len(known) for s in names]

    def forward(
        self, x: Tensor, present: Tensor | None = None, hidden: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Encode windows.

        Parameters
        ----------
        x : Tensor of shape (n, S, C, T)
            Network input.
        present : bool Tensor of shape (n, S, 2), optional
            Which sensors (acc, gyro) are present; all by default.
        hidden : bool Tensor of shape (n, T), optional
            Time steps to replace by a learned vector.

        Returns
        -------
        features : Tensor of shape (n, n_features)
        sequence : Tensor of shape (n, S, width, L)
        """
        # 1. Replace missing sensors and hidden steps by learned vectors
        if present is not None and not all_present(present):
            triads = x.unflatten(2, (2, 3))
            missing = self.missing_sensor[..., None]
            x = torch.where(present[..., None, None], triads, missing).flatten(2, 3)
        if hidden is not None:
            x = torch.where(hidden[:, None, None], self.hidden_step[:, None], x)
        # 2. The same trunk for every site
        n, n_sites = x.shape[:2]
        sequence = self.trunk(x.flatten(0, 1))
        features = self.pool(sequence).unflatten(0, (n, n_sites))
        # 3. One vector per window
        return self._fuse(features, present), sequence.unflatten(0, (n, n_sites))

    def _fuse(self, features: Tensor, present: Tensor | None) -> Tensor:
        """Add what the site says, and average over the sites that are present."""
        if self.site_vectors is not None:
            index = torch.tensor(self.site_index, device=features.device)
            features = features + self.fusion(features + self.site_vectors(index))
        if features.shape[1] == 1:
            return features[:, 0]
        if present is None:
            return features.mean(dim=1)
        weight = present.any(dim=2).to(features.dtype)
        total = weight.sum(dim=1, keepdim=True).clamp(min=1)
        return (features * (weight / total)[..., None]).sum(dim=1)


class ConvPoseEncoder(nn.Module):
    """Pose features (n, P, F) -> features (n, 2 width) and a sequence (n, width, L)."""

    def __init__(self, in_channels: int, width: int = 128) -> None:
        super().__init__()
        self.n_features = 2 * width
        self.trunk = ConvTrunk(in_channels, width, kernel=5)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Encode windows."""
        sequence = self.trunk(frames)
        return pool(sequence), sequence


# ---- layers


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization that uses its running statistics for a batch of one row."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalize (n, C) or (n, C, T)."""
        if self.training and len(input) > 1:
            return super().forward(input)
        return nn.functional.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


def group_norm(width: int) -> nn.GroupNorm:
    """Return the normalization of (n, width, T): groups of 16 channels, else one group."""
    return nn.GroupNorm(width // GROUP if width % GROUP == 0 else 1, width)


class ConvTrunk(nn.Module):
    """Strided convolutions: (n, C, T) -> (n, width, L), for any T from 1.

    L is about T / 4 with `last_stride` 1, and T / 8 with 2. The first layer is not normalized, so
    that the second one sees amplitudes.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        kernel: int = 9,
        last_stride: int = 1,
    ) -> None:
        super().__init__()
        half = max(1, width // 2)
        self.layers = nn.Sequential(
            nn.Conv1d(in_channels, half, kernel, stride=2, padding=kernel // 2),
            nn.GELU(),
            nn.Conv1d(half, width, 5, stride=2, padding=2),
            group_norm(width),
            nn.GELU(),
            nn.Conv1d(width, width, 5, stride=last_stride, padding=2),
            group_norm(width),
            nn.GELU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature sequence."""
        return self.layers(x)


class OrderedPool(nn.Module):
    """Sequences (n, width, L) -> features (n, n_features): what happens, and in which order.

    Mean and maximum over time do not see the order of a movement's phases, which is all that
    tells a circle to the left from one to the right. The mean states of a recurrent net that
    reads in both directions do.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        half = max(1, width // 2)
        self.recurrent = nn.GRU(width, half, batch_first=True, bidirectional=True)
        self.n_features = 2 * width + 2 * half

    def forward(self, sequence: Tensor) -> Tensor:
        """Return the features."""
        states, _ = self.recurrent(sequence.transpose(1, 2))
        return torch.cat([pool(sequence), states.mean(dim=1)], dim=-1)


def all_present(present: Tensor) -> bool:
    """Tell whether no sensor is missing; an exported graph cannot branch on data and says no."""
    return not torch.compiler.is_exporting() and bool(present.all())


def pool(sequence: Tensor) -> Tensor:
    """Join mean and maximum over the last axis: (..., D, L) -> (..., 2 D)."""
    return torch.cat([sequence.mean(dim=-1), sequence.amax(dim=-1)], dim=-1)
