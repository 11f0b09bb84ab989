"""Ways to damage a file: blindly, and inside of what compresses, describes or signs its content."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import format as npy

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
NUMBERS = (
    *(b"0", b"-1", b"1", b"2", b"1e308", b"-1e308", b"1e999", b"1e-320", b"nan", b"NaN", b"-inf"),
    *(b"Infinity", b"99999999999", b"4294967296", b"9223372036854775808", b"0x10", b"1_0", b"1,5"),
    *(b"", b"-", b"1.2.3", b"1e", b"9" * 400, b"9" * 5000, "１２".encode(), b"true", b"None"),
)
INTEGERS = (
    0,
    1,
    2**7,
    2**8 - 1,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
SHAPES = ((), (0,), (1,), (3,), (0, 3), (1, 72), (2**31, 3), (2**40, 2**40), (-1, 3), (0, 2**62))
KINDS = (
    "<f4",
    "<f8",
    ">f8",
    "<i8",
    "<u8",
    "|b1",
    "<c16",
    "|O",
    "<U4",
    "|S8",
    "|S0",
    "<M8[s]",
    "|V8",
)
PROGRAMS = (
    b"2\x86" * 30,
    b"2",
    b"0",
    b"(",
    b"t",
    b"l",
    b"]",
    b"}",
    b"a",
    b"s",
    b"R",
    b"b",
    b"N",
    b"h\x00",
)
"""Operations of pickles."""
EXTREMES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 2**31, 2**63, 2**64, 10**400, 0.5, 1e308, -1e-320),
    *(float("nan"), float("inf"), "", "x", "\0", "../x", "é" * 50, [], {}, [[]], [None], {"x": 1}),
    *([0] * 1000, ["x"] * 3, [[0.0] * 3] * 3),
)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return the content with one to three kinds of damage."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        ways = [_blind, _blind, *(way for holds, way in WAYS if holds(content))]
        content = rng.choice(ways)(content, rng)
    return content


# ---- blind


def _blind(content: bytes, rng: random.Random) -> bytes:
    """Damage bytes, numbers or lines, whatever they mean."""
    return rng.choice(BLIND)(content, rng)


def _place(content: bytes, rng: random.Random) -> int:
    """Return a place; headers stand in front, and tables of contents at the end."""
    size = len(content)
    bound = rng.choice((size, size, min(size, 64), min(size, 512)))
    at = rng.randrange(max(1, bound))
    return max(0, size - 1 - at) if rng.random() < 0.15 else at


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64)) if content else 0):
        changed[_place(content, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return (
        content[:at]
        + rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"\n", b'"', b"{"))
        + content[at + 1 :]
    )


def _truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.choice((rng.randrange(len(content) + 1), _place(content, rng), 0, 1))]


def _insert(content: bytes, rng: random.Random) -> bytes:
    at, start = _place(content, rng), _place(content, rng)
    more = rng.choice(
        (rng.randbytes(rng.choice((1, 4, 40))), content[start : start + rng.randrange(1, 400)])
    )
    return content[:at] + more + content[at:]


def _delete(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + content[at + rng.choice((1, 2, 4, 8, 100)) :]


def _swap(content: bytes, rng: random.Random) -> bytes:
    one, two = sorted((_place(content, rng), _place(content, rng)))
    size = rng.randrange(1, 40)
    return (
        content[:one]
        + content[two : two + size]
        + content[one + size : two]
        + content[one : one + size]
        + content[two + size :]
    )


def _integer(content: bytes, rng: random.Random) -> bytes:
    kind = rng.choice(("<I", ">I", "<Q", ">Q", "<H", "B"))
    raw = struct.pack(kind, rng.choice(INTEGERS) % 256 ** struct.calcsize(kind))
    at = _place(content, rng)
    return content[:at] + raw + content[at + len(raw) :]


def _number(content: bytes, rng: random.Random) -> bytes:
    near = _place(content, rng)
    found = NUMBER.search(content, near) or NUMBER.search(content)
    if found is None:
        return content
    return content[: found.start()] + rng.choice(NUMBERS) + content[found.end() :]


def _lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    at, other = rng.randrange(len(lines)), rng.randrange(min(len(lines), 40))
    way = rng.randrange(4)
    if way == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 1:
        lines.insert(at, lines[other])
    elif way == 2:
        del lines[other]
    else:
        words = re.split(rb"([\s,;:]+)", lines[other])
        one, two = rng.randrange(len(words)), rng.randrange(len(words))
        words[one], words[two] = words[two], words[one]
        lines[other] = b"".join(words)
    return b"\n".join(lines)


def _recode(content: bytes, rng: random.Random) -> bytes:
    way = rng.randrange(6)
    if way == 0:
        return content.decode("latin1").encode("utf-16")
    if way == 1:
        return b"\xef\xbb\xbf" + content
    if way == 2:
        return content.replace(b"\n", b"\r\n")
    if way == 3:
        return content.replace(b",", b";").replace(b".", b",")
    if way == 4:
        return bytes(rng.choice((0, 64))) if rng.random() < 0.5 else rng.randbytes(200)
    return content + content


def _program(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + rng.choice(PROGRAMS) + content[at:]


BLIND = (
    _flip,
    _flip,
    _set,
    _truncate,
    _insert,
    _delete,
    _swap,
    _integer,
    _number,
    _number,
    _lines,
    _recode,
    _program,
)


# ---- inside of archives, arrays, compressed streams and JSON


def _zip(content: bytes, rng: random.Random) -> bytes:
    """Damage members, and remove or repeat them, in an archive that is sound."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    if not members:
        return content
    at = rng.randrange(len(members))
    name, inside = members[at]
    way = rng.randrange(6)
    if way == 0:
        del members[at]
    elif way == 1:
        members.append((rng.choice(members)[0], inside))
    elif way == 2:
        members[at] = (rng.choice((name.upper(), "x.npy", "../x.npy", "x")), inside)
    else:
        members[at] = (name, damaged(inside, rng))
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    ) as archive:
        for each, raw in members:
            archive.writestr(zipfile.ZipInfo(each), raw)
    return buffer.getvalue()


