"""The training objectives as plain functions of tensors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["contrast", "masked_huber", "same_caption"]


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
