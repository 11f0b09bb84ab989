"""A corpus on disk: one folder with a .npy per column and meta.json, read through memory maps."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..._array_files import read_npy
from ..._files import alone, naming_file, reading
from ..._hashing import file_digest, sha256
from ..._warn import warn
from ..._windows import Windows, check_finite

__all__ = [
    "FORMAT",
    "MANIFEST",
    "META",
    "CorpusWriter",
    "column_file",
    "mask_file",
    "move_to",
    "open_corpus",
    "refuse_existing",
    "save_corpus",
    "workplace",
    "write_text",
]

CHUNK = 1024
"""Rows that are copied at a time."""

FORMAT = 3
META = "meta.json"
MANIFEST = "manifest.json"

SIGNALS = ("imu", "pose", "trans")
"""Columns in which every value of a row that is present must be a number."""

_CHECKED: set[tuple[Any, ...]] = set()
"""Path, inode, size and time of the files whose digests this process has found right."""

Rows = NDArray[np.int64]

_INCOMPLETE = "The corpus is not complete"


def save_corpus(windows: Windows, path: str | os.PathLike[str]) -> Path:
    """Write windows to a new folder, which appears when it is complete.

    Parameters
    ----------
    windows : Windows
        With any columns. Texts keep their paraphrases.
    path : path-like
        A folder that does not exist yet. Nothing is overwritten.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If `path` exists.

    See Also
    --------
    open_corpus : Opens the folder.
    build_corpus : Builds a corpus from motions; it need not fit into memory.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.pretraining import open_corpus, save_corpus
    >>> folder = tempfile.mkdtemp() + "/corpus"
    >>> _ = save_corpus(Windows(imu=np.zeros((3, 6, 50)), rate=50.0), folder)
    >>> open_corpus(folder)
    Windows(3 rows: imu (6, 50) at 50 Hz)
    """
    if not isinstance(windows, Windows):
        raise TypeError(f"windows must be Windows, got {type(windows).__name__}; see as_windows.")
    target = Path(path)
    with workplace(target) as place:
        refuse_existing(target)  # another process may have been faster
        with CorpusWriter(place / "corpus") as writer:
            for start in range(0, max(1, len(windows)), CHUNK):
                writer.append(windows[start : start + CHUNK])
            writer.finish()
        move_to(place / "corpus", target)
    return target


def refuse_existing(target: Path) -> None:
    """Raise an error if there is a file or folder."""
    if target.exists():
        raise FileExistsError(f"{target} exists already; remove it or choose another folder.")


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """Yield a hidden folder next to a target to build it in, as the only process.

    After an error or a kill, its folder ``parts`` is kept if there is one, and is found again.
    """
    if target.is_symlink() and not target.exists():
        raise FileExistsError(f"{target} is a link to nothing; remove it or choose another folder.")
    target = Path(os.path.abspath(target))  # "." has no name
    waiting = f"Another process is building {target}. This one waits until it has finished."
    with naming_file(target, "Nothing is written there"):
        target.parent.mkdir(parents=True, exist_ok=True)
    with alone(target.with_name(f".{target.name}.lock"), waiting) as held:
        # without locks each process has a folder of its own
        own = "building" if held else f"{uuid.uuid4().hex}.tmp"
        place = target.with_name(f".{target.name}.{own}")
        with naming_file(place, "Nothing is written there"):
            place.mkdir(exist_ok=True)
        shutil.rmtree(place / "corpus", ignore_errors=True)
        try:
            yield place
        except BaseException as error:
            shutil.rmtree(place / "corpus", ignore_errors=True)
            if held and (place / "parts").is_dir():
                error.add_note(f"Finished parts are kept in {place}: the same call goes on.")
            else:
                shutil.rmtree(place, ignore_errors=True)
            raise
        shutil.rmtree(place, ignore_errors=True)


def move_to(folder: Path, target: Path) -> None:
    """Move a complete folder to its place."""
    try:
        os.rename(folder, target)
    except OSError as error:
        if target.exists():  # made by a process that takes no locks
            refuse_existing(target)
        raise error


def write_text(path: Path, text: str) -> None:
    """Write a text file."""
    with naming_file(path, _INCOMPLETE):
        path.write_text(text, encoding="utf-8")


def open_corpus(path: str | os.PathLike[str], *, verify: bool = True) -> Windows:
    """Open a corpus; its arrays stay on disk.

    Parameters
    ----------
    path : path-like
        A folder written by :func:`save_corpus` or :func:`build_corpus`.
    verify : bool, default=True
        Whether to read all files once and to compare their SHA-256 with those in the folder. This
        takes about a second per GB, and only the first time in a process.

    Returns
    -------
    Windows
        Numeric columns are memory maps. A slice stays on disk until one of its columns is read.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is not a corpus, lacks a file, was changed or damaged, or was written by
        another version.

    Warns
    -----
    UserWarning
        If the folder has an array that is not part of the corpus.

    See Also
    --------
    build_corpus : Builds a corpus from motions.
    save_corpus : Writes windows that are in memory.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.pretraining import open_corpus, save_corpus
    >>> folder = tempfile.mkdtemp() + "/corpus"
    >>> _ = save_corpus(Windows(imu=np.zeros((3, 6, 50)), rate=50.0), folder)
    >>> corpus = open_corpus(folder)
    >>> len(corpus), corpus.rate("imu")
    (3, 50.0)
    """
    folder = Path(path)
    if not (folder / META).is_file():
        raise FileNotFoundError(
            f"{folder} is not a corpus: it has no {META}. build_corpus and save_corpus write one."
        )
    # 1. The facts
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            raise ValueError(f"it has format {meta['format']}; this version reads {FORMAT}.")
        names, masks = _file_names(meta["columns"]), _file_names(meta["present"])
        facts = {key: meta[key] for key in ("channels", "margin")} | {"rate": meta["rates"] or None}
        texts = [text if isinstance(text, str) else tuple(text) for text in meta["texts"]]
        files = {column_file(folder, name).name for name in names}
        files |= {mask_file(folder, name).name for name in masks}
        if set(meta["files"]) != files or {type(digest) for digest in meta["files"].values()} - {
            str
        }:
            raise ValueError("its files are not those of its columns.")
        if meta.pop("sha256") != _meta_digest(meta):
            raise ValueError("its SHA-256 differs from the one that was written.")
    except Exception as error:
        raise ValueError(f"{folder / META} is damaged or of another version: {error}") from error
    # 2. The files are there, and as they were written
    _check_files(folder, meta["files"], verify)
    # 3. The columns
    with reading(folder / META, "the facts of a corpus"):
        columns = {name: _read_array(column_file(folder, name), memory_map=True) for name in names}
        if "text" in columns:
            columns["text"] = _read_texts(columns["text"], texts)
        present = {name: _read_array(mask_file(folder, name), memory_map=False) for name in masks}
        return Windows(**facts, present=present, **columns)


def _check_files(folder: Path, files: Mapping[str, str], verify: bool) -> None:
    """Name missing, additional and changed files of a corpus."""
    found = {path.name for path in folder.glob("*.npy")}
    missing, more = sorted(files.keys() - found), sorted(found - files.keys())
    if missing:
        hint = f" It has {', '.join(more)} instead: was a file renamed?" if more else ""
        raise FileNotFoundError(f"The corpus lacks {', '.join(missing)} in {folder}.{hint}")
    if (folder / MANIFEST).is_file() and _manifest_files(folder / MANIFEST) != files:
        raise ValueError(f"{folder / MANIFEST} is damaged, or is that of another corpus.")
    if more:
        warn(f"{folder} has {', '.join(more)}, which is not part of the corpus and is not read.")
    for name, digest in files.items() if verify else ():
        file = folder / name
        state = file.stat()
        key = (file.resolve(), state.st_ino, state.st_size, state.st_mtime_ns, digest)
        if key not in _CHECKED and file_digest(file) != digest:
            raise ValueError(
                f"{file} is damaged or truncated, or was changed: its SHA-256 differs from that in "
                f"{META}. Build or copy the corpus again."
            )
        _CHECKED.add(key)


def _manifest_files(manifest: Path) -> Any:
    """Return the digests in the manifest of a corpus, or None if it is damaged."""
    try:
        return json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _meta_digest(meta: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the facts of a corpus."""
    return sha256([json.dumps(meta).encode()])


