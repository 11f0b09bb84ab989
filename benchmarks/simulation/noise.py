"""Coefficients of the generated noise against the given ones, at several rates.

python -m benchmarks.simulation noise
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from m3n_sklearn.simulation import IMUNoise, SensorNoise, allan_deviation

RATES = (25.0, 50.0, 100.0, 200.0)
ACC, GYRO = 300e-6 * 9.80665, np.deg2rad(0.01)
"""One-sided densities of an MPU-9250."""
CORRELATION_TIME = 1.0
TOLERANCE, ERRORS = 0.03, 3.0
"""The target: this relative error, or so many standard errors where that is more."""


class Row(NamedTuple):
    """One line of the table, relative to the given value."""

    quantity: str
    rate: float
    found: float
    error: float
    baseline: float | None = None

    @property
    def target(self) -> float:
        return max(TOLERANCE, ERRORS * self.error)

    @property
    def passed(self) -> bool:
        return abs(self.found - 1) <= self.target


def main(quick: bool = False) -> bool:
    """Print the tables; True if every row is within its target."""
    rows = [*allan_rows(quick), *instability_rows(quick)]
    print("Sensor errors, found / given (1 is correct)")
    head = f"{'quantity':<44}{'rate Hz':>8}{'found':>9}{'target':>8}{'baseline':>9}"
    print(f"{head}  verdict")
    for row in rows:
        verdict = "pass" if row.passed else "MISS"
        baseline = "" if row.baseline is None else f"{row.baseline:.4f}"
        print(
            f"{row.quantity:<44}{row.rate:>8g}{row.found:>9.4f}{row.target:>8.3f}{baseline:>9}"
            f"  {verdict}"
        )
    print("baseline, white: a one-sided density taken for a two-sided one, density √rate")
    print("baseline, instability: the recursion b[k+1] = a b[k] + √(1 - a²) sd w from b[0] = 0")
    print(f"\nMPU-9250 with instability: {cost(quick):.2f} CPU µs per sample of a sensor")
    return all(row.passed for row in rows)


def allan_rows(quick: bool) -> Iterator[Row]:
    """White noise by the deviation at 1 s, random walks by that at 3 s."""
    seconds = 2000 if quick else 8000
    for rate in RATES:
        white = IMUNoise(
            acc=SensorNoise(density=ACC),
            gyro=SensorNoise(density=GYRO),
            density_convention="one-sided",
        ).apply(np.zeros((int(seconds * rate), 6)), rate, np.random.default_rng(1))
        wanted = np.repeat([ACC, GYRO], 3) / np.sqrt(2)
        misread = IMUNoise(acc=SensorNoise(density=ACC), gyro=SensorNoise(density=GYRO)).apply(
            np.zeros_like(white), rate, np.random.default_rng(2)
        )
        found, error = pooled(white, rate, 1.0, wanted)
        baseline, _ = pooled(misread, rate, 1.0, wanted)
        yield Row("white, one-sided density, Allan dev. at 1 s", rate, found, error, baseline)
        found, error = pooled(misread, rate, 1.0, wanted * np.sqrt(2))
        yield Row("white, two-sided density, Allan dev. at 1 s", rate, found, error)
        walk = IMUNoise(acc=SensorNoise(random_walk=ACC), gyro=SensorNoise(random_walk=GYRO)).apply(
            np.zeros_like(white), rate, np.random.default_rng(3)
        )
        found, error = pooled(walk, rate, 3.0, np.repeat([ACC, GYRO], 3))
        yield Row("random walk, Allan deviation at 3 s", rate, found, error)


def pooled(data: np.ndarray, rate: float, tau: float, wanted: np.ndarray) -> tuple[float, float]:
    """Ratio of Allan deviations to the given ones over all axes, and its standard error."""
    result = allan_deviation(data, rate, taus=[tau])
    ratio = float(np.sqrt(np.mean((result.deviation[0] / wanted) ** 2)))
    return ratio, float(result.error[0] / np.sqrt(data.shape[1]))


def instability_rows(quick: bool) -> Iterator[Row]:
    """Gauss-Markov bias over an ensemble of clips: deviation and autocorrelation."""
    clips = 1000 if quick else 6000
    for rate in RATES:
        noise = IMUNoise(
            acc=SensorNoise(instability=ACC, correlation_time=CORRELATION_TIME),
            gyro=SensorNoise(instability=GYRO, correlation_time=CORRELATION_TIME),
            rate=rate,
            random_state=0,
        )
        samples = int(1.5 * CORRELATION_TIME * rate) + 1
        bias = noise.transform(np.zeros((clips, 6, samples)))
        bias = (bias / np.repeat([ACC, GYRO], 3)[:, None]).reshape(-1, samples)
        zero = from_zero(len(bias), samples, rate)
        lag = round(CORRELATION_TIME * rate)
        spread = 1 / np.sqrt(2 * len(bias))
        for name, k in (("first sample", 0), ("sample at corr. time", lag)):
            found, baseline = bias[:, k].std(), zero[:, k].std()
            yield Row(f"instability, sd of {name}", rate, found, spread, baseline)
        wanted = np.exp(-1)
        found, baseline = (np.mean(x[:, 0] * x[:, lag]) / wanted for x in (bias, zero))
        error = np.sqrt((1 + wanted**2) / len(bias)) / wanted
        yield Row("instability, autocovariance at corr. time", rate, found, error, baseline)


def from_zero(count: int, samples: int, rate: float) -> np.ndarray:
    """Gauss-Markov processes of deviation 1 that start at zero."""
    rng = np.random.default_rng(0)
    keep = np.exp(-1 / (CORRELATION_TIME * rate))
    drive = np.sqrt(1 - keep**2)
    bias = np.zeros((count, samples))
    for k in range(1, samples):
        bias[:, k] = keep * bias[:, k - 1] + drive * rng.standard_normal(count)
    return bias


def cost(quick: bool) -> float:
    """CPU time of one sample of one sensor (six axes) in µs, the best of several runs."""
    noise = IMUNoise.preset("mpu9250", acc__instability=0.01, gyro__instability=0.001)
    data = np.random.default_rng(0).standard_normal((10_000, 6))
    best = np.inf
    for _ in range(3 if quick else 7):
        start = time.process_time()
        for seed in range(5):
            noise.apply(data, 100.0, np.random.default_rng(seed))
        best = min(best, time.process_time() - start)
    return float(1e6 * best / 5 / len(data))


if __name__ == "__main__":
    sys.exit(0 if main("--quick" in sys.argv) else 1)
