"""SMPLIMUSimulator: from body motion to what inertial sensors on that body would read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin

from .._checks import RATES, check_rotation, list_of
from .._hashing import stable_key
from .._sklearn import (
    Interval,
    StrOptions,
    WorksUnfitted,
    fit_context,
    root_entropy,
    validate_data,
)
from ..body import Site
from ..motion import Motion
from ..motion._motion import warn_if_fast
from ..recording import Recording, channel_names
from ..windows import Windows
from ._checks import check_vector
from ._guard import LIMITS, Excess, check_limits, report
from ._keys import row_keys
from ._learning import calibrate_rig, learn_noise, motions_of, recordings_of
from ._people import Person, Wardrobe
from ._rig import Rig, Take, Taken
from ._rows import Frames, batches, people, sources
from .noise import IMUNoise, resolve_noise
from .randomization import Randomization, draws_table
from .rigid_body import GRAVITY, output_times

__all__ = ["SMPLIMUSimulator"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class _Amiss(NamedTuple):
    """What is to be said: readings beyond the limits, wrong rates and lost frames, by clip."""

    found: list[tuple[str, Excess]]
    rushing: list[tuple[str, float]]
    lost: list[tuple[str, float]]


class SMPLIMUSimulator(  # type: ignore[call-arg]
    WorksUnfitted, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Simulate accelerometers and gyroscopes worn by a moving body.

    A continuous curve is laid through the poses and differentiated exactly; forward kinematics
    carries positions, velocities and accelerations to the sensors. An accelerometer reads
    specific force ``R^T (a - g)``, so +9.81 m/s² upwards at rest; a gyroscope the angular rate
    in its own frame.

    It works without being fitted. `fit` learns the noise of each source of poses and, given
    measured readings, how the sensors were really worn; both are used from then on.

    Parameters
    ----------
    body : "default", BodyModel or smplx-like object, default="default"
        Who moves. ``"default"`` is :func:`m3n_sklearn.body.default_body`; it takes the sex and
        stature of a clip where they are known, and ignores betas. Other bodies take
        betas and stature.
    sites : sequence of str or Site, default=("left_wrist", "right_wrist")
        Where the sensors sit; see :func:`m3n_sklearn.body.list_sites`.
    rate : float, default=50.0
        Samples per second of the sensors, from 0.1 to 100000, whatever the frame rate of the
        poses.
    smoothing : {"auto"}, float or None, default="auto"
        How noise of the poses is removed before they are differentiated: by cut-offs chosen for
        each clip and each bone that carries a sensor, by one in Hz, or not at all. Cameras, known
        by the source of a motion, get at most 2 to 2.4 Hz.
    frame : {"skin", "bone", "triangle"}, default="skin"
        Whether sensors follow the skin (and feel, at the wrist, their share of the forearm's
        twist), are fixed to the bone, or turn with a triangle of three vertices; see
        :func:`~m3n_sklearn.body.site_kinematics`.
    readout : {"point", "mean"}, default="point"
        Values at the sampling times, or means over the intervals that end there: then rates
        integrate exactly to rotations.
    mount : array-like of shape (3, 3) or mapping of site name to that, optional
        Rotation of the sensor in its site: its columns are the sensor's axes in the site's
        frame. Identity by default.
    gravity : sequence of 3 floats, default=(0.0, 0.0, -9.80665)
        Acceleration of free fall in the world in m/s².
    noise : IMUNoise, str or None, default=None
        Sensor errors, or the name of a preset; None is an ideal sensor. Its own `rate`,
        `channels` and `random_state` are ignored here.
    randomize : Randomization or None, default=None
        Variation of bodies, sensors and motions from clip to clip.
    engine : {"numpy", "numba"}, default="numpy"
        What computes the kinematics. Numba (extra ``numba``) is faster and equal to 1e-10.
    random_state : int, RandomState or None, default=None
        Seed of noise and variation. Draws are keyed by clip, site and window, so they depend
        neither on order, batches nor `n_jobs`.
    n_jobs : int or None, default=None
        Processes that share the clips, as in joblib. Results are bit-equal for any number.
    implausible : {"warn", "raise", "mask"}, default="warn"
        What becomes of readings beyond `limits`, after smoothing and before noise: one warning
        per call that names clips, times and likely causes, an error, or a mask: they and 0.1 s
        around them then count as not observed, and so does all of a clip whose pelvis keeps
        accelerating by more than 2 g. Where the source is a camera they never count as observed,
        since what it resolves does not reach that far.
    limits : tuple of two floats or mapping of site name to that, default=(156.9064, 34.9066)
        Specific force in m/s² and rate in rad/s that no body exceeds: 16 g and 2000 °/s.

    Attributes
    ----------
    body_noise_ : dict of str or None to BodyNoise
        Only after fitting on poses with ``smoothing="auto"``: the noise of each source (see
        `Motion`) in arms, legs and trunk, scaled to what was measured, if anything was. It can
        lower the cut-off of a clip, never raise it.
    calibration_ : dict of str to Calibration
        Only after fitting with `measured`: how the sensor at each site was worn. Its mount and
        gravity replace `mount` and `gravity`.
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
    poses: equal motions get equal draws; equal rows differ by how often they came before.

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
        "rate": [Interval(Real, *RATES, closed="both")],
        "smoothing": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither"), None],
        "frame": [StrOptions({"skin", "bone", "triangle"})],
        "readout": [StrOptions({"point", "mean"})],
        "engine": [StrOptions({"numpy", "numba"})],
        "mount": ["array-like", Mapping, None],
        "gravity": ["array-like"],
        "noise": [IMUNoise, str, None],
        "randomize": [Randomization, None],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "implausible": [StrOptions({"warn", "raise", "mask"})],
        "limits": ["array-like", Mapping],
    }

    def __init__(
        self,
        body: Any = "default",
        *,
        sites: str | Sequence[str | Site] = ("left_wrist", "right_wrist"),
        rate: float = 50.0,
        smoothing: str | float | None = "auto",
        frame: str = "skin",
        readout: str = "point",
        mount: ArrayLike | Mapping[str, ArrayLike] | None = None,
        gravity: Sequence[float] = GRAVITY,
        noise: IMUNoise | str | None = None,
        randomize: Randomization | None = None,
        engine: str = "numpy",
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        implausible: str = "warn",
        limits: tuple[float, float] | Mapping[str, tuple[float, float]] = LIMITS,
    ) -> None:
        self.body = body
        self.sites = sites
        self.rate = rate
        self.smoothing = smoothing
        self.frame = frame
        self.readout = readout
        self.mount = mount
        self.gravity = gravity
        self.noise = noise
        self.randomize = randomize
        self.engine = engine
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.implausible = implausible
        self.limits = limits

    # ---- scikit-learn

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, measured: Any = None) -> SMPLIMUSimulator:
        """Learn the noise of the poses and, from measured readings, how sensors were worn.

        Parameters
        ----------
        X : Windows, Motion, sequence of Motion, or array-like of shape (n, C, T) or (n, T)
            Poses, as windows or whole clips. Of arrays, which are readings, nothing is learned.
        y : object, optional
            Ignored.
        measured : Recording, sequence of Recording, Windows or array-like, optional
            Readings of the same movements on the same clock up to half a second: a recording
            for each motion, or windows (arrays of shape (n, 6 sites, T) at `rate`) for the
            rows of X. All are taken to come from one wearer.

        Returns
        -------
        SMPLIMUSimulator
            Itself.

        Raises
        ------
        ValueError
            If X and `measured` are not paired, or a site was not measured.

        See Also
        --------
        calibrate : What is done with `measured`.
        """
        for learned in ("body_noise_", "calibration_"):
            if hasattr(self, learned):
                delattr(self, learned)
        if isinstance(X, Windows):
            _check_windows(X)
            motions = motions_of(X) if "pose" in X else []
        elif _are_motions(X):
            motions = _clips(X, "fit")[0]
        else:
            if isinstance(X, (list, tuple)) and len(X) == 0:
                raise ValueError("There is nothing to fit: the list of motions is empty.")
            self._check_array(X, reset=True)
            motions = []
        rig = self._rig()
        if len(motions) and self.smoothing == "auto":
            self.body_noise_ = learn_noise(motions, rig.wardrobe)
            rig = dataclasses.replace(rig, noises=self.body_noise_)
        if measured is not None:
            found = calibrate_rig(rig, motions, _paired(measured, X, rig))
            self.calibration_ = found.calibration
            if found.noises:
                self.body_noise_ = found.noises
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
            (n, 6 sites, T), T = round(seconds * rate), the dtype of ``pose``, and no margin; and
            ``observed`` of the same shape, if anything was not: straight lines stand there, and
            zeros where a sensor was never seen. With ``implausible="mask"`` rows that were not
            observed throughout have no ``imu``.

        Raises
        ------
        ValueError
            For NaN, rows with neither poses nor readings, an unknown pose rate, or measured
            rows whose channels, rate or length differ from the simulated ones; and if readings
            are beyond `limits` and `implausible` is "raise".

        Warns
        -----
        UserWarning
            If readings are beyond `limits`, or frames are not believed: once for all rows.
        """
        if not isinstance(X, Windows):
            return self._check_array(X, reset=False)
        _check_windows(X)
        if "pose" not in X:
            return X
        self._validate_params()
        frames = Frames.of(X)
        if "trans" in X:
            warn_if_fast(X["trans"][X.present("trans")], 1 / frames.rate)
        rows = np.flatnonzero(X.present("pose"))
        readings, seen, amiss = self._read_rows(X, rows, frames)
        self._report(self._rig(), amiss, len(rows))
        return self._assemble(X, rows, readings, seen, frames)

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

    # ---- whole clips

    def simulate(self, motions: Motion | Sequence[Motion]) -> Any:
        """Simulate whole clips: the accurate way, to be cut into windows afterwards.

        Parameters
        ----------
        motions : Motion or sequence of Motion
            What is played. Time stamps need not be even. Draws are keyed by names: clips of one
            name get the same body, mount and device.

        Returns
        -------
        Recording or list of Recording
            One per motion, starting with its first frame on the same clock; label, subject,
            name and texts are carried along. Readings that rest on pauses, on joints that were
            not measured, or on frames that no body produces are not observed: straight lines
            stand there, and NaN where a sensor was never seen.

        Raises
        ------
        TypeError
            If something else than motions is given.
        ValueError
            If readings are beyond `limits` and `implausible` is "raise".

        Warns
        -----
        UserWarning
            If readings are beyond `limits`, or frames are not believed: once for all clips.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn import Motion, SMPLIMUSimulator
        >>> motion = Motion(np.zeros((90, 24, 3)), rate=30.0, label="still")
        >>> recording = SMPLIMUSimulator().simulate(motion)
        >>> recording.channels[0], str(recording.labels[0])
        ('left_wrist_acc_x', 'still')
        """
        clips, single = _clips(motions, "simulate")
        self._validate_params()
        rig = self._rig()
        played = Parallel(n_jobs=self.n_jobs)(delayed(_record)(rig, clip) for clip in clips)
        names = [clip.name or f"clip {i}" for i, clip in enumerate(clips)]
        found = [(names[i], one) for i, (_, taken) in enumerate(played) for one in taken.excess]
        rushing = [
            (name, clip.rate)
            for name, clip, (_, taken) in zip(names, clips, played, strict=True)
            if taken.rushing[0]
        ]
        recordings = [recording for recording, _ in played]
        lost = [
            (name, share)
            for name, (recording, taken) in zip(names, played, strict=True)
            if (share := 1 - float(recording.observed.mean())) and (taken.doubted[0] or share == 1)
        ]
        self._report(rig, _Amiss(found, rushing, lost), len(clips))
        return recordings[0] if single else recordings

    def vary(self, motions: Motion | Sequence[Motion]) -> Any:
        """Return the motions as `simulate` plays them: mirrored and in another tempo, as drawn.

        Parameters
        ----------
        motions : Motion or sequence of Motion
            What `simulate` is given.

        Returns
        -------
        Motion or list of Motion
            To be paired with the recordings. Captions and labels are carried along, also where
            they name a side.

        Raises
        ------
        TypeError
            If something else than motions is given.
        ValueError
            If motions vary and `random_state` is not an integer: another call would draw other
            values.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn import Motion, SMPLIMUSimulator
        >>> from m3n_sklearn.simulation import Randomization
        >>> motion = Motion(np.zeros((90, 24, 3)), rate=30.0, name="still")
        >>> simulator = SMPLIMUSimulator(randomize=Randomization(tempo=0.2), random_state=0)
        >>> pair = simulator.vary(motion), simulator.simulate(motion)
        """
        clips, single = _clips(motions, "vary")
        rig = self._repeatable_rig()
        varied = [rig.draw(_clip_key(clip)).vary(clip) for clip in clips]
        return varied[0] if single else varied

    def draws(self, X: Windows | Motion | Sequence[Motion]) -> dict[str, list[Any]]:
        """List what is drawn for each clip: the table that a study of variation needs.

        Parameters
        ----------
        X : Windows, Motion or sequence of Motion
            What `transform` or `simulate` is given.

        Returns
        -------
        dict of str to list
            Columns with one entry per row or motion, see `ClipDraw.record`;
            ``pandas.DataFrame`` takes it as it is.

        Raises
        ------
        ValueError
            If `random_state` is not an integer: another call would draw other values.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn import Motion, SMPLIMUSimulator
        >>> from m3n_sklearn.simulation import Randomization
        >>> simulator = SMPLIMUSimulator(
        ...     sites="chest", randomize=Randomization(stature_sd=0.1), random_state=0
        ... )
        >>> table = simulator.draws(Motion(np.zeros((30, 24, 3)), rate=30.0, name="still"))
        >>> table["clip"], round(table["taller"][0], 2)
        (['still'], 0.17)
        """
        rig = self._repeatable_rig()
        if isinstance(X, Windows):
            rows = np.flatnonzero(X.present("pose"))
            keys = [clip for clip, _ in row_keys(X, rows, "pose")]
            names = [str(name) for name in X["clip"][rows]] if "clip" in X else [""] * len(rows)
        else:
            clips, _ = _clips(X, "draws")
            keys = [_clip_key(clip) for clip in clips]
            names = [clip.name or "" for clip in clips]
        pairs = zip(keys, names, strict=True)
        return draws_table(rig.draw(key).record(rig.names, name) for key, name in pairs)

    # ---- windows

    def _read_rows(
        self, X: Windows, rows: NDArray[np.int64], frames: Frames
    ) -> tuple[Array, Mask, _Amiss]:
        """Return readings (rows, T, S, 6) of rows with poses, what was seen, and what is amiss."""
        rig = self._rig()
        if rig.spread.changes_motion:
            raise ValueError(
                "Windows keep their frames, so they can be neither mirrored nor played at another "
                "tempo. Cut them from varied clips: cut(zip(simulator.vary(motions), "
                "simulator.simulate(motions)), pose_rate=60.0, ...)."
            )
        samples = frames.samples(self.rate)
        readings = np.zeros((len(rows), samples, len(rig.names), 6))
        keys = row_keys(X, rows, "pose") if rig.is_random else [(b"", b"")] * len(rows)
        apart = [clip if rig.spread.changes_body else b"" for clip, _ in keys]
        groups = list(batches(frames, rows, people(X, rows), sources(X, rows), apart))
        poses = X["pose"]
        trans = X["trans"] if "trans" in X else np.zeros((*poses.shape[:2], 3), poses.dtype)
        known = None
        if "pose_observed" in X:
            known = X["pose_observed"] | ~X.present("pose_observed")[:, None, None]
        parts = Parallel(n_jobs=self.n_jobs)(
            delayed(rig.read)(
                Take(
                    poses[rows[group.members], group.cut],
                    trans[rows[group.members], group.cut],
                    frames.times(group.cut),
                    np.arange(samples) / self.rate,
                    group.person,
                    group.source,
                    [keys[i] for i in group.members],
                    None if known is None else known[rows[group.members], group.cut],
                )
            )
            for group in groups
        )
        seen = np.ones(readings.shape[:3], dtype=bool)
        found: list[tuple[str, Excess]] = []
        rushing: list[tuple[str, float]] = []
        lost: list[tuple[str, float]] = []
        for group, part in zip(groups, parts, strict=True):
            readings[group.members], seen[group.members] = part.data, part.seen
            names = [f"row {rows[i]}" for i in group.members]
            found += [(names[one.row], one) for one in part.excess]
            rushing += [(names[i], frames.rate) for i in np.flatnonzero(part.rushing)]
            share = 1 - part.seen.mean(axis=(1, 2))
            told = (share > 0) & (part.doubted | (share == 1))
            lost += [(names[i], float(share[i])) for i in np.flatnonzero(told)]
        return readings, seen, _Amiss(found, rushing, lost)

    def _report(self, rig: Rig, amiss: _Amiss, clips: int) -> None:
        """Say what no body produces, with names."""
        bones = rig.wardrobe.bones()
        named = [(clip, rig.names[one.site], bones[one.site], one) for clip, one in amiss.found]
        report(named, amiss.rushing, amiss.lost, clips, self.implausible, stacklevel=3)

    def _assemble(
        self, X: Windows, rows: Any, simulated: Array, seen: Mask, frames: Frames
    ) -> Windows:
        """Put readings beside the trimmed poses."""
        poses = X["pose"]
        count, samples = len(X), frames.samples(self.rate)
        imu = np.zeros((count, len(self._channels()), samples), dtype=poses.dtype)
        there = X.present("pose").copy()
        observed = np.ones(imu.shape, dtype=bool)
        observed[rows] = np.repeat(seen, 6, axis=2).swapaxes(1, 2)
        simulated_rows = there.copy()
        if self.implausible == "mask":
            there &= observed.all(axis=(1, 2))
        simulated = np.where(np.isfinite(simulated), simulated, 0.0)
        imu[rows] = simulated.reshape(len(rows), samples, imu.shape[1]).swapaxes(1, 2)
        measured = X.present("imu") & ~simulated_rows
        if measured.any():
            self._check_measured(X, imu.shape)
            imu[measured] = X["imu"][measured]
            if "observed" in X:
                observed[measured] = X["observed"][measured]
            there |= measured
        framed = ("pose", "trans", "pose_observed")
        trimmed = {name: X[name][:, frames.core] for name in framed if name in X}
        masks = {name: X.present(name) for name in trimmed} | {"imu": there}
        if not observed.all():
            trimmed["observed"] = observed
        return X.drop("context", "observed").assign(
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

    def _site_names(self) -> tuple[str, ...]:
        expected = "site names or Site objects, such as ('left_wrist', 'right_wrist')"
        single = isinstance(self.sites, (str, Site))
        sites = [self.sites] if single else list_of(self.sites, "sites", expected)
        return tuple(site.name if isinstance(site, Site) else str(site) for site in sites)

    def _channels(self) -> tuple[str, ...]:
        return channel_names(self._site_names())

    def _rig(self) -> Rig:
        """Check what ranges of parameters can't say, and put everything together."""
        wardrobe = Wardrobe(self.body, self.sites)
        wardrobe.dress(Person())
        names = self._site_names()
        spread = Randomization() if self.randomize is None else self.randomize
        spread.check()
        rig = Rig(
            wardrobe=wardrobe,
            names=names,
            rate=float(self.rate),
            smoothing=self.smoothing,
            frame=self.frame,
            readout=self.readout,
            engine=self.engine,
            mounts=_fixed_mounts(self.mount, names),
            gravity=check_vector(self.gravity, "gravity"),
            noise=resolve_noise(self.noise),
            spread=spread,
            entropy=0,
            limits=check_limits(self.limits, names),
            masks=self.implausible == "mask",
            noises=getattr(self, "body_noise_", {}),
            calibration=getattr(self, "calibration_", {}),
        )
        if rig.is_random:
            rig = dataclasses.replace(rig, entropy=root_entropy(self.random_state))
        return rig

    def _repeatable_rig(self) -> Rig:
        self._validate_params()
        rig = self._rig()
        if rig.spread.is_random and not isinstance(self.random_state, Integral):
            raise ValueError(
                f"The draws of random_state={self.random_state!r} are new in every call: give an "
                "integer, so that they are those of the simulation."
            )
        return rig

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        if not issparse(X) and _is_no_array(X):
            raise TypeError(
                f"{'fit takes motions,' if reset else 'transform takes'} Windows or an array of "
                f"readings, got {type(X).__name__}. Convert tables with as_windows"
                f"{'.' if reset else '; whole motions go to simulate.'}"
            )
        if getattr(X, "ndim", 2) > 3:
            raise ValueError(
                f"Arrays are readings of shape (n, channels, samples) or (n, samples), got "
                f"{X.shape}. Poses come as Windows(pose=..., rate=...)."
            )
        return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)


