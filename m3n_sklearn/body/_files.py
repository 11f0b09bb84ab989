"""Bodies from model files of the SMPL family, without the packages that the files expect."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._checks import check_count
from .._pickles import load_restricted
from ..motion._npz import read_npz
from ._model import BodyModel
from ._smplx import family_body

__all__ = ["read_body"]

_ZIP = b"PK"


def read_body(
    path: str | os.PathLike[str],
    *,
    num_betas: int | None = None,
    joint_names: Sequence[str] | None = None,
) -> BodyModel:
    """Read a body from a model file of SMPL, SMPL-H or SMPL-X.

    The files are licensed; get yours from their makers [1]_ [2]_ [3]_. Neither ``smplx`` nor
    ``chumpy`` is needed, and nothing in a file is ever executed: of pickles only plain values
    and arrays are taken, everything else is refused.

    Parameters
    ----------
    path : path-like
        An .npz or .pkl file as distributed, such as ``SMPL_MALE.pkl``,
        ``smplh/female/model.npz`` or ``SMPLX_NEUTRAL.npz``. The content tells which it is.
    num_betas : int or None, default=None
        How many shape coefficients to keep; None is all of them (10 to 300, each of up to a
        quarter of a megabyte). Expression coefficients of SMPL-X are not kept.
    joint_names : sequence of str or None, default=None
        Names of the J joints, for models other than SMPL (24 joints), SMPL-H (52) and SMPL-X
        (55).

    Returns
    -------
    BodyModel
        The body in its mean shape; use `BodyModel.shaped` for another one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, holds what is not taken from files, lacks arrays of a body, or
        has fewer than `num_betas` shape coefficients.

    See Also
    --------
    body_from_smplx : The same from an object in memory.
    body_from_mesh : Skinned bodies of other kinds.

    References
    ----------
    .. [1] Loper et al., "SMPL: a skinned multi-person linear model", ACM TOG 34(6), 2015.
    .. [2] Romero et al., "Embodied hands: modeling and capturing hands and bodies together",
       ACM TOG 36(6), 2017.
    .. [3] Pavlakos et al., "Expressive body capture: 3D hands, face, and body from a single
       image", CVPR 2019.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from m3n_sklearn.body import default_body, read_body
    >>> own = default_body()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "model.npz")
    ...     np.savez(
    ...         file, v_template=own.vertices, weights=own.weights, f=own.faces,
    ...         kintree_table=[own.parents, range(24)],
    ...         J_regressor=np.linalg.lstsq(own.vertices.T, own.rest_joints.T)[0].T,
    ...     )
    ...     body = read_body(file)
    >>> body.n_joints, round(body.stature, 3)
    (24, 1.692)
    """
    if num_betas is not None:
        num_betas = check_count(num_betas, "num_betas")
    file = Path(path)
    fields = _fields(file)
    try:
        return family_body(fields, joint_names, num_betas, file.name)
    except ValueError as error:
        if "J_regressor" in fields or not _is_zip(file):
            raise
        raise ValueError(
            f"{error} Sparse matrices and other objects in .npz files are not read: use the .pkl "
            f"that the model came in."
        ) from error


def _fields(file: Path) -> Mapping[str, Any]:
    if file.is_file() and _is_zip(file):
        return read_npz(file)
    content = load_restricted(file)
    if not isinstance(content, Mapping):
        raise ValueError(
            f"{file.name} holds a {type(content).__name__}, a body model is a mapping with "
            f"v_template, weights and others."
        )
    return content


def _is_zip(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(2) == _ZIP
