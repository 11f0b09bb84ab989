"""A toy world: one elbow swings, and a sensor on the forearm reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from m3n_sklearn import Windows
from m3n_sklearn.recording import channel_names

RATE, SECONDS, MARGIN = 25.0, 2.0, 0.2
CLASSES = ("swing slowly", "swing quickly", "hold still")
ELBOW = 19


def swings(n: int, seed: int = 0) -> Windows:
    """Return n pose windows of three activities with captions."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 3
    frequency = np.array([0.6, 1.8, 0.0])[kind] * rng.uniform(0.8, 1.2, n)
    amplitude, phase = rng.uniform(0.5, 1.0, n), rng.uniform(0, 2 * np.pi, n)
    t = np.arange(round((SECONDS + 2 * MARGIN) * RATE)) / RATE
    angle = amplitude[:, None] * np.sin(2 * np.pi * frequency[:, None] * t + phase[:, None])
    pose = np.zeros((n, len(t), 24, 3))
    pose[:, :, 0, 0] = np.pi / 2  # SMPL's y up becomes z up
    pose[:, :, ELBOW, 1] = angle
    return Windows(
        pose=pose,
        trans=np.zeros((n, len(t), 3)),
        text=np.array(CLASSES)[kind],
        clip=np.arange(n) // 3,
        rate={"pose": RATE},
        margin=MARGIN,
    )


class ToySimulator(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Reads the elbow's angle as rate and tilt; noise depends on the seed and the clip."""

    def __init__(self, noise: float = 0.0, random_state: int | None = None) -> None:
        self.noise = noise
        self.random_state = random_state

    def fit(self, X: Windows, y: Any = None) -> ToySimulator:
        self.seen_ = len(X)
        return self

    def transform(self, X: Windows) -> Windows:
        skipped = round(X.margin * RATE)
        angle = X["pose"][:, :, ELBOW, 1]
        rate = np.gradient(angle, 1 / RATE, axis=1)
        imu = np.zeros((len(X), 6, angle.shape[1]))
        imu[:, 0], imu[:, 2], imu[:, 4] = 9.81 * np.sin(angle), 9.81 * np.cos(angle), rate
        imu = imu[:, :, skipped:-skipped]
        for row, clip in zip(imu, X["clip"], strict=True):
            rng = np.random.default_rng([self.random_state or 0, int(clip)])
            row += self.noise * rng.standard_normal(row.shape)
        return X.assign(imu=imu, rate={"imu": RATE}, channels=channel_names("right_wrist"))


@pytest.fixture(scope="session")
def toy_simulator() -> type[ToySimulator]:
    return ToySimulator


@pytest.fixture(scope="session")
def toy_motion() -> Any:
    return swings


@pytest.fixture(scope="session")
def toy_scene() -> Windows:
    """Poses, captions and IMU of 48 windows."""
    return ToySimulator().fit(swings(3)).transform(swings(48))


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    """Parameters of a quick pretrainer."""
    return {
        "width": 16,
        "rate": RATE,
        "text_encoder": "hashing",
        "random_state": 0,
        "batch_size": 24,
        "max_epochs": 2,
    }


def as_imu(n: int, seed: int = 0) -> NDArray[np.float32]:
    """Return bare IMU windows."""
    return ToySimulator().transform(swings(n, seed))["imu"].astype(np.float32)


@pytest.fixture(scope="session")
def toy_imu() -> NDArray[np.float32]:
    return as_imu(24)
