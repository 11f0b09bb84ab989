"""Computation time and memory, and how they grow.

python -m benchmarks.simulation speed

All times are CPU time on one thread, the best of several runs. The baseline is the smplx package,
which skins the whole mesh, on a random body of SMPL's size. No licensed file is needed.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from m3n_sklearn import Recording
from m3n_sklearn.body import BodyModel, Site, body_from_smplx, default_body, skin
from m3n_sklearn.motion import Motion
from m3n_sklearn.simulation import SMPLIMUSimulator

SIX = ("left_wrist", "right_wrist", "left_ankle", "right_ankle", "chest", "head")
CORNERS = (335, 1961, 2821, 4804, 5431, 6610)
"""Six vertices."""
RATE = 60.0
NOISE = "mpu9250"


class Row(NamedTuple):
    """One line of the table."""

    quantity: str
    value: str
    target: str = ""
    passed: bool | None = None


def main(quick: bool = False) -> bool:
    """Print the table; True if every row is within its target."""
    rows: list[Row] = []
    print("Speed, CPU time on one thread")
    print(f"{'quantity':<82}{'measured':>22}{'target':>14}  verdict")
    with threadpool_limits(1):
        for table in (positions, end_to_end, growth, sites):
            for row in table(quick):
                rows.append(row)
                verdict = {None: "", True: "pass", False: "MISS"}[row.passed]
                print(f"{row.quantity:<82}{row.value:>22}{row.target:>14}  {verdict}", flush=True)
    return all(row.passed is not False for row in rows)


def cpu(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the best run, after one that may compile."""
    run()
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


# ---- positions of vertices


def positions(quick: bool) -> Iterator[Row]:
    """Six vertices with pose blend shapes, against the whole mesh."""
    struct = random_struct()
    rng = np.random.default_rng(1)
    frames = 1000 if quick else 4000
    poses = rng.uniform(-0.5, 0.5, (frames, 24, 3)).astype(np.float32)
    trans = rng.uniform(-1, 1, (frames, 3)).astype(np.float32)
    best, batch, vertices = smplx_mesh(struct, poses, trans, 3 if quick else 6)
    if batch:
        yield Row(f"smplx, whole mesh, best batch ({batch})", f"{best:.0f} µs/frame")
    body = body_from_smplx(struct)
    for engine, target in (("numpy", 30.0), ("numba", 300.0)):

        def run(engine: str = engine) -> np.ndarray:
            return skin(body, poses, trans, CORNERS, engine)

        spent = cpu(run, 5 if quick else 15) / frames * 1e6
        ratio = best / spent
        value = f"{spent:.2f} µs/frame" + (f", {ratio:.0f}×" if batch else "")
        name = f"six vertices with blend shapes, {engine}"
        yield Row(name, value, f"≥ {target:.0f}×", ratio >= target if batch else None)
        if batch:
            gap = np.abs(run()[: len(vertices)] - vertices[:, CORNERS]).max()
            yield Row(
                f"  largest distance to smplx, {engine}", f"{gap:.1e} m", "≤ 5e-7 m", gap <= 5e-7
            )


def random_struct() -> SimpleNamespace:
    """A body of SMPL's size, filled with random numbers that float32 represents exactly."""
    rng = np.random.default_rng(0)
    parents = default_body().parents  # SMPL's tree
    count, joints = 6890, len(parents)
    weights, regressor = np.zeros((count, joints)), np.zeros((joints, count))
    for table, held in ((weights, 4), (regressor, 16)):
        for row in table:
            # shares of 1/64 sum to exactly 1
            cuts = np.sort(rng.choice(np.arange(1, 64), held - 1, replace=False))
            row[rng.choice(len(row), held, replace=False)] = np.diff([0, *cuts, 64]) / 64
    return SimpleNamespace(
        v_template=exact(0.4 * rng.standard_normal((count, 3))),
        shapedirs=exact(0.01 * rng.standard_normal((count, 3, 10))),
        posedirs=exact(1e-3 * rng.standard_normal((count, 3, 9 * (joints - 1)))),
        J_regressor=regressor,
        kintree_table=np.stack([parents, np.arange(joints)]).astype(np.uint32),
        weights=weights,
        f=rng.integers(0, count, (1000, 3)).astype(np.uint32),
    )


def exact(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).astype(np.float64)


def smplx_mesh(
    struct: SimpleNamespace, poses: np.ndarray, trans: np.ndarray, repeats: int
) -> tuple[float, int, np.ndarray]:
    """Microseconds per frame, the batch that takes the least, and some vertices."""
    try:
        import smplx
        import torch
    except ImportError:
        print("(smplx is not installed, so there is no baseline)")
        return np.nan, 0, np.zeros((0, 6890, 3))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    best, size, vertices = np.inf, 0, None
    with torch.no_grad():
        for batch in (16, 32, 64, 125, 250):
            with contextlib.redirect_stdout(io.StringIO()):
                model = smplx.SMPL(model_path="", data_struct=struct, batch_size=batch)
            given = {
                "betas": torch.zeros(batch, 10),
                "global_orient": torch.tensor(poses[:batch, 0]),
                "body_pose": torch.tensor(poses[:batch, 1:].reshape(batch, -1)),
                "transl": torch.tensor(trans[:batch]),
            }
            spent = cpu(lambda model=model, given=given: model(**given), repeats) / batch * 1e6
            if spent < best:
                best, size, vertices = spent, batch, model(**given).vertices.numpy()
    torch.set_num_threads(threads)
    return best, size, vertices


