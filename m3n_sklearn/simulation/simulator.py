"""SMPLIMUSimulator: from body motion to what inertial sensors on that body would read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin

from .._checks import list_of
from .._sklearn import Interval, StrOptions, fit_context, root_entropy, validate_data
from ..body import BodyModel, Site, body_from_smplx, default_body, resolve_sites
from ..motion import Motion
from ..motion._motion import warn_if_fast
from ..recording import Recording, channel_names
from ..windows import Windows
from ._batch import Setup, simulate_batch
from ._checks import check_rotation, check_vector
from .noise import IMUNoise, resolve_noise
from .randomization import ClipDraw, Randomization, keyed_rng, stable_key
from .rigid_body import GRAVITY, output_times

__all__ = ["SMPLIMUSimulator"]

Array = NDArray[np.float64]

CHUNK = 64
"""Windows that are simulated together; fixed, so that `n_jobs` can't change a bit."""


class _Person(NamedTuple):
    """What decides about a body."""

    sex: str = "neutral"
    stature: float | None = None
    betas: tuple[float, ...] | None = None


class _Run(NamedTuple):
    """Checked parameters of one call."""

    entropy: int
    spread: Randomization
    noise: IMUNoise
    gravity: Array


class SMPLIMUSimulator(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Simulate accelerometers and gyroscopes worn by a moving body.

    A continuous curve is laid through the poses and differentiated exactly; forward kinematics
    carries positions, velocities and accelerations to the sensors. An accelerometer reads
    specific force ``R^T (a - g)``, so +9.81 m/s² upwards at rest; a gyroscope the angular rate
    in its own frame.

    Stateless: `fit` checks parameters and input and learns nothing.

    Parameters
    ----------
    body : "default", BodyModel or smplx-like object, default="default"
        Who moves. ``"default"`` is :func:`m3n_sklearn.body.default_body`; it takes the sex and
        stature of a clip where they are known, and has no use for betas. Other bodies take
        betas and stature.
    sites : sequence of str or Site, default=("left_wrist", "right_wrist")
        Where the sensors sit; see :func:`m3n_sklearn.body.list_sites`.
    rate : float, default=50.0
        Samples per second of the sensors, whatever the frame rate of the poses.
    smoothing : {"auto"}, float or None, default="auto"
        How noise of the poses is removed before they are differentiated: by a cut-off chosen
        for each clip, by one in Hz, or not at all. See :func:`fit_trajectory`.
    frame : {"skin", "bone"}, default="skin"
        Whether sensors follow the skin (and feel, at the wrist, their share of the forearm's
        twist) or are fixed to the bone.
    mount : array-like of shape (3, 3) or mapping of site name to that, optional
        Rotation of the sensor in its site: its columns are the sensor's axes in the site's
        frame. Identity by default.
    gravity : sequence of 3 floats, default=(0.0, 0.0, -9.80665)
        Acceleration of free fall in the world in m/s².
    noise : IMUNoise, str or None, default=None
        Sensor errors, or the name of a preset; None is an ideal sensor.
    randomize : Randomization or None, default=None
        Variation of mounts, statures and positions from clip to clip.
    random_state : int, RandomState or None, default=None
        Seed of noise and variation. Draws are keyed by clip, site and window, so they depend
        neither on order, batches nor `n_jobs`.
    n_jobs : int or None, default=None
        Processes that share the clips, as in joblib. Results are bit-equal for any number.

    Attributes
    ----------
    n_features_in_ : int
        Only after fitting on an array: its number of channels (3-D) or samples (2-D).

    See Also
    --------
    rigid_body_imu : The same physics for a tracked rigid body.

    Notes
    -----
    Windows carry a ``margin`` of frames at both ends, of which ``context`` (n, 2) counts the
    real ones. The curve is laid through the real frames and the margin trimmed. Without margin
    the ends of each window are the ends of its curve, where accelerations are least certain.
    A sensor sample that falls between the last real frame and the end of the window repeats
    the state at that frame.

    Without a column ``clip`` (or a name of the motion), draws are keyed by the values of the
    poses, so equal motions get equal draws.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Motion, SMPLIMUSimulator
    >>> still = np.zeros((121, 24, 3))
    >>> still[:, 0, 0] = np.pi / 2  # SMPL's y-up rest pose, upright in the z-up world
    >>> recording = SMPLIMUSimulator(sites=["left_wrist"]).simulate(Motion(still, rate=60.0))
    >>> recording
    Recording(101 samples x 6 channels, 2.00 s at 50 Hz)
    >>> recording.data[0].round(3) + 0.0  # z points out of the back of the hand: up
    array([0.   , 0.   , 9.807, 0.   , 0.   , 0.   ])
    """

    _parameter_constraints: dict[str, Any] = {
        "body": "no_validation",
        "sites": "no_validation",
        "rate": [Interval(Real, 0, None, closed="neither")],
        "smoothing": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither"), None],
        "frame": [StrOptions({"skin", "bone"})],
        "mount": ["array-like", Mapping, None],
        "gravity": ["array-like"],
        "noise": [IMUNoise, str, None],
        "randomize": [Randomization, None],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        body: Any = "default",
        *,
        sites: str | Sequence[str | Site] = ("left_wrist", "right_wrist"),
        rate: float = 50.0,
        smoothing: str | float | None = "auto",
        frame: str = "skin",
        mount: ArrayLike | Mapping[str, ArrayLike] | None = None,
        gravity: Sequence[float] = GRAVITY,
        noise: IMUNoise | str | None = None,
        randomize: Randomization | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.body = body
        self.sites = sites
        self.rate = rate
        self.smoothing = smoothing
        self.frame = frame
        self.mount = mount
        self.gravity = gravity
        self.noise = noise
        self.randomize = randomize
        self.random_state = random_state
        self.n_jobs = n_jobs

    # ---- scikit-learn

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> SMPLIMUSimulator:
        """Check parameters and input.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            What `transform` would be given.
        y : object, optional
            Ignored.

        Returns
        -------
        SMPLIMUSimulator
            Itself.
        """
        self._check_setup()
        if isinstance(X, Windows):
            _check_windows(X)
        else:
            self._check_array(X, reset=True)
        return self

    def transform(self, X: Any) -> Any:
        """Simulate the sensors of pose windows; readings that are there already pass through.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            Windows with ``pose`` (and ``trans``) get ``imu``; rows that have readings and no
            pose keep them, rows with both get new ones. Arrays are readings.

        Returns
        -------
        Windows or ndarray
            As many rows as X, in the same order. Windows have ``imu`` of shape
            (n, 6 sites, T), T = round(seconds * rate), the dtype of ``pose``, and no margin.

        Raises
        ------
        ValueError
            For NaN, rows with neither poses nor readings, an unknown pose rate, or measured
            rows whose channels, rate or length differ from the simulated ones.
        """
        if not isinstance(X, Windows):
            return self._check_array(X, reset=False)
        _check_windows(X)
        if "pose" not in X:
            return X
        self._validate_params()
        frames = _Frames.of(X)
        if "trans" in X:
            warn_if_fast(X["trans"][X.present("trans")], 1 / frames.rate)
        run = self._check_setup()
        rows = np.flatnonzero(X.present("pose"))
        simulated = self._simulate_rows(X, rows, frames, run)
        return self._assemble(X, rows, simulated, frames)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit and transform; see `transform`.

        Parameters
        ----------
        X : Windows or array-like
            Input.
        y : object, optional
            Ignored.
        **fit_params : dict
            Handed to `fit`.

        Returns
        -------
        Windows or ndarray
            As `transform` returns it.
        """
        return self.fit(X, y, **fit_params).transform(X)

    def set_output(self, *, transform: str | None = None) -> SMPLIMUSimulator:
        """Do nothing: windows are no table, whatever container is configured.

        Parameters
        ----------
        transform : str, optional
            Ignored.

        Returns
        -------
        SMPLIMUSimulator
            Itself.
        """
        return self

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[Any]:
        """Name the output: channels of windows, or the features of an array that passed through.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the features of the array that `fit` saw.

        Returns
        -------
        ndarray of str
            Names such as ``left_wrist_acc_x``; those of the input after fitting on an array.
        """
        count = getattr(self, "n_features_in_", None)
        if count is None:
            return np.asarray(self._channels(), dtype=object)
        seen = getattr(self, "feature_names_in_", None)
        names = input_features if input_features is not None else seen
        if names is None:
            names = [f"x{i}" for i in range(count)]
        if len(names) != count:
            raise ValueError(
                f"input_features should have length equal to number of features ({count}), got "
                f"{len(names)}"
            )
        if seen is not None and not np.array_equal(seen, np.asarray(names, dtype=object)):
            raise ValueError("input_features is not equal to feature_names_in_")
        return np.asarray(names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # ---- whole clips

    def simulate(self, motions: Motion | Sequence[Motion]) -> Any:
        """Simulate whole clips: the accurate way, to be cut into windows afterwards.

        Parameters
        ----------
        motions : Motion or sequence of Motion
            What is played. Time stamps need not be even.

        Returns
        -------
        Recording or list of Recording
            One per motion, starting with its first frame on the same clock; label, subject,
            name and texts are carried along.

        Raises
        ------
        TypeError
            If something else than motions is given.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn import Motion, SMPLIMUSimulator
        >>> motion = Motion(np.zeros((90, 24, 3)), rate=30.0, label="still")
        >>> recording = SMPLIMUSimulator().simulate(motion)
        >>> recording.channels[0], str(recording.labels[0])
        ('left_wrist_acc_x', 'still')
        """
        given: Any = motions
        single = isinstance(given, Motion)
        several = isinstance(given, Iterable) and not isinstance(given, Windows)
        clips = list(given) if several else [given]
        for clip in clips:
            if not isinstance(clip, Motion):
                raise TypeError(
                    f"simulate takes a Motion or a list of them, got {type(clip).__name__}. "
                    "Windows of poses go to transform."
                )
        self._validate_params()
        run = self._check_setup()
        recordings = Parallel(n_jobs=self.n_jobs)(
            delayed(self._simulate_clip)(clip, run) for clip in clips
        )
        return recordings[0] if single else list(recordings)

    def _simulate_clip(self, motion: Motion, run: _Run) -> Recording:
        person = _Person(motion.sex, motion.stature, _tuple(motion.betas))
        key = stable_key(motion.name or stable_key(motion.poses, motion.trans, motion.times))
        wanted = output_times(motion.times[0], motion.times[-1], self.rate)
        draw = run.spread.draw(run.entropy, key)
        data = simulate_batch(
            self._setup(person, draw, run),
            motion.poses[None],
            motion.trans[None],
            motion.times,
            wanted,
            self._mounts([draw]),
        )
        data = self._add_noise(data, [(key, b"whole")], run)[0]
        labels = None if motion.label is None else np.full(len(data), motion.label)
        return Recording(
            data.reshape(len(data), -1),
            self.rate,
            self._channels(),
            labels=labels,
            subject=motion.subject,
            name=motion.name,
            start=float(motion.times[0]),
            text=motion.text,
        )

    # ---- windows

    def _simulate_rows(self, X: Windows, rows: Any, frames: _Frames, run: _Run) -> Array:
        """Return readings (rows, T, S, 6) of the rows that have poses."""
        if len(rows) == 0:
            return np.zeros((0, frames.samples(self.rate), len(self._site_names()), 6))
        keys = _row_keys(X, rows, needed=run.noise.is_random or run.spread != Randomization())
        people = _people(X, rows)
        batches = list(_batches(frames, rows, people, keys, run.spread))
        poses = X["pose"]
        trans = X["trans"] if "trans" in X else np.zeros((*poses.shape[:2], 3), poses.dtype)
        parts = Parallel(n_jobs=self.n_jobs)(
            delayed(self._simulate_chunk)(
                poses[rows[chosen], cut],
                trans[rows[chosen], cut],
                frames.times(cut),
                frames.samples(self.rate),
                person,
                [keys[i] for i in chosen],
                run,
            )
            for chosen, cut, person in batches
        )
        readings = np.empty((len(rows), *parts[0].shape[1:]))
        for (chosen, *_), part in zip(batches, parts, strict=True):
            readings[chosen] = part
        return readings

    def _simulate_chunk(
        self,
        poses: NDArray[Any],
        trans: NDArray[Any],
        times: Array,
        samples: int,
        person: _Person,
        keys: list[tuple[bytes, bytes]],
        run: _Run,
    ) -> Array:
        draws = [run.spread.draw(run.entropy, clip) for clip, _ in keys]
        setup = self._setup(person, draws[0], run)
        wanted = np.arange(samples) / self.rate
        data = simulate_batch(setup, poses, trans, times, wanted, self._mounts(draws))
        return self._add_noise(data, keys, run)

    def _assemble(self, X: Windows, rows: Any, simulated: Array, frames: _Frames) -> Windows:
        """Put readings beside the trimmed poses."""
        poses = X["pose"]
        count, samples = len(X), frames.samples(self.rate)
        imu = np.zeros((count, len(self._channels()), samples), dtype=poses.dtype)
        there = X.present("pose").copy()
        imu[rows] = simulated.reshape(len(rows), samples, imu.shape[1]).swapaxes(1, 2)
        measured = X.present("imu") & ~there
        if measured.any():
            self._check_measured(X, imu.shape)
            imu[measured] = X["imu"][measured]
            there |= measured
        trimmed = {name: X[name][:, frames.core] for name in ("pose", "trans") if name in X}
        masks = {name: X.present(name) for name in trimmed} | {"imu": there}
        return X.drop("context").assign(
            rate={"imu": float(self.rate)},
            channels=self._channels(),
            margin=0.0,
            present={name: mask for name, mask in masks.items() if not mask.all()},
            imu=imu,
            **trimmed,
        )

    def _check_measured(self, X: Windows, shape: tuple[int, ...]) -> None:
        rate = X.rate("imu")
        differs = rate is not None and abs(rate - self.rate) > 1e-9 * self.rate
        renamed = X.channels is not None and X.channels != self._channels()
        if X["imu"].shape != shape or differs or renamed:
            raise ValueError(
                f"Some rows have measured readings of shape {X['imu'].shape[1:]} at {rate} Hz "
                f"(channels {X.channels}), but simulated ones have shape {shape[1:]} at "
                f"{self.rate:g} Hz (channels {self._channels()}). Set sites= and rate= to match, "
                "or resample the measured rows."
            )

    # ---- shared

    def _setup(self, person: _Person, draw: ClipDraw, run: _Run) -> Setup:
        body = draw.body(_body_of(self.body, person))
        sites = [draw.site(site) for site in resolve_sites(body, self.sites)]
        return Setup(body, sites, self.smoothing, self.frame, run.gravity)

    def _mounts(self, draws: list[ClipDraw]) -> Array:
        names = self._site_names()
        fixed = _fixed_mounts(self.mount, names)
        return np.array([[fixed[name] @ draw.mount(name) for name in names] for draw in draws])

    def _add_noise(self, data: Array, keys: list[tuple[bytes, bytes]], run: _Run) -> Array:
        """Errors of each sensor (B, T, S, 6), its constants keyed by clip, its noise by window."""
        if run.noise == IMUNoise():
            return data
        noisy = np.empty_like(data)
        for row, (clip, window) in enumerate(keys):
            for column, name in enumerate(self._site_names()):
                noisy[row, :, column] = run.noise.apply(
                    data[row, :, column],
                    self.rate,
                    keyed_rng(run.entropy, clip, window, name, "samples"),
                    keyed_rng(run.entropy, clip, name, "device"),
                )
        return noisy

    def _site_names(self) -> tuple[str, ...]:
        expected = "site names or Site objects, such as ('left_wrist', 'right_wrist')"
        single = isinstance(self.sites, (str, Site))
        sites = [self.sites] if single else list_of(self.sites, "sites", expected)
        return tuple(site.name if isinstance(site, Site) else str(site) for site in sites)

    def _channels(self) -> tuple[str, ...]:
        return channel_names(self._site_names())

    def _check_setup(self) -> _Run:
        """Check what ranges of parameters can't say."""
        resolve_sites(_body_of(self.body, _Person()), self.sites)
        _fixed_mounts(self.mount, self._site_names())
        spread = Randomization() if self.randomize is None else self.randomize
        spread.check()
        noise = resolve_noise(self.noise)
        entropy = 0
        if noise.is_random or spread != Randomization():
            entropy = root_entropy(self.random_state)
        return _Run(entropy, spread, noise, check_vector(self.gravity, "gravity"))

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        if not issparse(X) and _is_no_array(X):
            raise TypeError(
                f"transform takes Windows or an array of readings, got {type(X).__name__}. Convert "
                "tables with as_windows; whole motions go to simulate."
            )
        if getattr(X, "ndim", 2) > 3:
            raise ValueError(
                f"Arrays are readings of shape (n, channels, samples) or (n, samples), got "
                f"{X.shape}. Poses come as Windows(pose=..., rate=...)."
            )
        return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)


class _Frames(NamedTuple):
    """Where the frames of pose windows lie in time; 0 s is the start of the window proper."""

    total: int
    margin: int
    rate: float
    context: NDArray[np.int64]

    @classmethod
    def of(cls, X: Windows) -> _Frames:
        rate = X.rate("pose")
        if rate is None:
            raise ValueError(
                "The rate of the poses is not known: give Windows(..., rate={'pose': 60.0})."
            )
        total, margin = X["pose"].shape[1], _whole(X.margin * rate)
        if total <= 2 * margin:
            raise ValueError(
                f"The margin of {X.margin:g} s at both ends is {2 * margin} frames at {rate:g} Hz, "
                f"but the windows have only {total}."
            )
        context = X["context"] if "context" in X else np.full((len(X), 2), margin)
        if context.shape != (len(X), 2) or context.dtype.kind not in "iu":
            raise ValueError(
                f"Column 'context' must hold two whole numbers per row, got {context.dtype} of "
                f"shape {context.shape}."
            )
        if context.size and (context.min() < 0 or context.max() > margin):
            raise ValueError(
                f"Column 'context' counts real frames of the margin and must lie in 0 to {margin}, "
                f"got {context.min()} to {context.max()}."
            )
        return cls(total, margin, rate, context)

    @property
    def core(self) -> slice:
        """Frames of the window proper."""
        return slice(self.margin, self.total - self.margin)

    def samples(self, rate: float) -> int:
        """Sensor samples of the window proper."""
        return max(1, _whole((self.total - 2 * self.margin) / self.rate * rate))

    def real(self, left: int, right: int) -> slice:
        """Frames that are no repeated edge."""
        return slice(self.margin - left, self.total - self.margin + right)

    def times(self, cut: slice) -> Array:
        """Return the times of some frames in s."""
        return (np.arange(cut.start, cut.stop) - self.margin) / self.rate


def _whole(value: float) -> int:
    """Round halves up, as cutting does; Python's own rounding goes to even."""
    return int(np.floor(value + 0.5 + 1e-6))


def _batches(
    frames: _Frames,
    rows: NDArray[np.int64],
    people: list[_Person],
    keys: list[tuple[bytes, bytes]],
    spread: Randomization,
) -> Iterator[tuple[NDArray[np.int64], slice, _Person]]:
    """Positions in `rows` that share real frames and body, at most CHUNK at a time."""
    groups: dict[Any, list[int]] = {}
    for i, (row, person, key) in enumerate(zip(rows, people, keys, strict=True)):
        context = (int(frames.context[row, 0]), int(frames.context[row, 1]))
        groups.setdefault((context, person, key[0] if spread.changes_body else b""), []).append(i)
    for (context, person, _), members in groups.items():
        for start in range(0, len(members), CHUNK):
            yield np.array(members[start : start + CHUNK]), frames.real(*context), person


def _row_keys(X: Windows, rows: NDArray[np.int64], needed: bool) -> list[tuple[bytes, bytes]]:
    """Keys of each row's clip and window for random draws: its ids, or else its poses."""
    if not needed:
        return [(b"", b"")] * len(rows)
    clips, starts = (_known(X, name, rows) for name in ("clip", "start"))
    poses = X["pose"]
    keys = []
    for row, clip, start in zip(rows, clips, starts, strict=True):
        content = stable_key(poses[row]) if clip is None or start is None else b""
        keys.append(
            (
                content if clip is None else stable_key(clip),
                content if start is None else stable_key(start),
            )
        )
    return keys


def _people(X: Windows, rows: NDArray[np.int64]) -> list[_Person]:
    people = []
    columns = (_known(X, name, rows) for name in ("sex", "stature", "betas"))
    for sex, stature, betas in zip(*columns, strict=True):
        height = float(stature) if stature is not None and np.isfinite(stature) else None
        people.append(_Person("neutral" if sex is None else str(sex), height, _tuple(betas)))
    return people


def _known(X: Windows, column: str, rows: NDArray[np.int64]) -> list[Any]:
    """Return the entries of a column, None in rows that lack it."""
    if column not in X:
        return [None] * len(rows)
    there = X.present(column)[rows]
    if column == "stature" and (X[column].ndim != 1 or X[column].dtype.kind not in "fiu"):
        raise ValueError(
            f"Column 'stature' must hold one number of m per row, got {X[column].dtype} of shape "
            f"{X[column].shape}."
        )
    return [x if known else None for x, known in zip(X[column][rows], there, strict=True)]


def _tuple(values: Any) -> tuple[float, ...] | None:
    return None if values is None else tuple(np.asarray(values, dtype=np.float64).tolist())


def _body_of(body: Any, person: _Person) -> BodyModel:
    if isinstance(body, str):
        if body != "default":
            raise ValueError(
                f"body must be 'default', a BodyModel or an smplx-like object, got {body!r}."
            )
        return default_body(person.sex, person.stature)
    model = body if isinstance(body, BodyModel) else body_from_smplx(body)
    # further coefficients describe ever finer detail: a body that lacks them goes without
    betas = person.betas[: model.n_betas] if person.betas and model.n_betas else None
    return model.shaped(betas=betas, stature=person.stature)


def _fixed_mounts(mount: Any, names: tuple[str, ...]) -> dict[str, Array]:
    if mount is None:
        return {name: np.eye(3) for name in names}
    if not isinstance(mount, Mapping):
        return {name: check_rotation(mount, "mount") for name in names}
    unknown = set(mount) - set(names)
    if unknown:
        raise ValueError(
            f"mount names {', '.join(sorted(map(str, unknown)))}, but the sites are "
            f"{', '.join(names)}."
        )
    return {name: check_rotation(mount.get(name, np.eye(3)), f"mount[{name!r}]") for name in names}


def _check_windows(X: Windows) -> None:
    if "pose" not in X and "imu" not in X:
        raise ValueError(
            f"These windows have neither 'pose' to simulate from nor 'imu'; there are "
            f"{', '.join(X.columns)}."
        )
    if len(X) == 0:
        raise ValueError("Found array with 0 sample(s): the windows have no row.")


def _is_no_array(X: Any) -> bool:
    first = X[0] if isinstance(X, (list, tuple)) and X else X
    return first is None or isinstance(first, (str, Mapping, Motion, Recording))
