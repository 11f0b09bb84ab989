"""Heads, losses, views, running averages, calibration, chosen strategies and adapted norms."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from m3n_sklearn import Multi3NetPretrainer, Windows, load
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.classification._folds import HeldOut, make_folds, temperature
from m3n_sklearn.classification._head import closed_form_head
from m3n_sklearn.classification._inference import Views, probabilities, turned
from m3n_sklearn.classification._learning import RATES
from m3n_sklearn.classification._training import ClassLoss, LabelledWindows, imbalance
from m3n_sklearn.motion.rotations import random_rotations
from m3n_sklearn.nets._classifier import EXPERTS, Head

from ..wrists import CAPTIONS, CHANNELS, RATE, pretrained, pretrainer, wrist_data

AXES = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")


def classifier(source=None, **params):
    return Multi3NetClassifier(
        source, **{"max_epochs": 8, "width": 16, "random_state": 0, **params}
    )


@pytest.fixture(scope="module")
def frozen():
    return FrozenEstimator(pretrained())


# ---- heads


@pytest.mark.parametrize("kind", ["mlp", "moe"])
def test_every_head_starts_as_the_linear_one_and_then_bends(kind):
    torch.manual_seed(0)
    head, features = Head(8, 3, kind), torch.randn(5, 8)
    out = head(features)
    torch.testing.assert_close(out["logits"], head.linear(features))
    out["logits"].square().sum().backward()
    last = head.bend.outer if kind == "mlp" else head.experts.bends[0].outer
    assert last.weight.grad.abs().sum() > 0


def test_experts_are_as_large_as_the_mlp_and_shares_sum_to_one():
    sizes = {k: sum(p.numel() for p in Head(64, 5, k).parameters()) for k in ("mlp", "moe")}
    assert sizes["moe"] == pytest.approx(sizes["mlp"], rel=0.15)
    shares = Head(64, 5, "moe")(torch.randn(4, 64))["shares"]
    torch.testing.assert_close(shares, torch.full((4, EXPERTS), 1 / EXPERTS))


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
    gate = fitted.weights_["head.experts.gate.weight"]
    assert np.abs(gate).max() > 0 and fitted.score(X, y) > 0.9
    fitted.save(tmp_path / "moe.safetensors")
    back = load(tmp_path / "moe.safetensors")
    np.testing.assert_array_equal(back.predict_proba(X), fitted.predict_proba(X))


# ---- rare classes


def test_balanced_softmax_in_closed_form_is_what_gradients_find():
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [60, 12, 4])
    rows = rng.normal(size=(76, 4)) + codes[:, None]
    weight = rng.uniform(0.5, 2, 76)
    data = LabelledWindows(rows, None, codes, weight, 3)
    W, b = closed_form_head(rows, codes, weight, 3, C=1.0)
    b -= data.log_prior()
    scaled = (rows - np.average(rows, axis=0, weights=weight)) / np.sqrt(
        np.average((rows - np.average(rows, axis=0, weights=weight)) ** 2, axis=0, weights=weight)
    )
    x, parts = torch.tensor(scaled), [torch.zeros(4, 3).double(), torch.zeros(3).double()]
    for part in parts:
        part.requires_grad_()
    loss = ClassLoss(0.0, tuple(data.log_prior()))
    optimizer = torch.optim.LBFGS(parts, max_iter=500, tolerance_grad=1e-9)
    batch = {"codes": torch.tensor(codes), "weight": torch.tensor(weight)}

    def step():
        optimizer.zero_grad()
        term = loss({"logits": x @ parts[0] + parts[1]}, batch)["loss"] * len(rows)
        total = term + 0.5 * parts[0].square().sum()
        total.backward()
        return total

    optimizer.step(step)
    ours = probabilities((rows @ W.T + b)[None], None)
    theirs = probabilities((x @ parts[0] + parts[1]).detach().numpy()[None], None)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "lp_ft"])
def test_balanced_softmax_expects_rare_classes_more(frozen, strategy):
    X, y, _ = wrist_data(12)
    rows = np.r_[np.flatnonzero(y == "rest")[:2], np.flatnonzero(y != "rest")]
    source = None if strategy == "scratch" else frozen
    plain = classifier(source, strategy=strategy).fit(X[rows], y[rows])
    even = clone(plain).set_params(loss="balanced_softmax").fit(X[rows], y[rows])
    assert even.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean()


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "lp_ft"])
def test_balanced_softmax_keeps_weights_exact(strategy):
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    X = rng.normal(size=(24, 6)) + y[:, None]
    weight = np.arange(24) % 4 % 3
    source = None if strategy == "scratch" else FrozenEstimator(pretrainer().fit(X))
    model = classifier(source, strategy=strategy, loss="balanced_softmax", head="moe")
    weighted = clone(model).fit(X, y, sample_weight=weight)
    rows = np.repeat(np.arange(24), weight)
    repeated = clone(model).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-4)


def test_a_class_without_weight_has_no_prior():
    codes, weight = np.array([0, 0, 0, 2]), np.ones(4)
    prior = LabelledWindows(np.zeros((4, 1)), None, codes, weight, 3).log_prior()
    np.testing.assert_allclose(prior, np.log([1.5, 1.0, 0.5]))
    X, y, _ = wrist_data()
    fitted = classifier(loss="balanced_softmax", max_epochs=40, lr=1e-2)
    fitted.fit(X, y, sample_weight=(y != "rest").astype(float))
    assert "rest" not in fitted.predict(X)


# ---- views


def test_views_are_overlapping_crops_and_turns():
    x = np.random.default_rng(0).normal(size=(3, 2, 6, 50)).astype("float32")
    whole, first, middle, last = Views(4)(x)
    assert whole is x and first.shape == middle.shape == (3, 2, 6, 45)
    np.testing.assert_array_equal(first, x[..., :45])
    np.testing.assert_array_equal(last, x[..., 5:])
    _, turned_view = Views(2, turned=True, cropped=False)(x)
    for of_sensor in (slice(0, 3), slice(3, 6)):
        np.testing.assert_allclose(
            np.linalg.norm(turned_view[:, :, of_sensor], axis=2),
            np.linalg.norm(x[:, :, of_sensor], axis=2),
            rtol=1e-4,
        )
    assert not np.allclose(turned_view, x, atol=0.1)
    assert [v.shape[-1] for v in Views(3)(x[..., :1])] == [1, 1, 1]


def test_views_are_averaged_and_cost_nothing_at_fit(frozen):
    X, y, _ = wrist_data()
    one = classifier(frozen, strategy="frozen").fit(X, y)
    four = clone(one).set_params(views=4).fit(X, y)
    crops = [X] + [Windows(imu=X["imu"][..., s : s + 36], rate=RATE) for s in (0, 2, 4)]
    expected = np.mean([one.predict_proba(c) for c in crops], axis=0)
    np.testing.assert_allclose(four.predict_proba(X), expected, atol=1e-5)
    np.testing.assert_allclose(four.predict_proba(X[3:5]), four.predict_proba(X)[3:5], atol=1e-5)
    np.testing.assert_array_equal(
        four.predict(X), four.classes_[four.predict_proba(X).argmax(axis=1)]
    )


@pytest.mark.parametrize("strategy", ["zero_shot", "scratch"])
def test_views_of_other_strategies(frozen, strategy):
    X, y, _ = wrist_data()
    source = frozen if strategy == "zero_shot" else None
    fitted = classifier(source, strategy=strategy, descriptions=CAPTIONS, views=3).fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("strategy", ["scratch", "full"])
def test_unknown_mounting(frozen, strategy):
    X, y, groups = wrist_data(12, seed=1)
    seen = groups > 0
    source = None if strategy == "scratch" else frozen
    model = classifier(
        source, strategy=strategy, augment="so3", views=8, max_epochs=60, lr=1e-2
    ).fit(X[seen], y[seen])
    sites = X["imu"][~seen][:, None]
    scores = [
        model.score(Windows(imu=turned(sites, turn)[:, 0], rate=RATE, channels=CHANNELS), y[~seen])
        for turn in random_rotations(3, np.random.default_rng(0)).astype("float32")
    ]
    assert np.mean(scores) >= model.score(X[~seen], y[~seen]) - 0.15 and np.mean(scores) > 0.6


def test_an_encoder_of_fixed_length_is_fine_tuned_and_seen_whole():
    X, y, _ = wrist_data()
    source = FrozenEstimator(pretrainer(encoder="paper").fit(X))
    fitted = classifier(source, strategy="lp_ft", max_epochs=2, views=3).fit(X, y)
    assert fitted.predict_proba(X).shape == (len(X), 3)


# ---- running averages


def test_averaged_weights_move_less():
    X, y, _ = wrist_data()
    last = classifier(ema=None).fit(X, y)
    average = classifier(ema=0.9999).fit(X, y)
    start = classifier(lr=1e-12, weight_decay=0.0).fit(X, y).weights_

    def moved(fitted):
        return sum(np.square(w - start[k]).sum() for k, w in fitted.weights_.items())

    assert 0 < moved(average) < moved(last)


def test_early_stopping_watches_the_weights_that_are_kept():
    X, y, groups = wrist_data(12)
    fitted = classifier(ema=0.9, early_stopping=True, max_epochs=15, augment=None)
    fitted.set_params(lr=0.02).fit(X, y, groups=groups)
    from m3n_sklearn._runtime import derive_rng
    from m3n_sklearn.classification._labels import hold_out

    codes = np.unique(y, return_inverse=True)[1]
    _, held = hold_out(codes, groups, 0.2, derive_rng(0, 2))
    given = np.log(fitted.predict_proba(X[held]))
    loss = -(0.9 * given[np.arange(len(held)), codes[held]] + 0.1 * given.mean(axis=1)).mean()
    lowest = min(epoch["valid_loss"] for epoch in fitted.history_)
    assert loss == pytest.approx(lowest, abs=1e-4)


# ---- calibration


def test_the_temperature_makes_held_out_rows_most_likely():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(1, 4000, 3))
    odds = probabilities(logits, None)
    codes = (odds.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    for factor in (0.5, 1.0, 3.0):
        found = temperature(HeldOut(factor * logits, codes, np.ones(4000)))
        assert found == pytest.approx(factor, rel=0.1)
    doubled = temperature(HeldOut(logits, codes, np.where(codes == 0, 2.0, 1.0)))
    rows = np.repeat(np.arange(4000), np.where(codes == 0, 2, 1))
    again = temperature(HeldOut(logits[:, rows], codes[rows], np.ones(len(rows))))
    assert doubled == pytest.approx(again, rel=1e-4)


@pytest.mark.parametrize("strategy", ["frozen", "lp_ft"])
def test_calibration_changes_probabilities_and_no_prediction(frozen, strategy):
    X, y, groups = wrist_data(12)
    plain = classifier(frozen, strategy=strategy).fit(X, y, groups=groups)
    assert plain.temperature_ is None
    model = clone(plain).set_params(calibrate=True)
    fitted = clone(model).fit(X, y, groups=groups)
    np.testing.assert_array_equal(fitted.predict(X), plain.predict(X))
    logits = np.log(plain.predict_proba(X)) / np.float32(fitted.temperature_)
    np.testing.assert_allclose(
        fitted.predict_proba(X), probabilities(logits[None], None), atol=1e-5
    )
    again = clone(model).fit(X, y, groups=groups)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert clone(model).fit(X, y).temperature_ > 0  # without groups, classes are spread evenly


@pytest.mark.parametrize("early_stopping", [False, True])
def test_too_few_rows_are_not_calibrated(frozen, early_stopping):
    X, y, _ = wrist_data()
    model = classifier(frozen, strategy="frozen", calibrate=True, early_stopping=early_stopping)
    assert model.fit(X[:6], y[:6]).temperature_ is None
    assert model.fit(X, y, groups=np.zeros(len(y))).temperature_ is None
    assert model.fit(X, np.zeros(len(y))).temperature_ is None


def test_folds_keep_groups_apart_and_hold_out_known_classes_only():
    groups = np.repeat(list("abcd"), 10)
    codes = np.tile([0, 1], 20)
    codes[:5] = 2  # only a shows it
    data = LabelledWindows(np.zeros((40, 1)), None, codes, np.ones(40), 3)
    folds = make_folds(data, groups, classifier()._recipe(), seed=0)
    assert len(folds) == 3
    for rows, held in folds:
        assert not set(groups[rows]) & set(groups[held]) and 2 not in codes[held]


def test_a_warm_start_keeps_its_temperature():
    X, y, _ = wrist_data()
    warm = classifier(calibrate=True, warm_start=True, max_epochs=2).fit(X, y)
    first = warm.temperature_
    assert warm.fit(X, y).temperature_ == first and warm.n_iter_ == 4


# ---- the choice of a strategy


@pytest.mark.parametrize(
    ("per_class", "described", "expected"),
    [(1, False, "frozen"), (1, True, "prompt_ft"), (6, False, "blend"), (6, True, "blend")],
)
def test_auto_goes_by_the_number_of_labels(frozen, per_class, described, expected):
    X, y, _ = wrist_data(12)
    rows = np.concatenate([np.flatnonzero(y == c)[:per_class] for c in np.unique(y)])
    told = {c: f"doing {c}" for c in np.unique(y).tolist()} if described else None
    fitted = classifier(frozen, max_epochs=1, descriptions=told).fit(X[rows], y[rows])
    assert fitted.strategy_ == expected
    named = classifier(frozen, strategy=expected, max_epochs=1, descriptions=told)
    named.fit(X[rows], y[rows])
    np.testing.assert_array_equal(named.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("described", [True, False])
def test_auto_blends_what_rehearses_from_the_first_window_on(frozen, described):
    X, y, _ = wrist_data(12)
    others = wrist_data(12, seed=1)[:2]
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    told = {c: f"doing {c}" for c in np.unique(y).tolist()} if described else None
    model = classifier(frozen, max_epochs=2, descriptions=told, rehearsal=others)
    fitted = model.fit(X[one], y[one])
    assert fitted.strategy_ == "blend"
    alone = clone(model).set_params(strategy="blend", rehearsal=None).fit(X[one], y[one])
    pairs = zip(of_member(fitted, 2).values(), of_member(alone, 2).values(), strict=True)
    assert not all(np.array_equal(a, b) for a, b in pairs)  # with few labels, both rehearse


def test_auto_blends_few_windows_of_many_classes(frozen):
    X, y, groups = wrist_data(12)
    y = np.char.add(y, groups.astype(str))  # nine classes
    rows = np.concatenate([np.flatnonzero(y == c)[:2] for c in np.unique(y)])
    assert len(rows) == 18
    assert classifier(frozen, max_epochs=1).fit(X[rows], y[rows]).strategy_ == "blend"
    assert classifier(frozen, max_epochs=1).fit(X[rows[:15]], y[rows[:15]]).strategy_ == "frozen"


def apart(fitted, X):
    """Ask every member of a blend alone."""
    for number, config in enumerate(fitted.config_["members"]):
        one = copy.deepcopy(fitted)
        one.config_ = config
        one._keep(of_member(fitted, number))
        yield one.predict_proba(X)


def pooled(opinions, weights):
    product = np.exp(np.average(np.log(opinions), axis=0, weights=weights))
    return product / product.sum(axis=1, keepdims=True)


def test_a_blend_averages_its_members(frozen):
    X, y, _ = wrist_data(12)
    fitted = classifier(frozen, strategy="blend", max_epochs=2).fit(X, y)
    members = list(apart(fitted, X))
    together = pooled(members, [0.2, 0.4, 0.4])
    np.testing.assert_allclose(fitted.predict_proba(X), together, atol=1e-5)
    assert np.abs(members[1] - members[2]).max() > 1e-3
    for member, strategy in zip(members, ("frozen", "lp_ft", "scratch"), strict=True):
        alone = classifier(frozen, strategy=strategy, max_epochs=2).fit(X, y)
        np.testing.assert_allclose(member, alone.predict_proba(X), atol=1e-6)


# ---- several pretrainers


@pytest.fixture(scope="module")
def other():
    return FrozenEstimator(pretrained(random_state=1))


@pytest.mark.parametrize("described", [False, True])
def test_a_further_pretrainer_adds_two_members_to_a_blend(frozen, other, described):
    X, y, _ = wrist_data(12)
    told = {"descriptions": {c: f"doing {c}" for c in np.unique(y).tolist()}} if described else {}
    fitted = classifier([frozen, other], max_epochs=2, **told).fit(X, y)
    assert fitted.strategy_ == "blend"
    members = list(apart(fitted, X))
    together = pooled(members, np.array([0.25, 1, 0.25, 1, 1]) / 3.5)
    np.testing.assert_allclose(fitted.predict_proba(X), together, atol=1e-5)
    tuned = "prompt_ft" if described else "lp_ft"
    expected = [(frozen, "frozen", {}), (frozen, tuned, told), (other, "frozen", {})]
    # of words, only the first is asked, and from scratch the first is what gives the shape
    expected += [(other, "lp_ft", {}), (frozen, "scratch", {})]
    for member, (source, strategy, given) in zip(members, expected, strict=True):
        alone = classifier(source, strategy=strategy, max_epochs=2, **given).fit(X, y)
        np.testing.assert_allclose(member, alone.predict_proba(X), atol=1e-6)


def test_a_list_of_one_pretrainer_is_that_pretrainer(frozen):
    X, y, _ = wrist_data()
    for strategy in ("blend", "frozen", "scratch"):
        model = classifier(frozen, strategy=strategy, max_epochs=1)
        alone = model.fit(X, y).predict_proba(X)
        model = clone(model).set_params(pretrainer=[frozen])
        np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), alone)


def test_auto_blends_several_pretrainers_from_the_first_window_on(frozen, other):
    X, y, _ = wrist_data()
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    assert classifier((frozen, other), max_epochs=1).fit(X[one], y[one]).strategy_ == "blend"


def test_several_pretrainers_go_on_are_saved_and_are_cloned(frozen, other, tmp_path):
    X, y, _ = wrist_data()
    warm = classifier([frozen, other], max_epochs=1, warm_start=True).fit(X, y)
    assert clone(warm).pretrainer == [frozen, other]
    warm.save(tmp_path / "two.safetensors")
    loaded = load(tmp_path / "two.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), warm.predict_proba(X))
    still = warm.set_params(lr=1e-12, weight_decay=0.0).fit(X, y)
    assert still.n_iter_ == 6
    np.testing.assert_allclose(still.predict_proba(X), loaded.predict_proba(X), atol=1e-5)
    with pytest.raises(ValueError, match="other values of pretrainer"):
        warm.set_params(pretrainer=[other, frozen]).fit(X, y)


@pytest.mark.parametrize(
    "strategy", ["scratch", "frozen", "lp_ft", "full", "prompt_ft", "zero_shot"]
)
def test_other_strategies_take_one_pretrainer(frozen, other, strategy):
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match="learns from one pretrainer, and 2 were given"):
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
    with pytest.raises(ValueError, match="generic series, and each pretrainer scales it"):
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
    with pytest.raises(ValueError, match=r"pretrainer\[0\], which descriptions are put to"):
        classifier([wordless, frozen], descriptions=dict.fromkeys(y, "this")).fit(X, y)

    class Slow(Multi3NetPretrainer):
        def fit(self, X, y=None, groups=None):
            raise AssertionError("trained before the others were looked at")

    with pytest.raises(FileNotFoundError, match=r"pretrainer\[1\]: .*m3n-bse"):
        classifier([Slow(), "m3n-bse"]).fit(X, y)
    with pytest.raises(TypeError, match=r"pretrainer\[1\]: pretrainer is the class"):
        classifier([Slow(), Slow]).fit(X, y)


def test_a_blend_of_few_labels_moves_the_pretrained_network_timidly(frozen):
    X, y, _ = wrist_data(12)
    rows = np.concatenate([np.flatnonzero(y == c)[:2] for c in np.unique(y)])
    start = classifier(frozen, strategy="lp_ft", lr=1e-12, weight_decay=0.0, max_epochs=1)
    start = start.fit(X[rows], y[rows]).weights_

    def moved(lr):
        model = classifier(frozen, strategy="blend", lr=lr, max_epochs=3)
        weights = model.fit(X[rows], y[rows]).weights_
        return sum(np.abs(weights[f"members.1.{name}"] - w).sum() for name, w in start.items())

    assert 0 < moved("auto") == moved(RATES["timid"]) < 0.5 * moved(RATES["bold"])


def test_prompts_are_a_start_that_labels_move(frozen):
    X, y, _ = wrist_data(12)
    told = {c: f"doing {c}" for c in np.unique(y).tolist()}
    named = classifier(frozen, strategy="zero_shot", descriptions=told).fit(X)
    still = classifier(
        frozen, strategy="prompt_ft", descriptions=told, lr=1e-12, weight_decay=0.0, max_epochs=1
    )
    np.testing.assert_allclose(still.fit(X, y).predict_proba(X), named.predict_proba(X), atol=1e-4)
    moved = classifier(frozen, strategy="prompt_ft", descriptions=told, max_epochs=3).fit(X, y)
    assert np.abs(moved.predict_proba(X) - named.predict_proba(X)).max() > 1e-2


def test_rehearsal_keeps_what_labels_do_not_show(frozen):
    X, y, _ = wrist_data(12)
    others = wrist_data(12, seed=1)[:2]
    with pytest.raises(ValueError, match="shows none of the classes"):
        classifier(frozen, strategy="full", rehearsal=(X, np.full(len(X), "dance"))).fit(X, y)
    with pytest.raises(ValueError, match="but labels of shape"):
        classifier(frozen, strategy="full", rehearsal=(X, y[:3])).fit(X, y)
    shorter = Windows(imu=X["imu"][:, :, 10:], rate=RATE, channels=CHANNELS)
    with pytest.raises(ValueError, match="windows of rehearsal have the shape"):
        classifier(frozen, strategy="full", rehearsal=(shorter, y)).fit(X, y)
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    plain = classifier(frozen, strategy="full", max_epochs=40, lr=1e-2).fit(X[one], y[one])
    helped = clone(plain).set_params(rehearsal=others).fit(X[one], y[one])
    assert helped.score(X, y) >= plain.score(X, y)
    assert np.abs(helped.predict_proba(X) - plain.predict_proba(X)).max() > 1e-3
    again = clone(helped).fit(X[one], y[one])
    np.testing.assert_array_equal(again.predict_proba(X), helped.predict_proba(X))


@pytest.mark.parametrize("strategy", ["scratch", "frozen", "zero_shot", "full"])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda X, y: (X, y, y), ValueError, "got a tuple of 3"),
        (lambda X, y: (X, y[:3]), ValueError, r"but labels of shape \(3,\)"),
        (lambda X, y: (X, np.full(len(y), None)), ValueError, r"rehearsal=\(X, y\): y is None"),
        (lambda X, y: (X, np.full(len(y), "sing")), ValueError, "shows none of the classes"),
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


@pytest.mark.parametrize("strategy", ["frozen", "zero_shot"])
def test_rehearsal_changes_nothing_where_no_step_is_taken(frozen, strategy):
    X, y, _ = wrist_data(3)
    plain = classifier(frozen, strategy=strategy, descriptions=CAPTIONS, max_epochs=1)
    expected = clone(plain).fit(X, y).predict_proba(X)
    given = plain.set_params(rehearsal=wrist_data(seed=1)[:2]).fit(X, y)
    np.testing.assert_array_equal(given.predict_proba(X), expected)


@pytest.mark.parametrize("known", [True, False])
def test_a_network_from_scratch_rehearses_too(frozen, known):
    X, y, _ = wrist_data(12, seed=1)
    test = wrist_data(12)
    one = np.array([np.flatnonzero(y == c)[0] for c in np.unique(y)])
    source = frozen if known else None
    plain = classifier(source, strategy="scratch", max_epochs=60, rate=None if known else RATE)
    alone = plain.fit(X[one], y[one])
    helped = clone(plain).set_params(rehearsal=(X, y)).fit(X[one], y[one])
    assert helped.score(*test[:2]) > alone.score(*test[:2])


def test_rehearsal_counts_in_the_prior():
    one = np.zeros((4, 1, 6, 8), np.float32)
    rare = LabelledWindows(one, None, np.array([0, 0, 0, 1]), np.ones(4), 2)
    even = LabelledWindows(one, None, np.array([0, 0, 1, 1]), np.ones(4), 2)
    mixed = np.exp(replace(rare, rehearsal=even).log_prior())
    np.testing.assert_allclose(mixed, [1.25, 0.75])
    np.testing.assert_allclose(np.exp(rare.log_prior()), [1.5, 0.5])


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
        classifier(source, strategy="full", max_epochs=2, rehearsal=(other, y)).fit(X, y)
        for other in (X, turned_round)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_prompts_must_be_there_and_name_every_class(frozen):
    X, y, _ = wrist_data(12)
    with pytest.raises(ValueError, match="starts from descriptions="):
        classifier(frozen, strategy="prompt_ft").fit(X, y)
    with pytest.raises(ValueError, match="says nothing of the classes"):
        classifier(frozen, strategy="blend", descriptions={y[0]: "this"}).fit(X, y)


@pytest.mark.parametrize("strategy", ["prompt_ft", "blend"])
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


def test_scratch_makes_the_network_of_a_fitted_pretrainer_from_random_weights(frozen):
    X, y, _ = wrist_data()
    slow = Windows(imu=X["imu"][:, :, ::2], rate=RATE / 2, channels=CHANNELS)
    still = {"width": 8, "max_epochs": 1, "lr": 1e-12, "weight_decay": 0.0, "random_state": 3}
    scratch = classifier(frozen, strategy="scratch", **still).fit(slow, y)
    taken = classifier(frozen, strategy="full", **still).fit(slow, y)
    assert scratch.config_ == taken.config_ and scratch.input_ == taken.input_
    for name, array in pretrained()._imu_encoder()[1].items():
        np.testing.assert_allclose(taken.weights_[f"encoder.{name}"], array, atol=1e-6)
        if array.ndim > 2:
            assert np.abs(scratch.weights_[f"encoder.{name}"] - array).max() > 0.05
    with pytest.raises(ValueError, match="rate of X is not known"):
        classifier(frozen, strategy="scratch").fit(X["imu"], y)
    search = GridSearchCV(
        classifier(frozen, max_epochs=1), {"strategy": ["scratch", "frozen", "lp_ft"]}, cv=2
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def of_member(fitted, number):
    prefix = f"members.{number}."
    weights = fitted.weights_.items()
    return {name.removeprefix(prefix): w for name, w in weights if name.startswith(prefix)}


def test_a_warm_start_of_a_blend_trains_its_members_apart(frozen):
    X, y, _ = wrist_data()
    warm = classifier(frozen, strategy="blend", max_epochs=2, warm_start=True).fit(X, y)
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
    still = copy.deepcopy(warm).set_params(lr=1e-12, weight_decay=0.0).fit(X, y)
    np.testing.assert_allclose(still.predict_proba(X), warm.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("strategy", ["scratch", "full", "blend"])
def test_callbacks_see_a_fitted_estimator_after_each_epoch(frozen, strategy):
    pytest.importorskip("sklearn.callback")
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
    assert strategy == "blend" or watch.scores[-1] == fitted.score(X, y)


def test_scratch_leaves_an_unfitted_pretrainer_alone():
    X, y, _ = wrist_data()
    nested = classifier(pretrainer(width=32), strategy="scratch", max_epochs=1).fit(X, y)
    alone = classifier(strategy="scratch", max_epochs=1).fit(X, y)
    np.testing.assert_array_equal(nested.predict_proba(X), alone.predict_proba(X))


# ---- adapted norms


def test_adapted_norms_take_the_statistics_of_the_windows_at_hand():
    X, y, _ = wrist_data()
    source = FrozenEstimator(pretrainer(norm="batch").fit(X))
    other = X.assign(imu=X["imu"] * np.float32(1.05))
    plain = classifier(source, strategy="frozen").fit(other, y)
    at_fit = clone(plain).set_params(adapt_norm="fit").fit(other, y)
    at_predict = clone(plain).set_params(adapt_norm="predict").fit(other, y)
    mean = "encoder.trunk.layers.3.running_mean"
    assert not np.allclose(plain.weights_[mean], at_fit.weights_[mean], atol=1e-3)
    np.testing.assert_array_equal(at_fit.weights_[mean], at_predict.weights_[mean])
    proba = at_predict.predict_proba(other)
    np.testing.assert_allclose(proba, at_fit.predict_proba(other), atol=1e-4)
    assert not np.allclose(at_predict.predict_proba(other[:5]), proba[:5], atol=1e-4)
    np.testing.assert_array_equal(at_predict.predict_proba(other), proba)  # nothing is kept


def test_adapting_needs_batch_norms(frozen):
    X, y, _ = wrist_data()
    with pytest.raises(ValueError, match="needs an encoder with batch norms"):
        classifier(frozen, adapt_norm="fit").fit(X, y)
    later = classifier(frozen, strategy="frozen").fit(X, y).set_params(adapt_norm="predict")
    with pytest.raises(ValueError, match="needs an encoder with batch norms"):
        later.predict(X)
    with pytest.raises(ValueError, match="that learn from labels only"):
        classifier(frozen, strategy="zero_shot", descriptions=CAPTIONS, adapt_norm="predict").fit(X)


# ---- predicting


def test_threads_change_no_bit():
    X, y, _ = wrist_data()
    many = np.tile(X["imu"], (20, 1, 1))
    fitted = classifier(rate=RATE).fit(X, y)
    expected = fitted.predict_proba(many)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        np.testing.assert_array_equal(fitted.predict_proba(many), expected)
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_the_network_is_built_once(monkeypatch):
    from m3n_sklearn.classification import _classifier

    X, y, _ = wrist_data()
    fitted = classifier().fit(X, y)
    first = fitted.predict_proba(X)
    monkeypatch.setattr(_classifier, "build_classifier", None)
    np.testing.assert_array_equal(fitted.predict_proba(X), first)


def test_closed_form_head_still_is_a_regression():
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(size=(30, 3)), np.arange(30) % 3
    W, b = closed_form_head(rows, codes, np.ones(30), 3, C=1.0)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    expected = LogisticRegression(C=1.0, tol=1e-6).fit(scaled, codes).predict_proba(scaled)
    np.testing.assert_allclose(probabilities((rows @ W.T + b)[None], None), expected, atol=1e-3)
