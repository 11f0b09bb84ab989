"""Building corpora: sources, mirroring, balance, streaming, manifests."""

from __future__ import annotations

import json
import shutil
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from benchmarks.skeletal import read_skeletal
from m3n_sklearn import Motion, Multi3NetPretrainer, SMPLIMUSimulator
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus, rebuild_corpus
from m3n_sklearn.pretraining.corpus import _build
from m3n_sklearn.pretraining.corpus._clips import allocate, choose_rows, mirrored_caption
from m3n_sklearn.pretraining.corpus._manifest import estimator_from_json, estimator_to_json
from m3n_sklearn.procedural._catalog import ACTIVITIES
from m3n_sklearn.simulation import IMUNoise, Randomization, SensorNoise

from ..disks import full_disk

WRIST = SMPLIMUSimulator(sites=("right_wrist",), smoothing=None)
SHORT = {"seconds": 1.0, "rate": 25.0, "pose_rate": 15.0}


def motions(people: int = 2, activities: tuple[str, ...] = ("wave", "swipe_left")) -> list[Motion]:
    return make_motions(people, 1, activities, seconds=2.2, rate=30.0, random_state=0)


def source(name: str = "made", clips: object = None, **facts: object) -> CorpusSource:
    return CorpusSource(name, "BSD-3-Clause", motions() if clips is None else clips, **facts)


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


# ---- captions in the mirror


@pytest.mark.parametrize(
    ("caption", "mirrored"),
    [
        ("a person waves", "a person waves"),
        ("Right arm swipe to the left", "Left arm swipe to the right"),
        ("the left-handed player steps rightwards", "the right-handed player steps leftwards"),
        ("clockwise, not counter-clockwise", "counter-clockwise, not clockwise"),
        ("goes around anticlockwise", "goes around clockwise"),
        ("turns right then left", "turns left then right"),
        ("stands upright over leftovers", "stands upright over leftovers"),
        ("turns counter clockwise, then clockwise", "turns clockwise, then counter-clockwise"),
        ("an Anti clockwise circle", "an Clockwise circle"),
        ("LEFT arm, COUNTER-CLOCKWISE", "RIGHT arm, CLOCKWISE"),
        ("swipe_left", "swipe_right"),
        ("that's right, a person waves", None),
        ("a person left the room", None),
        ("leaves right away", None),
        ("a right angle", None),
        ("someone has left the room", None),
    ],
)
def test_captions_in_the_mirror(caption, mirrored):
    assert mirrored_caption(caption) == mirrored


@pytest.mark.parametrize("activity", ACTIVITIES.values(), ids=list(ACTIVITIES))
def test_captions_of_the_vocabulary_can_be_mirrored_and_back(activity):
    for sentence in activity.descriptions:
        there = mirrored_caption(sentence)
        assert there is not None
        back = mirrored_caption(there)
        assert back is not None and back.replace("counter-", "").replace("anti", "") in (
            sentence.replace("counter-", "").replace("anti", "")
        )


# ---- balance


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=12),
    st.integers(1, 3000),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 99),
)
def test_shares_sum_up_and_never_exceed_what_there_is(counts, total, exponent, seed):
    counts = np.array(counts)
    weights = np.random.default_rng(seed).uniform(0.2, 5, len(counts))
    kept = allocate(counts, total, weights, exponent)
    assert kept.sum() == min(total, counts.sum())
    assert (kept <= counts).all() and (kept >= 0).all()


def test_shares_follow_the_exponent():
    counts = np.array([900, 100, 400])
    assert allocate(counts, 140, np.ones(3), 1.0).tolist() == [90, 10, 40]
    assert allocate(counts, 60, np.ones(3), 0.5).tolist() == [30, 10, 20]
    assert allocate(counts, 60, np.ones(3), 0.0).tolist() == [20, 20, 20]
    assert allocate(counts, 60, np.array([2.0, 1.0, 3.0]), 0.0).tolist() == [20, 10, 30]


