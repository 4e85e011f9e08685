"""`--train` as a user meets it: the column, the block, the document, and the other commands."""

import csv
import io
import json

import pytest

from tests.show.test_formats import VALIDATOR

RESNET18 = ("--no-run", "--preset", "resnet18", "--input", "8x3x224x224")
TRAIN = ("--train", "adamw")

SQUEEZED = """
from torch import nn

def known():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.Flatten(),
                         nn.Linear(1568, 10))

def unknown():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Softsign(), nn.Dropout(0.5), nn.Flatten(),
                         nn.Linear(1568, 10))

def broken():
    return nn.Sequential(nn.Conv2d(3, 8, 16), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 10))
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(SQUEEZED, encoding="utf-8")


def document(result):
    """Return a JSON document that the schema describes."""
    found = json.loads(result.stdout)
    assert [error.message for error in VALIDATOR.iter_errors(found)] == []
    return found


def test_the_table_has_what_each_layer_saves_and_a_block_that_adds_up(invoke):
    result = invoke(*RESNET18, *TRAIN)
    assert result.code == 0
    lines = result.stdout.splitlines()
    assert "Saved" in lines[2]
    assert lines[5].endswith("25,690,624")
    start = next(i for i, line in enumerate(lines) if line == "Training step: adamw")
    rows = [line.rsplit("  ", 1) for line in lines[start + 4 : start + 11]]
    parts = [int(number.strip().replace(",", "")) for _, number in rows]
    assert lines[start + 12] == "Peak, at layer4.0.conv1    334.7 MiB  350,971,744"
    assert sum(parts) == 350_971_744
    assert "Training FLOPs  85,187,297,280  85.187 G" in result.stdout
    assert "Not in it: CUDA context, cuDNN workspaces" in result.stdout


def test_without_a_step_nothing_is_said_of_training(invoke):
    result = invoke(*RESNET18)
    assert "Saved" not in result.stdout
    assert "saved_bytes" not in invoke(*RESNET18, "--format", "json").stdout
    assert "saved_bytes" not in invoke(*RESNET18, "--format", "csv").stdout


def test_the_document_has_the_step_and_each_layers_part(invoke):
    found = document(invoke(*RESNET18, *TRAIN, "--format", "json", "--depth", "1"))
    step = found["training"]
    assert step["peak_bytes"] == 350_971_744
    assert (step["peak_at"], step["exact"], step["not_known"]) == ("layer4.0.conv1", True, [])
    parts = ("param_bytes", "optimizer_bytes", "buffer_bytes", "input_bytes", "target_bytes")
    always = sum(step[part] for part in parts)
    assert always + sum(step["at_peak"].values()) == step["peak_bytes"]
    layers = sum(layer["saved_bytes"] for layer in found["layers"])
    assert layers + step["loss"] == step["saved_bytes"] == 177_509_188
    assert found["totals"]["train_peak_bytes"] == step["peak_bytes"]


def test_csv_has_the_column_and_it_can_be_chosen(invoke):
    (first, *_) = csv.DictReader(io.StringIO(invoke(*RESNET18, *TRAIN, "--format", "csv").stdout))
    assert first["saved_bytes"] == "4816896"
    chosen = invoke(*RESNET18, *TRAIN, "--format", "csv", "--columns", "path,saved", "--depth", "1")
    assert chosen.stdout.startswith("path,saved_bytes\nconv1,4816896\nbn1,25690624\n")


def test_saved_bytes_are_formulas_and_a_peak_is_shown_at_sizes(invoke):
    named = ("--no-run", "--preset", "resnet18", "--input", "Nx3x224x224", *TRAIN)
    table = invoke(*named, "--at", "N=8").stdout
    assert "22,183,848·N + 38,404" in table
    assert "350,971,744" in table
    found = document(invoke(*named, "--at", "N=8", "--format", "json", "--depth", "1"))
    assert found["training"]["saved_bytes"] == "22183848*N + 38404"
    assert found["training"]["peak_bytes"] is None
    (point,) = found["at"]
    assert point["training"]["peak_bytes"] == 350_971_744
    assert point["layers"][0]["saved_bytes"] == 4_816_896


def test_solve_finds_the_largest_batch_and_image_and_the_next(invoke):
    args = ("solve", "--preset", "resnet50", "--memory", "16GiB", *TRAIN, "--format", "json")
    batch, image = json.loads(invoke(*args).stdout)["answers"]
    assert (batch["least"], batch["most"], batch["next"]) == (1, 194, 195)
    assert batch["bytes"] <= 2**34 < batch["next_bytes"]
    assert image["least"] == 33  # up to 32 pixels a norm has one value a channel
    assert image["bytes"] <= 2**34 < image["next_bytes"]
    less, _ = json.loads(invoke(*args, "--reserve", "1GiB").stdout)["answers"]
    assert less["bytes"] <= 2**34 - 2**30 < less["next_bytes"]
    assert less["most"] < batch["most"]


@pytest.mark.parametrize("train", [(), TRAIN])
def test_a_memory_that_nothing_fits_says_so_and_leaves_with_1(invoke, train):
    result = invoke("solve", "--preset", "resnet50", "--memory", "10MiB", *train)
    assert result.code == 1
    assert "no N of Nx3x224x224 fits memory <= 10,485,760 B; 1 needs" in result.stderr


def test_compare_has_rows_of_training(invoke):
    result = invoke("compare", "resnet18", "resnet50", *TRAIN, "--format", "json")
    first, second = json.loads(result.stdout)["networks"]
    assert first["saved_bytes"] == 22_222_252
    assert first["train_peak_bytes"] == 206_549_540
    assert second["ratios"]["saved_bytes"] == pytest.approx(86_125_996 / 22_222_252)
    assert "Training peak" in invoke("compare", "resnet18", "resnet50", *TRAIN).stdout


def test_check_holds_a_budget_and_the_lock_has_the_step(invoke, tmp_path):
    check = ("check", "--no-run", "--preset", "resnet18", *TRAIN, "--max-train-peak")
    assert invoke(*check, "206549540").code == 0
    assert invoke(*check, "206549539").code == 1
    lock = ("--preset", "resnet18", *TRAIN)
    assert invoke("lock", "-o", "net.lock", *lock).code == 0
    totals = json.loads((tmp_path / "net.lock").read_text("utf-8"))["networks"]["network"][
        "training"
    ]
    assert totals["train_peak_bytes"] == 206_549_540
    again = ("check", "--no-run", "--lock", "net.lock", "--preset", "resnet18")
    assert invoke(*again, *TRAIN).code == 0
    assert invoke(*again).code == 1  # without a step the lock would be another
    changed = invoke(*again, "--train", "sgd")
    assert changed.code == 1
    assert "train_peak_bytes" in changed.stdout


def test_the_file_can_ask_for_a_step(invoke, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.resnet-shapes.networks.big]\n"
        'preset = "resnet18"\ntrain = "adamw"\nfreeze = ["stem"]\nmax-train-peak = "1GiB"\n',
        encoding="utf-8",
    )
    assert invoke("check", "--no-run").code == 0
    step = document(invoke("--network", "big", "--no-run", "--format", "json"))["training"]
    assert (step["optimizer"], step["freeze"], step["exact"]) == (
        "adamw",
        ["conv1", "bn1", "relu", "maxpool"],
        False,
    )


def test_explain_puts_the_numbers_in(invoke):
    said = invoke(
        "explain", "--preset", "resnet18", "--train", "sgd", "layer1.0.conv1", "maxpool"
    ).stdout
    assert "padding 1; keeps its input for the weights' gradient" in said
    assert "saved    1·64·56·56·4 = 802,816" in said
    assert "saved    1·64·56·56·8 = 1,605,632" in said
    args = ("explain", "--preset", "resnet18", "--train", "sgd", "--format", "json")
    layers = json.loads(invoke(*args).stdout)["explanations"]
    saved = [q for layer in layers for q in layer["quantities"] if q["name"] == "saved"]
    assert len(saved) == len(layers)
    assert all(eval(each["formula"]) == each["value"] for each in saved)  # noqa: S307


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--train", "lion"), "--train: 'lion' is not one of sgd, momentum, adam, adamw"),
        ((*TRAIN, "--amp", "bfloat16", "--dtype", "float64"), "--amp: bfloat16 is for a network"),
        ((*TRAIN, "--freeze", "1.0.conv9"), "--freeze: '1.0.conv9' is no layer of this network"),
        (
            (*TRAIN, "--input", "1x3x32x32"),
            "--input: layer layer4.0.bn1 takes 1x512x1x1, one value",
        ),
        (("--amp", "bfloat16"), "--amp: needs --train and its optimiser"),
        (("--checkpoint", "stage"), "--checkpoint: needs --train"),
        (("--columns", "path,saved_bytes"), "--columns: 'saved_bytes' needs --train"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_flag(invoke, args, said):
    result = invoke("--no-run", "--preset", "resnet18", *args)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: {said}")


def test_the_proof_holds_every_byte_that_is_saved(invoke):
    result = invoke("--train", "sgd", "--format", "json", "--input", "2x1x64x64")
    found = document(result)
    assert result.code == 0
    assert found["forward"]["saved_bytes"] == found["training"]["saved_bytes"]
    assert "and every byte that they save" in result.stderr


def test_a_layer_that_saves_other_bytes_is_named(invoke, monkeypatch):
    from resnet_cli.analysis.train import training
    from resnet_cli.graph.graph import Graph

    def wrong(graph: Graph, *args: object, **kwargs: object) -> object:
        step = training(graph, *args, **kwargs)
        return step._replace(saved={**step.saved, "1.0.bn2": 5})

    monkeypatch.setattr("resnet_cli.analysis.train.training", wrong)
    result = invoke("--train", "sgd", "--format", "json", "--input", "2x1x64x64")
    difference = document(result)["forward"]["difference"]
    assert result.code == 1
    assert (difference["path"], difference["what"]) == ("1.0.bn2", "saved bytes")
    assert difference["predicted"] == "5"


@pytest.mark.usefixtures("mine")
def test_a_module_whose_operations_are_known_is_exact(invoke):
    args = ("--module", "mine.py:known", "--input", "2x3x16x16", *TRAIN, "--format", "json")
    found = document(invoke(*args))
    assert found["training"]["exact"] is True
    assert found["forward"]["saved_bytes"] == found["training"]["saved_bytes"]


@pytest.mark.usefixtures("mine")
def test_a_module_with_an_unknown_operation_is_measured_and_bounded(invoke):
    args = ("--module", "mine.py:unknown", "--input", "2x3x16x16", "--train", "sgd")
    step = document(invoke(*args, "--format", "json"))["training"]
    assert (step["exact"], step["peak_at"], step["at_peak"]) == (False, None, None)
    assert "Softsign" in step["not_known"]
    parts = ("param_bytes", "gradient_bytes", "optimizer_bytes", "buffer_bytes", "saved_bytes")
    assert step["peak_bytes"] > sum(step[part] for part in parts)
    assert step["flops"] is None
    table = invoke(*args).stdout
    assert "Peak, at most" in table
    assert "not known what these keep: Softsign, " in table


@pytest.mark.usefixtures("mine")
def test_a_module_that_cannot_be_trained_says_where(invoke):
    args = ("--module", "mine.py:broken", "--input", "1x3x16x16", *TRAIN)
    result = invoke(*args)
    assert result.code == 2
    assert "layer 1" in result.stderr
    assert invoke(*args, "--eval-norms").code == 0
    assert invoke(*args, "--eval-norms", "--checkpoint", "stage").code == 2


OWN = """
import torch
from torch import nn


