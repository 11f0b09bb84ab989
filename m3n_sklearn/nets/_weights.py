"""Weights as NumPy arrays, which are kept, pickled and saved instead of torch objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

__all__ = ["get_weights", "place_unknown_site", "set_weights"]

SITE_VECTORS = "encoders.imu.site_vectors.weight"


def get_weights(module: nn.Module) -> dict[str, NDArray[Any]]:
    """Copy a module's parameters and buffers into NumPy arrays on the CPU."""
    return {
        name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()
    }


def set_weights(module: nn.Module, weights: Mapping[str, NDArray[Any]]) -> nn.Module:
    """Load arrays into a module, which takes on their dtype, and return it.

    Raises
    ------
    ValueError
        If names or shapes differ.
    """
    floats = [w.dtype for w in weights.values() if w.dtype.kind == "f"]
    if floats:
        module.to(torch.float64 if floats[0] == np.float64 else torch.float32)
    try:
        # asarray: a memory-mapped or read-only array must not become a tensor that shares it
        module.load_state_dict({k: torch.tensor(np.asarray(w)) for k, w in weights.items()})
    except RuntimeError as error:
        raise ValueError(f"These weights belong to another network: {error}") from error
    return module


def place_unknown_site(weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Set the vector of an unknown site to the mean of those of the known sites.

    No training row has an unknown site, so its vector would keep its random initial value.
    """
    if SITE_VECTORS in weights:
        vectors = weights[SITE_VECTORS]
        vectors[-1] = vectors[:-1].mean(axis=0)
    return weights
