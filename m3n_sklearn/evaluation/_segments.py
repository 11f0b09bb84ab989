"""Scores of segments: stretches of equal labels in the rows of a recording, in order.

Windows are compared by accuracy or F1, which do not see whether a prediction flickers. The scores
here compare sequences of segments, as is usual in temporal action segmentation.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._labels import plain_labels
from .._typing import AnyArray
from .._validation import list_of
from ..temporal import read_rows

__all__ = ["edit_score", "segment_f1"]

Indices = NDArray[np.intp]


class _Segments(NamedTuple):
    """Segments of one recording in order, without those of ignored classes."""

    codes: Indices  # (s,), class
    first: Indices  # (s,), first row
    stop: Indices  # (s,), the row after the last one


def edit_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    recordings: ArrayLike | None = None,
    times: ArrayLike | None = None,
    ignore: Iterable[Hashable] = (),
) -> float:
    """Compare the order of predicted segments with the true one, whatever their durations.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels of rows.
    recordings : array-like of shape (n,), default=None
        Recording of each row. By default all rows belong to one recording.
    times : array-like of shape (n,), default=None
        Time of each row in its recording, in s or as dates, as in
        :meth:`~m3n_sklearn.HMMClassifier.fit`. By default the rows of a recording are in order and
        equally far apart. A gap of more than one and a half median steps ends a segment.
    ignore : iterable, default=()
        Classes whose segments are left out, such as a null class.

    Returns
    -------
    float
        Between 0 and 1: the mean over recordings of ``1 - d / max(s, p)``, with the Levenshtein
        distance d between the s true and the p predicted segments. A recording without segments
        in both counts 1.

    Raises
    ------
    ValueError
        If lengths differ, labels are missing, two rows of a recording have the same time, or
        every true label is ignored.

    See Also
    --------
    segment_f1 : Compares where segments are.
    macro_f1 : Compares rows.

    Notes
    -----
    The score falls with every segment too much and every one that is missing. It does not see how
    far borders are shifted, so report it next to :func:`segment_f1`.

    References
    ----------
    .. [1] C. Lea, A. Reiter, R. Vidal and G. D. Hager, "Segmental spatiotemporal CNNs for
       fine-grained action segmentation", ECCV 2016.

    Examples
    --------
    One short false segment divides a true one, so that three segments are predicted for one:

    >>> from m3n_sklearn.evaluation import edit_score
    >>> round(edit_score(["walk"] * 6, ["walk", "walk", "sit", "walk", "walk", "walk"]), 3)
    0.333

    As a scorer. Scorers call `predict` without metadata, so give `HMMClassifier` the
    :class:`~m3n_sklearn.Windows` of `cut`, which contain recordings and times:

    >>> import sklearn
    >>> from sklearn.metrics import make_scorer
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     scorer = make_scorer(edit_score).set_score_request(recordings=True, times=True)
    """
    pairs = _read(y_true, y_pred, recordings, times, ignore)
    return float(np.mean([_edit(true.codes, predicted.codes) for true, predicted in pairs]))


def segment_f1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    overlap: float = 0.5,
    recordings: ArrayLike | None = None,
    times: ArrayLike | None = None,
    ignore: Iterable[Hashable] = (),
) -> float:
    """Return the F1 score of predicted segments, known as F1@10, F1@25 and F1@50.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels of rows.
    overlap : float, default=0.5
        Least intersection over union, in rows, of a predicted segment and a true one of its class.
        F1@10, F1@25 and F1@50 have 0.1, 0.25 and 0.5.
    recordings, times : array-like of shape (n,), default=None
        As in :func:`edit_score`.
    ignore : iterable, default=()
        Classes whose segments are left out, such as a null class.

    Returns
    -------
    float
        Between 0 and 1: ``2 TP / (2 TP + FP + FN)``, counted over the segments of all recordings
        and classes.

    Raises
    ------
    ValueError
        If `overlap` is not above 0 and at most 1, or as for :func:`edit_score`.

    See Also
    --------
    edit_score : Compares the order of segments.
    macro_f1 : Compares rows.

    Notes
    -----
    Predicted segments are taken in order. Each is compared with the true segment of its class
    that it overlaps most. It is a true positive if the overlap suffices and no earlier segment
    has found the same one, otherwise a false positive. True segments that are not found are false
    negatives. A border that is shifted a little costs nothing, a divided segment costs a false
    positive.

    References
    ----------
    .. [1] C. Lea, M. D. Flynn, R. Vidal, A. Reiter and G. D. Hager, "Temporal convolutional
       networks for action segmentation and detection", CVPR 2017.

    Examples
    --------
    >>> from m3n_sklearn.evaluation import segment_f1
    >>> truth = ["walk"] * 4 + ["sit"] * 4
    >>> late = ["walk"] * 6 + ["sit"] * 2
    >>> segment_f1(truth, late, overlap=0.5), segment_f1(truth, late, overlap=0.6)
    (1.0, 0.5)
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap must be above 0 and at most 1, got {overlap!r}.")
    found = n_segments = 0
    for true, predicted in _read(y_true, y_pred, recordings, times, ignore):
        found += _found(true, predicted, overlap)
        n_segments += len(true.codes) + len(predicted.codes)
    # 2 TP + FP + FN is the number of all segments
    return 2 * found / n_segments


