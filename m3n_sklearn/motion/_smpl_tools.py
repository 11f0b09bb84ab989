"""SMPL parameters under the names that tools and data sets give them.

`recognize` tells the tool from the names and shapes alone. `people_of` turns the content of a file
into tracks, one for each person.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from .._validation import is_number, real_array
from .._warn import warn
from ._motion import as_sex
from ._readings import as_rotvecs, convention_of, frame_numbers, has_joints, look_up

__all__ = ["GVHMR", "HUMANS", "TOOLS", "WHAM", "People", "Tool", "Track", "people_of", "recognize"]

# ---- names

NAMES: Mapping[str, tuple[str, ...]] = {
    "poses": (
        "pose_world", "poses_world", "poses", "pose", "fullpose", "full_pose", "smpl_poses",
        "smpl_pose", "smpl_thetas", "pred_thetas", "thetas", "pose_aa", "pred_rotmat", "pred_pose",
        "bodyPose",
    ),
    "root": (
        "smpl_orient_world", "root_orient", "global_orient", "poses_root", "root_pose", "pose_root",
    ),
    "body": ("pose_body", "body_pose", "poses_body"),
    "trans": (
        "trans_world", "root_trans_world", "trans", "transl", "smpl_trans", "translation",
        "root_translation", "pred_trans", "trans_orig", "root_trans_offset", "bodyTranslation",
    ),
    "betas": (
        "betas", "beta", "shape", "shapes", "smpl_beta", "smpl_betas", "pred_betas", "pred_shape",
        "shapeParameters",
    ),
    "sex": ("gender", "genders", "sex"),
    "rate": ("mocap_framerate", "mocap_frame_rate", "fps", "framerate", "frame_rate", "frameRate"),
    "frames": ("frame_ids", "frame_id", "frames", "frame"),
}  # fmt: skip
"""Names of each part of a person's parameters; the first that is there counts."""

WRAPPERS = (
    "params", "smpl_params", "smplx_params", "smpl", "smplx", "body", "results", "data",
    "person_data",
)  # fmt: skip
"""Names under which some files keep the parameters."""

LAYOUTS = (22, 24, 52, 55)
"""Numbers of joints of the body alone, SMPL, SMPL-H and SMPL-X, the root included."""

BODIES = (21, 23, 51, 54)
"""The same without the root."""

BODY_JOINTS = 22
"""Joints that SMPL, SMPL-H and SMPL-X share, in one order; hands and face come after."""

MOTION_X = {"root_orient": (0, 3), "pose_body": (3, 66), "trans": (309, 312), "betas": (312, 322)}
"""Columns of the vectors of Motion-X."""

CODEC_SEXES = ("neutral", "male", "female")
"""Numbers of SMPL codec; those of other files contradict each other."""

PER_PERSON = ("tid", "tracked_time", "smpl", "camera", "size")
ASSUMED_FOCAL, ASSUMED_SIDE = 5000.0, 256.0
"""Focal length and side of the square image that PHALP assumes, in pixels."""


@dataclass(frozen=True)
class Tool:
    """A tool or data set: how to know its results, and their conventions."""

    name: str | None  # `Motion.source`
    title: str
    up: str  # axis that points up in its world; "-y" in a camera's frame
    keys: tuple[str, ...] = ()  # that the parameters of each person have
    needs: tuple[str, ...] = ()  # keys without which they cannot be read
    rate: float | None = None  # of all its recordings, in Hz
    camera: bool = False  # poses are relative to the camera
    places: bool = True  # translations are in m, not those of an assumed lens


WHAM = Tool("wham", "WHAM", "y", ("pose_world", "trans_world"), ("frame_ids",))
GVHMR = Tool("gvhmr", "GVHMR", "y")
HUMANS = Tool("4dhumans", "4D-Humans", "-y", needs=("frame_ids",), camera=True, places=False)
PROMPTHMR = Tool("prompthmr", "PromptHMR", "y")
ROMP = Tool("romp", "ROMP", "-y", ("smpl_thetas",), camera=True, places=False)
EMDB = Tool("emdb", "EMDB", "y", ("poses_root", "poses_body"), rate=30.0)
MOTIONX = Tool("motion-x", "Motion-X", "y", rate=30.0)
CODEC = Tool("smplcodec", "SMPL codec", "y", ("bodyPose", "smplVersion"))
MDM = Tool("mdm", "MDM", "y", ("thetas", "root_translation"))
AMASS = Tool(None, "AMASS", "z", ("poses", "trans", "mocap_framerate"))
GENERAL = Tool(None, "SMPL", "z")

