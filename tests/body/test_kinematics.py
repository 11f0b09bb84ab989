from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from m3n_sklearn.body import (
    BodyModel,
    Site,
    default_body,
    list_sites,
    resolve_sites,
    site_kinematics,
    skin,
)
from m3n_sklearn.body._algebra import has_no_polar, polar_rotation
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, random_rotations, rotvec_from_matrix
from m3n_sklearn.skeleton._smpl import MIRROR_JOINTS, SMPL_PARENTS

seeds = st.integers(0, 10_000)
BODY = default_body()
ARMS = ("left_wrist", "right_wrist", "left_ankle", "right_upper_arm", "chest", "left_foot")

# 8th-order central differences, offsets -4..4
FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
STEP = 2e-3
OFFSETS = STEP * np.arange(-4, 5)


@pytest.mark.parametrize("frame", ["bone", "skin", "triangle"])
@given(seed=seeds)
def test_derivatives_agree_with_differences_of_positions(smooth_motion, frame, seed):
    motion = smooth_motion(0.7 + OFFSETS, seed)
    sites = site_kinematics(BODY, ARMS, *motion, frame=frame)
    velocity = np.tensordot(FIRST, sites.position, 1) / STEP
    acceleration = np.tensordot(SECOND, sites.position, 1) / STEP**2
    np.testing.assert_allclose(sites.velocity[4], velocity, atol=1e-8, rtol=1e-9)
    np.testing.assert_allclose(sites.acceleration[4], acceleration, atol=1e-8, rtol=1e-9)


@pytest.mark.parametrize("frame", ["bone", "skin", "triangle"])
@given(seed=seeds)
def test_angular_velocity_agrees_with_differences_of_rotations(smooth_motion, frame, seed):
    sites = site_kinematics(BODY, ARMS, *smooth_motion(0.2 + OFFSETS, seed), frame=frame)
    now = sites.rotation[4]
    # rotation vectors against the middle frame: their derivative there is the body rate
    relative = rotvec_from_matrix(now.swapaxes(-1, -2) @ sites.rotation)
    rate = np.tensordot(FIRST, relative, 1) / STEP
    np.testing.assert_allclose(sites.angular_velocity[4], rate, atol=1e-7, rtol=1e-8)
    gram = now.swapaxes(-1, -2) @ now
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(3), gram.shape), atol=1e-13)
    np.testing.assert_allclose(np.linalg.det(now), 1.0, atol=1e-13)


@pytest.mark.parametrize("frame", ["bone", "triangle"])
@given(seed=seeds)
def test_angular_acceleration_agrees_with_differences_of_rates(smooth_motion, frame, seed):
    sites = site_kinematics(BODY, ARMS, *smooth_motion(OFFSETS, seed), frame=frame)
    expected = np.tensordot(FIRST, sites.angular_velocity, 1) / STEP
    np.testing.assert_allclose(sites.angular_acceleration[4], expected, atol=1e-7, rtol=1e-8)


@given(seed=seeds, shift=arrays(float, 3, elements=st.floats(-0.3, 0.3)))
def test_lever_arm_law(smooth_motion, seed, shift):
    near = Site("near", bone="left_elbow", offset=(0.1, 0.02, 0.0))
    far = dataclasses.replace(near, name="far", offset=near.offset + shift)
    motion = site_kinematics(BODY, [near, far], *smooth_motion([0.3], seed), frame="bone")
    w, al = motion.angular_velocity[0, 0], motion.angular_acceleration[0, 0]
    lever = np.cross(al, shift) + np.cross(w, np.cross(w, shift))
    gained = motion.rotation[0, 0].T @ (motion.acceleration[0, 1] - motion.acceleration[0, 0])
    np.testing.assert_allclose(gained, lever, atol=1e-9)
    np.testing.assert_array_equal(motion.angular_velocity[0, 1], w)


