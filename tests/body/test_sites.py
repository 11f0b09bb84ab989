from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from m3n_sklearn.body import BodyModel, Site, default_body, list_sites, resolve_sites
from m3n_sklearn.motion import SMPL_JOINTS

BODY = default_body()
BONES = dataclasses.replace(BODY, vertices=None, weights=None, faces=None)


def rest_point(body, site):
    return body.rest_joints[body.joint_index(site.bone)] + site.offset


def distance_to_surface(body, point):
    """Distance to the nearest triangle's plane points, by dense barycentric sampling."""
    a, b, c = (body.vertices[body.faces[:, k]] for k in range(3))
    near = np.argsort(np.linalg.norm((a + b + c) / 3 - point, axis=1))[:20]
    grid = np.array([(i, j) for i in range(41) for j in range(41 - i)]) / 40
    shares = np.column_stack([1 - grid.sum(1), grid])
    cloud = np.einsum("sk,kfi->sfi", shares, np.stack([a[near], b[near], c[near]]))
    return np.linalg.norm(cloud - point, axis=-1).min()


@pytest.mark.parametrize("sex", ["male", "female"])
def test_every_named_site_lies_on_the_skin_and_looks_out(sex):
    body = default_body(sex)
    for site in resolve_sites(body, list_sites()):
        point, out = rest_point(body, site), site.orientation[:, 2]
        assert distance_to_surface(body, point) < 1e-3, site.name
        assert site.vertices is not None
        assert sum(site.vertex_weights) == pytest.approx(1.0)
        faces = body.faces[np.isin(body.faces, site.vertices).sum(axis=1) == 3]
        a, b, c = (body.vertices[faces[:, k]] for k in range(3))
        normal = np.cross(b - a, c - a)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        assert (normal @ out > 0.6).all(), site.name
        np.testing.assert_allclose(site.orientation.T @ site.orientation, np.eye(3), atol=1e-12)


def test_watch_axes():
    """A watch read by its wearer: 3 o'clock to x, 12 o'clock to y, z out of the glass."""
    left, right = resolve_sites(BODY, ["left_wrist", "right_wrist"])
    for site in (left, right):
        np.testing.assert_allclose(site.orientation[:, 0], [1, 0, 0], atol=1e-12)
        np.testing.assert_allclose(site.orientation[:, 1], [0, 0, -1], atol=1e-12)
        np.testing.assert_allclose(site.orientation[:, 2], [0, 1, 0], atol=1e-12)
    assert (left.bone, right.bone) == ("left_elbow", "right_elbow")
    wrist = BODY.rest_joints[SMPL_JOINTS.index("left_wrist")]
    assert 0.02 < wrist[0] - rest_point(BODY, left)[0] < 0.04


def test_a_watch_on_the_inside_of_the_wrist():
    """Glass to the palm's side, 12 o'clock to the thumb, 3 o'clock as on the outside."""
    outside, inside = resolve_sites(BODY, ["left_wrist", "left_wrist_volar"])
    np.testing.assert_allclose(inside.orientation, outside.orientation @ np.diag([1, -1, -1]))
    apart = rest_point(BODY, outside) - rest_point(BODY, inside)
    assert 0.03 < apart[1] < 0.07 and abs(apart[[0, 2]]).max() < 1e-9


def test_the_catalogue_is_complete():
    sided = ["wrist", "wrist_volar", "upper_arm", "hip", "pocket", "thigh", "ankle", "foot", "ear"]
    wanted = {"chest", "head", "lower_back"}
    wanted |= {f"{side}_{name}" for side in ("left", "right") for name in sided}
    assert set(list_sites()) == wanted


def test_ears_lie_beside_the_head_below_the_forehead():
    left, right, head = resolve_sites(BODY, ["left_ear", "right_ear", "head"])
    assert left.bone == right.bone == head.bone == "head"
    np.testing.assert_array_equal(left.orientation[:, 2], [1, 0, 0])
    assert 0.12 < left.offset[0] - right.offset[0] < 0.18
    assert left.offset[1] < head.offset[1]


@pytest.mark.parametrize("stature", [1.2, 2.1])
def test_lever_arms_follow_the_stature(stature):
    tall = BODY.shaped(stature=stature)
    for site, other in zip(
        resolve_sites(BODY, list_sites()), resolve_sites(tall, list_sites()), strict=True
    ):
        np.testing.assert_allclose(
            other.offset, stature / BODY.stature * site.offset, atol=1e-12, err_msg=site.name
        )


