"""Bad input is refused where it enters: with the right exception, and words that help."""

from __future__ import annotations

import copy
import json
import shutil
import warnings
from functools import cache, partial

import matplotlib
import numpy as np
import pytest
import safetensors.numpy
from pandas import DataFrame
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import (
    HashingEncoder,
    IMUNoise,
    Motion,
    Multi3NetClassifier,
    Recording,
    SentenceEncoder,
    SMPLIMUSimulator,
    Windows,
    as_windows,
    cut,
    load,
    rigid_body_imu,
    save,
)
from m3n_sklearn.body import Site, body_from_smplx, default_body, forward_kinematics, resolve_sites
from m3n_sklearn.datasets import (
    load_mmfit,
    load_openpack,
    load_utd_mhad,
    make_motions,
    make_wrist_har,
    read_openpack_atr,
)
from m3n_sklearn.evaluation import (
    Method,
    WindowFeatures,
    draw_labels,
    few_label_study,
    format_table,
)
from m3n_sklearn.inspection import LabelEfficiencyDisplay, SignalDisplay
from m3n_sklearn.motion import motion_from_joints, read_amass
from m3n_sklearn.pretraining import Augmentation, open_corpus, save_corpus
from m3n_sklearn.recording import (
    UnitsWarning,
    channel_names,
    parse_channels,
    resample_timestamps,
    resample_windows,
    warn_units,
)
from m3n_sklearn.recording._resampling import resample_signal
from m3n_sklearn.simulation import Randomization, SensorNoise, compare_imu
from m3n_sklearn.text._encoder import encode_unique
from m3n_sklearn.text._sentence import resolve_text_encoder
from tests import wrists
from tests.wrists import CHANNELS, corpus, pretrained, pretrainer, wrist_data

matplotlib.use("Agg")

NAN, INF, RNG = np.nan, np.inf, np.random.default_rng(0)
X, Y, PEOPLE = wrist_data(3)
IMU = np.asarray(X["imu"])
CORPUS = corpus(3)
POSES = np.zeros((20, 24, 3))
MOTION = Motion(POSES, rate=30.0)
WORN = channel_names("wrist")
STILL = np.tile([0.0, 0.0, 9.80665, 0.0, 0.0, 0.0], (200, 1))
RECORDING = Recording(STILL, 50.0, WORN)
BODY = default_body()
PLACES, TURNS = np.zeros((50, 3)), np.tile([1.0, 0.0, 0.0, 0.0], (50, 1))
JOINTS = np.random.default_rng(0).normal(size=(30, 20, 3))
HUGE = np.where(np.arange(9)[:, None, None] == 4, IMU * np.float32(1e30), IMU)
GRAMS, DEGREES = IMU / 9.80665, IMU * np.repeat([1.0, 150.0], 3)[:, None].astype(np.float32)


def classifier(source=None, **params):
    return wrists.classifier(source, **{"max_epochs": 1, **params})


def tiny(**params):
    return pretrainer(**{"width": 8, "max_epochs": 1, **params})


def frozen():
    return FrozenEstimator(pretrained())


@cache
def fitted():
    return classifier(random_state=0).fit(X, Y)


def clone_with(**params):
    return copy.copy(fitted()).set_params(**params)


def named(descriptions):
    return classifier(frozen(), strategy="zero_shot", descriptions=descriptions).fit(X)


def refuses(call, error, *words):
    """Assert that a call raises such an error, whose message holds all the words."""
    with warnings.catch_warnings(), pytest.raises(error) as caught:
        warnings.simplefilter("ignore")
        call()
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


def cases(*rows):
    """Name each case by its place and what it should say."""
    return pytest.mark.parametrize(
        ("call", "error", "words"),
        [pytest.param(call, error, words, id="-".join(words)) for call, error, *words in rows],
    )


# ---- motion


@cases(
    (lambda: Motion([["a"] * 72] * 3, rate=30), ValueError, "poses", "real numbers"),
    (lambda: Motion(None, rate=30), ValueError, "poses", "NoneType"),
    (lambda: Motion([[1, 2], [1]], rate=30), ValueError, "poses cannot be read", "frames"),
    (lambda: Motion(POSES + 1j, rate=30), ValueError, "real numbers", "complex"),
    (lambda: Motion(np.zeros((5, 24, 4)), rate=30), ValueError, "axis-angle", "(5, 24, 4)"),
    (lambda: Motion(np.zeros((5, 10, 3)), rate=30), ValueError, "10 joints", "retarget"),
    (lambda: Motion(POSES[:0], rate=30), ValueError, "no frame"),
    (lambda: Motion(POSES * NAN, rate=30), ValueError, "not finite", "frame 0"),
    (lambda: Motion(POSES + 90, rate=30), ValueError, "degrees", "deg2rad"),
    (lambda: Motion(POSES), ValueError, "rate=", "times=", "neither"),
    (lambda: Motion(POSES, rate="30"), TypeError, "rate must be a number of Hz", "str"),
    (lambda: Motion(POSES, rate=NAN), ValueError, "positive number of Hz", "nan"),
    (lambda: Motion(POSES, rate=-1), ValueError, "positive number of Hz", "-1"),
    (lambda: Motion(POSES, np.zeros((3, 3)), rate=30), ValueError, "(20, 3)", "(3, 3)"),
    (lambda: Motion(POSES, "a", rate=30), ValueError, "trans", "str"),
    (lambda: Motion(POSES, np.full((20, 3), 1e6), rate=30), ValueError, "millimeters"),
    (lambda: Motion(POSES, times=np.arange(20) * 33.3), ValueError, "33.3 s", "milliseconds"),
    (lambda: Motion(POSES, times=-np.arange(20.0)), ValueError, "strictly increasing"),
    (lambda: Motion(POSES, rate=30, betas="male"), ValueError, "betas", "str"),
    (lambda: Motion(POSES, rate=30, stature=180), ValueError, "centimeters", "180"),
    (lambda: Motion(POSES, rate=30, stature="tall"), TypeError, "stature", "number of m"),
    (lambda: Motion(POSES, rate=30, sex="f"), ValueError, "neutral, male, female"),
    (lambda: Motion(POSES, rate=30, text=3), TypeError, "text", "caption", "int"),
    (lambda: Motion(POSES, rate=30, subject=["anna"]), TypeError, "subject", "single value"),
    (lambda: Motion(POSES, rate=30, name=3), TypeError, "name must be a string"),
    (lambda: MOTION.slice(1, 0), ValueError, "No frame lies in", "lasts"),
    (lambda: MOTION.slice("a", 1), TypeError, "seconds after the first frame"),
    (lambda: MOTION.resample("60"), TypeError, "rate must be a number"),
    (lambda: MOTION.resample(0), ValueError, "positive number of Hz"),
)
def test_motion(call, error, words):
    refuses(call, error, *words)


def test_one_frame_of_a_motion_is_a_motion():
    assert MOTION.slice(0, 0.01).resample(60.0).n_frames == 1


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


@cases(
    (lambda: motion_from_joints(JOINTS, "foo", rate=30), ValueError, "Unknown layout", "kinect20"),
    (lambda: motion_from_joints(JOINTS, None, rate=30), TypeError, "layout", "kinect20"),
    (lambda: motion_from_joints(JOINTS, {"head": "a"}, rate=30), TypeError, "layout", "columns"),
    (lambda: motion_from_joints(JOINTS, {"head": 0}, rate=30), ValueError, "layout lacks"),
    (lambda: motion_from_joints(JOINTS[:, :15], rate=30), ValueError, "20 joints", "15"),
    (lambda: motion_from_joints(JOINTS[0], rate=30), ValueError, "(frames, joints, 3)"),
    (lambda: motion_from_joints("a", rate=30), ValueError, "positions", "str"),
    (lambda: motion_from_joints(JOINTS * NAN, rate=30), ValueError, "never tracked"),
    (lambda: motion_from_joints(JOINTS * 1000, rate=30), ValueError, "must be in meters"),
    (lambda: motion_from_joints(JOINTS * 0, rate=30), ValueError, "0 m tall"),
    (lambda: motion_from_joints(JOINTS), ValueError, "rate="),
    (lambda: motion_from_joints(JOINTS, rate=30, up="q"), ValueError, "up must be one of"),
    (lambda: motion_from_joints(JOINTS, rate=30, handedness="?"), ValueError, "'right' or 'left'"),
    (lambda: motion_from_joints(JOINTS, rate=30, noise="a"), TypeError, "noise", "meters"),
    (lambda: motion_from_joints(JOINTS, rate=30, max_gap=-1), ValueError, "max_gap", "seconds"),
)
def test_motion_from_joints(call, error, words):
    refuses(call, error, *words)


