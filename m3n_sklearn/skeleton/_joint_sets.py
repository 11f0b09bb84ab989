"""Joint sets of trackers, and joint names in usual spellings: the columns of each SMPL joint."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from .._validation import is_number
from ._skeletons import CHAINS, joints_by_words
from ._smpl import SMPL_JOINTS

__all__ = ["JOINT_SETS", "REQUIRED", "columns_by_name", "joint_columns", "sets_of", "usual_up"]

Columns = dict[str, tuple[int, ...]]
"""Columns by SMPL joint; the joint is the mean of its columns."""

SIDES = ("left", "right")
REQUIRED = tuple(
    f"{side}_{joint}"
    for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    for side in SIDES
)


# ---- known sets


@dataclass(frozen=True)
class _JointSet:
    """Joints of a tracker in the order of its columns; "-" skips a column."""

    order: str
    means: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # joints between columns
    more: tuple[int, ...] = ()  # numbers of columns, besides those in `order`, with the same start
    up: str = "z"  # axis of the tracker's world that points up

    @property
    def columns(self) -> dict[str, int]:
        """Column of each joint that has one of its own."""
        return {name: i for i, name in enumerate(self.order.split()) if name != "-"}

    @property
    def counts(self) -> tuple[int, ...]:
        """Possible numbers of columns."""
        return (len(self.order.split()), *self.more)


_BODY = " ".join(SMPL_JOINTS[:22])
# Keypoints of COCO. Their hips and shoulders are joint centers; the face only shows the ears
_COCO = (
    "- - - - - left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
    "left_hip right_hip left_knee right_knee left_ankle right_ankle"
)
_SETS = {
    # Kinect v1 SDK. Its "spine" lies just above the pelvis, its "shoulder center" is the neck
    "kinect20": _JointSet(
        "head neck spine1 pelvis left_shoulder left_elbow left_wrist left_hand "
        "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle "
        "left_foot right_hip right_knee right_ankle right_foot",
        up="y",
    ),
    # Kinect v2 SDK, NTU RGB+D. Its "spine shoulder" lies at the base of the neck, as SMPL's neck
    # does, and its "neck" in the middle of it. "Spine base" is the midpoint of the hips
    "kinect25": _JointSet(
        "- spine2 - head left_shoulder left_elbow left_wrist left_hand "
        "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle "
        "left_foot right_hip right_knee right_ankle right_foot neck - - - -",
        up="y",
    ),
    # Azure Kinect SDK. The clavicles lie so close together that their noise would turn the chest
    "azure32": _JointSet(
        "- spine1 spine3 neck - left_shoulder left_elbow left_wrist left_hand - - "
        "- right_shoulder right_elbow right_wrist right_hand - - left_hip left_knee left_ankle "
        "left_foot right_hip right_knee right_ankle right_foot head - - - - -",
        up="-y",
    ),
    "coco17": _JointSet(_COCO, {"head": (3, 4)}),
    # AlphaPose, RTMPose. "Neck" and "hip" are midpoints, which add no information
    "halpe26": _JointSet(
        _COCO + " - - - - - - - - -",
        {"head": (3, 4), "left_foot": (20, 22), "right_foot": (21, 23)},
    ),
    # OpenPose. "Neck" and "mid hip" are midpoints, which add no information
    "body25": _JointSet(
        "- - right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist - "
        "right_hip right_knee right_ankle left_hip left_knee left_ankle - - - - - - - - - -",
        {"head": (17, 18), "left_foot": (19, 20), "right_foot": (22, 23)},
    ),
    # Human3.6M's 17. Its "hip" is the midpoint of the hips, which adds no information, and its
    # "nose" lies in front of the line from neck to head: both are skipped
    "h36m17": _JointSet(
        "- right_hip right_knee right_ankle left_hip left_knee left_ankle spine2 neck - "
        "head left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist"
    ),
    # HumanML3D, and other sets of the joints that SMPL, SMPL-H and SMPL-X share
    "smpl22": _JointSet(_BODY, up="y"),
    # 45: smplx appends 21 keypoints to the joints
    "smpl24": _JointSet(" ".join(SMPL_JOINTS), more=(45,)),
    # The hand is the knuckle of the middle finger
    "smplh52": _JointSet(f"{_BODY} - - - left_hand{14 * ' -'} right_hand{11 * ' -'}", more=(73,)),
    "smplx55": _JointSet(
        f"{_BODY} - - - - - - left_hand{14 * ' -'} right_hand{11 * ' -'}", more=(127, 144)
    ),
    # SAM 3D Body: MHR's 70 keypoints. The knuckles are those of index and little finger
    "mhr70": _JointSet(
        "- - - - - left_shoulder right_shoulder left_elbow right_elbow left_hip right_hip "
        f"left_knee right_knee left_ankle right_ankle{26 * ' -'} right_wrist{20 * ' -'} left_wrist "
        "- - - - - - -",
        {
            "head": (3, 4),
            "left_foot": (15, 16),
            "right_foot": (18, 19),
            "left_hand": (49, 61),
            "right_hand": (28, 40),
        },
        up="-y",
    ),
    # MediaPipe's pose landmarks. The knuckles are those of index and little finger
    "mediapipe33": _JointSet(
        "- - - - - - - - - - - left_shoulder right_shoulder left_elbow right_elbow left_wrist "
        "right_wrist - - - - - - left_hip right_hip left_knee right_knee left_ankle right_ankle "
        "- - left_foot right_foot",
        {"head": (7, 8), "left_hand": (17, 19), "right_hand": (18, 20)},
        up="-y",
    ),
}

JOINT_SETS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {name: MappingProxyType(each.columns) for name, each in _SETS.items()}
)
"""Joint sets by name: which column of the positions holds which SMPL joint."""

_OTHER_NAMES = {"humanml3d": "smpl22", "smplx": "smplx55", "smplh": "smplh52", "smpl": "smpl24"}


def usual_up(name: str | None) -> str:
    """Return the axis that points up in the world of a joint set's tracker."""
    return _SETS[name].up if name in _SETS else "z"


