"""SMPLIMUSimulator: scikit-learn's habits on pose windows, whole clips, randomness, bad input."""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from threadpoolctl import threadpool_info, threadpool_limits

from m3n_sklearn import Motion, Windows, cut
from m3n_sklearn.body import BodyModel, Site, default_body
from m3n_sklearn.simulation import IMUNoise, Randomization, SensorNoise, SMPLIMUSimulator
from m3n_sklearn.simulation import _rows as module
from m3n_sklearn.simulation._batch import _ONE_THREAD

from .clips import random_motion, rms, triads

VARIED = Randomization(mount_angle=0.3, stature_sd=0.08, site_jitter=0.01)
NOISY = IMUNoise(
    acc=SensorNoise(density=0.01, bias=0.2), gyro=SensorNoise(density=0.001, bias=0.02)
)


def motions(count=3, **facts):
    return [
        random_motion(i, seconds=4.0, name=f"clip {i}", label=i % 2, **facts) for i in range(count)
    ]


def pose_windows(**params):
    X, _, _ = cut(motions(), seconds=1.0, **{"margin": 0.5, **params})
    return X


def simulators():
    return [
        SMPLIMUSimulator(),
        SMPLIMUSimulator(sites="head", smoothing=6.0, frame="bone", rate=33.3),
        SMPLIMUSimulator(noise=NOISY, randomize=VARIED, random_state=3),
    ]


def same(a, b):
    return a.columns == b.columns and all(np.array_equal(a[name], b[name]) for name in a.columns)


@pytest.fixture(params=range(3), ids=["default", "other", "random"])
def simulator(request):
    return simulators()[request.param]


# ---- scikit-learn's families of checks, on pose windows


def test_output_has_all_that_was_promised(simulator):
    X = pose_windows()
    found = simulator.transform(X)
    samples = round(simulator.rate)
    assert found["imu"].shape == (len(X), len(simulator.get_feature_names_out()), samples)
    assert found.channels == tuple(simulator.get_feature_names_out())
    assert found.rate("imu") == simulator.rate and found.margin == 0.0
    assert found["pose"].shape[1] == 60 and "context" not in found
    assert np.array_equal(found["pose"], X["pose"][:, 30:-30])
    assert np.array_equal(found["clip"], X["clip"])


@pytest.mark.slow
def test_clone_pickle_and_repeated_calls_are_bit_equal(simulator):
    X = pose_windows()
    expected = simulator.fit(X).transform(X)
    again = clone(simulator).fit(X)
    for other in (simulator, again, pickle.loads(pickle.dumps(simulator))):
        assert same(other.transform(X), expected)
    assert same(simulator.fit_transform(X), expected)
    assert b"torch" not in pickle.dumps(simulator)


@pytest.mark.slow
@settings(max_examples=6)
@given(st.data())
def test_subsets_and_order_do_not_matter(data):
    X = pose_windows()
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=len(X)))
    for simulator in simulators():
        expected = simulator.transform(X)["imu"][rows]
        assert np.abs(simulator.transform(X[rows])["imu"] - expected).max() < 1e-10


@pytest.mark.slow
def test_small_chunks_change_nothing(simulator, monkeypatch):
    X = pose_windows()
    expected = simulator.transform(X)["imu"]
    monkeypatch.setattr(module, "BATCH_SIZE", 2)
    assert np.abs(simulator.transform(X)["imu"] - expected).max() < 1e-10


@pytest.mark.slow
def test_input_is_neither_needed_writable_nor_changed(simulator):
    X = pose_windows()
    arrays = {name: X[name].copy() for name in X.columns}
    for array in arrays.values():
        array.flags.writeable = False
    frozen = Windows(rate=dict(X.rates), margin=X.margin, **arrays)
    before = simulator.get_params()
    assert same(simulator.fit_transform(frozen), simulator.transform(X))
    assert all(np.array_equal(frozen[name], X[name]) for name in X.columns)
    assert simulator.get_params() == before
    learned = {name for name in vars(simulator) if name.endswith("_")}
    assert learned <= {"body_noise_"}


def test_dtype_of_the_poses_is_kept():
    X = pose_windows()
    small = X.assign(pose=X["pose"].astype(np.float32), trans=X["trans"].astype(np.float32))
    found = SMPLIMUSimulator(smoothing=6.0).transform(small)["imu"]
    expected = SMPLIMUSimulator(smoothing=6.0).transform(X)["imu"]
    assert found.dtype == np.float32 and expected.dtype == np.float64
    assert rms(found - expected) < 0.02


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    SMPLIMUSimulator(noise=NOISY, randomize=VARIED).transform(pose_windows())
    assert np.array_equal(np.random.get_state()[1], before)


