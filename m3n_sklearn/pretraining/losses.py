"""The training objectives as plain functions of tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["AUTO_WEIGHTS", "NEEDS", "Objectives", "contrast", "masked_huber", "same_caption"]


def same_caption(sentences: Tensor) -> Tensor:
    """Tell which rows share a sentence.

    Parameters
    ----------
    sentences : int Tensor of shape (n, P)
        Numbers of each row's paraphrases; -1 fills up.

    Returns
    -------
    bool Tensor of shape (n, n)
        True on the diagonal, also of rows without any sentence.
    """
    equal = sentences[:, None, :, None] == sentences[None, :, None, :]
    known = (sentences >= 0)[:, None, :, None]
    shared = (equal & known).flatten(2).any(dim=2)
    return shared | torch.eye(len(sentences), dtype=torch.bool, device=sentences.device)


def contrast(a: Tensor, b: Tensor, temperature: Tensor, positive: Tensor, same: Tensor) -> Tensor:
    r"""Symmetric contrastive loss with several positives and without false negatives.

    Each positive pair is compared with the row's (column's) true negatives only,

    .. math:: -\log \frac{e^{s_{ij}}}{e^{s_{ij}} + \sum_{k \in N_i} e^{s_{ik}}},
        \qquad s_{ij} = a_i \cdot b_j / \tau,

    averaged over the positives of a row, the rows, and both directions. With one positive per row
    and no false negative this is InfoNCE [1]_. Other pairs of the same caption occur nowhere in
    the sum, so they are never pushed apart.

    Parameters
    ----------
    a, b : Tensor of shape (n, d)
        Embeddings of unit length; row i of both belongs together.
    temperature : Tensor
        The scale :math:`\tau`.
    positive : bool Tensor of shape (n, n)
        Pairs to pull together; symmetric, with a true diagonal.
    same : bool Tensor of shape (n, n)
        Pairs that are no negatives; contains `positive`.

    Returns
    -------
    Tensor
        Scalar, at least 0.

    References
    ----------
    .. [1] A. van den Oord, Y. Li, O. Vinyals, "Representation learning with contrastive
       predictive coding", 2018.
    """
    logits = a @ b.T / temperature
    return 0.5 * (_one_way(logits, positive, same) + _one_way(logits.T, positive, same))


def _one_way(logits: Tensor, positive: Tensor, same: Tensor) -> Tensor:
    # the lowest finite number instead of -inf: a row without negatives has loss and gradient 0
    lowest = torch.finfo(logits.dtype).min
    negatives = logits.masked_fill(same, lowest).logsumexp(dim=1, keepdim=True)
    terms = functional.softplus(negatives - logits)
    share = positive / positive.sum(dim=1, keepdim=True)
    return (terms * share).sum(dim=1).mean()


def masked_huber(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean Huber loss (delta 1) where a mask is true.

    Parameters
    ----------
    prediction, target : Tensor of equal shape
        In units in which 1 is a typical deviation.
    mask : bool Tensor
        Broadcasts to the same shape.

    Returns
    -------
    Tensor
        Scalar; 0 where the mask is empty.
    """
    loss = functional.huber_loss(prediction, target, reduction="none")
    weight = mask.expand_as(loss).to(loss.dtype)
    return (loss * weight).sum() / weight.sum().clamp(min=1)


PAIRS = {"imu_pose": ("imu", "pose"), "imu_text": ("imu", "text"), "pose_text": ("pose", "text")}
DECODERS = {"reconstruction": ("imu",), "pose2imu": ("imu", "pose")}
NEEDS = {**PAIRS, **DECODERS}
"""Which modalities each objective needs."""

AUTO_WEIGHTS = {
    "imu_pose": 1.0,
    "imu_text": 1.0,
    "pose_text": 1.0,
    "pose2imu": 1.0,
    "reconstruction": 0.5,
}


class Objectives:
    """The weighted sum of the objectives that a batch has rows for.

    Parameters
    ----------
    weights : mapping of str to float
        Weight of each objective: ``imu_pose``, ``imu_text``, ``pose_text``, ``pose2imu``,
        ``reconstruction``.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = dict(weights)

    def __call__(self, out: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms of a batch and their weighted sum ``loss``.

        Parameters
        ----------
        out : mapping
            Output of :class:`~m3n_sklearn.nets.Multi3Net`.
        batch : mapping
            Its input, with ``has_imu`` and so on for the rows that have a modality.
        """
        terms: dict[str, Tensor] = {}
        for name in self.weights:
            if name in PAIRS:
                term = _pair_term(name, out, batch)
            elif name == "reconstruction":
                term = _reconstruction_term(out, batch)
            else:
                term = _pose2imu_term(out, batch)
            if term is not None:
                terms[name] = term
        total = out["temperature"].sum() * 0.0  # a batch may have no pair of modalities at all
        for name, term in terms.items():
            total = total + self.weights[name] * term
        return {"loss": total, **terms}


def _pair_term(name: str, out: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor | None:
    first, second = PAIRS[name]
    both = batch[f"has_{first}"] & batch[f"has_{second}"]
    if int(both.sum()) < 2:
        return None
    a = out[f"z_{first}"][both[batch[f"has_{first}"]]]
    b = out[f"z_{second}"][both[batch[f"has_{second}"]]]
    same = same_caption(batch["captions"][both])
    positive = same
    if name == "imu_pose":  # every window has a pose of its own
        positive = torch.eye(len(same), dtype=torch.bool, device=same.device)
    return contrast(a, b, out["temperature"], positive, same)


def _reconstruction_term(out: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor | None:
    if "reconstruction" not in out:
        return None
    rows = batch["hidden"].any(dim=1)
    mask = batch["hidden"][rows][:, None, None]
    if "present" in batch:
        mask = mask & batch["present"][rows].repeat_interleave(3, dim=2)[..., None]
    unit = out["deviation"][:, None]
    return masked_huber(out["reconstruction"] / unit, batch["imu"][rows] / unit, mask)


def _pose2imu_term(out: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor | None:
    if "predicted" not in out or len(out["predicted"]) == 0:
        return None
    target = batch["clean"][batch["has_pose"][batch["has_imu"]]]
    unit = out["imu_scale"][..., None]
    return masked_huber(out["predicted"] / unit, target / unit, batch["measured"])
