"""What follows what, and how long it lasts: learned from labels in order, in seconds."""

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


_CHAINS_AT_ONCE = 256


class States(NamedTuple):
    """A chain of K classes and A >= 2 ages.

    Attributes
    ----------
    start : ndarray of shape (K, A)
        Probabilities of classes and ages in a first row.
    leave : ndarray of shape (K, A)
        Probability that a class of that age ends with this row.
    follows : ndarray of shape (K, K)
        Which class (column) begins when one (row) has ended.
    """

    start: Array
    leave: Array
    follows: Array


def best_path(scores: Array, lengths: Indices, states: States) -> Indices:
    """Find the most probable sequence of classes of each chain (Viterbi).

    Parameters
    ----------
    scores : ndarray of shape (n, K)
        Log-likelihood of each class in each row; chains lie below each other.
    lengths : ndarray of int
        Rows of each chain; they sum to n.
    states : States
        The chain.

    Returns
    -------
    ndarray of int of shape (n,)
        Classes.
    """
    log_leave, log_follows = _log(states.leave), _log(states.follows)
    log_stay = _log(1 - states.leave)
    # the age in a first row is no part of the answer: the likeliest one stands for all
    log_start = _log(states.start / states.start.max(axis=1, keepdims=True))
    log_start += _log(states.start.sum(axis=1, keepdims=True))
    path = np.empty(len(scores), dtype=np.intp)
    left_at = np.empty(scores.shape, dtype=np.int32)  # best age to end a class at, by row
    came_from = np.empty(scores.shape, dtype=np.int32)  # best class to come from, by row
    was_old = np.empty(scores.shape, dtype=bool)  # whether the last age was so a row before
    for rows in _lockstep(lengths):
        best = log_start + scores[rows[0], :, None]
        ends = []
        for before, now in pairwise(rows):
            ends.append(best[len(now) :])
            best = best[: len(now)]
            ending = best + log_leave
            left_at[before[: len(now)]] = ending.argmax(axis=2)
            arrivals = ending.max(axis=2)[:, :, None] + log_follows
            came_from[now] = arrivals.argmax(axis=1)
            staying = best + log_stay
            best = np.concatenate([arrivals.max(axis=1)[:, :, None], staying[:, :, :-1]], axis=2)
            was_old[now] = staying[:, :, -1] > best[:, :, -1]
            best[:, :, -1] = np.maximum(best[:, :, -1], staying[:, :, -1])
            best += scores[now, :, None]
        ends.append(best)
        _trace(path, rows, ends, left_at, came_from, was_old)
    return path


def _trace(
    path: Indices,
    rows: list[Indices],
    ends: list[Array],
    left_at: NDArray[np.int32],
    came_from: NDArray[np.int32],
    was_old: NDArray[np.bool_],
) -> None:
    """Follow the best paths back from the ends of their chains."""
    oldest = ends[0].shape[2] - 1
    code, age = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    for k in reversed(range(len(rows))):
        if k + 1 < len(rows):  # from row k + 1 to row k
            later, here = rows[k + 1], rows[k][: len(rows[k + 1])]
            began = age == 0
            age = age - ~((age == oldest) & was_old[later, code])
            code = np.where(began, came_from[later, code], code)
            age = np.where(began, left_at[here, code], age)
        last = np.stack(np.unravel_index(_flat_argmax(ends[k]), ends[k].shape[1:]))
        code, age = np.concatenate([code, last[0]]), np.concatenate([age, last[1]])
        path[rows[k]] = code


def posteriors(scores: Array, lengths: Indices, states: States) -> Array:
    """Find the probability of each class in each row, given the whole chain (forward-backward).

    Parameters
    ----------
    scores, lengths, states
        As for :func:`best_path`.

    Returns
    -------
    ndarray of shape (n, K)
        Rows sum to 1.
    """
    likelihood = np.exp(scores - scores.max(axis=1, keepdims=True))
    result = np.empty_like(likelihood)
    young, leaving = np.empty_like(likelihood), np.empty_like(likelihood)
    evidence = np.empty(len(scores))
    for rows in _lockstep(lengths):
        belief = states.start * likelihood[rows[0], :, None]
        for k, now in enumerate(rows):
            if k:
                belief = _next(belief[: len(now)], leaving[rows[k - 1][: len(now)]], states)
                belief *= likelihood[now, :, None]
            evidence[now] = belief.sum(axis=(1, 2))
            belief /= evidence[now, None, None]
            young[now] = belief[:, :, 0]
            leaving[now] = (belief * states.leave).sum(axis=2)
            result[now] = belief.sum(axis=2)
        _smooth(result, rows, likelihood, evidence, young, leaving, states)
    return result / result.sum(axis=1, keepdims=True)


def _next(belief: Array, leaving: Array, states: States) -> Array:
    """Return what is expected of the next row."""
    staying = belief * (1 - states.leave)
    following = np.empty_like(belief)
    following[:, :, 1:] = staying[:, :, :-1]
    following[:, :, 0] = leaving @ states.follows
    following[:, :, -1] += staying[:, :, -1]
    return following


def _smooth(
    result: Array,
    rows: list[Indices],
    likelihood: Array,
    evidence: Array,
    young: Array,
    leaving: Array,
    states: States,
) -> None:
    """Let each row know of the later ones.

    A class is as probable as in the next row, less what begins there, plus what ends here: beliefs
    over ages need not be kept.
    """
    gain = np.empty((0, *states.leave.shape))  # of odds, by what follows
    for now, before in pairwise(rows[::-1]):
        gain = np.concatenate([gain, np.ones((len(now) - len(gain), *states.leave.shape))])
        began = young[now] * gain[:, :, 0]
        gain *= (likelihood[now] / evidence[now, None])[:, :, None]
        ending = gain[:, :, 0] @ states.follows.T
        here = before[: len(now)]
        result[here] = np.maximum(result[now] - began + leaving[here] * ending, 0.0)
        older = np.concatenate([gain[:, :, 1:], gain[:, :, -1:]], axis=2)
        gain = (1 - states.leave) * older + states.leave * ending[:, :, None]


def _lockstep(lengths: Indices) -> Iterator[list[Indices]]:
    """Yield, for some chains at once, the rows of their first step, their second and so on."""
    firsts = np.cumsum(lengths) - lengths
    longest_first = np.argsort(-lengths, kind="stable")
    for at in range(0, len(lengths), _CHAINS_AT_ONCE):
        chains = longest_first[at : at + _CHAINS_AT_ONCE]
        left = np.searchsorted(-lengths[chains], -np.arange(lengths[chains[0]]), side="left")
        yield [firsts[chains[:count]] + k for k, count in enumerate(left)]


def _flat_argmax(values: Array) -> Indices:
    return values.reshape(len(values), values.shape[1] * values.shape[2]).argmax(axis=1)


def _log(probability: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(probability)
