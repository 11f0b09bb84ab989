"""The trained joint space: embed each modality, predict one from another, score retrieval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from torch import Tensor
from torch.nn import functional

from .._compat import check_is_fitted
from .._inputs import ImuWindows, InputMap, read_imu
from .._torch import LiveModule, resolve_device, submit
from .._typing import AnyArray
from .._warn import warn
from .._windows import Windows
from ..motion import as_sentences
from ..nets import Multi3Net, set_weights
from ..text import encode_unique, resolve_text_encoder
from ._modalities import number_sentences, read_poses
from ._objectives import PAIRS, retrieval_at_1
from ._setup import check_rates, present_rows

__all__ = ["JointSpace"]

MODALITIES = ("imu", "pose", "text")

CHUNK = 512
"""Rows per forward pass."""


class JointSpace(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Gives a pretrainer the methods that use its trained network."""

    text_encoder: Any
    channels: Sequence[str] | None
    device: str
    weights_: dict[str, AnyArray]
    config_: dict[str, Any]
    input_: InputMap  # None if there was no IMU, which `_require` rules out where it is used
    n_components_: int
    imu_rate_: float | None
    _live: LiveModule

    def transform(self, X: Any) -> AnyArray:
        """Embed IMU windows in the joint space.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows.

        Returns
        -------
        ndarray of shape (n, n_components)
            Embeddings of unit length: float32 for float32 and for `Windows`, otherwise float64.

        See Also
        --------
        embed : Embeds windows of any modality.
        """
        return self.embed(X)

    def embed(self, X: Any, modality: str = "imu") -> AnyArray:
        """Embed one modality of windows in the joint space.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows, or `Windows` with the modality.
        modality : {"imu", "pose", "text"}, default="imu"
            The modality to embed. The embeddings of several paraphrases of a caption are averaged.
            Captions can contain the label of a window, so do not classify by them by accident.

        Returns
        -------
        ndarray of shape (n, n_components)
            Embeddings of unit length: float64 for a float64 array, otherwise float32.

        Raises
        ------
        ValueError
            If the pretrainer was not trained with the modality, or a row of X lacks it.

        See Also
        --------
        embed_text : Embeds sentences.
        """
        check_is_fitted(self, "weights_")
        if modality not in MODALITIES:
            raise ValueError(f"modality must be 'imu', 'pose' or 'text', got {modality!r}.")
        self._require(modality, self.config_["encoders"], "modality")
        if modality == "imu":
            imu = self._read(X)
            return self._embed_imu(imu).astype(imu.values.dtype, copy=False)
        self._check_column(X, modality)
        if modality == "pose":
            return self._run_on_poses(pose_embeddings, X)
        return self._embed_captions(X["text"])

    def embed_text(self, sentences: Sequence[str]) -> AnyArray:
        """Embed sentences in the joint space.

        Parameters
        ----------
        sentences : sequence of str
            Captions, or descriptions of classes.

        Returns
        -------
        ndarray of shape (k, n_components)
            Embeddings of unit length.
        """
        check_is_fitted(self, "weights_")
        self._require("text", self.config_["encoders"], "modality")
        vectors = encode_unique(resolve_text_encoder(self.text_encoder), sentences)
        if len(vectors) == 0:
            raise ValueError("sentences is empty: give at least one.")
        if vectors.shape[1] != self.config_["text_size"]:
            raise ValueError(
                f"text_encoder returns vectors of size {vectors.shape[1]}, but the pretrainer was "
                f"trained on {self.config_['text_size']}: set the text_encoder it was trained with."
            )
        return self._run(text_embeddings, vectors)

    def predict_imu(self, X: Windows) -> AnyArray:
        """Predict IMU windows from pose windows.

        Parameters
        ----------
        X : Windows
            With a column ``pose``, cut like the windows of the training.

        Returns
        -------
        ndarray of shape (n, C, T), float32
            The channels of the training at `rate`, in m/s² and rad/s.
        """
        check_is_fitted(self, "weights_")
        self._require("pose2imu", self.config_["decoders"], "objective")
        self._check_column(X, "pose")
        return self.input_.invert(self._run_on_poses(predicted_imu, X))

    def reconstruct(self, X: Any, hidden: ArrayLike | None = None) -> AnyArray:
        """Reconstruct parts of IMU windows from the other parts.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            IMU windows.
        hidden : array-like of bool of shape (T,) or (n, T), optional
            Steps, at the encoder's rate, to hide and to reconstruct. All other steps are returned
            as they are. With None, each eighth of a window is reconstructed from its neighbors.

        Returns
        -------
        ndarray of the shape of X
            At the encoder's rate, in the units of X.
        """
        check_is_fitted(self, "weights_")
        self._require("reconstruction", self.config_["decoders"], "objective")
        imu = self._read(X)
        input_map = self.input_.adapted(imu)
        x = input_map(imu)
        present = imu.present(input_map.layout)

        def decode(mask: NDArray[np.bool_]) -> AnyArray:
            sites = input_map.layout.sites
            decoded = self._run(reconstructed_imu, x, present, mask, sites=sites)
            return decoded.astype(x.dtype, copy=False)

        shape = (len(x), x.shape[-1])
        if hidden is None:
            mask = np.broadcast_to(alternate_eighths(shape[1]), shape)
            filled = np.where(mask[:, None, None], decode(mask), decode(~mask))
        else:
            mask = check_hidden(hidden, shape)
            filled = np.where(mask[:, None, None], decode(mask), x)
        signal = input_map.invert(filled)
        return signal[:, 0] if imu.flat else signal

    def score(self, X: Any, y: Any = None) -> float:
        """Return how often modalities retrieve each other.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows
            With two or more trained modalities, the score is the share of rows whose nearest
            neighbor in another modality is the same row or one of the same caption, averaged over
            both directions and over all pairs of modalities. It depends on the number of rows.
            With IMU only, it is the negative mean squared error of `reconstruct`, in units of the
            network's input.
        y : None
            Ignored.

        Returns
        -------
        float
            Higher is better.
        """
        check_is_fitted(self, "weights_")
        masks = present_rows(X, simulated=False) if isinstance(X, Windows) else {}
        known = set(self.config_["encoders"]) & set(masks)
        pairs = [(a, b, masks[a] & masks[b]) for a, b in PAIRS.values() if {a, b} <= known]
        found = [self._retrieval(X[both], a, b) for a, b, both in pairs if both.any()]
        return float(np.mean(found)) if found else self._reconstruction_score(X)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    # ---- for the classifier

    def _imu_encoder(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Return configuration and weights of the IMU encoder, for ``build_imu_encoder``."""
        check_is_fitted(self, "weights_")
        self._require("imu", self.config_["encoders"], "modality")
        prefix = "encoders.imu."
        weights = {
            name.removeprefix(prefix): value
            for name, value in self.weights_.items()
            if name.startswith(prefix)
        }
        return dict(self.config_["encoders"]["imu"]), weights

    def _embed_imu(self, imu: ImuWindows) -> AnyArray:
        """Return embeddings of unit length, (n, n_components), of windows read by ``read_imu``."""
        input_map = self.input_.adapted(imu)
        layout, x = input_map.layout, input_map(imu)
        present = imu.present(layout)
        return self._run(imu_embeddings, x, present, sites=layout.sites)

    # ---- inside

    def _embed_captions(self, texts: AnyArray) -> AnyArray:
        """Return the normalized mean embedding of each row's paraphrases."""
        rows = [as_sentences(text) for text in texts]
        embedded = self.embed_text([sentence for row in rows for sentence in row])
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        total = np.zeros((len(rows), embedded.shape[1]), embedded.dtype)
        np.add.at(total, owner, embedded)
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)

    def _read(self, X: Any) -> ImuWindows:
        """Return the IMU windows of X, checked against those of the training."""
        self._require("imu", self.config_["encoders"], "modality")
        imu = read_imu(self, X, reset=False, channels=self.channels, adapts=True, partial=True)
        check_rates(imu)
        if imu.rate is None and self.imu_rate_ is not None and not self.input_.layout.is_series:
            raise ValueError(
                f"This pretrainer was trained on windows of {self.imu_rate_:g} Hz, and the rate of "
                "X is unknown. Give the samples per second of X: Windows(imu=X, rate=50.0)."
            )
        self.input_.adapted(imu).warn_units(imu)
        self._warn_without_acc(imu)
        return imu

    def _warn_without_acc(self, imu: ImuWindows) -> None:
        """Warn about sites without the accelerometer that all training windows had."""
        layout, trained = self.input_.adapted(imu).layout, self.input_.layout
        if layout.is_series or not trained.present[:, 0].all():
            return
        sites = [s for s, acc in zip(layout.sites, layout.present[:, 0], strict=True) if not acc]
        if sites:
            at = f" at {', '.join(sites)}" if any(sites) else ""
            warn(
                f"X has no accelerometer{at}, but the encoder was trained with one. It has learned "
                "to do without a gyroscope or a site, not without an accelerometer, so "
                "descriptions may do no better than chance. Give the accelerations as well."
            )

    def _check_column(self, X: Any, name: str) -> None:
        """Raise ValueError unless X is Windows of which every row has a pose or a text."""
        if not isinstance(X, Windows) or name not in X:
            given = ", ".join(X.columns) if isinstance(X, Windows) else type(X).__name__
            raise ValueError(f"X must be Windows with a column {name!r}, got {given}.")
        missing = ~X.present(name)
        if name == "text":
            missing |= np.array([not as_sentences(text) for text in X["text"]], dtype=bool)
        if missing.any():
            raise ValueError(
                f"{int(missing.sum())} of {len(X)} rows have no {name}; give those that have one."
            )
        if len(X) == 0:
            raise ValueError("X has 0 rows; at least one window is required.")

    def _require(self, name: str, trained: Sequence[str] | Mapping[str, Any], kind: str) -> None:
        """Raise ValueError unless a modality or an objective was trained."""
        if name not in trained:
            raise ValueError(
                f"This pretrainer was not trained with the {kind} {name!r}, only with "
                f"{', '.join(trained) or 'none'}. Fit it on rows that have what it needs."
            )

    def _retrieval(self, rows: Windows, a: str, b: str) -> float:
        """Return how often two modalities retrieve each other."""
        same = number_sentences(rows)[0] if "text" in rows else None
        return retrieval_at_1(self.embed(rows, a), self.embed(rows, b), same)

    def _reconstruction_score(self, X: Any) -> float:
        """Return the negative mean squared error of reconstructed windows in network units."""
        imu = self._read(X)
        input_map = self.input_.adapted(imu)
        signal = self.reconstruct(X)
        # it has the encoder's rate already, and without a rate it is not resampled
        guess = replace(imu, values=signal[:, None] if imu.flat else signal, rate=None)
        there = np.repeat(imu.present(input_map.layout), 3, axis=2)[..., None]
        where: Any = True if imu.measured is None else there
        return -float(np.mean((input_map(guess) - input_map(imu)) ** 2, where=where))

    def _run(
        self,
        function: Callable[..., torch.Tensor],
        *arrays: AnyArray,
        sites: Sequence[str] = (),
    ) -> AnyArray:
        """Apply a function of the network and of rows in evaluation mode."""
        device = resolve_device(self.device)
        with self._net() as net:
            net.to(device)
            if sites:
                net.read_sites(sites)
            return submit(apply_in_chunks, function, net, arrays, device).result()

    def _run_on_poses(self, function: Callable[..., torch.Tensor], X: Windows) -> AnyArray:
        """Apply a function of the network and of pose features, chunk by chunk."""
        return np.concatenate([self._run(function, read_poses(X, rows)) for rows in chunks(len(X))])

    def _net(self) -> AbstractContextManager[Any]:
        """Lend the network, built again after pickling or loading."""
        if not hasattr(self, "_live"):  # loaded from a file
            self._live = LiveModule()
        config, weights = self.config_, self.weights_
        return self._live.use(weights, lambda: set_weights(Multi3Net(config), weights).eval())


