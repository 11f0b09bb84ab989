"""Timelines show segments where and when they are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB

from m3n_sklearn.inspection import TimelineDisplay
from m3n_sklearn.temporal import HMMClassifier

NAMES = {2: "two", 1: "one"}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.tile(np.repeat([1, 2], [5, 7]), 6)
    return y[:, None] + rng.normal(scale=0.5, size=(len(y), 1)), y, np.arange(len(y)) * 1.0


@pytest.fixture(scope="module")
def model(data):
    X, y, times = data
    return HMMClassifier(GaussianNB(), weight=0.5, balance=1.0).fit(X, y, times=times)


def bars(display):
    return [
        [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in track.get_paths()]
        for track in display.axes_[0].collections
    ]


def legend(display):
    return [text.get_text() for text in display.axes_[0].get_legend().get_texts()]


def test_runs_become_bars_and_gaps_stay_open():
    tracks = {"truth": ["a", "a", "b", "b"], "predicted": ["a", "b", "b", "b"]}
    display = TimelineDisplay.from_predictions(tracks, times=[0, 1, 2, 5])
    truth, predicted = bars(display)
    assert truth == [(-0.5, 1.5), (1.5, 2.5), (4.5, 5.5)]
    assert predicted == [(-0.5, 0.5), (0.5, 2.5), (4.5, 5.5)]
    labels = [tick.get_text() for tick in display.axes_[0].get_yticklabels()]
    assert labels == ["truth", "predicted"]
    assert display.axes_[0].yaxis_inverted()
    assert legend(display) == ["a", "b"]


def test_rows_may_come_in_any_order():
    labels, times = np.array(list("aabbba")), np.arange(6.0)
    mixed = np.random.default_rng(0).permutation(6)
    tidy = TimelineDisplay.from_predictions({"t": labels}, times=times)
    other = TimelineDisplay.from_predictions({"t": labels[mixed]}, times=times[mixed])
    assert bars(tidy) == bars(other)


def test_probabilities_are_not_drawn_in_gaps():
    times = np.array([0, 1, 2, 10, 11, 12, 13])
    values = np.tile([0.25, 0.75], (7, 1))
    display = TimelineDisplay.from_predictions(
        {"t": np.tile([1, 2], 4)[:7]}, times=times, probabilities=values, classes=[1, 2]
    )
    low, high = display.axes_[1].collections
    inside = [(0.0, 0.1), (2.4, 0.2), (9.6, 0.1), (13.4, 0.2)]
    outside = [(-0.6, 0.1), (2.6, 0.1), (5.0, 0.1), (9.4, 0.1), (13.6, 0.1)]
    for points, expected in ((inside, True), (outside, False)):
        for point in points:
            assert low.get_paths()[0].contains_point(point) == expected
    assert high.get_paths()[0].contains_point((12.0, 0.9))
    assert not high.get_paths()[0].contains_point((6.0, 0.9))


def in_seconds(display, begin):
    """Return the bars of a display of dates, in s since a date."""
    origin = date2num(begin)
    return [[tuple((np.array(bar) - origin) * 86400) for bar in track] for track in bars(display)]


@pytest.mark.parametrize("form", ["naive", "zone", "Unix"])
def test_dates_are_on_the_axis(data, model, form):
    X, y, times = data
    begin = np.datetime64("2024-10-27T00:59:30", "us")
    dates = begin + times.astype("timedelta64[s]")
    given = {
        "naive": dates,
        "zone": pd.Series(dates).dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"),
        "Unix": dates.astype(np.int64) / 1e6,
    }[form]
    display = TimelineDisplay.from_estimator(model, X, y, times=given, probabilities=True)
    plain = TimelineDisplay.from_estimator(model, X, y, times=times, probabilities=True)
    np.testing.assert_allclose(
        np.concatenate(in_seconds(display, begin)), np.concatenate(bars(plain)), atol=1e-3
    )
    label = display.axes_[-1].get_xlabel()
    assert label == ("time" if form == "naive" else "time (UTC)")
    display.figure_.draw_without_rendering()
    ticks = [tick.get_text() for tick in display.axes_[-1].get_xticklabels()]
    assert "01:00" in ticks
    left, right = display.axes_[1].get_xlim()
    assert (right - left) * 86400 == pytest.approx(72)


def test_segments_with_dates_are_tracks(data, model):
    X, _, times = data
    dates = np.datetime64("2024-10-27T00:59:30") + times.astype("timedelta64[s]")
    display = TimelineDisplay({"smoothed": model.segments(X, times=dates)}).plot()
    assert display.axes_[0].get_xlabel() == "time"
    days = np.repeat(["monday", "tuesday"], 36)
    with pytest.raises(ValueError, match=r"'smoothed' has segments of 2 recordings"):
        TimelineDisplay({"smoothed": model.segments(X, recordings=days)})


def test_the_same_label_has_the_same_color_everywhere():
    display = TimelineDisplay.from_predictions(
        {"t": [1, 2, 2], "p": [2, 2, 1]}, times=[0, 1, 2], label_names=NAMES
    )
    first, second = (track.get_facecolors() for track in display.axes_[0].collections)
    assert np.array_equal(first, second[::-1]) and not np.array_equal(first[0], first[1])
    assert legend(display) == ["two", "one"]


def test_an_estimator_shows_windows_and_path(data, model):
    X, y, times = data
    display = TimelineDisplay.from_estimator(
        model, X, y, times=times, label_names=NAMES, probabilities=True
    )
    assert list(display.tracks) == ["truth", "windows", "smoothed"]
    assert np.array_equal(
        display.tracks["smoothed"]["label"], model.segments(X, times=times)["label"]
    )
    assert len(display.axes_) == 2 and display.axes_[1].get_ylim() == (0, 1)
    assert len(display.axes_[1].collections) == 2
    assert display.figure_ is display.axes_[0].figure


def test_any_classifier_can_be_shown(data):
    X, y, times = data
    display = TimelineDisplay.from_estimator(GaussianNB().fit(X, y), X, times=times)
    assert list(display.tracks) == ["windows"]


def test_one_recording_is_shown(data, model):
    X, y, times = data
    names = np.where(times < 30, "a", "b")
    with pytest.raises(ValueError, match="2 recordings, but a timeline shows one"):
        TimelineDisplay.from_estimator(model, X, y, recordings=names, times=times)
    display = TimelineDisplay.from_estimator(
        model, X, y, recordings=names, times=times, recording="b"
    )
    assert bars(display)[0][0][0] == 29.5
    with pytest.raises(ValueError, match="no recording 'c'"):
        TimelineDisplay.from_estimator(model, X, recordings=names, times=times, recording="c")


def test_axes_are_drawn_where_told(data, model):
    X, y, times = data
    _, ax = plt.subplots()
    display = TimelineDisplay.from_estimator(model, X, y, times=times, axes=ax)
    assert display.axes_[0] is ax
    with pytest.raises(ValueError, match="2 matplotlib Axes"):
        TimelineDisplay.from_estimator(model, X, times=times, probabilities=True, axes=ax)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": {"t": [1, 2]}, "times": [0, 1, 2]}, "'t' must have one entry per window, 3"),
        ({"labels": {}, "times": [0, 1]}, "at least one track"),
        ({"labels": {"t": [1.0, np.nan]}, "times": [0, 1]}, "must be known for every window"),
        (
            {"labels": {"t": [1, 2]}, "times": [0, 1], "probabilities": np.ones((2, 2))},
            "need classes=",
        ),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TimelineDisplay.from_predictions(**options)


@pytest.mark.parametrize(
    "change", [lambda y: y[:5], lambda y: np.tile(y, 2), lambda y: y[:, None]], ids=range(3)
)
def test_the_truth_is_as_long_as_the_recording(data, model, change):
    X, y, times = data
    with pytest.raises(ValueError, match="'truth' must have one entry per window, 72"):
        TimelineDisplay.from_estimator(model, X, change(y), times=times)


def test_nothing_fitted_and_nothing_to_draw(data):
    X, y, times = data
    with pytest.raises(NotFittedError):
        TimelineDisplay.from_estimator(HMMClassifier(GaussianNB()), X, y, times=times)
    with pytest.raises(ValueError, match="times is empty"):
        TimelineDisplay.from_predictions({"a": []}, times=[])


def test_tracks_are_segments():
    with pytest.raises(TypeError, match="fields start, end and label"):
        TimelineDisplay({"t": np.arange(3)})


def test_more_than_ten_classes_keep_their_colors_apart():
    display = TimelineDisplay.from_predictions({"t": np.arange(15)}, times=np.arange(15))
    assert len(np.unique(display.axes_[0].collections[0].get_facecolors(), axis=0)) == 15