def amass_file(folder, **changes):
    upright = np.tile([np.pi / 2] + 71 * [0.0], (20, 1))
    arrays = {"poses": upright, "trans": np.zeros((20, 3)), "mocap_framerate": 60.0} | changes
    path = folder / "clip.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"poses": None}, ("no plain array 'poses'",)),
        ({"poses": np.array([None])}, ("Python objects",)),
        ({"poses": np.zeros((20, 10))}, ("(20, 10)", "72 (SMPL)")),
        ({"poses": np.zeros((0, 72))}, ("(0, 72)",)),
        ({"poses": np.full((20, 72), "a")}, ("poses", "real numbers")),
        ({"poses": np.full((20, 72), NAN)}, ("not finite",)),
        ({"poses": np.eye(20, 72) * 90}, ("degrees", "deg2rad")),
        ({"trans": np.zeros((3, 3))}, ("(3, 3)", "(20, 3)")),
        ({"trans": np.outer(np.arange(20), [1e3, 0, 0])}, ("millimeters",)),
        ({"mocap_framerate": None}, ("frame rate", "rate=")),
        ({"mocap_framerate": 0.0}, ("rate must be a positive number",)),
        ({"mocap_framerate": "fast"}, ("mocap_framerate",)),
    ],
)
def test_amass_files(tmp_path, changes, words):
    refuses(lambda: read_amass(amass_file(tmp_path, **changes)), ValueError, *words)


