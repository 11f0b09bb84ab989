"""Readers of SMPL parameters: motion capture, data sets, and results of video tools."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from .._typing import AnyArray
from ._motion import Motion
from ._readings import known_rate
from ._smpl_motions import read_people
from ._smpl_tools import GVHMR, HUMANS, WHAM, recognize

__all__ = [
    "read_4dhumans",
    "read_amass",
    "read_gvhmr",
    "read_smpl",
    "read_wham",
    "recognize_smpl",
]


def recognize_smpl(content: Any) -> str | None:
    """Return the name of the tool that wrote SMPL parameters, "smpl" for others, None for none."""
    tool = recognize(content)
    return None if tool is None else tool.name or tool.title.lower()


def read_smpl(
    path: str | os.PathLike[str] | Mapping[str, Any] | AnyArray,
    *,
    rate: float | None = None,
    up: str | ArrayLike = "auto",
    person: Hashable | None = None,
    focal_length: float | None = None,
    max_gap: float = 0.25,
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> list[Motion]:
    """Read SMPL parameters of any tool or data set.

    The tool is recognized by the names in the file. Its axes and rate are applied, and
    `Motion.source` names it.

    Parameters
    ----------
    path : path-like or mapping
        A file of NumPy (.npz, .npy), pickle, joblib or ``torch.save``, or its content in memory.
        Files are read without executing anything. See Notes for the content.
    rate : float, optional
        Frames per second. Overrides the rate in the file, and is required if there is none.
    up : {"auto", "z", "y", "x", "-z", "-y", "-x"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes that of the tool
        (see Notes) unless the body stands along another axis most of the time.
    person : hashable, optional
        The person to read. By default all persons are read.
    focal_length : float, optional
        For 4D-Humans: the camera's focal length in pixels of the video (see
        :func:`read_4dhumans`).
    max_gap : float, default=0.25
        Longest time in s during which a person may be lost. Shorter gaps remain gaps in the time
        stamps. At longer gaps the motion is cut.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label
        Passed on to :class:`Motion`.
    subject : hashable, optional
        Identifier of the person, for a file of one person. By default the name of the person in
        the file.
    name : str, optional
        Identifier of the clip. By default the name of the file. The person and the number of the
        piece are appended where there are several.
    source : str, optional
        Origin of the clip. By default the name of the tool or data set.

    Returns
    -------
    list of Motion
        One motion for each person and uninterrupted piece, with 24 joints in a world with z up.
        Hands, fingers and face are left out, except the hand joints of SMPL.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the content is not SMPL parameters, nobody is in it, an entry has another shape than
        expected, the file holds other objects than plain values, arrays and tensors, or `rate` is
        missing.

    Warns
    -----
    UserWarning
        If poses are relative to the camera, frames are left out, the gender is not known, or the
        body does not stand along the axis that should point up.

    See Also
    --------
    read_amass, read_gvhmr : The same for files of one person: one motion instead of a list.
    read_wham, read_4dhumans : The same, for results of one tool only.

    Notes
    -----
    Poses are `poses` (or `pose`, `fullpose`, `smpl_poses`, ...) of the root and 21, 23, 51 or 54
    other joints, or `root_orient` and `pose_body` (or `global_orient` and `body_pose`) without and
    with the root. They are one of

    - rotation vectors in rad;
    - rotation matrices;
    - unit quaternions, (w, x, y, z) or (x, y, z, w), which are told apart by their size;
    - 6-D rotations: the first two columns of the matrices one after the other [1]_, interleaved,
      or the first two rows. Interleaved numbers are told by their right angles, rows by knees that
      would bend forwards.

    Optional are translations `trans` (or `transl`, ...) in m, `betas`, `gender`, and
    `mocap_framerate` or `fps` in Hz.

    ============ ==== ===== =====================================================================
    Tool         Up   Rate  Translations
    ============ ==== ===== =====================================================================
    AMASS        z    file  in m
    WHAM         y          in m, of its world
    GVHMR        y          in m, of its world
    PromptHMR    y          in m, of its world
    GLAMR        z          in m, of its world
    SLAHMR       -y         in m, of its world
    TRAM         -y         in m, relative to the camera
    4D-Humans    -y         none, or with `focal_length` relative to the camera
    VIBE         -y         none
    ROMP         -y         none
    HybrIK       -y         none
    AIST++       y    60 Hz divided by `smpl_scaling`
    3DPW         y    30 Hz in m
    EMDB         y    30 Hz in m
    Motion-X     y    30 Hz in m
    MDM          y          in m
    SMPL codec   y    file  in m
    others       z    file  in m
    ============ ==== ===== =====================================================================

    The rates of data sets hold for their original files.

    References
    ----------
    .. [1] Y. Zhou et al., "On the continuity of rotation representations in neural networks",
       CVPR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_smpl
    >>> standing = {"smpl_poses": np.zeros((120, 72)), "smpl_trans": np.zeros((120, 3)),
    ...             "smpl_scaling": [93.0]}
    >>> (motion,) = read_smpl(standing, text="a person stands")
    >>> motion, motion.source
    (Motion(120 frames x 24 joints, 1.98 s at 60 Hz, 'a person stands'), 'aist++')
    """
    return read_people(
        path,
        rate=rate,
        up=up,
        person=person,
        focal_length=focal_length,
        max_gap=max_gap,
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        subject=subject,
        name=name,
        source=source,
    )


# ---- readers of one tool, or of one person


def read_amass(
    path: str | os.PathLike[str],
    *,
    up: str | ArrayLike = "auto",
    rate: float | None = None,
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read one clip of SMPL parameters (AMASS [1]_ and files with the same arrays).

    Parameters
    ----------
    path : path-like
        A file of one person that :func:`read_smpl` reads, usually an .npz with `poses` of shape
        (F, 66), (F, 72), (F, 156) or (F, 165), axis-angle vectors in rad; or with `root_orient`
        and `pose_body`, or `global_orient` and `body_pose`. Optional are `trans` (F, 3) in m,
        `betas`, `gender`, and `mocap_framerate` in Hz.
    up : {"auto", "z", "y", "x", "-z", "-y", "-x"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up: "z" in AMASS. "auto" takes z, or
        the axis of the tool that wrote the file, unless the body stands along another axis most of
        the time.
    rate : float, optional
        Frames per second. Overrides the rate in the file.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip, such as the name of a data set in AMASS.

    Returns
    -------
    Motion
        24 joints in SMPL's order, in a world with z up. The twist of the hand about the forearm
        belongs to the forearm (see :func:`retarget`); the directions of the bones do not change.
        Rotations of hands, fingers and face of SMPL-H and SMPL-X are left out. All shape
        coefficients are kept. If `up` rotates the world, positions may be off by a constant, since
        SMPL measures `trans` from the unrotated pelvis.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, lacks poses or a frame rate, has another number of pose parameters,
        or has several people or pieces, which :func:`read_smpl` returns as a list.

    Warns
    -----
    UserWarning
        As :func:`read_smpl` does.

    See Also
    --------
    read_smpl : Files of all tools; a list of motions.

    References
    ----------
    .. [1] N. Mahmood et al., "AMASS: Archive of motion capture as surface shapes", ICCV 2019.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from m3n_sklearn.motion import read_amass
    >>> poses = np.tile([np.pi / 2] + 71 * [0.0], (10, 1))  # upright in a z-up world
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "stand.npz")
    ...     np.savez(file, poses=poses, trans=np.zeros((10, 3)), mocap_framerate=60.0)
    ...     read_amass(file, text="a person stands")
    Motion(10 frames x 24 joints, 0.15 s at 60 Hz, 'a person stands')
    """
    motions = read_people(
        path,
        rate=rate,
        up=up,
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        subject=subject,
        name=name,
        source=source,
    )
    return _only(motions, path)


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
        anything but plain arrays, has nobody, or if `rate` is missing.

    See Also
    --------
    read_smpl : Results of all tools with SMPL parameters.
    read_mediapipe : Landmarks.

    Notes
    -----
    WHAM integrates estimated velocities, so paths drift, and every piece begins near the origin.
    It does not estimate fingers and face. Poses from video jitter by some degrees from frame to
    frame, which the simulator smooths. Entries and axes are those of WHAM's ``demo.py``.

    References
    ----------
    .. [1] S. Shin et al., "WHAM: reconstructing world-grounded humans with accurate 3D motion",
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
    return read_people(
        path,
        WHAM,
        rate=known_rate(rate, Path(path).name),
        up=up,
        person=person,
        max_gap=max_gap,
        trim_tpose=trim_tpose,
        text=text,
        label=label,
    )


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
        and `global_orient` (F, 3) in rad, `transl` (F, 3) in m, and `betas` (F, 10), as tensors or
        arrays. It is read without executing anything; a pickle with the same content is read too.
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
        anything but tensors, arrays and plain values, or if `rate` is missing.

    See Also
    --------
    read_smpl : Results of all tools with SMPL parameters.
    read_mediapipe : Landmarks.

    Notes
    -----
    GVHMR follows the person who is visible longest, and interpolates frames in which nobody is
    visible. It does not estimate hands and face. Poses from video jitter by some degrees from
    frame to frame, which the simulator smooths. Entries and axes are those of GVHMR's
    ``tools/demo/demo.py``.

    References
    ----------
    .. [1] Z. Shen et al., "World-grounded human motion recovery via gravity-view coordinates",
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
    motions = read_people(
        path,
        GVHMR,
        rate=known_rate(rate, Path(path).name),
        up=up,
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        subject=subject,
        name=name,
    )
    return _only(motions, path)


