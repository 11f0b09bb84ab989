"""Read the human BVH files of public repositories, and compare with plain forward kinematics.

Run ``python -m benchmarks.bvh_corpus --root FOLDER``. FOLDER holds one git clone, bare or not, of
each repository as ``owner+name``. The files are read from the commits below. Each is read with all
defaults. The directions of upper arms, forearms, thighs and shins, and the track of the hips, are
compared with forward kinematics that is computed here from the file's channels alone.

A second table tells what is lost where the pose without rotations is not a rest pose. Each file
that has one is written again with random frames of its joints, which is the same motion, and read
again.

Nothing here uses the library's parser or its maps of joint names: names and the axis that points up
were looked up by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, Motion, read_bvh

NAMES = {
    # left and right, then hip, knee, ankle, shoulder, elbow and wrist with * for the side
    "humanik": "Left Right *UpLeg *Leg *Foot *Arm *ForeArm *Hand",
    "mixamo": "Left Right mixamorig:*UpLeg mixamorig:*Leg mixamorig:*Foot mixamorig:*Arm "
    "mixamorig:*ForeArm mixamorig:*Hand",
    "mixamo7": "Left Right mixamorig7:*UpLeg mixamorig7:*Leg mixamorig7:*Foot mixamorig7:*Arm "
    "mixamorig7:*ForeArm mixamorig7:*Hand",
    "classic": "Left Right *Hip *Knee *Ankle *Shoulder *Elbow *Wrist",
    "numbered": "Left-23,24,25,14,15,16 Right-18,19,20,9,10,11 *Hip *Knee *Ankle *Shoulder *Elbow "
    "*Wrist",
    "smpl": "L R f_mosh_cmu05_0511_*_Hip f_mosh_cmu05_0511_*_Knee f_mosh_cmu05_0511_*_Ankle "
    "f_mosh_cmu05_0511_*_Shoulder f_mosh_cmu05_0511_*_Elbow f_mosh_cmu05_0511_*_Wrist",
    "makehuman": "l r *hip *knee *foot *shoulder *elbow *hand",
    "daz": "l r *Thigh *Shin *Foot *Shldr *ForeArm *Hand",
    "asf": "l r *femur *tibia *foot *humerus *radius *hand",
    "bandai": "L R UpperLeg_* LowerLeg_* Foot_* UpperArm_* LowerArm_* Hand_*",
}
PARTS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
UNITS = (1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45)
TURNS = {
    "pelvis": ["pelvis"],
    "thigh": ["left_hip", "right_hip"],
    "shin": ["left_knee", "right_knee"],
    "chest": ["spine3"],
    "upper arm": ["left_shoulder", "right_shoulder"],
    "forearm": ["left_elbow", "right_elbow"],
}
DATA = (
    ("Bandai-Namco", "bandai_namco_motion/raw_bvh/*.bvh", "bandai"),
    ("CMU 01_01", "cmu_twin/*.bvh", "humanik"),
)
WRONG = 5.0
"""Largest error in degrees of a limb that counts as right."""
WRONG_FACING = 20.0
"""Largest angle in degrees of the pelvis to its hips: people and skeletons are not symmetric."""

# Per repository: the commit, then "names up path" for each human file, or "- reason path" for those
# that are left out. A path may contain {a,b}.
FILES = """
20tab/bvh-python@b7e00585aef1c9577831ee08aa5e33553b329cc0
mixamo y tests/test_freebvh.bvh
classic y tests/test_mocapbank.bvh

