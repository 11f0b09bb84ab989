"""Calibration: how a real sensor was worn and how it errs, from a motion and the readings.

`calibrate` starts from lags and a mount in closed form (`_start`), refines all parameters of the
sensor (`_model`) together, and resets those that the data do not determine (`_solver`).

`Measured` and `check_clips` check the readings that are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._typing import Array
from ..._validation import check_positive, check_rotation, check_vector, list_of, real_array
from .._rigid_body import GRAVITY
from ._model import GROUPS, Clip, Parameters, predict, site_motion
from ._sensor_track import SensorTrack, SiteState
from ._solver import Bases, Solution, all_directions, determined_directions, refine, standard_errors
from ._start import confirmed, first_lags, first_mount, nearest_mount

__all__ = ["Calibration", "Measured", "calibrate", "check_clips", "check_units"]

MIN_SECONDS = 1.0
"""Seconds of readings that overlap the motion. With fewer, nothing is identified."""

MAX_ROUNDS = 4
"""Refinements after directions were given up."""

MIN_FORCE, MAX_FORCE = 0.4, 10.0
"""Limits of the median specific force, relative to gravity."""

MIN_RATE, MAX_RATE_RATIO = 0.05, 20.0
"""Rad/s, and measured over predicted rate. A higher ratio means deg/s, whose factor is 57."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How a real sensor was worn and how it errs; the result of :func:`calibrate`.

    Attributes
    ----------
    mount : ndarray of shape (3, 3)
        Columns are the sensor's axes in the site's frame.
    gravity : ndarray of shape (3,)
        Acceleration of free fall in the motion's world, in m/s².
    lag : float
        The sensor's clock minus the motion's, in s: what happens at time t of the motion is
        recorded at t + lag. If each clip has a lag of its own, this is their median.
    lags : ndarray of shape (C,)
        Lag of each clip, in s.
    lever_arm : ndarray of shape (3,)
        From the site to the sensor, in m, in the axes of the bone's rest pose. For a rigid body,
        in its own axes.
    acc_bias, gyro_bias : ndarray of shape (3,)
        Added to the readings, in m/s² and rad/s.
    acc_scale, gyro_scale : ndarray of shape (3,)
        Factors of the readings' axes. 1 is perfect.
    identified : dict of str to bool
        Whether the data determine a parameter in all its directions. Undetermined directions keep
        their defaults.
    notes : dict of str to str
        The reason, for each parameter that is not identified.
    standard_errors : dict of str to ndarray
        Of each parameter, in its unit. The error of the mount is in rad about the sensor's axes,
        that of gravity is its tilt in rad. Undetermined directions have the standard deviation
        among sensors.
    rmse_before, rmse_after : tuple of float
        Root mean square length of the error of acc (m/s²) and gyro (rad/s), before and after
        calibration. NaN if the sensor was not measured.
    n_clips : int
        Number of clips C.
    seconds : float
        Duration of all readings that overlap the motion.

    See Also
    --------
    SMPLIMUSimulator.fit : Calibrates each of its sensors and simulates with the result.
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
        """Apply the scale and bias of the real sensor to ideal readings.

        Parameters
        ----------
        acc, gyro : array-like of shape (..., 3)
            Readings of an ideal sensor with this mount, gravity, lag and lever arm, in m/s²
            and rad/s.

        Returns
        -------
        acc, gyro : ndarray of shape (..., 3), float64
            In the same units.
        """
        force, rate = (np.asarray(x, dtype=np.float64) for x in (acc, gyro))
        return self.acc_scale * force + self.acc_bias, self.gyro_scale * rate + self.gyro_bias

    def predict(
        self, track: SensorTrack, times: ArrayLike, lag: float | None = None
    ) -> tuple[Array, Array]:
        """Predict the readings of the sensor for another motion of the same wearer.

        Parameters
        ----------
        track : SensorTrack
            Motion of the same site.
        times : array-like of shape (T,)
            In s, on the sensor's clock. Before its start and after its end the motion is held.
        lag : float, optional
            In s. By default that of the calibration.

        Returns
        -------
        acc, gyro : ndarray of shape (T, 3), float64
            In m/s² and rad/s.
        """
        delay = self.lag if lag is None else float(lag)
        moments = real_array(times, "times", "times of shape (samples,) in s")
        return predict(
            self._sensor, site_motion(track, np.clip(moments - delay, track.start, track.stop))
        )

    def summary(self) -> str:
        """Return a report in plain text.

        Returns
        -------
        str
            One line per parameter: the estimate, its standard error, and the reason if it is not
            identified.
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
            value = self._as_text(name)
            state = "" if self.identified[name] else f"  [not identified: {self.notes[name]}]"
            lines.append(f"  {name:<11}{value}{state}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def _as_text(self, name: str) -> str:
        """Return the value of a parameter and its standard error as text."""
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
        Readings of the sensor in the same clips. All clips share the parameters.
    mount : array-like of shape (3, 3), optional
        Expected mount, for rotations that the data do not determine. Columns are the sensor's
        axes in the site's frame. The identity by default. It does not restrict the result: any
        mount can be found.
    nominal_gravity : array-like of shape (3,), default=(0.0, 0.0, -9.80665)
        Approximate acceleration of free fall in the motion's world, in m/s². Its magnitude is
        kept.
    gravity, lever_arm, bias, scale : bool, default=True
        What to identify besides the mount: the direction of gravity, the offset of the sensor
        from its site, and biases and scales of both sensors.
    lag : bool or "per_clip", default=True
        Whether to identify the offset between the two clocks: one for all clips, or one per
        clip.
    max_lag : float, default=0.5
        Largest lag in s that is considered.

    Returns
    -------
    Calibration
        Parameters with standard errors, and the reasons why others are not identified.

    Raises
    ------
    ValueError
        If shapes do not match, values are not finite, readings do not seem to be in m/s² and
        rad/s, or no reading overlaps the motion in time.
    TypeError
        If `tracks` or `measured` hold other objects.

    Warns
    -----
    UserWarning
        If a reflection fits better than any mount: the axes of one side are left-handed.

    Notes
    -----
    At the motion's time t - lag, the site has rotation R, acceleration a, lever L and rate w.
    The readings are modeled as

    .. math::

        acc(t) &= s_a \odot M^T R^T (a + L d - g) + b_a \\
        gyro(t) &= s_g \odot M^T w + b_g

    with mount M, lever arm d, gravity g, scale s and bias b.

    **Start.** The lag maximizes the correlation between the lengths of measured and predicted
    vectors, which do not depend on the mount. The mount solves Wahba's problem [1]_ by singular
    value decomposition [2]_. Gravity is its linear least-squares estimate.

    **Refinement.** Gauss-Newton steps refine all parameters together. The loss is robust, each
    clip has its own noise level, and weak priors have the width of datasheet tolerances.

    **Identifiability.** Standard errors come from the information matrix, with the correlation
    of the residuals in time taken into account. A direction is given up and returns to its
    default if its standard error is too large; then the rest is fitted again. The limits are
    3.4 degrees for the mount, 1.7 degrees for gravity, 20 ms, 1.5 cm, 0.15 m/s², 0.02 rad/s
    and 1 %. Scale, lever arm and bias are given up first, then gravity, the lag, and last the
    mount. Values that no sensor has, such as a scale of 0.7, are rejected as well: they
    indicate errors of the motion.

    Standard errors cover only errors of the motion that are independent of the motion itself.
    A track that is smoothed too much, for example, biases scales beyond them.

    References
    ----------
    .. [1] G. Wahba, "A least squares estimate of satellite attitude", SIAM Review 7, 1965.
    .. [2] F. L. Markley, "Attitude determination using vector observations and the singular
       value decomposition", Journal of the Astronautical Sciences 36, 1988.

    Examples
    --------
    A body that rotates about all its axes, with a sensor that is worn upside down:

    >>> import numpy as np
    >>> from m3n_sklearn.simulation import Measured, calibrate, rigid_body_imu, track_of_rigid_body
    >>> from scipy.spatial.transform import Rotation
    >>> t = np.arange(1000) / 100.0
    >>> swing = np.stack([np.sin(4 * t), np.cos(5 * t), np.sin(3 * t + 1)], axis=1)
    >>> quaternion = Rotation.from_rotvec(swing).as_quat(scalar_first=True)
    >>> pose = {"position": 0.2 * swing[:, [1, 2, 0]], "quaternion": quaternion}
    >>> acc, gyro = rigid_body_imu(**pose, times=t, mount=np.diag([1.0, -1, -1]))
    >>> found = calibrate([track_of_rigid_body(t, **pose)], [Measured(t + 0.25, acc, gyro)])
    >>> found.mount.round(3) + 0.0
    array([[ 1.,  0.,  0.],
           [ 0., -1.,  0.],
           [ 0.,  0., -1.]])
    >>> round(found.lag, 3), all(found.identified.values())
    (0.25, True)
    """
    # 1. Options and data
    nominal = np.eye(3) if mount is None else check_rotation(mount, "mount")
    down = check_vector(nominal_gravity, "nominal_gravity")
    if not np.any(down):
        raise ValueError("nominal_gravity must not be zero: its magnitude is kept.")
    longest = check_positive(max_lag, "max_lag", "s")
    if lag not in (True, False, "per_clip"):
        raise ValueError(f"lag must be True, False or 'per_clip', got {lag!r}.")
    clips = check_clips(tracks, measured, own_lags=lag == "per_clip")
    start = Parameters.default(nominal, down, np.zeros(1 + max(c.lag for c in clips)))
    # 2. Lags, and the readings that then overlap the motion
    notes: dict[str, str] = {}
    if lag:
        start, reasons = first_lags(clips, start, longest)
        notes.update(reasons)
    overlaps = [clip.overlap(start.lags[clip.lag]) for clip in clips]
    if not any(overlap.any() for overlap in overlaps):
        raise ValueError(
            "No reading was taken while the motion is known: the motion lasts from "
            f"{clips[0].track.start:.6g} to {clips[0].track.stop:.6g} s and the readings from "
            f"{clips[0].times[0]:.6g} to {clips[0].times[-1]:.6g} s (first clip). Bring both to "
            "the same clock, up to max_lag."
        )
    seconds = sum(_seconds(c.times, o) for c, o in zip(clips, overlaps, strict=True))
    # 3. What to identify
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
    if seconds < MIN_SECONDS:
        short = f"only {seconds:.2f} s of readings overlap the motion, {MIN_SECONDS:g} s are needed"
        notes.update({name: short for name in asked})
        bases = all_directions([], len(start.lags))
        still = replace(start, lags=np.zeros_like(start.lags))
        size = len(still.vector)
        return _report(clips, still, Solution(still, np.zeros((size, size))), bases, notes, seconds)
    # 4. A first mount; rates of the motion that the gyroscope does not confirm are left out
    check_units(clips, start)
    sensor = first_mount(clips, start, gravity)
    used = clips
    if not confirmed(clips, sensor):
        used = [replace(clip, track=_without_rates(clip.track)) for clip in clips]
    # 5. Refinement, and what the data determine
    solution, bases = _settle(used, sensor, start, asked, notes)
    return _report(clips, start, solution, bases, notes, seconds)


