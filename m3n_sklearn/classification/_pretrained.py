"""What a classifier takes over from a pretrainer, wherever that comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
from joblib import Memory
from joblib import hash as digest
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_memory

from .._inputs import ImuWindows, InputMap, make_layout
from .._sklearn import FrozenEstimator, check_is_fitted
from ..persistence import load
from ..pretraining import Multi3NetPretrainer, list_pretrained, load_pretrained
from ..windows import Windows

__all__ = [
    "Names",
    "Start",
    "as_list",
    "check_rate_is_known",
    "encoders_of",
    "fingerprint",
    "fitted_pretrainers",
    "from_pretrainer",
    "from_scratch",
    "has_fixed_length",
    "is_ready",
    "name_classes",
    "naming",
    "read_alike",
]

AnyArray = NDArray[Any]
Weights = dict[str, AnyArray]


class Names(NamedTuple):
    """A network that names windows by descriptions of the classes.

    Attributes
    ----------
    net : dict
        Configuration of the joint space, with its IMU branch only.
    weights : dict of str to ndarray
        By their names in an ``ImuNamer``.
    """

    net: dict[str, Any]
    weights: Weights


@dataclass(frozen=True)
class Start:
    """What a network is built from.

    Attributes
    ----------
    encoder : dict
        Configuration of the IMU encoder.
    input_map : InputMap
        Windows -> network input.
    weights : dict of str to ndarray
        Weights that the network takes over, by their names in it; empty from scratch.
    epochs : int
        How many epochs these weights were trained on labels.
    names : Names or None
        The descriptions of the classes in the pretrainer's joint space, if there are any.
    beside : tuple of Start
        What a blend sets out from besides: other pretrainers, and random weights.
    config : dict or None
        Configuration of the whole network, where a fit goes on.
    """

    encoder: dict[str, Any]
    input_map: InputMap
    weights: Weights
    epochs: int = 0
    names: Names | None = None
    beside: tuple[Start, ...] = ()
    config: dict[str, Any] | None = None

    @property
    def sites(self) -> list[str]:
        """Names of the sites in the network input."""
        return list(self.input_map.layout.sites) or [""]

    @property
    def encoders(self) -> list[dict[str, Any]]:
        """Configurations of all encoders."""
        if self.config is not None:
            return encoders_of(self.config)
        return [start.encoder for start in (self, *self.beside)]

    def member(self, number: int) -> Start:
        """Return the part of one member, where the fit of a blend goes on."""
        assert self.config is not None
        config, prefix = self.config["members"][number], f"members.{number}."
        weights = {
            name.removeprefix(prefix): array
            for name, array in self.weights.items()
            if name.startswith(prefix)
        }
        return replace(self, encoder=encoders_of(config)[0], weights=weights, config=config)

    def forgotten(self, imu: ImuWindows, weight: AnyArray) -> Start:
        """Return the start from random weights, for the sites at hand, to compare this one with.

        Parameters
        ----------
        imu : ImuWindows
            Training windows.
        weight : ndarray of shape (n,)
            Their weights, for the scales of a series.
        """
        encoder = {**self.encoder, "sites": self.sites}
        if encoder.get("norm") == "frozen_batch":
            encoder["norm"] = "batch"
        fitted = InputMap.fit(imu, rate=self.input_map.rate, sample_weight=weight)
        return Start(encoder, replace(fitted, layout=self.input_map.layout), {})


def as_list(pretrainer: Any) -> list[Any]:
    """Return the pretrainers that are meant by one, by a list of them, or by None.

    Raises
    ------
    ValueError
        If a list is empty.
    """
    if not isinstance(pretrainer, list | tuple):
        return [] if pretrainer is None else [pretrainer]
    if not pretrainer:
        raise ValueError(
            "pretrainer is empty. Give one pretrainer or several, or None to start from "
            "random weights."
        )
    return list(pretrainer)


def fitted_pretrainers(
    pretrainers: Sequence[Any],
    X: Windows | ImuWindows,
    groups: ArrayLike | None,
    memory: str | Memory | None,
) -> list[Multi3NetPretrainer]:
    """Return fitted pretrainers that nobody will train any further.

    Those that need no training come first, so that what is wrong with them costs no time.

    Parameters
    ----------
    pretrainers : sequence of str, path-like, FrozenEstimator or Multi3NetPretrainer
        A name of :func:`~m3n_sklearn.pretraining.list_pretrained` is loaded, any other string or
        path is a file to read, and a frozen pretrainer is used as it is. Any other pretrainer is
        cloned and fitted, on its own corpus or else on `X`.
    X : Windows or ImuWindows
        What to pretrain on without a corpus.
    groups : array-like of shape (n,) or None
        Whom its rows come from.
    memory : str, joblib.Memory or None
        Where fitted pretrainers are kept.

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        With the place of the pretrainer, if there are several.
    """
    found = {}
    to_train = [isinstance(given, Multi3NetPretrainer) for given in pretrainers]
    for number in np.argsort(to_train, kind="stable"):
        with naming(f"pretrainer[{number}]" if len(pretrainers) > 1 else ""):
            found[number] = _fitted(pretrainers[number], X, groups, memory)
    return [found[number] for number in range(len(pretrainers))]


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Say which of several inputs an error is about; nothing if there is one only."""
    try:
        yield
    except (FileNotFoundError, TypeError, ValueError) as error:
        if not what:
            raise
        kinds = (FileNotFoundError, TypeError, ValueError)
        kind = next(kind for kind in kinds if isinstance(error, kind))
        raise kind(f"{what}: {error}") from error


