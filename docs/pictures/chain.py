"""The chain: motion and text teach an encoder, a few labeled recordings a classifier."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from docs.pictures.style import (
    LARGE,
    MEDIUM,
    SMALL,
    WIDTH,
    Colors,
    arrow,
    box,
    canvas,
    inset,
    render,
)
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.datasets import make_motions, make_wrist_har

HEIGHT = 4.9


def main() -> None:
    """Draw it."""
    [motion] = make_motions(1, 1, activities=["wave"], seconds=6.0, random_state=0)
    reading = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0).simulate(motion)
    body = default_body(motion.sex, motion.stature)
    joints, _ = forward_kinematics(body, motion.poses[60])
    bones = np.stack([joints[body.parents[1:]], joints[1:]], axis=1)
    watch = make_wrist_har(1, 1, ["walk", "clap", "knock"], random_state=0).recordings

    def draw(figure: Figure, colors: Colors) -> None:
        ax = canvas(figure, HEIGHT)
        top = 100 * HEIGHT / WIDTH

        # pretraining, once
        ax.text(2, top - 5, "Pretrain once, without labels", fontsize=LARGE, weight="bold")
        y, height = top - 37, 28
        box(ax, 2, y, 22, height, colors, edge=colors.pose)
        figure_axes = inset(ax, 3, y + 6.5, 20, 20.5)
        for start, end in bones:
            figure_axes.plot(
                [start[0], end[0]], [start[2], end[2]],
                color=colors.pose, linewidth=3, solid_capstyle="round",
            )  # fmt: skip
        figure_axes.set_aspect("equal")
        ax.text(13, y + 2.5, "body motion", ha="center", fontsize=MEDIUM)

        box(ax, 38, y + 15.5, 26, 12.5, colors, edge=colors.imu)
        signal = inset(ax, 39.5, y + 21, 23, 6)
        signal.plot(reading.data[:150, :3], linewidth=1.2)
        ax.text(51, y + 17.5, "simulated IMU", ha="center", fontsize=MEDIUM)
        arrow(ax, (24.8, y + 21.5), (37.2, y + 21.5), colors.muted)
        ax.text(31, y + 23.5, "simulate", ha="center", fontsize=SMALL, color=colors.muted)

        box(ax, 38, y, 26, 12.5, colors, edge=colors.words)
        ax.text(
            51, y + 8.6, "“a person waves\nwith one hand”",
            ha="center", va="center", fontsize=SMALL, color=colors.words,
        )  # fmt: skip
        ax.text(51, y + 1.7, "captions", ha="center", fontsize=MEDIUM)

        box(ax, 76, y + 5, 22, 18, colors, edge=colors.text)
        ax.text(87, y + 17, "Multi3Net", ha="center", fontsize=MEDIUM)
        ax.text(87, y + 12.5, "Pretrainer", ha="center", fontsize=MEDIUM)
        ax.text(87, y + 7.3, "one space", ha="center", fontsize=SMALL, color=colors.muted)
        arrow(ax, (64.8, y + 21.5), (75.2, y + 18), colors.imu)
        arrow(ax, (64.8, y + 6), (75.2, y + 10), colors.words)
        arrow(ax, (24.8, y + 14), (75.2, y + 14), colors.pose)

        # few labels, often
        ax.text(2, top - 46, "Classify with few labels", fontsize=LARGE, weight="bold")
        y, height = top - 74, 24
        box(ax, 2, y, 31, height, colors, edge=colors.imu)
        signal = inset(ax, 3.5, y + 11, 28, 12)
        start = 0
        for recording, color in zip(watch, colors.series[1:], strict=False):
            part = recording.data[:110, :3]
            signal.plot(np.arange(start, start + len(part)), part, color=colors.imu, linewidth=1.0)
            signal.axvspan(start, start + len(part), ymax=0.1, color=color, linewidth=0)
            start += len(part)
        ax.text(17.5, y + 6.7, "your recordings,", ha="center", fontsize=MEDIUM)
        ax.text(17.5, y + 2.2, "a few labeled", ha="center", fontsize=MEDIUM)

        box(ax, 44, y + 3, 22, 18, colors, edge=colors.text)
        ax.text(55, y + 14, "Multi3Net", ha="center", fontsize=MEDIUM)
        ax.text(55, y + 9.5, "Classifier", ha="center", fontsize=MEDIUM)
        arrow(ax, (33.8, y + 12), (43.2, y + 12), colors.imu)
        ax.text(38.5, y + 14, "cut", ha="center", fontsize=SMALL, color=colors.muted)
        arrow(ax, (87, top - 32.7), (66.8, y + 17.5), colors.text, bend=-0.25)
        ax.text(88, y + 24, "encoder", ha="center", fontsize=SMALL, color=colors.muted)

        for i, (name, color) in enumerate(
            zip(("walk", "clap", "knock"), colors.series[1:], strict=False)
        ):
            box(ax, 79, y + 12.3 - 6.6 * i, 19, 5.4, colors, edge=color)
            ax.text(88.5, y + 15 - 6.6 * i, name, ha="center", va="center", fontsize=SMALL)
        arrow(ax, (66.8, y + 8.5), (78.2, y + 8.5), colors.text)

    render("chain", HEIGHT, draw)
