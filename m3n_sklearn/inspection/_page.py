"""Self-contained HTML pages of figures, tables, estimators and text."""

from __future__ import annotations

import base64
import gzip
import io
import numbers
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import check_target, write_atomically
from ._motion_player import PLAYER_SCRIPT, PLAYER_STYLE, MotionPlayer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Notice", "check_title", "write_page"]

PNG_DPI = 150

STYLE, SCRIPT = (
    files(__package__).joinpath("_assets", name).read_text("utf-8")
    for name in ("page.css", "page.js")
)

PLOT, PLAYER = '<div class="plot"', '<figure class="m3n-player"'
"""How the elements begin that need a script."""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
{scripts}</body>
</html>
"""


class Notice:
    """Text of a page that a reader must not miss."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_html_(self) -> str:
        return f'<p class="notice" role="alert">{escape(self.text)}</p>'


def write_page(
    path: str | os.PathLike[str], *, title: str, items: Iterable[tuple[str, Any]]
) -> Path:
    """Write figures, tables, estimators and text into one HTML file.

    The file needs no network and no other file: figures are part of it. It fits narrow screens
    and follows the light or dark mode of the browser.

    Parameters
    ----------
    path : path-like
        File to write. Its folder must exist. An existing file is replaced.
    title : str
        Title and first heading of the page.
    items : iterable of (str, object)
        Sections of the page, in order: a heading and its content. With an empty heading the
        content continues the section before. The content is one of:

        - a matplotlib figure, or a display of :mod:`m3n_sklearn.inspection` or scikit-learn that
          was plotted. The file holds it as SVG, or as PNG where that is smaller;
        - a :class:`MotionPlayer`, which the reader can play;
        - a plotly figure, which the reader can zoom. It is as wide as the page, at least as wide
          as its own width. Figures with ``template="none"`` get the colors of the page. The page
          then contains plotly (1.9 MB), once for all figures;
        - a table: a mapping of column names to equally long sequences, or a pandas data frame.
          The first column names the rows. A data frame's index is a column if it has a name;
        - a list of pairs of a caption and a content: side by side where the page is wide;
        - text, with an empty line between paragraphs. It is shown literally, tags included;
        - any other object with an HTML repr, such as an estimator or a Pipeline.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.
    IsADirectoryError
        If `path` is a folder.
    TypeError
        If `title` is not a string, an item is not a pair, its content cannot be shown, or a
        column of a table is a single value.
    ValueError
        If the columns of a table differ in length.

    See Also
    --------
    report : The page of a classifier or a study.
    LabelEfficiencyDisplay : Macro F1 against the number of labels.
    TimelineDisplay : Labels and predictions over time.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.inspection import write_page
    >>> scores = {"method": ["majority", "linear"], "macro F1": [0.333, 0.871]}
    >>> path = write_page(
    ...     Path(mkdtemp()) / "report.html",
    ...     title="Two methods",
    ...     items=[
    ...         ("Scores", scores),
    ...         ("", "Mean over 8 people who were not in the training set."),
    ...         ("Model", LogisticRegression()),
    ...     ],
    ... )
    >>> path.name
    'report.html'
    """
    target = check_target(path)
    check_title(title)
    body = "\n".join(_section(item) for item in items)
    style, scripts = STYLE, ""
    # each library once, however many sections need it
    if PLAYER in body:
        style += PLAYER_STYLE
        scripts += f"<script>{PLAYER_SCRIPT}</script>\n"
    if PLOT in body:
        scripts += f'<script type="text/plain" id="plotly-library">{_plotly()}</script>\n'
        scripts += f"<script>{SCRIPT}</script>\n"
    if scripts:
        scripts += "<noscript><p>The figures of this page need JavaScript.</p></noscript>\n"
    page = PAGE.format(title=escape(title), style=style, body=body, scripts=scripts)
    write_atomically(target, page.encode("utf-8"))
    return target


def check_title(title: object) -> None:
    """Raise an error for a title that is not text."""
    if not isinstance(title, str):
        raise TypeError(f"title must be a string, got {title!r}.")


def _section(item: Any) -> str:
    """Heading and content as HTML."""
    heading, content = _pair(item)
    shown = _show(heading, content)
    return f"<h2>{escape(heading)}</h2>\n{shown}" if heading else shown


def _pair(item: Any) -> tuple[str, Any]:
    """Return a heading and its content, or raise an error."""
    if not (isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)):
        raise TypeError(f"Each of items must be a pair of a heading and its content; got {item!r}.")
    heading, content = item
    return heading, content


