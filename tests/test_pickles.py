"""Arrays come out of pickles, and nothing in a pickle is ever executed."""

from __future__ import annotations

import bz2
import codecs
import collections
import gzip
import lzma
import operator
import os
import pickle
import struct
import sys
import time
import tracemalloc
import types
import zlib

import joblib
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn._safe_pickle import KNOWN, load_restricted

RNG = np.random.default_rng(0)
SHARED = RNG.normal(size=(3, 4))
VALUES = {
    "plain": [1, (2, {3}), None, True, b"x", b"", 2.5, 1j, -(2**70), frozenset([1]), "ü"],
    "c": SHARED,
    "again": SHARED,
    "fortran": np.asfortranarray(SHARED.astype(np.float32)),
    "big_endian": np.arange(3, dtype=">i4"),
    "text": np.array(["ab", "c"]),
    "bytes": np.array([b"ab", b"c"]),
    "flags": np.array([True, False]),
    "empty": np.zeros((0, 3)),
    "scalar_array": np.array(3.0),
    "scalars": [np.float32(3), np.uint32(2**32 - 1), np.bool_(True)],
    "ordered": collections.OrderedDict(b=1, a=2),
    "nested": collections.defaultdict(dict, {1: {"pose": np.zeros((2, 72))}}),
    "csc": scipy.sparse.csc_matrix(np.eye(3)),
    "csc_array": scipy.sparse.csc_array(np.triu(np.ones((3, 4)))),
}


def assert_same(got, wanted):
    if scipy.sparse.issparse(wanted):
        assert got.format == wanted.format
        np.testing.assert_array_equal(got.toarray(), wanted.toarray())
    elif isinstance(wanted, np.ndarray | np.generic):
        np.testing.assert_array_equal(got, wanted)
        assert got.dtype == np.asarray(wanted).dtype.newbyteorder("=")
    elif isinstance(wanted, dict):
        assert type(got) is dict and list(got) == list(wanted)
        for key in wanted:
            assert_same(got[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert type(got) is type(wanted)
        for one, other in zip(got, wanted, strict=True):
            assert_same(one, other)
    else:
        assert got == wanted


def written(tmp_path, content: bytes):
    path = tmp_path / "file.pkl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol(tmp_path, protocol):
    assert_same(load_restricted(written(tmp_path, pickle.dumps(VALUES, protocol))), VALUES)


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3)])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_files_of_joblib(tmp_path, compress, protocol):
    joblib.dump(VALUES, tmp_path / "x.pkl", compress=compress, protocol=protocol)
    assert_same(load_restricted(tmp_path / "x.pkl"), VALUES)


def test_a_single_array_of_joblib(tmp_path):
    joblib.dump(SHARED, tmp_path / "x.pkl")
    assert_same(load_restricted(tmp_path / "x.pkl"), SHARED)


def test_arrays_are_writable_and_shared_ones_stay_shared(tmp_path):
    got = load_restricted(written(tmp_path, pickle.dumps(VALUES)))
    got["c"][0] = 7
    assert got["c"] is got["again"] and got["c"].flags.owndata


def python2(text: str) -> bytes:
    """Assemble a pickle of Python 2, protocol 2: `text` with spaces between opcodes' lines."""
    return b"\x80\x02" + text.encode("latin1") + b"."