def _settle(
    clips: list[Clip],
    sensor: Parameters,
    start: Parameters,
    asked: list[str],
    notes: dict[str, str],
) -> tuple[Solution, Bases]:
    """Refine, give up directions that are undetermined or implausible, and refine the rest."""
    bases = all_directions(asked, len(sensor.lags))
    solution = refine(clips, sensor, bases)
    for _ in range(MAX_ROUNDS):
        # 1. What is certain enough, and plausible
        kept = determined_directions(solution.information, bases)
        for name in asked:
            excess = _implausible(name, solution.sensor)
            if excess and kept[name].shape[1]:
                kept[name] = kept[name][:, :0]
                notes[name] = excess
        if all(kept[name].shape == bases[name].shape for name in kept):
            break
        # 2. The rest, from the defaults in all other directions
        bases = kept
        solution = refine(clips, _put_back(solution.sensor, start, bases), bases)
    for name in asked:
        note = _undetermined(name, bases[name], clips)
        if note:
            notes.setdefault(name, note)
    return solution, bases


def _without_rates(track: SensorTrack) -> SensorTrack:
    """Return a track whose rates are zero."""

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
    """Return the reason if no sensor has such a parameter, else an empty string."""
    group = GROUPS[name]
    values = sensor.vector[group.columns]
    if np.abs(values).max(initial=0.0) <= group.max_value:
        return ""
    worst = values[np.argmax(np.abs(values))]
    value = f"{100 * worst:+.0f} %" if "scale" in name else f"{worst:.2g} {group.unit}"
    return f"the estimate ({value}) is implausible for a sensor, so the motion seems to be wrong"


