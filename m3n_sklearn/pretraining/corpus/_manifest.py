"""manifest.json: everything that a corpus was built from, to build it again."""

from __future__ import annotations

import json
import os
import platform
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn

import m3n_sklearn

from ...persistence import decode, encode
from ._source import CorpusSource

__all__ = [
    "MANIFEST",
    "check_sources",
    "compare",
    "estimator_from_json",
    "estimator_to_json",
    "read_manifest",
    "versions",
    "write_manifest",
]

MANIFEST = "manifest.json"
FORMAT = 3


def versions() -> dict[str, str]:
    """Return the versions that the bits of a corpus depend on."""
    return {
        "m3n_sklearn": m3n_sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "machine": platform.machine(),
    }


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest into a corpus."""
    text = json.dumps({"format": FORMAT, **content}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_manifest(manifest: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Read a manifest, or the one in a corpus; raise ValueError if it is of another format."""
    if isinstance(manifest, Mapping):
        content, where = dict(manifest), "The manifest"
    else:
        path = Path(manifest)
        path = path / MANIFEST if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(f"{path} is not a manifest of a corpus: the file is missing.")
        where = str(path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from error
    needed = {"format", "parameters", "sources", "files"}
    if not isinstance(content, dict) or not needed <= set(content) or content["format"] != FORMAT:
        raise ValueError(f"{where} is not a manifest of format {FORMAT} written by build_corpus.")
    return content


def check_sources(manifest: Mapping[str, Any], sources: Sequence[CorpusSource]) -> None:
    """Raise ValueError for other sources than those of a manifest, before motions are read."""
    wanted = {source["name"]: source for source in manifest["sources"]}
    given = [source.name for source in sources]
    if given != list(wanted):
        raise ValueError(
            f"The manifest needs the sources {', '.join(wanted)}, in this order; got "
            f"{', '.join(given)}."
        )
    for source in sources:
        expected = wanted[source.name]
        if source.license != expected["license"]:
            raise ValueError(
                f"Source {source.name!r} had the license {expected['license']!r} in the manifest, "
                f"now {source.license!r}. Build a new corpus if the terms have changed."
            )
        if source.weight != expected["weight"]:
            raise ValueError(
                f"Source {source.name!r} had the weight {expected['weight']:g} in the manifest, "
                f"now {source.weight:g}."
            )
        if source.digests() != expected["files"]:
            changed = dict(expected["files"].items() ^ source.digests().items())
            raise ValueError(
                f"The files of source {source.name!r} are not those of the manifest: "
                f"{', '.join(sorted(changed))} differ."
            )


def compare(expected: Mapping[str, Any], built: Mapping[str, Any]) -> None:
    """Compare a corpus with a manifest: ValueError for other clips, a warning for other bits."""
    for old, new in zip(expected["sources"], built["sources"], strict=True):
        if old["facts_sha256"] != new["facts_sha256"]:
            raise ValueError(
                f"Source {new['name']!r} holds other clips than the manifest says: {new['clips']} "
                f"clips with {new['frames']} frames instead of {old['clips']} with "
                f"{old['frames']}, or other names, captions, people or bodies."
            )
    differing = [
        name for name, digest in expected["files"].items() if built["files"][name] != digest
    ]
    if differing:
        moved = [
            new["name"]
            for old, new in zip(expected["sources"], built["sources"], strict=True)
            if old["values_sha256"] != new["values_sha256"]
        ]
        warnings.warn(
            f"The corpus is not bit-equal to that of the manifest: {', '.join(differing)} differ"
            + (f", because the motions of {', '.join(moved)} differ" if moved else "")
            + f". This one was built with {built['versions']}, that of the manifest with "
            f"{expected['versions']}.",
            stacklevel=3,
        )


# ---- estimators without a file of their own


def estimator_to_json(estimator: Any) -> dict[str, Any]:
    """Turn an estimator of this package into JSON, arrays as lists."""
    tree, tensors, dropped = encode(estimator)
    if dropped:
        raise TypeError(
            f"The manifest can't hold {', '.join(dropped)} of the simulator, so the corpus could "
            "not be built again. Use names and parameters of m3n_sklearn."
        )
    arrays = {
        name: {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "values": array.ravel().tolist(),
        }
        for name, array in tensors.items()
    }
    return {"estimator": tree, "arrays": arrays}


def estimator_from_json(record: Mapping[str, Any]) -> Any:
    """Return the estimator that `estimator_to_json` has turned into JSON."""
    arrays = {
        name: np.array(array["values"], dtype=array["dtype"]).reshape(array["shape"])
        for name, array in record["arrays"].items()
    }
    return decode(record["estimator"], arrays)