@pytest.mark.slow
def test_pipelines_and_output_containers():
    X = pose_windows()
    pipe = make_pipeline(SMPLIMUSimulator(), FunctionTransformer(lambda W: W["imu"].mean(axis=2)))
    pipe.set_output(transform="pandas")
    assert SMPLIMUSimulator().set_output(transform="pandas").transform(X)["imu"].ndim == 3
    assert make_pipeline(SMPLIMUSimulator()).fit(X).transform(X)["imu"].ndim == 3


def test_tags_and_names():
    tags = get_tags(SMPLIMUSimulator())
    assert not tags.requires_fit and tags.input_tags.three_d_array and tags.input_tags.two_d_array
    assert not tags.non_deterministic and not tags._skip_test
    names = SMPLIMUSimulator(sites=["chest"]).get_feature_names_out()
    assert names.tolist() == [f"chest_{s}_{a}" for s in ("acc", "gyro") for a in "xyz"]
    fitted = SMPLIMUSimulator().fit(np.zeros((4, 3, 20)))
    assert fitted.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    with pytest.raises(ValueError, match="equal to number of features"):
        fitted.get_feature_names_out(["a"])


def test_arrays_pass_through_in_two_and_three_dimensions():
    for array in (np.ones((3, 6, 20), np.float32), np.ones((3, 20)), np.ones((3, 20), int)):
        found = SMPLIMUSimulator().fit_transform(array)
        assert np.array_equal(found, array)
        assert found.dtype == (np.float32 if array.dtype == np.float32 else np.float64)


# ---- windows


def test_windows_agree_with_the_whole_clip():
    clips = motions()
    simulator = SMPLIMUSimulator(smoothing=None)
    found = simulator.transform(cut(clips, seconds=1.0, margin=1.0)[0])
    records = cut(simulator.simulate(clips), seconds=1.0)[0]
    for name in dict.fromkeys(found["clip"]):
        ours = found[found["clip"] == name]
        theirs = records[records["clip"] == name]
        starts = {round(t, 6): i for i, t in enumerate(theirs["start"])}
        for row, start in enumerate(ours["start"]):
            there = theirs["imu"][starts[round(start, 6)]]
            assert rms(ours["imu"][row] - there) < 1e-3 * rms(there)


def test_repeated_edge_frames_are_not_used():
    X = pose_windows()
    assert X["context"].min() == 0
    poses = X["pose"].copy()
    for row, (left, right) in enumerate(X["context"]):
        poses[row, : 30 - left] = 1.0
        poses[row, 120 - (30 - right) :] = -1.0
    expected = SMPLIMUSimulator().transform(X)["imu"]
    assert np.array_equal(SMPLIMUSimulator().transform(X.assign(pose=poses))["imu"], expected)


def test_margin_makes_the_ends_better():
    clips = motions()
    simulator = SMPLIMUSimulator(smoothing=6.0)
    truth = simulator.transform(cut(clips, seconds=1.0, margin=1.0)[0])
    inner = (truth["start"] > 0.9) & (truth["start"] < 2.1)
    error = [
        rms(
            (simulator.transform(cut(clips, seconds=1.0, margin=m)[0])["imu"] - truth["imu"])[inner]
        )
        for m in (0.5, 0.0)
    ]
    assert error[0] < 0.1 * error[1]


@pytest.mark.slow
def test_rows_with_readings_only_pass_through():
    simulator = SMPLIMUSimulator()
    posed = pose_windows()
    done = simulator.transform(posed)
    measured = Windows(imu=done["imu"][:4] + 1.0, rate=50.0, channels=done.channels, clip=["m"] * 4)
    assert simulator.transform(measured) is measured
    both = Windows.concatenate([posed.drop("start"), measured])
    found = simulator.transform(both)
    assert np.array_equal(found["imu"][: len(posed)], done["imu"])
    assert np.array_equal(found["imu"][len(posed) :], measured["imu"])
    assert found.present("imu").all() and found.present("pose").sum() == len(posed)
    again = simulator.transform(done)  # rows with both are simulated anew
    assert again["imu"].shape == done["imu"].shape


