"""Comparison of methods: few labels, unseen people, the same draws for every method."""

from __future__ import annotations

from .._splits import PurgedGroupKFold, consecutive_groups, person_folds, purge_overlaps
from ._bootstrap import Difference, Interval, mean_interval, paired_difference
from ._budgets import Budget as Budget
from ._budgets import budget_name as budget_name
from ._budgets import draw_labels
from ._features import WindowFeatures
from ._method import Method
from ._scores import Score, macro_f1, per_person
from ._scores import check_scores as check_scores
from ._segments import edit_score, segment_f1
from ._store import load_scores
from ._study import few_label_study
from ._tables import format_differences, format_table, to_frame
from ._tables import marked_names as marked_names

__all__ = [
    "Difference",
    "Interval",
    "Method",
    "PurgedGroupKFold",
    "Score",
    "WindowFeatures",
    "consecutive_groups",
    "draw_labels",
    "edit_score",
    "few_label_study",
    "format_differences",
    "format_table",
    "load_scores",
    "macro_f1",
    "mean_interval",
    "paired_difference",
    "per_person",
    "person_folds",
    "purge_overlaps",
    "segment_f1",
    "to_frame",
]