def _clips(motions: Any, method: str) -> tuple[list[Motion], bool]:
    """Return the motions as a list, and whether there was just one."""
    single = isinstance(motions, Motion)
    several = isinstance(motions, Iterable) and not isinstance(motions, Windows)
    clips = list(motions) if several else [motions]
    for clip in clips:
        if not isinstance(clip, Motion):
            raise TypeError(
                f"{method} takes a Motion or a list of them, got {type(clip).__name__}. Windows of "
                "poses go to transform."
            )
    return clips, single


def _are_motions(X: Any) -> bool:
    return isinstance(X, Motion) or (isinstance(X, (list, tuple)) and _first(X, Motion))


def _first(items: Sequence[Any], kind: type) -> bool:
    return len(items) > 0 and isinstance(items[0], kind)


def _paired(measured: Any, X: Any, rig: Rig) -> list[Recording]:
    """Return one recording per motion."""
    if isinstance(X, Windows) and "pose" in X:
        return recordings_of(measured, X, rig)
    if not _are_motions(X):
        raise ValueError(
            "measured needs the movements that were measured: fit on motions or windows of poses."
        )
    given = [measured] if isinstance(measured, Recording) else measured
    if not isinstance(given, (list, tuple)) or not all(isinstance(r, Recording) for r in given):
        raise TypeError(
            f"measured must be a Recording for each motion, got {type(measured).__name__}."
        )
    return list(given)


