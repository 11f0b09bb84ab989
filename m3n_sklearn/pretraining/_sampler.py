"""Batches in which captions meet that are similar, but not the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._sources import Captions

__all__ = ["NearMisses"]

NEAREST = 5
"""Among how many of the nearest captions one is drawn."""


class NearMisses:
    """Finds rows whose caption is a near miss of that of other rows.

    Parameters
    ----------
    captions : Captions
        Sentences of all rows.
    similar : float, optional
        Cosine from which on two sentences mean the same, so that they are no near miss.
    """

    def __init__(self, captions: Captions, similar: float | None = None) -> None:
        self.numbers, self.similar = captions.numbers, similar
        length = np.linalg.norm(captions.vectors, axis=1, keepdims=True)
        self.unit = captions.vectors / np.maximum(length, 1e-12)
        there = self.numbers >= 0
        sentence, owner = self.numbers[there], np.nonzero(there)[0]
        self.rows = owner[np.argsort(sentence, kind="stable")]
        self.start = np.concatenate([[0], np.bincount(sentence, minlength=len(self.unit)).cumsum()])

    def replace(
        self, rows: NDArray[np.int64], share: float, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Put near misses of the first rows of a batch in the place of its last ones.

        Parameters
        ----------
        rows : ndarray of int of shape (n,)
            A batch, in random order.
        share : float
            Share of the batch to replace, at most one half.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        ndarray of int of shape (n,)
            Rows without a caption, or without any near miss, replace nothing.
        """
        count = int(share * len(rows))
        anchors = rows[:count]
        found = np.full(count, -1)
        described = self.numbers[anchors, 0] >= 0
        found[described] = self._near(anchors[described], rng)
        replaced = rows.copy()
        last = replaced[len(rows) - count :]
        last[found >= 0] = found[found >= 0]
        return replaced

    def _near(self, anchors: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Return one row each whose caption is near, or -1."""
        own = self.numbers[anchors]
        cosine = self.unit[own[:, 0]] @ self.unit.T
        if self.similar is not None:
            cosine[cosine >= self.similar] = -np.inf
        cosine[:, np.diff(self.start) == 0] = -np.inf
        np.put_along_axis(cosine, np.where(own < 0, own[:, :1], own), -np.inf, axis=1)
        count = min(NEAREST, cosine.shape[1])
        nearest = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        index = np.arange(len(anchors))
        sentence = nearest[index, rng.integers(0, count, len(anchors))]
        first, stop = self.start[sentence], self.start[sentence + 1]
        place = first + rng.integers(0, np.maximum(stop - first, 1))
        found = self.rows[np.minimum(place, len(self.rows) - 1)]
        return np.where(np.isfinite(cosine[index, sentence]), found, -1)
