"""Human skeletons with rotations: a map to SMPL's joints, and how to find it by the joint names.

Hundreds of programs write skeletons, in a few dozen vocabularies. A skeleton is recognized in two
steps:

1. Names. Each name is split into words; a side and a word for a part of a limb remain, whatever
   namespace, prefix or number stands around them: ``mixamorig:LeftForeArm``, ``Bip01 L Forearm``
   and ``lForeArm`` are all the left elbow. Some words have two meanings: the ``LeftShoulder`` is a
   collar if a ``LeftArm`` follows, and the shoulder if a ``LeftElbow`` does.
2. Tree. Along each path from the root to a joint, the assignment with the largest sum of weights
   wins in which the parts follow in their order. The pelvis is where the legs meet, the chest is
   where the arms meet, and the joints between them are the spine, whatever their names are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from .._typing import Array
from .._warn import warn
from ._smpl import SMPL_JOINTS

__all__ = ["END_SITE", "SKELETONS", "SkeletonMap", "find_skeleton", "joints_by_words"]

_AXES = {
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "front": (0, 0, 1),
    "back": (0, 0, -1),
}
LIMBS = tuple(
    f"{side}_{joint}"
    for side in ("left", "right")
    for joint in ("hip", "knee", "shoulder", "elbow", "wrist")
)
FEET = ("left_ankle", "right_ankle")


@dataclass(frozen=True)
class SkeletonMap:
    """Map from the joints of a source skeleton to SMPL's joints.

    Parameters
    ----------
    joints : mapping of str to str
        Source joint name by SMPL joint name. SMPL joints without an entry follow their parents.
    axes : mapping of str to str, optional
        Directions of the x, y and z axis of a source joint in a T-pose that faces the front, such
        as ``{"Hips": "up right front"}``. Needed for sources whose joint frames are not parallel
        to the world in a T-pose. Joints without an entry are parallel to the world (x left, y up,
        z front) in the source's rest pose. If `axes` is empty, the rest pose may have any
        orientation.
    aligned : sequence of str, optional
        SMPL joints whose bone points exactly where the source's bone points. The other joints
        keep only the rotation since the T-pose. This suits trunks and feet, where skeletons place
        their joints differently. By default the joints of arms and legs, without hands and feet.

    Raises
    ------
    ValueError
        If a joint is not one of SMPL's, or the pelvis or a limb joint is missing.

    See Also
    --------
    m3n_sklearn.motion.retarget : Uses the map to carry a motion over to SMPL's tree.
    SKELETONS : Maps of skeletons whose joint frames are known.

    Examples
    --------
    >>> from m3n_sklearn.motion import SKELETONS
    >>> SKELETONS["bandai_namco"].frame("Hips").tolist()  # its x axis points up, y right
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """

    joints: Mapping[str, str]
    axes: Mapping[str, str] = field(default_factory=dict)
    aligned: tuple[str, ...] = LIMBS

    def __post_init__(self) -> None:
        """Check the names."""
        unknown = sorted({*self.joints, *self.aligned} - set(SMPL_JOINTS))
        if unknown:
            raise ValueError(
                f"Unknown SMPL joints in the skeleton map: {', '.join(unknown)}. SMPL's joints are "
                f"{', '.join(SMPL_JOINTS)}."
            )
        missing = sorted({"pelvis", *LIMBS, *FEET} - set(self.joints))
        if missing:
            raise ValueError(f"The skeleton map lacks {', '.join(missing)}.")

    def frame(self, source: str) -> Array:
        """Return the rotation of a source joint in the T-pose.

        Parameters
        ----------
        source : str
            Name of a joint of the source.

        Returns
        -------
        ndarray of shape (3, 3)
            Rotation from the joint's frame to SMPL's rest frame (x left, y up, z front). The
            identity if `axes` has no entry for the joint.

        Examples
        --------
        >>> from m3n_sklearn.motion import SKELETONS
        >>> SKELETONS["bandai_namco"].frame("Spine").tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
        """
        if source not in self.axes:
            return np.eye(3)
        return np.array([_AXES[word] for word in self.axes[source].split()], dtype=np.float64).T


def _both_sides(
    center: Mapping[str, str], sides: Mapping[str, str], left: str, right: str
) -> dict[str, str]:
    """Expand a mapping whose limbs are written once, with * for the source's name of the side."""
    joints = dict(center)
    for joint, pattern in sides.items():
        joints[f"left_{joint}"] = pattern.replace("*", left)
        joints[f"right_{joint}"] = pattern.replace("*", right)
    return joints


