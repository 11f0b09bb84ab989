"""The class `BodyModel`: a joint tree in its rest pose, and optionally a skinned surface.

`POSE_LAYOUTS` names the joints of poses by their number.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import check_finite, check_positive, is_number
from .._warn import warn
from ..skeleton import SMPL_JOINTS

__all__ = ["POSE_LAYOUTS", "BodyModel"]

_PLAUSIBLE_EXTENT = (0.3, 3.0)
"""Plausible extents of the joints in the rest pose, in m."""

_PLAUSIBLE_STATURES = (0.4, 2.6)
"""Plausible body heights, in m."""

_BODY = SMPL_JOINTS[:22]
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")
_HANDS = tuple(
    f"{side}_{finger}{bone}"
    for side in ("left", "right")
    for finger in _FINGERS
    for bone in (1, 2, 3)
)
_FACE = ("jaw", "left_eye", "right_eye")

POSE_LAYOUTS: dict[int, tuple[str, ...]] = {
    22: _BODY,
    24: SMPL_JOINTS,
    52: _BODY + _HANDS,
    55: _BODY + _FACE + _HANDS,
}
"""Joint names by number of joints: body only, SMPL, SMPL-H, SMPL-X."""


@dataclasses.dataclass(frozen=True, eq=False)
class BodyModel:
    """A body in its rest pose: joints, their tree and, optionally, a skinned surface.

    The rest pose is a T-pose in the body's own frame: x to the body's left, y up, z to the
    front, in m. All joint frames are parallel to it at rest, as in SMPL [1]_. Arrays are copied on
    construction and are read-only afterwards.

    Parameters
    ----------
    joint_names : sequence of str
        Names of the J joints, the root first.
    parents : array-like of shape (J,)
        Index of each joint's parent; -1 for the root, and parents before their children.
    rest_joints : array-like of shape (J, 3) or None, default=None
        Joint positions in the rest pose, in m. With None they are
        ``joint_regressor @ vertices``.
    vertices : array-like of shape (V, 3) or None, default=None
        Surface points in the rest pose, in m. None is a body without a surface.
    weights : array-like of shape (V, J) or None, default=None
        Skinning weights. Each row sums to 1.
    faces : array-like of shape (K, 3) or None, default=None
        Triangles, counter-clockwise seen from outside.
    shapedirs : array-like of shape (V, 3, B) or None, default=None
        Displacement of each vertex per unit of each shape coefficient, in m.
    posedirs : array-like of shape (V, 3, 9 * (J - 1)) or None, default=None
        Displacement of each vertex per unit of each entry of ``R_j - I``, in m; entries are
        row-major, joints are 1 to J - 1. float32 is kept.
    joint_regressor : array-like or scipy.sparse matrix of shape (J, V) or None, default=None
        Joint positions as a linear function of the vertices. Without it, shape coefficients
        move the surface only.
    stature : float or None, default=None
        Standing height in m. With None it is the height of the surface.
    name : str, default="body"
        Name of the body in messages.

    Attributes
    ----------
    n_joints, n_vertices, n_betas : int
        J, V (0 without a surface) and B (0 without shape directions).

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, `parents` is not a tree in order, or weights do
        not sum to 1.

    Warns
    -----
    UserWarning
        If the joints span less than 0.3 m or more than 3 m.

    See Also
    --------
    default_body : A body that needs no file.
    read_body : Files of SMPL, SMPL-H and SMPL-X.
    body_from_smplx : Models of these families in memory.
    body_from_mesh : Any skinned mesh, in any rest pose.
    body_from_skeleton : The bones of a skeleton.

    Notes
    -----
    What a body needs depends on its use:

    - Motion: `joint_names`, `parents` and `rest_joints`. Any tree works, with one rotation for
      each joint. Poses in SMPL's order also drive bodies with other joints whose names include
      SMPL's first 22.
    - Named sites: the joints between which a site lies, such as ``left_elbow`` and
      ``left_wrist``, in a T-pose, and the `stature`. With `vertices`, `weights` and `faces` the
      sites lie on the skin, otherwise at a fixed distance from the bones. Sites of your own need
      a bone or vertices.
    - Sensors that follow the skin (``frame="skin"``): `vertices` and `weights`. `posedirs` are
      used if they are given.
    - Shape coefficients: `shapedirs`, and `joint_regressor` so that the joints follow them.

    References
    ----------
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.

    Examples
    --------
    >>> from m3n_sklearn.body import BodyModel
    >>> arm = BodyModel(["shoulder", "elbow"], [-1, 0], [[0, 0, 0], [0.3, 0, 0]], stature=1.7)
    >>> arm.n_joints, arm.shaped(stature=1.87).rest_joints[1].round(3).tolist()
    (2, [0.33, 0.0, 0.0])

    A body of your own, with a patch of skin around the forearm that carries a sensor:

    >>> from m3n_sklearn.body import Site, resolve_sites
    >>> patch = [[0.25, 0.04, 0.0], [0.45, 0.03, 0.0], [0.45, -0.03, 0.0]]
    >>> arm = BodyModel(
    ...     ["shoulder", "elbow"], [-1, 0], [[0, 0, 0], [0.3, 0, 0]],
    ...     vertices=patch, weights=[[1, 0], [0, 1], [0, 1]], stature=1.7, name="my arm",
    ... )
    >>> [site] = resolve_sites(arm, Site("band", vertices=[1, 2]))
    >>> site.bone, site.offset.round(2).tolist()
    ('elbow', [0.15, 0.0, 0.0])
    """

    joint_names: tuple[str, ...]
    parents: NDArray[np.int64]
    rest_joints: Array = None  # type: ignore[assignment]  # regressed, once constructed
    vertices: Array | None = None
    weights: Array | None = None
    faces: NDArray[np.int64] | None = None
    shapedirs: Array | None = None
    posedirs: NDArray[np.floating] | None = None
    joint_regressor: Any = None
    stature: float | None = None
    name: str = "body"

    def __post_init__(self) -> None:
        """Convert, check and freeze the arguments."""
        # 1. Joints, from the vertices if they are not given
        parents = _tree(self.parents)
        n_joints = len(parents)
        vertices = _array(self.vertices, (None, 3), "vertices")
        n_vertices = 0 if vertices is None else len(vertices)
        regressor = _regressor(self.joint_regressor, (n_joints, n_vertices))
        joints = self.rest_joints
        if joints is None and regressor is not None and vertices is not None:
            joints = regressor @ vertices
        if joints is None:
            raise ValueError("A body needs rest_joints (J, 3), or vertices and a joint_regressor.")
        # 2. All other arguments, read-only
        checked = {
            "joint_names": _names(self.joint_names, n_joints),
            "parents": parents,
            "rest_joints": _array(joints, (n_joints, 3), "rest_joints"),
            "vertices": vertices,
            "weights": _weights(self.weights, n_vertices, n_joints),
            "faces": _faces(self.faces, n_vertices),
            "shapedirs": _array(self.shapedirs, (n_vertices, 3, None), "shapedirs"),
            "posedirs": _array(self.posedirs, (n_vertices, 3, 9 * (n_joints - 1)), "posedirs"),
            "joint_regressor": regressor,
            "stature": _stature(self.stature, vertices),
        }
        for key, value in checked.items():
            object.__setattr__(self, key, value)
        self._warn_about_units()

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return len(self.parents)

    @property
    def n_vertices(self) -> int:
        """Number of vertices; 0 without a surface."""
        return 0 if self.vertices is None else len(self.vertices)

    @property
    def n_betas(self) -> int:
        """Number of shape coefficients."""
        return 0 if self.shapedirs is None else self.shapedirs.shape[2]

    def joint_index(self, joint: str | int) -> int:
        """Return the index of a joint, given by name or index.

        Parameters
        ----------
        joint : str or int
            Name or index of a joint.

        Returns
        -------
        int
            Its index.

        Raises
        ------
        ValueError
            If the body has no such joint.
        TypeError
            If `joint` is neither a string nor an integer.

        Examples
        --------
        >>> from m3n_sklearn.body import default_body
        >>> default_body().joint_index("left_wrist")
        20
        """
        if isinstance(joint, str):
            if joint in self.joint_names:
                return self.joint_names.index(joint)
            raise ValueError(
                f"{self.name} has no joint {joint!r}; it has {list(self.joint_names)}."
            )
        if not is_number(joint) or int(joint) != joint:
            raise TypeError(f"joint must be a name or a whole number, got {joint!r}.")
        if not 0 <= joint < self.n_joints:
            raise ValueError(f"Joint {joint} is outside 0 to {self.n_joints - 1} of {self.name}.")
        return int(joint)

    def match_pose(self, n_joints: int) -> NDArray[np.int64]:
        """Return the joint of a pose that drives each joint of the body.

        A pose with as many joints as the body is in the body's own order. Otherwise poses of 22
        (body), 24 (SMPL), 52 (SMPL-H) and 55 (SMPL-X) joints are matched by name. Joints that the
        body lacks are ignored, joints that the pose lacks stay at rest.

        Parameters
        ----------
        n_joints : int
            Number of joints of the pose.

        Returns
        -------
        ndarray of shape (J,)
            Index into the joints of the pose for each joint of the body; -1 for a joint at rest.

        Raises
        ------
        ValueError
            If the pose cannot be matched.

        Examples
        --------
        >>> from m3n_sklearn.body import default_body
        >>> default_body().match_pose(22)[-3:].tolist()  # the hands stay at rest
        [21, -1, -1]
        """
        if n_joints == self.n_joints:
            return np.arange(n_joints)
        layout = POSE_LAYOUTS.get(n_joints)
        like_smpl = set(POSE_LAYOUTS[22]) <= set(self.joint_names)
        if layout is None or not like_smpl:
            choice = f", or a pose with SMPL's joint order ({sorted(POSE_LAYOUTS)} joints)"
            raise ValueError(
                f"A pose of {n_joints} joints does not fit {self.name} with {self.n_joints} "
                f"joints. Give one rotation for each of {list(self.joint_names)}"
                f"{choice if like_smpl else ''}."
            )
        return np.array([layout.index(n) if n in layout else -1 for n in self.joint_names])

    def shaped(self, betas: ArrayLike | None = None, stature: float | None = None) -> BodyModel:
        """Return a body with another shape or size.

        Parameters
        ----------
        betas : array-like of shape (b,) or None, default=None
            Coefficients of `shapedirs`, with b at most `n_betas`. Missing ones are 0.
        stature : float or None, default=None
            New stature in m. After `betas` are applied, all lengths are scaled by one factor.

        Returns
        -------
        BodyModel
            A new body.

        Raises
        ------
        ValueError
            If there are more coefficients than the body has, or `stature` is given and that of
            the body is not known.

        Examples
        --------
        >>> from m3n_sklearn.body import default_body
        >>> default_body(stature=1.6).shaped(stature=1.8).stature
        1.8
        """
        body = self if betas is None else self._with_betas(betas)
        return body if stature is None else body._with_stature(stature)

    def _with_betas(self, betas: ArrayLike) -> BodyModel:
        """Return the body of a shape."""
        coefficients = np.asarray(betas, dtype=np.float64)
        if coefficients.ndim != 1 or not np.isfinite(coefficients).all():
            raise ValueError(
                f"betas must be a finite 1-D array, got shape {coefficients.shape}. "
                f"A body has one shape for a whole clip."
            )
        if len(coefficients) > self.n_betas:
            raise ValueError(
                f"Got {len(coefficients)} betas, but {self.name} has {self.n_betas} shape "
                f"coefficients. Pass fewer betas, or use the body whose shapedirs they belong to."
            )
        if self.shapedirs is None or self.vertices is None:
            return self
        # the stature of the new shape is not known: measure the height of the surface
        offset = self.shapedirs[:, :, : len(coefficients)] @ coefficients
        joints = self.rest_joints
        if self.joint_regressor is not None:
            joints = joints + self.joint_regressor @ offset
        body = dataclasses.replace(
            self, vertices=self.vertices + offset, rest_joints=joints, stature=None
        )
        if (
            body.stature is not None
            and not _PLAUSIBLE_STATURES[0] <= body.stature <= _PLAUSIBLE_STATURES[1]
        ):
            warn(
                f"With these betas, {self.name} is {body.stature:.3g} m tall, which is not the "
                "height of a person. They may belong to another body, or their fit may have "
                "failed. Leave them out, or pass stature= as well."
            )
        return body

    def _with_stature(self, stature: float) -> BodyModel:
        """Return the body scaled to a stature."""
        check_positive(stature, "stature", "meters")
        if self.stature is None:
            raise ValueError(
                f"The stature of {self.name} is not known, since it has no surface. "
                f"Pass stature= when you create it."
            )
        factor = stature / self.stature
        fields = ("rest_joints", "vertices", "shapedirs", "posedirs")
        scaled = {
            key: value * factor for key in fields if (value := getattr(self, key)) is not None
        }
        return dataclasses.replace(self, **scaled, stature=float(stature))

    def _warn_about_units(self) -> None:
        """Warn if the body is too small or too large for lengths in meters."""
        extent = float(np.ptp(self.rest_joints, axis=0).max())
        low, high = _PLAUSIBLE_EXTENT
        if self.n_joints > 1 and not low <= extent <= high:
            warn(
                f"The joints of {self.name} span {extent:.3g} m, but those of a person span 1 to "
                f"2 m. Lengths must be in meters."
            )


def _array(values: Any, shape: tuple[int | None, ...], name: str) -> NDArray[Any] | None:
    """Copy into a finite, read-only float array of some shape (None: any length)."""
    if values is None:
        return None
    # posedirs are large, and only few rows of them are used: keep single precision
    is_single = name == "posedirs" and getattr(values, "dtype", None) == np.float32
    # C order as after pickling: in another order, worker processes would sum differently
    array = np.array(values, dtype=np.float32 if is_single else np.float64, order="C")
    check_finite(array, name, shape)
    array.flags.writeable = False
    return array


def _tree(parents: Any) -> NDArray[np.int64]:
    """Check the parents of joints; a parent comes before its children."""
    tree = np.array(parents)
    if tree.ndim != 1 or len(tree) == 0 or not np.issubdtype(tree.dtype, np.integer):
        raise ValueError(f"parents must be a 1-D integer array, got {parents!r}.")
    tree = tree.astype(np.int64)
    if tree[0] != -1:
        raise ValueError(f"The first joint must be the root with parent -1, got {tree[0]}.")
    misplaced = [j for j in range(1, len(tree)) if not 0 <= tree[j] < j]
    if misplaced:
        raise ValueError(
            f"Parents must come before their children, but joint {misplaced[0]} has parent "
            f"{tree[misplaced[0]]}. Reorder the joints from the root outward."
        )
    tree.flags.writeable = False
    return tree


def _names(names: Any, n_joints: int) -> tuple[str, ...]:
    """Check the names of joints."""
    names = tuple(names)
    if len(names) != n_joints or len(set(names)) != n_joints:
        raise ValueError(
            f"joint_names must be {n_joints} different names, one for each entry of parents, "
            f"got {len(names)} names, {len(set(names))} of them different."
        )
    return names


def _weights(weights: Any, n_vertices: int, n_joints: int) -> NDArray[np.floating] | None:
    """Check skinning weights."""
    if weights is None and n_vertices:
        raise ValueError("A body with vertices needs skinning weights of shape (V, J).")
    array = _array(weights, (n_vertices, n_joints), "weights")
    if array is not None and n_vertices:
        total = array.sum(axis=1)
        if array.min() < -1e-6 or abs(total - 1).max() > 1e-3:
            raise ValueError(
                f"Skinning weights must be non-negative and sum to 1 for each vertex, but "
                f"the smallest is {array.min():.3g}, and the sums lie in "
                f"[{total.min():.4g}, {total.max():.4g}]."
            )
    return array


def _faces(faces: Any, n_vertices: int) -> NDArray[np.int64] | None:
    """Check triangles."""
    if faces is None:
        return None
    array = np.array(faces).astype(np.int64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"faces must be triangles of shape (K, 3), got shape {array.shape}.")
    if array.size and not (array.min() >= 0 and array.max() < n_vertices):
        raise ValueError(f"faces must index the {n_vertices} vertices, got {array.max()}.")
    array.flags.writeable = False
    return array


def _regressor(regressor: Any, shape: tuple[int, int]) -> NDArray[np.floating] | None:
    """Check the joint regressor, which may be sparse."""
    if hasattr(regressor, "toarray"):
        if regressor.shape != shape:  # check before it becomes dense, as it may be huge
            raise ValueError(f"joint_regressor must have shape {shape}, got {regressor.shape}.")
        regressor = regressor.toarray()
    return _array(regressor, shape, "joint_regressor")


def _stature(stature: float | None, vertices: NDArray[np.floating] | None) -> float | None:
    """Check the stature; by default it is the height of the vertices."""
    if stature is None:
        return None if vertices is None else float(np.ptp(vertices[:, 1]))
    if not (np.isfinite(stature) and stature > 0):
        raise ValueError(f"stature must be a positive number of meters, got {stature!r}.")
    return float(stature)
