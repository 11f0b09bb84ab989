"""Label budgets and the study over people never seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import (
    Method,
    WindowFeatures,
    draw_labels,
    few_label_study,
    format_table,
    macro_f1,
    per_person,
)


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=1, max_size=40),
    per_class=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_a_draw_holds_so_many_windows_of_each_class(labels, per_class, seed):
    y = np.array(labels)
    rows = draw_labels(y, per_class, random_state=seed)
    assert len(np.unique(rows)) == len(rows) and np.all(np.diff(rows) > 0)
    for label, count in zip(*np.unique(y, return_counts=True), strict=True):
        assert np.sum(y[rows] == label) == min(count, per_class)


def test_a_draw_empties_one_clip_before_the_next():
    y, clips = np.zeros(12), np.repeat([0, 1, 2], 4)
    rows = draw_labels(y, 5, blocks=clips, random_state=1)
    counts = sorted(np.bincount(clips[rows], minlength=3))
    assert counts == [0, 1, 4]
    assert draw_labels(y, None).tolist() == list(range(12))


def test_a_draw_refuses_nonsense():
    with pytest.raises(ValueError, match="at least 1"):
        draw_labels([1, 2], 0)
    with pytest.raises(ValueError, match="blocks has 1"):
        draw_labels([1, 2], 1, blocks=[0])


def test_macro_f1_averages_over_the_classes_that_occur():
    assert macro_f1(["a", "a", "b"], ["a", "a", "b"]) == 1.0
    assert macro_f1(["a", "a"], ["a", "c"]) == pytest.approx(2 / 3)


def wrist_set(n_people=3, per_class=6):
    rng = np.random.default_rng(0)
    y = np.tile(np.repeat(["still", "shake"], per_class), n_people)
    groups = np.repeat(np.arange(n_people), 2 * per_class)
    imu = rng.normal(size=(len(y), 6, 40)) * np.where(y == "shake", 5.0, 0.2)[:, None, None]
    return Windows(imu=imu, rate=20.0), y, groups


def methods():
    forest = make_pipeline(WindowFeatures(), RandomForestClassifier(20, random_state=0))
    return [
        Method("majority", DummyClassifier(strategy="prior")),
        Method("forest", forest),
        Method("by fold", lambda person: DummyClassifier(strategy="constant", constant="still")),
    ]


def test_every_method_meets_the_same_people_and_draws():
    X, y, groups = wrist_set()
    scores = few_label_study(methods(), X, y, groups, budgets=(1, None), n_draws=2)
    assert len(scores) == 3 * (2 + 1) * 3
    for score in scores:
        assert np.all(groups[score.rows] == score.group)
        assert score.macro_f1 == macro_f1(y[score.rows], score.predictions)
    assert min(per_person(scores, "forest", None).values()) == 1.0
    assert list(per_person(scores, "by fold", 1).values()) == pytest.approx([1 / 3] * 3)
    table = format_table(scores, ["forest", "majority"])
    assert "1 per class" in table and "all labels" in table
    assert table.splitlines()[1].startswith("forest") and "1.000 ± 0.000" in table


def test_scores_do_not_depend_on_the_number_of_processes():
    X, y, groups = wrist_set()
    compared = methods()[:2]
    one = few_label_study(compared, X, y, groups, budgets=(2,))
    two = few_label_study(compared, X, y, groups, budgets=(2,), n_jobs=2)
    assert [s.macro_f1 for s in one] == [s.macro_f1 for s in two]


def test_a_method_without_labels_is_fitted_once_per_person():
    X, y, groups = wrist_set()
    fits = []

    class Silent(DummyClassifier):
        def fit(self, X, y=None):
            assert y is None
            fits.append(len(X))
            return super().fit(X, ["still"] * len(X))

    said = []
    few_label_study(
        [Method("words", lambda person: Silent(), needs_labels=False)],
        X,
        y,
        groups,
        folds=[(1,)],
        budgets=(1, 2),
        progress=said.append,
    )
    assert fits == [24] and len(said) == 1 and said[0].startswith("1/1 cells")


def test_a_study_needs_people():
    X, y, groups = wrist_set()
    with pytest.raises(ValueError, match="not among the groups"):
        few_label_study(methods(), X, y, groups, folds=[(9,)])
    with pytest.raises(ValueError, match="at least two groups"):
        few_label_study(methods(), X, y, np.zeros(len(y)))
