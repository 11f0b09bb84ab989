"""Heads, unknown mounting, the strategy "auto", ensembles, rehearsal and predictions."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from m3n_sklearn import Multi3NetPretrainer, Windows, load
from m3n_sklearn.classification._closed_form import closed_form_head
from m3n_sklearn.classification._learning import LEARNING_RATES
from m3n_sklearn.classification._outputs import TURNS, probabilities, turned, turned_views
from m3n_sklearn.classification._training_windows import class_loss, imbalance
from m3n_sklearn.nets._recognizers import N_EXPERTS, Head
from m3n_sklearn.skeleton._rotations import random_rotations

from ..wrists import CAPTIONS, CHANNELS, RATE, classifier, pretrained, pretrainer, wrist_data

AXES = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")


# ---- heads


def test_a_mixture_of_experts_starts_as_the_linear_head_and_then_departs_from_it():
    torch.manual_seed(0)
    head, features = Head(8, 3, "moe"), torch.randn(5, 8)
    out = head(features)
    torch.testing.assert_close(out["logits"], head.linear(features))
    torch.testing.assert_close(out["gate"], torch.full((5, N_EXPERTS), 1 / N_EXPERTS))
    out["logits"].square().sum().backward()
    assert head.mixture.experts[0].outer.weight.grad.abs().sum() > 0


def test_the_loss_keeps_experts_in_use():
    batch = {"codes": torch.tensor([0, 1]), "weight": torch.ones(2)}
    logits, gate = torch.zeros(2, 3), torch.eye(4)[[0, 0]]
    plain = class_loss({"logits": logits}, batch)["loss"]
    mixed = class_loss({"logits": logits, "gate": gate}, batch)["loss"]
    assert float(mixed - plain) == pytest.approx(0.01 * 3, rel=1e-4)


def test_imbalance_of_experts():
    even, one = torch.full((6, 4), 0.25), torch.eye(4)[torch.zeros(6, dtype=int)]
    weight = torch.ones(6)
    assert float(imbalance(even, weight)) == pytest.approx(0)
    assert float(imbalance(one, weight)) == pytest.approx(3)
    by_turns = torch.eye(4)[:2]
    heavy = imbalance(by_turns, torch.tensor([3.0, 1.0]))
    torch.testing.assert_close(heavy, imbalance(by_turns[[0, 0, 0, 1]], torch.ones(4)))


def test_experts_learn_to_differ_and_are_saved(tmp_path):
    X, y, _ = wrist_data(12)
    fitted = classifier(head="moe", max_epochs=30, lr=1e-2).fit(X, y)
    gate = fitted.weights_["head.mixture.gate.weight"]
    assert np.abs(gate).max() > 0 and fitted.score(X, y) > 0.9
    fitted.save(tmp_path / "moe.safetensors")
    back = load(tmp_path / "moe.safetensors")
    np.testing.assert_array_equal(back.predict_proba(X), fitted.predict_proba(X))


# ---- unknown mounting


def test_turned_views_are_the_window_and_turned_crops():
    x = np.random.default_rng(0).normal(size=(3, 2, 6, 50)).astype("float32")
    whole, *others = turned_views(x, cropped=True)
    assert whole is x and [v.shape for v in others] == [(3, 2, 6, 45)] * (TURNS - 1)
    for part, view in ((x[..., :45], others[0]), (x[..., 5:], others[-1])):
        assert not np.allclose(view, part, atol=0.1)
        for sensor in (slice(0, 3), slice(3, 6)):
            lengths = [np.linalg.norm(v[:, :, sensor], axis=2) for v in (view, part)]
            np.testing.assert_allclose(*lengths, rtol=1e-4)
    assert {v.shape[-1] for v in turned_views(x, cropped=False)} == {50}
    assert {v.shape[-1] for v in turned_views(x[..., :1], cropped=True)} == {1}


@pytest.mark.parametrize("strategy", ["frozen", "zero_shot", "scratch", "guided"])
def test_so3_averages_turned_views_at_prediction(frozen, strategy):
    X, y, _ = wrist_data()
    source = None if strategy == "scratch" else frozen
    fitted = classifier(source, strategy=strategy, descriptions=CAPTIONS, max_epochs=1).fit(X, y)
    views = [v[:, 0] for v in turned_views(X["imu"][:, None], cropped=True)]
    shown = [Windows(imu=view, rate=RATE, channels=CHANNELS) for view in views]
    expected = np.mean([fitted.predict_proba(view) for view in shown], axis=0)
    turning = copy.deepcopy(fitted).set_params(augment="so3")
    np.testing.assert_allclose(turning.predict_proba(X), expected, atol=1e-5)
    assert not np.allclose(expected, fitted.predict_proba(X), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["scratch", "finetune"])
def test_unknown_mounting(frozen, strategy):
    X, y, groups = wrist_data(12, seed=1)
    seen = groups > 0
    source = None if strategy == "scratch" else frozen
    model = classifier(source, strategy=strategy, augment="so3", max_epochs=60, lr=1e-2).fit(
        X[seen], y[seen]
    )
    sites = X["imu"][~seen][:, None]
    scores = [
        model.score(Windows(imu=turned(sites, turn)[:, 0], rate=RATE, channels=CHANNELS), y[~seen])
        for turn in random_rotations(3, np.random.default_rng(0)).astype("float32")
    ]
    assert np.mean(scores) >= model.score(X[~seen], y[~seen]) - 0.15 and np.mean(scores) > 0.6


def test_an_encoder_of_fixed_length_is_fine_tuned_and_seen_whole():
    X, y, _ = wrist_data()
    source = FrozenEstimator(pretrainer(encoder="paper").fit(X))
    fitted = classifier(source, strategy="finetune", max_epochs=2, augment="so3").fit(X, y)
    assert fitted.predict_proba(X).shape == (len(X), 3)


# ---- the choice of a strategy


@pytest.mark.parametrize(
    ("per_class", "described", "expected"),
    [
        (1, False, "frozen"),
        (1, True, "guided"),
        (2, True, "finetune"),
        (6, False, "ensemble"),
        (6, True, "ensemble"),
    ],
)
def test_auto_goes_by_the_number_of_labels(frozen, per_class, described, expected):
    X, y, _ = wrist_data(12)
    rows = np.concatenate([np.flatnonzero(y == c)[:per_class] for c in np.unique(y)])
    told = {c: f"doing {c}" for c in np.unique(y).tolist()} if described else None
    fitted = classifier(frozen, max_epochs=1, descriptions=told).fit(X[rows], y[rows])
    assert fitted.strategy_ == expected
    if expected != "ensemble":
        named = classifier(frozen, strategy=expected, max_epochs=1, descriptions=told)
        named.fit(X[rows], y[rows])
        np.testing.assert_array_equal(named.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("described", [True, False])
def test_auto_is_an_ensemble_with_rehearsal(frozen, described):
    X, y, _ = wrist_data(12)
    others = wrist_data(12, seed=1)[:2]
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    told = {c: f"doing {c}" for c in np.unique(y).tolist()} if described else None
    model = classifier(frozen, max_epochs=2, descriptions=told, rehearsal=others)
    fitted = clone(model).fit(X[one], y[one])
    assert fitted.strategy_ == "ensemble"
    tuned, scratch = list(apart(fitted, X))[1:]
    for member, strategy in ((tuned, "finetune"), (scratch, "scratch")):  # both rehearse
        alone = clone(model).set_params(strategy=strategy).fit(X[one], y[one])
        np.testing.assert_allclose(member, alone.predict_proba(X), atol=1e-6)


def test_auto_is_an_ensemble_with_few_windows_of_many_classes(frozen):
    X, y, groups = wrist_data(12)
    y = np.char.add(y, groups.astype(str))  # nine classes
    rows = np.concatenate([np.flatnonzero(y == c)[:2] for c in np.unique(y)])
    assert len(rows) == 18
    assert classifier(frozen, max_epochs=1).fit(X[rows], y[rows]).strategy_ == "ensemble"
    assert classifier(frozen, max_epochs=1).fit(X[rows[:15]], y[rows[:15]]).strategy_ == "frozen"


def apart(fitted, X):
    """Predict with each member of an ensemble alone."""
    for number, config in enumerate(fitted.config_["members"]):
        one = copy.deepcopy(fitted)
        one.config_ = config
        one.weights_ = of_member(fitted, number)
        yield one.predict_proba(X)


def pooled(probas, weights):
    product = np.exp(np.average(np.log(probas), axis=0, weights=weights))
    return product / product.sum(axis=1, keepdims=True)


def test_an_ensemble_averages_its_members(frozen):
    X, y, _ = wrist_data(12)
    fitted = classifier(frozen, max_epochs=2).fit(X, y)
    members = list(apart(fitted, X))
    together = pooled(members, [0.2, 0.4, 0.4])
    np.testing.assert_allclose(fitted.predict_proba(X), together, atol=1e-5)
    assert np.abs(members[1] - members[2]).max() > 1e-3
    for member, strategy in zip(members, ("frozen", "finetune", "scratch"), strict=True):
        given = {"strategy": strategy, "max_epochs": 2, "statistics": False}
        alone = classifier(frozen, **given).fit(X, y)
        np.testing.assert_allclose(member, alone.predict_proba(X), atol=1e-6)


# ---- several pretrainers


@pytest.fixture(scope="module")
def other():
    return FrozenEstimator(pretrained(random_state=1))


@pytest.mark.parametrize("described", [False, True])
def test_a_further_pretrainer_adds_two_members_to_an_ensemble(frozen, other, described):
    X, y, _ = wrist_data(12)
    told = {"descriptions": {c: f"doing {c}" for c in np.unique(y).tolist()}} if described else {}
    fitted = classifier([frozen, other], max_epochs=2, **told).fit(X, y)
    assert fitted.strategy_ == "ensemble"
    members = list(apart(fitted, X))
    together = pooled(members, np.array([0.25, 1, 0.25, 1, 1]) / 3.5)
    np.testing.assert_allclose(fitted.predict_proba(X), together, atol=1e-5)
    expected = [(frozen, "frozen", {}), (frozen, "finetune", told), (other, "frozen", {})]
    # only the first embeds the descriptions and sets the architecture from scratch
    expected += [(other, "finetune", {}), (frozen, "scratch", {})]
    for member, (source, strategy, given) in zip(members, expected, strict=True):
        given = {"strategy": strategy, "max_epochs": 2, "statistics": False, **given}
        alone = classifier(source, **given).fit(X, y)
        np.testing.assert_allclose(member, alone.predict_proba(X), atol=1e-6)


def test_a_list_of_one_pretrainer_is_that_pretrainer(frozen):
    X, y, _ = wrist_data()
    for strategy in ("auto", "frozen", "scratch"):
        model = classifier(frozen, strategy=strategy, max_epochs=1)
        alone = model.fit(X, y).predict_proba(X)
        model = clone(model).set_params(pretrainer=[frozen])
        np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), alone)


def test_auto_is_an_ensemble_with_several_pretrainers(frozen, other):
    X, y, _ = wrist_data()
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    assert classifier((frozen, other), max_epochs=1).fit(X[one], y[one]).strategy_ == "ensemble"


def test_several_pretrainers_go_on_are_saved_and_are_cloned(frozen, other, tmp_path):
    X, y, _ = wrist_data()
    warm = classifier([frozen, other], max_epochs=1, warm_start=True).fit(X, y)
    assert clone(warm).pretrainer == [frozen, other]
    warm.save(tmp_path / "two.safetensors")
    loaded = load(tmp_path / "two.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), warm.predict_proba(X))
    still = warm.set_params(lr=1e-12).fit(X, y)
    assert still.n_iter_ == 6
    np.testing.assert_allclose(still.predict_proba(X), loaded.predict_proba(X), atol=1e-5)
    with pytest.raises(ValueError, match="other values of pretrainer"):
        warm.set_params(pretrainer=[other, frozen]).fit(X, y)


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune", "zero_shot", "guided"])
def test_other_strategies_take_one_pretrainer(frozen, other, strategy):
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match="uses one pretrainer, and 2 were given"):
        classifier([frozen, other], strategy=strategy).fit(X, y)


@pytest.fixture(scope="module")
def of_two_wrists():
    X, y, _ = wrist_data(7)
    channels = [c.replace("right", side) for side in ("left", "right") for c in CHANNELS]
    both = np.concatenate([X["imu"][::-1], X["imu"]], axis=1)
    rows = Windows(imu=both, rate=RATE, channels=channels, text=[(CAPTIONS[c],) for c in y])
    return FrozenEstimator(pretrainer(max_epochs=4, lr=1e-2).fit(rows))


def test_bare_arrays_are_read_in_the_same_way_by_all_pretrainers(frozen, of_two_wrists):
    X, y, _ = wrist_data(7)
    named = classifier([frozen, of_two_wrists], max_epochs=2).fit(X, y)
    bare = clone(named).set_params(rate=RATE).fit(X["imu"], y)
    assert [m["sites"] for m in bare.config_["members"]] == [["right_wrist"]] * 5
    np.testing.assert_array_equal(bare.predict_proba(X["imu"]), named.predict_proba(X))


def test_several_pretrainers_must_read_windows_alike(frozen):
    X, y, _ = wrist_data()
    slower = FrozenEstimator(pretrained(rate=RATE / 2))
    with pytest.raises(ValueError, match="must work at one rate; these work at 50, 25 Hz"):
        classifier([frozen, slower]).fit(X, y)
    rng = np.random.default_rng(0)
    series = rng.normal(size=(2, 12, 7, 40)) * [[[[1.0]]], [[[3.0]]]]
    apart = [FrozenEstimator(pretrainer().fit(part)) for part in series]
    with pytest.raises(ValueError, match="generic series, which each pretrainer scales"):
        classifier(apart).fit(series[0], np.arange(12) % 2)
    classifier([apart[0], apart[0]], max_epochs=1).fit(series[0], np.arange(12) % 2)


def test_what_is_wrong_with_one_of_several_pretrainers_is_said_at_once(frozen):
    X, y, _ = wrist_data()
    wordless = FrozenEstimator(pretrainer().fit(X))
    with pytest.raises(ValueError, match="pretrainer is empty"):
        classifier(()).fit(X, y)
    for wrong in (LogisticRegression(), None):
        with pytest.raises(
            TypeError, match=rf"pretrainer\[1\]: pretrainer is a {type(wrong).__name__}"
        ):
            classifier([frozen, wrong]).fit(X, y)
    with pytest.raises(ValueError, match=r"pretrainer\[0\], which embeds descriptions: "):
        classifier([wordless, frozen], descriptions=dict.fromkeys(y, "this")).fit(X, y)

    class Slow(Multi3NetPretrainer):
        def fit(self, X, y=None, groups=None):
            raise AssertionError("trained before the others were looked at")

    with pytest.raises(FileNotFoundError, match=r"pretrainer\[1\]: .*m3n-bse"):
        classifier([Slow(), "m3n-bse"]).fit(X, y)
    with pytest.raises(TypeError, match=r"pretrainer\[1\]: pretrainer is the class"):
        classifier([Slow(), Slow]).fit(X, y)


def test_an_ensemble_of_few_labels_moves_the_pretrained_network_slowly(frozen):
    X, y, groups = wrist_data(12)
    y = np.char.add(y, groups.astype(str))  # nine classes
    rows = np.concatenate([np.flatnonzero(y == c)[:2] for c in np.unique(y)])
    start = classifier(frozen, strategy="finetune", lr=1e-12, max_epochs=1)
    start = start.fit(X[rows], y[rows]).weights_

    def moved(lr):
        weights = classifier(frozen, lr=lr, max_epochs=3).fit(X[rows], y[rows]).weights_
        return sum(np.abs(weights[f"members.1.{name}"] - w).sum() for name, w in start.items())

    slow, fast = LEARNING_RATES["few labels"], LEARNING_RATES["otherwise"]
    assert 0 < moved("auto") == moved(slow) < 0.5 * moved(fast)


# ---- rehearsal


@pytest.mark.slow
def test_rehearsal_keeps_what_labels_do_not_show(frozen):
    X, y, _ = wrist_data(12)
    others = wrist_data(12, seed=1)[:2]
    with pytest.raises(ValueError, match="contains none of the classes"):
        classifier(frozen, strategy="finetune", rehearsal=(X, np.full(len(X), "dance"))).fit(X, y)
    with pytest.raises(ValueError, match="but labels of shape"):
        classifier(frozen, strategy="finetune", rehearsal=(X, y[:3])).fit(X, y)
    shorter = Windows(imu=X["imu"][:, :, 10:], rate=RATE, channels=CHANNELS)
    with pytest.raises(ValueError, match="windows of rehearsal have the shape"):
        classifier(frozen, strategy="finetune", rehearsal=(shorter, y)).fit(X, y)
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    plain = classifier(frozen, strategy="finetune", max_epochs=40, lr=1e-2).fit(X[one], y[one])
    helped = clone(plain).set_params(rehearsal=others).fit(X[one], y[one])
    assert helped.score(X, y) >= plain.score(X, y)
    assert np.abs(helped.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3
    again = clone(helped).fit(X[one], y[one])
    np.testing.assert_array_equal(again.predict_proba(X), helped.predict_proba(X))


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "zero_shot", "finetune"])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X, y: (X, y, y), ValueError, "got a tuple of 3"),
        (lambda X, y: (X, y[:3]), ValueError, r"but labels of shape \(3,\)"),
        (lambda X, y: (X, np.full(len(y), None)), ValueError, r"rehearsal=\(X, y\): y is None"),
        (lambda X, y: (X, np.full(len(y), "sing")), ValueError, "contains none of the classes"),
        (lambda X, y: ("X", y), TypeError, r"rehearsal=\(X, y\): X is a str"),
        (lambda X, y: (X["imu"][:, :3], y), ValueError, r"rehearsal=\(X, y\): X has 3 channels"),
    ],
)
def test_rehearsal_is_checked_always(frozen, strategy, change, error, message):
    X, y, _ = wrist_data(3)
    model = classifier(
        frozen, strategy=strategy, descriptions=CAPTIONS, rehearsal=change(X, y), max_epochs=1
    )
    with pytest.raises(error, match=message):
        model.fit(X, y)


@pytest.mark.parametrize("strategy", ["frozen", "zero_shot", "guided"])
def test_rehearsal_changes_nothing_where_no_step_is_taken(frozen, strategy):
    X, y, _ = wrist_data(3)
    plain = classifier(frozen, strategy=strategy, descriptions=CAPTIONS, max_epochs=1)
    expected = clone(plain).fit(X, y).predict_proba(X)
    given = plain.set_params(rehearsal=wrist_data(seed=1)[:2]).fit(X, y)
    np.testing.assert_array_equal(given.predict_proba(X), expected)


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False])
def test_a_network_from_scratch_rehearses_too(frozen, known):
    X, y, _ = wrist_data(12, seed=1)
    test = wrist_data(12)
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    source = frozen if known else None
    plain = classifier(source, strategy="scratch", max_epochs=60)
    alone = plain.fit(X[one], y[one])
    helped = clone(plain).set_params(rehearsal=(X, y)).fit(X[one], y[one])
    assert helped.score(*test[:2]) > alone.score(*test[:2])


def test_rehearsal_may_have_its_sites_in_another_order():
    rng = np.random.default_rng(0)
    names = [f"{side}_wrist_{c}" for side in ("left", "right") for c in AXES]
    imu = rng.normal(0, 5, (12, 12, 40)).astype("float32")
    y = np.repeat(["a", "b"], 6)
    X = Windows(imu=imu, rate=RATE, channels=names)
    turned_round = Windows(imu=np.roll(imu, 6, axis=1), rate=RATE, channels=names[6:] + names[:6])
    source = FrozenEstimator(
        Multi3NetPretrainer(width=8, max_epochs=1, rate=RATE, random_state=0).fit(X)
    )
    first, second = (
        classifier(source, strategy="finetune", max_epochs=2, rehearsal=(other, y)).fit(X, y)
        for other in (X, turned_round)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


# ---- warm starts and callbacks


@pytest.mark.parametrize("strategy", ["finetune", "auto"])
def test_warm_starts_go_on_with_any_network(frozen, strategy):
    X, y, _ = wrist_data(12)
    told = {c: f"doing {c}" for c in np.unique(y).tolist()}
    fitted = classifier(
        frozen, strategy=strategy, descriptions=told, max_epochs=1, warm_start=True
    ).fit(X, y)
    before, epochs = fitted.predict_proba(X), fitted.n_iter_
    fitted.fit(X, y)
    assert fitted.n_iter_ == 2 * epochs
    assert np.abs(fitted.predict_proba(X) - before).max() > 0


def of_member(fitted, number):
    prefix = f"members.{number}."
    weights = fitted.weights_.items()
    return {name.removeprefix(prefix): w for name, w in weights if name.startswith(prefix)}


def test_a_warm_start_of_an_ensemble_trains_its_members_apart(frozen):
    X, y, _ = wrist_data()
    warm = classifier(frozen, max_epochs=2, warm_start=True).fit(X, y)
    others = wrist_data(seed=1)[:2]
    alone, helped = (
        copy.deepcopy(warm).set_params(rehearsal=given).fit(X, y) for given in (None, others)
    )
    assert len(alone.history_) == 4 and alone.n_iter_ == 8
    probe, tuned, scratch = (
        [np.array_equal(a, b) for a, b in zip(*pair, strict=True)]
        for pair in (
            (of_member(alone, k).values(), of_member(helped, k).values()) for k in range(3)
        )
    )
    # with many labels, only what is fine-tuned rehearses
    assert all(probe) and not all(tuned) and all(scratch)
    still = copy.deepcopy(warm).set_params(lr=1e-12).fit(X, y)
    np.testing.assert_allclose(still.predict_proba(X), warm.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune", "auto"])
def test_callbacks_see_a_fitted_estimator_after_each_epoch(frozen, strategy):
    pytest.importorskip("sklearn.callback")  # scikit-learn 1.9
    X, y, _ = wrist_data()

    class Watch:
        def __init__(self):
            self.scores, self.fits = [], 0

        def setup(self, estimator, context):
            self.fits += 1

        def teardown(self, estimator, context):
            self.fits -= 1

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                self.scores.append(fitted_estimator.score(X, y))

    watch = Watch()
    source = None if strategy == "scratch" else frozen
    fitted = classifier(source, strategy=strategy, max_epochs=2).set_callbacks(watch).fit(X, y)
    assert watch.fits == 0 and len(watch.scores) == fitted.n_iter_
    assert strategy in ("auto", "frozen") or watch.scores[-1] == fitted.score(X, y)


# ---- predicting


def test_threads_change_no_bit():
    X, y, _ = wrist_data()
    many = np.tile(X["imu"], (20, 1, 1))
    fitted = classifier().fit(X, y)
    expected = fitted.predict_proba(many)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        np.testing.assert_array_equal(fitted.predict_proba(many), expected)
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_the_network_is_built_once(monkeypatch):
    from m3n_sklearn.classification import _predictor

    X, y, _ = wrist_data()
    fitted = classifier().fit(X, y)
    first = fitted.predict_proba(X)
    monkeypatch.setattr(_predictor, "build_classifier", None)
    np.testing.assert_array_equal(fitted.predict_proba(X), first)


def test_closed_form_head_still_is_a_regression():
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(size=(30, 3)), np.arange(30) % 3
    W, b = closed_form_head(rows, codes, np.ones(30), 3, C=1.0)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    expected = LogisticRegression(C=1.0, tol=1e-6).fit(scaled, codes).predict_proba(scaled)
    np.testing.assert_allclose(probabilities((rows @ W.T + b)[None]), expected, atol=1e-3)
