"""Displays draw what they are given and respect the axes they are handed."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from m3n_sklearn import Recording
from m3n_sklearn.evaluation import Score
from m3n_sklearn.inspection import LabelEfficiencyDisplay, SignalDisplay


def recording(value=1.0, channels=6):
    return Recording(np.full((20, channels), value), rate=10.0, start=2.0)


def test_norms_share_one_panel_per_triad():
    display = SignalDisplay.from_recordings({"measured": recording(), "simulated": recording(2.0)})
    assert len(display.axes_) == 2
    lines = display.axes_[0].get_lines()
    assert [line.get_label() for line in lines] == ["measured", "simulated"]
    assert lines[1].get_ydata() == pytest.approx(np.full(20, np.sqrt(12)))
    assert lines[0].get_xdata()[0] == pytest.approx(2.0)
    assert "rad/s" in display.axes_[1].get_ylabel()


def test_unix_time_is_drawn_as_dates():
    unix = 1_730_000_000.0  # 2024-10-27 03:33:20
    clocks = [Recording(np.ones((6000, 3)), rate=10.0, start=unix + s) for s in (0, 30)]
    display = SignalDisplay.from_recordings({"one": clocks[0], "other": clocks[1]})
    assert display.axes_[0].get_xlabel() == "time (UTC)"
    display.figure_.draw_without_rendering()
    assert "03:35" in [tick.get_text() for tick in display.axes_[0].get_xticklabels()]
    mixed = SignalDisplay.from_recordings({"one": clocks[0], "other": recording(channels=3)})
    assert mixed.axes_[0].get_xlabel() == "time (s)"


def test_axes_are_drawn_where_told():
    _, axes = plt.subplots(2, 1)
    display = SignalDisplay.from_recordings({"m": recording()}, quantity="axes", axes=axes)
    assert display.figure_ is axes[0].figure and len(axes[0].get_lines()) == 3


def test_channel_names_decide_the_unit():
    named = Recording(np.ones((5, 3)), 10.0, channels=[f"chest_gyro_{a}" for a in "xyz"])
    display = SignalDisplay.from_recordings({"gyro": named})
    assert "angular rate" in display.axes_[0].get_ylabel()


def test_signals_refuse_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"quantity.*'norm' or 'axes'"):
        SignalDisplay({"m": recording()}, quantity="jerk")
    with pytest.raises(ValueError, match="nothing to draw"):
        SignalDisplay({})
    with pytest.raises(ValueError, match="triads"):
        SignalDisplay({"m": recording(channels=4)})


def scores():
    rows, classes = np.arange(2), np.arange(3)
    return [
        Score(
            method,
            budget,
            person,
            0,
            value + off,
            rows,
            rows,
            classes=classes,
            n_train=n_train,
            flags=() if lift else ("reads target windows",),
        )
        for method, lift in (("ours", 0.2), ("theirs", 0.0))
        for budget, value, n_train in ((1, 0.3, 3), (0.1, 0.5, 12), (None, 0.6, 60))
        for person, off in ((1, lift - 0.1), (2, lift + 0.1))
    ]


def test_curves_show_the_mean_over_people_in_a_band():
    ax = LabelEfficiencyDisplay.from_scores(scores()).ax_
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "10 %", "all"]
    line, other = ax.get_lines()
    assert line.get_ydata() == pytest.approx([0.5, 0.7, 0.8])
    assert line.get_xdata() == pytest.approx([1, 4, 20])
    assert other.get_label() == "theirs [1]" and "[1] reads target windows" in ax.get_xlabel()
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(0.4) and band[:, 1].max() == pytest.approx(0.9)


def test_labels_of_budgets_that_lie_close_do_not_overlap():
    rows, classes = np.arange(2), np.arange(2)
    places = {1: 1, 2: 2, 4: 4, 8: 8, 0.05: 1.2, 0.1: 2, 0.5: 9, None: 9}
    crowd = [
        Score("ours", budget, 1, 0, 0.5, rows, rows, classes=classes, n_train=int(20 * place))
        for budget, place in places.items()
    ]
    ax = LabelEfficiencyDisplay.from_scores(crowd, ax=plt.subplots(figsize=(3, 2))[1]).ax_
    ax.figure.canvas.draw()
    labels = ax.get_xticklabels()
    said = [text for label in labels for text in label.get_text().split("\n") if text]
    assert sorted(said) == sorted(["1", "5 %", "2", "10 %", "4", "8", "50 %", "all"])
    words = []  # of every line: where its words begin and end
    for label in labels:
        box, lines = label.get_window_extent(), label.get_text().split("\n")
        words += [(i, box.x0, box.x1) for i, text in enumerate(lines) if text]
    words.sort()
    for (line, _, end), (next_line, begin, _) in itertools.pairwise(words):
        assert next_line > line or begin > end


def test_curves_are_chosen_and_drawn_where_told():
    handed = plt.subplots()[1]
    display = LabelEfficiencyDisplay.from_scores(scores(), methods=["theirs"], ax=handed)
    assert display.ax_ is handed and len(handed.get_lines()) == 1
    with pytest.raises(ValueError, match="no scores of 'foo'"):
        LabelEfficiencyDisplay(scores(), methods=["foo"])
    with pytest.raises(ValueError, match="scores is empty"):
        LabelEfficiencyDisplay([])
