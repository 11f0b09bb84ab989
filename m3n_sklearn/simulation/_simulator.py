"""SMPLIMUSimulator: readings of inertial sensors on a moving body."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin

from .._compat import (
    Interval,
    StrOptions,
    WorksUnfitted,
    check_feature_names_in,
    fit_context,
    root_entropy,
    validate_data,
)
from .._hashing import stable_key
from .._typing import AnyArray, Array
from .._validation import RATES, check_rotation, check_vector, list_of
from .._windows import Windows
from ..body import BodyModel, Site
from ..motion import Motion, warn_if_fast
from ..recording import Recording, channel_names
from ._guard import LIMITS, check_limits
from ._keys import row_keys
from ._learning import calibrate_rig, learn_noise, motions_of, recordings_of
from ._noise import IMUNoise, resolve_noise
from ._randomization import Randomization, draws_table
from ._rig import Bodies, Person, Readings, Rig, Take
from ._rigid_body import GRAVITY, output_times
from ._rows import Frames, read_rows, with_readings

__all__ = ["SMPLIMUSimulator"]


class SMPLIMUSimulator(  # type: ignore[call-arg]
    WorksUnfitted, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Simulate accelerometers and gyroscopes on a moving body.

    The simulator fits a continuous curve through the poses and differentiates it exactly. Forward
    kinematics carries positions, velocities and accelerations to the sensors. An accelerometer
    reads specific force ``R^T (a - g)``, that is +9.81 m/s² on the axis that points up at rest. A
    gyroscope reads the angular rate in its own frame.

    The simulator works without `fit`. `fit` estimates the noise of each source of poses and, from
    measured readings, how the sensors were worn. Both are used afterwards.

    Parameters
    ----------
    body : "default", BodyModel or smplx-like object, default="default"
        Body that moves. ``"default"`` is :func:`m3n_sklearn.body.default_body`. It takes sex and
        stature of a clip where these are known, and ignores betas. Other bodies take betas and
        stature.
    sites : sequence of str or Site, default=("left_wrist", "right_wrist")
        Places of the sensors; see :func:`m3n_sklearn.body.list_sites`.
    rate : float, default=50.0
        Sampling rate of the sensors in Hz, from 0.1 to 100000. It does not depend on the frame rate
        of the poses.
    smoothing : {"auto"}, float or None, default="auto"
        Cut-off of the low-pass that removes noise from the poses before they are differentiated:

        - ``"auto"`` selects a cut-off for each clip and each bone that carries a sensor. Poses from
          cameras, known by the source of a motion, get at most 2 to 2.4 Hz.
        - A number is the cut-off in Hz.
        - None does not smooth.
    frame : {"skin", "bone", "triangle"}, default="skin"
        What the sensor is attached to: the skin (at a wrist, it follows a share of the twist of the
        forearm), the bone, or a triangle of three vertices; see
        :func:`~m3n_sklearn.body.site_kinematics`.
    readout : {"point", "mean"}, default="point"
        Values at the sampling times, or means over the intervals that end there. Angular rates that
        are means integrate exactly to rotations.
    mount : array-like of shape (3, 3) or mapping of site name to that, optional
        Rotation of the sensor in its site. Its columns are the axes of the sensor in the frame of
        the site. The default is the identity.
    gravity : sequence of 3 floats, default=(0.0, 0.0, -9.80665)
        Acceleration of free fall in the world in m/s².
    noise : IMUNoise, str or None, default=None
        Error model of the sensors, or the name of a preset. None is an ideal sensor. Its own
        `rate`, `channels` and `random_state` are ignored here.
    randomize : Randomization or None, default=None
        Random variation of bodies, sensors and motions from clip to clip.
    engine : {"numpy", "numba"}, default="numpy"
        Implementation of the kinematics. Numba (extra ``numba``) is faster; the results agree to
        1e-10.
    random_state : int, RandomState or None, default=None
        Seed of noise and variation. Draws depend on clip, site and window. They do not depend on
        order, batches or `n_jobs`.
    n_jobs : int or None, default=None
        Number of processes for the clips, as in joblib. The results are bit-equal for any number.
    implausible : {"warn", "raise", "mask"}, default="warn"
        Treatment of readings beyond `limits`, after smoothing and before noise:

        - ``"warn"`` gives one warning per call, with clips, times and likely causes.
        - ``"raise"`` raises an error.
        - ``"mask"`` marks these readings and 0.1 s around them as not observed. It masks a whole
          clip if its pelvis keeps accelerating by more than 2 g.

        Where the source is a camera, such readings are always marked as not observed, because a
        camera cannot resolve them.
    limits : tuple of two floats or mapping of site name to that, default=(156.9064, 34.9066)
        Specific force in m/s² and angular rate in rad/s that no body exceeds: 16 g and 2000 °/s.

    Attributes
    ----------
    body_noise_ : dict of str or None to BodyNoise
        Noise of the poses of each source (see `Motion`) in arms, legs and trunk. Available after
        fitting on poses with ``smoothing="auto"``. Measured readings scale it. It can only lower
        the cut-off of a clip.
    calibration_ : dict of str to Calibration
        How the sensor at each site was worn. Available after fitting with `measured`. Its mount and
        gravity replace `mount` and `gravity`.
    n_features_in_ : int
        Number of channels (3-D) or samples (2-D). Available after fitting on an array.

    See Also
    --------
    rigid_body_imu : The same physics for a tracked rigid body.
    IMUNoise : Error model of the sensors.
    Randomization : Variation from clip to clip.

    Notes
    -----
    Windows contain a ``margin`` of frames at both ends; ``context`` (n, 2) counts the real ones.
    The curve is fitted through the real frames, then the margin is trimmed. Without a margin, the
    ends of each window are the ends of its curve, where accelerations are least certain. A sample
    between the last real frame and the end of the window repeats the state at that frame.

    Without a column ``clip`` (or the name of a motion), draws depend on the values of the poses.
    Equal motions then get equal draws, and equal rows are told apart by their number of earlier
    occurrences.

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

    The noise is searchable by nested names.

    >>> from m3n_sklearn.simulation import IMUNoise
    >>> SMPLIMUSimulator(noise=IMUNoise()).set_params(noise__acc__density=0.002).noise
    IMUNoise(acc=SensorNoise(density=0.002))
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
        """Estimate the noise of the poses and, from measured readings, how sensors were worn.

        Parameters
        ----------
        X : Windows, Motion, sequence of Motion, or array-like of shape (n, C, T) or (n, T)
            Poses, as windows or whole clips. Arrays are readings; nothing is estimated from them.
        y : object, optional
            Ignored.
        measured : Recording, sequence of Recording, Windows or array-like, optional
            Readings of the same movements: one recording per motion, or windows (arrays of shape
            (n, 6 sites, T) at `rate`) for the rows of X. The clocks may differ by up to half a
            second. All readings must come from one wearer.

        Returns
        -------
        SMPLIMUSimulator
            This estimator.

        Raises
        ------
        ValueError
            If X and `measured` are not paired, or a site was not measured.

        See Also
        --------
        calibrate : The method that is applied to `measured`.
        """
        # 1. Forget what an earlier fit has estimated.
        for learned in ("body_noise_", "calibration_", "n_features_in_", "feature_names_in_"):
            if hasattr(self, learned):
                delattr(self, learned)
        # 2. Convert the poses to whole motions; arrays of readings have none.
        if isinstance(X, Windows):
            _check_windows(X)
            motions = motions_of(X) if "pose" in X else []
        elif _are_motions(X):
            motions = _clips(X, "fit")[0]
        else:
            if isinstance(X, (list, tuple)) and len(X) == 0:
                raise ValueError("Cannot fit: the list of motions is empty.")
            self._check_array(X, reset=True)
            motions = []
        # 3. Estimate the noise of the poses of each source.
        rig = self._rig()
        if len(motions) and self.smoothing == "auto":
            self.body_noise_ = learn_noise(motions, rig.bodies)
            rig = dataclasses.replace(rig, noises=self.body_noise_)
        # 4. Calibrate each site against the measured readings, which also rescale the pose noise.
        if measured is not None:
            found = calibrate_rig(rig, motions, _paired(measured, X, rig))
            self.calibration_ = found.calibration
            if found.noises:
                self.body_noise_ = found.noises
        return self

    def transform(self, X: Any) -> Any:
        """Simulate the sensors of pose windows; existing readings are passed through.

        Parameters
        ----------
        X : Windows or array-like of shape (n, C, T) or (n, T)
            Windows with ``pose`` (and ``trans``) get ``imu``. Rows with readings and no pose keep
            their readings; rows with both get new ones. Arrays are readings.

        Returns
        -------
        Windows or ndarray
            The same number of rows as X, in the same order. Windows have no margin and a column
            ``imu`` of shape (n, 6 sites, T) with T = round(seconds * rate), in the dtype of
            ``pose``. They have a column ``observed`` of the same shape if some readings were not
            observed: these are interpolated linearly, or zero if the sensor was never observed.
            With ``implausible="mask"``, rows that were not observed throughout have no ``imu``.

        Raises
        ------
        ValueError
            For NaN, rows with neither poses nor readings, an unknown pose rate, or measured
            rows whose channels, rate or length differ from the simulated ones; and if readings
            are beyond `limits` and `implausible` is "raise".

        Warns
        -----
        UserWarning
            If readings are beyond `limits`, or frames are implausible: once for all rows.
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
        rig = self._rig()
        taken = read_rows(rig, X, frames, self.n_jobs)
        takes = [([f"row {row}" for row in rows], frames.rate, part) for rows, part in taken]
        rig.report(takes, self.implausible)
        return with_readings(X, taken, frames, rig)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to X, then transform it; see `transform`.

        Parameters
        ----------
        X : Windows or array-like
            Input.
        y : object, optional
            Ignored.
        **fit_params : dict
            Passed to `fit`.

        Returns
        -------
        Windows or ndarray
            Output of `transform`.
        """
        return self.fit(X, y, **fit_params).transform(X)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> AnyArray:
        """Get the names of the output: channels of windows, or the input features of an array.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the features of the array that was passed to `fit`.

        Returns
        -------
        ndarray of str
            Names such as ``left_wrist_acc_x``; those of the input after fitting on an array.
        """
        if not hasattr(self, "n_features_in_"):
            # poses have no names, so those of the step before are not compared
            return np.asarray(self._channels(), dtype=object)
        return check_feature_names_in(self, input_features)

    # ---- whole clips

    def simulate(self, motions: Motion | Sequence[Motion]) -> Any:
        """Simulate whole clips.

        This is more accurate than `transform`. Cut the recordings into windows afterwards.

        Parameters
        ----------
        motions : Motion or sequence of Motion
            Clips. Their time stamps need not be evenly spaced. Draws depend on the names of the
            clips: clips of one name get the same body, mount and device.

        Returns
        -------
        Recording or list of Recording
            One recording per motion, which starts with its first frame on the same clock and has
            its label, subject, name and texts. Readings are marked as not observed where they
            depend on pauses, on joints that were not measured, or on implausible frames. These
            readings are interpolated linearly, or NaN if the sensor was never observed.

        Raises
        ------
        TypeError
            If `motions` is not a Motion or a sequence of these.
        ValueError
            If readings are beyond `limits` and `implausible` is "raise".

        Warns
        -----
        UserWarning
            If readings are beyond `limits`, or frames are implausible: once for all clips.

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
        takes = [
            ([name], clip.rate, taken)
            for name, clip, (_, taken) in zip(names, clips, played, strict=True)
        ]
        rig.report(takes, self.implausible)
        recordings = [recording for recording, _ in played]
        return recordings[0] if single else recordings

    def vary(self, motions: Motion | Sequence[Motion]) -> Any:
        """Return the motions that `simulate` uses: mirrored and at another tempo, as drawn.

        Parameters
        ----------
        motions : Motion or sequence of Motion
            The clips that are passed to `simulate`.

        Returns
        -------
        Motion or list of Motion
            Motions that match the recordings. Captions and labels are not changed, even if they
            name a side.

        Raises
        ------
        TypeError
            If `motions` is not a Motion or a sequence of these.
        ValueError
            If motions vary and `random_state` is not an integer, because each call would then draw
            new values.

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

    def worn(self, motion: Motion) -> tuple[BodyModel, list[Site]]:
        """Return the body that `simulate` moves, and the sensors on it.

        Parameters
        ----------
        motion : Motion
            A clip that is passed to `simulate`.

        Returns
        -------
        body : BodyModel
            Body of the person, varied as drawn.
        sites : list of Site
            Places and axes of the sensors, with `mount`, calibration and random variation.

        Raises
        ------
        TypeError
            If `motion` is not a Motion.
        ValueError
            If bodies or sensors vary and `random_state` is not an integer, because each call would
            then draw new values.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn import Motion, SMPLIMUSimulator
        >>> simulator = SMPLIMUSimulator(sites="left_wrist", mount=np.diag([-1.0, -1.0, 1.0]))
        >>> body, [site] = simulator.worn(Motion(np.zeros((90, 24, 3)), rate=30.0))
        >>> site.orientation[:, 1].tolist()  # y points to the front: the watch is turned
        [0.0, 0.0, 1.0]
        """
        if not isinstance(motion, Motion):
            raise TypeError(f"worn takes one Motion, got {type(motion).__name__}.")
        rig = self._repeatable_rig()
        person = Person.of(motion.sex, motion.stature, motion.betas)
        return rig.worn(person, rig.draw(_clip_key(motion)))

    def draws(self, X: Windows | Motion | Sequence[Motion]) -> dict[str, list[Any]]:
        """Return a table of what is drawn for each clip.

        Parameters
        ----------
        X : Windows, Motion or sequence of Motion
            Input of `transform` or `simulate`.

        Returns
        -------
        dict of str to list
            Columns with one entry per row or motion, as ``pandas.DataFrame`` accepts it: ``clip``,
            ``speed``, ``mirrored``, ``taller`` in m, ``device``, and ``beta_0``, ``beta_1``, … if
            betas vary. Each site has ``<site>_shift_x``, ``_y`` and ``_z`` in m and
            ``<site>_turn_x``, ``_y`` and ``_z``, the rotation vector of its mount in rad.

        Raises
        ------
        ValueError
            If `random_state` is not an integer, because each call would then draw new values.

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

    # ---- shared

    def _site_names(self) -> tuple[str, ...]:
        """Return the names of the sites."""
        expected = "site names or Site objects, such as ('left_wrist', 'right_wrist')"
        single = isinstance(self.sites, (str, Site))
        sites = [self.sites] if single else list_of(self.sites, "sites", expected)
        return tuple(site.name if isinstance(site, Site) else str(site) for site in sites)

    def _channels(self) -> tuple[str, ...]:
        """Return the names of the channels."""
        return channel_names(self._site_names())

    def _rig(self) -> Rig:
        """Check what constraints of single parameters cannot express; assemble the rig."""
        bodies = Bodies(self.body, self.sites)
        bodies.fitted(Person())
        names = self._site_names()
        spread = Randomization() if self.randomize is None else self.randomize
        spread._validate_params()
        noise = resolve_noise(self.noise)
        noise._validate_params()
        rig = Rig(
            bodies=bodies,
            names=names,
            rate=float(self.rate),
            smoothing=self.smoothing,
            frame=self.frame,
            readout=self.readout,
            engine=self.engine,
            mounts=_fixed_mounts(self.mount, names),
            gravity=check_vector(self.gravity, "gravity"),
            noise=noise,
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
        """Return the rig, or raise an error if each call would draw other values."""
        self._validate_params()
        rig = self._rig()
        if rig.spread.is_random and not isinstance(self.random_state, Integral):
            raise ValueError(
                f"With random_state={self.random_state!r}, each call draws new values, other than "
                "those of the simulation. Set random_state to an integer."
            )
        return rig

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        """Return an array of readings, or raise an error."""
        if not issparse(X) and _is_no_array(X):
            raise TypeError(
                f"{'fit takes motions,' if reset else 'transform takes'} Windows or an array of "
                f"readings, got {type(X).__name__}. Convert tables with as_windows"
                f"{'.' if reset else '; pass whole motions to simulate.'}"
            )
        if getattr(X, "ndim", 2) > 3:
            raise ValueError(
                f"An array of readings must have shape (n, channels, samples) or (n, samples), got "
                f"{X.shape}. Pass poses as Windows(pose=..., rate=...)."
            )
        return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)