def test_rows_with_nothing_but_text_stay_absent():
    posed = pose_windows().drop("start", "clip")
    text = Windows(text=["someone waves"])
    found = SMPLIMUSimulator().transform(Windows.concatenate([posed, text]))
    assert found.present("imu").tolist() == [True] * len(posed) + [False]


def test_only_absent_poses():
    X = Windows(
        pose=np.zeros((2, 30, 24, 3)),
        imu=np.zeros((2, 12, 25)),
        present={"pose": [False, False]},
        rate={"pose": 60.0, "imu": 50.0},
    )
    assert SMPLIMUSimulator().transform(X).present("imu").all()


@pytest.mark.slow
def test_people_have_their_own_bodies():
    X = pose_windows()
    tall = X.assign(stature=np.where(np.arange(len(X)) % 2, 2.0, np.nan))
    plain, found = (SMPLIMUSimulator().transform(W)["imu"] for W in (X, tall))
    changed = np.abs(found - plain).max(axis=(1, 2)) > 1e-3
    assert np.array_equal(changed, np.arange(len(X)) % 2 == 1)
    small = SMPLIMUSimulator(body=default_body(stature=1.5)).transform(X)["imu"]
    assert np.abs(small - plain).max() > 1e-3
    # the default body has no use for betas
    shaped = SMPLIMUSimulator().transform(X.assign(betas=np.ones((len(X), 10))))["imu"]
    assert np.array_equal(shaped, plain)


@pytest.mark.parametrize("sex", ["male", "female"])
def test_windows_of_a_motion_move_the_body_that_the_motion_moves(sex):
    motion = random_motion(0, seconds=4.0, sex=sex)
    simulator = SMPLIMUSimulator(sites=("right_wrist",))
    X = cut((motion, simulator.simulate(motion)), seconds=1.0, margin=0.5).X
    X = X[(X["context"] == X["context"].max()).all(axis=1)]
    parts, neutral = (simulator.transform(W)["imu"] for W in (X, X.drop("sex")))
    error, mistaken = (rms(found - X["imu"]) for found in (parts, neutral))
    assert error < 0.1 * mistaken


@pytest.mark.slow
def test_rows_that_lack_facts_about_the_person_get_the_default():
    with_facts = pose_windows()
    with_facts = with_facts.assign(stature=np.full(len(with_facts), 2.0))
    mixed = Windows.concatenate([with_facts, pose_windows()])
    found = SMPLIMUSimulator(randomize=VARIED, random_state=0).transform(mixed)["imu"]
    parts = [
        SMPLIMUSimulator(randomize=VARIED, random_state=0).transform(W)["imu"]
        for W in (with_facts, pose_windows())
    ]
    assert np.abs(found - np.concatenate(parts)).max() < 1e-10


# ---- whole clips


def test_recordings_carry_what_the_motion_knows():
    motion = random_motion(0, subject="ann", name="walk 1", label="walk", text=("walks", "goes"))
    shifted = motion.replace(times=motion.times + 12.5)
    recording = SMPLIMUSimulator().simulate(shifted)
    assert (recording.subject, recording.name, recording.text) == (
        "ann",
        "walk 1",
        ("walks", "goes"),
    )
    assert set(recording.labels) == {"walk"}
    assert recording.start == 12.5 and recording.duration == pytest.approx(motion.duration)
    assert SMPLIMUSimulator().simulate([]) == []


def test_size_scales_linear_acceleration():
    motion = random_motion(4)
    motion = motion.replace(trans=np.zeros_like(motion.trans))
    still = {"gravity": (0, 0, 0), "smoothing": None, "rate": 100.0}
    small, large = (
        triads(SMPLIMUSimulator(default_body(stature=h), **still).simulate(motion))
        for h in (1.5, 1.8)
    )
    assert np.abs(large[:, :, 0] - 1.2 * small[:, :, 0]).max() < 1e-10 * np.abs(large).max()
    assert np.abs(large[:, :, 1] - small[:, :, 1]).max() < 1e-10


def test_motions_of_22_joints_and_bodies_of_bones():
    motion = random_motion(1)
    short = motion.replace(poses=motion.poses[:, :22])
    simulator = SMPLIMUSimulator(smoothing=6.0)  # "auto" looks at the hands too
    expected = simulator.simulate(motion).data
    assert np.abs(simulator.simulate(short).data - expected).max() < 1e-10
    body = default_body()
    bones = BodyModel(body.joint_names, body.parents, body.rest_joints, stature=body.stature)
    skin, bone = (
        SMPLIMUSimulator(bones, sites=["left_ankle"], frame=f).simulate(motion).data
        for f in ("skin", "bone")
    )
    assert np.array_equal(skin, bone)


