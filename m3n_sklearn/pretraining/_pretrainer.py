"""Multi3NetPretrainer: the estimator around networks, objectives and data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from .._checks import RATES
from .._inputs import ImuWindows, InputMap, read_imu
from .._runtime import LiveModule, derive_rng, derive_seed, isolated, resolve_device
from .._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    epoch_callbacks,
    fit_context,
    root_entropy,
)
from ..motion._motion import as_sentences
from ..nets import (
    ORIENTATIONS,
    Multi3Net,
    get_weights,
    multi3net_config,
    place_unknown_site,
    set_weights,
)
from ..persistence import Persistent
from ..text import encode_unique, resolve_text_encoder
from ..windows import Windows
from . import _inference as inference
from ._data import PretrainingData
from ._groups import Named, group_units
from ._sampler import NearMisses
from ._setup import (
    check_choices,
    check_parts,
    check_rates,
    choose_objectives,
    hold_out,
    measure_scales,
    present_rows,
    spread_rows,
    unlabelled_rows,
)
from ._sources import (
    Captions,
    ImuSource,
    RecordedImu,
    SimulatedImu,
    number_sentences,
    read_poses,
)
from .augmentation import (
    PRETRAINING,
    Augmentation,
    resolve_augmentation,
)
from .corpus import open_corpus
from .losses import DECODERS, NEEDS, PAIRS, Objectives
from .retrieval import retrieval_at_1

__all__ = ["Multi3NetPretrainer"]

AnyArray = NDArray[Any]

FEWEST_EPOCHS, FEWEST_STEPS = 40, 800
"""Passes over the corpus, and steps, that a fit takes at least when max_epochs is "auto"."""

CHECKED_AT_ONCE = 16_384
"""Windows that are read at once to check them."""


class Multi3NetPretrainer(
    CallbackSupportMixin,
    Persistent,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Learn one space of IMU, pose and text.

    Parameters
    ----------
    encoder : {"default", "paper"}, default="default"
        Strided convolutions, or the published architecture [1]_ (one attention layer over
        tokens, decoders from one vector, 256 components, fixed temperature 0.07) with correct
        losses and decoders over whole windows. The latter reads one window length only.
    corpus : Windows or path-like, optional
        What to train on instead of X: in memory, or a folder written by
        :func:`~m3n_sklearn.pretraining.save_corpus`, which stays on disk.
    simulator : transformer, optional
        Such as :class:`~m3n_sklearn.simulation.SMPLIMUSimulator`: simulates the IMU of rows that
        have a pose, again and differently every `simulate_every` epochs. It is cloned and fitted
        on the corpus; wrap it in ``FrozenEstimator`` to use it as it was fitted. None takes the
        IMU that is there.
    text_encoder : str, path-like or object with ``encode``, default="all-MiniLM-L6-v2"
        What turns sentences into vectors; frozen. ``"hashing"`` needs no model.
    objectives : "auto" or mapping of str to float, default="auto"
        Weights of ``imu_pose``, ``imu_text``, ``pose_text`` (contrast), ``pose2imu`` (predict the
        whole IMU window from the pose) and ``reconstruction`` (of hidden spans). "auto" is 1 for
        all and 0.5 for the last. Objectives run on the rows that have their modalities.
        ``imu_imu`` (contrast of two augmented views of a window [2]_), which needs no modality but
        the IMU, is off unless it is named.
    n_components : int, optional
        Size of the joint space; None is 128, or 256 for the paper's encoder.
    width : int, optional
        Width of the encoders; None is 128, or 256 for the paper's (then a multiple of 8).
    norm : {"group", "layer", "batch"}, default="group"
        Normalisation in the default encoder.
    orientation : str, default="raw"
        What the default encoder reads of a sensor: ``"raw"`` its axes as they are; ``"gravity"``
        turned so that the mean acceleration of the window points along z; ``"invariant"`` lengths
        and products that do not depend on the mount; or ``"raw+invariant"``,
        ``"gravity+invariant"``. Nothing can be reconstructed from ``"invariant"`` alone.
    rate : float, default=50.0
        Samples per second that the IMU encoder works at. `Windows` with another rate are
        resampled; a generic series never is. Bare arrays have no rate: those of `fit` are taken
        to have this one, and then all others too. After training on `Windows` of known rate,
        bare arrays are refused.
    channels : sequence of str, optional
        Channel names of a bare array, such as ``left_wrist_acc_x``. None reads 3 channels as the
        accelerometer of one site, 6 as accelerometer and gyro, 12 as two sites, and anything
        else as a generic series.
    augment : "auto", "so3", "cone", Augmentation or None, default="auto"
        Random changes of the IMU while training. "auto" turns every sensor within a cone of 50
        degrees, sometimes straps it on the other way round, adds noise, drops gyros and sites and
        crops; generic series are left alone. Simulate with the `mount` that your recordings have;
        "so3" is for those whose mounting nobody knows.
    similar_captions : float, optional
        Cosine of sentence vectors from which on different captions are never negatives of each
        other [3]_. None makes all negatives that share no sentence.
    hard_negatives : float, default=0.0
        Share of each batch, at most 0.5, that is replaced by rows whose captions are near misses:
        similar to one in the batch (below `similar_captions`), but not the same.
    paraphrases : int, default=1
        How many sentences of each row are drawn in a step.
    max_epochs : int or "auto", default="auto"
        Passes over the corpus. ``"auto"`` takes at least 40 epochs and at least 800 steps.
    batch_size : int, default=128
        Rows per step, at most.
    lr, weight_decay : float, default=2e-3, 0.02
        AdamW's peak learning rate, after a warm-up and before a cosine decay, and weight decay.
    ema : float or None, default=0.995
        Decay, such as 0.999, of a running average of the weights over steps, which is kept in
        place of the last ones.
    early_stopping : bool, default=False
        Watch the loss on held-out groups (`groups`, else the corpus' column ``groups``; a clip,
        else a row, that has none is its own), stop when it no longer falls, and keep the best
        weights.
    validation_fraction : float, default=0.1
        Share of the groups to hold out.
    n_iter_no_change : int, default=10
        Epochs to wait for a lower loss.
    simulate_every : int, default=1
        Epochs after which the IMU is simulated anew.
    warm_start : bool, default=False
        Go on from the weights of the last fit, or of what was loaded, with `max_epochs` more.
        Data must have the same modalities, sites, channels and window length.
    modality : {"imu", "pose", "text"}, default="imu"
        What `transform` embeds. Captions can be labels: embed them knowingly.
    device : str, default="auto"
        "auto" is CUDA (in mixed precision) where available, else the CPU.
    random_state : int, RandomState or None, default=None
        Equal integers give bit-equal results on the CPU. None leaves NumPy's global state alone.
    verbose : int, default=0
        A progress bar if positive.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Parameters of the network.
    config_ : dict
        What the network is built from.
    input_ : InputMap
        How IMU windows become network input; None if no IMU was seen.
    objectives_ : dict of str to float
        Objectives that ran, and their weights.
    history_ : list of dict
        Mean of the loss and its terms per epoch, ``train_...`` and ``valid_...``.
    n_iter_ : int
        Epochs trained, over all warm starts.
    imu_rate_ : float or None
        Samples per second of the IMU that was trained on; None if that was not known.
    n_unlabelled_ : int
        Rows trained on that have an IMU signal and neither pose nor caption.
    unlabelled_groups_ : ndarray
        Whom these rows come from (`groups`, else the corpus' column ``groups``), each once. If
        it names a test person, results are transductive and should be marked so in tables.
    n_components_ : int
        Size of the joint space.
    n_features_in_ : int
        Channels of a 3-D X, samples of a 2-D X. Not set if only a corpus was given.
    feature_names_in_ : ndarray of str
        Column names, if X was a DataFrame.

    See Also
    --------
    m3n_sklearn.classification.Multi3NetClassifier : Uses the IMU encoder with few labels.

    Notes
    -----
    Windows of one caption (sharing a sentence) are never negatives of each other. Rotations of
    the sensor are part of the augmentation, but what is predicted from a pose is the reading in
    the simulated mount. Frames of the pose are thinned to about 30 Hz.

    References
    ----------
    .. [1] V. Fortes Rey, L. S. S. Ray, Q. Xia, K. Wu, P. Lukowicz, "Enhancing inertial hand based
       HAR through joint representation of language, pose and synthetic IMUs", ISWC 2024.
    .. [2] T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive
       learning of visual representations", ICML 2020.
    .. [3] M. Petrovich, M. J. Black, G. Varol, "TMR: text-to-motion retrieval using contrastive
       3D human motion synthesis", ICCV 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.pretraining import Multi3NetPretrainer
    >>> X = np.random.default_rng(0).normal(0, 5, (20, 6, 50)).astype("float32")
    >>> pretrainer = Multi3NetPretrainer(width=8, n_components=4, max_epochs=2, random_state=0)
    >>> pretrainer.fit_transform(X).shape
    (20, 4)
    >>> sorted(pretrainer.objectives_)
    ['reconstruction']
    """

    weights_: dict[str, AnyArray]
    config_: dict[str, Any]
    input_: InputMap  # None if there was no IMU, which `_require` rules out where it is used
    history_: list[dict[str, float]]
    n_components_: int
    imu_rate_: float | None
    n_features_in_: int

    _parameter_constraints = {
        "encoder": [StrOptions({"default", "paper"})],
        "corpus": [Windows, str, os.PathLike, None],
        "simulator": [HasMethods(["fit", "transform"]), None],
        "text_encoder": [str, os.PathLike, HasMethods("encode")],
        "objectives": [StrOptions({"auto"}), Mapping],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "width": [Interval(Integral, 1, None, closed="left"), None],
        "norm": [StrOptions({"group", "layer", "batch"})],
        "orientation": [StrOptions(set(ORIENTATIONS))],
        "rate": [Interval(Real, *RATES, closed="both")],
        "channels": ["array-like", None],
        "augment": [StrOptions({"auto", "so3", "cone"}), Augmentation, None],
        "similar_captions": [Interval(Real, 0, 1, closed="neither"), None],
        "hard_negatives": [Interval(Real, 0, 0.5, closed="both")],
        "paraphrases": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "ema": [Interval(Real, 0, 1, closed="neither"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "simulate_every": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "modality": [StrOptions({"imu", "pose", "text"})],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        encoder: str = "default",
        *,
        corpus: Windows | str | os.PathLike[str] | None = None,
        simulator: Any = None,
        text_encoder: Any = "all-MiniLM-L6-v2",
        objectives: str | Mapping[str, float] = "auto",
        n_components: int | None = None,
        width: int | None = None,
        norm: str = "group",
        orientation: str = "raw",
        rate: float = 50.0,
        channels: Sequence[str] | None = None,
        augment: Augmentation | str | None = "auto",
        similar_captions: float | None = None,
        hard_negatives: float = 0.0,
        paraphrases: int = 1,
        max_epochs: int | str = "auto",
        batch_size: int = 128,
        lr: float = 2e-3,
        weight_decay: float = 0.02,
        ema: float | None = 0.995,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        simulate_every: int = 1,
        warm_start: bool = False,
        modality: str = "imu",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.encoder = encoder
        self.corpus = corpus
        self.simulator = simulator
        self.text_encoder = text_encoder
        self.objectives = objectives
        self.n_components = n_components
        self.width = width
        self.norm = norm
        self.orientation = orientation
        self.rate = rate
        self.channels = channels
        self.augment = augment
        self.similar_captions = similar_captions
        self.hard_negatives = hard_negatives
        self.paraphrases = paraphrases
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.ema = ema
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.simulate_every = simulate_every
        self.warm_start = warm_start
        self.modality = modality
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # ---- fit

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any = None, y: Any = None, groups: ArrayLike | None = None
    ) -> Multi3NetPretrainer:
        """Train on the corpus if there is one, else on X.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), Windows, or None
            IMU windows in m/s² and rad/s, or any modalities as `Windows`. With a corpus, X is
            only checked, and may be None.
        y : None
            Ignored.
        groups : array-like of shape (n,), optional
            Who or what each row of X comes from, for `early_stopping`. A corpus says it itself,
            in its column ``groups``.

        Returns
        -------
        Multi3NetPretrainer
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or the corpus is not valid, or holds nothing to train on; if groups are given
            without X; or if early stopping leaves an objective without rows to learn from or to
            watch.
        """
        if X is None and groups is not None:
            raise ValueError(
                "groups has one entry per row of X, and X is None. A corpus names whom its rows "
                "come from in its column 'groups': corpus.assign(groups=...)."
            )
        device, seed = resolve_device(self.device), root_entropy(self.random_state)
        with isolated(derive_seed(seed, 0)):
            windows, template = self._rows(X)
            self._fit(windows, template, self._groups(windows, groups), device, seed)
        if X is not None and self.input_ is not None and not hasattr(self, "n_features_in_"):
            self.n_features_in_ = self.input_.layout.n_channels  # of a simulated IMU
        return self

    def _rows(self, X: Any) -> tuple[Windows, ImuWindows | None]:
        """Return the rows to train on, and rate and channels of their recorded IMU."""
        if X is None and self.corpus is None:
            raise ValueError("There is nothing to train on: give X, or corpus=.")
        if hasattr(self, "n_features_in_"):
            del self.n_features_in_
        imu = None
        if X is not None and not (isinstance(X, Windows) and not X.present("imu").any()):
            imu = self._recorded(X)
        if self.corpus is not None:
            corpus = self.corpus if isinstance(self.corpus, Windows) else open_corpus(self.corpus)
            if "imu" not in corpus:
                return corpus, None
            first = corpus[:1]["imu"].astype(np.float32)
            names = self.channels if corpus.channels is None else corpus.channels
            names = None if names is None else tuple(names)
            return corpus, ImuWindows(first, corpus.rate("imu"), names, False)
        if isinstance(X, Windows):
            return X, imu
        assert imu is not None
        return Windows(imu=imu.values), imu

    def _recorded(self, X: Any) -> ImuWindows:
        """Check all IMU windows. Of `Windows`, which may be on disk, only the first is kept."""
        if not isinstance(X, Windows):
            return read_imu(self, X, reset=True, channels=self.channels)
        rows = np.flatnonzero(X.present("imu"))
        first = None
        for start in range(0, len(rows), CHECKED_AT_ONCE):
            part = X[rows[start : start + CHECKED_AT_ONCE]]
            imu = read_imu(self, part, reset=True, channels=self.channels)
            first = imu.with_values(imu.values[:1].copy()) if first is None else first
        assert first is not None
        return first

    def _groups(self, windows: Windows, groups: ArrayLike | None) -> Named:
        """Return whom or what rows come from, where that is known."""
        if groups is None or self.corpus is not None:
            return Named.column(windows, "groups")
        values = np.asarray(groups)
        if values.shape != (len(windows),):
            raise ValueError(
                f"groups must have one entry per row, {len(windows)}, got shape {values.shape}."
            )
        return Named.of(values, np.ones(len(windows), dtype=bool))

    def _fit(
        self,
        windows: Windows,
        template: ImuWindows | None,
        groups: Named,
        device: str,
        seed: int,
    ) -> None:
        from .._skorch import TrainingPlan, count_epochs, train

        there = self._modalities(windows)
        check_rates(template, windows.rate("pose"))
        objectives = choose_objectives(self.objectives, there)
        modalities = tuple(m for m in there if any(m in NEEDS[name] for name in objectives))
        captions = (
            Captions.of(windows, resolve_text_encoder(self.text_encoder))
            if "text" in modalities
            else None
        )

        def gather(chosen: NDArray[np.int64] | None, every: int | None) -> PretrainingData:
            part = windows if chosen is None else windows[chosen]
            texts = captions if captions is None or chosen is None else captions.take(chosen)
            return PretrainingData(
                windows=part,
                modalities=modalities,
                imu=self._imu_source(part, template, seed, every) if "imu" in modalities else None,
                captions=texts,
                reconstruct="reconstruction" in objectives,
                two_views="imu_imu" in objectives,
                paraphrases=self.paraphrases,
            )

        rows = held = None
        if self.early_stopping:
            units = group_units(groups, Named.column(windows, "clip"))
            rows, held = hold_out(units, self.validation_fraction, derive_rng(seed, 2))
            check_parts(objectives, there, {"training": rows, "validation": held})
        data = gather(rows, self.simulate_every)
        if data.captions is not None and self.hard_negatives > 0:
            data.near_misses = NearMisses(data.captions, self.similar_captions)
            data.near_share = self.hard_negatives
        net = self._prepare(data, objectives)
        valid = None
        if held is not None:
            valid = gather(held, None)
            valid.input_map, valid.dtype = data.input_map, data.dtype
            valid.augmentation = data.augmentation
        unlabelled = unlabelled_rows(there) if "imu" in modalities else np.array([], dtype=np.int64)
        past = list(self.history_) if self._continues() else []
        plan = TrainingPlan(
            max_epochs=count_epochs(
                self.max_epochs,
                len(data),
                self.batch_size,
                fewest_epochs=FEWEST_EPOCHS,
                fewest_steps=FEWEST_STEPS,
            ),
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=self.weight_decay,
            seed=seed,
            device=device,
            ema=self.ema,
            first_epoch=len(past),
            verbose=int(self.verbose),
        )
        facts = {
            "config_": net.config,
            "input_": data.input_map,
            "objectives_": objectives,
            "n_components_": net.config["n_components"],
            "imu_rate_": None if data.imu is None else data.imu.rate,
            "n_unlabelled_": len(unlabelled),
            "unlabelled_groups_": groups.distinct(unlabelled),
        }
        with epoch_callbacks(self, max_epochs=plan.max_epochs, X=windows) as report:
            history = train(
                net,
                Objectives(objectives, self.similar_captions),
                data,
                plan,
                on_epoch=lambda now: report(
                    lambda: {**facts, "weights_": place_unknown_site(now())}
                ),
            )
        for name, value in facts.items():
            setattr(self, name, value)
        self.weights_ = place_unknown_site(get_weights(net))
        self.history_ = past + history
        self.n_iter_ = len(self.history_)
        self._live = LiveModule()

    def _modalities(self, windows: Windows) -> dict[str, NDArray[np.bool_]]:
        """Return what at least one row has, and which rows."""
        if len(windows) == 0:
            raise ValueError("There are 0 rows to train on.")
        there = present_rows(windows, simulated=self.simulator is not None)
        if self.simulator is not None and "pose" not in there:
            raise ValueError(
                "simulator= turns poses into IMU windows, but no row has a pose. Set "
                "simulator=None to train on recorded IMU, or give rows with a column 'pose'."
            )
        return there

    def _imu_source(
        self, windows: Windows, template: ImuWindows | None, seed: int, every: int | None
    ) -> ImuSource:
        if self.simulator is not None:
            return SimulatedImu(windows, self.simulator, derive_seed(seed, 3), every)
        assert template is not None
        return RecordedImu(windows, template)

    def _prepare(self, data: PretrainingData, objectives: Mapping[str, float]) -> Multi3Net:
        """Learn the input map, choose the augmentation, and build the network."""
        facts: dict[str, Any] = {}
        if data.imu is not None:
            rows = spread_rows(data.imu.present)
            imu = data.imu.read(rows)
            if imu.layout.is_series:
                imu = data.imu.read(np.flatnonzero(data.imu.present))
            data.input_map = InputMap.fit(imu, rate=self.rate)
            data.augmentation = self._augmentation(data.input_map.layout.is_series)
            data.dtype = imu.values.dtype
            _, _, channels, n_times = data.network_input(rows[:1]).shape
            sites = data.input_map.layout.sites or ("",)
            facts.update(sites=sites, in_channels=channels, n_times=n_times)
        if "pose" in data.modalities:
            facts["pose_shape"] = data.pose_shape()
        if data.captions is not None:
            facts["text_size"] = data.captions.vectors.shape[1]
        check_choices(data, objectives, self.orientation)
        config = multi3net_config(
            self.encoder,
            modalities=data.modalities,
            decoders=[name for name in DECODERS if name in objectives],
            n_components=self.n_components,
            width=self.width,
            norm=self.norm,
            orientation=self.orientation,
            **facts,
        )
        net = Multi3Net(config)
        if self._continues():
            if config != self.config_:
                raise ValueError(
                    "warm_start=True goes on from the last fit, but these data and parameters ask "
                    f"for another network: {_changes(self.config_, config)}. Set "
                    "warm_start=False, or give the same modalities, sites, channels, window length "
                    "and sizes."
                )
            set_weights(net, self.weights_)
        elif data.imu is not None:
            measure_scales(net, data)
        return net.to(torch.float64 if data.dtype == np.float64 else torch.float32)

    def _augmentation(self, series: bool) -> Augmentation | None:
        augmentation = resolve_augmentation(self.augment, PRETRAINING, series=series)
        if augmentation is not None and self.encoder == "paper":
            return replace(augmentation, shortest=1.0)  # it reads one length only
        return augmentation

    def _continues(self) -> bool:
        return self.warm_start and hasattr(self, "weights_")

    # ---- use

    def transform(self, X: Any) -> AnyArray:
        """Embed windows in the joint space.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            What `modality` asks for: IMU windows, or `Windows` with poses or captions. Of several
            paraphrases the embeddings are averaged.

        Returns
        -------
        ndarray of shape (n, n_components_)
            Embeddings of unit length. float32 for float32 and for `Windows`, otherwise float64.
        """
        check_is_fitted(self, "weights_")
        return self._embed(self.modality, X)

    def score(self, X: Any, y: Any = None) -> float:
        """Measure how well modalities find each other.

        Parameters
        ----------
        X : as in `fit`
            With two or more trained modalities: the share of rows whose nearest neighbour in
            another modality is right (its own row, or one of the same caption), averaged over
            both directions and over all pairs. It depends on the number of rows. With IMU only:
            minus the mean squared error of `reconstruct`, in units of the network's input.
        y : None
            Ignored.

        Returns
        -------
        float
            Higher is better.
        """
        check_is_fitted(self, "weights_")
        there = present_rows(X, simulated=False) if isinstance(X, Windows) else {}
        known = set(self.config_["encoders"]) & set(there)
        pairs = [(a, b, there[a] & there[b]) for a, b in PAIRS.values() if {a, b} <= known]
        found = [self._retrieval(X[both], a, b) for a, b, both in pairs if both.any()]
        return float(np.mean(found)) if found else self._reconstruction_score(X)

    def predict_imu(self, X: Windows) -> AnyArray:
        """Predict IMU windows from poses.

        Parameters
        ----------
        X : Windows
            With a column ``pose``, cut like the windows of the training.

        Returns
        -------
        ndarray of shape (n, C, T), float32
            The channels of the training at `rate`, in m/s² and rad/s.
        """
        check_is_fitted(self, "weights_")
        self._require("pose2imu", self.config_["decoders"], "objective")
        self._check_column(X, "pose")
        return self.input_.invert(self._run_on_poses(inference.predict_imu, X))

    def reconstruct(self, X: Any, hidden: ArrayLike | None = None) -> AnyArray:
        """Reconstruct IMU windows from their surroundings.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows.
        hidden : array-like of bool of shape (T,) or (n, T), optional
            Steps, at the encoder's rate, that are not to be looked at: they are filled in, and
            all others returned as they are. None reconstructs every step: each eighth of a
            window from its neighbours.

        Returns
        -------
        ndarray of the shape of X
            At the encoder's rate, in the units of X.
        """
        check_is_fitted(self, "weights_")
        self._require("reconstruction", self.config_["decoders"], "objective")
        imu = self._read(X)
        input_map = self.input_.adapted(imu)
        x = input_map(imu)
        present = np.repeat(input_map.layout.present[None], len(x), axis=0)

        def decode(mask: NDArray[np.bool_]) -> AnyArray:
            sites = input_map.layout.sites
            decoded = self._run(inference.reconstruct, x, present, mask, sites=sites)
            return decoded.astype(x.dtype, copy=False)

        shape = (len(x), x.shape[-1])
        if hidden is None:
            mask = np.broadcast_to(inference.alternate_eighths(shape[1]), shape)
            filled = np.where(mask[:, None, None], decode(mask), decode(~mask))
        else:
            mask = inference.check_hidden(hidden, shape)
            filled = np.where(mask[:, None, None], decode(mask), x)
        signal = input_map.invert(filled)
        return signal[:, 0] if imu.flat else signal

    def embed_text(self, sentences: Sequence[str]) -> AnyArray:
        """Embed sentences in the joint space.

        Parameters
        ----------
        sentences : sequence of str
            Captions, or descriptions of classes.

        Returns
        -------
        ndarray of shape (k, n_components_)
            Embeddings of unit length.
        """
        check_is_fitted(self, "weights_")
        self._require("text", self.config_["encoders"], "modality")
        vectors = encode_unique(resolve_text_encoder(self.text_encoder), sentences)
        if len(vectors) == 0:
            raise ValueError("There is no sentence to embed: give at least one.")
        if vectors.shape[1] != self.config_["text_size"]:
            raise ValueError(
                f"text_encoder returns vectors of size {vectors.shape[1]}, but the pretrainer was "
                f"trained on {self.config_['text_size']}: set the text_encoder it was trained with."
            )
        return self._run(inference.embed_text, vectors)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    # ---- for the classifier

    def _imu_encoder(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Return configuration and weights of the IMU encoder, for ``build_imu_encoder``."""
        check_is_fitted(self, "weights_")
        self._require("imu", self.config_["encoders"], "modality")
        prefix = "encoders.imu."
        weights = {
            name.removeprefix(prefix): value
            for name, value in self.weights_.items()
            if name.startswith(prefix)
        }
        return dict(self.config_["encoders"]["imu"]), weights

    def _trunk_features(self, imu: ImuWindows) -> AnyArray:
        """Return the IMU encoder's features, (n, W), of windows read by ``read_imu``."""
        return self._encode(imu)[0]

    def _embed_imu(self, imu: ImuWindows) -> AnyArray:
        """Return embeddings of unit length, (n, n_components_), of windows read by ``read_imu``."""
        return self._encode(imu)[1]

    # ---- inside

    def _embed(self, modality: str, X: Any) -> AnyArray:
        self._require(modality, self.config_["encoders"], "modality")
        if modality == "imu":
            imu = self._read(X)
            return self._embed_imu(imu).astype(imu.values.dtype, copy=False)
        self._check_column(X, modality)
        if modality == "pose":
            return self._run_on_poses(inference.embed_pose, X)
        return self._embed_captions(X["text"])

    def _embed_captions(self, texts: AnyArray) -> AnyArray:
        rows = [as_sentences(text) for text in texts]
        embedded = self.embed_text([sentence for row in rows for sentence in row])
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        total = np.zeros((len(rows), embedded.shape[1]), embedded.dtype)
        np.add.at(total, owner, embedded)
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)

    def _read(self, X: Any) -> ImuWindows:
        self._require("imu", self.config_["encoders"], "modality")
        imu = read_imu(self, X, reset=False, channels=self.channels, adapts=True)
        check_rates(imu)
        if imu.rate is None and self.imu_rate_ is not None and not self.input_.layout.is_series:
            raise ValueError(
                f"This pretrainer was trained on windows of {self.imu_rate_:g} Hz, and the rate of "
                "X is not known. Say how many samples per second X has: "
                "Windows(imu=X, rate=50.0)."
            )
        self.input_.adapted(imu).warn_units(imu)
        return imu

    def _check_column(self, X: Any, name: str) -> None:
        if not isinstance(X, Windows) or name not in X:
            there = ", ".join(X.columns) if isinstance(X, Windows) else type(X).__name__
            raise ValueError(f"X must be Windows with a column {name!r}, got {there}.")
        missing = ~X.present(name)
        if name == "text":
            missing |= np.array([not as_sentences(text) for text in X["text"]], dtype=bool)
        if missing.any():
            raise ValueError(
                f"{int(missing.sum())} of {len(X)} rows have no {name}; give those that have one."
            )
        if len(X) == 0:
            raise ValueError("X has 0 rows; at least one window is required.")

    def _require(self, name: str, trained: Sequence[str] | Mapping[str, Any], kind: str) -> None:
        if name not in trained:
            raise ValueError(
                f"This pretrainer was not trained with the {kind} {name!r}, only with "
                f"{', '.join(trained) or 'none'}. Fit it on rows that have what it needs."
            )

    def _encode(self, imu: ImuWindows) -> tuple[AnyArray, AnyArray]:
        layout, x = self.input_.adapted(imu).layout, self.input_.adapted(imu)(imu)
        present = np.repeat(layout.present[None], len(x), axis=0)
        both = self._run(inference.encode_imu, x, present, sites=layout.sites)
        size = self.config_["n_components"]
        return both[:, :-size], both[:, -size:]

    def _retrieval(self, rows: Windows, a: str, b: str) -> float:
        same = number_sentences(rows)[0] if "text" in rows else None
        return retrieval_at_1(self._embed(a, rows), self._embed(b, rows), same)

    def _reconstruction_score(self, X: Any) -> float:
        imu = self._read(X)
        input_map = self.input_.adapted(imu)
        signal = self.reconstruct(X)
        guess = replace(imu, values=signal[:, None] if imu.flat else signal, rate=None)
        return -float(np.mean((input_map(guess) - input_map(imu)) ** 2))

    def _run(
        self,
        function: Callable[..., torch.Tensor],
        *arrays: AnyArray,
        sites: Sequence[str] = (),
    ) -> AnyArray:
        """Apply a function of the network and of rows in evaluation mode."""
        device = resolve_device(self.device)
        with isolated():
            net = self._net().to(device)
            if sites:
                net.read_sites(sites)
            return inference.apply_in_chunks(function, net, arrays, device)

    def _run_on_poses(self, function: Callable[..., torch.Tensor], X: Windows) -> AnyArray:
        parts = [self._run(function, read_poses(X, rows)) for rows in inference.chunks(len(X))]
        return np.concatenate(parts)

    def _net(self) -> Multi3Net:
        if not hasattr(self, "_live"):  # loaded from a file
            self._live = LiveModule()
        return self._live.get(
            self.weights_, lambda: set_weights(Multi3Net(self.config_), self.weights_).eval()
        )


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in which entries two configurations of a network differ."""
    old, new = (dict(_entries(config)) for config in (before, now))
    return "; ".join(
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )


def _entries(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _entries(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
