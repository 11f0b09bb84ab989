"""Inputs that would be read, but not as they were meant: each is refused or said."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.transform import Rotation

from m3n_sklearn.motion import Motion, read_mvnx, read_smpl, read_trc
from m3n_sklearn.recording import Recording, UnitsWarning, channel_names

from .motion.writers import write_mvnx, write_trc

ACC = [f"acc_{axis}" for axis in "xyz"]
READINGS = np.random.default_rng(0).normal([1.0, 2.0, 9.4], 1.0, (500, 3))


@pytest.mark.parametrize("order", ["zyx", "yxz"])
def test_axes_of_a_table_in_another_order_are_refused(order):
    with pytest.raises(ValueError, match="in the order of the columns"):
        Recording(pd.DataFrame(READINGS, columns=list(order)), 50.0, channels=ACC)
    recording = Recording(pd.DataFrame(READINGS, columns=list("xyz")), 50.0, channels=ACC)
    assert recording.channels == tuple(ACC)


def test_columns_that_pandas_renamed_are_not_another_sensor():
    names = [*ACC, *(f"{name}.1" for name in ACC)]
    with pytest.raises(ValueError, match="look like copies"):
        Recording(pd.DataFrame(np.hstack([READINGS, READINGS]), columns=names), 50.0)


def test_dates_of_rows_that_contradict_the_rate_are_said():
    dates = pd.date_range("2026", periods=500, freq="10ms", tz="UTC")
    table = pd.DataFrame(READINGS, columns=ACC, index=dates)
    with pytest.warns(UserWarning, match="a rate of 100 Hz, but rate=50"):
        Recording(table, 50.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recording(table, 100.0)


def test_a_period_given_as_rate_is_said():
    with pytest.warns(UserWarning, match="the rate is 50 Hz"):
        Recording(READINGS, 0.02, ACC)
    with pytest.warns(UserWarning, match="the rate is 30 Hz"):
        Motion(np.zeros((10, 24, 3)), rate=1 / 30)


@pytest.mark.parametrize(
    ("scale", "cure"), [(1 / 0.3048, "0.3048"), (2.0, "another scale"), (0.75, "another scale")]
)
def test_gravity_of_a_still_sensor_shows_a_wrong_scale(scale, cure):
    still = [0.0, 0.0, 9.80665] + 0.02 * np.random.default_rng(0).normal(size=(600, 3))
    with pytest.warns(UnitsWarning, match=cure):
        Recording(scale * still, 50.0, channel_names("right_wrist", "acc"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recording(1.05 * still, 50.0, channel_names("right_wrist", "acc"))


def test_a_trc_file_with_fewer_rows_than_announced_is_refused(tmp_path):
    file = tmp_path / "walk.trc"
    write_trc(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"announces \d+ frames, but has \d+ rows"):
        read_trc(file)


def test_lost_frames_of_mvnx_keep_their_time(tmp_path):
    file = tmp_path / "walk.mvnx"
    write_mvnx(file)
    whole = read_mvnx(file)
    parts = file.read_text().split("<frame ")
    motion = [k for k, part in enumerate(parts) if 'type="normal"' in part]
    gap = motion[10:20]
    file.write_text("<frame ".join(part for k, part in enumerate(parts) if k not in gap))
    lost = read_mvnx(file)
    assert lost.n_frames == whole.n_frames - 10
    assert lost.duration == pytest.approx(whole.duration)


def test_tensors_that_require_gradients_are_read():
    poses = torch.tensor([[np.pi / 2] + 71 * [0.0]] * 30, requires_grad=True)  # upright, z up
    (motion,) = read_smpl({"poses": poses, "fps": 30, "trans": np.zeros((30, 3))})
    assert motion.n_frames == 30


def test_inverse_rotations_are_said():
    poses = np.zeros((30, 24, 3))
    poses[:, 0, 0] = np.pi / 2  # upright, z up
    poses[:, [4, 5], 0] = 0.6  # knees
    matrices = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(30, 24, 3, 3)
    content = {"fps": 30, "trans": np.zeros((30, 3))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_smpl({**content, "poses": matrices})
    with pytest.warns(UserWarning, match="knees of .* bend forwards, by 34 degrees"):
        read_smpl({**content, "poses": np.swapaxes(matrices, -1, -2)})