def test_a_caption_is_thinned_alike_whatever_the_others_are():
    def chosen(captions):
        rngs = [np.random.default_rng(k) for k in range(captions.max() + 1)]
        weights = np.ones(len(rngs))
        return choose_rows(captions, weights, rngs, 5 * len(rngs), "sqrt")

    alone, both = chosen(np.zeros(20, int)), chosen(np.repeat([0, 1], 20))
    assert both[both < 20].tolist() == alone.tolist() and len(both) == 10
    assert choose_rows(np.zeros(4, int), np.ones(1), [np.random.default_rng()], 9, "none") is None


# ---- what a corpus holds


def test_windows_of_poses_captions_and_readings_share_a_clock(tmp_path):
    folder = build_corpus(source(), tmp_path / "corpus", simulator=WRIST, **SHORT)
    corpus = open_corpus(folder)
    assert corpus.modalities == ("text", "pose", "imu")
    assert isinstance(corpus["imu"], np.memmap) and corpus["imu"].dtype == np.float32
    assert corpus["imu"].shape == (12, 6, 25) and corpus["pose"].shape == (12, 15, 24, 3)
    assert dict(corpus.rates) == {"imu": 25.0, "pose": 15.0}
    assert corpus.channels[0] == "right_wrist_acc_x"
    assert set(corpus["groups"]) == {"made/person0", "made/person1"}
    assert set(corpus["source"]) == {"made"}
    assert corpus["text"][0] == ACTIVITIES["wave"].descriptions
    rows = corpus["clip"] == "made/person1/wave/0"
    assert corpus["start"][rows].tolist() == [0.0, 0.52, 1.04]
    found = manifest_of(folder)
    assert found["windows"]["total"] == 12
    assert found["windows"]["by_caption"]["a person waves with one hand raised"] == 6
    assert found["sources"][0]["clips"] == 4 and found["sources"][0]["license"] == "BSD-3-Clause"


def test_readings_are_those_of_the_simulator(tmp_path):
    clips = motions()
    folder = build_corpus(source(clips=clips), tmp_path / "corpus", simulator=WRIST, **SHORT)
    corpus = open_corpus(folder)
    recording = clone(WRIST).set_params(rate=25.0).simulate(clips[0])
    np.testing.assert_allclose(corpus["imu"][0], recording.data[:25].T, atol=1e-5)


def test_several_sources_with_different_facts(tmp_path):
    bare = Motion(np.zeros((45, 52, 3)), rate=30.0)  # no name, caption, person, with fingers
    folder = build_corpus(
        [source(), CorpusSource("bare", "CC0", [bare, bare])],
        tmp_path / "corpus",
        simulator=WRIST,
        **SHORT,
    )
    corpus = open_corpus(folder)
    rows = corpus["source"] == "bare"
    assert set(corpus["text"][rows]) == {""}
    assert set(corpus["clip"][rows]) == {"bare/clip", "bare/clip#2"} == set(corpus["groups"][rows])
    assert set(corpus["sex"][rows]) == {"neutral"} and set(corpus["sex"]) > {"neutral"}
    assert np.isnan(corpus["stature"][rows]).all() and np.isfinite(corpus["stature"][~rows]).all()
    small = Multi3NetPretrainer(
        corpus=folder, width=8, max_epochs=1, text_encoder="hashing", rate=25.0
    )
    assert sorted(small.fit().objectives_) == sorted(
        ["imu_pose", "imu_text", "pose_text", "pose2imu", "reconstruction"]
    )


def test_without_a_simulator_readings_are_left_to_the_pretrainer(tmp_path):
    corpus = open_corpus(
        build_corpus(source(), tmp_path / "corpus", margin=0.2, **{**SHORT, "pose_rate": 30.0})
    )
    assert "imu" not in corpus and corpus.margin == pytest.approx(0.2)
    simulated = clone(WRIST).set_params(rate=25.0).transform(corpus)
    assert simulated["imu"].shape == (len(corpus), 6, 25)


