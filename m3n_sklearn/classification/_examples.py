"""The labeled examples that a frozen classifier keeps, as features: to add, replace and remove."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._labels import Labels, check_labels, plain_labels
from .._typing import AnyArray

__all__ = ["Examples"]


@dataclass(frozen=True)
class Examples:
    """Labeled windows, of which only what the head reads is kept.

    Attributes
    ----------
    features : ndarray of shape (n_views, n, d)
        Features of each window, in several orientations if the mounting is unknown.
    labels : ndarray of shape (n,)
        Label of each window.
    weight : ndarray of shape (n,)
        Weight of each window, as it was given.
    groups : ndarray of object of shape (n,)
        Person of each window, None where it is not known.
    """

    features: AnyArray
    labels: AnyArray
    weight: NDArray[np.float64]
    groups: AnyArray

    @classmethod
    def of(
        cls, features: AnyArray, labels: AnyArray, sample_weight: Any, groups: AnyArray | None
    ) -> Examples:
        """Return examples from checked labels, weights and groups; weights and groups may lack."""
        count = len(labels)
        weight = np.ones(count) if sample_weight is None else np.asarray(sample_weight, np.float64)
        people = np.full(count, None, dtype=object)
        if groups is not None:
            people[:] = groups.tolist()
        return cls(features, labels, weight, people)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def nbytes(self) -> int:
        """Bytes of the features."""
        return int(self.features.nbytes)

    def take(self, rows: AnyArray) -> Examples:
        """Return the examples of some rows, a mask or indices."""
        return Examples(
            self.features[:, rows], self.labels[rows], self.weight[rows], self.groups[rows]
        )

    def followed_by(self, others: Examples) -> Examples:
        """Return these examples and others after them."""
        if others.features.shape[0] != self.features.shape[0]:
            raise ValueError(
                "augment was changed since the fit, from or to an unknown mounting ('so3'). Set it "
                "back, or fit again."
            )
        return Examples(
            np.concatenate(
                [self.features, others.features.astype(self.features.dtype, copy=False)], axis=1
            ),
            _joined(self.labels, others.labels),
            np.concatenate([self.weight, others.weight]),
            np.concatenate([self.groups, others.groups]),
        )

    def of_same(self, others: Examples) -> NDArray[np.bool_]:
        """Tell which examples have the label, and the person if that is known, of another one."""
        pairs = set(zip(others.labels.tolist(), others.groups.tolist(), strict=True))
        anyone = {label for label, person in pairs if person is None}
        own = zip(self.labels.tolist(), self.groups.tolist(), strict=True)
        return np.array([pair[0] in anyone or pair in pairs for pair in own], dtype=bool)

    def chosen(self, labels: Any, groups: Any) -> NDArray[np.bool_]:
        """Tell which examples have one of some labels and one of some groups; None means all."""
        mask = np.ones(len(self), dtype=bool)
        for given, column, name in (
            (labels, self.labels, "labels"),
            (groups, self.groups, "groups"),
        ):
            if given is None:
                continue
            wanted, known = _as_set(given), set(column.tolist()) - {None}
            if not wanted:
                raise ValueError(
                    f"{name} is empty, so that nothing would be removed. Give some of "
                    f"{sorted(known, key=str)!r}, or {name}=None for all."
                )
            if unknown := sorted(wanted - known, key=str):
                raise ValueError(
                    f"There are no examples with the {name} {unknown!r}; those of the examples are "
                    f"{sorted(known, key=str)!r}." + " Give groups= to fit and teach." * (not known)
                )
            mask &= np.array([value in wanted for value in column.tolist()], dtype=bool)
        return mask

    def checked(self, classes: AnyArray, class_weight: Any) -> Labels:
        """Return labels and weights as `fit` computes them, for classes without example, too."""
        count = len(self)
        known = set(self.labels.tolist())
        without = np.array([label not in known for label in classes.tolist()], dtype=bool)
        labels = _joined(self.labels, classes[without])
        weight = np.concatenate([self.weight, np.zeros(int(without.sum()))])
        checked = check_labels(labels, len(labels), weight, class_weight)
        return Labels(checked.classes, checked.codes[:count], checked.weight[:count])


def _joined(ours: AnyArray, theirs: AnyArray) -> AnyArray:
    """Return labels one after the other, or say that they are of several kinds."""
    together = plain_labels(np.concatenate([ours.astype(object), theirs.astype(object)]))
    if ours.dtype == object or theirs.dtype == object:
        return together
    return np.concatenate([ours, theirs])


def _as_set(values: Any) -> set[Any]:
    """Return one value or several as a set of plain ones."""
    several = isinstance(values, Iterable) and not isinstance(values, str | bytes)
    column = list(values) if several else [values]
    return {value.item() if isinstance(value, np.generic) else value for value in column}
