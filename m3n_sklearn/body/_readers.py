"""Bodies of the SMPL family: from model files, without ``smplx`` and ``chumpy``, or from smplx."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._array_files import read_npz
from .._files import reading
from .._safe_pickle import load_restricted
from .._validation import check_count
from ._model import POSE_LAYOUTS, BodyModel

__all__ = ["body_from_smplx", "family_body", "read_body"]

_ZIP = b"PK"

# Names of each field in model files, data structures and torch modules
_FIELDS = {
    "v_template": ("v_template",),
    "joint_regressor": ("J_regressor",),
    "weights": ("lbs_weights", "weights"),
    "parents": ("parents", "kintree_table"),
    "faces": ("faces", "f"),
    "shapedirs": ("shapedirs",),
    "posedirs": ("posedirs",),
}
_SMPLX_JOINTS = 55
_SMPLX_SHAPES = {400: 300, 20: 10}
"""Shape coefficients by columns of SMPL-X's shapedirs; the others are of the expression."""

_REQUIRED = ("v_template", "joint_regressor", "weights", "parents")


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
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.
    .. [2] J. Romero et al., "Embodied hands: modeling and capturing hands and bodies together",
       ACM Transactions on Graphics 36(6), 2017.
    .. [3] G. Pavlakos et al., "Expressive body capture: 3D hands, face, and body from a single
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
    if joint_names is not None:
        joint_names = tuple(joint_names)
    with reading(path, "a body model") as file:
        fields = _fields(file)
        try:
            return family_body(fields, joint_names, num_betas, file.name)
        except ValueError as error:
            if "J_regressor" in fields or not _is_zip(file):
                raise
            raise ValueError(
                f"{error} Sparse matrices and other objects in .npz files are not read. Use the "
                f".pkl of the same model."
            ) from error


def _fields(file: Path) -> Mapping[str, Any]:
    """Return the fields of a model file."""
    if _is_zip(file):
        return read_npz(file)
    content = load_restricted(file)
    if not isinstance(content, Mapping):
        raise ValueError(
            f"{file.name} contains a {type(content).__name__}, but a body model is a mapping with "
            f"v_template, weights and others."
        )
    return content


def _is_zip(file: Path) -> bool:
    """Tell whether a file is a ZIP archive, as .npz files are."""
    with file.open("rb") as handle:
        return handle.read(2) == _ZIP


# ---- bodies from smplx


def body_from_smplx(source: Any, *, joint_names: Sequence[str] | None = None) -> BodyModel:
    """Convert an SMPL [1]_, SMPL-H [2]_ or SMPL-X [3]_ model in memory to a body.

    Parameters
    ----------
    source : object or mapping
        A model of the ``smplx`` package, a data structure with the attributes of the model files,
        or a mapping such as ``numpy.load(path)``. Torch tensors are accepted. Required are

        - `v_template` (V, 3) in m;
        - `J_regressor` (J, V);
        - `weights` or `lbs_weights` (V, J);
        - `kintree_table` (2, J) or `parents` (J,).

        Optional are

        - `f` or `faces` (K, 3);
        - `shapedirs` (V, 3, B), from which expression coefficients of SMPL-X are left out;
        - `posedirs` (V, 3, 9 (J - 1)), or its transpose (9 (J - 1), 3 V).
    joint_names : sequence of str or None, default=None
        Names of the J joints. None takes those of SMPL (24), SMPL-H (52) or SMPL-X (55).

    Returns
    -------
    BodyModel
        The body in its mean shape. Use `BodyModel.shaped` for another shape.

    Raises
    ------
    ValueError
        If arrays are missing or disagree in shape, or no names are known for this number of
        joints.

    See Also
    --------
    read_body : Models from a file.

    References
    ----------
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.
    .. [2] J. Romero et al., "Embodied hands: modeling and capturing hands and bodies together",
       ACM Transactions on Graphics 36(6), 2017.
    .. [3] G. Pavlakos et al., "Expressive body capture: 3D hands, face, and body from a single
       image", CVPR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.body import body_from_smplx, default_body
    >>> own = default_body()
    >>> arrays = {
    ...     "v_template": own.vertices,
    ...     "J_regressor": np.linalg.lstsq(own.vertices.T, own.rest_joints.T)[0].T,
    ...     "weights": own.weights,
    ...     "parents": own.parents,
    ...     "f": own.faces,
    ... }
    >>> body = body_from_smplx(arrays)
    >>> bool(np.allclose(body.rest_joints, own.rest_joints))
    True
    """
    return family_body(source, joint_names, None, f"the {type(source).__name__}")


