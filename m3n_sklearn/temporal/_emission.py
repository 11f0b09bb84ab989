"""The emissions of the hidden semi-Markov model: from window probabilities to log-likelihoods.

With the classifier's probability p(k | x) of class k for a window x, its mean p(k) over the
training windows, a weight w and an exponent q (`balance`),

    log b(k) = w [ log p(k | x) - q log p(k) ]

``q = 1`` is Bayes' rule, up to a constant per window. ``w < 1`` accounts for windows that overlap
and for overconfident classifiers, ``w > 1`` for underconfident ones. Both are chosen from a grid on
held-out rows, once for posteriors, by their log loss, and once for decisions, by the macro F1 of
paths. Errors of the windows of one stay are alike. This makes posteriors too sure, which the log
loss answers with a small weight, and with it durations decide more than windows do.

Reference: H. Bourlard, N. Morgan, "Connectionist speech recognition: a hybrid approach", Kluwer,
1994.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ._chain import Chain, best_path, posteriors

__all__ = [
    "BALANCES",
    "ISOLATED",
    "WEIGHTS",
    "Emission",
    "HeldOut",
    "choose_decision_emission",
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
    return _best(_log_likelihoods, held_out, step, weights, balances)


def choose_decision_emission(
    held_out: Sequence[HeldOut],
    step: float,  # seconds between rows
    weights: Sequence[float] = WEIGHTS,
    balances: Sequence[float] = BALANCES,
) -> Emission:
    """Return the emission whose paths have the highest macro F1 on held-out rows."""
    return _best(_path_scores, held_out, step, weights, balances)


def _best(
    score: Callable[[Sequence[HeldOut], float, Sequence[float], float], Array],
    held_out: Sequence[HeldOut],
    step: float,
    weights: Sequence[float],
    balances: Sequence[float],
) -> Emission:
    """Return the emission with the highest score, of all pairs of a weight and a balance."""
    values = np.concatenate([score(held_out, step, weights, b) for b in balances])
    pairs = [(weight, balance) for balance in balances for weight in weights]
    return Emission(*pairs[int(values.argmax())])


def _path_scores(
    held_out: Sequence[HeldOut], step: float, weights: Sequence[float], balance: float
) -> Array:
    """Return the macro F1 of the paths of each weight, over the rows of all folds."""
    # 1. Weighted rows by class, (weights, K): found, predicted and true ones
    n_classes = held_out[0].probabilities.shape[1]
    found, predicted, true = np.zeros((3, len(weights), n_classes))
    for fold in held_out:
        scores, lengths = _once_per_weight(fold, weights, balance)
        paths = best_path(scores, lengths, fold.chain.at(step)).reshape(len(weights), -1)
        for k, path in enumerate(paths):
            hit = path == fold.codes
            found[k] += np.bincount(path[hit], fold.weight[hit], n_classes)
            predicted[k] += np.bincount(path, fold.weight, n_classes)
            true[k] += np.bincount(fold.codes, fold.weight, n_classes)
    # 2. F1 of the classes that occur
    occurs = true[0] > 0
    return np.asarray((2 * found / np.maximum(predicted + true, 1e-300))[:, occurs].mean(axis=1))


def _log_likelihoods(
    held_out: Sequence[HeldOut], step: float, weights: Sequence[float], balance: float
) -> Array:
    """Return the log-likelihood of the true classes for each weight."""
    total = np.zeros(len(weights))
    for fold in held_out:
        posterior = _posteriors(fold, step, weights, balance)
        true = posterior[:, np.arange(len(fold.codes)), fold.codes]
        total += np.log(np.maximum(true, MIN_PROBABILITY)) @ fold.weight
    return total


def _posteriors(fold: HeldOut, step: float, weights: Sequence[float], balance: float) -> Array:
    """Return posteriors (weights, rows, K), of all weights in one pass."""
    scores, lengths = _once_per_weight(fold, weights, balance)
    posterior = posteriors(scores, lengths, fold.chain.at(step))
    return posterior.reshape(len(weights), len(fold.codes), -1)


def _once_per_weight(
    fold: HeldOut, weights: Sequence[float], balance: float
) -> tuple[Array, Indices]:
    """Return the scores of the rows once per weight, as if they were further chains."""
    emissions = [Emission(weight, balance) for weight in weights]
    scores = [e.scores(fold.probabilities, fold.expected) for e in emissions]
    return np.concatenate(scores), np.tile(fold.lengths, len(weights))
