"""What a labeled set of the benchmark consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from m3n_sklearn import Windows


@dataclass(frozen=True)
class Task:
    """A labeled set and its protocol.

    Attributes
    ----------
    groups : ndarray
        Person of each window, or segment of the session if there is only one person.
    blocks : ndarray
        Clip, recording or box of each window: labels are drawn block by block.
    folds : int, sequence of tuples of groups, or None
        What is held out together; None is one group at a time.
    budgets : tuple
        Labeled windows per class; None is all.
    descriptions : mapping
        Prompts of each class.
    label_at : {"window", "center"}
        What a label describes, for our networks.
    family : str
        The set as corpora of real recordings name it: an encoder must not have read it.
    skeletons : str
        Key of the corpus of skeletons of the same people, if there is one.
    mount : mapping
        How the sensors are worn, for encoders that expect the axes of the sites.
    """

    key: str
    title: str
    X: Windows
    y: np.ndarray
    groups: np.ndarray
    blocks: np.ndarray
    folds: int | Sequence[tuple[Any, ...]] | None
    budgets: tuple[int | None, ...]
    descriptions: Mapping[Any, tuple[str, ...]]
    label_at: str = "window"
    family: str = ""
    skeletons: str = ""
    mount: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_acc_only(self) -> bool:
        """Whether no gyroscope was read."""
        return not any("_gyro_" in channel for channel in self.X.channels or ())