DeepMotionEditing/deep-motion-editing@74fff8fb35e6378351d03fb14ee22fccae28b0bf
humanik y blender_rendering/example.bvh
humanik y style_transfer/data/xia_test/{angry_13,depressed_13,depressed_18,neutral_01}_000.bvh
humanik y style_transfer/data/xia_test/{neutral_16,old_13,sexy_01,strutting_01}_000.bvh
humanik y style_transfer/data/xia_test/sexy_01_001.bvh
humanik y style_transfer/demo_results/comp_3d_{1,2}/{fixed,raw}.bvh
humanik y style_transfer/demo_results/comp_video_{1,2}/{fixed,raw}.bvh
humanik y style_transfer/demo_results/demo_3d_{1,2}/{fixed,raw}.bvh
- copies_of_comp_video_1 style_transfer/demo_results/demo_video_1/{fixed,raw}.bvh
humanik y style_transfer/demo_results/demo_video_2/{fixed,raw}.bvh
humanik y style_transfer/global_info/rest.bvh

EmptyBlueBox/BVH2SMPL@d09a032a0ef3ad62318b6b7cab2233a7e58ff186
classic y bvh/{Armchair1,Desk1,Sit54}{,-preprocessed}.bvh
smpl y bvh/SMPL.bvh
numbered y bvh/src_bvh_hierarchy.bvh

FORTH-ModelBasedTracker/MocapNET@5e9cb08b96724b69b64845400b5faad7001f2a6d
makehuman y dataset/CMU_Sample_05_01.bvh
makehuman y dataset/gestures/{doubleclap,handsup,help,lefthandcircle,leftkick,push}.bvh
makehuman y dataset/gestures/{righthandcircle,rightkick,test,tpose,waveleft,waveright}.bvh
daz y dataset/{headerAndOneMotion,headerWithHeadAndOneMotion}.bvh
- three_arrows,_not_a_body dataset/axis.bvh
- one_hand_without_a_body dataset/{lhand,rhand}.bvh

KevinLTT/video2bvh@312d18f53bf31c37adcaf07c97098b67dbf9804a
humanik z miscs/cxk_cache/cxk.bvh

OlafHaag/bvh-toolbox@81892e4e2e3b4cc87766aea7b624969e42132a4d
humanik y tests/example_files/source/walk01.bvh
- copy_of_bvh-python/test_freebvh tests/example_files/test_freebvh.bvh
classic y tests/example_files/test_mocapbank.bvh

PeizhuoLi/ganimator@2943064b456d13f0357e23e3c37fb43b6aa3fdaa
- a_crab data/Crabnew/Crab-dance-long.bvh
- an_elephant data/Elephant/{idle1,idle2}.bvh
humanik y data/Joe/{Baseball-Milling-Idle-edited-keyframes,traj-example}.bvh
mixamo7 y data/Joe/{Baseball-Milling-Idle,Salsa-Dancing-6,Walk-In-Circle}.bvh
mixamo y data/Malcolm/Gangnam-Style.bvh
humanik y data/Xia/{normal,proud}.bvh

facebookresearch/AnimatedDrawings@74ee7f0039adab0c6c6ebfcb2f9bac9c218e6747
classic y examples/bvh/cmu1/jumping_jacks.bvh
humanik z examples/bvh/fair1/{dab,jumping,wave_hello,zombie}.bvh
humanik y examples/bvh/rokoko/jesse_dance.bvh
- copy_of_examples/bvh/fair1/zombie tests/{test_bvh_files,test_render_files}/zombie.bvh

lawrennd/mocap@7e192332050e0be6ccc5d45c3fb762b6f5da8fac
daz y python/files/{10_01,10_03,11_01,14_19}.bvh
asf y python/files/{Swagger,Swagger2}.bvh
- absent_from_the_snapshot_for_its_size python/files/{14_06,14_10}.bvh

lo-th/Avatar.lab@e96e7f3862c04feb7ce9fb6744561ffb8661fb21
daz y preview/assets/bvh/{boxing,code,combo,finding,forward,idle1,idle2,idle3,idle4,idle5}.bvh
daz y preview/assets/bvh/{idle6,jog,laught,phone,run,run2,searching,spinning,swagged,walk}.bvh
daz y preview/assets/bvh/yelling.bvh
daz y preview/assets/bvh/poses/{cross,dynamic,jump,low,pose1,pose2,pose3,stand}.bvh