def test_damaged_and_foreign_archives(tmp_path):
    path = amass_file(tmp_path)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[400] ^= 255
    for bad in (b"", b"hello", content[: len(content) // 2], bytes(flipped)):
        path.write_bytes(bad)
        refuses(lambda: read_amass(path), ValueError, "clip.npz", ".npz archive", "damaged")
    with path.open("wb") as bare:
        np.save(bare, np.zeros((5, 72)))
    refuses(lambda: read_amass(path), ValueError, "clip.npz", "single array without a name")
    refuses(lambda: read_amass(tmp_path / "none.npz"), FileNotFoundError, "No file at")
    refuses(lambda: read_amass(tmp_path), FileNotFoundError, "No file at")
    refuses(lambda: read_amass(None), TypeError, "NoneType")


# ---- recording


@cases(
    (lambda: Recording(np.zeros(9), 50), ValueError, "(samples, channels)", "(9,)"),
    (lambda: Recording(np.zeros((0, 6)), 50), ValueError, "at least one of each"),
    (lambda: Recording([["a", "b"]], 50), ValueError, "data", "real numbers"),
    (lambda: Recording(None, 50), ValueError, "data", "NoneType"),
    (lambda: Recording(STILL * NAN, 50), ValueError, "not finite", "observed=False"),
    (lambda: Recording(STILL, "50"), TypeError, "rate must be a number of Hz"),
    (lambda: Recording(STILL, None), TypeError, "rate must be a number of Hz", "NoneType"),
    (lambda: Recording(STILL, 0), ValueError, "positive number of Hz"),
    (lambda: Recording(STILL, 50, "abcdef"), TypeError, "6 names", "one string"),
    (lambda: Recording(STILL, 50, 6), TypeError, "channels must be", "int"),
    (lambda: Recording(STILL, 50, range(6)), TypeError, "must be strings"),
    (lambda: Recording(STILL, 50, ["a"]), ValueError, "6 different names"),
    (lambda: Recording(STILL, 50, labels=["a"] * 3), ValueError, "labels", "(200,)"),
    (lambda: Recording(STILL, 50, labels=np.full(200, NAN)), ValueError, "NaN", "unlabeled"),
    (lambda: Recording(STILL, 50, labels=[None] * 200), ValueError, "None", "ignore="),
    (lambda: Recording(STILL, 50, observed=np.arange(200)), ValueError, "booleans", "int"),
    (lambda: Recording(STILL, 50, start="noon"), ValueError, "start", "'noon'"),
    (lambda: Recording(STILL, 50, start=NAN), ValueError, "start", "finite"),
    (lambda: Recording(STILL, 50, text=3), TypeError, "text", "caption"),
    (lambda: Recording(STILL, 50, subject=["anna"]), TypeError, "subject", "single value"),
    (lambda: RECORDING.select("ankle"), ValueError, "No channel", "wrist_acc_x"),
    (lambda: RECORDING.select([]), ValueError, "at least one channel", "wrist_acc_x"),
    (lambda: RECORDING.select(3), TypeError, "names must be channel names"),
    (lambda: RECORDING.resample("25"), TypeError, "rate must be a number"),
    (lambda: RECORDING.resample(-25), ValueError, "positive number of Hz"),
)
def test_recording(call, error, words):
    refuses(call, error, *words)


def test_a_recording_with_time_last_warns():
    with pytest.warns(UserWarning, match="6 samples of 1000 channels.*transpose"):
        Recording(np.zeros((6, 1000)), 50.0)


@cases(
    (lambda: cut([], seconds=1), ValueError, "items is empty"),
    (lambda: cut(None, seconds=1), TypeError, "items must be Motion, Recording", "NoneType"),
    (lambda: cut(STILL, seconds=1), TypeError, "Item 0 is a ndarray", "Recording"),
    (
        lambda: cut([(RECORDING, MOTION)], seconds=1),
        TypeError,
        "(Motion, Recording), in this order",
    ),
    (lambda: cut(RECORDING, seconds="1"), TypeError, "seconds must be a number"),
    (lambda: cut(RECORDING, seconds=0), ValueError, "seconds must be a positive number"),
    (lambda: cut(RECORDING, seconds=128), ValueError, "No window is left", "lasts 4 s", "128 s"),
    (lambda: cut(RECORDING, seconds=1, overlap=50), ValueError, "overlap", "[0, 1)", "50"),
    (lambda: cut(RECORDING, seconds=1, margin=-1), ValueError, "margin", "-1"),
    (lambda: cut(RECORDING, seconds=1, label="middle"), ValueError, "'majority', 'center'"),
    (lambda: cut(RECORDING, seconds=1, short="keep"), ValueError, "'drop', 'pad'"),
    (lambda: cut(RECORDING, seconds=1, imu_rate="50"), TypeError, "imu_rate must be a number"),
    (lambda: cut(RECORDING, seconds=1, min_purity=2), ValueError, "min_purity", "[0, 1]"),
    (lambda: cut(RECORDING, seconds=1, dtype=int), ValueError, "floating point", "int64"),
    (lambda: cut(RECORDING, seconds=1, dtype="foo"), TypeError, "floating point", "'foo'"),
    (lambda: cut([RECORDING, RECORDING.resample(25)], seconds=1), ValueError, "imu_rate= (Hz)"),
    (lambda: cut([RECORDING, Recording(STILL, 50)], seconds=1), ValueError, "Recording.select"),
    (lambda: cut((MOTION, RECORDING.replace(start=99)), seconds=0.2), ValueError, "not overlap"),
)
def test_cut(call, error, words):
    refuses(call, error, *words)


STAMPS = np.arange(100) / 50


@cases(
    (lambda: resample_windows(IMU[:, :, :0], 50, 25), ValueError, "has no sample along axis"),
    (lambda: resample_windows("abc", 50, 25), ValueError, "values", "str"),
    (lambda: resample_windows(IMU * 1j, 50, 25), ValueError, "real numbers", "complex"),
    (lambda: resample_windows(IMU * NAN, 50, 25), ValueError, "NaN", "interpolate"),
    (lambda: resample_windows(IMU, "50", 25), TypeError, "rate_in must be a number of Hz"),
    (lambda: resample_windows(IMU, 50, None), TypeError, "rate_out must be a number of Hz"),
    (lambda: resample_windows(IMU, 0, 25), ValueError, "rate_in must be a positive"),
    (lambda: resample_signal(IMU, 50, 25, axis=5), ValueError, "along axis 5"),
    (lambda: resample_timestamps(STAMPS, STILL, 50), ValueError, "(100,)", "(200, 6)"),
    (lambda: resample_timestamps(STAMPS[::-1], STILL[:100], 50), ValueError, "times decrease"),
    (lambda: resample_timestamps(STAMPS, STILL[:100] * NAN, 50), ValueError, "not finite"),
    (lambda: resample_timestamps(STAMPS * 1e3, STILL[:100], 50), ValueError, "milliseconds"),
    (
        lambda: resample_timestamps(STAMPS.astype("datetime64[s]"), STILL[:100], 50),
        TypeError,
        "times must be seconds",
        "dates",
    ),
    (lambda: resample_timestamps(STAMPS, STILL[:100], "50"), TypeError, "number of Hz"),
    (
        lambda: resample_timestamps(STAMPS, STILL[:100], 50, n_samples=-1),
        ValueError,
        "n_samples must be a whole number",
    ),
    (
        lambda: resample_timestamps(STAMPS, STILL[:100], 50, max_gap=NAN),
        ValueError,
        "max_gap must be a positive number of seconds",
    ),
    (
        lambda: resample_timestamps(STAMPS, STILL[:100], 50, start=NAN),
        ValueError,
        "start must be a finite time",
    ),
    (lambda: channel_names([]), ValueError, "one or more different names"),
    (lambda: channel_names(3), TypeError, "sites must be names", "int"),
    (lambda: channel_names("wrist", "mag"), ValueError, "('acc', 'gyro')"),
    (lambda: parse_channels([1, 2]), ValueError, "<site>_acc_<x|y|z>"),
    (lambda: parse_channels(["acc_x"]), ValueError, "only the axes x"),
    (lambda: warn_units(np.zeros((9, 4))), ValueError, "length 3", "(9, 4)"),
    (lambda: warn_units(np.zeros((9, 3)), axis=7), ValueError, "axis=7"),
)
def test_resampling_channels_and_units(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize(
    ("scale", "factor"),
    [
        ((1 / 9.80665, 1.0), "look like g: multiply by 9.80665"),
        ((1000 / 9.80665, 1.0), "look like mg: multiply by 0.00980665"),
        ((1000.0, 1.0), "look like mm/s²: multiply by 0.001"),
        ((1.0, 180 / np.pi), "look like deg/s: multiply by pi/180 = 0.0174533"),
    ],
)
def test_recordings_in_other_units_warn_with_the_factor(scale, factor):
    turning = STILL + np.array([0, 0, 0, 2.0, 0, 0])
    with pytest.warns(UnitsWarning, match=factor):
        Recording(turning * np.repeat(scale, 3), 50.0, WORN)


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


# ---- windows


@cases(
    (lambda: Windows(), ValueError, "at least one column", "imu="),
    (lambda: Windows(imu=IMU[0]), ValueError, "(n, channels, samples)", "(6, 40)"),
    (lambda: Windows(imu=3), ValueError, "single value"),
    (lambda: Windows(imu=np.full((2, 3, 4), "a")), ValueError, "real numbers"),
    (lambda: Windows(imu=[IMU[0], IMU[0, :, :9]]), ValueError, "different shapes", "resample"),
    (lambda: Windows(imu=IMU * NAN), ValueError, "not finite", "first in row 0", "present="),
    (lambda: Windows(imu=IMU * 1j), ValueError, "real numbers", "complex"),
    (lambda: Windows(imu=IMU[:, :, :0]), ValueError, "has empty windows", "(9, 6, 0)"),
    (lambda: Windows(imu=IMU, text=["a"]), ValueError, "imu: 9", "text: 1"),
    (lambda: Windows(text="abc"), TypeError, "one string", "per row"),
    (lambda: Windows(text=[1, 2]), TypeError, "'text' must contain strings"),
    (lambda: Windows(text=5), TypeError, "'text' must be one string", "int"),
    (lambda: Windows(pose=np.zeros((4, 9, 72))), ValueError, "(n, frames, joints, 3)"),
    (lambda: Windows(pose=np.full((4, 9, 24, 3), 90.0)), ValueError, "degrees", "deg2rad"),
    (lambda: Windows(imu=IMU, rate="50"), TypeError, "rate of 'imu'", "number of Hz"),
    (lambda: Windows(imu=IMU, rate=-50), ValueError, "rate of 'imu'", "positive"),
    (lambda: Windows(imu=IMU, rate={"gyro": 3}), ValueError, "Only 'imu' and 'pose' have rates"),
    (lambda: Windows(imu=IMU, channels=6), TypeError, "channels must be 6 names", "int"),
    (lambda: Windows(imu=IMU, channels="abcdef"), ValueError, "6 different names"),
    (lambda: Windows(imu=IMU, channels=range(6)), ValueError, "6 different names"),
    (lambda: Windows(imu=IMU, margin="1"), ValueError, "margin must be a number of seconds"),
    (lambda: Windows(imu=IMU, margin=None), ValueError, "margin must be a number of seconds"),
    (lambda: Windows(imu=IMU, present=[True] * 9), TypeError, "map columns to masks"),
    (lambda: Windows(imu=IMU, present={"imu": [1] * 9}), ValueError, "9 booleans"),
    (lambda: X["pose"], KeyError, "no column 'pose'", "imu"),
    (lambda: X[99], IndexError, "99", "9 rows"),
    (lambda: X[[True, False]], IndexError, "2 entries for 9 rows"),
    (lambda: X[1.5], IndexError, "int, a slice, a boolean mask", "float"),
    (lambda: X.assign(rate=50.0), TypeError, "rate must map columns to Hz"),
    (lambda: X.drop("imu"), ValueError, "leave no column"),
    (lambda: Windows.concatenate([]), ValueError, "parts is empty"),
    (lambda: Windows.concatenate([IMU]), TypeError, "Only Windows", "ndarray"),
    (lambda: Windows.concatenate(X), TypeError, "parts must be a sequence of Windows"),
    (lambda: as_windows(None), TypeError, "as_windows takes", "NoneType"),
    (lambda: as_windows(np.zeros((2, 3, 4, 5))), TypeError, "2-D or 3-D", "(2, 3, 4, 5)"),
    (lambda: as_windows({1: IMU}), TypeError, "names of columns as strings"),
    (lambda: as_windows({"imu": IMU, "rate": 50.0}), TypeError, "'rate'", "Give rate="),
)
def test_windows(call, error, words):
    refuses(call, error, *words)


# ---- body and simulation


@cases(
    (lambda: default_body("f"), ValueError, "sex must be one of", "'f'"),
    (lambda: default_body("male", 180), ValueError, "meters", "180"),
    (lambda: default_body("male", "tall"), TypeError, "stature must be a number of m"),
    (lambda: BODY.shaped(stature="tall"), TypeError, "stature must be a number of meters"),
    (lambda: BODY.shaped(betas=[1, 2]), ValueError, "2 betas", "0 shape coefficients"),
    (lambda: BODY.joint_index("nose"), ValueError, "no joint 'nose'", "pelvis"),
    (lambda: BODY.joint_index(99), ValueError, "outside 0 to 23"),
    (lambda: BODY.joint_index(1.5), TypeError, "whole number", "1.5"),
    (lambda: forward_kinematics(BODY, POSES[:, :9]), ValueError, "9 joints does not fit"),
    (lambda: forward_kinematics(BODY, POSES * NAN), ValueError, "finite"),
    (lambda: resolve_sites(BODY, "left_wirst"), ValueError, "Did you mean 'left_wrist'"),
    (lambda: resolve_sites(BODY, []), ValueError, "At least one site", "left_wrist"),
    (lambda: resolve_sites(BODY, None), TypeError, "sites must be site names", "NoneType"),
    (lambda: resolve_sites(BODY, [3]), TypeError, "a name or a Site", "int"),
    (lambda: resolve_sites(BODY, ["head", "head"]), ValueError, "must differ", "head"),
    (lambda: resolve_sites("default", ["head"]), TypeError, "BodyModel", "default_body()"),
    (lambda: Site("watch"), ValueError, "no place", "bone="),
    (lambda: Site(3, bone="head", offset=[0, 0, 0]), TypeError, "non-empty string"),
    (lambda: Site("watch", bone="head", offset=[0, 0]), ValueError, "shape (3,)"),
    (lambda: Site("watch", bone="head", offset="abc"), ValueError, "shape (3,)"),
    (lambda: Site("watch", bone="head", offset=[0, 0, 30]), ValueError, "millimeters"),
    (lambda: Site("watch", vertices=[0.5]), TypeError, "whole numbers"),
    (lambda: resolve_sites(BODY, Site("w", vertices=[10**6])), ValueError, "has only"),
    (lambda: resolve_sites(BODY, Site("w", bone="q", offset=[0] * 3)), ValueError, "no joint 'q'"),
    (lambda: body_from_smplx("SMPL.npz"), ValueError, "str is not a body", "v_template"),
    (lambda: body_from_smplx({"weights": 1}), ValueError, "dict is not a body", "J_regressor"),
)
def test_bodies_and_sites(call, error, words):
    refuses(call, error, *words)


@cases(
    (lambda: rigid_body_imu("a", TURNS, rate=50), ValueError, "position", "str"),
    (lambda: rigid_body_imu(PLACES[:, :2], TURNS, rate=50), ValueError, "(frames, 3)"),
    (lambda: rigid_body_imu(PLACES, PLACES, rate=50), ValueError, "(50, 4)", "(50, 3)"),
    (lambda: rigid_body_imu(PLACES, TURNS * 5, rate=50), ValueError, "length 1", "Normalize"),
    (lambda: rigid_body_imu(PLACES * NAN, TURNS, rate=50), ValueError, "finite"),
    (lambda: rigid_body_imu(PLACES, TURNS), ValueError, "rate=", "times="),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=0), ValueError, "positive number of Hz"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate="a"), TypeError, "number of Hz"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, out_rate=-5), ValueError, "output rate"),
    (lambda: rigid_body_imu(PLACES, TURNS, times=-np.arange(50.0)), ValueError, "increasing"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, mount=[1, 0, 0, 0]), ValueError, "(3, 3)"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, mount=np.ones((3, 3))), ValueError, "rotation"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, gravity=9.8), ValueError, "3 finite numbers"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, lever_arm="a"), ValueError, "lever_arm"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, smoothing="x"), ValueError, "'auto'"),
    (lambda: compare_imu(STILL, STILL[:9]), ValueError, "equal shapes"),
    (lambda: compare_imu(STILL, STILL * NAN), ValueError, "measured", "not finite"),
    (lambda: compare_imu(RECORDING, STILL), TypeError, "one side is a Recording"),
)
def test_rigid_bodies_and_comparison(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"body": "foo"}, ValueError, ("'default'", "'foo'")),
        ({"body": None}, ValueError, ("NoneType is not a body",)),
        ({"sites": ["left_wirst"]}, ValueError, ("Did you mean 'left_wrist'",)),
        ({"sites": None}, TypeError, ("sites must be site names", "NoneType")),
        ({"sites": []}, ValueError, ("At least one site",)),
        ({"rate": "50"}, ValueError, ("'rate'", "'50'")),
        ({"rate": -1}, ValueError, ("'rate'", "-1")),
        ({"smoothing": "strong"}, ValueError, ("'smoothing'", "auto")),
        ({"frame": "world"}, ValueError, ("'frame'", "skin")),
        ({"mount": np.ones((3, 3))}, ValueError, ("mount is not a rotation matrix",)),
        ({"mount": {"head": np.eye(3)}}, ValueError, ("mount contains head", "left_wrist")),
        ({"mount": ["a"]}, ValueError, ("mount", "real numbers")),
        ({"gravity": 9.8}, ValueError, ("'gravity'", "array-like")),
        ({"gravity": (0, 0, NAN)}, ValueError, ("3 finite numbers",)),
        ({"noise": "cheap"}, ValueError, ("mpu9250", "'cheap'")),
        (
            {"noise": IMUNoise(acc=SensorNoise(density=-1))},
            ValueError,
            ("'acc__density'", "[0.0, inf)"),
        ),
        ({"noise": IMUNoise(acc=SensorNoise(bias=INF))}, ValueError, ("'acc__bias'", "Got inf")),
        ({"noise": IMUNoise(gyro=SensorNoise(bias="a"))}, TypeError, ("'gyro__bias'", "Got 'a'")),
        ({"randomize": "yes"}, ValueError, ("'randomize'", "Randomization")),
        ({"randomize": Randomization(mount_angle=20)}, ValueError, ("degrees", "deg2rad")),
        ({"randomize": Randomization(site_jitter=-1)}, ValueError, ("'site_jitter'", "[0.0, inf)")),
        ({"random_state": "a"}, ValueError, ("'random_state'",)),
    ],
)
def test_parameters_of_the_simulator(parameters, error, words):
    refuses(lambda: SMPLIMUSimulator(**parameters).simulate(MOTION), error, *words)