def _read_texts(codes: NDArray[Any], texts: list[Any]) -> list[Any]:
    """Return the texts of the rows from their numbers."""
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(texts):
        raise ValueError(f"it has {len(texts)} texts, and a row has number {codes.max()}.")
    return [texts[code] for code in codes]


def _file_names(columns: Iterable[str]) -> list[str]:
    """Return names of columns; raise ValueError unless they are file names, not paths."""
    names = list(columns)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"column {name!r:.40} can't be a file of the corpus.")
    return names


def _read_array(path: Path, *, memory_map: bool) -> Any:
    """Read a file of the corpus."""
    try:
        return read_npy(path, memory_map=memory_map)
    except ValueError as error:
        raise ValueError(f"{path} is damaged or truncated: {error}") from error


def column_file(folder: Path, name: str) -> Path:
    """Return the file of a column."""
    return folder / f"{name}.npy"


def mask_file(folder: Path, name: str) -> Path:
    """Return the file of the mask of a column that some rows lack."""
    return folder / f"{name}.present.npy"


class CorpusWriter:
    """Appends windows to the files of a new folder, which is a corpus when it is finished.

    Only words (captions, names) and one number per row are kept in memory. `texts` are captions
    that keep their order of numbers.
    """

    def __init__(self, folder: Path, texts: Iterable[Hashable] = ()) -> None:
        self.folder = folder
        self.texts = texts
        self.columns: dict[str, _Numbers | _Words] = {}
        self.masks: dict[str, list[NDArray[np.bool_]]] = {}
        self.facts: dict[str, Any] = {}
        self.digests: dict[str, str] = {}
        self.count = 0
        with naming_file(folder, _INCOMPLETE):
            folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for column in self.columns.values():
            with suppress(OSError):  # of a full disk, which has raised an error before
                column.close()

    def append(self, part: Windows) -> None:
        """Write the rows of some windows, with the columns, rates and channels of those before."""
        facts = {
            "columns": list(part.columns),
            "rates": dict(part.rates),
            "channels": None if part.channels is None else list(part.channels),
            "margin": part.margin,
        }
        if not self.columns:
            self.facts = facts
            for name in part.columns:  # one by one: if one fails, those before it get closed
                self.columns[name] = self._start(name, part)
        if facts != self.facts:
            raise ValueError(f"Parts of a corpus differ: {self.facts} and {facts}.")
        for name, column in self.columns.items():
            present = part.present(name)
            self.masks.setdefault(name, []).append(present)
            if isinstance(column, _Numbers) and not present.any():
                column.skip(len(part))
                continue
            if name in SIGNALS:
                check_finite(part, name, np.arange(self.count, self.count + len(part)))
            column.append(part[name])
        self.count += len(part)

    def words(self, name: str) -> tuple[NDArray[np.int64], list[Any]]:
        """Return the number of each row's word in a column so far, and the distinct words."""
        column = self.columns[name]
        assert isinstance(column, _Words)
        return column.numbers(), column.distinct()

    def finish(self, rows: Rows | None = None) -> None:
        """Complete the files, with some rows in order or all of them."""
        masks = {name: np.concatenate(parts) for name, parts in self.masks.items()}
        if rows is not None:
            masks = {name: mask[rows] for name, mask in masks.items()}
        partial = [name for name, mask in masks.items() if not mask.all()]
        for column in self.columns.values():
            column.finish(rows)
        for name in partial:
            _write_rows(mask_file(self.folder, name), masks[name])
        text = self.columns.get("text")
        texts = text.kept if isinstance(text, _Words) else []
        paths = [column.path for column in self.columns.values()]
        paths += [mask_file(self.folder, name) for name in partial]
        self.digests = {path.name: file_digest(path) for path in paths}
        meta = {
            "format": FORMAT,
            **self.facts,
            "present": partial,
            "texts": texts,
            "files": self.digests,
        }
        # as read from JSON: tuples are lists
        meta["sha256"] = _meta_digest(json.loads(json.dumps(meta)))
        write_text(self.folder / META, json.dumps(meta))

    def _start(self, name: str, part: Windows) -> _Numbers | _Words:
        """Return the writer of a column."""
        if not name.isidentifier():
            raise ValueError(f"Column {name!r} can't be a file of the corpus: rename it.")
        path, dtype = column_file(self.folder, name), part[name].dtype
        if name == "text":
            return _Captions(path, self.texts)
        if dtype.kind in "US":
            return _Words(path)
        if dtype.kind == "O":
            raise TypeError(
                f"Column {name!r} contains Python objects, which a corpus can't keep. Convert it "
                "to numbers or strings."
            )
        return _Numbers(path, part[name].shape[1:], dtype)


