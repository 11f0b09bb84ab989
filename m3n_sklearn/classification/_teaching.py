"""Teach a fitted classifier: add, replace and remove examples, with the result of a refit."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._compat import check_is_fitted, check_params, root_entropy
from .._inputs import ImuWindows
from .._labels import check_groups, check_labels
from .._torch import LiveModule, all_or_nothing, one_fit_at_a_time, resolve_device
from .._typing import AnyArray
from .._warn import warn
from ._examples import Examples
from ._learning import Member, embed_frozen, train_frozen
from ._predictor import Predictor
from ._training_windows import LabeledWindows

__all__ = ["Teachable"]


class Teachable(Predictor):
    """Gives a classifier of windows the methods `teach` and `forget`."""

    strategy: str
    class_weight: Any
    random_state: Any
    examples_: Examples

    def teach(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        replace: bool = False,
    ) -> Self:
        """Add labeled windows to a fitted classifier with ``strategy="frozen"``.

        The result is that of a `fit` on all examples, those of the last fit followed by these. Only
        the new windows pass through the encoder.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times), or Windows
            IMU windows of the kind that was fitted.
        y : array-like of shape (n,)
            Labels. New ones become new classes.
        sample_weight : array-like of shape (n,), default=None
            Weights of the windows.
        groups : array-like of shape (n,), default=None
            Person of each window, for `replace` and `forget`.
        replace : bool, default=False
            First remove the earlier examples with the same label. With `groups`, only those of the
            same person. A warning names the labels and people of which there are none.

        Returns
        -------
        self
            The classifier, with the examples learned.

        Raises
        ------
        ValueError
            If the classifier was not fitted with ``strategy="frozen"``, or if windows, labels or
            weights are malformed. The classifier stays as it was.

        See Also
        --------
        forget : Removes examples.

        Notes
        -----
        This is not ``partial_fit``, which learns from batches of one stream whose classes are known
        in advance. Several threads may teach one classifier and predict with it: one lesson waits
        for the other, and a prediction uses what was learned before a lesson or after it.
        Calibrate, conformalize and export again after teaching, and fit an `HMMClassifier` again,
        since they hold what the classifier was before.

        Examples
        --------
        >>> from m3n_sklearn import Multi3NetClassifier
        >>> from m3n_sklearn.datasets import make_wrist_har
        >>> data = make_wrist_har(n_people=2, random_state=0)
        >>> known = data.y != "stir"
        >>> classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
        >>> classifier = classifier.fit(data.X[known], data.y[known])
        >>> "stir" in classifier.classes_
        False
        >>> shown = (data.y == "stir") & (data.groups == data.groups[0])
        >>> classifier = classifier.teach(data.X[shown], data.y[shown])
        >>> "stir" in classifier.classes_
        True
        """
        with one_fit_at_a_time():
            return self._teach(X, y, sample_weight, groups, replace)

    def _teach(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        replace: bool,
    ) -> Self:
        """Teach in three steps; the examples must not change in between."""
        before = self._known_examples("teach")
        check_params(self, ("augment", "class_weight", "device"))
        # 1. Read the windows and labels as `fit` does
        imu = self._read(X, reset=False)
        self._warn_about_length(imu)
        weight = None if sample_weight is None else np.asarray(sample_weight)
        if weight is not None and weight.dtype.kind in "biuf" and weight.size and not weight.any():
            raise ValueError(
                "sample_weight is zero in every row, so that nothing would be learned. Give at "
                "least one window a positive weight."
            )
        labels = check_labels(y, len(imu), sample_weight, None)
        people = None if groups is None else check_groups(groups, len(imu))
        # 2. Features of the new windows
        features = self._features(imu, labels.codes)
        new = Examples.of(features, labels.classes[labels.codes], sample_weight, people)
        new = new.take(labels.weight > 0)
        # 3. Fit the head to all examples
        if replace:
            replaced = before.of_same(new)
            _warn_if_not_replaced(before, replaced, new)
            before = before.take(~replaced)
        return self._learn(before.followed_by(new), self.classes_)

    def forget(self, labels: Any = None, groups: Any = None) -> Self:
        """Remove examples from a fitted classifier with ``strategy="frozen"``.

        The result is that of a `fit` on the other examples. A class without examples is removed.

        Parameters
        ----------
        labels : label or array-like of labels, default=None
            Remove the examples of these classes; with None, of every class.
        groups : hashable or array-like of hashable, default=None
            Remove the examples of these people; with None, of everybody. People are known if `fit`
            and `teach` were given ``groups``.

        Returns
        -------
        self
            The classifier without these examples.

        Raises
        ------
        ValueError
            If the classifier was not fitted with ``strategy="frozen"``, if there are no such
            examples, or if none would be left.

        See Also
        --------
        teach : Adds examples.

        Examples
        --------
        >>> from m3n_sklearn import Multi3NetClassifier
        >>> from m3n_sklearn.datasets import make_wrist_har
        >>> data = make_wrist_har(n_people=2, random_state=0)
        >>> classifier = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
        >>> classifier = classifier.fit(data.X, data.y, groups=data.groups)
        >>> "stir" in classifier.forget("stir").classes_
        False
        """
        if labels is None and groups is None:
            raise ValueError("Give labels= or groups=, whose examples are to be removed.")
        with one_fit_at_a_time():
            return self._forget(labels, groups)

    def _forget(self, labels: Any, groups: Any) -> Self:
        """Forget; the examples must not change in between."""
        examples = self._known_examples("forget")
        gone = examples.chosen(labels, groups)
        if gone.all() or not gone.any():
            left = "No example would be left" if gone.all() else "No example has both"
            raise ValueError(f"{left}: labels={labels!r}, groups={groups!r}.")
        lost = set(examples.labels[gone].tolist()) - set(examples.labels[~gone].tolist())
        kept = np.array([label not in lost for label in self.classes_.tolist()])
        return self._learn(examples.take(~gone), self.classes_[kept])

    def _known_examples(self, method: str) -> Examples:
        """Return the examples of the last fit, or say why there are none."""
        check_is_fitted(self)
        if self.strategy != "frozen" or self.strategy_ != "frozen":
            chosen = f" (which chose {self.strategy_!r})" if self.strategy == "auto" else ""
            raise ValueError(
                f"{method} needs strategy='frozen', which keeps the features of its windows; got "
                f"strategy={self.strategy!r}{chosen}. Fit Multi3NetClassifier(pretrainer, "
                "strategy='frozen') first, or fit again on all windows."
            )
        if not hasattr(self, "examples_"):
            raise ValueError(
                f"{method} needs the features of the training windows, the attribute examples_, "
                "which was deleted. Fit again."
            )
        return self.examples_

    def _features(self, imu: ImuWindows, codes: AnyArray) -> AnyArray:
        """Return the features (n_views, n, d) of windows."""
        layout = self.input_.layout
        data = LabeledWindows(
            x=self._map_of(imu)(imu).astype(self.examples_.features.dtype, copy=False),
            present=None if layout.is_series else layout.present,
            codes=codes,
            weight=np.ones(len(imu)),
            n_classes=len(self.classes_),
            augmentation=self._augmentation(layout),
        )
        member = Member("frozen", self._with_functions(self.config_), self.weights_)
        return embed_frozen(member, data, resolve_device(self.device), 0)

    def _learn(self, examples: Examples, classes: AnyArray) -> Self:
        """Fit the head to examples; `classes` are those of which some may have no example."""
        with all_or_nothing(self):
            labels = examples.checked(classes, self.class_weight)
            config = {**self.config_, "n_classes": len(labels.classes)}
            encoder = {k: w for k, w in self.weights_.items() if not k.startswith("head.")}
            seed = root_entropy(self.random_state)
            member = Member("frozen", self._with_functions(config), encoder)
            weights = train_frozen(member, examples.features, labels, seed)
            # in one step, for predictions in other threads; nothing is freed in between
            former = vars(self).copy()
            vars(self).update(
                classes_=labels.classes,
                examples_=examples,
                config_=config,
                weights_=weights,
                _live=LiveModule(),
            )
            del former
        return self


def _warn_if_not_replaced(before: Examples, replaced: AnyArray, new: Examples) -> None:
    """Name the labels, and people, of new examples that replace none of the earlier ones."""
    gone = before.take(replaced)
    labels = set(gone.labels.tolist())
    pairs = set(zip(gone.labels.tolist(), gone.groups.tolist(), strict=True))
    missed = {
        (label, person)
        for label, person in zip(new.labels.tolist(), new.groups.tolist(), strict=True)
        if (label not in labels if person is None else (label, person) not in pairs)
    }
    if not missed:
        return
    named = sorted(
        (repr(label) if person is None else f"{label!r} of {person!r}" for label, person in missed),
    )
    stored = sorted(set(before.labels.tolist()), key=str)
    people = sorted(set(before.groups.tolist()) - {None}, key=str)
    owners = f"of the people {people!r}" if people else "without people: fit got no groups="
    with_people = f", {owners}" if any(person is not None for _, person in missed) else ""
    warn(
        f"replace=True replaces no example with {', '.join(named[:8])}"
        f"{' and more' * (len(named) > 8)}: the new ones are added. There are examples with the "
        f"labels {stored!r}{with_people}. Check labels and groups, or leave replace out."
    )
