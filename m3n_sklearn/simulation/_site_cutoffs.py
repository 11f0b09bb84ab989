"""Cut-offs of the chains of joints that carry sensors, chosen by the places where they end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..body import BodyModel, Site
from ..body._ends import BoneEnd
from .trajectory import BodyNoise
from .trajectory._bands import Band
from .trajectory._smoothing import LOWEST_SHARE, choose_cutoffs
from .trajectory._track import Track
from .trajectory.body_noise import part_of

__all__ = ["bone_of", "site_cutoffs"]

Array = NDArray[np.float64]

STEPS = 4
"""Cut-offs per octave. Nine per cent off the best one cost nothing that can be measured, and sites
with the same cut-off are computed together."""


def bone_of(body: BodyModel, site: Site) -> int:
    """Return the joint whose bone carries a resolved site."""
    assert site.bone is not None
    return body.joint_index(site.bone)


def site_cutoffs(
    track: Track, body: BodyModel, bones: Sequence[int], band: Band, noise: BodyNoise | None
) -> Array:
    """Choose the cut-offs of chains of joints by what their ends feel.

    Positions in the world do not depend on how a file splits a movement up between the joints,
    and the errors of joints along a chain cancel in part: what is tracked are hands and feet.

    Parameters
    ----------
    track : Track
        The poses of B clips.
    body : BodyModel
        Who plays them.
    bones : sequence of int
        S bones that carry sensors.
    band : Band
        Where cut-offs of the source lie.
    noise : BodyNoise or None
        Noise of the source, learned from other clips: it can lower cut-offs, never raise them.

    Returns
    -------
    ndarray of shape (S, B, 2)
        In Hz, equal for rotations and translations.
    """
    excerpts = track.excerpts()
    different = list(dict.fromkeys(bones))
    count = excerpts[0].moves.shape[1]
    values = np.concatenate(
        [
            np.concatenate([end.positions(x.rotations, x.moves) for x in excerpts], axis=2)
            for end in (BoneEnd(body, b, excerpts[0].rotations.shape[2]) for b in different)
        ],
        axis=1,
    )
    chosen = choose_cutoffs(values, track.step, None, band)
    for i, bone in enumerate(different):
        law = None if noise is None else noise[part_of(body.joint_names[bone])]
        rows = slice(i * count, (i + 1) * count)
        if law is not None:
            known = choose_cutoffs(values[:, rows], track.step, law, band)
            chosen[rows] = np.minimum(chosen[rows], known)
    lowest = LOWEST_SHARE / track.step
    rounded = np.exp2(np.round(STEPS * np.log2(chosen)) / STEPS)
    rounded = np.clip(rounded, lowest, max(lowest, band.highest)).reshape(len(different), count)
    each = rounded[[different.index(bone) for bone in bones]]
    return np.stack([each, each], axis=-1)
