"""Multi3NetPretrainer: the estimator around networks, objectives and data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from .._checkpoints import CheckpointFile
from .._compat import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    cloned_by_user,
    epoch_callbacks,
    fit_context,
    in_first_fit_of_pipeline,
    root_entropy,
)
from .._distributed import Peers
from .._inputs import ImuWindows, InputMap, read_imu
from .._persistence import Persistent
from .._torch import LiveModule, derive_seed, isolated, resolve_device, submit
from .._typing import AnyArray
from .._validation import RATES
from .._warn import warn
from .._windows import Windows
from ..motion import as_sentences
from ..nets import Multi3Net, get_weights, multi3net_config, place_unknown_site, set_weights
from ..text import encode_unique, resolve_text_encoder
from ._augmentation import PRETRAINING, Augmentation, resolve_augmentation
from ._data import Named, PretrainingData
from ._embedding import (
    alternate_eighths,
    apply_in_chunks,
    check_hidden,
    chunks,
    imu_embeddings,
    pose_embeddings,
    predicted_imu,
    reconstructed_imu,
    text_embeddings,
)
from ._identity import training_identity
from ._modalities import (
    Captions,
    ImuSource,
    RecordedImu,
    SimulatedImu,
    number_sentences,
    read_poses,
)
from ._objectives import DECODERS, NEEDS, PAIRS, Objectives, retrieval_at_1
from ._setup import (
    check_rates,
    check_views,
    choose_objectives,
    measure_scales,
    present_rows,
    recorded_rows,
    spread_rows,
)
from .corpus._folder import open_corpus

__all__ = ["Multi3NetPretrainer"]

MODALITIES = ("imu", "pose", "text")

FEWEST_EPOCHS, FEWEST_STEPS = 40, 800
"""Least number of passes over the corpus, and of steps, with ``max_epochs="auto"``."""

WEIGHT_DECAY = 0.02
"""AdamW's decay of matrices."""

AVERAGE = 0.995
"""Decay of the running average of the weights over steps, which replaces the last weights."""

FREEZE = (
    "To use it as it is, wrap it: FrozenEstimator(pretrainer) of sklearn.frozen. In a "
    "Multi3NetClassifier, the path of a saved pretrainer does as well. To train it there, give an "
    "unfitted one, such as clone(pretrainer)."
)
"""What to do with a fitted pretrainer."""

CHECKED_AT_ONCE = 16_384
"""Windows that are read at once to check them."""


