"""What a fitted classifier does with windows: read them as in `fit`, and predict."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from .._compat import check_is_fitted, check_params
from .._inputs import ImuWindows, InputMap, Layout, read_imu
from .._torch import LiveModule, resolve_device
from .._typing import AnyArray
from .._warn import warn
from .._windows import Windows
from ..nets import build_classifier, set_weights
from ..pretraining import FINE_TUNING, Augmentation, resolve_augmentation
from ._foreign import ForeignEncoder, foreign_within, with_functions
from ._outputs import check_finite, probabilities, run_in_chunks, turned_views
from ._pretrained import as_list, reads_one_length

__all__ = ["Predictor", "sensors_in"]

OTHER_LENGTH = 1.3
"""Ratio of the length of windows to that of fit from which on a warning says it."""


class Predictor:
    """Gives a classifier of windows the methods `predict` and `predict_proba`."""

    pretrainer: Any
    augment: str | Augmentation | None
    rate: float | None
    channels: Any
    device: str
    classes_: AnyArray
    strategy_: str
    input_: InputMap
    channels_: tuple[str, ...] | None
    rate_: float | None
    seconds_: float | None
    config_: dict[str, Any]
    weights_: dict[str, AnyArray]
    _live: LiveModule
    _foreign: Sequence[ForeignEncoder | None]

    def predict_proba(self, X: Any) -> AnyArray:
        """Return the probability of each class for each window.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times) or (n, n_times), or Windows
            Windows of the kind that was fitted; 3-D ones may be longer or shorter, with a warning.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows sum to 1; columns are in the order of `classes_`.
        """
        return probabilities(self._snapshot()._logits(X))

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable class of each window.

        Parameters
        ----------
        X : ndarray of shape (n, n_channels, n_times) or (n, n_times), or Windows
            Windows of the kind that was fitted; 3-D ones may be longer or shorter, with a warning.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        fitted = self._snapshot()
        return fitted.classes_[fitted.predict_proba(X).argmax(axis=1)]

    def _snapshot(self) -> Self:
        """Return this classifier as it is now, whatever other threads teach it meanwhile."""
        check_is_fitted(self)
        if not hasattr(self, "_live"):  # loaded from a file
            self._live = LiveModule()
        copied = object.__new__(type(self))
        copied.__dict__.update(vars(self))
        return copied

    def _logits(self, X: Any) -> AnyArray:
        """Return the logits (n_views, n, n_classes) of the views of each window."""
        check_is_fitted(self)
        check_params(self, ("augment", "rate", "channels", "device"))  # may be set after the fit
        # 1. Windows -> network input
        imu = self._read(X, reset=False)
        input_map = self._map_of(imu)
        if not self._averages_views():
            input_map.warn_if_turned(imu)
        self._warn_about_length(imu)
        x, layout = input_map(imu), input_map.layout
        present = None if layout.is_series else layout.present
        # 2. One view, or several orientations if the mounting is unknown
        cropped = not reads_one_length(self.config_)
        views = turned_views(x, cropped=cropped) if self._averages_views() else [x]
        # 3. Forward passes
        threads, device = torch.get_num_threads(), resolve_device(self.device)

        def forward(batch: dict[str, Tensor]) -> Tensor:
            return module(batch)["logits"]

        with self._module() as module:
            logits = np.stack(
                [run_in_chunks(forward, module, v, present, device, threads) for v in views]
            )
        check_finite(logits, imu.values)
        return logits

    def _averages_views(self) -> bool:
        """Tell whether several orientations are averaged, because the mounting is unknown."""
        augmentation = self._augmentation(self.input_.layout)
        return augmentation is not None and augmentation.rotation == "so3"

    def _module(self) -> AbstractContextManager[Any]:
        """Lend the network with the fitted weights, built on first use."""
        config, weights = self.config_, self.weights_
        return self._live.use(
            weights, lambda: set_weights(build_classifier(self._with_functions(config)), weights)
        )

    def _given_foreign(self) -> list[ForeignEncoder | None]:
        """Return the encoders of others among the pretrainers, and None for each other one."""
        return [foreign_within(given) for given in as_list(self.pretrainer)]

    def _with_functions(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return the configuration of a network that calls encoders of others.

        They are those of the last fit. After loading, they are given again as `pretrainer`.
        """
        loaded = not hasattr(self, "_foreign")
        return with_functions(config, self._given_foreign() if loaded else self._foreign)

    # ---- inside

    def _augmentation(self, layout: Layout) -> Augmentation | None:
        """Return the augmentation of the training, or None."""
        return resolve_augmentation(self.augment, FINE_TUNING, series=layout.is_series)

    def _read(self, X: Any, *, reset: bool) -> ImuWindows:
        """Return windows, checked; unless `reset`, they must have the channels of `fit`."""
        rate = self.rate
        if not reset and isinstance(X, Windows) and X.rate("imu") is not None:
            rate = None  # these windows know their own rate, which may differ from that of fit
        elif not reset and rate is None:
            rate = self.rate_
        imu = read_imu(self, X, reset=reset, rate=rate, channels=self.channels)
        imu.check_rate()
        if not reset:
            self._layout_of(imu)
        return imu

    def _map_of(self, imu: ImuWindows) -> InputMap:
        """Return the map from windows to network input, whose sites are in the order of `fit`."""
        input_map = replace(self.input_, layout=self._layout_of(imu))
        input_map.warn_units(imu)
        return input_map

    def _warn_about_length(self, imu: ImuWindows) -> None:
        """Warn if windows last much longer or shorter than those that were fitted."""
        if self.seconds_ is None or imu.rate is None or self.strategy_ == "zero_shot":
            return
        given = imu.values.shape[-1] / imu.rate
        if not 1 / OTHER_LENGTH < given / self.seconds_ < OTHER_LENGTH:
            warn(
                f"The windows of X last {given:.3g} s, but those of fit lasted "
                f"{self.seconds_:.3g} s. Cut them with seconds={self.seconds_:.4g}, give their "
                "rate if it is another one, or fit on windows of this length."
            )

    def _layout_of(self, imu: ImuWindows) -> Layout:
        """Return where windows have the sensors of `fit`; their sites may be in another order."""
        fitted = self.input_.layout
        if imu.values.shape[1] != fitted.n_channels:
            raise ValueError(
                f"X has windows of {imu.values.shape[1]} channels, but those of fit had "
                f"{fitted.n_channels}: give an array (n, {fitted.n_channels}, samples)."
            )
        if imu.channels is None or self.channels_ is None or imu.channels == self.channels_:
            return fitted
        if fitted.is_series or sensors_in(imu.layout) != sensors_in(fitted):
            raise ValueError(
                f"X has the channels {', '.join(imu.channels)}, but the classifier was fitted on "
                f"{', '.join(self.channels_)}. Select, order or rename channels."
            )
        columns = dict(zip(imu.layout.sites, imu.layout.columns, strict=True))
        return replace(fitted, columns=tuple(columns[site] for site in fitted.sites))


def sensors_in(layout: Layout) -> list[Any]:
    """Return the sensors of a layout in one order, to compare two layouts; none of a series."""
    if layout.is_series:
        return []
    return sorted(zip(layout.sites, layout.present.tolist(), strict=True))