def sets_of(count: int) -> list[str]:
    """Return the names of the joint sets with a number of joints."""
    return [name for name, each in _SETS.items() if count in each.counts]


def joint_columns(
    layout: str | Mapping[str, int | Sequence[int]] | Sequence[str], count: int
) -> tuple[str | None, Columns]:
    """Return the name of a joint set, if it is one, and the columns of each SMPL joint."""
    # 1. A known joint set
    if isinstance(layout, str):
        name = _set_name(layout, count)
        each = _SETS[name]
        if count not in each.counts:
            fits = sets_of(count)
            raise ValueError(
                f"Layout {name!r} has {each.counts[0]} joints, but the positions have {count}"
                f"{f' ({_either(fits)} has)' if fits else ''}. Select the columns first, or "
                "pass a mapping from joint names to columns as layout=."
            )
        return name, {joint: (k,) for joint, k in each.columns.items()} | dict(each.means)
    # 2. Names of the columns
    if isinstance(layout, Sequence):
        if len(layout) != count:
            raise ValueError(
                f"layout has {len(layout)} joint names, but the positions have {count} joints."
            )
        return None, _complete(columns_by_name(layout), layout)
    # 3. A mapping of SMPL joints to existing columns, with all limb joints
    if not isinstance(layout, Mapping) or not all(map(_is_column, layout.values())):
        raise TypeError(
            f"layout must be 'auto', one of {', '.join(JOINT_SETS)}, a list of the joints' names, "
            "or map SMPL joint names to columns, such as {'pelvis': 0, 'left_hip': 1, ...}; got "
            f"{layout!r}."
        )
    columns: Columns = {}
    unknown = []
    for given, column in layout.items():
        joint = given if given in SMPL_JOINTS else None
        if joint is None:
            unknown.append(str(given))
            continue
        columns[joint] = tuple(int(k) for k in np.atleast_1d(np.asarray(column)))
    if unknown:
        raise ValueError(
            f"Unknown joints in layout: {', '.join(sorted(unknown))}. Use SMPL's names: "
            f"{', '.join(SMPL_JOINTS)}."
        )
    outside = [name for name, used in columns.items() if not all(0 <= k < count for k in used)]
    if outside:
        raise ValueError(
            f"The columns of {', '.join(outside)} lie outside the {count} joints of the positions."
        )
    return None, _complete(columns, ())