class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.side = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)


class Cut(Part):
    def forward(self, x):
        with torch.no_grad():
            y = self.side(x)
        return (self.conv(x) + y).flatten(1)


class Raises(Part):
    def forward(self, x):
        self.conv(x)
        raise KeyError("x")


class Mixed(Part):
    def __init__(self):
        super().__init__()
        self.side.double()

    def forward(self, x):
        return (self.conv(x) + self.side(x.double())).flatten(1)
"""


@pytest.fixture
def own(tmp_path, monkeypatch, invoke):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    return lambda name, *args: invoke(
        "--module", f"own.py:{name}", "--input", "2x3x16x16", "--train", "sgd", *args
    )


def test_what_a_networks_own_code_does_not_keep_is_measured(own):
    step = document(own("Cut", "--format", "json"))["training"]
    assert (step["exact"], step["not_known"]) == (False, ["layer side"])
    assert own("Cut").code == 0


@pytest.mark.parametrize("freeze", [("stem", "stage 1", "stage 2", "stage 3", "stage 4", "head")])
def test_a_step_needs_a_weight_that_trains(invoke, freeze):
    args = [word for layer in freeze for word in ("--freeze", layer)]
    result = invoke("--no-run", "--preset", "resnet18", *TRAIN, *args)
    assert result.code == 2
    assert "--freeze: no weight is left to train" in result.stderr


def test_weights_of_several_types_are_refused(own):
    result = own("Mixed")
    assert result.code == 2
    assert "several element types" in result.stderr


def test_a_network_that_fails_is_explained_and_not_compared(own, invoke):
    args = ("--module", "own.py:Raises", "--input", "2x3x16x16")
    assert own("Cut").code == 0
    assert "conv" in invoke("explain", *args, "conv").stdout
    result = invoke("compare", "own.py:Raises --input 2x3x16x16", "resnet18")
    assert result.code == 2
    assert "cannot be compared" in result.stderr


@pytest.mark.parametrize("more", [(), ("--amp", "bfloat16")])
def test_a_peak_that_was_not_proved_says_so_wherever_it_stands(invoke, more):
    said = "not proved with these options"
    solved = invoke("solve", "--preset", "resnet18", "--memory", "1GiB", *TRAIN, *more).stdout
    compared = invoke("compare", "resnet18", "resnet34", *TRAIN, *more).stdout
    assert (said in solved, said in compared) == (bool(more), bool(more))
    assert ("amp bfloat16" in solved) == bool(more)


@pytest.mark.parametrize(
    "command", [("draw", "-o", "net.mmd"), ("print-net",), ("block", "--no-run")]
)
def test_a_command_that_says_nothing_of_training_refuses_its_flags(invoke, monkeypatch, command):
    for flags in (("--train", "sgd"), ("--freeze", "0"), ("--eval-norms",)):
        result = invoke(*command, *flags)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"resnet-shapes: {flags[0]}: is not for '{command[0]}'; ")
        assert "it is for the table, compare, explain" in result.stderr
    monkeypatch.setenv("RESNET_SHAPES_TRAIN", "sgd")
    monkeypatch.setenv("RESNET_SHAPES_FREEZE", "0")
    assert invoke(*command).code == 0


def test_the_table_says_what_of_the_saved_bytes_is_no_layers(invoke):
    document = json.loads(invoke(*TRAIN, "--no-run", "--format", "json").stdout)
    top = sum(row["saved_bytes"] for row in document["layers"] if row["depth"] == 1)
    loss = document["training"]["loss"]
    assert top + loss == document["totals"]["saved_bytes"] != top
    screen = invoke(*TRAIN, "--no-run").stdout
    assert f"Saved in all has {loss:,} bytes that the loss keeps, and no layer." in screen
