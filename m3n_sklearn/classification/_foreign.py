"""Encoders of others: a torch module or a function that maps windows to features, used frozen."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import nn

from .._channel_names import unit_factor
from .._compat import FrozenEstimator, Interval, check_is_fitted
from .._hashing import content_hash, tensor_array
from .._inputs import SITE_SCALE, ImuWindows, InputMap, read_imu
from .._persistence import Persistent
from .._typing import AnyArray
from .._warn import warn
from ..recording import SENSORS, resample_windows

__all__ = [
    "ForeignEncoder",
    "foreign_config",
    "foreign_within",
    "is_foreign",
    "with_functions",
    "without_functions",
]

FOREIGN = "foreign"
"""Name of such encoders in the configuration of a network."""

CHUNK = 128
"""Windows per call."""

PROBED = 8
"""Windows of `fit` with which features are compared."""

SAME = 0.01
"""Difference of equal features, relative to the largest; half precision and other orders of sums
stay below."""


class ForeignEncoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Persistent, BaseEstimator):
    """Use an encoder of somebody else, as a transformer or as `pretrainer` of a classifier.

    Windows of any rate, units, sensors and length become what the encoder was made for. Its
    weights do not change.

    Parameters
    ----------
    module : torch.nn.Module or callable
        Maps windows (n, n_channels, n_times) to features (n, n_features). A torch module gets a
        tensor of the type and on the device of its parameters (float32 if it has none); it is set
        to evaluation mode, and no gradients are computed. Any other callable gets a float32 array,
        and may be called from several threads at the same time. Features of a window must not
        depend on other windows.
    rate : float, default=50.0
        Samples per second of the windows that `module` reads. Others are resampled.
    seconds : float or None, default=None
        Length of the windows that `module` reads. Longer ones are cut into as few pieces of this
        length as cover them, with equal distances, and the features of the pieces are averaged.
        Shorter ones are repeated from their start. With None, any length is passed on.
    sensors : sequence of {"acc", "gyro"}, default=("acc", "gyro")
        Sensors whose x, y and z are the channels of `module`, in this order.
    acc_unit : str, default="m/s2"
        Unit of the accelerations that `module` reads, with gravity: ``"m/s2"``, ``"g"``, or another
        one that :func:`~m3n_sklearn.recording.read_table` knows.
    gyro_unit : str, default="rad/s"
        Unit of the angular rates: ``"rad/s"`` or ``"deg/s"``.

    Attributes
    ----------
    n_features_in_ : int
        Channels of X.
    input_ : InputMap
        Sites and sensors of the windows of `fit`.
    width_ : int
        Features of one site.

    See Also
    --------
    Multi3NetClassifier : Takes it as `pretrainer`, alone or in a list.

    Notes
    -----
    The features of several sites are joined, in the order of the sites in `fit`. A gyroscope that X
    lacks is read as zeros, with a warning.

    Files do not hold the module. After loading, give it again: ``loaded.set_params(module=...)``.
    ``FrozenEstimator(ForeignEncoder(...))`` shares one large module between clones.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from m3n_sklearn.classification import ForeignEncoder
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> def loudness(windows):  # in the place of a network
    ...     return windows.std(axis=2)
    >>> data = make_wrist_har(n_people=2, random_state=0)
    >>> encoder = ForeignEncoder(loudness, rate=20.0, seconds=2.0, acc_unit="g")
    >>> encoder.fit_transform(data.X).shape[1]
    6
    >>> pipeline = make_pipeline(encoder, LogisticRegression()).fit(data.X, data.y)
    """

    input_: InputMap
    width_: int

    _parameter_constraints: dict[str, list[Any]] = {
        "module": [callable, None],
        "rate": [Interval(Real, 0, None, closed="neither")],
        "seconds": [Interval(Real, 0, None, closed="neither"), None],
        "sensors": ["array-like"],
        "acc_unit": [str],
        "gyro_unit": [str],
    }

    def __init__(
        self,
        module: Callable[[Any], Any] | None = None,
        *,
        rate: float = 50.0,
        seconds: float | None = None,
        sensors: Sequence[str] = ("acc", "gyro"),
        acc_unit: str = "m/s2",
        gyro_unit: str = "rad/s",
    ) -> None:
        self.module = module
        self.rate = rate
        self.seconds = seconds
        self.sensors = sensors
        self.acc_unit = acc_unit
        self.gyro_unit = gyro_unit

    # ---- a transformer

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the windows and the encoder; nothing is learned.

        Parameters
        ----------
        X : Windows
            IMU windows in m/s² and rad/s, of known rate.
        y : ignored
            Not used; part of the scikit-learn API.

        Returns
        -------
        self
            The transformer.

        Raises
        ------
        ValueError
            If rate or channels of X are not known, if it has no accelerometer that `module` needs,
            or if `module` fails or does not return features (n, n_features).

        Warns
        -----
        UserWarning
            If the features of a window change from call to call, or with other windows.
        """
        imu = read_imu(self, X, reset=True)
        self._check_windows(imu)
        self.input_ = InputMap(imu.layout, self.rate).checked(imu)
        self.width_ = self._width(imu)
        return self

    def transform(self, X: Any) -> AnyArray:
        """Return the features of windows.

        Parameters
        ----------
        X : Windows
            Windows with the sensors of those of `fit`, at any rate and of any length.

        Returns
        -------
        ndarray of shape (n, n_features)
            Features, float32, site after site.

        Raises
        ------
        ValueError
            If X has other sensors than the windows of `fit`, or if a feature is not finite.
        """
        check_is_fitted(self)
        imu = read_imu(self, X, reset=False)
        self._check_rate(imu)
        # sites may come in another order than in fit
        input_map, fitted = self.input_.adapted(imu), self.input_.layout
        has, had = (
            dict(zip(each.sites, each.present.tolist(), strict=True))
            for each in (input_map.layout, fitted)
        )
        if has != had:
            raise ValueError(
                f"X has the channels {', '.join(imu.channels or ())}, but the windows of fit had "
                f"other sensors or sites ({', '.join(fitted.sites)}). Select or rename channels."
            )
        input_map.warn_units(imu)
        sites = input_map(imu)
        if input_map.layout != fitted:
            sites = sites[:, [input_map.layout.sites.index(site) for site in fitted.sites]]
        return self._features(sites, self.rate, self.width_)

    @property
    def _n_features_out(self) -> int:
        """Number of features, for their names."""
        return self.width_ * len(self.input_.layout.sites)

    # ---- in the place of a network's encoder

    def _features(self, sites: AnyArray, rate: float, width: int | None = None) -> AnyArray:
        """Return the features (n, S d) of a network's input (n, S, 6, T) at some rate."""
        n, n_sites = sites.shape[:2]
        # 1. The rate, the sensors and the units of the module
        x = resample_windows(sites, rate, self.rate)
        chosen, scale = self._channels()
        x = (x[:, :, chosen] * scale[:, None]).astype(np.float32)
        # 2. Pieces of its length
        x = _pieces(x.reshape(n * n_sites, *x.shape[2:]), self._length())
        # 3. Its features; those of the pieces are averaged
        count = x.shape[1]
        features = self._call(x.reshape(-1, *x.shape[2:]), width)
        if not np.isfinite(features).all():
            raise ValueError(
                f"{self._name()} returned NaN or infinity for some windows. Check acc_unit, "
                "gyro_unit and what it does with windows in which nothing moves."
            )
        return features.reshape(n, n_sites, count, -1).mean(axis=2).reshape(n, -1)

    def _call(self, x: AnyArray, width: int | None) -> AnyArray:
        """Return the features (n, d) of windows as the module reads them."""
        module = self.module
        if module is None:
            raise ValueError(
                "This ForeignEncoder has no module, which a file does not hold. Give it again: "
                "set_params(module=...), or set_params(pretrainer__module=...) of a classifier."
            )
        parts = []
        for start in range(0, len(x), CHUNK):
            rows = np.ascontiguousarray(x[start : start + CHUNK])
            out = self._output(module, rows)
            shape = tuple(getattr(out, "shape", ()))
            kind = getattr(getattr(out, "dtype", None), "kind", "f")
            fits = len(shape) == 2 and shape[0] == len(rows) and shape[1] > 0
            if not fits or width not in (None, shape[1]) or kind not in "fiub":
                expected = f"({len(rows)}, {'n_features' if width is None else width})"
                found = f"shape {shape}" if hasattr(out, "shape") else type(out).__name__
                found += "" if kind in "fiub" else f" of {out.dtype}"
                raise ValueError(
                    f"{self._name()} must return real features of shape {expected} for windows of "
                    f"shape {rows.shape}, got {found}. Wrap it in a function that selects its "
                    "output, and averages it over time."
                )
            with np.errstate(over="ignore"):  # said by the caller
                parts.append(np.asarray(out, dtype=np.float32))
        return np.concatenate(parts)

    def _output(self, module: Callable[[Any], Any], rows: AnyArray) -> Any:
        """Call the module; an error in it names what it was given."""
        shape = rows.shape  # the module may change its input
        try:
            out = _run(module, rows) if isinstance(module, nn.Module) else module(rows)
            out = tensor_array(out) if isinstance(out, torch.Tensor) else out
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(
                f"{self._name()} failed with {type(error).__name__}: {error}. It was given "
                f"windows of shape {shape} (windows, channels, samples) at {self.rate:g} Hz, with "
                f"the channels {', '.join(self._channel_names())}. Check rate, seconds and "
                "sensors, or wrap it in a function that converts its input."
            ) from error
        return out

    def _channel_names(self) -> list[str]:
        """Name the channels that the module reads."""
        return [f"{sensor}_{axis}" for sensor in self.sensors for axis in "xyz"]

    def _width(self, imu: ImuWindows) -> int:
        """Return the number of features of a site; warn if they are not those of a window."""
        some = imu.with_values(imu.values[:PROBED])
        sites, rate = InputMap(imu.layout, imu.rate)(some)[:, :1], imu.rate or self.rate
        alone = self._features(sites[:1], rate)
        width = int(alone.shape[1])
        among = self._features(sites, rate, width)
        again = self._features(sites[::-1], rate, width)[::-1]
        change = max(np.abs(alone - among[:1]).max(), np.abs(again - among).max())
        if change > SAME * np.abs(among).max():
            warn(
                f"{self._name()} returns other features for the same window if it is called again "
                "or with other windows. Dropout or statistics of a batch may be active: give the "
                "torch module itself, which is set to evaluation mode, or call eval() before."
            )
        return width

    def _check_windows(self, imu: ImuWindows) -> None:
        """Check parameters and windows, and say which sensors are missing."""
        self._validate_params()
        if isinstance(self.module, type):
            raise TypeError(f"module is the class {self._name()}: give an instance of it.")
        self._channels()
        self._length()
        self._check_rate(imu)
        layout = imu.layout
        if layout.is_series:
            raise ValueError(
                f"{self._name()} reads {' and '.join(self.sensors)}, but X is a generic series of "
                f"{layout.n_channels} channels. Name the channels of an IMU, as "
                "channel_names('right_wrist') of m3n_sklearn.recording does."
            )
        for number, sensor in enumerate(SENSORS):
            if sensor not in self.sensors or layout.present[:, number].all():
                continue
            if sensor == "acc":
                raise ValueError(f"{self._name()} reads accelerations, which X does not have.")
            warn(
                f"{self._name()} reads a gyroscope, which X does not have: it gets zeros, which it "
                "was hardly trained on. Flag such results."
            )

    def _check_rate(self, imu: ImuWindows) -> None:
        """Refuse windows of unknown rate."""
        if imu.rate is None:
            raise ValueError(
                f"{self._name()} reads {self.rate:g} Hz, and the rate of X is not known. Give "
                "m3n_sklearn.as_windows(X, rate=..., channels=...)."
            )
        imu.check_rate()

    def _channels(self) -> tuple[list[int], AnyArray]:
        """Return the channels of a site that are read, and the factor of each to its unit."""
        sensors = tuple(self.sensors)
        if not sensors or len(set(sensors)) < len(sensors) or not set(sensors) <= set(SENSORS):
            raise ValueError(f"sensors must be 'acc', 'gyro' or both, got {self.sensors!r}.")
        chosen, scales = [], []
        for sensor in sensors:
            unit = self.acc_unit if sensor == "acc" else self.gyro_unit
            factor = unit_factor(sensor, unit)
            if factor is None or not np.isfinite(factor):
                known = "'m/s2' or 'g'" if sensor == "acc" else "'rad/s' or 'deg/s'"
                raise ValueError(f"{sensor}_unit={unit!r} is not understood: give {known}.")
            axes = [3 * SENSORS.index(sensor) + axis for axis in range(3)]
            chosen += axes
            scales += [SITE_SCALE[axis] / factor for axis in axes]
        return chosen, np.array(scales)

    def _length(self) -> int | None:
        """Return the samples of a window that the module reads."""
        if self.seconds is None:
            return None
        length = round(self.seconds * self.rate)
        if length < 1:
            raise ValueError(f"seconds={self.seconds:g} are no sample at rate={self.rate:g}.")
        return length

    def _name(self) -> str:
        """Name the module in messages."""
        return getattr(self.module, "__name__", type(self.module).__name__)

    def _identity(self) -> str:
        """Return a digest of the parameters; of functions without a name only the type counts."""
        params = self.get_params(deep=False)
        module = params.pop("module")
        kind = f"{type(module).__module__}.{type(module).__qualname__}"
        try:
            return content_hash([kind, params, module])
        except TypeError:
            return content_hash([kind, params, getattr(module, "__qualname__", "")])

    def _stamp(self) -> tuple[Any, ...]:
        """Return what differs after a change of the weights of a torch module, at no cost."""
        if not isinstance(self.module, nn.Module):
            return ()
        tensors = chain(self.module.parameters(), self.module.buffers())
        # tensors of inference mode have no version
        return tuple((t.data_ptr(), -1 if t.is_inference() else t._version) for t in tensors)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _run(module: nn.Module, rows: AnyArray) -> Any:
    """Call a torch module without gradients, on its own device and in its own precision."""
    own = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(0))
    module.eval()
    with torch.inference_mode():
        return module(torch.from_numpy(rows).to(own.device, own.dtype))