TOOLS = (
    WHAM,
    Tool("tram", "TRAM", "-y", ("pred_rotmat", "pred_trans"), camera=True),
    Tool("hybrik", "HybrIK", "-y", ("pred_thetas", "pred_cam_root"), camera=True, places=False),
    Tool("vibe", "VIBE", "-y", ("pose", "pred_cam"), ("frame_ids",), camera=True, places=False),
    ROMP,
    Tool("aist++", "AIST++", "y", ("smpl_poses", "smpl_scaling"), rate=60.0),
    Tool("3dpw", "3DPW", "y", ("poses", "trans", "cam_poses"), rate=30.0),
    EMDB,
    Tool("slahmr", "SLAHMR", "-y", ("root_orient", "pose_body", "cam_R")),
    Tool("glamr", "GLAMR", "z", ("smpl_orient_world", "root_trans_world")),
    CODEC,
    MDM,
    AMASS,
)
"""Tools that are known by the names in the parameters of one person."""


# ---- tracks


@dataclass(frozen=True)
class Track:
    """SMPL parameters of one person in the frames in which the person is visible."""

    frames: NDArray[np.int64]  # (F,): numbers of the video's frames, rising
    poses: Array  # (F, 24, 3): axis-angle vectors, the root's first
    trans: Array  # (F, 3): SMPL's translation, in m
    betas: Array | None = None  # (B,): shape
    sex: str = "neutral"
    cuts: tuple[int, ...] = field(default=())  # frames in which a new shot begins

    def pieces(self, longest: float) -> list[slice]:
        """Cut at gaps of more than `longest` frames and between shots."""
        gap = np.diff(self.frames) > longest
        shot = np.searchsorted(sorted(self.cuts), self.frames, side="right")
        edges = [0, *(np.flatnonzero(gap | (np.diff(shot) > 0)) + 1).tolist(), len(self.frames)]
        return [slice(a, b) for a, b in pairwise(edges)]

    def part(self, kept: slice | NDArray[np.bool_]) -> Track:
        """Return some of the frames."""
        return replace(
            self, frames=self.frames[kept], poses=self.poses[kept], trans=self.trans[kept]
        )

    def finite(self, where: str) -> Track:
        """Leave out frames with values that are not finite, as frames in which nobody is seen."""
        good = np.asarray(
            np.isfinite(self.poses).all(axis=(1, 2)) & np.isfinite(self.trans).all(axis=1)
        )
        if good.all():
            return self
        if not good.any():
            raise ValueError(
                f"{where} has poses or translations that are not finite in all {len(good)} frames."
            )
        warn(
            f"{where} has values that are not finite in {int((~good).sum())} of {len(good)} "
            "frames. These frames are left out, as if the person were not visible."
        )
        return self.part(good)


@dataclass(frozen=True)
class People:
    """The people of a file."""

    tool: Tool
    tracks: Mapping[Hashable, Track]
    rate: float | None = None  # that the file contains, in Hz
    is_single: bool = False  # the file has no names of people


# ---- recognition


def recognize(content: Any) -> Tool | None:
    """Return the tool that wrote the content of a file, or None: it has no SMPL parameters."""
    found = _find(content)
    if found is None:
        return None
    tool, arrangement, part = found
    key = _key(part, "poses") if arrangement == "record" else None
    if tool is GENERAL and key is not None:  # a word that others use as well
        values = part[key]
        if isinstance(values, np.ndarray) and not has_joints(values, (*LAYOUTS, *BODIES)):
            return None
    return tool