def _clips(motions: Any, method: str) -> tuple[list[Motion], bool]:
    """Return the motions as a list, and whether a single one was given."""
    single = isinstance(motions, Motion)
    several = isinstance(motions, Iterable) and not isinstance(motions, Windows)
    clips = list(motions) if several else [motions]
    for clip in clips:
        if not isinstance(clip, Motion):
            raise TypeError(
                f"{method} takes a Motion or a list of these, got {type(clip).__name__}. Pass "
                "windows of poses to transform."
            )
    return clips, single


def _are_motions(X: Any) -> bool:
    """Tell whether X is a motion or a list of motions."""
    return isinstance(X, Motion) or (isinstance(X, (list, tuple)) and _first(X, Motion))


def _first(items: Sequence[Any], kind: type) -> bool:
    """Tell whether the first item has a type."""
    return len(items) > 0 and isinstance(items[0], kind)


def _paired(measured: Any, X: Any, rig: Rig) -> list[Recording]:
    """Return one recording per motion."""
    if isinstance(X, Windows) and "pose" in X:
        return recordings_of(measured, X, rig)
    if not _are_motions(X):
        raise ValueError(
            "measured needs the poses of the same movements: fit on motions or windows of poses."
        )
    given = [measured] if isinstance(measured, Recording) else measured
    if not isinstance(given, (list, tuple)) or not all(isinstance(r, Recording) for r in given):
        raise TypeError(
            f"measured must be one Recording per motion, got {type(measured).__name__}."
        )
    return list(given)