def _pieces(x: AnyArray, length: int | None) -> AnyArray:
    """Return pieces (n, count, C, length) of windows (n, C, T), which repeat if too short."""
    n_times = x.shape[-1]
    if length is None or length == n_times:
        return x[:, None]
    if n_times < length:
        return x[:, None, :, np.arange(length) % n_times]
    starts = np.linspace(0, n_times - length, -(-n_times // length)).round().astype(int)
    return np.moveaxis(x[..., starts[:, None] + np.arange(length)], 2, 1)


# ---- networks with such encoders


@dataclass
class Reader:
    """The features of an encoder of somebody else, as long as it is the one of the fit."""

    encoder: ForeignEncoder
    rate: float
    width: int
    identity: str
    stamp: tuple[Any, ...] | None = field(default=None, init=False)

    def __call__(self, sites: AnyArray) -> AnyArray:
        """Return features of windows; raise ValueError if parameters or weights have changed."""
        stamp = self.encoder._stamp()
        if stamp != self.stamp:
            if self.encoder._identity() != self.identity:
                raise ValueError(
                    f"{self.encoder._name()} is not the encoder that the classifier was fitted "
                    "with: weights, code, rate, length, sensors or units are others. Give that "
                    "one, or fit again."
                )
            self.stamp = stamp
        return self.encoder._features(sites, self.rate, self.width)


def foreign_within(pretrainer: Any) -> ForeignEncoder | None:
    """Return the encoder of somebody else that a pretrainer is, frozen or not, else None."""
    inner = pretrainer.estimator if isinstance(pretrainer, FrozenEstimator) else pretrainer
    return inner if isinstance(inner, ForeignEncoder) else None


def foreign_config(
    encoder: ForeignEncoder, number: int, imu: ImuWindows, input_map: InputMap
) -> dict[str, Any]:
    """Return the configuration of a network's encoder, with the function that it calls.

    `number` is the place among the pretrainers.
    """
    encoder._check_windows(imu)
    rate = input_map.rate
    assert rate is not None
    sites, width = list(input_map.layout.sites), encoder._width(imu)
    identity = encoder._identity()
    return {
        "name": FOREIGN,
        "n_features": width * len(sites),
        "sites": sites,
        "source": {"number": number, "rate": rate, "identity": identity},
        "function": Reader(copy.copy(encoder), rate, width, identity),
    }


def is_foreign(config: Mapping[str, Any]) -> bool:
    """Tell whether a classifying network, or a member of it, has an encoder of somebody else."""
    if "members" in config:
        return any(map(is_foreign, config["members"]))
    return config.get("encoder", {}).get("name") == FOREIGN


def without_functions(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a classifying network as files hold it."""

    def plain(encoder: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in encoder.items() if name != "function"}

    return _changed(config, plain)


def with_functions(
    config: dict[str, Any], encoders: Sequence[ForeignEncoder | None]
) -> dict[str, Any]:
    """Return the configuration of a classifying network whose encoders of others can be called."""

    def callable_again(part: dict[str, Any]) -> dict[str, Any]:
        source = part["source"]
        number = source["number"]
        encoder = encoders[number] if number < len(encoders) else None
        if encoder is None or encoder.module is None:
            step = "pretrainer" if len(encoders) < 2 else f"pretrainer[{number}]"
            raise ValueError(
                "The classifier was loaded from a file, which does not hold the module of its "
                f"ForeignEncoder ({step}). Give it again: loaded.{step}.set_params(module=...)."
            )
        width = part["n_features"] // len(part["sites"])
        return {**part, "function": Reader(encoder, source["rate"], width, source["identity"])}

    return _changed(config, callable_again)


def _changed(
    config: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Return a configuration with changed entries of the encoders of others."""
    if "members" in config:
        return {**config, "members": [_changed(member, change) for member in config["members"]]}
    return {**config, "encoder": change(config["encoder"])} if is_foreign(config) else config
