"""Networks: a configuration (numbers, strings, lists) goes in, a torch module comes out.

Nothing here knows scikit-learn or any file; weights travel as NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from m3n_sklearn.nets._imu import ConvImuEncoder
from m3n_sklearn.nets._weights import get_weights, set_weights

__all__ = ["ConvImuEncoder", "build_imu_encoder", "get_weights", "set_weights"]


def build_imu_encoder(config: Mapping[str, Any]) -> nn.Module:
    """Build an IMU encoder with fresh weights.

    Parameters
    ----------
    config : mapping
        ``name`` ("conv") and the keyword arguments of the encoder.

    Returns
    -------
    torch.nn.Module
        ``module(x, present=None, hidden=None) -> (features, sequence)``; ``n_features`` is the
        width of the features.

    Examples
    --------
    >>> import torch
    >>> encoder = build_imu_encoder({"name": "conv", "width": 8})
    >>> encoder(torch.zeros(2, 1, 6, 40))[0].shape
    torch.Size([2, 16])
    """
    arguments = dict(config)
    name = arguments.pop("name")
    return {"conv": ConvImuEncoder}[name](**arguments)
