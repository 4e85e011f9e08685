"""The lock file: stable text, every change that it would show, and damage that is refused."""

import json
import sys
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.network import Network, predict
from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.analysis.train import predict as predict_training
from resnet_cli.errors import FileError
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import DType
from resnet_cli.gate import lockfile
from resnet_cli.gate.changes import Change, changes, told
from resnet_cli.gate.lines import Locked, sources
from resnet_cli.gate.lockfile import LOCK_VERSION, MAX_BYTES, differences, read, to_text
from tests.strategies import configs

SMALL = ResNetConfig(input=(1, 1, 32, 32), channels=(8, 16), blocks=(1, 1))
EARLIER = Path(__file__).with_name("earlier.lock.json")


def entry_of(**fields):
    return Locked.of(predict(SMALL._replace(**fields)))


LOCKED = entry_of()
TEXT = to_text({"small": LOCKED, "big": entry_of(blocks=(2, 1))})


def written(tmp_path, data) -> Path:
    path = tmp_path / "net.lock"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def said(old, new):
    return ["\n".join(each.lines) for each in told(changes(old, new))]


def test_what_was_written_is_read_back(tmp_path):
    found = read(written(tmp_path, TEXT))
    assert list(found) == ["big", "small"]
    assert changes(found["small"], LOCKED) == []
    (line,) = (line for line in found["small"].lines if line.get("path") == "1.0.conv1")
    assert line == {
        "path": "1.0.conv1",
        "kind": "Conv2d",
        "attributes": {"out_channels": 8, "kernel": [3, 3], "padding": [1, 1]},
        "outputs": [[1, 8, 8, 8]],
        "params": 584,
        "macs": 36864,
    }


def test_the_text_is_stable_and_has_a_line_an_operation():
    small, big = LOCKED, entry_of(blocks=(2, 1))
    assert to_text({"big": big, "small": small}) == TEXT
    document = json.loads(TEXT)
    assert document["schema_version"] == LOCK_VERSION == 2
    assert TEXT.count('"kind"') == 23 + 30
    assert all(line.count('"kind"') <= 1 for line in TEXT.splitlines())
    assert TEXT.endswith("}\n")
    assert TEXT.isascii()


def test_totals_are_those_of_the_summary():
    summary = predict(SMALL).summary
    assert [LOCKED.total(name) for name in ("params", "buffers", "macs")] == [
        summary.params,
        summary.buffers,
        summary.macs,
    ]


def test_inputs_are_operations_back_or_as_the_blocks_first_takes_them_where_that_is_not_one():
    inputs = {(x["path"], x["kind"]): x["inputs"] for x in LOCKED.lines if "inputs" in x}
    assert inputs == {
        ("1.0", "add"): [1, {"first": 0}],
        ("2.0.conv3", "Conv2d"): [{"first": 0}],
        ("2.0", "add"): [2, 1],
    }


@given(configs())
def test_the_lines_say_what_each_operation_takes(config):
    network = predict(config)
    lines = [line for line in Locked.of(network).lines if "kind" in line]
    (_, *taken), (_, *operations) = sources(lines), network.graph.operations
    assert taken == [[*operation.inputs, *operation.reads] for operation in operations]


@given(configs(), configs())
def test_there_is_no_change_only_where_the_text_is_the_same(one, other):
    old, new = Locked.of(predict(one)), Locked.of(predict(other))
    assert changes(old, old) == []
    assert bool(changes(old, new)) == (to_text({"a": old}) != to_text({"a": new}))


def test_each_change_is_said_where_it_is_and_totals_last():
    params, macs = LOCKED.total("params"), LOCKED.total("macs")
    assert said(LOCKED, entry_of(classes=11)) == [
        "~ 5: out_features 10 → 11",
        f"~ total: params {params:,} → {params + 17:,} (+0.3%), "
        f"macs {macs:,} → {macs + 16:,} (+0.0%)",
    ]
    assert changes(LOCKED, entry_of(dtype=DType.FLOAT16)) == [
        Change("network", "dtype", "float32", "float16")
    ]


def test_blocks_that_come_and_go_are_said_together():
    old, new = (
        Locked.of(predict(presets.preset(name).config)) for name in ("resnet50", "resnet101")
    )
    assert said(old, new) == [
        "+ 17 blocks layer3.6 to layer3.22: Bottleneck, 18,992,128 params",
        "~ total: params 25,557,032 → 44,549,160 (+74.3%), "
        "macs 4,089,184,256 → 7,801,405,440 (+90.8%)",
    ]
    assert said(new, old)[0] == "- 17 blocks layer3.6 to layer3.22: Bottleneck, 18,992,128 params"