def _find(content: Any, depth: int = 0) -> tuple[Tool, str, Any] | None:
    """Return the tool, the arrangement of people and frames, and the part that has them."""
    if isinstance(content, np.ndarray):
        is_vector = content.ndim == 2 and content.shape[1] == 322 and len(content) > 0
        return (MOTIONX, "vectors", content) if is_vector else None
    if isinstance(content, list) and content and all(_has_poses(row) for row in content):
        return _tool_of(content[0]), "frames", content
    if not isinstance(content, Mapping) or not content:
        return None
    # 1. Tools with a structure of their own
    if "smpl_params_global" in content:
        return GVHMR, "gvhmr", content
    if isinstance(content.get("people"), Mapping) and _any(content["people"], "smplx_world"):
        return PROMPTHMR, "prompthmr", content
    if isinstance(content.get("sequence_results"), Mapping) and content["sequence_results"]:
        return ROMP, "people", content["sequence_results"]
    # 2. The parameters themselves, in arrays for one or several people
    if _has_poses(content):
        return _tool_of(content), "record", content
    # 3. One entry for each person or frame
    values = _mappings(content)
    if _any(values, "tid"):
        return HUMANS, "humans", content
    if _any(values, "smpl_thetas"):
        return ROMP, "romp", content
    if people := {who: value for who, value in values.items() if _has_poses(value)}:
        first = next(iter(people))
        tool = _tool_of(people[first])
        if len(people) == 1 and first in WRAPPERS:
            return tool, "record", _with_facts(content, people[first])
        return tool, "people", _with_facts(content, people)
    # 4. One level down
    for key in WRAPPERS:
        if depth < 3 and isinstance(content.get(key), Mapping | list):
            inner = _find(content[key], depth + 1)
            if inner is not None:
                return inner[0], inner[1], _with_facts(content, inner[2])
    return None


def _with_facts(content: Mapping[Any, Any], part: Any) -> Any:
    """Return a part of some content, with the facts next to it: rate, sex, frames to leave out."""
    keys = (*NAMES["rate"], *NAMES["sex"], "good_frames_mask")
    facts = {key: content[key] for key in keys if key in content}
    return {**facts, **part} if isinstance(part, Mapping) else part


def _mappings(content: Mapping[Any, Any]) -> dict[Any, Mapping[Any, Any]]:
    """Return the entries that are mappings."""
    if not isinstance(content, dict):  # an archive, whose arrays are read when looked up
        return {}
    return {key: value for key, value in content.items() if isinstance(value, Mapping)}


def _any(values: Mapping[Any, Any], key: str) -> bool:
    return any(isinstance(value, Mapping) and key in value for value in values.values())


def _has_poses(record: Any) -> bool:
    """Tell whether a mapping has the poses of a person."""
    if not isinstance(record, Mapping):
        return False
    parts = {part for part in ("root", "body") if _key(record, part) is not None}
    return _key(record, "poses") is not None or parts == {"root", "body"}


def _tool_of(record: Mapping[str, Any]) -> Tool:
    """Return the tool that writes parameters with these names."""
    return next((tool for tool in TOOLS if all(key in record for key in tool.keys)), GENERAL)


def _key(record: Mapping[str, Any], part: str) -> str | None:
    """Return the name of a part in a record."""
    return next((name for name in NAMES[part] if name in record), None)


# ---- people


def people_of(content: Any, tool: Tool | None = None, focal: float | None = None) -> People:
    """Return the people of a file's content; `tool`: the one that must have written it."""
    # 1. Nobody, or another kind of content
    if isinstance(content, Mapping | list) and not len(content):
        raise ValueError(
            "it is empty: the tool found nobody. WHAM and others leave out people who are visible "
            "in fewer than about 25 frames, so use a longer video."
        )
    found = _find(content)
    if tool is not None and (found is None or found[0] is not tool):
        _explain_other(content, tool, found[0] if found else None)
    if found is None:
        raise ValueError(f"it has no SMPL parameters; it has {_listed(content)}. {EXPECTED}")
    # 2. Tracks
    kind, arrangement, part = found
    rate = _rate(part) if isinstance(part, Mapping) else None
    if arrangement == "humans":
        return People(kind, _humans(part, focal))
    if arrangement == "gvhmr":
        return People(kind, {None: _gvhmr(part)}, is_single=True)
    if arrangement == "prompthmr":
        return People(kind, _prompthmr(part))
    if arrangement == "romp":
        return People(kind, _romp(part))
    if arrangement == "vectors":
        part = {key: part[:, slice(*columns)] for key, columns in MOTION_X.items()}
    if arrangement == "frames":
        part = {
            key: [row[key] for row in part] for key in part[0] if all(key in row for row in part)
        }
    if arrangement == "people":
        facts = {key: part[key] for key in (*NAMES["rate"], *NAMES["sex"]) if key in part}
        people = {who: {**facts, **value} for who, value in part.items() if _has_poses(value)}
        rate = next((each for each in map(_rate, people.values()) if each is not None), rate)
        tracks = {_who(who): _track(value, f"person {who}", kind) for who, value in people.items()}
        return People(kind, tracks, rate)
    several = _split(part)
    if several is not None:
        tracks = {who: _track(value, f"person {who}", kind) for who, value in several.items()}
        return People(kind, tracks, rate)
    return People(kind, {None: _track(part, "", kind)}, rate, is_single=True)


