"""Writers of motion files, for tests of their readers: the same motion in every format."""

from __future__ import annotations

import json

import numpy as np
from scipy.spatial.transform import Rotation

from m3n_sklearn.body import forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, quat_from_matrix

from .reference import BODY, RATE, REFERENCE, Y_UP, points, positions

LIMB_NAMES = {
    f"{side}_{joint}": f"{side[0].upper()}{joint.capitalize()}"
    for side in ("left", "right")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}


def named(world=None, motion=REFERENCE):
    """Names in OpenPose's style, and positions (F, K, 3), z up by default."""
    seen = points(motion)
    joints = {**LIMB_NAMES, "neck": "Neck", "head": "Head", "nose": "Nose"}
    return list(joints.values()), np.stack([seen[j] for j in joints], axis=1) @ (
        np.eye(3) if world is None else world.T
    )


# ---- positions


def write_trc(path, names=None, given=None, rate=RATE, unit="mm", header=True, newline="\n"):
    """As OpenSim writes it: every name stands above the first of its three columns."""
    usual = named(Y_UP)
    names = usual[0] if names is None else names
    given = usual[1] if given is None else given
    factor = {"mm": 1000.0, "m": 1.0, "cm": 100.0}[unit]
    head = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate"
    facts = f"{rate:g}\t{rate:g}\t{len(given)}\t{len(names)}\t{unit}\t{rate:g}"
    axes = "\t".join(f"{a}{k}" for k in range(1, len(names) + 1) for a in "XYZ")
    lines = [f"PathFileType\t4\t(X/Y/Z)\t{path.name}", head, facts]
    lines += ["Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t", f"\t\t{axes}", ""]
    for k, frame in enumerate(given):
        cells = ["" if np.isnan(x) else f"{factor * x:.5f}" for x in frame.ravel()]
        lines.append("\t".join([str(k + 1), f"{k / rate:.3f}", *cells]))
    path.write_text(newline.join(lines) + newline)
    return path


