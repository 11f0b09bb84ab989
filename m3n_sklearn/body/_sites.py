"""Sites: places on a body that carry sensors, from the catalogue or of the user.

Resolving a site on a body gives it a bone, an offset, and vertices where the body has a surface.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import check_rotation, finite_array, list_of
from ..skeleton import LIMB_SEGMENTS, fitted_stature
from ._model import BodyModel

__all__ = [
    "CATALOGUE",
    "Placement",
    "Site",
    "list_sites",
    "nearest_vertex",
    "outermost_hit",
    "resolve_sites",
]

_REACH = 0.15
"""Largest distance of the skin from the bone, relative to stature; beyond, it is another limb's."""

_PLACED: WeakKeyDictionary[BodyModel, dict[str, Site]] = WeakKeyDictionary()
"""Catalogue sites by body, since bodies do not change and the search for the skin takes time."""

MAX_OFFSET = 2.0
"""Largest plausible distance of a sensor from its bone, in m."""


@dataclasses.dataclass(frozen=True, eq=False)
class Site:
    """A place on a body that carries a sensor, with the axes of the sensor.

    Give `bone` and `offset`, or `vertices`, or both. `resolve_sites` completes a site for one
    body. A completed site is valid for that body only.

    Parameters
    ----------
    name : str
        Name of the site, which is also part of the names of its channels.
    bone : str, int or None, default=None
        Joint whose bone carries the sensor, such as ``"left_elbow"`` for the forearm. With None
        it is the joint with the largest skinning weight at `vertices`.
    offset : array-like of shape (3,) or None, default=None
        Vector from that joint to the sensor in the rest pose, in m (x left, y up, z front). With
        None the sensor lies at the weighted mean of `vertices`.
    orientation : array-like of shape (3, 3) or None, default=None
        Rotation from the sensor's axes to those of the rest pose. Its columns are the sensor's x,
        y and z axes in the rest pose. None is the identity.
    vertices : sequence of int or None, default=None
        Vertices of the surface whose skinning carries the sensor with ``frame="skin"``, or whose
        triangle does with ``frame="triangle"``.
    vertex_weights : sequence of float or None, default=None
        Weight of each vertex, of sum 1. None is equal weights.

    Raises
    ------
    ValueError
        If neither a place on a bone nor vertices are given, a shape is wrong, a value is not
        finite, `orientation` is not a rotation matrix, or weights do not sum to 1.
    TypeError
        If `name` is not a non-empty string, or `vertices` are not integers.

    See Also
    --------
    resolve_sites : Completes sites on a body.
    list_sites : Names of the catalogue.

    Examples
    --------
    >>> from m3n_sklearn.body import Site
    >>> Site("shoe", bone="left_foot", offset=(0.0, 0.03, 0.0)).bone
    'left_foot'
    """

    name: str
    bone: str | int | None = None
    offset: Array | None = None
    orientation: Array = None  # type: ignore[assignment]  # the identity, once constructed
    vertices: tuple[int, ...] | None = None
    vertex_weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Convert, check and freeze the arguments."""
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(
                f"The name of a site must be a non-empty string, got {self.name!r}. It is part of "
                "the names of its channels."
            )
        if self.vertices is None and (self.bone is None or self.offset is None):
            raise ValueError(
                f"Site {self.name!r} has no place. Pass bone= and offset= (in m), or vertices=."
            )
        if self.vertices is None and self.vertex_weights is not None:
            raise ValueError(f"Site {self.name!r} has vertex_weights but no vertices.")
        # all other arguments, read-only
        checked = {
            "offset": None if self.offset is None else _offset(self.offset, self.name),
            "orientation": _rotation(self.orientation, self.name),
            "vertices": None if self.vertices is None else _whole(self.vertices, self.name),
            "vertex_weights": _shares(self.vertices, self.vertex_weights, self.name),
        }
        for key, value in checked.items():
            object.__setattr__(self, key, value)


def list_sites() -> tuple[str, ...]:
    """Return the names of the sites that every body with SMPL's joints has.

    - wrists: back of the distal forearm, or its palm side (``_volar``)
    - ankles: outside, above the malleolus
    - hips: side of the belt
    - pockets: front trouser pocket, with an upright phone
    - thighs: front, halfway between hip and knee
    - upper arms: outside, halfway between shoulder and elbow
    - feet: instep
    - ears
    - chest: sternum
    - head: forehead
    - lower back: above the lumbar spine

    Returns
    -------
    tuple of str
        The names, in the order of the catalogue.

    See Also
    --------
    resolve_sites : Finds sites on a body, and defines their axes.

    Examples
    --------
    >>> from m3n_sklearn.body import list_sites
    >>> list_sites()[:2]
    ('left_wrist', 'right_wrist')
    """
    return tuple(CATALOGUE)


def resolve_sites(body: BodyModel, sites: str | Site | Iterable[str | Site]) -> list[Site]:
    """Find sites on a body, and complete them with bone, offset and vertices.

    A named site is placed on the skin: from a point on the bone outward, to the outermost
    crossing with the surface in the rest pose. On a body without a surface it lies at a fixed
    distance from the bone, relative to the stature. A site of your own with a bone and an offset
    takes the skinning weights of the nearest vertex.

    The z axis of a named site points out of the body. The y axis points up in the T-pose, with
    three exceptions:

    - Upper arm: y points to the shoulder, which is up when the arm hangs.
    - Foot: y points to the toes.
    - Wrist: as on a watch that is worn on the back of the forearm. z points out of the glass, y to
      12 o'clock (the side of the little finger), and x to 3 o'clock. Along the forearm, x points
      toward the hand on the left wrist and toward the elbow on the right wrist. On the inside of
      the wrist (``_volar``), 12 o'clock is at the side of the thumb, and x is the same.

    This is the axis convention of phones and watches. It makes both sides mirror images: a motion
    mirrored left to right gives ``(-ax, ay, az)`` and ``(gx, -gy, -gz)`` at the site of the other
    side.

    Parameters
    ----------
    body : BodyModel
        The body.
    sites : str, Site or iterable of them
        Names of the catalogue (see `list_sites`), or sites of your own.

    Returns
    -------
    list of Site
        Sites with bone and offset, and with vertices if the body has a surface.

    Raises
    ------
    ValueError
        If a name is not in the catalogue, a name occurs twice, no site is given, or the body lacks
        the bones or vertices of a site.
    TypeError
        If `body` is not a `BodyModel`, or a site is neither a name nor a `Site`.

    Examples
    --------
    >>> from m3n_sklearn.body import default_body, resolve_sites
    >>> [site] = resolve_sites(default_body(), ["left_wrist"])
    >>> site.bone, site.orientation[:, 2].round(2).tolist()  # z: up from the back of the hand
    ('left_elbow', [0.0, 1.0, 0.0])
    """
    if not isinstance(body, BodyModel):
        raise TypeError(
            f"body must be a BodyModel, such as default_body(), got {type(body).__name__}."
        )
    expected = "site names or Site objects, such as ('left_wrist', 'right_wrist')"
    single = isinstance(sites, str | Site)
    requested: list[Any] = [sites] if single else list_of(sites, "sites", expected)
    if not requested:
        raise ValueError(f"At least one site is needed. Known names are {list(CATALOGUE)}.")
    resolved = [_resolve(body, site) for site in requested]
    names = [site.name for site in resolved]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"Site names must differ, since channels are named by them. Repeated: {repeated}."
        )
    return resolved


def _resolve(body: BodyModel, site: str | Site) -> Site:
    """Return a site by name or the site itself, placed on a body."""
    if isinstance(site, str):
        if site not in CATALOGUE:
            close = difflib.get_close_matches(site, CATALOGUE, n=1, cutoff=0.5)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"Unknown site {site!r}.{hint} Known names are {list(CATALOGUE)}. "
                f"For another place pass a Site."
            )
        return _named(body, site)
    if not isinstance(site, Site):
        raise TypeError(f"A site must be a name or a Site, got {type(site).__name__}.")
    return _bind(body, site)


def _named(body: BodyModel, name: str) -> Site:
    """Return a site of the catalogue on a body, from the cache if it is there."""
    placed = _PLACED.setdefault(body, {})
    if name not in placed:
        placed[name] = _place(body, name, CATALOGUE[name])
    return placed[name]


def _place(body: BodyModel, name: str, place: Placement) -> Site:
    """Place a site of the catalogue on a body."""
    # 1. A point on the bone
    bone, start, end = (body.joint_index(j) for j in (place.bone, place.start, place.end))
    foot, tip = body.rest_joints[start], body.rest_joints[end]
    axis = tip - foot
    length = float(np.linalg.norm(axis))
    size = _size(body)
    inside = foot + place.fraction * axis + (0.0, place.lift * size, 0.0)
    # 2. The sensor's axes
    outward = np.asarray(place.outward) / np.linalg.norm(place.outward)
    if place.limb:
        outward = _orthonormal(outward, axis / length)
    up = _orthonormal(np.asarray(place.up), outward)
    orientation = np.column_stack([np.cross(up, outward), up, outward])
    # 3. The skin in the direction outward, or a fixed distance
    hit = None
    if body.vertices is not None and body.faces is not None:
        hit = outermost_hit(body.vertices, body.faces, inside, outward, _REACH * size)
    if hit is not None:
        point, vertices, shares = hit
    else:
        point, vertices, shares = inside + place.radius * size * outward, None, None
    site = Site(
        name=name,
        bone=body.joint_names[bone],
        offset=point - body.rest_joints[bone],
        orientation=orientation,
        vertices=vertices,
        vertex_weights=shares,
    )
    return _bind(body, site)


def _size(body: BodyModel) -> float:
    """Return the stature of a body, or else the one that fits its limbs."""
    if body.stature is not None:
        return body.stature
    joint = dict(zip(body.joint_names, body.rest_joints, strict=True))
    lengths = {
        segment: float(np.linalg.norm(joint[f"{side}_{end}"] - joint[f"{side}_{start}"]))
        for segment, (start, end) in LIMB_SEGMENTS.items()
        for side in ("left", "right")
        if {f"{side}_{start}", f"{side}_{end}"} <= joint.keys()
    }
    if not lengths:
        raise ValueError(
            f"The stature of {body.name} is not known. Pass stature= when you create it."
        )
    return fitted_stature(lengths)


def _bind(body: BodyModel, site: Site) -> Site:
    """Check a site against a body, and fill in the fields that it leaves open."""
    # 1. Check the fields that are given
    bone, offset = site.bone, site.offset
    vertices, shares = site.vertices, site.vertex_weights
    if bone is not None:
        bone = body.joint_names[body.joint_index(bone)]
    if vertices is not None and (body.vertices is None or body.weights is None):
        raise ValueError(
            f"Site {site.name!r} lies on vertices, but {body.name} has no surface. "
            f"Pass bone= and offset= instead."
        )
    if vertices is not None and not all(0 <= v < body.n_vertices for v in vertices):
        raise ValueError(
            f"Site {site.name!r} has vertices {vertices}, but {body.name} has only "
            f"{body.n_vertices} vertices."
        )
    # 2. The nearest vertex, the bone with the largest weight, the offset to the vertices' mean
    if body.vertices is not None and body.weights is not None:
        if vertices is None:
            assert bone is not None  # a site without vertices has a bone
            point = body.rest_joints[body.joint_index(bone)] + offset
            vertices, shares = (nearest_vertex(body.vertices, point),), (1.0,)
        indices, weights = list(vertices), np.asarray(shares)
        if bone is None:
            bone = body.joint_names[np.argmax(weights @ body.weights[indices])]
        if offset is None:
            mean = weights @ body.vertices[indices]
            offset = mean - body.rest_joints[body.joint_index(bone)]
    return dataclasses.replace(
        site, bone=bone, offset=offset, vertices=vertices, vertex_weights=shares
    )


def _orthonormal(vector: Array, against: Array) -> Array:
    """Return the unit vector of the part of a vector that is orthogonal to another."""
    rest = vector - (vector @ against) * against
    return rest / np.linalg.norm(rest)


def _offset(values: Any, name: str) -> Array:
    """Check an offset in m."""
    array = finite_array(values, f"The offset of site {name!r}", (3,))
    if np.abs(array).max() > MAX_OFFSET:
        raise ValueError(
            f"The offset of site {name!r} reaches {np.abs(array).max():.4g} m from its bone. Is it "
            "in millimeters or centimeters? It must be in meters."
        )
    array.flags.writeable = False
    return array


def _whole(vertices: Any, name: str) -> tuple[int, ...]:
    """Check indices of vertices."""
    numbers = np.asarray(vertices)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise TypeError(f"The vertices of site {name!r} must be whole numbers, got {vertices!r}.")
    return tuple(numbers.tolist())


def _rotation(values: ArrayLike | None, name: str) -> Array:
    """Check the orientation of a site; by default it is the identity."""
    given = np.eye(3) if values is None else values
    matrix = check_rotation(given, f"The orientation of site {name!r}")
    matrix.flags.writeable = False
    return matrix


def _shares(
    vertices: Sequence[int] | None, shares: Sequence[float] | None, name: str
) -> tuple[float, ...] | None:
    """Check the weights of vertices; by default they are equal."""
    if vertices is None:
        return None
    if len(vertices) == 0:
        raise ValueError(f"Site {name!r} has an empty list of vertices.")
    given = np.full(len(vertices), 1 / len(vertices)) if shares is None else shares
    values = finite_array(given, f"The vertex_weights of site {name!r}", (len(vertices),))
    if abs(values.sum() - 1) > 1e-6:
        raise ValueError(f"The vertex_weights of site {name!r} must sum to 1, got {values.sum()}.")
    return tuple(float(v) for v in values)


# ---- points of the surface

# A ray along an edge or through a vertex must not pass between the triangles
_SLACK = 1e-9


def outermost_hit(
    vertices: Array, faces: NDArray[np.int64], origin: Array, direction: Array, reach: float
) -> tuple[Array, tuple[int, ...], tuple[float, ...]] | None:
    """Return point, vertices and weights of the last crossing within `reach`, or None."""
    # 1. Barycentric coordinates u, v and the distance t, for all triangles
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    edge1, edge2 = b - a, c - a
    normal = np.cross(direction, edge2)
    det = np.sum(edge1 * normal, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # triangles parallel to the ray
        to_origin = origin - a
        u = np.sum(to_origin * normal, axis=1) / det
        q = np.cross(to_origin, edge1)
        v = q @ direction / det
        distance = np.sum(edge2 * q, axis=1) / det
        inside = (u >= -_SLACK) & (v >= -_SLACK) & (u + v <= 1 + _SLACK)
    met = np.flatnonzero(inside & (distance > 0) & (distance <= reach))
    if len(met) == 0:
        return None
    # 2. The farthest triangle. Where triangles meet, the choice depends on their place only, so
    #    that it does not depend on rounding and is the mirror image on a mirrored body.
    farthest = distance[met] >= distance[met].max() - _SLACK * reach
    tied = met[farthest]
    face = tied[_order(vertices[faces[tied]].mean(axis=1), reach)[-1]]
    # 3. Weights of its vertices, in an order that is also mirrored
    shares = np.clip([1 - u[face] - v[face], u[face], v[face]], 0, None)
    shares /= shares.sum()
    order = _order(vertices[faces[face]], reach)
    corners, shares = faces[face][order], shares[order]
    return (
        shares @ vertices[corners],
        tuple(int(i) for i in corners),
        tuple(float(s) for s in shares),
    )


def _order(points: Array, scale: float) -> NDArray[np.intp]:
    """Return an order of points by (|x|, y, z), rounded to a millionth of `scale`."""
    x, y, z = np.round(points.T / scale, 6)
    return np.lexsort((z, y, np.abs(x)))


def nearest_vertex(vertices: Array, point: Array) -> int:
    """Return the index of the vertex nearest to a point."""
    return int(np.argmin(np.sum((vertices - point) ** 2, axis=1)))


# ---- the catalogue

Vector = tuple[float, float, float]
LEFT, UP, FRONT = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
RIGHT, DOWN, BACK = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)


class Placement(NamedTuple):
    """A site on any body with SMPL's joints; directions are those of the rest pose."""

    bone: str  # joint whose bone carries the sensor
    start: str  # joints between which the sensor lies, before it is moved outward to the skin
    end: str
    fraction: float  # of the way from start to end
    outward: Vector  # direction to the skin, the sensor's z axis
    up: Vector  # direction of the sensor's y axis
    radius: float  # distance of the skin, relative to stature, for bodies without a surface
    limb: bool = True  # whether outward is made perpendicular to the line from start to end
    # height above that line, relative to stature: skeletons differ in the distance of neck and head
    lift: float = 0.0


