from __future__ import annotations

import warnings
from inspect import signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.motion import Motion
from m3n_sklearn.recording import Recording, UnitsWarning, channel_names, cut
from m3n_sklearn.recording._cut_plan import make_plan

CHANNELS = channel_names("wrist", "acc")

# ramps are not readings
pytestmark = pytest.mark.filterwarnings("ignore::m3n_sklearn.recording.UnitsWarning")


def ramp(n=500, rate=50.0, start=0.0, **kwargs):
    """Build a recording whose samples are their own time, so that cuts can be read off."""
    times = start + np.arange(n) / rate
    return Recording(np.stack([times] * 3, axis=1), rate, CHANNELS, start=start, **kwargs)


def ramp_motion(n=300, rate=60.0, start=0.0, **kwargs):
    """Build a motion whose root moves and turns in proportion to time."""
    times = start + np.arange(n) / rate
    poses = np.zeros((n, 24, 3))
    poses[:, 0, 2] = 0.1 * times
    return Motion(poses, np.stack([times] * 3, axis=1), times=times, **kwargs)


# ---- recordings


@given(
    st.integers(20, 600),
    st.sampled_from([20.0, 100 / 3, 50.0]),
    st.floats(0.2, 4.0),
    st.floats(0.0, 0.9),
    st.floats(-5.0, 5.0),
)
def test_windows_lie_where_they_say(n, rate, seconds, overlap, start):
    length = int(np.floor(seconds * rate + 0.5 + 1e-6))
    recording = ramp(n, rate, start)
    if length > n:
        with pytest.raises(ValueError, match="No window is left"):
            cut(recording, seconds=seconds, overlap=overlap)
        return
    X, y, groups = cut(recording, seconds=seconds, overlap=overlap)
    hop = max(1, int(np.floor(seconds * (1 - overlap) * rate + 0.5 + 1e-6)))
    assert X["imu"].shape == ((n - length) // hop + 1, 3, length)
    expected = X["start"][:, None] + np.arange(length) / rate
    np.testing.assert_allclose(X["imu"][:, 0], expected, atol=1e-9)
    assert y is None and groups is None
    assert X.channels == CHANNELS and X.rate("imu") == rate


@given(st.lists(st.integers(30, 200), min_size=1, max_size=5))
def test_no_window_crosses_a_border(lengths):
    items = [ramp(n, start=100.0 * i, subject=i) for i, n in enumerate(lengths)]
    X, _, groups = cut(items, seconds=0.5)
    assert np.array_equal(X["imu"].min(axis=(1, 2)) // 100, groups)
    assert np.array_equal(X["imu"].max(axis=(1, 2)) // 100, groups)
    assert len(np.unique(X["clip"])) == len(lengths)


@given(st.integers(0, 399), st.integers(1, 60))
def test_windows_that_touch_lost_samples_are_dropped(first, count):
    observed = np.ones(400, dtype=bool)
    observed[first : first + count] = False
    X = cut(ramp(400, observed=observed), seconds=1.0).X
    lost = np.flatnonzero(~observed) / 50.0
    for begin in X["start"]:
        assert not ((lost >= begin - 1e-9) & (lost < begin + 1.0 - 1e-9)).any()
    kept = {round(s, 6) for s in X["start"]}
    for begin in np.arange(0, 7.01, 0.5):
        clean = not ((lost >= begin - 1e-9) & (lost < begin + 1.0 - 1e-9)).any()
        assert (round(begin, 6) in kept) == clean


def test_a_lost_sample_of_one_channel_counts():
    observed = np.ones((400, 3), dtype=bool)
    observed[120, 1] = False
    starts = cut(ramp(400, observed=observed), seconds=1.0, overlap=0.0).X["start"]
    assert starts.tolist() == [0.0, 1.0, 3.0, 4.0, 5.0, 6.0, 7.0]


def test_windows_with_few_losses_are_kept_bridged_and_marked():
    observed = np.ones((400, 3), dtype=bool)
    observed[110:140, 1] = False  # 30 of 150 samples of the window
    observed[220:300] = False
    recording = ramp(400, observed=observed)
    recording = recording.replace(data=np.where(observed, recording.data, np.nan))
    X = cut(recording, seconds=1.0, overlap=0.0, min_observed=0.8).X
    assert X["start"].tolist() == [0.0, 1.0, 2.0, 3.0, 6.0, 7.0]
    assert X["observed"].dtype == bool and X["observed"].shape == X["imu"].shape
    expected = X["start"][:, None, None] + np.arange(50) / 50.0
    np.testing.assert_allclose(X["imu"], np.broadcast_to(expected, X["imu"].shape))
    assert np.argwhere(~X["observed"]).tolist() == [[2, 1, k] for k in range(10, 40)]
    assert "observed" not in cut(recording, seconds=1.0).X
    assert cut(recording, seconds=1.0, overlap=0.0, min_observed=0.0).X["start"].size == 8


def test_padding_is_not_observed_and_does_not_count():
    X = cut(ramp(60), seconds=2.0, short="pad", min_observed=0.9).X
    assert X["observed"][0].sum(axis=1).tolist() == [60] * 3
    assert X["observed"][0, :, 20:80].all()


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=100, max_size=300), st.floats(0.3, 1.0))
def test_labels_are_the_majority_and_pure_enough(labels, purity):
    labels = np.repeat(np.array(labels), 4)
    recording = ramp(len(labels), labels=labels)
    try:
        X, y, _ = cut(recording, seconds=1.0, overlap=0.7, min_purity=purity, ignore=[3])
    except ValueError as error:
        assert "No window" in str(error)
        return
    for begin, label in zip(X["start"], y, strict=True):
        k = round(begin * 50)
        counts = np.bincount(labels[k : k + 50], minlength=4)
        assert counts[label] == counts.max()
        assert counts[label] / 50 >= purity - 1e-9
        assert label != 3


def test_the_earliest_of_equally_frequent_classes_wins():
    y = cut(ramp(100, labels=["b"] * 50 + ["a"] * 50), seconds=2.0).y
    assert y.tolist() == ["b"]


def test_the_center_rule_takes_the_middle_sample():
    labels = np.array(["long"] * 60 + ["mid"] * 10 + ["long"] * 30)
    recording = ramp(100, labels=labels)
    assert cut(recording, seconds=2.0).y.tolist() == ["long"]
    centered = cut(ramp(100, labels=np.roll(labels, -15)), seconds=2.0, label="center")
    assert centered.y.tolist() == ["mid"]


def test_ignored_classes_leave_only_their_neighbors():
    labels = np.repeat(["null", "walk", "null"], 100)
    X, y, _ = cut(ramp(300, labels=labels), seconds=1.0, overlap=0.0, ignore="null")
    assert y.tolist() == ["walk", "walk"]
    assert X["start"].tolist() == [2.0, 3.0]


def test_recordings_of_other_rates_are_resampled_whole():
    X = cut([ramp(200, 20.0), ramp(330, 100 / 3)], seconds=2.0, imu_rate=50.0).X
    assert X.rate("imu") == 50.0
    expected = X["start"][:, None] + np.arange(100) / 50.0
    np.testing.assert_allclose(X["imu"][:, 0], expected, atol=1e-8)


def test_dtype_of_the_imu_is_chosen():
    assert cut(ramp(), seconds=1.0, dtype=np.float32).X["imu"].dtype == np.float32


# ---- short items


@given(st.integers(1, 99))
def test_short_items_are_padded_in_the_middle(n):
    X, y, _ = cut(ramp(n, labels="nod"), seconds=2.0, short="pad")
    (window,) = X["imu"][:, 0]
    left = (100 - n) // 2
    np.testing.assert_allclose(window[left : left + n], np.arange(n) / 50.0)
    assert np.all(window[:left] == 0) and np.all(window[left + n :] == (n - 1) / 50.0)
    assert X["padded"].tolist() == [(100 - n) / 50.0]
    assert X["start"][0] == pytest.approx(-left / 50.0)
    assert y.tolist() == ["nod"]


def test_padding_does_not_vote():
    labels = ["a"] * 12 + ["b"] * 8
    assert cut(ramp(20, labels=labels), seconds=2.0, short="pad").y.tolist() == ["a"]


def test_short_items_are_dropped_beside_long_ones():
    X = cut([ramp(20, name="short"), ramp(200, name="long")], seconds=2.0).X
    assert set(X["clip"]) == {"long"}
    assert "padded" not in X


# ---- motions


@given(
    st.integers(60, 300),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    st.sampled_from([None, 30.0, 50.0, 120.0]),
    st.floats(-2.0, 2.0),
)
def test_pose_windows_lie_where_they_say(n, margin, pose_rate, start):
    motion = ramp_motion(n, start=start)
    X = cut(motion, seconds=0.5, margin=margin, pose_rate=pose_rate).X
    rate = pose_rate or 60.0
    m = round(X.margin * rate)
    assert X["pose"].shape[1] == int(np.floor(0.5 * rate + 0.5)) + 2 * m
    wanted = X["start"][:, None] + np.arange(-m, X["pose"].shape[1] - m) / rate
    held = np.clip(wanted, start, start + (n - 1) / 60.0)
    np.testing.assert_allclose(X["trans"][:, :, 0], held, atol=1e-7)
    np.testing.assert_allclose(X["pose"][:, :, 0, 2], 0.1 * held, atol=1e-7)
    real = (wanted >= start - 1e-5) & (wanted <= start + (n - 1) / 60.0 + 1e-5)
    assert real[:, m : wanted.shape[1] - m].all()
    np.testing.assert_array_equal(X["context"][:, 0], real[:, :m].sum(axis=1))
    np.testing.assert_array_equal(X["context"][:, 1], real[:, wanted.shape[1] - m :].sum(axis=1))


def test_frames_of_an_even_motion_are_not_touched():
    poses = np.random.default_rng(0).normal(0, 1.5, (120, 24, 3))
    X = cut(Motion(poses, rate=60.0), seconds=1.0, overlap=0.0, margin=0.0).X
    np.testing.assert_array_equal(X["pose"].reshape(120, 24, 3), poses)


def test_the_motion_tells_class_person_text_and_body():
    motion = ramp_motion(
        text=("a person turns", "someone is turning"),
        label="turn",
        subject="bea",
        name="turn-1",
        stature=1.7,
        betas=np.ones(4),
    )
    X, y, groups = cut([motion, motion.replace(name="turn-2")], seconds=1.0)
    assert X["text"][0] == ("a person turns", "someone is turning")
    assert set(y) == {"turn"} and set(groups) == {"bea"}
    assert set(X["clip"]) == {"turn-1", "turn-2"}
    assert X["stature"].tolist() == [1.7] * len(X)
    assert X["betas"].shape == (len(X), 4)
    assert X.modalities == ("text", "pose") and "sex" not in X
    X = cut([motion, motion.replace(name="turn-2", sex="female")], seconds=1.0).X
    assert X["sex"].tolist() == np.where(X["clip"] == "turn-2", "female", "neutral").tolist()


def test_short_motions_repeat_their_ends():
    X = cut(ramp_motion(30), seconds=1.0, margin=0.0, short="pad").X
    trans = X["trans"][0, :, 0]
    np.testing.assert_allclose(trans[15:45], np.arange(30) / 60.0)
    assert np.all(trans[:15] == 0.0) and np.all(trans[45:] == 29 / 60.0)


# ---- pairs


@given(
    st.floats(-1.0, 1.0),
    st.sampled_from([20.0, 50.0, 100 / 3]),
    st.sampled_from([19.0, 30.0, 60.0]),
)
def test_both_sides_of_a_pair_are_cut_on_one_clock(offset, imu_rate, pose_rate):
    motion = ramp_motion(240)
    recording = ramp(round(4 * imu_rate), imu_rate, offset, labels="x")
    X = cut((motion, recording), seconds=1.0, margin=0.25, pose_rate=pose_rate).X
    m = round(X.margin * pose_rate)
    np.testing.assert_allclose(X["imu"][:, 0, 0], X["start"], atol=1e-9)
    np.testing.assert_allclose(X["trans"][:, m, 0], X["start"], atol=1e-6)
    assert X["start"].min() >= max(0.0, offset) - 1e-9
    assert X["start"].max() + 1.0 <= min(4.0, offset + 4.0) + 1e-6
    assert X["start"].min() < max(0.0, offset) + 1 / imu_rate


def test_a_pair_that_never_meets_says_so():
    with pytest.raises(ValueError, match="overlaps in time by less than a window"):
        cut((ramp_motion(), ramp(start=100.0)), seconds=1.0)


def test_the_recording_names_the_pair_and_the_motion_fills_in():
    pair = (ramp_motion(label="m", subject="cy", text="turn"), ramp(300, name="r", labels="r"))
    X, y, groups = cut(pair, seconds=1.0)
    assert set(X["clip"]) == {"r"} and set(y) == {"r"} and set(groups) == {"cy"}
    assert X.modalities == ("text", "pose", "imu")


def test_mixed_items_leave_modalities_absent():
    X, y, groups = cut(
        [ramp(100, labels="a", subject=1), ramp_motion(120, text="turn")], seconds=1.0
    )
    assert X.present("imu").tolist() == [True] * 3 + [False] * 3
    assert X.present("pose").tolist() == [False] * 3 + [True] * 3
    assert y.tolist() == ["a"] * 3 + [None] * 3
    assert groups.tolist() == [1] * 3 + [None] * 3


def test_repeated_and_missing_names_get_numbers():
    items = [ramp(60, name="a"), ramp(60, name="a"), ramp(60), ramp(60, name="a#0")]
    ids = cut(items, seconds=1.0).X["clip"].tolist()
    assert len(set(ids)) == 4
    assert ids[3] == "a#0"


# ---- bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seconds": 0.0}, "seconds must be a positive number"),
        ({"overlap": 1.0}, r"overlap must lie in.*\[0, 1\)"),
        ({"margin": -1.0}, "margin must lie in"),
        ({"label": "mean"}, "label must be one of 'majority', 'center'"),
        ({"short": "keep"}, "short must be one of 'drop', 'pad'"),
        ({"min_purity": 1.5}, r"min_purity must lie in.*\[0, 1\]"),
        ({"imu_rate": -5.0}, "imu_rate must be a positive number of Hz"),
        ({"imu_rate": 1e9}, "imu_rate must lie between"),
        ({"dtype": int}, "dtype must be a floating point type"),
        ({"seconds": 99.0}, "longest item lasts 10 s and a window 99 s"),
    ],
)
def test_arguments_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        cut(ramp(), **{"seconds": 1.0, **changes})


