from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn.datasets import cv_from_split, load_mmfit, mmfit_split
from m3n_sklearn.datasets._mmfit import EXERCISES, MMFIT_PERSON_OF, NON_ACTIVITY
from m3n_sklearn.motion import JOINT_SETS, SMPL_JOINTS
from m3n_sklearn.recording import STANDARD_GRAVITY, cut
from m3n_sklearn.skeleton._anthropometry import reference_joints

FRAME_0 = 1_500_000_000_000.0  # stamp of camera frame 0 in ms
SETS = [(300, 900, 10, "squats"), (1200, 1500, 5, "bicep_curls")]


def sensor(seconds=60.0, rate=103.0, packet=1, gap=None, value=(0.0, STANDARD_GRAVITY, 0.0)):
    """Rows (frame, stamp, x, y, z); the z axis carries the time since frame 0 in tens of s."""
    count = int(seconds * rate) // packet * packet
    times = 1.0 + np.arange(count) / rate
    if gap is not None:
        times = times[(times < gap[0]) | (times >= gap[1])]
    stamped = np.repeat(times[packet - 1 :: packet], packet)[: len(times)]
    rows = np.empty((len(stamped), 5))
    rows[:, 0] = np.floor(stamped * 30)
    rows[:, 1] = FRAME_0 + 1000 * stamped
    rows[:, 2:] = value
    rows[:, 4] = times[: len(stamped)] / 10
    return rows


def standing_h36m():
    """Return Human3.6M joints of a standing adult in mm, z up, who faces -y."""
    rest = dict(zip(SMPL_JOINTS, reference_joints(1.75), strict=True))
    joints = np.zeros((17, 3))
    for name, column in JOINT_SETS["h36m17"].items():
        joints[column] = rest[name]
    joints[0] = (rest["left_hip"] + rest["right_hip"]) / 2
    joints[9] = (rest["neck"] + rest["head"]) / 2
    return 1000 * np.stack([joints[:, 0], -joints[:, 2], joints[:, 1]], axis=1)


def poses(first=0, count=1800):
    array = np.empty((3, count, 18))
    array[:, :, 0] = first + np.arange(count)
    array[:, :, 1:] = standing_h36m().T[:, None, :]
    return array


def write_workout(root, workout="w00", sets=SETS, pose=None, **streams):
    folder = root / workout
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{device}_{kind}" for device in ("sw_l", "sw_r") for kind in ("acc", "gyr")]
    arrays = {name: sensor(value=(0.0, 9.8, 0.0)) for name in names} | streams
    for name, rows in arrays.items():
        np.save(folder / f"{workout}_{name}.npy", rows)
    np.save(folder / f"{workout}_pose_3d.npy", poses() if pose is None else pose)
    lines = "".join(",".join(map(str, one)) + "\n" for one in sets)
    (folder / f"{workout}_labels.csv").write_text(lines)


@pytest.fixture
def root(tmp_path):
    write_workout(tmp_path / "mm-fit", "w00")
    write_workout(tmp_path / "mm-fit", "w03")
    return tmp_path


def test_a_workout_becomes_a_recording(root):
    data = load_mmfit(root)
    recording = data.recordings[0]
    assert recording.name == "w00" and recording.subject == 2 and recording.rate == 50.0
    assert recording.channels[0] == "left_wrist_acc_x"
    assert recording.channels[-1] == "right_wrist_gyro_z"
    assert recording.start == pytest.approx(1.0, abs=0.03)
    assert recording.observed.all()
    np.testing.assert_allclose(recording.data[:, 2], recording.times / 10, atol=0.004)
    assert "IMWUT" in data.DESCR and "License" in data.DESCR


def test_labels_follow_the_camera_frames(root):
    recording = load_mmfit(root, sessions="w00").recordings[0]
    squats = recording.times[recording.labels == "squats"]
    curls = recording.times[recording.labels == "bicep_curls"]
    np.testing.assert_allclose([squats.min(), squats.max()], [10, 30], atol=0.06)
    np.testing.assert_allclose([curls.min(), curls.max()], [40, 50], atol=0.06)


@pytest.mark.slow
def test_windows_take_the_class_in_their_middle(root):
    data = load_mmfit(root)
    middle = data.X["start"] + 2.5
    expected = np.where(
        (middle >= 10) & (middle < 30),
        "squats",
        np.where((middle >= 40) & (middle < 50), "bicep_curls", NON_ACTIVITY),
    )
    clear = np.min(np.abs(middle[:, None] - [10, 30, 40, 50]), axis=1) > 0.1
    assert data.y[clear].tolist() == expected[clear].tolist()
    assert data.X["imu"].shape[1:] == (12, 250) and data.X["imu"].dtype == np.float32
    assert set(data.groups) == {0, 2} and set(data.sessions) == {"w00", "w03"}
    assert NON_ACTIVITY not in load_mmfit(root, ignore=NON_ACTIVITY).y


