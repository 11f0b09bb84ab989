"""How much words count next to labels: the weight of their opinion in a product of experts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from torch import Tensor, nn

from .._typing import AnyArray
from ._outputs import check_finite, run_in_chunks, turned_views
from ._training_windows import LabeledWindows

__all__ = ["learn_weight", "weigh_words"]

EXPONENTS = np.linspace(0, 2, 41)
"""Exponents of the probabilities by words that are compared."""

SHARE = 0.5
"""Share of the most likely exponent that becomes the weight: the head knows some of what words know
(measured at 0.5 and 1, with 1 to 16 windows per class of five data sets)."""


def weigh_words(module: nn.Module, data: LabeledWindows, device: str) -> float:
    """Return the weight of a network that compares windows with descriptions."""

    def logits_of(batch: dict[str, Tensor]) -> Tensor:
        logits: Tensor = module(batch)["logits"]
        return logits

    views = turned_views(data.x, cropped=False) if data.any_mounting else [data.x]
    logits = np.stack(
        [run_in_chunks(logits_of, module, v, data.present, device, filled=True) for v in views]
    )
    check_finite(logits, data.x)
    return learn_weight(logits, data.codes, data.weight)


def learn_weight(logits: AnyArray, codes: NDArray[np.int64], weight: AnyArray) -> float:
    """Return the weight of words from their logits (n_views, n, n_classes) of labeled windows.

    Words have not seen the labels, so the labels can judge them. A row of weight 2 counts twice.
    """
    # 1. Log-likelihood of each label under p_words^t / Z, with one exponent t for all windows:
    #    t = 0 is chance, t = 1 are the probabilities as they are
    logs = log_softmax(logits.astype(np.float64), axis=2)
    rows = np.arange(len(codes))
    likelihood = np.stack(
        [log_softmax(t * logs, axis=2)[:, rows, codes].mean(axis=0) for t in EXPONENTS]
    )
    # 2. The most likely exponent
    best = int(np.average(likelihood, axis=1, weights=weight).argmax())
    # 3. Guard: words that fit these labels no better than chance are left out. The gain must exceed
    #    its standard error.
    gain = likelihood[best] - likelihood[0]
    mean = np.average(gain, weights=weight)
    variance = np.average((gain - mean) ** 2, weights=weight)
    if not mean > np.sqrt(variance / weight.sum()):
        return 0.0
    return float(SHARE * EXPONENTS[best])