def family_body(
    source: Any, joint_names: Sequence[str] | None, num_betas: int | None, name: str
) -> BodyModel:
    """Build a body from the fields of a model, which may be attributes or keys."""
    # 1. Fields under any of their names
    found = {key: _first(source, names) for key, names in _FIELDS.items()}
    missing = [_FIELDS[key] for key in _REQUIRED if found[key] is None]
    if missing:
        listed = "; ".join(" or ".join(names) for names in missing)
        raise ValueError(f"{name} is not a body of the SMPL family: it has no {listed}.")
    # 2. Joints in the order of a known family, or as named
    vertices = _numpy(found["v_template"])
    parents = _parents(found["parents"])
    names = joint_names or POSE_LAYOUTS.get(len(parents))
    if names is None:
        raise ValueError(
            f"No names are known for {len(parents)} joints. Pass joint_names=, or a model with "
            f"{sorted(POSE_LAYOUTS)} joints."
        )
    return BodyModel(
        joint_names=tuple(names),
        parents=parents,
        vertices=vertices,
        weights=_numpy(found["weights"]),
        faces=None if found["faces"] is None else _numpy(found["faces"]),
        shapedirs=_shapedirs(source, found["shapedirs"], len(parents), num_betas),
        posedirs=_posedirs(found["posedirs"], len(vertices)),
        joint_regressor=_numpy(found["joint_regressor"]),
        name=name,
    )


def _first(source: Any, names: tuple[str, ...]) -> Any:
    """Return the value of the first name that the source has, or None."""
    for name in names:
        if isinstance(source, Mapping):
            if name in source:
                return source[name]
        elif (value := getattr(source, name, None)) is not None:
            return value
    return None


def _numpy(values: Any) -> NDArray[Any]:
    """Return a tensor or array-like as an array; leave sparse matrices unchanged."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return values if hasattr(values, "toarray") else np.asarray(values)


def _parents(values: Any) -> NDArray[np.int64]:
    """Return the parents of joints; the root has -1."""
    table = _numpy(values)
    parents = np.array(table[0] if table.ndim == 2 else table).astype(np.int64)
    parents[0] = -1  # files hold 2**32 - 1 here
    return parents


def _shapedirs(
    source: Any, values: Any, n_joints: int, num_betas: int | None
) -> NDArray[Any] | None:
    """Return the first `num_betas` shape directions, without those of the expression."""
    if values is None:
        return None
    array = _numpy(values)
    if array.ndim != 3:
        raise ValueError(f"shapedirs must have shape (V, 3, B), got {array.shape}.")
    columns = array.shape[2]
    # modules store the expression separately, files of SMPL-X append it
    if n_joints == _SMPLX_JOINTS and _first(source, ("expr_dirs",)) is None:
        columns = _SMPLX_SHAPES.get(columns, columns)
    if num_betas is not None and num_betas > columns:
        raise ValueError(f"num_betas={num_betas}, but the model has {columns} shape coefficients.")
    return array[:, :, : columns if num_betas is None else num_betas]


def _posedirs(values: Any, n_vertices: int) -> NDArray[Any] | None:
    """Return pose blend shapes with the vertices as the first axis."""
    if values is None:
        return None
    array = _numpy(values)
    if array.ndim == 2 and array.shape[1] == 3 * n_vertices:
        array = array.T.reshape(n_vertices, 3, -1)
    return array
