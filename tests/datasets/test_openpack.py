from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

from m3n_sklearn.datasets import (
    cv_from_split,
    load_openpack,
    openpack_split,
    openpack_world_acceleration,
    read_openpack_atr,
    read_openpack_seconds,
)
from m3n_sklearn.datasets._openpack_labels import (
    ACTIONS,
    ERRORS,
    NULL,
    OPERATIONS,
    PROMPTS_ACTIONS,
    PROMPTS_OPERATIONS,
    SESSIONS,
    person_of,
)
from m3n_sklearn.recording import STANDARD_GRAVITY, to_site_axes
from m3n_sklearn.skeleton._rotations import quat_conjugate, quat_multiply, rotvec_from_quat

START = 1_648_531_522_000
IDS = (100, 200, 300)


def write_rows(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def atr_rows(seconds=60, step=30, start=START):
    times = start + np.arange(0, seconds * 1000, step)
    return [[int(t), 0.0, 1.0, 0.0, 0.0, 0.0, 90.0, 0.98, 0.0, 0.0, 0.0] for t in times]


ATR_HEADER = "unixtime,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z,quat_w,quat_x,quat_y,quat_z"


def write_atr(root, user, session, device, rows, folder="atr/{}"):
    write_rows(root / user / folder.format(device) / f"{session}.csv", ATR_HEADER, rows)


def write_seconds(root, user, session, rows, folder="openpack-operations-1hz", last="id"):
    path = root / user / "annotation" / folder / f"{session}.csv"
    write_rows(path, f"unixtime,user,session,box,{last}", rows)


def second_rows(user="U0101", session="S0100", seconds=60):
    """20 s of each of three operations; a new box every 30 s."""
    return [
        [START + 1000 * k, user, session, 1 + k // 30, IDS[k // 20]]
        for k in range(seconds)
    ]  # fmt: skip


def write_session(root, user="U0101", session="S0100", **kwargs):
    for device in ("atr01", "atr02"):
        write_atr(root, user, session, device, atr_rows(**kwargs))
    write_seconds(root, user, session, second_rows(user, session))


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "openpack" / "v1.0.0"
    write_session(folder)
    write_session(folder, "U0202", "S0300")
    return folder


# ---- layout, units, rates


@pytest.mark.parametrize("above", [0, 1, 2])
def test_the_folder_is_found_from_above(root, above):
    path = [root, root.parent, root.parent.parent][above]
    data = load_openpack(path)
    assert [r.name for r in data.recordings] == ["U0101-S0100", "U0202-S0300"]


def test_units_are_si_and_channels_named(root):
    data = load_openpack(root)
    expected = [0, STANDARD_GRAVITY, 0, 0, 0, np.pi / 2] * 2
    np.testing.assert_allclose(data.X["imu"][0, :, 0], expected, rtol=1e-6)
    assert data.X.channels[1] == "right_wrist_acc_y" and data.X.channels[-1] == "left_wrist_gyro_z"
    assert data.X.rate("imu") == pytest.approx(100 / 3)
    assert data.X["imu"].dtype == np.float32
    assert "CC BY-NC-SA 4.0" in data.DESCR


def test_groups_are_people_not_user_ids(root):
    data = load_openpack(root)
    assert set(data.groups) == {"U0101", "U0105"}
    assert set(data.sessions) == {"U0101-S0100", "U0202-S0300"}
    assert set(load_openpack(root, subjects="U0105").sessions) == {"U0202-S0300"}


def test_arguments_of_cut_are_passed_on_and_others_refused(root):
    X = load_openpack(root, overlap=0.0, label="center", min_observed=0.5, dtype=float).X
    assert X["imu"].dtype == float and "observed" in X
    assert np.all(np.diff(X["start"][X["clip"] == "U0101-S0100"]) > 3.9)
    for name in ("users", "imu_rate"):
        with pytest.raises(TypeError, match=f"Unexpected argument '{name}'.*overlap"):
            load_openpack(root, seconds=None, **{name: 1})


def test_other_steps_are_resampled_to_one_rate(root):
    write_session(root, "U0102", "S0100", step=33)
    data = load_openpack(root)
    assert {r.rate for r in data.recordings} == {100 / 3}
    assert all(abs(r.duration - 60) < 0.1 for r in data.recordings)
    own = load_openpack(root, subjects="U0102", rate=None).recordings[0]
    assert own.rate == pytest.approx(1000 / 33)
    for recording in data.recordings:
        change = np.flatnonzero(recording.labels == 200)[0] / recording.rate
        assert change == pytest.approx(20.0, abs=0.035)


def test_the_old_layout_is_read(tmp_path):
    for device in ("atr01", "atr02"):
        write_atr(tmp_path, "U0102", "S0100", device, atr_rows(), folder="{}")
    write_seconds(tmp_path, "U0102", "S0100", second_rows(), folder="activity-1s", last="operation")
    assert set(load_openpack(tmp_path).y) == set(IDS)


def test_the_e4_is_scaled_and_aligned(root):
    times = np.round(START - 11_000 + np.arange(32 * 80) * 1000 / 32).astype(int)
    seconds = (times - START) / 1000
    rows = [
        [t, 0.0, 0.0, (1 + 0.1 * s) / STANDARD_GRAVITY] for t, s in zip(times, seconds, strict=True)
    ]
    write_rows(root / "U0101/e4/e401/acc/S0100.csv", "time,acc_x,acc_y,acc_z", rows)
    data = load_openpack(root, subjects="U0101", sensors=("atr01", "e401"))
    recording = data.recordings[0].select("right_wrist_e4")
    expected = STANDARD_GRAVITY * (1 + 0.1 * recording.times)
    np.testing.assert_allclose(recording.data[:, 2], expected, atol=0.03)
    assert recording.observed.all()
    alone = load_openpack(root, subjects="U0101", sensors="e401", rate=None).recordings[0]
    assert alone.rate == pytest.approx(32, rel=0.05)


# ---- defects


def test_a_bad_first_row_is_dropped_and_a_backward_stamp_mended(root):
    rows = atr_rows()
    rows[0][0] -= 86_400_000
    rows[100][0] = rows[98][0]
    write_atr(root, "U0101", "S0100", "atr01", rows)
    atr = read_openpack_atr(root / "U0101/atr/atr01/S0100.csv")
    assert len(atr.times) == 1999
    np.testing.assert_allclose(np.diff(atr.times), 0.03, atol=1e-6)
    recording = load_openpack(root, subjects="U0101").recordings[0]
    assert recording.duration == pytest.approx(59.94, abs=0.05)
    assert recording.observed.all()


def test_no_window_is_cut_across_a_gap(root):
    rows = atr_rows()
    del rows[1000:1100]
    write_atr(root, "U0101", "S0100", "atr02", rows)
    data = load_openpack(root, subjects="U0101")
    seen = data.recordings[0].observed
    assert seen[:, :6].all()
    lost = data.recordings[0].times[~seen.all(axis=1)]
    np.testing.assert_allclose(lost, 0.03 * np.arange(1000, 1100))
    begin = data.X["start"]
    assert not ((begin + 4 > lost.min()) & (begin < lost.max())).any()


def test_empty_cells_count_as_lost_rows(root):
    rows = atr_rows()
    for row in rows[1000:1100]:
        row[1] = ""
    write_atr(root, "U0101", "S0100", "atr02", rows)
    seen = load_openpack(root, subjects="U0101").recordings[0].observed
    assert (~seen[1000:1100, 6:9]).all()
    assert (~seen).sum() == 300


@pytest.mark.parametrize("shift", [3_600_000, -500_000])
def test_one_wild_stamp_changes_nothing(root, shift):
    before = load_openpack(root, subjects="U0101", seconds=None).recordings[0]
    rows = atr_rows()
    rows[700][0] += shift
    write_atr(root, "U0101", "S0100", "atr02", rows)
    with pytest.warns(UserWarning, match="1 stamps are far off, first that of row 700"):
        after = load_openpack(root, subjects="U0101", seconds=None).recordings[0]
    np.testing.assert_allclose(after.data, before.data, atol=1e-6)
    assert after.observed.all()


def test_lost_rows_move_no_others(root):
    rows = atr_rows()
    for k, row in enumerate(rows):
        row[1] = np.sin(0.1 * k)
    write_atr(root, "U0101", "S0100", "atr02", rows)
    whole = load_openpack(root, subjects="U0101", seconds=None).recordings[0]
    rows[500][1] = ""
    del rows[800]
    write_atr(root, "U0101", "S0100", "atr02", rows)
    damaged = load_openpack(root, subjects="U0101", seconds=None).recordings[0]
    assert np.argwhere(~damaged.observed[:, 6:9].all(axis=1)).ravel().tolist() == [500, 800]
    kept = np.delete(np.arange(2000), [500, 800])
    np.testing.assert_allclose(damaged.data[kept], whole.data[kept], atol=1e-9)


def test_devices_of_unlike_length_end_together(root):
    write_atr(root, "U0101", "S0100", "atr02", atr_rows(58))
    recording = load_openpack(root, subjects="U0101").recordings[0]
    assert recording.n_samples == 2000
    assert recording.times[recording.observed.all(axis=1)][-1] == pytest.approx(58, abs=0.1)


def test_mounts_are_those_of_the_wrists_that_were_asked_for(root):
    assert list(load_openpack(root, sensors="atr02").mount) == ["left_wrist"]
    worn = load_openpack(root, sensors="atr01")
    thumb, fingers, out = np.moveaxis(worn.X["imu"][:, :3], 1, 0)
    turned = to_site_axes(worn.X, worn.mount)["imu"][:, :3]
    np.testing.assert_allclose(turned, np.stack([fingers, -thumb, out], axis=1), rtol=1e-6)


def test_known_errors_are_excluded_or_kept(root):
    write_session(root, "U0201", "S0500")
    data = load_openpack(root)
    assert data.excluded == {"U0201-S0500": "atr02 reversed"}
    assert [error.session for error in data.errors] == ["U0201-S0500"]
    assert "U0201-S0500" in load_openpack(root, errors="keep").sessions
    assert "U0201-S0500" in load_openpack(root, sensors="atr01").sessions
    with pytest.raises(ValueError, match=r"excluded .*atr02 reversed.*errors='keep'"):
        load_openpack(root, subjects="U0201")


def test_boxes_with_sensors_off_are_cut_out(root):
    write_session(root, "U0103", "S0100")
    data = load_openpack(root)
    assert data.excluded == {"U0103-S0100": "no sample is usable"}
    rows = [[*row[:3], row[3] + 9, row[4]] for row in second_rows("U0103", "S0100")]
    write_seconds(root, "U0103", "S0100", rows)
    data = load_openpack(root, subjects="U0103")
    assert set(data.boxes) == {"U0103-S0100-B11"}
    assert data.X["start"].min() >= 30 - 0.03


# ---- labels


def test_labels_hold_for_their_second_and_holes_are_null(root):
    rows = [row for row in second_rows() if row[0] != START + 10_000]
    write_seconds(root, "U0101", "S0100", rows)
    recording = load_openpack(root, subjects="U0101").recordings[0]
    second = np.floor(recording.times + 1e-6)
    assert np.all(recording.labels[second == 10] == NULL)
    assert np.all(recording.labels[second == 19] == 100)
    assert np.all(recording.labels[second == 20] == 200)


def test_what_is_no_class_is_null_and_dropped(root):
    rows = [[*row[:4], 8200 if row[4] == 200 else row[4]] for row in second_rows()]
    write_seconds(root, "U0101", "S0100", rows)
    assert set(load_openpack(root, subjects="U0101").y) == {100, 300}
    assert set(load_openpack(root, subjects="U0101", ignore=()).y) == {100, 300, NULL}


def test_actions_are_read_from_columns(root):
    rows = [
        [START + 1000 * k, "U0101", "S0100", 1, float(k < 20), float(15 <= k < 40), float(k >= 50)]
        for k in range(60)
    ]
    path = root / "U0101/annotation/openpack-actions-1hz/S0100.csv"
    write_rows(path, "unixtime,user,session,box,ID101,ID205,ID8106", rows)
    data = load_openpack(root, subjects="U0101", classes="actions")
    assert set(data.y) == {101, 205}
    assert data.label_names[205] == "Put Item Small Bag"
    labels = read_openpack_seconds(path, "actions").classes
    assert labels.tolist() == [101] * 20 + [205] * 20 + [NULL] * 20


def test_every_class_has_prompts():
    assert list(PROMPTS_OPERATIONS) == list(OPERATIONS) and len(OPERATIONS) == 10
    assert list(PROMPTS_ACTIONS) == list(ACTIONS)
    assert all(len(set(prompts)) >= 3 for prompts in PROMPTS_OPERATIONS.values())
    assert all(len(set(prompts)) >= 2 for prompts in PROMPTS_ACTIONS.values())


# ---- boxes and splits


def test_windows_know_their_box(root):
    data = load_openpack(root, subjects="U0101")
    expected = np.where(data.X["start"] + 2 < 30, "U0101-S0100-B01", "U0101-S0100-B02")
    assert data.boxes.tolist() == expected.tolist()
    assert len(set(data.boxes)) == 2


def test_official_splits():
    (fold,) = openpack_split("challenge2022")
    assert {part: len(names) for part, names in fold.items()} == {
        "train": 44,
        "val": 7,
        "test": 4,
        "submission": 22,
    }
    people = {part: {person_of(name[:5]) for name in names} for part, names in fold.items()}
    assert not people["train"] & people["submission"]
    assert all(set(names) <= set(SESSIONS) for names in fold.values())
    assert len(openpack_split("pilot")[0]["train"]) == 15
    assert openpack_split("debug")[0]["test"] == ("U0102-S0500",)
    with pytest.raises(ValueError, match="name must be one of 'debug'"):
        openpack_split("random")


def test_leaving_one_person_out_never_leaks():
    folds = openpack_split("person_loo")
    assert len(folds) == 16
    for fold in folds:
        train = {person_of(name[:5]) for name in fold["train"]}
        test = {person_of(name[:5]) for name in fold["test"]}
        assert len(test) == 1 and not train & test
        assert len(fold["train"]) + len(fold["test"]) == len(SESSIONS) == 104


def test_splits_choose_sessions_and_rows(root):
    data = load_openpack(root, sessions=["U0202-S0300", "S0100"])
    assert len(data.recordings) == 2
    assert len(cv_from_split(openpack_split("person_loo"), data.sessions)) == 2
    ((train, test),) = cv_from_split(openpack_split("challenge2022"), data.sessions)
    assert set(data.sessions[train]) == {"U0101-S0100"}
    assert set(data.sessions[test]) == {"U0202-S0300"}


def test_errors_name_known_sessions():
    assert {error.session for error in ERRORS} <= set(SESSIONS)


# ---- bad input


def test_missing_data_say_how_to_get_them(tmp_path, root):
    with pytest.raises(FileNotFoundError, match=r"OpenPack was not found: expected .*zenodo"):
        load_openpack(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"sensor atr03 of U0101-S0100.*U0101\.zip"):
        load_openpack(root, sensors="atr03")
    with pytest.raises(FileNotFoundError, match="session U0101-S0200 was not found"):
        load_openpack(root, sessions="U0101-S0200")
    with pytest.raises(FileNotFoundError, match="1-Hz annotation of actions"):
        load_openpack(root, classes="actions")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": "boxes"}, "classes must be one of.*'operations', 'actions'"),
        ({"errors": "mend"}, "errors must be one of"),
        ({"sensors": ("atr05",)}, "sensors must be among atr01"),
        ({"subjects": "U0199"}, "subjects must be among U0101, U0105"),
        ({"sessions": "first"}, "sessions are named 'S0100' or 'U0102-S0100'"),
    ],
)
def test_arguments_out_of_range_are_refused(root, changes, message):
    with pytest.raises(ValueError, match=message):
        load_openpack(root, **changes)


