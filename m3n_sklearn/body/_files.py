"""Reader of model files of the SMPL family; it needs neither ``smplx`` nor ``chumpy``."""

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
    """Read a body from a model file of SMPL [1]_, SMPL-H [2]_ or SMPL-X [3]_.

    The files are licensed, so that you have to download them from their authors. Neither ``smplx``
    nor ``chumpy`` is needed. Nothing in a file is executed: only plain values and arrays are read
    from pickles, and everything else is rejected.

    Parameters
    ----------
    path : path-like
        A .npz or .pkl file as distributed, such as ``SMPL_MALE.pkl``,
        ``smplh/female/model.npz`` or ``SMPLX_NEUTRAL.npz``. The format follows from the content.
    num_betas : int or None, default=None
        Number of shape coefficients to keep. None is all of them: 10 to 300, each of up to a
        quarter of a megabyte. Expression coefficients of SMPL-X are left out.
    joint_names : sequence of str or None, default=None
        Names of the J joints, for models other than SMPL (24 joints), SMPL-H (52) and SMPL-X
        (55).

    Returns
    -------
    BodyModel
        The body in its mean shape. Use `BodyModel.shaped` for another shape.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, contains anything but plain values and arrays, lacks arrays of a
        body, or has fewer than `num_betas` shape coefficients.
    TypeError
        If `num_betas` is not an integer.

    See Also
    --------
    body_from_smplx : Models in memory.
    body_from_mesh : Other skinned meshes.

    References
    ----------
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.
    .. [2] J. Romero et al., "Embodied hands: modeling and capturing hands and bodies together",
       ACM Transactions on Graphics 36(6), 2017.
    .. [3] G. Pavlakos et al., "Expressive body capture: 3D hands, face, and body from a single
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
            f"{error} Sparse matrices and other objects in .npz files are not read. Use the .pkl "
            f"of the same model."
        ) from error


def _fields(file: Path) -> Mapping[str, Any]:
    if file.is_file() and _is_zip(file):
        return read_npz(file)
    content = load_restricted(file)
    if not isinstance(content, Mapping):
        raise ValueError(
            f"{file.name} contains a {type(content).__name__}, but a body model is a mapping with "
            f"v_template, weights and others."
        )
    return content


def _is_zip(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(2) == _ZIP