def _read(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    recordings: ArrayLike | None,
    times: ArrayLike | None,
    ignore: Iterable[Hashable],
) -> list[tuple[_Segments, _Segments]]:
    """Return the true and the predicted segments of each recording."""
    # 1. Labels as numbers of classes, and which of these are ignored
    truth, prediction = plain_labels(y_true).ravel(), plain_labels(y_pred).ravel()
    if len(truth) != len(prediction) or not len(truth):
        raise ValueError(
            f"y_true and y_pred must have one label per row each, and at least one row, got "
            f"{len(truth)} and {len(prediction)} labels."
        )
    if (truth.dtype.kind in "OU") != (prediction.dtype.kind in "OU"):
        raise ValueError(
            f"y_true and y_pred must both be strings or both be numbers, got {truth[0]!r} and "
            f"{prediction[0]!r}."
        )
    classes, codes = np.unique(np.concatenate([truth, prediction]), return_inverse=True)
    left_out = set(list_of(ignore, "ignore", "classes"))
    skipped = np.array([label in left_out for label in classes.tolist()])
    # 2. Rows in order, and where segments cannot go on
    if recordings is None and times is None:
        recordings = np.zeros(len(truth), dtype=np.intp)
    rows = read_rows(truth, recordings, times)
    starts = np.zeros(len(truth), dtype=bool)
    starts[np.cumsum(rows.lengths) - rows.lengths] = True
    new = np.flatnonzero(np.append(True, rows.recordings[1:] != rows.recordings[:-1]))
    # 3. Segments by recording
    pairs = []
    for first, stop in zip(new, np.append(new[1:], len(truth)), strict=True):
        here = rows.order[first:stop]
        both = (codes[here], codes[len(truth) + here])
        true, predicted = (_segments(each, starts[first:stop], skipped) for each in both)
        pairs.append((true, predicted))
    if not any(len(true.codes) for true, _ in pairs):
        raise ValueError(
            f"ignore leaves out every label of y_true: {sorted(set(truth.tolist()))}. Give at "
            "least one class that is scored."
        )
    return pairs


def _segments(codes: Indices, starts: AnyArray, skipped: AnyArray) -> _Segments:
    """Return the segments of one recording; `starts` marks rows that begin one in any case."""
    first = np.flatnonzero(starts | np.append(True, codes[1:] != codes[:-1]))
    stop = np.append(first[1:], len(codes))
    kept = ~skipped[codes[first]]
    return _Segments(codes[first][kept], first[kept], stop[kept])


def _edit(true: Indices, predicted: Indices) -> float:
    """Return 1 minus the Levenshtein distance of two sequences over the longer length."""
    longest = max(len(true), len(predicted))
    if longest == 0:
        return 1.0
    places = np.arange(len(predicted) + 1)
    distance = places.copy()
    for row, code in enumerate(true, start=1):
        # replacing or deleting, and then inserting: d[j] = min over i <= j of e[i] + j - i
        either = distance + 1
        np.minimum(either[1:], distance[:-1] + (predicted != code), out=either[1:])
        either[0] = row
        distance = np.minimum.accumulate(either - places) + places
    return 1 - int(distance[-1]) / longest


def _found(true: _Segments, predicted: _Segments, overlap: float) -> int:
    """Count the true segments that a predicted one finds."""
    found = 0
    for code in np.intersect1d(true.codes, predicted.codes):
        there, given = true.codes == code, predicted.codes == code
        first, stop = true.first[there], true.stop[there]
        free = np.ones(len(first), dtype=bool)
        for begin, end in zip(predicted.first[given], predicted.stop[given], strict=True):
            shared = np.minimum(stop, end) - np.maximum(first, begin)
            ratio = np.maximum(shared, 0) / (np.maximum(stop, end) - np.minimum(first, begin))
            best = ratio.argmax()
            if ratio[best] >= overlap and free[best]:
                free[best] = False
                found += 1
    return found
