from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from scipy import sparse

from m3n_sklearn.body import BodyModel, default_body

PLAIN = {"joint_names": ["a", "b"], "parents": [-1, 0], "rest_joints": [[0.0, 0, 0], [0.0, 1, 0]]}
SKINNED = {
    **PLAIN,
    "vertices": [[0.1, 0, 0], [0.1, 1, 0], [0.0, 0.5, 0.1]],
    "weights": [[1.0, 0], [0, 1.0], [0.5, 0.5]],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parents": [0, 0]}, "must be the root"),
        ({"parents": [-1, 1]}, "Parents must come before"),
        ({"parents": [-1.0, 0.0]}, "1-D integer array"),
        ({"joint_names": ["a", "a"]}, "2 different names"),
        ({"rest_joints": np.zeros((3, 3))}, r"rest_joints must have shape \(2, 3\)"),
        ({"rest_joints": [[0, 0, 0], [np.nan, 0, 0]]}, "rest_joints must be finite"),
        ({"rest_joints": None}, "needs rest_joints"),
        ({"weights": None}, "needs skinning weights"),
        ({"weights": [[1.0, 0], [0, 1.0], [0.5, 0.6]]}, "sum to 1"),
        ({"weights": [[1.0, 0], [0, 1.0]]}, r"weights must have shape \(3, 2\)"),
        ({"faces": [[0, 1]]}, "triangles"),
        ({"faces": [[0, 1, 3]]}, "index the 3 vertices"),
        ({"shapedirs": np.zeros((2, 3, 4))}, "shapedirs must have shape"),
        ({"posedirs": np.zeros((3, 3, 8))}, r"posedirs must have shape \(3, 3, 9\)"),
        ({"joint_regressor": np.zeros((2, 2))}, "joint_regressor must have shape"),
        ({"stature": -1.0}, "stature must be a positive"),
    ],
)
def test_messages(changes, message):
    with pytest.raises(ValueError, match=message):
        BodyModel(**{**SKINNED, **changes})


def test_centimeters_warn():
    with pytest.warns(UserWarning, match="must be in meters"):
        BodyModel(**{**PLAIN, "rest_joints": [[0.0, 0, 0], [0.0, 100.0, 0]]})


def test_arrays_are_copied_and_frozen():
    joints = np.array(PLAIN["rest_joints"])
    body = BodyModel(**{**PLAIN, "rest_joints": joints})
    joints[1, 1] = 7.0
    assert body.rest_joints[1, 1] == 1.0
    # sums depend on the memory order, and pickling loses that of strided arrays
    strided = BodyModel(**SKINNED, shapedirs=np.moveaxis(np.ones((4, 3, 3)), 0, -1))
    assert strided.shapedirs.strides == pickle.loads(pickle.dumps(strided)).shapedirs.strides
    with pytest.raises(ValueError, match="read-only"):
        body.rest_joints[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        body.name = "other"  # type: ignore[misc]


def test_sizes_and_lookup():
    body = BodyModel(**SKINNED)
    assert (body.n_joints, body.n_vertices, body.n_betas) == (2, 3, 0)
    assert body.stature == 1.0
    assert body.joint_index("b") == body.joint_index(1) == 1
    with pytest.raises(ValueError, match="has no joint 'c'"):
        body.joint_index("c")
    with pytest.raises(ValueError, match="outside 0 to 1"):
        body.joint_index(2)


def test_shape_coefficients_move_skin_and_joints():
    directions = np.zeros((3, 3, 2))
    directions[1, 1, 0] = 0.1
    regressor = sparse.csr_matrix([[1.0, 0, 0], [0, 1.0, 0]])
    body = BodyModel(
        **{**SKINNED, "rest_joints": None}, shapedirs=directions, joint_regressor=regressor
    )
    np.testing.assert_array_equal(body.rest_joints[1], [0.1, 1, 0])
    taller = body.shaped(betas=[2.0])
    np.testing.assert_allclose(taller.rest_joints[1], [0.1, 1.2, 0])
    assert taller.stature == pytest.approx(1.2)
    assert taller.shaped(stature=0.6).shapedirs[1, 1, 0] == pytest.approx(0.05)
    with pytest.raises(ValueError, match="Got 3 betas"):
        body.shaped(betas=np.zeros(3))
    with pytest.raises(ValueError, match="one shape for a whole clip"):
        body.shaped(betas=np.zeros((5, 2)))


def test_stature_scales_every_length():
    body = default_body(stature=1.8)
    small = body.shaped(stature=0.9)
    np.testing.assert_allclose(small.rest_joints, body.rest_joints / 2, rtol=1e-14)
    np.testing.assert_allclose(small.vertices, body.vertices / 2, rtol=1e-14)
    assert small.stature == 0.9
    with pytest.raises(ValueError, match="positive number of meters"):
        body.shaped(stature=0.0)
    with pytest.raises(ValueError, match="Pass stature="):
        BodyModel(**PLAIN).shaped(stature=1.7)
    with pytest.raises(ValueError, match="has 0 shape coefficients"):
        body.shaped(betas=[0.0])


def test_pickle():
    body = default_body()
    again = pickle.loads(pickle.dumps(body))
    np.testing.assert_array_equal(again.weights, body.weights)
    assert again.joint_names == body.joint_names