@pytest.mark.parametrize("changes", [{"seconds": "1"}, {"overlap": True}, {"seconds": True}])
def test_arguments_of_another_kind_are_refused(changes):
    with pytest.raises(TypeError, match="must be a number"):
        cut(ramp(), **{"seconds": 1.0, **changes})


def test_items_of_another_kind_are_refused():
    with pytest.raises(TypeError, match=r"Item 1 is a ndarray.*Recording"):
        cut([ramp(), np.zeros((4, 3))], seconds=1.0)


def test_no_items_are_refused():
    with pytest.raises(ValueError, match="items is empty"):
        cut([], seconds=1.0)


def test_unlike_rates_need_a_decision():
    with pytest.raises(ValueError, match=r"Give imu_rate= .* 20 to 50 Hz"):
        cut([ramp(), ramp(100, 20.0)], seconds=1.0)
    times = np.cumsum(np.linspace(0.01, 0.02, 100))
    with pytest.raises(ValueError, match=r"Give pose_rate= .* not evenly spaced"):
        cut(Motion(np.zeros((100, 24, 3)), times=times), seconds=0.5)


def test_unlike_channels_need_a_decision():
    other = Recording(np.zeros((100, 3)), 50.0, channel_names("hip", "acc"))
    with pytest.raises(ValueError, match=r"different channels.*Recording\.select"):
        cut([ramp(), other], seconds=1.0)


