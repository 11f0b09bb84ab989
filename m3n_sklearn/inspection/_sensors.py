"""A figure of a body with the sensors that it wears, and the directions of their axes.

The body is drawn in parallel projection from several views. A sensor is hidden in a view if the
surface of the body, or another sensor, lies in front of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.isotonic import isotonic_regression

from .._typing import Array
from .._validation import list_of, real_array
from ..body import BodyModel, Site, forward_kinematics, site_kinematics, skin
from ..skeleton import quat_from_rotvec
from ._signals import AXIS_COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SensorsDisplay", "heading"]

VIEWS = ("front", "back", "left", "right")
"""Sides from which the body is seen."""

# ---- lengths, relative to the size of the body

ARROW_LENGTH, BOX_SIZE = 0.085, (0.014, 0.014, 0.005)
"""Length of an axis, and half the sizes of a sensor."""

HIDING_DISTANCE = 0.02
"""A surface hides a sensor if it is that much closer to the viewer."""

LINE_HEIGHT, LETTER_WIDTH, MARGIN = 0.042, 0.0145, 0.03
"""Of the names of the sensors, and the space around the picture."""

# ---- style

BODY_INCHES = 4.8
"""Size of the body in the figure."""

HIDDEN_ALPHA = 0.3
"""Opacity of hidden sensors."""

MIN_ARROW = 0.15
"""Projected length below which an axis is drawn as a dot or a cross."""

MIN_LEVEL = 0.3
"""Horizontal part of the front direction below which the body counts as lying."""


class SensorsDisplay:
    """A body with its sensors and their axes: x red, y green, z blue.

    The views are upright parallel projections with equal scale. An axis that points at the viewer
    is a dot in a circle, one that points away is a cross in a circle. Sensors behind the body are
    pale, and have a name only if no other view shows them. Build it with :meth:`from_body`.

    Parameters
    ----------
    body : BodyModel
        The body.
    sites : str, Site or iterable of them
        The sensors; see :func:`m3n_sklearn.body.resolve_sites`.
    pose : array-like of shape (J, 3), optional
        Rotation vectors of the joints in rad, such as one frame of ``Motion.poses``; that of the
        root is to the z-up world. By default the rest pose, upright.
    frame : {"skin", "bone", "triangle"}, default="skin"
        What the sensors are attached to; see :func:`m3n_sklearn.body.site_kinematics`.
    views : sequence of {"front", "back", "left", "right"}, default=("front", "left")
        Sides from which the body is seen.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per view.
    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> from m3n_sklearn.body import default_body
    >>> from m3n_sklearn.inspection import SensorsDisplay
    >>> display = SensorsDisplay.from_body(default_body(), ["chest"])
    >>> [ax.get_title() for ax in display.axes_]
    ['from the front', 'from the left']
    """

    def __init__(
        self,
        body: BodyModel,
        sites: str | Site | Iterable[str | Site],
        pose: ArrayLike | None = None,
        *,
        frame: str = "skin",
        views: Sequence[str] = ("front", "left"),
    ) -> None:
        if not isinstance(body, BodyModel):
            raise TypeError(
                f"body must be a BodyModel, such as default_body(), got {type(body).__name__}."
            )
        self.body = body
        self.sites = sites if isinstance(sites, (str, Site)) else list(sites)
        self.pose = _check_pose(body, pose)
        self.frame = frame
        self.views = tuple(list_of(views, "views", f"some of {VIEWS}"))
        if not self.views or set(self.views) - set(VIEWS):
            raise ValueError(f"views must be one or more of {VIEWS}, got {views!r}.")

    @classmethod
    def from_body(
        cls,
        body: BodyModel,
        sites: str | Site | Iterable[str | Site],
        pose: ArrayLike | None = None,
        *,
        frame: str = "skin",
        views: Sequence[str] = ("front", "left"),
        axes: Any = None,
    ) -> SensorsDisplay:
        """Draw a body with sensors.

        Parameters
        ----------
        body : BodyModel
            The body.
        sites : str, Site or iterable of them
            The sensors; see :func:`m3n_sklearn.body.resolve_sites`.
        pose : array-like of shape (J, 3), optional
            Rotation vectors of the joints in rad, such as one frame of ``Motion.poses``. By default
            the rest pose.
        frame : {"skin", "bone", "triangle"}, default="skin"
            What the sensors are attached to.
        views : sequence of {"front", "back", "left", "right"}, default=("front", "left")
            Sides from which the body is seen.
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per view; new ones by default.

        Returns
        -------
        SensorsDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `body` is not a BodyModel.
        ValueError
            If a site, a view or the frame is unknown, or the pose does not match the body.
        """
        return cls(body, sites, pose, frame=frame, views=views).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SensorsDisplay:
        """Draw the body and its sensors.

        Parameters
        ----------
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per view; new ones by default.

        Returns
        -------
        SensorsDisplay
            Itself.
        """
        # 1. Views, and in which of them each sensor has its name
        scene = _Scene.of(self.body, self.sites, self.pose, self.frame)
        pictures = [scene.seen_from(view) for view in self.views]
        hidden = np.array([picture.hidden for picture in pictures])
        named = ~hidden
        named[0] |= hidden.all(axis=0)  # sensors that no view shows: the first one
        layouts = [_layout(*each) for each in zip(pictures, named, strict=True)]
        # 2. Axes and drawings
        if axes is None:
            axes = _new_axes(layouts, max(picture.size for picture in pictures))
        self.axes_: NDArray[Any] = np.atleast_1d(np.asarray(axes, dtype=object))
        if self.axes_.shape != (len(self.views),) or not all(
            hasattr(ax, "plot") for ax in self.axes_
        ):
            raise ValueError(
                f"axes must be {len(self.views)} matplotlib Axes, one per view; got {axes!r}."
            )
        self.figure_: Figure = self.axes_[0].figure
        for ax, view, *drawing in zip(
            self.axes_, self.views, pictures, named, layouts, strict=True
        ):
            _draw(ax, *drawing)
            ax.set_title(f"from the {view}", fontsize="medium")
        _add_legend(self.axes_[0])
        return self


# ---- geometry


class _Picture(NamedTuple):
    """What one view shows; x right, y up, z towards the viewer, in m."""

    triangles: Array  # (K, 3, 3); K = 0 for a body without a surface
    bones: Array  # (J - 1, 2, 3)
    names: tuple[str, ...]
    points: Array  # (S, 3)
    axes: Array  # (S, 3, 3): columns are the sensors' axes
    hidden: NDArray[np.bool_]  # (S,)
    size: float


class _Scene(NamedTuple):
    """A posed body with its sensors, in a world whose y axis points out of its back, z up."""

    triangles: Array
    bones: Array
    names: tuple[str, ...]
    points: Array
    axes: Array

    @classmethod
    def of(cls, body: BodyModel, sites: Any, pose: Array, frame: str) -> _Scene:
        """Pose the body, and turn it about the vertical so that it looks along -y."""
        still = np.zeros((1, len(pose), 3))
        origin = np.zeros((1, 3))
        worn = site_kinematics(
            body,
            sites,
            quat_from_rotvec(pose)[None],
            still,
            still,
            origin,
            origin,
            origin,
            frame,
        )
        joints, turned = forward_kinematics(body, pose)
        turn = heading(turned[0])
        bones = np.stack([joints[body.parents[1:]], joints[1:]], axis=1)
        triangles = np.zeros((0, 3, 3))
        if body.vertices is not None and body.faces is not None:
            triangles = skin(body, pose)[body.faces]
        return cls(
            triangles @ turn.T,
            bones @ turn.T,
            worn.names,
            worn.position[0] @ turn.T,
            turn @ worn.rotation[0],
        )

    def seen_from(self, view: str) -> _Picture:
        """Turn the scene towards the viewer."""
        x, y, z = np.eye(3)
        right, near = {"front": (x, -y), "back": (-x, y), "left": (y, x), "right": (-y, -x)}[view]
        turn = np.stack([right, z, near])
        triangles, points = self.triangles @ turn.T, self.points @ turn.T
        cloud = np.concatenate([triangles.reshape(-1, 3), self.bones.reshape(-1, 3) @ turn.T])
        size = float(np.ptp(np.concatenate([cloud, points]), axis=0).max())
        hidden = np.array([_is_hidden(p, triangles, HIDING_DISTANCE * size) for p in points])
        hidden |= _behind_another(points, HIDING_DISTANCE * size)
        return _Picture(
            triangles, self.bones @ turn.T, self.names, points, turn @ self.axes, hidden, size
        )


def heading(root: Array) -> Array:
    """Return the turn about the vertical that makes the body look along -y."""
    front, up = root[:, 2], root[:, 1]
    level = np.hypot(front[0], front[1])
    if level < MIN_LEVEL:  # lying: the head or the feet point to the viewer's right
        front = np.cross(up, [0.0, 0.0, 1.0])
        level = np.hypot(front[0], front[1])
    c, s = -front[1] / level, -front[0] / level
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _is_hidden(point: Array, triangles: Array, depth: float) -> bool:
    """Return whether triangles lie in front of a point and of four points around it."""
    # a sensor on the outline is visible, although the body covers one side of it
    steps = 0.2 * depth * np.array([[1, 0.1, 0], [-1, -0.1, 0], [0.1, 1, 0], [-0.1, -1, 0]])
    return all(_covers(triangles, point + step, depth) for step in steps)


def _behind_another(points: Array, depth: float) -> NDArray[np.bool_]:
    """Return which sensors are behind another one."""
    gaps = points[None] - points[:, None]
    return np.any((gaps[:, :, 2] > depth) & (np.hypot(gaps[:, :, 0], gaps[:, :, 1]) < depth), 1)


def _covers(triangles: Array, point: Array, depth: float) -> bool:
    """Return whether a triangle lies in front of a point."""
    corners = triangles[:, :, :2] - point[:2]
    turns = np.stack([_cross(corners[:, i], corners[:, (i + 1) % 3]) for i in range(3)], axis=1)
    area = turns.sum(axis=1)
    hit = (turns * np.sign(area)[:, None] >= 0).all(axis=1) & (np.abs(area) > 1e-15)
    shares = turns[hit][:, [1, 2, 0]] / area[hit, None]  # of the corner opposite to each edge
    return bool(np.any((shares * triangles[hit, :, 2]).sum(axis=1) > point[2] + depth))


def _cross(a: Array, b: Array) -> Array:
    """Return the cross products of vectors in the plane."""
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


# ---- drawing


class _Layout(NamedTuple):
    """Positions of the names next to a picture, in m."""

    left: Array  # of each named sensor: whether its name stands on the left
    heights: Array
    columns: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]


def _layout(picture: _Picture, named: NDArray[np.bool_]) -> _Layout:
    """Put names left and right of the body, at the heights of their sensors."""
    low, high = _extent(picture)
    left = picture.points[named, 0] < (low[0] + high[0]) / 2
    names = np.array(picture.names)[named]
    heights = picture.points[named, 1].copy()
    for side in (left, ~left):
        heights[side] = _spread(heights[side], LINE_HEIGHT * picture.size)
    margin = MARGIN * picture.size
    widths = [
        LETTER_WIDTH * picture.size * max((len(name) for name in names[side]), default=0)
        for side in (left, ~left)
    ]
    columns = (low[0] - margin, high[0] + margin)
    return _Layout(
        left,
        heights,
        columns,
        (columns[0] - widths[0] - margin, columns[1] + widths[1] + margin),
        (
            min(low[1], *heights, np.inf) - margin,
            max(high[1], *heights, -np.inf) + margin,
        ),
    )


def _extent(picture: _Picture) -> tuple[Array, Array]:
    """Corners of all that is drawn, without names."""
    tips = picture.points[:, None] + ARROW_LENGTH * picture.size * np.swapaxes(picture.axes, 1, 2)
    things = (picture.triangles, picture.bones, picture.points, tips)
    cloud = np.concatenate([x.reshape(-1, 3) for x in things])[:, :2]
    return cloud.min(axis=0), cloud.max(axis=0)


def _spread(heights: Array, gap: float) -> Array:
    """Move values apart to a minimum distance, by the smallest squared displacement."""
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(heights))
    spread = np.empty_like(heights)
    spread[order] = isotonic_regression(heights[order] - steps) + steps if len(order) else 0.0
    return spread


def _new_axes(layouts: list[_Layout], size: float) -> Any:
    """Return new axes on which all views have the same scale."""
    import matplotlib.pyplot as plt

    scale = BODY_INCHES / size
    widths = [np.ptp(layout.x) * scale for layout in layouts]
    height = max(np.ptp(layout.y) for layout in layouts) * scale
    return plt.subplots(
        1,
        len(layouts),
        squeeze=False,
        figsize=(sum(widths), height + 0.7),
        width_ratios=widths,
        layout="constrained",
    )[1][0]


def _draw(ax: Axes, picture: _Picture, named: NDArray[np.bool_], layout: _Layout) -> None:
    """Draw one view."""
    _draw_body(ax, picture)
    for s in np.argsort(picture.points[:, 2]):
        _draw_sensor(ax, picture, s)
    labels = zip(np.flatnonzero(named), layout.left, layout.heights, strict=True)
    for s, left, height in labels:
        ax.annotate(
            picture.names[s].replace("_", " "),
            xy=(picture.points[s, 0], picture.points[s, 1]),
            xytext=(layout.columns[0 if left else 1], height),
            ha="right" if left else "left",
            va="center",
            fontsize="small",
            alpha=0.6 if picture.hidden[s] else 1.0,
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": "0.5", "shrinkA": 2, "shrinkB": 4},
            zorder=2,
        )
    ax.set(xlim=layout.x, ylim=layout.y, aspect="equal")
    ax.axis("off")


def _draw_body(ax: Axes, picture: _Picture) -> None:
    """Draw the surface of the body, or its bones if it has no surface."""
    from matplotlib.collections import PolyCollection

    if len(picture.triangles) == 0:
        for bone in picture.bones:
            ax.plot(*bone[:, :2].T, color="0.75", lw=5, solid_capstyle="round", zorder=1)
        ends = picture.bones.reshape(-1, 3)
        ax.plot(*ends[:, :2].T, "o", color="0.55", ms=4, zorder=1)
        return
    faces, shades = _lit(picture.triangles)
    colors = np.repeat(shades[:, None], 3, axis=1)
    ax.add_collection(
        PolyCollection(
            list(faces[:, :, :2]), facecolors=colors, edgecolors=colors, lw=0.4, zorder=1
        )
    )


def _lit(faces: Array) -> tuple[Array, Array]:
    """Return the faces that look at the viewer, far ones first, and their gray levels."""
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-15)
    order = np.argsort(faces[:, :, 2].mean(axis=1))
    order = order[normals[order, 2] > 0]
    light = np.array([-0.35, 0.5, 0.79])
    return faces[order], 0.74 + 0.2 * np.clip(normals[order] @ light, 0, 1)


def _draw_sensor(ax: Axes, picture: _Picture, s: int) -> None:
    """Draw a flat box with its axes; those that point away are below it."""
    from matplotlib.collections import PolyCollection

    point, axes = picture.points[s], picture.axes[s]
    alpha = HIDDEN_ALPHA if picture.hidden[s] else 1.0
    order = np.argsort(axes[2])
    behind = [axis for axis in order if axes[2, axis] < 0]
    for axis in behind:
        _draw_axis(ax, picture, s, axis, alpha)
    faces, shades = _lit(point + _box() * picture.size @ axes.T)
    ax.add_collection(
        PolyCollection(
            list(faces[:, :, :2]),
            facecolors=np.repeat(0.45 * shades[:, None] - 0.2, 3, axis=1),
            edgecolors="none",
            alpha=alpha,
            zorder=3,
        )
    )
    for axis in order[len(behind) :]:
        _draw_axis(ax, picture, s, axis, alpha)


def _draw_axis(ax: Axes, picture: _Picture, s: int, axis: int, alpha: float) -> None:
    """Draw an axis as an arrow, or as a dot or a cross if it points along the view."""
    arrow, color = picture.axes[s][:, axis], AXIS_COLORS[axis]
    x, y, _ = picture.points[s]
    tip_x, tip_y, _ = picture.points[s] + ARROW_LENGTH * picture.size * arrow
    if np.hypot(*arrow[:2]) > MIN_ARROW:
        ax.annotate(
            "",
            xy=(tip_x, tip_y),
            xytext=(x, y),
            arrowprops={
                "arrowstyle": "-|>",
                "lw": 1.8,
                "color": color,
                "mutation_scale": 9,
                "shrinkA": 0,
                "shrinkB": 0,
                "alpha": alpha,
            },
            zorder=3,
        )
        return
    style: dict[str, Any] = {"color": color, "alpha": alpha, "zorder": 4, "ls": "none"}
    ax.plot(x, y, marker="o", ms=9, mfc="white", mew=1.5, **style)
    ax.plot(x, y, marker="." if arrow[2] > 0 else "x", ms=5, mew=1.5, **style)


def _box() -> Array:
    """Triangles (12, 3, 3) of a sensor's case in its own axes, relative to the body's size."""
    faces = []
    for axis in range(3):
        u, v = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
        for sign in (1, -1):
            out = sign * np.eye(3)[axis]
            a, b, c, d = out - u - v, out + sign * (u - v), out + u + v, out + sign * (v - u)
            faces += [[a, b, c], [a, c, d]]
    return np.array(faces) * BOX_SIZE


def _add_legend(ax: Axes) -> None:
    """Add the colors of the axes."""
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], color=color, lw=2.5, label=axis)
        for axis, color in zip("xyz", AXIS_COLORS, strict=True)
    ]
    ax.legend(handles=entries, loc="upper left", frameon=False, fontsize="small", handlelength=1.2)


def _check_pose(body: BodyModel, pose: ArrayLike | None) -> Array:
    """Return the pose as an array, or raise an error; None is the upright rest pose."""
    if pose is None:
        upright = np.zeros((body.n_joints, 3))
        upright[0, 0] = np.pi / 2
        return upright
    values = real_array(pose, "pose", "rotation vectors of shape (joints, 3) in rad")
    if values.ndim != 2 or values.shape[1] != 3 or not np.isfinite(values).all():
        raise ValueError(
            f"pose must be one frame of finite rotation vectors (joints, 3), got shape "
            f"{values.shape}. Give motion.poses[k]."
        )
    return values
