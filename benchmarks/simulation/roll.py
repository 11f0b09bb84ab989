"""The rate about the forearm, from joint positions and from markers that show it.

M3N_SKLEARN_DATA=path python -m benchmarks.simulation roll

UI-PRMD has an optical marker on either side of each wrist, so that the roll of the forearm is
measured. Joint positions do not show it: there the forearm follows the upper arm like a hinge.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.body import Site, default_body, forward_kinematics, resolve_sites
from m3n_sklearn.motion import SMPL_JOINTS

from .baselines import central_difference, central_log_gyro
from .motions import GRAVITY
from .roll_prior import arm_features, measured_gyro_table, prior_table
from .tracks import is_complete, positions, prmd_motion

RATE, CUTOFF = 100.0, 6.0
"""Frames per second, and the low-pass in Hz of both sides."""
EDGE = 20
"""Frames at both ends that are not compared."""
EXCHANGED = 120.0
"""Degrees of roll from the joint positions' forearm beyond which both markers are exchanged."""
REPETITIONS = (1, 6)
"""Repetitions of an exercise that a quick run takes."""
SIDES = ("left", "right")
MARKERS = ("ELB", "WRA", "WRB")
"""Elbow, thumb's side and little finger's side of the wrist, in Plug-in Gait."""
GIVEN, TURNED, ON_SKIN = "positions", "forearm turned", "hand too, on the skin"
"""Names of motions without roll, with that of the markers, and with a hand that bends the skin."""


class Wrist(NamedTuple):
    """One wrist in one clip: gyro and acc (T, 6) in the axes of the site, roll (T,) in degrees."""

    person: int
    label: str
    side: str
    measured: np.ndarray
    simulated: dict[str, np.ndarray]
    roll: np.ndarray
    exchanged: bool
    arm: np.ndarray


def main(quick: bool = False) -> None:
    root = os.environ.get("M3N_SKLEARN_DATA")
    if not root:
        print("roll: skipped, M3N_SKLEARN_DATA does not name the folder of the real data sets")
        return
    path = Path(root) / "ui_prmd_vicon" / "ui_prmd_vicon_100hz.npz"
    if not path.exists():
        print(f"roll: skipped, {path.parent.name} not found in {root}")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # knees of lunges, as in `tracks`
        wrists = list(wrists_of(path, quick))
        rate_table(wrists)
        exercise_table(wrists)
        force_table(wrists)
        prior = prior_table(
            [wrist.arm for wrist in wrists],
            [wrist.measured[:, 0] for wrist in wrists],
            [wrist.person for wrist in wrists],
            [wrist.label for wrist in wrists],
        )
        if (folder := Path(root) / "utd_mhad").exists():
            measured_gyro_table(folder, prior, quick)
        else:
            print(f"utd_mhad: skipped, not found in {root}")


# ---- the markers


def forearm_frame(elbow: np.ndarray, thumb: np.ndarray, little: np.ndarray, side: str) -> Rotation:
    """Return the wrist's axes (F,) from markers (F, 3) at the elbow and on both sides of the wrist.

    They are those of the site: x along the forearm (left: toward the hand, right: toward the
    elbow), y toward the little finger, z out of the back of the hand.
    """
    x = (thumb + little) / 2 - elbow
    x = (x if side == "left" else -x) / np.linalg.norm(x, axis=1, keepdims=True)
    y = little - thumb
    y = y - np.sum(y * x, axis=1, keepdims=True) * x
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    return Rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def roll_between(simulated: Rotation, measured: Rotation) -> np.ndarray:
    """Return the angle (F,) in rad about the forearm from simulated to measured axes."""
    x, _, _, w = np.moveaxis((simulated.inv() * measured).as_quat(), -1, 0)
    return np.unwrap(2 * np.arctan2(x, w))


def turned(motion: Motion, axes: Mapping[str, Rotation]) -> Motion:
    """Return a motion whose forearms have given axes of the wrists (F,) by side."""
    body, poses = default_body(), np.array(motion.poses, dtype=float)
    posed = forward_kinematics(body, poses).rotations
    for side, wanted in axes.items():
        [site] = resolve_sites(body, f"{side}_wrist")
        shoulder, elbow = (SMPL_JOINTS.index(f"{side}_{j}") for j in ("shoulder", "elbow"))
        bone = wanted * Rotation.from_matrix(site.orientation).inv()
        local = Rotation.from_matrix(posed[:, shoulder]).inv() * bone
        poses[:, elbow] = local.as_rotvec()
    return motion.replace(poses=poses)


