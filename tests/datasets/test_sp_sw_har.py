from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn.datasets import load_sp_sw_har

ORDER = ("SEATED", "STANDING_UP", "WALKING", "TURNING", "SITTING_DOWN")
RATE = 104.3


def stamps(count, seed=0):
    """Whole milliseconds that jitter about an even clock."""
    jitter = np.random.default_rng(seed).uniform(-0.004, 0.004, count)
    times = np.arange(count) / RATE + jitter
    return np.round(times - times[0], 3)


def execution(count=1000, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, 6))
    values[:, 2] += 9.8
    labels = np.repeat(np.arange(5), count // 5)
    return stamps(count, seed), values, labels


def write_csv(root, name, times, values, labels):
    folder = root / "DATA" / name[:3]
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label"]
    for time, row, label in zip(times, values, labels, strict=True):
        numbers = ",".join(f"{value:.9g}" for value in row)
        lines.append(f"{numbers},{1657533977810 + round(1000 * time)},{ORDER[label]}")
    (folder / f"{name}_sw.csv").write_text("\n".join(lines))


def write_archive(root, names, executions):
    times, values, labels = (np.concatenate(part) for part in zip(*executions, strict=True))
    np.savez(
        root / "sp_sw_har_watch.npz",
        acc=values[:, :3],
        gyro=values[:, 3:],
        time=times,
        label=labels,
        label_names=np.array(ORDER),
        rec_ptr=np.cumsum([0, *(len(one[0]) for one in executions)]),
        subject=[int(name[1:3]) for name in names],
        execution=[int(name[4:]) for name in names],
    )


NAMES = ("s01_01", "s01_02", "s23_01")


@pytest.fixture
def root(tmp_path):
    for seed, name in enumerate(NAMES):
        write_csv(tmp_path, name, *execution(seed=seed))
    (tmp_path / "DATA" / "s01" / "s01_01_sp.csv").write_text("the phone's")
    return tmp_path


@pytest.mark.slow
def test_recordings_are_at_the_rate_of_their_stamps(root):
    data = load_sp_sw_har(root, seconds=None)
    assert [recording.name for recording in data.recordings] == list(NAMES)
    assert [recording.subject for recording in data.recordings] == [1, 1, 23]
    for recording in data.recordings:
        assert recording.rate == pytest.approx(RATE, rel=1e-3)
        assert recording.n_samples == 1000 and recording.sites == ("left_wrist",)
    assert data.X is None and data.motions == []


@pytest.mark.slow
def test_lost_rows_are_marked_and_move_nothing(root):
    times, values, labels = execution()
    whole = load_sp_sw_har(root, subjects=1, seconds=None).recordings[0]
    lost = [400, 401, 402, 700]
    write_csv(root, "s01_01", *(np.delete(part, lost, axis=0) for part in (times, values, labels)))
    damaged = load_sp_sw_har(root, subjects=1, seconds=None).recordings[0]
    assert damaged.n_samples == 1000 and damaged.rate == pytest.approx(whole.rate, rel=1e-3)
    # a loss next to jitter is found, but for one sample
    gone = np.flatnonzero(~damaged.observed.all(axis=1))
    assert len(gone) == 4 and np.abs(gone - lost).max() <= 1
    far = np.abs(np.arange(1000)[:, None] - lost).min(axis=1) > 20
    assert np.abs(damaged.data - whole.data)[far].max() < 0.2
    assert damaged.labels[far].tolist() == whole.labels[far].tolist()


@pytest.mark.slow
def test_windows_carry_people_classes_and_executions(root):
    data = load_sp_sw_har(root)
    assert data.X["imu"].shape[1:] == (6, 100) and data.X.rate("imu") == 50.0
    assert data.X["imu"].dtype == np.float32
    assert set(data.y) <= set(ORDER) and list(data.label_names) == list(ORDER)
    assert list(data.descriptions) == list(ORDER)
    assert set(zip(data.groups, data.executions, strict=True)) == {(1, 1), (1, 2), (23, 1)}
    assert set(data.sessions) == {"s01", "s23"}
    pure = load_sp_sw_har(root, min_purity=0.99, seconds=1.0)
    assert len(pure.y) < len(load_sp_sw_har(root, seconds=1.0).y)


@pytest.mark.slow
def test_both_layouts_say_the_same(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("archive")
    write_archive(other, NAMES, [execution(seed=seed) for seed in range(3)])
    a, b = load_sp_sw_har(root), load_sp_sw_har(other)
    np.testing.assert_allclose(a.X["imu"], b.X["imu"], atol=1e-5)
    assert a.y.tolist() == b.y.tolist() and a.executions.tolist() == b.executions.tolist()


def test_subjects_are_chosen(root):
    assert set(load_sp_sw_har(root, subjects=23).groups) == {23}
    with pytest.raises(ValueError, match="subjects must be among 1, 2"):
        load_sp_sw_har(root, subjects=24)
    with pytest.raises(FileNotFoundError, match=r"no execution of the chosen people \[5\]"):
        load_sp_sw_har(root, subjects=5)


def test_missing_and_broken_files_are_named(tmp_path, root):
    with pytest.raises(FileNotFoundError, match=r"does not exist.*GeoTecINIT"):
        load_sp_sw_har(tmp_path / "nowhere")
    times, values, labels = execution()
    write_csv(root, "s02_01", np.where(np.arange(1000) < 500, times, times + 1), values, labels)
    with pytest.raises(ValueError, match=r"s02_01 must increase .* without a gap"):
        load_sp_sw_har(root)
    (root / "sp_sw_har_watch.npz").write_bytes(b"no archive")
    with pytest.raises(
        ValueError, match=r"sp_sw_har_watch\.npz cannot be read as an \.npz archive"
    ):
        load_sp_sw_har(root)


def test_unknown_labels_are_refused(tmp_path):
    times, values, labels = execution()
    write_csv(tmp_path, "s01_01", times, values, labels)
    file = tmp_path / "DATA" / "s01" / "s01_01_sw.csv"
    file.write_text(file.read_text().replace("WALKING", "FLYING"))
    with pytest.raises(ValueError, match=r"labels among SEATED.*it has FLYING"):
        load_sp_sw_har(tmp_path)


@pytest.mark.slow
def test_the_real_set(shared_data):
    data = load_sp_sw_har(shared_data("sp_sw_har_watch"))
    assert len(data.recordings) == 223 and len(set(data.groups)) == 23
    assert all(104.2 < recording.rate < 104.4 for recording in data.recordings)
    counts = dict(zip(*np.unique(data.y, return_counts=True), strict=True))
    assert counts == {
        "SEATED": 81, "SITTING_DOWN": 224, "STANDING_UP": 259, "TURNING": 463, "WALKING": 1159,
    }  # fmt: skip
    norm = np.median(np.linalg.norm(data.X["imu"][:, :3], axis=1))
    assert 9 < norm < 11
