"""Adaptive batch normalisation: statistics of the windows at hand, whose labels are not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..nets._layers import BatchNorm
from ._inference import inputs

__all__ = ["adapt_norms", "check_norms"]

SAMPLE = 2048
"""Rows that statistics are taken from."""


def adapt_norms(
    module: nn.Module, x: NDArray[Any], present: NDArray[np.bool_] | None, device: str
) -> nn.Module:
    """Replace the running statistics of batch norms by those of some windows.

    Layer after layer sees what the adapted layers below it give, in one pass.

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place; afterwards it is on the CPU, in evaluation mode.
    x : ndarray of shape (n, S, C, T)
        Network input. One row alone changes nothing.
    present : ndarray of bool of shape (S, 2), or None
        Sensors that each site has.
    device : str
        Where to compute.

    Returns
    -------
    torch.nn.Module
        The same module.

    References
    ----------
    .. [1] Y. Li et al., "Adaptive batch normalization for practical domain adaptation", Pattern
       Recognition 80, 2018.
    """
    rows = np.unique(np.linspace(0, len(x) - 1, min(SAMPLE, len(x))).astype(int))
    norms = _norms(module)
    before = [(norm.momentum, norm.frozen) for norm in norms]
    module.to(device).eval()
    for norm in norms:
        norm.train()
        norm.momentum, norm.frozen = 1.0, False
    with torch.no_grad():
        batch = {k: torch.tensor(v, device=device) for k, v in inputs(x[rows], present).items()}
        module(batch | {"imu": batch["imu"].to(next(module.parameters()).dtype)})
    for norm, (momentum, frozen) in zip(norms, before, strict=True):
        norm.momentum, norm.frozen = momentum, frozen
    return module.to("cpu").eval()


def check_norms(encoders: Sequence[Mapping[str, Any]]) -> None:
    """Refuse encoders without batch norms.

    Raises
    ------
    ValueError
        If there is nothing to adapt.
    """
    if any(encoder.get("norm") not in ("batch", "frozen_batch") for encoder in encoders):
        raise ValueError(
            "adapt_norm needs an encoder with batch norms, and this one has none: use norm='batch' "
            "here, or in each pretrainer there is, or adapt_norm=None."
        )


def _norms(module: nn.Module) -> list[BatchNorm]:
    return [part for part in module.modules() if isinstance(part, BatchNorm)]
