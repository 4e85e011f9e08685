"""The reader of `.safetensors` headers: what is sound is read, all else is one `FileError`."""

import json
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.errors import FileError
from resnet_cli.gate import safetensors

BITS = {"F4": 4, "F6_E2M3": 6, "BOOL": 8, "F8_E4M3": 8, "BF16": 16, "F32": 32, "C64": 64}


def written(path, header, data=b""):
    """Write a file of a header, as JSON or as it is, and data; return its path."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def tensor(shape=(2,), begin=0, end=8, dtype="F32"):
    """Return a header's entry of a tensor."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def read_or_refused(path):
    """Hold that a file gives shapes, or one message."""
    try:
        shapes, message = safetensors.read(path), ""
    except FileError as error:
        shapes, message = {}, str(error)
    assert all(isinstance(size, int) for shape in shapes.values() for size in shape)
    assert not message or message.startswith(f"{path}: is no sound .safetensors file: ")
    assert "\n" not in message


@st.composite
def sound(draw):
    """Draw a sound header, its data's size, and the shapes."""
    shapes = draw(st.dictionaries(st.text(), st.lists(st.integers(0, 4), max_size=4), max_size=5))
    shapes.pop("__metadata__", None)
    header, at = {}, 0
    for name, shape in shapes.items():
        whole = [d for d, bits in BITS.items() if prod(shape) * bits % 8 == 0]
        dtype = draw(st.sampled_from(whole))
        end = at + prod(shape) * BITS[dtype] // 8
        header[name] = tensor(shape, at, end, dtype)
        at = end
    order = draw(st.permutations(list(header)))
    return {name: header[name] for name in order}, at, {n: (*s,) for n, s in shapes.items()}


@given(sound())
def test_what_is_sound_is_read_whatever_its_order(tmp_path_factory, drawn):
    header, size, shapes = drawn
    path = written(
        tmp_path_factory.getbasetemp() / "a", {"__metadata__": {}, **header}, bytes(size)
    )
    assert safetensors.read(path) == shapes


@given(sound(), st.data())
def test_any_other_bytes_are_read_or_refused_and_nothing_else(tmp_path_factory, drawn, data):
    """Bytes changed, cut or added make another sound file or a `FileError`."""
    header, size, _ = drawn
    path = written(tmp_path_factory.getbasetemp() / "b", header, bytes(size))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path.write_bytes(content)
    read_or_refused(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.text(),
        JSON
        | st.fixed_dictionaries(
            {"dtype": JSON | st.sampled_from([*BITS]), "shape": JSON, "data_offsets": JSON}
        ),
    )
)
def test_any_json_is_read_or_refused_and_nothing_else(tmp_path_factory, header):
    path = written(tmp_path_factory.getbasetemp() / "c", header)
    read_or_refused(path)


@pytest.mark.parametrize(
    ("header", "size", "why"),
    [
        ({"a": tensor(), "b": tensor(begin=4, end=12)}, 12, "'b', from byte 4, overlaps another"),
        (
            {"a": tensor(), "b": tensor(begin=9, end=17)},
            17,
            "'b', from byte 9, follows bytes of no",
        ),
        ({"a": tensor()}, 7, "'a' ends at byte 8 of 7"),
        ({"a": tensor(begin=2**62, end=2**62 + 8)}, 8, "ends at byte 4,611,686,018,427,387,912 of"),
        ({"a": tensor()}, 9, "has 1 bytes behind its last tensor"),
        ({"a": tensor(end=12)}, 12, "'a' of dtype F32 and shape [2] has 12 bytes"),
        ({"a": tensor((2**40, 2**40))}, 8, "'a' of dtype F32 and shape [10995"),
        ({"a": tensor((1,), 0, 1, "F4")}, 1, "'a' of dtype F4 and shape [1] has 1 bytes"),
        ({"a": tensor(begin=8, end=0)}, 8, "'a' has the data_offsets [8, 0]"),
        ({"a": tensor(begin=-8, end=0)}, 8, "'a' has the data_offsets [-8, 0]"),
        ({"a": tensor(begin=0.0)}, 8, "'a' has the data_offsets [0.0, 8]"),
        ({"a": tensor((True, 2))}, 8, "'a' has the shape [True, 2]"),
        ({"a": tensor((-2,))}, 8, "'a' has the shape [-2]"),
        ({"a": tensor(dtype="F33")}, 8, "'a' has the dtype 'F33', which is none"),
        ({"a": tensor(dtype=["F32"])}, 8, "'a' has the dtype ['F32'], which is none"),
        ({"a": {"dtype": "F32"}}, 8, "'a' has not dtype, shape and data_offsets"),
        ({"a": 1}, 8, "'a' has not dtype"),
        ([], 8, "has a header that is no JSON object"),
        (b'{"a": 1, "a": 1}', 0, "it has 'a' twice"),
        (b"{", 0, "has a header that is not JSON"),
        (b"", 0, "has a header that is not JSON"),
        (b"\xff", 0, "has a header that is not JSON as the format has it: 'utf-8' codec"),
        (b"[" * 100_000, 0, "has a header that is nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", 0, "has a header that is not JSON"),
    ],
)
def test_what_is_not_sound_is_said(tmp_path, header, size, why):
    path = written(tmp_path / "x.safetensors", header, bytes(size))
    with pytest.raises(FileError) as raised:
        safetensors.read(path)
    assert str(raised.value).startswith(f"{path}: is no sound .safetensors file: ")
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "has 0 bytes, and a header's length alone has 8"),
        (b"\xff" * 8, "has a header of 18,446,744,073,709,551,615 bytes; at most 100,000,000"),
        ((100).to_bytes(8, "little") + b"{}", "has a header of 100 bytes, and 2 are there"),
    ],
)
def test_a_length_that_cannot_be_is_not_read(tmp_path, content, why):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(FileError, match=why):
        safetensors.read(path)
    with pytest.raises(FileError, match=r"cannot read .*: Is a directory"):
        safetensors.read(tmp_path)


def test_a_header_over_100_mb_is_refused_unread(tmp_path):
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.write((100_000_001).to_bytes(8, "little"))
        file.truncate(8 + 100_000_001)  # sparse: none of it is on the disk
    with pytest.raises(FileError, match="at most 100,000,000 are read"):
        safetensors.read(path)


def test_no_product_of_a_long_shape_grows_without_end():
    assert safetensors._nbytes([2**62] * 100_000, 32) is None
