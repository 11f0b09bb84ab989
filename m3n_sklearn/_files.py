"""Files of results and data: clear errors, atomic writing, and the arrays of .npz archives."""

from __future__ import annotations

import os
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ._typing import AnyArray


@contextmanager
def reading(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """Read a file so that whatever its content causes is a ValueError that names the file.

    Check the user's arguments before this block: inside of it every error counts as the file's.
    `what` completes "cannot be read as ...".
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}{': it is a folder' if file.is_dir() else ''}.")
    try:
        yield file
    except (ImportError, Warning):  # a missing extra, or a warning that the user made an error
        raise
    except OSError as error:
        if error.filename is not None:  # not readable, or a disk that fails: the system says it
            raise
        raise ValueError(_unreadable(file, what, error)) from error
    except ValueError as error:
        # decoders raise subclasses whose texts say nothing to a user
        if type(error) is not ValueError:
            raise ValueError(_unreadable(file, what, error)) from error
        if file.name in str(error):
            raise
        raise ValueError(f"{file.name}: {error}") from error
    except Exception as error:
        raise ValueError(_unreadable(file, what, error)) from error


def _unreadable(file: Path, what: str, error: Exception) -> str:
    """Say that the content of a file is not what was expected."""
    return (
        f"{file.name} cannot be read as {what} ({type(error).__name__}: {error}). It may be "
        "damaged, or be another kind of file."
    )


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either complete or absent, even after a crash; the folder must exist."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_npz(path: str | os.PathLike[str]) -> dict[str, AnyArray]:
    """Read all plain arrays of an archive by name; skip arrays of Python objects."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}.")
    arrays: dict[str, AnyArray] = {}
    try:
        with file.open("rb") as opened:  # numpy leaves damaged archives open
            archive = np.load(opened, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it contains a single array without a name")
            for key in archive.files:
                try:
                    arrays[key] = archive[key]
                except ValueError as error:
                    if "allow_pickle" not in str(error):
                        raise
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{file.name} cannot be read as an .npz archive of plain arrays ({error}). It may be "
            "damaged, or be a pickle, which is never opened. Convert it with numpy.savez."
        ) from error
    return arrays


def require(arrays: Mapping[str, AnyArray], key: str, path: str | os.PathLike[str]) -> AnyArray:
    """Return a required array, or list the arrays that the archive has."""
    if key not in arrays:
        raise ValueError(
            f"{Path(path).name} has no plain array {key!r}; it has {sorted(arrays)}. Arrays of "
            "Python objects are not read, because that would execute a pickle."
        )
    return arrays[key]