class _Numbers:
    """A .npy file of growing length: its header has space for any number of rows."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.path, self.shape, self.dtype = path, shape, dtype
        self.count = 0
        with naming_file(path, _INCOMPLETE):
            self.file = path.open("w+b")
            _write_header(self.file, (0, *shape), dtype)

    def append(self, values: NDArray[Any]) -> None:
        """Append rows."""
        if values.shape[1:] != self.shape:
            raise ValueError(
                f"Rows of {self.path.stem!r} must have shape {self.shape}, got {values.shape[1:]}."
            )
        with naming_file(self.path, _INCOMPLETE):
            self.file.write(np.ascontiguousarray(values, dtype=self.dtype).tobytes())
        self.count += len(values)

    def skip(self, count: int) -> None:
        """Append rows of zeros, which take no space where the file system knows holes."""
        with naming_file(self.path, _INCOMPLETE):
            self.file.seek(count * self.dtype.itemsize * int(np.prod(self.shape)), os.SEEK_CUR)
        self.count += count

    def finish(self, rows: Rows | None) -> None:
        """Write the file, with the chosen rows only unless they are None."""
        with naming_file(self.path, _INCOMPLETE):
            self.file.truncate(self.file.tell())  # rows of zeros at the end
            start = self.file.tell() - self.count * self.dtype.itemsize * int(np.prod(self.shape))
            self.file.seek(0)
            _write_header(self.file, (self.count, *self.shape), self.dtype)
            if self.file.tell() != start:
                raise RuntimeError(f"The header of {self.path} became longer.")
            self.close()
        if rows is not None:
            self._keep(rows)

    def _keep(self, rows: Rows) -> None:
        """Keep the chosen rows of the file."""
        chosen = self.path.with_suffix(".chosen")
        _write_rows(chosen, np.load(self.path, mmap_mode="r"), rows)
        os.replace(chosen, self.path)

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _write_rows(path: Path, values: NDArray[Any], rows: Rows | None = None) -> None:
    """Write rows of an array, or all. A memory map would end the process where a disk is full.

    Rows of zeros, which stand for absent modalities, take no space where holes are known.
    """
    count = len(values if rows is None else rows)
    with naming_file(path, _INCOMPLETE), path.open("wb") as file:
        _write_header(file, (count, *values.shape[1:]), values.dtype)
        for start in range(0, count, CHUNK):
            part = slice(start, start + CHUNK)
            chosen = np.ascontiguousarray(values[part if rows is None else rows[part]])
            if chosen.dtype.kind == "f" and not chosen.any():
                file.seek(chosen.nbytes, os.SEEK_CUR)
            else:
                file.write(chosen.tobytes())
        file.truncate(file.tell())


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write the header of a .npy file."""
    head = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, head)


