"""A training that was stopped anywhere ends with the bits of one that was not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skorch.callbacks import Callback, EarlyStopping, EpochScoring

from m3n_sklearn import Multi3NetPretrainer, Windows, load
from m3n_sklearn import _saving as saving
from m3n_sklearn.pretraining import _identity, save_corpus

FILE = "training.safetensors"
PER_EPOCH, STEPS = 2, 6

pytestmark = pytest.mark.filterwarnings("ignore:In 33% of the time")


@pytest.fixture(autouse=True)
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a checkpoint after every step."""
    monkeypatch.setattr(saving, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(saving, "LARGEST_SHARE", 1e9)


@pytest.fixture
def given(tiny: dict[str, Any]) -> dict[str, Any]:
    return {**tiny, "width": 8, "max_epochs": 3}


class Stop(Callback):
    """Does something at the n-th event of a kind."""

    def __init__(self, event: str, at: int, do: Any) -> None:
        self.event, self.at, self.do = event, at, do
        self.seen = 0

    def _tell(self, event: str) -> None:
        self.seen += event == self.event
        if event == self.event and self.seen == self.at:
            self.do()

    def on_batch_begin(self, net: Any, **kwargs: Any) -> None:
        self._tell("begin")

    def on_grad_computed(self, net: Any, **kwargs: Any) -> None:
        self._tell("middle")

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        self._tell("end")

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self._tell("epoch")


def fail() -> None:
    raise RuntimeError("stopped here")


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def press_keys() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def same(a: Multi3NetPretrainer, b: Multi3NetPretrainer) -> bool:
    equal = all(np.array_equal(a.weights_[name], b.weights_[name]) for name in a.weights_)
    return equal and a.history_ == b.history_ and list(a.weights_) == list(b.weights_)


@pytest.mark.parametrize("kind", ["memory", "folder", "paper", "simulated", "warm"])
def test_stopped_anywhere(
    kind: str,
    toy_scene: Windows,
    toy_simulator: Any,
    given: dict[str, Any],
    tmp_path: Path,
) -> None:
    rows, X = toy_scene, toy_scene
    if kind == "folder":
        given, X = {**given, "corpus": save_corpus(rows, tmp_path / "corpus")}, None
    if kind == "paper":  # draws of torch (dropout) and running statistics
        given = {**given, "encoder": "paper"}
    if kind == "simulated":
        simulator = toy_simulator(noise=0.1)
        given, X = {**given, "simulator": simulator, "simulate_every": 2}, rows.drop("imu")

    def fitted(**changes: Any) -> Multi3NetPretrainer:
        pretrainer = Multi3NetPretrainer(**{**given, **changes})
        if kind == "warm":
            path = tmp_path / "first.safetensors"
            if not path.exists():
                Multi3NetPretrainer(**given).fit(X).save(path)
            pretrainer = load(path).set_params(warm_start=True, **changes)
        return pretrainer.fit(X)

    whole = fitted()
    events = [("middle", 4), ("end", STEPS), ("epoch", 1)]
    for number, (event, at) in enumerate(events):
        folder = tmp_path / str(number)
        with pytest.raises(RuntimeError, match="stopped here"):
            fitted(checkpoint=folder, callbacks=[Stop(event, at, fail)])
        assert same(fitted(checkpoint=folder, callbacks=[Stop(event, 0, fail)]), whole)
        assert os.listdir(folder) == [FILE]
        begun = (folder / FILE).stat().st_mtime_ns
        assert same(fitted(checkpoint=folder), whole)  # nothing is trained
        assert (folder / FILE).stat().st_mtime_ns == begun


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")
@pytest.mark.parametrize("from_folder", [False, True])
def test_killed_again_and_again(
    from_folder: bool, toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    if from_folder:
        given["corpus"] = save_corpus(toy_scene, tmp_path / "corpus")
    whole = Multi3NetPretrainer(**given).fit(toy_scene)
    rng = np.random.default_rng(int(from_folder))
    steps = 0
    for _ in range(2):
        stop = Stop(str(rng.choice(["begin", "middle", "end"])), int(rng.integers(2, 4)), kill)
        child = os.fork()
        if not child:
            pretrainer = Multi3NetPretrainer(
                **given, checkpoint=tmp_path / "state", callbacks=[stop]
            )
            pretrainer.fit(toy_scene)
            os._exit(1)  # not reached
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        steps, before = finished_steps(tmp_path / "state"), steps
        assert steps > before
    resumed = Multi3NetPretrainer(
        **given, checkpoint=tmp_path / "state", callbacks=[Stop("", 0, 0)]
    )
    assert same(resumed.fit(toy_scene), whole)


def finished_steps(folder: Path) -> int:
    found = saving.CheckpointFile(folder)._read()
    assert found is not None
    facts = found[1]
    return PER_EPOCH * facts["place"]["epoch"] + facts["place"]["batches"]


def test_without_a_seed(toy_scene: Windows, given: dict[str, Any], tmp_path: Path) -> None:
    given["random_state"] = None
    stopped = Multi3NetPretrainer(
        **given, checkpoint=tmp_path, callbacks=[Stop("epoch", 2, press_keys)]
    )
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(toy_scene)
    resumed = Multi3NetPretrainer(**given, checkpoint=tmp_path).fit(toy_scene)
    assert resumed.history_[:1] == stopped.history_[:1]
    assert len(resumed.history_) == 3


@pytest.mark.parametrize("event", ["middle", "end", "epoch"])
def test_ctrl_c_keeps_what_was_learned(
    event: str, toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    whole = Multi3NetPretrainer(**given).fit(toy_scene)
    usual = signal.getsignal(signal.SIGINT)
    stop = Stop(event, 2 if event == "epoch" else 3, press_keys)
    pretrainer = Multi3NetPretrainer(**given, checkpoint=tmp_path, callbacks=[stop])
    with pytest.raises(KeyboardInterrupt, match=f"kept in {tmp_path}: the same call goes on"):
        pretrainer.fit(toy_scene)
    assert signal.getsignal(signal.SIGINT) is usual
    assert finished_steps(tmp_path) == (4 if event == "epoch" else 3)
    assert pretrainer.history_[0] == whole.history_[0]
    embedded = pretrainer.transform(toy_scene)
    assert not np.array_equal(embedded, whole.transform(toy_scene))
    pretrainer.callbacks = [Stop(event, 0, press_keys)]
    assert same(pretrainer.fit(toy_scene), whole)


def test_without_a_checkpoint_ctrl_c_leaves_nothing(
    toy_scene: Windows, given: dict[str, Any]
) -> None:
    pretrainer = Multi3NetPretrainer(**given, callbacks=[Stop("middle", 3, press_keys)])
    with pytest.raises(KeyboardInterrupt):
        pretrainer.fit(toy_scene)
    assert not hasattr(pretrainer, "weights_")


class Busy(Callback):
    """Is at work when Ctrl-C is pressed."""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        for self.turn in range(1000):
            pass


def test_ctrl_c_in_a_callback_is_not_the_end_of_the_training(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    alone = Multi3NetPretrainer(**given, callbacks=[Busy()])
    with pytest.raises(KeyboardInterrupt):
        alone.fit(toy_scene)
    assert not hasattr(alone, "weights_")
    with pytest.raises(KeyboardInterrupt, match="the same call goes on"):
        Multi3NetPretrainer(**given, checkpoint=tmp_path, callbacks=[Busy()]).fit(toy_scene)
    assert finished_steps(tmp_path) == PER_EPOCH
    resumed = Multi3NetPretrainer(**given, checkpoint=tmp_path).fit(toy_scene)
    assert same(resumed, Multi3NetPretrainer(**given).fit(toy_scene))


def test_callbacks_remember(toy_scene: Windows, given: dict[str, Any], tmp_path: Path) -> None:
    given["max_epochs"] = 8

    def stopping() -> EarlyStopping:
        return EarlyStopping("train_loss", patience=3, threshold=0.9)  # nothing is an improvement

    whole = Multi3NetPretrainer(**given, callbacks=[stopping()]).fit(toy_scene)
    assert len(whole.history_) == 4
    given["checkpoint"] = tmp_path
    with pytest.raises(RuntimeError):
        Multi3NetPretrainer(**given, callbacks=[stopping(), Stop("begin", 6, fail)]).fit(toy_scene)
    again = Multi3NetPretrainer(**given, callbacks=[stopping(), Stop("begin", 0, fail)])
    assert same(again.fit(toy_scene), whole)
    assert same(again.fit(toy_scene), whole)  # also when the end is read from the file


def test_callbacks_that_lose_something_are_named(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    def callbacks(at: int) -> list[Any]:
        def loss(net: Any, X: Any, y: Any) -> float:
            return 0.0

        return [EpochScoring(loss, on_train=True, name="mine"), Stop("begin", at, fail)]

    given["checkpoint"] = tmp_path
    with pytest.raises(RuntimeError):
        Multi3NetPretrainer(**given, callbacks=callbacks(4)).fit(toy_scene)
    with (
        pytest.warns(UserWarning, match="with 1 callbacks instead of 2"),
        pytest.raises(RuntimeError),
    ):
        Multi3NetPretrainer(**given, callbacks=[Stop("begin", 1, fail)]).fit(toy_scene)
    with pytest.warns(UserWarning, match="EpochScoring has lost .*y_preds_"):
        Multi3NetPretrainer(**given, callbacks=callbacks(0)).fit(toy_scene)


def test_another_training_is_refused(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    given["checkpoint"] = tmp_path
    Multi3NetPretrainer(**given).fit(toy_scene)
    content = (tmp_path / FILE).read_bytes()
    other = {**given, "lr": 0.1, "augment": None}
    with pytest.raises(
        ValueError, match=r"another training: augment was 'auto' and is None; lr was"
    ):
        Multi3NetPretrainer(**other).fit(toy_scene)
    with pytest.raises(
        ValueError, match=r"the windows are others.* delete .*training\.safetensors"
    ):
        Multi3NetPretrainer(**given).fit(toy_scene[::-1])
    with pytest.raises(ValueError, match="seed was 0 and is 1"):
        Multi3NetPretrainer(**{**given, "random_state": 1}).fit(toy_scene)
    with pytest.raises(ValueError, match="the sentence vectors are others"):
        Multi3NetPretrainer(**given).fit(toy_scene.assign(text=np.array(["x"] * len(toy_scene))))
    assert (tmp_path / FILE).read_bytes() == content


def test_what_does_not_change_the_result_may_change(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    whole = Multi3NetPretrainer(**given, checkpoint=tmp_path).fit(toy_scene)
    texts = [str(text).upper().lower() for text in toy_scene["text"]]  # equal, not identical
    again = Multi3NetPretrainer(**given, checkpoint=tmp_path, verbose=1, device="cpu")
    assert same(again.fit(toy_scene.assign(text=np.array(texts))), whole)


def test_a_training_of_another_version_is_refused(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Multi3NetPretrainer(**given, checkpoint=tmp_path).fit(toy_scene)
    monkeypatch.setattr(_identity, "__version__", "99.0")
    with pytest.raises(ValueError, match=r"version of m3n_sklearn was '0.* and is '99.0'"):
        Multi3NetPretrainer(**given, checkpoint=tmp_path).fit(toy_scene)


def test_the_current_folder_may_change(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    move = Stop("end", 2, lambda: os.chdir(tmp_path / "elsewhere"))
    Multi3NetPretrainer(**given, checkpoint="state", callbacks=[move]).fit(toy_scene)
    assert (tmp_path / "state" / FILE).exists() and not os.listdir(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="checkpoint is an empty path; give a folder, or None"):
        Multi3NetPretrainer(**given, checkpoint="").fit(toy_scene)


def damaged(content: bytes) -> Iterator[bytes]:
    yield b""
    yield content[: len(content) // 2]
    yield content[:-3] + bytes(255 - byte for byte in content[-3:])
    yield content.replace(b"m3n_sklearn checkpoint", b"m3n_sklearn checkpoinT")


def test_damage(toy_scene: Windows, given: dict[str, Any], tmp_path: Path) -> None:
    given["checkpoint"] = tmp_path
    Multi3NetPretrainer(**given).fit(toy_scene)
    for content in damaged((tmp_path / FILE).read_bytes()):
        (tmp_path / FILE).write_bytes(content)
        for seed in (0, None):
            with pytest.raises(
                ValueError, match=r"training\.safetensors.* Delete it to start again"
            ):
                Multi3NetPretrainer(**{**given, "random_state": seed}).fit(toy_scene)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file; give a folder"):
        Multi3NetPretrainer(**{**given, "checkpoint": tmp_path / "file"}).fit(toy_scene)


def test_a_diverged_training_is_not_kept(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    given |= {"checkpoint": tmp_path, "max_epochs": 2}
    with pytest.raises(FloatingPointError):
        Multi3NetPretrainer(**given, callbacks=[Stop("epoch", 1, diverge)]).fit(toy_scene)
    assert os.listdir(tmp_path) == []


def diverge() -> None:
    raise FloatingPointError


def test_a_file_that_names_a_folder_does_not_use_it(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path
) -> None:
    pretrainer = Multi3NetPretrainer(**given, checkpoint=tmp_path / "state").fit(toy_scene)
    pretrainer.save(tmp_path / "saved.safetensors")
    loaded = load(tmp_path / "saved.safetensors")
    assert np.array_equal(loaded.transform(toy_scene), pretrainer.transform(toy_scene))
    with pytest.raises(ValueError, match=r"confirm it with set_params\(checkpoint=\.\.\.\)"):
        loaded.fit(toy_scene)


def test_writing_takes_little_time(
    toy_scene: Windows,
    given: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written: list[int] = []
    write = saving.CheckpointFile.write

    def counted(file: Any, state: Any) -> None:
        written.append(1)
        write(file, state)

    monkeypatch.setattr(saving.CheckpointFile, "write", counted)
    monkeypatch.setattr(saving, "LARGEST_SHARE", 1e-9)
    Multi3NetPretrainer(**given, checkpoint=tmp_path, verbose=1).fit(toy_scene)
    assert len(written) == 2  # after the first step, and at the end
    shown = capsys.readouterr().err
    assert "saved=6 steps" in shown


def test_the_bar_starts_where_the_training_does(
    toy_scene: Windows, given: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given["checkpoint"] = tmp_path
    with pytest.raises(RuntimeError):
        Multi3NetPretrainer(**given, callbacks=[Stop("begin", 5, fail)]).fit(toy_scene)
    capsys.readouterr()
    resumed = Multi3NetPretrainer(**given, callbacks=[Stop("begin", 0, fail)], verbose=1)
    resumed.fit(toy_scene)
    shown = capsys.readouterr().err
    assert "4/6" in shown
    assert "6/6" in shown
