"""Reading and writing files: every failure names the file and is of a documented kind."""

from __future__ import annotations

import warnings

import pytest

from m3n_sklearn._files import reading


@pytest.fixture
def file(tmp_path):
    (tmp_path / "clip.bvh").write_text("content")
    return tmp_path / "clip.bvh"


@pytest.mark.parametrize(
    "cause",
    [
        KeyError("poses"),
        MemoryError(),
        RecursionError(),
        OverflowError("too large"),
        AttributeError("no such thing"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "invalid"),
        EOFError(),
        OSError("truncated stream"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_whatever_the_content_causes_names_the_file(file, cause):
    expected = pytest.raises(ValueError, match=r"clip\.bvh cannot be read as a BVH file")
    with expected as error, reading(file, "a BVH file"):
        raise cause
    assert type(error.value) is ValueError
    assert error.value.__cause__ is cause


def test_a_message_of_the_reader_is_kept_and_gets_the_name_once(file):
    for text in ("line 3 has 2 numbers.", "clip.bvh: line 3 has 2 numbers."):
        with pytest.raises(ValueError) as error, reading(file, "a BVH file"):
            raise ValueError(text)
        assert str(error.value).endswith("clip.bvh: line 3 has 2 numbers.")
        assert str(error.value).count("clip.bvh") == 1


def test_what_is_not_the_contents_fault_passes(file):
    for cause in (ImportError("pip install ezc3d"), UserWarning("w"), KeyboardInterrupt()):
        with pytest.raises(type(cause)), reading(file, "a BVH file"):
            raise cause
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning), reading(file, "a BVH file"):
            warnings.warn("as an error", UserWarning, stacklevel=1)


def test_a_folder_or_nothing_is_said(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileNotFoundError, match="No file at"), reading(path, "a BVH file"):
            pass
