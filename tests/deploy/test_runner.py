"""The runner reads raw samples at any rate, without m3n_sklearn, and says what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

from m3n_sklearn import cut
from m3n_sklearn.deploy import Runner
from m3n_sklearn.deploy._runner import _resampled
from m3n_sklearn.recording import Recording, channel_names, resample_windows

from .conftest import windows


@pytest.mark.parametrize("rate", [20.0, 100 / 3, 50.0, 104.0])
@pytest.mark.parametrize("n_times", [1, 2, 40, 97])
def test_windows_are_resampled_as_by_the_library(rate, n_times):
    x = np.random.default_rng(0).normal(size=(3, 2, n_times))
    assert np.allclose(_resampled(x, rate, 50.0), resample_windows(x, rate, 50.0), atol=1e-12)


def recording(rate, seconds=12.0):
    """A swinging wrist."""
    times = np.arange(int(seconds * rate)) / rate
    swing = np.sin(2 * np.pi * 1.3 * times)
    data = np.stack([swing, 0.3 * swing, 9.81 + swing, 0.2 * swing, swing, -swing], axis=1)
    return Recording(data, rate, channel_names("right_wrist"))


@pytest.mark.parametrize("rate", [20.0, 100 / 3, 50.0, 104.0])
def test_raw_samples_with_stamps_give_the_probabilities_of_cut(rate, frozen, exported):
    given = recording(rate)
    X, _, _ = cut(given, seconds=1.92, dtype="float64")
    stamps = 1.7e9 + np.arange(given.n_samples) / rate  # Unix time
    table = Runner(exported).predict_table(stamps, given.data)
    assert len(table.start) == len(X)
    assert np.abs(table.proba - frozen.predict_proba(X)).max() < 1e-4
    assert np.allclose(table.start - stamps[0], X["start"], atol=1e-5)
    assert np.allclose(table.end - table.start, 1.92, atol=0.5 / rate)


def test_gaps_end_a_piece_and_jitter_is_interpolated(frozen, exported):
    given = recording(50.0)
    times = given.times + np.where(given.times > 6, 100.0, 0.0)
    table = Runner(exported).predict_table(times, given.data)
    assert not ((table.start < 100) & (table.end > 6.1)).any()
    jitter = np.random.default_rng(0).uniform(-0.006, 0.006, given.n_samples)
    jittered = Runner(exported).predict_table(np.sort(given.times + jitter), given.data)
    even = Runner(exported).predict_table(given.times, given.data)
    assert np.abs(jittered.proba[: len(even.proba)] - even.proba).max() < 0.2


def test_short_recordings_and_no_windows_give_empty_tables(exported):
    runner = Runner(exported)
    table = runner.predict_table(np.arange(10) / 50, np.zeros((10, 6)))
    assert len(table.label) == 0
    assert table.proba.shape == (0, 3)
    assert runner.predict_proba(np.zeros((0, 6, 96))).shape == (0, 3)


def test_the_copies_run_without_m3n_sklearn_and_torch(exported, frozen, tmp_path):
    X, _ = windows(4)
    for file in exported.parent.iterdir():
        shutil.copy(file, tmp_path)
    np.save(tmp_path / "x.npy", X["imu"])
    code = """
import sys
for name in ("torch", "sklearn", "scipy", "m3n_sklearn"):
    sys.modules[name] = None  # importing it raises ImportError
import numpy as np
from m3n_runner import Runner
from m3n_streaming import StreamingClassifier
runner = Runner("wrist.onnx")
np.save("proba.npy", runner.predict_proba(np.load("x.npy"), rate=50.0))
stream = StreamingClassifier(runner)
rows = np.tile([0.0, 0.0, 9.81, 0.0, 0.0, 0.0], (200, 1))
assert len(stream.push(np.arange(200) / 50, rows)) == 3
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    StreamingClassifier(runner).push(np.arange(200) / 50, rows / 9.81)
(warned,) = caught
assert "looks like g" in str(warned.message), warned
assert warned.filename == "<string>", warned.filename
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=600)
    given = np.load(tmp_path / "proba.npy")
    assert np.abs(given - frozen.predict_proba(X)).max() < 1e-5


