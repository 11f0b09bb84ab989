"""How well one modality finds another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["retrieval_at_1"]


def retrieval_at_1(
    a: NDArray[Any], b: NDArray[Any], same: NDArray[np.int64] | None = None
) -> float:
    """Share of rows whose nearest neighbour in the other modality is right, both ways averaged.

    Parameters
    ----------
    a, b : ndarray of shape (n, d)
        Embeddings of unit length; row i of both belongs together.
    same : ndarray of int of shape (n, P), optional
        Numbers of each row's sentences (-1 fills up): a hit with a shared sentence is right too.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> retrieval_at_1(np.eye(3), np.eye(3)[[0, 2, 1]])
    0.3333333333333333
    """
    hits = [_hits(a, b, same), _hits(b, a, same)]
    return float(np.mean(hits))


def _hits(
    queries: NDArray[Any], keys: NDArray[Any], same: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    own = np.arange(len(queries))
    found = np.concatenate(
        [(queries[i : i + 1024] @ keys.T).argmax(axis=1) for i in range(0, len(queries), 1024)]
    )
    if same is None:
        return found == own
    shared = (same[:, :, None] == same[found][:, None, :]) & (same >= 0)[:, :, None]
    return (found == own) | shared.any(axis=(1, 2))