def with_a_loss():
    observed = np.ones((150, 24), dtype=bool)
    observed[100:104, 18] = False
    poses = np.zeros((150, 24, 3))
    poses[:, 0, 0] = np.pi / 2
    return Motion(poses, rate=30.0, observed=observed)


def test_windows_of_poses_touch_no_joint_that_was_not_measured():
    motion = with_a_loss()
    bare = cut(motion, seconds=1.0, overlap=0.0, margin=0.0).X
    assert bare["start"].tolist() == [0.0, 1.0, 2.0, 4.0]
    # the margins are what a simulator differentiates through
    assert cut(motion, seconds=1.0, overlap=0.0, margin=0.5).X["start"].tolist() == [0.0, 1.0, 4.0]
    recording = Recording(np.ones((250, 3)), 50.0)
    paired = cut((motion, recording), seconds=1.0, overlap=0.0, margin=0.0).X
    assert paired["start"].tolist() == bare["start"].tolist()


def test_windows_may_keep_what_was_lost_and_say_so():
    motion = with_a_loss()
    X = cut(motion, seconds=1.0, overlap=0.0, margin=0.0, min_observed=0.99).X
    assert X["start"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]  # 4 of 720 are missing
    assert np.argwhere(~X["pose_observed"]).tolist() == [[3, f, 18] for f in range(10, 14)]
    read = SMPLIMUSimulator(sites=["left_wrist", "right_wrist"]).transform(X)
    lost = ~read["observed"]
    assert lost[3, :6, 20].all() and not lost[:, 6:].any() and not lost[:3].any()
    assert read["pose_observed"].shape == (5, 30, 24)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ignore": ["rest"]}, r"2 items: ignored class 10\. ignore= contains 'rest'"),
        ({"min_purity": 0.9, "label": "center"}, r"mixed labels 10\. Lower min_purity=0\.9"),
    ],
)
def test_the_reason_why_no_window_is_left_is_told(arguments, message):
    labels = np.full(300, "rest") if "ignore" in arguments else np.tile(["a", "b"], 150)
    with pytest.raises(ValueError, match=message):
        cut([ramp(300, labels=labels)] * 2, seconds=2.0, **arguments)


