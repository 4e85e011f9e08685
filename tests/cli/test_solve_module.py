"""`solve` of a module: one run is recorded, and every answer is what runs at other sizes say."""

import json

import pytest

from tests.cli.test_named_commands import NETS

MORE = """

class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 7, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(8, 16, 5, 3), nn.AvgPool2d(4, 1),
        )
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))

    def forward(self, x):
        return self.head(self.layers(x))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 8, 3, 2, 1)
        self.up, self.top = nn.ConvTranspose2d(8, 4, 2, 2), nn.ConvTranspose2d(8, 2, 2, 2)

    def forward(self, x):
        one = self.one(x)
        x = torch.cat([self.up(self.two(one)), one], 1)
        return self.top(x) + torch.ones_like(x[:, :1, :1, :1])


class Hidden(Skip):
    def forward(self, ids):
        return self.head(ids.float()[..., :6])


Pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))


def preset():
    from resnet_cli.analysis.network import predict
    from resnet_cli.family.presets import preset
    from resnet_cli.pytorch.build import build

    return build(predict(preset("resnet18").config).graph, device="cpu", dtype=torch.float32)
"""


@pytest.fixture
def call(tmp_path, invoke):
    (tmp_path / "nets.py").write_text(NETS + MORE, encoding="utf-8")

    def run(name, shape, *args):
        return invoke("solve", "--module", f"nets.py:{name}", "--input", shape, *args)

    return run


@pytest.fixture
def answers(call):
    def run(*args):
        result = call(*args, "--format", "json")
        assert result.code == 0, result.stderr
        assert "proved: all" in result.stderr
        return json.loads(result.stdout)["answers"]

    return run


@pytest.fixture
def output_of(invoke):
    """Return a layer's height and width in a run, None where it fails."""

    def run(name, layer, height, width):
        shape = f"1x3x{height}x{width}"
        result = invoke("--module", f"nets.py:{name}", "--input", shape, "--format", "json")
        if result.code:
            return None
        rows = {row["path"]: row for row in json.loads(result.stdout)["layers"]}
        return tuple(rows[layer]["output_shape"][2:])

    return run


@pytest.mark.parametrize(
    ("name", "layer", "want", "shape"),
    [
        ("Deep", "layers.4", (5, 7), "1x3x99x99"),
        ("Deep", "layers.0", (31, 40), "Nx3xHxW"),
        ("UNet", "two", (4, 6), "Nx3xHxW"),
        ("UNet", "up", (10, 16), "2x3x64x64"),
        ("Valid", "two", (5, 9), "x=1x3x50x50"),
    ],
)
def test_a_wanted_size_holds_from_the_least_to_the_most_in_runs(
    answers, output_of, name, layer, want, shape
):
    x = "x".join(map(str, want))
    height, width = answers(name, shape, "--want", f"{layer}={x}")
    assert (height["size"], width["size"]) == ("H", "W")
    for ends in ("least", "most"):
        assert output_of(name, layer, height[ends], width[ends]) == want
    # What lies outside has another size there, or cannot run at all.
    assert output_of(name, layer, height["least"] - 1, width["least"]) != want
    assert output_of(name, layer, height["most"] + 1, width["most"]) != want
    assert output_of(name, layer, height["next"], width["next"]) > want


def test_the_sizes_are_those_that_the_conditions_allow(call, answers):
    found = answers("UNet", "1x3x64x64", "--want", "two=4x6", "--memory", "1MiB")
    height, width, batch, side = found
    assert [(each["least"], each["most"], each["next"]) for each in (height, width)] == [
        (15, 16, 19),
        (23, 24, 27),
    ]
    assert side["least"] == 3
    assert {side["most"] % 4, side["next"] % 4} == {0, 3}
    assert batch["next"] == batch["most"] + 1
    result = call("UNet", "1x3x64x64", "--want", "two=4x6", "--memory", "1MiB")
    assert "H and W must leave 0 or 3 when divided by 4\nS must leave 0 or 3" in result.stdout


def test_the_solution_itself_is_run(call):
    result = call("Deep", "Nx3xHxW", "--want", "layers.4=5x7")
    assert "at N=1,H=75,W=99 and at N=1,H=86,W=110 (PyTorch" in result.stderr


def test_a_preset_and_a_module_of_its_layers_have_the_same_answers(call, invoke):
    shape, asked = "4x3x200x160", ("--want", "layer3=9x10", "--memory", "2GB", "--format", "json")
    theirs = invoke("solve", "--preset", "resnet18", "--input", shape, *asked)
    ours = call("preset", shape, *asked)
    assert json.loads(ours.stdout) == json.loads(theirs.stdout)
    asked = ("--memory", "2GB", "--train", "adamw", "--reserve", "10MB", "--format", "json")
    theirs = invoke("solve", "--preset", "resnet18", "--input", shape, *asked)
    ours = call("preset", shape, *asked)
    assert json.loads(ours.stdout) == json.loads(theirs.stdout), ours.stderr
    assert "and every byte that they save at" in ours.stderr


