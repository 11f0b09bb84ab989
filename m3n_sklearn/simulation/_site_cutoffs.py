"""The cut-offs of the chains of joints that carry sensors.

A cut-off is chosen from the position of the far end of the bone that carries the sensor, in the
world. This position does not depend on how a file distributes a movement over the joints of the
chain. The errors of the joints along a chain cancel in part: trackers track hands and feet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._typing import Array, Mask
from ..body import BodyModel, BoneEnd, Site
from .trajectory._noise_floor import BodyNoise, part_of
from .trajectory._smoothing import LOWEST_SHARE, ROOT, Band, Cutoffs, choose_cutoffs
from .trajectory._track import Track

__all__ = ["bone_of", "site_cutoffs"]

FEWEST_SECONDS = 1.5
"""Shortest stretch without a gap whose spectrum replaces that of the whole clip."""

SEPARATE_ROOT = 2.0
"""Ratio of the cut-offs of limbs and root above which the root is smoothed on its own."""

STEPS_PER_OCTAVE = 4
"""Cut-offs per octave. A cut-off that is 9 % off the best one makes no measurable difference, and
sites with the same cut-off are computed together."""


def bone_of(body: BodyModel, site: Site) -> int:
    """Return the joint whose bone carries a resolved site."""
    assert site.bone is not None
    return body.joint_index(site.bone)


def site_cutoffs(
    track: Track, body: BodyModel, bones: Sequence[int], band: Band, noise: BodyNoise | None
) -> list[Cutoffs]:
    """Choose the cut-offs of B clips for each of S bones; `noise` can only lower them."""
    # 1. Positions of the ends of the bones, in the world and relative to the root
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

    # 2. One cut-off for rotations and translations. A root that is much noisier than the limbs
    #    gets its own.
    world, inside = np.split(_choose(values, track.step, band, seen), 2)
    alone = np.tile(_choose(root, track.step, ROOT, seen), len(different))
    apart = alone < inside / SEPARATE_ROOT
    turns = np.where(apart, inside, world)
    moves = np.where(apart, np.minimum(alone, max(band.highest, ROOT.lowest)), world)

    # 3. Noise that was learned from other clips lowers cut-offs
    laws = [None if noise is None else noise[part_of(body.joint_names[b])] for b in different]
    for i, law in enumerate(laws):
        if law is not None:
            rows = slice(i * count, (i + 1) * count)
            known = choose_cutoffs(values[:, rows], track.step, law, band)
            turns[rows], moves[rows] = (np.minimum(x[rows], known) for x in (turns, moves))

    # 4. Round within the band of the source; unless the band is narrow, follow clips that change
    lowest = LOWEST_SHARE / track.step
    turns, moves = (_round_to_steps(x, lowest, band.highest) for x in (turns, moves))
    followed = None
    if np.isinf(band.highest):
        followed = track.local(values[:, : len(world)], turns)
    found = {}
    for i, bone in enumerate(different):
        rows = slice(i * count, (i + 1) * count)
        chosen = [turns[rows], moves[rows]]
        if followed is not None:
            # clip by clip, so that the result does not depend on the batch
            own = np.ptp(followed[:, rows], axis=0) > 0
            own &= ~apart[rows]
            if own.any():
                ceiling = np.inf if laws[i] is None else turns[rows]
                along = np.maximum(np.minimum(followed[:, rows], ceiling), lowest)
                chosen = [np.where(own, along, x) for x in chosen]
        found[bone] = Cutoffs.of(*chosen)
    return [found[bone] for bone in bones]


def _choose(values: Array, step: float, band: Band, seen: Mask | None) -> Array:
    """Choose cut-offs; a clip with gaps is judged by its longest stretch without one.

    The filling of a gap has kinks, which look like noise of the whole clip.
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


def _round_to_steps(chosen: Array, lowest: float, highest: float) -> Array:
    """Round to steps of an octave, within the band."""
    steps = np.exp2(np.round(STEPS_PER_OCTAVE * np.log2(chosen)) / STEPS_PER_OCTAVE)
    return np.clip(steps, lowest, max(lowest, highest))
