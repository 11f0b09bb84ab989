"""What `cut` makes of an item: windows that are kept, and windows that are dropped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, NamedTuple

from ._cutting import KEPT, Item, as_clips, list_candidates, make_plan

__all__ = ["WindowFates", "window_fates"]


class WindowFates(NamedTuple):
    """The windows of one item.

    Attributes
    ----------
    kept : int
        Windows that `cut` returns.
    lost : dict of str to int
        Windows that it drops, by the first reason.
    labels : Counter
        Kept windows by class.
    mixed : int
        Kept windows that contain other classes than their own.
    too_short : bool
        Whether the item is shorter than a window.
    """

    kept: int
    lost: dict[str, int]
    labels: Counter[Hashable]
    mixed: int
    too_short: bool


def window_fates(item: Item, **cutting: Any) -> WindowFates:
    """Count what `cut` with the same arguments makes of a motion, a recording or a pair."""
    [clip] = as_clips(item)
    found = list_candidates(clip, make_plan([clip], **cutting))
    counts = Counter(found.fates.tolist())
    kept = found.kept
    return WindowFates(
        kept=counts.pop(KEPT, 0),
        lost=dict(counts),
        labels=Counter(label for label, keep in zip(found.labels, kept, strict=True) if keep),
        mixed=int((found.purity[kept] < 1).sum()),
        too_short=len(found.starts) == 0,
    )
