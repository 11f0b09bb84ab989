"""Scores of segments against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from m3n_sklearn import HMMClassifier, Windows
from m3n_sklearn.evaluation import edit_score, segment_f1

F1S = (0.1, 0.25, 0.5)


def letters(text):
    """Return one label per letter."""
    return np.array(list(text))


def scores(truth, predicted, **more):
    """Return the edit score and F1@10, 25 and 50."""
    pair = letters(truth), letters(predicted)
    return [
        edit_score(*pair, **more),
        *(segment_f1(*pair, overlap=overlap, **more) for overlap in F1S),
    ]


@pytest.mark.parametrize(
    ("truth", "predicted", "edit", "f1"),
    [
        # equal
        ("aabbb", "aabbb", 1.0, (1.0, 1.0, 1.0)),
        # ab against abab: two segments are inserted. Each class has one half found, and one more
        ("aabb", "abab", 1 - 2 / 4, (4 / 6, 4 / 6, 4 / 6)),
        # a border that is two rows late: overlaps of 4 / 6 and 2 / 4
        ("aaaabbbb", "aaaaaabb", 1.0, (1.0, 1.0, 1.0)),
        # three rows late: 4 / 7 and 1 / 4
        ("aaaabbbb", "aaaaaaab", 1.0, (1.0, 1.0, 1 / 2)),
        # one flicker divides ten rows into 3 + 6: 6 / 10 finds, 3 / 10 finds the same one again
        ("aaaaaaaaaa", "aaabaaaaaa", 1 - 2 / 3, (2 / 4, 2 / 4, 2 / 4)),
        # another class throughout
        ("aaaa", "bbbb", 0.0, (0.0, 0.0, 0.0)),
        # abc against acb: the last two are exchanged, which is two replacements
        ("abc", "acb", 1 - 2 / 3, (2 / 6, 2 / 6, 2 / 6)),
        # kitten and sitting without repeated letters: k -> s, e -> i, and one more letter
        ("kiten", "siting"[:5], 1 - 2 / 5, (3 / 5, 3 / 5, 3 / 5)),
    ],
)
def test_values_by_hand(truth, predicted, edit, f1):
    assert scores(truth, predicted) == pytest.approx([edit, *f1])


def test_an_earlier_segment_takes_the_true_one_even_if_a_later_one_overlaps_more():
    # 2 / 10 finds at 0.1; 7 / 10 comes too late. At 0.5 only the second one is large enough.
    truth, predicted = letters("a" * 10), letters("aab" + "a" * 7)
    assert segment_f1(truth, predicted, overlap=0.1) == pytest.approx(2 / 4)
    assert segment_f1(truth, predicted, overlap=0.5) == pytest.approx(2 / 4)
    assert segment_f1(truth, predicted, overlap=0.8) == 0.0


def test_edit_is_averaged_and_segments_are_counted_over_recordings():
    # x: edit 1, one of one found. y: ab against ba: edit 0, nothing found of two and two
    truth, predicted = "aaa" + "ab", "aaa" + "ba"
    recordings = list("xxxyy")
    assert scores(truth, predicted, recordings=recordings) == pytest.approx([0.5] + [2 / 6] * 3)
    # as one recording, the a's of x and y join: ab against aba
    assert scores(truth, predicted)[0] == pytest.approx(1 - 1 / 3)


def test_rows_are_sorted_by_time_and_recordings_may_be_interleaved():
    truth, predicted = letters("aabbcc" * 2), letters("aabccc" + "abbbcc")
    recordings, times = np.repeat([0, 1], 6), np.tile(np.arange(6.0), 2)
    dates = np.datetime64("2024-03-01T08:00") + times.astype("timedelta64[s]")
    metrics = (edit_score, segment_f1)
    expected = [metric(truth, predicted, recordings=recordings) for metric in metrics]
    order = np.random.default_rng(0).permutation(12)
    for when in (times, dates):
        given = {"recordings": recordings[order], "times": when[order]}
        found = [metric(truth[order], predicted[order], **given) for metric in metrics]
        assert found == expected
    assert expected == pytest.approx([1.0, 1.0])


def test_a_gap_in_time_ends_segments_of_both():
    times = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]
    # aa|a gap aaa: two true segments; the second one is predicted as b
    assert scores("aaaaaa", "aaabbb", times=times) == pytest.approx([0.5] + [2 / 4] * 3)
    assert scores("aaaaaa", "aaabbb")[0] == pytest.approx(0.5)
    assert scores("aaaaaa", "aaaaaa", times=times) == [1.0] * 4


def test_ignored_classes_have_no_segments():
    # a a 0 0 b b against a a a 0 b 0: without 0 both are ab; overlaps 2 / 3 and 1 / 2
    assert scores("aa00bb", "aaa0b0", ignore="0") == pytest.approx([1.0] * 4)
    # y has no segments at all and counts 1
    assert edit_score(
        letters("ab00"), letters("aa00"), recordings=list("xxyy"), ignore=["0"]
    ) == pytest.approx((0.5 + 1) / 2)
    with pytest.raises(ValueError, match="leaves out every label of y_true"):
        edit_score([0, 0], [1, 0], ignore=[0])


def test_numbers_and_booleans_are_labels():
    assert edit_score([1, 1, 2], [1, 2, 2]) == 1.0
    assert segment_f1([True, True, False], [True, False, False]) == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_pred": ["a"]}, "one label per row each"),
        ({"y_pred": [1, 2]}, "both be strings or both be numbers"),
        ({"y_pred": ["a", None]}, "None or NaN"),
        ({"recordings": ["x"]}, "one entry per window"),
        ({"recordings": ["x", "x"], "times": [1.0, 1.0]}, "two rows at 1 s"),
        ({"overlap": 0.0}, "above 0"),
        ({"overlap": 50}, "at most 1"),
    ],
)
def test_bad_input_is_named(arguments, message):
    given = {"y_true": ["a", "b"], "y_pred": ["a", "b"]} | arguments
    with pytest.raises(ValueError, match=message):
        segment_f1(given.pop("y_true"), given.pop("y_pred"), **given)


def test_as_scorers_of_a_smoothed_classifier():
    rng = np.random.default_rng(0)
    y = np.tile(np.repeat(["pick", "pack"], [6, 9]), 24)
    days, times = np.repeat(np.arange(6), 60), np.tile(np.arange(60.0), 6)
    noise = 1.2 * rng.normal(size=(len(y), 3, 4))
    X = Windows(
        imu=(y == "pick")[:, None, None] + noise, clip=days.astype(str), start=times, rate=4.0
    )
    flat = FunctionTransformer(lambda windows: windows["imu"].mean(axis=2)[:, :1])
    windows = make_pipeline(flat, LogisticRegression())
    found = []
    with sklearn.config_context(enable_metadata_routing=True):
        scoring = {
            name: make_scorer(score).set_score_request(recordings=True, times=True)
            for name, score in (("edit", edit_score), ("f1", segment_f1))
        }
        given = {"groups": days, "recordings": days, "times": times}
        for model in (
            windows,
            HMMClassifier(windows, weight=1.0, balance=1.0).set_fit_request(groups=False),
        ):
            result = cross_validate(
                model, X, y, cv=GroupKFold(2), scoring=scoring, params=given, error_score="raise"
            )
            found.append([result["test_edit"].mean(), result["test_f1"].mean()])
    assert all(after > before + 0.1 for before, after in zip(*found, strict=True))
