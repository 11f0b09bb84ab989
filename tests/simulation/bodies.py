"""Random bodies with SMPL's joints: symmetric, small, and free of any licensed file."""

from __future__ import annotations

import numpy as np

from m3n_sklearn.body import BodyModel, Site, default_body, list_sites
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.skeleton._rotations import random_rotations
from m3n_sklearn.skeleton._smpl import MIRROR_JOINTS, SMPL_PARENTS

SEXES = ("neutral", "male", "female")
KINDS = (*SEXES, "blended", "bones")
MIRROR = np.array([-1.0, 1.0, 1.0])


def random_body(kind, seed):
    """One of `KINDS`: the default body by sex, a surface with blend shapes, or bones only."""
    rng = np.random.default_rng(seed)
    stature = rng.uniform(1.4, 2.0)
    if kind in SEXES:
        return default_body(kind, stature)
    joints = default_body(stature=stature).rest_joints + 0.01 * rng.standard_normal((24, 3))
    joints = (joints + joints[MIRROR_JOINTS] * MIRROR) / 2
    surface = _blended_surface(rng, joints) if kind == "blended" else {}
    return BodyModel(SMPL_JOINTS, SMPL_PARENTS, joints, stature=stature, name=kind, **surface)


def random_sites(body, seed, own=True):
    """Two sites of the catalogue and, if wanted, one on a bone and one on vertices."""
    rng = np.random.default_rng(seed)
    sites = [str(name) for name in rng.choice(list_sites(), 2, replace=False)]
    if not own:
        return sites
    axes = random_rotations(2, rng)
    bone = SMPL_JOINTS[rng.integers(24)]
    sites.append(Site("own", bone=bone, offset=rng.uniform(-0.1, 0.1, 3), orientation=axes[0]))
    if body.n_vertices:
        patch = body.faces[rng.integers(len(body.faces))]
        shares = rng.dirichlet(np.ones(3))
        sites.append(Site("patch", vertices=patch, vertex_weights=shares, orientation=axes[1]))
    return sites


def _blended_surface(rng, joints, half=60):
    """Vertices around the joints with shape and pose blend shapes; the sides are mirror images."""
    near = joints[rng.integers(0, 24, half)] + 0.08 * rng.standard_normal((half, 3))
    near[:, 0] = np.abs(near[:, 0])  # no triangle crosses the plane of symmetry
    distance = np.linalg.norm(near[:, None] - joints, axis=2)
    weights = np.exp(-((distance / 0.15) ** 2))
    weights[distance > np.sort(distance, axis=1)[:, 3:4]] = 0.0  # SMPL has at most 4 bones, too
    weights[weights < 1e-6] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    shape = 0.02 * rng.standard_normal((half, 3, 2))
    pose = 0.005 * rng.standard_normal((half, 3, 23, 3, 3))
    # R - I of a mirrored pose is S (R - I) S of the other side's joint
    across = pose[:, :, MIRROR_JOINTS[1:] - 1] * np.outer(MIRROR, MIRROR)
    faces = np.array([rng.choice(half, 3, replace=False) for _ in range(40)])
    return {
        "vertices": np.concatenate([near, near * MIRROR]),
        "weights": np.concatenate([weights, weights[:, MIRROR_JOINTS]]),
        "shapedirs": np.concatenate([shape, shape * MIRROR[:, None]]),
        "posedirs": np.concatenate([pose, across * MIRROR[:, None, None, None]]).reshape(
            2 * half, 3, -1
        ),
        "faces": np.concatenate([faces, faces[:, ::-1] + half]),
    }
