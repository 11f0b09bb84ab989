"""A folder of videos as a source of a corpus: captions, the cache, refusals, the table."""

from __future__ import annotations

import csv
import warnings

import joblib
import numpy as np
import pytest

from m3n_sklearn import SMPLIMUSimulator, build_corpus
from m3n_sklearn.pretraining.corpus._folder import open_corpus
from m3n_sklearn.video import corpus_source
from m3n_sklearn.video._captions import captions_of

from .scenes import Recorded, perform, person, video, without

pytest.importorskip("av", reason='PyAV is not installed: pip install "m3n-sklearn[video]"')

COUNT = 45


@pytest.fixture(scope="module")
def track():
    return person(perform("wave", seconds=COUNT / 30))


@pytest.fixture
def folder(tmp_path):
    for name in ("wave/wave_hand-01.mp4", "wave/wave_hand-02.mp4", "clap/ClapHands.mp4"):
        place = tmp_path / "videos" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        # other content, so that each file has landmarks of its own
        video(place.parent, COUNT, place.name, background=float(40 + 30 * len(place.stem)))
    shade = video(tmp_path / "videos" / "wave", COUNT, "wave_hand-02.mp4", background=90.0)
    assert shade.exists()
    return tmp_path / "videos"


def source_of(folder, track, **options):
    model = options.pop("model", None) or Recorded(track)
    options = {"captions": "folders", "license": "own", "verbose": 0, **options}
    return corpus_source(folder, model=model, cache=folder.parent / "cache", **options)


def test_motions_names_captions_and_the_table(folder, track):
    source = source_of(folder, track)
    motions = list(source)
    assert [(m.name, m.text) for m in motions] == [
        ("clap/ClapHands", ("clap",)),
        ("wave/wave_hand-01", ("wave",)),
        ("wave/wave_hand-02", ("wave",)),
    ]
    assert (source.name, source.license) == ("video", "own") and len(source.digests()) == 3
    row = source.motions.table[1]
    assert row["file"] == "wave/wave_hand-01" and row["pieces"] == row["people"] == 1
    assert row["found"] == row["right_wrist"] == 1.0 and abs(row["tilt"]) < 3
    with (folder.parent / "cache" / "table.csv").open(newline="") as file:
        assert [line["file"] for line in csv.DictReader(file)] == [m.name for m in motions]


def test_the_networks_run_once(folder, track):
    first = Recorded(track)
    source_of(folder, track, model=first)
    assert len(first.seen) == 3 * COUNT
    again = Recorded(track)
    motions = list(source_of(folder, track, model=again, captions="names", person=0))
    assert again.seen == [] and motions[0].text == ("clap hands",)
    # a file that is new, and one whose landmarks are damaged
    video(folder, COUNT, "new.mp4", background=200.0)
    next((folder.parent / "cache").glob("*.npz")).write_bytes(b"half a file")
    last = Recorded(track)
    source_of(folder, track, model=last, captions="names")
    assert len(last.seen) == 2 * COUNT


def test_after_a_kill_the_rest_is_done(folder, track):
    class Dies(Recorded):
        def __call__(self, frame):
            if len(self.seen) > 1.5 * COUNT:
                raise KeyboardInterrupt
            return super().__call__(frame)

    with pytest.raises(KeyboardInterrupt):
        source_of(folder, track, model=Dies(track))
    Dies.__call__ = Recorded.__call__
    rest = Dies(track)
    source_of(folder, track, model=rest)
    assert len(rest.seen) == 2 * COUNT


def test_refusals_are_listed_and_not_fatal(folder, track):
    (folder / "broken.mp4").write_bytes(b"nothing" * 50)

    class Shy(Recorded):
        def __call__(self, frame):
            return [] if frame[100, 200, 0] > 200 else super().__call__(frame)

    video(folder, COUNT, "empty.mp4", background=240.0)
    with pytest.warns(UserWarning, match=r"2 of 5 videos give no motion.*broken.*empty.*nobody"):
        source = source_of(folder, track, model=Shy(track), captions="names")
    assert len(list(source)) == 3
    reasons = {row["file"]: row["refused"] for row in source.motions.table}
    assert "broken.mp4" in reasons["broken"] and reasons["empty"] == "nobody was found"
    with pytest.raises(ValueError, match=r"No video in .* gives a motion"):
        nobody = Recorded(without(track, (0, COUNT)))
        source_of(folder, track, model=nobody, max_rate=59.0, captions="names")


def test_threads_give_the_same(folder, track):
    one = list(source_of(folder, track))
    for file in (folder.parent / "cache").glob("*.npz"):
        file.unlink()

    with joblib.parallel_config("threading"):
        two = list(source_of(folder, track, n_jobs=2))
    for a, b in zip(one, two, strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.poses, b.poses)


def test_a_corpus(folder, track):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = build_corpus(
            source_of(folder, track, captions={"ClapHands": "somebody claps"}),
            folder.parent / "corpus",
            simulator=SMPLIMUSimulator(sites=("right_wrist",)),
            seconds=1.28,
        )
    corpus = open_corpus(path)
    assert set(corpus["source"].tolist()) == {"video"} and len(corpus) >= 3


FILES = ["a/walk_01.mp4", "a/run.mp4", "b/run.mp4"]


def test_captions_from_names():
    texts = captions_of(["x/personWaves (2).mp4", "x/sit-down_12.mov"], "names")
    assert [caption.text for caption in texts.values()] == [("person waves",), ("sit down",)]
    with pytest.raises(ValueError, match="no folder below"):
        captions_of(["walk.mp4"], "folders")


def test_captions_from_a_table(tmp_path):
    path = tmp_path / "captions.csv"
    path.write_text(
        "file,text,subject\na/run.mp4,a man runs,7\na/run.mp4,somebody jogs,\nwalk_01,walks,8\n"
    )
    with pytest.warns(UserWarning, match=r"1 of 3 videos have no caption.*b/run"):
        texts = captions_of(FILES, path)
    assert texts["a/run.mp4"] == (("a man runs", "somebody jogs"), None, "7")
    assert texts["a/walk_01.mp4"].text == ("walks",) and texts["b/run.mp4"].text == ()
    path.write_text("file,text\nrun.mp4,two files have this name\n")
    with pytest.raises(ValueError, match=r"no video in the folder, or to several: run\.mp4"):
        captions_of(FILES, path)
    path.write_text("video,words\n")
    with pytest.raises(ValueError, match="needs the columns file and text"):
        captions_of(FILES, path)
    with pytest.raises(TypeError, match="captions must be"):
        captions_of(FILES, 3)


def test_empty_folders(tmp_path, track):
    with pytest.raises(FileNotFoundError, match="not a folder"):
        source_of(tmp_path / "nowhere", track)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="No video in"):
        source_of(tmp_path / "empty", track)
