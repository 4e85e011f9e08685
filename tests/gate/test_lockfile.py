"""The lock file: stable text, differences metric by metric, and damage that is refused."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.network import predict
from resnet_cli.errors import FileError
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import DType
from resnet_cli.gate import lockfile
from resnet_cli.gate.lockfile import LOCK_VERSION, MAX_BYTES, Change, Locked, changes, read, to_text

SMALL = ResNetConfig(input=(1, 1, 32, 32), channels=(8, 16), blocks=(1, 1))


def entry_of(**fields):
    network = predict(replace(SMALL, **fields))
    return Locked.of(network.summary, network.config.to_dict())


LOCKED = entry_of()
TEXT = to_text({"small": LOCKED, "big": entry_of(blocks=(2, 1))})


def written(tmp_path, data) -> Path:
    path = tmp_path / "net.lock"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_what_was_written_is_read_back(tmp_path):
    found = read(written(tmp_path, TEXT))
    assert list(found) == ["big", "small"]
    assert changes(found["small"], LOCKED) == []
    assert found["small"].layers["1.0.conv1"] == {
        "path": "1.0.conv1",
        "type": "Conv2d",
        "output_shape": [1, 8, 8, 8],
        "params": 584,
        "macs": 36864,
    }


def test_the_text_is_stable_and_has_a_line_a_layer():
    small, big = LOCKED, entry_of(blocks=(2, 1))
    assert to_text({"big": big, "small": small}) == TEXT
    document = json.loads(TEXT)
    assert document["schema_version"] == LOCK_VERSION == 1
    assert TEXT.count('"path"') == len(small.layers) + len(big.layers)
    assert all(line.count('"path"') <= 1 for line in TEXT.splitlines())
    assert TEXT.endswith("}\n")
    assert TEXT.isascii()


def test_no_change_is_none_and_a_config_alone_is_none():
    assert changes(LOCKED, entry_of()) == []
    assert changes(LOCKED, entry_of(dtype=DType.FLOAT16)) == []


def test_each_metric_is_told_old_to_new_and_totals_last():
    now = entry_of(classes=11)
    (params, macs), (new_params, new_macs) = LOCKED.totals.values(), now.totals.values()
    assert changes(LOCKED, now) == [
        Change("config", "classes", "10", "11"),
        Change("5", "output_shape", "1x10", "1x11"),
        Change("5", "params", "170", "187"),
        Change("5", "macs", "160", "176"),
        Change("total", "params", f"{params:,}", f"{new_params:,}"),
        Change("total", "macs", f"{macs:,}", f"{new_macs:,}"),
    ]


def test_layers_come_and_go():
    more = entry_of(blocks=(2, 1))
    added = [change for change in changes(LOCKED, more) if change.metric == "layer"]
    assert [change.where for change in added] == [path for path in more.layers if "1.1" in path]
    assert {change.old for change in added} == {None}
    assert added[0].new == "Residual 1x8x8x8, 1,200 params"
    removed = [change for change in changes(more, LOCKED) if change.metric == "layer"]
    assert removed == [change._replace(old=change.new, new=None) for change in added]


@given(st.sampled_from(sorted(LOCKED.layers)), st.sampled_from(["params", "macs"]))
def test_no_number_of_no_layer_can_change_unnoticed(path, metric):
    row = {**LOCKED.layers[path], metric: LOCKED.layers[path][metric] + 1}
    tampered = LOCKED._replace(layers={**LOCKED.layers, path: row})
    (change,) = changes(tampered, LOCKED)
    assert (change.where, change.metric) == (path, metric)


def test_a_lock_that_could_not_be_read_again_is_not_written(monkeypatch):
    monkeypatch.setattr(lockfile, "MAX_BYTES", len(TEXT) - 1)
    with pytest.raises(FileError, match="lock fewer networks in one file"):
        to_text({"small": LOCKED, "big": entry_of(blocks=(2, 1))})


def test_a_missing_file_says_how_to_write_it(tmp_path):
    with pytest.raises(FileError, match=r"there is no lock file .*; run 'resnet-shapes lock' to"):
        read(tmp_path / "net.lock")


def test_a_newer_schema_says_to_upgrade(tmp_path):
    newer = TEXT.replace('"schema_version": 1', '"schema_version": 2')
    with pytest.raises(FileError, match=r"has schema version 2, .* reads 1: upgrade resnet-shapes"):
        read(written(tmp_path, newer))


def test_truncated_at_every_tenth_byte_it_is_damaged(tmp_path):
    for end in range(0, len(TEXT) - 2, 10):
        with pytest.raises(
            FileError, match=r"net\.lock: is damaged: .*; run 'resnet-shapes lock' to"
        ):
            read(written(tmp_path, TEXT[:end]))


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path_factory, data):
    with pytest.raises(FileError, match=r"; run 'resnet-shapes lock' to write it anew$"):
        read(written(tmp_path_factory.getbasetemp(), data))


SCALARS = [None, True, -1, 1.5, "x", [], {}, [[]], [{}], {"": None}, [None], 10**400, "x" * 10**6]


def spots(value, path=()):
    """Give the way to every value of a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, inner in items:
            yield from (
                spots(inner, (*path, key)) if isinstance(inner, dict | list) else [(*path, key)]
            )