def test_wrong_windows_and_samples_are_refused(exported):
    runner = Runner(exported)
    with pytest.raises(ValueError, match="3 channels were given, but the model reads 6"):
        runner.predict(np.zeros((2, 3, 96)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        runner.predict(np.full((2, 6, 96), np.nan))
    with pytest.raises(ValueError, match=r"must have shape \(windows, channels, samples\)"):
        runner.predict(np.zeros((6, 96)))
    with pytest.raises(ValueError, match="positive number of samples per second"):
        runner.predict(np.zeros((2, 6, 96)), rate=0.0)
    with pytest.raises(ValueError, match="increasing"):
        runner.predict_table([0.0, 0.0], np.zeros((2, 6)))
    for per_second in (1e3, 1e9):  # ms, ns
        with pytest.raises(ValueError, match=r"times must be in s, but they are .* apart"):
            runner.predict_table(np.arange(500) / 50 * per_second, np.zeros((500, 6)))
    with pytest.raises(ValueError, match=r"times must have shape \(T,\)"):
        runner.predict_table([0.0, 0.1, 0.2], np.zeros((2, 6)))
    with pytest.raises(ValueError, match="seconds must be a positive"):
        runner.predict_table([0.0, 0.1], np.zeros((2, 6)), seconds=-1.0)


def test_windows_of_the_library_are_named(exported):
    with pytest.raises(TypeError, match=r"Pass X\['imu'\], and rate=X\.rate\('imu'\)"):
        Runner(exported).predict(windows()[0])


def test_files_that_do_not_belong_together_are_refused(exported, tmp_path):
    for file in exported.parent.iterdir():
        shutil.copy(file, tmp_path)
    beside = tmp_path / "wrist.json"
    about = json.loads(beside.read_text())
    for change, message in (
        ({"seconds": 3.0}, "was changed or damaged"),
        ({"format": 99}, "reads format 1"),
        ({"format": "1"}, "has format '1', which is not a whole number"),
    ):
        beside.write_text(json.dumps(about | change))
        with pytest.raises(ValueError, match=message):
            Runner(tmp_path / "wrist.onnx")
    beside.write_text(json.dumps(about))
    network = bytearray((tmp_path / "wrist.onnx").read_bytes())
    network[1000] ^= 1
    (tmp_path / "wrist.onnx").write_bytes(network)
    with pytest.raises(ValueError, match="do not belong together"):
        Runner(tmp_path / "wrist.onnx")
    beside.write_text("[]")
    with pytest.raises(ValueError, match="does not describe an exported model"):
        Runner(tmp_path / "wrist.onnx")
    beside.unlink()
    with pytest.raises(FileNotFoundError, match=r"wrist\.json"):
        Runner(tmp_path / "wrist.onnx")


def test_other_units_are_named_as_by_the_classifier(exported):
    runner, given = Runner(exported), recording(50.0)
    other = given.data * np.repeat([1 / 9.80665, 180 / np.pi], 3)
    for predict in (
        lambda rows: runner.predict(np.stack([rows[:96].T, rows[96:192].T])),
        lambda rows: runner.predict_table(given.times, rows),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            predict(given.data)
            assert caught == []
            predict(other)
        said = [str(each.message) for each in caught]
        assert "like g" in said[0] and "pi/180" in said[1] and len(said) == 2
        assert "-9.80665 if they come from iOS" in said[0]
        assert {each.filename for each in caught} == {__file__}


def test_dates_and_wrong_arguments_of_a_runner(exported):
    runner, given = Runner(exported), recording(50.0)
    dates = np.datetime64(0, "us") + np.round(given.times * 1e6).astype("timedelta64[us]")
    assert np.allclose(
        runner.predict_table(dates, given.data).proba,
        runner.predict_table(given.times, given.data).proba,
        atol=1e-5,
    )
    with pytest.warns(UserWarning, match="The table is empty: a window lasts 1.92 s"):
        assert len(runner.predict_table([], []).label) == 0
    with pytest.raises(ValueError, match="rate must be a positive number"):
        runner.predict(np.zeros((2, 6, 96)), rate="50")
    with pytest.raises(ValueError, match=r"path must be the .onnx file"):
        Runner(exported.with_suffix(".json"))
    with pytest.raises(ValueError, match="threads must be a whole number"):
        Runner(exported, threads="2")


def test_few_samples_per_second_are_said(exported):
    runner, X = Runner(exported), windows()[0]["imu"]
    with pytest.warns(UserWarning, match="5 samples per second and are brought to 50"):
        runner.predict_proba(X[..., :10], 5.0)
