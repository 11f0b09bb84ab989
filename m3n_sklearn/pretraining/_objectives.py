"""The training objectives as functions of tensors, their weighted sum, and the retrieval score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .._distributed import Peers

__all__ = [
    "AUTO_WEIGHTS",
    "DECODERS",
    "NEEDS",
    "PAIRS",
    "Objectives",
    "contrast",
    "masked_huber",
    "retrieval_at_1",
    "same_caption",
]

PAIRS = {"imu_pose": ("imu", "pose"), "imu_text": ("imu", "text"), "pose_text": ("pose", "text")}
DECODERS = {"reconstruction": ("imu",), "pose2imu": ("imu", "pose")}
NEEDS = {**PAIRS, **DECODERS, "imu_imu": ("imu",)}
"""Modalities that each objective needs."""

AUTO_WEIGHTS = {
    "imu_pose": 1.0,
    "imu_text": 1.0,
    "pose_text": 1.0,
    "pose2imu": 1.0,
    "reconstruction": 0.5,
}


EMPTY = torch.zeros(1, dtype=torch.bool)


def same_caption(sentences: Tensor) -> Tensor:
    """Tell which rows share a sentence, (n, n), from their numbers (n, P), filled up with -1."""
    distinct, number = torch.unique(sentences, return_inverse=True)
    holds = torch.zeros(len(sentences), len(distinct), device=sentences.device)
    holds.scatter_(1, number, (sentences >= 0).to(holds.dtype))
    own = torch.eye(len(sentences), dtype=torch.bool, device=sentences.device)
    return (holds @ holds.T > 0) | own


def contrast(a: Tensor, b: Tensor, temperature: Tensor, positive: Tensor, same: Tensor) -> Tensor:
    r"""Symmetric contrastive loss with several positives and without false negatives.

    Each positive pair is compared with the true negatives :math:`N_i` of its row (column) only,

    .. math:: -\log \frac{e^{s_{ij}}}{e^{s_{ij}} + \sum_{k \in N_i} e^{s_{ik}}},
        \qquad s_{ij} = a_i \cdot b_j / \tau,

    averaged over the positives of a row, the rows, and both directions. With one positive per row
    and no false negative this is InfoNCE [1]_. Other pairs of the same caption do not occur in the
    sum, so they are never pushed apart.

    Embeddings `a` and `b` (n, d) have unit length, and row i of `a` belongs to row i of `b`.
    `positive` (n, n) are pairs to pull together, symmetric and with a true diagonal; `same` (n, n)
    are those that are not negatives, and contains `positive`.

    References
    ----------
    .. [1] A. van den Oord, Y. Li, O. Vinyals, "Representation learning with contrastive
       predictive coding", 2018.
    """
    logits = a @ b.T / temperature
    return 0.5 * (_one_way(logits, positive, same) + _one_way(logits.T, positive.T, same.T))


def _one_way(logits: Tensor, positive: Tensor, same: Tensor) -> Tensor:
    """Contrast the rows of a similarity matrix."""
    # the lowest finite number instead of -inf: a row without negatives has loss and gradient 0
    lowest = torch.finfo(logits.dtype).min
    negatives = logits.masked_fill(same, lowest).logsumexp(dim=1, keepdim=True)
    terms = functional.softplus(negatives - logits)
    share = positive / positive.sum(dim=1, keepdim=True)
    return (terms * share).sum(dim=1).mean()


def masked_huber(
    prediction: Tensor, target: Tensor, mask: Tensor, peers: Peers | None = None
) -> Tensor:
    """Mean Huber loss (delta 1, a typical deviation) where a mask is true; 0 if it is empty."""
    loss = functional.huber_loss(prediction, target, reduction="none")
    weight = mask.expand_as(loss).to(loss.dtype)
    if peers is None:
        return (loss * weight).sum() / weight.sum().clamp(min=1)
    return peers.summed((loss * weight).sum() / peers.total(weight.sum()).clamp(min=1))


# ---- the weighted sum


class Objectives:
    """The weighted sum of the objectives that a batch has rows for.

    With `peers`, each process has its own rows of the batch, and the loss is that of all rows;
    `width` is then the size of the embeddings.
    """

    def __init__(
        self, weights: Mapping[str, float], peers: Peers | None = None, width: int = 0
    ) -> None:
        self.weights, self.peers, self.width = dict(weights), peers, width

    def __call__(self, out: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the terms and their weighted sum ``loss`` from a network's output and input."""
        # of all processes: who has what, and the embeddings, which are contrasted with each other
        everyone, embedded = batch, out
        if self.peers is not None:
            everyone, views = _of_all(batch), "imu_imu" in self.weights
            embedded = _gathered(out, everyone, self.peers, self.width, views)
        same = same_caption(everyone["captions"])
        terms: dict[str, Tensor] = {}
        for name in self.weights:
            if name in PAIRS:
                term = _pair_term(name, embedded, everyone, same)
            elif name == "imu_imu":
                term = _views_term(embedded, everyone, same)
            elif name == "reconstruction":
                term = _reconstruction_term(out, batch, everyone, self.peers)
            else:
                term = _pose2imu_term(out, batch, everyone, self.peers)
            if term is not None:
                terms[name] = term
        # a batch may have no pair of modalities: its loss is 0, but still has a gradient
        total = out["temperature"].sum() * 0.0
        for name, term in terms.items():
            total = total + self.weights[name] * term
        return {"loss": total, **terms}


