"""Reader of GVHMR's results: one person in a world with y up."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..._checks import real_array
from .._motion import Motion
from .._smpl import as_rotvecs
from ._tracks import Track, known_rate, look_up, motions_of

__all__ = ["read_gvhmr"]


def read_gvhmr(
    path: str | os.PathLike[str],
    *,
    rate: float | None = None,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
) -> Motion:
    """Read the ``hmr4d_results.pt`` that the demo of GVHMR [1]_ writes.

    Parameters
    ----------
    path : path-like
        A file of ``torch.save`` with `smpl_params_global`: a dictionary with `body_pose` (F, 63)
        and `global_orient` (F, 3) in rad, `transl` (F, 3) in m, and `betas` (F, 10). It is read
        with ``weights_only=True``, which executes nothing.
    rate : float
        Frames per second of the original video, which the file does not contain. The demo copies
        the frames into a video of 30 Hz, but that is not their rate.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y unless the
        body stands along another axis most of the time.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file's folder, which is that of the
        video.

    Returns
    -------
    Motion
        24 joints in a world with z up. The 21 body joints of SMPL-X are those of SMPL; the hands
        are at rest.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If entries are missing (the message lists those of the file), if the file contains
        anything but tensors and plain values, or if `rate` is missing.

    See Also
    --------
    read_wham, read_4dhumans, read_mediapipe : Results of other tools.

    Notes
    -----
    GVHMR follows the person who is visible longest, and interpolates frames in which nobody is
    visible. It does not estimate hands and face. Poses from video jitter by some degrees from
    frame to frame, which the simulator smooths. Entries and axes are those of GVHMR's
    ``tools/demo/demo.py``.

    References
    ----------
    .. [1] Z. Shen et al., "World-grounded human motion recovery via gravity-view coordinates",
       SIGGRAPH Asia 2024.

    Examples
    --------
    >>> import os, tempfile, torch
    >>> from m3n_sklearn.motion import read_gvhmr
    >>> params = {"body_pose": torch.zeros(45, 63), "global_orient": torch.zeros(45, 3),
    ...           "transl": torch.zeros(45, 3), "betas": torch.zeros(45, 10)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "hmr4d_results.pt")
    ...     torch.save({"smpl_params_global": params}, file)
    ...     read_gvhmr(file, rate=25.0, text="a person stands")
    Motion(45 frames x 24 joints, 1.76 s at 25 Hz, 'a person stands')
    """
    # 1. Read the parameters of the world frame
    file = Path(path)
    hertz = known_rate(rate, file.name)
    params = look_up(_load(file), "smpl_params_global", file.name)
    where = f"{file.name}: smpl_params_global"
    root = as_rotvecs(look_up(params, "global_orient", where), f"{where}: global_orient", (1,))
    body = as_rotvecs(look_up(params, "body_pose", where), f"{where}: body_pose", (21,))
    if len(root) != len(body):
        raise ValueError(
            f"{where}: global_orient has {len(root)} frames, but body_pose has {len(body)}."
        )
    # 2. One track without gaps, the hands at rest
    hands = np.zeros((len(root), 2, 3))
    track = Track(
        np.arange(len(root)),
        np.concatenate([root, body, hands], axis=1),
        real_array(look_up(params, "transl", where), f"{where}: transl", "(frames, 3) in m"),
        real_array(look_up(params, "betas", where), f"{where}: betas", "(frames, 10)"),
    )
    (motion,) = motions_of(
        {subject: track},
        path,
        rate=hertz,
        person=subject,
        max_gap=0.0,
        up=up,
        usual="y",
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        source="gvhmr",
    )
    return motion.replace(name=(file.resolve().parent.name or file.stem) if name is None else name)


def _load(file: Path) -> Any:
    """Load a file of tensors and plain values, and nothing else."""
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}.")
    import torch  # the other readers do not need it

    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its readers raise
        raise ValueError(
            f"{file.name} cannot be read as a file of torch.save with tensors only ({error}). It "
            "may be damaged, or contain objects, which are never loaded. Save only the tensors of "
            "smpl_params_global."
        ) from error