def test_what_follows_is_counted_below_its_cause():
    first, *_ = said(LOCKED, entry_of(input=(1, 1, 64, 64)))
    assert first == (
        "~ network: shape 1x1x32x32 → 1x1x64x64\n"
        "    19 operations behind it: other shapes or counts"
    )


@pytest.mark.parametrize("field", ["outputs", "params", "buffers", "macs", "kind", "path"])
@given(number=st.sampled_from([n for n, x in enumerate(LOCKED.lines) if "kind" in x]))
def test_nothing_of_no_line_can_change_unnoticed(field, number):
    other = {"outputs": [[7]], "kind": "Other", "path": "other"}.get(field, 7)
    lines = [*LOCKED.lines]
    lines[number] = {**lines[number], field: other}
    assert changes(LOCKED._replace(lines=lines), LOCKED)


def test_a_training_step_is_part_of_the_lock_where_it_was_asked_for():
    step = Step(Optimizer.ADAMW)
    trained = Locked.of(predict_training(SMALL, step))
    assert [change.what for change in changes(LOCKED, trained)] == [
        "saved_bytes",
        "train_peak_bytes",
    ]
    assert changes(trained, trained) == []


def test_an_earlier_lock_is_compared_by_shapes_and_counts():
    found = read(EARLIER)
    network = predict(presets.preset("resnet50").config)
    assert differences(found["resnet50"], network) == []
    other = predict(presets.preset("resnet50").config._replace(classes=10))
    assert [change.what for change in differences(found["resnet50"], other)][:3] == [
        "output_shape",
        "params",
        "macs",
    ]


def test_an_earlier_lock_of_a_preset_does_not_ask_for_names():
    network = predict(presets.preset("resnet50").config)
    rows = tuple(row._replace(path=f"other.{row.path}") for row in network.summary.rows)
    renamed = Network(None, network.graph, network.summary._replace(rows=rows))
    assert differences(read(EARLIER)["resnet50"], renamed) == []


def test_an_earlier_lock_of_a_module_goes_by_its_paths(tmp_path):
    network = predict(SMALL)
    rows = [
        {
            "path": row.path,
            "type": row.type,
            "output_shape": list(row.output_shape),
            "params": row.params,
            "macs": row.macs,
        }
        for row in network.summary.rows
    ]
    entry = {
        "config": {"module": "a:b", "module_args": "", "input": []},
        "input_shape": [1, 1, 32, 32],
        "totals": {"params": 5482, "macs": 231584},
        "layers": rows,
    }
    document = {"schema_version": 1, "networks": {"mine": entry}}
    path = written(tmp_path, json.dumps(document))
    assert differences(read(path)["mine"], network) == []
    rows[3]["path"] = "0.9"
    path = written(tmp_path, json.dumps(document))
    assert ["\n".join(each.lines) for each in told(differences(read(path)["mine"], network))] == [
        "- layer 0.9: ReLU, 0 params",
        "+ layer 0.2: ReLU, 0 params",
    ]


def test_a_merge_conflict_is_told_by_its_line(tmp_path):
    text = TEXT.replace('    "small"', '<<<<<<< HEAD\n    "small"')
    line = text[: text.index("<<<")].count("\n") + 1
    with pytest.raises(FileError, match=rf"has a merge conflict, in line {line}; run 'resnet-sh"):
        read(written(tmp_path, text))


def test_a_lock_that_could_not_be_read_again_is_not_written(monkeypatch):
    monkeypatch.setattr(lockfile, "MAX_BYTES", len(TEXT) - 1)
    with pytest.raises(FileError, match="lock fewer networks in one file"):
        to_text({"small": LOCKED, "big": entry_of(blocks=(2, 1))})


def test_a_missing_file_says_how_to_write_it(tmp_path):
    with pytest.raises(FileError, match=r"there is no lock file .*; run 'resnet-shapes lock' to"):
        read(tmp_path / "net.lock")


def test_a_newer_schema_says_to_upgrade(tmp_path):
    newer = TEXT.replace('"schema_version": 2', '"schema_version": 3')
    with pytest.raises(FileError, match=r"has schema version 3, .* reads 2: upgrade resnet-shapes"):
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
        (TEXT.replace('"small"', r'"\u001b[31m"'), r"'\x1b[31m' is not a network's name"),
        (TEXT.replace('"small"', '"::error::x"'), "'::error::x' is not a network's name"),
        (TEXT.replace('"lines"', '"layers"'), "is damaged: 'layers' is no field of a network"),
        (TEXT.replace('"outputs"', '"output"'), "is damaged: 'outputs' is missing"),
        (b'{"schema_version": 2, "networks": {}, "x": 1' + b"0" * 5000 + b"}", "is damaged: "),
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