def _of_all(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the masks and captions of the rows of all processes."""
    return {name[4:]: value for name, value in batch.items() if name.startswith("all_")}


def _gathered(
    out: Mapping[str, Tensor], everyone: Mapping[str, Tensor], peers: Peers, width: int, views: bool
) -> dict[str, Tensor]:
    """Return the embeddings of all processes, and the temperature that they share."""
    embedded = {"temperature": peers.once(out["temperature"])}
    for name, modality in (("imu", "imu"), ("pose", "pose"), ("text", "text"), ("view", "imu")):
        has = everyone.get(f"has_{modality}", EMPTY)
        if has.any() and (name != "view" or views):
            # a process without such a row takes part with no row
            own = out.get(f"z_{name}", out["temperature"].new_zeros((0, width)))
            embedded[f"z_{name}"] = peers.gather(own, has)
    return embedded


def _pair_term(
    name: str, out: Mapping[str, Tensor], batch: Mapping[str, Tensor], same: Tensor
) -> Tensor | None:
    """Contrast two modalities on the rows that have both."""
    first, second = PAIRS[name]
    both = batch[f"has_{first}"] & batch[f"has_{second}"]
    if int(both.sum()) < 2:
        return None
    a = out[f"z_{first}"][both[batch[f"has_{first}"]]]
    b = out[f"z_{second}"][both[batch[f"has_{second}"]]]
    same = same[both][:, both]
    # rows of one caption share their text, but every window has a pose of its own
    positive = _itself(same) if name == "imu_pose" else same
    return contrast(a, b, out["temperature"], positive, same)


def _views_term(
    out: Mapping[str, Tensor], batch: Mapping[str, Tensor], same: Tensor
) -> Tensor | None:
    """Contrast two augmented views of each IMU window."""
    if "z_view" not in out or len(out["z_view"]) < 2:
        return None
    there = batch["has_imu"]
    same = same[there][:, there]
    return contrast(out["z_imu"], out["z_view"], out["temperature"], _itself(same), same)


def _itself(same: Tensor) -> Tensor:
    """Return which rows are the same row."""
    return torch.eye(len(same), dtype=torch.bool, device=same.device)


def _reconstruction_term(
    out: Mapping[str, Tensor],
    batch: Mapping[str, Tensor],
    everyone: Mapping[str, Tensor],
    peers: Peers | None,
) -> Tensor | None:
    """Compare reconstructed windows with augmented ones where steps were hidden."""
    if not everyone.get("has_imu", EMPTY).any():
        return None
    if "reconstruction" not in out:  # only other processes have rows for it
        return None if peers is None else _nothing(out, peers)
    rows = batch["hidden"].any(dim=1)
    mask = batch["hidden"][rows][:, None, None]
    if "present" in batch:
        mask = mask & batch["present"][rows].repeat_interleave(3, dim=2)[..., None]
    unit = out["deviation"][:, None]
    return masked_huber(out["reconstruction"] / unit, batch["imu"][rows] / unit, mask, peers)


def _pose2imu_term(
    out: Mapping[str, Tensor],
    batch: Mapping[str, Tensor],
    everyone: Mapping[str, Tensor],
    peers: Peers | None,
) -> Tensor | None:
    """Compare windows predicted from poses with those before augmentation."""
    if not (everyone.get("has_imu", EMPTY) & everyone.get("has_pose", EMPTY)).any():
        return None
    if "predicted" not in out or len(out["predicted"]) == 0:
        return None if peers is None else _nothing(out, peers)
    paired = batch["has_pose"][batch["has_imu"]]
    target, measured = batch["clean"][paired], batch["measured"][paired]
    unit = out["imu_scale"][..., None]
    return masked_huber(out["predicted"] / unit, target / unit, measured, peers)


def _nothing(out: Mapping[str, Tensor], peers: Peers) -> Tensor:
    """Take part in the mean of the other processes with no row."""
    none = out["temperature"].new_zeros(1)
    return masked_huber(none, none, none.bool(), peers)


# ---- the retrieval score


def retrieval_at_1(
    a: NDArray[Any], b: NDArray[Any], same: NDArray[np.int64] | None = None
) -> float:
    """Return the share of rows whose nearest neighbor in the other modality is right.

    Embeddings `a` and `b` (n, d) have unit length. A neighbor is right if it is the same row, or if
    it shares a sentence of `same` (n, P), numbers filled up with -1. Both directions are averaged.
    """
    hits = [_hits(a, b, same), _hits(b, a, same)]
    return float(np.mean(hits))


def _hits(
    queries: NDArray[Any], keys: NDArray[Any], same: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    """Tell which queries have the right nearest key."""
    own = np.arange(len(queries))
    found = np.concatenate(
        [(queries[i : i + 1024] @ keys.T).argmax(axis=1) for i in range(0, len(queries), 1024)]
    )
    if same is None:
        return found == own
    shared = (same[:, :, None] == same[found][:, None, :]) & (same >= 0)[:, :, None]
    return (found == own) | shared.any(axis=(1, 2))
