"""A figure of simulated against measured readings: time series, power spectra, coherence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..recording import Recording
from ..simulation import IMUComparison, compare_imu
from ._signals import AXIS_COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ComparisonDisplay"]

UNITS = {"acc": ("specific force", "m/s²"), "gyro": ("angular rate", "rad/s")}
MEASURED: dict[str, Any] = {"lw": 3.0, "alpha": 0.35}
SIMULATED: dict[str, Any] = {"lw": 1.1}
"""Broad pale lines below thin lines, so that both are visible where they agree."""

MIN_RELATIVE_POWER = 1e-8
"""Lowest power in the figure, relative to the highest; below it are rounding errors."""


class ComparisonDisplay:
    """Simulated and measured readings of one movement, one row per sensor.

    The left column has the readings, measured ones as broad pale lines and simulated ones as thin
    lines. The middle column has the power spectral densities, summed over the axes. The right
    column has the coherence of each axis. Build it with :meth:`from_comparison` or
    :meth:`from_readings`.

    Parameters
    ----------
    comparison : IMUComparison
        From :func:`m3n_sklearn.simulation.compare_imu`, with a rate.
    span : tuple of 2 floats, optional
        First and last time in s of the readings in the left column; all of them by default.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (K, 3)
        One row per triad: signals, power spectral densities, coherence.
    figure_ : matplotlib Figure
        Figure of the axes.

    See Also
    --------
    m3n_sklearn.simulation.compare_imu : Computes the comparison.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.inspection import ComparisonDisplay
    >>> t = np.arange(500) / 50.0
    >>> wave = np.stack([np.sin(9 * t), np.cos(7 * t), 9.8 + 0 * t], axis=1)
    >>> display = ComparisonDisplay.from_readings(wave, 1.1 * wave, rate=50.0)
    >>> display.axes_.shape
    (1, 3)
    """

    def __init__(
        self, comparison: IMUComparison, *, span: tuple[float, float] | None = None
    ) -> None:
        if not isinstance(comparison, IMUComparison):
            raise TypeError(
                f"comparison must come from compare_imu, got {type(comparison).__name__}."
            )
        if comparison.rate is None:
            raise ValueError("comparison has no rate: give rate= to compare_imu.")
        self.comparison = comparison
        self.span = None if span is None else _check_span(span)

    @classmethod
    def from_comparison(
        cls,
        comparison: IMUComparison,
        *,
        span: tuple[float, float] | None = None,
        axes: Any = None,
    ) -> ComparisonDisplay:
        """Draw a comparison.

        Parameters
        ----------
        comparison : IMUComparison
            From :func:`m3n_sklearn.simulation.compare_imu`, with a rate.
        span : tuple of 2 floats, optional
            First and last time in s of the readings in the left column; all of them by default.
        axes : array of matplotlib Axes, shape (K, 3), optional
            Axes to draw on; new ones by default.

        Returns
        -------
        ComparisonDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `comparison` is not an IMUComparison.
        ValueError
            If it has no rate, no sample lies in the span, or the number of axes is wrong.
        """
        return cls(comparison, span=span).plot(axes=axes)

    @classmethod
    def from_readings(
        cls,
        simulated: ArrayLike | Recording,
        measured: ArrayLike | Recording,
        *,
        rate: float | None = None,
        bandwidth: float | None = None,
        span: tuple[float, float] | None = None,
        axes: Any = None,
    ) -> ComparisonDisplay:
        """Compare readings and draw the comparison.

        Parameters
        ----------
        simulated, measured : Recording or array-like of shape (T, 3 K)
            As in :func:`m3n_sklearn.simulation.compare_imu`.
        rate : float, optional
            Samples per second of arrays.
        bandwidth : float, optional
            Cut-off in Hz of a low-pass filter for both sides.
        span : tuple of 2 floats, optional
            First and last time in s of the readings in the left column; all of them by default.
        axes : array of matplotlib Axes, shape (K, 3), optional
            Axes to draw on; new ones by default.

        Returns
        -------
        ComparisonDisplay
            The drawn display.
        """
        comparison = compare_imu(simulated, measured, rate=rate, bandwidth=bandwidth)
        return cls.from_comparison(comparison, span=span, axes=axes)

    def plot(self, *, axes: Any = None) -> ComparisonDisplay:
        """Draw the comparison.

        Parameters
        ----------
        axes : array of matplotlib Axes, shape (K, 3), optional
            Axes to draw on; new ones by default.

        Returns
        -------
        ComparisonDisplay
            Itself.
        """
        sensors = self.comparison.sensors
        if axes is None:
            import matplotlib.pyplot as plt

            _, axes = plt.subplots(
                len(sensors),
                3,
                sharex="col",
                squeeze=False,
                figsize=(11, 0.5 + 2.5 * len(sensors)),
                width_ratios=(2, 1, 1),
                layout="constrained",
            )
        given = np.asarray(axes, dtype=object)
        if given.size != 3 * len(sensors) or not all(hasattr(a, "plot") for a in given.flat):
            raise ValueError(
                f"axes must be {len(sensors)} rows of 3 matplotlib Axes, got shape {given.shape}."
            )
        self.axes_: NDArray[Any] = given.reshape(-1, 3)
        self.figure_: Figure = self.axes_[0, 0].figure
        for k, (signals, power, coherence) in enumerate(self.axes_):
            self._draw_signals(signals, k)
            self._draw_power(power, k)
            self._draw_coherence(coherence, k)
        for ax, label in zip(self.axes_[-1], ("time (s)", *2 * ("frequency (Hz)",)), strict=True):
            ax.set_xlabel(label)
        for ax in self.axes_[:, 0]:
            ax.margins(x=0)
        self._add_legend()
        return self

    def _draw_signals(self, ax: Axes, k: int) -> None:
        """Draw the readings of a triad, with its errors as the title."""
        c = self.comparison
        assert c.rate is not None  # checked in __init__
        times = c.start + np.arange(len(c.simulated)) / c.rate
        low, high = (-np.inf, np.inf) if self.span is None else self.span
        shown = (times >= low) & (times <= high)
        if not shown.any():
            raise ValueError(
                f"No sample lies between {low:g} and {high:g} s: the readings last from "
                f"{times[0]:g} to {times[-1]:g} s."
            )
        for axis, color in enumerate(AXIS_COLORS):
            column = 3 * k + axis
            ax.plot(times[shown], c.measured[shown, column], color=color, **MEASURED)
            ax.plot(times[shown], c.simulated[shown, column], color=color, **SIMULATED)
        name, unit = _quantity(c.sensors[k])
        ax.set_ylabel(f"{name} ({unit})")
        lag = "" if c.lag is None or np.isnan(c.lag[k]) else f"lag {round(1000 * c.lag[k])} ms"
        numbers = [f"RMSE {c.rmse[k]:.3g} {unit}", f"nRMSE {c.nrmse[k]:.2f}", lag]
        title = [] if c.channels is None else [c.sensors[k].replace("_", " ")]
        ax.set_title(
            "   ".join(title + [part for part in numbers if part]), loc="left", fontsize="medium"
        )

    def _draw_power(self, ax: Axes, k: int) -> None:
        """Draw the power spectral densities of a triad."""
        c = self.comparison
        _, unit = _quantity(c.sensors[k])
        ax.set_title("power spectral density", loc="left", fontsize="medium")
        ax.set_ylabel(f"({unit})² / Hz")
        if c.frequencies is None or c.measured_psd is None or c.simulated_psd is None:
            _say_too_short(ax)
            return
        # without the lowest frequency, from which the mean was removed
        for psd, style in ((c.measured_psd, MEASURED), (c.simulated_psd, SIMULATED)):
            total = psd[1:, 3 * k : 3 * k + 3].sum(axis=1)
            ax.semilogy(c.frequencies[1:], np.where(total > 0, total, np.nan), color="k", **style)
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, high * MIN_RELATIVE_POWER), high)
        ax.grid(alpha=0.25)

    def _draw_coherence(self, ax: Axes, k: int) -> None:
        """Draw the coherence of each axis of a triad."""
        c = self.comparison
        ax.set_title("coherence", loc="left", fontsize="medium")
        ax.set_ylim(0, 1.02)
        if c.frequencies is None or c.coherence is None or c.mean_coherence is None:
            _say_too_short(ax)
            return
        for axis, color in enumerate(AXIS_COLORS):
            column = 3 * k + axis
            ax.plot(
                c.frequencies[1:],
                c.coherence[1:, column],
                color=color,
                lw=1.3,
                label=f"{'xyz'[axis]}  {c.mean_coherence[column]:.2f}",
            )
        ax.grid(alpha=0.25)
        ax.legend(title="mean", loc="upper right", fontsize="small", title_fontsize="small")

    def _add_legend(self) -> None:
        """Add the legend above the first curves."""
        from matplotlib.lines import Line2D

        entries = [Line2D([], [], color="k", label="measured", **MEASURED)]
        entries += [Line2D([], [], color="k", label="simulated", **SIMULATED)]
        entries += [
            Line2D([], [], color=color, label=axis)
            for axis, color in zip("xyz", AXIS_COLORS, strict=True)
        ]
        ax = self.axes_[0, 0]
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.2 * (high - low))  # room above the curves
        ax.legend(handles=entries, ncols=5, loc="upper right", fontsize="small", frameon=False)


def _quantity(sensor: str) -> tuple[str, str]:
    """Return the name and the unit of what a sensor measures."""
    return UNITS.get(sensor.rpartition("_")[2], ("reading", "unit"))


def _say_too_short(ax: Axes) -> None:
    """Write that there are too few samples for a spectrum."""
    ax.text(0.5, 0.5, "too short", transform=ax.transAxes, ha="center", va="center", color="grey")


def _check_span(span: Any) -> tuple[float, float]:
    """Return the span as two floats, or raise an error."""
    values = np.asarray(span, dtype=np.float64)
    if values.shape != (2,) or not values[0] < values[1]:
        raise ValueError(f"span must be two increasing times in s, got {span!r}.")
    return float(values[0]), float(values[1])
