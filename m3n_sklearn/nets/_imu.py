"""The default IMU encoder: one convolutional trunk for every site, then fusion over sites."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ._layers import ConvTrunk, OrderedPool
from ._orientation import INVARIANTS, gravity, invariants, turned, upright

__all__ = ["ConvImuEncoder"]


class ConvImuEncoder(nn.Module):
    """IMU windows (n, S, C, T) -> features (n, n_features) and a sequence (n, S, width, L).

    Parameters
    ----------
    in_channels : int
        6 for a site with acc and gyro; the number of channels of a series.
    sites : sequence of str
        Sites that the weights know. With more than one, features are fused over sites.
    input_sites : sequence of str, optional
        Sites of the input, in order; names that are not known are read as an unknown site.
    width : int
        Channels of the trunk.
    norm : {"group", "layer", "batch"}
        Normalisation.
    orientation : str
        One of ``ORIENTATIONS``: the sensor's axes as they are, turned so that gravity points
        along z, and what does not depend on the mount.
    """

    def __init__(
        self,
        in_channels: int = 6,
        sites: Sequence[str] = ("",),
        input_sites: Sequence[str] | None = None,
        width: int = 128,
        norm: str = "group",
        orientation: str = "raw",
    ) -> None:
        super().__init__()
        kinds = orientation.split("+")
        self.axes, self.turned = kinds[0] != "invariant", kinds[0] == "gravity"
        self.invariant = kinds[-1] == "invariant"
        channels = in_channels * self.axes + len(INVARIANTS) * self.invariant
        known = list(sites)
        self.known_sites = known
        self.trunk = ConvTrunk(channels, width, norm, last_stride=2)
        self.pool = OrderedPool(width)
        self.n_features, self.sequence_width = self.pool.n_features, width
        self.hidden_step = nn.Parameter(torch.zeros(channels))
        self.missing_sensor = nn.Parameter(torch.zeros(2, 3))
        self.missing_invariant: nn.Parameter | None = None
        if self.invariant:
            self.missing_invariant = nn.Parameter(torch.zeros(len(INVARIANTS)))
        self.read_sites(known if input_sites is None else input_sites)
        self.site_vectors: nn.Embedding | None = None
        if len(known) > 1:
            self.site_vectors = nn.Embedding(len(known) + 1, self.n_features)
            self.fusion = nn.Sequential(
                nn.Linear(self.n_features, self.n_features),
                nn.GELU(),
                nn.Linear(self.n_features, self.n_features),
            )

    def read_sites(self, names: Sequence[str]) -> None:
        """Say which sites the coming inputs hold."""
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
            Which sensors (acc, gyro) are there; all by default.
        hidden : bool Tensor of shape (n, T), optional
            Time steps to hide behind a learned vector.

        Returns
        -------
        features : Tensor of shape (n, n_features)
        sequence : Tensor of shape (n, S, width, L)
        """
        x = self._read(x, present, hidden)
        if hidden is not None:
            x = torch.where(hidden[:, None, None], self.hidden_step[:, None], x)
        n, n_sites = x.shape[:2]
        sequence = self.trunk(x.flatten(0, 1))
        features = self.pool(sequence).unflatten(0, (n, n_sites))
        return self._fuse(features, present), sequence.unflatten(0, (n, n_sites))

    def turns(self, x: Tensor, present: Tensor | None, hidden: Tensor | None) -> Tensor | None:
        """Return the rotations (n, S, 3, 3) after which inputs are read; None if they are not."""
        return upright(gravity(x, present, hidden)) if self.turned else None

    def _read(self, x: Tensor, present: Tensor | None, hidden: Tensor | None) -> Tensor:
        if present is not None and bool(present.all()):
            present = None
        parts = []
        if self.axes:
            turns = self.turns(x, present, hidden)
            axes = x if turns is None else turned(turns, x)
            parts.append(axes if present is None else self._fill_missing(axes, present))
        if self.missing_invariant is not None:
            part = invariants(x, gravity(x, present, hidden))
            if present is not None:
                needs = torch.tensor(INVARIANTS, device=x.device)
                there = (present[:, :, None] | ~needs).all(dim=3)[..., None]
                part = torch.where(there, part, self.missing_invariant[:, None])
            parts.append(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)

    def _fill_missing(self, x: Tensor, present: Tensor) -> Tensor:
        triads = x.unflatten(2, (2, 3))
        return torch.where(
            present[..., None, None], triads, self.missing_sensor[..., None]
        ).flatten(2, 3)

    def _fuse(self, features: Tensor, present: Tensor | None) -> Tensor:
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
