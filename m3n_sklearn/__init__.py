"""Human activity recognition from a wrist IMU when labels are scarce.

Learn once from motion (poses, texts and simulated IMU signals), recognize activities from a few
labeled wrist recordings, and stay inside scikit-learn. Names are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from ._hub import from_pretrained as from_pretrained
    from ._hub import save_pretrained as save_pretrained
    from ._persistence import load as load
    from ._persistence import save as save
    from ._windows import Windows as Windows
    from ._windows import as_windows as as_windows
    from .classification import Multi3NetClassifier as Multi3NetClassifier
    from .inspection import describe as describe
    from .inspection import report as report
    from .motion import Motion as Motion
    from .motion import motion_from_joints as motion_from_joints
    from .motion import read_4dhumans as read_4dhumans
    from .motion import read_amass as read_amass
    from .motion import read_bvh as read_bvh
    from .motion import read_gvhmr as read_gvhmr
    from .motion import read_mediapipe as read_mediapipe
    from .motion import read_motion as read_motion
    from .motion import read_smpl as read_smpl
    from .motion import read_wham as read_wham
    from .pretraining import Multi3NetPretrainer as Multi3NetPretrainer
    from .pretraining import build_corpus as build_corpus
    from .pretraining import load_pretrained as load_pretrained
    from .recording import Recording as Recording
    from .recording import cut as cut
    from .recording import read_table as read_table
    from .recording import write_table as write_table
    from .simulation import IMUNoise as IMUNoise
    from .simulation import Randomization as Randomization
    from .simulation import SensorNoise as SensorNoise
    from .simulation import SMPLIMUSimulator as SMPLIMUSimulator
    from .simulation import rigid_body_imu as rigid_body_imu
    from .temporal import HMMClassifier as HMMClassifier
    from .text import HashingEncoder as HashingEncoder
    from .text import SentenceEncoder as SentenceEncoder
    from .video import motion_from_video as motion_from_video

_HOMES = {
    "HMMClassifier": "temporal",
    "HashingEncoder": "text",
    "IMUNoise": "simulation",
    "Motion": "motion",
    "Multi3NetClassifier": "classification",
    "Multi3NetPretrainer": "pretraining",
    "Randomization": "simulation",
    "Recording": "recording",
    "SMPLIMUSimulator": "simulation",
    "SensorNoise": "simulation",
    "SentenceEncoder": "text",
    "Windows": "_windows",
    "as_windows": "_windows",
    "build_corpus": "pretraining",
    "cut": "recording",
    "describe": "inspection",
    "from_pretrained": "_hub",
    "load": "_persistence",
    "load_pretrained": "pretraining",
    "motion_from_joints": "motion",
    "motion_from_video": "video",
    "read_4dhumans": "motion",
    "read_amass": "motion",
    "read_bvh": "motion",
    "read_gvhmr": "motion",
    "read_mediapipe": "motion",
    "read_motion": "motion",
    "read_smpl": "motion",
    "read_table": "recording",
    "read_wham": "motion",
    "report": "inspection",
    "rigid_body_imu": "simulation",
    "save": "_persistence",
    "save_pretrained": "_hub",
    "write_table": "recording",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
