"""Outputs of a network for many windows: in chunks, on several threads, in several orientations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .._torch import submit
from .._typing import AnyArray
from ..skeleton import random_rotations

__all__ = [
    "CROP",
    "check_finite",
    "fixed_turns",
    "inputs",
    "probabilities",
    "run_in_chunks",
    "turned",
    "turned_views",
]

CHUNK, DEVICE_CHUNK = 128, 2048
"""Rows per forward pass: on a CPU, where they should fit into its caches, and elsewhere."""

TURNS = 8
"""Orientations of a window that are averaged where the mounting of the sensors is unknown."""

CROP = 0.9
"""Share of a window that a cropped view keeps."""


def inputs(x: AnyArray, present: NDArray[np.bool_] | None) -> dict[str, AnyArray]:
    """Return the batch of a network, contiguous: the memory layout changes the last bits."""
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
    threads: int | None = None,
    *,
    filled: bool = False,
) -> AnyArray:
    """Apply a function of batches to all rows, without gradients, and collect NumPy arrays.

    Chunks, and therefore the results, do not depend on the number of threads. None computes in
    the calling thread, which must be limited to one thread of torch. If `filled`, copies of a row
    fill up the last chunk: the last bits of a row depend on the number of rows, and then not on
    other rows.
    """
    dtype = next(module.parameters()).dtype
    # on a CPU, moving a small network between devices would cost a third of the time
    on_cpu = torch.device(device).type == "cpu"
    size = CHUNK if on_cpu else DEVICE_CHUNK

    def run(start: int) -> AnyArray:
        """Return the outputs of one chunk."""
        rows = x[start : start + size]
        count = len(rows)
        if filled and count < size:
            rows = np.concatenate([rows, np.repeat(rows[-1:], size - count, axis=0)])
        batch = inputs(rows, present)
        with torch.inference_mode():  # a state of each thread
            tensors = {k: torch.tensor(v, device=device) for k, v in batch.items()}
            outputs = function(tensors | {"imu": tensors["imu"].to(dtype)})
            return outputs[:count].cpu().numpy()

    module.eval()
    if not on_cpu:
        module.to(device)
    starts = range(0, len(x), size)
    if threads is None:
        parts = [run(start) for start in starts]
    else:
        parts = _side_by_side(run, starts, threads if on_cpu else 1)
    if not on_cpu:
        module.to("cpu")
    return np.concatenate(parts)


def _side_by_side(run: Callable[[int], AnyArray], starts: range, threads: int) -> list[AnyArray]:
    """Run chunks in other threads, neighbors in the same one, and return the results in order."""

    def run_all(share: AnyArray) -> list[AnyArray]:
        return [run(start) for start in share.tolist()]

    shares = np.array_split(np.array(starts), min(threads, len(starts)))
    waiting = [submit(run_all, share) for share in shares]
    return [part for share in waiting for part in share.result()]


def check_finite(outputs: AnyArray, values: AnyArray) -> None:
    """Refuse windows (n, ...) for which the outputs (n_views, n, k) of a network are not finite."""
    lost = np.flatnonzero(~np.isfinite(outputs).all(axis=(0, 2)))
    if len(lost):
        raise ValueError(
            f"{len(lost)} of {len(values)} windows are so large that the network's numbers "
            f"overflow; the first is window {lost[0]}, whose values reach "
            f"{np.abs(values[lost[0]]).max():.3g}. Check the units and the scale of X."
        )


def turned_views(x: AnyArray, *, cropped: bool) -> Iterator[AnyArray]:
    """Yield windows (n, S, 6, T) as they are, then in `TURNS` - 1 fixed random orientations.

    If `cropped`, each further view is also another crop to 90 % of the window.
    """
    yield x
    length = x.shape[-1]
    kept = max(1, round(CROP * length)) if cropped else length
    turns = fixed_turns().astype(x.dtype)
    starts = np.linspace(0, length - kept, TURNS - 1).round().astype(int)
    for start, turn in zip(starts, turns, strict=True):
        yield turned(x[..., start : start + kept], turn)


def fixed_turns() -> AnyArray:
    """Return the rotations (`TURNS` - 1, 3, 3) of the further views."""
    return random_rotations(TURNS - 1, np.random.default_rng(0))


def turned(x: AnyArray, turn: AnyArray) -> AnyArray:
    """Turn acc and gyro of all sites of windows (n, S, 6, T) by a matrix (3, 3)."""
    triads = x.reshape(*x.shape[:2], 2, 3, x.shape[-1])
    return (turn @ triads).reshape(x.shape)


def probabilities(logits: AnyArray) -> AnyArray:
    """Return the mean over views of the softmax of logits (n_views, n, n_classes)."""
    odds = np.exp(logits - logits.max(axis=2, keepdims=True))
    return (odds / odds.sum(axis=2, keepdims=True)).mean(axis=0)