# ---- readings


def clip(frames: int) -> Motion:
    """A motion of all joints, with the jitter of a tracker."""
    rng = np.random.default_rng(2)
    times = np.arange(frames) / RATE
    hertz, phase = rng.uniform(0.2, 2.0, 72), rng.uniform(0, 2 * np.pi, 72)
    poses = np.empty((frames, 72), np.float32)
    for part in np.array_split(np.arange(frames), max(1, frames // 10_000)):
        wave = 0.2 * np.sin(2 * np.pi * hertz * times[part, None] + phase)
        poses[part] = wave + 2e-3 * rng.standard_normal(wave.shape)
    trans = 0.1 * np.sin(2 * np.pi * np.outer(times, [0.3, 0.5, 0.7]))
    trans += 5e-4 * rng.standard_normal(trans.shape)
    return Motion(poses.reshape(-1, 24, 3), trans, rate=RATE, name="clip")


def end_to_end(quick: bool) -> Iterator[Row]:
    """Automatic smoothing, curve, kinematics, readout and noise of six sites."""
    frames = 2400 if quick else 12_000
    motion = clip(frames)
    shaped = shaped_body()
    for engine, target in (("numpy", 150.0), ("numba", 45.0)):
        for body, label in (("default", "default body"), (shaped, "SMPL's size, blend shapes")):
            for noise in (None, NOISE):
                if noise is None and label != "default body":
                    continue
                simulator = SMPLIMUSimulator(
                    body, sites=SIX, rate=RATE, noise=noise, engine=engine, random_state=0
                )
                spent = cpu(lambda s=simulator: s.simulate(motion), 3) / frames * 1e6
                kind = "" if noise is None else " and noise"
                name = f"six sites, acc + gyro with smoothing{kind}, {label}, {engine}"
                yield Row(name, f"{spent:.1f} µs/frame", f"≤ {target:.0f}", spent <= target)
    short = [clip(120) for _ in range(20)]
    simulator = SMPLIMUSimulator(sites=SIX, rate=RATE)
    spent = cpu(lambda: simulator.simulate(short), 3) / len(short) * 1e3
    yield Row("one clip of 2 s, six sites, numpy", f"{spent:.1f} ms/clip")


def shaped_body() -> BodyModel:
    """The default body in the midst of as many vertices as SMPL has, with pose blend shapes."""
    own, rng = default_body(), np.random.default_rng(4)
    assert own.vertices is not None and own.weights is not None
    more = 6890 - own.n_vertices
    near = rng.integers(0, own.n_vertices, more)
    return BodyModel(
        joint_names=own.joint_names,
        parents=own.parents,
        rest_joints=own.rest_joints,
        vertices=np.concatenate([own.vertices, own.vertices[near]]),
        weights=np.concatenate([own.weights, own.weights[near]]),
        faces=own.faces,
        posedirs=1e-3 * rng.standard_normal((6890, 3, 207)).astype(np.float32),
        stature=own.stature,
    )


def growth(quick: bool) -> Iterator[Row]:
    """Time and working memory, beyond input and output, against the length of a clip."""
    lengths = (1000, 10_000, 100_000) if quick else (1000, 10_000, 100_000, 1_000_000)
    simulator = SMPLIMUSimulator(sites=SIX, rate=RATE, engine=engines()[-1])
    spent, peaks = [], []
    for frames in lengths:
        motion = clip(frames)

        def run(motion: Motion = motion) -> Recording:
            return simulator.simulate(motion)

        tracemalloc.start()
        start = time.process_time()
        out = run()
        took = time.process_time() - start
        peaks.append((tracemalloc.get_traced_memory()[1] - out.data.nbytes) / 1e6)
        tracemalloc.stop()
        took = took if frames > 50_000 else cpu(run, 3)
        spent.append(took / frames * 1e6)
        passed = None
        if frames > 10_000:
            passed = spent[-1] <= 1.3 * spent[1] and peaks[-1] <= 1.5 * max(peaks[1], 80.0)
        yield Row(
            f"clip of {frames:,} frames ({simulator.engine})",
            f"{spent[-1]:.1f} µs/frame, {peaks[-1]:.0f} MB",
            "linear, bound" if passed is not None else "",
            passed,
        )


def sites(quick: bool) -> Iterator[Row]:
    """Time against the number of sites: vertices all over the body."""
    body = default_body()
    frames = 1000 if quick else 4000
    motion = clip(frames)
    chosen = np.random.default_rng(3).choice(body.n_vertices, 72, replace=False).tolist()
    every = [Site(f"v{v}", vertices=(v,)) for v in chosen]
    for engine in engines():
        first = 0.0
        for count in (1, 6, 18, 72):
            simulator = SMPLIMUSimulator(sites=every[:count], rate=RATE, engine=engine)
            spent = cpu(lambda s=simulator: s.simulate(motion), 3) / frames * 1e6
            first = first or spent
            passed = spent < count * first if count > 1 else None
            target = f"< {count} × first" if count > 1 else ""
            yield Row(f"{count} sites, {engine}", f"{spent:.1f} µs/frame", target, passed)


def engines() -> tuple[str, ...]:
    try:
        import numba  # noqa: F401
    except ImportError:
        return ("numpy",)
    return ("numpy", "numba")


if __name__ == "__main__":
    sys.exit(not main("--quick" in sys.argv))