POSE_WINDOWS = Windows(pose=np.zeros((3, 40, 24, 3)), rate=30.0)


@cases(
    (lambda: SMPLIMUSimulator().simulate(None), TypeError, "simulate takes a Motion", "NoneType"),
    (lambda: SMPLIMUSimulator().simulate("walk.npz"), TypeError, "simulate takes a Motion"),
    (lambda: SMPLIMUSimulator().simulate(POSE_WINDOWS), TypeError, "Windows", "to transform"),
    (lambda: SMPLIMUSimulator().simulate([MOTION, 3]), TypeError, "int"),
    (lambda: SMPLIMUSimulator().simulate(RECORDING), TypeError, "got Recording"),
    (lambda: SMPLIMUSimulator().transform(None), TypeError, "takes Windows", "NoneType"),
    (lambda: SMPLIMUSimulator().transform("abc"), TypeError, "takes Windows", "str"),
    (lambda: SMPLIMUSimulator().transform([MOTION]), TypeError, "motions to simulate"),
    (lambda: SMPLIMUSimulator().transform(POSE_WINDOWS[:0]), ValueError, "no row"),
    (lambda: SMPLIMUSimulator().transform(Windows(text=["a"])), ValueError, "'pose'", "text"),
    (
        lambda: SMPLIMUSimulator().transform(Windows(pose=np.zeros((3, 40, 24, 3)))),
        ValueError,
        "rate of the poses is not known",
    ),
    (
        lambda: SMPLIMUSimulator().transform(Windows(pose=np.zeros((3, 40, 9, 3)), rate=30.0)),
        ValueError,
        "9 joints does not fit",
    ),
    (
        lambda: SMPLIMUSimulator().transform(POSE_WINDOWS.assign(margin=5.0)),
        ValueError,
        "margin of 5 s",
        "only 40",
    ),
    (
        lambda: SMPLIMUSimulator().transform(POSE_WINDOWS.assign(stature=["tall"] * 3)),
        ValueError,
        "'stature'",
        "one number of m",
    ),
    (
        lambda: SMPLIMUSimulator().transform(POSE_WINDOWS.assign(stature=np.full(3, 180.0))),
        ValueError,
        "meters",
        "180",
    ),
    (lambda: SMPLIMUSimulator().fit(np.zeros((3, 4, 24, 3))), ValueError, "Windows(pose="),
    (lambda: SMPLIMUSimulator().fit(np.full((3, 6, 9), NAN)), ValueError, "contains NaN"),
    (lambda: SMPLIMUSimulator().fit([]), ValueError, "list of motions is empty"),
    (lambda: SMPLIMUSimulator().fit("walk.npz"), TypeError, "fit takes motions", "str"),
    (lambda: SMPLIMUSimulator().fit(iter([MOTION])), TypeError, "fit takes motions", "iterator"),
    (
        lambda: IMUNoise().apply(STILL[:, :3], 50.0, RNG),
        ValueError,
        "(200, 3)",
    ),
    (lambda: IMUNoise().apply(STILL, -50, RNG), ValueError, "rate", "-50"),
    (lambda: IMUNoise().apply(STILL * NAN, 50, RNG), ValueError, "not finite"),
    (lambda: IMUNoise().apply(STILL, 50, 0), TypeError, "numpy.random.Generator"),
)
def test_simulation(call, error, words):
    refuses(call, error, *words)


