"""Statistics of the signals of a window, next to what an encoder has learned.

They need no training, and a linear map reads them: amplitudes are logarithms. Everything is a torch
operator that ONNX knows, for windows of any length.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SignalStatistics"]

BANDS = (0.006, 0.016, 0.03, 0.05, 0.08, 0.13, 0.2)
"""Edges of the frequency bands in cycles per sample: 0.3 to 10 Hz at 50 Hz."""

SPACING = 0.004
"""Distance of the frequencies at which the spectrum is computed, in cycles per sample."""

LAGS = (5, 10, 20, 35, 50)
"""Lags of the autocorrelation in samples: 0.1 to 1 s at 50 Hz."""

LEAST = 3e-3
"""Amplitudes below it are noise. The input of a network is in g and in 5 rad/s."""

PER_SIGNAL = 3 + len(BANDS) - 1 + len(LAGS)


class SignalStatistics(nn.Module):
    """IMU windows (n, S, C, T) -> statistics (n, n_features) of each site.

    Of each channel and of the norm of each triad: mean, spread, mean change from sample to sample,
    power in six bands, and autocorrelation at five lags. Of each triad, the correlations of its
    axes.

    Parameters
    ----------
    n_sites : int
        Number of sites.
    in_channels : int, default=6
        Channels of each site; three in a row are a triad, if their number is a multiple of three.
    """

    def __init__(self, n_sites: int, in_channels: int = 6) -> None:
        super().__init__()
        self.n_triads = in_channels // 3 if in_channels % 3 == 0 else 0
        n_signals = in_channels + self.n_triads
        self.n_features = n_sites * (PER_SIGNAL * n_signals + 3 * self.n_triads)

    def forward(self, x: Tensor) -> Tensor:
        """Return the statistics; those of a sensor that a site lacks are constant."""
        parts = []
        if self.n_triads:
            triads = x.unflatten(2, (self.n_triads, 3))
            parts.append(_correlations(triads))
            x = torch.cat([x, triads.square().sum(dim=3).sqrt()], dim=2)
        mean = x.mean(dim=-1, keepdim=True)
        centered = x - mean
        spread = centered.square().mean(dim=-1).sqrt()
        change = x.diff(dim=-1).abs().sum(dim=-1) / x.shape[-1]
        parts += [
            torch.stack([mean[..., 0], _log(spread), _log(change)], dim=-1),
            torch.log(_powers(centered) + LEAST**2),
            _autocorrelations(centered / (spread + LEAST)[..., None]),
        ]
        return torch.cat([part.flatten(1) for part in parts], dim=1)


def _log(amplitude: Tensor) -> Tensor:
    """Return the logarithm of an amplitude, or of what is noise."""
    return torch.log(amplitude + LEAST)


def _correlations(triads: Tensor) -> Tensor:
    """Return the correlations xy, yz and zx of triads (n, S, triads, 3, T)."""
    centered = triads - triads.mean(dim=-1, keepdim=True)
    scaled = centered / (centered.square().sum(dim=-1, keepdim=True).sqrt() + LEAST)
    return (scaled * scaled.roll(-1, dims=3)).sum(dim=-1)


def _powers(centered: Tensor) -> Tensor:
    """Return the mean power in each band.

    The spectrum is computed at fixed frequencies, so that its length does not depend on that of the
    window.
    """
    frequencies, sizes = _frequencies()
    frequency = torch.tensor(frequencies, dtype=centered.dtype, device=centered.device)
    time = torch.arange(centered.shape[-1], dtype=centered.dtype, device=centered.device)
    angle = 2 * math.pi * time[:, None] * frequency
    window = 0.5 - 0.5 * torch.cos(2 * math.pi * (time + 0.5) / centered.shape[-1])
    rows = centered * window / centered.shape[-1]
    power = (rows @ angle.cos()).square() + (rows @ angle.sin()).square()
    return torch.stack([band.mean(dim=-1) for band in power.split(sizes, dim=-1)], dim=-1)


def _frequencies() -> tuple[list[float], list[int]]:
    """Return the frequencies of all bands, and their number in each band."""
    bands = []
    for low, high in pairwise(BANDS):
        count = max(1, round((high - low) / SPACING))
        bands.append([low + (high - low) * (k + 0.5) / count for k in range(count)])
    return [frequency for band in bands for frequency in band], [len(band) for band in bands]


def _autocorrelations(scaled: Tensor) -> Tensor:
    """Return the mean product with the signal some samples later, which is zero after its end."""
    length = scaled.shape[-1]
    padded = functional.pad(scaled, (0, max(LAGS)))
    products = [(scaled * padded[..., lag : lag + length]).mean(dim=-1) for lag in LAGS]
    return torch.stack(products, dim=-1)