def _fitted(
    pretrainer: Any,
    X: Windows | ImuWindows,
    groups: ArrayLike | None,
    memory: str | Memory | None,
) -> Multi3NetPretrainer:
    if isinstance(pretrainer, str | os.PathLike):
        return _read(pretrainer)
    if isinstance(pretrainer, FrozenEstimator):
        return _thawed(pretrainer)
    _checked(pretrainer, "pretrainer is")
    fit = check_memory(memory).cache(_fit)
    if pretrainer.corpus is not None:  # X plays no part, and must not be part of the key
        rows, groups = None, None
    else:
        rows, groups = (X, groups) if isinstance(X, Windows) else _distinct(X, groups)
    return cast(Multi3NetPretrainer, fit(clone(pretrainer), rows, groups))


def _thawed(pretrainer: Any) -> Multi3NetPretrainer:
    frozen = _checked(pretrainer.estimator, "pretrainer is a FrozenEstimator of")
    check_is_fitted(frozen)
    return frozen


def fingerprint(pretrainer: Any) -> str:
    """Return what tells one pretrainer from another: its name, file, weights or parameters.

    Parameters
    ----------
    pretrainer : str, path-like, FrozenEstimator or Multi3NetPretrainer
        As in `fitted_pretrainers`.

    Returns
    -------
    str
        The same in every process. Of objects among the parameters, such as a corpus in memory, only
        the type is looked at.
    """
    if isinstance(pretrainer, str | os.PathLike):
        return os.fspath(pretrainer)
    if isinstance(pretrainer, FrozenEstimator):
        return cast(str, digest(_thawed(pretrainer).weights_))
    params = _checked(pretrainer, "pretrainer is").get_params()
    return cast(str, digest({name: _plain(value) for name, value in params.items()}))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float | dict | None) else type(value).__name__


def is_ready(pretrainer: Any) -> bool:
    """Tell whether a pretrainer is fitted already, and has not to be cloned and fitted first."""
    return isinstance(pretrainer, str | os.PathLike | FrozenEstimator)


def _read(pretrainer: str | os.PathLike[str]) -> Multi3NetPretrainer:
    """Load pretrained weights by their name or, failing that, from a file."""
    where = os.fspath(pretrainer)
    if where in list_pretrained():
        return load_pretrained(where)
    if not os.path.isfile(where):
        raise FileNotFoundError(
            f"pretrainer={where!r} is neither the name of pretrained weights "
            f"({', '.join(list_pretrained())}) nor a file that is there."
        )
    return _checked(load(where), f"The file {where!r} holds")


def _fit(pretrainer: Multi3NetPretrainer, X: Any, groups: ArrayLike | None) -> Multi3NetPretrainer:
    return pretrainer.fit(X, groups=groups)


def _distinct(imu: ImuWindows, groups: ArrayLike | None) -> tuple[Any, ArrayLike | None]:
    """Return each window once, sorted: pretraining knows no weights, so repeats must not count."""
    flat = imu.values.reshape(len(imu.values), -1)
    _, first = np.unique(flat, axis=0, return_index=True)
    groups = None if groups is None else np.asarray(groups)[first]
    if imu.flat:
        return flat[first], groups
    return Windows(imu=imu.values[first], rate=imu.rate, channels=imu.channels), groups


def _checked(pretrainer: Any, introduction: str) -> Multi3NetPretrainer:
    if not isinstance(pretrainer, Multi3NetPretrainer):
        kind = type(pretrainer).__name__
        given = f"the class {pretrainer.__name__}" if isinstance(pretrainer, type) else f"a {kind}"
        raise TypeError(f"{introduction} {given}, but a Multi3NetPretrainer is needed.")
    return pretrainer


