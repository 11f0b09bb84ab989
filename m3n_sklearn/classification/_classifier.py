"""Multi3NetClassifier: labels from IMU windows, with or without pretraining."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from .._compat import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    epoch_callbacks,
    fit_context,
    root_entropy,
)
from .._hashing import content_hash
from .._inputs import ImuWindows, InputMap
from .._labels import Labels, check_descriptions, check_groups, check_labels, prompts_of
from .._persistence import Persistent
from .._torch import LiveModule, all_or_nothing, derive_seed, isolated, resolve_device
from .._training import TrainingPlan, count_epochs
from .._typing import AnyArray
from .._windows import Windows
from ..nets import get_weights
from ..pretraining import Augmentation
from ._encoded_labels import ClassParameters, in_labels_of
from ._examples import Examples
from ._foreign import (
    is_foreign,
    without_functions,
)
from ._learning import (
    BATCH_SIZE,
    EMA,
    FEWEST_EPOCHS,
    FEWEST_STEPS,
    WEIGHT_DECAY,
    Member,
    choose_strategy,
    embed_frozen,
    initial_module,
    learning_rate,
    list_members,
    members_of_last_fit,
    train_frozen,
    train_members,
)
from ._predictor import sensors_in
from ._pretrained import (
    Network,
    as_list,
    check_rate_is_known,
    common_input_map,
    encoders_of,
    fitted_pretrainers,
    identity_of,
    is_ready,
    naming,
    new_encoder,
    own_pretrainer,
    prompt_network,
    reads_one_length,
    sees_parts,
)
from ._teaching import Teachable
from ._training_windows import LabeledWindows

__all__ = ["Multi3NetClassifier"]


class Multi3NetClassifier(
    CallbackSupportMixin, ClassifierMixin, Teachable, Persistent, BaseEstimator
):
    """Recognize activities in IMU windows, from few labels with a pretrained encoder.

    Parameters
    ----------
    pretrainer : estimator, str, path-like, list or None, default=None
        The source of the encoder:

        - a name of :func:`~m3n_sklearn.pretraining.list_pretrained`, or the path of a file that
          `Multi3NetPretrainer.save` has written;
        - ``FrozenEstimator(fitted)``: the fitted pretrainer is used and never changed;
        - a bare `Multi3NetPretrainer`: it is cloned and pretrained inside `fit`, on its ``corpus``
          or else on X;
        - a `ForeignEncoder`, an encoder of somebody else, for ``"frozen"`` and ``"auto"``: its
          weights are not trained;
        - a list of several of these, for ``strategy="auto"`` only. All but a `ForeignEncoder` must
          work at one rate. The first of these embeds the `descriptions`, sets the architecture of
          the network from scratch and names the sites of bare arrays;
        - None: the network starts from random weights.
    strategy : {"auto", "scratch", "frozen", "finetune", "zero_shot", "guided"}, default="auto"
        How labels are learned:

        - ``"scratch"``: train encoder and head from random weights. A `pretrainer`, fitted or
          not, sets the architecture; its weights are not used, and an unfitted one is not trained;
        - ``"frozen"``: fit a logistic regression on the features of the pretrained encoder and on
          `statistics`. `teach` and `forget` change its examples afterwards;
        - ``"finetune"``: start with that regression as head, then train all weights [1]_. With
          `descriptions`, start with the network of ``"zero_shot"`` instead;
        - ``"zero_shot"``: compare windows with `descriptions` in the joint space. No label is read;
        - ``"guided"``: multiply the probabilities of ``"frozen"`` by those of ``"zero_shot"``,
          raised to the power `words_weight_` that the labels determine (see Notes);
        - ``"auto"``: choose by the number of labels (see Notes); with four windows per class or
          more, train an ensemble.
    head : {"linear", "moe"}, default="linear"
        Map from features to classes. ``"moe"`` adds a mixture of four experts [2]_, which is zero
        at the start. Networks that start from `descriptions` have no head.
    label_at : {"window", "center"}, default="window"
        Whether a label describes the whole window or its center, as with
        :func:`~m3n_sklearn.recording.cut` and ``label="center"``. With ``"center"``, the head also
        sees the middle and the thirds of the window separately. Networks that start from
        `descriptions` always see the whole window.
    statistics : bool, default=True
        Whether the regression of ``"frozen"`` and ``"guided"`` also reads statistics of the
        signals: spread, power in six frequency bands, autocorrelation and more. Set False to
        compare encoders. Other strategies, and the ensemble of ``"auto"``, do without.
    descriptions : dict, default=None
        One sentence or several per class, for ``"zero_shot"``, ``"guided"``, ``"finetune"`` and
        ``"auto"``. Use them if the captions of the pretrainer's corpus contain your classes.
    rehearsal : tuple (X, y) or None, default=None
        Additional labeled windows, such as simulated ones of the same classes. Each training
        batch contains some of them, with half of the total weight. ``X`` has the channels and the
        length of the windows of `fit`. Rows of other classes are ignored. Strategies without
        training steps check them and do not use them.
    augment : {"auto", "so3", "cone"}, Augmentation or None, default="auto"
        Random changes of the training windows. ``"auto"`` rotates the sensors of a site together
        by up to 50 degrees, sometimes by a flipped strap, changes tempo and amplitude, adds
        offsets and noise, and crops. A generic series is not changed. Use ``"so3"`` if the mounting
        of the sensors is unknown: training windows are rotated to any orientation, and predictions
        are averaged over 8 orientations of each window.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    max_epochs : int or "auto", default="auto"
        Passes over the windows. ``"auto"`` trains for at least 30 epochs and at least 300 steps of
        64 windows.
    lr : float or "auto", default="auto"
        Peak learning rate of AdamW, with a short warm-up and a cosine decay. ``"auto"`` is 0.001
        for a pretrained network with fewer than four windows per class, else 0.003.
    rate : float, default=None
        Samples per second of a bare array. A pretrained encoder requires it.
    channels : sequence of str, default=None
        Channel names of a bare array, such as ``right_wrist_acc_x``, in any spelling that
        :doc:`/user_guide/tables` lists. With None, 3 channels are the accelerometer of one
        site, 6 accelerometer and gyroscope, 12 two sites. Any other number, every 2-D array, and
        names that begin with ``series_`` are a generic series.
    memory : str or joblib.Memory, default=None
        Cache for pretrainings inside `fit`: one per distinct training set, or a single one if the
        pretrainer has a corpus.
    warm_start : bool, default=False
        Continue training from the weights of the last `fit`, with the same classes, channels,
        `pretrainer`, `strategy`, `head`, `label_at` and `descriptions`. ``"frozen"``,
        ``"zero_shot"`` and ``"guided"`` always start again.
    callbacks : list of skorch callbacks or None, default=None
        Added to the library's own, such as ``EarlyStopping(monitor="train_loss")``. Each network
        is trained with a copy of them, so a callback should report to files or to the history.
    device : str, default="auto"
        ``"auto"`` is CUDA where available, else the CPU. A fitted classifier holds NumPy arrays
        and runs on any device.
    random_state : int, RandomState or None, default=None
        With the same integer, machine and versions, results on a CPU are bit-equal.
    verbose : int, default=0
        Show a progress bar if positive.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    n_features_in_ : int
        Channels of a 3-D X, samples of a 2-D X.
    strategy_ : str
        The strategy that was followed. ``"auto"`` becomes ``"scratch"``, ``"frozen"``,
        ``"guided"``, ``"finetune"`` or ``"ensemble"``.
    input_ : InputMap
        Map from windows to the network's input.
    channels_ : tuple of str or None
        Channel names of the training windows.
    rate_ : float or None
        Samples per second of the training windows. Bare arrays are assumed to have this rate.
    seconds_ : float or None
        Length of the training windows in s, if their rate is known.
    config_ : dict
        Configuration of the network.
    weights_ : dict of str to ndarray
        Weights of the network.
    origin_ : dict
        Parameters that determine the network, which a warm start compares.
    history_ : list of dict
        Mean loss and accuracy per epoch of the last `fit`.
    n_iter_ : int
        Number of epochs trained, including earlier warm starts.
    examples_ : Examples
        With ``strategy="frozen"``, the features, labels, weights and groups of the training
        windows, for `teach` and `forget`. They take 2 kB per window of one wrist with
        ``m3n-base``, also in saved files. ``del classifier.examples_`` removes them.
    words_weight_ : float
        If `strategy_` is ``"guided"``, the exponent of the probabilities by `descriptions`, between
        0 and 1. It is 0 if they fit the labels no better than chance.

    See Also
    --------
    m3n_sklearn.pretraining.Multi3NetPretrainer : Pretrains the encoder.
    sklearn.calibration.CalibratedClassifierCV : Calibrates probabilities; use
        ``method="temperature"``.

    Notes
    -----
    ``"auto"`` depends on the number of labels only. Without a pretrainer it is ``"scratch"``. With
    four windows per class or more, with `rehearsal`, or with several pretrainers, it is an
    ensemble: the networks of ``"frozen"``, ``"finetune"`` and ``"scratch"``, and ``"frozen"`` and
    ``"finetune"`` of each further pretrainer, each trained as it would be alone, without
    `statistics`. A `ForeignEncoder` takes part as ``"frozen"`` only. The ensemble
    predicts the weighted geometric mean of their probabilities; all frozen networks together have
    half the weight of a trained one. With fewer windows and with `descriptions`, ``"auto"`` is
    ``"guided"`` below two windows per class and ``"finetune"`` from two on. Without, it is
    ``"frozen"`` with fewer than 16 windows in all, and an ensemble with more. A window of weight 2
    counts as two.

    ``"guided"`` is a product of experts [3]_: the probability of a class is proportional to
    ``p_head * p_words**w``. The descriptions have not seen the labels, so the labels can judge
    them. Among the exponents 0, 0.05, ..., 2, ``fit`` finds the one for which the training labels
    are most likely under the descriptions alone. If their mean log-likelihood exceeds that of
    chance by more than one standard error, ``w`` is half of this exponent, otherwise 0.

    The loss is a weighted mean, and rows of weight 0 are dropped before random numbers are drawn.
    For a generic series of at most 64 rows, a row of weight 2 is therefore exactly the row given
    twice. Mini-batches and augmentation draw random numbers whose count depends on the number of
    rows; with them this holds on average.

    `rehearsal`, `descriptions` and `class_weight` hold the labels of y. Meta-estimators that number
    the classes before they fit, such as `VotingClassifier`, `StackingClassifier` and
    `CalibratedClassifierCV`, are recognized: the labels in the parameters are numbered in the same
    way. Where this is not possible, an error says so: in a worker (``n_jobs=2``), and in
    one-vs-rest, one-vs-one and output-code classifiers.

    `fit` computes on one thread, and fits in several threads of a process wait for each other.
    Predictions use ``torch.get_num_threads()`` threads, with the same results, and do not wait for
    fits of other estimators.

    References
    ----------
    .. [1] A. Kumar et al., "Fine-tuning can distort pretrained features and underperform
       out-of-distribution", ICLR 2022.
    .. [2] R. A. Jacobs et al., "Adaptive mixtures of local experts", Neural Computation 3(1), 1991.
    .. [3] G. E. Hinton, "Products of experts", ICANN 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Multi3NetClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["still", "busy"], 20)
    >>> X = rng.normal(size=(40, 6, 50)) * np.where(y == "busy", 3.0, 0.3)[:, None, None]
    >>> X[:, 2] += 9.8  # gravity
    >>> classifier = Multi3NetClassifier(max_epochs=10, random_state=0).fit(X[::2], y[::2])
    >>> classifier.score(X[1::2], y[1::2])
    1.0
    """

    origin_: dict[str, Any]
    history_: list[dict[str, float]]
    n_iter_: int
    words_weight_: float

    _parameter_constraints: dict[str, list[Any]] = {
        "pretrainer": [HasMethods(["fit", "transform"]), str, os.PathLike, list, tuple, None],
        "strategy": [StrOptions({"auto", "scratch", "frozen", "finetune", "zero_shot", "guided"})],
        "head": [StrOptions({"linear", "moe"})],
        "label_at": [StrOptions({"window", "center"})],
        "statistics": ["boolean"],
        "descriptions": [Mapping, None],
        "rehearsal": [tuple, None],
        "augment": [StrOptions({"auto", "so3", "cone"}), Augmentation, None],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "rate": [Interval(Real, 0, None, closed="neither"), None],
        "channels": ["array-like", None],
        "memory": [str, HasMethods(["cache"]), None],
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
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
        statistics: bool = True,
        descriptions: Mapping[Any, Any] | None = None,
        rehearsal: tuple[Any, ArrayLike] | None = None,
        augment: str | Augmentation | None = "auto",
        class_weight: str | dict[Any, float] | None = None,
        max_epochs: int | str = "auto",
        lr: float | str = "auto",
        rate: float | None = None,
        channels: Any = None,
        memory: Any = None,
        warm_start: bool = False,
        callbacks: list[Any] | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.pretrainer = pretrainer
        self.strategy = strategy
        self.head = head
        self.label_at = label_at
        self.statistics = statistics
        self.descriptions = descriptions
        self.rehearsal = rehearsal
        self.augment = augment
        self.class_weight = class_weight
        self.max_epochs = max_epochs
        self.lr = lr
        self.rate = rate
        self.channels = channels
        self.memory = memory
        self.warm_start = warm_start
        self.callbacks = callbacks
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
        """Learn to recognize the classes of labeled windows.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times) or (n, n_times), or Windows
            IMU windows in m/s² and rad/s; a 2-D array holds windows of one channel.
        y : array-like of shape (n,)
            Labels of any kind. ``strategy="zero_shot"`` does not read them.
        sample_weight : array-like of shape (n,), default=None
            Weights of the windows: 2 counts as the window given twice. If the mean of the positive
            weights is below 1, only their ratios matter.
        groups : array-like of shape (n,), default=None
            Person of each window. A pretrainer that is fitted on X gets them, and so do
            `examples_`.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If windows, labels or weights are malformed, if strategy and pretrainer do not fit
            together, or if the rate is required and not known. The results of an earlier fit are
            kept.
        """
        with all_or_nothing(self):
            return self._fit(X, y, sample_weight, groups)

    def _fit(
        self, X: Any, y: ArrayLike | None, sample_weight: ArrayLike | None, groups: ArrayLike | None
    ) -> Self:
        """Fit in five steps; `fit` restores the last state if one of them fails."""
        # 1. Read the windows and labels. Rows of weight zero are dropped before anything is drawn.
        imu = self._read(X, reset=True)
        self._check_strategy()
        given = ClassParameters(self.rehearsal, self.descriptions, self.class_weight)
        given = in_labels_of(y, given, zero_shot=self.strategy == "zero_shot")
        labels = self._read_labels(y, len(imu), sample_weight, given)
        people = None if groups is None else check_groups(groups, len(imu))
        kept = np.flatnonzero(labels.weight > 0)
        if len(kept) < len(imu):
            imu = imu.with_values(imu.values[kept])
            labels = Labels(labels.classes, labels.codes[kept], labels.weight[kept])
            people = None if people is None else people[kept]
            X = X[kept] if isinstance(X, Windows) else X

        # 2. List the networks to train, with their initial weights: those of the last fit, those of
        #    the pretrainers, or random ones.
        if self._continues(imu, labels.classes):
            first_epoch = self.n_iter_
            input_map = replace(self.input_, layout=self._layout_of(imu))
            config = self._with_functions(self.config_)
            members = members_of_last_fit(self.strategy_, config, self.weights_)
        else:
            first_epoch, self.strategy_ = 0, self._resolve_strategy(labels)
            members, input_map = self._start(X, imu, labels, people, given.descriptions)
            self.origin_ = self._origin()

        # 3. From here on the classifier knows how to read windows: those to rehearse, and those
        #    that callbacks predict during the training.
        self.classes_, self.input_ = labels.classes, input_map
        self.channels_, self.rate_ = imu.channels, imu.rate
        self.seconds_ = None if imu.rate is None else imu.values.shape[-1] / imu.rate
        rehearsal = self._read_rehearsal(given.rehearsal)
        seed = root_entropy(self.random_state)

        # 4. Train on the network's input. Without labels, there is nothing to train. A frozen
        #    network keeps the features of its windows, so that it can be taught more of them.
        for name in {"examples_", "words_weight_"} & vars(self).keys():
            delattr(self, name)
        config = members[0].config
        history: list[dict[str, float]] = []
        if self.strategy_ == "zero_shot":
            with isolated():
                weights = get_weights(initial_module(members[0], imu.values.dtype))
        elif self.strategy_ == "frozen":
            data, device = self._data(imu, labels, rehearsal, members), resolve_device(self.device)
            with epoch_callbacks(self, max_epochs=0):
                features = embed_frozen(members[0], data, device, seed)
                weights = train_frozen(members[0], features, labels, seed)
            given_weight = None if sample_weight is None else np.asarray(sample_weight)[kept]
            names = labels.classes[labels.codes]
            self.examples_ = Examples.of(features, names, given_weight, people)
        else:
            data = self._data(imu, labels, rehearsal, members)
            plans = [self._plan(member, data, first_epoch, seed) for member in members]
            epochs = sum(
                plan.max_epochs
                for member, plan in zip(members, plans, strict=True)
                if member.takes_steps
            )
            with epoch_callbacks(self, max_epochs=epochs) as end_epoch:
                (config, weights), history = train_members(members, plans, data, seed, end_epoch)
            if self.strategy_ == "guided":
                self.words_weight_ = config["weights"][1]

        # 5. Keep NumPy arrays only, so that the classifier runs on any device.
        self.config_, self.history_ = without_functions(config), history
        self.n_iter_ = first_epoch + len(history)
        self.weights_, self._live = weights, LiveModule()
        self._foreign = [copy.copy(encoder) for encoder in self._given_foreign()]
        return self

    def _check_strategy(self) -> None:
        """Raise an error if pretrainers and descriptions do not fit the strategy."""
        count = len(as_list(self.pretrainer))
        if count > 1 and self.strategy != "auto":
            raise ValueError(
                f"strategy={self.strategy!r} uses one pretrainer, and {count} were given. Give one "
                "of them, or use strategy='auto'."
            )
        reads_words = self.strategy in ("zero_shot", "guided")
        if reads_words and not (count and self.descriptions):
            raise ValueError(
                f"strategy={self.strategy!r} needs a pretrainer that was trained with texts, and "
                "descriptions={label: sentence or sentences} of the classes."
            )
        foreign = count - self._given_foreign().count(None)
        if foreign and self.strategy not in ("frozen", "auto"):
            why = (
                "which was not trained with texts"
                if reads_words
                else "whose weights stay as they are"
            )
            raise ValueError(
                f"strategy={self.strategy!r} cannot use a ForeignEncoder, {why}. Use "
                "strategy='frozen' or 'auto'."
            )
        if self.strategy in ("frozen", "finetune") and not count:
            raise ValueError(
                f"strategy={self.strategy!r} needs a pretrained encoder: give pretrainer= a name, "
                "a FrozenEstimator, a saved file or a Multi3NetPretrainer, or use 'scratch'."
            )

    def _read_labels(
        self,
        y: ArrayLike | None,
        n_rows: int,
        sample_weight: ArrayLike | None,
        given: ClassParameters,
    ) -> Labels:
        """Check labels and weights; zero-shot has the classes of the descriptions."""
        described = None if given.descriptions is None else check_descriptions(given.descriptions)
        if self.strategy == "zero_shot":
            assert described is not None
            return Labels(described[0], np.zeros(n_rows, np.int64), np.ones(n_rows))
        return check_labels(y, n_rows, sample_weight, given.class_weight)

    def _resolve_strategy(self, labels: Labels) -> str:
        """Return the strategy, and the choice of "auto"."""
        if self.strategy != "auto":
            return self.strategy
        return choose_strategy(
            float(labels.weight.sum()),
            len(labels.classes),
            n_pretrainers=len(as_list(self.pretrainer)),
            described=self.descriptions is not None,
            rehearses=self.rehearsal is not None,
        )

    def _continues(self, imu: ImuWindows, classes: AnyArray) -> bool:
        """Whether this fit is a warm start; refuse one with another network."""
        if not self.warm_start or not hasattr(self, "weights_"):
            return False
        if {"frozen", "zero_shot", "guided"} & {self.strategy, self.strategy_}:
            return False
        changed = [name for name, value in self._origin().items() if value != self.origin_[name]]
        if changed:
            raise ValueError(
                "warm_start=True continues with the network of the last fit, which was made with "
                f"other values of {', '.join(changed)}. Set them back, or set warm_start=False."
            )
        fitted, unnamed = self.input_.layout, imu.channels is None
        same = imu.layout == fitted or (unnamed and imu.layout.n_channels == fitted.n_channels)
        if not same and self.channels_ is not None:  # sites may come in another order
            same = bool(sensors := sensors_in(imu.layout)) and sensors == sensors_in(fitted)
        if not same or not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start=True can only continue with the same classes and channels: fitted were "
                f"{self.classes_.tolist()!r}, now there are {classes.tolist()!r} in "
                f"{imu.layout.n_channels} channels. Set warm_start=False."
            )
        return True

    def _origin(self) -> dict[str, Any]:
        """Return the parameters that determine the network, some of them as digests."""
        classes, prompts = check_descriptions(self.descriptions or {})
        return {
            "pretrainer": [identity_of(given) for given in as_list(self.pretrainer)],
            "strategy": self.strategy,
            "head": self.head,
            "label_at": self.label_at,
            "descriptions": content_hash((classes.tolist(), prompts)),
        }

    def _start(
        self,
        X: Any,
        imu: ImuWindows,
        labels: Labels,
        groups: AnyArray | None,
        descriptions: Mapping[Any, Any] | None,
    ) -> tuple[list[Member], InputMap]:
        """Return the networks to train, and the map from windows to their input."""
        given, strategy = as_list(self.pretrainer), self.strategy_
        if strategy == "scratch" and not (given and is_ready(given[0])):
            # the pretrainer, if any, only sets the architecture
            encoders = [new_encoder(given[0] if given else None, imu)]
            input_map = InputMap.fit(imu, rate=imu.rate, sample_weight=labels.weight)
            sources = []
        else:
            check_rate_is_known(imu)
            rows = X if isinstance(X, Windows) else imu
            sources = fitted_pretrainers(given, rows, groups, self.memory)
            input_map = common_input_map(sources, imu).checked(imu)
            encoders = encoders_of(sources, imu, input_map)
            if strategy == "scratch" and input_map.layout.is_series:  # scales are learned as well
                input_map = InputMap.fit(imu, sample_weight=labels.weight)
        divided = all(map(sees_parts, encoders))
        if self.label_at == "center" and strategy != "zero_shot" and not divided:
            raise ValueError(
                "label_at='center' needs features of each part of a window, which encoder='paper' "
                "and encoders of others do not have. Use label_at='window' or another encoder."
            )
        sites = list(input_map.layout.sites) or [""]
        head = {
            "head": self.head,
            "label_at": self.label_at,
            "statistics": self.statistics,
            "sites": sites,
            "n_classes": len(labels.classes),
        }
        prompts = None
        if descriptions is not None and strategy not in ("scratch", "frozen"):
            sentences = prompts_of(descriptions, labels.classes)
            own = own_pretrainer(sources)
            if own is None:
                raise ValueError(
                    "descriptions need a Multi3NetPretrainer that was trained with texts, which a "
                    "ForeignEncoder was not. Add 'm3n-base' to the list, or set descriptions=None."
                )
            where = f"pretrainer[{sources.index(own)}], which embeds descriptions"
            with naming(where if len(sources) > 1 else ""):
                prompts = prompt_network(own, sentences, sites, labels.classes)
        ours = [encoder for encoder in encoders if not is_foreign({"encoder": encoder.config})]
        if ours:
            untrained = Network({**ours[0].config, "sites": sites}, {})
        else:
            untrained = new_encoder(None, imu)
        return list_members(strategy, encoders, untrained, head, prompts), input_map

    def _data(
        self,
        imu: ImuWindows,
        labels: Labels,
        rehearsal: tuple[ImuWindows, NDArray[np.int64]] | None,
        members: list[Member],
    ) -> LabeledWindows:
        """Return the rows to learn from, as the networks read them."""
        layout, augmentation = self.input_.layout, self._augmentation(self.input_.layout)
        if augmentation is not None and any(reads_one_length(m.config) for m in members):
            augmentation = replace(augmentation, shortest=1.0)
        data = LabeledWindows(
            x=self.input_(imu),
            present=None if layout.is_series else layout.present,
            codes=labels.codes,
            weight=labels.weight,
            n_classes=len(labels.classes),
            augmentation=augmentation,
            rate=self.input_.rate,
        )
        if rehearsal is None:
            return data
        others, codes = rehearsal
        x = self._map_of(others)(others)
        if x.shape[1:] != data.x.shape[1:]:
            raise ValueError(
                f"At the encoder's rate, windows of rehearsal have the shape {x.shape[1:]} (sites, "
                f"channels, samples), but those of X {data.x.shape[1:]}. Cut windows of equal "
                "seconds and channels."
            )
        x = x.astype(data.x.dtype, copy=False)
        return replace(data, rehearsal=replace(data, x=x, codes=codes, weight=np.ones(len(codes))))

    def _plan(
        self, member: Member, data: LabeledWindows, first_epoch: int, seed: int
    ) -> TrainingPlan:
        """Return how a network is trained."""
        return TrainingPlan(
            max_epochs=count_epochs(
                self.max_epochs,
                len(data),
                BATCH_SIZE,
                fewest_epochs=FEWEST_EPOCHS,
                fewest_steps=FEWEST_STEPS,
            ),
            batch_size=BATCH_SIZE,
            lr=learning_rate(member, data) if isinstance(self.lr, str) else self.lr,
            weight_decay=WEIGHT_DECAY,
            ema=EMA,
            seed=derive_seed(seed, 1),
            device=resolve_device(self.device),
            first_epoch=first_epoch,
            callbacks=self.callbacks or (),
            verbose=self.verbose,
        )

    def _read_rehearsal(
        self, rehearsal: tuple[Any, ...] | None
    ) -> tuple[ImuWindows, NDArray[np.int64]] | None:
        """Return the windows to rehearse whose classes are known, and their class numbers."""
        if rehearsal is None:
            return None
        if len(rehearsal) != 2:
            raise ValueError(
                "rehearsal must be a tuple (X, y), windows and their labels; got a tuple of "
                f"{len(rehearsal)}."
            )
        X, y = rehearsal
        with naming("rehearsal=(X, y)"):
            imu = self._read(X, reset=False)
        if np.shape(y) != (len(imu),):
            raise ValueError(
                f"rehearsal has {len(imu)} windows, but labels of shape {np.shape(y)}."
            )
        with naming("rehearsal=(X, y)"):
            own, codes, _ = check_labels(y, len(imu), None, None)
        rows = np.flatnonzero(np.isin(own, self.classes_)[codes])
        if len(rows) == 0:
            raise ValueError(
                f"rehearsal contains none of the classes {self.classes_.tolist()!r}; its labels "
                f"are {own.tolist()!r}."
            )
        known = np.searchsorted(self.classes_, own[codes[rows]])
        return imu.with_values(imu.values[rows]), known

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = self.strategy != "zero_shot"
        return tags
