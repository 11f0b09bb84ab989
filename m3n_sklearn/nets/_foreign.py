"""An encoder of somebody else in the place of an IMU encoder: frozen, and not part of the weights.

Its code and weights stay outside of configuration and weights of the network, which files hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["ForeignImuEncoder"]


class ForeignImuEncoder(nn.Module):
    """IMU windows (n, S, 6, T) -> features (n, n_features) of a function, without gradients.

    Parameters
    ----------
    function : callable
        Maps arrays (n, S, 6, T), the network's input, to features (n, n_features).
    n_features : int
        Number of features.
    sites : sequence of str
        The sites in the order in which the function reads them.
    source : mapping
        Where the function comes from, for those who look for it after loading.
    """

    def __init__(
        self,
        function: Callable[[NDArray[Any]], NDArray[Any]],
        n_features: int,
        sites: Sequence[str],
        source: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.function, self.n_features, self.sites = function, n_features, list(sites)
        self.read_sites(sites)

    def read_sites(self, names: Sequence[str]) -> None:
        """Set the sites of the inputs to come."""
        distinct = len(set(self.sites)) == len(self.sites) and set(names) == set(self.sites)
        self.order = [list(names).index(s) for s in self.sites] if distinct else None

    def forward(
        self, x: Tensor, present: Tensor | None = None, hidden: Tensor | None = None
    ) -> tuple[Tensor, None]:
        """Return the features; sensors that a site does not have are zeros in `x`."""
        windows = x.detach().cpu().numpy()
        windows = windows if self.order is None else windows[:, self.order]
        features = np.ascontiguousarray(self.function(windows))
        return torch.from_numpy(features).to(x), None
