"""The default pose encoder."""

from __future__ import annotations

from torch import Tensor, nn

from ._layers import ConvTrunk, pool

__all__ = ["ConvPoseEncoder"]


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