def from_scratch(imu: ImuWindows, weight: AnyArray, *, width: int, norm: str) -> Start:
    """Start with an encoder of random weights.

    Parameters
    ----------
    imu : ImuWindows
        Training windows.
    weight : ndarray of shape (n,)
        Their weights, for the scales of a series.
    width, norm : int, str
        Channels and normalisation of the encoder.
    """
    input_map = InputMap.fit(imu, rate=imu.rate, sample_weight=weight)
    layout = input_map.layout
    encoder = {
        "name": "conv_imu",
        "in_channels": layout.n_channels if layout.is_series else 6,
        "sites": list(layout.sites) or [""],
        "width": width,
        "norm": norm,
    }
    return Start(encoder, input_map, {})


def from_pretrainer(pretrainer: Multi3NetPretrainer, imu: ImuWindows) -> Start:
    """Start with the encoder of a fitted pretrainer.

    Parameters
    ----------
    pretrainer : Multi3NetPretrainer
        A fitted one.
    imu : ImuWindows
        Training windows.

    Raises
    ------
    ValueError
        If the windows are of another kind than those that the encoder was pretrained on.
    """
    encoder, weights = pretrainer._imu_encoder()
    if encoder.get("norm") == "batch":
        encoder = {**encoder, "norm": "frozen_batch"}
    input_map = pretrainer.input_.adapted(imu)
    if not input_map.layout.is_series:  # fitting looks at the units
        input_map = replace(InputMap.fit(imu, rate=input_map.rate), layout=input_map.layout)
    taken = {f"encoder.{name}": array for name, array in weights.items()}
    return Start(encoder, input_map, taken)


def read_alike(first: Start, others: Sequence[Start]) -> list[Start]:
    """Let the starts from further pretrainers read windows as the first does.

    Parameters
    ----------
    first : Start
        Its sites and columns count where X does not name its channels.
    others : sequence of Start
        From other pretrainers.

    Raises
    ------
    ValueError
        If rates, or the scales of a series, differ.
    """
    own = first.input_map
    maps = [replace(other.input_map, layout=own.layout) for other in others]
    rates = [given.rate or np.nan for given in (own, *maps)]
    if own.layout.is_series:
        if any(given != own for given in maps):
            raise ValueError(
                "X is a generic series, and each pretrainer scales it by the windows that it has "
                "learned from, which differ here. Pretrain all on the same windows, or give one."
            )
    elif not np.allclose(rates, rates[0], rtol=1e-6, atol=0):
        raise ValueError(
            "The pretrainers of one classifier must work at one rate; these work at "
            f"{', '.join(f'{rate:g}' for rate in rates)} Hz. Pretrain them with the same rate=, or "
            "give one of them."
        )
    return [replace(other, input_map=own) for other in others]


def encoders_of(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the configurations of the encoders in that of a classifying network."""
    if "members" in config:
        return [encoder for member in config["members"] for encoder in encoders_of(member)]
    return [dict(config["net"]["encoders"]["imu"] if "net" in config else config["encoder"])]


def has_fixed_length(encoders: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether one of several encoders reads windows of one length only."""
    return any("n_times" in encoder for encoder in encoders)


def check_rate_is_known(imu: ImuWindows) -> None:
    """Refuse IMU windows of unknown rate: an encoder that others trained has a rate of its own.

    Raises
    ------
    ValueError
        If the channels are those of an IMU and the rate is not known.
    """
    layout = make_layout(imu.values.shape[1], imu.channels, flat=imu.flat)
    if imu.rate is None and not layout.is_series:
        raise ValueError(
            "A pretrained encoder works at a rate of its own, and the rate of X is not known. Say "
            "how many samples per second X has: Multi3NetClassifier(..., rate=50.0), or give "
            "Windows(imu=X, rate=50.0)."
        )


def name_classes(pretrainer: Multi3NetPretrainer, prompts: Sequence[Sequence[str]]) -> Names:
    """Place the descriptions of classes into the joint space of a pretrainer.

    Parameters
    ----------
    pretrainer : Multi3NetPretrainer
        A fitted one with a text encoder.
    prompts : sequence of sequences of str
        Per class one or more descriptions, whose embeddings are averaged. What all classes share
        is taken out: it says nothing.
    """
    embedded = pretrainer.embed_text([prompt for of_class in prompts for prompt in of_class])
    ends = np.cumsum([len(of_class) for of_class in prompts])
    names = _unit(np.stack([part.mean(axis=0) for part in np.split(embedded, ends[:-1])]))
    if len(names) > 1:
        names = _unit(names - names.mean(axis=0))
    branches = {"imu": pretrainer.config_["encoders"]["imu"]}
    net = {**pretrainer.config_, "decoders": [], "encoders": branches}
    taken = {f"net.{name}": array for name, array in pretrainer.weights_.items()}
    return Names(net, taken | {"names": names})


def _unit(rows: AnyArray) -> AnyArray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