def write_c3d(path, names=None, given=None, rate=RATE, unit="mm"):
    """With ezc3d, z up."""
    import ezc3d

    usual = named()
    names = usual[0] if names is None else names
    given = usual[1] if given is None else given
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [rate]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(names)
    file["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    values = np.ones((4, given.shape[1], len(given)))
    values[:3] = {"mm": 1000.0, "m": 1.0}[unit] * given.transpose(2, 1, 0)
    file["data"]["points"] = values
    file.write(str(path))
    return path


def write_c3d_of(path, processor, integer, given=None):
    """With the numbers of a processor (84 Intel, 85 DEC, 86 MIPS), as integers or floats; z up."""
    names, usual = named()
    given = usual if given is None else given
    mark = ">" if processor == 86 else "<"

    def whole(*values):
        return np.array(values, f"{mark}i2").tobytes()

    def real(values):
        plain = np.asarray(values, f"{mark}f4")
        if processor != 85:
            return plain.tobytes()
        halves = (plain * 4).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1]
        return np.ascontiguousarray(halves).tobytes()

    def record(group, name, kind, shape, data):
        body = bytes([kind & 255, len(shape), *shape]) + data + b"\x00"
        return bytes([len(name), group]) + name + whole(len(body) + 2) + body

    width = max(map(len, names))
    labels = "".join(name.ljust(width) for name in names).encode()
    chain = bytes([5, 255]) + b"POINT" + whole(3) + b"\x00"
    chain += record(1, b"LABELS", -1, [width, len(names)], labels)
    chain += record(1, b"UNITS", -1, [2], b"mm") + record(1, b"RATE", 4, [], real([RATE]))
    chain += record(1, b"DATES", 2, [2], whole(1, 2)) + record(1, b"MASK", 1, [3], b"abc")
    chain = b"\x01\x50\x02" + bytes([processor]) + chain + b"\x00"
    blocks = -(-len(chain) // 512)
    scale = 0.1 if integer else -1.0
    header = b"\x02\x50" + whole(len(names), 2, 1, len(given), 10)
    header += real([scale]) + whole(2 + blocks, 1) + real([RATE])
    values = np.zeros((len(given), len(names), 4))
    values[..., :3] = np.nan_to_num(1000 * given) / (scale if integer else 1.0)
    values[..., 3] = np.where(np.isfinite(given).all(-1), 0, -1)
    rows = np.concatenate([values.reshape(len(given), -1), np.zeros((len(given), 2))], axis=1)
    data = np.rint(rows).astype(f"{mark}i2").tobytes() if integer else real(rows.ravel())
    path.write_bytes(header.ljust(512, b"\x00") + chain.ljust(512 * blocks, b"\x00") + data)
    return path


def write_csv(path, pattern="{joint}_{axis}", separator=",", time="time", decimal=".", score=None):
    """One row per frame, one column per coordinate."""
    names, given = named()
    columns = [pattern.format(joint=n, axis=a) for n in names for a in "xyz"]
    rows = given.reshape(len(given), -1).tolist()
    if score is not None:
        columns += [f"{n}_{score}" for n in names]
        rows = [row + len(names) * [0.75] for row in rows]
    if time:
        columns.insert(0, time)
        rows = [[k / RATE, *row] for k, row in enumerate(rows)]
    lines = [separator.join(columns)]
    lines += [separator.join(f"{x:.6f}".replace(".", decimal) for x in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_deeplabcut(path):
    """Three rows of names: scorer, joints, coordinates."""
    names, given = named()
    head = [
        ["scorer"] + 3 * len(names) * ["net"],
        ["bodyparts"] + [n for n in names for _ in "xyz"],
        ["coords"] + len(names) * ["x", "y", "z"],
    ]
    rows = [[k, *frame.ravel().round(6).tolist()] for k, frame in enumerate(given)]
    path.write_text("\n".join(",".join(map(str, row)) for row in head + rows) + "\n")
    return path


def write_sam(path, given, camera):
    """Results of SAM 3D Body as a list of frames, each a list of people."""
    frames = [
        [{"pred_keypoints_3d": (p - t).tolist(), "pred_cam_t": t.tolist(), "focal_length": 900.0}]
        for p, t in zip(given, camera, strict=True)
    ]
    path.write_text(json.dumps(frames))
    return path


def humanml3d_features(motion=REFERENCE):
    """Features (F, 263) as the data set defines them; the last frame repeats the speeds."""
    places = positions(motion)[:, :22] @ Y_UP.T
    # 1. The heading: the body's front in the floor, as a rotation about y to z
    across = places[:, 2] - places[:, 1] + places[:, 17] - places[:, 16]  # to the right
    front = np.cross(np.array([0.0, 1.0, 0.0]), across)
    heading = np.unwrap(np.arctan2(front[:, 0], front[:, 2]))  # turn about y from z to the front
    turn = Rotation.from_euler("y", -heading[:, None]).as_matrix()
    # 2. Speeds, root height, positions relative to the root and the heading
    result = np.zeros((len(places), 263))
    result[:-1, 0] = -np.diff(heading) / 2
    step = np.diff(places[:, 0], axis=0)
    result[:-1, 1:3] = np.einsum("fij,fj->fi", turn[1:], step)[:, [0, 2]]
    result[:, 3] = places[:, 0, 1]
    local = places[:, 1:] - places[:, :1] * [1.0, 0.0, 1.0]
    result[:, 4:67] = np.einsum("fij,fkj->fki", turn, local).reshape(len(places), -1)
    return result, heading[0]


# ---- rotations

_SEGMENTS = (
    "Pelvis:pelvis L5:spine1 L3:spine1 T12:spine2 T8:spine3 Neck:neck Head:head "
    "RightShoulder:right_collar RightUpperArm:right_shoulder RightForeArm:right_elbow "
    "RightHand:right_wrist LeftShoulder:left_collar LeftUpperArm:left_shoulder "
    "LeftForeArm:left_elbow LeftHand:left_wrist RightUpperLeg:right_hip RightLowerLeg:right_knee "
    "RightFoot:right_ankle RightToe:right_foot LeftUpperLeg:left_hip LeftLowerLeg:left_knee "
    "LeftFoot:left_ankle LeftToe:left_foot"
)
_FROM_XSENS = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
"""From Xsens' axes (x front, y left, z up) to those of SMPL's rest pose."""


def write_mvnx(path, motion=REFERENCE, *, prefix="", labels=True, doctype="", position=True):
    """With the frames of the calibration in front."""
    posed = forward_kinematics(BODY, motion.poses, motion.trans)
    pairs = [each.split(":") for each in _SEGMENTS.split()]
    index = [SMPL_JOINTS.index(joint) for _, joint in pairs]
    quats = quat_from_matrix(posed.rotations[:, index] @ _FROM_XSENS)
    places = posed.positions[:, index].copy()
    places[:, 0] = (posed.positions[:, 1] + posed.positions[:, 2]) / 2
    places[:, 2] = (places[:, 1] + places[:, 3]) / 2
    at_rest = np.tile([1.0, 0, 0, 0], (23, 1)), BODY.rest_joints[index] @ _FROM_XSENS
    calibration = [(kind, *at_rest) for kind in ("identity", "tpose", "tpose-isb")]
    frames = calibration + [("normal", q, p) for q, p in zip(quats, places, strict=True)]
    tag = prefix and f"{prefix}:"
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', doctype]
    lines.append(f'<{tag}mvnx version="4"><{tag}subject label="a" frameRate="{motion.rate:g}">')
    if labels:
        listed = [f'<{tag}segment label="{n}" id="{k}"/>' for k, (n, _) in enumerate(pairs, 1)]
        lines.append(f"<{tag}segments>{''.join(listed)}</{tag}segments>")
    lines.append(f"<{tag}frames>")
    for number, (kind, q, p) in enumerate(frames, -len(calibration)):
        numbers = [" ".join(f"{x:.7f}" for x in each.ravel()) for each in (q, p)]
        index = f' index="{number}"' if number >= 0 else ""
        time = round(1000 * max(0, number) / motion.rate)
        lines.append(f'<{tag}frame time="{time}"{index} type="{kind}">')
        lines.append(f"<{tag}orientation>{numbers[0]}</{tag}orientation>")
        if position:
            lines.append(f"<{tag}position>{numbers[1]}</{tag}position>")
        lines.append(f"<{tag}sensorOrientation>1 0 0 0</{tag}sensorOrientation></{tag}frame>")
    lines.append(f"</{tag}frames></{tag}subject></{tag}mvnx>")
    path.write_text("\n".join(lines))
    return path


# bone: parent, joint whose rotation it has, start and end, angles of its frame in degrees
_BONES = {
    "lowerback": ("root", "spine1", "pelvis", "spine2", (0, 0, 0)),
    "upperback": ("lowerback", "spine2", "spine2", "spine3", (0, 0, 0)),
    "thorax": ("upperback", "spine3", "spine3", "neck", (10, 0, 0)),
    "lowerneck": ("thorax", "neck", "neck", "head", (0, 0, 0)),
    "head": ("lowerneck", "head", "head", None, (0, 0, 0)),
}
for _s, _turn in (("left", 1), ("right", -1)):
    _l = _s[0]
    _BONES |= {
        f"{_l}hipjoint": ("root", None, "pelvis", f"{_s}_hip", (0, 0, 0)),
        f"{_l}femur": (f"{_l}hipjoint", f"{_s}_hip", f"{_s}_hip", f"{_s}_knee", (0, 0, 20 * _turn)),
        f"{_l}tibia": (f"{_l}femur", f"{_s}_knee", f"{_s}_knee", f"{_s}_ankle", (5, 0, 20 * _turn)),
        f"{_l}foot": (f"{_l}tibia", f"{_s}_ankle", f"{_s}_ankle", f"{_s}_foot", (-90, 0, 20)),
        f"{_l}clavicle": ("thorax", f"{_s}_collar", "neck", f"{_s}_shoulder", (0, 0, 0)),
        f"{_l}humerus": (
            f"{_l}clavicle", f"{_s}_shoulder", f"{_s}_shoulder", f"{_s}_elbow",
            (180, 30 * _turn, 90 * _turn),
        ),
        f"{_l}radius": (
            f"{_l}humerus", f"{_s}_elbow", f"{_s}_elbow", f"{_s}_wrist", (90, 0, 90 * _turn),
        ),
        f"{_l}wrist": (f"{_l}radius", f"{_s}_wrist", f"{_s}_wrist", f"{_s}_hand", (0, 0, 0)),
        f"{_l}hand": (f"{_l}wrist", None, f"{_s}_hand", None, (0, 0, 0)),
    }  # fmt: skip


def write_amc(path, motion=REFERENCE, *, length=0.45, meters=0.0254 / 0.45, asf=None):
    """An AMC file, and its ASF file next to it; y up."""
    rest = dict(zip(SMPL_JOINTS, BODY.rest_joints / meters, strict=True))
    out = ["# a comment", ":version 1.10", ":name VICON", ":units", "  mass 1.0"]
    out += [f"  length {length}", "  angle deg", ":documentation", "   free text :root", ":root"]
    out += [
        "   order TX TY TZ RX RY RZ",
        "   axis XYZ",
        "   position 0 0 0",
        "   orientation 0 0 0",
    ]
    out.append(":bonedata")
    for number, (bone, (_, joint, start, end, axis)) in enumerate(_BONES.items()):
        tip = np.array([0, 1.0, 0]) if end is None else rest[end] - rest[start]
        size = np.linalg.norm(tip)
        out += ["  begin", f"     id {number + 1}", f"     name {bone}"]
        out.append("     direction " + " ".join(f"{x:.9f}" for x in tip / size))
        out += [f"     length {size:.7f}", f"     axis {' '.join(map(str, axis))}  XYZ"]
        out += ["    dof rx ry rz", "    limits (-180.0 180.0)"] + 2 * ["      (-180.0 180.0)"]
        out = out if joint else out[:-4]
        out.append("  end")
    out += [":hierarchy", "  begin"]
    for parent in ("root", *_BONES):
        below = [bone for bone, each in _BONES.items() if each[0] == parent]
        out += [f"    {parent} {' '.join(below)}"] if below else []
    out.append("  end")
    asf = path.with_suffix(".asf") if asf is None else asf
    asf.write_text("\n".join(out) + "\n")

    local = matrix_from_rotvec(motion.poses)
    place = (motion.trans + BODY.rest_joints[0]) @ Y_UP.T / meters
    lines = ["#!OML:ASF", ":FULLY-SPECIFIED", ":DEGREES"]
    angles = {"root": _euler(Y_UP @ local[:, 0])}
    for bone, (_, joint, *_, axis) in _BONES.items():
        if joint:
            frame = Rotation.from_euler("xyz", axis, degrees=True).as_matrix()
            turn = local[:, SMPL_JOINTS.index(joint)]
            angles[bone] = _euler(frame.T @ turn @ frame)
    for k in range(motion.n_frames):
        lines.append(str(k + 1))
        for bone, values in angles.items():
            numbers = [*place[k], *values[k]] if bone == "root" else values[k]
            lines.append(f"{bone} {' '.join(f'{x:.6f}' for x in numbers)}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _euler(matrices):
    """Angles about fixed axes x, y, z, in degrees."""
    return Rotation.from_matrix(matrices).as_euler("xyz", degrees=True)


# ---- exports of optical motion capture


def write_motive(path, *, kind="Bone", unit="Meters", space="Global", people=1, parents=True):
    """As Motive writes it: rotations and positions of bones, y up, names in several rows."""
    names = {
        joint: f"{side[0].upper()}{part}"
        for side in ("left", "right")
        for joint, part in (
            (f"{side}_hip", "Thigh"),
            (f"{side}_knee", "Shin"),
            (f"{side}_ankle", "Foot"),
            (f"{side}_shoulder", "UArm"),
            (f"{side}_elbow", "FArm"),
            (f"{side}_wrist", "Hand"),
        )
    }
    seen = points()
    given = np.stack([seen[joint] for joint in names], axis=1) @ Y_UP.T
    factor = {"Meters": 1.0, "Millimeters": 1000.0}[unit]
    columns, cells = [], []
    for each in range(people):
        for k, name in enumerate(names.values()):
            full = f"Skeleton 00{each + 1}:{name}"
            columns += [(full, "Rotation", axis) for axis in "XYZW"]
            columns += [(full, "Position", axis) for axis in "XYZ"]
            cells += [(each, k, None)] * 4 + [(each, k, axis) for axis in range(3)]
    head = (
        f"Format Version,1.23,Take Name,walk,Capture Frame Rate,{RATE:f},Export Frame Rate,"
        f"{RATE:f},Total Frames in Take,{len(given)},Rotation Type,Quaternion,Length Units,{unit},"
        f"Coordinate Space,{space}"
    )
    above = [
        [kind] * len(columns),
        [name for name, _, _ in columns],
        [f'"{name}-id"' for name, _, _ in columns],
    ]
    labels = ["Type", "Name", "ID"]
    if parents:
        above.append(["Root"] * len(columns))
        labels.append("Parent")
    lines = [head, ""]
    lines += [f",{label}," + ",".join(row) for label, row in zip(labels, above, strict=True)]
    lines.append(",," + ",".join(what for _, what, _ in columns))
    lines.append("Frame,Time (Seconds)," + ",".join(axis for _, _, axis in columns))
    for frame, here in enumerate(given):
        row = [
            0.5 if axis is None else factor * (here[k, axis] + (2.0 * each if axis == 0 else 0.0))
            for each, k, axis in cells
        ]
        lines.append(f"{frame},{frame / RATE:.6f}," + ",".join(f"{x:.6f}" for x in row))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_qualisys(path, *, names=None, numbered=False, included="3D"):
    """As Qualisys Track Manager writes it: keys in rows, then positions in mm, z up."""
    usual, given = named()
    names = usual if names is None else names
    lines = [
        f"NO_OF_FRAMES\t{len(given)}",
        "NO_OF_CAMERAS\t8",
        f"NO_OF_MARKERS\t{len(names)}",
        f"FREQUENCY\t{RATE:g}",
        "NO_OF_ANALOG\t0",
        "ANALOG_FREQUENCY\t0",
        "DESCRIPTION\t--",
        "TIME_STAMP\t2026-03-31, 10:00:00.000\t1234.5",
        f"DATA_INCLUDED\t{included}",
    ]
    lines.append(("MARKER_NAMES\t" if included == "3D" else "BODY_NAMES\t") + "\t".join(names))
    if numbered:
        lines.append("Frame\tTime\t" + "\t".join(f"{n} {axis}" for n in names for axis in "XYZ"))
    for k, frame in enumerate(given):
        before = [f"{k + 1}", f"{k / RATE:.5f}"] if numbered else []
        lines.append("\t".join([*before, *(f"{1000 * x:.3f}" for x in frame.ravel())]))
    path.write_text("\n".join(lines) + "\n")
    return path
