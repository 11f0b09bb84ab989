"""Multi3NetClassifier: labels from IMU windows, with or without pretraining."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from joblib import hash as digest
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from .._inputs import ImuWindows, Layout, make_layout, read_imu
from .._runtime import LiveModule, all_or_nothing, isolated, resolve_device
from .._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    check_params,
    epoch_callbacks,
    fit_context,
    root_entropy,
)
from ..nets import get_weights, set_weights
from ..nets._classifier import build_classifier
from ..persistence import Persistent
from ..pretraining._setup import check_rates
from ..pretraining.augmentation import FINE_TUNING, Augmentation, resolve_augmentation
from ..windows import Windows
from ._adaptation import adapt_norms, check_norms
from ._choice import calibration, follow
from ._inference import Views, check_answers, probabilities
from ._labels import Labels, check_descriptions, check_groups, check_labels, prompts_of
from ._learning import Recipe, as_dtype, learn
from ._pretrained import (
    Start,
    as_list,
    check_rate_is_known,
    encoders_of,
    fingerprint,
    fitted_pretrainers,
    from_pretrainer,
    from_scratch,
    has_fixed_length,
    is_ready,
    name_classes,
    naming,
    read_alike,
)
from ._training import LabelledWindows

__all__ = ["Multi3NetClassifier"]

AnyArray = NDArray[Any]

MAKING = ("strategy", "head", "label_at", "width", "norm", "calibrate")
"""Parameters that a network and its temperature come from, besides pretrainer and descriptions."""

SET_LATER = ("augment", "views", "adapt_norm", "rate", "channels", "device")
"""Parameters that predictions look at, and that may be set after the fit."""

STRATEGIES = {"auto", "scratch", "frozen", "lp_ft", "full", "prompt_ft", "blend", "zero_shot"}


class Multi3NetClassifier(CallbackSupportMixin, ClassifierMixin, Persistent, BaseEstimator):
    """Recognise activities in IMU windows, from few labels with a pretrained encoder.

    Parameters
    ----------
    pretrainer : Multi3NetPretrainer, FrozenEstimator, path-like, list or None, default=None
        Where the encoder comes from: a name of
        :func:`~m3n_sklearn.pretraining.list_pretrained`, or a path to a file that
        `Multi3NetPretrainer.save` has written. ``FrozenEstimator(fitted)`` is used as it is; its
        weights are copied and never changed. A bare `Multi3NetPretrainer` is cloned and pretrained
        inside `fit`, on its ``corpus`` or else on X. None starts from random weights. A list of
        several, such as one pretrained on motions of your own and ``"m3n-base"``, is for
        ``"blend"`` and ``"auto"``. All must work at one rate (of a series, with the same scales).
        The first gives a network from scratch its shape, and names the sites of bare arrays.
    strategy : str, default="auto"
        What is learned from labels:

        - ``"scratch"``: encoder and head, from random weights. Of a `pretrainer` that is fitted,
          the encoder's configuration and rate are taken, for the sites of X, so that the two
          compare; one that is yet to be fitted is left alone, and `width` and `norm` count;
        - ``"frozen"``: a scaled logistic regression on the encoder's features, in closed form;
        - ``"lp_ft"``: that regression becomes the head, then everything is fine-tuned [1]_;
        - ``"full"``: a fresh head, then everything is fine-tuned;
        - ``"prompt_ft"``: the network of ``"zero_shot"``, then everything is fine-tuned. For a
          pretrainer whose corpus shows the classes;
        - ``"blend"``: networks that err differently, and the geometric mean of their probabilities:
          ``"frozen"``, with half a vote, ``"prompt_ft"`` if there are `descriptions`, else
          ``"lp_ft"``, and ``"scratch"``, each as it would be alone with the same `random_state`.
          Further pretrainers add two each, their ``"frozen"`` and ``"lp_ft"``, and all that are
          ``"frozen"`` share the half vote;
        - ``"zero_shot"``: nothing; classes are named by `descriptions`, and no label is read;
        - ``"auto"``: ``"scratch"`` without a pretrainer; ``"blend"`` with four windows per class,
          windows to rehearse, or several pretrainers; with less ``"prompt_ft"`` if there are
          `descriptions`, ``"frozen"`` if there are less than 16 windows in all, and else
          ``"blend"``. A window of weight 2 counts as two, but the mean weight as one at least.
    head : {"linear", "mlp", "moe"}, default="linear"
        What turns features into classes. ``"mlp"`` adds a bend to the linear map, ``"moe"`` four
        smaller ones that a gate mixes for each window [2]_. Bends start at zero, so that every
        head starts as the linear one.
    label_at : {"window", "centre"}, default="window"
        What a label tells of: the whole window, or its middle, as those of
        :func:`~m3n_sklearn.recording.cut` with ``label="centre"`` do. ``"centre"`` shows the head
        the middle and the thirds of a window apart, so that long windows lend context to a label
        without blurring it. Names by `descriptions` are of whole windows in any case.
    descriptions : dict, default=None
        Per class a sentence or several, for ``"zero_shot"``, ``"prompt_ft"``, ``"blend"`` and
        ``"auto"``. Give them where the pretrainer, or the first of several, knows the classes by
        such words.
    rehearsal : tuple (X, y) or None, default=None
        Labelled windows of another kind, such as simulated ones of the same classes: each step of
        a training also sees some of them, which together weigh as much as the real ones. They
        keep a pretrained network from forgetting and give one from scratch more to learn from (in
        a blend, below four windows per class only). ``X`` as in `fit`, with the same channels and
        length, and ``y`` its labels; rows of other classes are left out. Where no step is taken
        (``"frozen"``, ``"zero_shot"``) they are checked and change nothing, so that strategies can
        be searched over.
    augment : {"auto", "so3", "cone"}, Augmentation or None, default="auto"
        Random changes of the training windows. ``"auto"`` turns the sensors of a site together
        within a cone of 50 degrees, sometimes straps the watch on the other way round, makes
        movements up to 1.3 times faster or slower and smaller or larger, adds offsets and noise,
        and crops; a generic series it leaves alone. ``"so3"`` turns sensors in
        any way: choose it, with ``views=8``, where nobody knows how sensors will be mounted.
    views : int, default=1
        Average the probabilities over so many views of each window that is predicted: the window
        itself, and overlapping crops to 90 % of it. With ``augment="so3"`` every further view is
        turned as well. Always the same views; the cost of a prediction grows with their number.
    loss : {"cross_entropy", "balanced_softmax"}, default="cross_entropy"
        ``"balanced_softmax"`` learns as if all classes were equally frequent [3]_: better for rare
        classes, where macro averages count, but probabilities then are those of equally frequent
        classes. Instead of ``class_weight="balanced"`` rather than with it.
    calibrate : bool, default=False
        Learn a temperature that probabilities are calibrated by [4]_, on windows held out in three
        folds: of `groups` where they are given, else of windows. Costs three trainings more.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes.
    early_stopping : bool, default=False
        Hold windows out, keep the weights of the lowest loss on them, and stop when it no longer
        falls. With `groups`, whole groups are held out.
    validation_fraction : float, default=0.2
        Share of the windows, or of the groups, to hold out.
    n_iter_no_change : int, default=10
        Epochs without a lower loss after which to stop.
    max_epochs : int or "auto", default="auto"
        Passes over the windows. ``"auto"`` takes at least 30 epochs and at least 300 steps.
    batch_size : int, default=64
        Windows per step.
    lr : float or "auto", default="auto"
        Peak learning rate of AdamW, approached in a short warm-up and left on a cosine. ``"auto"``
        is 0.001 for a pretrained network with less than four windows per class, else 0.003.
    weight_decay : float, default=0.02
        Decay of weight matrices.
    ema : float or None, default=0.99
        Decay per step of a running average of the weights, which is kept instead of the last ones.
    label_smoothing : float, default=0.1
        Share of each label that is spread over all classes in the loss.
    dropout : float, default=0.0
        Share of the features that are hidden from the head while training.
    C : float or "auto", default="auto"
        Inverse strength of the penalty of the logistic regression. ``"auto"`` is 0.1 for
        ``"frozen"``, and 0.01 for ``"lp_ft"``, whose head is a start only.
    width : int, default=128
        Channels of an encoder that is made from scratch.
    norm : {"group", "layer", "batch"}, default="group"
        Normalisation of an encoder that is made from scratch.
    adapt_norm : {"fit", "predict"} or None, default=None
        Adaptive batch normalisation [5]_, for encoders with ``norm="batch"``. ``"fit"``: a
        pretrained encoder takes the statistics of the training windows before anything is
        learned. ``"predict"``: besides, those of the windows that are handed to `predict`. This is
        *transductive*: unlabelled target windows are read, and what is said of one window depends
        on the others. Say so beside every result.
    rate : float, default=None
        Samples per second of X where X is a bare array. A pretrained encoder needs to know it.
    channels : sequence of str, default=None
        Names of the channels of a bare array, such as ``right_wrist_acc_x``. Without names, 3
        channels are acc of one site, 6 acc and gyro, 12 two sites; any other number, and every
        2-D array, is a generic series.
    memory : str or joblib.Memory, default=None
        Where pretrainings that happen inside `fit` are kept: one per distinct training set, or
        one altogether if the pretrainer has a corpus.
    warm_start : bool, default=False
        Go on from the weights of the last `fit`. Classes and channels must be the same, and so
        must what the network comes from: `pretrainer`, `strategy`, `head`, `label_at`,
        `descriptions`, `width`, `norm` and `calibrate`. Whatever else concerns the training
        (`loss`, `lr`, `rehearsal`, ...) may change; `C` and ``adapt_norm="fit"`` concern the start
        alone. ``"frozen"`` and ``"zero_shot"`` take no steps and always start anew.
    device : str, default="auto"
        Where to compute. ``"auto"`` takes CUDA where there is one. A fitted classifier holds
        NumPy arrays and runs anywhere.
    random_state : int, RandomState or None, default=None
        Same int, same machine and versions: bit-equal results on a CPU.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
        Channels of a 3-D X, samples of a 2-D X.
    strategy_ : str
        The strategy that was followed.
    temperature_ : float or None
        What logits are divided by. None without `calibrate`, or if windows, groups or windows of
        a class were too few to hold any out (fewer than 20 in all).
    input_ : InputMap
        How windows become the network's input.
    channels_ : tuple of str or None
        Channel names of the training windows.
    rate_ : float or None
        Samples per second of the training windows; bare arrays are taken to have it too.
    config_ : dict
        Configuration of the network.
    origin_ : dict
        The parameters that the network comes from, some of them as digests, for warm starts.
    weights_ : dict of str to ndarray
        Weights of the network.
    history_ : list of dict
        Per epoch the means of loss and accuracy.
    n_iter_ : int
        Epochs trained, those of earlier warm starts included.

    See Also
    --------
    m3n_sklearn.pretraining.Multi3NetPretrainer : Learns the encoder from motion.

    Notes
    -----
    The loss is a weighted mean and rows of weight 0 are left out before anything is drawn. For a
    generic series of at most `batch_size` rows, a row of weight 2 therefore is exactly the row
    given twice. Mini-batches, augmentation, dropout and early stopping draw random numbers whose
    count depends on the number of rows; then this holds on average only, and so does what is
    chosen or calibrated by folds. For folds, the encoder (and the scales of a series) come from
    all windows that `fit` was given, labels from the training part alone.

    `fit` computes on one thread. Predictions use as many as ``torch.get_num_threads()`` allows,
    with the same results: about 7,500 windows of 2.56 s at 50 Hz per second and core, and a third
    as many where three networks are blended, a fifth where five are.

    References
    ----------
    .. [1] A. Kumar et al., "Fine-tuning can distort pretrained features and underperform
       out-of-distribution", ICLR 2022.
    .. [2] R. A. Jacobs et al., "Adaptive mixtures of local experts", Neural Computation 3(1), 1991.
    .. [3] J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020.
    .. [4] C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    .. [5] Y. Li et al., "Adaptive batch normalization for practical domain adaptation", Pattern
       Recognition 80, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Multi3NetClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 6, 50)).astype("float32") + [[[0.0], [0], [9.8], [0], [0], [0]]]
    >>> y = np.repeat(["still", "busy"], 20)
    >>> X[20:] *= 3
    >>> classifier = Multi3NetClassifier(max_epochs=5, width=16, random_state=0).fit(X, y)
    >>> classifier.predict(X[[0, 30]]).tolist()
    ['still', 'busy']
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "pretrainer": [HasMethods(["fit", "transform"]), str, os.PathLike, list, tuple, None],
        "strategy": [StrOptions(STRATEGIES)],
        "head": [StrOptions({"linear", "mlp", "moe"})],
        "label_at": [StrOptions({"window", "centre"})],
        "descriptions": [Mapping, None],
        "rehearsal": [tuple, None],
        "augment": [StrOptions({"auto", "so3", "cone"}), Augmentation, None],
        "views": [Interval(Integral, 1, None, closed="left")],
        "loss": [StrOptions({"cross_entropy", "balanced_softmax"})],
        "calibrate": ["boolean"],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "ema": [Interval(Real, 0, 1, closed="neither"), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "C": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "width": [Interval(Integral, 1, None, closed="left")],
        "norm": [StrOptions({"group", "layer", "batch"})],
        "adapt_norm": [StrOptions({"fit", "predict"}), None],
        "rate": [Interval(Real, 0, None, closed="neither"), None],
        "channels": ["array-like", None],
        "memory": [str, HasMethods(["cache"]), None],
        "warm_start": ["boolean"],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        pretrainer: Any = None,
        *,
        strategy: str = "auto",
        head: str = "linear",
        label_at: str = "window",
        descriptions: Mapping[Any, Any] | None = None,
        rehearsal: tuple[Any, ArrayLike] | None = None,
        augment: str | Augmentation | None = "auto",
        views: int = 1,
        loss: str = "cross_entropy",
        calibrate: bool = False,
        class_weight: str | dict[Any, float] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 10,
        max_epochs: int | str = "auto",
        batch_size: int = 64,
        lr: float | str = "auto",
        weight_decay: float = 0.02,
        ema: float | None = 0.99,
        label_smoothing: float = 0.1,
        dropout: float = 0.0,
        C: float | str = "auto",
        width: int = 128,
        norm: str = "group",
        adapt_norm: str | None = None,
        rate: float | None = None,
        channels: Any = None,
        memory: Any = None,
        warm_start: bool = False,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.pretrainer = pretrainer
        self.strategy = strategy
        self.head = head
        self.label_at = label_at
        self.descriptions = descriptions
        self.rehearsal = rehearsal
        self.augment = augment
        self.views = views
        self.loss = loss
        self.calibrate = calibrate
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.ema = ema
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.C = C
        self.width = width
        self.norm = norm
        self.adapt_norm = adapt_norm
        self.rate = rate
        self.channels = channels
        self.memory = memory
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # ---- fit

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn to recognise the classes of labelled windows.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times) or (n, n_times), or Windows
            IMU windows in m/s² and rad/s; a 2-D array holds windows of one channel.
        y : array-like of shape (n,)
            Labels of any kind. Not read by ``strategy="zero_shot"``.
        sample_weight : array-like of shape (n,), default=None
            Weights of the windows: 2 counts as the window given twice. Weights whose mean is below
            1, zeros left out, are taken for shares and scaled to a mean of 1.
        groups : array-like of shape (n,), default=None
            Person of each window: kept together wherever windows are held out, by early stopping
            and `calibrate`.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If windows, labels or weights are malformed, strategy and pretrainer don't fit
            together, or the rate is needed and not known. What an earlier fit has learned is kept.
        """
        with all_or_nothing(self):
            return self._fit(X, y, sample_weight, groups)

    def _fit(
        self, X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None, groups: ArrayLike | None
    ) -> Self:
        imu = self._read(X, reset=True)
        self._check_pretrainers()
        if self.strategy == "zero_shot":
            return self._fit_names(X, imu, groups)
        labels = check_labels(y, len(imu.values), sample_weight, self.class_weight)
        if self.descriptions is not None:
            check_descriptions(self.descriptions)
        if self.strategy not in ("auto", "scratch") and self.pretrainer is None:
            raise ValueError(
                f"strategy={self.strategy!r} needs a pretrained encoder: give pretrainer= a "
                "FrozenEstimator, a saved file or a Multi3NetPretrainer, or use 'scratch'."
            )
        kept = np.flatnonzero(labels.weight > 0)
        people = None if groups is None else check_groups(groups, len(imu.values))[kept]
        imu, labels = _take(imu, labels, kept)
        start = self._last_fit(imu, labels)
        if start is None:
            start = self._first_start(
                X[kept] if isinstance(X, Windows) else imu, imu, labels, people
            )
        if self.strategy == "prompt_ft" and not self.descriptions:
            raise ValueError(
                "strategy='prompt_ft' starts from descriptions={label: sentence or sentences} of "
                "the classes: give them, or use 'lp_ft'."
            )
        if self.adapt_norm is not None:
            check_norms(start.encoders)
        if self.label_at == "centre" and has_fixed_length(start.encoders):
            raise ValueError(
                "label_at='centre' needs features of each part of a window, which encoder='paper' "
                "does not have. Use label_at='window', or another encoder."
            )
        self.classes_ = labels.classes
        self.input_, self.channels_, self.rate_ = start.input_map, imu.channels, imu.rate
        self._learn(self._rows(imu, labels, start), start, people)
        return self

    def _check_pretrainers(self) -> None:
        count = len(as_list(self.pretrainer))
        if count > 1 and self.strategy not in ("auto", "blend"):
            raise ValueError(
                f"strategy={self.strategy!r} learns from one pretrainer, and {count} were given. "
                "Give one of them, or use 'blend' or 'auto'."
            )

    def _last_fit(self, imu: ImuWindows, labels: Labels) -> Start | None:
        """Return what a warm start goes on from, if it is one."""
        if not self.warm_start or not hasattr(self, "weights_"):
            return None
        if "frozen" in (self.strategy, self.strategy_) or self.strategy_ == "zero_shot":
            return None
        changed = [name for name, value in self._origin().items() if value != self.origin_[name]]
        if changed:
            raise ValueError(
                "warm_start=True goes on with the network of the last fit, which comes from other "
                f"values of {', '.join(changed)}. Set them back, or warm_start=False to start anew."
            )
        layout = make_layout(imu.values.shape[1], imu.channels, flat=imu.flat)
        if not np.array_equal(labels.classes, self.classes_) or layout != self.input_.layout:
            raise ValueError(
                "warm_start=True can only go on with the same classes and channels: fitted were "
                f"{self.classes_.tolist()!r}, now there are {labels.classes.tolist()!r} in "
                f"{imu.values.shape[1]} channels. Set warm_start=False."
            )
        return Start(
            encoders_of(self.config_)[0],
            self.input_,
            self.weights_,
            self.n_iter_,
            config=self.config_,
        )

    def _origin(self) -> dict[str, Any]:
        classes, prompts = check_descriptions(self.descriptions or {})
        return {
            "pretrainer": [fingerprint(given) for given in as_list(self.pretrainer)],
            "descriptions": digest((classes.tolist(), prompts)),
            **{name: getattr(self, name) for name in MAKING},
        }

    def _first_start(
        self, rows: Windows | ImuWindows, imu: ImuWindows, labels: Labels, groups: AnyArray | None
    ) -> Start:
        given = as_list(self.pretrainer)
        scratch = self.strategy == "scratch" or not given
        if scratch and not (given and is_ready(given[0])):
            return from_scratch(imu, labels.weight, width=self.width, norm=self.norm)
        check_rate_is_known(imu)
        sources = fitted_pretrainers(given, rows, groups, self.memory)
        start, *others = [from_pretrainer(source, imu) for source in sources]
        fresh = start.forgotten(imu, labels.weight)
        if scratch:
            return fresh
        if self.descriptions is not None and self.strategy in ("auto", "prompt_ft", "blend"):
            prompts = prompts_of(self.descriptions, labels.classes)
            with naming("pretrainer[0], which descriptions are put to" if others else ""):
                start = replace(start, names=name_classes(sources[0], prompts))
        return replace(start, beside=(*read_alike(start, others), fresh))

    def _rows(self, imu: ImuWindows, labels: Labels, start: Start) -> LabelledWindows:
        layout = start.input_map.layout
        augmentation = self._augmentation(layout)
        if augmentation is not None and has_fixed_length(start.encoders):
            augmentation = replace(augmentation, shortest=1.0)
        data = LabelledWindows(
            start.input_map(imu),
            None if layout.is_series else layout.present,
            labels.codes,
            labels.weight,
            len(labels.classes),
            augmentation,
            start.input_map.rate,
        )
        others = self._others(labels.classes)
        if others is None:
            return data
        return replace(data, rehearsal=self._rehearsed(*others, data, start))

    def _others(self, classes: AnyArray) -> tuple[ImuWindows, NDArray[np.int64]] | None:
        """Return the windows to rehearse that are of these classes, and their class numbers."""
        if self.rehearsal is None:
            return None
        if len(self.rehearsal) != 2:
            raise ValueError(
                "rehearsal must be a tuple (X, y), windows and their labels; got a tuple of "
                f"{len(self.rehearsal)}."
            )
        with naming("rehearsal=(X, y)"):
            imu = self._read(self.rehearsal[0], reset=False)
            self._layout_of(imu)
        shape = np.shape(self.rehearsal[1])
        if shape != (len(imu.values),):
            raise ValueError(
                f"rehearsal has {len(imu.values)} windows, but labels of shape {shape}."
            )
        with naming("rehearsal=(X, y)"):
            own, codes, _ = check_labels(self.rehearsal[1], len(imu.values), None, None)
        y = own[codes]
        rows = np.flatnonzero(np.isin(y, classes))
        if len(rows) == 0:
            raise ValueError(
                f"rehearsal shows none of the classes {classes.tolist()!r}; its labels are "
                f"{own.tolist()!r}."
            )
        return imu._replace(values=imu.values[rows]), np.searchsorted(classes, y[rows])

    def _rehearsed(
        self, imu: ImuWindows, codes: NDArray[np.int64], data: LabelledWindows, start: Start
    ) -> LabelledWindows:
        input_map = replace(start.input_map, layout=self._layout_of(imu))
        input_map.warn_units(imu)
        x = input_map(imu)
        if not input_map.layout.is_series:  # sites may come in another order
            there = input_map.layout.sites
            x = x[:, [there.index(site) for site in start.input_map.layout.sites]]
        if x.shape[1:] != data.x.shape[1:]:
            raise ValueError(
                f"At the encoder's rate, windows of rehearsal have the shape {x.shape[1:]} (sites, "
                f"channels, samples), but those of X {data.x.shape[1:]}. Cut windows of equal "
                "seconds and channels."
            )
        weight = np.ones(len(codes))
        return replace(data, x=x.astype(data.x.dtype, copy=False), codes=codes, weight=weight)

    def _augmentation(self, layout: Layout) -> Augmentation | None:
        return resolve_augmentation(self.augment, FINE_TUNING, series=layout.is_series)

    def _recipe(self) -> Recipe:
        return Recipe(
            head=self.head,
            label_at=self.label_at,
            loss=self.loss,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=self.weight_decay,
            ema=self.ema,
            label_smoothing=self.label_smoothing,
            dropout=self.dropout,
            C=self.C,
            patience=self.n_iter_no_change if self.early_stopping else None,
            validation_fraction=self.validation_fraction,
            adapts=self.adapt_norm is not None,
            device=resolve_device(self.device),
            verbose=self.verbose,
        )

    def _learn(self, data: LabelledWindows, start: Start, groups: AnyArray | None) -> None:
        recipe, seed = self._recipe(), root_entropy(self.random_state)
        if start.epochs == 0:  # otherwise the weights have seen every row
            self.origin_ = self._origin()
            scratch = self.pretrainer is None
            self.strategy_ = "scratch" if scratch else follow(self.strategy, data, start)
            self.temperature_ = None
            if self.calibrate:
                views = self._views(start.input_map.layout, start.encoders)
                self.temperature_ = calibration(
                    data, groups, start, self.strategy_, recipe, views, seed
                )
        callbacks = partial(epoch_callbacks, self)
        learned = learn(
            data, start, self.strategy_, recipe, seed, groups=groups, callbacks=callbacks
        )
        self.config_, self.history_ = learned.config, learned.history
        self._keep(get_weights(learned.module))
        self.n_iter_ = start.epochs + len(self.history_)

    def _keep(self, weights: dict[str, AnyArray]) -> None:
        self.weights_, self._live = weights, LiveModule()

    def _fit_names(self, X: Any, imu: ImuWindows, groups: ArrayLike | None) -> Self:
        if self.pretrainer is None or not self.descriptions:
            raise ValueError(
                "strategy='zero_shot' needs a pretrainer that has learned from texts, and "
                "descriptions={label: sentence or sentences} of the classes."
            )
        if self.adapt_norm is not None:
            raise ValueError("adapt_norm works with strategies that learn from labels only.")
        classes, prompts = check_descriptions(self.descriptions)
        check_rate_is_known(imu)
        rows = X if isinstance(X, Windows) else imu
        (source,) = fitted_pretrainers(as_list(self.pretrainer), rows, groups, self.memory)
        start = from_pretrainer(source, imu)
        named = name_classes(source, prompts)
        self.config_ = {"net": named.net, "sites": start.sites, "n_classes": len(classes)}
        with isolated():
            weights = get_weights(build_classifier(self.config_))
        weights |= {name: named.weights[name] for name in weights.keys() & named.weights.keys()}
        self._keep({name: as_dtype(w, imu.values.dtype) for name, w in weights.items()})
        self.classes_, self.strategy_ = classes, "zero_shot"
        self.input_, self.channels_, self.rate_ = start.input_map, imu.channels, imu.rate
        self.temperature_ = None
        self.history_, self.n_iter_, self.origin_ = [], 0, self._origin()
        self._others(classes)
        return self

    # ---- predict

    def predict_proba(self, X: Any) -> AnyArray:
        """Return the probability of each class for each window.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times) or (n, n_times), or Windows
            Windows of the kind that was fitted; 3-D ones may be longer or shorter.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows sum to 1; columns are in the order of `classes_`.
        """
        logits = self._logits(X)
        return probabilities(logits, self.temperature_)

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable class of each window.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times) or (n, n_times), or Windows
            Windows of the kind that was fitted; 3-D ones may be longer or shorter.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def _logits(self, X: Any) -> AnyArray:
        check_is_fitted(self)
        check_params(self, SET_LATER)
        if self.adapt_norm == "predict":
            check_norms(encoders_of(self.config_))
        imu = self._read(X, reset=False)
        input_map = replace(self.input_, layout=self._layout_of(imu))
        input_map.warn_units(imu)
        x, layout = input_map(imu), input_map.layout
        present = None if layout.is_series else layout.present
        views = self._views(layout, encoders_of(self.config_))
        threads, device = torch.get_num_threads(), resolve_device(self.device)
        with isolated():
            module = self._module()
            if not layout.is_series:
                module.read_sites(layout.sites)
            if self.adapt_norm == "predict":
                module = adapt_norms(copy.deepcopy(module), x, present, device)
            logits = views.logits(module, x, present, device, threads)
        check_answers(logits, imu.values)
        return logits

    def _module(self) -> Any:
        if not hasattr(self, "_live"):  # loaded from a file
            self._live = LiveModule()
        return self._live.get(
            self.weights_, lambda: set_weights(build_classifier(self.config_), self.weights_)
        )

    def _views(self, layout: Layout, encoders: list[dict[str, Any]]) -> Views:
        augmentation = self._augmentation(layout)
        turned = augmentation is not None and augmentation.rotation == "so3"
        return Views(self.views, turned, cropped=not has_fixed_length(encoders))

    # ---- what X is

    def _read(self, X: Any, *, reset: bool) -> ImuWindows:
        rate = self.rate if reset or self.rate is not None else self.rate_
        if isinstance(X, Windows):
            channels = None if X.channels is not None else self.channels
            rate = rate if X.rate("imu") is None or reset else None
        else:
            channels = self.channels
        imu = read_imu(self, X, reset=reset, rate=rate, channels=channels)
        check_rates(imu)
        return imu

    def _layout_of(self, imu: ImuWindows) -> Layout:
        """Return the layout of windows to predict, whose sites may be in another order."""
        fitted = self.input_.layout
        if imu.channels is None or self.channels_ is None or imu.channels == self.channels_:
            return fitted
        layout = make_layout(imu.values.shape[1], imu.channels, flat=imu.flat)
        if _sensors(layout) != _sensors(fitted):
            raise ValueError(
                f"X has the channels {', '.join(imu.channels)}, but the classifier was fitted on "
                f"{', '.join(self.channels_)}. Select or rename channels."
            )
        return layout

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = self.strategy != "zero_shot"
        return tags


def _take(imu: ImuWindows, labels: Labels, rows: AnyArray) -> tuple[ImuWindows, Labels]:
    if len(rows) == len(imu.values):
        return imu, labels
    kept = labels._replace(codes=labels.codes[rows], weight=labels.weight[rows])
    return imu._replace(values=imu.values[rows]), kept


def _sensors(layout: Layout) -> Any:
    if layout.is_series:
        return layout.n_channels
    return sorted(zip(layout.sites, layout.present.tolist(), strict=True))