def test_a_training_steps_answer_is_what_a_run_in_training_has(answers, invoke):
    limit = 30_000_000
    asked = ("--memory", str(limit), "--train", "adamw")
    (batch,) = answers("Deep", "Nx3x64x64", *asked)
    for size, held in ((batch["most"], batch["bytes"]), (batch["next"], batch["next_bytes"])):
        run = ("--module", "nets.py:Deep", "--input", f"{size}x3x64x64", "--train", "adamw")
        found = json.loads(invoke(*run, "--format", "json").stdout)
        assert found["totals"]["train_peak_bytes"] == held
    assert batch["bytes"] <= limit < batch["next_bytes"]


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("Unknown", ("Nx3xHxW", "--want", "down=7x7"), "--module: closed forms end at the netw"),
        ("Skip", ("Nx3xHxW", "--want", "up=7x8"), "--want: layer up is never 7 along H: it is"),
        ("Skip", ("1x3x8xW", "--want", "down=3x2"), "--want: layer down is 4 there whatever the"),
        (
            "Deep",
            ("Nx3xHxW", "--want", "layers.4=3x7"),
            "--want: layer layers.4 is 3 along H for H from 51 to 62, and the network has a window",
        ),
        ("Skip", ("1x3x63x64", "--memory", "1MB"), "--input: the network (cat, given 1x3x64x64"),
        ("Skip", ("Nx3xHxW", "--memory", "1MB"), "--input: Nx3xHxW has names for several sizes"),
        ("Skip", ("Nx3xHxW", "--want", "head=1x1"), "--want: layer head gives Nx5: no H and W"),
        ("Skip", ("Nx3xHxW", "--want", "no=1x1"), "--want: 'no' is no layer of this network"),
        ("Hidden", ("1x16x8:int64", "--memory", "1MB"), "--input: 1x16x8 is not one image"),
        ("Skip", ("Nx3xHxW", "--train", "sgd", "--want", "up=8x8"), "--train: what ConvTransp"),
        ("Skip", ("Nx3xHxW", "--no-run", "--want", "up=8x8"), "--module: this needs what a run"),
        ("Fixed", ("Nx3xHxW", "--want", "conv=8x8"), "--want: conv=8x8 goes with no input: "),
    ],
)
def test_what_has_no_answer_is_refused_in_one_line(call, name, args, message):
    result = call(name, *args)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: {message}")
    assert result.stderr.count("\n") == 1


def test_a_module_without_an_input_is_asked_for_one(invoke, tmp_path):
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    result = invoke("solve", "--module", "nets.py:Skip", "--want", "up=8x8")
    assert result.code == 2
    assert result.stderr.startswith("resnet-shapes: --input: is missing; give the module's, as in")


def test_other_inputs_are_solved_for_by_name(answers):
    (length,) = answers("Hidden", "ids=1xLx8:int64", "--memory", "1MB")
    assert length["input"] == "1xLx8"
    assert length["bytes"] <= 1_000_000 < length["next_bytes"]


def test_what_a_run_does_not_bear_out_is_no_answer(call):
    result = call("Sly", "Nx3xHxW", "--want", "up=256x256")
    assert result.code == 1
    assert "NOT proved" in result.stderr


@pytest.mark.parametrize(
    ("flags", "path"),
    [(("--preset", "resnet18"), "layer4"), ((), "4"), (("--preset", "resnet50"), "layer4")],
)
def test_a_size_alone_is_the_last_maps_and_a_stage_needs_no_space(invoke, flags, path):
    def answers(want):
        document = json.loads(invoke("solve", *flags, "--want", want, "--format", "json").stdout)
        return [{**each, "condition": ""} for each in document["answers"]]

    assert answers("7x7") == answers("stage4=7x7") == answers(f"{path}=7x7") != answers("6x7")
    assert [each["most"] for each in answers("7x7")] == [224, 224]


@pytest.mark.parametrize(("name", "path"), [("preset", "layer4"), ("Deep", "layers"), ("UNet", "")])
def test_a_size_alone_is_the_last_maps_of_a_module(call, name, path):
    args = ("--format", "json", "--want")
    last = json.loads(call(name, "1x3x64x64", *args, "8x8").stdout)["answers"]
    assert {each["condition"] for each in last} == {f"{path or 'top'}=8x8"}
    if name == "preset":
        stage = json.loads(call(name, "1x3x64x64", *args, "stage4=8x8").stdout)["answers"]
        assert [each["most"] for each in stage] == [each["most"] for each in last]


def test_a_network_without_a_map_has_no_last_one(call):
    result = call("Pooled", "1x3x8x8", "--want", "7x7")
    assert result.code == 2
    assert "--want: no layer gives a map whose size the input decides" in result.stderr
