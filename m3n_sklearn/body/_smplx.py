"""Bodies of the SMPL family, from the objects or arrays that already hold them.

Nothing is imported and no file is read here: licensed models stay with their user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._layouts import POSE_LAYOUTS
from ._model import BodyModel

__all__ = ["body_from_smplx"]

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
_REQUIRED = ("v_template", "joint_regressor", "weights", "parents")


def body_from_smplx(source: Any, *, joint_names: tuple[str, ...] | None = None) -> BodyModel:
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
    joint_names : tuple of str or None, default=None
        Names of the J joints; None takes those of SMPL (24), SMPL-H (52) or SMPL-X (55).

    Returns
    -------
    BodyModel
        The body in its mean shape; use `BodyModel.shaped` for another one.

    Raises
    ------
    ValueError
        If arrays are missing or disagree in shape, or joints have no known names.

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
    found = {key: _first(source, names) for key, names in _FIELDS.items()}
    missing = [_FIELDS[key] for key in _REQUIRED if found[key] is None]
    if missing:
        wanted = "; ".join(" or ".join(names) for names in missing)
        raise ValueError(
            f"{type(source).__name__} is not a body of the SMPL family: it has no {wanted}."
        )
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
        shapedirs=None if found["shapedirs"] is None else _numpy(found["shapedirs"]),
        posedirs=_posedirs(found["posedirs"], len(vertices)),
        joint_regressor=_numpy(found["joint_regressor"]),
        name=type(source).__name__,
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
    """Array of a tensor, a sparse matrix or anything array-like."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values)


def _parents(values: Any) -> NDArray[np.int64]:
    table = _numpy(values)
    parents = np.array(table[0] if table.ndim == 2 else table).astype(np.int64)
    parents[0] = -1  # files hold 2**32 - 1 here
    return parents


def _posedirs(values: Any, n_vertices: int) -> NDArray[Any] | None:
    if values is None:
        return None
    array = _numpy(values)
    if array.ndim == 2 and array.shape[1] == 3 * n_vertices:
        array = array.T.reshape(n_vertices, 3, -1)
    return array
