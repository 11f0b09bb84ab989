"""The callback that writes checkpoints of a training, and starts from the one that is there.

It is made a callback of skorch in ``_training``.
"""

from __future__ import annotations

import copy
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from ._checkpoints import CheckpointFile, TrainingState
from ._distributed import Peers
from ._typing import AnyArray
from ._warn import warn

__all__ = ["Place", "Saving"]

SECONDS_BETWEEN = 10.0
"""Time between two writings of a checkpoint, which is what a kill costs at most."""

LARGEST_SHARE = 0.02
"""Share of the time that writing checkpoints may take; large networks are written less often."""


@dataclass
class Place:
    """Where a training is: the epoch, counted from 0, its batches so far, and the draws of it."""

    epoch: int
    batches: int = 0
    draws: dict[str, Any] | None = None


class Saving:
    """Writes the state of the training to a checkpoint after steps, and starts from the one there.

    A checkpoint always holds the state after a whole step. What belongs to the end of the epoch is
    done again if the step was the last one of its epoch.
    """

    def __init__(
        self,
        file: CheckpointFile,
        place: Place,
        n_batches: int,
        users: Sequence[Any],
        peers: Peers | None = None,
    ) -> None:
        self.file, self.place, self.n_batches, self.users = file, place, n_batches, users
        self.peers = peers
        self.writes = peers is None or peers.rank == 0
        self.state = file.read() if self.writes else None
        if peers is not None:
            self.state = peers.from_first(self.state)
        self.finished = False
        self.steps_before = 0
        if self.state is not None:
            at = self.state.facts["place"]
            place.epoch, place.batches, place.draws = at["epoch"], at["batches"], at["draws"]
            self.finished = self.state.facts["finished"]
            self.steps_before = n_batches * len(self.state.facts["epochs"]) + at["batches"]

    def initialize(self) -> Saving:
        self.in_step_: bool = False
        self.asked_: bool = False  # Ctrl-C was pressed during a step
        self.reached_: dict[str, Any] = {}
        self.due_: float = time.monotonic() + SECONDS_BETWEEN
        return self

    # ---- from a checkpoint

    def recall(self, net: Any) -> None:
        """Give the net the history of the epochs that are finished."""
        if self.state is not None:
            net.history.extend(copy.deepcopy(self.state.facts["epochs"]))
            for group in net.optimizer_.param_groups:  # which a schedule with a past asks for
                group.setdefault("initial_lr", net.lr)

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        if self.state is None:
            return
        arrays, facts = self.state.arrays, self.state.facts
        # 1. The network, the running average, the optimizer with its schedule
        net.module_.load_state_dict(_tensors(arrays, "module"))
        if net.average_ is not None:
            weights = _tensors(arrays, "average")
            net.average_.load_state_dict({"steps": facts["average_steps"], "weights": weights})
        optimizer = net.optimizer_.state_dict()
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _tensors(arrays, "optimizer").items():
            number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = value
        for group, lr in zip(optimizer["param_groups"], facts["lr"], strict=True):
            group["lr"] = lr
        net.optimizer_.load_state_dict({**optimizer, "state": moments})
        net.schedule_.load_state_dict(facts["schedule"])
        # 2. The draws of torch; those of batches are in the place
        torch.set_rng_state(torch.from_numpy(arrays["draws_of_torch"].copy()))
        # 3. What the user's callbacks remember
        if not self.finished:
            _remind(self.users, facts["callbacks"])
        self.reached_ = dict(facts)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        if self.state is not None:  # the first epoch goes on with the batches it had
            net.history[-1]["batches"].extend(copy.deepcopy(self.state.facts["batches"]))
            self.state = None

    # ---- to a checkpoint

    def on_batch_begin(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        self.in_step_ = training

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        if not training:
            return
        # what changes between two steps is copied now; the tensors change in steps only
        self.reached_ = {
            "place": vars(self.place).copy(),
            "average_steps": 0 if net.average_ is None else net.average_.steps_,
            "lr": [group["lr"] for group in net.optimizer_.param_groups],
            "schedule": net.schedule_.state_dict(),
            "callbacks": _memories(self.users),
            "n_epochs": len(net.history) - 1,
            "finished": False,
        }
        self.in_step_ = False
        if self.asked_:
            raise KeyboardInterrupt
        if time.monotonic() >= self.due_:
            self.write(net)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        if self.reached_ and not self.finished:
            self.reached_.update(finished=True, n_epochs=len(net.history))
            self.write(net)

    def write(self, net: Any) -> None:
        """Write the state after the last step."""
        if not self.writes:
            return
        begun = time.monotonic()
        count = self.reached_["n_epochs"]
        arrays: dict[str, AnyArray] = {"draws_of_torch": torch.get_rng_state().numpy()}
        parts: dict[str, Mapping[str, Tensor]] = {"module": net.module_.state_dict()}
        if net.average_ is not None:
            parts["average"] = net.average_.weights_
        parts["optimizer"] = {
            f"{number}.{key}": value
            for number, moments in net.optimizer_.state_dict()["state"].items()
            for key, value in moments.items()
        }
        for part, tensors in parts.items():
            arrays |= {f"{part}/{k}": t.detach().cpu().numpy() for k, t in tensors.items()}
        facts = {
            **self.reached_,
            # batches of finished epochs are not needed any more
            "epochs": [{**_plain(epoch), "batches": []} for epoch in net.history[:count]],
            "batches": [_plain(b) for e in net.history[count : count + 1] for b in e["batches"]],
        }
        self.file.write(TrainingState(arrays, facts))
        if (bar := dict(net.callbacks_).get("progress")) is not None:
            bar.show(saved=f"{self.n_batches * count + len(facts['batches'])} steps")
        now = time.monotonic()
        self.due_ = now + max(SECONDS_BETWEEN, (now - begun) / LARGEST_SHARE)

    def keep(self, net: Any) -> bool:
        """Keep what was learned before Ctrl-C; False if it came in a step, or before all.

        Of several processes, each may have been stopped in another step.
        """
        if self.peers is not None or self.in_step_ or not self.reached_:
            return False
        if not self.finished:
            self.write(net)
        net.module_.load_state_dict(net.kept_weights())
        return True

    @contextmanager
    def between_steps(self) -> Iterator[None]:
        """Let the first Ctrl-C wait for the end of the step; the second one does not wait."""
        if self.peers is not None or threading.current_thread() is not threading.main_thread():
            yield  # Ctrl-C reaches the main thread only
            return
        usual = signal.getsignal(signal.SIGINT)
        if usual is not signal.default_int_handler:  # somebody has other plans
            yield
            return

        def wait(number: int, frame: FrameType | None) -> None:
            if self.asked_ or not self.in_step_:
                raise KeyboardInterrupt
            self.asked_ = True

        signal.signal(signal.SIGINT, wait)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, usual)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "state": None}  # which belongs to the file


