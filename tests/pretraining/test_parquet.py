"""Corpora as parquet files: equal bits on the way there and back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from m3n_sklearn import Motion, Windows
from m3n_sklearn.pretraining import (
    CorpusSource,
    build_corpus,
    export_corpus,
    import_corpus,
    open_corpus,
    save_corpus,
)
from m3n_sklearn.pretraining.corpus import _parquet

arrow = pytest.importorskip("pyarrow", reason="parquet files need pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def windows(n: int = 7) -> Windows:
    rng = np.random.default_rng(0)
    texts = ["wave", ("walk", "a person walks"), "", ("walk",)] * n
    return Windows(
        imu=rng.standard_normal((n, 6, 20)).astype(np.float32),
        pose=rng.standard_normal((n, 12, 24, 3)),
        text=texts[:n],
        clip=[f"clip{i}" for i in range(n)],
        start=np.arange(n) / 3,
        context=rng.integers(0, 3, (n, 2)),
        observed=rng.random((n, 6, 20)) > 0.5,
        level=rng.random(n).astype(np.float16),
        rate={"imu": 50.0, "pose": 30.0},
        channels=[f"right_wrist_{s}_{a}" for s in ("acc", "gyro") for a in "xyz"],
        margin=0.1,
        present={"imu": np.arange(n) != 2, "text": np.arange(n) != 3},
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("rows", [slice(None), slice(0, 0), slice(0, 1)])
def test_a_corpus_comes_back_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: slice
) -> None:
    monkeypatch.setattr(_parquet, "CHUNK", 3)  # several row groups, the last one not full
    folder = save_corpus(windows()[rows], tmp_path / "corpus")
    file = export_corpus(folder, tmp_path / "x.parquet")
    again = import_corpus(file, tmp_path / "again")
    assert contents(again) == contents(folder)
    assert open_corpus(again).columns == windows().columns
    assert parquet.ParquetFile(file).num_row_groups == -(-len(windows()[rows]) // 3)


def test_windows_are_exported_as_their_corpus_is(tmp_path: Path) -> None:
    X = windows()
    folder = save_corpus(X[[4, 1, 2]], tmp_path / "corpus")
    for number, given in enumerate((X[[4, 1, 2]], folder)):
        file = export_corpus(given, tmp_path / f"{number}.parquet")
        assert contents(import_corpus(file, tmp_path / str(number))) == contents(folder)
    assert {path.suffix for path in tmp_path.iterdir()} <= {"", ".parquet", ".lock"}


def test_other_tools_read_windows_captions_and_masks(tmp_path: Path) -> None:
    X = windows()
    table = parquet.read_table(export_corpus(X, tmp_path / "x.parquet"))
    assert table.column_names == [*X.columns, "imu.present", "text.present"]
    assert table["text"].to_pylist()[:4] == [["wave"], ["walk", "a person walks"], [""], ["walk"]]
    assert table["imu.present"].to_pylist() == X.present("imu").tolist()
    imu = np.stack(table["imu"].to_pylist()).reshape(7, 6, 20)
    assert np.array_equal(imu.astype(np.float32), X["imu"])
    facts = json.loads(table.schema.metadata[b"m3n_corpus"])
    assert facts["columns"]["imu"] == ["<f4", [6, 20]]
    assert (facts["rates"], facts["margin"]) == ({"imu": 50.0, "pose": 30.0}, 0.1)
    # without paraphrases, captions are strings
    plain = export_corpus(X[[0, 4]], tmp_path / "plain.parquet")
    assert parquet.read_table(plain)["text"].to_pylist() == ["wave", "wave"]


def test_a_built_corpus_keeps_its_manifest(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = [
        Motion(
            np.cumsum(rng.normal(0, 0.01, (90, 24, 3)), axis=0),
            np.zeros((90, 3)),
            30.0,
            text=(name, f"a person {name}"),
            name=name,
        )
        for name in ("walks", "waves")
    ]
    sources = [CorpusSource("ours", "CC0", clips)]
    folder = build_corpus(sources, tmp_path / "corpus", seconds=1.0, n_windows=4, random_state=0)
    file = export_corpus(folder, tmp_path / "x.parquet")
    assert contents(import_corpus(file, tmp_path / "again")) == contents(folder)
    # rows that are not those of the manifest
    table = parquet.read_table(file)
    parquet.write_table(table.slice(1), tmp_path / "less.parquet")
    with pytest.raises(ValueError, match=r"less\.parquet: its rows are not those of its manifest"):
        import_corpus(tmp_path / "less.parquet", tmp_path / "less")


def test_rows_may_be_chosen_with_pyarrow(tmp_path: Path) -> None:
    X = windows()
    table = parquet.read_table(export_corpus(X, tmp_path / "x.parquet"))
    parquet.write_table(table.take([5, 2]), tmp_path / "two.parquet")
    two = open_corpus(import_corpus(tmp_path / "two.parquet", tmp_path / "two"))
    assert np.array_equal(two["pose"], X[[5, 2]]["pose"])
    assert two["text"].tolist() == X[[5, 2]]["text"].tolist()
    assert two.present("imu").tolist() == [True, False]


def test_bad_input_is_named(tmp_path: Path) -> None:
    X = windows()
    file = export_corpus(X, tmp_path / "x.parquet")
    with pytest.raises(FileExistsError, match="exists already"):
        export_corpus(X, file)
    with pytest.raises(FileExistsError, match="exists already"):
        import_corpus(file, tmp_path)
    with pytest.raises(ValueError, match=r"must end in \.parquet"):
        export_corpus(X, tmp_path / "x.csv")
    with pytest.raises(TypeError, match="folder or Windows, got ndarray"):
        export_corpus(X["imu"], tmp_path / "y.parquet")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match="is not a corpus"):
        export_corpus(tmp_path / "nothing", tmp_path / "y.parquet")
    with pytest.raises(FileNotFoundError, match="No file at"):
        import_corpus(tmp_path / "nothing.parquet", tmp_path / "y")
    for bad in (np.array(["a", None] * 4)[:7], np.ones(7, complex), np.ones(7, "M8[s]")):
        with pytest.raises(TypeError, match="Column 'meta' contains"):
            export_corpus(X.assign(meta=bad), tmp_path / "y.parquet")
    # files of others, and damaged ones
    parquet.write_table(arrow.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=r"other\.parquet: it was not written by export_corpus"):
        import_corpus(tmp_path / "other.parquet", tmp_path / "y")
    parquet.write_table(parquet.read_table(file).drop(["pose"]), tmp_path / "less.parquet")
    with pytest.raises(ValueError, match=r"less\.parquet: it should have the columns"):
        import_corpus(tmp_path / "less.parquet", tmp_path / "y")
    (tmp_path / "cut.parquet").write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"cut\.parquet cannot be read as a corpus in parquet"):
        import_corpus(tmp_path / "cut.parquet", tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (export_corpus, import_corpus):
        with pytest.raises(ImportError, match=r"m3n-sklearn\[table\]"):
            call(windows(), tmp_path / "x.parquet")  # type: ignore[arg-type]
