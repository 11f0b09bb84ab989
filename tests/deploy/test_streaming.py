"""A stream gives the windows of `cut`, whatever the chunks, and bounded memory."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import HMMClassifier, Multi3NetClassifier, Windows, cut
from m3n_sklearn.deploy import Runner, StreamingClassifier, export
from m3n_sklearn.recording import UnitsWarning
from m3n_sklearn.temporal._emission import Emission

from .conftest import windows
from .test_runner import recording


def push_in_chunks(stream, times, samples, sizes):
    """Push chunks whose sizes repeat, and flush."""
    found, at, k = [], 0, 0
    while at < len(times):
        size = sizes[k % len(sizes)]
        found += stream.push(times[at : at + size], samples[at : at + size])
        at, k = at + size, k + 1
    return found + stream.flush()


@pytest.mark.parametrize("rate", [20.0, 50.0, 104.0])
def test_chunks_of_any_size_give_the_windows_of_cut(rate, frozen):
    given = recording(rate)
    X, _, _ = cut(given, seconds=1.92, dtype="float64")
    for sizes in ([1], [7, 50, 3], [10_000]):
        stream = StreamingClassifier(frozen, rate=rate)
        found = push_in_chunks(stream, given.times, given.data, sizes)
        assert len(found) == len(X)
        proba = np.array([each.proba for each in found])
        assert np.abs(proba - frozen.predict_proba(X)).max() < 1e-6
        assert np.allclose([each.start for each in found], X["start"])
        assert [each.label for each in found] == frozen.predict(X).tolist()


class Counting:
    """A classifier that returns the first sample of each window, to see what it was given."""

    seconds_, classes_, channels_ = 0.5, np.array([0]), None

    def predict_proba(self, X):
        return X["imu"][:, 0, :1]


@settings(max_examples=40, deadline=None)
@hypothesis_given(
    order=st.permutations(range(40)), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5)
)
def test_late_and_repeated_samples_never_move_others(order, sizes):
    # each sample equals its own number, so a window tells where it began
    times = np.arange(100) / 10
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5, wait=0.5)
    rows = times[:, None] * 10
    # the samples of each stretch of 5 arrive in another order, and some arrive twice
    shuffled = np.concatenate([5 * k + np.argsort(order[:5]) for k in range(20)])
    arrival = np.concatenate([shuffled[:50], shuffled[47:50], shuffled[50:]])
    found = push_in_chunks(stream, times[arrival], rows[arrival], sizes)
    assert [each.proba[0] for each in found] == [5.0 * k for k in range(20)]
    assert stream.late_ + stream.repeated_ == 3


def test_a_gap_begins_anew_and_is_counted(frozen):
    given = recording(50.0)
    keep = (given.times < 4) | (given.times >= 7)
    stream = StreamingClassifier(frozen, rate=50.0)
    found = push_in_chunks(stream, given.times[keep], given.data[keep], [20])
    assert stream.gaps_ == 1
    assert not any(each.start < 4 and each.end > 4.01 for each in found)
    assert min(each.start for each in found if each.start > 4) == pytest.approx(7.0)


@pytest.mark.parametrize("sizes", [[1], [13], [400]])
def test_no_sample_beyond_a_gap_is_lost(sizes):
    times = np.concatenate([np.arange(30) / 10, 10 + np.arange(30) / 10])
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5)
    found = push_in_chunks(stream, times, 10 * times[:, None], sizes)
    begins = np.concatenate([np.arange(6) / 2, 10 + np.arange(6) / 2])
    assert [each.start for each in found] == pytest.approx(begins.tolist())
    assert [each.proba[0] for each in found] == pytest.approx((10 * begins).tolist())


def test_lost_samples_are_bridged(frozen):
    given = recording(50.0)
    keep = np.random.default_rng(0).random(given.n_samples) > 0.05
    keep[0] = True
    whole = push_in_chunks(StreamingClassifier(frozen, rate=50.0), given.times, given.data, [25])
    stream = StreamingClassifier(frozen, rate=50.0)
    found = push_in_chunks(stream, given.times[keep], given.data[keep], [25])
    assert [each.start for each in found] == [each.start for each in whole][: len(found)]
    change = [np.abs(a.proba - b.proba).max() for a, b in zip(found, whole, strict=False)]
    assert max(change) < 0.1


def test_the_rate_is_estimated(frozen):
    given = recording(50.0)
    known = push_in_chunks(StreamingClassifier(frozen, rate=50.0), given.times, given.data, [13])
    found = push_in_chunks(StreamingClassifier(frozen), given.times, given.data, [13])
    assert [each.start for each in found] == pytest.approx([each.start for each in known])


def test_memory_does_not_grow(frozen):
    stream = StreamingClassifier(Counting(), rate=50.0)
    for k in range(200):
        stream.push((np.arange(500) + 500 * k) / 50, np.zeros((500, 6)))
        assert len(stream._times) < 100


def test_smoothing_with_a_long_lag_is_that_of_the_whole_recording(frozen, tmp_path):
    X, y = windows(30)
    y = np.repeat(["sit", "walk", "run"], 10)
    model = HMMClassifier(FrozenEstimator(frozen)).fit(X, y, times=0.96 * np.arange(30))
    export(model, tmp_path / "hmm.onnx")
    runner, given = Runner(tmp_path / "hmm.onnx"), recording(50.0, 20.0)
    table = runner.predict_table(given.times, given.data)
    for lag in (0, 3, 1000):
        stream = StreamingClassifier(runner, rate=50.0, lag=lag)
        found = push_in_chunks(stream, given.times, given.data, [40])
        assert [each.start for each in found] == pytest.approx(table.start.tolist())
        change = np.abs(np.array([each.proba for each in found]) - table.proba).max()
        assert lag < 1000 or change < 1e-6


def test_decisions_of_a_stream_have_their_own_emission(frozen, tmp_path):
    X, _ = windows(30)
    y = np.repeat(["sit", "walk", "run"], 10)
    model = HMMClassifier(FrozenEstimator(frozen), decision="balanced")
    model.fit(X, y, times=0.96 * np.arange(30))
    model.emission_, model.decision_emission_ = Emission(0.1, 1.0), Emission(2.0, 0.0)
    export(model, tmp_path / "hmm.onnx")
    runner, given = Runner(tmp_path / "hmm.onnx"), recording(50.0, 20.0)
    table = runner.predict_table(given.times, given.data)
    stream = StreamingClassifier(runner, rate=50.0, lag=1000)
    found = push_in_chunks(stream, given.times, given.data, [40])
    assert [each.label for each in found] == table.label.tolist()
    model.emission_ = model.decision_emission_
    export(model, tmp_path / "equal.onnx")
    beliefs = Runner(tmp_path / "equal.onnx").predict_table(given.times, given.data).proba
    best = (beliefs / model.chain_.shares).argmax(axis=1)
    assert table.label.tolist() == model.classes_[best].tolist()


def test_bad_chunks_are_refused(frozen):
    stream = StreamingClassifier(frozen)
    with pytest.raises(ValueError, match="must be finite"):
        stream.push([0.0], [[np.nan] * 6])
    with pytest.raises(ValueError, match=r"times must have shape \(T,\)"):
        stream.push([0.0, 1.0], np.zeros((3, 6)))
    stream.push(0.0, np.zeros(6))
    with pytest.raises(ValueError, match="but earlier ones had 6"):
        stream.push(0.02, np.zeros(3))
    with pytest.raises(ValueError, match="hop must be a positive"):
        StreamingClassifier(frozen, hop=-1.0)


def test_samples_from_before_a_gap_are_late():
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5, wait=0.4)
    early, after = np.arange(20) / 10, 10 + np.arange(20) / 10
    found = stream.push(early, 10 * early[:, None])
    found += stream.push(after[:3], 10 * after[:3, None])
    found += stream.push(early[5:15], 10 * early[5:15, None])  # sent again, seconds later
    found += stream.push(2.5, [25.0]) + stream.push(9.9, [99.0])  # apart from both; next to one
    found += stream.push(after[3:], 10 * after[3:, None]) + stream.flush()
    assert [each.start for each in found] == pytest.approx([0, 0.5, 1, 1.5, 9.9, 10.4, 10.9, 11.4])
    assert (stream.late_, stream.gaps_) == (11, 1)


@pytest.mark.parametrize("epoch", [0.0, 1.7e9])
@pytest.mark.parametrize("size", [1, 7, 400])
@pytest.mark.parametrize(("unit", "factor"), [("ms", 1e3), ("µs", 1e6), ("ns", 1e9)])
def test_stamps_that_are_not_in_seconds_are_named(epoch, size, unit, factor):
    times = factor * (epoch + np.arange(400) / 20)
    stream = StreamingClassifier(Counting(), rate=20.0)
    with pytest.raises(ValueError, match=f"must be in s.*If they are in {unit}.*20 samples per s"):
        push_in_chunks(stream, times, np.zeros((400, 6)), [size])


def test_stamps_of_slow_and_broken_streams_are_accepted():
    times = np.concatenate([[0, 3, 6], 9 + np.arange(30) / 10]) + 1.7e9
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5)
    found = push_in_chunks(stream, times, np.zeros((33, 1)), [1])
    assert (len(found), stream.gaps_) == (6, 3)


def units_said(model, samples, times, sizes=(9,)):
    """Return the warnings about units of a stream."""
    stream = StreamingClassifier(model, rate=50.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(push_in_chunks(stream, times, samples, sizes)) > 5
    assert all(issubclass(each.category, UnitsWarning) for each in caught)
    return [str(each.message) for each in caught]


def test_units_of_samples_are_named_once_in_a_stream(frozen, exported):
    given = recording(50.0, 20.0)
    # fast enough that degrees per second cannot be rad/s
    other = given.data * np.repeat([1 / 9.80665, 180 / np.pi], 3)
    for model in (frozen, Runner(exported)):
        assert units_said(model, given.data, given.times) == []
        said = units_said(model, other, given.times)
        assert len(said) == 2
        assert "like g" in said[0] and "9.80665" in said[0] and "pi/180" in said[1]


@pytest.mark.parametrize("sizes", [[9], [10_000]])
def test_degrees_per_second_are_named_once_when_a_stream_that_began_at_rest_moves(
    sizes, frozen, exported
):
    rng = np.random.default_rng(0)
    times = np.arange(4000) / 50
    data = np.tile([0.0, 0.0, 9.81, 0.0, 0.0, 0.0], (4000, 1))
    data += rng.normal(0, [0.05] * 3 + [0.01] * 3, data.shape)
    moves = slice(3800, 4000)  # beyond the first 20 windows, and rare
    swing = np.sin(2 * np.pi * 1.5 * times[moves, None])
    data[moves, 3:] += swing * np.array([5.0, 10.0, 10.0])  # up to 15 rad/s
    other = data * np.repeat([1.0, 180 / np.pi], 3)
    runner = Runner(exported)
    assert units_said(runner, data, times, sizes) == []
    [said] = units_said(runner, other, times, sizes)
    assert "angular rate" in said and "pi/180" in said
    assert units_said(runner, other[:3800], times[:3800], sizes) == []
    if sizes == [9]:  # a classifier looks at all windows of a call together
        assert units_said(frozen, data, times, sizes) == []
        [said] = units_said(frozen, other, times, sizes)
        assert "deg/s" in said


def test_a_model_of_samples_in_g_expects_g(tmp_path):
    X, y = windows()
    x = X["imu"].copy()
    x[:, :3] /= 9.80665
    grams = Windows(imu=x, rate=50.0, channels=X.channels)
    with pytest.warns(UnitsWarning, match="like g"):
        model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(grams, y)
    export(model, tmp_path / "g.onnx")
    given = recording(50.0, 20.0)
    other = given.data / np.repeat([9.80665, 1.0], 3)
    assert units_said(Runner(tmp_path / "g.onnx"), other, given.times) == []


@pytest.mark.parametrize("size", [1, 7, 40])
def test_a_clock_that_is_set_back_begins_a_new_series(size):
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5)
    times = np.concatenate([1000 + np.arange(40) / 10, np.arange(40) / 10])
    with pytest.warns(UserWarning, match="went back from 1003.9 s to 0 s"):
        found = push_in_chunks(stream, times, np.zeros((80, 1)), [size])
    starts = np.arange(8) / 2
    assert [each.start for each in found] == pytest.approx([*(1000 + starts), *starts])
    assert (stream.late_, stream.gaps_) == (0, 1)


def test_one_stamp_far_ahead_does_not_end_a_stream():
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5)
    times = np.arange(60) / 10
    times[20] = 1e6
    with pytest.warns(UserWarning, match="a stamp was wrong"):
        found = push_in_chunks(stream, times, np.zeros((60, 1)), [5])
    assert len(found) == 12 and found[-1].end == pytest.approx(6.0)


def test_samples_between_windows_are_not_late():
    stream = StreamingClassifier(Counting(), rate=10.0, hop=100.0)
    found = push_in_chunks(stream, np.arange(2100) / 10, np.zeros((2100, 1)), [5])
    assert [each.start for each in found] == [0.0, 100.0, 200.0] and stream.late_ == 0


def test_packets_whose_samples_have_one_stamp_are_said():
    stream, times = StreamingClassifier(Counting(), rate=10.0), np.repeat(np.arange(10) / 2, 5)
    with pytest.warns(UserWarning, match=r"12 samples have the stamp .* steps of 1 / rate"):
        push_in_chunks(stream, times, np.arange(50.0)[:, None], [15])
    assert stream.repeated_ == 40
    sent_again = StreamingClassifier(Counting(), rate=10.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        push_in_chunks(sent_again, np.repeat(np.arange(50) / 10, 2), np.zeros((100, 1)), [15])


def test_dates_and_empty_chunks_are_taken():
    stream = StreamingClassifier(Counting(), rate=10.0, hop=0.5)
    assert stream.push([], []) == []
    dates = np.datetime64("2026-01-01", "ms") + np.arange(10) * np.timedelta64(100, "ms")
    [first, second] = stream.push(dates, np.zeros((10, 1)))
    assert first.start == 1767225600.0 and second.start - first.start == pytest.approx(0.5)
    with pytest.raises(ValueError, match="must be numbers of seconds or datetime64, got str"):
        stream.push("noon", [0.0])


def test_wrong_models_rates_and_channels_are_named_at_once(frozen, exported):
    smoothed = HMMClassifier(FrozenEstimator(frozen))
    for model, advice in (
        ("wrist.onnx", r"got str. Pass Runner\(path\)"),
        (Multi3NetClassifier(), "Fit it first"),
        (smoothed.fit(*windows()), "got HMMClassifier. Write it with export"),
    ):
        with pytest.raises(TypeError, match=advice):
            StreamingClassifier(model)
    for rate in (0.0, -5.0, np.nan, "50", True, 1e6):
        with pytest.raises(ValueError, match="rate must"):
            StreamingClassifier(frozen, rate=rate)
    with pytest.raises(ValueError, match="hop must be a positive"):
        StreamingClassifier(frozen, hop=0.0)
    with pytest.raises(ValueError, match="3 channels were given, but the model reads 6"):
        StreamingClassifier(Runner(exported)).push(0.0, np.zeros(3))
