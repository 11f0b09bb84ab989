"""Labels in parameters, when a meta-estimator of scikit-learn has encoded those in y.

`VotingClassifier` and others number the classes before they fit a member, and one-vs-rest
classifiers set 0 and 1. The parameters of the member still hold the labels of the user. They are
translated where the classes behind the numbers are known, and refused otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._compat import LabelEncoding, find_label_encoding
from .._typing import AnyArray

__all__ = ["ClassParameters", "in_labels_of"]

CURE = (
    "Number the classes yourself before the meta-estimator does: encoder = LabelEncoder().fit(y); "
    "then give encoder.transform(...) of y and of the labels in the parameters."
)

OTHER_CLASS = -1
"""Number of the classes that are not in y; numbers of a meta-estimator start at 0."""


class ClassParameters(NamedTuple):
    """The parameters of a classifier that name classes."""

    rehearsal: tuple[Any, Any] | None
    descriptions: Mapping[Any, Any] | None
    class_weight: str | Mapping[Any, float] | None

    def labels(self) -> dict[str, list[Any]]:
        """Return the distinct labels in each parameter that has any."""
        found: dict[str, list[Any]] = {}
        if self.rehearsal is not None and len(self.rehearsal) == 2:
            found["rehearsal"] = _distinct(self.rehearsal[1])
        if self.descriptions is not None:
            found["descriptions"] = list(self.descriptions)
        if isinstance(self.class_weight, Mapping):
            found["class_weight"] = list(self.class_weight)
        return found


def in_labels_of(y: Any, given: ClassParameters, *, zero_shot: bool) -> ClassParameters:
    """Return the parameters with the labels of y, of which some meta-estimators keep numbers only.

    Raises
    ------
    ValueError
        If y has been encoded, or looks as if it had been, and the labels in the parameters cannot
        be translated with certainty.
    """
    labels = given.labels()
    if not labels:
        return given
    classes = _distinct(y)
    encoding = find_label_encoding(classes)
    if encoding is None:
        if not zero_shot:
            _refuse_other_integers(classes, labels)
        return given
    if encoding.classes is not None:
        return _translated(given, labels, encoding, zero_shot=zero_shot)
    if encoding.one_by_one and not encoding.encodes:
        labels.pop("class_weight", None)  # holds for each problem, as in other classifiers
    if labels and (encoding.one_by_one or not _certainly_same(classes, labels)):
        raise ValueError(_cannot_translate(encoding, classes, labels))
    return given


def _certainly_same(classes: list[Any], labels: Mapping[str, list[Any]]) -> bool:
    """Tell whether all parameters hold the labels 0, 1, ...; weights may be given for some only."""
    same = {name: set(named) == set(classes) for name, named in labels.items()}
    weighted = labels.get("class_weight", [])
    return any(same.values()) and all(
        same[name] or (name == "class_weight" and set(weighted) <= set(classes)) for name in same
    )


def _distinct(labels: Any) -> list[Any]:
    """Return the distinct labels, sorted; an empty list if they cannot be read as labels."""
    column = np.asarray(labels)
    if column.ndim != 1:
        return []
    try:
        return list(np.unique(column).tolist())
    except TypeError:  # of several types; the checks of labels say so
        return []


def _refuse_other_integers(classes: list[Any], labels: Mapping[str, list[Any]]) -> None:
    """Refuse 0, 1, ... in y where a parameter has some of these labels and lacks others."""
    if not classes or classes != list(range(len(classes))) or isinstance(classes[0], bool):
        return
    for name, named in labels.items():
        extra, missing = set(named) - set(classes), set(classes) - set(named)
        if extra and missing:
            raise ValueError(
                f"y holds the labels {_listed(classes)}, and {name} holds {_listed(named)}. This "
                "happens if a meta-estimator has numbered the classes of y, or if the labels of "
                f"two data sets differ. {CURE} If the labels do mean the same classes, leave out "
                f"{_listed(sorted(extra, key=str))}."
            )


def _cannot_translate(
    encoding: LabelEncoding, classes: list[Any], labels: Mapping[str, list[Any]]
) -> str:
    """Return the error message for labels that cannot be translated."""
    by, held = encoding.by, f"y holds {_listed(classes)}"
    for name, named in labels.items():
        held += f", {name} holds {_listed(named)}"
    if encoding.one_by_one:
        return (
            f"{by} fits one classifier for each of several problems with labels of their own: in "
            f"this one, {held}. What {' and '.join(labels)} would mean there is not known. "
            "Multi3NetClassifier handles several classes by itself: fit it without this "
            f"meta-estimator, or without {' and '.join(labels)}."
        )
    return (
        f"{by} has numbered the classes: {held}. Which number stands for which label is not known "
        f"in this process or thread. {CURE} With n_jobs=None, labels are translated."
    )


def _listed(labels: list[Any]) -> str:
    """Return up to eight labels as text."""
    shown = ", ".join(map(repr, labels[:8]))
    return f"{shown}, ..." if len(labels) > 8 else shown


def _translated(
    given: ClassParameters,
    labels: Mapping[str, list[Any]],
    encoding: LabelEncoding,
    *,
    zero_shot: bool,
) -> ClassParameters:
    """Return the parameters with the numbers of the classes in place of their labels."""
    classes = list(encoding.classes or ())
    number = {label: code for code, label in enumerate(classes)}
    foreign = [label for label in labels.get("class_weight", []) if label not in number]
    if foreign:
        raise ValueError(
            f"class_weight names {foreign!r}, but the labels of {encoding.by} are {classes!r}."
        )
    described = labels.get("descriptions", classes)
    missing = [label for label in classes if label not in described]
    if missing or (zero_shot and len(described) > len(classes)):
        raise ValueError(
            f"descriptions has the classes {described!r}, but {encoding.by} was given "
            f"{classes!r}. Describe these classes"
            + (", and no other: their probabilities are columns." if zero_shot else ".")
        )
    rehearsal, descriptions, class_weight = given
    if "rehearsal" in labels and rehearsal is not None:
        column: AnyArray = np.asarray(rehearsal[1])
        codes = [number.get(label, OTHER_CLASS) for label in column.tolist()]
        if codes and max(codes) == OTHER_CLASS:
            raise ValueError(
                f"rehearsal contains none of the classes {classes!r}; its labels are "
                f"{labels['rehearsal']!r}."
            )
        rehearsal = (rehearsal[0], np.array(codes, dtype=np.int64))
    if descriptions is not None:
        descriptions = {number[k]: text for k, text in descriptions.items() if k in number}
    if isinstance(class_weight, Mapping):
        class_weight = {number[label]: weight for label, weight in class_weight.items()}
    return ClassParameters(rehearsal, descriptions, class_weight)
