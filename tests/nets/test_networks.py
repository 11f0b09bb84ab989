from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.nets._encoders import BatchNorm
from m3n_sklearn.nets._multi3net import (
    Multi3Net,
    build_imu_encoder,
    get_weights,
    multi3net_config,
    set_weights,
)

ALL = {"modalities": ["imu", "pose", "text"], "decoders": ["reconstruction", "pose2imu"]}
SHAPES = {"sites": ["left", "right"], "n_times": 40, "pose_shape": (30, 12), "text_size": 20}


def network(encoder: str = "default", **changes: Any) -> Multi3Net:
    torch.manual_seed(0)
    return Multi3Net(multi3net_config(encoder, **{**ALL, **SHAPES, "width": 16, **changes})).eval()


def batch(n: int = 5) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    hidden = torch.zeros(n, 40, dtype=torch.bool)
    hidden[::2, 10:20] = True
    paired = torch.ones(n, dtype=torch.bool)
    paired[0] = False
    return {
        "imu": torch.randn(n, 2, 6, 40, generator=generator),
        "present": torch.ones(n, 2, 2, dtype=torch.bool),
        "hidden": hidden,
        "pose": torch.randn(n, 30, 12, generator=generator),
        "paired": paired,
        "text": torch.randn(n, 20, generator=generator),
    }


