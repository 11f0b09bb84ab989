"""Bodies of one's own: meshes in any rest pose, skeletons with frames of their own."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import (
    body_from_mesh,
    body_from_skeleton,
    default_body,
    forward_kinematics,
    list_sites,
    resolve_sites,
    skin,
)
from m3n_sklearn.motion import SKELETONS, SMPL_JOINTS, SkeletonMap, retarget
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, quat_from_rotvec
from m3n_sklearn.skeleton._smpl import SMPL_PARENTS

from ..simulation.clips import random_motion, triads

OWN = default_body(stature=1.7)
EVERY = SkeletonMap({joint: joint for joint in SMPL_JOINTS})
BACK = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]  # from y up, facing z, to z up, facing -y


def a_pose(angle=0.7, **others):
    pose = np.zeros((24, 3))
    for side, sign in (("left", -1), ("right", 1)):
        pose[SMPL_JOINTS.index(f"{side}_shoulder"), 2] = sign * angle
        pose[SMPL_JOINTS.index(f"{side}_hip"), 2] = -sign * 0.1
    for joint, vector in others.items():
        pose[SMPL_JOINTS.index(joint)] = vector
    return pose


def mesh(pose, body=OWN, trans=(0.3, 1.0, -0.2)):
    """The mesh and skeleton of a body that rests in some pose, as arguments."""
    return {
        "vertices": skin(body, pose, trans),
        "faces": body.faces,
        "joint_names": body.joint_names,
        "parents": body.parents,
        "joints": forward_kinematics(body, pose, trans).positions,
        "weights": body.weights,
        "skeleton": EVERY,
    }


def test_a_t_pose_stays_as_it_is():
    body = body_from_mesh(**mesh(np.zeros((24, 3))))
    np.testing.assert_allclose(body.rest_joints, OWN.rest_joints, atol=1e-5)
    np.testing.assert_allclose(body.vertices, OWN.vertices, atol=2e-5)
    np.testing.assert_allclose(body.weights, OWN.weights, atol=1e-12)
    assert body.joint_names == SMPL_JOINTS and body.stature == pytest.approx(1.7, abs=1e-4)


def test_an_a_pose_becomes_a_t_pose():
    """Away from the bends, where linear blending shrinks the skin, it is the same skin."""
    bent = {"left_elbow": [0.0, -0.5, 0.0], "right_elbow": [0.0, 0.5, 0.0]}
    body = body_from_mesh(**mesh(a_pose(**bent)))
    np.testing.assert_allclose(body.rest_joints, OWN.rest_joints, atol=1e-5)
    rigid = OWN.weights.max(axis=1) > 1 - 1e-9
    assert rigid.mean() > 0.5
    np.testing.assert_allclose(body.vertices[rigid], OWN.vertices[rigid], atol=2e-5)
    for got, wanted in zip(
        resolve_sites(body, list_sites()), resolve_sites(OWN, list_sites()), strict=True
    ):
        assert np.linalg.norm(got.offset - wanted.offset) < 0.012, got.name


def test_a_twisted_rest_pose_needs_to_be_told():
    pose = a_pose(left_wrist=[1.2, 0, 0])
    plain = body_from_mesh(**mesh(pose))
    told = body_from_mesh(**mesh(pose), tpose={"left_wrist": -_turned(pose, "left_elbow", 1.2)})
    hand = OWN.weights[:, SMPL_JOINTS.index("left_hand")] > 0.999
    np.testing.assert_allclose(told.vertices[hand], OWN.vertices[hand], atol=2e-5)
    assert abs(plain.vertices[hand] - OWN.vertices[hand]).max() > 0.02


def _turned(pose, joint, angle):
    """A turn about the x axis of a bone, in the axes of the mesh."""
    frame = forward_kinematics(OWN, pose).rotations[SMPL_JOINTS.index(joint)]
    return frame @ [angle, 0.0, 0.0]


@pytest.mark.parametrize(("up", "turn"), [("y", np.eye(3)), ("z", BACK)])
def test_any_axis_may_point_up(up, turn):
    given = mesh(a_pose())
    turned = {key: given[key] @ np.transpose(turn) for key in ("vertices", "joints")}
    wanted = body_from_mesh(**given)
    got = body_from_mesh(**{**given, **turned}, up=up)
    np.testing.assert_allclose(got.vertices, wanted.vertices, atol=1e-12)


def test_unmapped_joints_give_their_skin_to_ancestors_and_missing_ones_lie_between():
    lacking = ("spine2", "left_collar", "right_collar", "left_hand", "right_foot")
    known = SkeletonMap({j: j for j in SMPL_JOINTS if j not in lacking})
    body = body_from_mesh(**{**mesh(np.zeros((24, 3))), "skeleton": known})
    at = {joint: SMPL_JOINTS.index(joint) for joint in SMPL_JOINTS}
    for joint, heir in zip(
        lacking, ("spine1", "spine3", "spine3", "left_wrist", "right_ankle"), strict=True
    ):
        assert not body.weights[:, at[joint]].any()
        moved = OWN.weights[:, at[joint]] > 0
        assert (body.weights[moved, at[heir]] >= OWN.weights[moved, at[joint]] - 1e-12).all()
    np.testing.assert_allclose(body.rest_joints, OWN.rest_joints, atol=1e-3)


def test_skinning_weights_in_any_form():
    given = mesh(a_pose())
    order = np.argsort(-OWN.weights, axis=1)[:, :4]
    top = order, 3 * np.take_along_axis(OWN.weights, order, axis=1)
    wanted = body_from_mesh(**given)
    for weights in (top, scipy.sparse.csr_array(OWN.weights)):
        got = body_from_mesh(**{**given, "weights": weights})
        np.testing.assert_allclose(got.vertices, wanted.vertices, atol=1e-12)


def test_shapes_are_carried_into_the_t_pose():
    """Shaping the rest pose and then bringing it to T-pose is the same as the other way."""
    given = mesh(a_pose())
    rng = np.random.default_rng(0)
    bend = np.diag([0.05, 0.02, 0.1])
    shapes = np.stack([given["vertices"] @ bend, 0.003 * rng.standard_normal((OWN.n_vertices, 3))])
    steps = np.stack([given["joints"] @ bend, np.zeros((24, 3))])
    body = body_from_mesh(
        **given,
        shapedirs=np.moveaxis(shapes, 0, 2),
        joint_shapedirs=np.moveaxis(steps, 0, 2),
    )
    # only the directions of limbs decide about swings, so stretch the body uniformly for these
    plain = {key: value for key, value in given.items() if key not in ("vertices", "joints")}
    even = body_from_mesh(
        **given,
        shapedirs=0.1 * given["vertices"][..., None],
        joint_shapedirs=0.1 * given["joints"][..., None],
    )
    larger = body_from_mesh(1.1 * given["vertices"], joints=1.1 * given["joints"], **plain)
    assert body.n_betas == 2
    got = even.shaped([1.0])
    np.testing.assert_allclose(
        got.vertices - got.rest_joints[0], larger.vertices - larger.rest_joints[0], atol=1e-8
    )
    np.testing.assert_allclose(got.rest_joints - got.rest_joints[0], larger.rest_joints, atol=1e-6)
    wider = body.shaped([1.0])
    assert wider.rest_joints[18, 0] > body.rest_joints[18, 0] + 0.005
    [arm], [other] = (resolve_sites(b, "left_wrist") for b in (body, wider))
    assert np.linalg.norm(arm.offset - other.offset) > 0.003


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"skeleton": None, "joint_names": [f"bone{j}" for j in range(24)]}, "No human skeleton"),
        ({"parents": [0] * 24}, "root with parent -1"),
        ({"parents": [-1] * 23}, "one whole number for each of the 24 joints"),
        ({"joints": np.zeros((3, 3))}, r"joints must have shape \(24, 3\)"),
        ({"vertices": np.full((OWN.n_vertices, 3), np.nan)}, "vertices must be finite"),
        ({"weights": np.zeros((OWN.n_vertices, 24))}, "positive sum for each vertex"),
        ({"weights": np.zeros((3, 24))}, "weights must have shape"),
        ({"weights": (np.full((OWN.n_vertices, 1), 24), np.ones((OWN.n_vertices, 1)))}, "joint 24"),
        ({"weights": (np.zeros((3, 1), int), np.zeros((3, 1)))}, "as a pair"),
        ({"tpose": {"tail": [0, 0, 1]}}, r"tpose contains \['tail'\]"),
        (
            {"tpose": {"neck": [0, 1]}},
            r"tpose\['neck'\] \(a rotation vector in rad\) must have shape \(3,\)",
        ),
        ({"up": "z"}, "must stand and face the z axis"),
        ({"up": "w"}, "up must be one of"),
        ({"joint_shapedirs": np.zeros((24, 3, 1))}, "Pass both"),
        ({"shapedirs": np.zeros((24, 3, 1))}, "shapedirs must have shape"),
    ],
)
def test_messages(changes, message):
    with pytest.raises(ValueError, match=message):
        body_from_mesh(**{**mesh(a_pose()), **changes})


def test_millimeters_are_recognized():
    given = mesh(a_pose())
    with pytest.raises(ValueError, match="millimeters"):
        body_from_mesh(**{**given, "joints": 1000 * given["joints"]})


def offsets_of(body):
    return body.rest_joints - body.rest_joints[np.maximum(body.parents, 0)]


def test_a_skeleton_without_a_mesh_carries_every_named_site():
    body = body_from_skeleton(SMPL_JOINTS, SMPL_PARENTS, offsets_of(OWN), skeleton=EVERY)
    np.testing.assert_allclose(body.rest_joints, OWN.rest_joints, atol=1e-5)
    assert body.stature == pytest.approx(1.7, abs=1e-3) and body.n_vertices == 0
    for got, wanted in zip(
        resolve_sites(body, list_sites()), resolve_sites(OWN, list_sites()), strict=True
    ):
        assert got.vertices is None
        assert np.linalg.norm(got.offset - wanted.offset) < 0.01, got.name
    tall = body_from_skeleton(
        SMPL_JOINTS, SMPL_PARENTS, offsets_of(OWN), skeleton=EVERY, stature=1.8
    )
    assert tall.stature == 1.8


def test_bones_alone_feel_what_a_body_with_skin_feels():
    bones = body_from_skeleton(SMPL_JOINTS, SMPL_PARENTS, offsets_of(OWN), skeleton=EVERY)
    motion = random_motion(2, seconds=3.0, fastest=1.2)
    mine, other = (
        triads(SMPLIMUSimulator(body, sites=list_sites(), smoothing=None).simulate(motion))
        for body in (bones, OWN)
    )
    assert mine.shape[1] == len(list_sites())
    for k, name in enumerate(list_sites()):
        got, wanted = mine[:, k].reshape(len(mine), 6), other[:, k].reshape(len(other), 6)
        share = [np.corrcoef(a, b)[0, 1] for a, b in zip(got.T, wanted.T, strict=True)]
        assert min(share) > 0.8, name


def test_a_skeleton_whose_frames_turn_in_its_t_pose():
    """Bandai-Namco's joints: offsets along x of frames that the skeleton map knows."""
    known = SKELETONS["bandai_namco"]
    joints = {source: joint for joint, source in known.joints.items()}
    rest = dict(zip(SMPL_JOINTS, OWN.rest_joints, strict=True))
    names = [known.joints[joint] for joint in SMPL_JOINTS if joint in known.joints]
    parents, offsets = [], []
    for name in names:
        above = joints[name]
        while True:
            up = SMPL_PARENTS[SMPL_JOINTS.index(above)]
            above = SMPL_JOINTS[up] if up >= 0 else ""
            if not above or above in known.joints:
                break
        parents.append(names.index(known.joints[above]) if above else -1)
        step = rest[joints[name]] - (rest[above] if above else 0)
        offsets.append(known.frame(known.joints[above]).T @ step if above else step)
    body = body_from_skeleton(names, parents, offsets)
    np.testing.assert_allclose(body.rest_joints, OWN.rest_joints, atol=0.012)


