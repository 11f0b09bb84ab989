"""Learning curves: scores against the number of labeled windows per class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from ..evaluation import Budget, Score, check_scores, marked_names, mean_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LabelEfficiencyDisplay"]


class LabelEfficiencyDisplay:
    """Macro F1 against the label budget: one curve with a confidence band per method.

    Build it with :meth:`from_scores`.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`m3n_sklearn.evaluation.few_label_study`.
    methods : sequence of str, optional
        Methods to draw, in this order; all by default.
    confidence : float, default=0.95
        Confidence level of the bands, see :func:`m3n_sklearn.evaluation.mean_interval`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The drawing.
    figure_ : matplotlib Figure
        Figure of the axes.

    Notes
    -----
    A budget is placed at its number of windows per class, averaged over the fits; this includes
    shares and "all". Tick labels that would touch are put in several lines.

    A band shows the uncertainty of the mean of a method. It does not show whether two methods
    differ, because they were tested on the same people: use
    :func:`m3n_sklearn.evaluation.paired_difference`.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.evaluation import Score
    >>> from m3n_sklearn.inspection import LabelEfficiencyDisplay
    >>> rows = {"rows": np.arange(2), "predictions": np.arange(2), "classes": np.arange(3)}
    >>> scores = [
    ...     Score("ours", budget, person, 0, f1, **rows, n_train=3 * budget)
    ...     for budget, f1 in ((1, 0.4), (5, 0.7))
    ...     for person in ("ann", "bob")
    ... ]
    >>> LabelEfficiencyDisplay.from_scores(scores).ax_.get_ylabel()
    'macro F1 on unseen people'
    """

    def __init__(
        self,
        scores: Sequence[Score],
        *,
        methods: Sequence[str] | None = None,
        confidence: float = 0.95,
    ) -> None:
        self.scores = check_scores(scores)
        there = list(dict.fromkeys(score.method for score in self.scores))
        self.methods = list(methods or there)
        unknown = [name for name in self.methods if name not in there]
        if unknown:
            raise ValueError(
                f"There are no scores of {', '.join(map(repr, unknown))}, but of {there}."
            )
        self.confidence = confidence

    @classmethod
    def from_scores(
        cls,
        scores: Sequence[Score],
        *,
        methods: Sequence[str] | None = None,
        confidence: float = 0.95,
        ax: Axes | None = None,
    ) -> LabelEfficiencyDisplay:
        """Draw the curves of a study.

        Parameters
        ----------
        scores : sequence of Score
            From :func:`m3n_sklearn.evaluation.few_label_study`.
        methods : sequence of str, optional
            Methods to draw, in this order; all by default.
        confidence : float, default=0.95
            Confidence level of the bands.
        ax : matplotlib Axes, optional
            Axes to draw on; new ones by default.

        Returns
        -------
        LabelEfficiencyDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `scores` is empty, or has none of one of the methods.
        """
        return cls(scores, methods=methods, confidence=confidence).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> LabelEfficiencyDisplay:
        """Draw the mean over people, with a bootstrap confidence band.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; new ones by default.

        Returns
        -------
        LabelEfficiencyDisplay
            Itself.
        """
        outside: dict[str, Any] = {}
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(8.5, 4.2), layout="constrained")
            outside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
        # 1. Curves
        places = self.places()
        shown, notes = marked_names([s for s in self.scores if s.method in self.methods])
        for i, name in enumerate(self.methods):
            self._draw_curve(ax, name, places, f"C{i}", shown[name])
        # 2. Ticks; budgets at the same place share one, and labels do not overlap
        ax.set_xscale("log")
        stacks: dict[float, list[str]] = {}
        for budget, place in places.items():
            stacks.setdefault(place, []).append(_tick(budget))
        ax.set_xticks(list(stacks), ["\n".join(stack) for stack in stacks.values()])
        ax.set_xticks(list(stacks), _without_overlap(ax))
        ax.minorticks_off()
        ax.set_xlabel("\n".join(["labeled windows per class", *notes]))
        ax.set_ylabel("macro F1 on unseen people")
        ax.set_ylim(0, 1)
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize="small", **outside)
        self.ax_ = ax
        self.figure_: Figure = ax.figure  # type: ignore[assignment]
        return self

    def places(self) -> dict[Budget, float]:
        """Return the place of each budget on the axis: its mean number of windows per class.

        Returns
        -------
        dict
            Budgets and windows per class, in increasing order.
        """
        counts: dict[Budget, list[float]] = {}
        for score in self.scores:
            learned = counts.setdefault(score.budget, [])
            if score.n_train:
                learned.append(score.n_train / len(score.classes))
        places = {budget: float(np.mean(seen)) for budget, seen in counts.items() if seen}
        # if no method uses labels, a budget is placed at its own value
        unused = [budget for budget in counts if budget not in places]
        places |= {budget: float(budget or 1) for budget in unused}
        return dict(sorted(places.items(), key=lambda item: item[1]))

    def _draw_curve(
        self, ax: Axes, name: str, places: dict[Budget, float], color: str, label: str
    ) -> None:
        """Draw the curve and the band of one method."""
        met = {score.budget for score in self.scores if score.method == name}
        x = [place for budget, place in places.items() if budget in met]
        found = [
            mean_interval(self.scores, name, budget=budget, confidence=self.confidence)
            for budget in places
            if budget in met
        ]
        ax.plot(x, [interval.mean for interval in found], marker="o", color=color, label=label)
        low, high = ([i.low for i in found], [i.high for i in found])
        ax.fill_between(x, low, high, color=color, alpha=0.15, lw=0)


def _without_overlap(ax: Axes) -> list[str]:
    """Return the tick labels, moved down by lines where they would touch others."""
    texts: list[str] = []
    ends: list[float] = []  # of each line, where its last label ends
    for label in ax.get_xticklabels():
        box, text = label.get_window_extent(), label.get_text()
        n_lines = text.count("\n") + 1
        line = next(i for i in count() if all(end < box.x0 for end in ends[i : i + n_lines]))
        ends[line : line + n_lines] = [box.x1 + box.height / (2 * n_lines)] * n_lines
        texts.append("\n" * line + text)
    return texts


def _tick(budget: Budget) -> str:
    """Return a budget as text."""
    if budget is None:
        return "all"
    return f"{100 * budget:g} %" if isinstance(budget, float) else str(budget)