# ---- texts


class Broken:
    """A text encoder that returns whatever it was given."""

    def __init__(self, answer):
        self.answer = answer

    def encode(self, sentences):
        return self.answer


@cases(
    (lambda: HashingEncoder(0), ValueError, "n_features must be at least 1"),
    (lambda: HashingEncoder("a"), TypeError, "n_features must be a whole number"),
    (lambda: HashingEncoder(2.5), TypeError, "n_features must be a whole number"),
    (lambda: HashingEncoder(4).encode("walk"), TypeError, "one string", "['walk']"),
    (lambda: HashingEncoder(4).encode([1]), TypeError, "must be a str"),
    (lambda: HashingEncoder(4).encode(None), TypeError, "sentences must be", "NoneType"),
    (lambda: SentenceEncoder(None), TypeError, "model must be a name or a folder"),
    (lambda: SentenceEncoder(batch_size=0), ValueError, "batch_size must be at least 1"),
    (lambda: SentenceEncoder(cache_dir=__file__), NotADirectoryError, "cache_dir", "is a file"),
    (
        lambda: SentenceEncoder("/no/such", local_files_only=True).encode(["a"]),
        OSError,
        "does not exist",
    ),
    (lambda: resolve_text_encoder(3), TypeError, "model name, a folder or an object"),
    (lambda: encode_unique(Broken(np.zeros((1, 3))), ["a", "b"]), ValueError, "(2, d)"),
    (lambda: encode_unique(Broken([[NAN]]), ["a"]), ValueError, "NaN"),
    (lambda: encode_unique(Broken(["a"]), ["a"]), ValueError, "numbers are needed"),
)
def test_texts(call, error, words):
    refuses(call, error, *words)


# ---- pretraining


@cases(
    (lambda: tiny().fit(), ValueError, "nothing to train on", "corpus="),
    (lambda: tiny().fit("abc"), TypeError, "X is a str", "(n, channels, samples)"),
    (lambda: tiny().fit(MOTION), TypeError, "X is a Motion", "m3n_sklearn.cut"),
    (lambda: tiny().fit([RECORDING]), TypeError, "list of Recording", "m3n_sklearn.cut"),
    (lambda: tiny().fit({"imu": IMU}), TypeError, "as_windows"),
    (lambda: tiny().fit(IMU[None]), ValueError, "(1, 9, 6, 40)"),
    (lambda: tiny().fit(IMU * NAN), ValueError, "contains NaN"),
    (lambda: tiny().fit(IMU * INF), ValueError, "infinity"),
    (lambda: tiny().fit(IMU[:0]), ValueError, "0 sample(s)"),
    (lambda: tiny().fit(IMU[:, :0]), ValueError, "(9, 0, 40)", "at least one of each"),
    (lambda: tiny().fit(IMU[:, :, :0]), ValueError, "(9, 6, 0)"),
    (lambda: tiny().fit(Windows(text=["a", "b"])), ValueError, "have text", "Give IMU windows"),
    (lambda: tiny().fit(CORPUS.drop("imu", "text")), ValueError, "have pose", "simulator="),
    (lambda: tiny().fit(IMU, groups=[1]), ValueError, "one entry per row, 9"),
    (lambda: tiny(channels=["a"]).fit(IMU), ValueError, "names 1 channels", "6"),
    (lambda: tiny(corpus="/no/such").fit(), FileNotFoundError, "not a corpus", "save_corpus"),
    (lambda: tiny(corpus=CORPUS[:0]).fit(), ValueError, "0 rows"),
    (lambda: tiny(objectives={"foo": 1}).fit(CORPUS), ValueError, "contains foo", "imu_pose"),
    (lambda: tiny(objectives={"imu_pose": -1}).fit(CORPUS), ValueError, "at least 0"),
    (lambda: tiny(objectives={"imu_text": 1}).fit(X), ValueError, "data have imu", "imu_text"),
    (lambda: tiny(encoder="paper", width=7).fit(CORPUS), ValueError, "multiple of 8", "got 7"),
    (lambda: tiny(augment=Augmentation(shortest=5)).fit(X), ValueError, "shortest", "(0, 1]"),
    (lambda: tiny(callbacks="stop").fit(X), ValueError, "'callbacks'", "Got 'stop'"),
    (lambda: tiny(callbacks=["stop"]).fit(X), TypeError, "callbacks[0]", "got 'stop'"),
    (lambda: tiny(batch_size=0).fit(CORPUS), ValueError, "'batch_size'", "Got 0"),
    (lambda: tiny(device="tpu").fit(X), ValueError, "device='tpu'", "'cpu'"),
    (lambda: tiny().fit(IMU * 1e30), FloatingPointError, "no longer finite", "scale of X"),
    (lambda: tiny().transform(IMU), NotFittedError, "not fitted"),
    (lambda: tiny().predict_imu(CORPUS), NotFittedError, "not fitted"),
    (lambda: pretrained().transform(IMU[:, :3]), ValueError, "3 channels", "expecting 6"),
    (lambda: pretrained().transform(IMU[:, 0]), ValueError, "40 features", "expecting 6"),
    (lambda: pretrained().transform(IMU * NAN), ValueError, "contains NaN"),
    (lambda: pretrained().transform(IMU[:0]), ValueError, "0 sample(s)"),
    (lambda: pretrained().transform(CORPUS.drop("imu")), ValueError, "no column 'imu'"),
    (lambda: pretrained().predict_imu(IMU), ValueError, "column 'pose'", "ndarray"),
    (lambda: pretrained().predict_imu(X), ValueError, "column 'pose'", "got imu"),
    (lambda: tiny().fit(X).predict_imu(CORPUS), ValueError, "not trained", "pose2imu"),
    (lambda: pretrained().reconstruct(X, hidden=[True]), ValueError, "hidden", "(9, 40)"),
    (lambda: pretrained().score(None), TypeError, "X is a NoneType"),
    (lambda: pretrained().embed(CORPUS, "video"), ValueError, "'imu', 'pose' or 'text'", "'video'"),
    (lambda: pretrained().embed(IMU, "pose"), ValueError, "column 'pose'", "ndarray"),
    (lambda: pretrained().embed_text("a man"), TypeError, "one string", "['a man']"),
    (lambda: pretrained().embed_text([]), ValueError, "at least one"),
    (lambda: tiny().fit(X).embed_text(["a"]), ValueError, "not trained", "'text'"),
    (lambda: tiny(warm_start=True).fit(X).fit(IMU[:, :3]), ValueError, "warm_start=False"),
)
def test_pretraining(call, error, words):
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
    (lambda folder: save_corpus(IMU, folder / "new"), TypeError, "Windows", "as_windows"),
    (lambda folder: save_corpus(CORPUS, folder), FileExistsError, "exists already"),
    (
        lambda folder: save_corpus(X.assign(foo=np.array([{}] * 9)), folder / "new"),
        TypeError,
        "'foo' contains Python objects",
    ),
    (
        lambda folder: save_corpus(X.assign(**{"../foo": np.zeros(9)}), folder / "new"),
        ValueError,
        "'../foo' can't be a file",
    ),
    (lambda folder: open_corpus(folder), FileNotFoundError, "no meta.json", "save_corpus"),
    (lambda folder: open_corpus(folder / "no"), FileNotFoundError, "is not a corpus"),
)
def test_corpora_leave_nothing_behind(tmp_path, call, error, words):
    refuses(lambda: call(tmp_path), error, *words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ("{", ("meta.json is damaged",)),
        ("[]", ("meta.json is damaged",)),
        ({"format": 9}, ("format 9",)),
        ({"columns": ["../imu"]}, ("'../imu' can't be a file",)),
        ({"texts": ["a"]}, ("1 texts", "damaged")),
        ({"texts": 3}, ("damaged",)),
    ],
)
def test_corpora_with_a_damaged_meta_file(tmp_path, meta, words):
    path = save_corpus(CORPUS, tmp_path / "corpus") / "meta.json"
    text = meta if isinstance(meta, str) else json.dumps(json.loads(path.read_text()) | meta)
    path.write_text(text)
    refuses(lambda: open_corpus(tmp_path / "corpus"), ValueError, *words)