def test_mirrored_motions_have_mirrored_captions(tmp_path):
    left_out = motions(1, ("wave",))[0].replace(text="a person leaves right away", name="odd")
    folder = build_corpus(
        source(clips=[*motions(1), left_out]),
        tmp_path / "corpus",
        simulator=SMPLIMUSimulator(smoothing=None),
        mirror=True,
        **SHORT,
    )
    corpus = open_corpus(folder)
    clips = corpus["clip"]
    first = {side: np.flatnonzero(clips == f"made/person0/swipe_left/0{side}")[0] for side in
             ("", "~mirrored")}  # fmt: skip
    plain, mirrored = corpus["imu"][first[""]], corpus["imu"][first["~mirrored"]]
    acc = [np.linalg.norm(values[[0, 1, 2]], axis=0) for values in (plain, mirrored)]
    other = np.linalg.norm(plain[[6, 7, 8]], axis=0)
    np.testing.assert_allclose(acc[1], other, atol=0.05)  # the left wrist became the right one
    captions = corpus["text"][first["~mirrored"]]
    assert all("left" not in caption or "right" in caption for caption in captions)
    assert not any(clip.startswith("made/odd~") for clip in clips)
    assert manifest_of(folder)["left_out"]["not_mirrored"] == 1


def test_a_source_given_twice_gets_other_bodies_and_mounts(tmp_path):
    varied = clone(WRIST).set_params(randomize=Randomization(mount_angle=1.0, tempo=0.2))
    twice = [source(name, clips=motions(1, ("wave",))) for name in ("first", "second")]
    corpus = open_corpus(build_corpus(twice, tmp_path / "c", simulator=varied, **SHORT))
    firsts = [corpus["imu"][corpus["clip"] == clip][0] for clip in np.unique(corpus["clip"])]
    assert np.abs(firsts[0] - firsts[1]).max() > 0.5


def test_both_sides_of_a_clip_without_a_person_share_a_group(tmp_path):
    lone = [m.replace(subject=None) for m in motions(2, ("wave",))]
    folder = build_corpus(source(clips=lone), tmp_path / "c", mirror=True, **SHORT)
    corpus = open_corpus(folder)
    versions = {group: set(corpus["clip"][corpus["groups"] == group]) for group in
                np.unique(corpus["groups"])}  # fmt: skip
    assert set(versions) == {"made/person0/wave/0", "made/person1/wave/0"}
    both = {"made/person0/wave/0", "made/person0/wave/0~mirrored"}
    assert versions["made/person0/wave/0"] == both


@pytest.mark.parametrize("names", [("x", "x#2", "x"), ("x", "x", "x#2"), ("x~mirrored", "x", "x")])
def test_no_two_clips_have_one_name(tmp_path, names):
    clip = motions(1, ("wave",))[0]
    named = {"a": (*names, "z/y"), "a/z": ("y",), "b": ("x", "x", "x")}
    sources = [source(k, [clip.replace(name=n) for n in some]) for k, some in named.items()]
    folder = build_corpus(sources, tmp_path / "c", mirror=True, **SHORT)
    clips, counts = np.unique(open_corpus(folder)["clip"], return_counts=True)
    assert len(clips) == 2 * 8 and set(counts) == {3}
    assert {"b/x", "b/x#2", "b/x#3"} < set(clips)


def test_windows_are_chosen_by_caption(tmp_path):
    clips = motions(4, ("wave", "walk"))[:5]  # captions of 3 and 2 clips
    even = {"n_windows": 8, "balance": "uniform"}
    folder = build_corpus(source(clips=clips), tmp_path / "a", **even, **SHORT)
    assert set(manifest_of(folder)["windows"]["by_caption"].values()) == {4}
    folder = build_corpus(source(clips=clips), tmp_path / "b", n_windows=7, **SHORT)
    whole = open_corpus(build_corpus(source(clips=clips), tmp_path / "c", **SHORT))
    part = open_corpus(folder)
    assert len(part) == 7 == manifest_of(folder)["windows"]["total"]
    where = {(c, s): i for i, (c, s) in enumerate(zip(whole["clip"], whole["start"], strict=True))}
    rows = [where[key] for key in zip(part["clip"], part["start"], strict=True)]
    assert rows == sorted(rows)
    np.testing.assert_array_equal(part["pose"], whole["pose"][rows])
    assert part["text"].tolist() == whole["text"][rows].tolist()