def _clip_key(motion: Motion) -> bytes:
    return stable_key(motion.name or _content_key(motion))


def _content_key(motion: Motion) -> bytes:
    return stable_key(motion.poses, motion.trans, motion.times)


def _record(rig: Rig, motion: Motion) -> tuple[Recording, Taken]:
    """Play one clip; return what the sensors read, too."""
    key = _clip_key(motion)
    motion = rig.draw(key).vary(motion)
    take = Take(
        motion.poses[None],
        motion.trans[None],
        motion.times,
        output_times(motion.times[0], motion.times[-1], rig.rate),
        Person.of(motion.sex, motion.stature, motion.betas),
        motion.source,
        [(key, _content_key(motion) if rig.is_random else b"")],
        None if motion.observed is None else motion.observed[None],
    )
    taken = rig.read(take)
    data, seen = taken.data[0], taken.seen[0]
    recording = Recording.trusted(
        data.reshape(len(data), -1),
        rig.rate,
        channel_names(rig.names),
        labels=None if motion.label is None else np.full(len(data), motion.label),
        subject=motion.subject,
        name=motion.name,
        start=float(motion.times[0]),
        observed=np.repeat(seen, 6, axis=1),
        text=motion.text,
    )
    return recording, taken


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
    return first is None or isinstance(first, (str, Mapping, Motion, Recording, Iterator))