def read_4dhumans(
    path: str | os.PathLike[str],
    *,
    rate: float | None = None,
    person: Hashable | None = None,
    focal_length: float | None = None,
    max_gap: float = 0.25,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
) -> list[Motion]:
    """Read the tracks that ``track.py`` of 4D-Humans [1]_ and PHALP [2]_ write.

    Parameters
    ----------
    path : path-like
        The .pkl file of joblib under ``results``: for each frame a dictionary with `time`, and
        with a list entry for each track in `tid`, `tracked_time`, `smpl` (`global_orient`
        (1, 3, 3), `body_pose` (23, 3, 3), `betas` (10,)), `camera` (3,) and `size`. It is read
        without executing anything.
    rate : float
        Frames per second of the video, which the file does not contain.
    person : hashable, optional
        Number of the track to read. By default all tracks are read.
    focal_length : float, optional
        The camera's focal length in pixels of the video. With it, people move through the
        camera's frame according to `camera`. Without it they stay in place, since the depths of
        the file are those of an assumed lens.
    max_gap : float, default=0.25
        Longest time in s during which a person may be lost. Shorter gaps remain gaps in the time
        stamps. At longer gaps, and where a new shot begins, the motion is cut.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction in the camera's frame (x right, y down, z forward) that points up.
        "auto" assumes a level camera ("-y"), or one upside down if the person is. For a tilted
        camera give the direction, such as the reading of the phone's accelerometer at rest.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label
        Passed on to :class:`Motion`.

    Returns
    -------
    list of Motion
        One motion for each person and uninterrupted piece, with 24 joints in a world with z up.
        The time stamps are those of the video, the `subject` is the number of the track. Pieces of
        a single frame are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If entries are missing (the message lists those of the file), if the file contains
        anything but plain values and arrays, or if `rate` is missing.

    See Also
    --------
    read_smpl : Results of all tools with SMPL parameters.
    read_mediapipe : Landmarks.

    Notes
    -----
    The results are relative to the camera. A moving camera appears as motion of the body, and a
    tilted camera as tilted gravity. The path in depth is inaccurate, so its accelerations are not
    reliable. Frames in which PHALP only predicts a lost person (`tracked_time` above 0) are left
    out. Each frame is estimated independently, so poses jitter by some degrees, which the
    simulator smooths. The entries are those of PHALP's README.

    References
    ----------
    .. [1] S. Goel et al., "Humans in 4D: reconstructing and tracking humans with transformers",
       ICCV 2023.
    .. [2] J. Rajasegaran et al., "Tracking people by predicting 3D appearance, location and pose",
       CVPR 2022.

    Examples
    --------
    >>> import joblib, os, tempfile
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_4dhumans
    >>> smpl = {"global_orient": np.diag([1.0, -1.0, -1.0])[None],
    ...         "body_pose": np.tile(np.eye(3), (23, 1, 1)), "betas": np.zeros(10)}
    >>> frames = {f"{n:06d}.jpg": {"time": n, "shot": 0, "tid": [1], "tracked_time": [0],
    ...                            "smpl": [smpl], "camera": [np.zeros(3)], "size": [[720, 1280]]}
    ...           for n in range(30)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "demo_video.pkl")
    ...     _ = joblib.dump(frames, file, compress=3)
    ...     read_4dhumans(file, rate=30.0)
    [Motion(30 frames x 24 joints, 0.97 s at 30 Hz)]
    """
    return read_people(
        path,
        HUMANS,
        rate=known_rate(rate, Path(path).name),
        up=up,
        person=person,
        focal_length=focal_length,
        max_gap=max_gap,
        trim_tpose=trim_tpose,
        text=text,
        label=label,
    )


def _only(motions: list[Motion], path: str | os.PathLike[str]) -> Motion:
    """Return the motion of a file that has one, or raise."""
    if len(motions) != 1:
        subjects = list(dict.fromkeys(motion.subject for motion in motions))
        several = f"people {subjects}" if len(subjects) > 1 else "pieces between long gaps"
        raise ValueError(
            f"{Path(path).name} has {len(motions)} motions: {several}. Read it with read_smpl, "
            "which returns a list."
        )
    return motions[0]
