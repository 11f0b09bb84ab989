from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import Callback, EarlyStopping

from m3n_sklearn import Recording, Windows, cut
from m3n_sklearn.pretraining import Augmentation, Multi3NetPretrainer, save_corpus
from m3n_sklearn.pretraining._setup import SAMPLE
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import SMPLIMUSimulator

from ..wrists import holds_torch

Params = dict[str, Any]


def fitted(X: Any, params: Params, **changes: Any) -> Multi3NetPretrainer:
    return Multi3NetPretrainer(**{**params, **changes}).fit(X)


def weights_equal(a: Multi3NetPretrainer, b: Multi3NetPretrainer) -> bool:
    return a.weights_.keys() == b.weights_.keys() and all(
        np.array_equal(a.weights_[name], b.weights_[name]) for name in a.weights_
    )


@pytest.fixture(scope="module")
def learned(toy_scene: Windows, tiny: Params) -> Multi3NetPretrainer:
    return fitted(toy_scene, tiny, max_epochs=60, width=32, augment=None, lr=5e-3)


# ---- what is learned


def test_all_objectives_run_and_fall(learned: Multi3NetPretrainer) -> None:
    assert len(learned.objectives_) == 5
    first, last = learned.history_[0], learned.history_[-1]
    for name in learned.objectives_:
        assert last[f"train_{name}"] < 0.6 * first[f"train_{name}"], name
    assert last["train_loss"] < 0.5 * first["train_loss"]


def test_modalities_of_unseen_windows_find_each_other(
    learned: Multi3NetPretrainer, toy_motion: Any, toy_simulator: type[Any]
) -> None:
    X = toy_simulator().transform(toy_motion(24, seed=9))
    assert learned.score(X) > 0.4  # chance is 1/24 for poses and 1/3 for captions
    kind = learned.embed_text(["swing slowly", "swing quickly", "hold still"])
    nearest = (learned.transform(X) @ kind.T).argmax(axis=1)
    assert np.mean(nearest == np.arange(24) % 3) > 0.8


def test_pose2imu_beats_the_constant_predictor(
    learned: Multi3NetPretrainer, toy_motion: Any, toy_simulator: type[Any]
) -> None:
    X = toy_simulator().transform(toy_motion(24, seed=9))
    predicted, measured = learned.predict_imu(X), X["imu"]
    assert predicted.shape == measured.shape
    for channels in (slice(0, 3), slice(3, 6)):
        error = ((predicted - measured)[:, channels] ** 2).mean()
        constant = measured[:, channels].mean(axis=(0, 2), keepdims=True)
        assert error < 0.35 * ((measured[:, channels] - constant) ** 2).mean()


def test_hidden_steps_are_filled_in(
    learned: Multi3NetPretrainer, toy_motion: Any, toy_simulator: type[Any]
) -> None:
    X = toy_simulator().transform(toy_motion(24, seed=9))
    imu = X["imu"]
    hidden = np.zeros(50, dtype=bool)
    hidden[20:25] = True
    filled = learned.reconstruct(X, hidden)
    assert np.allclose(filled[..., ~hidden], imu[..., ~hidden])
    error = ((filled - imu)[..., hidden] ** 2).mean()
    mean = imu.mean(axis=2, keepdims=True)
    assert error < 0.5 * ((imu - mean)[..., hidden] ** 2).mean()
    whole = learned.reconstruct(X)
    assert ((whole - imu) ** 2).mean() < 0.5 * ((imu - mean) ** 2).mean()


# ---- which objectives run


@pytest.mark.parametrize(
    ("columns", "objectives"),
    [
        (("imu",), {"reconstruction"}),
        (("imu", "text"), {"reconstruction", "imu_text"}),
        (("imu", "pose", "trans"), {"reconstruction", "imu_pose", "pose2imu"}),
        (("pose", "trans", "text"), {"pose_text"}),
    ],
)
def test_modalities_decide(
    toy_scene: Windows, tiny: Params, columns: tuple[str, ...], objectives: set[str]
) -> None:
    X = toy_scene.drop(*set(toy_scene.columns) - set(columns))
    pretrainer = fitted(X, tiny, max_epochs=1)
    assert set(pretrainer.objectives_) == objectives
    terms = {k.removeprefix("train_") for k in pretrainer.history_[0]} - {"epoch", "loss"}
    assert terms == objectives


