"""Building blocks that the encoders share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["BatchNorm", "ConvTrunk", "OrderedPool", "group_norm", "pool"]

GROUP = 16
"""Channels that are normalized together: fewer would erase what a window of one sample says."""


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
        states, _ = self.recurrent(sequence.mT)
        return torch.cat([pool(sequence), states.mean(dim=1)], dim=-1)


def pool(sequence: Tensor) -> Tensor:
    """Join mean and maximum over the last axis: (..., D, L) -> (..., 2 D)."""
    return torch.cat([sequence.mean(dim=-1), sequence.amax(dim=-1)], dim=-1)
