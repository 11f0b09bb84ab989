"""Rows of one label in a row become a segment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._rows import Rows

__all__ = ["join_rows"]

AnyArray = NDArray[Any]


def join_rows(rows: Rows, labels: AnyArray, confidence: AnyArray, step: float) -> AnyArray:
    """Join neighbours of the same label.

    Parameters
    ----------
    rows : Rows
        Rows in order.
    labels, confidence : ndarray of shape (n,)
        Label of each ordered row, and how sure it is.
    step : float
        Time between rows in s.

    Returns
    -------
    ndarray of shape (n_segments,)
        Fields ``recording``, ``start`` and ``end`` in s, ``label``, and ``confidence``, the mean
        over the rows. Where one label follows another, the border is halfway between the rows.
    """
    n = len(labels)
    chain_first = np.zeros(n, dtype=bool)
    chain_first[np.cumsum(rows.lengths) - rows.lengths] = True
    changes = np.concatenate([[True], labels[1:] != labels[:-1]])
    first = np.flatnonzero(chain_first | changes)
    last = np.append(first[1:], n) - 1
    halfway = np.empty(n + 1)
    halfway[0], halfway[-1] = rows.times[0], rows.times[-1]
    halfway[1:-1] = (rows.times[1:] + rows.times[:-1]) / 2
    open_end = np.append(chain_first[first[1:]], True)
    fields = [
        ("recording", rows.recordings.dtype),
        ("start", np.float64),
        ("end", np.float64),
        ("label", labels.dtype),
        ("confidence", np.float64),
    ]
    table = np.empty(len(first), dtype=fields)
    table["recording"], table["label"] = rows.recordings[first], labels[first]
    at_edge = chain_first[first]
    table["start"] = np.where(at_edge, rows.times[first] - step / 2, halfway[first])
    table["end"] = np.where(open_end, rows.times[last] + step / 2, halfway[last + 1])
    table["confidence"] = np.add.reduceat(confidence, first) / (last - first + 1)
    return table
