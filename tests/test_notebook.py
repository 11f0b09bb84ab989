"""The notebook of the quick start runs from its CSV to a report, in few lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("pyarrow")
pytest.importorskip("plotly")

EXAMPLES = Path(__file__).parents[1] / "examples"
MOST_LINES = 12


@pytest.mark.slow
def test_the_notebook_goes_from_a_csv_to_a_report(tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel shows figures by its own
    notebook = nbformat.read(EXAMPLES / "quick_start.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = [line for cell in cells for line in cell.source.splitlines() if line.strip()]
    assert len(lines) <= MOST_LINES
    assert not any(cell.outputs for cell in cells), "the notebook is kept without outputs"

    shutil.copy(EXAMPLES / "watch.csv", tmp_path)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=resources).execute()

    shown = ["".join(str(output) for output in cell.outputs) for cell in cells]
    assert "4: wearer0, wearer1" in shown[1]
    assert "text/html" in shown[2] and "image/png" in shown[3]
    assert "array(" in shown[4]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert all(f"wearer{n}" in page for n in range(4))
