"""Files of results and data: clear errors, atomic writing, and the arrays of .npz archives."""

from __future__ import annotations

import errno
import io
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
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

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

STAND_INS = (
    (
        rb"version https://git-lfs",
        "this is a pointer of Git LFS, and not the file itself. Get the file with 'git lfs pull'.",
    ),
    (
        rb"(\.\./|/)*(\.git/)?annex/objects/",
        "this is a pointer of git-annex, and not the file itself. Get the file with 'git annex "
        "get' or 'datalad get'.",
    ),
    (
        rb"(<!--.*?-->\s*)*<(!doctype\s+html|html)\b",
        "this is a web page, and not the file itself. Pages of logins, licenses and missing files "
        "come in place of a download: open the address in a browser, or download the raw file.",
    ),
    (
        rb"(<\?xml[^>]*>\s*)?<Error>",
        "this is the error message of a server, and not the file itself. Download the file again.",
    ),
)
"""What comes in place of a file that was not fetched: how it begins, and what to do."""

MOST_AXES = 32
MOST_MEMBERS = 4096
"""Arrays of an archive."""
LARGEST_HEADER = 12_288
"""Bytes of the header of a .npy file: NumPy refuses longer ones, after it has read them."""


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
    except Exception as error:
        stand_in = _stand_in(file)
        if stand_in is not None:
            raise ValueError(f"{file}: {stand_in}") from error
        if isinstance(error, OSError) and error.filename is not None:
            raise  # not readable, or a disk that fails: the system says it
        if type(error) is not ValueError:  # subclasses of decoders say nothing to a user
            raise ValueError(_unreadable(file, what, error)) from error
        if file.name in str(error):
            raise
        raise ValueError(f"{file}: {error}") from error


def _stand_in(file: Path) -> str | None:
    """Say what a file is and what to do, if it only stands in place of another one."""
    try:
        with file.open("rb") as opened:
            start = opened.read(1024)
    except OSError:
        return None
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((say for how, say in STAND_INS if re.match(how, start, re.I | re.S)), None)


def _unreadable(file: Path, what: str, error: Exception) -> str:
    """Say that the content of a file is not what was expected."""
    return (
        f"{file} cannot be read as {what} ({type(error).__name__}: {error}). It may be "
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


# ---- arrays


def largest_inflated(stored: int) -> int:
    """Return how many bytes a file or member of that many compressed bytes may have.

    Arrays of zeros compress a thousandfold, and so do files that are made to fill the memory: small
    files may be anything, large ones consist of measurements, which compress by less than ten.
    """
    return 2**27 + 64 * stored


def checked_size(shape: Any, itemsize: int) -> int:
    """Return the bytes of an array, or raise ValueError for shapes that no array of a file has."""
    if not isinstance(shape, tuple | list) or len(shape) > MOST_AXES:
        raise ValueError(f"the shape of an array is a {type(shape).__name__}")
    size = itemsize
    for length in shape:
        if type(length) is not int or not 0 <= length < 2**40:
            raise ValueError("the lengths of an array are not whole numbers of a usual size")
        size *= length
    if not itemsize and 0 not in shape:
        raise ValueError("the elements of an array have no size")
    return size


def _npy_header(start: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Return shape, dtype and length of the header of a .npy file that begins like this."""
    if not start.startswith(npy.MAGIC_PREFIX):
        raise ValueError("it does not begin like a .npy file.")
    content = io.BytesIO(start)
    version = npy.read_magic(content)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(content)
    elif version in ((2, 0), (3, 0)):  # 3.0 differs by names of fields in UTF-8
        shape, _, dtype = npy.read_array_header_2_0(content)
    else:
        raise ValueError(f"it has version {version} of the .npy format")
    return shape, dtype, content.tell()


def read_npy(path: str | os.PathLike[str], *, memory_map: bool = False) -> AnyArray:
    """Read the plain array of a .npy file, after a look at whether the file can hold it."""
    with reading(path, "a .npy file of a plain array") as file:
        with file.open("rb") as opened:
            shape, dtype, header = _npy_header(opened.read(LARGEST_HEADER))
        if dtype.hasobject:
            raise ValueError("it contains Python objects, which are never loaded")
        expected, size = header + checked_size(shape, dtype.itemsize), file.stat().st_size
        if size < expected:
            raise ValueError(f"it has {size} bytes instead of {expected}, so it was cut off")
        return np.load(file, mmap_mode="r" if memory_map else None, allow_pickle=False)


class _Archive(Mapping[str, AnyArray]):
    """The plain arrays of an .npz archive, each of which is read when it is asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._read: dict[str, AnyArray] = {}
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise ValueError(f"it has {len(members)} members")
            for member in members:
                if member.filename.endswith(".npy") and self._is_plain(archive, member):
                    self._members[member.filename.removesuffix(".npy")] = member

    def _is_plain(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
        """Tell whether a member is an array without Python objects; check what it claims to be."""
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{member.filename} is compressed in another way than by NumPy")
        with archive.open(member) as opened:
            shape, dtype, header = _npy_header(opened.read(LARGEST_HEADER))
        if dtype.hasobject:
            return False
        expected = header + checked_size(shape, dtype.itemsize)
        if expected != member.file_size:
            raise ValueError(
                f"{member.filename} has {member.file_size} bytes, but its header says {expected}"
            )
        return True

    def __getitem__(self, key: str) -> AnyArray:
        member = self._members[key]
        if key not in self._read:
            with reading(self._file, f"an archive that contains {key!r}"):
                most = largest_inflated(member.compress_size)
                if member.file_size > most:
                    raise ValueError(
                        f"its array {key!r} has {member.file_size} bytes in {member.compress_size} "
                        f"compressed ones; at most {most} are read. Save it with numpy.savez."
                    )
                with zipfile.ZipFile(self._file) as archive, archive.open(member) as opened:
                    self._read[key] = npy.read_array(opened, allow_pickle=False)
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, key: object) -> bool:
        return key in self._members


def read_npz(path: str | os.PathLike[str]) -> Mapping[str, AnyArray]:
    """Return the plain arrays of an archive by name, read when asked for; skip Python objects."""
    with reading(path, "an .npz archive of plain arrays") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(
                f"{file} cannot be read as an .npz archive of plain arrays. It may be "
                "damaged, be a single array without a name, or be a pickle, which is never opened. "
                "Convert it with numpy.savez."
            )
        return _Archive(file)


def require(arrays: Mapping[str, AnyArray], key: str, path: str | os.PathLike[str]) -> AnyArray:
    """Return a required array, or list the arrays that the archive has."""
    if key not in arrays:
        raise ValueError(
            f"{Path(path).name} has no plain array {key!r}; it has {sorted(arrays)}. Arrays of "
            "Python objects are not read, because that would execute a pickle."
        )
    return arrays[key]
