"""Pretrainers of a classifier: loaded or fitted, and the encoders and prompts taken from them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import numpy as np
from joblib import Memory
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_memory

from .._compat import FrozenEstimator, check_is_fitted
from .._hashing import content_hash
from .._inputs import ImuWindows, InputMap
from .._persistence import load
from .._typing import AnyArray
from .._warn import warn
from .._windows import Windows
from ..nets import multi3net_config
from ..pretraining import Multi3NetPretrainer, list_pretrained, load_pretrained
from ._foreign import ForeignEncoder, foreign_config, foreign_within, is_foreign

__all__ = [
    "Network",
    "as_list",
    "check_rate_is_known",
    "common_input_map",
    "encoders_of",
    "fitted_pretrainers",
    "identity_of",
    "is_ready",
    "naming",
    "new_encoder",
    "only_length",
    "own_pretrainer",
    "prompt_network",
    "read_pretrainer",
    "reads_one_length",
    "sees_parts",
]

EQUAL = 1 - 1e-5
"""Cosine above which descriptions are the same."""

Source = Multi3NetPretrainer | ForeignEncoder
"""A fitted pretrainer, or an encoder of somebody else."""


class Network(NamedTuple):
    """Configuration of a network and its weights; missing weights are initialized at random."""

    config: dict[str, Any]
    weights: dict[str, AnyArray]


def as_list(pretrainer: Any) -> list[Any]:
    """Return the parameter `pretrainer` as a list, which is empty for None."""
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
) -> list[Source]:
    """Return fitted pretrainers: loaded, unwrapped, or cloned and fitted on their corpus or on X.

    Those that need no training come first, so that an error in one of them costs no time.
    """
    found = {}
    to_train = [isinstance(given, Multi3NetPretrainer) for given in pretrainers]
    for number in np.argsort(to_train, kind="stable"):
        with naming(f"pretrainer[{number}]" if len(pretrainers) > 1 else ""):
            found[number] = _fitted(pretrainers[number], X, groups, memory)
    return [found[number] for number in range(len(pretrainers))]


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Prefix error messages with the name of the input they are about, unless it is empty."""
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
) -> Source:
    """Return one fitted pretrainer; see `fitted_pretrainers`."""
    if (foreign := foreign_within(pretrainer)) is not None:
        return foreign
    if isinstance(pretrainer, str | os.PathLike):
        return read_pretrainer(pretrainer)
    if isinstance(pretrainer, FrozenEstimator):
        return _thawed(pretrainer)
    _checked(pretrainer, "pretrainer is")
    fit = check_memory(memory).cache(_fit)
    if pretrainer.corpus is not None:  # X is not used, and must not be part of the cache key
        rows, groups = None, None
    else:
        rows, groups = (X, groups) if isinstance(X, Windows) else _distinct(X, groups)
    return cast(Multi3NetPretrainer, fit(clone(pretrainer), rows, groups))


def _thawed(pretrainer: Any) -> Multi3NetPretrainer:
    """Return the fitted pretrainer inside a FrozenEstimator."""
    frozen = _checked(pretrainer.estimator, "pretrainer is a FrozenEstimator of")
    check_is_fitted(frozen)
    return frozen


def identity_of(pretrainer: Any) -> str:
    """Return the name or path of a pretrainer, or a digest of its weights or parameters.

    It is the same in every process. Of objects among the parameters, such as a corpus in memory,
    only the type counts.
    """
    if isinstance(pretrainer, str | os.PathLike):
        return os.fspath(pretrainer)
    if (foreign := foreign_within(pretrainer)) is not None:
        return foreign._identity()
    if isinstance(pretrainer, FrozenEstimator):
        return content_hash(_thawed(pretrainer).weights_)
    params = _checked(pretrainer, "pretrainer is").get_params()
    return content_hash({name: _plain(value) for name, value in params.items()})


