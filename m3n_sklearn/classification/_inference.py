"""What a network says about many windows: in chunks, on several threads, from several views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..motion.rotations import random_rotations

__all__ = ["Views", "check_answers", "inputs", "probabilities", "run_in_chunks"]

AnyArray = NDArray[Any]

CHUNK, DEVICE_CHUNK = 128, 2048
"""Rows per forward pass on a CPU, whose caches hold no more, and elsewhere."""

SHORTER = 0.9
"""Share of a window that every view but the first shows."""


def inputs(x: AnyArray, present: NDArray[np.bool_] | None) -> dict[str, AnyArray]:
    """Return what a network is called with, in one memory layout: it decides on the last bits."""
    x = np.ascontiguousarray(x)
    if present is None:
        return {"imu": x}
    return {"imu": x, "present": np.repeat(present[None], len(x), axis=0)}


def run_in_chunks(
    function: Callable[[dict[str, Tensor]], Tensor],
    module: nn.Module,
    x: AnyArray,
    present: NDArray[np.bool_] | None,
    device: str,
    threads: int = 1,
) -> AnyArray:
    """Apply a function of batches to all rows, without gradients, and collect NumPy arrays.

    Chunks, and therefore the results, do not depend on the number of threads.
    """
    dtype = next(module.parameters()).dtype
    on_cpu = torch.device(device).type == "cpu"  # where a small network's moves would cost a third
    size = CHUNK if on_cpu else DEVICE_CHUNK

    def run(start: int) -> AnyArray:
        batch = inputs(x[start : start + size], present)
        with torch.inference_mode():  # which is a state of each thread
            tensors = {k: torch.tensor(v, device=device) for k, v in batch.items()}
            return function(tensors | {"imu": tensors["imu"].to(dtype)}).cpu().numpy()

    module.eval()
    if not on_cpu:
        module.to(device)
    starts = range(0, len(x), size)
    if on_cpu and min(threads, len(starts)) > 1:
        with ThreadPoolExecutor(min(threads, len(starts))) as pool:
            parts = list(pool.map(run, starts))
    else:
        parts = [run(start) for start in starts]
    if not on_cpu:
        module.to("cpu")
    return np.concatenate(parts)


def check_answers(answers: AnyArray, values: AnyArray) -> None:
    """Refuse windows that a network has no finite answer to.

    Parameters
    ----------
    answers : ndarray of shape (n_views, n, k)
        What the network gave.
    values : ndarray of shape (n, ...)
        The windows.

    Raises
    ------
    ValueError
        If an answer is NaN or infinite.
    """
    lost = np.flatnonzero(~np.isfinite(answers).all(axis=(0, 2)))
    if len(lost):
        raise ValueError(
            f"{len(lost)} of {len(values)} windows are so large that the network's numbers "
            f"overflow; the first is window {lost[0]}, whose values reach "
            f"{np.abs(values[lost[0]]).max():.3g}. Check the units and the scale of X."
        )


@dataclass(frozen=True)
class Views:
    """The same windows seen several times, always in the same ways.

    Attributes
    ----------
    count : int
        How many views there are. The first is the window as it is; the others are overlapping
        crops, evenly spread from its start to its end.
    turned : bool
        Whether every view but the first also turns the sensors, each in an orientation of its own.
    cropped : bool
        False where a network reads windows of one length only.
    """

    count: int = 1
    turned: bool = False
    cropped: bool = True

    def __call__(self, x: AnyArray) -> Iterator[AnyArray]:
        """Yield every view of windows (n, S, C, T); where sensors are turned, C is 6."""
        yield x
        if self.count == 1:
            return
        length = x.shape[-1]
        kept = max(1, round(SHORTER * length)) if self.cropped else length
        turns = random_rotations(self.count - 1, np.random.default_rng(0)).astype(x.dtype)
        starts = np.linspace(0, length - kept, self.count - 1).round().astype(int)
        for start, turn in zip(starts, turns, strict=True):
            part = x[..., start : start + kept]
            yield turned(part, turn) if self.turned else part

    def logits(
        self,
        module: nn.Module,
        x: AnyArray,
        present: NDArray[np.bool_] | None,
        device: str,
        threads: int = 1,
    ) -> AnyArray:
        """Return the logits of every view, (count, n, n_classes)."""

        def function(batch: dict[str, Tensor]) -> Tensor:
            return module(batch)["logits"]

        return np.stack(
            [run_in_chunks(function, module, v, present, device, threads) for v in self(x)]
        )


def turned(x: AnyArray, turn: AnyArray) -> AnyArray:
    """Turn acc and gyro of all sites of windows (n, S, 6, T) by a matrix (3, 3)."""
    triads = x.reshape(*x.shape[:2], 2, 3, x.shape[-1])
    return (turn @ triads).reshape(x.shape)


def probabilities(logits: AnyArray, temperature: float | None) -> AnyArray:
    """Average over views what the softmax of their logits is.

    Parameters
    ----------
    logits : ndarray of shape (n_views, n, n_classes)
        Of every view.
    temperature : float or None
        What logits are divided by.

    Returns
    -------
    ndarray of shape (n, n_classes)
        In the dtype of the logits.
    """
    scaled = logits if temperature is None else logits / logits.dtype.type(temperature)
    odds = np.exp(scaled - scaled.max(axis=2, keepdims=True))
    return (odds / odds.sum(axis=2, keepdims=True)).mean(axis=0)