def _both(name: str, left: Placement) -> dict[str, Placement]:
    """Return a site and its mirror image: x is negated, joints are those of the other side."""

    def flip(vector: Vector) -> Vector:
        """Mirror a vector at the plane between left and right."""
        return (-vector[0], vector[1], vector[2])

    right = left._replace(
        bone=left.bone.replace("left_", "right_"),
        start=left.start.replace("left_", "right_"),
        end=left.end.replace("left_", "right_"),
        outward=flip(left.outward),
        up=flip(left.up),
    )
    return {f"left_{name}": left, f"right_{name}": right}


CATALOGUE = MappingProxyType(
    {
        # a watch: on the back of the forearm (up in the T-pose), 12 o'clock at the little finger
        **_both(
            "wrist", Placement("left_elbow", "left_elbow", "left_wrist", 0.88, UP, BACK, 0.015)
        ),
        # the same watch with its glass on the palm's side, 12 o'clock at the thumb
        **_both(
            "wrist_volar",
            Placement("left_elbow", "left_elbow", "left_wrist", 0.88, DOWN, FRONT, 0.015),
        ),
        # outside of the shank, above the malleolus
        **_both("ankle", Placement("left_knee", "left_knee", "left_ankle", 0.88, LEFT, UP, 0.022)),
        # on the belt at the side
        **_both("hip", Placement("pelvis", "pelvis", "spine1", 0.3, LEFT, UP, 0.095, False)),
        # a telephone upright in the front trouser pocket
        **_both(
            "pocket", Placement("left_hip", "left_hip", "left_knee", 0.2, (0.5, 0, 1), UP, 0.056)
        ),
        "chest": Placement("spine3", "spine3", "neck", 0.2, FRONT, UP, 0.071, False),
        # on the forehead, as a headband
        "head": Placement("head", "neck", "head", 1.0, FRONT, UP, 0.066, False, 0.053),
        # an earbud, at the height of the ear canal
        **_both("ear", Placement("head", "neck", "head", 1.0, LEFT, UP, 0.043, False, 0.03)),
        # outside of the upper arm (up in the T-pose)
        **_both(
            "upper_arm",
            Placement("left_shoulder", "left_shoulder", "left_elbow", 0.5, UP, RIGHT, 0.027),
        ),
        **_both("thigh", Placement("left_hip", "left_hip", "left_knee", 0.5, FRONT, UP, 0.048)),
        # on the instep, y to the toes
        **_both("foot", Placement("left_ankle", "left_ankle", "left_foot", 0.5, UP, FRONT, 0.017)),
        "lower_back": Placement("pelvis", "pelvis", "spine1", 0.8, BACK, UP, 0.059, False),
    }
)