EXPECTED = (
    "Expected poses of shape (frames, 72) or similar, or root_orient and pose_body, or a result of "
    "WHAM, GVHMR, 4D-Humans, TRAM, VIBE, ROMP, HybrIK, PromptHMR, SLAHMR, GLAMR, MDM, or a file of "
    "AMASS, AIST++, Motion-X, 3DPW, EMDB or SMPL codec."
)


def _explain_other(content: Any, tool: Tool, found: Tool | None) -> None:
    """Raise an error for content that another tool, or none, has written."""
    if found is not None and found.name is not None:
        raise ValueError(f"it has results of {found.title}, not of {tool.title}. Use read_smpl.")
    if not isinstance(content, Mapping):
        raise ValueError(
            f"a result of {tool.title} is a dictionary, got {type(content).__name__}. {EXPECTED}"
        )
    if tool is GVHMR:
        look_up(content, "smpl_params_global", "it")
    for who, values in content.items():
        for key in PER_FRAME if tool is HUMANS else (*tool.keys, *tool.needs):
            look_up(values, key, f"{'frame' if tool is HUMANS else 'person'} {who!r:.80}")
    raise ValueError(f"it has no results of {tool.title}; it has {_listed(content)}.")


def _listed(content: Any) -> str:
    """List the names in some content, or its kind."""
    if isinstance(content, Mapping):
        return ", ".join(f"{key!r:.80}" for key in list(content)[:20])
    shape = getattr(content, "shape", None)
    return type(content).__name__ if shape is None else f"an array of shape {shape}"


def _shape(values: Any) -> tuple[int, ...]:
    """Return the shape of an array or of nested lists; () if their lengths differ."""
    try:
        return np.shape(values)
    except ValueError:
        return ()


def _who(name: Any) -> Hashable:
    """Return the name of a person as a plain value."""
    return name.item() if isinstance(name, np.generic) else name


def _rate(record: Mapping[str, Any]) -> float | None:
    """Return the frames per second in a record, or None."""
    for name in NAMES["rate"]:
        if name in record and _shape(record[name]) in ((), (1,), (1, 1)):
            return float(real_array(record[name], name, "frames per second").reshape(()))
    return None


def _split(record: Mapping[str, Any]) -> dict[Hashable, dict[str, Any]] | None:
    """Return the records of several people in one: lists of arrays, or arrays (people, frames)."""
    parts = {part: key for part in NAMES if (key := _key(record, part)) is not None}
    # 1. Lists with one array for each person (3DPW)
    first = record[parts["poses"]] if "poses" in parts else None
    if isinstance(first, list | tuple) and first and all(has_joints(p, LAYOUTS) for p in first):
        lists = {
            key: record[key]
            for key in parts.values()
            if isinstance(record[key], list | tuple) and len(record[key]) == len(first)
        }
        others = {key: record[key] for key in record if key not in parts.values()}
        return {
            who: {**others, **{key: values[who] for key, values in lists.items()}}
            for who in range(len(first))
        }
    # 2. Arrays with one row for each person (SLAHMR)
    if "trans" not in parts:
        return None
    shape = _shape(record[parts["trans"]])
    if len(shape) != 3 or shape[1] == 1 or shape[2] != 3:
        return None
    rows = {
        key: record[key]
        for part, key in parts.items()
        if part not in ("rate", "sex")
        and len(_shape(record[key])) > 1
        and _shape(record[key])[0] == shape[0]
    }
    others = {key: value for key, value in record.items() if key not in rows}
    return {
        who: {**others, **{key: values[who] for key, values in rows.items()}}
        for who in range(shape[0])
    }


