"""The modalities of a corpus' rows: recorded or simulated IMU, pose features, captions."""

from __future__ import annotations

import copy
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .._compat import FrozenEstimator
from .._files import naming_file
from .._inputs import ImuWindows
from .._torch import derive_seed
from .._windows import Windows, check_finite
from ..body import default_body
from ..motion import as_sentences
from ..skeleton import SMPL_PARENTS
from ..text import TextEncoder, encode_unique

__all__ = [
    "N_POSE_FEATURES",
    "Captions",
    "ImuSource",
    "PoseFeatures",
    "RecordedImu",
    "SimulatedImu",
    "number_sentences",
    "pose_features",
    "read_poses",
]

CHUNK = 512
"""Rows that are read and simulated at a time."""

IN_MEMORY = 2**30
"""Bytes of simulated signals, and of pose features, that are held in memory at most."""

N_JOINTS = 22
"""Body joints of SMPL; joints of hands and faces after them are ignored."""

FRAME_RATE = 30.0
"""Hz that frames are thinned to, by whole steps; more frames cost time and show no more."""

N_POSE_FEATURES = 6 * N_JOINTS + 2 * 3 * (N_JOINTS - 1) + 3

Array = NDArray[np.float32]


class ImuSource(Protocol):
    """IMU windows of the rows of a corpus, in an epoch."""

    present: NDArray[np.bool_]
    rate: float | None

    def start_epoch(self, epoch: int) -> None:
        """Prepare for an epoch."""
        ...

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of rows that have an IMU."""
        ...

    def measured(self, rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Return which channels rows have, (m, C), or None if they have all."""
        ...


class RecordedImu:
    """IMU windows that are in the corpus, read batch by batch.

    `template` has the rate, the channels and the dtype of all rows.
    """

    def __init__(self, windows: Windows, template: ImuWindows) -> None:
        self.windows, self.template = windows, template
        self.present, self.rate = windows.present("imu"), template.rate

    def start_epoch(self, epoch: int) -> None:
        """Do nothing: recordings do not change."""

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of some rows."""
        part = self.windows[rows]
        check_finite(part, "imu", rows)
        values = part["imu"].astype(self.template.values.dtype, copy=False)
        return self.template.with_values(values, self.measured(rows))

    def measured(self, rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Return which channels rows have, (m, C), or None if they have all."""
        return np.asarray(self.windows[rows]["measured"]) if "measured" in self.windows else None


