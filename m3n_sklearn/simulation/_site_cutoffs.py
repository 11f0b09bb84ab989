"""Cut-offs of the chains of joints that carry sensors, chosen by the places where they end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..body import BodyModel, Site
from ..body._ends import BoneEnd
from .trajectory import BodyNoise
from .trajectory._bands import ROOT, Band
from .trajectory._smoothing import LOWEST_SHARE, Cutoffs, choose_cutoffs
from .trajectory._track import Track
from .trajectory.body_noise import part_of

__all__ = ["bone_of", "site_cutoffs"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_SECONDS = 1.5
"""Seconds without a gap that tell more about a clip than the whole of it."""

APART = 2.0
"""Times by which the cut-off of the limbs exceeds that of the root when both are kept apart."""

STEPS = 4
"""Cut-offs per octave. Nine per cent off the best one cost nothing that can be measured, and sites
with the same cut-off are computed together."""


def bone_of(body: BodyModel, site: Site) -> int:
    """Return the joint whose bone carries a resolved site."""
    assert site.bone is not None
    return body.joint_index(site.bone)


def site_cutoffs(
    track: Track, body: BodyModel, bones: Sequence[int], band: Band, noise: BodyNoise | None
) -> list[Cutoffs]:
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
    list of Cutoffs
        One per bone; equal for rotations and translations, unless the root jitters much more
        than the limbs.
    """
    excerpts = track.excerpts()
    different = list(dict.fromkeys(bones))
    joints, count = excerpts[0].rotations.shape[2], excerpts[0].moves.shape[1]
    root = np.concatenate([x.moves for x in excerpts], axis=2)
    ends = [
        np.concatenate([end.positions(x.rotations, x.moves) for x in excerpts], axis=2)
        for end in (BoneEnd(body, bone, joints) for bone in different)
    ]
    values = np.concatenate([*ends, *(end - root for end in ends)], axis=1)
    seen = excerpts[0].seen if len(excerpts) == 1 else None
    world, inside = np.split(_chosen(values, track.step, band, seen), 2)
    alone = np.tile(_chosen(root, track.step, ROOT, seen), len(different))
    # a root that is much worse than the limbs is smoothed by itself
    apart = alone < inside / APART
    turns = np.where(apart, inside, world)
    moves = np.where(apart, np.minimum(alone, max(band.highest, ROOT.lowest)), world)
    laws = [None if noise is None else noise[part_of(body.joint_names[b])] for b in different]
    for i, law in enumerate(laws):
        if law is not None:
            rows = slice(i * count, (i + 1) * count)
            known = choose_cutoffs(values[:, rows], track.step, law, band)
            turns[rows], moves[rows] = (np.minimum(x[rows], known) for x in (turns, moves))
    lowest = LOWEST_SHARE / track.step
    turns, moves = (_rounded(x, lowest, band.highest) for x in (turns, moves))
    followed = None
    if np.isinf(band.highest):
        followed = track.local(values[:, : len(world)], turns)
    found = {}
    for i, bone in enumerate(different):
        rows = slice(i * count, (i + 1) * count)
        chosen = [turns[rows], moves[rows]]
        if followed is not None:
            # clip by clip, so that others in the batch do not matter
            own = np.ptp(followed[:, rows], axis=0) > 0
            own &= ~apart[rows]
            if own.any():
                ceiling = np.inf if laws[i] is None else turns[rows]
                along = np.maximum(np.minimum(followed[:, rows], ceiling), lowest)
                chosen = [np.where(own, along, x) for x in chosen]
        found[bone] = Cutoffs.of(*chosen)
    return [found[bone] for bone in bones]


def _chosen(values: Array, step: float, band: Band, seen: Mask | None) -> Array:
    """Choose cut-offs; clips with gaps are judged by their longest stretch without any.

    What fills a gap has kinks, which would pass for noise of the whole clip.
    """
    chosen = choose_cutoffs(values, step, None, band)
    if seen is not None:
        whole = np.logical_and.reduce(seen, axis=2)
        for clip in np.flatnonzero(~whole.all(axis=0)).tolist():
            edges = np.flatnonzero(np.diff(whole[:, clip], prepend=False, append=False))
            stretches = edges.reshape(-1, 2)
            if not len(stretches):
                continue
            first, last = stretches[np.argmax(np.diff(stretches, axis=1))].tolist()
            if (last - first) * step >= FEWEST_SECONDS:
                own = slice(clip, None, whole.shape[1])
                chosen[own] = choose_cutoffs(values[first:last, own], step, None, band)
    return chosen


def _rounded(chosen: Array, lowest: float, highest: float) -> Array:
    """Round to steps of an octave, within the band."""
    steps = np.exp2(np.round(STEPS * np.log2(chosen)) / STEPS)
    return np.clip(steps, lowest, max(lowest, highest))
