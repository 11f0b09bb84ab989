"""Bad input that several rooms meet, and bad Windows and files: refused with words that help."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import safetensors.numpy
from sklearn.exceptions import NotFittedError

from m3n_sklearn import Motion, SMPLIMUSimulator, Windows, as_windows, load, rigid_body_imu, save
from m3n_sklearn.recording import UnitsWarning

from .refusals import IMU, NAN, POSES, TURNS, X, Y, cases, classifier, fitted, frozen, refuses, tiny
from .wrists import CHANNELS, pretrained

GRAMS, DEGREES = IMU / 9.80665, IMU * np.repeat([1.0, 150.0], 3)[:, None].astype(np.float32)


@pytest.mark.parametrize(
    "call",
    [
        lambda walk: Motion(POSES, walk, rate=30.0),
        lambda walk: rigid_body_imu(walk, TURNS[:20], rate=30.0),
        lambda walk: SMPLIMUSimulator().transform(
            Windows(pose=POSES[None], trans=walk[None], rate=30.0)
        ),
    ],
    ids=["Motion", "rigid_body_imu", "transform"],
)
def test_a_walk_in_millimeters_warns_with_the_factor(call):
    walk = np.outer(np.arange(20) / 30, [1400.0, 0.0, 0.0])
    with pytest.warns(UserWarning, match=r"1400 m/s .* millimeters \(multiply by 0.001\)"):
        call(walk)


@pytest.mark.slow
@pytest.mark.parametrize(
    "use",
    [
        lambda imu: classifier().fit(imu, Y),
        lambda imu: classifier(frozen(), rate=50.0, strategy="frozen").fit(imu, Y),
        lambda imu: fitted().predict(imu),
        lambda imu: tiny().fit(imu),
        lambda imu: pretrained().transform(Windows(imu=imu, rate=50.0)),
    ],
    ids=["scratch", "frozen", "predict", "pretrain", "transform"],
)
def test_estimators_warn_about_units_with_the_factor(use):
    with pytest.warns(UnitsWarning, match="look like g: multiply by 9.80665"):
        use(GRAMS)
    with pytest.warns(UnitsWarning, match=r"look like deg/s: multiply by pi/180"):
        use(DEGREES)


@cases(
    (lambda: Windows(imu=[IMU[0], IMU[0, :, :9]]), ValueError, "different shapes", "resample"),
    (lambda: Windows(imu=IMU[:, :, :0]), ValueError, "has empty windows", "(9, 6, 0)"),
    (lambda: Windows(text=5), TypeError, "'text' must be one string", "int"),
    (lambda: Windows(imu=IMU, channels=6), TypeError, "channels must be 6 names", "int"),
    (lambda: Windows(imu=IMU, margin="1"), ValueError, "margin must be a number of seconds"),
    (lambda: Windows(imu=IMU, margin=None), ValueError, "margin must be a number of seconds"),
    (lambda: Windows(imu=IMU, present=[True] * 9), TypeError, "map columns to masks"),
    (lambda: X["pose"], KeyError, "no column 'pose'", "imu"),
    (lambda: X.assign(rate=50.0), TypeError, "rate must map columns to Hz"),
    (lambda: X.drop("imu"), ValueError, "leave no column"),
    (lambda: Windows.concatenate(X), TypeError, "parts must be a sequence of Windows"),
    (lambda: as_windows(np.zeros((2, 3, 4, 5))), TypeError, "2-D or 3-D", "(2, 3, 4, 5)"),
    (lambda: as_windows({1: IMU}), TypeError, "names of columns as strings"),
    (lambda: as_windows({"imu": IMU, "rate": 50.0}), TypeError, "'rate'", "Give rate="),
)
def test_windows(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize("make", [tiny, classifier])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_epochs", 0),
        ("max_epochs", -1),
        ("max_epochs", 1.5),
        ("max_epochs", "many"),
        ("lr", -1.0),
        ("lr", NAN),
        ("rate", "50"),
        ("rate", -50.0),
        ("channels", "abcdef"),
        ("augment", "x"),
        ("warm_start", 3),
        ("random_state", "a"),
        ("verbose", "loud"),
    ],
)
def test_parameters_of_estimators(make, name, value):
    refuses(lambda: make(**{name: value}).fit(X, Y), ValueError, f"{name!r}", f"Got {value!r}")


@cases(
    (lambda path: save(classifier(), path), NotFittedError, "not fitted"),
    (lambda path: fitted().save(path.parent), IsADirectoryError, "is a folder"),
    (lambda path: fitted().save(path / "deeper"), FileNotFoundError, "no folder"),
    (lambda path: fitted().save(None), TypeError, "NoneType"),
    (lambda path: load(path), FileNotFoundError, "Cannot load", "there is no such file"),
    (lambda _: load("m3n-base"), FileNotFoundError, "Cannot load", "load_pretrained"),
    (lambda path: load(path.parent), FileNotFoundError, "it is a directory"),
)
def test_files_leave_nothing_behind(tmp_path, call, error, words):
    refuses(lambda: call(tmp_path / "file"), error, *words)
    assert not list(tmp_path.iterdir())


def test_damaged_and_foreign_files(tmp_path):
    path = tmp_path / "classifier.safetensors"
    fitted().save(path)
    content = path.read_bytes()
    refuses(lambda: type(pretrained()).load(path), ValueError, "holds a Multi3NetClassifier")
    refuses(lambda: classifier(path).fit(X, Y), TypeError, "Multi3NetPretrainer is needed")
    for bad in (b"", b"hello world", content[:100], content[: len(content) // 2]):
        path.write_bytes(bad)
        refuses(lambda: load(path), ValueError, str(path), "truncated, damaged")
    path.write_bytes(content[:-3] + bytes([content[-3] ^ 255]) + content[-2:])
    refuses(lambda: load(path), ValueError, "checksum does not match")
    safetensors.numpy.save_file({"a": np.zeros(3)}, path)
    refuses(lambda: load(path), ValueError, "m3n_sklearn.save has not written it")


def test_the_windows_of_these_tests_are_good():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert X.channels == CHANNELS and fitted().predict(X).shape == Y.shape
