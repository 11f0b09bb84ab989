"""read_table: recordings from files and frames."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .._files import reading
from .._validation import check_choice, check_positive, check_rate
from ._channels import channel_names
from ._recording import Recording
from ._table_conventions import read_axes
from ._table_converting import convert_streams
from ._table_labels import Intervals, read_intervals
from ._table_reading import SITE, Arguments, collect
from ._table_report import Recordings, TableReport
from ._table_sources import Source, is_frame, list_sources
from ._table_times import UNITS
from ._table_units import check_unit

__all__ = ["read_table"]


def read_table(
    source: Any,
    *,
    time: str | int | None = None,
    rate: float | None = None,
    acc: Any = None,
    gyro: Any = None,
    acc_unit: str | float | None = None,
    gyro_unit: str | float | None = None,
    site: str | None = None,
    axes: str | ArrayLike | None = None,
    label: Any = None,
    group: str | Callable[[Path], Any] | None = None,
    recording: str | None = None,
    max_gap: float = 0.5,
    time_unit: Literal["s", "ms", "us", "ns"] | None = None,
    dtype: DTypeLike = np.float64,
    verbose: bool = True,
) -> list[Recording]:
    """Read recordings from tables of any watch or logger.

    What is not told by an argument is inferred, and said once in a short report. Where the table
    does not decide, an error says which argument does.

    Parameters
    ----------
    source : path, frame, or list of these
        A file (CSV, TSV, also with .gz; parquet; feather), a folder of such files, or a frame of
        pandas, polars (also lazy) or pyarrow. Files need the extra ``m3n-sklearn[table]``. Each
        file is one recording unless a column separates several. Lines before the header of a text
        file, its encoding, separator and decimal sign are found.
    time : str or int, optional
        Column of time stamps: dates, ISO 8601 texts with or without a zone, seconds or a part of
        them since any moment, or a sample index (with `rate`). A file without a header has the
        columns 0, 1, ...
    rate : float, optional
        Rate of the recordings in Hz. By default that of the time stamps. Required if there are
        none, or if they count samples.
    acc, gyro : sequence of 3 column names, str, mapping or False, optional
        Columns x, y, z of the acceleration and of the angular rate, or a pattern such as
        ``"acc_*"``; for several sites a mapping from sites to these. ``gyro=False`` leaves the
        gyroscope out. By default the columns whose names say so; see "Channel names that are
        understood" in :doc:`/user_guide/tables`.
    acc_unit, gyro_unit : str or float, optional
        ``"m/s2"``, ``"g"``, ``"mg"``; ``"rad/s"``, ``"deg/s"``. Raw counts are divided by the
        counts per unit, as in ``"g/4096"`` and ``"deg/s/16.4"``. A number is the factor to m/s² or
        rad/s.
    site : str, optional
        Site of the sensor, for columns whose names do not say one. By default ``"right_wrist"`` is
        assumed, and the report says so.
    axes : str or array-like of shape (3, 3), optional
        A convention of a device (``"android"``, ``"ios"``, ``"wear_os"``, ``"apple_watch"``,
        ``"axivity"``, ``"actigraph"``, ``"empatica_e4"``, ``"embrace_plus"``, ``"metamotion"``,
        ``"shimmer"``, ``"garmin"``), which gives units and signs; the axes of the sensor that are
        x, y and z of the site, such as ``"-x -y z"`` for a watch whose crown points the other way;
        both (``"ios -x -y z"``); or the mount as in :func:`to_site_axes`.
    label : str, path, frame or callable, optional
        Column of classes, or a second table of intervals with the columns start, end and label, and
        if need be a person or recording. ``"file"`` and ``"folder"`` take the name of the file or
        of its folder; a function gets the path of each file and returns the class. False reads
        none. Samples without a class have ``"unlabeled"``: leave them out with
        ``cut(..., ignore="unlabeled")``.
    group : str or callable, optional
        Column of people. ``"file"`` and ``"folder"`` take the name of the file or of its folder;
        a function gets the path of each file and returns the person. Where a gyroscope is joined
        from a file of its own, this is the path of the accelerometer.
    recording : str, optional
        Column that separates recordings, by default one named such as ``"session"`` or
        ``"trial"``. A new person begins a new recording as well.
    max_gap : float, default=0.5
        Seconds. A recording is split at longer gaps; what lies in between is not invented.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of numeric time stamps. By default the one with which the rate is plausible.
    dtype : dtype, default=float64
        ``"float32"`` takes half the memory, for large files.
    verbose : bool, default=True
        Print the report. Doubtful guesses are warnings in any case.

    Returns
    -------
    list of Recording
        In m/s² with gravity and rad/s. ``start`` is in seconds since 1970 (UTC) where the stamps
        are dates. Rows that are even are kept as they are; all others are resampled as by
        :func:`resample_timestamps`. Readings that are missing are not observed. The list has the
        attribute ``report``, a :class:`TableReport`.

    Raises
    ------
    ValueError
        If the table does not say what is needed, with the argument that tells it; and for files
        that are not tables.

    Warns
    -----
    UnitsWarning
        If a unit that the names give does not fit the values, or readings look doubtful.
    UserWarning
        For guesses that may be wrong, and files and rows that were left out.

    See Also
    --------
    write_table : Write recordings to a file that this function reads again.

    Notes
    -----
    Files are read in batches and converted recording by recording, so that a large file needs
    little memory beyond the result. Tables that :func:`write_table` and :meth:`Recording.to_frame`
    write are recognized by their columns ``time`` and ``m3n_rate``, and read back exactly unless
    arguments tell how to read them.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from m3n_sklearn.recording import read_table
    >>> watch = pd.DataFrame({
    ...     "timestamp": 1_767_225_600_000 + 20 * np.arange(500),
    ...     "ax": 0.0, "ay": 0.0, "az": 1.0,
    ...     "activity": np.repeat(["sit", "stand"], 250),
    ... })
    >>> recordings = read_table(watch)
    table       1 frame, 500 rows
    time        'timestamp', ms since 1970, from 2026-01-01 00:00:00 UTC [inferred]
    acc         ax, ay, az in g [inferred]
    site        right_wrist (assumed; otherwise give site=, such as 'left_wrist')
    rate        50 Hz, rows kept as they are [inferred]
    gravity     right_wrist: mean (0, 0, 9.81) m/s²
    labels      'activity': sit 50%, stand 50% [inferred]
    people      none
    recordings  1, 9.98 s in all
    >>> recordings
    [Recording(500 samples x 3 channels, 9.98 s at 50 Hz)]
    """
    report = TableReport()
    # 1. Arguments
    _check_types(label, group)
    sources = list_sources(source)
    arguments = Arguments(
        time=time,
        rate=None if rate is None else check_rate(rate, "rate"),
        time_unit=None if time_unit is None else check_choice(time_unit, "time_unit", list(UNITS)),
        acc=acc,
        gyro=gyro,
        acc_unit=check_unit("acc", acc_unit),
        gyro_unit=check_unit("gyro", gyro_unit),
        site=SITE if site is None else _check_site(site),
        is_site_told=site is not None,
        axes=read_axes(axes),
        label=label,
        intervals=_intervals(label, sources),
        group=group,
        recording=recording,
        max_gap=check_positive(max_gap, "max_gap", "seconds"),
        dtype=_check_dtype(dtype),
    )
    # 2. What the columns are, and the rows of each recording
    streams, clock = collect(sources, arguments, isinstance(source, str | os.PathLike), report)
    # 3. Pieces without gaps, their rate and units, and the recordings
    with ExitStack() as stack:
        if len(sources) == 1 and sources[0].path is not None:
            stack.enter_context(reading(sources[0].path, "a table of readings"))
        recordings = convert_streams(streams, clock, arguments, report)
    if verbose:
        print(report)
    return Recordings(recordings, report)


def _check_site(site: Any) -> str:
    if not isinstance(site, str):
        raise TypeError(f"site must be a name such as 'left_wrist', got {site!r}.")
    if site:
        channel_names(site)
    return site


def _check_types(label: Any, group: Any) -> None:
    """Raise if `label` or `group` is something that would be ignored."""
    known = label is None or label is False or is_frame(label) or callable(label)
    if not known and (label is True or not isinstance(label, str | int | os.PathLike)):
        raise TypeError(
            "label must be a column, 'file', 'folder', a function of the path, a table of "
            f"intervals as a frame or path, or False, got {type(label).__name__}. Make a frame of "
            "a list, such as pandas.DataFrame(rows, "
            "columns=['start', 'end', 'label'])."
        )
    known = group is None or callable(group)
    if not known and (isinstance(group, bool) or not isinstance(group, str | int)):
        raise TypeError(
            "group must be a column, 'file', 'folder' or a function of the path, got "
            f"{type(group).__name__}."
        )


def _check_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    found = np.dtype(dtype)
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}.")
    return found


def _intervals(label: Any, sources: Sequence[Source]) -> Intervals | None:
    """Return the intervals if `label` is a table of them."""
    if is_frame(label):
        return read_intervals(label)
    is_column = isinstance(label, str) and any(label in source.columns for source in sources)
    if isinstance(label, str | Path) and not is_column and label not in ("file", "folder"):
        path = Path(label).expanduser()
        if path.is_file() or isinstance(label, Path):
            with reading(path, "a table of intervals"):
                return read_intervals(path)
    return None
