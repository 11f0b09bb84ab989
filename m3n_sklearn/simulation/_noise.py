"""Error model of inertial sensors, for simulated readings or any others."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone

from .._compat import (
    DocumentationLink,
    Interval,
    StrOptions,
    WorksUnfitted,
    check_channels_in,
    fit_context,
    root_entropy,
    validate_data,
    validate_parameter_constraints,
)
from .._inputs import Layout, make_layout
from .._typing import AnyArray, Array
from .._validation import check_positive, real_array
from .._windows import Windows
from ._keys import RowKey, content_keys, keyed_rng, row_keys
from ._noise_presets import NOISE_PRESETS
from ._noise_terms import (
    DeviceDraws,
    SampleDraws,
    clock_times,
    cross_axis,
    gauss_markov,
    hold,
    low_pass,
    quantize,
    random_walk,
    resample_at,
    white_noise,
)

__all__ = ["IMUNoise", "SensorNoise", "resolve_noise", "sensor_errors"]

Generators = Sequence[np.random.Generator]

TRIADS = ("acc", "gyro")

BATCH_SAMPLES = 50_000
"""Samples whose errors are computed together; bounds the memory for long recordings."""

_MAGNITUDE = Interval(Real, 0, None, closed="left")
_DURATION = Interval(Real, 0, None, closed="neither")
_LIMIT = Interval(Real, 0, np.inf, closed="right")


class SensorNoise(DocumentationLink, BaseEstimator):
    """Parameters of the errors of one sensor: an accelerometer or a gyroscope.

    `IMUNoise` applies them. All errors are off by default. The unit u of the readings is m/s² for
    an accelerometer and rad/s for a gyroscope.

    Parameters
    ----------
    density : float, default=0.0
        White noise density in u/√Hz. `IMUNoise` has the parameter `density_convention` for its
        meaning.
    instability : float, default=0.0
        Bias instability: standard deviation in u of a slowly varying bias. The bias is a
        first-order Gauss-Markov process that is stationary from the first sample on.
    correlation_time : float, default=100.0
        Time in s after which the autocorrelation of this process has fallen to 1/e.
    random_walk : float, default=0.0
        Coefficient K of a random walk of the bias, in u/√s. After t seconds its standard deviation
        is K √t. Its Allan deviation at 3 s is K.
    bias : float, default=0.0
        Standard deviation of the turn-on bias in u.
    scale : float, default=0.0
        Standard deviation of the relative scale error.
    misalignment : float, default=0.0
        Standard deviation of what an axis picks up from each of the other two. This is a small
        angle in rad, or the cross-axis sensitivity of a data sheet as a fraction.
    g_sensitivity : float, default=0.0
        Standard deviation of the response to each axis of specific force, in rad/s per m/s². For a
        gyroscope only.
    cutoff : float, default=inf
        Frequency in Hz at which a low-pass attenuates signal and noise by 3 dB. It is a Butterworth
        filter that runs forwards and backwards: the attenuation is of fourth order, the delay zero.
        Cut-offs from half the sampling rate on have no effect.
    resolution : float, default=0.0
        Step between adjacent readings in u. Zero means continuous readings.
    range : float, default=inf
        Largest magnitude in u that an axis can read.

    See Also
    --------
    IMUNoise : Applies the errors of both sensors to readings.

    Examples
    --------
    >>> from m3n_sklearn.simulation import IMUNoise, SensorNoise
    >>> IMUNoise(acc=SensorNoise(density=0.002, bias=0.3), gyro=SensorNoise(density=0.0002))
    IMUNoise(acc=SensorNoise(bias=0.3, density=0.002),
             gyro=SensorNoise(density=0.0002))
    """

    _parameter_constraints: dict[str, Any] = {
        "density": [_MAGNITUDE],
        "instability": [_MAGNITUDE],
        "correlation_time": [_DURATION],
        "random_walk": [_MAGNITUDE],
        "bias": [_MAGNITUDE],
        "scale": [_MAGNITUDE],
        "misalignment": [_MAGNITUDE],
        "g_sensitivity": [_MAGNITUDE],
        "cutoff": [_LIMIT],
        "resolution": [_MAGNITUDE],
        "range": [_LIMIT],
    }

    def __init__(
        self,
        *,
        density: float = 0.0,
        instability: float = 0.0,
        correlation_time: float = 100.0,
        random_walk: float = 0.0,
        bias: float = 0.0,
        scale: float = 0.0,
        misalignment: float = 0.0,
        g_sensitivity: float = 0.0,
        cutoff: float = np.inf,
        resolution: float = 0.0,
        range: float = np.inf,
    ) -> None:
        self.density = density
        self.instability = instability
        self.correlation_time = correlation_time
        self.random_walk = random_walk
        self.bias = bias
        self.scale = scale
        self.misalignment = misalignment
        self.g_sensitivity = g_sensitivity
        self.cutoff = cutoff
        self.resolution = resolution
        self.range = range


_IDEAL = SensorNoise()


class IMUNoise(  # type: ignore[call-arg]
    OneToOneFeatureMixin,
    WorksUnfitted,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Add the errors of real inertial sensors to ideal readings.

    The readings y of a sensor are

    ``y = clip(quantize(lowpass((I + M)(I + S)(x + G f) + b + d(t) + r(t) + n(t))))``

    where x is the ideal signal (specific force f or angular rate) at the sampling times of the
    sensor's own clock. M is the misalignment, S the scale error, G the g-sensitivity of a
    gyroscope, b the turn-on bias, d the bias instability, r the random walk and n white noise.
    Samples can be lost at the end.

    What is constant in a sensor (M, S, G, b, the rate of its clock) is normally distributed around
    its ideal value and is drawn once for each axis. An error that is off changes neither the
    samples nor the draws of the other errors, bit for bit.

    This is a stateless transformer of windows: `fit` only checks parameters and input. To add
    errors before a simulator's readings are cut into windows, use ``SMPLIMUSimulator(noise=...)``.

    Parameters
    ----------
    acc, gyro : SensorNoise or None, default=None
        Errors of the accelerometer and of the gyroscope. None is an ideal sensor. A nested name
        such as ``acc__density`` in `set_params` or a search replaces None by a `SensorNoise`.
    density_convention : {"two-sided", "one-sided"}, default="two-sided"
        Meaning of a white noise density N at the sampling rate fs:

        ========== ================== ====================== ================
        convention standard deviation Allan deviation at 1 s used by
        ========== ================== ====================== ================
        two-sided  N √fs              N                      IEEE 952, Kalibr
        one-sided  N √(fs/2)          N/√2                   most data sheets
        ========== ================== ====================== ================
    clock_ppm : float, default=0.0
        Standard deviation of the relative error of the clock's rate, in parts per million. Samples
        are taken at wrong times and stamped with the right ones. Both clocks agree at the first
        sample. The last reading is repeated where a fast clock runs past the end.
    clock_jitter : float, default=0.0
        Standard deviation of the time of each sample in s.
    dropout : float, default=0.0
        Probability that a sample is lost, with all axes of both sensors.
    dropped : {"hold", "nan"}, default="hold"
        Value of a lost sample: the last reading that arrived, or NaN. `Windows` cannot contain NaN.
    rate : float or None, default=None
        Sampling rate of bare arrays in Hz. `Windows` contain their own.
    channels : sequence of str or None, default=None
        Channel names of bare arrays, such as ``left_wrist_acc_x``. Without names, 3 channels are an
        accelerometer, 6 channels an accelerometer and a gyroscope, 12 channels two of these.
    random_state : int, RandomState or None, default=None
        Seed of `transform`. Draws depend on the columns ``clip`` and ``start`` of windows, or on
        the values of rows without them, and on the names of the sites. They depend neither on the
        order of rows nor on batches. All windows of a clip have the same sensors.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels of windows, or of samples of a 2-D array. Only after `fit`.
    channels_ : tuple of str or None
        Channel names of the windows of `fit`, if they have any. Only after `fit`.

    See Also
    --------
    SensorNoise : Parameters of one sensor.
    allan_deviation : Measure densities and random walks of readings at rest.
    Randomization : Draw a device for each clip.

    Notes
    -----
    A data sheet states the bias instability B of flicker noise, whose Allan deviation has a floor
    of 0.664 B. The Allan deviation of a Gauss-Markov process has its maximum of 0.617 σ after 1.89
    correlation times, so ``instability=1.08 * B`` gives the same floor. Divide an angular random
    walk per √hour by 60 to get a density.

    References
    ----------
    .. [1] IEEE Std 952-1997, Specification format guide and test procedure for single-axis
       interferometric fiber optic gyros, annex C.
    .. [2] Rehder et al., "Extending kalibr: calibrating the extrinsics of multiple IMUs and of
       individual axes", ICRA 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import IMUNoise, SensorNoise
    >>> still = np.zeros((4, 6, 1000))
    >>> noise = IMUNoise(acc=SensorNoise(density=0.002), rate=100.0, random_state=0)
    >>> float(noise.fit_transform(still)[:, :3].std().round(3))
    0.02
    >>> IMUNoise.preset("mpu9250", clock_ppm=10.0, gyro__bias=0.0).acc.range / 9.80665
    16.0
    """

    _parameter_constraints: dict[str, Any] = {
        "acc": [SensorNoise, None],
        "gyro": [SensorNoise, None],
        "density_convention": [StrOptions({"two-sided", "one-sided"})],
        "clock_ppm": [_MAGNITUDE],
        "clock_jitter": [_MAGNITUDE],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "dropped": [StrOptions({"hold", "nan"})],
        "rate": [_DURATION, None],
        "channels": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        acc: SensorNoise | None = None,
        gyro: SensorNoise | None = None,
        *,
        density_convention: str = "two-sided",
        clock_ppm: float = 0.0,
        clock_jitter: float = 0.0,
        dropout: float = 0.0,
        dropped: str = "hold",
        rate: float | None = None,
        channels: Sequence[str] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.acc = acc
        self.gyro = gyro
        self.density_convention = density_convention
        self.clock_ppm = clock_ppm
        self.clock_jitter = clock_jitter
        self.dropout = dropout
        self.dropped = dropped
        self.rate = rate
        self.channels = channels
        self.random_state = random_state

    @classmethod
    def preset(cls, name: str, **changes: Any) -> IMUNoise:
        """Return the error model of a named device.

        Parameters
        ----------
        name : str
            A key of `NOISE_PRESETS`, which also states the source of the numbers.
        **changes : dict
            Parameters to set to another value, also nested ones such as ``gyro__bias``.

        Returns
        -------
        IMUNoise
            A new model.

        Raises
        ------
        ValueError
            If there is no preset of that name.

        Examples
        --------
        >>> from m3n_sklearn.simulation import IMUNoise
        >>> IMUNoise.preset("empatica_e4", clock_ppm=10.0).acc.range / 9.80665
        2.0
        """
        if name not in NOISE_PRESETS:
            raise ValueError(f"noise must be one of {', '.join(NOISE_PRESETS)}, got {name!r}.")
        preset = NOISE_PRESETS[name]
        model = cls(
            acc=None if preset.acc is None else SensorNoise(**preset.acc),
            gyro=None if preset.gyro is None else SensorNoise(**preset.gyro),
            density_convention=preset.density_convention,
        )
        return model.set_params(**changes)

    # ---- parameters

    def set_params(self, **params: Any) -> IMUNoise:
        """Set parameters, also those of the sensors.

        A nested name such as ``acc__density`` replaces the `SensorNoise` by a changed copy (and
        None by a new one), so a `SensorNoise` that several models share stays as it is.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        IMUNoise
            This model.
        """
        nested: dict[str, dict[str, Any]] = {triad: {} for triad in TRIADS}
        own = {}
        for name, value in params.items():
            triad, delimiter, inner = name.partition("__")
            if delimiter and triad in nested:
                nested[triad][inner] = value
            else:
                own[name] = value
        super().set_params(**own)
        for triad, inner_params in nested.items():
            if inner_params:
                sensor = getattr(self, triad)
                copy = SensorNoise() if sensor is None else clone(sensor)
                setattr(self, triad, copy.set_params(**inner_params))
        return self

    def _validate_params(self) -> None:
        super()._validate_params()
        for triad in TRIADS:
            sensor = getattr(self, triad)
            if sensor is None:
                continue
            validate_parameter_constraints(
                {f"{triad}__{k}": v for k, v in SensorNoise._parameter_constraints.items()},
                {f"{triad}__{k}": v for k, v in sensor.get_params(deep=False).items()},
                caller_name=type(self).__name__,
            )
        if self.acc is not None and self.acc.g_sensitivity > 0:
            raise ValueError(
                f"acc has g_sensitivity={self.acc.g_sensitivity!r}, but only a gyroscope has an "
                "error that depends on specific force. Set acc__g_sensitivity=0 and, for the "
                "gyroscope, gyro__g_sensitivity."
            )

    @property
    def _sensors(self) -> tuple[SensorNoise, SensorNoise]:
        """Both sensors, ideal ones where they are None."""
        return (
            _IDEAL if self.acc is None else self.acc,
            _IDEAL if self.gyro is None else self.gyro,
        )

    def _any(self, *errors: str) -> bool:
        """Tell whether any sensor has one of these errors."""
        return any(getattr(sensor, error) > 0 for sensor in self._sensors for error in errors)

    def _any_below_infinity(self, *limits: str) -> bool:
        """Tell whether any sensor has one of these limits."""
        return any(
            np.isfinite(getattr(sensor, limit)) for sensor in self._sensors for limit in limits
        )

    @property
    def is_ideal(self) -> bool:
        """Whether readings stay as they are."""
        deterministic = self._any("resolution") or self._any_below_infinity("range", "cutoff")
        return not (self.is_random or deterministic)

    @property
    def is_random(self) -> bool:
        """Whether any random number is drawn."""
        return self._needs_device_draws or self._needs_sample_draws

    @property
    def _needs_device_draws(self) -> bool:
        """Whether errors are drawn once per device."""
        constant = self._any("bias", "scale", "misalignment", "g_sensitivity")
        return constant or self.clock_ppm > 0

    @property
    def _needs_sample_draws(self) -> bool:
        """Whether errors are drawn for each sample."""
        return self._any_depends_on_time or self.clock_jitter > 0 or self.dropout > 0

    @property
    def _needs_rate(self) -> bool:
        """Whether the rate must be known."""
        filtered = self._any_below_infinity("cutoff")
        return self._any_depends_on_time or self.clock_jitter > 0 or filtered

    @property
    def _any_depends_on_time(self) -> bool:
        """Whether any sensor has noise that changes over time."""
        return self._any("density", "instability", "random_walk")

    # ---- the error model

    def apply(
        self,
        data: ArrayLike,
        rate: float,
        rng: np.random.Generator,
        device: np.random.Generator | None = None,
    ) -> Array:
        """Return readings of one accelerometer and gyroscope with errors added.

        Parameters
        ----------
        data : array-like of shape (T, 6)
            Ideal readings: specific force x y z in m/s², angular rate x y z in rad/s.
        rate : float
            Sampling rate in Hz.
        rng : numpy.random.Generator
            Source of the errors that change from sample to sample.
        device : numpy.random.Generator, optional
            Source of the errors that are constant in a device, such as bias and scale. By default
            this is `rng`. Use equal seeds for several recordings of one device.

        Returns
        -------
        ndarray of shape (T, 6)
            A new array.

        Raises
        ------
        ValueError
            If `data` has another shape or values that are not finite, or a parameter is invalid.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn.simulation import IMUNoise, SensorNoise
        >>> still = np.tile([0.0, 0.0, 9.80665, 0.0, 0.0, 0.0], (1000, 1))
        >>> noise = IMUNoise(acc=SensorNoise(density=0.002))
        >>> noisy = noise.apply(still, 100.0, np.random.default_rng(0))
        >>> float((noisy - still)[:, 0].std().round(3))
        0.02
        """
        self._validate_params()
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
        """Return readings of N sensors (N, T, 6), each with its own generators."""
        device = DeviceDraws.draw(devices if self._needs_device_draws else ())
        draws = SampleDraws.draw(rngs if self._needs_sample_draws else (), ideal.shape[1])
        # 1. Sampling: read the ideal signal at the times of the sensor's own clock.
        if self.clock_ppm or self.clock_jitter:
            clock = device.clock if self.clock_ppm else np.zeros(len(ideal))
            jitter = self.clock_jitter * draws.jitter() if self.clock_jitter else None
            times = clock_times(ideal.shape[1], rate, 1e-6 * self.clock_ppm * clock, jitter)
            ideal = resample_at(ideal, times)
        # 2. Coupling: specific force f (m/s²) acts on the gyroscope, w + G f (rad/s).
        acc, gyro = self._sensors
        force, turn = ideal[..., :3], ideal[..., 3:]
        if gyro.g_sensitivity:
            turn = turn + cross_axis(force, gyro.g_sensitivity * device.g_sensitivity)
        # 3. Each triad by itself, from scale error to quantization.
        readings = np.concatenate(
            [
                self._read_triad(acc, force, 0, rate, device, draws),
                self._read_triad(gyro, turn, 1, rate, device, draws),
            ],
            axis=-1,
        )
        # 4. Transmission: lost samples.
        if self.dropout:
            lost = draws.lost(self.dropout)
            if self.dropped == "hold":
                return hold(readings, lost)
            readings[lost] = np.nan
        return readings

    def _read_triad(
        self,
        sensor: SensorNoise,
        values: Array,
        triad: int,
        rate: float,
        device: DeviceDraws,
        draws: SampleDraws,
    ) -> Array:
        """Return readings (N, T, 3) of the accelerometers (0) or gyroscopes (1) of N sensors."""
        # Errors that multiply the signal: x -> (I + M)(I + S) x.
        if sensor.scale:
            values = values * (1 + sensor.scale * device.scale[:, None, triad])
        if sensor.misalignment:
            values = values + cross_axis(values, sensor.misalignment * device.cross_axis[:, triad])
        # Errors that add to it: turn-on bias b, bias instability d, random walk r, white noise n.
        if sensor.bias:
            values = values + sensor.bias * device.bias[:, None, triad]
        if sensor.instability:
            normals = draws.instability(triad)
            values = values + gauss_markov(
                normals, sensor.instability, sensor.correlation_time, rate
            )
        if sensor.random_walk:
            values = values + random_walk(draws.random_walk(triad), sensor.random_walk, rate)
        if sensor.density:
            one_sided = self.density_convention == "one-sided"
            white = draws.white[:, triad]
            values = values + white_noise(white, sensor.density, rate, one_sided=one_sided)
        # Analog filter and conversion: they act on signal and noise.
        return quantize(low_pass(values, sensor.cutoff, rate), sensor.range, sensor.resolution)

    # ---- scikit-learn

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> IMUNoise:
        """Check parameters and input; nothing is learned.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            Readings as for `transform`.
        y : object, optional
            Ignored.

        Returns
        -------
        IMUNoise
            This model.

        Raises
        ------
        ValueError
            If a parameter is invalid, or the channels are not those of an IMU.
        """
        if isinstance(X, Windows):
            _check_has_imu(X)
            self._layout_of(X)
            self.n_features_in_ = X["imu"].shape[1]
            names = self.channels if X.channels is None else X.channels
        else:
            values = self._check_array(X, reset=True)
            self._layout(values, self.channels)
            names = self.channels if values.ndim == 3 else None
        self.channels_ = None if names is None else tuple(names)
        return self

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> AnyArray:
        """Get the names of the output, which are those of the input.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the channels, or of the columns of a 2-D array, if `fit` got none.

        Returns
        -------
        ndarray of str
            Names such as ``left_wrist_acc_x``; without any, ``x0``, ``x1`` and so on.
        """
        names = getattr(self, "channels_", None)
        if names is not None:
            return check_channels_in(names, input_features)
        return super().get_feature_names_out(input_features)

    def transform(self, X: Any) -> Any:
        """Add errors to readings.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            Windows with a column ``imu`` in m/s² and rad/s. Rows without IMU stay as they are. The
            channels of arrays must be those of an IMU, unless all errors are off.

        Returns
        -------
        Windows or ndarray
            The same rows in the same dtype.

        Raises
        ------
        ValueError
            If a parameter is invalid, or the rate or the channels are needed and unknown.
        """
        self._validate_params()
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
            raise ValueError(
                "Windows cannot contain NaN: set dropped='hold', or give a bare array."
            )
        rows = np.flatnonzero(X.present("imu"))
        readings = X["imu"].copy()
        errors = (self._layout_of(X), self._rate_of(X), row_keys(X, rows, "imu"))
        readings[rows] = self._add_errors(readings[rows], *errors)
        present = {} if len(rows) == len(X) else {"imu": X.present("imu")}
        return X.assign(imu=readings, channels=X.channels, present=present)

    def _add_errors(
        self, values: NDArray[Any], layout: Layout, rate: float | None, keys: list[RowKey]
    ) -> NDArray[Any]:
        """Return rows (n, C, T) with errors, in the layout and the dtype of the input."""
        if rate is None and self._needs_rate:
            raise ValueError("These errors depend on the sampling rate: give rate= in Hz.")
        rate = 1.0 if rate is None else check_positive(rate, "rate", "Hz")
        # channels in any order -> (n, T, sites, 6), with zeros for triads that do not exist
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
        """Return which channels are accelerometers and gyroscopes."""
        layout = make_layout(values.shape[1], channels, flat=values.ndim == 2)
        if layout.is_series and not self.is_ideal:
            raise ValueError(
                f"X of shape {values.shape} does not say which channels are accelerometers and "
                "gyroscopes. Give Windows(imu=..., channels=...), channels=, or arrays of shape "
                "(n, channels, samples) with 3, 6 or 12 channels."
            )
        return layout

    def _layout_of(self, X: Windows) -> Layout:
        """Return the layout of windows."""
        return self._layout(X["imu"], self.channels if X.channels is None else X.channels)

    def _rate_of(self, X: Windows) -> float | None:
        """Return the rate of windows: their own or the parameter."""
        own = X.rate("imu")
        if own is not None and self.rate is not None and abs(own - self.rate) > 1e-6 * own:
            raise ValueError(
                f"X says that its IMU has {own:g} Hz, but rate={self.rate:g} was given. Leave "
                "rate=None."
            )
        return self.rate if own is None else own

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        """Check an array of readings."""
        values = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)
        if values.ndim > 3:
            raise ValueError(
                f"An array of readings must have shape (n, channels, samples) or (n, samples), got "
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
    """Return readings (n, T, S, 6) with errors, drawn by clip (device) and by window (samples)."""
    if noise.is_ideal or len(ideal) == 0:
        return ideal
    # 1. One generator per window and site for the samples, one per clip and site for the device.
    rngs, devices = [], []
    if noise.is_random:
        for clip, window in keys:
            for i, site in enumerate(sites):
                name = site or str(i)
                rngs.append(keyed_rng(entropy, clip, window, name, "samples"))
                devices.append(keyed_rng(entropy, clip, name, "device"))
    # 2. Every site of every window is a sensor: (n, T, S, 6) -> (n S, T, 6).
    count, samples, n_sites, _ = ideal.shape
    sensors = np.moveaxis(ideal, 2, 1).reshape(count * n_sites, samples, 6)
    # 3. Errors, in batches of bounded memory.
    readings = np.empty_like(sensors)
    batch = max(1, BATCH_SAMPLES // samples)
    for start in range(0, len(sensors), batch):
        some = slice(start, start + batch)
        readings[some] = noise._read(sensors[some], rate, rngs[some], devices[some])
    return np.moveaxis(readings.reshape(count, n_sites, samples, 6), 1, 2)


def _check_has_imu(X: Windows) -> None:
    """Raise an error if windows have no readings."""
    if "imu" not in X:
        raise ValueError(
            f"X has no column 'imu', only {', '.join(X.columns)}. Simulate one with "
            "SMPLIMUSimulator().fit_transform(X), or give recorded IMU windows."
        )
    if len(X) == 0:
        raise ValueError("Found array with 0 sample(s): the windows have no rows.")


def resolve_noise(noise: Any) -> IMUNoise:
    """Return the model behind an IMUNoise, the name of a preset, or None (ideal), unchecked."""
    if noise is None:
        return IMUNoise()
    if isinstance(noise, str):
        return IMUNoise.preset(noise)
    if not isinstance(noise, IMUNoise):
        raise TypeError(
            f"noise must be an IMUNoise, the name of a preset or None, got {type(noise).__name__}."
        )
    return noise