# ---- forward passes: functions of a network and tensors of rows


def chunks(n_rows: int) -> list[NDArray[np.int64]]:
    """Split rows into chunks that fit into memory."""
    return [np.arange(i, min(i + CHUNK, n_rows)) for i in range(0, n_rows, CHUNK)]


def apply_in_chunks(
    function: Callable[..., Tensor], net: Multi3Net, arrays: Sequence[NDArray[Any]], device: str
) -> NDArray[Any]:
    """Apply a function (net, tensors of rows) -> tensor to all rows, in the net's dtype."""
    dtype = net.imu_mean.dtype
    parts = []
    with torch.inference_mode():
        for rows in chunks(len(arrays[0])):
            tensors = [torch.as_tensor(array[rows]).to(device) for array in arrays]
            inputs = [t.to(dtype) if t.is_floating_point() else t for t in tensors]
            parts.append(function(net, *inputs).cpu().numpy())
    return np.concatenate(parts)


def imu_embeddings(net: Multi3Net, x: Tensor, present: Tensor) -> Tensor:
    """Return unit embeddings of IMU windows."""
    return functional.normalize(net.embed_imu(x, _missing(present))[0])


def pose_embeddings(net: Multi3Net, frames: Tensor) -> Tensor:
    """Return unit embeddings of pose features."""
    return functional.normalize(net.embed_pose(frames)[0])