# ---- the parameters of one person


def _track(record: Mapping[str, Any], where: str, tool: Tool) -> Track:
    """Return the track of one person."""
    prefix = f"{where}: " if where else ""
    for key in (*tool.keys, *tool.needs):
        look_up(record, key, where or "it")
    poses, world = _poses(record, prefix, tool)
    count = len(poses)
    trans = np.zeros((count, 3))
    if tool.places:
        trans = _trans(record, count, prefix, tool, world)
    frames = _frames(record, count, prefix, tool)
    sex = _sex(record, prefix, CODEC_SEXES if tool is CODEC else ())
    track = Track(frames, poses, trans, _betas(record, count, prefix), sex)
    good = np.asarray(record.get("good_frames_mask", ()))
    if good.shape == frames.shape and good.dtype.kind == "b":  # EMDB marks frames without a person
        track = track.part(good)
    return track


def _poses(record: Mapping[str, Any], prefix: str, tool: Tool) -> tuple[Array, bool]:
    """Return rotation vectors (F, 24, 3), hands at rest, and whether they are named as world's."""
    key, root_key, body_key = (_key(record, part) for part in ("poses", "root", "body"))
    if key is not None and root_key is not None and has_joints(record[key], BODIES):
        key, body_key = None, key  # smpl_pose of GLAMR, next to the root
    # 1. All joints in one array
    if key is not None:
        values, kind = record[key], None
        if tool is MDM and len(_shape(values)) == 3:  # (joints, 6, frames), the first two rows
            values, kind = np.moveaxis(np.asarray(values), -1, 0), "rows"
        joints = as_rotvecs(values, f"{prefix}{key}", LAYOUTS, kind)
    # 2. The root and the others
    else:
        if root_key is None or body_key is None:
            raise ValueError(f"{prefix}no poses. {EXPECTED}")
        name = f"{prefix}{body_key}"
        kind = convention_of(record[body_key], name, BODIES)
        body = as_rotvecs(record[body_key], name, BODIES, kind)
        root = as_rotvecs(record[root_key], f"{prefix}{root_key}", (1,), kind)
        if len(root) != len(body):
            raise ValueError(
                f"{prefix}{root_key} has {len(root)} frames, but {body_key} has {len(body)}."
            )
        joints = np.concatenate([root, body], axis=1)
    poses = np.zeros((len(joints), 24, 3))
    kept = 24 if joints.shape[1] == 24 else BODY_JOINTS
    poses[:, :kept] = joints[:, :kept]
    return poses, (key or root_key or "").endswith("_world")


def _trans(record: Mapping[str, Any], frames: int, prefix: str, tool: Tool, world: bool) -> Array:
    """Return translations (F, 3) in m; zero if there are none."""
    key = _key(record, "trans")
    if key is None:
        return np.zeros((frames, 3))
    if world != key.endswith("_world"):
        raise ValueError(
            f"{prefix}poses of the world need translations of the world, but only {key!r} is there."
        )
    trans = real_array(record[key], f"{prefix}{key}", f"({frames}, 3) in m")
    if tool is MDM:
        trans = trans.T
    if trans.shape == (frames, 1, 3):
        trans = trans[:, 0]
    if trans.shape != (frames, 3):
        raise ValueError(
            f"{prefix}{key} has shape {trans.shape}, but {frames} poses need ({frames}, 3)."
        )
    if "smpl_scaling" in record:  # AIST++ fits a unit body to centimeters
        scale = real_array(record["smpl_scaling"], "smpl_scaling", "one number")
        if scale.size != 1 or not scale.item() > 0:
            raise ValueError(f"{prefix}smpl_scaling must be a positive number, got {scale}.")
        trans = trans / scale.item()
    return trans


