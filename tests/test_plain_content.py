"""Files of NumPy, pickle, joblib and torch.save are read without running any of their code."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict

import joblib
import numpy as np
import pytest
import torch

from m3n_sklearn._plain_content import load_plain
from m3n_sklearn.motion import read_wham

BASE = torch.arange(12.0)
TENSORS = {
    "whole": BASE.reshape(3, 4),
    "columns": BASE.reshape(3, 4)[:, 1:3],
    "turned": BASE.reshape(3, 4).T,
    "expanded": torch.ones(3).expand(4, 3),
    "parameter": torch.nn.Parameter(torch.ones(2)),
    "scalar": torch.tensor(3.5),
    "empty": torch.zeros(0, 3),
    **{
        str(kind): torch.tensor([1, 0, 1], dtype=kind)
        for kind in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
                     torch.int16, torch.int8, torch.uint8, torch.bool)
    },
}  # fmt: skip
OTHERS = {"array": np.arange(3.0), "word": "a", "shape": torch.zeros(2, 3).shape, "none": None}

SAVE = {
    "torch": torch.save,
    "old torch": lambda value, path: torch.save(value, path, _use_new_zipfile_serialization=False),
    "joblib": lambda value, path: joblib.dump(value, path, compress=3),
    "npy": lambda value, path: np.save(path, value, allow_pickle=True),
    **{
        f"pickle {protocol}": lambda value, path, protocol=protocol: path.write_bytes(
            pickle.dumps(value, protocol)
        )
        for protocol in range(6)
    },
}


@pytest.mark.parametrize("save", SAVE)
def test_tensors_become_arrays(tmp_path, save):
    path = tmp_path / "x.npy"
    SAVE[save]({**TENSORS, **OTHERS}, path)
    content = load_plain(path)
    for name, tensor in TENSORS.items():
        expected = tensor.detach().float().numpy()
        assert isinstance(content[name], np.ndarray) and content[name].shape == expected.shape
        np.testing.assert_array_equal(content[name], expected)
        assert content[name].flags.writeable
    np.testing.assert_array_equal(content["array"], OTHERS["array"])
    assert (content["word"], content["shape"], content["none"]) == ("a", (2, 3), None)


def test_an_archive_reads_arrays_when_they_are_looked_up(tmp_path):
    items = np.array([{"a": 1}, None], dtype=object)
    deep = np.array([[None, 1], [2, 3]], dtype=object)
    np.savez(
        tmp_path / "x.npz", numbers=np.arange(3), results={"b": [1, 2]}, items=items, deep=deep
    )
    content = load_plain(tmp_path / "x.npz")
    assert list(content) == ["numbers", "results", "items", "deep"] and "results" in content
    np.testing.assert_array_equal(content["numbers"], [0, 1, 2])
    assert content["results"] == {"b": [1, 2]} and content["items"] == [{"a": 1}, None]
    assert content.get("nothing") is None
    with pytest.raises(ValueError, match=r"x\.npz was not read: it holds an array .* several axes"):
        content["deep"]


def test_archives_of_other_things(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("page.txt", "hello")
    with pytest.raises(ValueError, match=r"x\.zip: it is an archive of other things"):
        load_plain(tmp_path / "x.zip")


# ---- tensors that are not what they claim


class Named:
    """Pickles as a storage of a file of torch.save."""

    def __init__(self, *parts):
        self.parts = parts


class Rebuild:
    """Pickles as a tensor with any arguments."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.parts if isinstance(value, Named) else None


def saved(folder, value, numbers=bytes(48)):
    """Write an archive of torch.save with one storage of 12 numbers."""
    content = io.BytesIO()
    Pickler(content, 2).dump(value)
    path = folder / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", content.getvalue())
        archive.writestr("x/data/0", numbers)
    return path


STORAGE = Named("storage", torch.FloatStorage, "0", "cpu", 12)
MODULE = Named("module", torch.FloatStorage, "0", "cpu", 1)


def tensor(*view, storage=STORAGE):
    return {"a": Rebuild(storage, *view, False, OrderedDict())}