def test_weights_share_out_the_windows(tmp_path):
    two = [source("a", weight=3.0), source("b")]
    folder = build_corpus(two, tmp_path / "corpus", n_windows=8, **SHORT)
    assert manifest_of(folder)["windows"]["by_source"] == {"a": 6, "b": 2}
    with pytest.raises(ValueError, match="have an effect with n_windows= only"):
        build_corpus(two, tmp_path / "other")


def test_short_clips_are_padded_or_counted(tmp_path):
    clips = [*motions(1), motions(1, ("wave",))[0].slice(0.0, 0.5).replace(name="brief")]
    folder = build_corpus(source(clips=clips), tmp_path / "a", short="drop", **SHORT)
    assert manifest_of(folder)["left_out"]["too_short"] == 1
    assert "made/brief" not in open_corpus(folder)["clip"]
    folder = build_corpus(source(clips=clips), tmp_path / "b", **SHORT)
    assert "made/brief" in open_corpus(folder)["clip"]
    with pytest.raises(ValueError, match=r"No window is left of 1 clips"):
        build_corpus(source(clips=clips[-1:]), tmp_path / "c", short="drop", **SHORT)


# ---- from the manifest


@pytest.mark.slow
def test_the_same_manifest_gives_the_same_bits(tmp_path):
    def made() -> CorpusSource:
        return source(clips=lambda: iter(motions(3)))

    noisy = clone(WRIST).set_params(noise=IMUNoise(acc=SensorNoise(density=0.1)))
    folder = build_corpus(
        made(), tmp_path / "a", simulator=noisy, mirror=True, n_windows=20, random_state=3, **SHORT
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = rebuild_corpus(folder, made(), tmp_path / "b", n_jobs=2)
    for file in folder.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes(), file.name


def test_simulators_survive_the_manifest():
    simulator = SMPLIMUSimulator(
        sites=("left_wrist",),
        mount={"left_wrist": np.eye(3)},
        noise=IMUNoise(acc=SensorNoise(density=0.01)),
        randomize=Randomization(stature_sd=0.05, tempo=0.1),
    )
    tree = json.loads(json.dumps(estimator_to_json(simulator)))
    back = estimator_from_json(tree)
    assert repr(back) == repr(simulator)
    clips = motions(1)
    expected = simulator.set_params(random_state=0).simulate(clips)[0].data
    np.testing.assert_array_equal(back.set_params(random_state=0).simulate(clips)[0].data, expected)


@pytest.mark.slow
@pytest.mark.parametrize("learned", [True, False])
def test_a_frozen_simulator_is_used_as_it_is(tmp_path, learned):
    rng = np.random.default_rng(0)
    clips = [
        m.replace(poses=m.poses + rng.normal(0, jitter, m.poses.shape))
        for m, jitter in zip(motions(), (0.002, 0.02, 0.04, 0.06), strict=False)
    ]
    given = SMPLIMUSimulator(sites=("right_wrist",))
    if learned:
        given.fit(motions(12))
    folder = build_corpus(
        source(clips=clips), tmp_path / "a", simulator=FrozenEstimator(given), **SHORT
    )
    again = rebuild_corpus(folder, source(clips=clips), tmp_path / "b")
    np.testing.assert_array_equal(open_corpus(folder)["imu"], open_corpus(again)["imu"])
    assert given.rate == 50.0 and given.random_state is None  # not changed
    assert hasattr(given, "body_noise_") == learned
    other = build_corpus(source(clips=clips), tmp_path / "c", simulator=clone(given), **SHORT)
    assert not np.array_equal(open_corpus(folder)["imu"], open_corpus(other)["imu"])


@pytest.mark.slow
def test_other_sources_are_refused(tmp_path):
    file = tmp_path / "clips.bin"
    file.write_bytes(b"one")
    folder = build_corpus(source(files=[file]), tmp_path / "a", **SHORT)
    manifest = manifest_of(folder)
    assert list(manifest["sources"][0]["files"]) == ["clips.bin"]
    with pytest.raises(ValueError, match="needs the sources made"):
        rebuild_corpus(manifest, source("other"), tmp_path / "b")
    with pytest.raises(ValueError, match="had the license 'BSD-3-Clause' in the manifest"):
        rebuild_corpus(manifest, CorpusSource("made", "CC BY-NC", motions()), tmp_path / "b")
    with pytest.raises(ValueError, match="had the weight 1"):
        rebuild_corpus(manifest, source(weight=2.0), tmp_path / "b")
    file.write_bytes(b"two")
    with pytest.raises(ValueError, match=r"not those of the manifest: clips\.bin differ"):
        rebuild_corpus(manifest, source(files=[file]), tmp_path / "b")
    file.write_bytes(b"one")
    with pytest.raises(ValueError, match="holds other clips"):
        rebuild_corpus(manifest, source(clips=motions(1), files=[file]), tmp_path / "b")
    for body in ({"stature": 1.5}, {"sex": "neutral"}, {"betas": [1.0]}, {"source": "other"}):
        others = [m.replace(**body) for m in motions()]
        with pytest.raises(ValueError, match=r"other .*people or bodies"):
            rebuild_corpus(manifest, source(clips=others, files=[file]), tmp_path / "b")
    assert not (tmp_path / "b").exists() and not list(tmp_path.glob(".*"))


def test_files_of_one_name_in_two_folders_are_two(tmp_path):
    files = [tmp_path / folder / "poses.npz" for folder in ("ann", "bob")]
    for file in files:
        file.parent.mkdir()
        file.write_text(str(file.parent.name))
    made = source(files=[*files, files[0]])
    assert list(made.digests()) == ["ann/poses.npz", "bob/poses.npz"]
    folder = build_corpus(made, tmp_path / "a", **SHORT)
    files[0].write_text("cid")
    with pytest.raises(ValueError, match=r"manifest: ann/poses\.npz differ"):
        rebuild_corpus(folder, made, tmp_path / "b")


def test_other_bits_are_reported(tmp_path):
    folder = build_corpus(source(), tmp_path / "a", **SHORT)
    moved = [m.replace(trans=m.trans + 1e-9) for m in motions()]
    with pytest.warns(UserWarning, match=r"trans\.npy differ, because the motions of made differ"):
        rebuild_corpus(folder, source(clips=moved), tmp_path / "b")


def test_what_is_no_manifest_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="not a manifest"):
        rebuild_corpus(tmp_path / "none", source(), tmp_path / "b")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read as the manifest"):
        rebuild_corpus(tmp_path, source(), tmp_path / "b")
    with pytest.raises(ValueError, match="not a manifest of format 3"):
        rebuild_corpus({"format": 7}, source(), tmp_path / "b")


