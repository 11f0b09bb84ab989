"""The strategy "guided": the opinion of words next to a head, as far as the labels support it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.base import clone

from m3n_sklearn import HMMClassifier, load
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.classification._words import learn_weight

from ..wrists import CAPTIONS, CLASSES, classifier, wrist_data

WRONG = dict(zip(CLASSES.tolist(), np.roll(list(CAPTIONS.values()), 1).tolist(), strict=True))


def guided(source, **params):
    """Return an unfitted classifier with the strategy "guided"."""
    return classifier(source, **{"strategy": "guided", "descriptions": CAPTIONS, **params})


def product(head, words, weight):
    """Return the probabilities of a product of experts."""
    odds = head.astype(float) * words.astype(float) ** weight
    return odds / odds.sum(axis=1, keepdims=True)


# ---- the rule


def drawn_labels(exponent, n=4000, scale=4.0, seed=0):
    """Return logits (1, n, 5), and labels drawn from their softmax to the power of `exponent`."""
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(n, 5))
    p = np.exp(log_softmax(exponent * logits, axis=1))
    codes = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=4)
    return logits[None], codes


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0, 1.5])
def test_the_weight_is_half_of_the_exponent_that_labels_follow(exponent):
    logits, codes = drawn_labels(exponent)
    weight = learn_weight(logits, codes, np.ones(len(codes)))
    assert weight == pytest.approx(exponent / 2, abs=0.051)


def test_words_no_better_than_chance_get_no_weight():
    logits, codes = drawn_labels(0.0)
    for n in (1, 5, 100):
        least = logits[0, :n].argmin(axis=1)  # the class that words find least likely
        assert learn_weight(logits[:, :n], least, np.ones(n)) == 0
    assert learn_weight(logits, codes, np.ones(len(codes))) < 0.03
    flat = np.zeros((1, 7, 5))
    assert learn_weight(flat, codes[:7], np.ones(7)) == 0


def test_a_gain_within_its_standard_error_does_not_count():
    # three labels that the words support and two that they oppose: 0.6 of two classes
    logits = np.tile([2.0, 0.0], (5, 1))[None]
    few = np.array([0, 0, 0, 1, 1])
    assert learn_weight(logits, few, np.ones(5)) == 0
    assert learn_weight(np.tile(logits, (1, 40, 1)), np.tile(few, 40), np.ones(200)) > 0


def test_a_row_of_weight_two_counts_twice():
    logits, codes = drawn_labels(0.3, n=12, scale=2.0)
    shares = np.r_[np.full(6, 2.0), np.ones(6)]
    twice = np.r_[np.repeat(np.arange(6), 2), np.arange(6, 12)]
    expected = learn_weight(logits[:, twice], codes[twice], np.ones(18))
    assert learn_weight(logits, codes, shares) == expected
    assert expected != learn_weight(logits, codes, np.ones(12))


def test_views_of_a_window_share_its_weight():
    logits, codes = drawn_labels(0.3, n=12, scale=2.0)
    expected = learn_weight(logits, codes, np.ones(12))
    assert learn_weight(np.repeat(logits, 8, axis=0), codes, np.ones(12)) == expected


# ---- the strategy


def test_probabilities_are_a_product_of_experts(frozen):
    X, y, _ = wrist_data()
    fitted = guided(frozen).fit(X, y)
    assert fitted.strategy_ == "guided" and 0 < fitted.words_weight_ <= 1
    assert fitted.history_ == [] and fitted.n_iter_ == 0
    head = clone(fitted).set_params(strategy="frozen").fit(X, y).predict_proba(X)
    words = clone(fitted).set_params(strategy="zero_shot").fit(X, y).predict_proba(X)
    expected = product(head, words, fitted.words_weight_)
    np.testing.assert_allclose(fitted.predict_proba(X), expected, atol=1e-5)
    assert np.abs(expected - head).max() > 1e-3


def test_wrong_descriptions_change_nothing(frozen):
    X, y, _ = wrist_data()
    fitted = guided(frozen, descriptions=WRONG).fit(X, y)
    assert fitted.words_weight_ == 0
    head = classifier(frozen, strategy="frozen").fit(X, y).predict_proba(X)
    np.testing.assert_allclose(fitted.predict_proba(X), head, atol=1e-6)


def test_rows_and_classes_can_be_weighted(frozen):
    X, y, _ = wrist_data()
    twice = np.repeat(np.arange(len(y)), np.where(y == "rest", 2, 1))
    expected = guided(frozen).fit(X[twice], y[twice])
    for params, weight in (({}, 1.0 + (y == "rest")), ({"class_weight": {"rest": 2}}, None)):
        fitted = guided(frozen, **params).fit(X, y, sample_weight=weight)
        assert fitted.words_weight_ == expected.words_weight_
        np.testing.assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), atol=1e-4)


def test_descriptions_of_further_classes_are_ignored(frozen):
    X, y, _ = wrist_data()
    fitted = guided(frozen, descriptions={**CAPTIONS, "sing": "a person sings"}).fit(X, y)
    assert fitted.classes_.tolist() == CLASSES.tolist()
    expected = guided(frozen).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


@pytest.mark.parametrize("params", [{"augment": "so3"}, {"label_at": "center"}, {"head": "moe"}])
def test_options_of_the_head_and_of_views(frozen, params):
    X, y, _ = wrist_data()
    fitted = guided(frozen, **params).fit(X, y)
    assert fitted.score(X, y) > 0.8 and 0 <= fitted.words_weight_ <= 1


def test_a_saved_classifier_keeps_the_weight_and_fits_again(frozen, tmp_path):
    X, y, _ = wrist_data()
    fitted = guided(frozen).fit(X, y)
    fitted.save(tmp_path / "guided.safetensors")
    back = load(tmp_path / "guided.safetensors")
    assert back.words_weight_ == fitted.words_weight_
    np.testing.assert_array_equal(back.predict_proba(X), fitted.predict_proba(X))


def test_another_fit_starts_again_and_discards_the_weight(frozen):
    X, y, _ = wrist_data()
    fitted = guided(frozen, warm_start=True).fit(X[:9], y[:9])
    again = fitted.fit(X, y)
    expected = guided(frozen).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    assert not hasattr(fitted.set_params(strategy="frozen").fit(X, y), "words_weight_")


def test_it_smooths_along_a_recording(frozen):
    X, y, _ = wrist_data()
    order = np.argsort(y, kind="stable")
    model = HMMClassifier(guided(frozen)).fit(X[order], y[order], times=np.arange(len(y)) * 1.0)
    assert model.score(X[order], y[order], times=np.arange(len(y)) * 1.0) > 0.8


def test_what_it_needs_is_said(frozen):
    X, y, _ = wrist_data()
    for source, words in ((None, CAPTIONS), (frozen, None), (frozen, {})):
        with pytest.raises(ValueError, match="guided' needs a pretrainer that was trained with te"):
            Multi3NetClassifier(source, strategy="guided", descriptions=words).fit(X, y)
    with pytest.raises(ValueError, match=r"descriptions says nothing of the classes \['twist'\]"):
        guided(frozen, descriptions={c: CAPTIONS[c] for c in CLASSES[:2]}).fit(X, y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        guided(frozen).fit(X)
    fitted = guided(frozen).fit(X, y)
    with pytest.raises(ValueError, match=r"needs strategy='frozen'.*got strategy='guided'"):
        fitted.teach(X, y)