@pytest.mark.parametrize(
    "key", ["format", "columns", "present", "rates", "channels", "margin", "texts"]
)
def test_corpora_that_lack_a_fact(tmp_path, key):
    path = save_corpus(CORPUS, tmp_path / "corpus") / "meta.json"
    facts = json.loads(path.read_text())
    del facts[key]
    path.write_text(json.dumps(facts))
    refuses(lambda: open_corpus(tmp_path / "corpus"), ValueError, "meta.json is damaged", key)


def test_corpora_with_damaged_arrays(tmp_path):
    folder = save_corpus(CORPUS, tmp_path / "corpus")
    array = np.load(folder / "imu.npy")
    array[0] = NAN
    np.save(folder / "imu.npy", array)
    refuses(lambda: tiny(corpus=folder).fit(), FloatingPointError, "NaN", "memory-mapped corpus")
    for content in ((folder / "imu.npy").read_bytes()[:500], b"hello", b""):
        (folder / "imu.npy").write_bytes(content)
        refuses(lambda: open_corpus(folder), ValueError, "imu.npy is damaged or truncated")
    (folder / "imu.npy").unlink()
    refuses(lambda: open_corpus(folder), FileNotFoundError, "lacks imu.npy")
    shutil.rmtree(folder)


# ---- classification


