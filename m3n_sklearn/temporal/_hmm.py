"""HMMClassifier: a hidden semi-Markov model over the probabilities of a window classifier.

`_stretches` sorts windows into chains. `_chain` estimates durations and transitions, and computes
the most probable path and posteriors. `_emission` converts probabilities to log-likelihoods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.metrics import accuracy_score
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from .._compat import (
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    check_params,
    fit_context,
    num_samples,
    safe_indexing,
)
from .._labels import check_groups, check_labels
from .._persistence import Persistent
from .._splits import block_folds
from .._torch import all_or_nothing
from .._typing import AnyArray, Array
from .._warn import warn
from .._windows import Windows
from ._chain import Chain, States, best_path, learn_chain, posteriors
from ._emission import (
    BALANCES,
    ISOLATED,
    WEIGHTS,
    Emission,
    HeldOut,
    choose_emission,
    decide_balanced,
)
from ._stretches import Rows, join_rows, order_is_known, read_rows

__all__ = ["HMMClassifier"]


class HMMClassifier(ClassifierMixin, MetaEstimatorMixin, Persistent, BaseEstimator):
    """Smooth a window classifier along recordings with a hidden semi-Markov model.

    The model learns from the training labels in order how long activities last and which follows
    which. From the classifier's probabilities on held-out rows it learns the weight of a single
    window. It then decodes a recording as a whole.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``
        Classifies single windows, for example a :class:`~m3n_sklearn.Multi3NetClassifier` or a
        pipeline of features and logistic regression. It is cloned. A ``FrozenEstimator`` is used
        without fitting; it should not have been fitted on the rows given here.
    weight : float or "auto", default="auto"
        Factor of a window's log-likelihood, for rows as far apart as those of `fit`. ``"auto"``
        chooses it by cross-validation.
    balance : float or "auto", default="auto"
        Exponent of the classes' mean probabilities, by which the window's probabilities are
        divided: 1 is Bayes' rule, 0 leaves them unchanged. ``"auto"`` chooses it by
        cross-validation.
    durations : {"gamma", "geometric"}, default="gamma"
        Distribution of the durations of activities. ``"geometric"`` is the ordinary hidden Markov
        model, which implies that the shortest duration is the most probable.
    decision : {"path", "balanced"}, default="path"
        What `predict` and `segments` return. ``"path"`` is the most probable path of classes
        through a recording, which often omits rare and short activities. ``"balanced"`` is, row
        by row, the class whose posterior exceeds its share of the time by the largest factor. It
        is better for rare classes and macro averages. It may be changed after `fit`.
    smoothing : float, default=0.3
        Number of pseudo-stays that each class has in addition to those in the training labels.
        Their duration is the mean over all classes.
    cv : int, default=5
        Number of folds of the cross-validation, which is skipped if both `weight` and `balance`
        are numbers. Groups, recordings or blocks of consecutive rows are held out together.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
        That of the fitted classifier.
    estimator_ : classifier
        Fitted on all rows.
    chain_ : Chain
        Estimated ``shares`` of the classes, mean ``durations`` in s, their ``spreads`` (squared
        coefficients of variation), and ``follows``, the probability that a class (row) is
        followed by another (column).
    emission_ : Emission
        The chosen `weight` and `balance`.
    expected_ : ndarray of shape (n_classes,)
        Mean probability of each class in the windows that `estimator_` was fitted on.
    step_ : float or None
        Median time between neighboring rows in s; None if no row has a neighbor.

    See Also
    --------
    m3n_sklearn.inspection.TimelineDisplay : Draws truth and predictions over time.

    Notes
    -----
    **Time.** `Windows` from `m3n_sklearn.cut` have their recording (column ``clip``) and their
    position in it (``start``). For other X, give `recordings` and `times`. Times alone mean one
    recording. Recordings alone mean that rows are in order, one second apart. Without either,
    rows have no neighbors and each is predicted on its own; a warning says so. The same holds
    if the rows of `fit` had no neighbors. The order of rows does not matter.

    Rows that are more than one and a half median steps apart are not neighbors. Therefore keep
    windows that you do not want to score, because gaps break the chain.

    **Cost.** It is linear in the number of rows, except for sorting. In `predict`, rows may be
    closer together or further apart than in `fit`: durations are in seconds, and the weight per
    second stays the same.

    **Decoding.** The Viterbi algorithm finds the most probable path. `predict_proba` returns the
    probability of each class in each row given the whole recording (forward-backward). The
    most probable path need not consist of the most probable classes.

    References
    ----------
    .. [1] S.-Z. Yu, "Hidden semi-Markov models", Artificial Intelligence 174 (2010) 215-243.
    .. [2] H. Bourlard and N. Morgan, "Connectionist speech recognition: a hybrid approach",
       Kluwer, 1994. Uses the probabilities of a network, divided by the shares of the classes,
       as likelihoods.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.temporal import HMMClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(np.repeat(["pick", "pack", "label"], [6, 9, 3]), 20)
    >>> X = np.stack([y == "pick", y == "pack"], axis=1) + rng.normal(size=(360, 2))
    >>> seconds = np.arange(360.0)
    >>> smoothed = HMMClassifier(LogisticRegression()).fit(X[:270], y[:270], times=seconds[:270])
    >>> float((smoothed.estimator_.predict(X[270:]) == y[270:]).mean().round(2))
    0.69
    >>> float((smoothed.predict(X[270:], times=seconds[270:]) == y[270:]).mean().round(2))
    1.0
    >>> smoothed.segments(X[270:], times=seconds[270:])[["start", "end", "label"]][:2].tolist()
    [(269.5, 275.5, 'pick'), (275.5, 284.5, 'pack')]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "weight": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "balance": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "durations": [StrOptions({"gamma", "geometric"})],
        "decision": [StrOptions({"path", "balanced"})],
        "smoothing": [Interval(Real, 0, None, closed="neither")],
        "cv": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        weight: float | str = "auto",
        balance: float | str = "auto",
        durations: str = "gamma",
        decision: str = "path",
        smoothing: float = 0.3,
        cv: int = 5,
    ) -> None:
        self.estimator = estimator
        self.weight = weight
        self.balance = balance
        self.durations = durations
        self.decision = decision
        self.smoothing = smoothing
        self.cv = cv

    # ---- fit

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        recordings: ArrayLike | None = None,
        times: ArrayLike | None = None,
    ) -> Self:
        """Fit the window classifier, and learn durations and transitions from the labels in order.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        y : array-like of shape (n,)
            Labels.
        groups : array-like of shape (n,), default=None
            Rows that are held out together in the cross-validation, such as people, or the boxes of
            one session. They are passed to the classifier if its `fit` has a parameter `groups`.
        recordings : array-like of shape (n,), default=None
            Recording of each row. By default the column ``clip`` of `Windows`.
        times : array-like of shape (n,), default=None
            Time of each row in its recording in s. By default the center of the window.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If labels, groups, recordings or times do not match X, or two rows of a recording have
            the same time.

        Warns
        -----
        UserWarning
            If no row has a neighbor in time.
        """
        with all_or_nothing(self):
            return self._fit(X, y, groups, recordings, times)

    def _fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None,
        recordings: ArrayLike | None,
        times: ArrayLike | None,
    ) -> Self:
        """Fit, without the rollback after an error."""
        if y is None:
            raise ValueError("HMMClassifier requires y to be passed, but the target y is None.")
        # 1. Labels, groups, and the order of rows
        labels = check_labels(y, num_samples(X), None, None)
        rows = read_rows(X, recordings, times)
        names = None if groups is None else check_groups(groups, len(labels.codes))
        data = _Data(X, np.asarray(labels.classes[labels.codes]), labels.codes, names, rows)
        self.classes_, self.step_ = labels.classes, rows.step
        if not rows.chained:
            warn(
                "No row of X has a neighbor in time, so each is predicted on its own. Give Windows "
                "with the columns clip and start, or recordings= and times=."
            )
        # 2. Durations and transitions
        self.chain_ = self._learn_chain(data.ordered_codes, rows)
        # 3. The weight of a window, by cross-validation
        self.emission_ = self._choose_emission(data)
        # 4. The classifier on all rows
        self.estimator_ = self._fit_estimator(data, np.ones(len(rows.order), dtype=bool))
        self.expected_ = self._probabilities(self.estimator_, X).mean(axis=0)
        return self

    def _learn_chain(self, codes: NDArray[np.intp], rows: Rows) -> Chain:
        """Estimate the chain; geometric durations have a squared variation of 1."""
        chain = learn_chain(
            codes, rows.lengths, rows.step or 1.0, len(self.classes_), self.smoothing
        )
        if self.durations == "gamma":
            return chain
        return replace(chain, spreads=np.ones_like(chain.spreads))

    def _choose_emission(self, data: _Data) -> Emission:
        """Choose what is "auto" of weight and balance, on held-out rows."""
        weights = WEIGHTS if isinstance(self.weight, str) else (float(self.weight),)
        balances = BALANCES if isinstance(self.balance, str) else (float(self.balance),)
        if not data.rows.chained or len(self.classes_) == 1:  # there is nothing to smooth
            return ISOLATED
        if len(weights) == len(balances) == 1:
            return Emission(weights[0], balances[0])
        held_out = list(self._held_out(data))
        if not held_out:  # every fold leaves a single class for training
            weight, balance = (
                min(given, key=lambda x: abs(x - 1)) for given in (weights, balances)
            )
            return Emission(weight, balance)
        return choose_emission(held_out, data.rows.step or 1.0, weights, balances)

    def _held_out(self, data: _Data) -> Iterator[HeldOut]:
        """Fit on all rows but those of a fold, and collect what the choice needs."""
        names = None if data.groups is None else data.groups[data.rows.order]
        rows = data.rows
        ordered = data.X[rows.order] if isinstance(data.X, Windows) else None
        folds = block_folds(rows.recordings, rows.times, rows.seconds, names, self.cv, ordered)
        for train, test in folds:
            if len(np.unique(data.ordered_codes[train])) < 2:
                continue
            estimator = self._fit_estimator(data, train)
            held, learned = data.rows.take(test), data.rows.take(train)
            yield HeldOut(
                self._probabilities(estimator, safe_indexing(data.X, held.order)),
                data.ordered_codes[test],
                held.lengths,
                self._learn_chain(data.ordered_codes[train], learned),
                self._probabilities(estimator, safe_indexing(data.X, learned.order)).mean(axis=0),
            )

    def _fit_estimator(self, data: _Data, chosen: NDArray[np.bool_]) -> Any:
        """Fit a clone on a mask of the sorted rows, in their original order."""
        estimator = clone(self.estimator)
        extra = {}
        if data.groups is not None and has_fit_parameter(estimator, "groups"):
            extra["groups"] = data.groups
        if chosen.all():
            return estimator.fit(data.X, data.y, **extra)
        rows = np.sort(data.rows.order[chosen])
        extra = {name: values[rows] for name, values in extra.items()}
        return estimator.fit(safe_indexing(data.X, rows), data.y[rows], **extra)

    # ---- predict

    def predict(
        self, X: Any, recordings: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> AnyArray:
        """Return the most probable path of classes through each recording, or as `decision` says.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        recordings, times : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        ndarray of shape (n,)
            Labels.

        Warns
        -----
        UserWarning
            If the order of rows is not known, but the classifier was fitted along recordings.
        """
        rows, scores, states = self._read(X, recordings, times)
        codes = np.empty(len(scores), dtype=np.intp)
        codes[rows.order] = self._decide(rows, scores, states)
        return self.classes_[codes]

    def predict_proba(
        self, X: Any, recordings: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> Array:
        """Return the probability of each class in each row, given the whole recording.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        recordings, times : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows sum to 1. Columns are in the order of `classes_`.
        """
        rows, scores, states = self._read(X, recordings, times)
        posterior = np.empty_like(scores)
        posterior[rows.order] = posteriors(scores, rows.lengths, states)
        return posterior

    def segments(
        self, X: Any, recordings: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> AnyArray:
        """Return the begin, end and label of each activity.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        recordings, times : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        structured ndarray of shape (n_segments,)
            Fields ``recording``, ``start`` and ``end`` in s, ``label``, and ``confidence``, which
            is the mean probability of the label in the segment's rows. Sorted by recording and
            time.
            ``pandas.DataFrame`` accepts it directly.
        """
        rows, scores, states = self._read(X, recordings, times)
        codes = self._decide(rows, scores, states)
        posterior = posteriors(scores, rows.lengths, states)
        confidence = posterior[np.arange(len(codes)), codes]
        return join_rows(rows, self.classes_[codes], confidence, self._step(rows))

    def score(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        recordings: ArrayLike | None = None,
        times: ArrayLike | None = None,
    ) -> float:
        """Return the accuracy of `predict`.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        y : array-like of shape (n,)
            True labels.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows.
        recordings, times : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        float
            Share of the rows with the true label.
        """
        predicted = self.predict(X, recordings=recordings, times=times)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _decide(self, rows: Rows, scores: Array, states: States) -> NDArray[np.intp]:
        """Return the classes of sorted rows."""
        check_params(self, ("decision",))
        if self.decision == "path":
            return best_path(scores, rows.lengths, states)
        return decide_balanced(posteriors(scores, rows.lengths, states), self.chain_.shares)

    def _read(
        self, X: Any, recordings: ArrayLike | None, times: ArrayLike | None
    ) -> tuple[Rows, Array, States]:
        """Return sorted rows, their log-likelihoods, and the states for their step."""
        check_is_fitted(self)
        # 1. Probabilities, and the order of rows
        probabilities = self._probabilities(self.estimator_, X)
        rows = read_rows(X, recordings, times)
        if self.step_ is None:  # the chain was not learned from rows in order
            rows = rows.isolated()
        elif len(rows.order) > 1 and not order_is_known(X, recordings, times):
            warn(
                "The times of the rows of X are not known, so each is predicted on its own, "
                "although this classifier was fitted along recordings. Give Windows with the "
                "columns clip and start, or recordings= and times=."
            )
        # 2. The weight per second is that of fit: windows twice as close have half the weight.
        # The weight is at most 1, or that of fit if larger, because a window does not hold more
        # information if its neighbors are further away.
        step = self._step(rows)
        weight, balance = self.emission_
        spacing = step / (self.step_ or step)
        weight = min(weight * spacing, max(weight, 1.0))
        # 3. Log-likelihoods. The posteriors of isolated rows are the classifier's probabilities.
        probabilities = probabilities[rows.order]
        isolated = np.repeat(rows.lengths == 1, rows.lengths)
        scores = np.where(
            isolated[:, None],
            ISOLATED.scores(probabilities, self.chain_.shares),
            Emission(weight, balance).scores(probabilities, self.expected_),
        )
        return rows, scores, self.chain_.at(step)

    def _step(self, rows: Rows) -> float:
        """Return the seconds between rows."""
        return rows.step or self.step_ or 1.0

    def _probabilities(self, estimator: Any, X: Any) -> Array:
        """Return probabilities of all classes; those that a classifier lacks are 0."""
        given = np.asarray(estimator.predict_proba(X), dtype=np.float64)
        invalid = np.flatnonzero(~np.isfinite(given).all(axis=1))
        if len(invalid):
            raise ValueError(
                f"The probabilities of {type(estimator).__name__} are not finite in {len(invalid)} "
                f"of {len(given)} rows, the first of them row {invalid[0]}. Check X there."
            )
        if np.array_equal(estimator.classes_, self.classes_):
            return given
        known = np.isin(estimator.classes_, self.classes_)
        if not known.any():
            raise ValueError(
                f"The classifier has the classes {np.asarray(estimator.classes_).tolist()!r} and "
                f"y has {self.classes_.tolist()!r}: they have none in common. Use the classifier's "
                "labels in y, or fit it on those of y."
            )
        columns = np.searchsorted(self.classes_, estimator.classes_[known])
        result = np.zeros((len(given), len(self.classes_)))
        result[:, columns] = given[:, known]
        return result

    # ---- scikit-learn's attributes and tags

    @property
    def n_features_in_(self) -> int:
        """Number of features of the fitted classifier."""
        return self._fitted("n_features_in_")

    @property
    def feature_names_in_(self) -> AnyArray:
        """Feature names of the fitted classifier."""
        return self._fitted("feature_names_in_")

    def _fitted(self, name: str) -> Any:
        """Return an attribute of the fitted classifier."""
        if "estimator_" not in vars(self):
            raise AttributeError(f"This HMMClassifier is not fitted yet: it has no {name}.")
        return getattr(self.estimator_, name)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags, tags.classifier_tags = inner.input_tags, inner.classifier_tags
        return tags


class _Data(NamedTuple):
    """Training data: X and y as given, and their sorted rows."""

    X: Any
    y: AnyArray
    codes: NDArray[np.intp]  # classes of y
    groups: AnyArray | None
    rows: Rows

    @property
    def ordered_codes(self) -> NDArray[np.intp]:
        """Return the classes of the sorted rows."""
        return self.codes[self.rows.order]
