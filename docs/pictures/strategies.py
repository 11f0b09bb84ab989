"""What each strategy of the classifier trains."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from docs.pictures.style import MEDIUM, SMALL, WIDTH, Colors, arrow, box, canvas, render

HEIGHT = 6.25

ROWS = (  # strategy, encoder, whether it is trained, head, whether it is trained, labels
    ("scratch", "random weights", True, "head", True, "yes"),
    ("frozen", "pretrained", False, "linear head", True, "yes"),
    ("finetune", "pretrained", True, "head or text", True, "yes"),
    ("zero_shot", "pretrained", False, "text", False, "none"),
    ("guided", "pretrained", False, "head and text", True, "yes"),
)


def main() -> None:
    """Draw it."""

    def part(ax: Axes, x: float, y: float, width: float, trained: bool, colors: Colors) -> None:
        edge = colors.pose if trained else colors.imu
        box(ax, x, y, width, 9, colors, edge=edge, dashed=not trained)

    def draw(figure: Figure, colors: Colors) -> None:
        ax = canvas(figure, HEIGHT)
        top = 100 * HEIGHT / WIDTH
        for x, text in ((39, "encoder"), (69.5, "head"), (91, "labels")):
            ax.text(x, top - 4.5, text, ha="center", fontsize=MEDIUM, weight="bold")
        for i, (name, encoder, tuned, head, fitted, labels) in enumerate(ROWS):
            y = top - 17.5 - 12.5 * i
            ax.text(2, y + 4.5, name, va="center", fontsize=MEDIUM, family="monospace")
            part(ax, 23, y, 32, tuned, colors)
            ax.text(39, y + 4.3, encoder, ha="center", va="center", fontsize=SMALL)
            arrow(ax, (55.6, y + 4.5), (58.6, y + 4.5), colors.muted)
            part(ax, 59, y, 21, fitted, colors)
            ax.text(69.5, y + 4.3, head, ha="center", va="center", fontsize=SMALL)
            ax.text(91, y + 4.3, labels, ha="center", va="center", fontsize=SMALL)
        y = top - 17.5 - 12.5 * len(ROWS) - 3.5
        ax.text(2, y + 6.3, "auto", va="center", fontsize=MEDIUM, family="monospace")
        box(ax, 23, y, 75, 12.5, colors, edge=colors.label)
        ax.text(
            60.5, y + 6, "chosen by the number of labels: one of them,\nor an ensemble of"
            " frozen, finetune and scratch",
            ha="center", va="center", fontsize=SMALL,
        )  # fmt: skip
        y -= 9.5
        box(ax, 23, y, 6, 5, colors, edge=colors.pose)
        ax.text(31, y + 2.3, "trained on your labels", va="center", fontsize=SMALL)
        box(ax, 69, y, 6, 5, colors, edge=colors.imu, dashed=True)
        ax.text(77, y + 2.3, "as it is", va="center", fontsize=SMALL)

    render("strategies", HEIGHT, draw)
