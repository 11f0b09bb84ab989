"""The training objectives as plain functions of tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "AUTO_WEIGHTS",
    "NEEDS",
    "Objectives",
    "alike_captions",
    "contrast",
    "masked_huber",
    "same_caption",
]


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
    distinct, number = torch.unique(sentences, return_inverse=True)
    holds = torch.zeros(len(sentences), len(distinct), device=sentences.device)
    holds.scatter_(1, number, (sentences >= 0).to(holds.dtype))
    own = torch.eye(len(sentences), dtype=torch.bool, device=sentences.device)
    return (holds @ holds.T > 0) | own


def alike_captions(vectors: Tensor, similar: float) -> Tensor:
    """Tell which rows have captions that mean nearly the same.

    Parameters
    ----------
    vectors : Tensor of shape (m, K, d)
        Vectors of K sentences of each row.
    similar : float
        Cosine from which on two sentences are nearly the same.

    Returns
    -------
    bool Tensor of shape (m, m)
        True where any two of their sentences are.
    """
    unit = functional.normalize(vectors.flatten(0, 1), dim=1)
    near = (unit @ unit.T >= similar).unflatten(1, vectors.shape[:2]).any(dim=2)
    return near.unflatten(0, vectors.shape[:2]).any(dim=1)


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
    return 0.5 * (_one_way(logits, positive, same) + _one_way(logits.T, positive.T, same.T))


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
NEEDS = {**PAIRS, **DECODERS, "imu_imu": ("imu",)}
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
        ``reconstruction``, ``imu_imu``.
    similar : float, optional
        Cosine of sentence vectors from which on two captions are no negatives of each other.
    """

    def __init__(self, weights: Mapping[str, float], similar: float | None = None) -> None:
        self.weights, self.similar = dict(weights), similar

    def __call__(self, out: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms of a batch and their weighted sum ``loss``.

        Parameters
        ----------
        out : mapping
            Output of :class:`~m3n_sklearn.nets.Multi3Net`.
        batch : mapping
            Its input, with ``has_imu`` and so on for the rows that have a modality.
        """
        same = same_caption(batch["captions"])
        alike = self._alike(batch, same)
        terms: dict[str, Tensor] = {}
        for name in self.weights:
            if name in PAIRS:
                term = _pair_term(name, out, batch, same, alike)
            elif name == "imu_imu":
                term = _views_term(out, batch, alike)
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

    def _alike(self, batch: Mapping[str, Tensor], same: Tensor) -> Tensor:
        """Return which rows are no negatives of each other."""
        if self.similar is None or "text" not in batch:
            return same
        rows = batch["has_text"].nonzero()[:, 0]
        alike = same.clone()
        alike[rows[:, None], rows] |= alike_captions(batch["text"], self.similar)
        return alike


def _pair_term(
    name: str,
    out: Mapping[str, Tensor],
    batch: Mapping[str, Tensor],
    same: Tensor,
    alike: Tensor,
) -> Tensor | None:
    first, second = PAIRS[name]
    both = batch[f"has_{first}"] & batch[f"has_{second}"]
    if int(both.sum()) < 2:
        return None
    a = out[f"z_{first}"][both[batch[f"has_{first}"]]]
    b = out[f"z_{second}"][both[batch[f"has_{second}"]]]
    positive, alike = same[both][:, both], alike[both][:, both]
    if name == "imu_pose":  # every window has a pose of its own
        positive = torch.eye(len(positive), dtype=torch.bool, device=positive.device)
    if b.ndim == 3:  # several sentences of each row
        positive, alike = (m.repeat_interleave(b.shape[1], dim=1) for m in (positive, alike))
        b = b.flatten(0, 1)
    return contrast(a, b, out["temperature"], positive, alike)


def _views_term(
    out: Mapping[str, Tensor], batch: Mapping[str, Tensor], alike: Tensor
) -> Tensor | None:
    if "z_view" not in out or len(out["z_view"]) < 2:
        return None
    there = batch["has_imu"]
    positive = torch.eye(len(out["z_view"]), dtype=torch.bool, device=alike.device)
    alike = alike[there][:, there]
    return contrast(out["z_imu"], out["z_view"], out["temperature"], positive, alike)


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
