"""The modalities of a corpus' rows: recorded or simulated IMU, pose features, captions."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .._inputs import ImuWindows
from .._runtime import derive_seed
from .._sklearn import FrozenEstimator
from ..motion._motion import as_sentences
from ..text import TextEncoder, encode_unique
from ..windows import Windows
from .pose_features import pose_features

__all__ = [
    "Captions",
    "ImuSource",
    "PoseFeatures",
    "RecordedImu",
    "SimulatedImu",
    "number_sentences",
    "read_poses",
]

CHUNK = 512
"""Rows that are read and simulated at a time."""

IN_MEMORY = 2**30
"""Bytes of simulated signals, and of pose features, that are held in memory at most."""


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
        values = self.windows[rows]["imu"].astype(self.template.values.dtype, copy=False)
        return self.template.with_values(values)


class SimulatedImu:
    """IMU windows simulated from the poses, again every `every` epochs.

    Only these windows (float32) are held, in memory or, if they are many, in a temporary file;
    poses are read in chunks. The simulator is cloned and fitted; a frozen one is copied.
    """

    def __init__(self, windows: Windows, simulator: Any, seed: int, every: int) -> None:
        self.windows, self.seed, self.every = windows, seed, every
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
        return self._imu.with_values(self._imu.values[rows])


def _allocated(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an empty array, in memory or, if it is large, in a temporary file."""
    if 4 * np.prod(shape, dtype=np.int64) <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


class PoseFeatures:
    """The pose encoder's input, computed once per row if all rows fit into memory."""

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.known = np.zeros(len(windows), dtype=bool)
        self.kept: NDArray[np.float32] | None = None

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the features of some rows, which must have a pose."""
        new = rows[~self.known[rows]]
        if len(new) == 0 and self.kept is not None:
            return self.kept[rows]
        features = read_poses(self.windows, new)
        if self.kept is None:
            if len(self.known) * features[0].nbytes > IN_MEMORY:
                return features
            self.kept = np.empty((len(self.known), *features.shape[1:]), dtype=np.float32)
        self.kept[new] = features
        self.known[new] = True
        return self.kept[rows]


def read_poses(windows: Windows, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the pose features of some rows."""
    part = windows[rows]
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