def test_an_archive_by_hand_is_read(tmp_path):
    content = load_plain(saved(tmp_path, tensor(2, (5, 2), (2, 1))))
    np.testing.assert_array_equal(content["a"], np.zeros((5, 2)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (tensor(0, (13,), (1,)), "12 numbers"),
        (tensor(11, (2,), (1,)), "12 numbers"),
        (tensor(0, (2, 2), (2**39, 1)), "12 numbers"),
        (tensor(-1, (2,), (1,)), "1 axes and 1 strides"),
        (tensor(0, (2,), (1, 1)), "1 axes and 2 strides"),
        (tensor(0, (-2,), (1,)), "not whole numbers"),
        (tensor(0, (2,), (-1,)), "not whole numbers"),
        (tensor(0, (2**39,), (0,)), "more out of its bytes"),
        (tensor(0, (2,), (1,), storage=3), "a tensor in a int"),
        (tensor(0, (2,), (1,), storage=Named("storage", dict, "0", "cpu", 12)), "unknown kind"),
        (tensor(0, (2,), (1,), storage=MODULE), "outside"),
        (
            tensor(0, (2,), (1,), storage=Named("storage", torch.FloatStorage, "0", "cpu", 2**40)),
            "larger than the file",
        ),
        (
            tensor(0, (2,), (1,), storage=Named("storage", torch.FloatStorage, "0", "cpu", -1)),
            "larger than the file",
        ),
        (
            tensor(0, (2,), (1,), storage=Named("storage", torch.DoubleStorage, "0", "cpu", 12)),
            "6 numbers in a storage of 12",
        ),
        (
            tensor(0, (2,), (1,), storage=Named("storage", torch.FloatStorage, "../x", "cpu", 12)),
            "KeyError",
        ),
        ([STORAGE], "itself, not values"),
        ([torch.FloatStorage], "itself, not values"),
    ],
)  # fmt: skip
def test_impossible_tensors_are_refused(tmp_path, value, message):
    with pytest.raises(ValueError, match=rf"x\.pt.*{message}"):
        load_plain(saved(tmp_path, value))


def test_a_file_cannot_make_storages(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(b"\x80\x02ctorch\nFloatStorage\nJ\x00\x00\x00\x40J\xff\xff\xff\x7f\x86R.")
    with pytest.raises(ValueError, match=r"x\.pkl was not read: it makes a storage of its own"):
        load_plain(path)


def test_the_same_nested_tensor_again_and_again(tmp_path):
    inner = io.BytesIO()
    torch.save(torch.zeros(2**18).untyped_storage(), inner, _use_new_zipfile_serialization=False)
    raw = pickle.dumps(inner.getvalue(), 2)[2:-1]
    load = b"ctorch.storage\n_load_from_bytes\nq\x01" + raw + b"\x85q\x02R0"
    path = tmp_path / "x.pkl"
    path.write_bytes(b"\x80\x02" + load + b"h\x01h\x02R0" * 10_000 + b"N.")
    with pytest.raises(ValueError, match=r"x\.pkl was not read"):
        load_plain(path)


def test_tensors_in_tensors_are_refused(tmp_path):
    """Each level could repeat the next one a thousand times."""
    content = b"\x80\x02N."
    for _ in range(6):
        raw = pickle.dumps(content, 2)[2:-1]
        load = b"ctorch.storage\n_load_from_bytes\nq\x01" + raw + b"\x85q\x02R0"
        content = b"\x80\x02" + load + b"h\x01h\x02R0" * 1000 + b"N."
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"x\.pkl was not read: it holds tensors inside of tensors"
    ):
        load_plain(path)


@pytest.mark.parametrize("save", SAVE)
def test_objects_are_refused(tmp_path, save):
    path = tmp_path / "x.npy"
    SAVE[save]({"a": torch.nn.Linear(2, 2)}, path)
    with pytest.raises(ValueError, match=r"x\.npy was not read: it asks for .*torch\.nn"):
        load_plain(path)


def test_shared_parts_take_no_time(tmp_path):
    path = tmp_path / "wham_output.pkl"
    path.write_bytes(b"\x80\x02}N\x85" + b"2\x86" * 60 + b"K\x01s.")
    with pytest.raises(ValueError, match=r"wham_output\.pkl was not read"):
        read_wham(path, rate=30.0)
