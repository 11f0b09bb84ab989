"""Joint positions of an ASF skeleton that plays an AMC file: only for the comparison of formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

METERS = 0.0254 / 0.45
"""Of CMU's unit of length."""
STARTS = {
    "hip": "femur",
    "knee": "tibia",
    "ankle": "foot",
    "shoulder": "humerus",
    "elbow": "radius",
}
ENDS = {"foot": "foot", "wrist": "radius", "hand": "hand"}


def read_asf_amc(skeleton: Path, motion: Path) -> tuple[np.ndarray, dict[str, int]]:
    """Positions (F, K, 3) in m, y up, and which SMPL joint is in which column."""
    bones, parents = _read_skeleton(skeleton)
    frames = _read_frames(motion)
    root = np.array([frame["root"] for frame in frames])
    place = {"root": METERS * root[:, :3]}
    turned = {"root": Rotation.from_euler("xyz", root[:, 3:], degrees=True)}

    def follow(name: str) -> None:
        if name in place:
            return
        parent, bone = parents[name], bones[name]
        follow(parent)
        angles = np.zeros((len(frames), 3))
        for column, axis in enumerate(bone.get("dof", ())):
            angles[:, "xyz".index(axis[1])] = [frame[name][column] for frame in frames]
        local = Rotation.from_euler("xyz", angles, degrees=True)
        turned[name] = turned[parent] * (bone["axis"] * local * bone["axis"].inv())
        place[name] = place[parent] + turned[name].apply(
            METERS * bone["length"] * bone["direction"]
        )

    for name in parents:
        follow(name)
    joints = {
        "pelvis": place["root"],
        "spine3": place[parents["thorax"]],
        "neck": place["thorax"],
        "head": place[parents["head"]],
    }
    for side, s in (("left", "l"), ("right", "r")):
        joints |= {f"{side}_{j}": place[parents[s + bone]] for j, bone in STARTS.items()}
        joints |= {f"{side}_{j}": place[s + bone] for j, bone in ENDS.items()}
    return np.stack(list(joints.values()), axis=1), {joint: i for i, joint in enumerate(joints)}


def _read_skeleton(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    bones: dict[str, dict[str, Any]] = {}
    parents: dict[str, str] = {}
    section, bone = "", {}
    for line in path.read_text().splitlines():
        words = line.split()
        if not words:
            continue
        if words[0].startswith(":"):
            section = words[0]
        elif section == ":bonedata":
            if words[0] == "begin":
                bone = {}
            elif words[0] == "end":
                bones[bone["name"]] = bone
            elif words[0] == "name":
                bone["name"] = words[1]
            elif words[0] == "direction":
                bone["direction"] = np.array(words[1:4], float)
            elif words[0] == "length":
                bone["length"] = float(words[1])
            elif words[0] == "axis":
                angles = np.array(words[1:4], float)
                bone["axis"] = Rotation.from_euler("xyz", angles, degrees=True)
            elif words[0] == "dof":
                bone["dof"] = words[1:]
        elif section == ":hierarchy" and words[0] not in ("begin", "end"):
            parents |= dict.fromkeys(words[1:], words[0])
    return bones, parents


def _read_frames(path: Path) -> list[dict[str, np.ndarray]]:
    frames: list[dict[str, np.ndarray]] = []
    for line in path.read_text().splitlines():
        words = line.split()
        if not words or words[0][0] in "#:":
            continue
        if len(words) == 1:
            frames.append({})
        else:
            frames[-1][words[0]] = np.array(words[1:], float)
    return frames
