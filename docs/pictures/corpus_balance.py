"""Balance of a corpus: windows per caption with each rule."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from matplotlib.figure import Figure

from docs.pictures.style import MEDIUM, SMALL, Colors, render
from m3n_sklearn import build_corpus
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import CorpusSource

HEIGHT = 3.9
CLIPS = {"walk": 24, "stir": 10, "wave": 5, "clap": 3, "knock": 1}
KEPT = 120


def main() -> None:
    """Draw it."""
    motions, caption_of = [], {}
    for activity, count in CLIPS.items():
        found = make_motions(1, count, activities=[activity], seconds=12.0, random_state=0)
        caption_of[activity] = found[0].text[0]
        motions += found
    source = CorpusSource("embedded", "BSD-3-Clause", lambda: motions)
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        for rule in ("all windows", "none", "sqrt", "uniform"):
            size = {} if rule == "all windows" else {"n_windows": KEPT, "balance": rule}
            path = build_corpus([source], Path(folder) / rule.split()[0], simulator=None, **size)
            manifest = json.loads((Path(path) / "manifest.json").read_text(encoding="utf-8"))
            counts[rule] = manifest["windows"]["by_caption"]

    def draw(figure: Figure, colors: Colors) -> None:
        axes = figure.subplots(
            1, 4, sharey=True,
            gridspec_kw={"left": 0.11, "right": 0.97, "top": 0.74, "bottom": 0.07, "wspace": 0.22},
        )  # fmt: skip
        figure.text(0.02, 0.94, "windows per caption", fontsize=MEDIUM, va="center")
        for ax, (rule, windows) in zip(axes, counts.items(), strict=True):
            values = [windows[caption_of[activity]] for activity in CLIPS]
            everything = rule == "all windows"
            bars = ax.barh(
                list(CLIPS), values, height=0.66, color=colors.line if everything else colors.imu
            )
            ax.bar_label(bars, padding=3, fontsize=SMALL, color=colors.text)
            ax.set_xlim(0, 1.55 * max(values))
            ax.set_xticks([])
            ax.spines["bottom"].set_visible(False)
            title = f"all\n{sum(values)} windows" if everything else f"{rule}\n{sum(values)} kept"
            ax.set_title(title, fontsize=SMALL)
        axes[0].set_ylim(len(CLIPS) - 0.5, -0.5)

    render("corpus_balance", HEIGHT, draw)