class Multi3NetPretrainer(
    CallbackSupportMixin,
    Persistent,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Learn one embedding space of IMU, pose and text.

    One encoder per modality is trained so that an IMU window, the pose window that it belongs to
    and its caption have similar embeddings [1]_. `transform` embeds IMU windows, and
    :class:`~m3n_sklearn.classification.Multi3NetClassifier` starts from the IMU encoder. The
    available modalities determine the active objectives: rows may lack any modality.

    Parameters
    ----------
    encoder : {"default", "paper"}, default="default"
        Architecture. ``"default"`` uses strided convolutions. ``"paper"`` is the published
        architecture [1]_, with one attention layer over tokens, decoders from one vector and a
        fixed temperature of 0.07, but with correct losses and decoders of whole windows. It reads
        windows of one length only.
    corpus : Windows or path-like, optional
        Training data instead of X: `Windows`, or a folder written by
        :func:`~m3n_sklearn.pretraining.build_corpus` or
        :func:`~m3n_sklearn.pretraining.save_corpus`, whose arrays stay on disk.
    simulator : transformer, optional
        For example :class:`~m3n_sklearn.SMPLIMUSimulator`. It simulates the IMU of all rows that
        have a pose, again with other random draws every `simulate_every` epochs. It is cloned and
        fitted on the corpus; wrap it in ``sklearn.frozen.FrozenEstimator`` to use it as it is.
        With None, the IMU windows of the rows are used.
    text_encoder : str, path-like or object with ``encode``, default="all-MiniLM-L6-v2"
        Frozen encoder of sentences. ``"hashing"`` needs no model.
    objectives : "auto" or mapping of str to float, default="auto"
        Weight of each objective:

        ================== ===== ==============================================================
        name               auto  what is learned
        ================== ===== ==============================================================
        ``imu_pose``       1     contrast of IMU and pose windows
        ``imu_text``       1     contrast of IMU windows and captions
        ``pose_text``      1     contrast of pose windows and captions
        ``pose2imu``       1     prediction of the IMU window from the pose window
        ``reconstruction`` 0.5   reconstruction of hidden parts of the IMU window
        ``imu_imu``        off   contrast of two augmented views of the same IMU window [2]_
        ================== ===== ==============================================================

        An objective is trained on the rows that have all of its modalities.
    width : int, optional
        Width of the encoders and size of the joint space. None is 128, or 256 for
        ``encoder="paper"``, which needs a multiple of 8.
    rate : float, default=50.0
        Samples per second of the IMU encoder. `Windows` with another rate are resampled; a generic
        series never is. Bare arrays have no rate: those passed to `fit` are taken to have this
        one, and then so are all later ones. After training on `Windows` of known rate, bare arrays
        are refused.
    channels : sequence of str, optional
        Channel names of a bare array, such as ``left_wrist_acc_x``, in any spelling that
        :doc:`/user_guide/tables` lists. With None, 3 channels are the accelerometer of one
        site, 6 are accelerometer and gyro, 12 are two sites. Any other number, and names that begin
        with ``series_``, are a generic series.
    augment : "auto", "so3", "cone", Augmentation or None, default="auto"
        Random changes of the IMU windows while training. ``"auto"`` turns every sensor within a
        cone of 50 degrees, turns some straps around, adds noise, crops, and drops gyros and sites;
        it leaves a generic series unchanged. ``"so3"`` draws any orientation instead: use it for
        recordings with unknown mounting.
    max_epochs : int or "auto", default="auto"
        Passes over the corpus. ``"auto"`` takes at least 40 epochs and at least 800 steps.
    batch_size : int, default=128
        Largest number of rows per step.
    lr : float, default=2e-3
        Peak learning rate of AdamW, after a warm-up and before a cosine decay.
    simulate_every : int, default=1
        Number of epochs after which `simulator` simulates again.
    warm_start : bool, default=False
        If True, `fit` continues from the weights of the last fit, or of the loaded file, for
        `max_epochs` more epochs. The data must have the same modalities, sites, channels and window
        length.
    callbacks : list of skorch.callbacks.Callback, optional
        Callbacks in addition to those of the library, for example
        ``EarlyStopping(monitor="train_loss")`` or ``Checkpoint()``.
    checkpoint : path-like, optional
        Folder for the state of the training, which is written every few seconds to one file. After
        a kill or an error, the same call of `fit` goes on from there, and on a CPU ends with the
        same bits as without the interruption. Ctrl-C then leaves a fitted estimator. Other
        parameters or data are refused. The file of a finished training stays: the same call
        returns its result.
    device : str, default="auto"
        Device of torch. ``"auto"`` is CUDA, with mixed precision, where it is available, else the
        CPU.
    random_state : int, RandomState or None, default=None
        Seed. Equal integers give bit-equal results on a CPU.
    verbose : int, default=0
        If positive, a progress bar is shown.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Parameters of the network.
    config_ : dict
        Configuration of the network.
    input_ : InputMap
        Mapping from IMU windows to network input; None if no row had an IMU.
    objectives_ : dict of str to float
        Active objectives and their weights.
    history_ : list of dict
        Means of the loss (``train_loss``) and of its terms (``train_imu_text``, ...) per epoch.
    n_iter_ : int
        Number of epochs, those of earlier warm starts included.
    imu_rate_ : float or None
        Samples per second of the IMU windows in the training data; None if unknown.
    n_unlabeled_ : int
        Number of rows of the last fit with an IMU signal and neither pose nor caption.
    unlabeled_groups_ : ndarray
        Distinct groups of such rows, from `groups` or the corpus' column ``groups``, those of
        earlier warm starts included. If one of them is a test person, the results are transductive
        and have to be marked in tables.
    labeled_groups_ : ndarray
        Distinct groups of the rows with an IMU signal and a caption, but no pose: of labeled
        recordings, those of earlier warm starts included. If one of them is a test person, the
        results are not those of unseen people.
        :func:`~m3n_sklearn.evaluation.few_label_study` marks both.
    n_components_ : int
        Size of the joint space.
    n_features_in_ : int
        Number of channels of a 3-D X, or samples of a 2-D X. Not set if only a corpus was given.
    feature_names_in_ : ndarray of str
        Column names, if X was a DataFrame.

    See Also
    --------
    m3n_sklearn.classification.Multi3NetClassifier : Recognizes activities with the IMU encoder.
    load_pretrained : Returns a fitted pretrainer that comes with the library.
    build_corpus : Builds a corpus from motions.

    Notes
    -----
    scikit-learn clones estimators without what they have learned. In a Pipeline or another
    meta-estimator, wrap a fitted pretrainer in ``sklearn.frozen.FrozenEstimator``; otherwise it is
    trained again, and a warning says so.

    Windows whose captions share a sentence are not negatives of each other. The augmentation turns
    sensors, but the readings predicted from a pose are those of the simulated mount. Pose windows
    are thinned to about 30 Hz.

    The weights are a running average over steps of AdamW with weight decay 0.02. A saved file does
    not contain the corpus and objects of classes outside this library.

    References
    ----------
    .. [1] V. Fortes Rey, L. S. S. Ray, Q. Xia, K. Wu, P. Lukowicz, "Enhancing inertial hand based
       HAR through joint representation of language, pose and synthetic IMUs", ISWC 2024.
    .. [2] T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive
       learning of visual representations", ICML 2020.

    Examples
    --------
    Pretrain on motions with captions and simulated readings:

    >>> from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator, cut
    >>> from m3n_sklearn.datasets import make_motions
    >>> motions = make_motions(2, 1, ["wave", "clap"], random_state=0)
    >>> recordings = SMPLIMUSimulator(sites=("right_wrist",)).simulate(motions)
    >>> corpus, _, _ = cut(list(zip(motions, recordings)), seconds=2.56, pose_rate=30.0)
    >>> pretrainer = Multi3NetPretrainer(
    ...     width=16, max_epochs=2, text_encoder="hashing", random_state=0
    ... ).fit(corpus)
    >>> sorted(pretrainer.objectives_)
    ['imu_pose', 'imu_text', 'pose2imu', 'pose_text', 'reconstruction']

    Embed each modality:

    >>> pretrainer.transform(corpus).shape == (len(corpus), 16)
    True
    >>> pretrainer.embed(corpus, modality="pose").shape == (len(corpus), 16)
    True
    >>> pretrainer.embed_text(["a person waves", "a person claps"]).shape
    (2, 16)

    Bare arrays of IMU windows train the reconstruction only:

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(0, 5, (20, 6, 50)).astype("float32")
    >>> Multi3NetPretrainer(width=8, max_epochs=2, random_state=0).fit(X).objectives_
    {'reconstruction': 0.5}
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
        "width": [Interval(Integral, 1, None, closed="left"), None],
        "rate": [Interval(Real, *RATES, closed="both")],
        "channels": ["array-like", None],
        "augment": [StrOptions({"auto", "so3", "cone"}), Augmentation, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "simulate_every": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
        "checkpoint": [str, os.PathLike, None],
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
        width: int | None = None,
        rate: float = 50.0,
        channels: Sequence[str] | None = None,
        augment: Augmentation | str | None = "auto",
        max_epochs: int | str = "auto",
        batch_size: int = 128,
        lr: float = 2e-3,
        simulate_every: int = 1,
        warm_start: bool = False,
        callbacks: Sequence[Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.encoder = encoder
        self.corpus = corpus
        self.simulator = simulator
        self.text_encoder = text_encoder
        self.objectives = objectives
        self.width = width
        self.rate = rate
        self.channels = channels
        self.augment = augment
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.simulate_every = simulate_every
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # ---- fit

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: Any = None, y: Any = None, groups: ArrayLike | None = None
    ) -> Multi3NetPretrainer:
        """Train on the corpus if one is given, else on X.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), Windows, or None
            IMU windows in m/s² and rad/s, or `Windows` with any modalities. With a corpus, X is
            only checked, and may be None.
        y : None
            Ignored.
        groups : array-like of shape (n,), optional
            Person that each row of X comes from, for `unlabeled_groups_`. A corpus has them in
            its column ``groups``.

        Returns
        -------
        Multi3NetPretrainer
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or the corpus is not valid or has nothing to train on, if `groups` is given
            without X, or if the checkpoint is damaged or that of another training.
        KeyboardInterrupt
            After Ctrl-C. With a checkpoint, the estimator is fitted as far as it got.
        """
        if X is None and groups is not None:
            raise ValueError(
                "groups has one entry per row of X, but X is None. A corpus has the people of its "
                "rows in its column 'groups': corpus.assign(groups=...)."
            )
        if hasattr(self, "weights_") and not self.warm_start and in_first_fit_of_pipeline():
            warn(f"This Pipeline trains a Multi3NetPretrainer that is fitted already. {FREEZE}")
        peers = Peers.here()
        device, seed = resolve_device(self.device), self._seed(peers)
        with isolated(derive_seed(seed, 0)):
            # 1. The rows to train on: the corpus, else X.
            windows, template = self._rows(X)
            people = self._people(windows, groups)
            # 2. The modalities of the rows determine the objectives.
            masks = self._modalities(windows)
            check_rates(template, windows.rate("pose"))
            objectives = choose_objectives(self.objectives, masks)
            # 3. Batches: encoded captions, recorded or simulated IMU, augmentation.
            data = self._data(windows, template, tuple(masks), objectives, seed)
            # 4. The network, fresh or with the weights of the last fit.
            net = self._network(data, objectives)
            # 5. What is known before the training.
            unread = "imu" not in data.modalities
            none = np.arange(0)
            unlabeled, labeled = (none, none) if unread else recorded_rows(masks)
            fitted = {
                "config_": net.config,
                "input_": data.input_map,
                "objectives_": objectives,
                "n_components_": net.config["width"],
                "imu_rate_": None if data.imu is None else data.imu.rate,
                "n_unlabeled_": len(unlabeled),
                **self._people_read(people.distinct(unlabeled), people.distinct(labeled)),
            }
            # 6. The training; its epochs continue those of a warm start.
            past = list(self.history_) if self._continues() else []
            history, interrupt = self._train(net, data, fitted, len(past), device, seed, peers)
            # 7. Attributes are set last, so a training that fails keeps those of the last fit.
            for name, value in fitted.items():
                setattr(self, name, value)
            self.weights_ = place_unknown_site(get_weights(net))
            self.history_ = past + history
            self.n_iter_ = len(self.history_)
            self._live = LiveModule()
        if X is not None and self.input_ is not None and not hasattr(self, "n_features_in_"):
            self.n_features_in_ = self.input_.layout.n_channels  # of a simulated IMU
        if interrupt is not None:
            raise interrupt
        return self

    def _seed(self, peers: Peers | None) -> int:
        """Return the root of all draws; without a seed, that of a checkpoint if there is one."""
        seed = None
        if self.random_state is None and self.checkpoint is not None:
            seed = CheckpointFile(self.checkpoint).seed()
        if seed is None:
            seed = root_entropy(self.random_state)
        return seed if peers is None else peers.from_first(seed)

    def _rows(self, X: Any) -> tuple[Windows, ImuWindows | None]:
        """Return the rows to train on, and rate and channels of their recorded IMU."""
        if X is None and self.corpus is None:
            raise ValueError("There is nothing to train on: give X, or corpus=.")
        if hasattr(self, "n_features_in_"):
            del self.n_features_in_
        # X is checked even if the corpus is trained on
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
            return corpus, ImuWindows(first, corpus.rate("imu"), names)
        if isinstance(X, Windows):
            return X, imu
        assert imu is not None
        return Windows(imu=imu.values), imu

    def _recorded(self, X: Any) -> ImuWindows:
        """Check all IMU windows. Of `Windows`, which may be on disk, only the first is kept."""
        if not isinstance(X, Windows):
            return read_imu(self, X, reset=True, channels=self.channels)
        read = partial(read_imu, self, reset=True, channels=self.channels, partial=True)
        rows = np.flatnonzero(X.present("imu"))
        first = None
        for start in range(0, len(rows), CHECKED_AT_ONCE):
            imu = read(X[rows[start : start + CHECKED_AT_ONCE]])
            first = imu.with_values(imu.values[:1].copy()) if first is None else first
        assert first is not None
        return first

    def _people(self, windows: Windows, groups: ArrayLike | None) -> Named:
        """Return the person of each row, where it is known."""
        if groups is None or self.corpus is not None:
            return Named.column(windows, "groups")
        values = np.asarray(groups)
        if values.shape != (len(windows),):
            raise ValueError(
                f"groups must have one entry per row, {len(windows)}, got shape {values.shape}."
            )
        return Named.of(values, np.ones(len(windows), dtype=bool))

    def _modalities(self, windows: Windows) -> dict[str, NDArray[np.bool_]]:
        """Return which rows have each modality that any row has."""
        if len(windows) == 0:
            raise ValueError("There are 0 rows to train on.")
        masks = present_rows(windows, simulated=self.simulator is not None)
        if self.simulator is not None and "pose" not in masks:
            raise ValueError(
                "simulator= turns poses into IMU windows, but no row has a pose. Set "
                "simulator=None to train on recorded IMU, or give rows with a column 'pose'."
            )
        return masks

    def _data(
        self,
        windows: Windows,
        template: ImuWindows | None,
        available: tuple[str, ...],
        objectives: Mapping[str, float],
        seed: int,
    ) -> PretrainingData:
        """Return the batches of the training."""
        used = tuple(m for m in available if any(m in NEEDS[name] for name in objectives))
        # 1. One vector per distinct sentence
        captions = None
        if "text" in used:
            captions = Captions.of(windows, resolve_text_encoder(self.text_encoder))
        # 2. Recorded or simulated IMU
        imu: ImuSource | None = None
        if "imu" in used and self.simulator is not None:
            imu = SimulatedImu(windows, self.simulator, derive_seed(seed, 3), self.simulate_every)
        elif "imu" in used:
            assert template is not None
            imu = RecordedImu(windows, template)
        data = PretrainingData(
            windows=windows,
            modalities=used,
            imu=imu,
            captions=captions,
            reconstruct="reconstruction" in objectives,
            two_views="imu_imu" in objectives,
        )
        # 3. The mapping to network input, from a sample of the rows; a series needs all rows,
        #    whose scales are learned
        if imu is not None:
            sample = imu.read(spread_rows(imu.present))
            if sample.layout.is_series:
                sample = imu.read(np.flatnonzero(imu.present))
            data.input_map = InputMap.fit(sample, rate=self.rate)
            data.augmentation = self._augmentation(sample.layout.is_series)
            data.dtype = sample.values.dtype
            check_views(objectives, data)
        return data

    def _augmentation(self, series: bool) -> Augmentation | None:
        """Return the random changes of the IMU."""
        augmentation = resolve_augmentation(self.augment, PRETRAINING, series=series)
        if augmentation is not None and self.encoder == "paper":
            return replace(augmentation, shortest=1.0)  # it reads one length only
        return augmentation

    def _network(self, data: PretrainingData, objectives: Mapping[str, float]) -> Multi3Net:
        """Return the network to train."""
        # 1. Its sizes are those of the data
        sizes: dict[str, Any] = {}
        if data.imu is not None and data.input_map is not None:
            first = data.network_input(spread_rows(data.imu.present)[:1])
            _, _, channels, n_times = first.shape
            sites = data.input_map.layout.sites or ("",)
            sizes.update(sites=sites, in_channels=channels, n_times=n_times)
        if "pose" in data.modalities:
            sizes["pose_shape"] = data.pose_shape()
        if data.captions is not None:
            sizes["text_size"] = data.captions.vectors.shape[1]
        config = multi3net_config(
            self.encoder,
            modalities=data.modalities,
            decoders=[name for name in DECODERS if name in objectives],
            width=self.width,
            **sizes,
        )
        net = Multi3Net(config)
        # 2. Weights of the last fit, or fresh ones with the scales of the data
        if self._continues():
            if config != self.config_:
                raise ValueError(
                    "warm_start=True continues the last fit, but these data and parameters need "
                    f"another network: {_changes(self.config_, config)}. Set warm_start=False, or "
                    "give the same modalities, sites, channels, window length and sizes."
                )
            set_weights(net, self.weights_)
        elif data.imu is not None:
            measure_scales(net, data)
        return net.to(torch.float64 if data.dtype == np.float64 else torch.float32)

    def _train(
        self,
        net: Multi3Net,
        data: PretrainingData,
        fitted: Mapping[str, Any],
        first_epoch: int,
        device: str,
        seed: int,
        peers: Peers | None,
    ) -> tuple[list[dict[str, float]], KeyboardInterrupt | None]:
        """Train the network in place; return its history, and a Ctrl-C that it was ended by."""
        from .._training import TrainingInterrupted, TrainingPlan, count_epochs, train

        if peers is not None:
            self._check_peers(peers, len(data))
        n_epochs = count_epochs(
            self.max_epochs,
            len(data),
            self.batch_size,
            fewest_epochs=FEWEST_EPOCHS,
            fewest_steps=FEWEST_STEPS,
        )
        checkpoint: AbstractContextManager[CheckpointFile | None] = nullcontext()
        if self.checkpoint is not None:
            parameters = self.get_params(deep=False)
            identity = training_identity(parameters, seed, n_epochs, data, get_weights(net))
            kept = CheckpointFile(self.checkpoint)
            # of several processes, the first one writes for all
            alone = peers is None or peers.rank == 0
            checkpoint = kept.opened(identity) if alone else nullcontext(kept)
        plan = TrainingPlan(
            max_epochs=n_epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=WEIGHT_DECAY,
            seed=seed,
            device=device,
            ema=AVERAGE,
            first_epoch=first_epoch,
            callbacks=tuple(self.callbacks or ()),
            verbose=int(self.verbose),
            peers=peers,
        )
        # scikit-learn's callbacks see the estimator as it would be fitted after each epoch
        with checkpoint as file, epoch_callbacks(self, max_epochs=n_epochs, X=data.windows) as tell:
            try:
                history = train(
                    net,
                    Objectives(fitted["objectives_"], peers, net.config["width"]),
                    data,
                    replace(plan, checkpoint=file),
                    on_epoch=lambda weights: tell(
                        lambda: {**fitted, "weights_": place_unknown_site(weights())}
                    ),
                )
            except TrainingInterrupted as interrupt:
                return interrupt.history, interrupt
        return history, None

    def _check_peers(self, peers: Peers, n_rows: int) -> None:
        """Raise ValueError if several processes cannot train as one would."""
        if self.encoder == "paper":
            raise ValueError(
                f"encoder='paper' normalizes by statistics of a batch, which {peers.size} "
                "processes would compute on their own rows. Train it in one process, or use "
                "encoder='default'."
            )
        if min(self.batch_size, n_rows) < peers.size:
            raise ValueError(
                f"{peers.size} processes need a row each, but a batch has "
                f"{min(self.batch_size, n_rows)}. Raise batch_size, or start fewer processes."
            )

    def _continues(self) -> bool:
        """Tell whether a fit starts from the last one."""
        return self.warm_start and hasattr(self, "weights_")

    def _people_read(self, unlabeled: AnyArray, labeled: AnyArray) -> dict[str, AnyArray]:
        """Return the people of this fit and, after a warm start, of those before."""
        people = {"unlabeled_groups_": unlabeled, "labeled_groups_": labeled}
        if self._continues():
            for name, found in people.items():
                people[name] = np.unique([*getattr(self, name).tolist(), *found.tolist()])
        return people

    def __sklearn_clone__(self) -> Self:
        """Return an unfitted copy; warn if it replaces fitted weights that are meant to be used."""
        if hasattr(self, "weights_") and not cloned_by_user():
            warn(
                "A fitted Multi3NetPretrainer inside another estimator is copied without its "
                f"weights, and the copy is trained again. {FREEZE}"
            )
        copied: Self = super().__sklearn_clone__()
        return copied

    # ---- use

    def transform(self, X: Any) -> AnyArray:
        """Embed IMU windows in the joint space.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows.

        Returns
        -------
        ndarray of shape (n, n_components)
            Embeddings of unit length: float32 for float32 and for `Windows`, otherwise float64.

        See Also
        --------
        embed : Embeds windows of any modality.
        """
        return self.embed(X)

    def embed(self, X: Any, modality: str = "imu") -> AnyArray:
        """Embed one modality of windows in the joint space.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows, or `Windows` with the modality.
        modality : {"imu", "pose", "text"}, default="imu"
            The modality to embed. The embeddings of several paraphrases of a caption are averaged.
            Captions can contain the label of a window, so do not classify by them by accident.

        Returns
        -------
        ndarray of shape (n, n_components)
            Embeddings of unit length: float64 for a float64 array, otherwise float32.

        Raises
        ------
        ValueError
            If the pretrainer was not trained with the modality, or a row of X lacks it.

        See Also
        --------
        embed_text : Embeds sentences.
        """
        check_is_fitted(self, "weights_")
        if modality not in MODALITIES:
            raise ValueError(f"modality must be 'imu', 'pose' or 'text', got {modality!r}.")
        self._require(modality, self.config_["encoders"], "modality")
        if modality == "imu":
            imu = self._read(X)
            return self._embed_imu(imu).astype(imu.values.dtype, copy=False)
        self._check_column(X, modality)
        if modality == "pose":
            return self._run_on_poses(pose_embeddings, X)
        return self._embed_captions(X["text"])

    def embed_text(self, sentences: Sequence[str]) -> AnyArray:
        """Embed sentences in the joint space.

        Parameters
        ----------
        sentences : sequence of str
            Captions, or descriptions of classes.

        Returns
        -------
        ndarray of shape (k, n_components)
            Embeddings of unit length.
        """
        check_is_fitted(self, "weights_")
        self._require("text", self.config_["encoders"], "modality")
        vectors = encode_unique(resolve_text_encoder(self.text_encoder), sentences)
        if len(vectors) == 0:
            raise ValueError("sentences is empty: give at least one.")
        if vectors.shape[1] != self.config_["text_size"]:
            raise ValueError(
                f"text_encoder returns vectors of size {vectors.shape[1]}, but the pretrainer was "
                f"trained on {self.config_['text_size']}: set the text_encoder it was trained with."
            )
        return self._run(text_embeddings, vectors)

    def predict_imu(self, X: Windows) -> AnyArray:
        """Predict IMU windows from pose windows.

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
        return self.input_.invert(self._run_on_poses(predicted_imu, X))

    def reconstruct(self, X: Any, hidden: ArrayLike | None = None) -> AnyArray:
        """Reconstruct parts of IMU windows from the other parts.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows.
        hidden : array-like of bool of shape (T,) or (n, T), optional
            Steps, at the encoder's rate, to hide and to reconstruct. All other steps are returned
            as they are. With None, each eighth of a window is reconstructed from its neighbors.

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
        present = imu.present(input_map.layout)

        def decode(mask: NDArray[np.bool_]) -> AnyArray:
            sites = input_map.layout.sites
            decoded = self._run(reconstructed_imu, x, present, mask, sites=sites)
            return decoded.astype(x.dtype, copy=False)

        shape = (len(x), x.shape[-1])
        if hidden is None:
            mask = np.broadcast_to(alternate_eighths(shape[1]), shape)
            filled = np.where(mask[:, None, None], decode(mask), decode(~mask))
        else:
            mask = check_hidden(hidden, shape)
            filled = np.where(mask[:, None, None], decode(mask), x)
        signal = input_map.invert(filled)
        return signal[:, 0] if imu.flat else signal

    def score(self, X: Any, y: Any = None) -> float:
        """Return how often modalities retrieve each other.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            With two or more trained modalities, the score is the share of rows whose nearest
            neighbor in another modality is the same row or one of the same caption, averaged over
            both directions and over all pairs of modalities. It depends on the number of rows.
            With IMU only, it is the negative mean squared error of `reconstruct`, in units of the
            network's input.
        y : None
            Ignored.

        Returns
        -------
        float
            Higher is better.
        """
        check_is_fitted(self, "weights_")
        masks = present_rows(X, simulated=False) if isinstance(X, Windows) else {}
        known = set(self.config_["encoders"]) & set(masks)
        pairs = [(a, b, masks[a] & masks[b]) for a, b in PAIRS.values() if {a, b} <= known]
        found = [self._retrieval(X[both], a, b) for a, b, both in pairs if both.any()]
        return float(np.mean(found)) if found else self._reconstruction_score(X)

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

    def _embed_imu(self, imu: ImuWindows) -> AnyArray:
        """Return embeddings of unit length, (n, n_components), of windows read by ``read_imu``."""
        input_map = self.input_.adapted(imu)
        layout, x = input_map.layout, input_map(imu)
        present = imu.present(layout)
        return self._run(imu_embeddings, x, present, sites=layout.sites)

    # ---- inside

    def _embed_captions(self, texts: AnyArray) -> AnyArray:
        """Return the normalized mean embedding of each row's paraphrases."""
        rows = [as_sentences(text) for text in texts]
        embedded = self.embed_text([sentence for row in rows for sentence in row])
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        total = np.zeros((len(rows), embedded.shape[1]), embedded.dtype)
        np.add.at(total, owner, embedded)
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)

    def _read(self, X: Any) -> ImuWindows:
        """Return the IMU windows of X, checked against those of the training."""
        self._require("imu", self.config_["encoders"], "modality")
        imu = read_imu(self, X, reset=False, channels=self.channels, adapts=True, partial=True)
        check_rates(imu)
        if imu.rate is None and self.imu_rate_ is not None and not self.input_.layout.is_series:
            raise ValueError(
                f"This pretrainer was trained on windows of {self.imu_rate_:g} Hz, and the rate of "
                "X is unknown. Give the samples per second of X: Windows(imu=X, rate=50.0)."
            )
        self.input_.adapted(imu).warn_units(imu)
        return imu

    def _check_column(self, X: Any, name: str) -> None:
        """Raise ValueError unless X is Windows of which every row has a pose or a text."""
        if not isinstance(X, Windows) or name not in X:
            given = ", ".join(X.columns) if isinstance(X, Windows) else type(X).__name__
            raise ValueError(f"X must be Windows with a column {name!r}, got {given}.")
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
        """Raise ValueError unless a modality or an objective was trained."""
        if name not in trained:
            raise ValueError(
                f"This pretrainer was not trained with the {kind} {name!r}, only with "
                f"{', '.join(trained) or 'none'}. Fit it on rows that have what it needs."
            )

    def _retrieval(self, rows: Windows, a: str, b: str) -> float:
        """Return how often two modalities retrieve each other."""
        same = number_sentences(rows)[0] if "text" in rows else None
        return retrieval_at_1(self.embed(rows, a), self.embed(rows, b), same)

    def _reconstruction_score(self, X: Any) -> float:
        """Return the negative mean squared error of reconstructed windows in network units."""
        imu = self._read(X)
        input_map = self.input_.adapted(imu)
        signal = self.reconstruct(X)
        # it has the encoder's rate already, and without a rate it is not resampled
        guess = replace(imu, values=signal[:, None] if imu.flat else signal, rate=None)
        there = np.repeat(imu.present(input_map.layout), 3, axis=2)[..., None]
        where: Any = True if imu.measured is None else there
        return -float(np.mean((input_map(guess) - input_map(imu)) ** 2, where=where))

    def _run(
        self,
        function: Callable[..., torch.Tensor],
        *arrays: AnyArray,
        sites: Sequence[str] = (),
    ) -> AnyArray:
        """Apply a function of the network and of rows in evaluation mode."""
        device = resolve_device(self.device)
        with self._net() as net:
            net.to(device)
            if sites:
                net.read_sites(sites)
            return submit(apply_in_chunks, function, net, arrays, device).result()

    def _run_on_poses(self, function: Callable[..., torch.Tensor], X: Windows) -> AnyArray:
        """Apply a function of the network and of pose features, chunk by chunk."""
        return np.concatenate([self._run(function, read_poses(X, rows)) for rows in chunks(len(X))])

    def _net(self) -> AbstractContextManager[Any]:
        """Lend the network, built again after pickling or loading."""
        if not hasattr(self, "_live"):  # loaded from a file
            self._live = LiveModule()
        config, weights = self.config_, self.weights_
        return self._live.use(weights, lambda: set_weights(Multi3Net(config), weights).eval())


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return the entries in which two configurations of a network differ."""
    old, new = (dict(_entries(config)) for config in (before, now))
    return "; ".join(
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )


def _entries(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of a nested mapping with dotted names."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _entries(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
