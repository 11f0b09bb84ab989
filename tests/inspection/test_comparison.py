"""The picture of a comparison shows its numbers, row by row."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from m3n_sklearn import Recording
from m3n_sklearn.inspection import ComparisonDisplay
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import compare_imu


def readings(count=300, seed=0):
    data = np.random.default_rng(seed).normal(size=(count, 6))
    return data + np.array([0.0, 0.0, 9.8, 0.0, 0.0, 0.0])


def test_a_row_per_sensor_with_signals_power_and_coherence():
    ours, theirs = (
        Recording(readings(seed=s), 50.0, channel_names("wrist"), start=2.0) for s in (0, 1)
    )
    display = ComparisonDisplay.from_readings(ours, theirs)
    assert display.axes_.shape == (2, 3)
    lines = display.axes_[0, 0].get_lines()
    assert len(lines) == 6 and lines[0].get_xdata()[0] == pytest.approx(2.0)
    assert lines[0].get_ydata() == pytest.approx(theirs.data[:, 0])
    assert lines[1].get_ydata() == pytest.approx(ours.data[:, 0])
    assert "m/s²" in display.axes_[0, 0].get_ylabel()
    assert display.axes_[1, 0].get_title(loc="left").startswith("wrist gyro")
    assert len(display.axes_[1, 1].get_lines()) == 2 and len(display.axes_[1, 2].get_lines()) == 3


def test_axes_and_span_are_respected():
    _, axes = plt.subplots(2, 3)
    comparison = compare_imu(readings(), readings(seed=1), rate=50.0)
    display = ComparisonDisplay.from_comparison(comparison, span=(1.0, 2.0), axes=axes)
    assert display.figure_ is axes[0, 0].figure
    assert len(axes[0, 0].get_lines()[0].get_xdata()) == 51


def test_short_readings_are_drawn_without_spectra():
    display = ComparisonDisplay.from_readings(readings(20), readings(20), rate=50.0)
    assert [text.get_text() for text in display.axes_[0, 1].texts] == ["too short"]


def test_what_cannot_be_drawn_is_refused():
    comparison = compare_imu(readings(), readings(), rate=50.0)
    with pytest.raises(ValueError, match="no rate"):
        ComparisonDisplay(compare_imu(readings(), readings()))
    with pytest.raises(TypeError, match="compare_imu"):
        ComparisonDisplay(readings())
    with pytest.raises(ValueError, match="increasing times"):
        ComparisonDisplay(comparison, span=(2.0, 1.0))
    with pytest.raises(ValueError, match="No sample lies"):
        ComparisonDisplay.from_comparison(comparison, span=(70.0, 80.0))
    for columns in (2, 3):
        with pytest.raises(ValueError, match="2 rows of 3"):
            ComparisonDisplay.from_comparison(comparison, axes=plt.subplots(1, columns)[1])