def _tensors(arrays: Mapping[str, AnyArray], part: str) -> dict[str, Tensor]:
    """Return the tensors of one part of a checkpoint."""
    start = f"{part}/"
    return {
        name.removeprefix(start): torch.from_numpy(array.copy())
        for name, array in arrays.items()
        if name.startswith(start)
    }


def _memories(callbacks: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the plain attributes of callbacks, and the names of the others that hold something."""
    return [_memory(callback) for callback in callbacks]


def _memory(callback: Any) -> dict[str, Any]:
    """Return what a callback has gathered, without its parameters."""
    parameters = callback.get_params(deep=False)
    state = {name: value for name, value in vars(callback).items() if name not in parameters}
    kept = _plain(state)
    return {"kept": kept, "lost": [k for k, v in state.items() if k not in kept and _holds(v)]}


def _remind(callbacks: Sequence[Any], memories: Sequence[Mapping[str, Any]]) -> None:
    """Set the attributes of callbacks to those of a checkpoint, if it has the same callbacks."""
    if callbacks and len(callbacks) != len(memories):
        warn(
            f"The training goes on from its checkpoint with {len(callbacks)} callbacks instead of "
            f"{len(memories)}: they start as if it had just begun."
        )
        return
    for callback, memory in zip(callbacks, memories, strict=False):
        vars(callback).update(copy.deepcopy(memory["kept"]))
        if memory["lost"]:
            warn(
                f"The training goes on from its checkpoint, but {type(callback).__name__} has lost "
                f"{', '.join(memory['lost'])}, which a checkpoint cannot hold."
            )


def _holds(value: Any) -> bool:
    """Tell whether an attribute holds something that can be lost."""
    return value is not None and not (hasattr(value, "__len__") and len(value) == 0)


def _is_plain(value: Any) -> bool:
    """Tell whether JSON gives a value back as it is."""
    if type(value) is list:
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that JSON gives back as they are."""
    return {key: value for key, value in values.items() if _is_plain(value)}
