"""A hidden semi-Markov model: shares, durations and transitions of classes, paths and posteriors.

Durations
---------
A stay in class k has a gamma distribution with mean m_k and squared coefficient of variation c_k,
in s. With the regularized upper incomplete gamma function Q, a stay lasts longer than t with the
probability ``Q(1 / c_k, t / (c_k m_k))``. ``c_k = 1`` is the exponential distribution of an
ordinary hidden Markov model.

For rows that are h seconds apart, a stay of a rows lasts between a - 1/2 and a + 1/2 steps. With
``S_k(a) = Q(1 / c_k, (a + 1/2) h / (c_k m_k))`` and ``S_k(0) = 1``, a class of age a ends with
this row with the probability ``1 - S_k(a) / S_k(a - 1)``. In a first row, ages have probabilities
in proportion to S_k(a - 1).

Estimates
---------
Each class has alpha (`smoothing`) pseudo-stays in addition to those in the labels. With the time
T_k in class k, the number E_k of stays that were seen to end, their totals T and E, the number N_kj
of transitions from k to j, the number n_k of complete stays, and ``m = T / E``:

    share_k  = (T_k + alpha m / K) / (T + alpha m)
    m_k      = (T_k + alpha m) / (E_k + alpha)
    c_k      = (sum (duration / mean - 1)^2 + alpha) / (n_k - 1 + alpha)
    F_kj     = (N_kj + alpha p_kj) / (N_k + alpha)

The estimate of m_k is the maximum likelihood for exponential durations that are cut off at the ends
of recordings. p_kj is in proportion to the number of stays in class j plus alpha, for j != k.
With weights of the rows, each stay counts as often as the mean weight of its rows says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammainccinv

from .._typing import Array

__all__ = ["Chain", "States", "best_path", "learn_chain", "posteriors"]

Indices = NDArray[np.intp]

MAX_AGE = 256
"""Largest age in rows. A class that has lasted longer ends at a constant rate."""

MIN_SURVIVAL = 1e-3
"""Probability of a stay beyond the largest age, if that is less than `MAX_AGE`."""

MAX_CHAINS = 256
"""Chains in lockstep, which bounds memory."""


@dataclass(frozen=True)
class Chain:
    """Classes that last for a while and follow each other.

    Attributes
    ----------
    shares : ndarray of shape (K,)
        Share of the time in each class.
    durations : ndarray of shape (K,)
        Mean duration of a stay in s.
    spreads : ndarray of shape (K,)
        Squared coefficient of variation of the durations.
    follows : ndarray of shape (K, K)
        Probability that a class (row) is followed by another (column); zero on the diagonal.
    """

    shares: Array
    durations: Array
    spreads: Array
    follows: Array

    @property
    def longest(self) -> float:
        """Longest plausible stay in a class, in s."""
        times = gammainccinv(1 / self.spreads, MIN_SURVIVAL) * self.spreads * self.durations
        return float(times.max())

    def at(self, step: float) -> States:
        """Return the states for rows that are `step` seconds apart."""
        if len(self.shares) == 1:  # nothing else can follow
            return States(np.full((1, 2), 0.5), np.zeros((1, 2)), np.zeros((1, 1)))
        # 1. Ages up to the longest plausible stay
        shape, scale = 1 / self.spreads, self.spreads * self.durations
        ages = np.arange(1, np.clip(np.ceil(self.longest / step), 2, MAX_AGE) + 1)
        # 2. Survival beyond each age, S(a), and beyond the age before, S(a - 1)
        survival = gammaincc(shape[:, None], (ages + 0.5) * step / scale[:, None])
        before = np.concatenate([np.ones((len(shape), 1)), survival[:, :-1]], axis=1)
        # 3. Hazard of each age, and ages in a first row
        leave = np.clip(1 - survival / np.maximum(before, 1e-300), 1e-6, 1 - 1e-6)
        start = self.shares[:, None] * before / before.sum(axis=1, keepdims=True)
        return States(start, leave, self.follows)


def learn_chain(
    codes: Indices,
    lengths: Indices,
    step: float,
    n_classes: int,
    smoothing: float,
    weight: Array,
) -> Chain:
    """Estimate a chain from classes and weights (n,) of rows, in chains of the given lengths."""
    # 1. Stays: runs of one class within a chain, whether their begin and end were seen, and how
    #    often each of them counts
    chain_starts = np.zeros(len(codes), dtype=bool)
    chain_starts[np.cumsum(lengths) - lengths] = True
    firsts = np.flatnonzero(chain_starts | np.concatenate([[True], codes[1:] != codes[:-1]]))
    rows = np.diff(np.append(firsts, len(codes)))
    stays, times = rows * step, np.add.reduceat(weight, firsts) / rows
    of_class, begun = codes[firsts], ~chain_starts[firsts]
    ended = np.append(begun[1:], False)
    complete = begun & ended
    # 2. Time in each class, stays that ended, and their mean duration over all classes
    time = np.bincount(of_class, times * stays, n_classes)
    exits = np.bincount(of_class[ended], times[ended], n_classes)
    mean = time.sum() / max(1, exits.sum())
    # 3. Estimates with pseudo-stays
    return Chain(
        shares=(time + smoothing * mean / n_classes) / (time.sum() + smoothing * mean),
        durations=(time + smoothing * mean) / (exits + smoothing),
        spreads=_spreads(
            of_class[complete], stays[complete], times[complete], n_classes, smoothing
        ),
        follows=_follows(of_class, ended, times, n_classes, smoothing),
    )


def _spreads(
    of_class: Indices, stays: Array, times: Array, n_classes: int, smoothing: float
) -> Array:
    """Squared coefficient of variation of complete stays, shrunk towards 1."""
    count = np.bincount(of_class, times, n_classes)
    mean = np.bincount(of_class, times * stays, n_classes) / np.where(count > 0, count, 1)
    relative = stays / mean[of_class] - 1
    squares = np.bincount(of_class, times * relative**2, n_classes)
    return (squares + smoothing) / (np.maximum(count - 1, 0) + smoothing)


def _follows(
    of_class: Indices, ended: NDArray[np.bool_], times: Array, n_classes: int, smoothing: float
) -> Array:
    """Transition probabilities, shrunk towards the frequencies of stays."""
    transitions = np.zeros((n_classes, n_classes))
    left = np.flatnonzero(ended)
    np.add.at(transitions, (of_class[left], of_class[left + 1]), times[left])
    visits = np.bincount(of_class, times, n_classes) + smoothing
    prior = np.tile(visits / visits.sum(), (n_classes, 1))
    np.fill_diagonal(prior, 0)
    if n_classes > 1:
        prior /= prior.sum(axis=1, keepdims=True)
    return (transitions + smoothing * prior) / (transitions.sum(axis=1, keepdims=True) + smoothing)


# ---- paths and posteriors


class States(NamedTuple):
    """States of K classes and A >= 2 ages."""

    start: Array  # (K, A), probability of the state in a first row
    leave: Array  # (K, A), h: probability that a class of that age ends with this row
    follows: Array  # (K, K), F: probability of the next class (column) after a class (row)


def best_path(
    scores: Array,  # (n, K), log-likelihoods; chains are concatenated
    lengths: Indices,  # rows of each chain; their sum is n
    states: States,
) -> Indices:
    """Return the most probable class (n,) of each row, by the Viterbi algorithm."""
    log_leave, log_follows = _log(states.leave), _log(states.follows)
    log_stay = _log(1 - states.leave)
    # the age in a first row is not part of the path: all ages count for the most probable one
    log_start = _log(states.start / states.start.max(axis=1, keepdims=True))
    log_start += _log(states.start.sum(axis=1, keepdims=True))
    path = np.empty(len(scores), dtype=np.intp)
    # back pointers by row
    end_age = np.empty(scores.shape, dtype=np.int32)  # best age at which a class ends
    previous = np.empty(scores.shape, dtype=np.int32)  # best class before one that begins
    from_last = np.empty(scores.shape, dtype=bool)  # whether the last age had that age before
    for rows in _lockstep(lengths):
        delta = log_start + scores[rows[0], :, None]
        ends = []
        for before, now in pairwise(rows):
            # 1. Chains that end here
            ends.append(delta[len(now) :])
            delta = delta[: len(now)]
            # 2. Classes that end, and those that begin
            ending = delta + log_leave
            end_age[before[: len(now)]] = ending.argmax(axis=2)
            beginning = ending.max(axis=2)[:, :, None] + log_follows
            previous[now] = beginning.argmax(axis=1)
            # 3. Classes that go on; the last age collects all older ones
            staying = delta + log_stay
            delta = np.concatenate([beginning.max(axis=1)[:, :, None], staying[:, :, :-1]], axis=2)
            from_last[now] = staying[:, :, -1] > delta[:, :, -1]
            delta[:, :, -1] = np.maximum(delta[:, :, -1], staying[:, :, -1])
            delta += scores[now, :, None]
        ends.append(delta)
        _trace(path, rows, ends, end_age, previous, from_last)
    return path


def _trace(
    path: Indices,
    rows: list[Indices],
    ends: list[Array],
    end_age: NDArray[np.int32],
    previous: NDArray[np.int32],
    from_last: NDArray[np.bool_],
) -> None:
    """Follow the back pointers from the ends of the chains."""
    last_age = ends[0].shape[2] - 1
    code, age = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    for k in reversed(range(len(rows))):
        if k + 1 < len(rows):  # from row k + 1 to row k
            later, here = rows[k + 1], rows[k][: len(rows[k + 1])]
            began = age == 0
            age = age - ~((age == last_age) & from_last[later, code])
            code = np.where(began, previous[later, code], code)
            age = np.where(began, end_age[here, code], age)
        # chains whose last row is k join in
        last = np.stack(np.unravel_index(_flat_argmax(ends[k]), ends[k].shape[1:]))
        code, age = np.concatenate([code, last[0]]), np.concatenate([age, last[1]])
        path[rows[k]] = code


def posteriors(scores: Array, lengths: Indices, states: States) -> Array:
    """Return the probability (n, K) of each class in each row given its chain."""
    likelihood = np.exp(scores - scores.max(axis=1, keepdims=True))
    # of the forward pass, by row: alpha summed over ages, alpha of age 1, and sum of alpha h
    result = np.empty_like(likelihood)
    begin, leaving = np.empty_like(likelihood), np.empty_like(likelihood)
    evidence = np.empty(len(scores))
    for rows in _lockstep(lengths):
        # 1. Forward
        alpha = states.start * likelihood[rows[0], :, None]
        for k, now in enumerate(rows):
            if k:
                alpha = _next(alpha[: len(now)], leaving[rows[k - 1][: len(now)]], states)
                alpha *= likelihood[now, :, None]
            evidence[now] = alpha.sum(axis=(1, 2))
            alpha /= evidence[now, None, None]
            begin[now] = alpha[:, :, 0]
            leaving[now] = (alpha * states.leave).sum(axis=2)
            result[now] = alpha.sum(axis=2)
        # 2. Backward
        _smooth(result, rows, likelihood, evidence, begin, leaving, states)
    return result / result.sum(axis=1, keepdims=True)


def _next(alpha: Array, leaving: Array, states: States) -> Array:
    """Return the probability of the states of the next row, before its likelihood."""
    staying = alpha * (1 - states.leave)
    following = np.empty_like(alpha)
    following[:, :, 1:] = staying[:, :, :-1]
    following[:, :, 0] = leaving @ states.follows
    following[:, :, -1] += staying[:, :, -1]
    return following


def _smooth(
    result: Array,
    rows: list[Indices],
    likelihood: Array,
    evidence: Array,
    begin: Array,
    leaving: Array,
    states: States,
) -> None:
    """Turn forward probabilities of classes into posteriors, in place, from the last row on."""
    beta = np.empty((0, *states.leave.shape))
    for now, before in pairwise(rows[::-1]):
        # 1. Chains whose last row is this one join in with beta = 1
        beta = np.concatenate([beta, np.ones((len(now) - len(beta), *states.leave.shape))])
        began = begin[now] * beta[:, :, 0]
        # 2. beta~ of this row, and the factor of a class that ends in the row before
        beta *= (likelihood[now] / evidence[now, None])[:, :, None]
        end = beta[:, :, 0] @ states.follows.T
        # 3. The posterior of the row before, and its beta
        here = before[: len(now)]
        result[here] = np.maximum(result[now] - began + leaving[here] * end, 0.0)
        older = np.concatenate([beta[:, :, 1:], beta[:, :, -1:]], axis=2)
        beta = (1 - states.leave) * older + states.leave * end[:, :, None]


def _lockstep(lengths: Indices) -> Iterator[list[Indices]]:
    """Yield, for some chains at once, the rows of their first step, their second and so on."""
    firsts = np.cumsum(lengths) - lengths
    longest_first = np.argsort(-lengths, kind="stable")
    for at in range(0, len(lengths), MAX_CHAINS):
        chains = longest_first[at : at + MAX_CHAINS]
        # how many of these chains have a row k
        remaining = np.searchsorted(-lengths[chains], -np.arange(lengths[chains[0]]), side="left")
        yield [firsts[chains[:count]] + k for k, count in enumerate(remaining)]


def _flat_argmax(values: Array) -> Indices:
    """Return the index of the maximum over the last two axes."""
    return values.reshape(len(values), values.shape[1] * values.shape[2]).argmax(axis=1)


def _log(probability: Array) -> Array:
    """Return logarithms; those of zero are minus infinity."""
    with np.errstate(divide="ignore"):
        return np.log(probability)
