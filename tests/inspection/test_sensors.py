"""The picture of a body with sensors: the right way round, in scale, with names apart."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from m3n_sklearn.body import BodyModel, Site, default_body, list_sites
from m3n_sklearn.inspection import SensorsDisplay
from m3n_sklearn.inspection._sensors import _check_pose, _Scene, _spread
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, quat_multiply, rotvec_from_quat


@pytest.fixture(scope="module")
def body():
    return default_body()


def scene(body, sites, pose=None, frame="skin"):
    return _Scene.of(body, sites, _check_pose(body, pose), frame)


def names(ax):
    return sorted(text.get_text() for text in ax.texts if text.get_text())


def test_the_viewer_in_front_sees_the_left_hand_on_the_right(body):
    seen = scene(body, ["left_wrist", "right_wrist", "head"]).seen_from("front")
    assert seen.points[0, 0] > 0.5 and seen.points[1, 0] < -0.5
    assert seen.points[2, 1] > seen.points[0, 1]  # the head is above
    back = scene(body, ["left_wrist"]).seen_from("back")
    assert back.points[0, 0] < -0.5


def test_the_viewer_on_the_left_sees_the_face_on_the_left(body):
    seen = scene(body, ["head", "lower_back"])
    left, right = (seen.seen_from(view).points[:, 0] for view in ("left", "right"))
    assert left[0] < left[1] and right[0] > right[1]


def test_axes_stand_as_the_catalogue_says(body):
    chest = scene(body, ["chest"])
    front = chest.seen_from("front").axes[0]
    assert front[:, 2] == pytest.approx([0, 0, 1], abs=0.01)  # z out of the chest
    assert front[:, 1] == pytest.approx([0, 1, 0], abs=0.01)  # y up
    left = chest.seen_from("left").axes[0]
    assert left[:, 2] == pytest.approx([-1, 0, 0], abs=0.01)


def test_what_is_behind_the_body_is_hidden(body):
    seen = scene(body, ["chest", "lower_back"])
    assert seen.seen_from("front").hidden.tolist() == [False, True]
    assert seen.seen_from("back").hidden.tolist() == [True, False]


def test_sensors_on_the_outline_are_seen_unless_behind_others(body):
    arm = scene(body, ["left_upper_arm", "left_wrist"])
    assert not arm.seen_from("front").hidden.any()
    assert arm.seen_from("left").hidden.tolist() == [True, False]


def test_the_heading_of_the_body_does_not_matter(body):
    pose = _check_pose(body, None)
    turned = pose.copy()
    about_z = quat_from_rotvec([0.0, 0.0, 2.1])
    turned[0] = rotvec_from_quat(quat_multiply(about_z, quat_from_rotvec(pose[0])))
    plain, other = (scene(body, ["left_wrist"], p).seen_from("front") for p in (pose, turned))
    assert other.points == pytest.approx(plain.points, abs=1e-9)
    assert other.axes == pytest.approx(plain.axes, abs=1e-9)


def test_hidden_sensors_are_named_where_they_show(body):
    display = SensorsDisplay.from_body(body, ["chest", "lower_back"], views=("front", "back"))
    assert [names(ax) for ax in display.axes_] == [["chest"], ["lower back"]]
    alone = SensorsDisplay.from_body(body, ["lower_back"], views=("front",))
    assert names(alone.axes_[0]) == ["lower back"]


@pytest.mark.slow
def test_every_catalogue_site_can_be_drawn_in_equal_scale(body):
    display = SensorsDisplay.from_body(body, list_sites())
    assert set().union(*map(names, display.axes_)) == {
        site.replace("_", " ") for site in list_sites()
    }
    display.figure_.canvas.draw()
    scales = [np.diff(ax.transData.transform([(0, 0), (1, 1)]), axis=0)[0] for ax in display.axes_]
    assert scales[0][0] == pytest.approx(scales[0][1])
    assert scales[0] == pytest.approx(scales[1], rel=0.1)


def test_names_are_moved_apart_and_no_further():
    spread = _spread(np.array([1.0, 0.0, 1.1, 5.0]), 0.5)
    assert spread == pytest.approx([0.8, 0.0, 1.3, 5.0])
    assert np.diff(np.sort(_spread(np.zeros(5), 0.2))) == pytest.approx(np.full(4, 0.2))


def test_bodies_without_a_surface_are_drawn_as_bones(body):
    bones = BodyModel(body.joint_names, body.parents, body.rest_joints, stature=1.7)
    site = Site("shoe", bone="left_foot", offset=(0.0, 0.03, 0.0))
    _, ax = plt.subplots()
    display = SensorsDisplay.from_body(bones, site, frame="bone", views=["front"], axes=ax)
    assert display.axes_[0] is ax and len(ax.get_lines()) >= body.n_joints - 1


def test_a_lying_body_is_seen(body):
    pose = np.zeros((24, 3))  # the rest frame's y up becomes the world's y: lying
    seen = scene(body, ["head"], pose).seen_from("front")
    assert np.ptp(seen.triangles[:, :, 0]) > 1.5


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"views": ["top"]}, ValueError, "views must be"),
        ({"views": []}, ValueError, "views must be"),
        ({"pose": np.zeros((2, 24, 3))}, ValueError, r"motion.poses\[k\]"),
        ({"pose": np.zeros((7, 3))}, ValueError, "7 joints"),
        ({"frame": "mesh"}, ValueError, "frame"),
        ({"axes": [None, None]}, ValueError, "one per view"),
        ({"sites": ["nose"]}, ValueError, "Unknown site"),
    ],
)
def test_bad_input_is_named(body, params, error, message):
    with pytest.raises(error, match=message):
        SensorsDisplay.from_body(body, **{"sites": ["chest"], **params})
    with pytest.raises(TypeError, match="BodyModel"):
        SensorsDisplay("default", ["chest"])
