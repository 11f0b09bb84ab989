"""Model files as their makers distribute them, in shape and in quirks, filled with numbers."""

from __future__ import annotations

import os
import pickle
import sys
import types

import numpy as np
import pytest
import scipy.sparse

from m3n_sklearn.body import body_from_smplx, default_body, read_body, resolve_sites
from m3n_sklearn.skeleton._smpl import SMPL_PARENTS

FAMILY = {"smpl": (24, 10), "smplh": (52, 16), "smplx": (55, 400), "smplx_short": (55, 20)}


def family_parents(n_joints):
    """Trees of SMPL, and of its relatives with jaw, eyes and fingers."""
    body = list(SMPL_PARENTS[:22])
    fingers = [
        wrist if bone == 0 else None for wrist in (20, 21) for _ in range(5) for bone in range(3)
    ]
    face = {24: [], 52: [], 55: [15, 15, 15]}[n_joints]
    tree = body + face
    if n_joints == 24:
        return np.array(SMPL_PARENTS)
    for parent in fingers:
        tree.append(len(tree) - 1 if parent is None else parent)
    return np.array(tree)


def family_arrays(kind, seed=0):
    """The fields of a model file: the default body, with random shapes and correctives."""
    rng = np.random.default_rng(seed)
    own = default_body()
    n_joints, n_shapes = FAMILY[kind]
    parents = family_parents(n_joints)
    regressor = np.linalg.lstsq(own.vertices.T, own.rest_joints.T, rcond=None)[0].T
    extra = np.full((n_joints, own.n_vertices), 1 / own.n_vertices)
    extra[:22] = regressor[:22]
    weights = np.zeros((own.n_vertices, n_joints))
    weights[:, :22] = own.weights[:, :22]
    weights[:, 20:22] += own.weights[:, 22:]
    return {
        "v_template": own.vertices,
        "shapedirs": 0.01 * rng.standard_normal((own.n_vertices, 3, n_shapes)),
        "posedirs": 1e-3 * rng.standard_normal((own.n_vertices, 3, 9 * (n_joints - 1))),
        "J_regressor": regressor if n_joints == 24 else extra,
        "kintree_table": np.stack([parents, np.arange(n_joints)]).astype(np.uint32),
        "weights": own.weights if n_joints == 24 else weights,
        "f": own.faces.astype(np.uint32),
    }


@pytest.fixture
def chumpy(monkeypatch):
    """A stand-in that pickles as chumpy's arrays do; it is gone when the file is read."""

    class Ch:
        def __init__(self, x):
            self.x, self._dirty_vars, self._itr = x, set(), None

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
        module = types.ModuleType("chumpy.ch")
        module.Ch = Ch
        patch.setitem(sys.modules, "chumpy.ch", module)
        yield Ch


def write_pickle(path, arrays, protocol=2):
    path.write_bytes(pickle.dumps(arrays, protocol))
    return path


def assert_same_body(got, wanted):
    assert got.joint_names == wanted.joint_names
    np.testing.assert_array_equal(got.parents, wanted.parents)
    for field in ("rest_joints", "vertices", "weights", "faces", "shapedirs", "posedirs"):
        np.testing.assert_array_equal(getattr(got, field), getattr(wanted, field), err_msg=field)


@pytest.mark.parametrize("kind", FAMILY)
def test_npz_files(tmp_path, kind):
    arrays = family_arrays(kind)
    objects = np.array([{"Head": 15}], dtype=object)
    np.savez(tmp_path / "model.npz", **arrays, joint2num=objects, bs_style="lbs")
    body = read_body(tmp_path / "model.npz")
    n_joints, columns = FAMILY[kind]
    assert (body.n_joints, body.n_betas) == (n_joints, {400: 300, 20: 10}.get(columns, columns))
    assert body.parents[0] == -1 and body.joint_names[20] == "left_wrist"
    np.testing.assert_array_equal(body.shapedirs, arrays["shapedirs"][:, :, : body.n_betas])
    assert resolve_sites(body, "left_wrist")[0].vertices is not None


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
def test_pickles_with_chumpy_arrays_and_a_sparse_regressor(tmp_path, chumpy, protocol):
    arrays = family_arrays("smpl")
    dressed = {
        **arrays,
        "shapedirs": chumpy(arrays["shapedirs"]),
        "posedirs": arrays["posedirs"],
        "J_regressor": scipy.sparse.csc_matrix(arrays["J_regressor"]),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }
    path = write_pickle(tmp_path / "SMPL_NEUTRAL.pkl", dressed, protocol)
    for module in ("chumpy", "chumpy.ch"):
        del sys.modules[module]
    assert_same_body(read_body(path), body_from_smplx(arrays))


