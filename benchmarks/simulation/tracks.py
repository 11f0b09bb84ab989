"""Simulate real tracks with defaults only.

M3N_SKLEARN_DATA=path python -m benchmarks.simulation tracks

Video landmarks, results of video tools, depth cameras, optical markers and BVH files, each as it
comes.
"""

from __future__ import annotations

import os
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from m3n_sklearn import Motion, SMPLIMUSimulator, rigid_body_imu
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.motion import (
    motion_from_joints,
    read_4dhumans,
    read_bvh,
    read_gvhmr,
    read_mediapipe,
    read_wham,
)

from .asf import read_asf_amc

G = 9.80665
LIMIT = 16 * G
QUIET = 1.5
"""m/s² from 9.8 within which quiet actions are to stay at the 99th percentile."""
FIXED = (2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0)
WORSE = 1.1
"""How much larger the error of the automatic choice may be than that of the best fixed cut-off."""
PER_LABEL = 12
WRISTS = ("left_wrist", "right_wrist")
QUIET_WORDS = ("drink", "phone", "phoning", "stand_still", "sit_still")
RATES = {"pose2sim": 60.0}


class Row(NamedTuple):
    """One line of the table: clips that are simulated together."""

    name: str
    motions: list[Motion]
    refused: int = 0
    why: str = ""
    quiet: bool = False


