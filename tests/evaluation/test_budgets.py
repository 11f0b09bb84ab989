"""Label budgets are drawn by class and by block."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.evaluation import draw_labels
from m3n_sklearn.evaluation._budgets import check_budgets

LABELS = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)


@given(labels=LABELS, per_class=st.integers(1, 8), seed=st.integers(0, 99))
def test_a_draw_holds_so_many_windows_of_each_class(labels, per_class, seed):
    y = np.array(labels)
    rows = draw_labels(y, per_class, random_state=seed)
    assert len(np.unique(rows)) == len(rows) and np.all(np.diff(rows) > 0)
    for label, count in zip(*np.unique(y, return_counts=True), strict=True):
        assert np.sum(y[rows] == label) == min(count, per_class)


@given(labels=LABELS, percent=st.integers(1, 100), seed=st.integers(0, 99))
def test_a_share_holds_of_every_class(labels, percent, seed):
    y = np.array(labels)
    rows = draw_labels(y, percent / 100, random_state=seed)
    for label, count in zip(*np.unique(y, return_counts=True), strict=True):
        assert np.sum(y[rows] == label) == -(-count * percent // 100)


@given(
    labels=LABELS,
    blocks=st.integers(1, 6),
    levels=st.lists(st.integers(1, 9) | st.floats(0.05, 1.0), min_size=2, max_size=4),
    seed=st.integers(0, 99),
)
def test_larger_budgets_contain_smaller_ones(labels, blocks, levels, seed):
    ids = np.arange(len(labels)) % blocks
    rows = [set(draw_labels(labels, k, blocks=ids, random_state=seed)) for k in levels]
    rows.append(set(draw_labels(labels, None)))
    per_class = {label: sorted(rows, key=lambda r: len(of(r, labels, label))) for label in "abc"}
    for label, drawn in per_class.items():
        for small, large in pairwise(drawn):
            assert of(small, labels, label) <= of(large, labels, label)


def of(rows, labels, label):
    return {row for row in rows if labels[row] == label}


def test_a_draw_empties_one_clip_before_the_next():
    y, clips = np.zeros(12), np.repeat([0, 1, 2], 4)
    rows = draw_labels(y, 5, blocks=clips, random_state=1)
    counts = sorted(np.bincount(clips[rows], minlength=3))
    assert counts == [0, 1, 4]
    assert draw_labels(y, None).tolist() == list(range(12))


def test_a_draw_refuses_nonsense():
    with pytest.raises(ValueError, match=r"budget.*at least 1"):
        draw_labels([1, 2], 0)
    with pytest.raises(ValueError, match="blocks must have one entry per window, 2"):
        draw_labels([1, 2], 1, blocks=[0])
    with pytest.raises(ValueError, match="Join parts of a name"):
        draw_labels([1, 2], 1, blocks=[(0, "a"), (0, "b")])
    with pytest.raises(ValueError, match="blocks must be known"):
        draw_labels([1, 2], 1, blocks=[None, "x"])
    for share in (0.0, -0.1, 1.5, np.nan):
        with pytest.raises(ValueError, match=r"share must lie in.*\(0, 1\]"):
            draw_labels([1, 2], share)


def test_one_window_is_not_one_hundred_percent():
    assert check_budgets((1, 0.5, 1.0)) == [1, 0.5, None]
    assert [type(b) for b in check_budgets([np.int64(4), np.float32(0.5)])] == [int, float]
    with pytest.raises(ValueError, match="both all"):
        check_budgets((1.0, None))
    with pytest.raises(TypeError, match="whole number"):
        check_budgets([True])
