from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m3n_sklearn import SMPLIMUSimulator, Windows
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.recording import channel_names, to_site_axes

MOUNT = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
SITES = ("left_wrist", "right_wrist")


def windows(imu=None, **others):
    imu = np.random.default_rng(0).normal(size=(4, 12, 20)) if imu is None else imu
    return Windows(imu=imu, rate=50.0, channels=channel_names(SITES), **others)


@pytest.mark.slow
def test_a_mount_of_the_simulator_is_taken_back():
    motion = make_motions(1, 1, random_state=0)[0]
    plain, worn = (
        SMPLIMUSimulator(sites=SITES, mount=mount).simulate(motion).data.T[None]
        for mount in (None, {"right_wrist": MOUNT})
    )
    back = to_site_axes(windows(worn), {"right_wrist": MOUNT})
    np.testing.assert_allclose(back["imu"], plain, atol=1e-9)
    assert np.abs(worn - plain)[:, 6:].max() > 1


def test_order_of_axes_dtype_and_everything_else_are_kept():
    X = windows(clip=np.array(list("abcd")))
    mixed = [5, 3, 4, 0, 2, 1, *range(11, 5, -1)]
    names = tuple(X.channels[k] for k in mixed)
    shuffled = Windows(
        imu=X["imu"][:, mixed].astype(np.float32), rate=50.0, channels=names, clip=X["clip"]
    )
    mount = dict.fromkeys(SITES, MOUNT)
    found = to_site_axes(shuffled, mount)
    np.testing.assert_allclose(
        found["imu"], to_site_axes(X, mount)["imu"][:, mixed], rtol=1e-5, atol=1e-5
    )
    assert found["imu"].dtype == np.float32 and found.channels == names
    assert found.rate("imu") == 50.0 and list(found["clip"]) == list("abcd")


def test_missing_windows_stay_missing():
    X = windows(present={"imu": [True, True, False, True]})
    assert to_site_axes(X, {"left_wrist": MOUNT}).present("imu").tolist() == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("X", "mount", "message"),
    [
        (np.zeros((2, 6, 20)), {}, "Windows with a column imu and channel names"),
        (Windows(imu=np.zeros((2, 6, 20)), rate=50.0), {}, "channel names"),
        (windows(), {"head": MOUNT}, "X has the sites left_wrist, right_wrist"),
        (windows(), {"left_wrist": -np.eye(3)}, "not a rotation matrix"),
        (windows(), {"left_wrist": np.eye(2)}, "shape"),
    ],
)
def test_what_can_not_be_turned_is_refused(X, mount, message):
    with pytest.raises(ValueError, match=message):
        to_site_axes(X, mount)


def test_one_matrix_alone_says_no_site():
    with pytest.raises(TypeError, match="map sites"):
        to_site_axes(windows(), MOUNT)


def test_a_turned_axis_is_observed_if_all_three_were():
    observed = np.ones((4, 12, 20), dtype=bool)
    observed[1, 7, 3] = False
    turned = to_site_axes(windows(observed=observed), {"right_wrist": MOUNT})["observed"]
    assert np.argwhere(~turned).tolist() == [[1, k, 3] for k in (6, 7, 8)]
