from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from m3n_sklearn.body import (
    Site,
    body_from_smplx,
    default_body,
    forward_kinematics,
    list_sites,
    resolve_sites,
    site_kinematics,
    skin,
)
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec

BETAS = np.linspace(-1.5, 1.5, 10)


@pytest.fixture(scope="module")
def reference(smpl_struct):
    """What the smplx package computes for a random model of SMPL's size."""
    smplx = pytest.importorskip("smplx")
    torch = pytest.importorskip("torch")
    model = smplx.SMPL(model_path="", data_struct=smpl_struct, batch_size=3)
    rng = np.random.default_rng(1)
    pose = rng.uniform(-0.8, 0.8, (3, 24, 3)).astype(np.float32)
    trans = rng.uniform(-1, 1, (3, 3)).astype(np.float32)
    with torch.no_grad():
        out = model(
            betas=torch.tensor(BETAS[None].repeat(3, 0), dtype=torch.float32),
            global_orient=torch.tensor(pose[:, 0]),
            body_pose=torch.tensor(pose[:, 1:].reshape(3, -1)),
            transl=torch.tensor(trans),
        )
    return SimpleNamespace(
        model=model,
        pose=pose,
        trans=trans,
        joints=out.joints[:, :24].numpy(),
        vertices=out.vertices.numpy(),
    )


@pytest.mark.parametrize(("precision", "atol"), [("float32", 5e-7), ("float64", 1e-9)])
def test_every_vertex_equals_that_of_smplx(smpl_struct, precision, atol):
    """Tables are exact in single precision, which smplx rounds them to.

    Weights still sum to 1, and rotations go in as matrices, since smplx adds 1e-8 to rotation
    vectors.
    """
    smplx = pytest.importorskip("smplx")
    torch = pytest.importorskip("torch")
    tables = {
        key: value.astype(np.float32).astype(np.float64) if value.dtype.kind == "f" else value
        for key, value in vars(smpl_struct).items()
    }
    eighths = np.floor(smpl_struct.weights * 8) / 8
    heaviest = eighths.argmax(axis=1)[:, None]
    rest = 1 - eighths.sum(axis=1, keepdims=True)
    tables["weights"] = eighths + rest * (np.arange(24) == heaviest)
    struct = SimpleNamespace(**tables)
    kind = getattr(torch, precision)
    model = smplx.SMPL(model_path="", data_struct=struct, batch_size=2, dtype=kind)
    rng = np.random.default_rng(2)
    pose = matrix_from_rotvec(rng.uniform(-0.8, 0.8, (2, 24, 3)))
    trans = rng.uniform(-0.8, 0.8, (2, 3)).astype(np.float32)
    betas = BETAS.astype(np.float32)
    with torch.no_grad():
        vertices = model(
            betas=torch.tensor(betas[None].repeat(2, 0), dtype=kind),
            global_orient=torch.tensor(pose[:, :1], dtype=kind),
            body_pose=torch.tensor(pose[:, 1:], dtype=kind),
            transl=torch.tensor(trans, dtype=kind),
            pose2rot=False,
        ).vertices.numpy()
    got = skin(body_from_smplx(struct).shaped(betas=betas), pose, trans)
    np.testing.assert_allclose(got, vertices, rtol=0, atol=atol)


@pytest.mark.parametrize("source", ["module", "struct", "mapping"])
def test_joints_and_skin_equal_smplx(smpl_struct, reference, source):
    sources = {"module": reference.model, "struct": smpl_struct, "mapping": vars(smpl_struct)}
    body = body_from_smplx(sources[source]).shaped(betas=BETAS)
    posed = forward_kinematics(body, reference.pose, reference.trans)
    np.testing.assert_allclose(posed.positions, reference.joints, atol=5e-7)
    chosen = np.arange(0, 6890, 7)
    got = skin(body, reference.pose, reference.trans, chosen)
    np.testing.assert_allclose(got, reference.vertices[:, chosen], atol=5e-7)


def test_sites_of_a_body_with_blend_shapes_equal_smplx(smpl_struct, reference):
    from m3n_sklearn.skeleton._rotations import quat_from_rotvec

    body = body_from_smplx(smpl_struct).shaped(betas=BETAS)
    zero = np.zeros((3, 24, 3))
    got = site_kinematics(
        body,
        [Site("one", vertices=[17]), Site("two", vertices=[4321])],
        quat_from_rotvec(reference.pose),
        zero,
        zero,
        reference.trans,
        zero[:, 0],
        zero[:, 0],
    )
    np.testing.assert_allclose(got.position, reference.vertices[:, [17, 4321]], atol=5e-7)


def arrays_of(body, n_joints=24):
    return {
        "v_template": body.vertices,
        "J_regressor": np.full((n_joints, body.n_vertices), 1 / body.n_vertices),
        "weights": np.pad(body.weights, ((0, 0), (0, n_joints - 24))),
        "kintree_table": np.stack([np.maximum(np.arange(n_joints) - 1, 0), np.arange(n_joints)]),
        "f": body.faces,
    }


def test_npz_file(tmp_path):
    own = default_body()
    np.savez(tmp_path / "model.npz", **arrays_of(own))
    with np.load(tmp_path / "model.npz") as file, pytest.warns(UserWarning, match="meters"):
        body = body_from_smplx(file)
    assert body.parents[0] == -1
    assert body.stature == pytest.approx(own.stature)


@pytest.mark.filterwarnings("ignore:The joints")
@pytest.mark.parametrize("n_joints", [52, 55])
def test_models_with_hands_are_named(n_joints):
    body = body_from_smplx(arrays_of(default_body(), n_joints))
    assert body.joint_names[20:22] == ("left_wrist", "right_wrist")
    assert "left_thumb3" in body.joint_names
    assert list(body.match_pose(24)[20:24]) == [20, 21, -1, -1]
    assert (body.match_pose(22) >= 0).sum() == 22


@pytest.mark.filterwarnings("ignore:The joints")
def test_unknown_number_of_joints_needs_names():
    arrays = arrays_of(default_body(), 30)
    with pytest.raises(ValueError, match="Pass joint_names="):
        body_from_smplx(arrays)
    names = tuple(f"j{k}" for k in range(30))
    assert body_from_smplx(arrays, joint_names=names).joint_names == names


@pytest.mark.parametrize("source", [{}, object(), {"v_template": np.zeros((4, 3))}])
def test_foreign_objects_are_refused(source):
    with pytest.raises(ValueError, match="not a body of the SMPL family: it has no"):
        body_from_smplx(source)


def test_named_sites_fit_a_body_with_an_smpl_file_layout():
    own = default_body()
    regressor = np.linalg.lstsq(own.vertices.T, own.rest_joints.T, rcond=None)[0].T
    body = body_from_smplx({**arrays_of(own), "J_regressor": regressor, "parents": own.parents})
    for site, expected in zip(
        resolve_sites(body, list_sites()), resolve_sites(own, list_sites()), strict=True
    ):
        np.testing.assert_allclose(site.offset, expected.offset, atol=1e-9)