@pytest.mark.slow
def test_rows_without_a_modality_do_not_matter_to_its_terms(
    toy_scene: Windows, tiny: Params
) -> None:
    half = np.arange(48) < 24
    X = toy_scene.assign(imu=toy_scene["imu"], channels=toy_scene.channels, present={"imu": half})
    rubbish = np.where(half[:, None, None], toy_scene["imu"], 1e3)
    Y = toy_scene.assign(imu=rubbish, channels=toy_scene.channels, present={"imu": half})
    assert weights_equal(fitted(X, tiny), fitted(Y, tiny))


def test_weights_of_objectives(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny, objectives={"imu_text": 2.0, "imu_pose": 0.0})
    assert pretrainer.objectives_ == {"imu_text": 2.0}
    first = pretrainer.history_[0]
    assert first["train_loss"] == pytest.approx(2 * first["train_imu_text"])
    assert set(pretrainer.config_["encoders"]) == {"imu", "text"}
    with pytest.raises(ValueError, match="not trained with the modality 'pose'"):
        pretrainer.embed(toy_scene, "pose")


# ---- what can be switched on


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"objectives": {"imu_text": 1.0, "imu_imu": 0.5}},
        {"augment": Augmentation("cone", tempo=1.25, amplitude=0.1)},
        {"augment": "so3"},
        {"encoder": "paper"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_switches(toy_scene: Windows, tiny: Params, changes: Params) -> None:
    captions = [(f"{text}", f"{text} again") for text in toy_scene["text"]]
    captions[::5] = [("be still", "hold very still")] * len(captions[::5])
    X = toy_scene[:24].assign(text=captions[:24])
    switched = fitted(X, tiny, **changes, max_epochs=1, batch_size=12)
    assert weights_equal(switched, clone(switched).fit(X))
    plain = fitted(X, tiny, max_epochs=1, batch_size=12)
    assert switched.history_ != plain.history_
    assert np.isfinite(switched.transform(X)).all()
    assert clone(switched).get_params().keys() == switched.get_params().keys()


def test_two_equal_views_are_refused(toy_scene: Windows, tiny: Params) -> None:
    with pytest.raises(ValueError, match="contrasts two augmented views"):
        fitted(toy_scene, tiny, objectives={"imu_imu": 1.0}, augment=None)


@pytest.mark.slow
@pytest.mark.parametrize("simulated", [False, True])
def test_unlabeled_recordings_join(
    toy_scene: Windows, toy_simulator: type[Any], tiny: Params, simulated: bool
) -> None:
    known = toy_scene.assign(groups=np.array(["source"] * 48))
    recorded = Recording(np.tile(toy_scene["imu"][0].T, (4, 1)), 50.0, channel_names("right_wrist"))
    real = cut([recorded], seconds=2.0, imu_rate=25.0)[0].drop("clip")
    real = real.assign(groups=np.array(["ann", "bob"] * len(real))[: len(real)])
    corpus = Windows.concatenate([known.drop("clip", "imu") if simulated else known, real])
    simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=25.0) if simulated else None
    objectives = {"imu_text": 1.0, "reconstruction": 0.5, "imu_imu": 0.2}
    pretrainer = fitted(corpus, tiny, simulator=simulator, objectives=objectives, max_epochs=1)
    assert pretrainer.n_unlabeled_ == len(real) > 0
    assert pretrainer.unlabeled_groups_.tolist() == ["ann", "bob"]
    assert set(pretrainer.objectives_) == set(objectives)
    assert {"train_imu_text", "train_imu_imu"} <= set(pretrainer.history_[0])
    alone = fitted(known, tiny, max_epochs=1)
    assert alone.n_unlabeled_ == len(alone.unlabeled_groups_) == 0


