"""The architecture published with Multi³Net, for comparison with the default.

It has single attention layers over tokens, one vector per window, and decoders from that vector.
Two things differ from the authors' code: tokens are patches in time, where a reshape took 60
consecutive numbers, and decoders predict whole windows, where one normalized sample was predicted.

References
----------
.. [1] V. Fortes Rey, L. S. S. Ray, Q. Xia, K. Wu, P. Lukowicz, "Enhancing inertial hand based HAR
   through joint representation of language, pose and synthetic IMUs", ISWC 2024.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ._encoders import BatchNorm, all_present

__all__ = ["HEADS", "PaperDecoder", "PaperImuEncoder", "PaperPoseEncoder", "PaperTextEncoder"]

HEADS = 8
PATCH_SIZE = 60
"""Numbers in one IMU token: 5 steps of 12 channels, or 10 steps of 6."""


class TokenAttention(nn.Module):
    """Tokens (n, L, in) -> (n, groups, width): embed, add positions, attend once, mix, group."""

    def __init__(
        self, in_features: int, n_tokens: int, width: int, groups: int, bent: bool = False
    ) -> None:
        super().__init__()
        self.groups = groups
        self.embed = nn.Linear(in_features, width)
        self.register_buffer("positions", _sinusoids(n_tokens, width), persistent=False)
        self.dropout = nn.Dropout(0.3)
        self.attention = nn.MultiheadAttention(width, HEADS, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Sequential(
            nn.Linear(n_tokens * width, 2 * groups * width),
            nn.LeakyReLU() if bent else nn.Identity(),
            nn.Linear(2 * groups * width, groups * width),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """Return one vector per window, the mean of the groups."""
        h = self.dropout(self.embed(tokens) + self.positions)
        h = self.norm(self.attention(h, h, h, need_weights=False)[0])
        return self.mix(h.flatten(1)).unflatten(1, (self.groups, -1)).mean(dim=1)


class PaperImuEncoder(nn.Module):
    """IMU windows (n, S, C, T) -> features (n, width), without a sequence.

    The numbers of sites and of samples are fixed. `width` is a multiple of 8.
    """

    def __init__(
        self, n_times: int, in_channels: int = 6, sites: Sequence[str] = ("",), width: int = 256
    ) -> None:
        super().__init__()
        channels = in_channels * len(sites)
        self.order: list[int] = []
        self.known_sites, self.n_times, self.n_features = list(sites), n_times, width
        self.patch = max(1, PATCH_SIZE // channels)
        n_tokens = math.ceil(n_times / self.patch)
        self.hidden_step = nn.Parameter(torch.zeros(in_channels))
        self.missing_sensor = nn.Parameter(torch.zeros(2, 3))
        self.tokens = TokenAttention(
            channels * self.patch, n_tokens, width, groups=3, bent=len(sites) == 1
        )

    def read_sites(self, names: Sequence[str]) -> None:
        """Set the sites of the inputs to come: as many as the weights know, in any order.

        Names that are not those of the weights are read in the order of the input.
        """
        known = self.known_sites
        if len(names) != len(known):
            raise ValueError(
                f"The encoder 'paper' was trained on {len(known)} site(s) and can't read "
                f"{len(names)}. Use encoder='default' to change sites."
            )
        named = len(set(names)) == len(names) and set(names) == set(known)
        self.order = [list(names).index(site) for site in known if named]

    def in_order(self, sites: Tensor) -> Tensor:
        """Reorder sites (n, S, ...) from the order of the input to that of the weights."""
        return sites[:, self.order] if self.order else sites

    def as_read(self, sites: Tensor) -> Tensor:
        """Reorder sites (n, S, ...) from the order of the weights to that of the input."""
        return sites[:, np.argsort(self.order).tolist()] if self.order else sites

    def forward(
        self, x: Tensor, present: Tensor | None = None, hidden: Tensor | None = None
    ) -> tuple[Tensor, None]:
        """Encode windows; arguments as those of the default encoder."""
        if x.shape[-1] != self.n_times:
            raise ValueError(
                f"The encoder 'paper' was trained on windows of {self.n_times} samples, but these "
                f"have {x.shape[-1]}. Cut windows of equal seconds, or use encoder='default'."
            )
        x = self.in_order(x)
        if present is not None and not all_present(present):
            missing = self.missing_sensor[..., None]
            triads = x.unflatten(2, (2, 3))
            x = torch.where(self.in_order(present)[..., None, None], triads, missing).flatten(2, 3)
        if hidden is not None:
            x = torch.where(hidden[:, None, None], self.hidden_step[:, None], x)
        steps = functional.pad(x.flatten(1, 2), (0, -self.n_times % self.patch))
        patches = steps.transpose(1, 2).unflatten(1, (-1, self.patch)).flatten(2)
        return self.tokens(patches), None


class PaperPoseEncoder(nn.Module):
    """Pose features (n, P, F) -> features (n, width), one token a frame."""

    def __init__(self, in_channels: int, n_frames: int, width: int = 256) -> None:
        super().__init__()
        self.n_frames, self.n_features = n_frames, width
        self.tokens = TokenAttention(in_channels, n_frames, width, groups=5)

    def forward(self, frames: Tensor) -> tuple[Tensor, None]:
        """Encode windows."""
        if frames.shape[-1] != self.n_frames:
            raise ValueError(
                f"The encoder 'paper' was trained on poses of {self.n_frames} frames, but these "
                f"have {frames.shape[-1]}. Cut windows of equal seconds and rate."
            )
        return self.tokens(frames.transpose(1, 2)), None


class PaperTextEncoder(nn.Sequential):
    """Sentence vectors (n, d) -> (n, width)."""

    def __init__(self, n_in: int, width: int = 256) -> None:
        super().__init__(
            nn.Linear(n_in, 2 * width),
            nn.LeakyReLU(),
            nn.Dropout(0.3),
            nn.Linear(2 * width, width),
            nn.Dropout(0.3),
        )


class PaperDecoder(nn.Module):
    """Decode whole windows (n, S, C, T) from one vector, read as a sequence of one channel."""

    def __init__(self, n_components: int, n_sites: int, out_channels: int, n_times: int) -> None:
        super().__init__()
        self.shape = (n_sites, out_channels, n_times)
        self.layers = nn.Sequential(
            *_conv_layer(1, 16),
            *_conv_layer(16, 32),
            *_conv_layer(32, 64),
            nn.Flatten(),
            nn.Linear(64 * n_components, 128),
            BatchNorm(128),
            nn.LeakyReLU(),
            nn.Linear(128, math.prod(self.shape)),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Decode rows."""
        return self.layers(embedding[:, None]).unflatten(1, self.shape)


def _conv_layer(n_in: int, n_out: int) -> list[nn.Module]:
    """Return a convolution with batch norm and activation."""
    return [nn.Conv1d(n_in, n_out, 3, padding=1), BatchNorm(n_out), nn.LeakyReLU()]


def _sinusoids(length: int, width: int) -> Tensor:
    """Return the sine and cosine encoding of positions."""
    # in float32, whatever the default: a network is the same wherever it is built
    columns = torch.arange(0, width, 2, dtype=torch.float32)
    angle = torch.arange(length)[:, None] * torch.exp(columns * (-math.log(10000.0) / width))
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)[:, :width]
