"""One door for files of motion: the format is recognized by content, and its reader is called."""

from __future__ import annotations

import inspect
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._files import reading
from .._plain_content import load_plain
from .._text_files import decode_text, read_text, wide_codec
from .._typing import AnyArray
from .._validation import is_number
from .._warn import warn
from ..skeleton import SMPL_JOINTS
from ._asf_amc import read_amc
from ._bvh import read_bvh
from ._bvh_file import COMMENTS
from ._c3d import read_c3d
from ._joint_tables import read_joints
from ._mediapipe import is_mediapipe, read_mediapipe
from ._mocap_exports import SIGNATURES
from ._motion import Motion
from ._mvnx import read_mvnx
from ._read_smpl import read_smpl, recognize_smpl
from ._tracked_joints import MAX_UNEVENNESS, unevenness
from ._trc import read_trc

__all__ = ["read_motion"]

READERS: dict[str, Callable[..., Motion | list[Motion]]] = {
    "amc": read_amc,
    "bvh": read_bvh,
    "c3d": read_c3d,
    "joints": read_joints,
    "mediapipe": read_mediapipe,
    "mvnx": read_mvnx,
    "smpl": read_smpl,
    "trc": read_trc,
}
HEAD = 65536
"""Bytes at the start of a file by which its format is recognized."""

ARRAY_ENDINGS = {".npz", ".npy", ".pkl", ".pickle", ".pk", ".joblib", ".pt", ".pth"}
TABLE_ENDINGS = {".csv", ".tsv", ".txt"}
ENDINGS = {*ARRAY_ENDINGS, ".csv", ".tsv", ".json", ".bvh", ".trc", ".c3d", ".mvnx", ".amc"}
"""Endings of files that a folder holds as motions; other files are left alone if unrecognized."""

# ---- kinds that are not read: first bytes at a position, and what to do

VIDEO = (
    "a video. Videos have a door of their own: call m3n_sklearn.motion_from_video, or estimate the "
    "motion with a video tool and read its result"
)
IMAGE = "an image, not a motion"
SCENE = (
    "a 3-D scene, which only its own software reads. Open it there, or in Blender, and export BVH"
)
MATRIX = (
    "a MATLAB or HDF5 file. Load its arrays (scipy.io.loadmat, h5py) and pass joint positions to "
    "motion_from_joints or SMPL parameters to read_smpl"
)
OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", VIDEO),
    (8, b"AVI ", VIDEO),
    (0, b"\x1a\x45\xdf\xa3", VIDEO),
    (0, b"\x00\x00\x01\xba", VIDEO),
    (0, b"\x00\x00\x01\xb3", VIDEO),
    (0, b"FLV", VIDEO),
    (0, b"\x30\x26\xb2\x75", VIDEO),
    (0, b"OggS", VIDEO),
    (0, b"\x89PNG", IMAGE),
    (0, b"\xff\xd8\xff", IMAGE),
    (0, b"GIF8", IMAGE),
    (0, b"Kaydara FBX", SCENE),
    (0, b"; FBX", SCENE),
    (0, b"glTF", SCENE),
    (0, b"BLENDER", SCENE),
    (0, b"PXR-USDC", SCENE),
    (0, b"#usda", SCENE),
    (0, b"\x89HDF", MATRIX),
    (0, b"MATLAB", MATRIX),
)
FORMATS = (
    "BVH, SMPL parameters, TRC, C3D, MVNX, AMC, results of MediaPipe and SAM 3D Body, and tables "
    "of joint positions"
)
SMPL_COUNTS = (22, 24, 52, 55)
"""Numbers of joints of the SMPL family."""

VIDEO_ENDINGS = {".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv"}


def read_motion(path: str | os.PathLike[str], **options: Any) -> list[Motion]:
    """Read a file of any motion format, or all files in a folder.

    Parameters
    ----------
    path : path-like
        A file of motion capture, a result of a video tool, or a table of joint positions (see
        Notes); or a folder, which is read with all folders in it, sorted by name.
    **options : dict
        Arguments of the reader, such as `rate`, `text`, `label`, `subject`, `up` or `layout`. In a
        folder all its readers must take them.

    Returns
    -------
    list of Motion
        One motion for each clip and person, also if there is only one. `Motion.source` names the
        origin that the reader found, else the format. `Motion.name` is the name of the file; in a
        folder it includes the folders below `path`.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If the format is not known, is that of a video or an image, or the reader cannot read the
        file. For a folder, if it has no motion, or none that can be read.
    TypeError
        If the reader of the format does not take one of the options. The message names the reader
        and its options.

    Warns
    -----
    UserWarning
        If files of a folder cannot be read: one warning lists them with the reasons. If the content
        fits two readers. What a reader warns of, each time with the name of the file in folders.

    See Also
    --------
    motion_from_joints : Positions in an array.

    Notes
    -----
    The format is recognized by the content of a file, not by its ending alone:

    =============================================== =======================
    Content                                         Reader
    =============================================== =======================
    BVH                                             :func:`read_bvh`
    SMPL parameters: .npz, pickle, torch, .json     :func:`read_smpl`
    TRC                                             :func:`read_trc`
    C3D                                             :func:`read_c3d`
    MVNX of Xsens                                   :func:`read_mvnx`
    AMC, with its ASF file next to it               :func:`read_amc`
    landmarks of MediaPipe: .json, .npy, .npz, .csv :func:`read_mediapipe`
    joint positions: .npy, .npz, .pkl, .csv, .json  :func:`read_joints`
    =============================================== =======================

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from m3n_sklearn import read_motion
    >>> poses = np.tile([np.pi / 2] + 71 * [0.0], (10, 1))  # upright in a z-up world
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "stand.npz")
    ...     np.savez(file, poses=poses, trans=np.zeros((10, 3)), mocap_framerate=60.0)
    ...     read_motion(file, text="a person stands")
    [Motion(10 frames x 24 joints, 0.15 s at 60 Hz, 'a person stands')]
    """
    _check_path(path)
    place = Path(path)
    if place.is_dir():
        return _read_folder(place, options)
    return _read_file(place, options)