def test_lever_arms_follow_the_shape(blended_body):
    body = dataclasses.replace(
        BODY,
        shapedirs=np.stack([BODY.vertices * (1, 0, 0), BODY.vertices * (0, 1, 1)], axis=-1),
        joint_regressor=np.linalg.lstsq(BODY.vertices.T, BODY.rest_joints.T, rcond=None)[0].T,
    )
    wide, deep = body.shaped([0.2]), body.shaped([0.0, 0.1])
    plain, wider, deeper = (resolve_sites(b, "left_wrist")[0].offset for b in (body, wide, deep))
    np.testing.assert_allclose(wider, plain * (1.2, 1, 1), atol=1e-9)
    np.testing.assert_allclose(deeper, plain * (1, 1.1, 1.1), atol=1e-9)
    patch = Site("patch", vertices=[5, 6])
    assert resolve_sites(wide, patch)[0].bone == resolve_sites(body, patch)[0].bone
    with pytest.raises(ValueError, match="has no joint 'left_elbow'"):
        resolve_sites(blended_body, "left_wrist")


def test_named_sites_are_found_once():
    body, again = default_body(), default_body()
    assert again is body
    assert resolve_sites(body, "chest")[0] is resolve_sites(again, "chest")[0]
    other = body.shaped(stature=1.9)
    assert resolve_sites(other, "chest")[0] is not resolve_sites(body, "chest")[0]


def test_the_catalogue_needs_a_size():
    names, parents = ["pelvis", "spine1"], [-1, 0]
    bones = BodyModel(names, parents, [[0, 0, 0], [0, 0.4, 0]])
    with pytest.raises(ValueError, match=r"stature of body is not known\. Pass stature="):
        resolve_sites(bones, "left_hip")
    bones = dataclasses.replace(bones, stature=1.7)
    assert resolve_sites(bones, "left_hip")[0].offset[0] == pytest.approx(0.095 * 1.7)


def test_sides_are_mirror_images():
    mirror = np.diag([-1.0, 1.0, 1.0])
    sides = [name for name in list_sites() if name.startswith("left_")]
    lefts = resolve_sites(BODY, sides)
    rights = resolve_sites(BODY, [name.replace("left_", "right_") for name in sides])
    for left, right in zip(lefts, rights, strict=True):
        np.testing.assert_allclose(right.offset, mirror @ left.offset, atol=1e-14)
        np.testing.assert_allclose(
            right.orientation, mirror @ left.orientation @ mirror, atol=1e-14
        )


def test_sites_without_surface_stand_off_the_bone():
    for with_skin, without in zip(
        resolve_sites(BODY, list_sites()), resolve_sites(BONES, list_sites()), strict=True
    ):
        assert without.vertices is None
        assert np.linalg.norm(with_skin.offset - without.offset) < 0.06, with_skin.name


def test_surface_without_faces_uses_the_nearest_vertex():
    [site] = resolve_sites(dataclasses.replace(BODY, faces=None), "left_wrist")
    assert len(site.vertices) == 1


def test_own_sites():
    by_bone = Site("shoe", bone="left_foot", offset=[0.0, 0.03, 0.0])
    by_vertices = Site("patch", vertices=[10, 11], vertex_weights=[0.25, 0.75])
    shoe, patch = resolve_sites(BODY, [by_bone, by_vertices])
    assert shoe.vertices is not None and shoe.vertex_weights == (1.0,)
    np.testing.assert_array_equal(shoe.offset, [0.0, 0.03, 0.0])
    expected = 0.25 * BODY.vertices[10] + 0.75 * BODY.vertices[11]
    np.testing.assert_allclose(rest_point(BODY, patch), expected)
    assert resolve_sites(BODY, Site("a", bone=3, offset=[0, 0, 0.1]))[0].bone == "spine1"
    [again] = resolve_sites(BODY, patch)
    assert again.vertices == patch.vertices


@pytest.mark.parametrize(
    ("sites", "error", "message"),
    [
        ("left_wirst", ValueError, "Did you mean 'left_wrist'"),
        ("zzz", ValueError, "Unknown site 'zzz'. Known names are"),
        ([], ValueError, "At least one site.*left_wrist"),
        (["chest", "chest"], ValueError, r"must differ.*Repeated: \['chest'\]"),
        ([3], TypeError, "a name or a Site, got int"),
        (Site("x", bone="tail", offset=[0, 0, 0]), ValueError, "has no joint 'tail'"),
        (Site("x", vertices=[10**6]), ValueError, "has only"),
    ],
)
def test_messages(sites, error, message):
    with pytest.raises(error, match=message):
        resolve_sites(BODY, sites)


def test_vertices_need_a_surface():
    with pytest.raises(ValueError, match="has no surface"):
        resolve_sites(BONES, Site("x", vertices=[1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "has no place"),
        ({"bone": "head"}, "has no place"),
        ({"bone": "head", "offset": [0, 0]}, r"offset of site .* must have shape \(3,\)"),
        ({"bone": "head", "offset": [0, 0, 0], "vertex_weights": [1.0]}, "no vertices"),
        ({"vertices": []}, "empty list"),
        ({"vertices": [1, 2], "vertex_weights": [0.5, 0.6]}, "must sum to 1"),
        ({"vertices": [1], "orientation": np.diag([1.0, 1.0, -1.0])}, "rotation matrix"),
    ],
)
def test_sites_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Site("x", **arguments)