def site_at_joint(side: str) -> Site:
    """Return the site of a watch, moved to the joint of the wrist: amid both markers."""
    body = default_body()
    [site] = resolve_sites(body, f"{side}_wrist")
    elbow, wrist = (body.rest_joints[SMPL_JOINTS.index(f"{side}_{j}")] for j in ("elbow", "wrist"))
    return replace(site, offset=wrist - elbow, vertices=None, vertex_weights=None)


class Marked(NamedTuple):
    """A wrist by its markers: axes (F,) as they are and low-passed, readings (F, 6), roll (F,)."""

    raw: Rotation
    axes: Rotation
    readings: np.ndarray
    roll: np.ndarray
    exchanged: bool


def wrist_of_markers(
    markers: np.ndarray, names: Sequence[str], side: str, forearm: Rotation
) -> Marked:
    """Measure a wrist from markers (F, M, 3), and its roll from a forearm without one (F,)."""
    # 1. Axes, from positions as they are and low-passed
    columns = [names.index(side[0].upper() + name) for name in MARKERS]
    low = butter(2, CUTOFF, fs=RATE, output="sos")
    seen = np.moveaxis(markers[:, columns], 1, 0)
    smooth = sosfiltfilt(low, seen, axis=1)
    raw, axes = forearm_frame(*seen, side), forearm_frame(*smooth, side)
    # 2. Roll without whole turns; a roll that no forearm has means that the markers are exchanged
    roll = roll_between(forearm, axes)
    middle = np.median(roll)
    roll -= 2 * np.pi * np.round(middle / (2 * np.pi))
    middle = np.median(roll)
    exchanged = bool(abs(np.degrees(middle)) > EXCHANGED)
    if exchanged:
        half = Rotation.from_rotvec([np.pi, 0, 0])
        raw, axes, roll = raw * half, axes * half, roll - np.copysign(np.pi, middle)
    # 3. Readings at the point amid both markers
    rate = central_log_gyro(axes, RATE)
    force = axes.inv().apply(central_difference(smooth[1:].mean(axis=0), RATE) - GRAVITY)
    return Marked(raw, axes, np.hstack([rate, force]), np.degrees(roll), exchanged)


def wrists_of(path: Path, quick: bool) -> Iterator[Wrist]:
    """Measure and simulate both wrists of each clip."""
    data = positions(path)
    names = [str(name) for name in data["joint_names"]]
    sites = [site_at_joint(side) for side in SIDES]
    simulator = SMPLIMUSimulator(sites=sites, rate=RATE, smoothing=CUTOFF, frame="bone")
    on_skin = SMPLIMUSimulator(rate=RATE, smoothing=CUTOFF)
    for clip, points in enumerate(data["clips"]):
        if not is_complete(points) or (quick and data["rep"][clip] not in REPETITIONS):
            continue
        # 1. The motion from joint positions, and what the markers say beyond it
        plain = prmd_motion(points, names, hand=False, noise=0.03)
        bones = forward_kinematics(default_body(), plain.poses).rotations
        upright = points @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # y up to z up
        marked = {}
        for side, site in zip(SIDES, sites, strict=True):
            elbow = bones[:, SMPL_JOINTS.index(f"{side}_elbow")]
            forearm = Rotation.from_matrix(elbow @ site.orientation)
            marked[side] = wrist_of_markers(upright, names, side, forearm)
        # 2. Readings of motions that know more and less
        motions = {
            GIVEN: plain,
            "positions, noise=0.01": prmd_motion(points, names, hand=False),
            TURNED: turned(plain, {side: each.raw for side, each in marked.items()}),
        }
        recordings = dict(zip(motions, simulator.simulate(list(motions.values())), strict=True))
        recordings[ON_SKIN] = on_skin.simulate(prmd_motion(points, names, noise=0.03))
        # 3. Without the ends of the clip; the rates come first
        inner = slice(EDGE, len(points) - EDGE)
        for k, side in enumerate(SIDES):
            yield Wrist(
                int(data["subject"][clip]),
                str(data["label"][clip]),
                side,
                marked[side].readings[inner],
                {
                    name: np.roll(each.data[:, 6 * k : 6 * k + 6], 3, axis=1)[inner]
                    for name, each in recordings.items()
                },
                marked[side].roll[inner],
                marked[side].exchanged,
                arm_features(plain, side, RATE, CUTOFF)[inner],
            )


# ---- tables


