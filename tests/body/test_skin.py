"""Skinning of chosen vertices against smplx itself, on a random body of SMPL's size."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from m3n_sklearn.body import Site, body_from_smplx, default_body, site_kinematics, skin
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, quat_from_rotvec

CHOSEN = np.arange(0, 6890, 53)


@pytest.fixture(scope="module")
def representable(smpl_struct):
    """The same structure, of numbers that single precision represents."""
    fields = {k: np.asarray(v) for k, v in vars(smpl_struct).items()}
    # shares of 1/64, so that they still sum to 1
    for name in ("weights", "J_regressor"):
        table = np.floor(64 * fields[name]) / 64
        rows = np.arange(len(table))
        table[rows, np.argmax(table, axis=1)] += 1 - table.sum(axis=1)
        fields[name] = table
    single = {
        k: v.astype(np.float32).astype(float) for k, v in fields.items() if v.dtype.kind == "f"
    }
    return SimpleNamespace(**{**fields, **single})


@pytest.fixture(scope="module")
def pose():
    rng = np.random.default_rng(1)
    return SimpleNamespace(
        turns=rng.uniform(-0.8, 0.8, (5, 24, 3)).astype(np.float32).astype(float),
        trans=rng.uniform(-1, 1, (5, 3)).astype(np.float32).astype(float),
        betas=rng.standard_normal(10).astype(np.float32).astype(float),
    )


def smplx_vertices(struct, pose, double):
    smplx = pytest.importorskip("smplx")
    torch = pytest.importorskip("torch")
    model = smplx.SMPL(model_path="", data_struct=struct, batch_size=5)
    kind = torch.float64 if double else torch.float32
    # smplx adds 1e-8 to rotation vectors; matrices it takes as they are
    turns = matrix_from_rotvec(pose.turns) if double else pose.turns
    given = {
        "betas": np.tile(pose.betas, (5, 1)),
        "global_orient": turns[:, :1] if double else turns[:, 0],
        "body_pose": turns[:, 1:] if double else turns[:, 1:].reshape(5, -1),
        "transl": pose.trans,
    }
    with torch.no_grad():
        given = {k: torch.tensor(v, dtype=kind) for k, v in given.items()}
        out = model.to(kind)(**given, pose2rot=not double)
    return out.vertices.numpy()[:, CHOSEN]


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(("double", "tolerance"), [(False, 5e-7), (True, 1e-9)])
def test_vertices_equal_those_of_smplx(representable, pose, engine, double, tolerance):
    if engine == "numba":
        pytest.importorskip("numba")
    expected = smplx_vertices(representable, pose, double)
    body = body_from_smplx(representable).shaped(betas=pose.betas)
    found = skin(body, pose.turns, pose.trans, CHOSEN, engine)
    assert np.abs(found - expected).max() <= tolerance
    zero = np.zeros_like(pose.turns)
    still = (zero, zero, pose.trans, zero[:, 0], zero[:, 0])
    sites = [Site(f"v{v}", vertices=(int(v),)) for v in CHOSEN[:6]]
    track = site_kinematics(body, sites, quat_from_rotvec(pose.turns), *still, engine=engine)
    assert np.abs(track.position - expected[:, :6]).max() <= tolerance


@pytest.mark.parametrize(
    ("vertices", "message"),
    [([-1], "must lie in 0 to"), ([10**6], "must lie in 0 to"), ([0.5], "whole numbers")],
)
def test_vertices_that_do_not_exist(vertices, message):
    with pytest.raises(ValueError, match=message):
        skin(default_body(), np.zeros((24, 3)), vertices=vertices)


def test_unknown_engines_are_refused():
    with pytest.raises(ValueError, match='engine must be "numpy" or "numba"'):
        skin(default_body(), np.zeros((24, 3)), engine="torch")
