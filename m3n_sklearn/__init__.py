"""Human activity recognition from a wrist IMU when labels are scarce.

Learn once from motion (poses, texts and simulated IMU signals), recognise activities from a few
labelled wrist recordings, and stay inside scikit-learn. Names are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .classification import Multi3NetClassifier as Multi3NetClassifier
    from .motion import Motion as Motion
    from .persistence import load as load
    from .persistence import save as save
    from .pretraining import Multi3NetPretrainer as Multi3NetPretrainer
    from .recording import Recording as Recording
    from .recording import cut as cut
    from .simulation import IMUNoise as IMUNoise
    from .simulation import Randomization as Randomization
    from .simulation import SensorNoise as SensorNoise
    from .simulation import SMPLIMUSimulator as SMPLIMUSimulator
    from .simulation import rigid_body_imu as rigid_body_imu
    from .text import HashingEncoder as HashingEncoder
    from .text import SentenceEncoder as SentenceEncoder
    from .windows import Windows as Windows
    from .windows import as_windows as as_windows

_HOMES = {
    "Windows": "windows",
    "as_windows": "windows",
    "Motion": "motion",
    "Recording": "recording",
    "cut": "recording",
    "SMPLIMUSimulator": "simulation",
    "IMUNoise": "simulation",
    "SensorNoise": "simulation",
    "Randomization": "simulation",
    "rigid_body_imu": "simulation",
    "SentenceEncoder": "text",
    "HashingEncoder": "text",
    "Multi3NetPretrainer": "pretraining",
    "Multi3NetClassifier": "classification",
    "save": "persistence",
    "load": "persistence",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