def _show(heading: str, content: Any) -> str:
    """Content as HTML, by what it is."""
    if isinstance(content, str):
        paragraphs = (part.strip("\n") for part in content.split("\n\n"))
        return "\n".join(f"<p>{escape(part)}</p>" for part in paragraphs if part)
    if isinstance(content, Mapping):
        return _table(list(content), [_column(*pair) for pair in content.items()])
    if _is_frame(content):
        is_named = any(name is not None for name in content.index.names)
        frame = content.reset_index() if is_named else content
        return _table(list(frame.columns), [list(frame.iloc[:, i]) for i in range(frame.shape[1])])
    if isinstance(content, list):
        return _gallery(content)
    if isinstance(content, MotionPlayer):
        return content.to_html()
    if hasattr(content, "to_plotly_json"):
        return _plot(heading, content)
    figure = getattr(content, "figure_", content)  # of a display
    if hasattr(figure, "savefig"):
        return _image(heading, figure)
    html = getattr(content, "_repr_html_", None)
    if callable(html):
        return f'<div class="wide">{html()}</div>'
    raise TypeError(
        f"The page cannot show {content!r}"
        f"{f' under the heading {heading!r}' if heading else ''}: it takes figures of "
        "matplotlib and plotly, displays, tables (a mapping of column names to sequences, or a "
        "data frame), text, lists of pairs of a caption and any of these, and objects with an HTML "
        "repr, such as estimators."
    )


def _gallery(pairs: list[Any]) -> str:
    """Return contents with captions, side by side."""
    cells = []
    for pair in pairs:
        caption, content = _pair(pair)
        shown = _show(caption, content)
        cells.append(f'<div class="cell"><p>{escape(caption)}</p>\n{shown}</div>')
    return '<div class="gallery">\n' + "\n".join(cells) + "\n</div>"


def _is_frame(content: Any) -> bool:
    """Whether this is a pandas data frame, without importing pandas."""
    return all(hasattr(content, name) for name in ("columns", "index", "reset_index"))


def _column(name: Any, values: Any) -> list[Any]:
    """Return the entries of a column, or say that it is a single value."""
    is_text = isinstance(values, (str, bytes))
    if is_text or not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0:
        raise TypeError(
            f"The column {name!r} of a table must have one entry for each row, got {values!r}. "
            f"Write [{values!r}] for a table of one row."
        )
    return list(values)


def _table(names: Sequence[Any], columns: Sequence[Sequence[Any]]) -> str:
    """Columns as an HTML table whose first column names the rows."""
    counts = [len(values) for values in columns]
    if len(set(counts)) > 1:
        listed = ", ".join(f"{n} values of {name!r}" for name, n in zip(names, counts, strict=True))
        raise ValueError(f"The columns of a table must be equally long; got {listed}.")
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in names)
    rows = []
    for first, *others in zip(*columns, strict=True):
        cells = "".join(_cell(value) for value in others)
        rows.append(f'<tr><th scope="row">{escape(_text(first))}</th>{cells}</tr>')
    body = "\n".join(rows)
    return (
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _cell(value: Any) -> str:
    """One value of a table; numbers are aligned at the right."""
    kind = ' class="number"' if isinstance(value, numbers.Real) else ""
    return f"<td{kind}>{escape(_text(value))}</td>"


def _text(value: Any) -> str:
    """Four digits of a number that is not whole; a dash for what is missing."""
    try:
        missing = value is None or bool(value != value)  # NaN
    except TypeError:  # the comparison of pandas.NA is not a boolean
        missing = True
    except ValueError:  # an array
        missing = False
    if missing:
        return "–"
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return f"{float(value):.4g}"
    return str(value)


def _plot(heading: str, figure: Any) -> str:
    """Return a plotly figure as data of the script of the page."""
    # a width is the least one: where the screen is narrower, the figure scrolls
    height, width = figure.layout.height or 450, figure.layout.width or 0
    narrow = type(figure)(figure).update_layout(width=None)
    data = narrow.to_json().replace("<", "\\u003c")
    return (
        f'<div class="wide">{PLOT} role="img" aria-label="{escape(heading or "Figure")}" '
        f'style="height: {height}px; min-width: {width}px">'
        f'<script type="application/json">{data}</script></div></div>'
    )


@cache
def _plotly() -> str:
    """Return the JavaScript of plotly, compressed, as base64 text."""
    from plotly.offline import get_plotlyjs

    # without a date, equal pages have equal bytes
    packed = gzip.compress(get_plotlyjs().encode("utf-8"), mtime=0)
    return base64.b64encode(packed).decode("ascii")


def _image(heading: str, figure: Figure) -> str:
    """Return a figure inside the page, as SVG or PNG, whichever is smaller."""
    import matplotlib as mpl

    vector, pixels = io.BytesIO(), io.BytesIO()
    # without a date and with a fixed salt, equal figures give equal bytes
    with mpl.rc_context({"svg.hashsalt": "m3n_sklearn"}):
        figure.savefig(vector, format="svg", metadata={"Date": None})
    figure.savefig(pixels, format="png", dpi=PNG_DPI, metadata={"Software": None})
    kinds = {"image/svg+xml": vector.getvalue(), "image/png": pixels.getvalue()}
    kind = min(kinds, key=lambda name: len(kinds[name]))
    data = base64.b64encode(kinds[kind]).decode("ascii")
    width = round(96 * figure.get_figwidth())  # CSS pixels
    return (
        f'<figure><img src="data:{kind};base64,{data}" width="{width}" '
        f'alt="{escape(heading or "Figure")}"></figure>'
    )
