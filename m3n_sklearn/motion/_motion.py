"""The class `Motion`: one clip of body motion, without any sensor.

Readers return motions, the simulator plays them on a body. All arguments are checked once, on
construction; afterwards its attributes cannot be set.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._clock import check_seconds, recover_clock
from .._typing import Array
from .._validation import check_positive, is_number, list_of, looks_like_a_period, real_array
from .._warn import warn
from ..skeleton import MIRROR_JOINTS, quat_from_rotvec, rotvec_from_quat, slerp_resample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..inspection import MotionDisplay

__all__ = [
    "MAX_MEDIAN_SPEED",
    "Motion",
    "as_sentences",
    "as_sex",
    "check_id",
    "check_name",
    "check_source",
    "neighbors",
    "warn_if_fast",
]

SEXES = {"neutral": ("neutral", "n"), "male": ("male", "m"), "female": ("female", "f")}
"""Variants of body models, and the words for them."""

# ---- plausible magnitudes

MAX_DISTANCE = 1e5
"""Largest distance of the root from the origin, in m."""

MAX_MEDIAN_SPEED = 15.0
"""Largest plausible median speed of a position, in m/s."""

MAX_FRAME_INTERVAL = 2.0
"""Largest plausible time between frames, in s."""

MIN_STATURE, MAX_STATURE = 0.4, 2.6
"""Plausible body heights, in m."""

MAX_BETA = 10.0
"""Largest plausible shape coefficient, in standard deviations."""


def as_sentences(text: object) -> tuple[str, ...]:
    """Return one caption or several paraphrases as a tuple of stripped, non-empty strings."""
    if text is None:
        return ()
    expected = "a caption, or several paraphrases of it"
    sentences = [text] if isinstance(text, str) else list_of(text, "text", expected)
    for sentence in sentences:
        if not isinstance(sentence, str):
            raise TypeError(
                f"text must be a string or a sequence of strings, got {type(sentence).__name__} "
                f"({sentence!r}). Pass the caption, or several paraphrases of it."
            )
    return tuple(s.strip() for s in sentences if isinstance(s, str) and s.strip())


def check_id(value: Any, name: str) -> Hashable | None:
    """Return a hashable label or subject, or raise."""
    if not isinstance(value, Hashable):
        raise TypeError(f"{name} must be a single value, such as a string; got {value!r}.")
    return value


def check_name(name: Any) -> str | None:
    """Return the name of a clip, or raise if it is not a string."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a string, got {name!r}. Random draws are keyed by it.")
    return name


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Motion:
    """One clip of body motion: joint rotations in SMPL's convention [1]_ and a root track.

    Parameters
    ----------
    poses : array-like of shape (F, J, 3) or (F, 3 J)
        Local joint rotations as axis-angle vectors in rad, in SMPL's joint order. The root
        (joint 0) rotates the body's rest frame (x left, y up, z front) into the world (z up). J is
        at least 22. Joints of hands and face may follow.
    trans : array-like of shape (F, 3), optional
        SMPL's translation in the world frame, in m. Zero by default.
    rate : float, optional
        Frames per second. Give either `rate` or `times`.
    times : array-like of shape (F,), optional
        Strictly increasing time stamps in s, for frames that are not evenly spaced. Stamps that
        were rounded, or that jitter around an even clock, are corrected to that clock. Dropped
        frames remain gaps of whole frames.
    betas : array-like of shape (B,), optional
        Shape parameters of the body model to which the motion was fitted.
    stature : float, optional
        Body height in m, between 0.4 and 2.6.
    sex : {"neutral", "male", "female"}, default="neutral"
        Variant of the body model. Capital letters, and the first letter alone, are understood.
    text : str or sequence of str, optional
        A caption, or several paraphrases of one caption.
    label : hashable, optional
        Class of the whole clip.
    subject : hashable, optional
        Identifier of the person.
    name : str, optional
        Identifier of the clip. Random draws are keyed by it.
    source : str, optional
        Origin of the clip, such as ``"cmu"``. Clips of one source share the noise of their poses,
        which a simulator can learn. Words such as "video" or "kinect" tell it the resolution of
        cameras.
    observed : array-like of bool, shape (F, J), optional
        False where a joint was not measured and its rotation is interpolated. The column of the
        root also stands for `trans`. Simulated readings that depend on such a joint are marked as
        not observed.
    confidence : array-like of shape (F, J), optional
        Confidence of the source in each joint, from 0 to 1, such as the visibility of a landmark.
        The library only stores it, so that you can filter by it.

    Attributes
    ----------
    poses, trans, times : ndarray
        As above; float64. All arrays are copies of those that were given. They are writable,
        because SciPy's rotations need that; use `replace` to change a motion.
    rate : float
        Mean number of frames per second.
    n_frames, n_joints : int
        F and J.
    duration : float
        Seconds from the first frame to the last.
    is_uniform : bool
        Whether the frames are evenly spaced.

    Raises
    ------
    ValueError
        If a shape is wrong, a value is not finite, both or neither of `rate` and `times` are
        given, or a magnitude is implausible.
    TypeError
        If an argument has the wrong type.

    Warns
    -----
    UserWarning
        If the root moves so fast that `trans` seems to be in millimeters or centimeters, or if
        `times` were corrected.

    See Also
    --------
    read_bvh, read_smpl : Motions from files.
    motion_from_joints : Motion from joint positions.

    References
    ----------
    .. [1] M. Loper et al., "SMPL: a skinned multi-person linear model", ACM Transactions on
       Graphics 34(6), 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.motion import Motion
    >>> motion = Motion(np.zeros((61, 24, 3)), rate=60.0, text="a person stands still")
    >>> motion
    Motion(61 frames x 24 joints, 1.00 s at 60 Hz, 'a person stands still')
    """

    poses: Array
    trans: Array
    times: Array
    rate: float
    betas: Array | None
    stature: float | None
    sex: str
    text: tuple[str, ...]
    label: Hashable | None
    subject: Hashable | None
    name: str | None
    source: str | None
    observed: NDArray[np.bool_] | None
    confidence: Array | None

    def __init__(
        self,
        poses: ArrayLike,
        trans: ArrayLike | None = None,
        rate: float | None = None,
        *,
        times: ArrayLike | None = None,
        betas: ArrayLike | None = None,
        stature: float | None = None,
        sex: str = "neutral",
        text: str | Sequence[str] | None = (),
        label: Hashable | None = None,
        subject: Hashable | None = None,
        name: str | None = None,
        source: str | None = None,
        observed: ArrayLike | None = None,
        confidence: ArrayLike | None = None,
    ) -> None:
        # 1. Frames and clock
        values = _check_poses(poses)
        clock, mean_rate = _check_clock(values, rate, times)
        path = _check_trans(trans, len(values))
        warn_if_fast(path, np.diff(clock))
        # 2. Check all other arguments; every array is a copy
        fields = {
            "poses": values,
            "trans": path,
            "times": clock,
            "rate": mean_rate,
            "betas": _check_betas(betas),
            "stature": _check_stature(stature),
            "sex": _check_sex(sex),
            "text": as_sentences(text),
            "label": check_id(label, "label"),
            "subject": check_id(subject, "subject"),
            "name": check_name(name),
            "source": check_source(source),
            "observed": _check_observed(observed, values.shape[:2]),
            "confidence": _check_confidence(confidence, values.shape[:2]),
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.poses)

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return self.poses.shape[1]

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return float(self.times[-1] - self.times[0])

    @property
    def is_uniform(self) -> bool:
        """Whether the frames are evenly spaced in time."""
        steps = np.diff(self.times)
        return len(steps) == 0 or bool(np.ptp(steps) <= 1e-6 * np.mean(steps))

    def __repr__(self) -> str:
        text = f", {self.text[0]!r}" if self.text else ""
        return (
            f"Motion({self.n_frames} frames x {self.n_joints} joints, "
            f"{self.duration:.2f} s at {self.rate:.4g} Hz{text})"
        )

    def _repr_html_(self) -> str:
        from ..inspection import motion_html

        return motion_html(self)

    def plot(self, *, n_figures: int = 8, ax: Axes | None = None) -> MotionDisplay:
        """Draw stick figures at evenly spaced times.

        Parameters
        ----------
        n_figures : int, default=8
            Number of figures.
        ax : matplotlib Axes, optional
            Axes to draw on; new ones by default.

        Returns
        -------
        MotionDisplay
            The drawn display; see :class:`m3n_sklearn.inspection.MotionDisplay`.
        """
        from ..inspection import MotionDisplay

        return MotionDisplay.from_motion(self, n_figures=n_figures, ax=ax)

    def replace(self, **changes: Any) -> Motion:
        """Return a copy with some arguments changed.

        Parameters
        ----------
        **changes : dict
            Arguments of :class:`Motion`. A new `rate` restarts the clock at 0.

        Returns
        -------
        Motion
            A new, validated motion.

        Raises
        ------
        ValueError, TypeError
            As :class:`Motion` does.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn.motion import Motion
        >>> Motion(np.zeros((61, 24, 3)), rate=60.0).replace(rate=30.0).duration
        2.0
        """
        arguments = {name: getattr(self, name) for name in self.__dataclass_fields__}
        # a single frame has no clock but its rate
        del arguments["rate" if self.n_frames > 1 else "times"]
        if "rate" in changes or "times" in changes:
            arguments = {key: arguments[key] for key in arguments if key not in ("rate", "times")}
        return Motion(**{**arguments, **changes})

    def slice(self, start: float, stop: float) -> Motion:
        """Return the frames with start <= time < stop, in s after the first frame.

        Parameters
        ----------
        start, stop : float
            Seconds after the first frame.

        Returns
        -------
        Motion
            The shorter clip. Its time stamps stay those of the original clip.

        Raises
        ------
        ValueError
            If no frame lies in the interval.
        TypeError
            If `start` or `stop` is not a number.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn.motion import Motion
        >>> Motion(np.zeros((61, 24, 3)), rate=60.0).slice(0.0, 0.5).n_frames
        30
        """
        for edge in (start, stop):
            if not is_number(edge):
                raise TypeError(
                    f"start and stop must be seconds after the first frame, got {edge!r}."
                )
        since = self.times - self.times[0]
        keep = (since >= start - 1e-9) & (since < stop - 1e-9)
        if not keep.any():
            raise ValueError(
                f"No frame lies in [{start}, {stop}) s: the clip lasts {self.duration:.3f} s."
            )
        facts = {
            name: None if value is None else value[keep]
            for name, value in (("observed", self.observed), ("confidence", self.confidence))
        }
        return replace_frames(self, self.poses[keep], self.trans[keep], self.times[keep], **facts)

    def resample(self, rate: float) -> Motion:
        """Resample to an even grid: rotations on great arcs, translations linearly.

        This serves as input of networks. Simulate sensors from the original frames instead, since
        the simulator differentiates a smooth curve through them.

        Parameters
        ----------
        rate : float
            New frames per second.

        Returns
        -------
        Motion
            A motion with the same start, and with the same duration up to one frame. A frame is
            `observed` if both neighbors are; `confidence` is the smaller one of both.

        Raises
        ------
        ValueError, TypeError
            If `rate` is not a positive number.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn.motion import Motion
        >>> Motion(np.zeros((61, 24, 3)), rate=60.0).resample(25.0)
        Motion(26 frames x 24 joints, 1.00 s at 25 Hz)
        """
        # 1. The grid, from the first frame up to the last
        rate = check_positive(rate, "rate", "Hz")
        count = int(np.floor(self.duration * rate + 1e-9)) + 1
        times = self.times[0] + np.arange(count) / rate
        # 2. Interpolate poses and root
        quats = slerp_resample(quat_from_rotvec(self.poses), self.times, times)
        trans = np.stack([np.interp(times, self.times, axis) for axis in self.trans.T], axis=-1)
        # 3. What holds for both neighbors holds in between
        before, after = neighbors(self.times, times)
        observed, confidence = self.observed, self.confidence
        return replace_frames(
            self,
            rotvec_from_quat(quats),
            trans,
            times,
            observed=None if observed is None else observed[before] & observed[after],
            confidence=(
                None if confidence is None else np.minimum(confidence[before], confidence[after])
            ),
        )

    def mirrored(self) -> Motion:
        """Exchange left and right, as a mirror across the x axis does.

        The reflection ``M = diag(-1, 1, 1)`` turns a rotation R into ``M R M``, and an axis-angle
        vector (x, y, z) into (x, -y, -z).

        Returns
        -------
        Motion
            The motion with the joints of both sides exchanged and the world's x axis reversed.

        Raises
        ------
        ValueError
            If the motion does not have 22 or 24 joints: hands and face are not mirrored.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn.motion import SMPL_JOINTS
        >>> from m3n_sklearn.motion import Motion
        >>> poses = np.zeros((10, 24, 3))
        >>> poses[:, SMPL_JOINTS.index("left_elbow"), 2] = 0.5
        >>> float(Motion(poses, rate=60.0).mirrored().poses[0, SMPL_JOINTS.index("right_elbow"), 2])
        -0.5
        """
        if self.n_joints not in (22, 24):
            raise ValueError(
                f"Only motions of 22 or 24 body joints can be mirrored, got {self.n_joints}."
            )
        swap = MIRROR_JOINTS[: self.n_joints]
        poses = self.poses[:, swap] * np.array([1.0, -1.0, -1.0])
        trans = self.trans * np.array([-1.0, 1.0, 1.0])
        facts = {
            name: None if value is None else value[:, swap]
            for name, value in (("observed", self.observed), ("confidence", self.confidence))
        }
        return replace_frames(self, poses, trans, self.times, **facts)


