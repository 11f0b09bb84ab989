"""Inputs that do not depend, or depend less, on how a sensor is mounted.

The mean direction of the accelerometer over a window is close to that of gravity, and turns with
the sensor. Turned so that it points along z, only the heading of the mount is left; products of
the readings with it and with each other do not depend on the mount at all.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["INVARIANTS", "ORIENTATIONS", "gravity", "invariants", "turned", "upright"]

ORIENTATIONS = ("raw", "gravity", "invariant", "raw+invariant", "gravity+invariant")
"""What an encoder can read: the sensor's axes, those turned upright, and invariants."""

INVARIANTS = ((True, False), (True, False), (False, True), (True, True), (True, True), (True, True))
"""Which sensors (acc, gyro) each invariant needs."""


def gravity(x: Tensor, present: Tensor | None = None, hidden: Tensor | None = None) -> Tensor:
    """Return the mean direction of the accelerometers.

    Parameters
    ----------
    x : Tensor of shape (n, S, 6, T)
        Network input.
    present : bool Tensor of shape (n, S, 2), optional
        Which sensors are there.
    hidden : bool Tensor of shape (n, T), optional
        Steps that may not be looked at.

    Returns
    -------
    Tensor of shape (n, S, 3)
        Unit vectors; z where there is no accelerometer, or its mean is 0.
    """
    acc = x[:, :, :3]
    if hidden is not None:
        acc = acc.masked_fill(hidden[:, None, None], 0)
    total = acc.sum(dim=3)
    there = total.norm(dim=2, keepdim=True) > 1e-6
    if present is not None:
        there = there & present[..., :1]
    z = torch.tensor([0.0, 0.0, 1.0], dtype=x.dtype, device=x.device)
    return torch.where(there, functional.normalize(total, dim=2), z)


def upright(direction: Tensor) -> Tensor:
    """Return the smallest rotations (..., 3, 3) that turn unit vectors (..., 3) to z."""
    x, y, z = direction.unbind(-1)
    below = z < -0.9999  # half a turn about x; the smallest rotation is not unique there
    scale = 1 / torch.where(below, torch.ones_like(z), 1 + z)
    turn = torch.stack(
        [1 - scale * x * x, -scale * x * y, -x, -scale * x * y, 1 - scale * y * y, -y, x, y, z],
        dim=-1,
    ).unflatten(-1, (3, 3))
    half_turn = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=x.dtype, device=x.device))
    return torch.where(below[..., None, None], half_turn, turn)


def turned(turns: Tensor, x: Tensor) -> Tensor:
    """Apply rotations (n, S, 3, 3) to both sensors of inputs (n, S, 6, T)."""
    return (turns[:, :, None] @ x.unflatten(2, (2, 3))).flatten(2, 3)


def invariants(x: Tensor, direction: Tensor) -> Tensor:
    """Return what does not change when a sensor is turned.

    Parameters
    ----------
    x : Tensor of shape (n, S, 6, T)
        Network input.
    direction : Tensor of shape (n, S, 3)
        Of gravity, in the sensor's frame.

    Returns
    -------
    Tensor of shape (n, S, 6, T)
        Length and vertical part of the acceleration and of the angular rate; and of both
        together, the scalar product of their horizontal parts and the vertical part of their
        cross product.
    """
    acc, gyro = x.unflatten(2, (2, 3)).unbind(2)
    down = direction[..., None]
    lengths = [((v * v).sum(dim=2) + 1e-12).sqrt() for v in (acc, gyro)]
    heights = [(v * down).sum(dim=2) for v in (acc, gyro)]
    level = (acc * gyro).sum(dim=2) - heights[0] * heights[1]
    twist = (torch.linalg.cross(acc, gyro, dim=2) * down).sum(dim=2)
    return torch.stack([lengths[0], heights[0], lengths[1], heights[1], level, twist], dim=2)
