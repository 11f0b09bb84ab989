"""What follows what, and how long it lasts: learned from labels in order, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammainccinv

from ._decoding import States

__all__ = ["Chain", "learn_chain"]

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

OLDEST = 256
"""Ages that are told apart at most; a class that has lasted longer ends at a constant rate."""


@dataclass(frozen=True)
class Chain:
    """Classes that last for a while and follow each other.

    Stays in a class are gamma distributed. With a squared coefficient of variation of 1 that is
    the exponential distribution of an ordinary Markov chain, whose shortest stay is the most
    probable one.

    Attributes
    ----------
    shares : ndarray of shape (K,)
        Share of the time that is spent in each class.
    durations : ndarray of shape (K,)
        Mean stay in s.
    spreads : ndarray of shape (K,)
        Squared coefficient of variation of the stays.
    follows : ndarray of shape (K, K)
        Probability that a class (row) is followed by another (column); zero on the diagonal.
    """

    shares: Array
    durations: Array
    spreads: Array
    follows: Array

    def at(self, step: float) -> States:
        """Return the states that rows `step` s apart go through."""
        if len(self.shares) == 1:  # nothing else can follow
            return States(np.full((1, 2), 0.5), np.zeros((1, 2)), np.zeros((1, 1)))
        shape, scale = 1 / self.spreads, self.spreads * self.durations
        longest = (gammainccinv(shape, 1e-3) * scale).max() / step
        ages = np.arange(1, np.clip(np.ceil(longest), 2, OLDEST) + 1)
        # a stay of k rows lasted between k - 1/2 and k + 1/2 steps
        lasting = gammaincc(shape[:, None], (ages + 0.5) * step / scale[:, None])
        younger = np.concatenate([np.ones((len(shape), 1)), lasting[:, :-1]], axis=1)
        leave = np.clip(1 - lasting / np.maximum(younger, 1e-300), 1e-6, 1 - 1e-6)
        start = self.shares[:, None] * younger / younger.sum(axis=1, keepdims=True)
        return States(start, leave, self.follows)


def learn_chain(
    codes: Indices, lengths: Indices, step: float, n_classes: int, smoothing: float
) -> Chain:
    """Learn a chain from the classes of rows in order.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
        Class of each row; chains lie below each other.
    lengths : ndarray of int
        Rows of each chain.
    step : float
        Time between rows in s.
    n_classes : int
        Number of classes; some may not occur.
    smoothing : float
        How many stays of unknown length and sequel each class is taken to have had beside those
        that were seen.

    Returns
    -------
    Chain
        Probabilities are positive.
    """
    starts = np.zeros(len(codes), dtype=bool)
    starts[np.cumsum(lengths) - lengths] = True
    turns = np.flatnonzero(starts | np.concatenate([[True], codes[1:] != codes[:-1]]))
    stays = np.diff(np.append(turns, len(codes))) * step
    of_class, begun = codes[turns], ~starts[turns]
    ended = np.append(begun[1:], False)
    time = np.bincount(of_class, stays, n_classes)
    exits = np.bincount(of_class[ended], minlength=n_classes)
    usual = time.sum() / max(1, exits.sum())
    whole = begun & ended
    return Chain(
        shares=(time + smoothing * usual / n_classes) / (time.sum() + smoothing * usual),
        durations=(time + smoothing * usual) / (exits + smoothing),
        spreads=_spreads(of_class[whole], stays[whole], n_classes, smoothing),
        follows=_follows(of_class, ended, n_classes, smoothing),
    )


def _spreads(of_class: Indices, stays: Array, n_classes: int, smoothing: float) -> Array:
    """Squared coefficient of variation of whole stays, drawn towards that of a single phase."""
    count = np.bincount(of_class, minlength=n_classes)
    mean = np.bincount(of_class, stays, n_classes) / np.maximum(count, 1)
    relative = stays / mean[of_class] - 1
    squares = np.bincount(of_class, relative**2, n_classes)
    return (squares + smoothing) / (np.maximum(count - 1, 0) + smoothing)


def _follows(
    of_class: Indices, ended: NDArray[np.bool_], n_classes: int, smoothing: float
) -> Array:
    jumps = np.zeros((n_classes, n_classes))
    here = np.flatnonzero(ended)
    np.add.at(jumps, (of_class[here], of_class[here + 1]), 1)
    visits = np.bincount(of_class, minlength=n_classes) + smoothing
    guess = np.tile(visits / visits.sum(), (n_classes, 1))
    np.fill_diagonal(guess, 0)
    if n_classes > 1:
        guess /= guess.sum(axis=1, keepdims=True)
    return (jumps + smoothing * guess) / (jumps.sum(axis=1, keepdims=True) + smoothing)