class SimulatedImu:
    """IMU windows simulated from the poses, again every `every` epochs.

    Only these windows (float32) are held, in memory or, if they are many, in a temporary file;
    poses are read in chunks. The simulator is cloned and fitted; a frozen one is copied.
    """

    def __init__(self, windows: Windows, simulator: Any, seed: int, every: int) -> None:
        self.windows, self.seed, self.every = windows, seed, every
        for start in range(0, len(windows), CHUNK):
            poses = windows[start : start + CHUNK]
            for name in ("pose", "trans"):
                check_finite(poses, name, np.arange(start, start + len(poses)))
        if isinstance(simulator, FrozenEstimator):
            self.simulator = copy.deepcopy(simulator.estimator)
        else:
            self.simulator = clone(simulator)
            self.simulator.fit(windows)
        if self.simulator.get_params().get("implausible") == "warn":
            self.simulator.set_params(implausible="mask")  # such rows get no IMU
        self._round = -1
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Simulate if it is time to."""
        due = epoch // self.every
        if due == self._round:
            return
        self._round = due
        if "random_state" in self.simulator.get_params():
            self.simulator.set_params(random_state=derive_seed(self.seed, due))
        self.present = np.zeros(len(self.windows), dtype=bool)
        for start in range(0, len(self.windows), CHUNK):
            rows = slice(start, start + CHUNK)
            part = self.simulator.transform(self.windows[rows])
            if start == 0:
                values = _allocated((len(self.windows), *part["imu"].shape[1:]))
                self._imu = ImuWindows(values, part.rate("imu"), part.channels)
                self.rate = self._imu.rate
            self.present[rows] = part.present("imu")
            self._imu.values[rows] = part["imu"]

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of some rows."""
        return self._imu.with_values(self._imu.values[rows], self.measured(rows))

    def measured(self, rows: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Return which channels rows have, (m, C), or None if they have all."""
        if "measured" not in self.windows:
            return None
        part = self.windows[rows]
        return np.asarray(part["measured"] | part.present("pose")[:, None])  # simulated: all


def _allocated(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an empty array, in memory or, if it is large, in a temporary file."""
    size = 4 * int(np.prod(shape, dtype=np.int64))
    if size <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        if sys.platform == "linux":  # writing to a memory map ends the process on a full disk
            with naming_file(tempfile.gettempdir(), "Simulated signals need it"):
                os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


class PoseFeatures:
    """The pose encoder's input, computed once per row if all rows fit into memory."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        # only rows with a pose take memory
        present = windows.present("pose")
        self.place = np.cumsum(present) - 1
        self.known = np.zeros(int(present.sum()), dtype=bool)
        self.kept: NDArray[np.float32] | None = None

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features of some rows, which must have a pose."""
        places = self.place[rows]
        new = rows[~self.known[places]]
        if len(new) == 0 and self.kept is not None:
            return self.kept[places]
        features = read_poses(self.windows, new)
        if self.kept is None:
            if len(self.known) * features[0].nbytes > IN_MEMORY:
                return features
            self.kept = np.empty((len(self.known), *features.shape[1:]), dtype=np.float32)
        self.kept[self.place[new]] = features
        self.known[self.place[new]] = True
        return self.kept[places]


def read_poses(windows: Windows, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the pose features of some rows."""
    part = windows[rows]
    for name in ("pose", "trans"):
        check_finite(part, name, rows)
    trans = part["trans"] if "trans" in part.columns else None
    return pose_features(part["pose"], trans, rate=part.rate("pose"), margin=part.margin)


@dataclass(frozen=True)
class Captions:
    """The sentences of rows, and one vector per distinct sentence.

    `numbers` (n, P) are those of each row's paraphrases, filled up with -1; `vectors` is (V, d).
    """

    numbers: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, windows: Windows, encoder: TextEncoder) -> Captions:
        """Collect and encode the sentences of a column ``text``; absent rows have none."""
        numbers, sentences = number_sentences(windows)
        return cls(numbers, encode_unique(encoder, sentences))

    def draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the vector (m, d) of a random paraphrase of each row, which must have one."""
        numbers = self.numbers[rows]
        chosen = rng.integers(0, (numbers >= 0).sum(axis=1))
        return self.vectors[numbers[np.arange(len(rows)), chosen]]


def number_sentences(windows: Windows) -> tuple[NDArray[np.int64], list[str]]:
    """Return the distinct sentences of a column ``text``, and their numbers in each row.

    The numbers (n, P) of a row's paraphrases come first, filled up with -1; then the sentences.
    """
    # first the distinct cells, of which there are few even among many rows
    number: dict[Any, int] = {}
    cells = (
        number.setdefault(text if present else "", len(number))
        for text, present in zip(windows["text"], windows.present("text"), strict=True)
    )
    cell_of_row = np.fromiter(cells, dtype=np.int64, count=len(windows))
    rows = [as_sentences(cell) for cell in number]
    sentences = sorted({sentence for row in rows for sentence in row})
    place = {sentence: k for k, sentence in enumerate(sentences)}
    numbers = np.full((len(rows), max(map(len, rows), default=0) or 1), -1)
    for i, row in enumerate(rows):
        numbers[i, : len(row)] = [place[sentence] for sentence in row]
    return numbers[cell_of_row], sentences


# ---- features of poses


def pose_features(
    pose: NDArray[Any],
    trans: NDArray[Any] | None = None,
    *,
    rate: float | None = None,
    margin: float = 0.0,
) -> Array:
    """Turn pose windows (n, F, J, 3) and `trans` (n, F, 3) into features (n, 261, F').

    Poses are SMPL's axis-angle vectors, z up. The features of a frame are

    * 22 × 6: the first two columns of every joint's local rotation,
    * 21 × 3: positions of the other joints relative to the root, in m,
    * 21 × 3: their velocities, in m/s, halved,
    * 3: the velocity of the root, in m/s, halved.

    Frames are thinned to about 30 Hz. `margin` seconds at both ends serve velocities only. Without
    a rate, velocities are per frame.
    """
    if pose.shape[2] < N_JOINTS:
        raise ValueError(
            f"pose has {pose.shape[2]} joints; the pose encoder reads SMPL's {N_JOINTS} body "
            "joints, in SMPL's order."
        )
    # 1. The frames to read
    frames, core, step = _chosen_frames(pose.shape[1], rate, margin)
    chosen = np.asarray(pose[:, frames, :N_JOINTS], dtype=np.float32)
    n, f = chosen.shape[:2]
    local = _rotations(np.moveaxis(chosen, (2, 3), (0, 1)).reshape(N_JOINTS, 3, n * f))
    # 2. Take the heading of the middle frame out of the root's rotation
    turn = _turn_to_front(local[0].reshape(3, 3, n, f)[:, 2, :, f // 2])
    local[0, :2] = _turned(turn, local[0, :2].reshape(2, 3, n, f)).reshape(2, 3, n * f)
    # 3. Joints by forward kinematics on the default body, and the root's way without its heading
    positions = _positions(local).reshape(N_JOINTS - 1, 3, n, f)
    root = np.zeros((3, n, f), np.float32)
    if trans is not None:
        root = np.moveaxis(np.asarray(trans[:, frames], dtype=np.float32), 2, 0).copy()
        root[:2] = _turned(turn, root[:2, None])[:, 0]
    # 4. Velocities by central differences, then drop the frames of the margin
    seconds = step / rate if rate else 1.0
    features = [
        local[:, :, :2].reshape(-1, n, f),
        positions.reshape(-1, n, f),
        0.5 * _velocity(positions, seconds).reshape(-1, n, f),
        0.5 * _velocity(root, seconds),
    ]
    return np.ascontiguousarray(np.moveaxis(np.concatenate(features)[..., core], 0, 1))


def _chosen_frames(
    n_frames: int, rate: float | None, margin: float
) -> tuple[NDArray[np.int64], slice, int]:
    """Return the frames to read, which of these are the window proper, and their step."""
    skipped = round(margin * rate) if rate else 0
    step = max(1, round(rate / FRAME_RATE)) if rate else 1
    core = np.arange(skipped, n_frames - skipped, step)
    if len(core) == 0:
        raise ValueError(
            f"pose has {n_frames} frames, and two margins of {margin:g} s leave none of them."
        )
    before, after = core[:1] - step, core[-1:] + step  # neighbors that velocities can use
    before, after = before[before >= 0], after[after < n_frames]
    frames = np.concatenate([before, core, after])
    return frames, slice(len(before), len(before) + len(core)), step


def _rotations(vectors: Array) -> Array:
    """Rodrigues: (J, 3, N) axis-angle -> (J, 3, 3, N)."""
    angle = np.sqrt((vectors * vectors).sum(axis=1))
    safe = np.maximum(angle, 1e-8)
    x, y, z = np.moveaxis(vectors / safe[:, None], 1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    rest = 1 - cosine
    matrices = np.empty((len(vectors), 3, 3, vectors.shape[2]), np.float32)
    matrices[:, 0, 0], matrices[:, 1, 1], matrices[:, 2, 2] = (
        cosine + rest * x * x,
        cosine + rest * y * y,
        cosine + rest * z * z,
    )
    matrices[:, 0, 1], matrices[:, 1, 0] = rest * x * y - sine * z, rest * x * y + sine * z
    matrices[:, 0, 2], matrices[:, 2, 0] = rest * x * z + sine * y, rest * x * z - sine * y
    matrices[:, 1, 2], matrices[:, 2, 1] = rest * y * z - sine * x, rest * y * z + sine * x
    return matrices


def _turn_to_front(facing: Array) -> Array:
    """Return cosine and sine (2, n) of the heading of a direction (3, n)."""
    length = np.maximum(np.hypot(facing[0], facing[1]), 1e-6)
    return np.asarray(facing[:2] / length)


def _turned(turn: Array, planes: Array) -> Array:
    """Take the heading out of x and y, (2, k, n, f)."""
    cosine, sine = turn[..., None]
    x, y = planes
    return np.stack([cosine * x + sine * y, cosine * y - sine * x])


@cache
def _offsets() -> Array:
    """Return the bones (J - 1, 3) of the default body at rest."""
    rest = default_body().rest_joints[:N_JOINTS]
    return np.asarray(rest[1:] - rest[SMPL_PARENTS[1:N_JOINTS]], dtype=np.float32)


def _positions(local: Array) -> Array:
    """Forward kinematics of the default body: (J, 3, 3, N) -> (J - 1, 3, N), root at 0."""
    turned = [local[0]]
    places = [np.zeros_like(local[0, :, 0])]
    for joint, offset in enumerate(_offsets(), start=1):
        parent = SMPL_PARENTS[joint]
        above = turned[parent]
        places.append(places[parent] + np.einsum("ijn,j->in", above, offset))
        turned.append(sum(above[:, k, None] * local[joint, None, k] for k in range(3)))
    return np.stack(places[1:])


def _velocity(track: Array, seconds: float) -> Array:
    """Return central differences along the last axis; zero of a single frame."""
    if track.shape[-1] < 2:
        return np.zeros_like(track)
    return np.gradient(track, np.float32(seconds), axis=-1)
