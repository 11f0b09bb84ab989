"""From a fitted network to an ONNX graph: (n, S, 6, T) -> logits (networks, n, classes).

Before the export, whatever does not depend on the window is computed once:

- sensors that X lacks are replaced by their learned vectors, and only the vectors of the sites of X
  are kept;
- where one site is followed by a linear head W, the last layer V of the fusion is merged into it,
  ``W (f + V g(f) + b) + c = W f + (W V) g(f) + (W b + c)``, which saves 0.6 MB;
- the recurrent layer becomes the operator GRU of ONNX, since the exporter would unroll it.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from .._inputs import Layout
from .._typing import AnyArray
from .._version import __version__
from ..nets import ConvImuEncoder, ImuClassifier, build_classifier, set_weights

__all__ = ["load_onnx", "network_bytes", "store_as_int8"]

FEWEST_WEIGHTS = 1024
"""Smaller tensors stay in float32, since they cost nothing."""


def load_onnx() -> Any:
    """Import the optional package onnx, or say how to install it."""
    try:
        import onnx
        import onnxscript  # noqa: F401 - the exporter of torch needs it
    except ImportError as error:
        raise ImportError(
            'Exporting needs onnx and onnxscript: pip install "m3n-sklearn[deploy]". The exported '
            "model needs onnxruntime only."
        ) from error
    return onnx


def network_bytes(
    networks: Sequence[tuple[dict[str, Any], dict[str, AnyArray]]],
    layout: Layout,
    shape: tuple[int, int],
    length: int | None,
) -> bytes:
    """Return the ONNX file of networks (config, weights) for (n, *shape, T), any T or `length`."""
    load_onnx()
    joint = _Joint([_prepared(config, weights, layout) for config, weights in networks]).eval()
    example = torch.zeros(2, *shape, length or 64)
    free: dict[int, Any] = {0: torch.export.Dim("windows")}
    if length is None:
        free[3] = torch.export.Dim("samples", min=2)
    with warnings.catch_warnings(), _quiet("torch.onnx"), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            joint,
            (example,),
            dynamo=True,
            input_names=["imu"],
            output_names=["logits"],
            dynamic_shapes={"imu": free},
            verbose=False,
        )
    buffer = io.BytesIO()
    cast(Any, program).save(buffer)
    return _without_traces(buffer.getvalue())


def _without_traces(content: bytes) -> bytes:
    """Drop the source lines that the exporter notes for each operator, a twentieth of the file."""
    model = load_onnx().load_from_string(content)
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    model.producer_name, model.producer_version = "m3n_sklearn", __version__
    return cast(bytes, model.SerializeToString())


class _quiet:
    """Silence a logger, which reports each operator of packages that are not installed."""

    def __init__(self, name: str) -> None:
        self.logger = logging.getLogger(name)

    def __enter__(self) -> None:
        self.level = self.logger.level
        self.logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        self.logger.setLevel(self.level)


class _Joint(nn.Module):
    """Several networks on the same windows."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, imu: Tensor) -> Tensor:
        """Return logits (networks, n, classes)."""
        return torch.stack([network({"imu": imu})["logits"] for network in self.networks])


def _prepared(config: dict[str, Any], weights: dict[str, AnyArray], layout: Layout) -> nn.Module:
    """Return a network in float32 whose constants are computed."""
    module = set_weights(build_classifier(config), weights).float().eval()
    present = None if layout.is_series or layout.present.all() else layout.present
    for name, part in list(module.named_modules()):
        if isinstance(part, nn.GRU):
            parent = module.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], _OnnxGRU(part))
    for part in module.modules():
        if isinstance(part, ImuClassifier):
            _merge_fusion_into_head(part)
    return module if present is None else _WithPresent(module, present)