# ---- randomness


@pytest.mark.slow
def test_seeds_and_order():
    clips = motions()
    make = lambda seed: SMPLIMUSimulator(noise=NOISY, randomize=VARIED, random_state=seed)  # noqa: E731
    first = [r.data for r in make(0).simulate(clips)]
    again = [r.data for r in make(0).simulate(clips[::-1])][::-1]
    other = [r.data for r in make(1).simulate(clips)]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert not np.array_equal(
        make(None).simulate(clips[0]).data, make(None).simulate(clips[0]).data
    )


@pytest.mark.slow
def test_windows_of_a_clip_share_their_sensor_but_not_their_noise():
    X = pose_windows()
    ideal = SMPLIMUSimulator().transform(X)["imu"]
    bias = (
        SMPLIMUSimulator(noise=IMUNoise(acc=SensorNoise(bias=1.0)), random_state=0).transform(X)[
            "imu"
        ]
        - ideal
    )
    first = X["clip"] == X["clip"][0]
    assert np.ptp(bias[first], axis=(0, 2)).max() < 1e-12
    assert np.abs(bias[first][0] - bias[~first][0]).max() > 0.1
    noise = IMUNoise(acc=SensorNoise(density=0.1), gyro=SensorNoise(density=0.1))
    white = SMPLIMUSimulator(noise=noise, random_state=0).transform(X)["imu"] - ideal
    assert abs(np.corrcoef(white[0].ravel(), white[1].ravel())[0, 1]) < 0.2


@pytest.mark.slow
def test_draws_without_ids_follow_the_poses():
    X = pose_windows().drop("clip", "start")
    simulator = SMPLIMUSimulator(noise=NOISY, randomize=VARIED, random_state=0)
    backwards = simulator.transform(X[::-1])["imu"][::-1]
    assert np.abs(simulator.transform(X)["imu"] - backwards).max() < 1e-10
    named = [random_motion(0, name=name) for name in ("a", "b")]
    one, two = simulator.simulate(named)
    assert np.abs(one.data - two.data).max() > 1e-3


def test_sites_do_not_share_draws():
    motion = random_motion(0)
    facts = {"noise": NOISY, "randomize": VARIED, "random_state": 0}
    both = triads(SMPLIMUSimulator(**facts).simulate(motion))
    right = triads(SMPLIMUSimulator(sites=["right_wrist"], **facts).simulate(motion))
    assert np.abs(both[:, 1] - right[:, 0]).max() < 1e-10


def test_random_state_object_is_consumed_once_per_call():
    state = np.random.RandomState(0)
    simulator = SMPLIMUSimulator(noise=NOISY, random_state=state)
    motion = random_motion(0)
    assert not np.array_equal(simulator.simulate(motion).data, simulator.simulate(motion).data)


def test_randomization_varies_what_it_says():
    motion = random_motion(0)
    plain = triads(SMPLIMUSimulator(smoothing=None).simulate(motion))
    for spread in (Randomization(mount_angle=0.5), Randomization(mount_angle=np.pi)):
        found = triads(SMPLIMUSimulator(smoothing=None, randomize=spread).simulate(motion))
        lengths = [np.linalg.norm(x, axis=-1) for x in (plain, found)]
        assert np.abs(lengths[0] - lengths[1]).max() < 1e-9
        assert np.abs(found - plain).max() > 1e-2
    for spread in (Randomization(stature_sd=0.1), Randomization(site_jitter=0.02)):
        found = triads(SMPLIMUSimulator(smoothing=None, randomize=spread).simulate(motion))
        assert rms(found[:, :, 0] - plain[:, :, 0]) > 1e-3
    copy = clone(SMPLIMUSimulator(randomize=VARIED)).randomize
    assert copy is not VARIED and copy.get_params() == VARIED.get_params()


@pytest.mark.slow
def test_n_jobs_is_bit_equal():
    X, clips = pose_windows(), motions()
    facts = {"noise": NOISY, "randomize": VARIED, "random_state": 0}
    one, two = (SMPLIMUSimulator(n_jobs=n, **facts) for n in (1, 2))
    assert same(one.transform(X), two.transform(X))
    for a, b in zip(one.simulate(clips), two.simulate(clips), strict=True):
        assert np.array_equal(a.data, b.data)


