"""From a video file to motions: what real clips do, with recorded landmarks behind the protocol."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.video import Landmarks, Region, motion_from_video
from m3n_sklearn.video._tracking import MAX_PEOPLE

from .scenes import (
    HEIGHT,
    WIDTH,
    Recorded,
    camera,
    exchanged,
    hidden,
    number_of,
    perform,
    person,
    video,
    without,
)

pytest.importorskip("av", reason='PyAV is not installed: pip install "m3n-sklearn[video]"')

LEGS = [(23, 24), (25, 26), (27, 28), (29, 30), (31, 32)]
ARMS = [(11, 12), (13, 14), (15, 16), (17, 18), (19, 20), (21, 22)]
RIGHT_ARM = [14, 16, 18, 20, 22]


def bones(motion):
    """Unit vectors of forearms, upper arms, shins and trunk, in the world."""
    places = forward_kinematics(default_body(), motion.poses).positions
    at = {joint: places[:, i] for i, joint in enumerate(SMPL_JOINTS)}
    pairs = [("pelvis", "neck")] + [
        (f"{side}_{start}", f"{side}_{end}")
        for side in ("left", "right")
        for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("knee", "ankle"))
    ]
    vectors = np.stack([at[end] - at[start] for start, end in pairs], axis=1)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def same_up_to_heading(one, other, atol):
    """The heights of bones do not depend on which way a person faces."""
    np.testing.assert_allclose(bones(one)[..., 2], bones(other)[..., 2], atol=atol)


@pytest.fixture(scope="module")
def wave():
    return perform("wave")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return video(tmp_path_factory.mktemp("clip"), 90)


def from_video(*arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return motion_from_video(*arguments, **options)


@pytest.mark.parametrize(("tilt", "roll"), [(0, 0), (20, 0), (-12, 9)])
def test_a_tilted_and_rolled_camera(clip, wave, tilt, roll):
    model = Recorded(person(wave, camera(tilt, roll)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (motion,) = motion_from_video(clip, model=model, text="a person waves", label="wave")
    assert (motion.n_frames, motion.name, motion.label) == (90, "clip", "wave")
    assert motion.rate == pytest.approx(30.0) and motion.source == "mediapipe"
    assert motion.observed is None
    np.testing.assert_allclose(motion.confidence, 0.99)
    assert model.seen == list(range(90))  # each frame once
    same_up_to_heading(motion, wave, 0.06)


def test_a_given_direction_wins(clip, wave):
    view = camera(30, 0)
    (motion,) = from_video(clip, model=Recorded(person(wave, view)), up=view[:, 2])
    same_up_to_heading(motion, wave, 0.03)


def test_nobody_stands(clip):
    sitting = perform("sit_still") if "sit_still" in _activities() else perform("squat")
    stretch = sitting.slice(0.0, 3.0)
    bent = stretch.poses.copy()
    for side in ("left", "right"):
        bent[:, SMPL_JOINTS.index(f"{side}_hip"), 0] = -1.4
        bent[:, SMPL_JOINTS.index(f"{side}_knee"), 0] = 1.4
    model = Recorded(person(stretch.replace(poses=bent)))
    with pytest.warns(UserWarning, match=r"clip.mp4: nobody stands.*level camera"):
        motion_from_video(clip, model=model)


def _activities():
    from m3n_sklearn.procedural import list_activities

    return list_activities()


def test_squats_move_the_hips(clip):
    squat = perform("squat")
    (motion,) = from_video(clip, model=Recorded(person(squat)))
    height, truth = (m.trans[:, 2] - m.trans[0, 2] for m in (motion, squat))
    assert np.ptp(truth) > 0.3
    np.testing.assert_allclose(height, truth, atol=0.06)


@pytest.mark.parametrize("pairs", [LEGS, ARMS, LEGS + ARMS], ids=["legs", "arms", "both"])
def test_exchanged_sides_are_given_back(clip, wave, pairs):
    track = person(wave)
    (right,) = from_video(clip, model=Recorded(track))
    with pytest.warns(UserWarning, match="left and right"):
        (repaired,) = motion_from_video(clip, model=Recorded(exchanged(track, pairs, 40, 58)))
    np.testing.assert_allclose(repaired.poses, right.poses, atol=1e-9)


def test_absence_trims_and_cuts(clip, wave):
    track = without(person(wave), (0, 6), (30, 33), (50, 66), (88, 90))
    first, second = from_video(clip, model=Recorded(track))
    np.testing.assert_allclose(first.times[[0, -1]], [6 / 30, 49 / 30], atol=1e-6)
    np.testing.assert_allclose(second.times[[0, -1]], [66 / 30, 87 / 30], atol=1e-6)
    assert [first.name, second.name] == ["clip/0", "clip/1"]
    # the short gap is bridged, and known to be
    assert first.observed.all(axis=1).tolist() == [not 30 <= n < 33 for n in range(6, 50)]
    assert second.observed is None


def test_short_pieces_are_said(clip, wave):
    track = without(person(wave), (0, 20), (28, 40))
    with pytest.warns(UserWarning, match=r"from 0\.67 to 0\.90 s: shorter than 0\.5 s"):
        (motion,) = motion_from_video(clip, model=Recorded(track))
    assert motion.times[0] == pytest.approx(40 / 30)
    with pytest.raises(ValueError, match=r"clip\.mp4: nobody was found"):
        motion_from_video(clip, model=Recorded(without(person(wave), (0, 90))))


def test_what_was_not_seen_is_not_simulated(clip, wave):
    track = hidden(person(wave), RIGHT_ARM, 0.05)
    (motion,) = from_video(clip, model=Recorded(track))
    recording = SMPLIMUSimulator(sites=("left_wrist", "right_wrist")).simulate(motion)
    left, right = recording.observed[:, :6], recording.observed[:, 6:]
    assert left.all() and not right.any() and np.isnan(recording.data[:, 6:]).all()
    # a low limit believes the network
    (motion,) = from_video(clip, model=Recorded(track), min_visibility=0.01)
    assert motion.observed is None


def test_outside_of_the_picture_counts_as_not_seen(clip, wave):
    shifted = []
    for one in person(wave):
        image = one.image.copy()
        image[RIGHT_ARM, 0] = -0.1 * WIDTH
        shifted.append(Landmarks(one.world, image, one.visibility))
    (motion,) = from_video(clip, model=Recorded(shifted))
    trusted = motion.observed.all(axis=0)
    assert not trusted[SMPL_JOINTS.index("right_wrist")]
    assert trusted[SMPL_JOINTS.index("left_wrist")]


@pytest.mark.parametrize(
    ("scatter", "growth", "message"),
    [(0.12, 0.0, "jump by"), (0.0, 0.5, "lengths of the limbs scatter")],
)
def test_invented_bodies_are_refused(clip, wave, scatter, growth, message):
    rng = np.random.default_rng(0)
    sizes = 1 + growth * np.sin(np.arange(90) / 7)
    track = [
        Landmarks(one.world * size + rng.normal(0, scatter, 3), one.image, one.visibility)
        for one, size in zip(person(wave), sizes, strict=True)
    ]
    with pytest.raises(ValueError, match=message):
        motion_from_video(clip, model=Recorded(track))


def test_a_trunk_that_is_never_seen_is_refused(clip, wave):
    with pytest.raises(ValueError, match="neither a wrist nor an ankle"):
        from_video(clip, model=Recorded(hidden(person(wave), [23, 24], 0.0)))


# ---- several people


@pytest.fixture(scope="module")
def crowd(wave):
    """Somebody near who stands, and somebody farther away who waves and walks past."""
    near = person(perform("stand_still"), depth=3.0, x=-60.0)
    return near, person(wave, depth=4.5, x=np.linspace(-110, 110, 90))


def activity_of(motion):
    moved = np.ptp(bones(motion), axis=0).max()
    return "wave" if moved > 0.5 else "stand"


@pytest.mark.parametrize(
    ("which", "expected"),
    [("largest", "stand"), ("most_moving", "wave"), (0, "stand"), (1, "wave")],
)
def test_the_person_who_is_asked_for(clip, crowd, which, expected):
    (motion,) = from_video(clip, model=Recorded(*crowd), person=which)
    assert activity_of(motion) == expected and motion.n_frames == 90


def test_identity_is_kept_whatever_the_order(clip, crowd):
    class Shuffled(Recorded):
        def __call__(self, frame):
            people = super().__call__(frame)
            return people[::-1] if number_of(frame) % 2 else people

    motions = from_video(clip, model=Shuffled(*crowd), person="all")
    assert sorted(map(activity_of, motions)) == ["stand", "wave"]
    assert all(motion.n_frames == 90 for motion in motions)


def test_several_people_are_said(clip, crowd):
    with pytest.warns(UserWarning, match="2 people in the picture, took the largest"):
        motion_from_video(clip, model=Recorded(*crowd))
    with pytest.raises(ValueError, match="person=2, but fewer people"):
        motion_from_video(clip, model=Recorded(*crowd), person=2)


class TwoNetworks:
    """Detector and landmark network, which see one person each in the colors of the frame."""

    def __init__(self, *people):
        self.people = people
        self.runs = 0

    def detect(self, image):
        self.runs += 1
        return [self._region(one[number_of(image)]) for one in self.people]

    def locate(self, image, region):
        found = [one[number_of(image)] for one in self.people]
        regions = [self._region(one) for one in found]
        # a network that sees a crop prefers the person who fills it
        away = [
            np.hypot(r.x - region.x, r.y - region.y) + abs(r.size - region.size) for r in regions
        ]
        best = found[int(np.argmin(away))]
        if min(away) > region.size / 4:
            return None
        return Landmarks(best.world, best.image, best.visibility, self._region(best))

    @staticmethod
    def _region(one):
        x, y = (one.image[23] + one.image[24]) / 2
        return Region(float(x), float(y), float(np.ptp(one.image[:, 1])) * 1.3)


def test_the_two_functions_of_the_protocol(clip, crowd):
    model = TwoNetworks(*crowd)
    motions = from_video(clip, model=model, person="all")
    assert sorted(map(activity_of, motions)) == ["stand", "wave"]
    assert model.runs < 90 / 5  # several times a second
    assert MAX_PEOPLE >= 2


# ---- the file


def test_a_cut_of_the_scene(tmp_path, wave):
    path = video(tmp_path, 90, background=np.where(np.arange(90) < 45, 40.0, 200.0))
    first, second = from_video(path, model=Recorded(person(wave)))
    assert first.times[-1] == pytest.approx(44 / 30) and second.times[0] == pytest.approx(45 / 30)


def test_variable_times_are_kept(tmp_path, wave):
    steps = np.random.default_rng(0).choice([20, 33, 50], 89)
    stamps = np.concatenate([[0], np.cumsum(steps)])
    path = video(tmp_path, 90, name="phone.mkv", stamps=stamps.tolist())
    (motion,) = from_video(path, model=Recorded(person(wave)))
    np.testing.assert_allclose(motion.times, stamps / 1000, atol=2e-3)


def test_fast_cameras(tmp_path):
    fast = perform("wave", seconds=1.0, rate=240.0)
    path = video(tmp_path, 240, rate=240.0)
    model = Recorded(person(fast))
    with pytest.warns(UserWarning, match="every 4th frame"):
        (motion,) = motion_from_video(path, model=model)
    assert motion.rate == pytest.approx(60.0) and model.seen == list(range(0, 240, 4))
    (motion,) = from_video(path, model=model, max_rate=240.0)
    assert motion.rate == pytest.approx(240.0) and motion.n_frames == 240


def test_mirrored_footage_is_mirrored_back(clip, wave):
    frames = []

    def model(frame):
        frames.append(frame)
        return Recorded(person(wave))(frame[:, ::-1])

    (motion,) = from_video(clip, model=model, mirrored=True)
    assert motion.n_frames == 90 and frames[0].shape == (HEIGHT, WIDTH, 3)


def test_other_joint_sets(clip, wave):
    """A model with SMPL's joints, such as one that fits a body."""
    places = forward_kinematics(default_body(stature=wave.stature), wave.poses, wave.trans)
    world = (places.positions - places.positions[:, :1]) @ camera(15, 0).T + 1e-9

    def model(frame):
        points = world[number_of(frame)]
        return [Landmarks(points, points[:, :2] * 60 + [160, 120], np.ones(24))]

    model.layout = "smpl24"
    (motion,) = from_video(clip, model=model)
    assert "smpl24" in motion.source
    same_up_to_heading(motion, wave, 0.06)


