"""Honest comparison: few labels, people never seen, the same draws for every method."""

from __future__ import annotations

from ._budgets import draw_labels
from ._features import WindowFeatures
from ._study import Method, Score, few_label_study, format_table, macro_f1, per_person

__all__ = [
    "Method",
    "Score",
    "WindowFeatures",
    "draw_labels",
    "few_label_study",
    "format_table",
    "macro_f1",
    "per_person",
]