@pytest.mark.slow
@pytest.mark.parametrize("frame", ["bone", "skin"])
@given(seed=seeds, factor=st.floats(0.5, 1.7))
def test_scale_of_the_body(smooth_motion, frame, seed, factor):
    turns = smooth_motion([0.1, 0.5], seed)
    still = [np.zeros((2, 3))] * 3
    large = BODY.shaped(stature=factor * BODY.stature)
    small = site_kinematics(BODY, list_sites(), *turns[:3], *still, frame=frame)
    scaled = site_kinematics(large, list_sites(), *turns[:3], *still, frame=frame)
    np.testing.assert_allclose(
        scaled.acceleration, factor * small.acceleration, rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(
        scaled.angular_velocity, small.angular_velocity, rtol=1e-10, atol=1e-10
    )


MIRROR = np.diag([-1.0, 1.0, 1.0])


@pytest.mark.parametrize("frame", ["bone", "skin"])
@pytest.mark.parametrize("sex", ["neutral", "female"])
@given(seed=seeds)
def test_left_and_right_are_mirror_images(smooth_motion, frame, sex, seed):
    body = default_body(sex)
    motion = smooth_motion([0.0, 0.4], seed)
    across = motion._replace(
        # a reflected rotation keeps the x part of its axis and flips the others
        rotations=motion.rotations[:, MIRROR_JOINTS] * [1, 1, -1, -1],
        rates=motion.rates[:, MIRROR_JOINTS] * [1, -1, -1],
        accelerations=motion.accelerations[:, MIRROR_JOINTS] * [1, -1, -1],
        root_position=motion.root_position @ MIRROR,
        root_velocity=motion.root_velocity @ MIRROR,
        root_acceleration=motion.root_acceleration @ MIRROR,
    )
    swapped = [
        name.replace("left_", "?").replace("right_", "left_").replace("?", "right_")
        for name in list_sites()
    ]
    one = site_kinematics(body, list_sites(), *motion, frame=frame)
    other = site_kinematics(body, swapped, *across, frame=frame)
    gravity = np.array([0.0, -9.80665, 0.0])

    def readings(k):
        return np.einsum("fsji,fsj->fsi", k.rotation, k.acceleration - gravity), k.angular_velocity

    (acc, gyro), (acc_across, gyro_across) = readings(one), readings(other)
    np.testing.assert_allclose(acc_across, acc @ MIRROR, atol=1e-9)
    np.testing.assert_allclose(gyro_across, -gyro @ MIRROR, atol=1e-9)


@given(seed=seeds)
def test_sparse_is_dense_skinning(smooth_motion, seed):
    motion = smooth_motion([0.2, 0.9], seed)
    chosen = np.random.default_rng(seed).choice(BODY.n_vertices, 12, replace=False)
    sites = [Site(f"v{v}", vertices=(v,)) for v in chosen]
    sparse = site_kinematics(BODY, sites, *motion)
    dense = skin(BODY, motion.rotations, motion.root_position)[:, chosen]
    np.testing.assert_allclose(sparse.position, dense, atol=1e-12)
    alone = site_kinematics(BODY, sites[5], *motion)
    np.testing.assert_allclose(sparse.acceleration[:, 5:6], alone.acceleration, atol=1e-12)


@given(seed=seeds)
def test_pose_blend_shapes_are_differentiated(blended_body, smooth_motion, seed):
    motion = smooth_motion(OFFSETS, seed, n_joints=5)
    chosen = [0, 7, 21]
    sites = [Site(f"v{v}", vertices=[v]) for v in chosen]
    exact = site_kinematics(blended_body, sites, *motion)
    posed = skin(blended_body, motion.rotations, motion.root_position, chosen)
    np.testing.assert_allclose(exact.position, posed, atol=1e-12)
    velocity = np.tensordot(FIRST, posed, 1) / STEP
    acceleration = np.tensordot(SECOND, posed, 1) / STEP**2
    np.testing.assert_allclose(exact.velocity[4], velocity, atol=1e-7, rtol=1e-8)
    np.testing.assert_allclose(exact.acceleration[4], acceleration, atol=1e-7, rtol=1e-8)


@given(seed=seeds)
def test_sign_of_quaternions_does_not_matter(smooth_motion, seed):
    motion = smooth_motion([0.2, 0.9], seed)
    flipped = motion._replace(rotations=-motion.rotations)
    one, other = (site_kinematics(BODY, ARMS, *m) for m in (motion, flipped))
    np.testing.assert_allclose(one.acceleration, other.acceleration, atol=1e-12)
    np.testing.assert_allclose(one.angular_velocity, other.angular_velocity, atol=1e-12)


def test_orientation_of_the_sensor_turns_its_axes(smooth_motion):
    motion = smooth_motion([0.2, 0.9], 1)
    [wrist] = resolve_sites(BODY, "left_wrist")
    mount = random_rotations(1, np.random.default_rng(0))[0]
    turned = dataclasses.replace(wrist, orientation=wrist.orientation @ mount)
    for frame in ("bone", "skin"):
        plain, rotated = (site_kinematics(BODY, s, *motion, frame=frame) for s in (wrist, turned))
        np.testing.assert_allclose(rotated.rotation, plain.rotation @ mount, atol=1e-12)
        np.testing.assert_allclose(
            rotated.angular_velocity, plain.angular_velocity @ mount, atol=1e-12
        )
        np.testing.assert_array_equal(rotated.acceleration, plain.acceleration)


def test_wrist_feels_part_of_the_hands_twist():
    turns = np.zeros((1, 24, 3))
    turns[0, SMPL_JOINTS.index("left_wrist"), 0] = 1.0  # rad/s about the forearm
    upright = np.broadcast_to([1.0, 0.0, 0.0, 0.0], (1, 24, 4))
    still = [np.zeros((1, 24, 3)), *[np.zeros((1, 3))] * 3]
    on_skin = site_kinematics(BODY, "left_wrist", upright, turns, *still, frame="skin")
    on_bone = site_kinematics(BODY, "left_wrist", upright, turns, *still, frame="bone")
    assert 0.3 < on_skin.angular_velocity[0, 0, 0] < 0.7  # x runs along the forearm
    assert np.abs(on_skin.angular_velocity[0, 0, 1:]).max() < 0.02
    assert np.all(on_bone.angular_velocity == 0)


@pytest.mark.parametrize("n_joints", [22, 52, 55])
def test_other_poses_of_the_family_are_matched(smooth_motion, n_joints):
    motion = smooth_motion([0.1], 5, n_joints=24)
    body_only = [x[:, :22] for x in motion[:3]]
    padding = smooth_motion([0.1], 6, n_joints=n_joints)[:3]
    longer = [
        np.concatenate([x, p[:, 22:]], axis=1) for x, p in zip(body_only, padding, strict=True)
    ]
    expected = site_kinematics(BODY, ARMS, *body_only, *motion[3:])
    got = site_kinematics(BODY, ARMS, *longer, *motion[3:])
    np.testing.assert_array_equal(got.acceleration, expected.acceleration)
    rest = [x.copy() for x in motion[:3]]
    for x, at_rest in zip(rest, ([1.0, 0, 0, 0], 0.0, 0.0), strict=True):
        x[:, 22:] = at_rest
    again = site_kinematics(BODY, ARMS, *rest, *motion[3:])
    np.testing.assert_array_equal(again.acceleration, expected.acceleration)


def test_triangles_lie_on_their_vertices(smooth_motion):
    motion = smooth_motion([0.2, 0.9], 4)
    corners = (10, 11, 40)
    on = Site("on", vertices=corners, vertex_weights=(0.2, 0.5, 0.3))
    above = dataclasses.replace(resolve_sites(BODY, on)[0], name="above")
    edges = BODY.vertices[[11, 40]] - BODY.vertices[10]
    normal = np.cross(*edges) / np.linalg.norm(np.cross(*edges))
    above = dataclasses.replace(above, offset=above.offset + 0.02 * normal)
    got = site_kinematics(BODY, [on, above], *motion, frame="triangle")
    posed = skin(BODY, motion.rotations, motion.root_position, corners)
    np.testing.assert_allclose(got.position[:, 0], [0.2, 0.5, 0.3] @ posed, atol=1e-12)
    outward = np.cross(posed[:, 1] - posed[:, 0], posed[:, 2] - posed[:, 0])
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    np.testing.assert_allclose(got.rotation[:, 0] @ normal, outward, atol=1e-12)
    np.testing.assert_allclose(got.position[:, 1] - got.position[:, 0], 0.02 * outward, atol=1e-12)


def test_triangles_of_a_rigid_part_move_with_its_bone(smooth_motion):
    motion = smooth_motion([0.1, 0.4], 2)
    stiff = dataclasses.replace(BODY, weights=np.eye(24)[np.argmax(BODY.weights, axis=1)])
    site = resolve_sites(stiff, "left_upper_arm")[0]
    assert len(set(np.argmax(stiff.weights[list(site.vertices)], axis=1))) == 1
    flat, fixed = (
        site_kinematics(stiff, site, *motion, frame=frame) for frame in ("triangle", "bone")
    )
    for name in ("position", "acceleration", "rotation", "angular_velocity"):
        np.testing.assert_allclose(getattr(flat, name), getattr(fixed, name), atol=1e-10)
    np.testing.assert_allclose(flat.angular_acceleration, fixed.angular_acceleration, atol=1e-9)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (Site("s", vertices=(1, 2)), "three vertices, but 's' has 2"),
        (Site("s", vertices=(1, 2, 2)), "do not span a triangle"),
    ],
)
def test_sites_without_a_triangle_are_refused(smooth_motion, site, message):
    with pytest.raises(ValueError, match=message):
        site_kinematics(BODY, site, *smooth_motion([0.1], 2), frame="triangle")