def main(quick: bool = False) -> None:
    root = os.environ.get("M3N_SKLEARN_DATA")
    if not root:
        print("tracks: skipped, M3N_SKLEARN_DATA does not name the folder of the real data sets")
        return
    folder = Path(root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = [row for make in SETS for row in _there(make, folder, quick)]
    readings_table(rows)
    agreement_table(folder, rows)
    truth_table(folder, quick)


def _there(make: Callable[[Path, bool], Iterator[Row]], folder: Path, quick: bool) -> list[Row]:
    try:
        return list(make(folder, quick))
    except FileNotFoundError as error:
        print(f"skipped, not found: {error.filename}")
        return []


def attempt(name: str, makers: list[Callable[[], Any]], quiet: bool = False) -> Row:
    """Motions that can be made; refusals are counted."""
    motions: list[Motion] = []
    refused, why = 0, ""
    for make in makers:
        try:
            made = make()
            motions += made if isinstance(made, list) else [made]
        except (ValueError, TypeError) as error:
            refused, why = refused + 1, str(error)
    return Row(name, motions, refused, why, quiet)


# ---- sets


def landmark_rows(folder: Path, quick: bool) -> Iterator[Row]:
    """MediaPipe's landmarks of real clips, smoothed by the tool or raw; stretches with people."""
    for kind in ("tasks", "raw"):
        for path in sorted((folder / "video_clips" / "landmarks").glob("*.npz")):
            with np.load(path) as data:
                points, rate = data[f"{kind}_world"], RATES.get(path.stem.split("_")[0], 30.0)
            pieces = list(_stretches(points, rate))
            makers = [lambda p=p, r=rate: read_mediapipe(p, rate=r) for p in pieces]
            yield attempt(f"landmarks, {kind}: {path.stem[:24]}", makers, _quiet(path.stem))


def _stretches(points: np.ndarray, rate: float, longest: float = 0.25) -> Iterator[np.ndarray]:
    """Frames between gaps that are too long to be bridged."""
    seen = np.flatnonzero(np.isfinite(points).all(axis=(1, 2)))
    for part in np.split(seen, np.flatnonzero(np.diff(seen) > longest * rate) + 1):
        if len(part) > 24:
            yield points[part[0] : part[-1] + 1]


def tool_rows(folder: Path, quick: bool) -> Iterator[Row]:
    """Results of video tools. Their files have no frame rate: 30 Hz, 15 Hz for WHAM's clip."""
    tools, clips = folder / "video_tool_outputs", folder / "video_clips" / "results"
    gvhmr = tools / "gvhmr_tennis_hmr4d_results.pt"
    yield attempt("GVHMR: tennis", [lambda: read_gvhmr(gvhmr, rate=30.0)])
    for path in sorted(tools.glob("hybrik_*.pk")):
        yield attempt(f"HybrIK: {path.stem}", [lambda p=path: hybrik_motion(p)])
    wham = clips / "wham_utd_a1_noverts.pkl"
    yield attempt("WHAM: UTD a1", [lambda: read_wham(wham, rate=15.0)])
    phalp = clips / "phalp_demo_run.pkl"
    yield attempt("4D-Humans: run", [lambda: read_4dhumans(phalp, rate=30.0)])


def hybrik_motion(path: Path) -> Motion:
    """HybrIK's rotation matrices and translation in the camera's frame (y down)."""
    with path.open("rb") as file:
        result = pickle.load(file)  # numpy arrays only
    matrices = np.asarray(result["pred_thetas"], float).reshape(-1, 24, 3, 3)
    left, _, right = np.linalg.svd(matrices)
    matrices = left @ right
    world = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    matrices[:, 0] = world @ matrices[:, 0]
    poses = Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(-1, 24, 3)
    return Motion(poses, np.asarray(result["transl"], float) @ world.T, rate=30.0)


def utd_rows(folder: Path, quick: bool) -> Iterator[Row]:
    utd = load_utd_mhad(folder / "utd_mhad", actions="wrist", seconds=None)
    yield Row("Kinect: UTD-MHAD, 21 actions", utd.motions[:: 6 if quick else 1])


KINECT_SMARTFALL = {
    "pelvis": "pelvis",
    "spine2": "spine_chest",
    "neck": "neck",
    "head": "head",
    **{
        f"{side}_{joint}": f"{side[0]}_{joint}"
        for side in ("left", "right")
        for joint in ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle")
    },
}


def smartfall_rows(folder: Path, quick: bool) -> Iterator[Row]:
    """Azure Kinect at 30 Hz, y up; some clips of each action."""
    data = positions(folder / "smartfallmm" / "smartfallmm_skeleton_adl_30fps.npz")
    names = [str(name) for name in data["joint_names"]]
    layout = {joint: names.index(source) for joint, source in KINECT_SMARTFALL.items()}
    draw = np.random.default_rng(0)
    for label in np.unique(data["label"]):
        own = draw.permutation(np.flatnonzero(data["label"] == label))[: 3 if quick else PER_LABEL]
        makers = [
            lambda i=i: motion_from_joints(data["clips"][i], layout, rate=30.0, up="y") for i in own
        ]
        yield attempt(f"Kinect: SmartFallMM, {str(label)[:26]}", makers, _quiet(str(label)))
    for side, name in (("right", "right_metawrist_acc_50hz"), ("left", "left_watch_acc_32hz")):
        with np.load(folder / "smartfallmm" / f"smartfallmm_{name}.npz") as read:
            edges, labels = read["seg_ptr"], read["label"]
            force = np.linalg.norm(read["acc_q"] * float(read["acc_scale"]), axis=1)
        quiet = [
            np.abs(force[a:b] - G)
            for (a, b), label in zip(pairwise(edges), labels, strict=True)
            if _quiet(str(label))
        ]
        high = np.quantile(np.concatenate(quiet), 0.99)
        print(f"(measured while drinking, {side} wrist: 99 % within {high:.2f} m/s² of 9.8)")


def prmd_rows(folder: Path, quick: bool) -> Iterator[Row]:
    """Optical markers at 100 Hz, y up; joint centers are simple means of markers."""
    data = positions(folder / "ui_prmd_vicon" / "ui_prmd_vicon_100hz.npz")
    draw = np.random.default_rng(0)
    for label in np.unique(data["label"]):
        own = draw.permutation(np.flatnonzero(data["label"] == label))[: 2 if quick else 6]
        makers = [lambda i=i: prmd_motion(data["clips"][i], data["joint_names"]) for i in own]
        yield attempt(f"optical: UI-PRMD, {str(label)[:28]}", makers)


def prmd_motion(
    clip: np.ndarray,
    names: Any,
    every: int = 1,
    *,
    hand: bool = True,
    noise: float = 0.01,
    **about: Any,
) -> Motion:
    """Return the motion of UI-PRMD's markers (F, M, 3); `about` are facts on the clip."""
    at = {str(name): clip[::every, i] for i, name in enumerate(names)}

    def middle(*markers: str) -> np.ndarray:
        return np.mean([at[marker] for marker in markers], axis=0)

    joints = {"neck": middle("C7", "CLAV"), "spine2": middle("T10", "CLAV")}
    joints["head"] = middle("LFHD", "RFHD")
    for side, s in (("left", "L"), ("right", "R")):
        joints[f"{side}_shoulder"] = at[f"{s}SHO"] - [0, 0.05, 0]
        joints[f"{side}_elbow"] = at[f"{s}ELB"]
        if hand:
            joints[f"{side}_hand"] = at[f"{s}FIN"]
        joints[f"{side}_wrist"] = middle(f"{s}WRA", f"{s}WRB")
        own, both = middle(f"{s}ASI", f"{s}PSI"), middle("LASI", "RASI")
        joints[f"{side}_hip"] = 0.75 * own + 0.25 * both - [0, 0.06, 0]
        joints[f"{side}_knee"], joints[f"{side}_ankle"] = at[f"{s}KNE"], at[f"{s}ANK"]
    points = np.stack(list(joints.values()), axis=1)
    layout = {joint: i for i, joint in enumerate(joints)}
    return motion_from_joints(points, layout, rate=100.0 / every, up="y", noise=noise, **about)


def is_complete(clip: np.ndarray) -> bool:
    """Tell whether no marker (F, M, 3) is at the origin, where UI-PRMD has lost ones."""
    return bool((np.linalg.norm(clip, axis=-1) > 5e-3).all())


def twin_rows(folder: Path, quick: bool) -> Iterator[Row]:
    """One clip at 120 Hz in two forms; the BVH file begins with a T-pose."""
    twin = folder / "cmu_twin"
    yield attempt("CMU 01_01: BVH", [lambda: read_bvh(twin / "01_01.bvh")])
    yield attempt("CMU 01_01: ASF/AMC joints", [lambda: asf_motion(twin)])


def asf_motion(twin: Path) -> Motion:
    points, layout = read_asf_amc(twin / "01.asf", twin / "01_01.amc")
    return motion_from_joints(points, layout, rate=120.0, up="y")


def bandai_rows(folder: Path, quick: bool) -> Iterator[Row]:
    files = sorted((folder / "bandai_namco_motion" / "raw_bvh").glob("*.bvh"))
    yield attempt("BVH: Bandai-Namco", [lambda p=path: read_bvh(p) for path in files])


SETS = (
    landmark_rows,
    tool_rows,
    utd_rows,
    smartfall_rows,
    prmd_rows,
    twin_rows,
    bandai_rows,
)


def positions(path: Path) -> dict[str, Any]:
    """Joint positions in m that were stored relative to the root, in parts of a mm."""
    if not path.exists():
        raise FileNotFoundError(2, "not found", str(path))
    with np.load(path) as file:
        data: dict[str, Any] = dict(file)
    edges, relative = data["clip_ptr"], data["rel_dmm"].astype(np.int64)
    unit, delta = float(data.get("unit_m", 1e-4)), str(data.get("encoding", "plain")) == "delta"
    data["clips"] = [
        data["root_pos"][a:b, None].astype(float)
        + unit * (np.cumsum(relative[a:b], axis=0) if delta else relative[a:b])
        for a, b in pairwise(edges)
    ]
    return data


def _quiet(name: str) -> bool:
    return any(word in name.lower() for word in QUIET_WORDS)


# ---- tables


def simulated(motions: list[Motion], **facts: Any) -> tuple[list[Any], list[str]]:
    """Recordings of both wrists, and the warnings."""
    fit = facts.pop("fit", False)
    simulator = SMPLIMUSimulator(sites=WRISTS, **{"rate": 50.0, **facts})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if fit:
            simulator.fit(motions)
        recordings = simulator.simulate(motions)
    return recordings, [str(one.message) for one in caught]


def lengths(recording: Any) -> tuple[np.ndarray, np.ndarray]:
    """|f| of both wrists (T, 2) and whether it was observed."""
    data = recording.data.reshape(len(recording.data), 2, 6)
    seen = np.asarray(recording.observed)
    seen = np.repeat(seen[:, None], 2, 1) if seen.ndim == 1 else seen[:, ::6]
    return np.linalg.norm(data[..., :3], axis=-1), seen


def readings_table(rows: list[Row]) -> None:
    print(
        "Both wrists with defaults, |f| in m/s²; observed samples only. Goals: peak at most 157,\n"
        "quiet actions (q) within 1.5 of 9.8 at the 99th percentile. Together: after fit on all\n"
        "clips of a row. At 6 Hz: peak with a fixed cut-off. Warned: clips with a warning."
    )
    print(
        f"{'':<46}{'clips':>6}{'refused':>8}{'peak':>9}{'together':>10}{'at 6 Hz':>9}{'median':>8}"
        f"{'99 %':>8}{'°/s':>7}{'observed':>9}  warned"
    )
    good = {"peak": True, "quiet": True}
    for row in rows:
        if not row.motions:
            print(f"{row.name:<46}{0:>6}{row.refused:>8}  {row.why[:90]}")
            continue
        count, alone = 0, []
        for motion in row.motions:
            recordings, warned = simulated([motion])
            alone += recordings
            count += bool(warned)
        try:
            together = simulated(row.motions, fit=True)[0]
        except ValueError:
            together = []
        fixed = simulated(row.motions, smoothing=6.0)[0]  # the usual choice of filter
        found = [_figures(part) for part in (alone, together, fixed)]
        peak, median, high, turn, observed = found[0]
        both = found[1][0]
        mark = " q" if row.quiet else ""
        print(
            f"{row.name + mark:<46}{len(row.motions):>6}{row.refused:>8}{peak:>9.1f}{both:>10.1f}"
            f"{found[2][0]:>9.1f}{median:>8.2f}{high:>8.2f}{turn:>7.0f}{observed:>9.2f}  {count}",
            flush=True,
        )
        good["peak"] &= not max(peak, both) > LIMIT
        good["quiet"] &= not (row.quiet and high > QUIET)
    print(f"  no peak beyond 16 g: {_verdict(good['peak'])}")
    print(f"  quiet actions within {QUIET} m/s²: {_verdict(good['quiet'])}")
    for row in rows:
        if row.quiet and row.motions:
            print(f"  {row.name}: met by fixed cut-offs up to {_meeting(row):g} Hz")
    print()


def _meeting(row: Row) -> float:
    """Return the highest fixed cut-off in Hz with which a quiet action meets its goal."""
    tried = (3.0, 2.0, 1.5, 1.0, 0.7, 0.5, 0.3)
    return next(
        (hz for hz in tried if _figures(simulated(row.motions, smoothing=hz)[0])[2] <= QUIET), 0.0
    )


def _figures(recordings: list[Any]) -> tuple[float, ...]:
    """Peak, median, 99th percentile of | |f| - 9.8 |, fastest turn in °/s, share observed."""
    if not recordings:
        return (np.nan,) * 5
    pairs = [lengths(recording) for recording in recordings]
    force = np.concatenate([length[seen] for length, seen in pairs])
    turns = [
        np.linalg.norm(r.data.reshape(-1, 2, 6)[..., 3:], axis=-1)[seen]
        for r, (_, seen) in zip(recordings, pairs, strict=True)
    ]
    observed = float(np.mean(np.concatenate([seen.ravel() for _, seen in pairs])))
    if len(force) == 0:
        return np.nan, np.nan, np.nan, np.nan, observed
    away = float(np.quantile(np.abs(force - G), 0.99))
    fastest = float(np.rad2deg(np.concatenate(turns).max()))
    return float(force.max()), float(np.median(force)), away, fastest, observed


def agreement_table(folder: Path, rows: list[Row]) -> None:
    """Readings of one movement from two tracks of it."""
    print("One movement, two tracks: |f| of both wrists, rms of the difference over rms")
    known = {row.name: row.motions for row in rows}

    def show(what: str, one: list[Motion], other: list[Motion], goal: float | None = None) -> None:
        if not one or not other:
            return
        gaps, sizes, r = [], [], []
        for a, b in zip(*(simulated(part)[0] for part in (one, other)), strict=False):
            (x, seen), (y, also) = lengths(a), lengths(b)
            count = min(len(x), len(y))
            both = seen[:count] & also[:count]
            if both.sum() > 20:
                gaps.append((x[:count] - y[:count])[both])
                sizes.append(x[:count][both])
                r.append(np.corrcoef(x[:count][both], y[:count][both])[0, 1])
        if not gaps:
            print(f"{what:<58}{'never both observed':>22}")
            return
        share = rms(np.concatenate(gaps)) / rms(np.concatenate(sizes))
        note = "" if goal is None else f"  {_verdict(share <= goal)} (goal {goal:g})"
        print(f"{what:<58}{share:>8.3f}  correlation {np.median(r):.2f}{note}")

    show(
        "CMU 01_01, BVH and ASF/AMC joints",
        known.get("CMU 01_01: BVH", []),
        known.get("CMU 01_01: ASF/AMC joints", []),
        goal=0.1,
    )
    for name in [name for name in known if name.startswith("landmarks, raw")]:
        other = known.get(name.replace("raw", "tasks"), [])
        if len(other) == len(known[name]):
            show(f"raw and smoothed landmarks, {name[16:]}", known[name], other)
    for kind in ("raw", "tasks"):
        views = [known.get(f"landmarks, {kind}: pose2sim_single_cam0{i}", []) for i in (1, 2)]
        show(f"two cameras, {kind} landmarks (sides exchanged in one)", *views)
        tennis = known.get(f"landmarks, {kind}: gvhmr_tennis", [])
        show(f"GVHMR and {kind} landmarks, tennis", known.get("GVHMR: tennis", []), tennis)
    data = positions(folder / "ui_prmd_vicon" / "ui_prmd_vicon_100hz.npz")
    chosen = np.random.default_rng(1).choice(len(data["clips"]), 20, replace=False)
    full, thin = (
        [prmd_motion(data["clips"][i], data["joint_names"], every) for i in chosen]
        for every in (1, 3)
    )
    show("optical, 100 Hz and every third frame", full, thin)
    print()


def truth_table(folder: Path, quick: bool) -> None:
    """Errors against measured sensors: the automatic choice and fixed cut-offs."""
    print("Error against measured sensors over that of the best single fixed cut-off of the set,")
    print(f"median over clips; goal at most {WORSE:g}")
    utd = load_utd_mhad(folder / "utd_mhad", actions="wrist", seconds=None)
    every = 12 if quick else 3
    motions, measured = utd.motions[::every], utd.recordings[::every]
    truth_row("UTD-MHAD right wrist, |f|", *fixed_errors(motions, measured, slice(0, 3)))
    truth_row("UTD-MHAD right wrist, |gyro|", *fixed_errors(motions, measured, slice(3, 6)))
    for path in sorted((folder / "broad_imu_optical").glob("*.npz")):
        for i, kind in enumerate(("acc", "gyro")):
            truth_row(f"BROAD {path.stem[:24]}, {kind}", *broad_errors(path, i))
    print()


def truth_row(name: str, auto: np.ndarray, fixed: dict[float, np.ndarray]) -> None:
    medians = {cutoff: float(np.median(error)) for cutoff, error in fixed.items()}
    best = min(medians, key=medians.__getitem__)
    ratio = float(np.median(auto)) / medians[best]
    print(
        f"{name:<46}{np.median(auto):>8.3f}, best fixed {medians[best]:.3f} at {best:g} Hz: "
        f"{ratio:.3f} {_verdict(ratio <= WORSE)}",
        flush=True,
    )


def fixed_errors(
    motions: list[Motion], measured: list[Any], part: slice
) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    def errors(smoothing: Any) -> np.ndarray:
        simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0, smoothing=smoothing)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = simulator.simulate(motions)
        return np.array(
            [_norm_error(f.data, m.data, part) for f, m in zip(found, measured, strict=True)]
        )

    return errors("auto"), {cutoff: errors(cutoff) for cutoff in FIXED if cutoff < 9}


def _norm_error(ours: np.ndarray, theirs: np.ndarray, part: slice) -> float:
    count = min(len(ours), len(theirs))
    gap = [np.linalg.norm(x[:count, part], axis=1) for x in (ours, theirs)]
    return rms(gap[0] - gap[1])


def broad_errors(path: Path, kind: int) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    from .real import Trial

    trial = Trial.read(path)

    def errors(smoothing: Any) -> np.ndarray:
        predicted = rigid_body_imu(
            trial.position, trial.quaternion, rate=trial.rate, smoothing=smoothing
        )
        return np.array([trial.errors(predicted, False)[kind]])

    return errors("auto"), {cutoff: errors(cutoff) for cutoff in FIXED if cutoff > 2.3}


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _verdict(passed: bool) -> str:
    return "pass" if passed else "MISS"


if __name__ == "__main__":
    sys.exit(main("--quick" in sys.argv))
