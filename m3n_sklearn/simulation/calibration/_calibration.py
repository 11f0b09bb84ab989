"""Calibration of simulated against measured sensors: where they sit, and how they err."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._typing import Array
from ..._validation import check_positive, check_rotation, check_vector, list_of, real_array
from .._rigid_body import GRAVITY
from ._model import GROUPS, Clip, Parameters, in_site, predict
from ._sensor_track import SensorTrack, SiteState
from ._solver import Bases, Solution, all_directions, refine, seen_directions, standard_errors
from ._start import confirmed, first_lags, first_mount, nearest_mount

__all__ = ["Calibration", "Measured", "calibrate", "check_clips", "check_units"]

SHORTEST = 1.0
"""Seconds of readings with motion; with less nothing is identified."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How a real sensor was worn and how it errs; made by :func:`calibrate`.

    Attributes
    ----------
    mount : ndarray of shape (3, 3)
        Columns are the sensor's axes in the site's frame.
    gravity : ndarray of shape (3,)
        Acceleration of free fall in the motion's world, in m/s².
    lag : float
        The sensor's clock minus the motion's, in s: what happens at time t of the motion is
        found at t + lag in the readings. The median over clips where each has its own.
    lags : ndarray of shape (C,)
        The lag of each clip.
    lever_arm : ndarray of shape (3,)
        From the site to the sensor in the axes of the bone's rest pose (a rigid body's own
        axes), in m.
    acc_bias, gyro_bias : ndarray of shape (3,)
        What is read too much, in m/s² and rad/s.
    acc_scale, gyro_scale : ndarray of shape (3,)
        Factors on the readings' axes; 1 is perfect.
    identified : dict of str to bool
        Whether the data fix a parameter in all its directions. What they do not fix stays at
        its default.
    notes : dict of str to str
        Why, for parameters that were not identified.
    standard_errors : dict of str to ndarray
        Of each parameter in its unit (mount in rad about the sensor's axes; gravity as its tilt
        in rad). Directions that are not identified count with the spread among sensors.
    rmse_before, rmse_after : tuple of float
        Root mean square length of the error of acc (m/s²) and gyro (rad/s), before and after;
        NaN where nothing was measured.
    n_clips : int
        C.
    seconds : float
        Duration of all readings that meet the motion.
    """

    mount: Array
    gravity: Array
    lag: float
    lags: Array
    lever_arm: Array
    acc_bias: Array
    acc_scale: Array
    gyro_bias: Array
    gyro_scale: Array
    identified: dict[str, bool]
    notes: dict[str, str]
    standard_errors: dict[str, Array]
    rmse_before: tuple[float, float]
    rmse_after: tuple[float, float]
    n_clips: int
    seconds: float
    _sensor: Parameters = field(repr=False)

    def apply(self, acc: ArrayLike, gyro: ArrayLike) -> tuple[Array, Array]:
        """Give ideal readings the scale and bias of the real sensor.

        Parameters
        ----------
        acc, gyro : array-like of shape (..., 3)
            Readings of an ideal sensor with this mount, gravity, lag and lever arm, in m/s²
            and rad/s.

        Returns
        -------
        acc, gyro : ndarray of shape (..., 3)
            In the same units.
        """
        force, rate = (np.asarray(x, dtype=np.float64) for x in (acc, gyro))
        return self.acc_scale * force + self.acc_bias, self.gyro_scale * rate + self.gyro_bias

    def predict(
        self, track: SensorTrack, times: ArrayLike, lag: float | None = None
    ) -> tuple[Array, Array]:
        """Predict what the sensor reads on another motion of the same wearer.

        Parameters
        ----------
        track : SensorTrack
            Motion of the same site.
        times : array-like of shape (T,)
            In s, on the sensor's clock. Before the start and after the end of the motion it is
            held still.
        lag : float, optional
            That of the calibration by default.

        Returns
        -------
        acc, gyro : ndarray of shape (T, 3)
            In m/s² and rad/s.
        """
        late = self.lag if lag is None else float(lag)
        moments = real_array(times, "times", "times of shape (samples,) in s")
        return predict(
            self._sensor, in_site(track, np.clip(moments - late, track.start, track.stop))
        )

    def summary(self) -> str:
        """Return a report in plain text.

        Returns
        -------
        str
            One line per parameter: the estimate, its standard error, and what could not be
            identified and why.
        """
        before, after = self.rmse_before, self.rmse_after
        lines = [
            f"Calibration from {self.n_clips} clip{'s' * (self.n_clips != 1)}, "
            f"{self.seconds:.1f} s of readings with motion",
            *(
                f"  error of {name}: {a:.3g} -> {b:.3g} {unit} rms"
                for name, unit, a, b in zip(
                    ("acc", "gyro"), ("m/s²", "rad/s"), before, after, strict=True
                )
                if np.isfinite(a)
            ),
        ]
        for name in GROUPS:
            told = self._told(name)
            state = "" if self.identified[name] else f"  [not identified: {self.notes[name]}]"
            lines.append(f"  {name:<11}{told}{state}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def _told(self, name: str) -> str:
        error = float(np.max(self.standard_errors[name]))
        unit = GROUPS[name].unit
        if name == "mount":
            angle = np.degrees(np.arccos(np.clip((np.trace(self.mount) - 1) / 2, -1, 1)))
            rows = "; ".join(" ".join(f"{x:6.3f}" for x in row) for row in self.mount)
            return f"[{rows}], {angle:.1f}° from the site's axes, ± {_short(np.degrees(error))}°"
        if name == "lag":
            return f"{1e3 * self.lag:.1f} ± {_short(1e3 * error)} ms"
        if name == "gravity":
            down = " ".join(f"{x:.3f}" for x in self.gravity)
            return f"({down}) m/s², ± {_short(np.degrees(error))}°"
        values = " ".join(f"{x:.4g}" for x in getattr(self, name) + 0.0)
        return f"({values}) ± {_short(error)} {unit}".rstrip()


def calibrate(
    tracks: Sequence[SensorTrack],
    measured: Sequence[Measured],
    *,
    mount: ArrayLike | None = None,
    nominal_gravity: ArrayLike = GRAVITY,
    gravity: bool = True,
    lag: bool | str = True,
    lever_arm: bool = True,
    bias: bool = True,
    scale: bool = True,
    max_lag: float = 0.5,
) -> Calibration:
    r"""Identify how a sensor was worn and how it errs, from motion and readings of one wearer.

    Parameters
    ----------
    tracks : sequence of SensorTrack
        Motion of the sensor's site in each of C clips; see :func:`track_of_rigid_body` and
        :func:`track_of_site`.
    measured : sequence of Measured
        What the sensor read in the same clips. All clips share the parameters.
    mount : array-like of shape (3, 3), optional
        The mount to expect, for rotations that the data leave open; columns are the sensor's
        axes in the site's frame. The identity by default. It is only a start: any mount can
        be found.
    nominal_gravity : array-like of shape (3,), default=(0.0, 0.0, -9.80665)
        Acceleration of free fall in the motion's world in m/s², as far as known. Its magnitude
        is kept.
    gravity, lever_arm, bias, scale : bool, default=True
        What to identify besides the mount: the direction of gravity, the offset of the sensor
        from its site, and the errors of both sensors.
    lag : bool or "per_clip", default=True
        Whether to identify the offset between both clocks: one for all clips, or one for each.
    max_lag : float, default=0.5
        Largest lag in s that is looked for.

    Returns
    -------
    Calibration
        Parameters with standard errors, and a report of what could not be identified.

    Raises
    ------
    ValueError
        For wrong shapes, values that are not finite, readings that are not in m/s² and rad/s,
        or clocks on which no reading meets the motion.

    Warns
    -----
    UserWarning
        If a reflection fits better than any mount: one side's axes are left-handed.

    Notes
    -----
    With the site's rotation R, acceleration a, lever L and rate w at the motion's time
    t - lag, readings are modelled as

    .. math::

        acc(t) &= s_a \odot M^T R^T (a + L d - g) + b_a \\
        gyro(t) &= s_g \odot M^T w + b_g

    with mount M, lever arm d, gravity g, scale s and bias b. The lag starts at the best
    correlation of the vectors' lengths, which no mount can change; the mount at the solution of
    Wahba's problem [1]_ by singular value decomposition [2]_; gravity at its linear
    least-squares estimate. Gauss-Newton steps refine everything together, with a
    robust loss, a noise level of each clip's own, and weak priors of the width of datasheet
    tolerances.

    What the data show is read off the information matrix, with the residuals' correlation in
    time taken into account. Directions whose standard error stays above what matters (3.4
    degrees, 20 ms, 1.5 cm, 0.15 m/s², 0.02 rad/s, 1 %) are put back to their defaults, and the
    rest is fitted again: first scale, then lever arm, bias, gravity, lag and last the mount are
    given up. Estimates that no sensor has, such as a scale of 0.7, are refused as well: they
    tell of errors of the motion. Standard errors know of errors of the motion that are independent
    of the motion itself; a track that is smoothed too much, say, biases scales beyond them.

    References
    ----------
    .. [1] G. Wahba, "A least squares estimate of satellite attitude", SIAM Review 7, 1965.
    .. [2] F. L. Markley, "Attitude determination using vector observations and the singular
       value decomposition", Journal of the Astronautical Sciences 36, 1988.

    Examples
    --------
    A body that turns to and fro about all its axes, with a sensor that is worn upside down:

    >>> import numpy as np
    >>> from m3n_sklearn.simulation import Measured, calibrate, rigid_body_imu, track_of_rigid_body
    >>> from m3n_sklearn.skeleton._rotations import quat_from_rotvec
    >>> t = np.arange(1000) / 100.0
    >>> swing = np.stack([np.sin(4 * t), np.cos(5 * t), np.sin(3 * t + 1)], axis=1)
    >>> pose = {"position": 0.2 * swing[:, [1, 2, 0]], "quaternion": quat_from_rotvec(swing)}
    >>> acc, gyro = rigid_body_imu(**pose, times=t, mount=np.diag([1.0, -1, -1]))
    >>> found = calibrate([track_of_rigid_body(t, **pose)], [Measured(t + 0.25, acc, gyro)])
    >>> found.mount.round(3) + 0.0
    array([[ 1.,  0.,  0.],
           [ 0., -1.,  0.],
           [ 0.,  0., -1.]])
    >>> round(found.lag, 3), all(found.identified.values())
    (0.25, True)
    """
    nominal = np.eye(3) if mount is None else check_rotation(mount, "mount")
    down = check_vector(nominal_gravity, "nominal_gravity")
    if not np.any(down):
        raise ValueError("nominal_gravity must not be zero: it tells the magnitude.")
    longest = check_positive(max_lag, "max_lag", "s")
    if lag not in (True, False, "per_clip"):
        raise ValueError(f"lag must be True, False or 'per_clip', got {lag!r}.")
    clips = check_clips(tracks, measured, own_lags=lag == "per_clip")
    start = Parameters.default(nominal, down, np.zeros(1 + max(c.lag for c in clips)))
    notes: dict[str, str] = {}
    if lag:
        start, doubt = first_lags(clips, start, longest)
        notes.update(doubt)
    met = [clip.meets(start.lags[clip.lag]) for clip in clips]
    if not any(m.any() for m in met):
        raise ValueError(
            "No reading was taken while the motion is known: the motion lasts from "
            f"{clips[0].track.start:.6g} to {clips[0].track.stop:.6g} s and the readings from "
            f"{clips[0].times[0]:.6g} to {clips[0].times[-1]:.6g} s (first clip). Bring both to "
            "one clock up to max_lag."
        )
    seconds = sum(_seconds(clip.times, m) for clip, m in zip(clips, met, strict=True))
    switches = {
        "gravity": gravity,
        "lag": bool(lag) and not notes,
        "lever_arm": lever_arm,
        "acc_bias": bias,
        "gyro_bias": bias,
        "acc_scale": scale,
        "gyro_scale": scale,
        "mount": True,
    }
    asked = [name for name, wanted in switches.items() if wanted]
    notes.update({n: "not asked for" for n, w in switches.items() if not w and n not in notes})
    if seconds < SHORTEST:
        short = f"only {seconds:.2f} s of readings with motion, {SHORTEST:g} s are needed"
        notes.update({name: short for name in asked})
        bases = all_directions([], len(start.lags))
        still = replace(start, lags=np.zeros_like(start.lags))
        size = len(still.vector)
        return _report(clips, still, Solution(still, np.zeros((size, size))), bases, notes, seconds)
    check_units(clips, start)
    sensor = first_mount(clips, start, gravity)
    trusted = clips
    if not confirmed(clips, sensor):
        trusted = [replace(clip, track=_without_rates(clip.track)) for clip in clips]
    solution, bases = _settle(trusted, sensor, start, asked, notes)
    return _report(clips, start, solution, bases, notes, seconds)


def _settle(
    clips: list[Clip],
    sensor: Parameters,
    start: Parameters,
    asked: list[str],
    notes: dict[str, str],
) -> tuple[Solution, Bases]:
    """Refine, give up what can't be seen or can't be true, and refine the rest."""
    bases = all_directions(asked, len(sensor.lags))
    solution = refine(clips, sensor, bases)
    for _ in range(4):
        kept = seen_directions(solution.information, bases)
        for name in asked:
            excess = _implausible(name, solution.sensor)
            if excess and kept[name].shape[1]:
                kept[name] = kept[name][:, :0]
                notes[name] = excess
        if all(kept[name].shape == bases[name].shape for name in kept):
            break
        bases = kept
        solution = refine(clips, _put_back(solution.sensor, start, bases), bases)
    for name in asked:
        note = _unseen(name, bases[name], clips)
        if note:
            notes.setdefault(name, note)
    return solution, bases


def _without_rates(track: SensorTrack) -> SensorTrack:
    """Return a track that tells nothing about rates."""

    def evaluate(times: Array) -> SiteState:
        state = SiteState(*track.evaluate(times))
        return state._replace(rate=np.zeros_like(state.rate))

    return replace(track, evaluate=evaluate)


def _put_back(sensor: Parameters, start: Parameters, bases: Bases) -> Parameters:
    """Return to the defaults in the directions that are no longer free."""
    vector = sensor.vector
    for name, group in GROUPS.items():
        basis = bases[name]
        vector[group.columns] = basis @ (basis.T @ vector[group.columns])
    free = np.linalg.svd(bases["mount"], full_matrices=True)[0][:, bases["mount"].shape[1] :]
    mount = nearest_mount(sensor.mount, start.mount, free)
    return replace(sensor.with_vector(vector), mount=mount)


def _implausible(name: str, sensor: Parameters) -> str:
    """Say so if no sensor has such a parameter."""
    group = GROUPS[name]
    values = sensor.vector[group.columns]
    if np.abs(values).max(initial=0.0) <= group.limit:
        return ""
    worst = values[np.argmax(np.abs(values))]
    told = f"{100 * worst:+.0f} %" if "scale" in name else f"{worst:.2g} {group.unit}"
    return f"the estimate ({told}) is beyond what sensors have; the motion is in error"


def _unseen(name: str, basis: Array, clips: list[Clip]) -> str:
    """Say what the data lack for a parameter that is not fixed in all directions."""
    size, seen = basis.shape
    if seen == size:
        return ""
    sensor = {"acc": 0, "gyro": 1}.get(name.split("_")[0])
    sensor = 0 if name in ("gravity", "lever_arm") else sensor
    if sensor is not None and all(clip.readings[sensor] is None for clip in clips):
        return f"no {('acc', 'gyro')[sensor]} was measured"
    open_axes = np.linalg.svd(basis, full_matrices=True)[0][:, seen:].T
    where = ", ".join("(" + " ".join(f"{x:.2f}" for x in axis + 0.0) + ")" for axis in open_axes)
    if name == "mount":
        return f"free about {where} of the sensor: too little motion about other axes"
    if name == "lag":
        return "too little motion to compare the clocks by"
    if name == "gravity":
        return f"{size - seen} of 2 tilts can't be told from the mount's: too few orientations"
    if name == "lever_arm":
        told = "angular motion is too weak"
    elif name.endswith("bias"):
        told = "too few orientations or too much noise"
    else:
        told = "too few orientations, or too weak motion"
    share = "in all directions" if seen == 0 else f"along {where}"
    return f"{told}; default kept {share}"


def _report(
    clips: list[Clip],
    start: Parameters,
    solution: Solution,
    bases: Bases,
    notes: dict[str, str],
    seconds: float,
) -> Calibration:
    sensor = solution.sensor
    errors = standard_errors(solution.information, bases)
    identified = {name: bases[name].shape[1] == len(bases[name]) for name in GROUPS}
    plain = replace(start, lags=np.zeros_like(start.lags))
    return Calibration(
        mount=sensor.mount,
        gravity=sensor.gravity,
        lag=float(np.median(sensor.lags)),
        lags=np.array([sensor.lags[clip.lag] for clip in clips]),
        lever_arm=sensor.lever_arm,
        acc_bias=sensor.acc_bias,
        acc_scale=1 + sensor.acc_scale,
        gyro_bias=sensor.gyro_bias,
        gyro_scale=1 + sensor.gyro_scale,
        identified=identified,
        notes={name: notes[name] for name in GROUPS if not identified[name]},
        standard_errors={name: errors[GROUPS[name].columns] for name in GROUPS},
        rmse_before=_rmse(clips, plain),
        rmse_after=_rmse(clips, sensor),
        n_clips=len(clips),
        seconds=seconds,
        _sensor=sensor,
    )


def _rmse(clips: list[Clip], sensor: Parameters) -> tuple[float, float]:
    squares, counts = np.zeros(2), np.zeros(2)
    for clip in clips:
        late = sensor.lags[clip.lag]
        meets = clip.meets(late)
        predicted = predict(sensor, in_site(clip.track, clip.times[meets] - late))
        for k, (ours, read) in enumerate(zip(predicted, clip.readings, strict=True)):
            if read is not None:
                squares[k] += np.sum((ours - read[meets]) ** 2)
                counts[k] += len(ours)
    means = np.where(counts > 0, squares / np.maximum(counts, 1), np.nan)
    return float(np.sqrt(means[0])), float(np.sqrt(means[1]))


def _seconds(times: Array, meets: NDArray[np.bool_]) -> float:
    inside = times[meets]
    return float(inside[-1] - inside[0]) if len(inside) > 1 else 0.0


def _short(value: float) -> str:
    """Two significant digits, never as a power of ten."""
    return np.format_float_positional(value, 2, fractional=False, trim="-")


class Measured(NamedTuple):
    """What one sensor read during one clip.

    Attributes
    ----------
    times : array-like of shape (T,)
        Strictly increasing times in s, on the sensor's clock. Leave lost samples out.
    acc : array-like of shape (T, 3) or None
        Specific force in m/s² (gravity included), in the sensor's axes.
    gyro : array-like of shape (T, 3) or None
        Angular rate in rad/s, in the sensor's axes.
    """

    times: ArrayLike
    acc: ArrayLike | None = None
    gyro: ArrayLike | None = None


def check_clips(
    tracks: Sequence[SensorTrack], measured: Sequence[Measured], own_lags: bool
) -> list[Clip]:
    moving = list_of(tracks, "tracks", "a list of SensorTrack, one per clip")
    readings = list_of(measured, "measured", "a list of Measured, one per clip")
    if len(moving) != len(readings) or not moving:
        raise ValueError(
            f"tracks and measured must hold one entry per clip, got {len(moving)} and "
            f"{len(readings)}."
        )
    clips = []
    for i, (track, read) in enumerate(zip(moving, readings, strict=True)):
        if not isinstance(track, SensorTrack):
            raise TypeError(f"tracks[{i}] must be a SensorTrack, got {type(track).__name__}.")
        clips.append(_check_clip(track, read, i, i if own_lags else 0))
    if all(values is None for clip in clips for values in clip.readings):
        raise ValueError("Nothing was measured: give acc, gyro or both in at least one clip.")
    return clips


def _check_clip(track: SensorTrack, read: Measured, index: int, lag: int) -> Clip:
    name = f"measured[{index}]"
    if not isinstance(read, tuple) or len(read) not in (2, 3):
        raise TypeError(f"{name} must be Measured(times, acc, gyro), got {type(read).__name__}.")
    entry = Measured(*read)
    times = real_array(entry.times, f"{name}.times", "times of shape (samples,) in s")
    if times.ndim != 1 or not np.isfinite(times).all() or np.any(np.diff(times) <= 0):
        raise ValueError(f"{name}.times must be finite and strictly increasing, in s.")
    if len(times) < 2:
        raise ValueError(f"{name} has {len(times)} samples; at least two are needed.")
    triads: list[Array | None] = []
    for kind, values in (("acc", entry.acc), ("gyro", entry.gyro)):
        if values is None:
            triads.append(None)
            continue
        expected = f"readings of shape ({len(times)}, 3)"
        array = real_array(values, f"{name}.{kind}", expected)
        if array.shape != (len(times), 3):
            raise ValueError(f"{name}.{kind} must be {expected}, got shape {array.shape}.")
        if not np.isfinite(array).all():
            raise ValueError(
                f"{name}.{kind} has values that are not finite. Leave lost samples out: times "
                "need not be even."
            )
        triads.append(array)
    return Clip(track, times, (triads[0], triads[1]), lag)


def check_units(clips: list[Clip], start: Parameters) -> None:
    """Refuse readings whose size tells of other units."""
    forces = [np.linalg.norm(c.readings[0], axis=1) for c in clips if c.readings[0] is not None]
    weight = float(np.linalg.norm(start.nominal_gravity))
    if forces:
        typical = float(np.median(np.concatenate(forces)))
        if not 0.4 * weight <= typical <= 10 * weight:
            raise ValueError(
                f"The measured accelerations have a median length of {typical:.3g}, where gravity "
                f"alone makes {weight:.3g} m/s². Give m/s² (g times 9.80665) with gravity included."
            )
    pairs = [(clip, clip.readings[1]) for clip in clips if clip.readings[1] is not None]
    expected = [np.asarray(clip.track.evaluate(_inside(clip))[3]) for clip, _ in pairs]
    if not pairs:
        return
    ours, theirs = (
        np.sqrt(np.mean(np.concatenate(x) ** 2)) for x in (expected, [g for _, g in pairs])
    )
    if ours > 0.05 and theirs > 20 * ours:
        raise ValueError(
            f"The measured rates are {theirs / ours:.0f} times those of the motion: these look "
            "like deg/s. Convert with numpy.deg2rad."
        )


def _inside(clip: Clip) -> Array:
    return np.asarray(np.clip(clip.times, clip.track.start, clip.track.stop))