def test_packets_are_spread(root):
    write_workout(root / "mm-fit", "w00", sw_l_acc=sensor(packet=4))
    recording = load_mmfit(root, sessions="w00").recordings[0]
    whole = recording.observed.all(axis=1)
    seen = recording.data[whole]
    inside = slice(100, -100)
    # a packet is stamped at its last row; what is left is a constant delay of half a packet
    error = 10 * seen[inside, 2] - recording.times[whole][inside]
    assert np.abs(error - error.mean()).max() < 0.01 and abs(error.mean()) < 0.03


def test_lost_packets_move_no_others(root):
    rows = sensor(packet=4)
    there = np.ones(len(rows), dtype=bool)
    for first in (800, 2000, 2004, 4000):
        there[first : first + 4] = False
    write_workout(root / "mm-fit", "w00", sw_l_acc=rows[there])
    recording = load_mmfit(root, sessions="w00").recordings[0]
    seen = recording.observed[:, 2]
    assert recording.observed[:-3, 3:].all()
    # a packet of 4 at 103 Hz lasts 0.039 s
    expected = 1.0 + (np.array([800, 2000, 4000]) + 1.5 + [0, 2, 0]) / 103
    lost = recording.times[:-3][~seen[:-3]]
    assert np.abs(lost[:, None] - expected).min(axis=1).max() < 0.07
    error = 10 * recording.data[seen, 2] - recording.times[seen]
    assert np.abs(error - np.median(error))[100:-100].max() < 0.004


def test_no_window_touches_a_gap(root):
    write_workout(root / "mm-fit", "w00", sw_r_gyr=sensor(gap=(20.0, 35.0)))
    data = load_mmfit(root, sessions="w00")
    lost = data.recordings[0].times[~data.recordings[0].observed.all(axis=1)]
    np.testing.assert_allclose([lost.min(), lost.max()], [20, 35], atol=0.06)
    assert not ((data.X["start"] < 34.9) & (data.X["start"] + 5 > 20.1)).any()


def test_rows_out_of_order_and_unlike_lengths_are_mended(root):
    rows = sensor()
    rows[[100, 101]] = rows[[101, 100]]
    rows[200, 3] = np.nan
    write_workout(root / "mm-fit", "w00", sw_l_gyr=rows[:-1])
    seen = load_mmfit(root, sessions="w00").recordings[0].observed[:-3]
    assert np.delete(seen, [3, 4, 5], axis=1).all()
    # one row of 103 Hz is as long as one or two samples of 50 Hz are apart at most
    assert 0 < (~seen[:, 3:6].all(axis=1)).sum() <= 2


@pytest.mark.slow
def test_missing_devices_leave_the_workout_out(root):
    (root / "mm-fit/w00/w00_sw_l_acc.npy").unlink()
    data = load_mmfit(root)
    assert data.excluded == {"w00": "no sw_l_acc"}
    assert [recording.name for recording in data.recordings] == ["w03"]
    assert len(load_mmfit(root, sensors="sw_r").recordings) == 2
    with pytest.raises(ValueError, match=r"has the sensors \['sw_l'\]"):
        load_mmfit(root, sessions="w00", sensors="sw_l")


# ---- poses


def test_sets_become_motions_on_the_clock_of_the_recording(root):
    data = load_mmfit(root, sessions="w00")
    assert [m.name for m in data.motions] == ["w00-set00", "w00-set01"]
    assert [m.label for m in data.motions] == ["squats", "bicep_curls"]
    assert data.repetitions == {"w00-set00": 10, "w00-set01": 5}
    motion = data.motions[0]
    np.testing.assert_allclose(motion.times[[0, -1]], [10, 29.97], atol=0.05)
    assert motion.rate == pytest.approx(30, rel=0.01)
    assert len(motion.text) == 3 and motion.subject == 2
    assert motion.stature == pytest.approx(1.75, rel=0.05)
    X = cut((motion, data.recordings[0]), seconds=2.0, pose_rate=30.0).X
    assert X.modalities == ("text", "pose", "imu")
    np.testing.assert_allclose(X["imu"][:, 2, 0], X["start"] / 10, atol=0.004)


def test_a_standing_person_stands_upright_in_meters(root):
    motion = load_mmfit(root, sessions="w00").motions[0]
    angles = np.linalg.norm(motion.poses[:, 1:], axis=-1)
    assert angles.max() < 0.35
    assert np.abs(motion.trans).max() < 3.0


