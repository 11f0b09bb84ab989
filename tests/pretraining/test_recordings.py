"""Recordings in a corpus: places, captions, balance, and what a pretrainer makes of them."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from joblib import parallel_config

from m3n_sklearn import Multi3NetPretrainer, Recording, SMPLIMUSimulator, Windows
from m3n_sklearn._inputs import read_imu
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import (
    Augmentation,
    CorpusSource,
    build_corpus,
    open_corpus,
    rebuild_corpus,
)
from m3n_sklearn.pretraining.corpus import _build, _recorded
from m3n_sklearn.pretraining.corpus._recorded import places_of
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import Randomization
from m3n_sklearn.text import activity_sentences

BOTH = SMPLIMUSimulator(sites=("left_wrist", "right_wrist"), smoothing=None)
SHORT = {"seconds": 1.0, "rate": 25.0, "pose_rate": 15.0}


def readings(seconds: float, rate: float, columns: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0, 2, (round(seconds * rate), columns))
    values[:, 2::6] += 9.8
    return values


def recording(site="right_wrist", kinds=("acc", "gyro"), rate=25.0, seconds=3.0, **facts):
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    names = channel_names(site, kinds) if site else [f"{k}_{a}" for k in kinds for a in "xyz"]
    facts = {"labels": "walking", "subject": "ann", "name": "one", **facts}
    return Recording(readings(seconds, rate, len(names)), rate, names, **facts)


def recorded(clips, name: str = "real", **facts) -> CorpusSource:
    return CorpusSource.from_recordings(name, "CC BY 4.0", clips, **facts)


def moved(names=("walk", "wave")) -> CorpusSource:
    clips = make_motions(1, 1, names, seconds=2.2, rate=30.0, random_state=0)
    return CorpusSource("made", "BSD-3-Clause", clips)


def built(tmp_path, *sources, simulator=BOTH, name="corpus", **changes) -> Windows:
    folder = build_corpus(sources, tmp_path / name, simulator=simulator, **{**SHORT, **changes})
    return open_corpus(folder)


# ---- rows of a corpus


def test_motions_and_recordings_share_a_corpus(tmp_path):
    real = recorded([recording(), recording(name="two", labels=None)])
    corpus = built(tmp_path, moved(), real)
    rows = corpus["source"] == "real"
    assert rows.sum() == 8 and corpus.present("imu").all()
    for name in ("pose", "trans", "context"):
        assert np.array_equal(corpus.present(name), ~rows)
        assert not corpus[name][rows].any()
    assert corpus["pose"][~rows].any()
    assert corpus["text"][rows][0] == activity_sentences("walking")
    assert corpus["text"][rows][-1] == ""
    assert set(corpus["groups"][rows]) == {"real/ann"}
    # walking is walking, whoever recorded it
    walked = corpus["clip"] == "made/person0/walk/0"
    assert set(corpus["text"][walked][0]) & set(corpus["text"][rows][0])
    measured = corpus["measured"]
    assert measured[~rows].all()
    assert measured[rows].tolist() == [[False] * 6 + [True] * 6] * 8
    assert set(corpus["mount"]) == {"known"}


def test_readings_are_resampled_and_placed(tmp_path):
    slow = recording(kinds="acc", rate=12.5, seconds=4.0)
    corpus = built(tmp_path, recorded([slow]))
    there = slow.resample(25.0).data[:25].T
    np.testing.assert_allclose(corpus["imu"][0, 6:9], there, atol=1e-5)
    assert not corpus["imu"][0, :6].any() and not corpus["imu"][0, 9:].any()
    assert corpus.modalities == ("text", "imu")  # without motions there are no poses


def test_the_left_is_mirrored_into_the_right(tmp_path):
    left = recording("left_wrist", labels="lying on right side")
    right = SMPLIMUSimulator(sites=("right_wrist",), smoothing=None)
    corpus = built(tmp_path, recorded([left]), simulator=right)
    signs = np.array([-1, 1, 1, 1, -1, -1])[:, None]
    np.testing.assert_allclose(corpus["imu"][0], signs * left.data[:25].T, atol=1e-5)
    assert "a person lies on the left side" in corpus["text"][0]
    assert "a person lies on the right side" not in corpus["text"][0]


def test_mirrored_readings_are_those_of_the_mirrored_motion():
    motion = make_motions(1, 1, ["swipe_left"], seconds=2.0, random_state=0)[0]
    simulator = SMPLIMUSimulator(sites=("left_wrist",), randomize=None)
    left = simulator.simulate(motion).replace(name="l")
    right = simulator.set_params(sites=("right_wrist",)).simulate(motion.mirrored())
    [place] = places_of(left, right.channels)
    np.testing.assert_allclose(place.signs * left.data[:, place.columns], right.data, atol=0.05)


def test_a_wrist_without_a_side_is_worn_on_both_in_turn(tmp_path):
    for k, site in enumerate(("wrist", "")):
        corpus = built(tmp_path, recorded([recording(site)]), name=str(k))
        assert corpus["measured"][:, 0].tolist() == [True, False, True, False]
        assert (corpus["measured"].sum(axis=1) == 6).all()


@pytest.mark.parametrize("site", ["left_ankle", "ankle"])
def test_a_site_that_the_corpus_lacks_is_refused(tmp_path, site):
    with pytest.raises(ValueError, match=f"sensors at '{site}', and the corpus has 'left_wrist'"):
        built(tmp_path, recorded([recording(site)]))


def test_other_sites_next_to_a_wrist_without_a_side_are_left_out(tmp_path):
    names = channel_names("wrist") + channel_names("chest")
    clip = Recording(readings(3, 25, 12), 25.0, names, labels="walking", name="one")
    corpus = built(tmp_path, recorded([clip]))
    assert corpus["measured"][:, 0].tolist() == [True, False, True, False]
    assert (corpus["measured"].sum(axis=1) == 6).all()


def test_without_a_simulator_the_channels_are_those_of_the_recordings(tmp_path):
    sources = [
        moved(),
        recorded([recording("right_wrist", "acc")], "a"),
        recorded([recording("wrist")], "b"),
    ]
    corpus = built(tmp_path, *sources, simulator=None, margin=0.2)
    assert corpus.channels == channel_names("right_wrist")
    made = corpus["source"] == "made"
    assert np.array_equal(corpus.present("imu"), ~made)
    assert not corpus["measured"][made].any()
    assert corpus["measured"][corpus["source"] == "a"].tolist() == [[True] * 3 + [False] * 3] * 4


@pytest.mark.parametrize(
    ("site", "lost"), [("right_wrist", "right_wrist gyro"), ("chest", "chest acc, chest gyro")]
)
def test_sensors_that_only_late_recordings_have_are_not_lost(tmp_path, monkeypatch, site, lost):
    monkeypatch.setattr(_recorded, "READ_AHEAD", 2)
    clips = [recording(kinds="acc", name=str(k)) for k in range(2)]
    late = recording(name="2")
    if site == "chest":
        names = channel_names("right_wrist", "acc") + channel_names("chest")
        late = Recording(readings(3, 25, 9), 25.0, names, labels="walking", name="2")
    with pytest.raises(ValueError, match=f"'real/2' has the sensors {lost}, for which"):
        built(tmp_path, recorded([*clips, late]), simulator=None)
    assert len(built(tmp_path, recorded([late, *clips]), simulator=None)) == 12
    # a simulator says what is wanted
    assert len(built(tmp_path, recorded([*clips, late]), name="simulated")) == 12


def test_an_iterator_is_not_read_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(_recorded, "READ_AHEAD", 2)
    clips = [recording(name=str(k)) for k in range(3)]
    same = iter(clips)
    with pytest.raises(ValueError, match=r"'real' is read a second time, .* are an iterator"):
        built(tmp_path, recorded(lambda: same), simulator=None)
    assert len(built(tmp_path, recorded(lambda: iter(clips)), simulator=None)) == 12
    assert len(built(tmp_path, recorded(iter(clips)), simulator=None, name="kept")) == 12
    motions = CorpusSource("made", "BSD-3-Clause", iter(make_motions(1, 1, ["wave"])))
    assert len(list(motions)) == 1
    with pytest.raises(ValueError, match="its Motions are an iterator"):
        list(motions)


def test_a_source_without_recordings_is_named(tmp_path):
    for simulator in (None, BOTH):
        with pytest.raises(ValueError, match="Source 'real' contains no recording"):
            built(tmp_path, recorded([]), simulator=simulator)


def test_unnamed_channels_are_refused_unless_their_number_tells(tmp_path):
    bare = Recording(readings(3, 25, 6), 25.0, labels="walking", name="bare")
    assert built(tmp_path, recorded([bare]), simulator=None).channels[0] == "acc_x"
    odd = Recording(readings(3, 25, 4), 25.0, labels="walking", name="odd")
    with pytest.raises(ValueError, match="'real/odd' has 4 channels without the names of sensors"):
        built(tmp_path, recorded([odd]), name="other")


# ---- captions


def test_captions_are_those_of_texts(tmp_path):
    labels = np.repeat([1, 2], 50)
    clip = recording(labels=labels, seconds=4.0)
    corpus = built(tmp_path, recorded([clip], texts={1: ["a b", "c d"], 2: ()}))
    assert corpus["text"].tolist().count(("a b", "c d")) == 3
    assert corpus["text"].tolist().count("") == 2  # and the mixed window is left out
    for k, texts in enumerate((None, {1: "a", 2: "b"})):
        texts = built(tmp_path, recorded([clip], texts=texts), name=f"other{k}")["text"].tolist()
        assert set(texts) == ({""} if k == 0 else {"a", "b"})
    with pytest.raises(ValueError, match="no sentences for the labels 2"):
        built(tmp_path, recorded([clip], texts={1: "a"}), name="third")


def test_unknown_labels_are_said_once(tmp_path):
    clips = [recording(labels="hand_stand", name=str(k)) for k in range(20)]
    with pytest.warns(UserWarning, match="'hand_stand' of source 'real' are not in") as told:
        corpus = built(tmp_path, recorded(clips))
    assert len([w for w in told if "hand_stand" in str(w.message)]) == 1
    assert set(corpus["text"]) == {"hand stand"}


def test_a_recording_without_labels_has_its_own_caption(tmp_path):
    clip = recording(labels=None, text="a person juggles")
    assert set(built(tmp_path, recorded([clip]))["text"]) == {"a person juggles"}


def test_wrong_terms_are_refused(tmp_path):
    with pytest.raises(ValueError, match="mount must be one of 'known', 'unknown'"):
        recorded([], mount="so3")
    with pytest.raises(ValueError, match=r"min_purity must lie in \[0, 1\]"):
        recorded([], min_purity=2)
    with pytest.raises(TypeError, match="texts of source 'real' must map labels"):
        recorded([], texts="walking")
    with pytest.raises(TypeError, match="must be a list of Recordings"):
        recorded(recording())
    with pytest.raises(TypeError, match=r"Use CorpusSource\.from_recordings"):
        built(tmp_path, CorpusSource("real", "CC BY 4.0", [recording()]))
    with pytest.raises(ValueError, match="contains no recording"):
        built(tmp_path, recorded([]))


# ---- balance, manifest, repetition


def test_a_person_with_many_hours_does_not_outnumber_the_others(tmp_path):
    clips = [
        recording(seconds=seconds, subject=who, name=who)
        for who, seconds in (("much", 60.0), ("ann", 5.0), ("bob", 5.0))
    ]
    source = recorded(clips)
    for balance, expected in (("uniform", [8, 8, 8]), ("none", [2, 2, 20])):
        corpus = built(tmp_path, source, n_windows=24, balance=balance, name=balance)
        people, counts = np.unique(corpus["groups"], return_counts=True)
        assert people.tolist() == ["real/ann", "real/bob", "real/much"]
        assert np.abs(counts - expected).max() <= 1


def test_the_manifest_describes_recordings_and_builds_them_again(tmp_path):
    clips = [recording(name=str(k), subject=k % 3) for k in range(10)]
    built(tmp_path, moved(), recorded(clips, mount="unknown"))
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text())
    facts = manifest["sources"][1]
    assert facts["clips"] == 10 and facts["hours"] == round(30 / 3600, 4)
    assert facts["recordings"]["people"] == 3 and facts["recordings"]["mount"] == "unknown"
    assert facts["recordings"]["label_hours"] == {"walking": round(30 / 3600, 4)}
    same = [moved(), recorded(clips, mount="unknown")]
    with parallel_config("threading"):
        again = rebuild_corpus(tmp_path / "corpus", same, tmp_path / "again", n_jobs=2)
    assert json.loads((again / "manifest.json").read_text())["files"] == manifest["files"]
    # the same call again, and other recordings
    built(tmp_path, moved(), recorded(clips, mount="unknown"))
    with pytest.raises(FileExistsError):
        built(tmp_path, moved(), recorded(clips[:9], mount="unknown"))
    with pytest.raises(ValueError, match="differs from that of the manifest in texts, mount"):
        rebuild_corpus(tmp_path / "corpus", [moved(), recorded(clips)], tmp_path / "x")
    with pytest.raises(ValueError, match="holds other clips"):
        other = [moved(), recorded(clips[:9], mount="unknown")]
        rebuild_corpus(tmp_path / "corpus", other, tmp_path / "x")


def test_an_interrupted_build_goes_on(tmp_path, monkeypatch):
    clips = [recording(name=str(k)) for k in range(2 * _build.RECORDINGS + 1)]
    whole = built(tmp_path, recorded(clips), name="whole")
    done = []

    def counted(self, key, windows, too_short, keep=_build.Parts.write):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(key)
        keep(self, key, windows, too_short)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(_build.Parts, "write", counted)
        built(tmp_path, recorded(clips))
    first, done = done, []
    with monkeypatch.context() as patched:
        patched.setattr(_build.Parts, "write", lambda *a, k=_build.Parts.write: done.append(k(*a)))
        corpus = built(tmp_path, recorded(clips))
    assert len(first) == 2 and len(done) == 1
    assert np.array_equal(corpus["imu"], whole["imu"])


# ---- what is learned from them


def test_a_pretrainer_reads_what_each_row_has(tmp_path, tiny):
    clips = [
        recording("left_wrist", "acc"),
        recording(["left_wrist", "right_wrist"], labels="typing", subject="bob", name="two"),
        recording("wrist", labels=None, subject="eve", name="three"),
    ]
    corpus = built(tmp_path, moved(), recorded(clips, mount="unknown"))
    pretrainer = Multi3NetPretrainer(**tiny).fit(corpus)
    assert set(pretrainer.objectives_) == {
        "imu_pose", "imu_text", "pose_text", "pose2imu", "reconstruction",
    }  # fmt: skip
    assert pretrainer.labeled_groups_.tolist() == ["real/ann", "real/bob"]
    assert pretrainer.unlabeled_groups_.tolist() == ["real/eve"]
    assert pretrainer.n_unlabeled_ == 4
    # what a row lacks does not matter, whatever stands there
    rows = np.flatnonzero(corpus["clip"] == "real/one")
    part = corpus[rows]
    imu = np.where(part["measured"][..., None], part["imu"], np.float32(7))
    spoiled = part.assign(imu=imu, channels=part.channels)
    assert "measured" in spoiled
    np.testing.assert_array_equal(pretrainer.transform(part), pretrainer.transform(spoiled))
    # and the sensor that is there can be given alone
    alone = Windows(imu=part["imu"][:, :3], channels=channel_names("left_wrist", "acc"), rate=25.0)
    np.testing.assert_allclose(pretrainer.transform(part), pretrainer.transform(alone), atol=1e-5)
    assert np.isfinite(pretrainer.score(corpus)) and np.isfinite(
        pretrainer.score(part.drop("text"))
    )


def test_a_warm_start_remembers_the_people_that_its_weights_have_read(tmp_path, tiny):
    eve = [recording(labels=None, subject="eve"), recording(subject="bob", name="two")]
    first, second = (
        built(tmp_path, moved(), recorded(clips), name=name)
        for name, clips in (("a", [recording()]), ("b", eve))
    )
    pretrainer = Multi3NetPretrainer(warm_start=True, **tiny).fit(first).fit(second)
    assert pretrainer.labeled_groups_.tolist() == ["real/ann", "real/bob"]
    assert pretrainer.unlabeled_groups_.tolist() == ["real/eve"]
    pretrainer.set_params(warm_start=False).fit(second)
    assert pretrainer.labeled_groups_.tolist() == ["real/bob"]


def test_values_that_were_not_measured_do_not_train(tmp_path, tiny):
    corpus = built(tmp_path, moved(), recorded([recording("left_wrist", "acc")]))
    imu = np.where(corpus["measured"][..., None], corpus["imu"], np.float32(30))
    spoiled = corpus.assign(imu=imu, channels=corpus.channels)
    first, second = (Multi3NetPretrainer(**tiny).fit(X) for X in (corpus, spoiled))
    for name, weights in first.weights_.items():
        np.testing.assert_array_equal(weights, second.weights_[name], err_msg=name)


def test_recordings_next_to_motions_that_are_simulated_in_training(tmp_path, tiny):
    corpus = built(tmp_path, moved(), recorded([recording()]), simulator=None, margin=0.2)
    simulator = SMPLIMUSimulator(
        sites=("right_wrist",), rate=25.0, smoothing=None, randomize=Randomization()
    )
    pretrainer = Multi3NetPretrainer(simulator=simulator, **tiny).fit(corpus)
    assert "imu_pose" in pretrainer.objectives_
    assert pretrainer.labeled_groups_.tolist() == ["real/ann"]


def test_rows_of_unknown_mounting_are_turned_to_any_orientation():
    x = np.zeros((4000, 1, 6, 2))
    x[:, 0, 2] = 1.0
    present = np.ones((4000, 1, 2), dtype=bool)
    anyhow = np.arange(4000) % 2 == 0
    cone = Augmentation("cone", strap_flip=0.0, noise=0.0, shortest=1.0)
    up = cone(x, present, np.random.default_rng(0), any_mount=anyhow)[0][:, 0, 2, 0]
    assert up[~anyhow].min() > 0.6 and up[anyhow].min() < -0.9
    assert abs(up[anyhow].mean()) < 0.05
    # the other rows are as they would be without
    without = cone(x, present, np.random.default_rng(0))[0][:, 0, 2, 0]
    np.testing.assert_array_equal(up[~anyhow], without[~anyhow])
    still = Augmentation(None, noise=0.0, shortest=1.0)
    assert (still(x, present, np.random.default_rng(0), any_mount=anyhow)[0] == x).all()


def test_a_classifier_refuses_rows_that_lack_sensors(tmp_path):
    corpus = built(tmp_path, recorded([recording("left_wrist", "acc")]))
    with pytest.raises(ValueError, match="4 of 4 rows lack some channels of imu"):
        Multi3NetClassifier().fit(corpus, np.arange(4) % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        part = read_imu(Multi3NetPretrainer(), corpus, reset=True, partial=True)
    assert part.present(part.layout).tolist() == [[[True, False], [False, False]]] * 4


def test_masks_of_windows_are_checked():
    imu = np.zeros((2, 6, 10))
    with pytest.raises(ValueError, match="'measured' must contain a boolean for each channel"):
        Windows(imu=imu, measured=np.ones((2, 3), dtype=bool))
    with pytest.raises(ValueError, match="'mount' must contain 'known' or 'unknown'"):
        Windows(imu=imu, mount=["known", "so3"])
    part = Windows(imu=imu, measured=np.zeros((2, 6), dtype=bool), mount=["unknown"] * 2)
    both = Windows.concatenate([part, Windows(imu=imu)])
    assert both["measured"][:, 0].tolist() == [False, False, True, True]
    assert both["mount"].tolist() == ["unknown", "unknown", "known", "known"]
    assert "measured" not in part.drop("imu") and "measured" not in part.assign(imu=imu[:, :3])
    assert part.to_frame()["channel_0"].isna().all()