@pytest.mark.slow
def test_pickles_with_hands(tmp_path):
    arrays = {**family_arrays("smplh"), "hands_componentsl": np.eye(45), "hands_meanl": np.ones(45)}
    path = write_pickle(tmp_path / "SMPLH_MALE.pkl", arrays)
    assert_same_body(read_body(path), body_from_smplx(arrays))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["smpl", "smplx"])
def test_fewer_betas(tmp_path, kind):
    arrays = family_arrays(kind)
    np.savez(tmp_path / "m.npz", **arrays)
    body = read_body(tmp_path / "m.npz", num_betas=4)
    whole = body_from_smplx(arrays)
    assert body.n_betas == 4
    np.testing.assert_array_equal(
        body.shaped([1, 0, -1, 2]).rest_joints, whole.shaped([1, 0, -1, 2]).rest_joints
    )
    with pytest.raises(ValueError, match=r"num_betas=500, but the model has (10|300) shape"):
        read_body(tmp_path / "m.npz", num_betas=500)
    with pytest.raises(TypeError, match="num_betas must be a whole number"):
        read_body(tmp_path / "m.npz", num_betas=2.5)


def test_the_file_names_the_body(tmp_path):
    np.savez(tmp_path / "mine.npz", **family_arrays("smpl"))
    with pytest.raises(ValueError, match=r"mine\.npz has no joint 'tail'"):
        read_body(tmp_path / "mine.npz").joint_index("tail")


def test_sparse_regressors_in_npz_files_are_not_unpickled(tmp_path):
    arrays = family_arrays("smpl")
    arrays["J_regressor"] = scipy.sparse.csc_matrix(arrays["J_regressor"])
    np.savez(tmp_path / "model.npz", **arrays)
    with pytest.raises(ValueError, match=r"no J_regressor.*Use the \.pkl"):
        read_body(tmp_path / "model.npz")


class Attack:
    def __reduce__(self):
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("where", ["pkl", "npz"])
def test_hostile_files(tmp_path, monkeypatch, where):
    monkeypatch.chdir(tmp_path)
    arrays = {**family_arrays("smpl"), "extra": Attack()}
    if where == "pkl":
        path = write_pickle(tmp_path / "model.pkl", arrays)
        with pytest.raises(ValueError, match=r"model\.pkl was not read: it asks for \w+\.system"):
            read_body(path)
    else:
        np.savez(tmp_path / "model.npz", **arrays)
        assert read_body(tmp_path / "model.npz").n_joints == 24
    assert not (tmp_path / "attacked").exists()


def test_a_regressor_of_monstrous_shape(tmp_path):
    arrays = family_arrays("smpl")
    monster = scipy.sparse.csc_matrix(([1.0], [0], [0, 1, 1]), shape=(2**40, 2))
    path = write_pickle(tmp_path / "m.pkl", {**arrays, "J_regressor": monster})
    with pytest.raises(ValueError, match=r"m\.pkl.*lengths of an array"):
        read_body(path)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, FileNotFoundError, "No file at"),
        (b"", ValueError, "cannot be read as a pickle"),
        (b"PK\x03\x04 damaged", ValueError, r"cannot be read as an \.npz archive"),
        (pickle.dumps([1, 2]), ValueError, "contains a list, but a body model is a mapping"),
        (pickle.dumps({"pose": np.zeros(72)}), ValueError, "not a body of the SMPL family"),
    ],
)
def test_other_files(tmp_path, content, error, message):
    path = tmp_path / "model"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_body(path)
