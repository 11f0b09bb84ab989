"""Reading and writing files: every failure names the file and is of a documented kind."""

from __future__ import annotations

import io
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from m3n_sklearn._array_files import read_npy, read_npz
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


# ---- arrays


def member(shape, dtype="<f8", raw=b""):
    """A .npy file with any header."""
    buffer = io.BytesIO()
    head = {"descr": dtype, "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + raw


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(f"{name}.npy", content)
    return path


def test_an_archive_is_read_when_it_is_asked_for(tmp_path):
    """What nobody needs is never inflated, and what is needed has a size in reason."""
    zeros = member((2**25,), raw=bytes(2**28))
    path = archive(tmp_path / "a.npz", poses=member((3,), raw=np.arange(3.0).tobytes()), bomb=zeros)
    del zeros
    tracemalloc.start()
    try:
        arrays = read_npz(path)
        assert sorted(arrays) == ["bomb", "poses"] and len(arrays) == 2
        np.testing.assert_array_equal(arrays["poses"], [0.0, 1.0, 2.0])
        assert arrays["poses"] is arrays["poses"] and arrays.get("trans") is None
        with pytest.raises(ValueError, match=r"a\.npz: its array 'bomb' has 268435584 bytes in"):
            arrays["bomb"]
        assert tracemalloc.get_traced_memory()[1] < 2e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        member((2**40,)),
        member((2**31, 2**31)),
        member((4,), raw=bytes(31)),
        member((4,), raw=bytes(33)),
        member((10**6,), "|S0"),
        b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b"{",
        b"\x93NUMPY\x07\x00" + bytes(100),
        b"not an array",
        b"",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_headers_are_not_believed(tmp_path, content):
    path = archive(tmp_path / "a.npz", poses=content)
    with pytest.raises(ValueError, match=r"a\.npz"):
        read_npz(path)
    if content != member((4,), raw=bytes(33)):  # NumPy writes over longer files
        (tmp_path / "b.npy").write_bytes(content)
        with pytest.raises(ValueError, match=r"b\.npy"):
            read_npy(tmp_path / "b.npy")


def test_arrays_of_objects_are_left_out(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(2), y=np.array([{}, None], dtype=object))
    assert list(read_npz(tmp_path / "a.npz")) == ["x"]
    np.save(tmp_path / "b.npy", np.array([{}, None], dtype=object))
    with pytest.raises(ValueError, match=r"b\.npy: it contains Python objects"):
        read_npy(tmp_path / "b.npy")


def test_other_archives(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"a\.npz cannot be read as an \.npz archive"):
        read_npz(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_LZMA) as opened:
        opened.writestr("x.npy", member((1,), raw=bytes(8)))
    with pytest.raises(ValueError, match=r"a\.npz: x\.npy is compressed in another way"):
        read_npz(tmp_path / "a.npz")
    archive(tmp_path / "a.npz", **{f"x{n}": b"" for n in range(5000)})
    with pytest.raises(ValueError, match=r"a\.npz: it has 5000 members"):
        read_npz(tmp_path / "a.npz")


def test_memory_maps(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(4.0))
    mapped = read_npy(tmp_path / "a.npy", memory_map=True)
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, read_npy(tmp_path / "a.npy"))