def test_an_array_of_python_2(tmp_path):
    """As NumPy 1.x wrote it under Python 2: byte strings, old module names."""
    raw = struct.pack("<2d", 1.5, -2.0)
    content = python2(
        "cnumpy.core.multiarray\n_reconstruct\n"
        "cnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        "(K\x01K\x02\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
        "(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        "\x89U" + chr(len(raw)) + raw.decode("latin1") + "tb"
    )
    np.testing.assert_array_equal(load_restricted(written(tmp_path, content)), [1.5, -2.0])


@pytest.fixture
def chumpy(monkeypatch):
    """Classes that pickle as chumpy's do, since chumpy itself no longer installs."""

    def module(name, *classes):
        made = types.ModuleType(name)
        for cls in classes:
            cls.__module__, cls.__qualname__ = name, cls.__name__
            setattr(made, cls.__name__, cls)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    class Ch:
        def __init__(self, **terms):
            self.__dict__.update(terms, _dirty_vars=set(), _itr=None)

    class Select(Ch):
        pass

    class cos(Ch):
        pass

    module("chumpy")
    module("chumpy.reordering", Select)
    return types.SimpleNamespace(ch=module("chumpy.ch", Ch, cos), Select=Select)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
def test_arrays_of_chumpy(tmp_path, chumpy, protocol):
    array = chumpy.ch.Ch(x=SHARED)
    chosen = chumpy.Select(a=array, idxs=np.array([0, 5]), preferred_shape=(2, 1))
    content = pickle.dumps({"array": array, "chosen": chosen}, protocol)
    got = load_restricted(written(tmp_path, content))
    np.testing.assert_array_equal(got["array"], SHARED)
    np.testing.assert_array_equal(got["chosen"], SHARED.ravel()[[0, 5]][:, None])


def test_computations_of_chumpy_are_refused(tmp_path, chumpy):
    content = pickle.dumps(chumpy.ch.cos(x=SHARED), 2)
    with pytest.raises(ValueError, match=r"chumpy\.ch\.cos, a computation.*numpy\.savez"):
        load_restricted(written(tmp_path, content))


class Call:
    """Pickles as a call."""

    def __init__(self, function, *args, state=None):
        self._parts = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self._parts


def touch(path):
    return f"open({str(path)!r}, 'w')"


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"pose": (1, {2: x})}])
@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize(
    ("attack", "named"),
    [
        (lambda p: Call(os.system, f"touch {p}"), "system"),
        (lambda p: Call(eval, touch(p)), "builtins.eval"),
        (lambda p: Call(exec, touch(p)), "builtins.exec"),
        (lambda p: Call(open, str(p), "w"), "open"),
        (lambda p: Call(getattr, "x", "upper"), "builtins.getattr"),
        (lambda p: Call(codecs.encode, "x", "rot13"), "_codecs.encode"),
        (lambda p: operator.attrgetter("upper"), "attrgetter"),
        (lambda p: Call(np.fromfile, str(p)), "fromfile"),
        (lambda p: Call(np.load, str(p)), "numpy"),
        (lambda p: Call(np.lib.format.open_memmap, str(p), "w+"), "memmap"),
        (lambda p: Call(joblib.load, str(p)), "joblib"),
        (lambda p: Call(types.SimpleNamespace), "SimpleNamespace"),
        (lambda p: os.system, "system"),
    ],
)
def test_nothing_is_executed(tmp_path, attack, named, protocol, wrap):
    victim = tmp_path / "victim"
    content = pickle.dumps(wrap(attack(victim)), protocol)
    with pytest.raises(ValueError, match=named):
        load_restricted(written(tmp_path, content))
    assert not victim.exists()