def _undetermined(name: str, basis: Array, clips: list[Clip]) -> str:
    """Return what the data lack to determine a parameter in all directions, or an empty string."""
    size, known = basis.shape
    if known == size:
        return ""
    sensor = {"acc": 0, "gyro": 1}.get(name.split("_")[0])
    sensor = 0 if name in ("gravity", "lever_arm") else sensor
    if sensor is not None and all(clip.readings[sensor] is None for clip in clips):
        return f"no {('acc', 'gyro')[sensor]} was measured"
    open_axes = np.linalg.svd(basis, full_matrices=True)[0][:, known:].T
    where = ", ".join("(" + " ".join(f"{x:.2f}" for x in axis + 0.0) + ")" for axis in open_axes)
    if name == "mount":
        return f"free about {where} of the sensor: there is too little motion about other axes"
    if name == "lag":
        return "there is too little motion to compare the clocks"
    if name == "gravity":
        return f"{size - known} of 2 tilts cannot be separated from the mount: too few orientations"
    if name == "lever_arm":
        reason = "there is too little angular motion"
    elif name.endswith("bias"):
        reason = "there are too few orientations, or there is too much noise"
    else:
        reason = "there are too few orientations, or there is too little motion"
    directions = "in all directions" if known == 0 else f"along {where}"
    return f"{reason}; the default is kept {directions}"


