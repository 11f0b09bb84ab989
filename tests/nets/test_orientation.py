from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.motion.rotations import random_rotations
from m3n_sklearn.nets import ORIENTATIONS, Multi3Net, build_imu_encoder, multi3net_config
from m3n_sklearn.nets._orientation import gravity, turned, upright


def windows(n: int = 4, seed: int = 0) -> torch.Tensor:
    x = torch.randn(n, 2, 6, 40, generator=torch.Generator().manual_seed(seed)).double()
    x[:, :, 1] += 1.0
    return x


def turns(n: int, seed: int) -> torch.Tensor:
    drawn = random_rotations(2 * n, np.random.default_rng(seed))
    return torch.tensor(drawn).reshape(n, 2, 3, 3)


def encoder(orientation: str) -> torch.nn.Module:
    torch.manual_seed(0)
    config = {"name": "conv_imu", "sites": ["a", "b"], "width": 16, "orientation": orientation}
    return build_imu_encoder(config).double().eval()


@given(st.integers(0, 99))
def test_upright_turns_gravity_to_z(seed: int) -> None:
    x = turned(turns(4, seed), windows())
    turn = upright(gravity(x))
    eye = torch.eye(3).double()
    assert torch.allclose(turn @ turn.mT, eye.expand_as(turn), atol=1e-9)
    assert torch.allclose(torch.linalg.det(turn), torch.ones(4, 2).double())
    assert torch.allclose(gravity(turned(turn, x)), eye[2].expand(4, 2, 3), atol=1e-9)


@pytest.mark.parametrize("direction", [[0.0, 0.0, -1.0], [1e-6, 0.0, -1.0], [0.0, 0.0, 1.0]])
def test_upright_everywhere(direction: list[float]) -> None:
    down = torch.tensor(direction)
    assert torch.allclose(upright(down) @ down, torch.tensor([0.0, 0.0, 1.0]), atol=1e-5)
    assert torch.linalg.det(upright(down)).item() == pytest.approx(1)


@given(st.integers(0, 99))
def test_invariants_do_not_depend_on_the_mount(seed: int) -> None:
    net, x = encoder("invariant"), windows()
    assert torch.allclose(net(x)[0], net(turned(turns(4, seed), x))[0], atol=1e-8)


def test_gravity_leaves_the_heading_only() -> None:
    net, x = encoder("gravity"), windows()
    level = turned(upright(gravity(x)), x)
    assert torch.allclose(net(x)[0], net(level)[0], atol=1e-9)
    assert not torch.allclose(net(x)[0], net(turned(turns(4, 0), x))[0], atol=1e-3)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_hidden_steps_and_missing_sensors_are_not_read(orientation: str) -> None:
    net, x = encoder(orientation), windows()
    present = torch.ones(4, 2, 2, dtype=torch.bool)
    present[0, 0, 1] = present[1, 1, 0] = present[2, 1] = False
    hidden = torch.zeros(4, 40, dtype=torch.bool)
    hidden[:, 5:12] = True
    rubbish = x.clone()
    rubbish[..., 5:12] = 50.0
    rubbish[0, 0, 3:] = rubbish[1, 1, :3] = rubbish[2, 1] = 99.0
    assert torch.allclose(net(x, present, hidden)[0], net(rubbish, present, hidden)[0])
    assert torch.isfinite(net(torch.zeros_like(x))[0]).all()


def test_reconstructions_are_in_the_frame_of_the_sensor() -> None:
    config = multi3net_config(
        "default",
        modalities=["imu"],
        decoders=["reconstruction"],
        width=16,
        orientation="gravity",
        sites=["a", "b"],
    )
    torch.manual_seed(0)
    net, x = Multi3Net(config).double().eval(), windows()
    hidden = torch.zeros(4, 40, dtype=torch.bool)
    hidden[:, 10:20] = True
    level = turned(upright(gravity(x, None, hidden)), x)
    out, upright_out = (net({"imu": v, "hidden": hidden})["reconstruction"] for v in (x, level))
    back = upright(gravity(x, None, hidden)).mT
    assert torch.allclose(out, turned(back, upright_out), atol=1e-8)


def test_published_encoder_reads_axes_only() -> None:
    with pytest.raises(ValueError, match="'raw' with encoder='paper'"):
        multi3net_config("paper", modalities=["imu"], decoders=[], orientation="gravity")