def _clip_key(motion: Motion) -> bytes:
    """Return the key of the draws of a motion: from its name or its values."""
    return stable_key(motion.name or _content_key(motion))


def _content_key(motion: Motion) -> bytes:
    """Return a key from the values of a motion."""
    return stable_key(motion.poses, motion.trans, motion.times)


def _record(rig: Rig, motion: Motion) -> tuple[Recording, Readings]:
    """Simulate one clip; return the recording and all that was found."""
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
    """Return the mount of each site."""
    if mount is None:
        return {name: np.eye(3) for name in names}
    if not isinstance(mount, Mapping):
        return {name: check_rotation(mount, "mount") for name in names}
    unknown = set(mount) - set(names)
    if unknown:
        raise ValueError(
            f"mount contains {', '.join(sorted(map(str, unknown)))}, but the sites are "
            f"{', '.join(names)}."
        )
    return {name: check_rotation(mount.get(name, np.eye(3)), f"mount[{name!r}]") for name in names}


def _check_windows(X: Windows) -> None:
    """Raise ValueError for windows without poses and readings, or without rows."""
    if "pose" not in X and "imu" not in X:
        raise ValueError(
            f"X has neither a column 'pose' nor a column 'imu', only {', '.join(X.columns)}."
        )
    if len(X) == 0:
        raise ValueError("Found array with 0 sample(s): the windows have no rows.")


def _is_no_array(X: Any) -> bool:
    """Tell whether X cannot be an array of readings."""
    first = X[0] if isinstance(X, (list, tuple)) and X else X
    return first is None or isinstance(first, (str, Mapping, Motion, Recording, Iterator))