@pytest.mark.parametrize("encoder", ["default", "paper"])
@pytest.mark.parametrize("n", [1, 5])
def test_outputs(encoder: str, n: int) -> None:
    net, inputs = network(encoder), batch(n)
    out = net(inputs)
    for name in ("imu", "pose", "text"):
        assert out[f"z_{name}"].shape == (n, 16)
        assert torch.allclose(out[f"z_{name}"].norm(dim=1), torch.ones(n), atol=1e-5)
    assert out["reconstruction"].shape == ((n + 1) // 2, 2, 6, 40)
    assert out["predicted"].shape == (n - 1, 2, 6, 40)
    net.train()(inputs)["z_imu"].sum().backward()


def test_published_sizes() -> None:
    net = Multi3Net(
        multi3net_config(
            "paper", **{**ALL, **SHAPES, "n_times": 60, "pose_shape": (156, 30), "text_size": 768}
        )
    )

    def count(module: torch.nn.Module) -> float:
        return sum(p.numel() for p in module.parameters()) / 1e6

    assert net.config["width"] == 256
    assert net.temperature.item() == pytest.approx(0.07)
    assert count(net.encoders["text"]) == pytest.approx(0.53, abs=0.01)
    assert count(net.encoders["imu"]) == pytest.approx(6.18, abs=0.01)
    assert count(net.encoders["pose"]) == pytest.approx(23.2, abs=0.1)
    assert count(net.decoders["reconstruction"]) == pytest.approx(2.11, abs=0.1)


def test_paper_refuses_other_shapes() -> None:
    net, inputs = network("paper"), batch()
    with pytest.raises(ValueError, match="windows of 40 samples, but these have 30"):
        net.embed_imu(inputs["imu"][..., :30])
    with pytest.raises(ValueError, match="poses of 12 frames, but these have 9"):
        net.embed_pose(inputs["pose"][..., :9])
    with pytest.raises(ValueError, match="trained on 2 site"):
        net.read_sites(["left"])


@given(st.integers(1, 3), st.sampled_from([8, 16, 32]))
def test_the_shortest_windows(length: int, width: int) -> None:
    encoder = build_imu_encoder({"name": "conv_imu", "in_channels": 2, "width": width})
    x = torch.randn(4, 1, 2, length, generator=torch.Generator().manual_seed(0))
    features, sequence = encoder(x)
    assert features.shape == (4, encoder.n_features)
    assert sequence.shape[:3] == (4, 1, width)
    assert torch.isfinite(features).all()
    assert features.std(dim=0).max() > 0  # one sample must still tell rows apart


def test_rows_do_not_see_each_other() -> None:
    net, inputs = network().train(), batch()
    whole = net.embed_imu(inputs["imu"])[0]
    rows = torch.cat([net.embed_imu(inputs["imu"][[i]])[0] for i in range(5)])
    assert torch.allclose(whole, rows, atol=1e-5)


def test_amplitude_is_seen() -> None:
    encoder = build_imu_encoder({"name": "conv_imu", "width": 32})
    x = torch.randn(4, 1, 6, 50, generator=torch.Generator().manual_seed(0))
    small, large = encoder(0.2 * x)[0], encoder(2.0 * x)[0]
    assert (small - large).norm() > 0.1 * large.norm()


def test_missing_sensors_are_not_read() -> None:
    net, inputs = network(), batch()
    present = inputs["present"].clone()
    present[:, 0, 1] = False  # no gyro on the left
    present[0, 1] = False  # no right site in the first row
    rubbish = inputs["imu"].clone()
    rubbish[:, 0, 3:] = 99.0
    rubbish[0, 1] = -99.0
    expected = net.embed_imu(inputs["imu"], present)[0]
    assert torch.equal(net.embed_imu(rubbish, present)[0], expected)
    assert not torch.equal(net.embed_imu(inputs["imu"])[0], expected)


def test_missing_sensors_of_the_paper_encoder() -> None:
    net, inputs = network("paper"), batch()
    present = inputs["present"].clone()
    present[:, 0, 1] = False
    rubbish = inputs["imu"].clone()
    rubbish[:, 0, 3:] = 99.0
    assert torch.equal(net.embed_imu(rubbish, present)[0], net.embed_imu(inputs["imu"], present)[0])


@pytest.mark.parametrize("encoder", ["default", "paper"])
def test_hidden_steps_are_not_read(encoder: str) -> None:
    net, inputs = network(encoder), batch()
    rubbish = torch.where(inputs["hidden"][:, None, None], 99.0, inputs["imu"])
    expected = net.embed_imu(inputs["imu"], None, inputs["hidden"])[0]
    assert torch.equal(net.embed_imu(rubbish, None, inputs["hidden"])[0], expected)


@pytest.mark.parametrize("encoder", ["default", "paper"])
def test_sites_have_their_own_meaning_but_any_order(encoder: str) -> None:
    net, x = network(encoder), batch()["imu"]
    present = torch.tensor([[True, False], [True, True]]).expand(len(x), -1, -1)
    expected = net.embed_imu(x, present)
    decoded = net.reconstruct(*expected, x.shape[-1])
    net.read_sites(["right", "left"])
    flipped = net.embed_imu(x.flip(1), present.flip(1))
    assert torch.allclose(flipped[0], expected[0], atol=1e-5)
    assert torch.allclose(net.reconstruct(*flipped, x.shape[-1]).flip(1), decoded, atol=1e-5)
    assert not torch.allclose(net.embed_imu(x, present)[0], expected[0], atol=1e-3)


def test_sites_that_are_not_known_are_read_all_the_same() -> None:
    net, x = network(), batch()["imu"]
    net.read_sites(["left"])
    known = net.embed_imu(x[:, :1])[0]
    net.read_sites(["pocket"])
    assert not torch.allclose(net.embed_imu(x[:, :1])[0], known)


def test_weights_travel_as_arrays() -> None:
    net, inputs = network(), batch()
    weights = get_weights(net)
    assert all(isinstance(w, np.ndarray) for w in weights.values())
    before = {name: w.copy() for name, w in weights.items()}
    other = set_weights(Multi3Net(net.config), weights).eval()
    assert torch.equal(net(inputs)["z_imu"], other(inputs)["z_imu"])
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1.0)
    assert all(np.array_equal(before[name], weights[name]) for name in weights)
    double = set_weights(
        Multi3Net(net.config), {k: v.astype(np.float64) for k, v in weights.items()}
    )
    assert double.imu_mean.dtype == torch.float64
    with pytest.raises(ValueError, match="another network"):
        set_weights(network(width=8), weights)


def test_the_temperature_stays_within_limits() -> None:
    net = network()
    assert net.temperature.item() == pytest.approx(0.1)
    with torch.no_grad():
        net.log_temperature.fill_(-20.0)
    assert net.temperature.item() == pytest.approx(0.01)


def test_batch_norm_of_one_row_uses_what_it_knows() -> None:
    norm = BatchNorm(3).train()
    row = torch.randn(1, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(norm(row), row, atol=1e-4)
    norm(torch.randn(8, 3))
    assert norm.running_mean.abs().sum() > 0
