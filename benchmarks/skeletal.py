"""The archives of motion clips in the shared data: one skeleton and local quaternions as .npz."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from m3n_sklearn import Motion
from m3n_sklearn.motion import SkeletonMap, retarget

LABELS = ("action", "content")
"""Columns that hold a class; an archive has one of them at most."""


def read_skeletal(path: str | Path, *, skeleton: SkeletonMap | None = None) -> list[Motion]:
    """Read all clips of an archive and retarget them to SMPL's tree.

    The file holds `joint_names` (J,), `parents` (J,), `clip_ptr` (C + 1,), `root_pos` (T, 3) in m
    (y up), `local_quat_wxyz` (T, J, 4), `fps`, and the bones `offsets_m`: (J, 3), or (S, J, 3) with
    `offset_subjects` (S,) and `subject` (C,). It may hold `tpose_local_quat_wxyz` (J, 4) and
    columns with one entry per clip: `clip_name`, `text`, `subject`, and `action` or `content`.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    pointer = arrays["clip_ptr"].tolist()
    if pointer[-1] != len(arrays["root_pos"]):
        raise ValueError(
            f"{Path(path).name}: clip_ptr ends at frame {pointer[-1]}, but root_pos has "
            f"{len(arrays['root_pos'])} frames."
        )
    retargeted = _retarget(arrays, pointer, skeleton)
    label = next((name for name in LABELS if name in arrays), None)
    columns = {
        key: arrays[name].tolist() if name in arrays else [None] * len(retargeted)
        for key, name in (("text", "text"), ("subject", "subject"), ("name", "clip_name"))
    }
    columns["label"] = arrays[label].tolist() if label else [None] * len(retargeted)
    return [
        Motion(
            poses,
            trans,
            rate=float(arrays["fps"]),
            stature=stature,
            text=columns["text"][clip] or "",
            label=columns["label"][clip],
            subject=columns["subject"][clip],
            name=columns["name"][clip] or f"{Path(path).stem}/{clip}",
            source=Path(path).stem,
        )
        for clip, (poses, trans, stature) in enumerate(retargeted)
    ]


def _retarget(
    arrays: Mapping[str, Any], pointer: list[int], skeleton: SkeletonMap | None
) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Retarget runs of clips that share one set of bones together, then take them apart."""
    bones, owner = arrays["offsets_m"], [0] * (len(pointer) - 1)
    if bones.ndim == 2:
        bones = bones[None]
    else:
        owner = [arrays["offset_subjects"].tolist().index(who) for who in arrays["subject"]]
    starts = [clip for clip in range(len(owner)) if clip == 0 or owner[clip] != owner[clip - 1]]
    clips = []
    for first, stop in pairwise([*starts, len(owner)]):
        frames = slice(pointer[first], pointer[stop])
        poses, trans, stature = retarget(
            arrays["local_quat_wxyz"][frames],
            arrays["root_pos"][frames],
            [str(name) for name in arrays["joint_names"]],
            arrays["parents"],
            bones[owner[first]],
            skeleton=skeleton,
            tpose=arrays.get("tpose_local_quat_wxyz"),
        )
        inside = np.array(pointer[first : stop + 1]) - pointer[first]
        clips += [(poses[a:b], trans[a:b], stature) for a, b in pairwise(inside)]
    return clips