def _betas(record: Mapping[str, Any], frames: int, prefix: str) -> Array | None:
    """Return the shape (B,): some files have one for each frame, but a body has a single one."""
    key = _key(record, "betas")
    if key is None or record[key] is None:
        return None
    betas = real_array(record[key], f"{prefix}{key}", "shape coefficients (10,) or (frames, 10)")
    if betas.ndim == 1:
        return betas
    if betas.ndim != 2 or len(betas) not in (1, frames):
        raise ValueError(f"{prefix}{frames} frames, but betas of shape {betas.shape}.")
    return np.asarray(np.median(betas, axis=0))


def _frames(record: Mapping[str, Any], count: int, prefix: str, tool: Tool) -> NDArray[np.int64]:
    """Return the numbers of the frames in which the person is visible."""
    # 1. Numbers
    key = _key(record, "frames")
    if key is not None:
        is_numeric = _shape(record[key]) == (count,) and np.asarray(record[key]).dtype.kind in "iuf"
        if tool.needs or (is_numeric and count > 1):
            return frame_numbers(record[key], f"{prefix}{key}")
    # 2. Names of images, such as img-000012.jpg (HybrIK leaves out images without people)
    if _shape(record.get("img_path")) == (count,):
        numbers = _image_numbers(list(record["img_path"]))
        if numbers is not None:
            return numbers
    return np.arange(count)


def _image_numbers(names: Sequence[Any]) -> NDArray[np.int64] | None:
    """Return the numbers at the ends of the names of images, from 0, if they increase."""
    found = [re.search(r"(\d{1,9})$", PurePath(str(name)).stem) for name in names]
    if not all(found):
        return None
    numbers = np.array([int(match.group(1)) for match in found if match])
    return numbers - numbers[0] if np.all(np.diff(numbers) > 0) else None


def _sex(record: Mapping[str, Any], prefix: str, numbers: Sequence[str]) -> str:
    """Return the sex of the body; "neutral", with a warning, for a word that is not known."""
    # `numbers`: what 0, 1, ... stand for, if the tool defines them
    key = _key(record, "sex")
    if key is None:
        return "neutral"
    try:
        value = np.ravel(np.asarray(record[key], dtype=object))
    except ValueError:  # objects that are not read
        value = np.array(["an object"], dtype=object)
    word = value[0] if len(value) else "neutral"
    if isinstance(word, int) and 0 <= word < len(numbers):
        word = numbers[word]
    if isinstance(word, str):  # some files store the text of bytes
        word = re.sub(r"^b'(.*)'$", r"\1", word.strip())
    is_missing = word is None or (isinstance(word, str) and word.lower() in ("", "none"))
    sex = "neutral" if is_missing else as_sex(word)
    if sex is None:
        warn(
            f"{prefix}{key} is {word!r:.80}, which is not male, female or neutral. A neutral body "
            "was taken; give the right one with motion.replace(sex=...)."
        )
    return sex or "neutral"


# ---- tools with a structure of their own


def _gvhmr(content: Mapping[str, Any]) -> Track:
    """Return the person of GVHMR in its world."""
    params = content["smpl_params_global"]
    for key in ("global_orient", "body_pose", "transl"):
        look_up(params, key, "smpl_params_global")
    return _track(params, "smpl_params_global", GVHMR)


def _prompthmr(content: Mapping[str, Any]) -> dict[Hashable, Track]:
    """Return the people of PromptHMR in its world."""
    tracks = {}
    for who, person in content["people"].items():
        params = look_up(person, "smplx_world", f"person {who}")
        look_up(params, "pose", f"person {who}: smplx_world")
        frames = look_up(person, "frames", f"person {who}")
        tracks[_who(who)] = _track({**params, "frames": frames}, f"person {who}", PROMPTHMR)
    return tracks


