"""Smooth motions with exact derivatives, and random bodies of SMPL's size."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from m3n_sklearn.skeleton._smpl import SMPL_PARENTS


class JointMotion(NamedTuple):
    """Arguments of `site_kinematics`, at given times."""

    rotations: np.ndarray
    rates: np.ndarray
    accelerations: np.ndarray
    root_position: np.ndarray
    root_velocity: np.ndarray
    root_acceleration: np.ndarray


def _vector_part_of_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """vec(conj(a) b)."""
    return a[..., :1] * b[..., 1:] - b[..., :1] * a[..., 1:] - np.cross(a[..., 1:], b[..., 1:])


@pytest.fixture(scope="session")
def smooth_motion() -> Callable[..., JointMotion]:
    """Normalized sums of sines: infinitely smooth, differentiated by hand."""

    def make(t: np.ndarray, seed: int, n_joints: int = 24, swing: float = 0.4) -> JointMotion:
        rng = np.random.default_rng(seed)
        t = np.asarray(t, dtype=float)[:, None, None]

        def waves(count: int, size: int, level: float) -> list[np.ndarray]:
            omega = rng.uniform(1.0, 6.0, (count, size))
            phase = rng.uniform(0.0, 2 * np.pi, (count, size))
            gain = level * rng.standard_normal((count, size))
            x = omega * t + phase
            return [
                gain * np.sin(x),
                gain * omega * np.cos(x),
                -gain * omega**2 * np.sin(x),
            ]

        q, dq, ddq = waves(n_joints, 4, swing)
        q = q + np.array([1.5, 0.0, 0.0, 0.0])
        n = np.linalg.norm(q, axis=-1, keepdims=True)
        dn = np.sum(q * dq, axis=-1, keepdims=True) / n
        ddn = (np.sum(dq * dq + q * ddq, axis=-1, keepdims=True) - dn**2) / n
        u = q / n
        du = (dq - u * dn) / n
        ddu = (ddq - 2 * du * dn - u * ddn) / n
        root = [x[:, 0] for x in waves(1, 3, 0.3)]
        return JointMotion(
            u, 2 * _vector_part_of_product(u, du), 2 * _vector_part_of_product(u, ddu), *root
        )

    return make


@pytest.fixture(scope="session")
def smpl_struct() -> SimpleNamespace:
    """A structure with the attributes and sizes of an SMPL file, filled with random numbers."""
    rng = np.random.default_rng(0)
    n_vertices, n_joints = 6890, 24
    parents = SMPL_PARENTS.astype(np.int64).copy()
    kintree = np.stack([parents, np.arange(n_joints)]).astype(np.uint32)
    weights = np.zeros((n_vertices, n_joints))
    bones = np.array([rng.choice(n_joints, 4, replace=False) for _ in range(n_vertices)])
    np.put_along_axis(weights, bones, rng.dirichlet(np.ones(4), n_vertices), axis=1)
    regressor = np.zeros((n_joints, n_vertices))
    picks = np.array([rng.choice(n_vertices, 20, replace=False) for _ in range(n_joints)])
    np.put_along_axis(regressor, picks, rng.dirichlet(np.ones(20), n_joints), axis=1)
    return SimpleNamespace(
        v_template=0.4 * rng.standard_normal((n_vertices, 3)),
        shapedirs=0.01 * rng.standard_normal((n_vertices, 3, 10)),
        posedirs=1e-3 * rng.standard_normal((n_vertices, 3, 9 * (n_joints - 1))),
        J_regressor=regressor,
        kintree_table=kintree,
        weights=weights,
        f=rng.integers(0, n_vertices, (1000, 3)).astype(np.uint32),
    )


@pytest.fixture(scope="session")
def blended_body():
    """A small body with pose blend shapes and shape space, without SMPL's joints."""
    from m3n_sklearn.body import BodyModel

    rng = np.random.default_rng(3)
    n_vertices, parents = 30, [-1, 0, 1, 1, 3]
    weights = rng.dirichlet(np.ones(5), n_vertices)
    regressor = rng.dirichlet(np.ones(n_vertices), 5)
    return BodyModel(
        joint_names=["root", "a", "b", "c", "d"],
        parents=parents,
        vertices=0.5 * rng.standard_normal((n_vertices, 3)) + 1.0,
        weights=weights,
        shapedirs=0.02 * rng.standard_normal((n_vertices, 3, 4)),
        posedirs=0.01 * rng.standard_normal((n_vertices, 3, 36)),
        joint_regressor=10 * (regressor - regressor.mean(0)) + regressor.mean(0),
    )