@cases(
    (lambda: classifier(frozen()).fit(IMU, Y), ValueError, "rate of X is not known", "rate=50.0"),
    (lambda: classifier(frozen()).fit(Windows(imu=IMU), Y), ValueError, "rate of X is not known"),
    (lambda: classifier(rate=20.0).fit(X, Y), ValueError, "50 Hz", "rate=20", "rate=None"),
    (lambda: classifier().fit(IMU), ValueError, "requires y", "zero_shot"),
    (lambda: classifier().fit(IMU, Y[:3]), ValueError, "inconsistent", "[9, 3]"),
    (lambda: classifier().fit(IMU, np.full(9, NAN)), ValueError, "y contains NaN"),
    (lambda: classifier().fit(IMU, np.linspace(0, 1, 9)), ValueError, "continuous"),
    (lambda: classifier().fit(IMU, [None, *Y[1:]]), ValueError, "y is None or NaN in some rows"),
    (lambda: classifier().fit(IMU, np.zeros((9, 3))), ValueError, "1d array", "(9, 3)"),
    (lambda: classifier().fit(None, Y), TypeError, "X is a NoneType"),
    (lambda: classifier().fit([RECORDING], ["a"]), TypeError, "list of Recording", "cut"),
    (lambda: classifier().fit((X, Y, PEOPLE), Y), TypeError, "tuple of Windows"),
    (lambda: classifier().fit(IMU * NAN, Y), ValueError, "contains NaN"),
    (lambda: classifier().fit(IMU[None], Y), ValueError, "(1, 9, 6, 40)"),
    (lambda: classifier().fit(IMU[:0], Y[:0]), ValueError, "0 sample(s)"),
    (lambda: classifier().fit(X[:0], Y[:0]), ValueError, "0 rows"),
    (lambda: classifier().fit(CORPUS.drop("imu"), Y), ValueError, "no column 'imu'", "Simulate"),
    (
        lambda: classifier().fit(Windows(imu=IMU, present={"imu": Y == "rest"}), Y),
        ValueError,
        "6 of 9 rows have no IMU",
        "X.present",
    ),
    (lambda: classifier().fit(X, Y, sample_weight=[1]), ValueError, "(1,)", "(9,)"),
    (lambda: classifier().fit(X, Y, sample_weight=-np.ones(9)), ValueError, "Negative values"),
    (lambda: classifier().fit(X, Y, sample_weight=np.zeros(9)), ValueError, "non-zero"),
    (lambda: classifier().fit(X, Y, groups=[1]), ValueError, "groups must have one entry"),
    (lambda: classifier(class_weight={"run": 2}).fit(X, Y), ValueError, "'run'", "'rest'"),
    (lambda: classifier(class_weight={"rest": -2}).fit(X, Y), ValueError, "at least 0", "-2"),
    (lambda: classifier(class_weight={"rest": NAN}).fit(X, Y), ValueError, "finite", "nan"),
    (lambda: classifier(class_weight={"rest": "a"}).fit(X, Y), ValueError, "numbers", "'a'"),
    (lambda: classifier(channels=["a"]).fit(IMU, Y), ValueError, "names 1 channels", "6"),
    (lambda: classifier(channels=["acc_x"] * 6).fit(IMU, Y), ValueError, "occurs twice"),
    (lambda: classifier(lr=1e8, max_epochs=4).fit(X, Y), FloatingPointError, "Lower lr"),
    (lambda: clone(fitted()).predict(X), NotFittedError, "not fitted"),
    (lambda: fitted().predict(IMU[:, :3]), ValueError, "3 channels", "expecting 6"),
    (lambda: fitted().predict(np.hstack([IMU, IMU])), ValueError, "12 channels", "expecting 6"),
    (lambda: fitted().predict(IMU[:, 0]), ValueError, "40 features", "expecting 6"),
    (lambda: fitted().predict(IMU * NAN), ValueError, "contains NaN"),
    (lambda: fitted().predict("a"), TypeError, "X is a str"),
    (lambda: fitted().predict(RECORDING), TypeError, "X is a Recording", "cut"),
    (
        lambda: fitted().predict(Windows(imu=IMU, rate=50.0, channels=channel_names("ankle"))),
        ValueError,
        "ankle_acc_x",
        "fitted on right_wrist",
    ),
    (lambda: fitted().score(X, Y[:2]), ValueError, "inconsistent"),
    (lambda: classifier(strategy="best").fit(X, Y), ValueError, "'strategy'", "Got 'best'"),
    (lambda: classifier(head="mlp").fit(X, Y), ValueError, "'head'", "Got 'mlp'"),
    (lambda: classifier(label_at="middle").fit(X, Y), ValueError, "'label_at'", "Got 'middle'"),
    (lambda: classifier(callbacks="stop").fit(X, Y), ValueError, "'callbacks'", "Got 'stop'"),
    (lambda: classifier(3).fit(X, Y), ValueError, "'pretrainer'", "Got 3"),
    (lambda: classifier(PCA()).fit(X, Y), TypeError, "PCA", "Multi3NetPretrainer is needed"),
    (lambda: classifier(FrozenEstimator(PCA())).fit(X, Y), TypeError, "FrozenEstimator of a PCA"),
    (lambda: classifier(FrozenEstimator(tiny())).fit(X, Y), NotFittedError, "not fitted"),
    (lambda: classifier("/no/such").fit(X, Y), FileNotFoundError, "/no/such"),
    (
        lambda: classifier("m3n-bse").fit(X, Y),
        FileNotFoundError,
        "pretrainer='m3n-bse'",
        "m3n-base",
    ),
    (lambda: classifier(".").fit(X, Y), FileNotFoundError, "pretrainer='.'", "nor a file"),
    (lambda: classifier(type(pretrained())).fit(X, Y), TypeError, "the class Multi3NetPretrainer"),
    (
        lambda: classifier(frozen(), strategy="finetune", descriptions={"rest": ""}).fit(X, Y),
        ValueError,
        "descriptions['rest']",
    ),
    (
        lambda: classifier(frozen(), descriptions={"stand": "a"}).fit(X, Y),
        ValueError,
        "nothing of the classes ['rest', 'shake', 'twist']",
        "describes ['stand']",
    ),
    (lambda: clone_with(augment="x").predict(X), ValueError, "'augment'", "Got 'x'"),
    (lambda: clone_with(rate=-1).predict(X), ValueError, "'rate'", "Got -1"),
    (lambda: fitted().predict(HUGE), ValueError, "1 of 9 windows", "window 4", "units"),
    (
        lambda: classifier(frozen(), strategy="frozen", rate=50.0).fit(HUGE, Y),
        ValueError,
        "1 of 9 windows",
        "overflow",
    ),
    (lambda: classifier().fit(HUGE, Y), FloatingPointError, "no longer finite", "scale of X"),
    (
        lambda: classifier().fit(IMU[:, 0].astype(float) * 1e200, Y),
        ValueError,
        "too large to be standardized",
    ),
    (lambda: classifier(__file__).fit(X, Y), ValueError, "can't be read", "truncated"),
    (lambda: classifier(frozen(), rate=50.0).fit(IMU[:, :4], Y), ValueError, "generic series"),
    (lambda: named({}), ValueError, "zero_shot", "descriptions={label"),
    (lambda: named({"a": 3}), ValueError, "descriptions['a']", "sentence"),
    (lambda: named({"a": ""}), ValueError, "descriptions['a']", "sentence"),
    (lambda: named({"a": None}), ValueError, "descriptions['a']", "None"),
    (lambda: named({"a": "walk", 3: "run"}), TypeError, "one simple type", "['a', 3]"),
    (lambda: named({("a", 1): "walk", ("b", 1): "run"}), TypeError, "one simple type"),
    (lambda: named(["walk"]), ValueError, "'descriptions'", "Mapping"),
)
def test_classifier(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize("strategy", ["frozen", "finetune", "zero_shot"])
def test_strategies_that_need_a_pretrainer(strategy):
    words = (repr(strategy), "pretrain")
    refuses(lambda: Multi3NetClassifier(strategy=strategy).fit(X, Y), ValueError, *words)


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune"])
def test_one_class_is_predicted_with_certainty(strategy):
    source = None if strategy == "scratch" else frozen()
    alone = classifier(source, strategy=strategy).fit(X, ["rest"] * 9)
    assert alone.predict_proba(X).tolist() == [[1.0]] * 9


def test_windows_with_channels_last_warn():
    with pytest.warns(UserWarning, match=r"40 channels of 6 samples.*transpose\(0, 2, 1\)"):
        classifier().fit(IMU.transpose(0, 2, 1), Y)


# ---- files of estimators


@cases(
    (lambda path: save("abc", path), TypeError, "Only estimators of m3n_sklearn", "str"),
    (lambda path: save(PCA().fit(IMU[:, 0]), path), TypeError, "Only estimators", "PCA"),
    (lambda path: save(Multi3NetClassifier, path), TypeError, "got Multi3NetClassifier"),
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


# ---- data sets


@pytest.mark.parametrize("reader", [load_utd_mhad, load_openpack, load_mmfit])
def test_data_sets_that_are_not_there(tmp_path, reader):
    words = ("was not found: expected", "http")
    refuses(lambda: reader(tmp_path / "no"), FileNotFoundError, "does not exist", *words)
    refuses(lambda: reader(tmp_path), FileNotFoundError, "contains nothing", *words)
    refuses(lambda: reader(__file__), FileNotFoundError, "is a file", *words)
    refuses(lambda: reader(None), TypeError, "NoneType")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"subjects": [99]}, ValueError, ("subjects must be among", "99")),
        ({"subjects": 1.5}, TypeError, ("subjects must be", "1.5")),
        ({"actions": ["fly"]}, ValueError, ("actions must be among", "'fly'")),
        (
            {"seconds": -1, "subjects": 1, "actions": 1},
            ValueError,
            ("seconds must be a positive",),
        ),
        ({"overlap": 2, "subjects": 1, "actions": 1}, ValueError, ("overlap", "[0, 1)")),
    ],
)
def test_options_of_utd(shared_data, options, error, words):
    folder = shared_data("utd_mhad")
    refuses(lambda: load_utd_mhad(folder, **options), error, *words)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"subjects": "U9999"}, ValueError, ("subjects must be among U0209", "'U9999'")),
        ({"sessions": "first"}, ValueError, ("'S0100' or 'U0102-S0100'", "'first'")),
        ({"sensors": "atr99"}, ValueError, ("sensors must be among atr01", "'atr99'")),
        ({"classes": "boxes"}, ValueError, ("'operations', 'actions'", "'boxes'")),
        ({"labels": "spans"}, TypeError, ("Unexpected argument 'labels'", "overlap")),
        ({"rate": "50"}, TypeError, ("rate must be a number of Hz",)),
    ],
)
def test_options_of_openpack(shared_data, options, error, words):
    folder = shared_data("openpack_sample")
    refuses(lambda: load_openpack(folder, **options), error, *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("lacks the columns unixtime",)),
        (b"a,b\n1,2\n", ("lacks the columns unixtime", "a, b")),
        (b"unixtime,acc_x,acc_y,acc_z\n", ("lacks the columns gyro_x",)),
        (b"unixtime,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z\n", ("no rows",)),
        (b"unixtime,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z\n1,2\n", ("table of numbers",)),
        (b"\xff\x93\x00", ("is not a CSV file",)),
    ],
)
def test_damaged_sensor_files_of_openpack(tmp_path, content, words):
    path = tmp_path / "S0100.csv"
    path.write_bytes(content)
    refuses(lambda: read_openpack_atr(path), ValueError, "S0100.csv", *words)


SETS = "0,100,10,squats\n"


def mmfit_folder(folder, stream, labels):
    workout = folder / "w00"
    workout.mkdir()
    (workout / "w00_labels.csv").write_text(labels)
    for name in ("sw_l_acc", "sw_l_gyr", "sw_r_acc", "sw_r_gyr"):
        if isinstance(stream, bytes):
            (workout / f"w00_{name}.npy").write_bytes(stream)
        elif stream is not None:
            np.save(workout / f"w00_{name}.npy", stream)
    return folder


STREAM = np.c_[np.arange(1000) / 3, np.arange(1000) * 10.0, np.full((1000, 3), 5.66)]


