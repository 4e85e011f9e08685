"""Every number of a page in a browser, at random sizes and settings, is Python's to the digit."""

import random

import pytest

from resnet_cli.analysis import train
from resnet_cli.analysis.fold import fold
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.solve import fitting
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.analysis.subject import of_family
from resnet_cli.draw import layout, scene
from resnet_cli.draw.boxes import Level
from resnet_cli.errors import ConfigError
from resnet_cli.family.config import DType
from resnet_cli.family.presets import preset
from resnet_cli.show.seen import field_text
from resnet_cli.text import format_shape, human_bytes, human_count, human_text
from tests.show.browser import VISIT, Tab

NETWORKS = ("d2l-resnet18", "resnet18", "resnet50", "resnext50_32x4d", "resnet20_cifar10")
SIZES, FEW = 200, 20


def settings(count, seed):
    """Give random settings of a page's controls, small sizes and large ones."""
    chance = random.Random(seed)  # noqa: S311
    for _ in range(count):
        side = chance.choice((8, 64, 600, 3000))
        dtype = chance.choice([*DType])
        trains = chance.random() < 0.7
        single = dtype is DType.FLOAT32
        yield {
            "size-N": str(chance.randint(1, chance.choice((2, 64, 2000)))),
            "size-H": str(chance.randint(1, side)),
            "size-W": str(chance.randint(1, side)),
            "dtype": dtype.value,
            "train": chance.choice([*Optimizer]).value if trains else "",
            "amp": chance.choice(["", *Amp]) if trains and single else "",
            "checkpoint": chance.choice(["", *Checkpoint]) if trains else "",
        }


def configured(config, asked):
    """Return a network at these settings, and the step of training it."""
    sizes = (int(asked[f"size-{name}"]) for name in "NHW")
    batch, height, width = sizes
    shape = (batch, config.input[1], height, width)
    step = None
    if asked["train"]:
        amp, again = asked["amp"], asked["checkpoint"]
        step = Step(
            Optimizer(asked["train"]),
            Amp(amp) if amp else None,
            Checkpoint(again) if again else None,
        )
    return config._replace(input=shape, dtype=DType(asked["dtype"])), step


def expected(config, step):
    """Return the totals and rows that Python has."""
    network = predict(config) if step is None else train.predict(config, step)
    summary, plain = network.summary, predict(config).summary
    saved = {row.path: row.saved_bytes for row in summary.rows}
    side = min(config.input[2:])
    rows = [
        [
            row.path,
            format_shape(row.output_shape),
            *map(human_text, (row.params, row.macs, row.activation_bytes)),
            human_text(sum(saved[path] for path in paths)) if step else None,
            field_text(row, side),
        ]
        for row, _, paths, _ in fold(plain.rows, 99, folded=True)
    ]
    held = summary.training
    totals = {
        "params": summary.params,
        "macs": summary.macs,
        "activations": summary.activation_bytes,
        "peak": held.peak_bytes if held else summary.peak_bytes,
        **({"saved": held.saved_bytes, "flops": held.flops} if held else {}),
    }
    return totals, rows


@pytest.fixture
def written(invoke, tmp_path):
    """Write a network's page."""

    def write(*args):
        path = tmp_path / "net.html"
        result = invoke("--no-run", "-o", str(path), *args)
        assert result.code == 0, result.stderr
        return path

    return write


@pytest.mark.parametrize(
    ("name", "count"),
    [("resnet18", FEW), *(pytest.param(n, SIZES, marks=pytest.mark.slow) for n in NETWORKS)],
)
def test_every_number_is_pythons_at_random_sizes(browser, written, name, count):
    config = preset(name).config
    requests = [*settings(count, name)]
    with Tab(browser, written("--preset", name)) as tab:
        answers = tab.page.evaluate(VISIT, requests)
        assert tab.wrong == []
    refused = 0
    for asked, answer in zip(requests, answers, strict=True):
        own, step = configured(config, asked)
        try:
            totals, rows = expected(own, step)
        except ConfigError:
            assert "refuses to normalise" in answer["wrong"], asked
            refused += 1
            continue
        assert answer["wrong"] == ""
        assert answer["input"] == format_shape(own.input)
        assert {key: answer["totals"][key] for key in totals} == {
            key: f"{value:,}" for key, value in totals.items()
        }, asked
        for theirs, ours in zip(answer["rows"], rows, strict=True):
            theirs[5] = theirs[5] if step else None
            assert theirs == ours, asked
        units = [human_count(totals["params"]), human_count(totals["macs"])]
        units += [human_bytes(totals["activations"]), human_bytes(totals["peak"])]
        assert answer["units"][:4] == units
    assert refused < count / 4


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_figures_shapes_are_those_of_a_figure_drawn_at_that_size(browser, written, name):
    config = preset(name).config
    requests = [*settings(10, 1)]
    with Tab(browser, written("--preset", name)) as tab:
        answers = tab.page.evaluate(VISIT, requests)
    for asked, answer in zip(requests, answers, strict=True):
        own, _ = configured(config, asked)
        if answer["wrong"]:
            continue
        found = scene.network(predict(own).graph, name, Level.BLOCKS, folded=True)
        drawn = layout.arrange(found._replace(title="", notes=(), single=True))
        texts = (label.text for label in drawn.labels if label.category is None)
        shapes = sorted(text for text in texts if set(text) <= {*"0123456789x"})
        assert sorted(answer["shapes"]) == shapes


def test_a_batch_that_pytorch_refuses_to_train_is_none_that_fits(browser, written):
    config = preset("resnet18").config._replace(input=(2, 3, 32, 32))
    step = Step(Optimizer.SGD)
    most = train.predict(config, step).summary.training.peak_bytes
    with Tab(browser, written("--preset", "resnet18", "--input", "2x3x32x32")) as tab:
        for room, batch in ((most, 2), (most - 1, 0)):
            asked = {"train": "sgd", "gib": f"{(room + 0.5) / 2**30:.12f}"}
            tab.page.evaluate(VISIT, [asked])
            assert tab.text("#fit b") == str(batch)
            assert (next(iter(fitting(of_family(config, step), room))).most or 0) == batch


@pytest.mark.parametrize("trained", [False, True])
def test_the_batch_that_fits_is_that_of_solve(browser, written, trained):
    config = preset("resnet50").config
    with Tab(browser, written("--preset", "resnet50")) as tab:
        for asked in settings(12, 2):
            asked["train"] = asked["train"] or "adam" if trained else ""
            asked["amp"] = "bfloat16" if trained and asked["dtype"] == "float32" else ""
            asked["checkpoint"] = asked["checkpoint"] if trained else ""
            asked["gib"] = "16.5"
            (shown,) = tab.page.evaluate(VISIT, [asked])
            if shown["wrong"]:
                continue
            own, step = configured(config, asked)
            answer = next(iter(fitting(of_family(own, step), 33 * 2**29)))
            assert tab.text("#fit b") == f"{answer.most or 0:,}", asked