orangeduck/lafan1-resolved@80d790a7b02af62fd649f46437326d05b2832161
humanik y Geno_{bind,stance}.bvh
"""


@dataclass
class Row:
    """What was measured in one repository."""

    repository: str
    files: int = 0
    errors: list[np.ndarray] = field(default_factory=list)  # of each file, in degrees
    hips: list[float] = field(default_factory=list)  # largest error of the hips, in m
    facing: list[float] = field(default_factory=list)  # pelvis against the hips, in degrees
    warned: int = 0
    silently_wrong: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def line(self) -> str:
        """Return the row as text."""
        every = np.concatenate(self.errors) if self.errors else np.array([np.nan])
        hips = 1000 * max(self.hips, default=np.nan)
        return (
            f"{self.repository:<44}{self.files:>6}{100 * len(self.errors) / self.files:>8.1f}"
            f"{np.median(every):>10.4f}{every.max():>8.4f}{hips:>9.2f}"
            f"{np.median(self.facing):>9.1f}{self.warned:>8}"
            f"{len(self.silently_wrong):>10}{self.seconds:>9.1f}"
        )


HEADER = (
    f"{'repository':<44}{'files':>6}{'read %':>8}{'median':>10}{'max':>8}{'hips':>9}{'facing':>9}"
    f"{'warned':>8}{'silently':>10}{'seconds':>9}\n"
    f"{'':<44}{'':>6}{'':>8}{'deg':>10}{'deg':>8}{'mm':>9}{'deg':>9}{'':>8}{'wrong':>10}"
)


def corpus() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield repository, commit, names (or -), up (or the reason) and path of each file."""
    for block in FILES.strip().split("\n\n"):
        head, *lines = block.split("\n")
        repository, commit = head.split("@")
        for line in lines:
            names, up, pattern = line.split(" ", 2)
            for path in expanded(pattern):
                yield repository, commit, names, up, path