# Bones lie along the local x axis (-x on the right side); elbows and knees bend about y
_BANDAI_ARM = ("Shoulder", "UpperArm", "LowerArm", "Hand")
_BANDAI_NAMCO = SkeletonMap(
    _both_sides(
        {
            "pelvis": "Hips",
            "spine1": "Spine",
            "spine3": "Chest",
            "neck": "Neck",
            "head": "Head",
        },
        {
            "hip": "UpperLeg_*",
            "knee": "LowerLeg_*",
            "ankle": "Foot_*",
            "collar": "Shoulder_*",
            "shoulder": "UpperArm_*",
            "elbow": "LowerArm_*",
            "wrist": "Hand_*",
            "foot": "Toes_*",
        },
        "L",
        "R",
    ),
    axes={
        "Hips": "up right front",
        **dict.fromkeys(("Spine", "Chest", "Neck", "Head"), "up front left"),
        **{f"{joint}_L": "left up front" for joint in _BANDAI_ARM},
        **{f"{joint}_R": "left down back" for joint in _BANDAI_ARM},
        **{f"{joint}_L": "down left front" for joint in ("UpperLeg", "LowerLeg")},
        **{f"{joint}_R": "up left back" for joint in ("UpperLeg", "LowerLeg")},
        **{f"{joint}_L": "front left up" for joint in ("Foot", "Toes")},
        **{f"{joint}_R": "back left down" for joint in ("Foot", "Toes")},
    },
    aligned=LIMBS + FEET,
)

SKELETONS: Mapping[str, SkeletonMap] = {"bandai_namco": _BANDAI_NAMCO}
"""Maps of skeletons whose joint frames are known, by name. Readers recognize them, as well as most
other human skeletons, by their joint names."""


# ---- the words in joint names

CHAINS = {
    "arm": ("collar", "shoulder", "elbow", "wrist", "hand"),
    "leg": ("hip", "knee", "ankle", "foot"),
}
"""Joints of a limb, from the trunk outward."""

_REQUIRED = {"shoulder", "elbow", "wrist", "hip", "knee", "ankle"}

_WORDS: Mapping[str, tuple[tuple[str, float], ...]] = {
    # by joint: its words, and the weight of each; a word of several joints has a lower weight
    "collar": (("collar clavicle clavicula clav scapula", 1.0), ("shoulder", 0.8)),
    "shoulder": (("upperarm uparm uarm armupper arm humerus shldr", 1.0), ("shoulder", 0.9)),
    "elbow": (("forearm lowerarm lowarm farm armlower elbow radius ulna", 1.0), ("arm", 0.4)),
    "wrist": (("wrist", 1.0), ("hand palm", 0.9)),
    "hand": (("hand palm", 0.8),),
    "hip": (
        ("upperleg upleg uleg legupper thigh femur", 1.0),
        ("hip", 0.9),
        ("hipjoint", 0.7),
        ("leg", 0.5),
    ),
    "knee": (("lowerleg lowleg leglower knee shin calf tibia", 1.0), ("leg", 0.9)),
    "ankle": (("ankle", 1.0), ("foot", 0.9)),
    "foot": (("toe toes toebase ball", 1.0), ("foot", 0.8)),
}
_ROLES: dict[str, dict[str, float]] = {}
for _joint, _groups in _WORDS.items():
    for _group, _weight in _groups:
        for _word in _group.split():
            _ROLES.setdefault(_word, {})[_joint] = _weight

_SIDES = {word: "left" for word in ("l", "left", "lft")} | {
    word: "right" for word in ("r", "right", "rgt")
}
_AFFIXES = ("joint", "jnt", "bone", "bend")
"""Words at the end of a name that mean nothing."""


END_SITE = " End Site"
"""End of the name of the end site of a joint."""
HEADS = {"head", "skull", "cranium"}
"""Words of the head."""
ENDS = {"elbow": "wrist", "knee": "ankle"}
"""Joint at the end of the bone of a joint that may be the last one of a limb."""


def _words(name: str) -> list[str]:
    """Split a name without its namespace into lower-case words."""
    plain = re.split(r"[:|]", name)[-1]
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", plain)]


def _side_and_roles(name: str) -> tuple[str, dict[str, float]]:
    """Return the side of a limb joint, and the joints that it may be, with weights."""
    # 0. An end site takes the place of a wrist or an ankle that is missing
    if name.endswith(END_SITE):
        side, above = _side_and_roles(name.removesuffix(END_SITE))
        return side, {ENDS[joint]: 0.5 for joint in above if joint in ENDS}
    words = _words(name)
    # 1. The side as a word of its own: the last one, since prefixes come first
    at = max((k for k, word in enumerate(words) if word in _SIDES), default=-1)
    if at >= 0:
        side = _SIDES[words.pop(at)]
        return side, next((roles for stem in _endings(words) if (roles := _roles(stem))), {})
    # 2. The side glued to the rest, as in lhumerus or mixamorigleftarm
    for stem in _endings(words):
        for pattern in (r".*(left|right)(.+)", r"(l|r)(.+)"):
            match = re.fullmatch(pattern, stem)
            if match and (roles := _roles(match[2])):
                return _SIDES[match[1]], roles
    return "", {}