def neighbors(frames: Array, times: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return indices (T,) of the frames before and after each time; equal where it hits one."""
    last = len(frames) - 1
    before = np.clip(np.searchsorted(frames, times + 1e-9, side="right") - 1, 0, last)
    after = np.clip(np.searchsorted(frames, times - 1e-9, side="left"), 0, last)
    return before, after


def replace_frames(
    motion: Motion, poses: Array, trans: Array, times: Array, **changes: Any
) -> Motion:
    """Return a motion with other frames, and with everything else unchanged."""
    clock = {"times": times} if len(times) > 1 else {"rate": motion.rate}
    return motion.replace(poses=poses, trans=trans, **clock, **changes)


def _check_poses(poses: ArrayLike) -> Array:
    # 1. Shape
    values = real_array(poses, "poses", "axis-angle vectors (frames, joints, 3) in rad")
    if values.ndim == 2 and values.shape[1] and values.shape[1] % 3 == 0:
        values = values.reshape(len(values), -1, 3)
    if values.ndim != 3 or values.shape[2] != 3:
        raise ValueError(
            f"poses must have shape (frames, joints, 3) or (frames, 3 * joints), got "
            f"{np.shape(poses)}. Pass axis-angle vectors in rad, one per joint."
        )
    if len(values) == 0:
        raise ValueError("poses has no frames, but a motion needs at least one.")
    if values.shape[1] < 22:
        raise ValueError(
            f"poses has {values.shape[1]} joints, but SMPL's tree has at least 22. Convert other "
            "skeletons first (m3n_sklearn.motion._retarget or motion_from_joints)."
        )
    # 2. Finite angles in rad
    invalid = ~np.isfinite(values)
    if invalid.any():
        frame = int(np.argwhere(invalid)[0][0])
        raise ValueError(
            f"poses has {int(invalid.sum())} values that are not finite, first in frame {frame}. "
            "Interpolate them, or remove these frames."
        )
    largest = float(np.abs(values).max())
    if largest > 4 * np.pi:
        raise ValueError(
            f"poses reaches {largest:.4g} rad, more than two turns, so it seems to be in degrees. "
            "Convert it with numpy.deg2rad."
        )
    return values


def _check_trans(trans: ArrayLike | None, frames: int) -> Array:
    if trans is None:
        return np.zeros((frames, 3))
    values = real_array(trans, "trans", f"positions of shape ({frames}, 3) in m")
    if values.shape != (frames, 3):
        raise ValueError(f"trans must have shape ({frames}, 3) to match poses, got {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError(
            "trans has values that are not finite. Interpolate them, or remove these frames."
        )
    if np.abs(values).max() > MAX_DISTANCE:
        raise ValueError(
            f"trans reaches {np.abs(values).max():.4g} m from the origin. Is it in millimeters?"
        )
    return values


def _check_clock(frames: Array, rate: float | None, times: ArrayLike | None) -> tuple[Array, float]:
    """Return the times of frames, corrected to an even clock where they fit one, and the rate."""
    if (rate is None) == (times is None):
        given = "both" if rate is not None else "neither"
        raise ValueError(
            f"A motion needs either rate= (frames per second) or times= (s), but {given} was given."
        )
    # 1. A rate: an even clock from 0
    count = len(frames)
    if times is None:
        hertz = check_positive(rate, "rate", "Hz")
        message = looks_like_a_period(hertz, f"A motion of {count} frames")
        if count > 2 and message is not None:
            warn(message)
        return np.arange(count) / hertz, hertz
    # 2. Time stamps: increasing, in s
    stamps = real_array(times, "times", f"time stamps of shape ({count},) in s")
    if stamps.shape != (count,):
        raise ValueError(f"times must have shape ({count},) to match poses, got {stamps.shape}.")
    if count < 2:
        raise ValueError("times= needs at least two frames. Pass rate= for a single one.")
    if not np.isfinite(stamps).all() or stamps[-1] <= stamps[0]:
        raise ValueError("times must be finite and strictly increasing, in s.")
    check_seconds(stamps, MAX_FRAME_INTERVAL)
    # 3. The even clock from which they were rounded, if there is one
    clock = recover_clock(stamps, frames.reshape(count, -1))
    if not np.array_equal(clock.rows, np.arange(count)):
        raise ValueError(
            f"times must be strictly increasing, one for each frame, in s: "
            f"{'; '.join(clock.notes)}. Sort the frames and drop duplicates."
        )
    clock.warn(
        "Give rate= if the frames are even, or exact times.",
    )
    return clock.times, float((count - 1) / (clock.times[-1] - clock.times[0]))


def warn_if_fast(positions: NDArray[Any], steps: ArrayLike) -> bool:
    """Warn, and return True, if positions (..., F, 3) move faster than a person."""
    if positions.size < 9:
        return False
    speeds = np.linalg.norm(np.diff(positions, axis=-2), axis=-1) / np.asarray(steps)
    speed = float(np.median(speeds)) if speeds.size else 0.0
    if fast := speed > MAX_MEDIAN_SPEED:
        warn(
            f"Positions move at {speed:.4g} m/s most of the time. They must be in m. Are they in "
            "millimeters (multiply by 0.001) or centimeters (0.01)?"
        )
    return fast


def _check_betas(betas: ArrayLike | None) -> Array | None:
    if betas is None:
        return None
    values = real_array(betas, "betas", "shape coefficients of shape (B,)")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"betas must be a finite vector, got shape {values.shape}.")
    largest = float(np.abs(values).max(initial=0.0))
    if largest > MAX_BETA:
        warn(
            f"betas reach {largest:.3g}, but those of people stay below {MAX_BETA:g}, since they "
            "are in standard deviations of a population. The fit of the body may have failed, or "
            "the numbers may not be shape coefficients. Leave betas out, and pass stature= to "
            "scale the body."
        )
    return values


def _check_stature(stature: float | None) -> float | None:
    if stature is None:
        return None
    if not is_number(stature):
        raise TypeError(f"stature must be a number of meters, got {type(stature).__name__}.")
    if not MIN_STATURE <= stature <= MAX_STATURE:
        raise ValueError(
            f"stature must be a body height between {MIN_STATURE} and {MAX_STATURE} m, got "
            f"{stature!r}. Is it in centimeters?"
        )
    return float(stature)


def _check_observed(observed: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    if observed is None:
        return None
    values = np.array(observed)
    if values.shape != shape or values.dtype.kind != "b":
        raise ValueError(
            f"observed must be booleans of shape {shape} (frames, joints) to match poses, got "
            f"{values.dtype} of shape {values.shape}."
        )
    return values


def _check_confidence(confidence: ArrayLike | None, shape: tuple[int, ...]) -> Array | None:
    if confidence is None:
        return None
    values = real_array(confidence, "confidence", f"numbers from 0 to 1 of shape {shape}")
    if values.shape != shape or not np.all((values >= 0) & (values <= 1)):
        raise ValueError(
            f"confidence must be numbers from 0 to 1 of shape {shape} (frames, joints), got shape "
            f"{values.shape}"
            + (f", from {values.min():.4g} to {values.max():.4g}." if values.size else ".")
        )
    return values


def check_source(source: Any) -> str | None:
    """Return the origin of a clip, or raise if it is not a string."""
    if source is not None and not (isinstance(source, str) and source):
        raise TypeError(f"source must be a non-empty string, such as 'cmu'; got {source!r}.")
    return source


def as_sex(word: Any) -> str | None:
    """Return the variant of a body that a word or letter in any case names, or None."""
    text = word.decode("latin1") if isinstance(word, bytes) else word
    if not isinstance(text, str):
        return None
    return next((sex for sex, words in SEXES.items() if text.strip().lower() in words), None)


def _check_sex(sex: str) -> str:
    known = as_sex(sex)
    if known is None:
        raise ValueError(f"sex must be one of {', '.join(SEXES)}, got {sex!r}.")
    return known