def test_one_model_reads_both_wrists_one_and_acc_only(toy_scene: Windows, tiny: Params) -> None:
    imu = toy_scene["imu"]
    both = toy_scene.assign(
        imu=np.concatenate([imu, -imu], axis=1),
        channels=channel_names(["left_wrist", "right_wrist"]),
    )
    pretrainer = fitted(None, tiny, corpus=both)
    whole = pretrainer.transform(both)
    for channels in (slice(6, 12), slice(0, 3), slice(6, 9)):
        part = Windows(imu=both["imu"][:, channels], rate=25.0, channels=both.channels[channels])
        assert np.isfinite(pretrainer.transform(part)).all()
        assert not np.allclose(pretrainer.transform(part), whole, atol=1e-3)


# ---- simulation and corpora


def test_simulated_while_training(toy_motion: Any, toy_simulator: type[Any], tiny: Params) -> None:
    X, simulator = toy_motion(24), toy_simulator(noise=0.3)
    one = fitted(X, tiny, simulator=simulator)
    assert one.n_features_in_ == 6
    assert weights_equal(one, fitted(X, tiny, simulator=simulator))
    assert not weights_equal(one, fitted(X, tiny, simulator=simulator, simulate_every=2))
    assert simulator.random_state is None
    assert one.transform(simulator.fit(X).transform(X)).shape == (24, 16)