# ---- failures


def test_a_failure_leaves_nothing_behind(tmp_path):
    def broken():
        yield from motions()
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        build_corpus(source(clips=broken), tmp_path / "corpus", **SHORT)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def simulated(monkeypatch):
    """Chunks of one clip; lists the clips that are simulated."""
    names = []
    simulate = _build.cut_clips

    def logged(clips, *rest):
        names.append(clips[0].name)
        return simulate(clips, *rest)

    monkeypatch.setattr(_build, "CHUNK", 1)
    monkeypatch.setattr(_build, "cut_clips", logged)
    return names


def interrupted(count: int, error: BaseException):
    """Yield motions and fail after some of them."""
    yield from motions(2)[:count]
    raise error


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


STOPS = [RuntimeError("clip 3 is broken"), KeyboardInterrupt(), OSError(28, "full")]


@pytest.mark.parametrize("error", STOPS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("n_windows", [None, 7])
def test_a_stopped_build_goes_on(tmp_path, simulated, error, n_windows):
    options = {"simulator": WRIST, "mirror": True, "n_windows": n_windows, **SHORT}
    whole = build_corpus(source(), tmp_path / "whole", **options)
    simulated.clear()
    broken = source(clips=lambda: interrupted(3, error))
    with pytest.raises(type(error)) as stopped:
        build_corpus(broken, tmp_path / "corpus", **options)
    assert any("the same call goes on" in note for note in stopped.value.__notes__)
    assert len(simulated) == 3 and not (tmp_path / "corpus").exists()
    folder = build_corpus(source(), tmp_path / "corpus", **options)
    assert len(simulated) == 4
    assert files_of(folder) == files_of(whole)
    assert not list(tmp_path.glob(".*"))


def test_parts_of_another_build_or_damaged_ones_are_not_used(tmp_path, simulated):
    broken = source(clips=lambda: interrupted(3, RuntimeError()))

    def stop():
        simulated.clear()
        with pytest.raises(RuntimeError):
            build_corpus(broken, tmp_path / "corpus", simulator=WRIST, **SHORT)

    stop()
    other = build_corpus(source(), tmp_path / "corpus", simulator=WRIST, random_state=1, **SHORT)
    assert len(simulated) == 3 + 4
    again = build_corpus(source(), tmp_path / "b", simulator=WRIST, random_state=1, **SHORT)
    assert files_of(other) == files_of(again)
    shutil.rmtree(other)
    stop()
    first, second, _ = sorted(tmp_path.glob(".corpus.building/parts/*/windows"))
    flip(first / "imu.npy")
    (second / "pose.npy").unlink()
    folder = build_corpus(source(), tmp_path / "corpus", simulator=WRIST, **SHORT)
    assert len(simulated) == 3 + 3
    whole = build_corpus(source(), tmp_path / "c", simulator=WRIST, **SHORT)
    assert files_of(folder) == files_of(whole)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def test_the_same_call_finds_its_corpus(tmp_path, simulated):
    folder = build_corpus(source(), tmp_path / "corpus", **SHORT)
    before, _ = files_of(folder), simulated.clear()
    (tmp_path / ".corpus.building" / "parts" / "left").mkdir(parents=True)
    (tmp_path / ".corpus.lock").touch()
    assert build_corpus(source(), folder, **SHORT) == folder
    assert rebuild_corpus(folder, source(), folder) == folder
    assert simulated == [] and files_of(folder) == before and list(tmp_path.iterdir()) == [folder]
    others = [
        (source(), {"mirror": True}, "mirror was False and is True"),
        (source(), {"simulator": SMPLIMUSimulator()}, "simulator is different"),
        (source(clips=motions(1)), {}, "of source made, clips was"),
        (source("other"), {}, "its sources are made, not other"),
        ([source(), source("other")], {}, "its sources are made, not made, other"),
        (
            source(clips=[m.replace(poses=m.poses + 1e-9) for m in motions()]),
            {},
            "of source made, values are different",
        ),
    ]
    for sources, options, reason in others:
        with pytest.raises(FileExistsError, match=f"exists already, .*: {reason}"):
            build_corpus(sources, folder, **{**SHORT, **options})
    flip(folder / "pose.npy")
    with pytest.raises(ValueError, match=r"pose\.npy is damaged"):
        build_corpus(source(), folder, **SHORT)
    (folder / "manifest.json").unlink()
    with pytest.raises(FileExistsError, match="it has no manifest"):
        build_corpus(source(), folder, **SHORT)


def test_two_builds_at_once_give_one_corpus(tmp_path, simulated):
    built, failed = [], []

    def build():
        try:
            built.append(build_corpus(source(), tmp_path / "corpus", simulator=WRIST, **SHORT))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=build) for _ in range(3)]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed and len(built) == 3 and len(simulated) == 4
    assert any("Another process is building" in str(each.message) for each in heard)
    assert not list(tmp_path.glob(".*"))