def _check_path(path: Any) -> None:
    """Raise for what is not the path of a file or folder, and say what to call instead."""
    if isinstance(path, str | os.PathLike):
        return
    hint = ""
    if isinstance(path, list | tuple | set | Iterator):
        hint = (
            " Read several files one after another: [motion for file in files for motion in "
            "read_motion(file)]; or pass their folder."
        )
    elif isinstance(path, np.ndarray):
        hint = " Pass positions to motion_from_joints, and rotations to read_smpl."
    elif isinstance(path, Mapping):
        hint = " Pass SMPL parameters to read_smpl."
    given = f"{path!r:.40}" if path is None or is_number(path) else type(path).__name__
    raise TypeError(f"path must be the path of a file or of a folder, got {given}.{hint}")


def _read_file(file: Path, options: Mapping[str, Any]) -> list[Motion]:
    """Read one file with the reader of its format."""
    kind = _recognize(file)
    reader = READERS[kind]
    accepted = list(inspect.signature(reader).parameters)[1:]
    wrong = [name for name in options if name not in accepted]
    if wrong:
        raise TypeError(
            f"{file.name} is read by {reader.__name__}, which does not take "
            f"{', '.join(wrong)}. It takes {', '.join(accepted)}."
        )
    if kind == "amc" and "rate" not in options:
        raise ValueError(
            f"{file.name}: AMC files do not contain their frame rate. Pass rate= in frames per "
            "second (CMU: 120, some clips 60); a wrong rate scales every simulated acceleration by "
            "its square."
        )
    if kind == "smpl" and file.suffix.lower() == ".json":
        options = {"name": file.stem, **options}
        found = reader(_json(file), **options)
    else:
        found = reader(file, **options)
    motions = found if isinstance(found, list) else [found]
    return [each if each.source else each.replace(source=kind) for each in motions]


# ---- the format


def _recognize(file: Path) -> str:
    """Return the key of the reader of a file, or raise and say what the file is."""
    with reading(file, "a motion"):
        with file.open("rb") as opened:
            head = opened.read(HEAD)
        # 1. Kinds that are not read
        if not head:
            raise ValueError("the file is empty.")
        for at, magic, what in OTHERS:
            if head[at:].startswith(magic):
                raise ValueError(f"this is {what}.")
        if file.suffix.lower() in VIDEO_ENDINGS:
            raise ValueError(f"this is {VIDEO}.")
        # 2. Formats with a signature
        if (
            wide_codec(head) is None
            and head[1:2] == b"\x50"
            and (head[0] < 32 or file.suffix.lower() == ".c3d")
        ):
            return "c3d"
        if _is_binary(head) or file.suffix.lower() in ARRAY_ENDINGS:
            return _recognize_arrays(file)
        text = decode_text(head)
        kind = _recognize_text(text)
        # 3. Formats without one
        if kind is None and text.lstrip()[:1] in ("{", "["):
            return _recognize_content(_json(file), file)
        if kind is None and _is_table(text):
            return _recognize_table(text)
        if kind is None:
            start = text.strip()[:40]
            raise ValueError(
                f"its format is not known; it begins with {start!r}. Known are {FORMATS}."
            )
        if kind == "asf":
            raise ValueError("this is the skeleton of AMC files. Read the AMC file next to it.")
        return kind


def _is_binary(head: bytes) -> bool:
    """Tell archives, arrays and pickles from text."""
    if wide_codec(head) is not None:
        return False
    return b"\x00" in head or head[:1] in (b"\x80", b"\x93", b"\x78", b"\x1f") or head[:2] == b"PK"


def _recognize_text(text: str) -> str | None:
    """Return the key of a format whose first words name it."""
    start = text.lstrip()
    plain = [line for line in text.splitlines() if not line.lstrip().startswith(COMMENTS)]
    if re.match(r"HIERARCHY\b", "\n".join(plain).lstrip(), re.I):
        return "bvh"
    if start.lower().startswith(SIGNATURES):
        return "joints"
    if start.startswith("PathFileType"):
        return "trc"
    if start.startswith("<") and re.search(r"<(\w+:)?mvnx\b", start):
        return "mvnx"
    lines = [line.strip().lower() for line in text.splitlines()[:200]]
    if "!oml:asf" in start[:10].lower() or {":fully-specified", ":degrees", ":radians"} & {*lines}:
        return "amc"
    if any(line.startswith((":version", ":bonedata", ":root")) for line in lines):
        return "asf"
    return None


