"""Reader of WHAM's results: people in a world with y up."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..._checks import real_array
from ..._pickles import load_restricted
from .._motion import Motion
from .._smpl import as_rotvecs
from ._tracks import Track, frame_numbers, known_rate, look_up, motions_of

__all__ = ["read_wham"]


def read_wham(
    path: str | os.PathLike[str],
    *,
    rate: float | None = None,
    person: Hashable | None = None,
    max_gap: float = 0.25,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
) -> list[Motion]:
    """Read the ``wham_output.pkl`` that the demo of WHAM [1]_ writes with ``--save_pkl``.

    Parameters
    ----------
    path : path-like
        A file of joblib: for each person a dictionary with `pose_world` (F, 72) in rad,
        `trans_world` (F, 3) in m, `betas` (F, 10) and `frame_ids` (F,). It is read without
        executing anything.
    rate : float
        Frames per second of the video, which the file does not contain.
    person : hashable, optional
        Key of the person to read. By default all persons are read.
    max_gap : float, default=0.25
        Longest time in s during which a person may be lost. Shorter gaps remain gaps in the time
        stamps. At longer gaps the motion is cut.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y unless the
        body stands along another axis most of the time.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label
        Passed on to :class:`Motion`.

    Returns
    -------
    list of Motion
        One motion for each person and uninterrupted piece, with 24 joints in a world with z up.
        The time stamps are those of the video, the `subject` is the person. Pieces of a single
        frame are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If entries are missing (the message lists those of the file), if the file contains
        anything but plain arrays, or if `rate` is missing.

    See Also
    --------
    read_gvhmr, read_4dhumans, read_mediapipe : Results of other tools.

    Notes
    -----
    WHAM integrates estimated velocities, so paths drift, and every piece begins near the origin.
    It does not estimate fingers and face. Poses from video jitter by some degrees from frame to
    frame, which the simulator smooths. Entries and axes are those of WHAM's ``demo.py``.

    References
    ----------
    .. [1] S. Shin et al., "WHAM: reconstructing world-grounded humans with accurate 3D motion",
       CVPR 2024.

    Examples
    --------
    >>> import joblib, os, tempfile
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_wham
    >>> person = {"pose_world": np.zeros((30, 72)), "trans_world": np.zeros((30, 3)),
    ...           "betas": np.zeros((30, 10)), "frame_ids": np.arange(30)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "wham_output.pkl")
    ...     _ = joblib.dump({0: person}, file)
    ...     read_wham(file, rate=30.0)
    [Motion(30 frames x 24 joints, 0.97 s at 30 Hz)]
    """
    # 1. Read the people
    hertz = known_rate(rate, Path(path).name)
    people = load_restricted(path)
    file = Path(path).name
    if not isinstance(people, Mapping) or not people:
        raise ValueError(
            f"{file} must contain a dictionary of people and their parameters, got "
            f"{type(people).__name__}. WHAM's demo writes it with --save_pkl."
        )
    # 2. From tracks in the world to motions
    tracks = {
        who.item() if isinstance(who, np.generic) else who: _track(values, f"{file}: person {who}")
        for who, values in people.items()
    }
    return motions_of(
        tracks,
        path,
        rate=hertz,
        person=person,
        max_gap=max_gap,
        up=up,
        usual="y",
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        source="wham",
    )


def _track(values: object, where: str) -> Track:
    poses = as_rotvecs(look_up(values, "pose_world", where), f"{where}: pose_world", (24,))
    trans, betas = (
        real_array(look_up(values, key, where), f"{where}: {key}", f"(frames, {size})")
        for key, size in (("trans_world", 3), ("betas", 10))
    )
    frames = frame_numbers(look_up(values, "frame_ids", where), f"{where}: frame_ids")
    return Track(frames, poses, trans, betas)
