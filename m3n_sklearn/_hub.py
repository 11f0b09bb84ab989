"""Fitted estimators as folders that model hubs can hold: weights, a summary, and a model card.

The weights are the file of `save`, so a folder of somebody else is as safe to read: numbers,
strings and names of classes of this package, and no code. The other two files are for people and
for the search of a hub.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ._files import reading, write_atomically
from ._hashing import file_digest
from ._persistence import load, save
from ._version import __version__
from ._warn import warn

__all__ = ["from_pretrained", "save_pretrained"]

FORMAT = 1
"""Version of the layout of a folder."""

LIBRARY = "m3n_sklearn"
WEIGHTS, SUMMARY, CARD = "model.safetensors", "config.json", "README.md"

TAGS = ("human-activity-recognition", "imu", "wearables", "scikit-learn")
"""Words by which a hub finds the model."""

LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
"""Identifiers of licenses on the hub."""

REPOSITORY = re.compile(r"(?!.*(--|\.\.))\w([\w.-]*\w)?/\w([\w.-]*\w)?", re.ASCII)
"""``owner/name`` on the hub."""


def save_pretrained(
    estimator: BaseEstimator,
    folder: str | os.PathLike[str],
    *,
    license: str | None = None,
    datasets: Sequence[str] = (),
) -> list[Path]:
    """Write a fitted estimator as a folder that can be pushed to a model hub.

    Parameters
    ----------
    estimator : estimator of this package
        A fitted estimator, as for :func:`~m3n_sklearn.save`.
    folder : path-like
        The folder, which is created if it does not exist.
    license : str, optional
        License of the model, in the hub's spelling: ``"bsd-3-clause"``, ``"cc-by-4.0"``. Without
        it, the model card says that no license is stated.
    datasets : sequence of str, default=()
        Names of the data sets that the estimator was fitted on, for the model card.

    Returns
    -------
    list of Path
        ``model.safetensors`` (the file of :func:`~m3n_sklearn.save`), ``config.json`` (class,
        labels, channels, rate, versions) and ``README.md`` (the model card with the metadata of the
        hub). A ``README.md`` that is there already is kept, because people edit it; a warning says
        where it does not fit the model.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is not an estimator of this package, or if `datasets` is a single string.
    ValueError
        If `license` is not an identifier.

    See Also
    --------
    from_pretrained : Reads the folder, or a repository of the hub.
    m3n_sklearn.save : Writes a single file.

    Examples
    --------
    >>> import tempfile
    >>> from m3n_sklearn import Multi3NetClassifier, from_pretrained, save_pretrained
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> train = make_wrist_har(n_people=1, random_state=0)
    >>> model = Multi3NetClassifier("m3n-base", strategy="frozen").fit(train.X, train.y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = save_pretrained(model, folder, license="bsd-3-clause")
    ...     loaded = from_pretrained(folder)
    >>> [file.name for file in files]
    ['model.safetensors', 'config.json', 'README.md']
    >>> bool((loaded.predict(train.X) == model.predict(train.X)).all())
    True
    """
    # 1. What the user says about the model
    if license is not None and not (isinstance(license, str) and LICENSE.fullmatch(license)):
        raise ValueError(
            f"license must be an identifier of the hub in lower case, such as 'bsd-3-clause', "
            f"'apache-2.0' or 'cc-by-4.0', got {license!r}."
        )
    if isinstance(datasets, str):
        raise TypeError(f"datasets must be a list of names, got the string {datasets!r}.")
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise NotADirectoryError(f"{place} is a file; give the name of a folder.")
    # 2. The weights first: an estimator that cannot be saved leaves no other file
    created = not place.exists()
    place.mkdir(parents=True, exist_ok=True)
    weights, former = place / WEIGHTS, _classes_in(place / SUMMARY)
    try:
        save(estimator, weights)
    except BaseException:
        if created:
            place.rmdir()
        raise
    # 3. The summary, and a card unless there is one
    summary = _summary(estimator, file_digest(weights))
    written = json.dumps(summary, indent=1, ensure_ascii=False) + "\n"
    write_atomically(place / SUMMARY, written.encode())
    card = _card(summary, license, [str(name) for name in datasets])
    if (place / CARD).exists():
        _warn_if_stale(place / CARD, former, summary, license, datasets)
    else:
        write_atomically(place / CARD, card.encode())
    return [weights, place / SUMMARY, place / CARD]


def from_pretrained(
    source: str | os.PathLike[str],
    *,
    revision: str | None = None,
    local_files_only: bool = False,
) -> Any:
    """Read an estimator from a folder of `save_pretrained`, or from a repository of a model hub.

    Parameters
    ----------
    source : path-like
        A folder, or ``"owner/name"`` of a repository on the Hugging Face Hub. A folder of that name
        takes precedence.
    revision : str, optional
        Branch, tag or commit of the repository. A commit never changes.
    local_files_only : bool, default=False
        Use only what was downloaded before, and connect to no host.

    Returns
    -------
    estimator
        Fitted; its predictions are those of the estimator that was saved.

    Raises
    ------
    FileNotFoundError
        If there is neither such a folder nor such a repository, or a file is missing in it.
    NotADirectoryError
        If `source` is a file.
    TypeError
        If `source` is not a path.
    ConnectionError
        If the hub cannot be reached, and the repository was not downloaded before.
    ValueError
        If the folder was written by another library or by a later version, or if its files do not
        belong together or are damaged.
    ImportError
        If `source` is a repository and the package huggingface_hub is not installed.

    See Also
    --------
    save_pretrained : Writes the folder.
    m3n_sklearn.load : Reads a single file.
    m3n_sklearn.pretraining.load_pretrained : Loads an encoder that comes with the library.

    Notes
    -----
    A downloaded estimator is as safe as a file of :func:`~m3n_sklearn.load`: it can predict
    nonsense, but it cannot run code. The environment variables of huggingface_hub apply:
    ``HF_ENDPOINT`` names another hub, ``HF_TOKEN`` opens private repositories, ``HF_HOME`` is the
    place of downloads.

    Examples
    --------
    >>> from m3n_sklearn import from_pretrained
    >>> model = from_pretrained("owner/wrist", revision="v1")  # doctest: +SKIP
    """
    if not isinstance(source, str | os.PathLike) or isinstance(os.fspath(source), bytes):
        raise TypeError(
            "source must be the path of a folder or 'owner/name' of a repository, got "
            f"{type(source).__name__} ({source!r})."
        )
    name = os.fspath(source)
    if os.path.isdir(name):
        if revision is not None:
            raise ValueError(f"{name} is a folder, and revision= is for repositories of a hub.")
        find: Callable[[str], Path] = partial(_in_folder, name)
    elif os.path.isfile(name):
        raise NotADirectoryError(
            f"{name} is a file, not a folder of save_pretrained. Give the folder that it is in, or "
            "read a file of m3n_sklearn.save with m3n_sklearn.load."
        )
    elif REPOSITORY.fullmatch(name):
        find = partial(_downloaded, name, revision, local_files_only)
    else:
        raise FileNotFoundError(
            f"{name!r} is neither a folder nor a repository of a hub (owner/name)."
        )
    # the small file first: weights of another library may be large
    digest = _digest_in(find(SUMMARY))
    weights = find(WEIGHTS)
    with reading(weights, "the weights of save_pretrained"):
        if file_digest(weights) != digest:
            raise ValueError(
                f"{WEIGHTS} and {SUMMARY} of {name} do not belong together: they were written by "
                "different saves, or one of them is damaged. Save or fetch the folder again."
            )
    return load(weights)


def _in_folder(folder: str, file: str) -> Path:
    """Return a file of a folder."""
    path = Path(folder) / file
    if not path.is_file():
        raise FileNotFoundError(
            f"The folder {folder} has no {file}: it was not written by save_pretrained."
        )
    return path


def _downloaded(name: str, revision: str | None, local_files_only: bool, file: str) -> Path:
    """Return a file of a repository in the local cache of huggingface_hub."""
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError as error:
        raise ImportError(
            f"There is no folder {name!r}. Reading it as a repository of the Hugging Face Hub "
            "needs huggingface_hub: pip install huggingface_hub"
        ) from error
    at = "" if revision is None else f" at revision {revision!r}"
    try:
        found = huggingface_hub.hf_hub_download(
            name,
            file,
            revision=revision,
            local_files_only=local_files_only,
            library_name=LIBRARY,
            library_version=__version__,
        )
    except errors.LocalEntryNotFoundError as error:
        reason = "was not downloaded before" if local_files_only else "cannot be downloaded"
        raise ConnectionError(
            f"The repository {name!r}{at} {reason}, and there is no folder of that name. Check the "
            "network, HF_ENDPOINT and HF_HUB_OFFLINE, or give the path of a folder."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FileNotFoundError(f"The repository {name!r} has no revision {revision!r}.") from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"There is neither a folder nor a repository {name!r}. If the repository is private, "
            "log in with `hf auth login`."
        ) from error
    except errors.EntryNotFoundError as error:
        raise FileNotFoundError(
            f"The repository {name!r}{at} has no {file}: its files were not written by "
            "save_pretrained."
        ) from error
    except errors.HfHubHTTPError as error:
        raise ConnectionError(f"The hub did not give {file} of {name!r}{at}: {error}") from error
    return Path(found)


def _digest_in(beside: Path) -> str:
    """Return the digest of the weights; refuse a summary of another library or a later version."""
    with reading(beside, "the config.json of save_pretrained"):
        summary = json.loads(beside.read_text(encoding="utf-8"))
        library = summary.get("library_name") if isinstance(summary, dict) else None
        if library != LIBRARY:
            raise ValueError(
                f"{beside} was not written by m3n_sklearn.save_pretrained: its library_name is "
                f"{library!r}."
            )
        version, digest = summary["format"], str(summary["sha256"])
        if type(version) is not int or version < 1:
            raise ValueError(
                f"{beside} has format {version!r}; save_pretrained writes a whole number from 1 "
                "on. Save or fetch the folder again."
            )
    if version > FORMAT:
        raise ValueError(
            f"{beside} has format {version}; this m3n_sklearn {__version__} reads up to {FORMAT}. "
            "Upgrade m3n_sklearn to read it."
        )
    return digest


def _summary(estimator: BaseEstimator, digest: str) -> dict[str, Any]:
    """Describe an estimator by numbers, strings and lists."""
    fitted = vars(estimator)
    encoder = estimator.get_params(deep=False).get("pretrainer")
    about = {
        "library_name": LIBRARY,
        "format": FORMAT,
        "class": type(estimator).__name__,
        "sha256": digest,
        "version": __version__,
        "strategy": fitted.get("strategy_"),
        "pretrainer": encoder if isinstance(encoder, str) else None,
        "classes": [_plain(label) for label in fitted.get("classes_", np.zeros(0)).tolist()],
        "channels": list(fitted.get("channels_") or []),
        "rate": fitted.get("rate_"),
        "seconds": fitted.get("seconds_"),
    }
    return {key: value for key, value in about.items() if value is not None and value != []}


def _plain(label: Any) -> Any:
    """Return a label as JSON can hold it."""
    return label if isinstance(label, str | int | float | bool) else str(label)


def _card(summary: dict[str, Any], license: str | None, datasets: list[str]) -> str:
    """Return a model card: the metadata of the hub in YAML, then text."""
    # 1. The metadata; a string or a list of strings in JSON is YAML as well
    metadata: dict[str, Any] = {"library_name": LIBRARY, "tags": list(TAGS)}
    if license is not None:
        metadata["license"] = license
    head = "\n".join(f"{key}: {json.dumps(value)}" for key, value in metadata.items())
    # 2. What goes in and comes out
    rows = [("Estimator", f"`{summary['class']}`")]
    named = {"strategy": "Strategy", "pretrainer": "Pretrained encoder"}
    rows += [(title, f"`{summary[key]}`") for key, title in named.items() if key in summary]
    if "channels" in summary:
        rows.append(("Channels", ", ".join(f"`{name}`" for name in summary["channels"])))
        rows.append(("Units", "m/s² with gravity, rad/s"))
    if "rate" in summary:
        rows.append(("Rate of the training windows", f"{summary['rate']:g} Hz"))
    if "seconds" in summary:
        rows.append(("Length of the training windows", f"{summary['seconds']:g} s"))
    if "classes" in summary:
        rows.append(("Classes", ", ".join(map(str, summary["classes"]))))
    rows.append(("Data sets", ", ".join(datasets) or "not stated"))
    rows.append(("License", license or "not stated"))
    rows.append(("Written by", f"m3n_sklearn {summary['version']}"))
    table = "\n".join(f"| {title} | {_in_cell(value)} |" for title, value in rows)
    return (
        f"---\n{head}\n---\n\n# {summary['class']}\n\n| | |\n|---|---|\n{table}\n\n## Use\n\n"
        "```python\nfrom m3n_sklearn import from_pretrained\n\n"
        'model = from_pretrained("owner/name")  # or the path of this folder\n```\n'
    )


def _classes_in(summary: Path) -> Any:
    """Return the classes of the model that is in a folder; None if they are not known."""
    try:
        return json.loads(summary.read_text(encoding="utf-8"))["classes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _warn_if_stale(
    card: Path,
    former: Any,
    summary: dict[str, Any],
    license: str | None,
    datasets: Sequence[str],
) -> None:
    """Warn about what a model card that is kept does not say of the new model."""
    text = card.read_text(encoding="utf-8", errors="replace")
    named = [*([] if license is None else [license]), *map(str, datasets)]
    missing = [each for each in named if _in_cell(each) not in text]
    reasons = [f"it does not mention {', '.join(map(repr, missing))}"] if missing else []
    if former is not None and former != summary.get("classes"):
        reasons.append("it was written for a model of other classes")
    if reasons:
        warn(
            f"{card} is kept, but {' and '.join(reasons)}. Edit it, or delete it and save again "
            "for a new model card."
        )


def _in_cell(text: str) -> str:
    """Return a text that stays in its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