def _report(
    clips: list[Clip],
    start: Parameters,
    solution: Solution,
    bases: Bases,
    notes: dict[str, str],
    seconds: float,
) -> Calibration:
    """Collect the result."""
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
    """Root mean square length of the errors of acc and gyro; NaN if not measured."""
    squares, counts = np.zeros(2), np.zeros(2)
    for clip in clips:
        lag = sensor.lags[clip.lag]
        inside = clip.overlap(lag)
        predicted = predict(sensor, site_motion(clip.track, clip.times[inside] - lag))
        for k, (simulated, readings) in enumerate(zip(predicted, clip.readings, strict=True)):
            if readings is not None:
                squares[k] += np.sum((simulated - readings[inside]) ** 2)
                counts[k] += len(simulated)
    means = np.where(counts > 0, squares / np.maximum(counts, 1), np.nan)
    return float(np.sqrt(means[0])), float(np.sqrt(means[1]))


def _seconds(times: Array, overlap: NDArray[np.bool_]) -> float:
    """Return the time from the first to the last sample that overlaps the motion."""
    inside = times[overlap]
    return float(inside[-1] - inside[0]) if len(inside) > 1 else 0.0


def _short(value: float) -> str:
    """Two significant digits, without an exponent."""
    return np.format_float_positional(value, 2, fractional=False, trim="-")


# ---- the given readings


class Measured(NamedTuple):
    """Readings of one sensor in one clip.

    Attributes
    ----------
    times : array-like of shape (T,)
        Strictly increasing times in s on the sensor's clock. Leave lost samples out.
    acc : array-like of shape (T, 3) or None
        Specific force in the sensor's axes, in m/s², gravity included.
    gyro : array-like of shape (T, 3) or None
        Angular rate in the sensor's axes, in rad/s.

    See Also
    --------
    calibrate : Reads one of them per clip.

    Examples
    --------
    >>> import numpy as np
    >>> Measured(np.arange(3) / 50.0, acc=np.tile([0.0, 0.0, 9.81], (3, 1))).gyro is None
    True
    """

    times: ArrayLike
    acc: ArrayLike | None = None
    gyro: ArrayLike | None = None


def check_clips(
    tracks: Sequence[SensorTrack], measured: Sequence[Measured], own_lags: bool
) -> list[Clip]:
    """Pair tracks with readings, or raise an error that names the clip."""
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
    """Check one pair."""
    name = f"measured[{index}]"
    if not isinstance(read, tuple) or len(read) not in (2, 3):
        raise TypeError(f"{name} must be Measured(times, acc, gyro), got {type(read).__name__}.")
    entry = Measured(*read)
    times = real_array(entry.times, f"{name}.times", "times of shape (samples,) in s")
    if times.ndim != 1 or not np.isfinite(times).all() or np.any(np.diff(times) <= 0):
        raise ValueError(f"{name}.times must be finite and strictly increasing, in s.")
    if len(times) < 2:
        raise ValueError(f"{name} has {len(times)} samples, but at least two are needed.")
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
                f"{name}.{kind} has values that are not finite. Leave lost samples out; times "
                "need not be evenly spaced."
            )
        triads.append(array)
    return Clip(track, times, (triads[0], triads[1]), lag)


def check_units(clips: list[Clip], start: Parameters) -> None:
    """Raise an error if the magnitude of the readings suggests other units."""
    forces = [np.linalg.norm(c.readings[0], axis=1) for c in clips if c.readings[0] is not None]
    weight = float(np.linalg.norm(start.nominal_gravity))
    if forces:
        typical = float(np.median(np.concatenate(forces)))
        if not MIN_FORCE * weight <= typical <= MAX_FORCE * weight:
            raise ValueError(
                f"The measured accelerations have a median length of {typical:.3g}, but gravity "
                f"alone is {weight:.3g} m/s². Give them in m/s² (g times 9.80665), with gravity "
                "included."
            )
    pairs = [(clip, clip.readings[1]) for clip in clips if clip.readings[1] is not None]
    expected = [np.asarray(clip.track.evaluate(_inside(clip))[3]) for clip, _ in pairs]
    if not pairs:
        return
    predicted, measured = (
        np.sqrt(np.mean(np.concatenate(x) ** 2)) for x in (expected, [g for _, g in pairs])
    )
    if predicted > MIN_RATE and measured > MAX_RATE_RATIO * predicted:
        raise ValueError(
            f"The measured rates are {measured / predicted:.0f} times those of the motion, so they "
            "seem to be in deg/s. Convert them with numpy.deg2rad."
        )


def _inside(clip: Clip) -> Array:
    """Return sample times, clipped to the motion."""
    return np.asarray(np.clip(clip.times, clip.track.start, clip.track.stop))