def test_threads_side_by_side_leave_the_limits_of_linear_algebra_alone():
    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before, one, two = threads(), ExitStack(), ExitStack()
        one.enter_context(_ONE_THREAD)
        two.enter_context(_ONE_THREAD)
        one.close()
        assert set(threads()) == {1}
        two.close()
        assert threads() == before


@pytest.mark.slow
def test_works_without_torch():
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError('torch is blocked')\n"
        "sys.meta_path.insert(0, Block())\n"
        "import numpy as np\n"
        "from m3n_sklearn import Motion, SMPLIMUSimulator, Windows, rigid_body_imu\n"
        "print(SMPLIMUSimulator().simulate(Motion(np.zeros((61, 24, 3)), rate=60.0)))\n"
        "X = Windows(pose=np.zeros((2, 60, 24, 3)), rate=60.0)\n"
        "print(SMPLIMUSimulator(noise='mpu9250').fit_transform(X))\n"
        "heavy = ('torch', 'skorch', 'smplx', 'matplotlib', 'sentence_transformers')\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in heavy]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Recording(51 samples x 12 channels" in done.stdout


# ---- bad input


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"body": "tall"}, "body must be 'default'"),
        ({"sites": ["left_wirst"]}, "Unknown site 'left_wirst'. Did you mean 'left_wrist'"),
        ({"sites": []}, "At least one site"),
        ({"sites": ["head", "head"]}, "must differ"),
        ({"rate": 0}, "'rate' parameter"),
        ({"rate": 1e9}, "'rate' parameter"),
        ({"rate": "50"}, "'rate' parameter"),
        ({"smoothing": "more"}, "'smoothing' parameter"),
        ({"smoothing": -2.0}, "'smoothing' parameter"),
        ({"frame": "mesh"}, "'frame' parameter.*skin"),
        ({"mount": np.eye(2)}, "mount must be a"),
        ({"mount": {"head": np.eye(3)}}, "mount contains head, but the sites are.*left_wrist"),
        ({"mount": {"left_wrist": 2 * np.eye(3)}}, "is not a rotation matrix"),
        ({"mount": 3}, "'mount' parameter"),
        ({"gravity": (0, 0)}, "gravity must be 3 finite numbers"),
        ({"gravity": None}, "'gravity' parameter.*array-like"),
        ({"noise": "loud"}, "noise must be one of ideal, mpu9250"),
        ({"noise": 0.1}, "'noise' parameter"),
        (
            {"noise": IMUNoise(gyro=SensorNoise(density=-1))},
            "'gyro__density' parameter of IMUNoise",
        ),
        ({"randomize": 1.0}, "'randomize' parameter"),
        ({"randomize": Randomization(stature_sd=-1)}, "'stature_sd' parameter of Randomization"),
        ({"random_state": "seed"}, "'random_state' parameter"),
        ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    ],
)
def test_bad_parameters_are_named(params, message):
    simulator = SMPLIMUSimulator(**params)
    X = Windows(pose=np.zeros((1, 60, 24, 3)), rate=60.0)
    for call in (
        lambda: simulator.fit(X),
        lambda: simulator.transform(X),
        lambda: simulator.simulate(Motion(np.zeros((30, 24, 3)), rate=30.0)),
    ):
        with pytest.raises(ValueError, match=message):
            call()


POSE = np.zeros((2, 60, 24, 3))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (lambda: Windows(text=["a"]), "neither a column 'pose' nor a column 'imu', only text"),
        (lambda: Windows(pose=POSE), "rate of the poses is not known"),
        (lambda: Windows(pose=POSE, rate=60.0)[[]], "no row"),
        (lambda: Windows(pose=POSE, rate=60.0, margin=0.5), "have only 60"),
        (lambda: Windows(pose=POSE, rate=60.0, margin=0.1, context=[[9, 0], [0, 0]]), "0 to 6"),
        (lambda: Windows(pose=POSE, rate=60.0, context=[0.5, 1.0]), "two whole numbers"),
        (lambda: Windows(pose=POSE[:, :, :23], rate=60.0), "23 joints does not fit"),
        (
            lambda: Windows(
                pose=POSE, imu=np.zeros((2, 6, 50)), present={"pose": [True, False]}, rate=60.0
            ),
            "Set sites= and rate= to match",
        ),
        (lambda: np.zeros((2, 60, 24, 3)), "Pass poses as Windows"),
        (lambda: np.full((2, 6, 10), np.nan), "NaN"),
    ],
)
def test_bad_windows_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        SMPLIMUSimulator().transform(X())