@pytest.mark.parametrize(
    ("stream", "labels", "options", "error", "words"),
    [
        (None, SETS, {}, ValueError, ("none of the chosen workouts", "no sw_l_acc")),
        (b"hello", SETS, {}, ValueError, ("is not a readable .npy array", "mmfit.github.io")),
        (np.zeros((10, 3)), SETS, {}, ValueError, ("(N, 5)", "(10, 3)")),
        (STREAM, "a,b\n", {}, ValueError, ("w00_labels.csv, line 1", "activity")),
        (STREAM, SETS, {"sensors": "watch"}, ValueError, ("sensors must be among sw_l", "'watch'")),
        (STREAM, SETS, {"sessions": "w99"}, ValueError, ("sessions must be among w00", "'w99'")),
        (STREAM, SETS, {"rate": "50"}, TypeError, ("rate must be a number of Hz",)),
    ],
)
def test_mmfit(tmp_path, stream, labels, options, error, words):
    folder = mmfit_folder(tmp_path, stream, labels)
    refuses(lambda: load_mmfit(folder, skeletons=False, **options), error, *words)


@cases(
    (lambda: make_motions(0), ValueError, "n_people", "at least 1"),
    (lambda: make_motions(1.5), ValueError, "n_people", "whole number", "1.5"),
    (lambda: make_motions(1, "a"), ValueError, "n_repetitions", "whole number"),
    (lambda: make_motions(1, 1, ["fly"]), ValueError, "Unknown activity 'fly'"),
    (lambda: make_motions(1, 1, 3), TypeError, "activities must be names", "int"),
    (lambda: make_motions(1, 1, []), ValueError, "No activity is left"),
    (lambda: make_motions(1, 1, "wave", seconds=-1), ValueError, "seconds", "positive"),
    (lambda: make_motions(1, 1, "wave", seconds="4"), TypeError, "seconds must be a number"),
    (lambda: make_motions(1, 1, "wave", rate=0), ValueError, "rate", "positive"),
    (lambda: make_motions(1, 1, "wave", left_handed="x"), ValueError, "probability"),
    (lambda: make_motions(1, 1, "wave", random_state="a"), ValueError, "seed"),
    (lambda: make_wrist_har(None), ValueError, "n_people", "whole number"),
    (lambda: make_wrist_har(site="head"), ValueError, "right_wrist, left_wrist", "'head'"),
    (lambda: make_wrist_har(seconds="a"), TypeError, "seconds must be a number"),
    (lambda: make_wrist_har(rate=None), TypeError, "rate must be a number of Hz"),
    (lambda: make_wrist_har(shift="a"), ValueError, "shift", "at least 0"),
)
def test_generators(call, error, words):
    refuses(call, error, *words)


# ---- evaluation and inspection

FLAT, LABELS, GROUPS = IMU[:, 0], Y, np.repeat([1, 2, 3], 3)
METHODS = [Method("dummy", DummyClassifier())]
EXTRA = partial(Method, "d", DummyClassifier(), True)


def study(methods=METHODS, X=FLAT, y=LABELS, groups=GROUPS, **options):
    return few_label_study(methods, X, y, groups, **{"budgets": (1,), **options})


@cases(
    (lambda: draw_labels(Y, 0), ValueError, "budget", "at least 1"),
    (lambda: draw_labels(Y, 1.5), ValueError, "share", "(0, 1]", "1.5"),
    (lambda: draw_labels([], 1), ValueError, "y must have shape (n,)"),
    (lambda: draw_labels(np.zeros((3, 2)), 1), ValueError, "(3, 2)"),
    (lambda: draw_labels([1.0, NAN], 1), ValueError, "missing labels"),
    (lambda: draw_labels([None, "a"], 1), ValueError, "missing labels"),
    (lambda: draw_labels(Y, 1, blocks=[1]), ValueError, "blocks must have one entry per window, 9"),
    (lambda: Method(3, DummyClassifier()), TypeError, "name", "string"),
    (lambda: Method("dummy", DummyClassifier), TypeError, "needs an estimator"),
    (lambda: study([]), TypeError, "list of Method"),
    (lambda: study(METHODS[0]), TypeError, "list of Method"),
    (lambda: study([DummyClassifier()]), TypeError, "list of Method(name, estimator)"),
    (lambda: study(METHODS * 2), ValueError, "names", "differ"),
    (lambda: study(X=FLAT.tolist()), TypeError, "array or Windows", "list"),
    (lambda: study(X=FLAT[:4]), ValueError, "y must have one entry per window, 4"),
    (lambda: study(y=Y[:4]), ValueError, "y must have one entry per window, 9"),
    (lambda: study(groups=GROUPS[:4]), ValueError, "groups must have one entry per window, 9"),
    (lambda: study(groups=None), ValueError, "groups must have one entry per window"),
    (lambda: study(groups=GROUPS.astype("M8[D]")), ValueError, "numbers or strings", "datetime"),
    (lambda: study(groups=[1, 1, 1, "b", "b", "b", 3, 3, 3]), ValueError, "all numbers or all"),
    (lambda: study(X=DataFrame(FLAT)), TypeError, "array or Windows", "DataFrame", "to_numpy"),
    (lambda: study([Method("d", lambda _: 5)]), TypeError, "method 'd' must return", "5"),
    (lambda: study([Method("d", lambda _: DummyClassifier)]), TypeError, "must return"),
    (lambda: study([EXTRA(lambda _: None)]), TypeError, "must return a tuple (X, y)"),
    (lambda: study([EXTRA(lambda _: FLAT)]), TypeError, "must return a tuple (X, y)"),
    (lambda: study([EXTRA(lambda _: (FLAT, [None] * 9))]), ValueError, "extra labels of 'd'"),
    (lambda: study(groups=GROUPS * 0), ValueError, "at least two groups"),
    (lambda: study(blocks=[1]), ValueError, "blocks must have one entry per window"),
    (lambda: study(budgets=4), TypeError, "budgets must be a sequence", "int"),
    (lambda: study(budgets=()), ValueError, "budgets is empty"),
    (lambda: study(budgets=(0,)), ValueError, "budget", "at least 1"),
    (lambda: study(budgets=("all",)), TypeError, "budget", "whole number", "'all'"),
    (lambda: study(n_draws=0), ValueError, "n_draws must be at least 1"),
    (lambda: study(folds=[(9,)]), ValueError, "[9] are not among the groups"),
    (lambda: study(folds=1), ValueError, "folds must lie between 2 and the 3 groups"),
    (lambda: study(random_state=None), ValueError, "random_state", "same labels"),
    (lambda: format_table([]), ValueError, "scores is empty"),
    (lambda: format_table(study(), ["foo"]), ValueError, "'foo'", "dummy"),
    (lambda: WindowFeatures().transform(IMU), NotFittedError, "not fitted"),
    (lambda: WindowFeatures().fit(IMU).transform(IMU[:, :3]), ValueError, "3 channels"),
    (lambda: WindowFeatures().fit(IMU * NAN), ValueError, "contains NaN"),
    (lambda: WindowFeatures().fit(Windows(text=["a"])), ValueError, "no column 'imu'"),
    (lambda: SignalDisplay.from_recordings({}), ValueError, "nothing to draw"),
    (lambda: SignalDisplay.from_recordings(RECORDING), TypeError, "map legend entries"),
    (lambda: SignalDisplay.from_recordings({"a": STILL}), TypeError, "map legend entries"),
    (lambda: SignalDisplay({"a": RECORDING}, quantity="x"), ValueError, "'norm' or 'axes'"),
    (lambda: SignalDisplay({"a": Recording(STILL[:, :5], 50)}), ValueError, "5 channels"),
    (
        lambda: SignalDisplay({"a": RECORDING, "b": Recording(STILL[:, :3], 50)}),
        ValueError,
        "3 and 6 channels",
    ),
    (lambda: SignalDisplay({"a": RECORDING}).plot(axes=3), ValueError, "2 matplotlib Axes"),
    (lambda: LabelEfficiencyDisplay.from_scores([]), ValueError, "scores is empty"),
    (lambda: LabelEfficiencyDisplay.from_scores("abc"), TypeError, "few_label_study"),
)
def test_evaluation_and_inspection(call, error, words):
    refuses(call, error, *words)


def test_the_windows_of_these_tests_are_good():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert X.channels == CHANNELS and fitted().predict(X).shape == Y.shape
