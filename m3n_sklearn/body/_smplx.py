"""Bodies of the SMPL family, from the objects or arrays that already hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._layouts import POSE_LAYOUTS
from ._model import BodyModel

__all__ = ["body_from_smplx", "family_body"]

# what is read, under the names used by model files, data structures and torch modules
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
# shape coefficients by columns of the file: 300 or 10, followed by 100 or 10 for the expression
_SMPLX_SHAPES = {400: 300, 20: 10}
_REQUIRED = ("v_template", "joint_regressor", "weights", "parents")


def body_from_smplx(source: Any, *, joint_names: Sequence[str] | None = None) -> BodyModel:
    """Take a body over from an SMPL, SMPL-H or SMPL-X model that is already in memory.

    Parameters
    ----------
    source : object or mapping
        A model created by the ``smplx`` package, a data structure with the attributes of the
        model files, or a mapping such as ``numpy.load(path)``. Read are `v_template` (V, 3),
        `J_regressor` (J, V), `weights` or `lbs_weights` (V, J), `kintree_table` (2, J) or
        `parents` (J,), and, where present, `f` or `faces` (K, 3), `shapedirs` (V, 3, B) and
        `posedirs` (V, 3, 9 (J - 1)) or its transpose (9 (J - 1), 3 V). Torch tensors are
        accepted. Expression coefficients of SMPL-X are not taken over.
    joint_names : sequence of str or None, default=None
        Names of the J joints; None takes those of SMPL (24), SMPL-H (52) or SMPL-X (55).

    Returns
    -------
    BodyModel
        The body in its mean shape; use `BodyModel.shaped` for another one.

    Raises
    ------
    ValueError
        If arrays are missing or disagree in shape, or joints have no known names.

    See Also
    --------
    read_body : The same from a model file.

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
    """Build a body from the fields of a model, however they are held."""
    found = {key: _first(source, names) for key, names in _FIELDS.items()}
    missing = [_FIELDS[key] for key in _REQUIRED if found[key] is None]
    if missing:
        wanted = "; ".join(" or ".join(names) for names in missing)
        raise ValueError(f"{name} is not a body of the SMPL family: it has no {wanted}.")
    vertices = _numpy(found["v_template"])
    parents = _parents(found["parents"])
    names = joint_names or POSE_LAYOUTS.get(len(parents))
    if names is None:
        raise ValueError(
            f"No names are known for {len(parents)} joints; give joint_names=, or a model with "
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
    """First of the names that the source has."""
    for name in names:
        if isinstance(source, Mapping):
            if name in source:
                return source[name]
        elif (value := getattr(source, name, None)) is not None:
            return value
    return None


def _numpy(values: Any) -> NDArray[Any]:
    """Array of a tensor or anything array-like; sparse matrices stay as they are."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return values if hasattr(values, "toarray") else np.asarray(values)


def _parents(values: Any) -> NDArray[np.int64]:
    table = _numpy(values)
    parents = np.array(table[0] if table.ndim == 2 else table).astype(np.int64)
    parents[0] = -1  # files hold 2**32 - 1 here
    return parents


def _shapedirs(
    source: Any, values: Any, n_joints: int, num_betas: int | None
) -> NDArray[Any] | None:
    """Directions of the shape: the first `num_betas`, and none of the expression."""
    if values is None:
        return None
    array = _numpy(values)
    if array.ndim != 3:
        raise ValueError(f"shapedirs must have shape (V, 3, B), got {array.shape}.")
    columns = array.shape[2]
    # modules keep the expression apart; files of SMPL-X append it
    if n_joints == _SMPLX_JOINTS and _first(source, ("expr_dirs",)) is None:
        columns = _SMPLX_SHAPES.get(columns, columns)
    if num_betas is not None and num_betas > columns:
        raise ValueError(f"num_betas={num_betas}, but the model has {columns} shape coefficients.")
    return array[:, :, : columns if num_betas is None else num_betas]


def _posedirs(values: Any, n_vertices: int) -> NDArray[Any] | None:
    if values is None:
        return None
    array = _numpy(values)
    if array.ndim == 2 and array.shape[1] == 3 * n_vertices:
        array = array.T.reshape(n_vertices, 3, -1)
    return array