def _is_table(text: str) -> bool:
    """Tell whether some of the first lines are rows of numbers."""
    lines = [line for line in text.splitlines()[:12] if line.strip()]
    numbers = [len(re.findall(r"(?<![\w.])[-+]?\d*\.?\d+", line)) for line in lines]
    return max(numbers, default=0) >= 6


def _recognize_table(text: str) -> str:
    """Tell rows of MediaPipe's landmarks from other tables."""
    lines = text.splitlines()
    header, row = lines[0], lines[min(1, len(lines) - 1)]
    count = len(re.split(r"[,;\t]", row))
    names = re.split(r"[,;\t]", header.lower())
    numbered = names[:3] == ["x0", "y0", "z0"] or not re.search(r"[a-df-z]{2}", header.lower())
    return "mediapipe" if numbered and count in (99, 132, 165) else "joints"


def _recognize_arrays(file: Path) -> str:
    """Return the key of the reader of saved arrays."""
    return _recognize_content(load_plain(file), file)


def _recognize_content(content: Any, file: Path) -> str:
    """Return the key of the reader of plain content."""
    if is_mediapipe(content):
        return "mediapipe"
    if recognize_smpl(content) is not None:
        return "smpl"
    if isinstance(content, np.ndarray):
        _check_not_rotations(content)
    return "joints"


def _check_not_rotations(array: AnyArray) -> None:
    """Raise for an array without names whose numbers are rather SMPL's rotations than positions."""
    count = array.size // max(3 * len(array), 1) if array.ndim in (2, 3) else 0
    if count not in SMPL_COUNTS or array.size != 3 * count * len(array):
        return
    body = array.reshape(len(array), count, 3)[:, : len(SMPL_JOINTS)]
    if array.dtype.kind == "f" and unevenness(body) > MAX_UNEVENNESS:
        raise ValueError(
            f"an array of shape {array.shape} without a name may hold rotations of SMPL or "
            "positions of its joints. As positions, the limbs have the lengths of different "
            "people. For rotations call read_smpl({'poses': numpy.load(path)}, rate=...); for "
            "positions read_joints(path)."
        )


def _json(file: Path) -> Any:
    """Return the content of a JSON file."""
    return json.loads(read_text(file))


# ---- folders


def _read_folder(folder: Path, options: Mapping[str, Any]) -> list[Motion]:
    """Read all motions below a folder; say once which files cannot be read."""
    if "name" in options:
        raise TypeError("name= names one clip: give it for a file, not for a folder.")
    motions: list[Motion] = []
    failed: list[str] = []
    said: dict[tuple[type[Warning], str], list[str]] = {}
    there = list(_files(folder))
    if not there:
        raise ValueError(f"The folder {folder} has no files.")
    for file in there:
        relative = file.relative_to(folder)
        name = relative.with_suffix("").as_posix()
        try:
            with warnings.catch_warnings(record=True) as caught:
                motions += _read_file(file, {**options, "name": name})
        except (ValueError, ImportError, OSError) as error:
            if file.suffix.lower() in ENDINGS | VIDEO_ENDINGS:
                failed.append(f"{relative.as_posix()} ({_brief(error, file)})")
            continue
        for each in caught:
            said.setdefault((each.category, str(each.message)), []).append(relative.as_posix())
    if not motions:
        cure = f": {'; '.join(failed[:20])}" if failed else ""
        what = "can be read" if failed else "is a motion"
        hint = "" if failed else f" It has {_brief_list(there, folder)}. Known are {FORMATS}."
        raise ValueError(f"No file in {folder} {what}{cure}.{hint}")
    for (category, message), files in said.items():
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        warn(f"{files[0]}{more}: {message}", category)
    if failed:
        more = f"; and {len(failed) - 20} more" if len(failed) > 20 else ""
        warn(f"{len(failed)} file(s) in {folder} were not read: {'; '.join(failed[:20])}{more}.")
    return motions


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted; hidden ones and skeletons of AMC files excepted."""
    for file in sorted(folder.rglob("*")):
        parts: Sequence[str] = file.relative_to(folder).parts
        hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
        if file.is_file() and not hidden and file.suffix.lower() != ".asf":
            yield file


def _brief_list(files: Sequence[Path], folder: Path) -> str:
    """Return the names of the first files in a folder."""
    names = [file.relative_to(folder).as_posix() for file in files[:5]]
    return ", ".join(names) + (f" and {len(files) - 5} more files" if len(files) > 5 else "")


def _brief(error: Exception, file: Path) -> str:
    """Return the first sentence of an error, without the name of the file."""
    text = str(error).removeprefix(f"{file}: ").removeprefix(f"{file.name}: ").strip()
    return text if len(text) <= 200 else f"{text[:197]}..."