def _endings(words: list[str]) -> list[str]:
    """Return the last words joined, most of them first; then again without affixes."""
    endings = ["".join(words[k:]) for k in range(len(words))]
    return endings + (_endings(words[:-1]) if words and words[-1] in _AFFIXES else [])


def _roles(stem: str) -> dict[str, float]:
    return _ROLES.get(stem) or _ROLES.get(stem.removesuffix("joint"), {})


def joints_by_words(names: Sequence[str]) -> dict[str, int]:
    """Return the index of each joint of limbs, neck and head by its words alone, without a tree."""
    labels = [_side_and_roles(name) for name in names]
    found: dict[str, int] = {}
    # 1. Each limb: the assignment of names to joints with the largest sum of weights
    for side in ("left", "right"):
        for chain in CHAINS.values():
            weights = np.array(
                [
                    [roles.get(joint, 0.0) if side == which else 0.0 for which, roles in labels]
                    for joint in chain
                ]
            )
            weights *= 1 - 1e-6 * np.arange(len(names))  # the first of equal ones
            rows, columns = linear_sum_assignment(weights, maximize=True)
            found |= {
                f"{side}_{chain[row]}": int(column)
                for row, column in zip(rows, columns, strict=True)
                if weights[row, column] > 0
            }
    # 2. Neck and head: the first names on neither side that end with their words
    for index, name in enumerate(names):
        words = _words(name)
        if words and not {*words} & _SIDES.keys():
            if words[-1] in HEADS:
                found.setdefault("head", index)
            elif words[-1] == "neck":
                found.setdefault("neck", index)
    return found


# ---- the tree


