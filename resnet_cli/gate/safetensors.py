"""The names and shapes in a `.safetensors` file, from its header, whatever the file says.

Eight bytes are the header's length N, little endian; N bytes of JSON follow, which have of each
tensor `dtype`, `shape` and `data_offsets`, first and last, in the bytes behind the header
(https://huggingface.co/docs/safetensors: "Format"). As its own reader does, this one refuses a
header of over 100 MB, and bytes that are of no tensor or of two.
"""

import json
from typing import TYPE_CHECKING, Any, NoReturn

from resnet_cli.errors import FileError
from resnet_cli.text import short

if TYPE_CHECKING:
    from pathlib import Path

MAX_HEADER = 100_000_000

_BITS = {
    "F4": 4,
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8"), 8),
    **dict.fromkeys(("F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
"""Bits of an element."""

_METADATA = "__metadata__"


def read(path: "Path") -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor, in the order of the header. Raises `FileError`."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > MAX_HEADER or 8 + length > size:
                _refuse(path, _of_length(size, length))
            data = file.read(length)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    return _shapes(path, _header(path, data), size - 8 - length)


def _of_length(size: int, length: int) -> str:
    if size < 8:
        return f"has {size} bytes, and a header's length alone has 8"
    if length > MAX_HEADER:
        return f"has a header of {length:,} bytes; at most {MAX_HEADER:,} are read"
    return f"has a header of {length:,} bytes, and {size - 8:,} are there"


def _header(path: "Path", data: bytes) -> dict[str, Any]:
    """Return what a header says, each name once."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise ValueError(f"it has {short(name)} twice")
            found[name] = value
        return found

    try:
        header = json.loads(data.decode(), object_pairs_hook=once)
    except RecursionError:
        _refuse(path, "has a header that is nested too deeply")
    except ValueError as error:  # no UTF-8, no JSON, or a number of too many digits
        _refuse(path, f"has a header that is not JSON as the format has it: {error}")
    if not isinstance(header, dict):
        _refuse(path, "has a header that is no JSON object")
    return header


def _shapes(path: "Path", header: dict[str, Any], size: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors' shapes, whose bytes must be all `size` bytes behind the header."""
    shapes: dict[str, tuple[int, ...]] = {}
    places: list[tuple[int, int, str]] = []
    for name, entry in header.items():
        if name != _METADATA:
            shape, begin, end = _tensor(path, name, entry)
            shapes[name] = shape
            places.append((begin, end, name))
    at = 0
    for begin, end, name in sorted(places):
        if end > size:
            _refuse(path, f"{short(name)} ends at byte {end:,} of {size:,}")
        if begin != at:
            what = "overlaps another tensor" if begin < at else "follows bytes of no tensor"
            _refuse(path, f"{short(name)}, from byte {begin:,}, {what}")
        at = end
    if at != size:
        _refuse(path, f"has {size - at:,} bytes behind its last tensor")
    return shapes


def _tensor(path: "Path", name: str, entry: Any) -> tuple[tuple[int, ...], int, int]:
    """Return a tensor's shape and the place of its bytes, which its type and shape must fill."""
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        _refuse(path, f"{short(name)} has not dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _BITS:
        _refuse(path, f"{short(name)} has the dtype {short(dtype)}, which is none of the format's")
    if not _is_sizes(shape):
        _refuse(path, f"{short(name)} has the shape {short(shape)}")
    if not _is_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        _refuse(path, f"{short(name)} has the data_offsets {short(offsets)}")
    begin, end = offsets
    if _nbytes(shape, _BITS[dtype]) != end - begin:
        _refuse(
            path,
            f"{short(name)} of dtype {dtype} and shape {short(shape)} has {end - begin:,} bytes",
        )
    return tuple(shape), begin, end


def _is_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**63 for n in value)


def _nbytes(shape: list[int], bits: int) -> int | None:
    """Return the bytes that elements fill, None where they fill no whole number or too many."""
    for size in (*shape,) if 0 not in shape else (0,):
        bits *= size
        if bits > 2**63:  # before the product of a long list grows
            return None
    return bits // 8 if bits % 8 == 0 else None


def _refuse(path: "Path", why: str) -> NoReturn:
    raise FileError(f"{path}: is no sound .safetensors file: {why}")
