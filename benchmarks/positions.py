"""The archives of joint positions in the shared data, as motions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from m3n_sklearn import Motion
from m3n_sklearn.motion import motion_from_joints

from .simulation.tracks import KINECT_SMARTFALL, positions


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
