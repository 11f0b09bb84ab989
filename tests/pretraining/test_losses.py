from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from m3n_sklearn.pretraining._objectives import Objectives, contrast, masked_huber, same_caption

ONE = torch.tensor(1.0, dtype=torch.float64)


def unit(n: int, d: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return functional.normalize(torch.tensor(rng.standard_normal((n, d))))


def diagonal(n: int) -> torch.Tensor:
    return torch.eye(n, dtype=torch.bool)


def test_hand_computed_value_of_two_pairs() -> None:
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    loss = contrast(a, a, 0.5 * ONE, diagonal(2), diagonal(2))
    assert loss.item() == pytest.approx(-math.log(math.e**2 / (math.e**2 + 1)))


def test_equals_infonce_without_shared_captions() -> None:
    a, b = unit(7, 5), unit(7, 5, 1)
    logits, target = a @ b.T / 0.1, torch.arange(7)
    expected = 0.5 * (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    )
    assert contrast(a, b, 0.1 * ONE, diagonal(7), diagonal(7)).item() == pytest.approx(
        expected.item()
    )


def test_aligned_pairs_are_cheap_and_opposed_pairs_dear() -> None:
    a, b = unit(32, 64), unit(32, 64, 1)
    alone = diagonal(32)
    losses = [contrast(a, other, 0.07 * ONE, alone, alone).item() for other in (a, b, -a)]
    assert losses[0] < 0.01
    assert losses[0] < losses[1] < losses[2]
    assert losses[2] > 10


@given(st.integers(2, 9), st.integers(0, 1000))
def test_symmetric_in_its_arguments_and_in_the_order_of_rows(n: int, seed: int) -> None:
    a, b = unit(n, 4, seed), unit(n, 4, seed + 1)
    same = same_caption(torch.tensor(np.random.default_rng(seed).integers(-1, 3, (n, 2))))
    loss = contrast(a, b, ONE, same, same).item()
    order = torch.tensor(np.random.default_rng(seed).permutation(n))
    shuffled = contrast(a[order], b[order], ONE, same[order][:, order], same[order][:, order])
    assert contrast(b, a, ONE, same, same).item() == pytest.approx(loss)
    assert shuffled.item() == pytest.approx(loss)


@pytest.mark.parametrize("instances", [True, False])
def test_same_captions_are_never_negatives(instances: bool) -> None:
    sentences = torch.tensor([[0, 1], [1, -1], [2, -1], [2, 3], [-1, -1]])
    same = same_caption(sentences)
    positive = diagonal(5) if instances else same
    # rows of b along the axes make the gradient of a_i the gradient of the similarities
    a = unit(5, 5).clone().requires_grad_()
    b = torch.eye(5, dtype=torch.float64)
    contrast(a, b, ONE, positive, same).backward()
    pushed_apart = a.grad > 0
    assert not (pushed_apart & same).any()
    assert pushed_apart[~same].all()
    if instances:
        others = same & ~diagonal(5)
        assert (a.grad[others] == 0).all()


def test_rows_share_a_caption_if_they_share_a_sentence() -> None:
    sentences = torch.tensor([[0, 1], [1, 2], [3, -1], [-1, -1], [-1, -1]])
    expected = torch.eye(5, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = True
    assert torch.equal(same_caption(sentences), expected)


def test_a_batch_of_one_caption_has_no_loss_and_no_gradient() -> None:
    a = unit(4, 3).clone().requires_grad_()
    everything = torch.ones(4, 4, dtype=torch.bool)
    loss = contrast(a, unit(4, 3, 1), 0.1 * ONE, everything, everything)
    loss.backward()
    assert loss.item() == 0
    assert (a.grad == 0).all()


def test_huber_looks_at_masked_steps_only() -> None:
    prediction = torch.zeros(1, 1, 4, requires_grad=True)
    target = torch.tensor([[[0.5, 3.0, 100.0, 100.0]]])
    mask = torch.tensor([[[True, True, False, False]]])
    loss = masked_huber(prediction, target, mask)
    loss.backward()
    assert loss.item() == pytest.approx((0.5 * 0.25 + 2.5) / 2)
    assert (prediction.grad[..., 2:] == 0).all()
    assert masked_huber(prediction, target, torch.zeros_like(mask)).item() == 0


def modalities(
    has: dict[str, list[bool]],
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return network outputs and a batch for rows that have some of the modalities."""
    n = len(next(iter(has.values())))
    batch = {f"has_{name}": torch.tensor(mask) for name, mask in has.items()}
    batch["captions"] = torch.arange(n)[:, None]
    out = {"temperature": ONE, "deviation": torch.ones(6), "imu_scale": torch.ones(1, 6)}
    for k, (name, mask) in enumerate(has.items()):
        out[f"z_{name}"] = unit(sum(mask), 4, k).requires_grad_()
    return out, batch


def test_pairs_use_rows_that_have_both_modalities() -> None:
    out, batch = modalities({"imu": [1, 1, 1, 0, 0], "pose": [0, 1, 1, 1, 1], "text": [0] * 5})
    batch = {k: v.bool() if k.startswith("has") else v for k, v in batch.items()}
    terms = Objectives({"imu_pose": 2.0, "imu_text": 1.0})(out, batch)
    alone = diagonal(2)
    expected = contrast(out["z_imu"][1:], out["z_pose"][:2], ONE, alone, alone)
    assert set(terms) == {"loss", "imu_pose"}
    assert terms["imu_pose"].item() == pytest.approx(expected.item())
    assert terms["loss"].item() == pytest.approx(2 * expected.item())
    terms["loss"].backward()
    assert (out["z_imu"].grad[0] == 0).all()
    assert (out["z_pose"].grad[2:] == 0).all()


def test_a_batch_without_any_pair_still_has_a_loss() -> None:
    out, batch = modalities({"imu": [True, False], "pose": [False, True]})
    terms = Objectives({"imu_pose": 1.0})(out, batch)
    assert terms["loss"].item() == 0


def test_views_of_a_window_find_each_other() -> None:
    out, batch = modalities({"imu": [1, 0, 1, 1]})
    batch = {k: v.bool() if k.startswith("has") else v for k, v in batch.items()}
    out["z_view"] = unit(3, 4, 7)
    term = Objectives({"imu_imu": 1.0})(out, batch)["imu_imu"]
    expected = contrast(out["z_imu"], out["z_view"], ONE, diagonal(3), diagonal(3))
    assert term.item() == pytest.approx(expected.item())