def expanded(pattern: str) -> list[str]:
    """Expand {a,b} in a path."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    return [path for each in match[1].split(",") for path in expanded(before + each + after)]


def content(root: Path, repository: str, commit: str, path: str) -> bytes | None:
    """Return a file of a commit, or None if the clone or the file is not there."""
    clone = root / repository.replace("/", "+")
    places = (clone, clone / ".git", clone / "repo", clone / "repo" / ".git")
    git = next((place for place in places if (place / "objects").is_dir()), None)
    if git is None:
        return None
    show = ["git", "--git-dir", str(git), "show", f"{commit}:{path}"]
    shown = subprocess.run(show, capture_output=True, check=False)
    return shown.stdout if shown.returncode == 0 else None


# ---- plain forward kinematics


@dataclass
class Plain:
    """A BVH file as it is: names, parents, steps from the parents, and local rotations."""

    names: list[str]
    parents: list[int]
    steps: list[np.ndarray]  # (F, 3) of each joint
    turns: list[Rotation]  # F of each joint

    @classmethod
    def of(cls, text: str) -> Plain:
        """Parse the text of a well-formed file."""
        head, _, tail = text.partition("MOTION")
        joints: list[list] = []
        above, site = [], False
        for words in filter(None, map(str.split, head.splitlines())):
            if words[0] in ("ROOT", "JOINT"):
                joints.append([" ".join(words[1:]), above[-1] if above else -1, None, []])
                above.append(len(joints) - 1)
            elif words[0].upper() == "END":
                site = True
                above.append(-1)
            elif words[0] == "OFFSET" and not site:
                joints[-1][2] = np.array(words[1:4], dtype=float)
            elif words[0] == "CHANNELS":
                joints[-1][3] = words[2:]
            elif words[0] == "}":
                above.pop()
                site = False
        rows = [row.split() for row in tail.strip().splitlines()[2:] if row.strip()]
        values, column = np.array(rows, dtype=float), 0
        plain = cls([], [], [], [])
        for name, parent, offset, channels in joints:
            step = np.tile(offset, (len(values), 1))
            turn = Rotation.identity(len(values))
            for channel in channels:
                if channel.endswith("position"):
                    step[:, "XYZ".index(channel[0])] = values[:, column]
                else:
                    turn = turn * Rotation.from_euler(channel[0], values[:, [column]], True)
                column += 1
            plain.names.append(name)
            plain.parents.append(parent)
            plain.steps.append(step)
            plain.turns.append(turn)
        return plain

    def positions(self) -> dict[str, np.ndarray]:
        """Return the position (F, 3) of each joint in the file's world."""
        turned: list[Rotation] = []
        placed: list[np.ndarray] = []
        for parent, step, turn in zip(self.parents, self.steps, self.turns, strict=True):
            placed.append(step if parent < 0 else placed[parent] + turned[parent].apply(step))
            turned.append(turn if parent < 0 else turned[parent] * turn)
        return dict(zip(self.names, placed, strict=True))

    def tangled(self, frame_time: str, seed: int) -> str:
        """Return a file of the same motion whose joints have random frames."""
        frames = Rotation.random(len(self.names), rng=np.random.default_rng(seed))
        lines, columns = ["HIERARCHY"], []

        def write(joint: int) -> None:
            parent = self.parents[joint]
            inward = Rotation.identity() if parent < 0 else frames[parent].inv()
            offset = inward.apply(np.median(self.steps[joint], axis=0))
            places = "6 Xposition Yposition Zposition" if parent < 0 else "3"
            lines.extend(
                [
                    f"{'ROOT' if parent < 0 else 'JOINT'} {self.names[joint]}",
                    "{",
                    "OFFSET " + " ".join(f"{x:.9f}" for x in offset),
                    f"CHANNELS {places} Zrotation Xrotation Yrotation",
                ]
            )
            if parent < 0:
                columns.append(self.steps[joint])
            turn = inward * self.turns[joint] * frames[joint]
            columns.append(turn.as_euler("ZXY", True))
            for child in [k for k, above in enumerate(self.parents) if above == joint]:
                write(child)
            lines.append("}")

        with warnings.catch_warnings():  # gimbal lock: any of the angles will do
            warnings.simplefilter("ignore")
            write(0)
        values = np.concatenate(columns, axis=1)
        lines += ["MOTION", f"Frames: {len(values)}", f"Frame Time: {frame_time}"]
        return "\n".join([*lines, *(" ".join(f"{x:.9f}" for x in row) for row in values)]) + "\n"


def expected(text: str, names: str, up: str) -> dict[str, np.ndarray]:
    """Return the limb joints (F, 3) by SMPL's names, z up, in the file's unit."""
    positions = Plain.of(text).positions()
    left, right, *patterns = NAMES[names].split()
    found = {}
    for side, word in (("left", left), ("right", right)):
        word, _, numbers = word.partition("-")
        ends = [f"-{number}" for number in numbers.split(",")] if numbers else [""] * len(PARTS)
        for part, pattern, end in zip(PARTS, patterns, ends, strict=True):
            place = positions[pattern.replace("*", word) + end]
            found[f"{side}_{part}"] = place if up == "z" else place[:, [0, 2, 1]] * [1, -1, 1]
    return found


