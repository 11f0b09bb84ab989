"""Pages are single files that show what they were given."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from m3n_sklearn import Recording
from m3n_sklearn.inspection import SignalDisplay, write_page

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Nesting, text by tag, and addresses."""

    def __init__(self, path):
        super().__init__()
        self.open, self.found, self.addresses = [], [], []
        self.feed(path.read_text("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.found.append((self.open[-1], data.strip()))


def drawing(values=(0, 1)):
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.plot(values)
    return figure


def write(tmp_path, *items):
    return Page(write_page(tmp_path / "page.html", title="Title", items=items))


def test_headings_paragraphs_and_tables_are_elements_in_order(tmp_path):
    table = {"method": ["a", "b"], "macro F1": [0.12345, None], "n": [3, 40000]}
    page = write(tmp_path, ("Text", "One.\n\nTwo,\nlonger."), ("Scores", table), ("", "The end."))
    after = page.found[page.found.index(("h1", "Title")) :]
    assert after == [
        ("h1", "Title"),
        ("h2", "Text"),
        ("p", "One."),
        ("p", "Two,\nlonger."),
        ("h2", "Scores"),
        *[("th", name) for name in table],
        *[("th", "a"), ("td", "0.1235"), ("td", "3")],
        *[("th", "b"), ("td", "–"), ("td", "40000")],
        ("p", "The end."),
    ]


def test_markup_in_text_is_shown_not_obeyed(tmp_path):
    bad = "<script>alert('&')</script>"
    page = write_page(
        tmp_path / "page.html", title=bad, items=[(bad, bad), (bad, {bad: [bad], "b": [bad]})]
    )
    assert "<script" not in page.read_text("utf-8")
    assert [text for _, text in Page(page).found].count(bad) == 8


@pytest.mark.slow
def test_figures_and_displays_are_inside_the_page(tmp_path):
    still = Recording(np.tile([0, 0, 9.81, 0, 0, 0], (10, 1)), rate=50.0)
    shown = SignalDisplay.from_recordings({"still": still})
    page = write(tmp_path, ("Figure", drawing()), ("Display", shown))
    assert len(page.addresses) == 2
    for address in page.addresses:
        kind, data = re.fullmatch(r"data:image/(svg\+xml|png);base64,(.*)", address).groups()
        start = base64.b64decode(data)[:8]
        assert start == (b"<?xml ve" if kind == "svg+xml" else b"\x89PNG\r\n\x1a\n")


def test_a_crowded_figure_is_a_png_and_a_simple_one_an_svg(tmp_path):
    crowd = drawing(np.random.default_rng(0).normal(size=20000))
    simple, crowded = write(tmp_path, ("", drawing()), ("", crowd)).addresses
    assert simple.startswith("data:image/svg+xml") and crowded.startswith("data:image/png")


def test_estimators_are_shown_by_their_html_repr(tmp_path):
    # not parsed as the other pages: some versions of scikit-learn leave a tag open
    model = LogisticRegression(C=0.125)
    page = write_page(tmp_path / "page.html", title="Title", items=[("Model", model)]).read_text(
        "utf-8"
    )
    assert "LogisticRegression" in page and "0.125" in page


def test_data_frames_keep_a_named_index_only(tmp_path):
    pd = pytest.importorskip("pandas")
    plain = pd.DataFrame({"a": [1.5], "b": ["x"]})
    page = write(tmp_path, ("", plain), ("", plain.set_index(pd.Index(["row"], name="name"))))
    cells = [text for tag, text in page.found if tag in ("th", "td")]
    assert cells == ["a", "b", "1.5", "x", "name", "a", "b", "row", "1.5", "x"]


def test_equal_content_gives_equal_bytes(tmp_path):
    pages = [
        write_page(tmp_path / name, title="T", items=[("Figure", drawing())]).read_bytes()
        for name in ("a.html", "b.html")
    ]
    assert pages[0] == pages[1]


def test_a_failed_report_leaves_the_old_one_alone(tmp_path):
    path = write_page(tmp_path / "page.html", title="Old", items=[])
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"cannot show <object .* under the heading 'New'"):
        write_page(path, title="New", items=[("New", object())])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("items", "error", "message"),
    [
        (["text"], TypeError, "pair of a heading and its content; got 'text'"),
        ([(1, "text")], TypeError, "pair of a heading"),
        ([("", {"a": [1], "b": [1, 2]})], ValueError, "1 values of 'a', 2 values of 'b'"),
        ([("", {"a": [1], "b": 2.5})], TypeError, r"column 'b' .* got 2.5. Write \[2.5\] for"),
        ([("", {"a": "word"})], TypeError, "column 'a' of a table must have one entry for each"),
        ([("", {"a": np.array(1)})], TypeError, "column 'a' of a table must have one entry"),
    ],
)
def test_items_are_checked(tmp_path, items, error, message):
    with pytest.raises(error, match=message):
        write_page(tmp_path / "page.html", title="T", items=items)


def test_a_title_is_text(tmp_path):
    with pytest.raises(TypeError, match="title must be a string, got 3"):
        write_page(tmp_path / "page.html", title=3, items=[])


def test_what_is_missing_in_a_table_is_a_dash(tmp_path):
    pd = pytest.importorskip("pandas")
    table = {"row": ["a", "b", "c", "d"], "value": [None, np.nan, pd.NA, pd.NaT]}
    for content in (table, pd.DataFrame(table, dtype=object)):
        text = write_page(tmp_path / "page.html", title="T", items=[("", content)]).read_text(
            "utf-8"
        )
        assert text.count(">–</td>") == 4
    array = {"row": ["a"], "value": [np.arange(2)]}
    text = write_page(tmp_path / "page.html", title="T", items=[("", array)]).read_text("utf-8")
    assert "<td>[0 1]</td>" in text


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder .*nowhere does not exist. Create it"):
        write_page(tmp_path / "nowhere" / "page.html", title="T", items=[])