def _set_name(layout: str, count: int) -> str:
    """Return the joint set of a name in any usual spelling, or of the number of joints."""
    word = re.sub(r"[^a-z0-9]", "", layout.lower())
    if word == "auto":
        fits = sets_of(count)
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise ValueError(
                f"{count} joints may be {_either(fits)}. Pass the right one as layout=."
            )
        raise ValueError(
            f"No known joint set has {count} joints: {_counts()}. Pass layout=, a list of the "
            "joints' names or a mapping such as {'left_hip': 1, 'right_hip': 4, ...}."
        )
    name = _OTHER_NAMES.get(word, word)
    if name in _SETS:
        return name
    raise ValueError(
        f"Unknown layout {layout!r}: use one of {', '.join(JOINT_SETS)}, a list of the joints' "
        "names, or a mapping such as {'pelvis': 0, 'left_hip': 1, ...}."
    )


def _counts() -> str:
    """List the sets and their numbers of joints."""
    return ", ".join(f"{name} {each.counts[0]}" for name, each in _SETS.items())


def _either(names: Sequence[str]) -> str:
    """Join names for a message."""
    return " or ".join(map(repr, names))


def _is_column(value: object) -> bool:
    """Tell whether a value is a column, or several of which the joint is the mean."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return len(value) > 0 and all(map(is_number, value))
    return is_number(value)


def _complete(columns: Columns, names: Sequence[str]) -> Columns:
    """Return columns that have all required joints, or raise."""
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        used = {k for each in columns.values() for k in each}
        others = [str(name) for k, name in enumerate(names) if k not in used]
        listed = f" {', '.join(others[:60])}{', ...' if len(others) > 60 else ''}."
        raise ValueError(
            f"layout lacks {', '.join(missing)}. Hips, knees, ankles, shoulders, elbows and wrists "
            "of both sides are required, the other joints are optional."
            + (f" Not understood as joints:{listed}" if others else "")
            + " Pass layout=: the names of all columns in usual spellings, a mapping such as "
            f"{{'left_hip': 1, 'right_hip': 4, ...}}, or a joint set: {_counts()}."
        )
    return columns


# ---- names in usual spellings

# Names of a point by SMPL joint, best first; a name of several words takes the mean of these points
_PARTS: dict[str, tuple[str, ...]] = {
    "hip": ("hip", "hjc", "upleg", "upperleg", "thigh", "femur", "fep", "hjcstudy"),
    "knee": (
        "knee", "kjc", "lowerleg", "loleg", "shin", "shank", "calf", "tibia", "feo",
        "kneestudy mkneestudy", "lknee mknee", "kneelat kneemed",
    ),
    "ankle": (
        "ankle", "ajc", "tio", "anklestudy mankle", "anklestudy manklestudy", "lankle mankle",
        "anklelat anklemed",
    ),
    "foot": (
        "foot", "bigtoe smalltoe", "toebase", "toes", "toe", "forefoot", "ball", "footindex",
        "bigtoe", "toestudy 5metastudy",
    ),
    "collar": ("collar", "clavicle"),
    "shoulder": ("shoulder", "upperarm", "uparm", "humerus", "sjc", "clo", "shoulderstudy"),
    "elbow": (
        "elbow", "ejc", "forearm", "lowerarm", "loarm", "radius", "huo",
        "lelbowstudy melbowstudy", "lelbow melbow", "elbowlat elbowmed",
    ),
    "wrist": (
        "wrist", "wjc", "rao", "lwriststudy mwriststudy", "lwrist mwrist", "wristlat wristmed",
    ),
    "hand": ("hand", "knuckles", "knuckle", "middle1", "handmiddle1", "mid1"),
}  # fmt: skip
_CENTER: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis",),
    "spine1": ("spine1", "spinenavel"),
    "spine2": ("spine2", "spinemid"),
    "spine3": ("spine3", "spinechest"),
    "neck": ("spineshoulder", "shouldercenter", "neck"),
    "head": ("head",),
}
_FILLERS = {"joint", "jnt", "center", "centre", "marker", "kp"}
_SIDE_WORDS = {"left": "left", "l": "left", "right": "right", "r": "right"}
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_KNOWN = {word for names in _PARTS.values() for name in names for word in name.split()} | {
    "arm",
    "leg",
}


def columns_by_name(names: Iterable[str]) -> Columns:
    """Return the columns of the SMPL joints that are found among names in usual spellings.

    Examples
    --------
    >>> columns_by_name(["Nose", "LShoulder", "right_elbow", "KneeLeft", "rhip"])
    {'right_hip': (4,), 'left_knee': (3,), 'left_shoulder': (1,), 'right_elbow': (2,)}
    """
    # 1. Points by side and part; the first of equal names counts
    listed = [str(name) for name in names]
    points: dict[str, dict[str, int]] = defaultdict(dict)
    for column, name in enumerate(listed):
        side, part = _side_and_part(name)
        points[side].setdefault(part, column)
    # 2. Words whose meaning depends on the others
    for side in SIDES:
        _settle(points[side])
    _settle_spine(points[""])
    # 3. The best name of each joint
    columns: Columns = {}
    for joint in SMPL_JOINTS:
        side, _, part = joint.partition("_")
        here = points[side] if part else points[""]
        for name in _PARTS.get(part, ()) if part else _CENTER.get(joint, ()):
            if all(word in here for word in name.split()):
                columns[joint] = tuple(here[word] for word in name.split())
                break
    # 4. Limbs that lack a joint, as a whole by the words of programs that write skeletons
    words = joints_by_words(listed)
    for side in SIDES:
        for chain in CHAINS.values():
            limb = [f"{side}_{joint}" for joint in chain]
            required = [joint for joint in limb if joint in REQUIRED]
            if not columns.keys() >= {*required} and words.keys() >= {*required}:
                columns = {joint: at for joint, at in columns.items() if joint not in limb}
                columns |= {joint: (words[joint],) for joint in limb if joint in words}
    for joint in ("neck", "head"):
        if joint in words:
            columns.setdefault(joint, (words[joint],))
    return {joint: columns[joint] for joint in SMPL_JOINTS if joint in columns}


def _settle_spine(points: dict[str, int]) -> None:
    """Rename the joints of a spine that is counted from zero, as Spine, Spine1 and Spine2."""
    if {"spine", "spine1"} <= points.keys():
        below = ["lowerback"] if "lowerback" in points else []
        given = [*below, "spine", *(name for name in ("spine1", "spine2") if name in points)]
        new = ("spine1", "spine3") if len(given) == 2 else ("spine1", "spine2", "spine3")
        points |= dict(zip(new, [points.pop(name) for name in given[:3]], strict=True))


def _settle(points: dict[str, int]) -> None:
    """Rename points of one side whose meaning depends on which others there are."""
    # Autodesk's joints are called by the bone below: arm (shoulder), forearm (elbow), hand (wrist)
    if "arm" in points and {"forearm", "elbow"} & points.keys():
        points.setdefault("upperarm", points.pop("arm"))
    if {"upperarm", "uparm", "humerus"} & points.keys() and "shoulder" in points:
        points.setdefault("collar", points.pop("shoulder"))
    if "leg" in points and {"upleg", "upperleg", "thigh", "hip"} & points.keys():
        points.setdefault("lowerleg", points.pop("leg"))
    # hand and foot are the ends of their bones if wrist and ankle are there, else their starts
    for end, start in (("hand", "wrist"), ("foot", "ankle")):
        begins = any(all(w in points for w in name.split()) for name in _PARTS[start])
        if end in points and not begins:
            points[start] = points.pop(end)


def _side_and_part(name: str) -> tuple[str, str]:
    """Split a name into its side ("left", "right" or "") and the rest as one lower-case word."""
    words = [word.lower() for word in _WORDS.findall(name.rpartition(":")[2])]
    sides = [k for k, word in enumerate(words) if word in _SIDE_WORDS]
    # 1. The side is a word of its own, the first or the last one
    if sides and sides[0] in (0, len(words) - 1):
        side = _SIDE_WORDS[words[sides[0]]]
        rest = [word for k, word in enumerate(words) if k != sides[0]]
        return side, "".join(word for word in rest if word not in _FILLERS or len(rest) == 1)
    # 2. It is the start or the end of the word
    joined = "".join(words)
    for prefix, side in _SIDE_WORDS.items():
        for part in (joined.removeprefix(prefix), joined.removesuffix(prefix)):
            if part != joined and part in _KNOWN:
                return side, part
    return "", joined
