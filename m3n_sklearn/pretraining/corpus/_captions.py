"""Captions of recordings: sentences for the labels of their samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._validation import check_choice, is_number
from ..._warn import warn
from ...motion import as_sentences
from ...recording import Recording
from ...text import find_sentences

__all__ = ["RecordingTerms", "check_terms", "label_counts", "warn_unknown"]

MOUNTS = ("known", "unknown")

Sentences = tuple[str, ...]


@dataclass(frozen=True)
class RecordingTerms:
    """How the recordings of a source are read; see :meth:`CorpusSource.from_recordings`.

    `texts` maps labels to sentences, is ``"auto"`` for those of the table, or None for no captions.
    """

    texts: Mapping[Hashable, Sentences] | str | None
    mount: str
    min_purity: float

    def record(self) -> dict[str, Any]:
        """Return the entries of the manifest."""
        texts: Any = self.texts
        if isinstance(self.texts, Mapping):
            texts = {str(label): list(sentences) for label, sentences in self.texts.items()}
        return {"texts": texts, "mount": self.mount, "min_purity": self.min_purity}

    def captions(self, recordings: Iterable[Recording], name: str) -> dict[Hashable, Sentences]:
        """Return the sentences of all labels of some recordings of a source.

        Raises
        ------
        ValueError
            If a label is not in `texts`.
        """
        found: dict[Hashable, Sentences] = {}
        if self.texts is None:
            return found
        labels = dict.fromkeys(
            label for recording in recordings for label in label_counts(recording)
        )
        if self.texts == "auto":
            for label in labels:
                sentences = find_sentences(label)
                # an unknown activity is described by its own words
                found[label] = (_words(label),) if sentences is None else sentences
            return found
        assert isinstance(self.texts, Mapping)
        missing = [label for label in labels if label not in self.texts]
        if missing:
            raise ValueError(
                f"texts of source {name!r} has no sentences for the labels "
                f"{', '.join(map(repr, missing[:8]))}. Give each label sentences, or () for "
                "windows without a caption."
            )
        return {label: self.texts[label] for label in labels}


def check_terms(texts: Any, mount: str, min_purity: float, name: str) -> RecordingTerms:
    """Return the terms of a source, or raise an error for wrong ones."""
    check_choice(mount, "mount", MOUNTS)
    if not is_number(min_purity) or not 0 <= min_purity <= 1:
        raise ValueError(f"min_purity must lie in [0, 1], got {min_purity!r}.")
    if isinstance(texts, Mapping):
        texts = {label: as_sentences(sentences) for label, sentences in texts.items()}
    elif texts is not None and texts != "auto":
        raise TypeError(
            f"texts of source {name!r} must map labels to sentences, or be 'auto' or None; got "
            f"{texts!r}."
        )
    return RecordingTerms(texts, mount, float(min_purity))


def label_counts(recording: Recording) -> Counter[Hashable]:
    """Return the number of samples of each label of a recording, which may have none."""
    if recording.labels is None:
        return Counter()
    return Counter(recording.labels.tolist())  # numbers and strings may be mixed


def warn_unknown(labels: Iterable[Hashable], name: str) -> None:
    """Warn about labels that the table of sentences does not have."""
    unknown = [label for label in labels if find_sentences(label) is None]
    if unknown:
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        warn(
            f"The labels {', '.join(map(repr, unknown[:8]))}{more} of source {name!r} are not in "
            "the table of sentences (m3n_sklearn.text.activity_sentences), so each is described by "
            "its own words. Give CorpusSource.from_recordings(texts={label: sentences})."
        )


def _words(label: Hashable) -> str:
    """Return a label as words."""
    return " ".join(str(label).replace("_", " ").split())
