"""Scenes of the player hold the motion, the sensors and the signals that they were given."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from m3n_sklearn import Motion, Recording, SMPLIMUSimulator
from m3n_sklearn.body import BodyModel, default_body, forward_kinematics, site_kinematics
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.inspection import MotionPlayer, write_page
from m3n_sklearn.inspection._scene import _simplified
from m3n_sklearn.recording import channel_names
from m3n_sklearn.skeleton import matrix_from_quat, quat_from_rotvec


def decode(text, kind, *shape):
    return np.frombuffer(base64.b64decode(text), kind).reshape(*shape)


def scene_of(display):
    return json.loads(re.search(r"<script[^>]*>(.*?)</script>", display.to_html())[1])


def wave(seconds=2.0, **facts):
    return make_motions(1, 1, "wave", seconds=seconds, random_state=0)[0].replace(**facts)


def test_the_pose_survives_16_bits():
    motion = wave()
    scene = scene_of(MotionPlayer.from_motion(motion))
    assert scene["frames"] == 60 and scene["rate"] == 30.0  # of 120 frames at 60 Hz
    [body] = scene["bodies"]
    quats = decode(body["quats"], "<i2", -1, 24, 4) / 32767
    turns = matrix_from_quat(quats / np.linalg.norm(quats, axis=-1, keepdims=True))
    person = default_body(motion.sex, motion.stature)
    posed = forward_kinematics(person, turns)
    truth = forward_kinematics(person, motion.poses[::2])
    np.testing.assert_allclose(posed.positions, truth.positions, atol=2e-4)
    root = decode(body["root"], "<f4", -1, 3)
    np.testing.assert_allclose(root, motion.trans[::2] + person.rest_joints[0], atol=1e-5)


def test_sensors_are_where_the_simulator_puts_them_with_its_mount():
    motion = wave(sex="neutral", stature=None)
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    simulator = SMPLIMUSimulator(sites="right_wrist", mount=turn)
    scene = scene_of(MotionPlayer.from_motion(motion, simulator=simulator))
    [sensor] = scene["sensors"]
    still = np.zeros((motion.n_frames, 24, 3))
    worn = site_kinematics(
        default_body(),
        "right_wrist",
        quat_from_rotvec(motion.poses),
        still,
        still,
        motion.trans,
        *[np.zeros_like(motion.trans)] * 2,
    )
    places = decode(sensor["places"], "<f4", -1, 3)
    np.testing.assert_allclose(places, worn.position[::2, 0], atol=1e-4)
    quats = decode(sensor["quats"], "<i2", -1, 4) / 32767
    np.testing.assert_allclose(matrix_from_quat(quats), worn.rotation[::2, 0] @ turn, atol=1e-3)


def test_signals_keep_their_values_clocks_and_gaps():
    motion = wave()
    values = np.random.default_rng(0).normal(size=(100, 6)) * [9, 9, 9, 0.1, 0.1, 0.1]
    seen = np.ones(values.shape, dtype=bool)
    seen[40:50, :3] = False
    names = channel_names("right_wrist")
    recording = Recording.trusted(values, 50.0, names, start=0.25, observed=seen)
    [packed] = scene_of(MotionPlayer.from_motion(motion, {"a": recording}))["recordings"]
    data = decode(packed["data"], "<i2", -1, 6)
    assert (packed["start"], packed["rate"], packed["samples"]) == (0.25, 50.0, 100)
    np.testing.assert_array_equal(data == -32768, ~seen)
    error = np.abs(data * packed["scales"] - values)[seen]
    assert error.max() < 1e-3


def test_readings_are_simulated_unless_recordings_are_given_without_a_simulator():
    motion = wave()
    worn = SMPLIMUSimulator(sites="chest").simulate(motion)
    simulator = SMPLIMUSimulator(sites="chest", rate=25.0)
    assert list(MotionPlayer.from_motion(motion).recordings) == ["simulated"]
    alone = MotionPlayer.from_motion(motion, {"worn": worn})
    assert list(alone.recordings) == ["worn"] and "Sensors: chest." in alone.caption
    both = MotionPlayer.from_motion(motion, {"worn": worn}, simulator=simulator)
    assert {name: one.rate for name, one in both.recordings.items()} == {
        "worn": 50.0,
        "simulated": 25.0,
    }
    assert [p["title"] for p in scene_of(both)["panels"]] == [
        "chest specific force",
        "chest angular rate",
    ]


def test_a_recording_without_a_site_is_that_of_the_only_sensor():
    motion = wave()
    bare = Recording(np.tile([0, 0, 9.81], (100, 1)), 50.0)
    simulator = SMPLIMUSimulator(sites="chest")
    [force, rate] = scene_of(MotionPlayer.from_motion(motion, {"a": bare}, simulator=simulator))[
        "panels"
    ]
    assert force["columns"] == [[0, 1, 2], [0, 1, 2]] and rate["columns"] == [None, [3, 4, 5]]


def test_bodies_at_one_place_stand_side_by_side_and_others_stay():
    motion = wave()
    together = scene_of(MotionPlayer.from_motion({"a": motion, "b": motion}))
    first, second = (decode(body["root"], "<f4", -1, 3) for body in together["bodies"])
    assert np.linalg.norm(first[0] - second[0]) == pytest.approx(1.3, abs=1e-3)
    away = motion.replace(trans=motion.trans + np.array([0.0, 2.0, 0.0]))
    apart = scene_of(MotionPlayer.from_motion({"a": motion, "b": away}))
    first, second = (decode(body["root"], "<f4", -1, 3) for body in apart["bodies"])
    np.testing.assert_allclose(second - first, np.tile([0.0, 2.0, 0.0], (len(first), 1)), atol=1e-5)


def test_a_large_surface_is_simplified_and_keeps_its_shape():
    body = default_body()
    # four triangles for each one: a finer mesh of the same surface
    a, b, c = body.faces.T
    pairs = np.sort(np.concatenate([body.faces[:, [0, 1]], body.faces[:, [1, 2]]]), axis=1)
    pairs = np.unique(np.concatenate([pairs, np.sort(body.faces[:, [2, 0]], axis=1)]), axis=0)
    middle = {pair: body.n_vertices + i for i, pair in enumerate(map(tuple, pairs.tolist()))}
    ab, bc, ca = (
        np.array([middle[tuple(sorted(pair))] for pair in zip(x.tolist(), y.tolist(), strict=True)])
        for x, y in ((a, b), (b, c), (c, a))
    )
    faces = np.concatenate(
        [np.stack(f, 1) for f in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    )
    vertices = np.concatenate([body.vertices, body.vertices[pairs].mean(axis=1)])
    weights = np.concatenate([body.weights, body.weights[pairs].mean(axis=1)])
    assert len(faces) == 4 * len(body.faces)
    kept, triangles = _simplified(vertices, faces, weights)
    assert 1000 < len(triangles) <= 7000 and triangles.max() < len(kept)
    gaps = [np.linalg.norm(vertices[kept] - vertex, axis=1).min() for vertex in vertices[::50]]
    assert max(gaps) < 0.04


def test_a_body_without_a_surface_has_bones():
    body = default_body()
    bones = BodyModel(body.joint_names, body.parents, body.rest_joints, stature=1.7)
    simulator = SMPLIMUSimulator(bones, sites="right_wrist")
    [shown] = scene_of(MotionPlayer.from_motion(wave(), simulator=simulator))["bodies"]
    assert shown["vertices"] is None and len(shown["parents"]) == 24


def test_half_a_minute_is_small_and_a_page_holds_the_player_once(tmp_path):
    display = MotionPlayer.from_motion(wave(30.0))
    assert len(display.to_html()) < 560_000
    path = write_page(tmp_path / "page.html", title="T", items=[("A", display), ("B", display)])
    text = path.read_text("utf-8")
    assert text.count('<figure class="m3n-player"') == 2
    assert text.count("class Player") == 1 and "plotly" not in text


def test_names_cannot_break_out_of_the_page():
    bad = "</script><script>alert(1)</script>"
    shown = MotionPlayer.from_motion(wave(text=bad), {bad: SMPLIMUSimulator().simulate(wave())})
    assert shown.to_html().count("</script>") == 1
    assert "<script>alert" not in shown._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("walk",), TypeError, "motions must map names to objects of type Motion"),
        (({},), ValueError, "nothing to play"),
        ((wave(), [1]), TypeError, "recordings must map names to objects of type Recording"),
        (
            (wave(), {"a": Recording(np.zeros((9, 4)), 50.0)}),
            ValueError,
            "4 channels without names",
        ),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        MotionPlayer.from_motion(*arguments)
    with pytest.raises(TypeError, match="simulator must be an SMPLIMUSimulator, got str"):
        MotionPlayer.from_motion(wave(), simulator="default")
    with pytest.raises(ValueError, match="quantity"):
        MotionPlayer.from_motion(wave(), quantity="x")


def test_a_single_frame_is_a_still_body():
    still = Motion(np.zeros((1, 24, 3)), rate=30.0)
    names = channel_names("right_wrist")
    recording = Recording.trusted(np.zeros((3, 6)), 50.0, names)
    scene = scene_of(MotionPlayer.from_motion(still, {"a": recording}))
    assert scene["frames"] == 1 and scene["duration"] == 0