@pytest.mark.slow
def test_mirrored_exchanges_the_sides(root):
    pose = poses()
    pose[2, :, 1 + JOINT_SETS["h36m17"]["left_wrist"]] += 200.0
    pose[1, :, 1 + JOINT_SETS["h36m17"]["left_wrist"]] -= 200.0
    write_workout(root / "mm-fit", "w00", pose=pose)
    plain = load_mmfit(root, sessions="w00").motions[0]
    other = load_mmfit(root, sessions="w00", mirrored=True).motions[0]
    bend = [np.linalg.norm(m.poses[0, [18, 19]], axis=-1) for m in (plain, other)]
    assert bend[0][0] > bend[0][1] + 0.2
    np.testing.assert_allclose(bend[1], bend[0][::-1], atol=0.02)


@pytest.mark.slow
def test_sets_without_usable_video_are_named(root):
    write_workout(root / "mm-fit", "w00", pose=poses(count=600))
    data = load_mmfit(root, sessions="w00")
    assert list(data.excluded) == ["w00-set01"] and len(data.motions) == 1
    (root / "mm-fit/w00/w00_pose_3d.npy").unlink()
    data = load_mmfit(root, sessions="w00")
    assert data.motions == [] and data.excluded == {"w00 poses": "no pose_3d"}
    assert load_mmfit(root, sessions="w00", skeletons=False).excluded == {}


# ---- splits and words


def test_official_split_holds_unseen_people():
    (fold,) = mmfit_split("official")
    assert sorted(sum(fold.values(), ())) == sorted(MMFIT_PERSON_OF)
    people = {part: {MMFIT_PERSON_OF[w] for w in workouts} for part, workouts in fold.items()}
    assert people["unseen_test"] == {2, 3, 4, 9}
    assert not people["unseen_test"] & (people["train"] | people["val"])
    assert people["test"] <= people["train"]
    assert len(mmfit_split("loso")) == 10
    with pytest.raises(ValueError, match="'official' or 'loso'"):
        mmfit_split("random")


def test_splits_choose_rows(root):
    data = load_mmfit(root, skeletons=False)
    ((train, test),) = cv_from_split(mmfit_split("official"), data.sessions, test="unseen_test")
    assert set(data.sessions[train]) == {"w03"} and set(data.sessions[test]) == {"w00"}


def test_every_class_has_captions_and_other_prompts():
    assert len(EXERCISES) == 11
    captions = {caption for one in EXERCISES.values() for caption in one.captions}
    prompts = {prompt for one in EXERCISES.values() for prompt in one.prompts}
    assert len(captions) == 33 and len(prompts) == 22 and not captions & prompts


# ---- bad input


def test_missing_data_say_how_to_get_them(tmp_path, root):
    with pytest.raises(FileNotFoundError, match=r"MM-Fit was not found.*mmfit\.github\.io"):
        load_mmfit(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="sessions must be among w00, w03"):
        load_mmfit(root, sessions="w21")
    with pytest.raises(ValueError, match="sensors must be among sw_l"):
        load_mmfit(root, sensors="watch")
    (root / "mm-fit/w00/w00_labels.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected the file .*w00_labels\.csv"):
        load_mmfit(root)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("300,900,ten,squats", "line 1: expected start frame"),
        ("300,900", "line 1: expected start frame"),
        ("300,900,10,swimming", "swimming from frame 300 to 900 is not a set"),
        ("900,300,10,squats", "from frame 900 to 300"),
    ],
)
def test_broken_labels_are_refused(root, line, message):
    (root / "mm-fit/w00/w00_labels.csv").write_text(line + "\n")
    with pytest.raises(ValueError, match=message):
        load_mmfit(root)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("sw_l_acc", np.zeros((10, 4)), r"expected shape \(N, 5\)"),
        ("sw_l_acc", np.zeros((10, 5)), "fewer than two rows"),
        ("pose_3d", np.zeros((3, 10, 17)), r"expected shape \(3, F, 18\)"),
    ],
)
def test_wrong_shapes_are_refused(root, name, array, message):
    np.save(root / f"mm-fit/w00/w00_{name}.npy", array)
    with pytest.raises(ValueError, match=message):
        load_mmfit(root)


def test_pickles_and_garbage_are_refused(root):
    path = root / "mm-fit/w00/w00_sw_l_acc.npy"
    np.save(path, np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"w00_sw_l_acc\.npy: it contains Python objects"):
        load_mmfit(root)
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match=r"w00_sw_l_acc\.npy: it does not begin like"):
        load_mmfit(root)
