"""The whole network: three encoders into one space and two decoders; configuration and weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ._decoders import Pose2Imu, Projection, Reconstruction
from ._encoders import ConvImuEncoder, ConvPoseEncoder
from ._foreign import ForeignImuEncoder
from ._paper import HEADS, PaperDecoder, PaperImuEncoder, PaperPoseEncoder, PaperTextEncoder

__all__ = [
    "Multi3Net",
    "build_imu_encoder",
    "get_weights",
    "multi3net_config",
    "place_unknown_site",
    "set_weights",
]

TEMPERATURES = (0.01, 1.0)
"""Limits of the learned temperature."""

ENCODERS = {
    "conv_imu": ConvImuEncoder,
    "conv_pose": ConvPoseEncoder,
    "foreign": ForeignImuEncoder,
    "identity": nn.Identity,
    "paper_imu": PaperImuEncoder,
    "paper_pose": PaperPoseEncoder,
    "paper_text": PaperTextEncoder,
}

Config = Mapping[str, Any]

SITE_VECTORS = "encoders.imu.site_vectors.weight"


def multi3net_config(
    encoder: str,
    *,
    modalities: Sequence[str],
    decoders: Sequence[str],
    width: int | None = None,
    sites: Sequence[str] = ("",),
    in_channels: int = 6,
    n_times: int = 1,
    pose_shape: tuple[int, int] = (0, 0),
    text_size: int = 0,
) -> dict[str, Any]:
    """Describe a network by numbers, strings, lists and dicts.

    Parameters
    ----------
    encoder : {"default", "paper"}
        Convolutions, or the published architecture.
    modalities : sequence of {"imu", "pose", "text"}
        Modalities with an encoder.
    decoders : sequence of {"reconstruction", "pose2imu"}
        Objectives with a decoder.
    width : int, optional
        Width of the encoders and of the joint space (128; paper 256).
    sites : sequence of str
        Names of the IMU's sites.
    in_channels, n_times : int
        Channels per site and samples per window.
    pose_shape : tuple of int
        Pose features per frame, and frames.
    text_size : int
        Size of the sentence vectors.

    Returns
    -------
    dict
        The configuration that `Multi3Net` builds.
    """
    paper = encoder == "paper"
    width = width or (256 if paper else 128)
    if paper and width % HEADS:
        raise ValueError(
            f"encoder='paper' needs a width that is a multiple of {HEADS}, its number of attention "
            f"heads; got {width}."
        )
    n_features, n_frames = pose_shape
    imu = {"in_channels": in_channels, "sites": list(sites), "width": width}
    parts: dict[str, dict[str, Any]]
    if paper:
        parts = {
            "imu": {"name": "paper_imu", "n_times": n_times, **imu},
            "pose": {
                "name": "paper_pose",
                "in_channels": n_features,
                "n_frames": n_frames,
                "width": width,
            },
            "text": {"name": "paper_text", "n_in": text_size, "width": width},
        }
    else:
        parts = {
            "imu": {"name": "conv_imu", **imu},
            "pose": {"name": "conv_pose", "in_channels": n_features, "width": width},
            "text": {"name": "identity"},
        }
    return {
        "paper": paper,
        "encoders": {name: parts[name] for name in modalities},
        "decoders": list(decoders),
        "temperature": 0.07 if paper else 0.1,
        "n_times": n_times,
        "n_sites": len(sites),
        "in_channels": in_channels,
        "pose_features": n_features,
        "text_size": text_size,
        "width": width,
    }


def build_imu_encoder(config: Config) -> nn.Module:
    """Build an IMU encoder with fresh weights.

    Parameters
    ----------
    config : mapping
        ``name`` (``"conv_imu"``, ``"paper_imu"`` or ``"foreign"``) and the keyword arguments of the
        encoder.

    Returns
    -------
    torch.nn.Module
        ``module(x, present=None, hidden=None) -> (features, sequence or None)``; ``n_features``
        is the width of the features, ``read_sites(names)`` sets the sites of the inputs.

    Examples
    --------
    >>> import torch
    >>> encoder = build_imu_encoder({"name": "conv_imu", "width": 8})
    >>> encoder(torch.zeros(2, 1, 6, 40))[0].shape
    torch.Size([2, 24])
    """
    arguments = dict(config)
    return ENCODERS[arguments.pop("name")](**arguments)


class Multi3Net(nn.Module):
    """Encoders of IMU, pose and text with a common space, and decoders of IMU windows.

    Parameters
    ----------
    config : mapping
        As made by :func:`multi3net_config`.
    """

    deviation: Tensor
    imu_mean: Tensor
    imu_scale: Tensor
    log_temperature: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = dict(config)
        sites, channels = config["n_sites"], config["in_channels"]
        self.encoders, self.heads, self.decoders = (nn.ModuleDict() for _ in range(3))
        for name, part in config["encoders"].items():
            self.encoders[name] = build_imu_encoder(part)
            self.heads[name] = self._head(name)
        for name in config["decoders"]:
            self.decoders[name] = self._decoder(name)
        self.register_buffer("deviation", torch.ones(channels))
        self.register_buffer("imu_mean", torch.zeros(sites, channels))
        self.register_buffer("imu_scale", torch.ones(sites, channels))
        log_temperature = torch.tensor(math.log(config["temperature"]))
        if config["paper"]:
            self.register_buffer("log_temperature", log_temperature)
        else:
            self.log_temperature = nn.Parameter(log_temperature)

    def _head(self, name: str) -> nn.Module:
        """Return the map from an encoder's features to the joint space."""
        if self.config["paper"]:  # its encoders end in the joint space
            return nn.Identity()
        encoder: Any = self.encoders[name]
        n_features = self.config["text_size"] if name == "text" else encoder.n_features
        return Projection(n_features, self.config["width"])

    def _decoder(self, name: str) -> nn.Module:
        """Return the decoder of an objective."""
        width, sites = self.config["width"], self.config["n_sites"]
        channels = self.config["in_channels"]
        if self.config["paper"]:
            return PaperDecoder(width, sites, channels, self.config["n_times"])
        if name == "reconstruction":
            return Reconstruction(width, width, channels)
        return Pose2Imu(self.config["pose_features"], width, width, sites)

    @property
    def temperature(self) -> Tensor:
        """The scale of the contrastive losses."""
        return self.log_temperature.exp().clamp(*TEMPERATURES)

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute everything that the objectives of a batch need.

        Parameters
        ----------
        batch : mapping
            ``imu`` (k, S, C, T) with ``present`` (k, S, 2) and optionally ``hidden`` (k, T);
            ``pose`` (l, P, F); ``text`` (m, d): the rows that have the modality, if any.
            ``paired`` (l,): pose rows whose IMU is to be predicted. ``view`` (k, S, C, T') with
            ``view_present``: the same IMU windows, augmented in another way.

        Returns
        -------
        dict
            ``z_imu``, ``z_view``, ``z_pose``, ``z_text`` of unit length; ``reconstruction`` of the
            rows with hidden steps and ``predicted`` of the paired rows, in network units;
            ``temperature``, and the typical deviations ``deviation`` (C,), ``imu_scale`` (S, C).
        """
        out = {
            "temperature": self.temperature,
            "deviation": self.deviation,
            "imu_scale": self.imu_scale,
        }
        if "imu" in batch:
            hidden = batch.get("hidden")
            z, sequence = self.embed_imu(batch["imu"], batch.get("present"), hidden)
            out["z_imu"] = functional.normalize(z)
            if hidden is not None and "reconstruction" in self.decoders:
                rows = hidden.any(dim=1)
                part = None if sequence is None else sequence[rows]
                out["reconstruction"] = self.reconstruct(z[rows], part, hidden.shape[1])
        if "view" in batch:
            z, _ = self.embed_imu(batch["view"], batch["view_present"])
            out["z_view"] = functional.normalize(z)
        if "pose" in batch:
            frames = batch["pose"]
            z, sequence = self.embed_pose(frames)
            out["z_pose"] = functional.normalize(z)
            if "paired" in batch and "pose2imu" in self.decoders:
                rows = batch["paired"]
                part = None if sequence is None else sequence[rows]
                out["predicted"] = self.predict_imu(z[rows], part, frames[rows])
        if "text" in batch:
            out["z_text"] = functional.normalize(self.embed_text(batch["text"]))
        return out

    def read_sites(self, names: Sequence[str]) -> None:
        """Set the sites of the IMU windows to come."""
        encoder: Any = self.encoders["imu"]
        encoder.read_sites(names)

    def embed_imu(
        self, x: Tensor, present: Tensor | None = None, hidden: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return embeddings (not normalized) and the feature sequence of IMU windows."""
        features, sequence = self.encoders["imu"](x, present, hidden)
        return self.heads["imu"](features), sequence

    def embed_pose(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return embeddings (not normalized) and the feature sequence of poses."""
        features, sequence = self.encoders["pose"](frames)
        return self.heads["pose"](features), sequence

    def embed_text(self, vectors: Tensor) -> Tensor:
        """Return embeddings (not normalized) of sentence vectors."""
        return self.heads["text"](self.encoders["text"](vectors))

    def reconstruct(self, embedding: Tensor, sequence: Tensor | None, n_times: int) -> Tensor:
        """Decode IMU windows (n, S, C, T) in network units."""
        decoder = self.decoders["reconstruction"]
        if sequence is None:
            encoder: Any = self.encoders["imu"]
            return encoder.as_read(decoder(embedding))
        return decoder(embedding, sequence, n_times)

    def predict_imu(self, embedding: Tensor, sequence: Tensor | None, frames: Tensor) -> Tensor:
        """Predict IMU windows (n, S, 6, T) in network units from encoded poses."""
        decoder = self.decoders["pose2imu"]
        if sequence is None:
            decoded = decoder(embedding)
        else:
            decoded = decoder(embedding, sequence, frames, self.config["n_times"])
        return self.imu_mean[..., None] + self.imu_scale[..., None] * decoded


# ---- weights


def get_weights(module: nn.Module) -> dict[str, NDArray[Any]]:
    """Copy a module's parameters and buffers into NumPy arrays on the CPU."""
    return {
        name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()
    }


def set_weights(module: nn.Module, weights: Mapping[str, NDArray[Any]]) -> nn.Module:
    """Load arrays into a module, which takes on their dtype, and return it.

    Raises
    ------
    ValueError
        If names or shapes differ.
    """
    floats = [w.dtype for w in weights.values() if w.dtype.kind == "f"]
    if floats:
        module.to(torch.float64 if floats[0] == np.float64 else torch.float32)
    try:
        # asarray: a memory-mapped or read-only array must not become a tensor that shares it
        module.load_state_dict({k: torch.tensor(np.asarray(w)) for k, w in weights.items()})
    except RuntimeError as error:
        raise ValueError(f"These weights belong to another network: {error}") from error
    return module


def place_unknown_site(weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Set the vector of an unknown site to the mean of those of the known sites.

    No training row has an unknown site, so its vector would keep its random initial value.
    """
    if SITE_VECTORS in weights:
        vectors = weights[SITE_VECTORS]
        vectors[-1] = vectors[:-1].mean(axis=0)
    return weights