@pytest.mark.slow
def test_corpus_on_disk_gives_the_same_and_is_never_read_whole(
    toy_scene: Windows, tiny: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Windows.concatenate([toy_scene] * 30)
    path = save_corpus(corpus, tmp_path / "corpus")
    in_memory = fitted(None, tiny, corpus=corpus, max_epochs=1)
    read: list[int] = []
    original = Windows.__getitem__

    def counting(self: Windows, key: Any) -> Any:
        if isinstance(key, str) and key in ("pose", "imu"):
            read.append(len(self))
        return original(self, key)

    monkeypatch.setattr(Windows, "__getitem__", counting)
    on_disk = fitted(None, tiny, corpus=path, batch_size=12, max_epochs=1)
    assert max(read) <= SAMPLE < len(corpus)
    monkeypatch.undo()
    assert weights_equal(fitted(None, tiny, corpus=str(path), max_epochs=1), in_memory)
    assert np.isfinite(on_disk.history_[-1]["train_loss"])
    assert not hasattr(in_memory, "n_features_in_")


def test_x_is_checked_but_not_used_beside_a_corpus(
    toy_scene: Windows, toy_imu: np.ndarray, tiny: Params
) -> None:
    pretrainer = fitted(toy_imu[:, :3], tiny, corpus=toy_scene)
    assert pretrainer.n_features_in_ == 3
    assert weights_equal(pretrainer, fitted(None, tiny, corpus=toy_scene))
    assert pretrainer.transform(Windows(imu=toy_imu[:, :3], rate=25.0)).shape == (24, 16)
    with pytest.raises(ValueError, match="contains NaN"):
        fitted(np.full((4, 6, 50), np.nan), tiny, corpus=toy_scene)


# ---- the contract


@pytest.mark.slow
def test_equal_seeds_are_bit_equal_everywhere(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny)
    other = clone(pretrainer).fit(toy_scene)
    assert weights_equal(pretrainer, other)
    assert pretrainer.history_ == other.history_
    expected = pretrainer.transform(toy_scene)
    assert np.array_equal(expected, pickle.loads(pickle.dumps(pretrainer)).transform(toy_scene))
    for backend in ("loky", "threading"):
        results = Parallel(n_jobs=2, backend=backend)(
            delayed(lambda p, X: p.fit(X).transform(X))(clone(pretrainer), toy_scene)
            for _ in range(2)
        )
        assert all(np.array_equal(expected, result) for result in results)
    assert not weights_equal(pretrainer, fitted(toy_scene, tiny, random_state=1))


def test_the_process_is_left_as_found(toy_scene: Windows, tiny: Params) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(5)
        before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
        threads = torch.get_num_threads()
        fitted(toy_scene, tiny, random_state=None).transform(toy_scene)
        assert torch.equal(before[0], torch.get_rng_state())
        assert np.array_equal(before[1], np.random.get_state()[1])
        assert before[2] == random.getstate()
        assert torch.get_num_threads() == threads
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_pickles_know_nothing_of_torch(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny)
    pretrainer.transform(toy_scene)
    content = pickle.dumps(pretrainer)
    assert not holds_torch(content)
    assert b"cuda" not in content


def test_saved_file(toy_scene: Windows, tiny: Params, tmp_path: Path) -> None:
    pretrainer = fitted(toy_scene, tiny)
    pretrainer.save(tmp_path / "encoder.safetensors")
    loaded = Multi3NetPretrainer.load(tmp_path / "encoder.safetensors")
    assert loaded.get_params() == pretrainer.get_params()
    assert np.array_equal(loaded.transform(toy_scene), pretrainer.transform(toy_scene))
    assert np.array_equal(loaded.embed_text(["wave"]), pretrainer.embed_text(["wave"]))


def test_float64_in_float64_net(toy_imu: np.ndarray, tiny: Params) -> None:
    for dtype in (np.float32, np.float64):
        pretrainer = fitted(toy_imu.astype(dtype), tiny, max_epochs=1)
        assert {w.dtype for w in pretrainer.weights_.values()} == {np.dtype(dtype)}
        assert pretrainer.transform(toy_imu.astype(dtype)).dtype == dtype


def test_chunks_and_batches_do_not_matter(toy_scene: Windows, tiny: Params) -> None:
    X = toy_scene["imu"]
    pretrainer = fitted(X, tiny)
    whole = pretrainer.transform(X)
    rows = np.concatenate([pretrainer.transform(X[[i]]) for i in range(len(X))])
    assert np.abs(whole - rows).max() < 1e-10
    assert np.allclose(np.linalg.norm(whole, axis=1), 1)


def test_warm_start_continues(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny, warm_start=True)
    first = pretrainer.history_
    pretrainer.set_params(max_epochs=3).fit(toy_scene)
    assert pretrainer.history_[:2] == first
    assert [h["epoch"] for h in pretrainer.history_] == [1, 2, 3, 4, 5]
    assert pretrainer.n_iter_ == 5
    assert pretrainer.history_[2]["train_loss"] < first[0]["train_loss"]
    with pytest.raises(ValueError, match=r"warm_start=True continues .* encoders.text.name was"):
        pretrainer.fit(toy_scene.drop("text"))


def test_signals_that_are_not_read_are_not_counted(toy_scene: Windows, tiny: Params) -> None:
    bare = toy_scene[:8].drop("pose", "trans", "text", "clip").assign(groups=["ann"] * 8)
    corpus = Windows.concatenate([toy_scene.drop("clip"), bare])
    blind = fitted(corpus, tiny, objectives={"pose_text": 1.0}, max_epochs=1)
    assert blind.n_unlabeled_ == len(blind.unlabeled_groups_) == 0
    silent = corpus[48:].assign(text=[""] * 8)
    seeing = fitted(silent, tiny, objectives={"reconstruction": 1.0}, max_epochs=1)
    assert seeing.n_unlabeled_ == 8
    assert seeing.unlabeled_groups_.tolist() == ["ann"]


def test_rows_that_lack_something(toy_scene: Windows, tiny: Params) -> None:
    silent = toy_scene.assign(text=["", " "] * 4 + toy_scene["text"][8:].tolist())
    pretrainer = fitted(silent, tiny, max_epochs=1, objectives={"imu_text": 1.0})
    assert pretrainer.score(silent) == pretrainer.score(silent[8:])
    assert set(fitted(silent[:8].drop("pose", "trans"), tiny).objectives_) == {"reconstruction"}
    still = toy_scene.assign(
        imu=toy_scene["imu"], channels=toy_scene.channels, present={"imu": np.zeros(48, dtype=bool)}
    )
    assert fitted(still, tiny, max_epochs=1).objectives_ == {"pose_text": 1.0}
    with pytest.raises(ValueError, match="0 rows"):
        pretrainer.embed(silent[:0], "text")


def test_channels_name_those_of_a_corpus_without_names(toy_scene: Windows, tiny: Params) -> None:
    bare, names = Windows(imu=toy_scene["imu"], rate=25.0), channel_names("left_wrist")
    for given in ({"corpus": bare}, {}):
        pretrainer = fitted(None if given else bare, tiny, **given, channels=names, max_epochs=1)
        assert pretrainer.input_.layout.sites == ("left_wrist",)


def test_paper_configuration(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny, encoder="paper")
    assert len(pretrainer.objectives_) == 5
    assert pretrainer.n_components_ == 16
    assert pretrainer.transform(toy_scene).shape == (48, 16)
    assert pretrainer.predict_imu(toy_scene).shape == toy_scene["imu"].shape
    assert pretrainer.reconstruct(toy_scene).shape == toy_scene["imu"].shape
    assert 0 <= pretrainer.score(toy_scene) <= 1
    short = Windows(imu=toy_scene["imu"][:, :, :30], rate=25.0)
    with pytest.raises(ValueError, match="windows of 50 samples, but these have 30"):
        pretrainer.transform(short)


def test_rates(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny)
    imu = toy_scene["imu"]
    slow = Windows(imu=imu[:, :, ::2], channels=toy_scene.channels, rate=12.5)
    assert pretrainer.reconstruct(slow).shape == imu.shape
    alike = (pretrainer.transform(slow) * pretrainer.transform(toy_scene)).sum(axis=1)
    assert np.median(alike) > 0.9


@pytest.mark.parametrize("rate", [1e9, 1e-9])
def test_rates_beyond_all_reason(toy_scene: Windows, tiny: Params, rate: float) -> None:
    for column in ("imu", "pose"):
        strange = toy_scene.assign(rate={column: rate})
        with pytest.raises(ValueError, match=f"The rate of '{column}' must lie between 0.1 and"):
            fitted(strange, tiny)
    pretrainer = fitted(toy_scene["imu"].astype(np.float32), tiny, max_epochs=1)
    with pytest.raises(ValueError, match="The rate of 'imu' must lie between"):
        pretrainer.transform(Windows(imu=toy_scene["imu"], rate=rate))
    series = np.random.default_rng(0).standard_normal((8, 5, 20))
    fitted(Windows(imu=series, rate=rate), tiny, max_epochs=1)


def test_bare_arrays_are_refused_where_the_rate_was_known(
    toy_scene: Windows, toy_imu: np.ndarray, tiny: Params
) -> None:
    known, bare = fitted(toy_scene, tiny, max_epochs=1), fitted(toy_imu, tiny, max_epochs=1)
    assert known.imu_rate_ == 25.0
    for use in (known.transform, known.reconstruct, known.score):
        with pytest.raises(ValueError, match=r"windows of 25 Hz, .*Windows\(imu=X, rate="):
            use(toy_imu)
    assert bare.imu_rate_ is None
    assert bare.transform(toy_imu).shape == known.transform(toy_scene[:24]).shape
    series = np.random.default_rng(0).standard_normal((8, 5, 20))
    fitted(Windows(imu=series, rate=25.0), tiny, max_epochs=1).transform(series)


def test_embeddings_of_each_modality(toy_scene: Windows, tiny: Params) -> None:
    pretrainer = fitted(toy_scene, tiny)
    for modality in ("imu", "pose", "text"):
        Z = pretrainer.embed(toy_scene, modality)
        assert Z.shape == (48, 16)
        assert np.allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-5)
    assert np.allclose(Z[:3], pretrainer.embed_text(toy_scene["text"][:3].tolist()), atol=1e-6)
    assert np.array_equal(pretrainer.embed(toy_scene), pretrainer.transform(toy_scene))
    with pytest.raises(ValueError, match="modality must be 'imu', 'pose' or 'text', got 'video'"):
        pretrainer.embed(toy_scene, "video")