@pytest.mark.parametrize("compress", [0, 3])
def test_nothing_is_executed_in_files_of_joblib(tmp_path, compress):
    victim = tmp_path / "victim"
    objects = np.array([Call(os.system, f"touch {victim}"), None], dtype=object)
    for content in ({"a": SHARED, "b": Call(os.system, f"touch {victim}")}, objects):
        joblib.dump(content, tmp_path / "x.pkl", compress=compress)
        with pytest.raises(ValueError, match=r"posix\.system|Python objects|nt\.system"):
            load_restricted(tmp_path / "x.pkl")
    assert not victim.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cbuiltins\neval\n.",
        b"cbuiltins\ndict.__init__\n.",
        b"\x80\x04\x8c\x08builtins\x8c\x0ddict.fromkeys\x93.",
        b"\x80\x04\x8c\x06chumpy\x8c\x0bch.os.system\x93.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(cos\nsystem\nS'true'\no.",
        b"(S'true'\nios\nsystem\n.",
        b"cos\nsystem\n(S'true'\nt\x81.",
        b"\x80\x02\x82\x01.",
        b"\x80\x04Pexternal\n.",
        b"\x80\x05\x97.",
    ],
    ids=repr,
)
def test_other_ways_to_name_things(tmp_path, content):
    with pytest.raises(ValueError, match=r"file\.pkl"):
        load_restricted(written(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        # state given to a class instead of an object: to its attributes, or by slots
        b"\x80\x02cnumpy\ndtype\n}U\x07resolveK\x01sb.",
        b"\x80\x02cnumpy\ndtype\nN}U\x07resolveK\x01s\x86b.",
        b"\x80\x02ccollections\nOrderedDict\nN}U\x05itemsK\x01s\x86b.",
        b"\x80\x02cbuiltins\ndict\nN}U\x05itemsK\x01s\x86b.",
        b"\x80\x02ccopy_reg\n_reconstructor\n}U\x07__new__K\x01sb.",
        b"\x80\x02c_codecs\nencode\n}U\x07__new__K\x01sb.",
    ],
    ids=repr,
)
def test_the_loader_itself_cannot_be_changed(tmp_path, content):
    with pytest.raises(ValueError):
        load_restricted(written(tmp_path, content))
    test_every_protocol(tmp_path, 2)


def test_objects_in_arrays_are_refused(tmp_path):
    for array in (
        np.array([{}, None], dtype=object),
        np.zeros(2, dtype=[("a", float)]),
        np.array(["2020"], dtype="M8[Y]"),
    ):
        with pytest.raises(ValueError, match="Python objects or fields"):
            load_restricted(written(tmp_path, pickle.dumps(array)))


def test_types_are_no_values(tmp_path):
    for kind in (dict, np.dtype, np.ndarray, scipy.sparse.csc_matrix):
        with pytest.raises(ValueError, match=r"file\.pkl"):
            load_restricted(written(tmp_path, pickle.dumps([kind])))


def array_with(**changes):
    """A pickled array whose description was changed after the fact."""
    state = {
        "version": 1,
        "shape": (2, 3),
        "dtype": np.dtype("f8"),
        "fortran": False,
        "raw": bytes(48),
    }
    make, args, _ = np.zeros((2, 3)).__reduce__()
    return pickle.dumps(Call(make, *args, state=tuple((state | changes).values())))


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": (2, 4)},
        {"shape": (2**62, 2**62)},
        {"shape": (-2, -3)},
        {"shape": (2.0, 3)},
        {"shape": None},
        {"dtype": np.dtype("f4")},
        {"dtype": "f8"},
        {"dtype": np.dtype(float).type},
        {"raw": bytes(47)},
        {"raw": [1.0] * 6},
        {"raw": None},
        {"raw": 48},
    ],
    ids=repr,
)
def test_arrays_that_disagree_with_their_bytes(tmp_path, changes):
    assert load_restricted(written(tmp_path, array_with())).shape == (2, 3)
    with pytest.raises(ValueError, match=r"file\.pkl"):
        load_restricted(written(tmp_path, array_with(**changes)))


def test_hostile_scalars(tmp_path):
    make = np.float64(1).__reduce__()[0]
    for args in [(np.dtype("f8"), b"1"), (np.dtype("O"), bytes(8)), (np.dtype("f8"),), ("f8", b"")]:
        with pytest.raises(ValueError, match=r"file\.pkl"):
            load_restricted(written(tmp_path, pickle.dumps(Call(make, *args))))


