"""Export a fitted classifier: a network in ONNX, and in JSON what comes before and after it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from .._compat import FrozenEstimator, check_is_fitted
from .._files import check_target, write_atomically
from .._inputs import SITE_SCALE
from .._typing import AnyArray
from .._validation import check_choice, check_positive
from .._version import __version__
from ..classification import CROP, Multi3NetClassifier, fixed_turns, is_foreign, only_length
from ..temporal import HMMClassifier
from . import _runner, _streaming
from ._network import load_onnx, network_bytes, store_as_int8

__all__ = ["export"]

PRECISIONS = ("float32", "int8")


def export(
    model: Any,
    path: str | os.PathLike[str],
    *,
    precision: str = "float32",
    hop: float | None = None,
) -> list[Path]:
    """Write a fitted classifier as files that run without torch and scikit-learn.

    Parameters
    ----------
    model : Multi3NetClassifier, CalibratedClassifierCV or HMMClassifier
        A fitted classifier: a :class:`~m3n_sklearn.Multi3NetClassifier` of any strategy, a
        ``CalibratedClassifierCV`` of one, or an :class:`~m3n_sklearn.HMMClassifier` of either. Of a
        search, such as ``GridSearchCV``, the ``best_estimator_`` is exported, and of a Pipeline
        without other steps the classifier.
    path : path-like
        The ``.onnx`` file to write. The folder must exist.
    precision : {"float32", "int8"}, default="float32"
        ``"int8"`` stores the weights as 8-bit integers, in less than a third of the space. The
        network still calculates in float32.
    hop : float, optional
        Seconds from one window to the next along raw samples. By default that of the windows of an
        ``HMMClassifier``, else half a window.

    Returns
    -------
    list of Path
        The files: the network (``.onnx``), its description (``.json``), and copies of `Runner`
        (``m3n_runner.py``) and `StreamingClassifier` (``m3n_streaming.py``), which need NumPy and
        onnxruntime only. A device needs no more than these files.

    Raises
    ------
    ImportError
        If the extra ``deploy`` is not installed.
    TypeError
        If the model is of another kind, such as a Pipeline with other steps.
    FileNotFoundError
        If the folder does not exist.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    See Also
    --------
    Runner : Reads the files.

    Notes
    -----
    The exported model reads windows at any rate, as the classifier does. Units are those of the
    library: acceleration with gravity in m/s², angular rate in rad/s.

    Examples
    --------
    >>> import os, tempfile
    >>> from m3n_sklearn import Multi3NetClassifier
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> from m3n_sklearn.deploy import export
    >>> train = make_wrist_har(n_people=1, random_state=0)
    >>> model = Multi3NetClassifier("m3n-base", strategy="frozen").fit(train.X, train.y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = export(model, os.path.join(folder, "wrist.onnx"))
    >>> [file.name for file in files]
    ['wrist.onnx', 'wrist.json', 'm3n_runner.py', 'm3n_streaming.py']
    """
    # 1. The parts of the model
    file = check_target(path)  # before the work
    if file.suffix != ".onnx":
        raise ValueError(f"path must end with .onnx, got {file.name!r}.")
    check_choice(precision, "precision", PRECISIONS)
    if hop is not None:
        check_positive(hop, "hop", "seconds")
    load_onnx()
    smoother, calibration, classifiers = _parts(model)
    first = classifiers[0]
    # 2. The network
    layout, length = first.input_.layout, only_length(first.config_)
    shape = (1, layout.n_channels) if layout.is_series else (len(layout.sites), 6)
    content = network_bytes(
        [(each.config_, each.weights_) for each in classifiers],
        layout,
        shape,
        length,
    )
    if precision == "int8":
        content = store_as_int8(content)
    # 3. What comes before and after it, with digests that show damage
    about = _description(model.classes_, first, hop)
    about["calibration"] = calibration
    about["smoothing"] = None if smoother is None else _smoothing(smoother, about)
    about["network"] = hashlib.sha256(content).hexdigest()
    about["sha256"] = _runner.digest_of(about)
    # 4. The files
    beside = file.with_suffix(".json")
    write_atomically(file, content)
    write_atomically(beside, json.dumps(about, indent=1, ensure_ascii=False).encode())
    copies = {"m3n_runner.py": _runner, "m3n_streaming.py": _streaming}
    for name, module in copies.items():
        write_atomically(file.with_name(name), Path(str(module.__file__)).read_bytes())
    return [file, beside, *map(file.with_name, copies)]


def _parts(model: Any) -> tuple[HMMClassifier | None, Any, list[Multi3NetClassifier]]:
    """Return the smoothing, the calibration and the networks of a model."""
    smoother = None
    if not hasattr(model, "fit") or isinstance(model, type):
        raise TypeError(f"model must be a fitted classifier, got {model!r}.")
    check_is_fitted(model)
    model = _unwrapped(model)
    if isinstance(model, HMMClassifier):
        smoother, model = model, model.estimator_
        if not np.array_equal(smoother.classes_, model.classes_):
            raise ValueError(
                f"The HMMClassifier has the classes {smoother.classes_.tolist()!r}, but its "
                f"classifier has {model.classes_.tolist()!r}. Fit both on the same labels."
            )
    model = _unwrapped(model)
    if isinstance(model, CalibratedClassifierCV):
        parts = model.calibrated_classifiers_
        classifiers = [_network_of(part.estimator) for part in parts]
        return smoother, [_calibration(part) for part in parts], classifiers
    return smoother, None, [_network_of(model)]


def _unwrapped(model: Any) -> Any:
    """Return the estimator inside a FrozenEstimator, a search, and a Pipeline of one step."""
    while True:
        if isinstance(model, FrozenEstimator):
            model = model.estimator
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif isinstance(model, Pipeline) and all(
            step in (None, "passthrough") for _, step in model.steps[:-1]
        ):
            model = model[-1]
        else:
            return model


def _network_of(model: Any) -> Multi3NetClassifier:
    """Return a fitted Multi3NetClassifier, or raise."""
    model = _unwrapped(model)
    if isinstance(model, Pipeline):
        steps = ", ".join(repr(name) for name, _ in model.steps[:-1])
        raise TypeError(
            f"Cannot export a Pipeline with the steps {steps} before the classifier. Export its "
            "last step, pipeline[-1], and do on the device what the other steps do to windows."
        )
    if not isinstance(model, Multi3NetClassifier):
        raise TypeError(
            f"Cannot export a {type(model).__name__}: expected a Multi3NetClassifier, a "
            "CalibratedClassifierCV of one, or an HMMClassifier of either. Other scikit-learn "
            "models are exported by skl2onnx."
        )
    check_is_fitted(model)
    if is_foreign(model.config_):
        raise TypeError(
            "Cannot export a classifier with a ForeignEncoder, whose code is not part of this "
            "package. Export one that was fitted without it."
        )
    return model


def _description(
    classes: AnyArray, classifier: Multi3NetClassifier, hop: float | None
) -> dict[str, Any]:
    """Describe the input and the output of a classifier by numbers, strings and lists."""
    input_map, layout = classifier.input_, classifier.input_.layout
    series = layout.is_series
    return {
        "format": _runner.FORMAT,
        "producer": f"m3n_sklearn {__version__}",
        "units": "m/s^2 with gravity, rad/s",
        "classes": {
            "values": classes.tolist(),
            "dtype": "object" if classes.dtype == object else classes.dtype.str,
        },
        "channels": None if classifier.channels_ is None else list(classifier.channels_),
        "n_channels": layout.n_channels,
        "flat": series and classifier.n_features_in_ != layout.n_channels,
        "doubts": list(input_map.doubts),
        "columns": None if series else [list(columns) for columns in layout.columns],
        "rate": input_map.rate,
        "fitted_rate": classifier.rate_,
        "center": list(input_map.center) if series else None,
        "scale": list(input_map.scale) if series else SITE_SCALE.tolist(),
        "seconds": classifier.seconds_,
        "hop": hop,
        "views": _views(classifier),
    }


def _views(classifier: Multi3NetClassifier) -> dict[str, Any] | None:
    """Describe the orientations that are averaged where the mounting is unknown."""
    if not classifier._averages_views():
        return None
    kept = CROP if only_length(classifier.config_) is None else 1.0
    return {"turns": fixed_turns().tolist(), "kept": kept}


def _calibration(part: Any) -> dict[str, Any]:
    """Describe the maps of a calibrated classifier."""
    if part.method == "temperature":
        return {"method": "temperature", "beta": float(part.calibrators[0].beta_)}
    if part.method == "sigmoid":
        maps = [{"a": float(each.a_), "b": float(each.b_)} for each in part.calibrators]
    else:
        maps = [
            {"x": each.X_thresholds_.tolist(), "y": each.y_thresholds_.tolist()}
            for each in part.calibrators
        ]
    return {"method": part.method, "maps": maps}


def _smoothing(smoother: HMMClassifier, about: dict[str, Any]) -> dict[str, Any]:
    """Describe a hidden semi-Markov model."""
    emission, chain = smoother.emission_, smoother.chain_
    if about["hop"] is None:
        about["hop"] = smoother.step_
    return {
        "step": smoother.step_,
        "decision": smoother.decision,
        "weight": emission.weight,
        "balance": emission.balance,
        "decision_weight": smoother.decision_emission_.weight,
        "decision_balance": smoother.decision_emission_.balance,
        "expected": smoother.expected_.tolist(),
        "shares": chain.shares.tolist(),
        "durations": chain.durations.tolist(),
        "spreads": chain.spreads.tolist(),
        "follows": chain.follows.tolist(),
        "longest": chain.longest,
    }