class _WithPresent(nn.Module):
    """A network that is told, in each window, which sensors there are."""

    def __init__(self, network: nn.Module, present: AnyArray) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("present", torch.tensor(present))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return ``logits``."""
        imu = batch["imu"]
        present = cast(Tensor, self.present).expand(imu.shape[0], -1, -1)
        return cast(dict[str, Tensor], self.network({"imu": imu, "present": present}))


def _merge_fusion_into_head(network: ImuClassifier) -> None:
    """Merge the last layer of the fusion of a single site into the linear head, in place."""
    encoder, head = network.encoder, network.head
    if not isinstance(encoder, ConvImuEncoder) or encoder.site_vectors is None:
        return
    if len(encoder.site_index) != 1 or head.mixture is not None:
        return
    with torch.no_grad():
        inner, last = cast(nn.Linear, encoder.fusion[0]), cast(nn.Linear, encoder.fusion[2])
        vector = encoder.site_vectors.weight[encoder.site_index[0]]
        size = encoder.n_features
        outer = head.linear.weight[:, :size].double()
        merged = _MergedFusion(
            inner.weight,
            inner.bias + inner.weight @ vector,
            (outer @ last.weight.double()).float(),
        )
        head.linear.bias.add_((outer @ last.bias.double()).float())
    encoder.site_vectors = None  # features are now those before the fusion
    network.head = cast(Any, _MergedHead(head.linear, merged, size))


class _MergedFusion(nn.Module):
    """Features -> what the fusion adds to the logits."""

    def __init__(self, inner: Tensor, bias: Tensor, outer: Tensor) -> None:
        super().__init__()
        self.inner = nn.Linear(inner.shape[1], inner.shape[0])
        self.outer = nn.Linear(outer.shape[1], outer.shape[0], bias=False)
        self.inner.weight.copy_(inner)
        self.inner.bias.copy_(bias)
        self.outer.weight.copy_(outer)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        return cast(Tensor, self.outer(nn.functional.gelu(self.inner(features))))


class _MergedHead(nn.Module):
    """Features before the fusion -> logits."""

    def __init__(self, linear: nn.Linear, merged: _MergedFusion, size: int) -> None:
        super().__init__()
        self.linear, self.merged, self.size = linear, merged, size

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Return ``logits``."""
        return {"logits": self.linear(features) + self.merged(features[:, : self.size])}


class _OnnxGRU(nn.Module):
    """A recurrent layer of both directions as one operator of ONNX."""

    def __init__(self, layer: nn.GRU) -> None:
        super().__init__()

        def both(name: str) -> Tensor:
            """Return a weight of both directions; the gates are r z h in torch, z r h in ONNX."""
            parts = [getattr(layer, name + end).detach().chunk(3) for end in ("", "_reverse")]
            return torch.stack([torch.cat([z, r, h]) for r, z, h in parts])

        biases = torch.cat([both("bias_ih_l0"), both("bias_hh_l0")], dim=1)
        self.hidden_size = layer.hidden_size
        self.weights = nn.ParameterList([both("weight_ih_l0"), both("weight_hh_l0"), biases])

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Return the states (n, L, 2 hidden_size); the last state is not used."""
        states = torch.onnx.ops.symbolic(
            "GRU",
            (x.transpose(0, 1), *self.weights),
            attrs={
                "hidden_size": self.hidden_size,
                "direction": "bidirectional",
                "linear_before_reset": 1,
            },
            dtype=torch.float32,
            shape=(x.shape[1], 2, x.shape[0], self.hidden_size),
        )
        return states.permute(2, 0, 1, 3).flatten(2), None


def store_as_int8(content: bytes) -> bytes:
    """Return the graph with its large weights as 8-bit integers and one scale a channel.

    The weights are expanded when the model runs, so all operators calculate in float32. The linear
    map of a head stays as it is: it reads features of different scales, and takes little space.
    """
    onnx = load_onnx()
    model = onnx.load_from_string(content)
    graph = model.graph
    reader = {name: node for node in graph.node for name in node.input}
    kept, nodes = [], []
    for tensor in graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        is_head = tensor.name.endswith("head.linear.weight")
        if values.dtype != np.float32 or values.size < FEWEST_WEIGHTS or is_head:
            kept.append(tensor)
            continue
        # 1. The axis of the output channels: each has a scale of its own
        kind = reader[tensor.name].op_type
        transposed = any(a.name == "transB" and a.i for a in reader[tensor.name].attribute)
        axis = 1 if kind in ("MatMul", "GRU") or (kind == "Gemm" and not transposed) else 0
        others = tuple(k for k in range(values.ndim) if k != axis)
        scale = np.abs(values).max(axis=others) / 127
        scale = np.where(scale > 0, scale, 1).astype(np.float32)
        shape = [-1 if k == axis else 1 for k in range(values.ndim)]
        codes = np.rint(values / scale.reshape(shape)).astype(np.int8)
        # 2. Integers, scales and the operator that multiplies them
        names = [f"{tensor.name}.{what}" for what in ("codes", "scale")]
        kept += [
            onnx.numpy_helper.from_array(array, name)
            for array, name in zip((codes, scale), names, strict=True)
        ]
        nodes.append(onnx.helper.make_node("DequantizeLinear", names, [tensor.name], axis=axis))
    operators = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes + operators)
    return cast(bytes, model.SerializeToString())