def test_sparse_indices_outside_are_refused(tmp_path):
    for key in ("indices", "indptr"):
        matrix = VALUES["csc"].copy()
        kind, state = type(matrix), dict(matrix.__dict__)
        state[key] = np.array(state[key]) + 10**6
        hostile = kind.__new__(kind)
        hostile.__dict__.update(state)
        with pytest.raises(ValueError, match=r"file\.pkl"):
            load_restricted(written(tmp_path, pickle.dumps(hostile)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"hello",
        b"\x80\x05\x8e" + struct.pack("<Q", 2**60) + b"x.",
        b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N.",
        b"]" * 20_000 + b"a" * 19_999 + b".",
        b"]q\x00h\x00a.",
        b"\x80\xff.",
        zlib.compress(b"N."),
        zlib.compress(pickle.dumps(SHARED))[:-5],
        gzip.compress(b"nothing", mtime=0),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_bombs_and_damage(tmp_path, content):
    """Claims of size are not believed, deep and circular nesting ends in a message."""
    path = written(tmp_path, content)
    tracemalloc.start()
    try:
        if content == zlib.compress(b"N."):
            assert load_restricted(path) is None
        else:
            with pytest.raises(ValueError, match=r"file\.pkl"):
                load_restricted(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_shared_parts_stay_shared(tmp_path):
    part = [0.5]
    got = load_restricted(written(tmp_path, pickle.dumps([part, (part, {"again": part})])))
    assert got == [part, (part, {"again": part})]
    assert got[0] is got[1][0] is got[1][1]["again"]


SHARED_TUPLE = b"N\x85" + b"2\x86" * 60
"""Operations that nest a tuple in a pair of itself sixty times: 2**60 parts in 124 bytes."""
SHARED_LISTS = b"]q\x00(" + b"K\x01" * 1000 + b"e0]q\x01(" + b"h\x00" * 1000 + b"e0"


def many(count: int, operations: bytes) -> bytes:
    """Operations that make one value, keep it as 0, and do something with it again and again."""
    return operations * count + b"N."


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02}" + SHARED_TUPLE + b"K\x01s.",
        b"\x80\x02}(" + SHARED_TUPLE + b"K\x01u.",
        b"(" + SHARED_TUPLE + b"K\x01d.",
        b"\x80\x04\x8f(" + SHARED_TUPLE + b"\x90.",
        b"\x80\x04(" + SHARED_TUPLE + b"\x91.",
        b"\x80\x02c__builtin__\nset\n]" + SHARED_TUPLE + b"a\x85R.",
        b"\x80\x02ccollections\nOrderedDict\n]" + SHARED_TUPLE + b"K\x01\x86a\x85R.",
        b"\x80\x02" + SHARED_TUPLE + b".",
        b"\x80\x02}U\x01a]" + b"2\x86" * 60 + b"s.",
        b"\x80\x02" + SHARED_LISTS + b"](" + b"h\x01" * 1000 + b"e.",
        b"\x80\x02c_codecs\nencode\nU\x01a" + SHARED_TUPLE + b"\x86R.",
        b"\x80\x02cnumpy\ndtype\n" + SHARED_TUPLE + b"\x85R.",
        zlib.compress(b"N" * 20_000_000),
        zlib.compress(b"\x80\x04" + b"\x8f" * 20_000_000),
        bz2.compress(b"}" * 20_000_000),
        lzma.compress(b"\x80\x04B" + struct.pack("<I", 2**28) + bytes(2**28)),
        b"\x80\x02\x8b" + struct.pack("<i", 10**6) + b"\x01" * 10**6 + b".",
        b"L" + b"9" * 10**6 + b"L\n.",
        b"\x80\x02}\x8b" + struct.pack("<i", 200) + b"\x01" * 200 + b"Ns.",
        b"\x80\x02]q\x00("
        + b"N" * 10**5
        + b"e0c__builtin__\nlist\nq\x01"
        + many(10**5, b"h\x01h\x00\x85R0"),
        b"\x80\x02X"
        + struct.pack("<I", 10**6)
        + b"x" * 10**6
        + b"q\x000c_codecs\nencode\nq\x01"
        + many(10**5, b"h\x01h\x00\x85R0"),
        b"\x80\x02("
        + b"N" * 10**5
        + b"tq\x000c__builtin__\nlist\nq\x01"
        + many(10**5, b"h\x01h\x00R0"),
        b"\x80\x02}("
        + b"".join(b"J" + struct.pack("<i", n) + b"N" for n in range(140_000))
        + b"u.",
        b"N" + b"\x85" * 200_000 + b".",
    ],
    ids=lambda content: repr(content[:16]),
)
def test_small_files_take_little_time_and_memory(tmp_path, content):
    """What a file costs follows from its size, whatever it repeats, shares, hashes or inflates."""
    path = written(tmp_path, content)
    begin = time.process_time()
    with pytest.raises(ValueError, match=r"file\.pkl"):
        load_restricted(path)
    assert time.process_time() - begin < 45


