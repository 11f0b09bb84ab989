"""Small networks on top of the encoders: projections into the joint space, and decoders."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Pose2Imu", "Projection", "Reconstruction"]


class Projection(nn.Module):
    """A linear map plus a small MLP: (n, n_in) -> (n, n_out)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.bend = nn.Sequential(nn.Linear(n_in, n_out), nn.GELU(), nn.Linear(n_out, n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Project rows."""
        return self.linear(x) + self.bend(x)


class Reconstruction(nn.Module):
    """Decode all sites of whole windows from their feature sequences and the embedding.

    The embedding is an input so that this objective trains it as well.
    """

    def __init__(self, width: int, n_components: int, out_channels: int) -> None:
        super().__init__()
        half, quarter = max(1, width // 2), max(1, width // 4)
        self.local = nn.Conv1d(width, half, 3, padding=1)
        self.context = nn.Linear(n_components, half)
        self.middle = nn.Conv1d(half, quarter, 5, padding=2)
        self.out = nn.Conv1d(quarter, out_channels, 5, padding=2)

    def forward(self, embedding: Tensor, sequence: Tensor, n_times: int) -> Tensor:
        """Return (n, S, C, n_times) from (n, n_components) and (n, S, width, L)."""
        n, n_sites = sequence.shape[:2]
        context = self.context(embedding).repeat_interleave(n_sites, dim=0)
        h = functional.gelu(self.local(sequence.flatten(0, 1)) + context[..., None])
        h = functional.gelu(self.middle(_stretched(h, n_times)))
        return self.out(h).unflatten(0, (n, n_sites))


class Pose2Imu(nn.Module):
    """Predict the IMU windows of all sites from pose features, their sequence and the embedding.

    The pose features enter at their own rate, because the strided sequence loses accelerations.
    """

    def __init__(self, in_channels: int, width: int, n_components: int, n_sites: int) -> None:
        super().__init__()
        half = max(1, width // 2)
        self.n_sites = n_sites
        self.frames = nn.Conv1d(in_channels, half, 3, padding=1)
        self.local = nn.Conv1d(width, half, 1)
        self.context = nn.Linear(n_components, half)
        self.middle = nn.Conv1d(half, half, 5, padding=2)
        self.out = nn.Conv1d(half, 6 * n_sites, 5, padding=2)

    def forward(self, embedding: Tensor, sequence: Tensor, frames: Tensor, n_times: int) -> Tensor:
        """Return (n, S, 6, n_times) from the embedding, the sequence and the frames."""
        h = self.frames(frames) + _stretched(self.local(sequence), frames.shape[-1])
        h = functional.gelu(h + self.context(embedding)[..., None])
        h = functional.gelu(self.middle(h))
        return self.out(_stretched(h, n_times)).unflatten(1, (self.n_sites, 6))


def _stretched(x: Tensor, length: int) -> Tensor:
    """Interpolate to a length in time."""
    if x.shape[-1] == length:
        return x
    return functional.interpolate(x, size=length, mode="linear", align_corners=False)
