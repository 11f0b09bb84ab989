"""Forward passes outside of training: functions of a network and tensors of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from ..nets import Multi3Net

__all__ = [
    "alternate_eighths",
    "apply_in_chunks",
    "check_hidden",
    "chunks",
    "imu_embeddings",
    "pose_embeddings",
    "predicted_imu",
    "reconstructed_imu",
    "text_embeddings",
]

CHUNK = 512
"""Rows per forward pass."""


def chunks(n_rows: int) -> list[NDArray[np.int64]]:
    """Split rows into chunks that fit into memory."""
    return [np.arange(i, min(i + CHUNK, n_rows)) for i in range(0, n_rows, CHUNK)]


def apply_in_chunks(
    function: Callable[..., Tensor], net: Multi3Net, arrays: Sequence[NDArray[Any]], device: str
) -> NDArray[Any]:
    """Apply a function (net, tensors of rows) -> tensor to all rows, in the net's dtype."""
    dtype = net.imu_mean.dtype
    parts = []
    with torch.inference_mode():
        for rows in chunks(len(arrays[0])):
            tensors = [torch.as_tensor(array[rows]).to(device) for array in arrays]
            inputs = [t.to(dtype) if t.is_floating_point() else t for t in tensors]
            parts.append(function(net, *inputs).cpu().numpy())
    return np.concatenate(parts)


def imu_embeddings(net: Multi3Net, x: Tensor, present: Tensor) -> Tensor:
    """Return unit embeddings of IMU windows."""
    return functional.normalize(net.embed_imu(x, _missing(present))[0])


def pose_embeddings(net: Multi3Net, frames: Tensor) -> Tensor:
    """Return unit embeddings of pose features."""
    return functional.normalize(net.embed_pose(frames)[0])


def text_embeddings(net: Multi3Net, vectors: Tensor) -> Tensor:
    """Return unit embeddings of sentence vectors."""
    return functional.normalize(net.embed_text(vectors))


def predicted_imu(net: Multi3Net, frames: Tensor) -> Tensor:
    """Return IMU windows in network units."""
    embedding, sequence = net.embed_pose(frames)
    return net.predict_imu(embedding, sequence, frames)


def reconstructed_imu(net: Multi3Net, x: Tensor, present: Tensor, hidden: Tensor) -> Tensor:
    """Return IMU windows in network units, decoded from the steps that are not hidden."""
    embedding, sequence = net.embed_imu(x, _missing(present), hidden)
    return net.reconstruct(embedding, sequence, x.shape[-1])


def _missing(present: Tensor) -> Tensor | None:
    """Return the mask of sensors, or None if all are present."""
    return None if bool(present.all()) else present


def alternate_eighths(n_times: int) -> NDArray[np.bool_]:
    """Mark every other eighth of a window, starting with the first."""
    parts = min(8, n_times)
    return (np.arange(n_times) * parts // n_times) % 2 == 0


def check_hidden(hidden: ArrayLike, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask of rows and steps; raise ValueError if it is not one."""
    mask = np.asarray(hidden)
    if mask.dtype.kind != "b" or mask.shape not in (shape, shape[1:]):
        raise ValueError(
            f"hidden must be booleans of shape {shape} or {shape[1:]}, got {mask.dtype} of shape "
            f"{mask.shape}."
        )
    return np.broadcast_to(mask, shape)