class _Words:
    """Strings, with far fewer distinct ones than rows."""

    def __init__(self, path: Path, known: Iterable[Hashable] = ()) -> None:
        self.path = path
        self.codes: dict[Hashable, int] = {word: code for code, word in enumerate(known)}
        self.rows = array("q")
        self.kept: list[Any] = []

    def append(self, values: NDArray[Any]) -> None:
        """Append rows."""
        self.rows.extend(
            self.codes.setdefault(word, len(self.codes)) for word in _plain(values.tolist())
        )

    def numbers(self) -> NDArray[np.int64]:
        """Return the number of the word of each row."""
        return np.array(self.rows, dtype=np.int64)

    def distinct(self) -> list[Any]:
        """Return the distinct words in the order of their numbers."""
        return list(self.codes)

    def finish(self, rows: Rows | None) -> None:
        """Write the file, with the chosen rows only unless they are None."""
        codes = self.numbers() if rows is None else self.numbers()[rows]
        used, codes = np.unique(codes, return_inverse=True)
        words = self.distinct()
        self.kept = [words[code] for code in used]
        self._write(codes)

    def _write(self, codes: NDArray[np.int64]) -> None:
        """Write the words of the rows."""
        _write_rows(self.path, np.array(self.kept if self.kept else [""]), codes)

    def close(self) -> None:
        """Nothing is open."""


class _Captions(_Words):
    """Captions, or tuples of paraphrases: numbers on disk, the sentences in meta.json."""

    def _write(self, codes: NDArray[np.int64]) -> None:
        """Write the number of the caption of each row."""
        _write_rows(self.path, codes.astype(np.int32))


def _plain(words: Iterable[Any]) -> Iterable[Hashable]:
    """Return words as hashable values."""
    return (tuple(word) if isinstance(word, list) else word for word in words)