def errors(motion: Motion, wanted: dict[str, np.ndarray]) -> tuple[np.ndarray, float, float]:
    """Return the angles of limbs in degrees, the error of the hips in m, and that of the pelvis."""
    body = default_body(stature=motion.stature)
    places = forward_kinematics(body, motion.poses, motion.trans).positions
    frames = np.rint(motion.times * motion.rate).astype(int)
    got = {j: places[:, k] for k, j in enumerate(SMPL_JOINTS) if j in wanted}
    angles = []
    for side in ("left", "right"):
        for start, end in LIMBS:
            bones = [
                (joints[f"{side}_{end}"] - joints[f"{side}_{start}"])
                for joints in (got, {joint: path[frames] for joint, path in wanted.items()})
            ]
            first, second = (bone / np.linalg.norm(bone, axis=-1)[:, None] for bone in bones)
            crossed = np.linalg.norm(np.cross(first, second), axis=-1)
            angles.append(np.degrees(np.arctan2(crossed, np.sum(first * second, axis=-1))))
    hips = [(joints["left_hip"] + joints["right_hip"]) / 2 for joints in (got, wanted)]
    wanted_hips = hips[1][frames]
    fitted = float(np.sum(hips[0] * wanted_hips) / np.sum(wanted_hips**2))  # a unit of its own
    apart = [np.linalg.norm(hips[0] - u * wanted_hips, axis=-1).max() for u in (*UNITS, fitted)]
    # the pelvis' left against the line between the hips, most of the time
    left = Rotation.from_rotvec(motion.poses[:, 0].copy()).apply([1.0, 0.0, 0.0])
    line = (wanted["left_hip"] - wanted["right_hip"])[frames]
    cosine = np.sum(left * line, axis=-1) / np.linalg.norm(line, axis=-1)
    facing = np.degrees(np.arccos(np.clip(np.median(cosine), -1, 1)))
    return np.concatenate(angles), float(min(apart)), float(facing)


def measure(row: Row, file: Path, label: str, names: str, up: str) -> None:
    """Read one file with all defaults and add the result to a row."""
    row.files += 1
    start = time.perf_counter()
    motion, said = heard(file)
    row.seconds += time.perf_counter() - start
    if motion is None:
        row.refused.append(f"{label}: {said[0].splitlines()[0][:300]}")
        return
    angles, hips, facing = errors(motion, expected(file.read_text(), names, up))
    row.errors.append(angles)
    row.hips.append(hips)
    row.facing.append(facing)
    row.warned += bool(said)
    if (angles.max() > WRONG or facing > WRONG_FACING) and not said:
        row.silently_wrong.append(f"{label}: {angles.max():.1f} and {facing:.1f} degrees")