def test_triangles_need_a_surface(smooth_motion):
    bones = dataclasses.replace(BODY, vertices=None, weights=None, faces=None)
    with pytest.raises(ValueError, match="needs a surface"):
        site_kinematics(bones, "chest", *smooth_motion([0.1], 2), frame="triangle")


def test_without_surface_both_frames_are_rigid(smooth_motion):
    bones = dataclasses.replace(BODY, vertices=None, weights=None, faces=None)
    motion = smooth_motion([0.1, 0.4], 2)
    one = site_kinematics(bones, list_sites(), *motion, frame="skin")
    other = site_kinematics(bones, list_sites(), *motion, frame="bone")
    np.testing.assert_array_equal(one.position, other.position)
    np.testing.assert_array_equal(one.rotation, other.rotation)


def test_bones_turned_half_around_give_no_nan():
    body = BodyModel(["a", "b"], [-1, 0], [[0, 0, 0], [0.5, 0, 0]], [[0.5, 0.1, 0.0]], [[0.5, 0.5]])
    quat = np.array([[[1.0, 0, 0, 0], [0.0, 1.0, 0, 0]]])
    rates = np.array([[[0.0, 0, 0], [2.0, 0, 0]]])
    zero = np.zeros((1, 2, 3))
    still = [np.zeros((1, 3))] * 3
    got = site_kinematics(body, Site("s", vertices=[0]), quat, rates, zero, *still)
    np.testing.assert_allclose(got.rotation[0, 0], np.eye(3), atol=1e-12)
    assert np.all(got.angular_velocity == 0)