@given(st.data())
def test_a_value_of_another_type_is_refused_or_compared(tmp_path_factory, data):
    document = json.loads(to_text({"small": LOCKED}))
    path = data.draw(st.sampled_from([p for p in spots(document) if p]))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(st.sampled_from(SCALARS))
    file = written(tmp_path_factory.getbasetemp(), json.dumps(document))
    try:
        found = read(file)
    except FileError as error:
        message = str(error)
    else:
        message = str([changes(locked, LOCKED)[:1] for locked in found.values()])[:500]
    assert len(message) <= 500


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe{}", "is not UTF-8 text, at byte 0"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"a":' * 100_000, "is nested too deeply"),
        (TEXT.replace('"big"', '"small"'), "is damaged: 'small' stands twice"),
        (TEXT.replace('"path": "1"', '"path": "0"'), "is damaged: layer '0' stands twice"),
        (TEXT.replace('"small"', r'"\u001b[31m"'), r"'\x1b[31m' is not a network's name"),
        (TEXT.replace('"small"', '"::error::x"'), "'::error::x' is not a network's name"),
        (TEXT.replace('"params"', '"parms"'), "is damaged: 'params' is missing"),
        (b'{"schema_version": 1, "networks": {}, "x": 1' + b"0" * 5000 + b"}", "is damaged: "),
    ],
)
def test_damage_is_named(tmp_path, data, message):
    with pytest.raises(FileError) as caught:
        read(written(tmp_path, data))
    assert message in str(caught.value)
    assert str(caught.value).endswith("; run 'resnet-shapes lock' to write it anew")


def test_a_byte_order_mark_and_other_line_ends_are_read(tmp_path):
    data = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    assert changes(read(written(tmp_path, data))["small"], LOCKED) == []


FULL = MAX_BYTES - 100
LARGE = {
    "larger than any lock": b" " * (MAX_BYTES + 1),
    "empty lists": b"[" + b"[]," * (FULL // 3) + b"[]]",
    "objects": b"[" + b'{"a":0},' * (FULL // 8) + b"{}]",
    "a name twice, at the end": (
        b"{" + b"".join(b'"%d":0,' % i for i in range(1_000_000)) + b'"999999":0}'
    ),
    "one string": b'"' + b"x" * FULL + b'"',
    "one number": b"1" * FULL,
}


@pytest.mark.slow
@pytest.mark.parametrize("what", LARGE)
def test_tens_of_megabytes_are_refused_in_bounded_time_and_memory(tmp_path, what):
    path = written(tmp_path, LARGE[what])
    start = time.perf_counter()
    with pytest.raises(FileError, match=r"net\.lock: is "):
        read(path)
    assert time.perf_counter() - start < 30
    assert peak_bytes() < 2**31


def peak_bytes() -> int:
    """Return the most memory that this process ever held."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