def test_the_classifier_gets_the_encoder_of_the_network(toy_scene: Windows, tiny: Params) -> None:
    from m3n_sklearn._inputs import read_imu
    from m3n_sklearn.nets._multi3net import Multi3Net, build_imu_encoder, set_weights

    pretrainer = fitted(toy_scene, tiny)
    config, weights = pretrainer._imu_encoder()
    encoder = set_weights(build_imu_encoder(config), weights).eval()
    whole = set_weights(Multi3Net(pretrainer.config_), pretrainer.weights_).eval()
    x = torch.as_tensor(pretrainer.input_(read_imu(pretrainer, toy_scene, reset=False)))
    with torch.inference_mode():
        assert torch.equal(encoder(x)[0], whole.encoders["imu"](x)[0])
        assert encoder(x)[0].shape == (48, encoder.n_features)


class Recorder(Callback):
    """Records the epochs of all of its copies."""

    epochs: ClassVar[list[int]] = []

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.epochs.append(net.history[-1]["epoch"])


@pytest.mark.slow
def test_callbacks_of_skorch(toy_scene: Windows, tiny: Params) -> None:
    Recorder.epochs.clear()
    watched = fitted(toy_scene, tiny, callbacks=[Recorder()])
    assert Recorder.epochs == [1, 2]
    assert weights_equal(watched, fitted(toy_scene, tiny))
    named = fitted(toy_scene, tiny, callbacks=[("mine", Recorder())], max_epochs=1)
    assert Recorder.epochs == [1, 2, 1]
    assert clone(named).get_params()["callbacks"][0][0] == "mine"


