"""HMMClassifier: any window classifier, with a sense of what comes before and after."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.metrics import accuracy_score
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import _num_samples, has_fit_parameter

from .._compat import HasMethods, Interval, StrOptions, check_is_fitted, check_params, fit_context
from .._labels import check_groups, check_labels
from .._persistence import Persistent
from .._splits import block_folds
from .._torch import all_or_nothing
from .._typing import AnyArray, Array
from ._chain import Chain, States, best_path, learn_chain, posteriors
from ._emission import ALONE, BALANCES, WEIGHTS, Emission, Stretch, choose_emission, evenly
from ._stretches import Rows, join_rows, read_rows, tell_time

__all__ = ["HMMClassifier"]


class HMMClassifier(ClassifierMixin, MetaEstimatorMixin, Persistent, BaseEstimator):
    """Smooth a window classifier along recordings with a hidden semi-Markov model.

    From the training labels in order it learns how long activities last and which follows which;
    from the classifier's probabilities on rows held out, how far to trust a single window (by the
    log loss of the posteriors). A recording is then decoded as a whole.

    Parameters
    ----------
    estimator : classifier with ``predict_proba``
        Labels single windows: a :class:`~m3n_sklearn.Multi3NetClassifier`, a pipeline of
        features and logistic regression, anything. It is cloned. A ``FrozenEstimator`` is used
        as it is, and should then not have been fitted on the rows that are given here.
    weight : float or "auto", default="auto"
        Factor of a window's log-likelihood, for rows as far apart as those of `fit`. ``"auto"``
        chooses it by cross-validation.
    balance : float or "auto", default="auto"
        Power of the classes' mean probabilities that the window's are divided by: 1 is Bayes'
        rule, 0 leaves them as they are. ``"auto"`` chooses it by cross-validation.
    durations : {"gamma", "geometric"}, default="gamma"
        Law of the time that an activity lasts. ``"geometric"`` is the ordinary hidden Markov
        model, for which the shortest stay is the most probable one.
    decision : {"path", "balanced"}, default="path"
        What `predict` and `segments` return. ``"path"``: the most probable path of classes through
        a recording, which passes over what is rare and short. ``"balanced"``: row by row the class
        whose posterior probability exceeds its share of the time by the largest factor, as if all
        classes were equally frequent; better for rare classes, where macro averages count. May be
        set after `fit`.
    smoothing : float, default=0.3
        How many stays of usual length and unknown sequel each class is taken to have had, beside
        those in the training labels.
    cv : int, default=5
        Folds of the cross-validation, which is left out if nothing is to be chosen. Groups,
        recordings or stretches of consecutive rows are held out together.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
        As the fitted classifier says.
    estimator_ : classifier
        Fitted on all rows.
    chain_ : Chain
        What was learned of time: ``shares`` of the classes, mean ``durations`` in s, their
        ``spreads`` (squared coefficients of variation), and ``follows``, the probability that a
        class (row) is followed by another (column).
    emission_ : Emission
        The `weight` and the `balance` that were chosen.
    expected_ : ndarray of shape (n_classes,)
        Mean probability of each class in the windows that `estimator_` was fitted on.
    step_ : float or None
        Usual time between neighbouring rows in s; None if no row had a neighbour.

    See Also
    --------
    m3n_sklearn.inspection.TimelineDisplay : Draws truth and predictions over time.

    Notes
    -----
    **Time.** `Windows` that `m3n_sklearn.cut` has made know their recording (column ``clip``) and
    their place in it (``start``). For other X, give `recordings` and `times`; times alone mean
    one recording, recordings alone mean that rows are in order, one second apart. Rows of an X
    without either have no neighbours, and each is predicted for itself, which a warning says; so
    are all rows if those of `fit` had no neighbours. The order of rows never matters. Rows further
    apart than one and a half of the usual step are no neighbours either: do not leave the windows
    out that you do not want to score, or gaps will show where they were.

    **Cost** is linear in rows, except for putting them in order. Rows may be closer together or
    further apart in `predict` than in `fit`: durations are kept in seconds, and the weight per
    second stays the same.

    The most probable path is found by the Viterbi algorithm; `predict_proba` returns the
    probability of each class in each row given the whole recording (forward-backward). The most
    probable path need not be that of the most probable classes.

    References
    ----------
    .. [1] S.-Z. Yu, "Hidden semi-Markov models", Artificial Intelligence 174 (2010) 215-243.
    .. [2] H. Bourlard and N. Morgan, "Connectionist speech recognition: a hybrid approach",
       Kluwer, 1994: a network's probabilities, divided by the classes' shares, as likelihoods.

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
        """Fit the classifier of windows, and learn from the order of their labels.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        y : array-like of shape (n,)
            Labels.
        groups : array-like of shape (n,), default=None
            Rows to be held out together in the cross-validation, such as people, or boxes of one
            session. Handed on to the classifier if its `fit` takes groups.
        recordings : array-like of shape (n,), default=None
            Recording of each row; by default the column ``clip`` of `Windows`.
        times : array-like of shape (n,), default=None
            Time of each row in its recording in s; by default the middle of the window.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If the labels, groups, recordings or times don't fit X, or two rows of a recording
            have the same time.

        Warns
        -----
        UserWarning
            If no row has a neighbour in time.
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
        if y is None:
            raise ValueError("HMMClassifier requires y to be passed, but the target y is None.")
        labels = check_labels(y, _num_samples(X), None, None)
        rows = read_rows(X, recordings, times)
        names = None if groups is None else check_groups(groups, len(labels.codes))
        data = _Data(X, np.asarray(labels.classes[labels.codes]), labels.codes, names, rows)
        self.classes_, self.step_ = labels.classes, rows.step
        if not rows.chained:
            warnings.warn(
                "No row of X has a neighbour in time, so that each is predicted for itself. Give "
                "Windows with the columns clip and start, or recordings= and times=.",
                UserWarning,
                stacklevel=4,
            )
        self.chain_ = self._learn_chain(data.ordered_codes, rows)
        self.emission_ = self._choose_emission(data)
        self.estimator_ = self._fit_estimator(data, np.ones(len(rows.order), dtype=bool))
        self.expected_ = self._probabilities(self.estimator_, X).mean(axis=0)
        return self

    def _learn_chain(self, codes: NDArray[np.intp], rows: Rows) -> Chain:
        chain = learn_chain(
            codes, rows.lengths, rows.step or 1.0, len(self.classes_), self.smoothing
        )
        if self.durations == "gamma":
            return chain
        return replace(chain, spreads=np.ones_like(chain.spreads))

    def _choose_emission(self, data: _Data) -> Emission:
        weights = WEIGHTS if isinstance(self.weight, str) else (float(self.weight),)
        balances = BALANCES if isinstance(self.balance, str) else (float(self.balance),)
        if not data.rows.chained or len(self.classes_) == 1:  # a window alone is all there is
            return ALONE
        if len(weights) == len(balances) == 1:
            return Emission(weights[0], balances[0])
        stretches = list(self._held_out(data))
        if not stretches:  # every fold would leave a single class to learn from
            weight, balance = (
                min(given, key=lambda x: abs(x - 1)) for given in (weights, balances)
            )
            return Emission(weight, balance)
        return choose_emission(stretches, data.rows.step or 1.0, weights, balances)

    def _held_out(self, data: _Data) -> Iterator[Stretch]:
        """Fit on all but some rows, and say what the classifier makes of those."""
        names = None if data.groups is None else data.groups[data.rows.order]
        rows = data.rows
        folds = block_folds(rows.recordings, rows.times, rows.seconds, names, self.cv)
        for train, test in folds:
            if len(np.unique(data.ordered_codes[train])) < 2:
                continue
            estimator = self._fit_estimator(data, train)
            held, learned = data.rows.take(test), data.rows.take(train)
            yield Stretch(
                self._probabilities(estimator, _safe_indexing(data.X, held.order)),
                data.ordered_codes[test],
                held.lengths,
                self._learn_chain(data.ordered_codes[train], learned),
                self._probabilities(estimator, _safe_indexing(data.X, learned.order)).mean(axis=0),
            )

    def _fit_estimator(self, data: _Data, chosen: NDArray[np.bool_]) -> Any:
        """Fit a clone on the chosen ones of the ordered rows, in the order in which they came."""
        estimator = clone(self.estimator)
        extra = {}
        if data.groups is not None and has_fit_parameter(estimator, "groups"):
            extra["groups"] = data.groups
        if chosen.all():
            return estimator.fit(data.X, data.y, **extra)
        rows = np.sort(data.rows.order[chosen])
        extra = {name: values[rows] for name, values in extra.items()}
        return estimator.fit(_safe_indexing(data.X, rows), data.y[rows], **extra)

    # ---- predict

    def predict(
        self, X: Any, recordings: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> AnyArray:
        """Return the most probable path of classes through each recording, or see `decision`.

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
            Rows sum to 1; columns are in the order of `classes_`.
        """
        rows, scores, states = self._read(X, recordings, times)
        beliefs = np.empty_like(scores)
        beliefs[rows.order] = posteriors(scores, rows.lengths, states)
        return beliefs

    def segments(
        self, X: Any, recordings: ArrayLike | None = None, times: ArrayLike | None = None
    ) -> AnyArray:
        """Return when which activity begins and ends.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        recordings, times : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        structured ndarray of shape (n_segments,)
            Fields ``recording``, ``start`` and ``end`` in s, ``label``, and ``confidence``, the
            mean probability of the label in the segment's rows. Sorted by recording and time;
            ``pandas.DataFrame`` takes it as it is.
        """
        rows, scores, states = self._read(X, recordings, times)
        codes = self._decide(rows, scores, states)
        beliefs = posteriors(scores, rows.lengths, states)
        confidence = beliefs[np.arange(len(codes)), codes]
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
            Share of the rows whose label is right.
        """
        predicted = self.predict(X, recordings=recordings, times=times)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _decide(self, rows: Rows, scores: Array, states: States) -> NDArray[np.intp]:
        check_params(self, ("decision",))
        if self.decision == "path":
            return best_path(scores, rows.lengths, states)
        return evenly(posteriors(scores, rows.lengths, states), self.chain_.shares)

    def _read(
        self, X: Any, recordings: ArrayLike | None, times: ArrayLike | None
    ) -> tuple[Rows, Array, States]:
        """Return rows in order, their log-likelihoods, and the chain at their distance."""
        check_is_fitted(self)
        probabilities = self._probabilities(self.estimator_, X)
        rows = read_rows(X, recordings, times)
        if self.step_ is None:  # nothing was learned of time
            rows = rows.apart()
        elif len(rows.order) > 1 and not tell_time(X, recordings, times):
            warnings.warn(
                "X does not say when its rows were, so that each is predicted for itself, though "
                "this classifier was fitted along recordings. Give Windows with the columns clip "
                "and start, or recordings= and times=.",
                UserWarning,
                stacklevel=3,
            )
        step = self._step(rows)
        # windows twice as close say half as much each; far apart, each says all that it can
        weight, balance = self.emission_
        closeness = step / (self.step_ or step)
        weight = min(weight * closeness, max(weight, 1.0))
        probabilities = probabilities[rows.order]
        alone = np.repeat(rows.lengths == 1, rows.lengths)
        scores = np.where(
            alone[:, None],
            ALONE.scores(probabilities, self.chain_.shares),
            Emission(weight, balance).scores(probabilities, self.expected_),
        )
        return rows, scores, self.chain_.at(step)

    def _step(self, rows: Rows) -> float:
        return rows.step or self.step_ or 1.0

    def _probabilities(self, estimator: Any, X: Any) -> Array:
        """Return a classifier's probabilities of all classes, which it need not know all of."""
        given = np.asarray(estimator.predict_proba(X), dtype=np.float64)
        unknown = np.flatnonzero(~np.isfinite(given).all(axis=1))
        if len(unknown):
            raise ValueError(
                f"The probabilities that {type(estimator).__name__} gives are not finite in "
                f"{len(unknown)} of {len(given)} rows, row {unknown[0]} the first. Look at X there."
            )
        if np.array_equal(estimator.classes_, self.classes_):
            return given
        known = np.isin(estimator.classes_, self.classes_)
        if not known.any():
            raise ValueError(
                f"The classifier knows the classes {np.asarray(estimator.classes_).tolist()!r} and "
                f"y has {self.classes_.tolist()!r}: none in common. Give y the classifier's "
                "labels, or fit it on these."
            )
        columns = np.searchsorted(self.classes_, estimator.classes_[known])
        result = np.zeros((len(given), len(self.classes_)))
        result[:, columns] = given[:, known]
        return result

    # ---- what scikit-learn asks

    @property
    def n_features_in_(self) -> int:
        """As the fitted classifier says."""
        return self._fitted("n_features_in_")

    @property
    def feature_names_in_(self) -> AnyArray:
        """As the fitted classifier says."""
        return self._fitted("feature_names_in_")

    def _fitted(self, name: str) -> Any:
        if "estimator_" not in vars(self):
            raise AttributeError(f"This HMMClassifier is not fitted yet: it has no {name}.")
        return getattr(self.estimator_, name)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags, tags.classifier_tags = inner.input_tags, inner.classifier_tags
        return tags


class _Data(NamedTuple):
    X: Any
    y: AnyArray
    codes: NDArray[np.intp]
    groups: AnyArray | None
    rows: Rows

    @property
    def ordered_codes(self) -> NDArray[np.intp]:
        return self.codes[self.rows.order]
