"""The emissions of the hidden semi-Markov model: from window probabilities to log-likelihoods.

With the classifier's probability p(k | x) of class k for a window x, its mean p(k) over the
training windows, a weight w and an exponent q (`balance`),

    log b(k) = w [ log p(k | x) - q log p(k) ]

``q = 1`` is Bayes' rule, up to a constant per window. ``w < 1`` accounts for windows that overlap
and for overconfident classifiers, ``w > 1`` for underconfident ones. Both are chosen from a grid
by the log loss of the posteriors on held-out rows. A score of decisions would hardly differ between
candidates, and what differs would be chance.

Reference: H. Bourlard, N. Morgan, "Connectionist speech recognition: a hybrid approach", Kluwer,
1994.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ._chain import Chain, posteriors

__all__ = [
    "BALANCES",
    "ISOLATED",
    "WEIGHTS",
    "Emission",
    "HeldOut",
    "choose_emission",
    "decide_balanced",
]

Indices = NDArray[np.intp]

MIN_PROBABILITY = 1e-6
"""Lower bound of probabilities, so that one window cannot exclude a class."""

WEIGHTS = (0.1, 0.16, 0.25, 0.4, 0.63, 1.0, 1.6, 2.5, 4.0, 6.3)
BALANCES = (0.0, 0.5, 1.0)
"""Candidates of "auto"."""


class Emission(NamedTuple):
    """Weight and prior exponent that turn window probabilities into log-likelihoods.

    Attributes
    ----------
    weight : float
        Factor of the log-likelihood. Below 1 for windows that overlap and overconfident
        classifiers, above 1 for underconfident ones.
    balance : float
        Exponent of the classes' mean probabilities, which divide the window's. 1 is Bayes' rule.
    """

    weight: float
    balance: float

    def scores(self, probabilities: Array, expected: Array) -> Array:
        """Return log-likelihoods (n, K), up to a constant per row; unknown classes are excluded."""
        # A classifier that hardly commits itself gives all classes similar probabilities. Divided
        # by the shares of the labels, they would favor rare classes everywhere; hence its own mean.
        logs = np.log(np.maximum(probabilities, MIN_PROBABILITY))
        # a class that the classifier does not know has mean 0 and is not divided
        prior = np.log(np.where(expected > 0, np.maximum(expected, MIN_PROBABILITY), 1.0))
        return self.weight * (logs - self.balance * prior)


ISOLATED = Emission(1.0, 1.0)
"""Emission of rows without neighbors: their posteriors are the classifier's probabilities."""


class HeldOut(NamedTuple):
    """Rows on which neither the classifier nor the chain was fitted."""

    probabilities: Array  # (n, K), of a classifier that was fitted on other rows
    codes: Indices  # (n,), true classes
    lengths: Indices  # rows of each chain
    chain: Chain  # learned from other rows
    expected: Array  # (K,), mean probabilities on the rows that the classifier was fitted on
    weight: Array  # (n,), weights of the rows


def decide_balanced(posterior: Array, shares: Array) -> Indices:
    """Return the class whose posterior exceeds its share of the time by the largest factor."""
    return np.asarray((posterior / shares).argmax(axis=-1))


def choose_emission(
    held_out: Sequence[HeldOut],
    step: float,  # seconds between rows
    weights: Sequence[float] = WEIGHTS,
    balances: Sequence[float] = BALANCES,
) -> Emission:
    """Return the emission with the lowest log loss of the posteriors on held-out rows."""
    values = np.concatenate([_losses(held_out, step, weights, b) for b in balances])
    pairs = [(weight, balance) for balance in balances for weight in weights]
    return Emission(*pairs[int(values.argmin())])


def _losses(
    held_out: Sequence[HeldOut], step: float, weights: Sequence[float], balance: float
) -> Array:
    """Return the log loss of each weight."""
    total = np.zeros(len(weights))
    for fold in held_out:
        posterior = _posteriors(fold, step, weights, balance)
        true = posterior[:, np.arange(len(fold.codes)), fold.codes]
        total -= np.log(np.maximum(true, MIN_PROBABILITY)) @ fold.weight
    return total


def _posteriors(fold: HeldOut, step: float, weights: Sequence[float], balance: float) -> Array:
    """Return posteriors (weights, rows, K), of all weights in one pass."""
    emissions = [Emission(weight, balance) for weight in weights]
    # the rows once per weight, as if they were further chains
    scores = [e.scores(fold.probabilities, fold.expected) for e in emissions]
    lengths = np.tile(fold.lengths, len(weights))
    posterior = posteriors(np.concatenate(scores), lengths, fold.chain.at(step))
    return posterior.reshape(len(weights), len(fold.codes), -1)
