"""Variations of the defaults: parameters of pretrainer and classifier, as tables.

Entries are keyword arguments over the defaults of the library, so an empty recipe is the library as
a user meets it. They must be what JSON can hold: their hash is the key of everything that is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from m3n_sklearn.pretraining import Augmentation


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
    unlabeled : {"", "training people", "everybody"}
        Whose real windows join the pretraining without their labels, in-domain.
    varied : mapping
        Arguments of `Randomization`, with which the corpus is simulated anew in every epoch.
    beside : str
        Key of the corpus of a second encoder, if there is one.
    """

    corpus: str
    seconds: float = 2.56
    pretrainer: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Any] = field(default_factory=dict)
    unlabeled: str = ""
    varied: Mapping[str, float] = field(default_factory=dict)
    beside: str = ""

    @property
    def encoders(self) -> list[Recipe]:
        """Recipes of one encoder each."""
        return [replace(self, beside=""), *([Recipe(self.beside)] if self.beside else [])]

    @property
    def pretraining_key(self) -> str:
        """Identifies a pretrained encoder, without a second one."""
        varied = [dict(self.varied)] if self.varied else []
        return short_hash([self.corpus, self.seconds, self.pretrainer, self.unlabeled, *varied])


@dataclass(frozen=True)
class Ablation:
    """One change of the default, by name, and what a reader must know about it."""

    name: str
    pretrainer: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Any] = field(default_factory=dict)
    unlabeled: str = ""
    flags: tuple[str, ...] = ()
    varied: Mapping[str, float] = field(default_factory=dict)


BY_DEFAULT: Mapping[str, Any] = {"strategy": "auto"}
"""The classifier that the targets apply to."""

PROBED: Mapping[str, Any] = {"strategy": "finetune", "descriptions": None}
"""The classifier that is fine-tuned from the closed-form head, without descriptions."""

PAPER: Mapping[str, Any] = {"encoder": "paper"}

ANY_MOUNTING: Mapping[str, Any] = {"augment": "so3"}
"""The classifier for sensors worn in any way."""

FINE_TUNING = Augmentation("cone", tempo=1.3, amplitude=0.2)
"""What ``augment="auto"`` of a classifier stands for; a test compares the two."""

EITHER_WAY: Mapping[str, Any] = {"augment": replace(FINE_TUNING, strap_flip=0.5)}
"""The classifier for watches of which half may be strapped the other way round."""

CONE = Augmentation("cone")
"""Turns, noise and crops only: movements keep their tempo and size."""

WITHOUT_LABELS = "unlabeled windows of the training people"
TRANSDUCTIVE = "unlabeled target windows"

ABLATIONS: tuple[Ablation, ...] = (
    Ablation("default"),
    # objectives
    Ablation("contrast with text only", {"objectives": {"imu_text": 1.0}}),
    Ablation("contrast only", {"objectives": {"imu_text": 1, "imu_pose": 1, "pose_text": 1}}),
    Ablation(
        "reconstruction only", {"objectives": {"reconstruction": 1.0}}, {"descriptions": None}
    ),
    Ablation("pose as the only teacher", {"objectives": {"imu_pose": 1.0}}, {"descriptions": None}),
    # augmentation and size
    Ablation("pretraining under any rotation", {"augment": "so3"}),
    Ablation("pretraining without augmentation", {"augment": None}),
    Ablation(
        "pretraining with tempo and amplitude",
        {"augment": Augmentation("cone", tempo=1.25, amplitude=0.15)},
    ),
    Ablation(
        "bodies and mounts anew in every epoch",
        varied={"stature_sd": 0.08, "site_jitter": 0.01, "mount_angle": 0.35},
    ),
    Ablation("half the width", {"width": 64}),
    # fine-tuning
    Ablation("without rehearsal", classifier={"rehearses": False}),
    Ablation("without prompts", classifier={"descriptions": None}),
    Ablation("fine-tuning without augmentation", classifier={"augment": None}),
    Ablation("fine-tuning without tempo and amplitude", classifier={"augment": CONE}),
    Ablation("mixture of experts", classifier={**PROBED, "head": "moe"}),
    Ablation("linear head", classifier=PROBED),
    # unlabeled recordings
    Ablation("+ real windows", unlabeled="training people", flags=(WITHOUT_LABELS,)),
    Ablation("+ real windows, transductive", unlabeled="everybody", flags=(TRANSDUCTIVE,)),
)
"""Measured in-domain on UTD-MHAD; the first is what the others are compared with."""


def short_hash(value: Any) -> str:
    """Return a name for lists, mappings and objects with a complete repr; keys in any order."""
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
