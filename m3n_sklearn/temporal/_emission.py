"""How much a window's probabilities are to be trusted beside those of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ._chain import Chain, posteriors

__all__ = ["ALONE", "BALANCES", "WEIGHTS", "Emission", "Stretch", "choose_emission", "evenly"]

Indices = NDArray[np.intp]

LEAST = 1e-6
"""Probabilities below this are taken for it: no window alone rules a class out."""

WEIGHTS = (0.1, 0.16, 0.25, 0.4, 0.63, 1.0, 1.6, 2.5, 4.0, 6.3)
BALANCES = (0.0, 0.5, 1.0)
"""What "auto" chooses from."""


class Emission(NamedTuple):
    """Window probabilities -> log-likelihoods.

    Attributes
    ----------
    weight : float
        Factor of the log-likelihood. Windows overlap and networks are too sure of themselves:
        below 1. Above 1 for classifiers that hardly commit themselves.
    balance : float
        Power of the classes' mean probabilities that probabilities are divided by. 1 is Bayes'
        rule; less favours rare classes less.
    """

    weight: float
    balance: float

    def scores(self, probabilities: Array, expected: Array) -> Array:
        """Return log-likelihoods, up to a constant per row.

        `expected` is what the classifier gives each class on average. Divided by the share of the
        class instead, probabilities of a classifier that hardly commits itself would favour rare
        classes in every row. A class that it does not know, and expects nothing of, is ruled out.
        """
        logs = np.log(np.maximum(probabilities, LEAST))
        usual = np.log(np.where(expected > 0, np.maximum(expected, LEAST), 1.0))
        return self.weight * (logs - self.balance * usual)


ALONE = Emission(1.0, 1.0)
"""For a row without neighbours: what comes out is the classifier's own opinion."""


class Stretch(NamedTuple):
    """Rows that a classifier and a chain have not been fitted on.

    Attributes
    ----------
    probabilities : ndarray of shape (n, K)
        Of a classifier fitted on other rows.
    codes : ndarray of int of shape (n,)
        True classes.
    lengths : ndarray of int
        Rows of each chain.
    chain : Chain
        Learned from the other rows.
    expected : ndarray of shape (K,)
        Mean probability that the classifier gives each class in the rows it was fitted on.
    """

    probabilities: Array
    codes: Indices
    lengths: Indices
    chain: Chain
    expected: Array


def evenly(beliefs: Array, shares: Array) -> Indices:
    """Decide each row as if all classes were equally frequent.

    Parameters
    ----------
    beliefs : ndarray of shape (..., K)
        Posterior probabilities.
    shares : ndarray of shape (K,)
        How frequent classes are; positive.

    Returns
    -------
    ndarray of int of shape (...)
        The class that has become more probable than it usually is by the largest factor.
    """
    return np.asarray((beliefs / shares).argmax(axis=-1))


def choose_emission(
    stretches: Sequence[Stretch],
    step: float,
    weights: Sequence[float] = WEIGHTS,
    balances: Sequence[float] = BALANCES,
) -> Emission:
    """Choose what says most about unseen rows.

    Parameters
    ----------
    stretches : sequence of Stretch
        Held-out rows.
    step : float
        Time between rows in s.
    weights, balances : sequence of float
        Candidates.

    Returns
    -------
    Emission
        The one with the lowest log loss over all rows.

    Notes
    -----
    However rows will be decided: a score of decisions hardly differs between candidates, and what
    differs is chance.
    """
    values = np.concatenate([_losses(stretches, step, weights, b) for b in balances])
    pairs = [(weight, balance) for balance in balances for weight in weights]
    return Emission(*pairs[int(values.argmin())])


def _losses(
    stretches: Sequence[Stretch], step: float, weights: Sequence[float], balance: float
) -> Array:
    """Return the log loss of each weight."""
    total = np.zeros(len(weights))
    for stretch in stretches:
        beliefs = _beliefs(stretch, step, weights, balance)
        true = beliefs[:, np.arange(len(stretch.codes)), stretch.codes]
        total -= np.log(np.maximum(true, LEAST)).sum(axis=1)
    return total


def _beliefs(stretch: Stretch, step: float, weights: Sequence[float], balance: float) -> Array:
    """Return posteriors (weights, rows, K): the same rows once for each weight, side by side."""
    emissions = [Emission(weight, balance) for weight in weights]
    scores = [e.scores(stretch.probabilities, stretch.expected) for e in emissions]
    lengths = np.tile(stretch.lengths, len(weights))
    beliefs = posteriors(np.concatenate(scores), lengths, stretch.chain.at(step))
    return beliefs.reshape(len(weights), len(stretch.codes), -1)
