"""Processes that train one network together, each on its own rows of every batch.

The sum over all processes is exactly what one process computes on the whole batch: embeddings are
gathered, so that every row is contrasted with those of all processes; means are divided by the
counts of all processes; gradients are summed. Wrappers that average gradients of local losses, as
torch's DistributedDataParallel and accelerate do, give other losses.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

__all__ = ["Peers"]

T = TypeVar("T")


class Peers:
    """The processes of the process group that the user has initialized; this one has a `rank`."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    @classmethod
    def here(cls) -> Peers | None:
        """Return the processes of a group, or None if this process trains alone."""
        if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() < 2:
            return None
        return cls()

    def from_first(self, value: T) -> T:
        """Return the value that the first process has."""
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def share_of(self, n_rows: int) -> slice:
        """Return which rows of a batch belong to this process."""
        bounds = self._bounds(n_rows)
        return slice(bounds[self.rank], bounds[self.rank + 1])

    def _bounds(self, n_rows: int) -> list[int]:
        """Return where the rows of each process begin, and the end."""
        return [n_rows * rank // self.size for rank in range(self.size + 1)]

    def gather(self, own: Tensor, mask: Tensor) -> Tensor:
        """Return the embeddings of the rows of the whole batch where a mask is true."""
        bounds = self._bounds(len(mask))
        counts = [int(mask[a:b].sum()) for a, b in pairwise(bounds)]
        gathered: Tensor = _Gather.apply(own, counts, self.rank)  # type: ignore[no-untyped-call]
        return gathered

    def once(self, value: Tensor) -> Tensor:
        """Return a value that all processes use alike, so that the sum has its gradient once."""
        return value.detach() + (value - value.detach()) / self.size

    def total(self, value: Tensor) -> Tensor:
        """Return the sum over all processes, without a gradient."""
        summed = value.detach().clone()
        dist.all_reduce(summed)
        return summed

    def summed(self, own: Tensor) -> Tensor:
        """Return the sum over all processes, with the gradient of the own part."""
        return own + (self.total(own) - own.detach())

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sum the gradients over all processes; a parameter that none has used keeps none."""
        learned = [p for p in parameters if p.requires_grad]
        used = torch.tensor([float(p.grad is not None) for p in learned]).to(learned[0])
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in learned]
        flat = torch.cat([used, *(part.flatten() for part in parts)])
        dist.all_reduce(flat)
        used, rest = flat[: len(learned)], flat[len(learned) :]
        for p, count, grad in zip(
            learned, used.tolist(), rest.split([p.numel() for p in learned]), strict=True
        ):
            p.grad = grad.view_as(p).clone() if count else None


class _Gather(torch.autograd.Function):
    """Rows of all processes; the gradient of the own ones, since all compute the same loss."""

    @staticmethod
    def forward(context: Any, own: Tensor, counts: list[int], rank: int) -> Tensor:
        start = sum(counts[:rank])
        context.own = slice(start, start + counts[rank])
        padded = own.new_zeros((max(counts), own.shape[1]))
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(parts, padded)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        return gradient[context.own], None, None