def test_a_retargeted_motion_fits_the_skeleton_it_came_from():
    """The joints of a source in motion are those of the body made of its skeleton."""
    rng = np.random.default_rng(1)
    angles = 0.3 * rng.standard_normal((5, 24, 3))
    offsets = offsets_of(OWN)
    body = body_from_skeleton(SMPL_JOINTS, SMPL_PARENTS, offsets, skeleton=EVERY)
    poses, trans, _ = retarget(
        quat_from_rotvec(angles),
        np.zeros((5, 3)),
        SMPL_JOINTS,
        SMPL_PARENTS,
        offsets,
        skeleton=EVERY,
    )
    got = forward_kinematics(body, poses, trans).positions
    z_up = matrix_from_rotvec([np.pi / 2, 0, 0])
    wanted = forward_kinematics(OWN, matrix_from_rotvec(angles)).positions @ z_up.T
    np.testing.assert_allclose(got, wanted, atol=2e-3)


@pytest.fixture(scope="module")
def makehuman(shared_data):
    path = shared_data("makehuman_body_cc0") / "makehuman_cmu_body.npz"
    with np.load(path) as file:
        return dict(file)


def makehuman_body(data, sex):
    return body_from_mesh(
        data[f"v_{sex}"],
        data["faces"],
        data["joint_names"],
        data["parents"],
        data[f"j_{sex}"],
        (data["weight_joint"], data["weight"]),
        shapedirs=np.moveaxis(data[f"vdirs_{sex}"], 0, 2),
        joint_shapedirs=np.moveaxis(data[f"jdirs_{sex}"], 0, 2),
        name=f"MakeHuman's {sex}",
    )


