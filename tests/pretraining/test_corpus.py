from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from m3n_sklearn import Windows
from m3n_sklearn.pretraining import open_corpus, save_corpus
from m3n_sklearn.pretraining.corpus import _folder

from ..disks import full_disk


def windows(n: int = 7) -> Windows:
    rng = np.random.default_rng(0)
    texts = ["wave", ("walk", "a person walks"), ""] * n
    return Windows(
        imu=rng.standard_normal((n, 6, 20)),
        pose=rng.standard_normal((n, 12, 24, 3)),
        text=texts[:n],
        clip=[f"clip{i}" for i in range(n)],
        rate={"imu": 50.0, "pose": 30.0},
        channels=[f"right_wrist_{s}_{a}" for s in ("acc", "gyro") for a in "xyz"],
        margin=0.1,
        present={"imu": np.arange(n) != 2},
    )


def test_round_trip(tmp_path: Path) -> None:
    X = windows()
    opened = open_corpus(save_corpus(X, tmp_path / "corpus"))
    assert opened.columns == ("imu", "pose", "clip", "text") or set(opened.columns) == set(
        X.columns
    )
    assert (opened.margin, opened.channels, dict(opened.rates)) == (
        X.margin,
        X.channels,
        dict(X.rates),
    )
    for name in X.columns:
        assert np.array_equal(opened[name], X[name]), name
        assert np.array_equal(opened.present(name), X.present(name))
    assert isinstance(opened["pose"], np.memmap)
    assert opened["text"][1] == ("walk", "a person walks")


def test_rows_of_a_slice_are_written(tmp_path: Path) -> None:
    X = windows()[[5, 1]]
    opened = open_corpus(save_corpus(X, tmp_path / "corpus"))
    assert len(opened) == 2
    assert np.array_equal(opened["imu"], X["imu"])


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    save_corpus(windows(), tmp_path / "corpus")
    with pytest.raises(FileExistsError, match="exists already"):
        save_corpus(windows(), tmp_path / "corpus")


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    objects = np.empty(7, dtype=object)
    with pytest.raises(TypeError, match="Python objects"):
        save_corpus(windows().assign(meta=objects), tmp_path / "corpus")
    assert not list(tmp_path.iterdir())


def test_only_windows(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must be Windows"):
        save_corpus(np.zeros((3, 6, 20)), tmp_path / "corpus")  # type: ignore[arg-type]


def test_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is not a corpus.*no meta\.json.*save_corpus"):
        open_corpus(tmp_path)
    folder = save_corpus(windows(), tmp_path / "corpus")
    (folder / "pose.npy").write_bytes((folder / "pose.npy").read_bytes()[:300])
    with pytest.raises(ValueError, match=r"pose\.npy is damaged"):
        open_corpus(folder)
    (folder / "pose.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks pose\.npy"):
        open_corpus(folder)
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "format": 99}))
    with pytest.raises(ValueError, match="format 99"):
        open_corpus(folder)
    (folder / "meta.json").write_text("{")
    with pytest.raises(ValueError, match=r"meta\.json is damaged"):
        open_corpus(folder)


def test_a_flipped_byte_anywhere_is_seen(tmp_path: Path) -> None:
    folder = save_corpus(windows(), tmp_path / "corpus")
    open_corpus(folder)
    for file in sorted(folder.iterdir()):
        good = file.read_bytes()
        for place in np.linspace(0, len(good) - 1, 9).astype(int):
            bad = bytearray(good)
            bad[place] ^= 4
            file.write_bytes(bad)
            with pytest.raises(ValueError, match=rf"{file.name} is damaged"):
                open_corpus(folder)
        for content in (good[:-1], good + b"x", b""):
            file.write_bytes(content)
            with pytest.raises(ValueError, match=rf"{file.name} is damaged"):
                open_corpus(folder)
        file.write_bytes(good)
    assert len(open_corpus(folder)) == 7


def test_verification_can_be_left_out_and_is_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_corpus(windows(), tmp_path / "corpus")
    read = []
    digest = _folder.file_digest
    monkeypatch.setattr(_folder, "file_digest", lambda path: read.append(path) or digest(path))
    assert len(open_corpus(folder, verify=False)) == 7 and read == []
    for _ in range(2):
        open_corpus(folder)
    assert sorted(read) == sorted(folder.glob("*.npy"))


def test_missing_additional_and_renamed_files_are_named(tmp_path: Path) -> None:
    folder = save_corpus(windows(), tmp_path / "corpus")
    (folder / "imu.npy").rename(folder / "imu_old.npy")
    with pytest.raises(FileNotFoundError, match=r"lacks imu\.npy .*has imu_old\.npy instead"):
        open_corpus(folder)
    (folder / "imu_old.npy").rename(folder / "imu.npy")
    np.save(folder / "more.npy", np.zeros(3))
    (folder / "README.txt").write_text("about")
    with pytest.warns(UserWarning, match=r"has more\.npy, which is not part of the corpus"):
        assert len(open_corpus(folder)) == 7
    shutil.copy(folder / "imu.npy", folder / "pose.npy")
    with pytest.raises(ValueError, match=r"pose\.npy is damaged"):
        open_corpus(folder, verify=True)


def test_the_manifest_of_another_corpus_is_noticed(tmp_path: Path) -> None:
    folder = save_corpus(windows(), tmp_path / "corpus")
    for text in ('{"files": {"imu.npy": "0"}}', "{"):
        (folder / "manifest.json").write_text(text)
        with pytest.raises(ValueError, match=r"manifest\.json is damaged, or is that of another"):
            open_corpus(folder)


@pytest.mark.parametrize("room", [0, 500, 5000])
def test_a_full_disk_is_named(tmp_path: Path, room: int) -> None:
    with full_disk(room), pytest.raises(OSError, match="Free some space") as error:
        save_corpus(windows(), tmp_path / "corpus")
    assert Path(error.value.filename).suffix in (".npy", ".json")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_has_left_is_deleted(tmp_path: Path) -> None:
    place = tmp_path / ".corpus.building" / "corpus"
    place.mkdir(parents=True)
    (place / "imu.npy").write_bytes(b"half")
    (tmp_path / ".corpus.lock").touch()
    save_corpus(windows(), tmp_path / "corpus")
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]