def _romp(content: Mapping[str, Any]) -> dict[Hashable, Track]:
    """Regroup the frames of ROMP by person."""
    numbers = _image_numbers(list(content))
    rows: dict[Hashable, dict[str, list[Any]]] = {}
    for number, (name, frame) in enumerate(content.items()):
        if not isinstance(frame, Mapping):  # nobody in this frame
            continue
        thetas = np.atleast_2d(look_up(frame, "smpl_thetas", f"frame {name!r}"))
        people = frame_numbers(
            frame.get("track_ids", [0] if len(thetas) == 1 else []),
            f"frame {name!r:.80}: track_ids",
        )
        if len(people) != len(thetas):
            raise ValueError(
                f"frame {name!r} has {len(thetas)} people without the numbers of their tracks. Run "
                "ROMP with --temporal_optimize, which tracks them, or with --show_largest."
            )
        for row, who in enumerate(people.tolist()):
            person = rows.setdefault(who, {"smpl_thetas": [], "frame_ids": []})
            person["smpl_thetas"].append(thetas[row])
            person["frame_ids"].append(number if numbers is None else int(numbers[number]))
            if "smpl_betas" in frame:
                person.setdefault("smpl_betas", []).append(np.atleast_2d(frame["smpl_betas"])[row])
    return {who: _track(person, f"person {who}", ROMP) for who, person in rows.items()}


PER_FRAME = ("time", "tid")


def _humans(content: Mapping[Any, Any], focal: float | None) -> dict[Hashable, Track]:
    """Regroup the frames of 4D-Humans by person."""
    rows_of: dict[Hashable, list[tuple[int, Any, Any, Any]]] = {}
    cuts = []
    for key, frame in content.items():
        where = f"frame {key!r}"
        (time,) = frame_numbers([look_up(frame, "time", where)], f"{where}: time")
        if is_number(frame.get("shot")) and frame["shot"] == 1:
            cuts.append(int(time))
        for who, frames_lost, smpl, camera, size in _people_in(frame, where):
            if not frames_lost:
                rows_of.setdefault(int(who), []).append((int(time), smpl, camera, size))
    return {
        who: _humans_track(sorted(rows, key=lambda row: row[0]), f"person {who}", focal, cuts)
        for who, rows in rows_of.items()
    }


def _people_in(frame: Mapping[str, Any], where: str) -> Iterator[tuple[Any, ...]]:
    """Iterate over the people of a frame: number, frames since last detection, parameters."""
    columns = [look_up(frame, key, where) for key in PER_PERSON]
    lists = all(isinstance(column, list | tuple) for column in columns)
    if not lists or len({len(column) for column in columns}) != 1:
        raise ValueError(f"{where}: {', '.join(PER_PERSON)} must be lists, one entry per person.")
    for key, column in zip(PER_PERSON[:2], columns, strict=False):
        if not all(map(is_number, column)):
            raise ValueError(f"{where}: {key} must be whole numbers, got {column!r:.80}.")
    return zip(*columns, strict=True)


def _humans_track(
    rows: list[tuple[int, Any, Any, Any]], where: str, focal: float | None, cuts: list[int]
) -> Track:
    """Return the track of one person of 4D-Humans."""
    # a row is (frame number, smpl, camera, size); rows are sorted by frame
    times, smpl, cameras, sizes = zip(*rows, strict=True)
    record = {
        key: [np.asarray(look_up(s, key, f"{where}: smpl")) for s in smpl]
        for key in ("global_orient", "body_pose", "betas")
    }
    record["betas"] = [np.ravel(betas) for betas in record["betas"]]
    track = _track({**record, "frame_ids": times}, where, HUMANS)
    return replace(track, trans=_places(cameras, sizes, where, focal), cuts=tuple(cuts))


def _places(cameras: Any, sizes: Any, where: str, focal: float | None) -> Array:
    """Return positions (F, 3) in the camera's frame; zero without a focal length."""
    if focal is None:
        return np.zeros((len(cameras), 3))
    places = real_array([np.ravel(c) for c in cameras], f"{where}: camera", "(3,) per frame")
    sides = real_array([np.ravel(s) for s in sizes], f"{where}: size", "height and width in pixels")
    if places.shape[1:] != (3,) or sides.shape[1:] != (2,):
        raise ValueError(
            f"{where}: camera must have shape (3,) and size (2,) in each frame, got "
            f"{places.shape[1:]} and {sides.shape[1:]}."
        )
    places[:, 2] *= focal / sides.max(axis=1) * ASSUMED_SIDE / ASSUMED_FOCAL
    return places
