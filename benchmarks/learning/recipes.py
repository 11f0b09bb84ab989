"""What is varied: parameters of pretrainer and classifier, as tables.

Entries are keyword arguments over the defaults of the library, so an empty recipe is the library as
a user meets it. They must be what JSON can hold: their hash is the key of everything that is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How an encoder is pretrained and what follows.

    Attributes
    ----------
    corpus : str
        Key of `corpora.CORPORA`.
    seconds : float
        Length of the corpus' windows.
    pretrainer, classifier : mapping
        Arguments of `Multi3NetPretrainer` and `Multi3NetClassifier`.
    """

    corpus: str
    seconds: float = 2.56
    pretrainer: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pretraining_key(self) -> str:
        """What tells one pretrained encoder from another."""
        return short_hash([self.corpus, self.seconds, self.pretrainer])


@dataclass(frozen=True)
class Ablation:
    """One change of the default, by name."""

    name: str
    pretrainer: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Any] = field(default_factory=dict)


PAPER: Mapping[str, Any] = {"encoder": "paper"}

ANY_MOUNTING: Mapping[str, Any] = {"augment": "so3"}
"""The classifier for sensors worn in any way."""

ABLATIONS: tuple[Ablation, ...] = (
    Ablation("default"),
    Ablation("contrast with text only", {"objectives": {"imu_text": 1.0}}),
    Ablation("contrast with pose only", {"objectives": {"imu_pose": 1.0}}),
    Ablation("reconstruction only", {"objectives": {"reconstruction": 1.0}}),
    Ablation("no reconstruction", {"objectives": {"imu_pose": 1, "imu_text": 1, "pose2imu": 1}}),
    Ablation("pretraining in a cone", {"augment": "cone"}),
    Ablation("pretraining without augmentation", {"augment": None}),
    Ablation("fine-tuning without augmentation", classifier={"augment": None}),
    Ablation("fine-tuning under any rotation", classifier={"augment": "so3"}),
    Ablation("batch normalisation", {"norm": "batch"}),
    Ablation("half the width", {"width": 64}),
    Ablation("MLP head", classifier={"head": "mlp"}),
)
"""Measured in-domain on UTD-MHAD."""


def short_hash(value: Any) -> str:
    """Return a name for a value that JSON can hold; the order of keys plays no part."""
    text = json.dumps(value, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
