"""HMMClassifier: a hidden semi-Markov model over the probabilities of a window classifier.

`_stretches` sorts windows into chains. `_chain` estimates durations and transitions, and computes
the most probable path and posteriors. `_emission` converts probabilities to log-likelihoods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from .._compat import (
    FrozenEstimator,
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    check_params,
    fit_context,
    fit_keyword,
    num_samples,
    routing_enabled,
    rows_of_metadata,
    safe_indexing,
)
from .._labels import check_groups, check_labels, plain_labels
from .._persistence import Persistent
from .._splits import block_folds, purge_overlaps
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
    choose_decision_emission,
    choose_emission,
    decide_balanced,
)
from ._stretches import Rows, join_rows, order_is_known, read_rows

__all__ = ["HMMClassifier"]

MAX_RATIO = 50.0
"""Ratio of the steps of `predict` and `fit` from which a wrong unit is likely."""


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
        by row, the class whose posterior exceeds its share of the time by the largest factor
        (with the emission of decisions, see `decision_emission_`). It is better for rare classes
        and macro averages. It may be changed after `fit`.
    smoothing : float, default=0.3
        Number of pseudo-stays that each class has in addition to those in the training labels.
        Their duration is the mean over all classes.
    cv : int, splitter or iterable of (train, test), default=5
        Folds of the cross-validation, which is skipped if both `weight` and `balance` are numbers.
        With a number, groups, recordings or blocks of consecutive rows are held out together.
        Training windows that overlap a held-out one are left out.

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
    emission_, decision_emission_ : Emission
        The chosen `weight` and `balance` of posteriors and of decisions. ``"auto"`` chooses those
        of the posteriors by their log loss on held-out rows, and those of decisions by the macro F1
        of paths.
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

    `times` are numbers in s (Unix time, or time in the recording), durations, or dates:
    ``datetime64`` of any unit, `datetime`, pandas and polars columns, or ISO 8601 strings. If they
    are dates, `segments` returns dates. Dates with a time zone are converted to UTC, so that no
    hour is missing or repeated when clocks are changed; the dates of `segments` are then in UTC.

    Rows that are more than one and a half median steps apart are not neighbors. Therefore keep
    windows that you do not want to score, because gaps break the chain.

    **Cost.** It is linear in the number of rows, except for sorting. In `predict`, rows may be
    closer together or further apart than in `fit`: durations are in seconds, and the weight per
    second stays the same.

    **Weights.** In the chain, a stay counts as often as the mean weight of its rows, so
    weighting a whole recording by 2 is the same as giving it twice. The classifier gets the weights
    if its `fit` takes them (of a pipeline, that of the last step); otherwise a warning says so. If
    the mean of the positive weights is below 1, the chain uses their ratios only.

    **Metadata.** With ``enable_metadata_routing``, `recordings` and `times` are requested by
    default; request `sample_weight` and `groups` with `set_fit_request`, and those that the
    classifier should get with the same method of the classifier. Cross-validation with
    ``scoring="f1_macro"``, stacking and voting call `predict` without metadata: give `Windows`
    there, which contain recordings and times.

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
        "cv": [Interval(Integral, 2, None, closed="left"), HasMethods("split"), Iterable],
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
        cv: Any = 5,
    ) -> None:
        self.estimator = estimator
        self.weight = weight
        self.balance = balance
        self.durations = durations
        self.decision = decision
        self.smoothing = smoothing
        self.cv = cv

    # what only this estimator can use is always requested by it
    __metadata_request__fit = {"recordings": True, "times": True}
    __metadata_request__predict = {"recordings": True, "times": True}
    __metadata_request__predict_proba = {"recordings": True, "times": True}
    __metadata_request__score = {"recordings": True, "times": True}

    # ---- fit

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        recordings: ArrayLike | None = None,
        times: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the window classifier, and learn durations and transitions from the labels in order.

        Parameters
        ----------
        X : Windows or array-like of shape (n, ...)
            Windows, in any order.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), default=None
            Weights of the rows: 2 counts as the row given twice. They apply to the classifier,
            the durations and transitions, the shares of the classes, and the choice of `weight`
            and `balance`. Rows of weight 0 are left out, which breaks the chain.
        groups : array-like of shape (n,), default=None
            Rows that are held out together in the cross-validation, such as people, or the boxes of
            one session.
        recordings : array-like of shape (n,), default=None
            Recording of each row. By default the column ``clip`` of `Windows`.
        times : array-like of shape (n,), default=None
            Time of each row in its recording: numbers of seconds, or dates (see Notes). By default
            the center of the window.
        **fit_params : dict
            Further metadata that the classifier requests; needs ``enable_metadata_routing``.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If labels, weights, groups, recordings or times do not match X, or two rows of a
            recording have the same time.

        Warns
        -----
        UserWarning
            If no row has a neighbor in time, if the times of a recording go back at a few rows, or
            if the classifier does not take weights.
        """
        known = {
            "sample_weight": sample_weight,
            "groups": groups,
            "recordings": recordings,
            "times": times,
        }
        with all_or_nothing(self):
            return self._fit(X, y, known, fit_params)

    def _fit(self, X: Any, y: ArrayLike, known: dict[str, Any], fit_params: dict[str, Any]) -> Self:
        """Fit, without the rollback after an error."""
        if y is None:
            raise ValueError("HMMClassifier requires y to be passed, but the target y is None.")
        # 1. Labels, weights, groups, and the order of rows
        count = num_samples(X)
        if count == 0:
            raise ValueError("X has 0 rows; at least one window is required.")
        labels = check_labels(y, count, known["sample_weight"], None)
        rows = read_rows(X, known["recordings"], known["times"])
        if known["groups"] is not None:
            known["groups"] = check_groups(known["groups"], count)
        inner = self._inner_params(known, fit_params)
        splits = self._given_splits(X, labels.codes, known["groups"])
        data = _Data(X, labels.codes, labels.weight, known["groups"], inner, splits, rows)
        if not labels.weight.all():
            data = data.without(labels.weight == 0, known)
        self.classes_, self.step_ = labels.classes, data.rows.step
        if not data.rows.chained:
            warn(
                "No row of X has a neighbor in time, so each is predicted on its own. Give Windows "
                "with the columns clip and start, or recordings= and times=."
            )
        # 2. Durations and transitions
        everything = np.ones(len(data.codes), dtype=bool)
        self.chain_ = self._learn_chain(data, everything)
        # 3. The weight of a window, by cross-validation
        self.emission_, self.decision_emission_ = self._choose_emissions(data)
        # 4. The classifier on all rows
        self.estimator_ = self._fit_estimator(data, everything)
        self.expected_ = self._expected(self.estimator_, data, everything)
        return self

    def _inner_params(
        self, known: Mapping[str, Any], fit_params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the metadata that the classifier's `fit` gets."""
        given = {name: values for name, values in known.items() if values is not None}
        if routing_enabled():
            return dict(process_routing(self, "fit", **given, **fit_params).estimator.fit)
        if fit_params:
            raise TypeError(
                f"fit got {', '.join(fit_params)}, which HMMClassifier does not know. Metadata of "
                "the classifier need sklearn.set_config(enable_metadata_routing=True)."
            )
        taken = {}
        for name in ("sample_weight", "groups"):
            if name not in given:
                continue
            keyword = fit_keyword(self.estimator, name)
            if keyword is not None:
                taken[keyword] = given[name]
            elif name == "sample_weight" and not isinstance(self.estimator, FrozenEstimator):
                warn(
                    f"{type(self.estimator).__name__}.fit takes no sample_weight, so the weights "
                    "apply to durations, transitions and the choice of weight and balance only."
                )
        return taken

    def _learn_chain(self, data: _Data, chosen: NDArray[np.bool_]) -> Chain:
        """Estimate the chain from a mask of the sorted rows."""
        rows = data.rows if chosen.all() else data.rows.take(chosen)
        chain = learn_chain(
            data.codes[rows.order],
            rows.lengths,
            rows.step or 1.0,
            len(self.classes_),
            self.smoothing,
            data.weight[rows.order],
        )
        if self.durations == "gamma":
            return chain
        # the squared variation of geometric durations is 1
        return replace(chain, spreads=np.ones_like(chain.spreads))

    def _choose_emissions(self, data: _Data) -> tuple[Emission, Emission]:
        """Choose what is "auto" of weight and balance, for posteriors and for paths."""
        weights = WEIGHTS if isinstance(self.weight, str) else (float(self.weight),)
        balances = BALANCES if isinstance(self.balance, str) else (float(self.balance),)
        if not data.rows.chained or len(self.classes_) == 1:  # there is nothing to smooth
            return ISOLATED, ISOLATED
        if len(weights) == len(balances) == 1:
            given = Emission(weights[0], balances[0])
            return given, given
        held_out = list(self._held_out(data))
        if not held_out:  # every fold leaves a single class for training
            nearest = Emission(
                *(min(values, key=lambda x: abs(x - 1)) for values in (weights, balances))
            )
            return nearest, nearest
        step = data.rows.step or 1.0
        return (
            choose_emission(held_out, step, weights, balances),
            choose_decision_emission(held_out, step, weights, balances),
        )

    def _held_out(self, data: _Data) -> Iterator[HeldOut]:
        """Fit on all rows but those of a fold, and collect what the choice needs."""
        rows = data.rows
        for train, test in self._folds(data):
            if len(np.unique(data.codes[rows.order[train]])) < 2:
                continue
            estimator = self._fit_estimator(data, train)
            held = rows.take(test)
            yield HeldOut(
                self._probabilities(estimator, safe_indexing(data.X, held.order)),
                data.codes[held.order],
                held.lengths,
                self._learn_chain(data, train),
                self._expected(estimator, data, train),
                data.weight[held.order],
            )

    def _folds(self, data: _Data) -> Iterable[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Return masks of the sorted rows to fit on and to hold out."""
        rows = data.rows
        if data.splits is not None:
            return [(np.isin(rows.order, a), np.isin(rows.order, b)) for a, b in data.splits]
        names = None if data.groups is None else data.groups[rows.order]
        ordered = data.X[rows.order] if isinstance(data.X, Windows) else None
        return block_folds(rows.recordings, rows.times, rows.seconds, names, self.cv, ordered)

    def _given_splits(
        self, X: Any, codes: NDArray[np.int64], groups: AnyArray | None
    ) -> list[tuple[AnyArray, AnyArray]] | None:
        """Return the rows of the folds that `cv` lists or draws; None if it is a number."""
        chooses = isinstance(self.weight, str) or isinstance(self.balance, str)
        if isinstance(self.cv, Integral) or not chooses:
            return None
        folds = list(check_cv(self.cv, codes, classifier=True).split(X, codes, groups))
        if any(len(fold) != 2 for fold in folds):
            raise ValueError("cv must yield pairs (train, test) of row numbers or masks.")
        everything = np.arange(len(codes))  # a fold may be a mask
        return [(purge_overlaps(train, test, X), everything[test]) for train, test in folds]

    def _fit_estimator(self, data: _Data, chosen: NDArray[np.bool_]) -> Any:
        """Fit a clone on a mask of the sorted rows, in their original order."""
        estimator = clone(self.estimator)
        if chosen.all():
            return estimator.fit(data.X, self.classes_[data.codes], **data.inner)
        rows = np.sort(data.rows.order[chosen])
        inner = rows_of_metadata(data.X, data.inner, rows)
        return estimator.fit(safe_indexing(data.X, rows), self.classes_[data.codes[rows]], **inner)

    def _expected(self, estimator: Any, data: _Data, chosen: NDArray[np.bool_]) -> Array:
        """Return the mean probability of each class in a mask of the sorted rows."""
        rows = np.sort(data.rows.order[chosen])
        X = data.X if chosen.all() else safe_indexing(data.X, rows)
        return np.average(self._probabilities(estimator, X), axis=0, weights=data.weight[rows])

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
            If the order of rows is not known, but the classifier was fitted along recordings; or if
            rows are much closer together or further apart than in `fit`.
        """
        rows, probabilities, states = self._read(X, recordings, times)
        codes = np.empty(len(probabilities), dtype=np.intp)
        codes[rows.order] = self._decide(rows, probabilities, states)
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
        rows, probabilities, states = self._read(X, recordings, times)
        posterior = np.empty_like(probabilities)
        posterior[rows.order] = self._posteriors(rows, probabilities, states)
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
            Fields ``recording``, ``start`` and ``end`` in s or as dates (``datetime64[us]``) if
            the times are dates, ``label``, and ``confidence``, which
            is the mean probability of the label in the segment's rows. Sorted by recording and
            time.
            ``pandas.DataFrame`` accepts it directly.
        """
        rows, probabilities, states = self._read(X, recordings, times)
        codes = self._decide(rows, probabilities, states)
        posterior = self._posteriors(rows, probabilities, states)
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
        return float(accuracy_score(plain_labels(y), predicted, sample_weight=sample_weight))

    def _decide(self, rows: Rows, probabilities: Array, states: States) -> NDArray[np.intp]:
        """Return the classes of sorted rows."""
        check_params(self, ("decision",))
        scores = self._scores(rows, probabilities, self.decision_emission_)
        if self.decision == "path":
            return best_path(scores, rows.lengths, states)
        return decide_balanced(posteriors(scores, rows.lengths, states), self.chain_.shares)

    def _posteriors(self, rows: Rows, probabilities: Array, states: States) -> Array:
        """Return the posteriors of sorted rows."""
        scores = self._scores(rows, probabilities, self.emission_)
        return posteriors(scores, rows.lengths, states)

    def _read(
        self, X: Any, recordings: ArrayLike | None, times: ArrayLike | None
    ) -> tuple[Rows, Array, States]:
        """Return sorted rows, the classifier's probabilities, and the states for their step."""
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
        # 2. The states, for durations in s
        step = self._step(rows)
        if self.step_ and not 1 / MAX_RATIO < step / self.step_ < MAX_RATIO:
            warn(
                f"Rows of X are {step:g} s apart, and those of fit were {self.step_:g} s apart. "
                "Check that both times are in s, or dates."
            )
        return rows, probabilities[rows.order], self.chain_.at(step)

    def _scores(self, rows: Rows, probabilities: Array, emission: Emission) -> Array:
        """Return the log-likelihoods of sorted rows."""
        # 1. The weight per second is that of fit: windows twice as close have half the weight.
        # The weight is at most 1, or that of fit if larger, because a window does not hold more
        # information if its neighbors are further away.
        weight, balance = emission
        step = self._step(rows)
        spacing = step / (self.step_ or step)
        weight = min(weight * spacing, max(weight, 1.0))
        # 2. The posteriors of isolated rows are the classifier's probabilities
        isolated = np.repeat(rows.lengths == 1, rows.lengths)
        return np.where(
            isolated[:, None],
            ISOLATED.scores(probabilities, self.chain_.shares),
            Emission(weight, balance).scores(probabilities, self.expected_),
        )

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
                "labels in y, or fit it on those of y. Voting, stacking and one-versus-rest "
                "replace labels by numbers, so give them a classifier that they fit."
            )
        if not known.all():
            warn(
                f"The classifier also has the classes {estimator.classes_[~known].tolist()!r}, "
                f"which the chain has not seen: its y had {self.classes_.tolist()!r}. They are "
                "never predicted. Fit the HMMClassifier again with rows of all classes."
            )
        columns = np.searchsorted(self.classes_, estimator.classes_[known])
        result = np.zeros((len(given), len(self.classes_)))
        result[:, columns] = given[:, known]
        return result

    # ---- scikit-learn's attributes, tags and metadata

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

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata this estimator and its classifier request.

        Returns
        -------
        MetadataRouter
            Routes the metadata of `fit` to the classifier's `fit`.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags, tags.classifier_tags = inner.input_tags, inner.classifier_tags
        return tags


class _Data(NamedTuple):
    """Training data: rows of X in their original order, and their sorted order."""

    X: Any
    codes: NDArray[np.int64]  # (n,), classes
    weight: Array  # (n,)
    groups: AnyArray | None  # (n,)
    inner: dict[str, Any]  # metadata for the classifier
    splits: list[tuple[AnyArray, AnyArray]] | None  # rows to fit on and to hold out
    rows: Rows

    def without(self, left_out: NDArray[np.bool_], known: Mapping[str, Any]) -> _Data:
        """Return the data without some rows, as if these had not been given."""
        kept, place = np.flatnonzero(~left_out), np.cumsum(~left_out) - 1
        order = rows_of_metadata(
            self.X, {name: known[name] for name in ("recordings", "times")}, kept
        )
        X = safe_indexing(self.X, kept)
        return self._replace(
            X=X,
            codes=self.codes[kept],
            weight=self.weight[kept],
            groups=None if self.groups is None else self.groups[kept],
            inner=rows_of_metadata(self.X, self.inner, kept),
            splits=self.splits
            and [(place[a[~left_out[a]]], place[b[~left_out[b]]]) for a, b in self.splits],
            rows=read_rows(X, order["recordings"], order["times"]),
        )
