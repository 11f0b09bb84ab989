"""Windows of 2.56 s to measure with: random, but of the right shapes and units."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from m3n_sklearn import Windows

RATE, LENGTH, POSE_RATE, FRAMES, JOINTS = 50.0, 128, 30.0, 77, 24
CHANNELS = tuple(f"right_wrist_{s}_{axis}" for s in ("acc", "gyro") for axis in "xyz")
CAPTIONS = [f"a person does exercise number {k} with the right hand" for k in range(200)]
N_CLASSES = 10


def labeled(count: int, seed: int = 0) -> tuple[Windows, np.ndarray]:
    """Return IMU windows of ten classes that differ in their pace."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, N_CLASSES, count)
    phase = 2 * np.pi * np.outer(0.5 + 0.4 * y, np.arange(LENGTH) / RATE)
    imu = rng.normal(0, 0.5, (count, 6, LENGTH)).astype(np.float32)
    imu += np.sin(phase + rng.uniform(0, 6, (count, 1)))[:, None].astype(np.float32)
    imu[:, 2] += 9.81
    return Windows(imu=imu, rate=RATE, channels=CHANNELS), y


def corpus(count: int) -> Windows:
    """Return windows with poses and captions."""
    X, _ = labeled(count)
    rng = np.random.default_rng(1)
    pose = rng.normal(0, 0.2, (count, FRAMES, JOINTS, 3)).astype(np.float32)
    return _with_motion(X["imu"], pose, np.zeros((count, FRAMES, 3), np.float32))


def corpus_on_disk(count: int, folder: Path) -> Windows:
    """Return memory maps of files full of holes: they take no space, but are read as any other."""

    def empty(name: str, *shape: int) -> np.ndarray:
        path = folder / f"{name}.npy"
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, *shape))
        return np.load(path, mmap_mode="r")

    return _with_motion(
        empty("imu", 6, LENGTH), empty("pose", FRAMES, JOINTS, 3), empty("trans", FRAMES, 3)
    )


def _with_motion(imu: np.ndarray, pose: np.ndarray, trans: np.ndarray) -> Windows:
    return Windows(
        imu=imu,
        pose=pose,
        trans=trans,
        text=[CAPTIONS[k % len(CAPTIONS)] for k in range(len(imu))],
        rate={"imu": RATE, "pose": POSE_RATE},
        channels=CHANNELS,
    )