def _plain(value: Any) -> Any:
    """Return a number, string or dictionary as it is, and the name of the type of other values."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float | dict | None) else type(value).__name__


def is_ready(pretrainer: Any) -> bool:
    """Tell whether a pretrainer is fitted already; a bare one is cloned and fitted first."""
    return isinstance(pretrainer, str | os.PathLike | FrozenEstimator | ForeignEncoder)


def read_pretrainer(pretrainer: str | os.PathLike[str]) -> Multi3NetPretrainer:
    """Load pretrained weights by their name or, failing that, from a file."""
    where = os.fspath(pretrainer)
    if where in list_pretrained():
        return load_pretrained(where)
    if not os.path.isfile(where):
        raise FileNotFoundError(
            f"pretrainer={where!r} is neither the name of pretrained weights "
            f"({', '.join(list_pretrained())}) nor a file that exists."
        )
    return _checked(load(where), f"The file {where!r} holds")


def _fit(pretrainer: Multi3NetPretrainer, X: Any, groups: ArrayLike | None) -> Multi3NetPretrainer:
    """Fit a pretrainer; a function, so that joblib can cache it."""
    return pretrainer.fit(X, groups=groups)


def _distinct(imu: ImuWindows, groups: ArrayLike | None) -> tuple[Any, ArrayLike | None]:
    """Return each window once, sorted: pretraining has no weights, so repeats must not count."""
    flat = imu.values.reshape(len(imu.values), -1)
    _, first = np.unique(flat, axis=0, return_index=True)
    groups = None if groups is None else np.asarray(groups)[first]
    if imu.flat:
        return flat[first], groups
    return Windows(imu=imu.values[first], rate=imu.rate, channels=imu.channels), groups


def _checked(pretrainer: Any, introduction: str) -> Multi3NetPretrainer:
    """Return a pretrainer, or raise an error for another type."""
    if not isinstance(pretrainer, Multi3NetPretrainer):
        kind = type(pretrainer).__name__
        given = f"the class {pretrainer.__name__}" if isinstance(pretrainer, type) else f"a {kind}"
        raise TypeError(
            f"{introduction} {given}, but a Multi3NetPretrainer is needed. Encoders of others are "
            "given as a ForeignEncoder."
        )
    return pretrainer


def new_encoder(pretrainer: Multi3NetPretrainer | None, imu: ImuWindows) -> Network:
    """Return an encoder with random weights, of the architecture of an unfitted pretrainer."""
    given = Multi3NetPretrainer() if pretrainer is None else _checked(pretrainer, "pretrainer is")
    layout = imu.layout
    config = multi3net_config(
        given.encoder,
        modalities=["imu"],
        decoders=[],
        width=given.width,
        sites=layout.sites or ("",),
        in_channels=layout.n_channels if layout.is_series else 6,
        n_times=imu.values.shape[-1],
    )
    return Network(config["encoders"]["imu"], {})


def encoders_of(sources: Sequence[Source], imu: ImuWindows, input_map: InputMap) -> list[Network]:
    """Return the IMU encoders of fitted pretrainers, which read what `input_map` makes of X."""
    encoders = []
    for number, source in enumerate(sources):
        with naming(f"pretrainer[{number}]" if len(sources) > 1 else ""):
            if isinstance(source, ForeignEncoder):
                encoders.append(Network(foreign_config(source, number, imu, input_map), {}))
            else:
                config, weights = source._imu_encoder()
                named = {f"encoder.{name}": array for name, array in weights.items()}
                encoders.append(Network(config, named))
    return encoders


def own_pretrainer(sources: Sequence[Source]) -> Multi3NetPretrainer | None:
    """Return the first pretrainer of this package, which embeds descriptions."""
    own = (source for source in sources if isinstance(source, Multi3NetPretrainer))
    return next(own, None)


def common_input_map(sources: Sequence[Source], imu: ImuWindows) -> InputMap:
    """Return the map from windows to the input of all pretrained encoders.

    The sites of the first pretrainer count where X does not name its channels. Rates, and the
    scales of a series, must be the same for all pretrainers. Encoders of others adapt to them;
    without any pretrainer, the rate is that of X.
    """
    pretrainers = [source for source in sources if isinstance(source, Multi3NetPretrainer)]
    if not pretrainers:
        return InputMap(imu.layout, imu.rate)
    first, *others = [pretrainer.input_.adapted(imu) for pretrainer in pretrainers]
    if first.layout.is_series:
        if any((m.center, m.scale) != (first.center, first.scale) for m in others):
            raise ValueError(
                "X is a generic series, which each pretrainer scales by the windows that it was "
                "trained on, and these scales differ. Pretrain all on the same windows, or give "
                "one pretrainer."
            )
    else:
        rates = np.array([m.rate for m in (first, *others)], float)
        if not np.allclose(rates, rates[0], rtol=1e-6, atol=0):
            raise ValueError(
                "The pretrainers of one classifier must work at one rate; these work at "
                f"{', '.join(f'{rate:g}' for rate in rates)} Hz. Pretrain them with the same "
                "rate=, or give one of them."
            )
        _warn_about_unknown_sites(imu, pretrainers[0].input_.layout.sites)
        pretrainers[0]._warn_without_acc(imu)
    return first


def _warn_about_unknown_sites(imu: ImuWindows, known: Sequence[str]) -> None:
    """Warn if X names sites that the encoder was not trained on; it reads them as an average."""
    if imu.channels is None or not any(known):
        return
    for site in imu.layout.sites:
        if site not in known:
            close = difflib.get_close_matches(site, known, n=1)
            turned = "_".join(reversed(site.split("_")))  # "wrist_right"
            close = [turned] if turned in known else close
            # "wrist" may be either one
            close = [name for name in known if site in name.split("_")] or close
            hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
            warn(
                f"The site {site!r} of X is not one of those that the encoder was trained on "
                f"({', '.join(known)}), and is read as their average.{hint}"
            )


def only_length(config: Mapping[str, Any]) -> int | None:
    """Return the samples of a window, if a classifying network reads windows of one length only."""
    if "members" in config:
        lengths = [only_length(member) for member in config["members"]]
        return next((length for length in lengths if length is not None), None)
    encoder = config["net"]["encoders"]["imu"] if "net" in config else config["encoder"]
    return encoder.get("n_times")


def sees_parts(encoder: Network) -> bool:
    """Tell whether an encoder has features of each part of a window."""
    return "n_times" not in encoder.config and not is_foreign({"encoder": encoder.config})


def reads_one_length(config: Mapping[str, Any]) -> bool:
    """Tell whether a classifying network reads windows of one length only."""
    return only_length(config) is not None


def check_rate_is_known(imu: ImuWindows) -> None:
    """Refuse IMU windows of unknown rate: a pretrained encoder works at its own rate."""
    if imu.rate is None and not imu.layout.is_series:
        raise ValueError(
            "A pretrained encoder works at a rate of its own, and the rate of X is not known. Give "
            "the samples per second of X: Multi3NetClassifier(..., rate=50.0) or "
            "Windows(imu=X, rate=50.0)."
        )


def prompt_network(
    pretrainer: Multi3NetPretrainer,
    prompts: Sequence[Sequence[str]],
    sites: Sequence[str],
    classes: AnyArray,
) -> Network:
    """Return a network that compares windows with the descriptions of each class.

    The embeddings of the descriptions of a class are averaged. Their mean over classes is
    subtracted, because it does not tell classes apart.
    """
    embedded = pretrainer.embed_text([prompt for of_class in prompts for prompt in of_class])
    ends = np.cumsum([len(of_class) for of_class in prompts])
    vectors = _unit(np.stack([part.mean(axis=0) for part in np.split(embedded, ends[:-1])]))
    _warn_about_equal(vectors, classes, prompts)
    if len(vectors) > 1:
        vectors = _unit(vectors - vectors.mean(axis=0))
    branches = {"imu": pretrainer.config_["encoders"]["imu"]}
    config = {
        "net": {**pretrainer.config_, "decoders": [], "encoders": branches},
        "sites": list(sites),
        "n_classes": len(vectors),
        "n_components": vectors.shape[1],
    }
    weights = {f"net.{name}": array for name, array in pretrainer.weights_.items()}
    return Network(config, weights | {"prompts": vectors})


def _warn_about_equal(
    vectors: AnyArray, classes: AnyArray, prompts: Sequence[Sequence[str]]
) -> None:
    """Warn about classes whose descriptions are embedded as one."""
    equal = np.argwhere(np.triu(vectors @ vectors.T > EQUAL, k=1))
    if len(equal):
        listed = [
            f"{classes[a]!s} ({prompts[a][0]!r}) and {classes[b]!s} ({prompts[b][0]!r})"
            for a, b in equal[:3]
        ]
        more = f", and {len(equal) - 3} more pairs" if len(equal) > 3 else ""
        warn(
            f"The descriptions of some classes are the same to the text encoder, so words do not "
            f"tell these classes apart: {'; '.join(listed)}{more}. Describe each class in English "
            "words of its own."
        )


def _unit(rows: AnyArray) -> AnyArray:
    """Scale rows to length 1."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