def test_broken_files_are_named(root):
    path = root / "U0101/atr/atr01/S0100.csv"
    path.write_text("unixtime,acc_x\n1,2\n")
    with pytest.raises(ValueError, match=r"S0100\.csv lacks the columns acc_y"):
        read_openpack_atr(path)
    write_rows(path, ATR_HEADER, [["x"] * 11] * 5)
    with pytest.raises(ValueError, match="cannot be read as a table of numbers"):
        read_openpack_atr(path)
    write_rows(path, ATR_HEADER, atr_rows()[:50])
    path.write_text(path.read_text() + "1,2,3\n")
    with pytest.raises(ValueError, match="cannot be read as a table of numbers"):
        read_openpack_atr(path)
    write_rows(path, ATR_HEADER, [])
    with pytest.raises(ValueError, match="no rows"):
        read_openpack_atr(path)
    write_rows(path, ATR_HEADER, atr_rows()[:2])
    with pytest.raises(ValueError, match="at least three rows"):
        read_openpack_atr(path)


def test_zero_quaternions_have_no_world():
    world = openpack_world_acceleration(np.ones((2, 3)), [[1, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(world[0], [-1, -1, 1])
    assert np.isnan(world[1]).all()


# ---- the real session


@pytest.fixture(scope="module")
def sample(request):
    return request.getfixturevalue("shared_data")("openpack_sample")


def test_real_second_labels(sample):
    folder = sample / "openpack/v1.0.0/U0209/annotation/openpack-operations-1hz"
    labels = read_openpack_seconds(folder / "S0500.csv")
    assert len(labels.classes) == 1404
    counts = [int((labels.classes == k).sum()) for k in OPERATIONS]
    assert counts == [153, 201, 220, 114, 194, 63, 197, 127, 18, 117]
    assert set(labels.boxes) == set(range(1, 21))


@pytest.mark.parametrize("device", ["atr01", "atr02"])
def test_real_world_acceleration_points_up(sample, device):
    atr = read_openpack_atr(sample / f"openpack/v1.0.0/U0209/atr/{device}/S0500.csv")
    mean = openpack_world_acceleration(atr.acc, atr.quaternion).mean(axis=0)
    np.testing.assert_allclose(mean, [0, 0, 9.8], atol=0.4)
    uncorrected = openpack_world_acceleration(atr.acc * [-1, -1, 1], atr.quaternion).mean(axis=0)
    assert np.abs(uncorrected - [0, 0, 9.8]).max() > 0.4


@pytest.mark.parametrize("device", ["atr01", "atr02"])
def test_real_gyro_agrees_with_the_orientation(sample, device):
    atr = read_openpack_atr(sample / f"openpack/v1.0.0/U0209/atr/{device}/S0500.csv")
    q = atr.quaternion
    steps = quat_multiply(quat_conjugate(q[:-4]), q[4:])
    rate = rotvec_from_quat(steps) / (4 * 0.03) * [-1, -1, 1]
    gyro = np.stack(
        [np.convolve(axis, np.ones(4) / 4, "valid")[: len(rate)] for axis in atr.gyro.T], 1
    )
    correlation = np.corrcoef(rate.ravel(), gyro.ravel())[0, 1]
    slope = (rate * gyro).sum() / (gyro * gyro).sum()
    assert correlation > 0.95
    assert 0.9 < slope < 1.1


@pytest.mark.slow
def test_real_windows_are_recognized_across_boxes(sample):
    data = load_openpack(sample)
    assert data.X.rate("imu") == pytest.approx(100 / 3)
    assert set(data.groups) == {"U0209"} and len(set(data.boxes)) == 20
    imu = data.X["imu"]
    features = np.hstack(
        [imu.mean(2), imu.std(2), imu.min(2), imu.max(2), np.abs(np.diff(imu)).mean(2)]
    )
    forest = ExtraTreesClassifier(100, random_state=0)
    predicted = cross_val_predict(forest, features, data.y, cv=GroupKFold(5), groups=data.boxes)
    assert (predicted == data.y).mean() > 0.6


@pytest.mark.slow
def test_real_e4_has_units_and_clock(sample):
    recording = load_openpack(sample, sensors=("atr01", "e401"), seconds=None).recordings[0]
    atr, e4 = (np.linalg.norm(recording.data[:, k : k + 3], axis=1) for k in (0, 6))
    assert 0.9 < np.median(e4) / STANDARD_GRAVITY < 1.2
    first = slice(0, 6000)  # before the clocks have parted
    assert np.corrcoef(atr[first], e4[first])[0, 1] > 0.8
