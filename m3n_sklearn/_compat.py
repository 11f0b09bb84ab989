"""The one module that imports private or recent parts of scikit-learn, for all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from inspect import signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._metadata_requests import _routing_enabled as routing_enabled
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import (
    _check_method_params,
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

from ._typing import AnyArray

__all__ = [
    "CallbackSupportMixin",
    "DocumentationLink",
    "FrozenEstimator",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "WorksUnfitted",
    "check_channels_in",
    "check_feature_names_in",
    "check_is_fitted",
    "check_params",
    "check_sample_weight",
    "epoch_callbacks",
    "fit_context",
    "fit_keyword",
    "num_samples",
    "root_entropy",
    "routing_enabled",
    "rows_of_metadata",
    "safe_indexing",
    "validate_data",
    "validate_parameter_constraints",
]

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # pragma: no cover - older scikit-learn has no callbacks to support

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""


try:
    from sklearn.frozen import FrozenEstimator
except ImportError:  # pragma: no cover
    FrozenEstimator = ()


EpochHook = Callable[[Callable[[], Mapping[str, Any]]], bool]


class DocumentationLink:
    """Link the HTML repr of an estimator to its page in the documentation.

    The address is ``Documentation`` of ``[project.urls]`` in ``pyproject.toml``. Without an
    address, the repr has no link.
    """

    @staticmethod
    @cache
    def _documentation_address() -> str:
        try:
            urls = metadata("m3n-sklearn").get_all("Project-URL") or []
        except PackageNotFoundError:  # run from a folder that was never installed
            return ""
        pairs = [entry.split(", ", 1) for entry in urls]
        return next((url.rstrip("/") for name, url in pairs if name == "Documentation"), "")

    def _get_doc_link(self) -> str:
        """Address of the page of this estimator's class; scikit-learn's hook."""
        address = self._documentation_address()
        room = ".".join(type(self).__module__.split(".")[:2])
        page = f"{address}/api/generated/{room}.{type(self).__name__}.html"
        return page if address and room.startswith("m3n_sklearn.") else ""


class WorksUnfitted(DocumentationLink):
    """Mixin for transformers of windows that work before `fit`."""

    def set_output(self, *, transform: str | None = None) -> Self:
        """Return this transformer unchanged: windows are not a table.

        Windows have channels and samples, and a data frame has columns only. The method exists so
        that ``Pipeline.set_output`` reaches the following steps.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            Ignored.

        Returns
        -------
        self
            This transformer.
        """
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def check_channels_in(channels: Sequence[str], input_features: ArrayLike | None) -> AnyArray:
    """Return channel names as output names; raise if other names of the input are given."""
    names = np.asarray(channels, dtype=object)
    if input_features is not None and list(np.asarray(input_features)) != list(names):
        raise ValueError(
            f"input_features are {', '.join(map(str, np.asarray(input_features)))}, but the "
            f"windows of fit have the channels {', '.join(map(str, names))}."
        )
    return names


def check_params(estimator: Any, names: Iterable[str]) -> None:
    """Check some parameters of an estimator that may have been set since `fit`."""
    constraints = {name: estimator._parameter_constraints[name] for name in names}
    values = {name: getattr(estimator, name) for name in constraints}
    validate_parameter_constraints(constraints, values, caller_name=type(estimator).__name__)


def fit_keyword(estimator: Any, name: str) -> str | None:
    """Return the keyword by which `fit` takes some metadata without routing, or None."""
    if has_fit_parameter(estimator, name):
        return name
    # a pipeline takes those of its last step, and a search those of its estimator
    steps = getattr(estimator, "steps", None)
    if steps:
        inner = fit_keyword(steps[-1][1], name) if hasattr(steps[-1][1], "fit") else None
        return None if inner is None else f"{steps[-1][0]}__{inner}"
    parameters = signature(estimator.fit).parameters.values()
    if hasattr(estimator, "estimator") and any(p.kind is p.VAR_KEYWORD for p in parameters):
        return fit_keyword(estimator.estimator, name)
    return None


def rows_of_metadata(X: Any, metadata: Mapping[str, Any], rows: Any) -> dict[str, Any]:
    """Return some rows of those metadata that have one entry per row of X."""
    return dict(_check_method_params(X, params=dict(metadata), indices=rows))


def root_entropy(random_state: int | np.random.RandomState | None) -> int:
    """Return `random_state` as one non-negative integer, with fresh entropy for None."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


@contextmanager
def epoch_callbacks(
    estimator: Any, *, max_epochs: int | None, X: Any = None, y: Any = None
) -> Iterator[EpochHook]:
    """Report epochs to the scikit-learn callbacks of an estimator.

    Yields a function that is called after each epoch with a function that returns the fitted
    attributes. It returns whether a callback wants to stop.
    """
    if not hasattr(estimator, "_init_callback_context"):  # pragma: no cover - scikit-learn < 1.9
        yield lambda attributes: False
        return
    context = estimator._init_callback_context(max_subtasks=max_epochs)
    data = {"estimator": estimator, "X": X, "y": y}
    context.call_on_fit_task_begin(**data)

    def end_epoch(attributes: Callable[[], Mapping[str, Any]]) -> bool:
        epoch = context.subcontext(task_name="epoch")
        epoch.call_on_fit_task_begin(**data)
        return bool(epoch.call_on_fit_task_end(**data, reconstruction_attributes=attributes))

    yield end_epoch
    context.call_on_fit_task_end(**data)
