"""Where the rows of pretraining come from: recorded or simulated IMU, and captions as vectors."""

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

    Parameters
    ----------
    windows : Windows
        With a column ``imu``.
    template : ImuWindows
        Rate, channels and dtype for all rows.
    """

    def __init__(self, windows: Windows, template: ImuWindows) -> None:
        self.windows, self.template = windows, template
        self.present, self.rate = windows.present("imu"), template.rate

    def start_epoch(self, epoch: int) -> None:
        """Do nothing: recordings stay what they are."""

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of some rows."""
        values = self.windows[rows]["imu"].astype(self.template.values.dtype, copy=False)
        return self.template.with_values(values)


class SimulatedImu:
    """IMU windows simulated from the poses, anew every few epochs.

    Only these windows (float32) are held, in memory or, if they are many, in a temporary file;
    poses are read in chunks.

    Parameters
    ----------
    windows : Windows
        With a column ``pose``.
    simulator : transformer of Windows
        Cloned and fitted, or copied as it is if it is frozen; never changed.
    seed : int
        Root of the simulator's seeds.
    every : int or None
        Epochs after which to simulate anew; None simulates once.
    """

    def __init__(self, windows: Windows, simulator: Any, seed: int, every: int | None) -> None:
        self.windows, self.seed, self.every = windows, seed, every
        if FrozenEstimator and isinstance(simulator, FrozenEstimator):
            self.simulator = copy.deepcopy(simulator.estimator)
        else:
            self.simulator = clone(simulator)
            self.simulator.fit(windows)
        if self.simulator.get_params().get("implausible") == "warn":
            self.simulator.set_params(implausible="mask")  # such rows are left out
        self._round = -1
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Simulate if it is time to."""
        due = 0 if self.every is None else epoch // self.every
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
                self._imu = ImuWindows(values, part.rate("imu"), part.channels, False)
                self.rate = self._imu.rate
            self.present[rows] = part.present("imu")
            self._imu.values[rows] = part["imu"]

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of some rows."""
        return self._imu.with_values(self._imu.values[rows])


def _allocated(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an empty array, in memory or else in a file that goes with it."""
    if 4 * np.prod(shape, dtype=np.int64) <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


class PoseFeatures:
    """What the pose encoder reads, computed once per row where all rows fit into memory.

    Parameters
    ----------
    windows : Windows
        With a column ``pose``.
    """

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
    """The sentences of rows, as numbers, and one vector per distinct sentence.

    Attributes
    ----------
    numbers : ndarray of int of shape (n, P)
        Each row's paraphrases, filled up with -1.
    vectors : ndarray of shape (V, d)
        Sentence vectors.
    """

    numbers: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, windows: Windows, encoder: TextEncoder) -> Captions:
        """Collect and encode the sentences of a column ``text``; absent rows have none."""
        numbers, sentences = number_sentences(windows)
        return cls(numbers, encode_unique(encoder, sentences))

    def take(self, rows: NDArray[np.int64]) -> Captions:
        """Return the captions of some rows."""
        return Captions(self.numbers[rows], self.vectors)

    def draw(
        self, rows: NDArray[np.int64], rng: np.random.Generator, count: int = 1
    ) -> NDArray[np.float32]:
        """Return the vectors (m, count, d) of paraphrases of each row, which must have one.

        Rows with fewer paraphrases than `count` repeat them.
        """
        numbers = self.numbers[rows]
        there = (numbers >= 0).sum(axis=1)
        chosen = (rng.integers(0, there)[:, None] + np.arange(count)) % there[:, None]
        return self.vectors[np.take_along_axis(numbers, chosen, axis=1)]


def number_sentences(windows: Windows) -> tuple[NDArray[np.int64], list[str]]:
    """Give numbers to the distinct sentences of a column ``text``.

    Returns
    -------
    numbers : ndarray of int of shape (n, P)
        Each row's paraphrases, filled up with -1; absent rows have none.
    sentences : list of str
        The sentence of each number.
    """
    number: dict[Any, int] = {}  # of distinct cells: there are few even among many rows
    cells = (
        number.setdefault(text if there else "", len(number))
        for text, there in zip(windows["text"], windows.present("text"), strict=True)
    )
    cell_of_row = np.fromiter(cells, dtype=np.int64, count=len(windows))
    rows = [as_sentences(cell) for cell in number]
    sentences = sorted({sentence for row in rows for sentence in row})
    place = {sentence: k for k, sentence in enumerate(sentences)}
    numbers = np.full((len(rows), max(map(len, rows), default=0) or 1), -1)
    for i, row in enumerate(rows):
        numbers[i, : len(row)] = [place[sentence] for sentence in row]
    return numbers[cell_of_row], sentences
