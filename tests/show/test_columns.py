"""Columns by name, and values as text."""

import pytest

from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.presets import preset
from resnet_cli.graph.kinds import Window, sliding
from resnet_cli.show import columns, seen

SUMMARY = predict(ResNetConfig()).summary
STEM = SUMMARY.rows[0]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("path,output_shape,params", ("path", "output_shape", "params")),
        ("macs, path", ("macs", "path")),
        ("Output shape,MACs %,Field", ("output_shape", "macs_percent", "receptive_field")),
        ("output-bytes,input,cumulative stride", ("output_bytes", "input_shape", "stride")),
        (["path", "window"], ("path", "window")),
    ],
)
def test_columns_are_named_as_people_spell_them(text, names):
    assert columns.parse(text) == names


@pytest.mark.parametrize("column", columns.COLUMNS.values(), ids=lambda column: column.name)
def test_each_header_is_a_name_as_well(column):
    assert columns.parse(column.header) == (column.name,)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("parms", r"'parms' is no column \(did you mean 'params'\?\); they are path, role,"),
        ("", "'' is no column"),
        ("path,path", "'path' is named 2 times; name a column once"),
        ("output,shape", "'output_shape' is named 2 times"),
        (3, "3 is not a list of columns"),
        (["path", 3], "is not a list of columns"),
    ],
)
def test_a_column_that_is_unknown_or_repeated_is_refused(value, said):
    with pytest.raises(ValueError, match=said):
        columns.parse(value)


def test_a_row_has_every_quantity():
    totals = SUMMARY.totals()
    texts = {
        name: columns.human_text(column.value(SUMMARY.rows[1], totals))
        for name, column in columns.COLUMNS.items()
    }
    assert texts == {
        "path": "0.0",
        "role": "stem",
        "type": "Conv2d",
        "input_shape": "1x1x224x224",
        "output_shape": "1x64x112x112",
        "params": "3,200",
        "params_percent": "0.0%",
        "buffers": "0",
        "macs": "39,337,984",
        "macs_percent": "2.3%",
        "flops": "78,675,968",
        "receptive_field": "7",
        "stride": "2",
        "output_bytes": "3,211,264",
        "saved_bytes": "",
        "window": "7x7 s2 p3",
        "takes_from": "",
        "frozen": "0",
        "calls": "1",
        "note": "",
    }


def test_a_share_of_nothing_is_nothing():
    none = dict.fromkeys(SUMMARY.totals(), 0)
    share = columns.COLUMNS["macs_percent"]
    assert share.value(STEM, none) is None
    assert share.total(none) is None


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        (("path", "type", "params"), ["Total", "", "11,178,378"]),
        (("params", "path"), ["11,178,378", ""]),
        (("macs_percent", "flops"), ["100.0%", "3,469,780,992"]),
    ],
)
def test_the_total_never_hides_a_number(names, texts):
    assert columns.total_texts(columns.pick(names), SUMMARY.totals()) == texts


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window((3, 3), (2, 2), (1, 1)), "3x3 s2 p1"),
        (Window((1, 7), (1, 1), (0, 3)), "1x7 s1 p0x3"),
        (Window((5,), (1,), (2,)), "5 s1 p2"),
        (Window((3, 3, 3), (1, 2, 2), (1, 1, 1)), "3x3x3 s1x2x2 p1"),
        (sliding((3, 3), (2, 2), (1, 1), (2, 2)), "3x3 s2 p1 d2"),
        (sliding((3, 3), (1, 1), (4, 1), (4, 1)), "3x3 s1 p4x1 d4x1"),
        (None, None),
    ],
)
def test_a_window_says_what_differs_between_sides(window, text):
    assert seen.window_text(STEM._replace(window=window)) == text


@pytest.mark.parametrize(
    ("name", "depth", "there"),
    [("d2l-resnet18", 1, False), ("d2l-resnet18", 2, True), ("resnet18", 1, True)],
)
def test_windows_are_shown_where_rows_have_some(name, depth, there):
    assert ("window" in columns.default(predict(preset(name).config).summary, depth)) == there


def test_a_note_below_the_depth_shown_makes_no_column():
    summary = predict(preset("resnet18").config).summary
    assert "note" not in columns.default(summary, 1)
    assert "note" in columns.default(summary, 3)
