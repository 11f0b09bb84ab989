"""Learning curves over the number of labelled windows per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..evaluation import Score, per_person

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LabelEfficiencyDisplay"]


class LabelEfficiencyDisplay:
    """Macro F1 against the label budget, one curve per method.

    Build it with :meth:`from_scores`.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`m3n_sklearn.evaluation.few_label_study`.
    all_labels : float, optional
        Where on the x axis "all labels" stands: the usual number of windows per class.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The drawing.
    figure_ : matplotlib Figure
        Holds it.
    """

    def __init__(self, scores: Sequence[Score], *, all_labels: float | None = None) -> None:
        if not scores:
            raise ValueError("There is nothing to draw: the study has no score.")
        self.scores = list(scores)
        if not all(isinstance(score, Score) for score in self.scores):
            raise TypeError(f"scores must be the Score objects of few_label_study, got {scores!r}.")
        self.all_labels = all_labels

    @classmethod
    def from_scores(
        cls,
        scores: Sequence[Score],
        *,
        all_labels: float | None = None,
        ax: Axes | None = None,
    ) -> LabelEfficiencyDisplay:
        """Draw the curves of a study.

        Parameters
        ----------
        scores : sequence of Score
            From :func:`m3n_sklearn.evaluation.few_label_study`.
        all_labels : float, optional
            Usual number of windows per class when all labels are used.
        ax : matplotlib Axes, optional
            Where to draw; a new one by default.

        Returns
        -------
        LabelEfficiencyDisplay
            The drawn display.
        """
        return cls(scores, all_labels=all_labels).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> LabelEfficiencyDisplay:
        """Draw: the mean over people, with one standard deviation of the mean.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new one by default.

        Returns
        -------
        LabelEfficiencyDisplay
            Itself.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
        budgets = list(dict.fromkeys(score.budget for score in self.scores))
        counted = [budget for budget in budgets if budget is not None]
        last = self.all_labels or 2 * max(counted, default=1)
        x = [float(last) if budget is None else float(budget) for budget in budgets]
        for i, name in enumerate(dict.fromkeys(score.method for score in self.scores)):
            people = [list(per_person(self.scores, name, budget).values()) for budget in budgets]
            means = np.array([np.mean(values) for values in people])
            errors = [np.std(v, ddof=1) / np.sqrt(len(v)) if len(v) > 1 else 0.0 for v in people]
            ax.errorbar(x, means, errors, marker="o", capsize=2, color=f"C{i}", label=name)
        ax.set_xscale("log")
        ax.set_xticks(x, ["all" if budget is None else str(budget) for budget in budgets])
        ax.minorticks_off()
        ax.set_xlabel("labelled windows per class")
        ax.set_ylabel("macro F1 on people never seen")
        ax.set_ylim(0, 1)
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize="small")
        self.ax_ = ax
        self.figure_: Figure = ax.figure  # type: ignore[assignment]
        return self
