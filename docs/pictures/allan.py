"""Allan deviation of a simulated gyroscope at rest, with what each of its slopes means."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from docs.pictures.style import SMALL, Colors, render
from m3n_sklearn import IMUNoise, Recording, SensorNoise
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import allan_deviation

HEIGHT = 4.0
RATE, HOURS = 20.0, 6.0
DENSITY, INSTABILITY, CORRELATION, WALK = 1e-4, 4e-5, 20.0, 2e-6


def main() -> None:
    """Draw it."""
    gyro = SensorNoise(
        density=DENSITY, instability=INSTABILITY, correlation_time=CORRELATION, random_walk=WALK
    )
    still = np.zeros((1, 6, int(HOURS * 3600 * RATE)))
    still[:, 2] = 9.80665
    noise = IMUNoise(gyro=gyro, rate=RATE, channels=channel_names("left_wrist"), random_state=0)
    readings = noise.fit_transform(still)[0, 3:].T
    recording = Recording(readings, RATE)
    measured = allan_deviation(recording.data, RATE)
    taus = measured.taus
    deviation = np.sqrt(np.mean(np.square(measured.deviation), axis=1))

    def draw(figure: Figure, colors: Colors) -> None:
        ax = figure.add_axes((0.15, 0.16, 0.82, 0.79))
        ax.loglog(taus, deviation, color=colors.imu, linewidth=2.2)
        ax.loglog(taus, DENSITY / np.sqrt(taus), "--", color=colors.pose, linewidth=1.3)
        ax.loglog(taus, WALK * np.sqrt(taus / 3), "--", color=colors.words, linewidth=1.3)
        floor = 0.617 * INSTABILITY
        ax.axhline(floor, linestyle="--", color=colors.label, linewidth=1.3)
        ax.set_ylim(deviation.min() / 4, deviation.max() * 1.5)
        ax.set_xlabel("averaging time τ, s")
        ax.set_ylabel("Allan deviation, rad/s")
        ax.text(0.35, 2.9e-4, "white noise: N / √τ", color=colors.pose, fontsize=SMALL)
        ax.text(
            taus[0], floor * 0.80, "bias instability", color=colors.label, fontsize=SMALL, va="top"
        )
        ax.text(
            taus[-1], 1.5e-5, "random walk:\nK √(τ/3)", color=colors.words, fontsize=SMALL,
            ha="right", va="top",
        )  # fmt: skip

    render("allan", HEIGHT, draw)