def test_without_locks_each_build_has_its_own_place(tmp_path, monkeypatch):
    monkeypatch.setattr("m3n_sklearn._files.try_lock", lambda *_, **__: None)
    assert len(open_corpus(build_corpus(source(), tmp_path / "corpus", **SHORT))) == 12
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


@pytest.mark.parametrize("room", [0, 100, 20_000, 50_000])
def test_a_full_disk_is_named_and_the_build_goes_on(tmp_path, simulated, room):
    with full_disk(room), pytest.raises(OSError, match="Free some space") as error:
        build_corpus(source(), tmp_path / "corpus", simulator=WRIST, **SHORT)
    assert str(tmp_path) in str(error.value.filename)
    assert not (tmp_path / "corpus").exists()
    finished = len(list(tmp_path.glob(".corpus.building/parts/*/part.json")))
    assert (finished > 0) == hasattr(error.value, "__notes__") == bool(list(tmp_path.iterdir()))
    simulated.clear()
    folder = build_corpus(source(), tmp_path / "corpus", simulator=WRIST, **SHORT)
    assert len(simulated) == 4 - finished and not list(tmp_path.glob(".*"))
    whole = build_corpus(source(), tmp_path / "whole", simulator=WRIST, **SHORT)
    assert files_of(folder) == files_of(whole)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"sources": []}, ValueError, "one or more"),
        ({"sources": [source(), source()]}, ValueError, "different names"),
        ({"sources": motions(1)}, TypeError, "CorpusSource"),
        ({"sources": source(clips=[])}, ValueError, "contains no motion"),
        ({"sources": source(clips=["wave"])}, TypeError, "must contain Motions, got str"),
        ({"seconds": 0}, ValueError, "seconds"),
        ({"rate": 1e9}, ValueError, "rate must lie between 0.1 and 100000 Hz"),
        ({"pose_rate": 1e-9}, ValueError, "pose_rate must lie between"),
        ({"rate": float("nan")}, ValueError, "rate must be a positive number"),
        ({"n_windows": 1.5}, (TypeError, ValueError), "n_windows"),
        ({"balance": "cubic"}, ValueError, "'none', 'sqrt', 'uniform'"),
        ({"overlap": 1.0}, ValueError, "overlap"),
        ({"random_state": None}, TypeError, "must be an integer"),
        ({"simulator": "default"}, TypeError, "SMPLIMUSimulator"),
        (
            {"simulator": SMPLIMUSimulator(randomize=Randomization(mirror=0.5))},
            ValueError,
            "mirror=True",
        ),
    ],
)
def test_bad_arguments(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        build_corpus(**{"sources": source(), "path": tmp_path / "corpus", **SHORT, **change})
    assert not list(tmp_path.iterdir())


def test_bad_sources():
    with pytest.raises(ValueError, match="license"):
        CorpusSource("a", "", [])
    with pytest.raises(TypeError, match="function that returns them, got int"):
        CorpusSource("a", "CC0", 3)
    with pytest.raises(ValueError, match="weight"):
        CorpusSource("a", "CC0", [], weight=0)
    with pytest.raises(TypeError, match=r"give files=\['clips\.npz'\]"):
        CorpusSource("a", "CC0", [], files="clips.npz")


def test_a_missing_file_is_noticed_first(tmp_path):
    def unread():
        raise AssertionError("the motions were read")

    with pytest.raises(FileNotFoundError, match="none"):
        build_corpus(source(clips=unread, files=[tmp_path / "none"]), tmp_path / "c", **SHORT)


@pytest.mark.slow
def test_recorded_motions(tmp_path, shared_data):
    file = shared_data("cmu_mocap_subset") / "cmu_asfamc_28.npz"
    cmu = CorpusSource("cmu", "free for all uses", lambda: read_skeletal(file)[:3], files=[file])
    simulator = SMPLIMUSimulator(sites=("right_wrist",))
    folder = build_corpus([cmu, source()], tmp_path / "corpus", simulator=simulator)
    corpus = open_corpus(folder)
    assert set(corpus["source"]) == {"cmu", "made"}
    norm = np.linalg.norm(corpus["imu"][:, :3], axis=1)
    assert 9 < np.median(norm) < 16
