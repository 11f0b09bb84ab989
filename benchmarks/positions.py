"""The archives of joint positions in the shared data, as motions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from m3n_sklearn import Motion
from m3n_sklearn.motion import motion_from_joints

from .simulation.tracks import KINECT_SMARTFALL, is_complete, positions, prmd_motion


def read_smartfallmm(path: Path) -> Iterator[Motion]:
    """Read the Kinect skeletons of SmartFallMM's daily actions; names are the codes of trials."""
    data = positions(path)
    names = [str(name) for name in data["joint_names"]]
    layout = {joint: names.index(source) for joint, source in KINECT_SMARTFALL.items()}
    for clip, joints in enumerate(data["clips"]):
        yield motion_from_joints(
            joints,
            layout,
            rate=float(data["fps"]),
            up="y",
            text=str(data["text"][clip]),
            label=str(data["label"][clip]).partition(" (")[0],
            subject=str(data["subject"][clip]),
            name=str(data["code"][clip]),
        )


def read_ui_prmd(path: Path) -> Iterator[Motion]:
    """Read UI-PRMD's clips of optical markers without a lost one.

    Markers lie on the skin, some centimeters from the joints, so the error is that of cameras. The
    marker on the back of the hand does not show the direction of the hand, so it is left out.
    """
    data = positions(path)
    for clip, markers in enumerate(data["clips"]):
        if is_complete(markers):
            person, label = data["subject"][clip], str(data["label"][clip])
            yield prmd_motion(
                markers,
                data["joint_names"],
                hand=False,
                noise=0.03,
                text=str(data["text"][clip]),
                label=label,
                subject=f"ui_prmd/{person}",
                name=f"ui_prmd/{person}/{label}/{data['rep'][clip]}",
            )


ICLONE = {
    "pelvis": "hip",
    "spine2": "spine02",
    "neck": "necktwist01",
    "head": "head",
    **{
        f"{side}_{joint}": f"{side[0]}_{source}"
        for side in ("left", "right")
        for joint, source in (
            ("shoulder", "upperarm"),
            ("elbow", "forearm"),
            ("wrist", "hand"),
            ("hand", "mid1"),
            ("hip", "thigh"),
            ("knee", "calf"),
            ("ankle", "foot"),
        )
    },
}
"""Joints of the iClone body by SMPL's names."""
ICLONE_SCALE = 1.75 / 1.88
"""The body of the retargeting is 1.88 m tall, CMU's people are 1.70 to 1.75 m."""


def read_iclone(path: Path) -> Iterator[Motion]:
    """Read clips of CMU that were retargeted to one body; names are CMU's numbers of trials."""
    data = positions(path)
    names = [str(name) for name in data["joint_names"]]
    layout = {joint: names.index(source) for joint, source in ICLONE.items()}
    for clip, joints in enumerate(data["clips"]):
        person, trial = int(data["subject"][clip]), int(data["trial"][clip])
        yield motion_from_joints(
            ICLONE_SCALE * joints,
            layout,
            rate=float(data["fps"]),
            up="y",
            noise=0.01,
            text=str(data["text"][clip]),
            label=str(data["label"][clip]),
            subject=f"cmu/{person:02d}",
            name=f"{person:02d}_{trial:02d}",
        )
