"""How often one modality retrieves another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["retrieval_at_1"]


def retrieval_at_1(
    a: NDArray[Any], b: NDArray[Any], same: NDArray[np.int64] | None = None
) -> float:
    """Return the share of rows whose nearest neighbor in the other modality is right.

    Embeddings `a` and `b` (n, d) have unit length. A neighbor is right if it is the same row, or if
    it shares a sentence of `same` (n, P), numbers filled up with -1. Both directions are averaged.
    """
    hits = [_hits(a, b, same), _hits(b, a, same)]
    return float(np.mean(hits))


def _hits(
    queries: NDArray[Any], keys: NDArray[Any], same: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    """Tell which queries have the right nearest key."""
    own = np.arange(len(queries))
    found = np.concatenate(
        [(queries[i : i + 1024] @ keys.T).argmax(axis=1) for i in range(0, len(queries), 1024)]
    )
    if same is None:
        return found == own
    shared = (same[:, :, None] == same[found][:, None, :]) & (same >= 0)[:, :, None]
    return (found == own) | shared.any(axis=(1, 2))