@pytest.mark.parametrize(
    "X", [{"pose": POSE}, Motion(POSE[0], rate=60.0), [Motion(POSE[0], rate=60.0)]]
)
def test_other_nouns_are_sent_elsewhere(X):
    with pytest.raises(TypeError, match=r"takes Windows.*as_windows"):
        SMPLIMUSimulator().transform(X)


def test_simulate_takes_motions_only():
    with pytest.raises(TypeError, match="simulate takes a Motion"):
        SMPLIMUSimulator().simulate([POSE])


def test_stature_of_bones_must_be_known():
    body = default_body()
    bones = BodyModel(body.joint_names, body.parents, body.rest_joints)
    with pytest.raises(ValueError, match="stature"):
        SMPLIMUSimulator(bones, randomize=Randomization(stature_sd=0.1)).simulate(random_motion(0))


def test_own_sites_keep_their_names():
    shoe = Site("shoe", bone="left_foot", offset=(0.0, 0.03, 0.0))
    recording = SMPLIMUSimulator(sites=[shoe, "head"]).simulate(random_motion(0))
    assert recording.channels[0] == "shoe_acc_x" and recording.channels[6] == "head_acc_x"


def test_nothing_to_fit():
    try:
        SMPLIMUSimulator().transform(pose_windows())
    except NotFittedError:  # pragma: no cover
        pytest.fail("a stateless transformer must not ask to be fitted")


# ---- variation of motions, and the table of draws


def test_varied_motions_pair_with_their_recordings():
    varied = SMPLIMUSimulator(
        randomize=Randomization(tempo=0.3, mirror=0.5), random_state=1, smoothing=None
    )
    clips = motions(6)
    played = varied.vary(clips)
    table = varied.draws(clips)
    assert table["clip"] == [clip.name for clip in clips]
    assert len(set(table["mirrored"])) == 2 and len(set(table["speed"])) == 6
    plain = SMPLIMUSimulator(smoothing=None).simulate(played)
    for clip, motion, speed, ours, theirs in zip(
        clips, played, table["speed"], varied.simulate(clips), plain, strict=True
    ):
        assert motion.duration == pytest.approx(clip.duration / speed)
        assert np.abs(ours.data - theirs.data).max() < 1e-10
    pairs = zip(played, varied.simulate(clips), strict=True)
    X, _, _ = cut(pairs, seconds=1.0, pose_rate=60.0)
    assert {"imu", "pose"} <= set(X.columns)


def test_draws_of_windows_have_one_row_each():
    X = pose_windows()
    simulator = SMPLIMUSimulator(randomize=VARIED, random_state=3)
    table = simulator.draws(X)
    assert table["clip"] == [str(name) for name in X["clip"]]
    by_name = dict(zip(table["clip"], table["taller"], strict=True))
    whole = simulator.draws(motions())
    assert [by_name[name] for name in whole["clip"]] == whole["taller"]


def test_windows_cannot_change_their_tempo():
    simulator = SMPLIMUSimulator(randomize=Randomization(tempo=0.1), random_state=0)
    with pytest.raises(ValueError, match="Cut windows from varied clips"):
        simulator.transform(pose_windows())


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0)])
def test_draws_need_a_seed_that_can_be_repeated(seed):
    simulator = SMPLIMUSimulator(randomize=VARIED, random_state=seed)
    with pytest.raises(ValueError, match="Set random_state to an integer"):
        simulator.draws(motions())
    with pytest.raises(ValueError, match="Set random_state to an integer"):
        simulator.vary(motions())
    assert SMPLIMUSimulator().vary(motions()[0]).n_frames == motions()[0].n_frames


def test_vary_takes_motions():
    with pytest.raises(TypeError, match="vary takes a Motion"):
        SMPLIMUSimulator().vary(pose_windows())


def test_readings_in_a_pause_are_not_observed():
    motion = random_motion(0, seconds=4.0)
    paused = motion.replace(times=motion.times + 3.0 * (motion.times > 2.0))
    found = SMPLIMUSimulator(sites="head", rate=50.0).simulate(paused)
    seen = (found.times <= 2.0 + 1e-9) | (found.times > 5.0)
    assert np.array_equal(found.observed.all(axis=1), seen)
    assert SMPLIMUSimulator(sites="head").simulate(motion).observed.all()
