"""The state of an unfinished training as one file: tensors, and JSON for everything else.

A checkpoint is a safetensors file in a folder of its own. It is replaced atomically, so at any
moment it is complete, and no file is added with time. It names the training that it belongs to by
digests of everything that determines the result; another training refuses it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy

from ._files import alone, naming_file, reading, write_atomically
from ._hashing import sha256
from ._typing import AnyArray

__all__ = ["CheckpointFile", "TrainingState"]

FORMAT = "m3n_sklearn checkpoint"
FORMAT_VERSION = "1"
FILE = "training.safetensors"
LOCK = ".training.lock"


@dataclass(frozen=True)
class TrainingState:
    """What a training has reached: arrays by name, and facts that JSON holds."""

    arrays: Mapping[str, AnyArray]
    facts: Mapping[str, Any]


class CheckpointFile:
    """The file of one training in a folder.

    Its identity is what determines the result of the training: ``values``, among them the ``seed``,
    and ``digests`` of what is too large to be shown.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not os.fspath(folder):
            raise ValueError("checkpoint is an empty path; give a folder, or None.")
        self.folder = Path(folder).absolute()  # the current folder may change while it trains
        self.path = self.folder / FILE
        self.identity: Mapping[str, Any] = {}

    def seed(self) -> int | None:
        """Return the seed of the training that is there, if there is one."""
        found = self._read()
        return None if found is None else int(found[0]["values"]["seed"])

    @contextmanager
    def opened(self, identity: Mapping[str, Any]) -> Iterator[CheckpointFile]:
        """Hold the folder for one training, after all other processes that use it."""
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"checkpoint={str(self.folder)!r} is a file; give a folder.")
        with naming_file(self.folder, "Nothing is trained"):
            self.folder.mkdir(parents=True, exist_ok=True)
        waiting = (
            f"Another process trains with the checkpoint {self.folder}. This one waits until it "
            "has finished."
        )
        with alone(self.folder / LOCK, waiting):
            self.identity = json.loads(json.dumps(identity))
            yield self

    def read(self) -> TrainingState | None:
        """Return the state of this training, or None without a checkpoint.

        Raises
        ------
        ValueError
            If the file is damaged, or belongs to another training.
        """
        found = self._read()
        if found is None:
            return None
        identity, facts, arrays = found
        if identity != self.identity:
            raise ValueError(
                f"The checkpoint in {self.folder} belongs to another training: "
                f"{_differences(identity, self.identity)}. Give the same parameters and data to "
                f"continue it, choose another folder, or delete {self.path} to start again."
            )
        return TrainingState(arrays, facts)

    def write(self, state: TrainingState) -> None:
        """Replace the file atomically."""
        document = json.dumps({"identity": self.identity, "facts": state.facts})
        metadata = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "document": document,
            "sha256": _digest(document, state.arrays),
        }
        write_atomically(self.path, safetensors.numpy.save(dict(state.arrays), metadata=metadata))

    def forget(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, AnyArray]] | None:
        """Return identity, facts and arrays of the file, if there is one."""
        if not self.path.exists():
            return None
        try:
            return self._content()
        except ValueError as error:
            raise ValueError(f"{error} Delete it to start again.") from error

    def _content(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, AnyArray]]:
        """Return identity, facts and arrays of the file."""
        with reading(self.path, "the checkpoint of a training"):
            with safetensors.safe_open(self.path, framework="np") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if (metadata.get("format"), metadata.get("format_version")) != (FORMAT, FORMAT_VERSION):
                raise ValueError("it is not a checkpoint of this version.")
            document = metadata["document"]
            if metadata["sha256"] != _digest(document, arrays):
                raise ValueError("it was changed or damaged: its checksum does not match.")
            content = json.loads(document)
            return content["identity"], content["facts"], arrays


def _digest(document: str, arrays: Mapping[str, AnyArray]) -> str:
    """Return the SHA-256 of a document and named arrays."""
    chunks = [document.encode()]
    for name in sorted(arrays):
        array = arrays[name]
        chunks += [f"{name}\0{array.dtype.str}\0{array.shape}\0".encode(), array.tobytes()]
    return sha256(chunks)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Name the entries in which two identities differ."""
    found = [
        f"{name} was {before['values'].get(name)!r} and is {now['values'].get(name)!r}"
        for name in {**before["values"], **now["values"]}
        if before["values"].get(name) != now["values"].get(name)
    ]
    found += [
        f"the {name} are others"
        for name in {**before["digests"], **now["digests"]}
        if before["digests"].get(name) != now["digests"].get(name)
    ]
    return "; ".join(found)