@given(seed=seeds, spread=st.floats(0.0, 2.5))
def test_polar_is_the_rotation_of_the_svd(seed, spread):
    rng = np.random.default_rng(seed)
    turns = matrix_from_rotvec(spread * rng.uniform(-1, 1, (8, 3, 3)) / np.sqrt(3))
    blend = np.tensordot([0.5, 0.3, 0.2], turns, (0, 1))
    u, _, vt = np.linalg.svd(blend)
    time_last = np.moveaxis(blend, 0, -1)
    good = ~has_no_polar(time_last)
    got = np.moveaxis(polar_rotation(time_last[..., good]), -1, 0)
    np.testing.assert_allclose(got, (u @ vt)[good], atol=1e-10)


class TestBadInput:
    def make(self, **changes):
        arguments = {
            "rotations": np.tile([1.0, 0, 0, 0], (5, 24, 1)),
            "rates": np.zeros((5, 24, 3)),
            "accelerations": np.zeros((5, 24, 3)),
            "root_position": np.zeros((5, 3)),
            "root_velocity": np.zeros((5, 3)),
            "root_acceleration": np.zeros((5, 3)),
        }
        return {**arguments, **changes}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"frame": "joint"}, 'frame must be "skin", "bone" or "triangle"'),
            ({"engine": "cuda"}, 'engine must be "numpy" or "numba"'),
            (
                {"rotations": np.zeros((5, 24, 3))},
                r"unit quaternions\) must have shape \(any, any, 4\)",
            ),
            ({"rotations": np.full((5, 24, 4), 0.7)}, "must have length 1"),
            ({"rates": np.zeros((5, 23, 3))}, r"rates must have shape \(5, 24, 3\)"),
            ({"accelerations": np.full((5, 24, 3), np.nan)}, "accelerations must be finite"),
            ({"root_velocity": np.zeros((4, 3))}, "root_velocity must have shape"),
        ],
    )
    def test_messages(self, changes, message):
        with pytest.raises(ValueError, match=message):
            site_kinematics(BODY, "chest", **self.make(**changes))

    def test_inputs_are_left_alone(self):
        arguments = self.make()
        for array in arguments.values():
            array.flags.writeable = False
        motion = site_kinematics(BODY, ["chest"], **arguments)
        assert motion.names == ("chest",)
        assert np.all(SMPL_PARENTS[1:] >= 0)
