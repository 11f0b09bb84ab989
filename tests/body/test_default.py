from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from m3n_sklearn.body import default_body, resolve_sites
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.skeleton._smpl import MIRROR_JOINTS, SMPL_PARENTS

everybody = pytest.mark.parametrize("sex", ["neutral", "male", "female"])


def joint(body, name):
    return body.rest_joints[SMPL_JOINTS.index(name)]


@everybody
def test_skeleton_is_smpls(sex):
    body = default_body(sex, stature=1.7)
    assert body.joint_names == SMPL_JOINTS
    np.testing.assert_array_equal(body.parents, SMPL_PARENTS)
    np.testing.assert_array_equal(body.rest_joints[0], 0.0)
    np.testing.assert_array_equal(body.rest_joints[MIRROR_JOINTS] * [-1, 1, 1], body.rest_joints)
    assert joint(body, "left_wrist")[0] > 0.5  # x to the left
    assert joint(body, "left_foot")[2] > joint(body, "left_ankle")[2] + 0.05  # faces +z


@everybody
def test_segments_are_plausible_fractions_of_stature(sex):
    """Ranges around Drillis and Contini (1966) and de Leva (1996)."""
    body = default_body(sex, stature=1.0)

    def length(a, b):
        return np.linalg.norm(joint(body, a) - joint(body, b))

    assert 0.155 < length("left_shoulder", "left_elbow") < 0.19
    assert 0.140 < length("left_elbow", "left_wrist") < 0.16
    assert 0.22 < length("left_hip", "left_knee") < 0.255
    assert 0.23 < length("left_knee", "left_ankle") < 0.255
    assert 0.08 < length("left_hip", "right_hip") < 0.12
    assert 0.16 < length("left_shoulder", "right_shoulder") < 0.23
    assert np.ptp(body.vertices[:, 1]) == pytest.approx(1.0, abs=1e-12)
    assert 1.0 < np.ptp(body.vertices[:, 0]) < 1.06  # arm span


@everybody
def test_surface_is_closed_and_faces_outwards(sex):
    body = default_body(sex)
    edges = Counter()
    for a, b, c in body.faces.tolist():
        edges.update([(a, b), (b, c), (c, a)])
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)
    corners = body.vertices[body.faces]
    volume = np.einsum("ki,ki->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    # 60 to 90 litres at 1.75 m; tubes that overlap at shoulders and hips count twice there
    assert 0.011 < volume / body.stature**3 < 0.017
    area = np.linalg.norm(np.cross(*np.diff(corners, axis=1).swapaxes(0, 1)), axis=1)
    assert area.min() > 1e-9


@everybody
def test_weights(sex):
    body = default_body(sex)
    np.testing.assert_allclose(body.weights.sum(axis=1), 1.0, atol=1e-12)
    assert body.weights.min() >= 0
    assert (body.weights > 0).sum(axis=1).max() <= 4
    assert (body.weights.max(axis=0) > 0.5).all()  # every bone carries some skin


@everybody
def test_surface_is_symmetric(sex):
    body = default_body(sex)
    order = np.lexsort(body.vertices.T.round(9))
    flipped = body.vertices * [-1, 1, 1]
    across = np.lexsort((flipped + 0.0).T.round(9))
    np.testing.assert_allclose(flipped[across], body.vertices[order], atol=1e-12)
    np.testing.assert_allclose(
        body.weights[across][:, MIRROR_JOINTS].sum(0), body.weights.sum(0), atol=1e-9
    )


def test_twist_grows_along_the_forearm():
    body = default_body()
    elbow, wrist = joint(body, "left_elbow")[0], joint(body, "left_wrist")[0]
    x = body.vertices[:, 0]
    on_forearm = (x > elbow + 0.05) & (x < wrist)
    share = body.weights[on_forearm, SMPL_JOINTS.index("left_wrist")]
    along = np.argsort(x[on_forearm], kind="stable")
    assert np.all(np.diff(share[along]) >= -1e-9)
    assert share.max() < 0.9


@everybody
def test_girths_are_human(sex):
    body = default_body(sex)
    [wrist] = resolve_sites(body, "left_wrist")
    thickness = 2 * wrist.offset[1]
    assert 0.03 < thickness < 0.055
    [chest, back] = resolve_sites(body, ["chest", "lower_back"])
    assert 0.08 < chest.offset[2] < 0.18
    assert -0.16 < back.offset[2] < -0.06


def test_sexes_differ_and_stature_scales():
    male, female = default_body("male", 1.7), default_body("female", 1.7)
    assert joint(male, "left_shoulder")[0] > joint(female, "left_shoulder")[0]
    assert default_body("male").stature == pytest.approx(1.7562)
    assert default_body("female").stature == pytest.approx(1.6285)
    np.testing.assert_allclose(
        default_body(stature=1.9).rest_joints, default_body().shaped(stature=1.9).rest_joints
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sex": "other"}, "sex must be one of"),
        ({"stature": 170}, "Pass it in meters"),
        ({"stature": float("nan")}, "between 0.4 m and 3 m"),
    ],
)
def test_messages(arguments, message):
    with pytest.raises(ValueError, match=message):
        default_body(**arguments)
