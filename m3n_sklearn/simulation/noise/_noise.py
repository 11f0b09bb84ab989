"""Errors of real inertial sensors, for simulated readings or any others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from ..._checks import check_positive, is_number, real_array
from ..._inputs import Layout, make_layout
from ..._sklearn import WorksUnfitted, root_entropy, validate_data
from ...windows import Windows
from .._keys import RowKey, content_keys, keyed_rng, row_keys
from ._terms import (
    Streams,
    Unit,
    clock_times,
    cross_axis,
    digitise,
    gauss_markov,
    hold,
    low_pass,
    random_walk,
    read_at,
)
from .presets import NOISE_PRESETS

__all__ = ["IMUNoise", "resolve_noise", "sensor_errors"]

Array = NDArray[np.float64]
Generators = Sequence[np.random.Generator]

SENSORS = ("acc", "gyro")

CHUNK = 50_000
"""Samples whose errors are computed together, which bounds the memory of long recordings."""


@dataclass(eq=True, repr=False, kw_only=True)
class IMUNoise(  # type: ignore[call-arg]
    OneToOneFeatureMixin,
    WorksUnfitted,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Errors that inertial sensors add to ideal readings.

    Per sensor, with specific force f and angular rate w in its own axes,

    ``y = clip(quantise(lowpass(T (I + S) (x + G f) + b + d(t) + r(t) + n(t))))``

    with misalignment T, scale S, g-sensitivity G (of gyroscopes), turn-on bias b, bias
    instability d, random walk r and white noise n; x is read off the ideal signal by the
    sensor's own clock, and samples can get lost at the end. Everything is off by default, and
    what is off leaves the samples bit for bit as they are and the draws of the other terms
    alone. What is constant in a sensor is normally distributed around its ideal value and drawn
    once per sensor axis.

    A transformer of windows, stateless: `fit` checks parameters and input. To go through a
    simulator before its readings are cut, give it to ``SMPLIMUSimulator(noise=...)``.

    Parameters
    ----------
    acc_density, gyro_density : float, default=0.0
        White noise density in m/s²/√Hz and rad/s/√Hz.
    density_convention : {"two-sided", "one-sided"}, default="two-sided"
        What a density N means. Two-sided, as in IEEE 952 and Kalibr: samples at rate f get the
        standard deviation N √f, and the Allan deviation at 1 s is N. One-sided, as in most data
        sheets: N √(f/2), and N/√2.
    acc_instability, gyro_instability : float, default=0.0
        Standard deviation of a slowly varying bias in m/s² and rad/s, a first-order
        Gauss-Markov process that is stationary from the first sample on.
    acc_correlation_time, gyro_correlation_time : float, default=100.0
        Seconds after which its autocorrelation has fallen to 1/e.
    acc_random_walk, gyro_random_walk : float, default=0.0
        Coefficient K of a random walk of the bias in m/s²/√s and rad/s/√s, two-sided: after t
        seconds it has the standard deviation K √t, and the Allan deviation at 3 s is K.
    acc_bias, gyro_bias : float, default=0.0
        Standard deviation of the turn-on bias in m/s² and rad/s.
    acc_scale, gyro_scale : float, default=0.0
        Standard deviation of the relative error of scale.
    acc_misalignment, gyro_misalignment : float, default=0.0
        Standard deviation of what an axis picks up from each of the two others: a small angle
        in rad, or the cross-axis sensitivity of data sheets as a fraction.
    gyro_g_sensitivity : float, default=0.0
        Standard deviation of the gyroscope's response to each axis of specific force, in rad/s
        per m/s².
    acc_cutoff, gyro_cutoff : float, default=inf
        Frequency in Hz at which a low-pass has fallen by 3 dB, for signal and noise. It is a
        Butterworth filter run forwards and backwards, so it has the attenuation of a fourth
        order and no delay: what a device delays is a matter of its time stamps. From half the
        rate up it does nothing.
    acc_resolution, gyro_resolution : float, default=0.0
        Step between neighbouring readings, in m/s² and rad/s; 0 is continuous.
    acc_range, gyro_range : float, default=inf
        Largest magnitude that an axis can read, in m/s² and rad/s.
    clock_ppm : float, default=0.0
        Standard deviation of the sensor clock's relative error of rate, in parts per million:
        samples are taken at the wrong times and stamped with the right ones. Time runs from
        the first sample; beyond the last one its reading is repeated.
    clock_jitter : float, default=0.0
        Standard deviation of each sample's time in s.
    dropout : float, default=0.0
        Probability that a sample of a sensor, with all its axes, gets lost.
    dropped : {"hold", "nan"}, default="hold"
        Whether the last sample that arrived is repeated, or NaN marks the place. `Windows` hold
        no NaN.
    rate : float or None, default=None
        Samples per second of bare arrays. `Windows` know their own.
    channels : sequence of str or None, default=None
        Channel names of bare arrays, such as ``left_wrist_acc_x``. Without them, 3 channels are
        an accelerometer, 6 one with a gyroscope, 12 two of these.
    random_state : int, RandomState or None, default=None
        Seed of `transform`. Draws are keyed by the columns ``clip`` and ``start`` of windows
        and the names of the sites, and by the values of rows that lack them, so they depend
        neither on order nor on batches. All windows of a clip have the same sensors.

    Attributes
    ----------
    n_features_in_ : int
        Channels of windows, or samples of a 2-D array. Only after `fit`.

    See Also
    --------
    allan_deviation : Measure densities and random walks of readings at rest.
    Randomization : Draw a device for each clip.

    Notes
    -----
    Data sheets state a bias instability B as the floor of the Allan deviation of flicker noise,
    which is 0.664 B. The Allan deviation of a Gauss-Markov process peaks at 0.617 of its standard
    deviation, after 1.89 correlation times: ``acc_instability=1.08 * B`` gives the same floor.
    Random walks per √hour become densities by division by 60.

    References
    ----------
    .. [1] IEEE Std 952-1997, Specification format guide and test procedure for single-axis
       interferometric fiber optic gyros, annex C.
    .. [2] Rehder et al., "Extending kalibr: calibrating the extrinsics of multiple IMUs and of
       individual axes", ICRA 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import IMUNoise
    >>> still = np.zeros((4, 6, 1000))
    >>> noise = IMUNoise(acc_density=0.002, rate=100.0, random_state=0)
    >>> float(noise.fit_transform(still)[:, :3].std().round(3))
    0.02
    >>> IMUNoise.preset("mpu9250", gyro_bias=0.0).acc_range / 9.80665
    16.0
    """

    acc_density: float = 0.0
    gyro_density: float = 0.0
    density_convention: str = "two-sided"
    acc_instability: float = 0.0
    gyro_instability: float = 0.0
    acc_correlation_time: float = 100.0
    gyro_correlation_time: float = 100.0
    acc_random_walk: float = 0.0
    gyro_random_walk: float = 0.0
    acc_bias: float = 0.0
    gyro_bias: float = 0.0
    acc_scale: float = 0.0
    gyro_scale: float = 0.0
    acc_misalignment: float = 0.0
    gyro_misalignment: float = 0.0
    gyro_g_sensitivity: float = 0.0
    acc_cutoff: float = np.inf
    gyro_cutoff: float = np.inf
    acc_resolution: float = 0.0
    gyro_resolution: float = 0.0
    acc_range: float = np.inf
    gyro_range: float = np.inf
    clock_ppm: float = 0.0
    clock_jitter: float = 0.0
    dropout: float = 0.0
    dropped: str = "hold"
    rate: float | None = None
    channels: Sequence[str] | None = None
    random_state: int | np.random.RandomState | None = None

    _CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "density_convention": ("two-sided", "one-sided"),
        "dropped": ("hold", "nan"),
    }
    _ABOUT_INPUT: ClassVar[tuple[str, ...]] = ("rate", "channels", "random_state")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> IMUNoise:
        """Return the errors of a named device.

        Parameters
        ----------
        name : str
            One of `NOISE_PRESETS`, which also says where the numbers come from.
        **changes : dict
            Parameters that differ.

        Returns
        -------
        IMUNoise
            A new model.

        Raises
        ------
        ValueError
            If there is no preset of that name.
        """
        if name not in NOISE_PRESETS:
            raise ValueError(f"noise must be one of {', '.join(NOISE_PRESETS)}, got {name!r}.")
        return cls(**{**NOISE_PRESETS[name].parameters, **changes})

    # ---- what is on

    @property
    def is_ideal(self) -> bool:
        """Whether readings stay as they are."""
        return not self.is_random and not any(
            np.isfinite(getattr(self, f"{sensor}_{limit}")) or getattr(self, f"{sensor}_resolution")
            for sensor in SENSORS
            for limit in ("range", "cutoff")
        )

    @property
    def is_random(self) -> bool:
        """Whether any draw is needed."""
        return self._needs_unit or self._needs_streams

    @property
    def _needs_unit(self) -> bool:
        kinds = ("bias", "scale", "misalignment")
        return bool(self.gyro_g_sensitivity or self.clock_ppm or self._any(*kinds))

    @property
    def _needs_streams(self) -> bool:
        kinds = ("density", "instability", "random_walk")
        return bool(self.clock_jitter or self.dropout or self._any(*kinds))

    @property
    def _needs_rate(self) -> bool:
        cut = min(self.acc_cutoff, self.gyro_cutoff) < np.inf
        return bool(cut or self.clock_jitter or self._any("density", "instability", "random_walk"))

    def _any(self, *kinds: str) -> bool:
        return any(getattr(self, f"{sensor}_{kind}") for sensor in SENSORS for kind in kinds)

    def check(self) -> None:
        """Complain about parameters that make no sense.

        Raises
        ------
        TypeError
            If one is not a number.
        ValueError
            If one is negative or NaN, a range, cut-off or correlation time is 0, anything but a
            range or cut-off is infinite, a probability is 1, or a name is unknown.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in self._CHOICES:
                if value not in self._CHOICES[field.name]:
                    choices = ", ".join(map(repr, self._CHOICES[field.name]))
                    raise ValueError(f"{field.name} must be one of {choices}; got {value!r}.")
            elif field.name not in self._ABOUT_INPUT:
                _check_magnitude(field.name, value)
        if self.dropout >= 1:
            raise ValueError(f"dropout must be a probability below 1; got {self.dropout!r}.")

    # ---- single sensors

    def apply(
        self,
        data: ArrayLike,
        rate: float,
        rng: np.random.Generator,
        device: np.random.Generator | None = None,
    ) -> Array:
        """Return readings of one sensor with errors added.

        Parameters
        ----------
        data : array-like of shape (T, 6)
            Ideal readings: specific force x y z in m/s², angular rate x y z in rad/s.
        rate : float
            Samples per second.
        rng : numpy.random.Generator
            Draws what varies from sample to sample.
        device : numpy.random.Generator, optional
            Draws what is constant for one sensor (bias, scale and the like); `rng` by default.
            Seed it alike for several stretches of one sensor.

        Returns
        -------
        ndarray of shape (T, 6)
            A new array.

        Raises
        ------
        ValueError
            If `data` has another shape, or a parameter is negative.

        Examples
        --------
        >>> import numpy as np
        >>> still = np.tile([0.0, 0.0, 9.80665, 0.0, 0.0, 0.0], (1000, 1))
        >>> noisy = IMUNoise(acc_density=0.002).apply(still, 100.0, np.random.default_rng(0))
        >>> float((noisy - still)[:, 0].std().round(3))
        0.02
        """
        self.check()
        check_positive(rate, "rate", "Hz")
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0); got "
                f"{rng!r}."
            )
        ideal = real_array(data, "data", "readings of shape (samples, 6)")
        if ideal.ndim != 2 or ideal.shape[1] != 6:
            raise ValueError(
                "data must have shape (samples, 6): acc x y z, gyro x y z of one sensor; got "
                f"{ideal.shape}."
            )
        if not np.isfinite(ideal).all():
            raise ValueError("data has values that are not finite: cut or interpolate them.")
        return self._read(ideal[None], rate, [rng], [rng if device is None else device])[0]

    def _read(self, ideal: Array, rate: float, rngs: Generators, devices: Generators) -> Array:
        """Return readings of N sensors (N, T, 6), of which each has its own generators."""
        unit = Unit.draw(devices if self._needs_unit else ())
        streams = Streams.draw(rngs if self._needs_streams else (), ideal.shape[1])
        if self.clock_ppm or self.clock_jitter:
            skew = 1e-6 * self.clock_ppm * (unit.clock if self.clock_ppm else np.zeros(len(ideal)))
            jitter = self.clock_jitter * streams.jitter() if self.clock_jitter else None
            ideal = read_at(ideal, clock_times(ideal.shape[1], rate, skew, jitter))
        force, turn = ideal[..., :3], ideal[..., 3:]
        if self.gyro_g_sensitivity:
            turn = turn + cross_axis(force, self.gyro_g_sensitivity * unit.g_sensitivity)
        halves = [self._axes(x, k, rate, unit, streams) for k, x in enumerate((force, turn))]
        readings = np.concatenate(halves, axis=-1)
        if self.dropout:
            lost = streams.lost(self.dropout)
            if self.dropped == "hold":
                return hold(readings, lost)
            readings[lost] = np.nan
        return readings

    def _axes(self, values: Array, sensor: int, rate: float, unit: Unit, streams: Streams) -> Array:
        """Return readings (N, T, 3) of the accelerometers (0) or gyroscopes (1) of N sensors."""

        def own(kind: str) -> float:
            return float(getattr(self, f"{SENSORS[sensor]}_{kind}"))

        if own("scale"):
            values = values * (1 + own("scale") * unit.scale[:, None, sensor])
        if own("misalignment"):
            values = values + cross_axis(values, own("misalignment") * unit.cross[:, sensor])
        if own("bias"):
            values = values + own("bias") * unit.bias[:, None, sensor]
        if own("instability"):
            normals, time = streams.instability(sensor), own("correlation_time")
            values = values + gauss_markov(normals, own("instability"), time, rate)
        if own("random_walk"):
            values = values + random_walk(streams.walk(sensor), own("random_walk"), rate)
        if own("density"):
            share = 0.5 if self.density_convention == "one-sided" else 1.0
            values = values + own("density") * np.sqrt(share * rate) * streams.white[:, sensor]
        return digitise(low_pass(values, own("cutoff"), rate), own("range"), own("resolution"))

    # ---- scikit-learn

    def fit(self, X: Any, y: Any = None) -> IMUNoise:
        """Check parameters and input.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            What `transform` would be given.
        y : object, optional
            Ignored.

        Returns
        -------
        IMUNoise
            Itself.
        """
        self.check()
        if isinstance(X, Windows):
            _check_has_imu(X)
            self._layout_of(X)
            self.n_features_in_ = X["imu"].shape[1]
        else:
            self._layout(self._check_array(X, reset=True), self.channels)
        return self

    def transform(self, X: Any) -> Any:
        """Add errors to readings.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            Windows with ``imu`` in m/s² and rad/s; rows without it stay as they are. The
            channels of arrays must be those of an IMU, unless nothing is switched on.

        Returns
        -------
        Windows or ndarray
            The same rows in the same dtype.

        Raises
        ------
        ValueError
            For an unknown rate or unknown channels, where they are needed.
        """
        self.check()
        if not isinstance(X, Windows):
            values = self._check_array(X, reset=False)
            layout = self._layout(values, self.channels)
            if self.is_ideal:
                return values
            return self._add_errors(values, layout, self.rate, content_keys(values))
        _check_has_imu(X)
        if self.is_ideal:
            return X
        if self.dropout and self.dropped == "nan":
            raise ValueError("Windows hold no NaN: set dropped='hold', or give a bare array.")
        rows = np.flatnonzero(X.present("imu"))
        readings = X["imu"].copy()
        errors = (self._layout_of(X), self._rate_of(X), row_keys(X, rows, "imu"))
        readings[rows] = self._add_errors(readings[rows], *errors)
        present = {} if len(rows) == len(X) else {"imu": X.present("imu")}
        return X.assign(imu=readings, channels=X.channels, present=present)

    def _add_errors(
        self, values: NDArray[Any], layout: Layout, rate: float | None, keys: list[RowKey]
    ) -> NDArray[Any]:
        if rate is None and self._needs_rate:
            raise ValueError("These errors depend on the sampling rate: give rate= in Hz.")
        rate = 1.0 if rate is None else check_positive(rate, "rate", "Hz")
        columns = np.array(layout.columns)
        there = columns >= 0
        ideal = np.moveaxis(values[:, columns].astype(np.float64), -1, 1)
        ideal[..., ~there] = 0.0
        if not np.isfinite(ideal).all():
            raise ValueError("X has readings that are not finite: cut or interpolate them.")
        entropy = root_entropy(self.random_state) if self.is_random else 0
        readings = sensor_errors(self, ideal, rate, entropy, keys, layout.sites)
        noisy = values.copy()
        noisy[:, columns[there]] = np.moveaxis(readings[..., there], 1, -1)
        return noisy

    def _layout(self, values: NDArray[Any], channels: Sequence[str] | None) -> Layout:
        layout = make_layout(values.shape[1], channels, flat=values.ndim == 2)
        if layout.is_series and not self.is_ideal:
            raise ValueError(
                f"X of shape {values.shape} does not say which channels are accelerometers and "
                "gyroscopes. Give Windows(imu=..., channels=...), channels=, or arrays of shape "
                "(n, channels, samples) with 3, 6 or 12 channels."
            )
        return layout

    def _layout_of(self, X: Windows) -> Layout:
        return self._layout(X["imu"], self.channels if X.channels is None else X.channels)

    def _rate_of(self, X: Windows) -> float | None:
        own = X.rate("imu")
        if own is not None and self.rate is not None and abs(own - self.rate) > 1e-6 * own:
            raise ValueError(
                f"X says that its IMU has {own:g} Hz, but rate={self.rate:g} was given. Leave "
                "rate=None."
            )
        return self.rate if own is None else own

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        values = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)
        if values.ndim > 3:
            raise ValueError(
                f"Arrays are readings of shape (n, channels, samples) or (n, samples), got "
                f"{values.shape}."
            )
        return values


def sensor_errors(
    noise: IMUNoise,
    ideal: Array,
    rate: float,
    entropy: int,
    keys: Sequence[RowKey],
    sites: Sequence[str],
) -> Array:
    """Add errors to the sensors of windows, constants keyed by clip and noise by window.

    Parameters
    ----------
    noise : IMUNoise
        The errors, checked.
    ideal : ndarray of shape (n, T, S, 6)
        Readings without errors.
    rate : float
        Samples per second.
    entropy : int
        Seed of the run.
    keys : sequence of (bytes, bytes)
        Clip and window of each row.
    sites : sequence of str
        Names of the S sites.

    Returns
    -------
    ndarray of shape (n, T, S, 6)
        Readings with errors; `ideal` itself if there are none.
    """
    if noise.is_ideal or len(ideal) == 0:
        return ideal
    rngs, devices = [], []
    if noise.is_random:
        for clip, window in keys:
            for i, site in enumerate(sites):
                name = site or str(i)
                rngs.append(keyed_rng(entropy, clip, window, name, "samples"))
                devices.append(keyed_rng(entropy, clip, name, "device"))
    count, samples, places, _ = ideal.shape
    sensors = np.moveaxis(ideal, 2, 1).reshape(count * places, samples, 6)
    readings = np.empty_like(sensors)
    together = max(1, CHUNK // samples)
    for start in range(0, len(sensors), together):
        some = slice(start, start + together)
        readings[some] = noise._read(sensors[some], rate, rngs[some], devices[some])
    return np.moveaxis(readings.reshape(count, places, samples, 6), 1, 2)


def _check_magnitude(name: str, value: Any) -> None:
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    unlimited = name.endswith(("range", "cutoff"))
    positive = unlimited or name.endswith("correlation_time")
    if not value >= 0 or (positive and value == 0) or (not unlimited and value == np.inf):
        limits = "above 0" if positive else "of at least 0"
        raise ValueError(
            f"{name} must be a magnitude {limits}{'' if unlimited else ', and finite'}; got "
            f"{value!r}."
        )


def _check_has_imu(X: Windows) -> None:
    if "imu" not in X:
        raise ValueError(
            f"X has no column 'imu', only {', '.join(X.columns)}. Simulate one with "
            "SMPLIMUSimulator().fit_transform(X), or give recorded IMU windows."
        )
    if len(X) == 0:
        raise ValueError("Found array with 0 sample(s): the windows have no row.")


def resolve_noise(noise: IMUNoise | str | None) -> IMUNoise:
    """Return the noise model behind a name.

    Parameters
    ----------
    noise : IMUNoise, str or None
        A model, a name of `NOISE_PRESETS`, or None for an ideal sensor.

    Returns
    -------
    IMUNoise
        The model, checked.

    Raises
    ------
    ValueError
        If there is no preset of that name.
    TypeError
        If it is something else.
    """
    if noise is None:
        return IMUNoise()
    if isinstance(noise, str):
        return IMUNoise.preset(noise)
    if not isinstance(noise, IMUNoise):
        raise TypeError(f"noise must be an IMUNoise, a name or None, got {type(noise).__name__}.")
    noise.check()
    return noise