# ---- errors


def test_wrong_arguments(clip, tmp_path, wave):
    model = Recorded(person(wave))
    with pytest.raises(ValueError, match="person must be"):
        motion_from_video(clip, model=model, person="first")
    with pytest.raises(ValueError, match="min_visibility"):
        motion_from_video(clip, model=model, min_visibility=2)
    with pytest.raises(ValueError, match="up"):
        motion_from_video(clip, model=model, up="upwards")
    with pytest.raises(ValueError, match="stature"):
        motion_from_video(clip, model=model, stature=-1.7)
    with pytest.raises(ValueError, match="max_gap"):
        motion_from_video(clip, model=model, max_gap=-1)
    with pytest.raises(ValueError, match="crops"):
        motion_from_video(clip, model=model, crops=9)
    with pytest.raises(FileNotFoundError, match=r"nothing\.mp4"):
        motion_from_video(tmp_path / "nothing.mp4", model=model)
    (tmp_path / "text.mp4").write_text("this is not a video")
    with pytest.raises(ValueError, match=r"text\.mp4 cannot be decoded as a video"):
        motion_from_video(tmp_path / "text.mp4", model=model)
    with pytest.raises(TypeError, match=r"must return Landmarks.*ndarray"):
        motion_from_video(clip, model=lambda frame: np.zeros((1, 33, 3)))
    with pytest.raises(ValueError, match="33"):
        motion_from_video(
            clip, model=lambda frame: [Landmarks(np.ones((9, 3)), np.ones((9, 2)), np.ones(9))]
        )


def test_an_error_of_the_model_stays_its_own(clip):
    def broken(frame):
        raise RuntimeError("out of memory on the device")

    with pytest.raises(RuntimeError, match="out of memory on the device"):
        motion_from_video(clip, model=broken)