def text_embeddings(net: Multi3Net, vectors: Tensor) -> Tensor:
    """Return unit embeddings of sentence vectors."""
    return functional.normalize(net.embed_text(vectors))


def predicted_imu(net: Multi3Net, frames: Tensor) -> Tensor:
    """Return IMU windows in network units."""
    embedding, sequence = net.embed_pose(frames)
    return net.predict_imu(embedding, sequence, frames)


def reconstructed_imu(net: Multi3Net, x: Tensor, present: Tensor, hidden: Tensor) -> Tensor:
    """Return IMU windows in network units, decoded from the steps that are not hidden."""
    embedding, sequence = net.embed_imu(x, _missing(present), hidden)
    return net.reconstruct(embedding, sequence, x.shape[-1])


def _missing(present: Tensor) -> Tensor | None:
    """Return the mask of sensors, or None if all are present."""
    return None if bool(present.all()) else present


def alternate_eighths(n_times: int) -> NDArray[np.bool_]:
    """Mark every other eighth of a window, starting with the first."""
    parts = min(8, n_times)
    return (np.arange(n_times) * parts // n_times) % 2 == 0


def check_hidden(hidden: ArrayLike, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return a mask of rows and steps; raise ValueError if it is not one."""
    mask = np.asarray(hidden)
    if mask.dtype.kind != "b" or mask.shape not in (shape, shape[1:]):
        raise ValueError(
            f"hidden must be booleans of shape {shape} or {shape[1:]}, got {mask.dtype} of shape "
            f"{mask.shape}."
        )
    return np.broadcast_to(mask, shape)