@pytest.mark.parametrize("sex", ["female", "male"])
def test_a_real_mesh(makehuman, sex):
    body = makehuman_body(makehuman, sex)
    height = np.ptp(makehuman[f"v_{sex}"][:, 1])
    assert body.stature == pytest.approx(height, abs=0.02)  # its legs are straight now
    sites = resolve_sites(body, list_sites())
    usual = resolve_sites(default_body(sex, body.stature), list_sites())
    for site, other in zip(sites, usual, strict=True):
        assert site.vertices is not None, site.name
        assert np.linalg.norm(site.offset - other.offset) < 0.065, site.name
    thumb = makehuman["joint_names"].tolist().index("LThumb")
    carried = (makehuman["weight_joint"] == thumb) & (makehuman["weight"] > 0.9)
    tip = body.vertices[carried.any(axis=1)].mean(axis=0) - body.rest_joints[20]
    assert tip[0] > 0.03 and tip[2] > 0.03  # palms down: thumbs to the front


@pytest.mark.parametrize("sex", ["female", "male"])
def test_shapes_of_a_real_mesh(makehuman, sex):
    body = makehuman_body(makehuman, sex)
    taller = body.shaped([0, 0, 0, 0, 0, 0.3])
    assert taller.stature > body.stature + 0.05
    arm, longer = (np.linalg.norm(b.rest_joints[20] - b.rest_joints[18]) for b in (body, taller))
    assert longer > arm + 0.002


@pytest.mark.parametrize("sex", ["female", "male"])
def test_what_a_watch_feels_hardly_depends_on_whose_skin_it_is(makehuman, sex):
    body = makehuman_body(makehuman, sex)
    motion = random_motion(5, seconds=6.0, fastest=1.5)
    usual = default_body(sex, body.stature)
    for frame in ("skin", "bone"):
        mine, other = (
            triads(SMPLIMUSimulator(one, smoothing=None, frame=frame).simulate(motion))
            for one in (body, usual)
        )
        for got, wanted in zip(mine.reshape(-1, 12).T, other.reshape(-1, 12).T, strict=True):
            assert np.corrcoef(got, wanted)[0, 1] > 0.9
    # the same bones turn, whatever the skin on them does
    np.testing.assert_allclose(mine[:, :, 1], other[:, :, 1], atol=1e-9)