def test_lost_samples_are_told_as_the_reason():
    lost = ramp(200).replace(observed=np.zeros((200, 3), dtype=bool))
    with pytest.raises(ValueError, match=r"lost samples 3\. Lower min_observed=1"):
        cut(lost, seconds=2.0)


def test_ignoring_none_ignores_nothing():
    recording = ramp(200, labels=["a", "b"] * 100)
    assert len(cut(recording, seconds=2.0, ignore=None).y) == 3


def test_ignored_classes_that_are_misspelled_are_said():
    labels = np.repeat(["walk", "unlabeled"], 300)
    with pytest.warns(UserWarning, match="Did you mean ignore='unlabeled'"):
        cut(ramp(600, labels=labels), seconds=1.0, ignore="unlabelled")
    with pytest.warns(UserWarning, match="became the class 'unlabeled'"):
        cut(ramp(600, labels=labels), seconds=1.0)
    with pytest.warns(UserWarning, match="Did you mean ignore='1'"):
        cut(ramp(600, labels=np.repeat(["0", "1"], 300)), seconds=1.0, ignore=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", UnitsWarning)
        cut(ramp(600, labels=labels), seconds=1.0, ignore="unlabeled")
        cut(ramp(600, labels=np.repeat(["task_1", "b"], 300)), seconds=1.0, ignore="task_2")
        cut(ramp(600, labels=np.repeat(["walk", "b"], 300)), seconds=1.0, ignore="null")


def test_the_plan_has_the_defaults_of_cut():
    plan, whole = (signature(function).parameters for function in (make_plan, cut))
    assert {name: plan[name].default for name in whole if name in plan} == {
        name: one.default for name, one in whole.items() if name in plan
    }
    assert set(whole) - set(plan) == {"items"}