def test_training_stops_when_the_loss_does_not_fall(toy_scene: Windows, tiny: Params) -> None:
    stop = EarlyStopping(monitor="train_loss", patience=3, threshold=0.9)
    stopped = fitted(toy_scene, tiny, callbacks=[stop], max_epochs=30)
    assert stopped.n_iter_ == len(stopped.history_) < 10
    assert np.isfinite(stopped.transform(toy_scene)).all()


def test_probe_with_pandas_output(toy_scene: Windows, tiny: Params) -> None:
    pytest.importorskip("pandas")
    probe = make_pipeline(Multi3NetPretrainer(**tiny), LogisticRegression())
    probe.set_output(transform="pandas").fit(toy_scene, np.arange(48) % 3)
    assert probe[:-1].transform(toy_scene).columns[0] == "multi3netpretrainer0"
    assert probe.predict(toy_scene).shape == (48,)


def test_scikit_learn_callbacks_see_epochs(toy_scene: Windows, tiny: Params) -> None:
    pytest.importorskip("sklearn.callback")

    class Watch:
        def __init__(self) -> None:
            self.scores: list[float] = []

        def setup(self, estimator: Any, context: Any) -> None: ...

        def teardown(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

        def on_fit_task_end(
            self, estimator: Any, context: Any, *, fitted_estimator: Any = None
        ) -> bool:
            if context.task_name == "epoch":
                self.scores.append(fitted_estimator.score(toy_scene))
            return len(self.scores) == 2

    watch = Watch()
    pretrainer = Multi3NetPretrainer(**{**tiny, "max_epochs": 5}).set_callbacks(watch)
    pretrainer.fit(toy_scene)
    assert len(watch.scores) == pretrainer.n_iter_ == 2
    assert watch.scores[1] == pretrainer.score(toy_scene)


def test_progress_only_when_verbose(
    toy_imu: np.ndarray, tiny: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted(toy_imu, tiny)
    assert capsys.readouterr() == ("", "")
    fitted(toy_imu, tiny, verbose=1)
    assert "training" in capsys.readouterr().err


def test_fit_does_not_change_what_is_given(toy_scene: Windows, tiny: Params) -> None:
    before = {name: toy_scene[name].copy() for name in toy_scene.columns}
    params = Multi3NetPretrainer(**tiny).get_params()
    pretrainer = fitted(toy_scene, tiny)
    assert pretrainer.get_params() == params
    assert all(np.array_equal(before[name], toy_scene[name]) for name in before)


# ---- bad input


def test_messages(toy_scene: Windows, toy_imu: np.ndarray, tiny: Params) -> None:
    with pytest.raises(ValueError, match="nothing to train on: give X, or corpus="):
        Multi3NetPretrainer().fit()
    with pytest.raises(ValueError, match=r"data have pose, .*simulator=SMPLIMUSimulator"):
        fitted(toy_scene.drop("imu", "text"), tiny)
    with pytest.raises(ValueError, match="0 rows"):
        fitted(toy_scene[:0], tiny)
    with pytest.raises(ValueError, match="simulator= turns poses into IMU windows, but no row"):
        fitted(toy_scene.drop("pose", "trans"), tiny, simulator=SMPLIMUSimulator())
    with pytest.raises(NotFittedError):
        Multi3NetPretrainer().transform(toy_imu)
    with pytest.raises(TypeError, match="as_windows"):
        fitted({"imu": toy_imu}, tiny)
    with pytest.raises(FileNotFoundError, match="is not a corpus"):
        fitted(None, tiny, corpus="nowhere")
    pretrainer = fitted(toy_scene, tiny)
    with pytest.raises(ValueError, match=r"5 channels.*expecting 6"):
        pretrainer.transform(toy_imu[:, :5])
    with pytest.raises(ValueError, match="no column 'imu', only clip"):
        pretrainer.transform(Windows(clip=np.arange(3)))
    with pytest.raises(ValueError, match="column 'pose', got ndarray"):
        pretrainer.predict_imu(toy_imu)
    with pytest.raises(ValueError, match="1 of 2 rows have no text"):
        pretrainer.embed(Windows(text=["wave", ""]), "text")
    with pytest.raises(ValueError, match="hidden must be booleans"):
        pretrainer.reconstruct(toy_scene, np.zeros(3))
    with pytest.raises(ValueError, match="returns vectors of size 16"):
        from m3n_sklearn.text import HashingEncoder

        pretrainer.set_params(text_encoder=HashingEncoder(16)).embed_text(["wave"])
    bare = fitted(toy_imu, tiny)
    with pytest.raises(ValueError, match="not trained with the objective 'pose2imu'"):
        bare.predict_imu(toy_scene)


def test_wrong_units_warn(toy_imu: np.ndarray, tiny: Params) -> None:
    with pytest.warns(UserWarning, match=r"look like g: multiply by 9\.80665"):
        fitted(toy_imu / 9.80665, tiny, max_epochs=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("encoder", "lstm"),
        ("corpus", 3),
        ("simulator", "smpl"),
        ("text_encoder", None),
        ("objectives", "all"),
        ("width", 1.5),
        ("rate", 0.0),
        ("rate", np.nan),
        ("rate", 1e9),
        ("channels", 6),
        ("augment", "flip"),
        ("max_epochs", 0),
        ("batch_size", 0),
        ("lr", -1.0),
        ("simulate_every", 0),
        ("warm_start", 3),
        ("callbacks", "EarlyStopping"),
        ("device", 0),
        ("random_state", "seed"),
        ("verbose", "much"),
    ],
)
def test_every_parameter_is_validated(toy_imu: np.ndarray, name: str, value: Any) -> None:
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
        Multi3NetPretrainer(**{name: value}).fit(toy_imu)


def test_unknown_device(toy_imu: np.ndarray, tiny: Params) -> None:
    with pytest.raises(ValueError, match=r"not a torch device.*'cpu'"):
        fitted(toy_imu, tiny, device="abacus")


def test_groups_name_the_people_of_unlabeled_rows(toy_scene: Windows, tiny: Params) -> None:
    bare = toy_scene[:8].drop("pose", "trans", "text")
    pretrainer = Multi3NetPretrainer(**tiny).fit(bare, groups=np.repeat(["bob", "ann"], 4))
    assert pretrainer.unlabeled_groups_.tolist() == ["ann", "bob"]
    with pytest.raises(ValueError, match="one entry per row, 8"):
        pretrainer.fit(bare, groups=["ann"] * 5)
    corpus = Multi3NetPretrainer(corpus=toy_scene, **tiny)
    with pytest.raises(ValueError, match="in its column 'groups'"):
        corpus.fit(None, groups=["ann"] * len(toy_scene))


def test_augmentation_of_a_series_is_refused(tiny: Params) -> None:
    X = np.random.default_rng(0).standard_normal((8, 5, 20))
    with pytest.raises(ValueError, match="generic series"):
        fitted(X, tiny, augment=Augmentation())
    assert fitted(X, tiny).transform(X).shape == (8, 16)
    assert fitted(X, tiny).score(X) < 0


def test_the_vector_of_an_unknown_site_lies_amid_the_known_ones(
    toy_scene: Windows, tiny: Params
) -> None:
    both = np.concatenate([toy_scene["imu"]] * 2, axis=1)
    scene = toy_scene.assign(imu=both, channels=channel_names(("left_wrist", "right_wrist")))
    vectors = fitted(scene, tiny).weights_["encoders.imu.site_vectors.weight"]
    assert len(vectors) == 3
    np.testing.assert_array_equal(vectors[-1], vectors[:-1].mean(axis=0))
