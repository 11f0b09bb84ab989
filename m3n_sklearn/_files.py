"""Files of results and data: clear errors, atomic writing, and the arrays of .npz archives."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ._typing import AnyArray
from ._warn import warn

if sys.platform != "win32":
    import fcntl

ABANDONED = 24 * 3600.0
"""Age in s of a temporary file that is deleted where locks do not tell whether its writer lives."""

OLD_CONTENT = "What was there before is unchanged"

_NO_SPACE = "Free some space, or write to another disk."
_NO_RIGHT = "Choose a folder that you may write to, or change its permissions."
_WAYS_OUT = {
    errno.ENOSPC: _NO_SPACE,
    errno.EFBIG: _NO_SPACE,
    getattr(errno, "EDQUOT", errno.ENOSPC): _NO_SPACE,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: _NO_RIGHT,
}
"""What to do after an error of the system."""

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{32}\.tmp")


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
    """Write a file that is either complete or as it was, even after a crash.

    A link stays a link, and a replaced file keeps its mode. What dead processes have left of
    earlier attempts is deleted.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "This is not a regular file, and can't be replaced", str(path))
    with naming_file(path):
        sweep(target.parent, target.name)
        temporary, file = _new_temporary(target)
        try:
            with file:
                if target.exists():
                    temporary.chmod(stat.S_IMODE(target.stat().st_mode))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if sys.platform == "win32":  # open files can't be moved there
                    file.close()
                os.replace(temporary, target)  # while locked, or others would sweep it
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _new_temporary(target: Path) -> tuple[Path, BinaryIO]:
    """Create a file next to a target and lock it, which tells others that its writer lives."""
    while True:
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
        file = temporary.open("xb")
        try_lock(file, wait=True)  # a sweeper may hold it for a moment
        if os.fstat(file.fileno()).st_nlink:
            return temporary, file
        file.close()  # swept between the two lines above


@contextmanager
def naming_file(path: str | os.PathLike[str], outcome: str = OLD_CONTENT) -> Iterator[None]:
    """Say in errors of the system which file could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.errno not in _WAYS_OUT:
            raise
        reason, way_out = os.strerror(error.errno), _WAYS_OUT[error.errno]
        raise OSError(error.errno, f"{reason}. {way_out} {outcome}", os.fspath(path)) from error


# ---- processes that share a folder


def try_lock(file: BinaryIO, *, wait: bool = False) -> bool | None:
    """Lock an open file until it is closed or its process ends.

    False if another one has the lock, None if there are no locks on this system.
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # some network file systems
        return None
    return True


@contextmanager
def alone(lock: Path, waiting: str) -> Iterator[bool]:
    """Hold a lock file during a block, after all who have it; warn with `waiting` before waiting.

    False if there are no locks here: then others may run the block as well.
    """
    while True:
        with naming_file(lock, "Nothing is written there"):
            file = lock.open("ab")
        held = try_lock(file)
        if held is False:
            warn(waiting)
            held = try_lock(file, wait=True)
        # the file that was waited for is gone if its holder has finished
        if held is None or _is_at(file, lock):
            break
        file.close()
    with file:
        try:
            yield bool(held)
        finally:
            with suppress(OSError):  # open files can't be deleted on Windows
                lock.unlink()


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Tell whether an open file is still that of a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def sweep(folder: Path, name: str | None = None) -> None:
    """Delete temporary files of dead processes: those for one file, or all in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        found = [entry.path for entry in entries if _belongs(entry.name, name)]
    for path in found:
        with suppress(OSError), open(path, "r+b") as file:
            held = try_lock(file)
            age = time.time() - os.fstat(file.fileno()).st_mtime
            if held or (held is None and age > ABANDONED):
                os.unlink(path)


def _belongs(entry: str, name: str | None) -> bool:
    """Tell whether a name is that of a temporary file, for a file or for any."""
    match = _TEMPORARY.fullmatch(entry)
    return match is not None and name in (None, match["name"])


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