def _array(content: bytes, rng: random.Random) -> bytes:
    """Change what the header of an array says, or its values with a header that fits."""
    try:
        array = npy.read_array(io.BytesIO(content))
        if not array.size:
            return _blind(content, rng)
        return _other_array(array, rng)
    except Exception:  # its header is damaged already, or its values do not fit the type
        return _blind(content, rng)


def _other_array(array: Any, rng: random.Random) -> bytes:
    """Write an array with another header or other values."""
    way, buffer = rng.randrange(7), io.BytesIO()
    if way <= 1:
        head = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
        if way == 0:
            head["shape"] = rng.choice((*SHAPES, array.shape[::-1], (*array.shape, 1)))
        else:
            head["descr"] = rng.choice(KINDS)
        npy.write_array_header_1_0(buffer, head)
        return buffer.getvalue() + array.tobytes()
    if way == 2:
        array = array[: rng.choice((0, 1, 2))] if array.ndim else array[None]
    elif way == 3:
        array = array.astype(rng.choice(("f4", "f8", "i8", "c16", "U8", "bool", "f2")), copy=False)
    elif way == 4:
        array = rng.choice((array.ravel(), array[None], array.T, np.zeros(()), np.zeros((0, 0))))
    elif array.size and array.dtype.kind in "fiu":
        array = np.array(array)
        bad = (
            (np.nan, np.inf, 1e308, -1e308, 1e-320, 0.0, -1.0)
            if array.dtype.kind == "f"
            else (0, 1, 127)
        )
        flat, at = array.reshape(-1), rng.randrange(array.size)
        flat[at : at + rng.choice((1, 1, 3, 10**6))] = rng.choice(bad)
    npy.write_array(buffer, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def _compressed(content: bytes, rng: random.Random) -> bytes:
    """Damage the content of a compressed stream that is sound."""
    try:
        inside = damaged(zlib.decompress(content, wbits=zlib.MAX_WBITS | 32), rng)
    except zlib.error:
        return _blind(content, rng)
    return gzip.compress(inside) if content[0] == 0x1F else zlib.compress(inside)


def _json(content: bytes, rng: random.Random) -> bytes:
    """Replace, remove or repeat a value in JSON that is sound."""
    return json.dumps(damaged_tree(json.loads(content), rng)).encode()


def damaged_tree(tree: Any, rng: random.Random) -> Any:
    """Return a tree of JSON with a value replaced, removed or repeated."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = (
            node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        )
        for key in list(keys)[:50]:
            places.append((node, key))
            walk(node[key])

    walk(tree)
    if not places:
        return rng.choice(EXTREMES)
    node, key = rng.choice(places)
    way = rng.randrange(6)
    if way == 0:
        del node[key]
    elif way == 1 and isinstance(node, dict):
        node[rng.choice(("x", "", key.upper() if isinstance(key, str) else "y"))] = node.pop(key)
    elif way == 2:
        node[key] = rng.choice(places)[0]
        if any(node is part for part in (node[key],)):
            node[key] = None
        try:
            json.dumps(tree)
        except (ValueError, RecursionError):
            node[key] = None
    elif way == 3:
        deep: Any = 0
        for _ in range(rng.choice((5, 500))):
            deep = [deep]
        node[key] = deep
    else:
        node[key] = rng.choice(EXTREMES)
    return tree


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return content[:1] in (b"{", b"[")


def _is_zip(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.testzip() is None
    except Exception:
        return False


def _matlab(content: bytes, rng: random.Random) -> bytes:
    """Damage the matrix in a MATLAB file whose elements are compressed."""
    try:
        size = struct.unpack_from("<I", content, 132)[0]
        inside = damaged(zlib.decompress(content[136 : 136 + size]), rng)
    except (zlib.error, struct.error):
        return _blind(content, rng)
    packed = zlib.compress(inside)
    return content[:128] + struct.pack("<II", 15, len(packed)) + packed


WAYS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes, random.Random], bytes]], ...] = (
    (_is_zip, _zip),
    (_is_zip, _zip),
    (lambda content: content.startswith(npy.MAGIC_PREFIX), _array),
    (lambda content: content.startswith(npy.MAGIC_PREFIX), _array),
    (lambda content: content.startswith((b"\x78", b"\x1f\x8b")), _compressed),
    (lambda content: content.startswith((b"\x78", b"\x1f\x8b")), _compressed),
    (_is_json, _json),
    (_is_json, _json),
    (lambda content: content.startswith(b"MATLAB") and content[128:129] == b"\x0f", _matlab),
)
"""What a file holds, and how to damage it there."""
