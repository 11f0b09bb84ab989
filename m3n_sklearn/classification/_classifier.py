"""Multi3NetClassifier: labels from IMU windows, with or without pretraining."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from .._inputs import ImuWindows, Layout, make_layout, read_imu
from .._runtime import derive_rng, derive_seed, isolated, resolve_device
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
from .._skorch import TrainingPlan, count_epochs, train
from ..nets import get_weights, set_weights
from ..nets._classifier import ImuClassifier, build_classifier
from ..persistence import Persistent
from ..pretraining import Multi3NetPretrainer
from ..pretraining.augmentation import (
    FINE_TUNING,
    Augmentation,
    resolve_augmentation,
)
from ..windows import Windows
from ._head import solve_head
from ._labels import Labels, check_labels, hold_out
from ._pretrained import (
    Start,
    check_rate,
    fitted_pretrainer,
    from_pretrainer,
    from_scratch,
    names_in_joint_space,
)
from ._training import (
    CrossEntropy,
    LabelledWindows,
    run_in_chunks,
)

__all__ = ["Multi3NetClassifier"]

AnyArray = NDArray[Any]

FEWEST_EPOCHS, FEWEST_STEPS = 30, 400
"""Passes over the rows, and steps, that a fit takes at least when max_epochs is "auto"."""

PENALTIES = {"frozen": 0.1, "lp_ft": 0.01}
"""What C="auto" stands for: a head that is to be fine-tuned must not be sure of itself yet."""


class Multi3NetClassifier(CallbackSupportMixin, ClassifierMixin, Persistent, BaseEstimator):
    """Recognise activities in IMU windows, from few labels with a pretrained encoder.

    Parameters
    ----------
    pretrainer : Multi3NetPretrainer, FrozenEstimator, path-like or None, default=None
        Where the encoder comes from. A path is a file that `Multi3NetPretrainer.save` has
        written. ``FrozenEstimator(fitted)`` is used as it is; its weights are copied and never
        changed. A bare `Multi3NetPretrainer` is cloned and pretrained inside `fit`, on its
        ``corpus`` or else on X. None starts from random weights.
    strategy : {"auto", "scratch", "frozen", "lp_ft", "full", "zero_shot"}, default="auto"
        What is learned from labels:

        - ``"scratch"``: encoder and head, from random weights;
        - ``"frozen"``: a scaled logistic regression on the encoder's features, in closed form;
        - ``"lp_ft"``: that regression becomes the head, then everything is fine-tuned [1]_;
        - ``"full"``: a fresh head, then everything is fine-tuned;
        - ``"zero_shot"``: nothing; classes are named by `descriptions`, and no label is read;
        - ``"auto"``: ``"scratch"`` without a pretrainer, ``"frozen"`` below two windows per
          class, ``"lp_ft"`` otherwise.
    head : {"linear", "mlp"}, default="linear"
        What turns features into classes. An MLP adds a bend, which starts at zero, to the linear
        map.
    descriptions : dict, default=None
        Per class a sentence or several, for ``"zero_shot"``.
    augment : {"auto", "so3", "cone"}, Augmentation or None, default="auto"
        Random changes of the training windows. ``"auto"`` turns the sensors of a site together
        within a cone of 50 degrees, sometimes straps the watch on the other way round, adds
        offsets and noise, and crops; a generic series it leaves alone.
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
        Passes over the windows. ``"auto"`` takes at least 30 epochs and at least 400 steps.
    batch_size : int, default=64
        Windows per step.
    lr : float, default=0.003
        Peak learning rate of AdamW, approached in a short warm-up and left on a cosine.
    weight_decay : float, default=0.02
        Decay of weight matrices.
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
        Go on from the weights of the last `fit`. Classes and channels must be the same.
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
    input_ : InputMap
        How windows become the network's input.
    channels_ : tuple of str or None
        Channel names of the training windows.
    rate_ : float or None
        Samples per second of the training windows; bare arrays are taken to have it too.
    config_ : dict
        Configuration of the network.
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
    count depends on the number of rows; then this holds on average only.

    References
    ----------
    .. [1] A. Kumar et al., "Fine-tuning can distort pretrained features and underperform
       out-of-distribution", ICLR 2022.

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
        "pretrainer": [HasMethods(["fit", "transform"]), str, os.PathLike, None],
        "strategy": [StrOptions({"auto", "scratch", "frozen", "lp_ft", "full", "zero_shot"})],
        "head": [StrOptions({"linear", "mlp"})],
        "descriptions": [Mapping, None],
        "augment": [StrOptions({"auto", "so3", "cone"}), Augmentation, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "C": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "width": [Interval(Integral, 1, None, closed="left")],
        "norm": [StrOptions({"group", "layer", "batch"})],
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
        descriptions: Mapping[Any, Any] | None = None,
        augment: str | Augmentation | None = "auto",
        class_weight: str | dict[Any, float] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 10,
        max_epochs: int | str = "auto",
        batch_size: int = 64,
        lr: float = 3e-3,
        weight_decay: float = 0.02,
        label_smoothing: float = 0.1,
        dropout: float = 0.0,
        C: float | str = "auto",
        width: int = 128,
        norm: str = "group",
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
        self.descriptions = descriptions
        self.augment = augment
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.C = C
        self.width = width
        self.norm = norm
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
            Weights of the windows.
        groups : array-like of shape (n,), default=None
            Person of each window: kept together by early stopping.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If windows, labels or weights are malformed, strategy and pretrainer don't fit
            together, or the rate is needed and not known.
        """
        imu = self._read(X, reset=True)
        if self.strategy == "zero_shot":
            return self._fit_names(X, imu, groups)
        labels = check_labels(y, len(imu.values), sample_weight, self.class_weight)
        strategy = self._choose_strategy(labels)
        kept = np.flatnonzero(labels.weight > 0)
        people = None if groups is None else _check_groups(groups, len(imu.values))[kept]
        imu, labels = _take(imu, labels, kept)
        start = self._last_fit(imu, labels, strategy)
        if start is None and strategy == "scratch":
            start = from_scratch(imu, labels.weight, width=self.width, norm=self.norm)
        elif start is None:
            start = from_pretrainer(
                self._pretrained(X[kept] if isinstance(X, Windows) else imu, imu, people), imu
            )
        self.classes_, self.strategy_ = labels.classes, strategy
        self.input_, self.channels_, self.rate_ = start.input_map, imu.channels, imu.rate
        self._learn(imu, labels, start, people)
        return self

    def _choose_strategy(self, labels: Labels) -> str:
        if self.strategy == "auto":
            if self.pretrainer is None:
                return "scratch"
            few = np.count_nonzero(labels.weight) < 2 * len(labels.classes)
            return "frozen" if few else "lp_ft"
        if self.strategy != "scratch" and self.pretrainer is None:
            raise ValueError(
                f"strategy={self.strategy!r} needs a pretrained encoder: give pretrainer= a "
                "FrozenEstimator, a saved file or a Multi3NetPretrainer, or use 'scratch'."
            )
        return self.strategy

    def _pretrained(
        self, rows: Windows | ImuWindows, imu: ImuWindows, groups: ArrayLike | None
    ) -> Multi3NetPretrainer:
        check_rate(imu)
        return fitted_pretrainer(self.pretrainer, rows, groups, self.memory)

    def _last_fit(self, imu: ImuWindows, labels: Labels, strategy: str) -> Start | None:
        """Return what a warm start goes on from, if it is one."""
        if not self.warm_start or not hasattr(self, "weights_"):
            return None
        layout = make_layout(imu.values.shape[1], imu.channels, flat=imu.flat)
        if not np.array_equal(labels.classes, self.classes_) or layout != self.input_.layout:
            raise ValueError(
                "warm_start=True can only go on with the same classes and channels: fitted were "
                f"{self.classes_.tolist()!r}, now there are {labels.classes.tolist()!r} in "
                f"{imu.values.shape[1]} channels. Set warm_start=False."
            )
        if strategy == "frozen" or self.strategy_ == "zero_shot":
            return None
        return Start(self.config_["encoder"], self.input_, self.weights_, self.n_iter_)

    def _learn(
        self, imu: ImuWindows, labels: Labels, start: Start, groups: AnyArray | None
    ) -> None:
        x, layout = start.input_map(imu), start.input_map.layout
        data = LabelledWindows(
            x,
            None if layout.is_series else layout.present,
            labels.codes,
            labels.weight,
            resolve_augmentation(self.augment, FINE_TUNING, series=layout.is_series),
        )
        self.config_: dict[str, Any] = {
            "encoder": start.encoder,
            "sites": start.sites,
            "n_classes": len(labels.classes),
            "head": self.head,
            "dropout": self.dropout,
        }
        seed, device = root_entropy(self.random_state), resolve_device(self.device)
        self.history_: list[dict[str, float]] = []
        with isolated(derive_seed(seed, 0)):
            module = ImuClassifier(self.config_)
            weights = get_weights(module) | start.weights
            set_weights(module, {name: _as(array, x.dtype) for name, array in weights.items()})
            if self.strategy_ in ("frozen", "lp_ft") and start.epochs == 0:
                C = PENALTIES[self.strategy_] if isinstance(self.C, str) else self.C
                solve_head(module, data, C, device)
            if self.strategy_ != "frozen":
                self.history_ = self._train(module, data, groups, seed, device, start.epochs)
            self.weights_ = get_weights(module)
        self.n_iter_ = start.epochs + len(self.history_)

    def _train(
        self,
        module: ImuClassifier,
        data: LabelledWindows,
        groups: AnyArray | None,
        seed: int,
        device: str,
        epochs_before: int,
    ) -> list[dict[str, float]]:
        valid = None
        if self.early_stopping:
            rows, held = hold_out(data.codes, groups, self.validation_fraction, derive_rng(seed, 2))
            data, valid = data.take(rows), data.take(held).plain()
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
            seed=derive_seed(seed, 1),
            device=device,
            patience=self.n_iter_no_change if self.early_stopping else None,
            first_epoch=epochs_before,
            verbose=self.verbose,
        )
        loss = CrossEntropy(self.label_smoothing)
        with epoch_callbacks(self, max_epochs=plan.max_epochs) as end_epoch:
            return train(
                module,
                loss,
                data,
                plan,
                valid=valid,
                on_epoch=lambda: end_epoch(lambda: {"weights_": get_weights(module)}),
            )

    def _fit_names(self, X: Any, imu: ImuWindows, groups: ArrayLike | None) -> Self:
        if self.pretrainer is None or not self.descriptions:
            raise ValueError(
                "strategy='zero_shot' needs a pretrainer that has learned from texts, and "
                "descriptions={label: sentence or sentences} of the classes."
            )
        classes, prompts = _check_descriptions(self.descriptions)
        source = self._pretrained(X if isinstance(X, Windows) else imu, imu, groups)
        start = from_pretrainer(source, imu)
        names = names_in_joint_space(source, prompts)
        net = {**source.config_, "decoders": []}
        net["encoders"] = {"imu": source.config_["encoders"]["imu"]}
        self.config_ = {"net": net, "sites": start.sites, "n_classes": len(classes)}
        with isolated():
            weights = get_weights(build_classifier(self.config_))
        dtype = imu.values.dtype
        taken = {f"net.{name}": array for name, array in source.weights_.items()}
        weights = {name: _as(taken.get(name, array), dtype) for name, array in weights.items()}
        self.weights_ = weights | {"names": _as(names, dtype)}
        self.classes_, self.strategy_ = classes, "zero_shot"
        self.input_, self.channels_, self.rate_ = start.input_map, imu.channels, imu.rate
        self.history_, self.n_iter_ = [], 0
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
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

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
        logits = self._logits(X)
        return self.classes_[logits.argmax(axis=1)]

    def _logits(self, X: Any) -> AnyArray:
        check_is_fitted(self)
        imu = self._read(X, reset=False)
        input_map = replace(self.input_, layout=self._layout_of(imu))
        input_map.warn_units(imu)
        x, layout = input_map(imu), input_map.layout
        config = self.config_ if layout.is_series else {**self.config_, "sites": layout.sites}
        present = None if layout.is_series else layout.present
        with isolated():
            module = set_weights(build_classifier(config), self.weights_)
            return run_in_chunks(module, module, x, present, resolve_device(self.device))

    # ---- what X is

    def _read(self, X: Any, *, reset: bool) -> ImuWindows:
        rate = self.rate if reset or self.rate is not None else self.rate_
        if isinstance(X, Windows):
            channels = None if X.channels is not None else self.channels
            rate = rate if X.rate("imu") is None or reset else None
        else:
            channels = self.channels
        return read_imu(self, X, reset=reset, rate=rate, channels=channels)

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


def _as(array: AnyArray, dtype: Any) -> AnyArray:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _take(imu: ImuWindows, labels: Labels, rows: AnyArray) -> tuple[ImuWindows, Labels]:
    if len(rows) == len(imu.values):
        return imu, labels
    kept = labels._replace(codes=labels.codes[rows], weight=labels.weight[rows])
    return imu._replace(values=imu.values[rows]), kept


def _check_groups(groups: ArrayLike, n_rows: int) -> AnyArray:
    names = np.asarray(groups)
    if names.shape != (n_rows,):
        raise ValueError(f"groups must name one group per window, {n_rows}; got {names.shape}.")
    return names


def _sensors(layout: Layout) -> Any:
    if layout.is_series:
        return layout.n_channels
    return sorted(zip(layout.sites, layout.present.tolist(), strict=True))


def _check_descriptions(descriptions: Mapping[Any, Any]) -> tuple[AnyArray, list[list[str]]]:
    labels = list(descriptions)
    classes = np.asarray(labels)
    if classes.ndim != 1 or len({type(label) for label in labels}) > 1:
        raise TypeError(f"The classes of descriptions must be of one simple type, got {labels!r}.")
    classes, order = np.unique(classes, return_index=True)
    prompts = []
    for i in order:
        given = descriptions[labels[i]]
        several = isinstance(given, Iterable) and not isinstance(given, str)
        sentences = list(given) if several else [given]
        if not sentences or not all(isinstance(s, str) and s.strip() for s in sentences):
            raise ValueError(
                f"descriptions[{labels[i]!r}] must be a sentence or several, got {given!r}."
            )
        prompts.append(sentences)
    return classes, prompts