def find_skeleton(joint_names: Iterable[str], parents: ArrayLike) -> SkeletonMap:
    """Return the map of a human skeleton, found by its joint names and tree, or raise."""
    names, tree = list(joint_names), [int(parent) for parent in np.asarray(parents)]
    plain = {re.split(r"[:|]", name)[-1] for name in names}
    for known in SKELETONS.values():
        if {source for joint, source in known.joints.items() if joint not in _OPTIONAL} <= plain:
            return known
    # 1. Four limbs by their names
    labels = [_side_and_roles(name) for name in names]
    found: dict[str, int] = {}
    lacking, several = [], []
    for side in ("left", "right"):
        for limb, chain in CHAINS.items():
            joints, starts = _limb(labels, tree, side, chain)
            found |= {f"{side}_{joint}": index for joint, index in joints.items()}
            if len(starts) > 1:
                several.append(f"{side} {limb} ({', '.join(names[start] for start in starts)})")
            if not joints:
                needed = [joint for joint in chain if joint in _REQUIRED]
                lacking.append(f"the {side} {limb} ({', '.join(needed)})")
    mapped = {joint: names[index] for joint, index in found.items()}
    if lacking:
        raise ValueError(_unknown(names, lacking, mapped))
    if several:
        warn(
            f"The skeleton has more than one {', '.join(several)}. Took the first one of each. "
            "Write one file for each person, or pass skeleton= to choose the joints."
        )
    # 2. The trunk by the tree: the legs meet in the pelvis, the arms in the chest
    pelvis = _meeting(tree, found["left_hip"], found["right_hip"])
    chest = _meeting(tree, found["left_shoulder"], found["right_shoulder"])
    trunk = _path(tree, chest)
    below = set(_path(tree, pelvis))
    spine = [joint for joint in trunk if joint not in below and not _is_neck(names[joint])]
    mapped["pelvis"] = names[pelvis]
    places = {0: (), 1: ("spine1",), 2: ("spine1", "spine3")}.get(
        len(spine), ("spine1", "spine2", "spine3")
    )
    chosen = [spine[0], spine[len(spine) // 2], spine[-1]] if len(spine) > 3 else spine
    mapped |= {joint: names[index] for joint, index in zip(places, chosen, strict=True)}
    # 3. Neck and head by their names, above the chest
    above = [False] * len(names)
    for index, parent in enumerate(tree):
        above[index] = index == chest or (parent >= 0 and above[parent])
        if above[index] and _is_neck(names[index]):
            mapped.setdefault("neck", names[index])
        elif above[index] and HEADS.intersection(_words(names[index])):
            mapped.setdefault("head", names[index])
    mapped = _with_numbered_neck(names, tree, chest, mapped)
    repeated = sorted({name for name in mapped.values() if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"The joint names {', '.join(repeated)} occur more than once. Give each joint a name "
            "of its own."
        )
    return SkeletonMap({joint: mapped[joint] for joint in SMPL_JOINTS if joint in mapped})


_OPTIONAL = ("left_hand", "right_hand", "left_foot", "right_foot")
"""Joints that a source may lack though its map lists them."""

_Chain = tuple[float, tuple[tuple[str, int], ...]]  # sum of weights, and (joint, index) outward


def _limb(
    labels: Sequence[tuple[str, dict[str, float]]],
    tree: Sequence[int],
    side: str,
    chain: Sequence[str],
) -> tuple[dict[str, int], list[int]]:
    """Return the index of each joint of a limb, and the first joints of all such limbs."""
    # best[index][k]: the best assignment on the path to a joint that uses the first k parts only
    start: list[_Chain] = [(0.0, ())] * (len(chain) + 1)
    best: list[list[_Chain]] = []
    needed = {joint for joint in chain if joint in _REQUIRED}
    limb: _Chain = (0.0, ())
    starts: list[int] = []
    for index, ((which, roles), parent) in enumerate(zip(labels, tree, strict=True)):
        above = start if parent < 0 else best[parent]
        if which != side or not roles.keys() & set(chain):
            best.append(above)
            continue
        here = list(above)
        for k, joint in enumerate(chain):
            score, assigned = above[k]
            if joint in roles and score + roles[joint] > here[k + 1][0]:
                here[k + 1] = (score + roles[joint], (*assigned, (joint, index)))
            if here[k][0] > here[k + 1][0]:
                here[k + 1] = here[k]
        best.append(here)
        joints = dict(here[-1][1])
        if needed <= joints.keys():
            starts.append(joints[next(joint for joint in chain if joint in needed)])
            limb = max(limb, here[-1], key=lambda each: each[0])  # the first of equal ones
    joints = dict(limb[1])
    first = [joint for joint in joints.values() if joint in starts]
    return joints, [*first, *sorted({*starts}.difference(first))]


def _with_numbered_neck(
    names: Sequence[str], tree: Sequence[int], chest: int, mapped: dict[str, str]
) -> dict[str, str]:
    """Add neck and head that only continue the numbers of the spine, as in DEF-spine.006."""
    above, chain, words = chest, [], _words(names[chest])
    while above >= 0:
        same = [k for k in range(len(tree)) if tree[k] == above and _words(names[k]) == words]
        above = same[0] if len(same) == 1 else -1
        chain += [names[each] for each in same if above >= 0]
    if not chain:
        return mapped
    first = {"neck": chain[0]} if len(chain) > 1 else {}
    return {**first, "head": chain[-1], **mapped}


def _is_neck(name: str) -> bool:
    """Tell whether a joint belongs to the neck, from which the arms may go out."""
    return any("neck" in word for word in _words(name))


def _path(tree: Sequence[int], joint: int) -> list[int]:
    """Return the joints from the root to a joint."""
    path = []
    while joint >= 0:
        path.append(joint)
        joint = tree[joint]
    return path[::-1]


def _meeting(tree: Sequence[int], first: int, second: int) -> int:
    """Return the last joint that two paths from the root share."""
    shared = set(_path(tree, first)).intersection(_path(tree, second))
    return max(shared)  # parents come first


def _unknown(names: Sequence[str], lacking: Sequence[str], found: Mapping[str, str]) -> str:
    """Say what was not found, and print a map to fill in."""
    required = [joint for joint in SMPL_JOINTS if joint in {"pelvis", *LIMBS, *FEET}]
    entries = [f"    {joint!r}: {found.get(joint, '...')!r}," for joint in required]
    shown = [name for name in names if not name.endswith(END_SITE)]
    listed = ", ".join(shown[:40]) + (", ..." if len(shown) > 40 else "")
    return (
        f"No human skeleton was recognized by the joint names {listed}. Not found: "
        f"{', '.join(lacking)}. Describe the skeleton and pass it as skeleton=, with its names in "
        "place of '...':\n\nm3n_sklearn.motion.SkeletonMap({\n"
        + "\n".join(entries)
        + "\n})\n\nspine1, spine2, spine3, neck, head and left_ and right_ collar, hand and foot "
        "are optional. If the pose without rotations is not a rest pose such as a T-pose, also "
        "pass tpose=, or the directions of the joints' axes as SkeletonMap(..., axes=)."
    )