def over_people(
    wrists: Sequence[Wrist], figure: Callable[[np.ndarray, np.ndarray], float], name: str, axis: int
) -> np.ndarray:
    """Return a figure of each person's readings of one axis, simulated and measured."""
    people = sorted({wrist.person for wrist in wrists})
    found = []
    for person in people:
        own = [wrist for wrist in wrists if wrist.person == person]
        ours = np.concatenate([wrist.simulated[name][:, axis] for wrist in own])
        found.append(figure(ours, np.concatenate([wrist.measured[:, axis] for wrist in own])))
    return np.array(found)


def error(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.sqrt(np.mean((ours - theirs) ** 2)))


def correlation(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.corrcoef(ours, theirs)[0, 1])


def size(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.sqrt(np.mean(theirs**2)))


def shown(values: np.ndarray) -> str:
    """Median and standard deviation over people."""
    return f"{np.median(values):>6.2f} ±{np.std(values):.2f}"


def rate_table(wrists: list[Wrist]) -> None:
    """Angular rate of each axis, over people."""
    swapped = sum(wrist.exchanged for wrist in wrists)
    print(
        f"UI-PRMD, {len({w.person for w in wrists})} people, {len(wrists) // 2} clips: angular "
        f"rate in the axes of the site below {CUTOFF:g} Hz, rad/s.\n"
        "Median ± standard deviation over people. The two markers of a wrist were exchanged in "
        f"{swapped} cases."
    )
    heads = ("about the forearm", "across (y)", "across (z)")
    print(f"{'':<24}" + "".join(f"{head:>24}" for head in heads))
    print(f"{'':<24}" + f"{'RMS error':>12}{'r':>12}" * 3)
    for side in SIDES:
        own = [wrist for wrist in wrists if wrist.side == side]
        sizes = [over_people(own, size, GIVEN, axis) for axis in range(3)]
        row = "".join(f"{shown(each):<24}" for each in sizes)
        print(f"{f'{side}: RMS, measured':<24}{row}".rstrip())
        for name in own[0].simulated:
            text = "".join(
                shown(over_people(own, figure, name, axis))
                for axis in range(3)
                for figure in (error, correlation)
            )
            print(f"  {name:<22}{text}")
    print()


def exercise_table(wrists: list[Wrist]) -> None:
    """The rate about the forearm in each exercise, all people together."""
    print("Rate about the right forearm by exercise: RMS and RMS error in rad/s, correlation")
    heads = ("measured", GIVEN, "r", "turned", "r")
    print(f"{'':<48}" + "".join(f"{head:>10}" for head in heads))
    for label in sorted({wrist.label for wrist in wrists}):
        own = [wrist for wrist in wrists if wrist.label == label and wrist.side == "right"]
        theirs = np.concatenate([wrist.measured[:, 0] for wrist in own])
        row = [size(theirs, theirs)]
        for name in (GIVEN, TURNED):
            ours = np.concatenate([wrist.simulated[name][:, 0] for wrist in own])
            row += [error(ours, theirs), correlation(ours, theirs)]
        print(f"{label:<48}" + "".join(f"{value:>10.2f}" for value in row))
    print()


def force_table(wrists: list[Wrist]) -> None:
    """Specific force of the wrist's joint against that of the markers, and the roll between."""
    print("Specific force at the wrist in m/s², both wrists: RMS error, median ± sd over people")
    heads = ("|f|", "|f|, r", "along (x)", "y", "z")
    print(f"{'':<24}" + "".join(f"{head:>12}" for head in heads))
    lengths = [
        wrist._replace(
            measured=_with_length(wrist.measured),
            simulated={name: _with_length(each) for name, each in wrist.simulated.items()},
        )
        for wrist in wrists
    ]
    for name in wrists[0].simulated:
        columns: list[tuple[Any, int]] = [(error, 6), (correlation, 6)]
        columns += [(error, axis) for axis in (3, 4, 5)]
        text = "".join(shown(over_people(lengths, figure, name, axis)) for figure, axis in columns)
        print(f"{name:<24}{text}")
    spread = over_people(lengths, lambda ours, theirs: float(np.std(theirs)), GIVEN, 6)
    print(f"{'sd of |f|, measured':<24}{shown(spread)}")
    means = np.array([wrist.roll.mean() for wrist in wrists])
    print(
        "Roll of the forearm by markers, from that by positions, in degrees: mean over a clip "
        f"{np.median(means):.0f} (median),\nits size {np.median(np.abs(means)):.0f} (90 %: "
        f"{np.quantile(np.abs(means), 0.9):.0f}); within a clip, sd "
        f"{np.median([wrist.roll.std() for wrist in wrists]):.0f}\n"
    )


def _with_length(readings: np.ndarray) -> np.ndarray:
    """Append the length of the specific force."""
    return np.column_stack([readings, np.linalg.norm(readings[:, 3:], axis=1)])
