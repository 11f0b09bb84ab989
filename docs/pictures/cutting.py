"""Cutting: a motion and its readings on one clock, windows with margins, a gap that windows
avoid."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from docs.pictures.style import MEDIUM, SMALL, Colors, render
from m3n_sklearn import SMPLIMUSimulator, cut
from m3n_sklearn.datasets import make_motions

HEIGHT = 4.6
SECONDS, MARGIN = 2.0, 0.5
GAP = (6.2, 6.7)


def main() -> None:
    """Draw it."""
    [motion] = make_motions(1, 1, activities=["wave"], seconds=10.0, random_state=0)
    reading = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0).simulate(motion)
    times = reading.times
    lost = (times >= GAP[0]) & (times < GAP[1])
    broken = reading.replace(observed=np.repeat(~lost[:, None], reading.data.shape[1], axis=1))
    X, _, _ = cut([(motion, broken)], seconds=SECONDS, overlap=0.5, margin=MARGIN)
    kept = np.asarray(X["start"])
    planned = np.arange(kept[0], times[-1] - SECONDS + 1e-9, SECONDS / 2)
    size = np.where(lost, np.nan, np.linalg.norm(reading.data[:, :3], axis=1))

    def draw(figure: Figure, colors: Colors) -> None:
        signal, bars = figure.subplots(
            2, 1, sharex=True, height_ratios=(1, 1.9),
            gridspec_kw={"left": 0.14, "right": 0.98, "top": 0.92, "bottom": 0.12, "hspace": 0.08},
        )  # fmt: skip
        signal.plot(times, size, color=colors.imu, linewidth=1.4)
        signal.set_ylabel("|acc|, m/s²")
        signal.tick_params(labelbottom=False)
        signal.set_title("readings with a gap", loc="left", fontsize=MEDIUM, color=colors.imu)
        for ax in (signal, bars):
            ax.axvspan(*GAP, facecolor="none", edgecolor=colors.line, hatch="////", linewidth=0)
        for row, start in enumerate(planned):
            there = np.any(np.abs(kept - start) < 1e-6)
            style = {"linewidth": 1.3, "height": 0.72, "left": start, "y": row}
            if there:
                before = min(MARGIN, start - times[0])
                after = min(MARGIN, times[-1] - start - SECONDS)
                bars.barh(
                    row, SECONDS + before + after, left=start - before, height=0.72,
                    facecolor="none", edgecolor=colors.pose, linewidth=1.3,
                )  # fmt: skip
                bars.barh(width=SECONDS, facecolor=colors.imu, edgecolor=colors.imu, **style)
            else:
                bars.barh(
                    width=SECONDS, facecolor="none", edgecolor=colors.muted, linestyle="--", **style
                )
        bars.invert_yaxis()
        bars.set_yticks([])
        bars.set_ylabel("windows")
        bars.set_xlabel("time, s")
        bars.set_xlim(times[0] - 0.1, times[-1] + 0.1)
        for y, text, color in (
            (0.40, "IMU window", colors.imu),
            (0.28, "pose window with margins", colors.pose),
            (0.16, "not cut: touches the gap", colors.muted),
        ):
            bars.text(0.01, y, text, transform=bars.transAxes, fontsize=SMALL, color=color)

    render("cutting", HEIGHT, draw)