def heard(file: Path) -> tuple[Motion | None, list[str]]:
    """Return a motion and the warnings; or None and the error."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            motion = read_bvh(file)
        except ValueError as error:
            return None, [str(error)]
    return motion, [str(warning.message) for warning in said]


def lost_without_a_rest_pose(file: Path, seed: int) -> dict[str, float] | None:
    """Return the median angle by part between readings with and without a rest pose."""
    motion, said = heard(file)
    is_odd = any("is not a rest pose" in text or "off the line" in text for text in said)
    if motion is None or motion.n_frames < 20 or is_odd:
        return None  # too short, without a rest pose, or rotations that do not belong to it
    frame_time = re.search(r"Frame Time:\s*(\S+)", file.read_text())[1]
    other = file.with_suffix(".tangled.bvh")
    other.write_text(Plain.of(file.read_text()).tangled(frame_time, seed))
    tangled, said = heard(other)
    if tangled is None or not any("not a rest pose" in text for text in said):
        return None
    body = default_body(stature=1.7)
    turned = []
    shared = np.intersect1d(motion.times.round(6), tangled.times.round(6))
    for each in (motion, tangled):
        frames = np.isin(each.times.round(6), shared)
        turned.append(forward_kinematics(body, each.poses[frames]).rotations)
    cosine = (np.einsum("fjab,fjab->fj", *turned) - 1) / 2
    angles = np.median(np.degrees(np.arccos(np.clip(cosine, -1, 1))), axis=0)
    return {
        part: float(np.mean([angles[SMPL_JOINTS.index(joint)] for joint in joints]))
        for part, joints in TURNS.items()
    }


def seconds_for(count: int) -> float:
    """Return the seconds to read a file with a chain of additional joints below the head."""
    parts = [
        "HIERARCHY",
        "ROOT Hips",
        "{",
        "OFFSET 0 0 0",
        "CHANNELS 3 Xposition Yposition Zposition",
    ]
    for side, x in (("Left", 1), ("Right", -1)):
        chain = ((f"{side}UpLeg", 9 * x, -5), (f"{side}Leg", 0, -43), (f"{side}Foot", 0, -42))
        parts += _chain([(name, f"{a} {b} 0") for name, a, b in chain])
    extra = [(f"extra{k}", "0 0.001 0") for k in range(count)]
    arms = []
    for side, x in (("Left", 1), ("Right", -1)):
        chain = (
            (f"{side}Arm", 17 * x, 45),
            (f"{side}ForeArm", 28 * x, 0),
            (f"{side}Hand", 25 * x, 0),
        )
        arms += _chain([(name, f"{a} {b} 0") for name, a, b in chain])
    spine = ["JOINT Spine", "{", "OFFSET 0 8 0", "CHANNELS 0"]
    parts += [*spine, *arms, *_chain([("Head", "0 60 0"), *extra]), "}", "}"]
    parts += ["MOTION", "Frames: 4", "Frame Time: 0.01", *["0 90 0"] * 4]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.bvh"
        path.write_text("\n".join(parts))
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read_bvh(path)
        return time.process_time() - begin


def _chain(joints: list[tuple[str, str]]) -> list[str]:
    """Return the lines of joints, each below the one before."""
    lines = [
        line
        for name, offset in joints
        for line in (f"JOINT {name}", "{", f"OFFSET {offset}", "CHANNELS 0")
    ]
    return [*lines, *["}"] * len(joints)]


def main() -> None:
    """Read all files and print one row per repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the clones")
    parser.add_argument("--data", type=Path, help="folder of the real data sets")
    parser.add_argument("--out", type=Path, help="also write the tables to this file")
    options = parser.parse_args()
    rows: dict[str, Row] = {}
    left_out, absent, lost = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for repository, commit, names, up, path in corpus():
            if names == "-":
                left_out.append(f"{repository}: {path}: {up.replace('_', ' ')}")
                continue
            raw = content(options.root, repository, commit, path)
            if raw is None:
                absent.append(f"{repository}: {path}")
                continue
            file = Path(folder) / f"{hashlib.sha256(path.encode()).hexdigest()[:8]}.bvh"
            file.write_bytes(raw)
            measure(rows.setdefault(repository, Row(repository)), file, path, names, up)
            lost.append(lost_without_a_rest_pose(file, len(lost)))
    for name, pattern, names in DATA if options.data is not None else ():
        for file in sorted(options.data.glob(pattern)):
            measure(rows.setdefault(name, Row(name)), file, file.name, names, "y")
    speeds = [(count, seconds_for(count)) for count in (1250, 5000, 20_000)]
    total = Row("all")
    for row in rows.values():
        for key in (
            "files",
            "errors",
            "hips",
            "facing",
            "warned",
            "silently_wrong",
            "refused",
            "seconds",
        ):
            setattr(total, key, getattr(total, key) + getattr(row, key))
    lines = [HEADER, *(row.line() for row in rows.values()), total.line()]
    for title, each in (
        ("Refused", total.refused),
        ("Silently wrong", total.silently_wrong),
        ("Not found", absent),
        ("Left out", left_out),
    ):
        lines += [f"\n{title}: {len(each)}", *each]
    lines += ["\nCPU seconds to read a chain of joints"]
    lines += [f"{count:6d} joints: {seconds:.2f} s" for count, seconds in speeds]
    known = [each for each in lost if each is not None]
    lines.append(
        f"\nRandom frames of the joints: {len(known)} files. Angle in degrees to the reading with "
        "the rest pose\n"
        f"{'':<20}{'median':>8}{'90 %':>8}"
    )
    for part in TURNS:
        angles = [each[part] for each in known]
        lines.append(f"{part:<20}{np.median(angles):>8.1f}{np.quantile(angles, 0.9):>8.1f}")
    print("\n".join(lines))
    if options.out is not None:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