def test_a_place_far_away_costs_nothing(tmp_path):
    assert load_restricted(written(tmp_path, b"\x80\x02Nr\xff\xff\xff\x7f.")) is None


@pytest.mark.parametrize("compress", ["bz2", "lzma", "xz"])
def test_all_compressions_of_joblib_but_one(tmp_path, compress):
    joblib.dump(VALUES, tmp_path / "x.pkl", compress=(compress, 3))
    assert_same(load_restricted(tmp_path / "x.pkl"), VALUES)
    with pytest.raises(ValueError, match=r"compressed with lz4.*joblib\.dump"):
        load_restricted(written(tmp_path, b"\x04\x22\x4d\x18" + bytes(20)))


def test_keys_may_be_numbers_and_short_tuples(tmp_path):
    content = {1: 0, 2.5: 0, None: 0, ("a", 1): 0, b"b": 0, np.int64(7): 0}
    for protocol in (0, 2, 4):
        assert load_restricted(written(tmp_path, pickle.dumps(content, protocol))) == content


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="No file at"):
        load_restricted(tmp_path / "none.pkl")
    with pytest.raises(FileNotFoundError):
        load_restricted(tmp_path)


PLAIN = pickle.dumps({"a": SHARED[:1], "s": VALUES["csc"], "f": np.float32(1), "o": {1, 2}}, 2)


@pytest.fixture(scope="module")
def one_file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "file.pkl"


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(PLAIN)),
)
def test_damaged_files_end_in_a_message(one_file, changes, length):
    content = bytearray(PLAIN[:length] if length % 3 else PLAIN)
    for position, value in changes:
        if position < len(content):
            content[position] = value
    one_file.write_bytes(bytes(content))
    try:
        load_restricted(one_file)
    except ValueError as error:
        assert "file.pkl" in str(error)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize(
    "make",
    [
        lambda: Call(getattr, Call(getattr, "x", "upper"), "__call__"),
        lambda: Call(codecs.decode, "636f", "hex"),
        lambda: Call(np.dtype, "O"),
        lambda: Call(np.ndarray, (2,), "O"),
        lambda: Call(collections.defaultdict, os.getpid),
        lambda: Call(type, "X", (), {}),
        lambda: Call(dict.fromkeys, "ab"),
        lambda: Call(map, print, [1]),
        lambda: Call(np.save, "x", 1),
    ],
)
def test_calls_within_calls_are_refused(tmp_path, make, protocol):
    """Nested getattr, codecs and the constructors of the allowed types themselves."""
    with pytest.raises(ValueError, match=r"file\.pkl"):
        load_restricted(written(tmp_path, pickle.dumps({"pose": make()}, protocol)))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_no_allowed_name_takes_a_foreign_state(tmp_path, name):
    module, _, attribute = name.rpartition(".")
    state = b"}U\x08__call__K\x01s"
    for opcodes in (state + b"b", b"N" + state + b"\x86b"):  # the dict, or the slots of the class
        content = f"\x80\x02c{module}\n{attribute}\n".encode("latin1") + opcodes + b"."
        before = vars(KNOWN[name]).copy()
        with pytest.raises(ValueError):
            load_restricted(written(tmp_path, content))
        assert dict(vars(KNOWN[name])) == dict(before)
