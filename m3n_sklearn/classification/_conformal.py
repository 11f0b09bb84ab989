"""Prediction sets and "none of these" with a stated confidence, by split conformal prediction."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from .._compat import check_is_fitted
from .._hashing import sha256
from .._labels import check_labels, plain_labels
from .._typing import AnyArray
from .._validation import is_number
from .._warn import warn

__all__ = ["ConformalSets", "conformalize"]


class ConformalSets:
    """Prediction sets and rejection of a fitted classifier; made by `conformalize`.

    Attributes
    ----------
    classifier : estimator
        The fitted classifier.
    confidence : float
        Share of windows whose class is in the set, and of known windows that are not rejected.
    classes_ : ndarray of shape (n_classes,)
        Labels of the columns of sets.
    threshold_ : float
        Largest probability of a class below which a window is rejected.

    Warns
    -----
    UserWarning
        If the classifier was taught or fitted again since `conformalize`, so that the confidence
        does not hold. With other classes, this is an error.

    Examples
    --------
    See `conformalize`.
    """

    def __init__(
        self, classifier: Any, confidence: float, mapie: Any, threshold: float, digest: str | None
    ) -> None:
        self.classifier, self.confidence = classifier, confidence
        self.classes_, self.threshold_ = np.array(classifier.classes_), threshold
        self._mapie, self._digest = mapie, digest

    def predict_set(self, X: Any) -> NDArray[np.bool_]:
        """Return which classes are in the prediction set of each window.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times), or Windows
            Windows, as the classifier reads them.

        Returns
        -------
        ndarray of bool of shape (n, n_classes)
            Columns are in the order of `classes_`. Sets may be empty.
        """
        _, sets = self._mapie.predict_set(self._probabilities(X))
        return np.asarray(sets[:, :, 0], dtype=bool)

    def rejects(self, X: Any) -> NDArray[np.bool_]:
        """Tell which windows are none of the classes.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times), or Windows
            Windows, as the classifier reads them.

        Returns
        -------
        ndarray of bool of shape (n,)
            True where the largest probability is below `threshold_`.
        """
        return np.asarray(self._probabilities(X).max(axis=1) < self.threshold_)

    def predict(self, X: Any, *, none: Any = None) -> AnyArray:
        """Return the most probable class of each window, or `none` where it is rejected.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times), or Windows
            Windows, as the classifier reads them.
        none : object, default=None
            What stands for "none of these".

        Returns
        -------
        ndarray of object of shape (n,)
            Labels.
        """
        proba = self._probabilities(X)
        found = np.full(len(proba), none, dtype=object)
        known = proba.max(axis=1) >= self.threshold_
        found[known] = self.classes_[proba[known].argmax(axis=1)]
        return found

    def _probabilities(self, X: Any) -> AnyArray:
        """Return probabilities; raise if the classes are other ones by now, warn if the rest is."""
        if not np.array_equal(self.classifier.classes_, self.classes_):
            raise ValueError(
                f"The classifier now has the classes {self.classifier.classes_.tolist()!r}, but "
                f"was conformalized with {self.classes_.tolist()!r}. Call conformalize again."
            )
        if self._digest is not None and _digest_of(self.classifier) != self._digest:
            warn(
                f"The {type(self.classifier).__name__} was taught or fitted again after it was "
                "conformalized, so that sets and rejections do not have the confidence of "
                f"{self.confidence:g}. Call conformalize again."
            )
        return _normalized(self.classifier.predict_proba(X))


def conformalize(
    classifier: Any, X: Any, y: ArrayLike, *, confidence: float = 0.9
) -> ConformalSets:
    """Calibrate prediction sets and rejection on windows that the classifier was not fitted on.

    Parameters
    ----------
    classifier : estimator
        A fitted classifier with ``predict_proba``.
    X : ndarray of shape (n, n_channels, n_times), or Windows
        Calibration windows, of other people than the training windows. If the classifier was
        taught a person's own windows, other windows of that person.
    y : array-like of shape (n,)
        Their labels, all of them classes of the classifier.
    confidence : float, default=0.9
        Between 0 and 1: the share of windows whose class is in the set, and the share of windows
        of known classes that are not rejected.

    Returns
    -------
    ConformalSets
        Predicts sets, and rejects windows.

    Raises
    ------
    ImportError
        If the extra ``conformal`` is not installed.
    ValueError
        If there are fewer than 1 / (1 - confidence) windows, or labels that the classifier does not
        know.

    Warns
    -----
    UserWarning
        If there is no calibration window of some class.

    Notes
    -----
    The confidence holds on average, for windows that are exchangeable with the calibration windows
    [1]_: other windows of people and of a situation like theirs. It does not hold for each person
    and each class. Sets are those of MAPIE with the conformity score ``"lac"``: classes whose
    probability reaches a threshold [2]_. MAPIE gets the probabilities of the classifier, because it
    tries a prediction of a 2-D array that is not a window. A window is rejected if its largest
    probability is below the quantile of the calibration windows. No share of the windows of unknown
    classes is guaranteed to be rejected.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman, G. Shafer, "Algorithmic learning in a random world", Springer,
       2005.
    .. [2] M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued classifiers with bounded
       error levels", Journal of the American Statistical Association 114(525), 2019.

    Examples
    --------
    >>> from m3n_sklearn import Multi3NetClassifier
    >>> from m3n_sklearn.classification import conformalize
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> data = make_wrist_har(n_people=4, random_state=0)
    >>> person = data.groups == data.groups[-1]
    >>> classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    >>> classifier = classifier.fit(data.X[~person], data.y[~person])
    >>> sets = conformalize(classifier, data.X[person], data.y[person], confidence=0.8)
    >>> sets.predict_set(data.X[person]).shape == (person.sum(), len(classifier.classes_))
    True
    """
    SplitConformalClassifier = _load_mapie()
    check_is_fitted(classifier)
    if not is_number(confidence) or not 0 < confidence < 1:
        raise ValueError(f"confidence must be a number between 0 and 1, got {confidence!r}.")
    # 1. Probabilities of the calibration windows, and their labels
    before = _digest_of(classifier)
    proba = _normalized(classifier.predict_proba(X))
    if len(given := plain_labels(y)) != len(proba):
        raise ValueError(
            f"y must have one label for each of the {len(proba)} calibration windows, got "
            f"{len(given)}."
        )
    labels = check_labels(given, len(proba), None, None)
    known = set(np.asarray(classifier.classes_).tolist())
    if unknown := [label for label in labels.classes.tolist() if label not in known]:
        raise ValueError(
            f"y has the labels {unknown!r}, which the classifier does not know; calibrate with its "
            f"classes only, {sorted(known, key=str)!r}."
        )
    fewest = int(np.ceil(1 / (1 - confidence) - 1e-9))
    if len(proba) < fewest:
        raise ValueError(
            f"confidence={confidence} needs at least {fewest} calibration windows, got "
            f"{len(proba)}."
        )
    if missing := sorted(known - set(labels.classes.tolist()), key=str):
        warn(
            f"No calibration window has the labels {missing!r}. The confidence holds on average "
            "for windows like the others, and says nothing about these classes. Add windows of "
            "them."
        )
    # 2. Sets: MAPIE reads the probabilities as its X
    sets = SplitConformalClassifier(
        _Given(classifier.classes_), confidence_level=float(confidence), prefit=True
    )
    with warnings.catch_warnings():  # classes without a window were named
        warnings.filterwarnings("ignore", "WARNING: your conformalization dataset has less")
        sets.conformalize(proba, labels.classes[labels.codes])
    # 3. Rejection: at most a share 1 - confidence of exchangeable windows is below the k-th
    #    smallest of n largest probabilities, if k <= (1 - confidence) (n + 1)
    largest = np.sort(proba.max(axis=1))
    k = int((1 - confidence) * (len(largest) + 1) + 1e-9)
    threshold = float(largest[k - 1]) if k else 0.0
    # 4. A digest by which changes are noticed, of classifiers that a prediction leaves as they are
    digest = before if _digest_of(classifier) == before else None
    return ConformalSets(classifier, float(confidence), sets, threshold, digest)


def _digest_of(classifier: Any) -> str:
    """Digest the arrays that a classifier has learned; a copy has the same digest."""
    return sha256(_contents(classifier, set()))


def _contents(value: Any, seen: set[int]) -> Iterator[bytes]:
    """Yield the arrays of estimators, of what scikit-learn keeps in them, and of containers."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype}{value.shape}".encode()
        yield value.tobytes()
        return
    parts: dict[Any, Any]
    if isinstance(value, dict):
        parts = value
    elif isinstance(value, list | tuple | np.ndarray):
        parts = dict(enumerate(value))
    elif isinstance(value, BaseEstimator):
        parts = vars(value)
    elif type(value).__module__.partition(".")[0] == "sklearn":  # trees
        state = value.__getstate__() if not isinstance(value, type) else None
        parts = state if isinstance(state, dict) else {}
    else:
        return
    if id(value) in seen:
        return
    seen.add(id(value))
    for name in sorted(parts, key=str):
        yield from _contents(parts[name], seen)


def _load_mapie() -> Any:
    """Import the optional package MAPIE, or say how to install it."""
    try:
        from mapie.classification import SplitConformalClassifier
    except ImportError as error:
        raise ImportError(
            'Prediction sets need MAPIE: pip install "m3n-sklearn[conformal]".'
        ) from error
    return SplitConformalClassifier


def _normalized(proba: AnyArray) -> AnyArray:
    """Return probabilities in float64, whose sums MAPIE checks to many digits."""
    rows = np.asarray(proba, dtype=np.float64)
    return rows / rows.sum(axis=1, keepdims=True)


class _Given(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose X are the probabilities themselves."""

    def __init__(self, classes: AnyArray) -> None:
        self.classes = classes
        self.classes_, self.n_features_in_ = np.asarray(classes), len(classes)

    def fit(self, X: Any, y: Any) -> _Given:
        """Do nothing; MAPIE requires the method."""
        return self

    def predict_proba(self, X: Any) -> AnyArray:
        """Return X."""
        return np.asarray(X)

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable class."""
        return self.classes_[np.asarray(X).argmax(axis=1)]
