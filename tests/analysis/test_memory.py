"""A training step's bytes against those measured with PyTorch (training-memory.md), no torch."""

import pytest

from resnet_cli.analysis.kept import pieces, repeats
from resnet_cli.analysis.memory import training
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.errors import ConfigError
from resnet_cli.family import presets, resnet
from resnet_cli.family.modes import Names
from resnet_cli.graph.activations import Activation
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.captured import UNSEEN, Opaque, Source
from resnet_cli.graph.dims import Dim
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.products import Conv, Linear

SGD, MOMENTUM, ADAM, ADAMW = Optimizer


def train(name, batch=1, size=None, optimizer=SGD, dtype="float32", **how):
    """Return a step of a preset's."""
    config = presets.preset(name).config
    _, channels, height, _ = config.input
    size = size or height
    graph = resnet.build(config._replace(input=(batch, channels, size, size)))
    return training(graph, Step(optimizer, **how), dtype)


@pytest.mark.parametrize(
    ("name", "slope", "constant"),
    [
        ("resnet18", 22_183_848, 38_404),
        ("resnet50", 85_913_512, 212_484),
        ("d2l-resnet18", 21_076_016, 31_236),
    ],
)
def test_saved_bytes_are_linear_in_the_batch(name, slope, constant):
    for batch in (1, 2, 8):
        assert train(name, batch).saved_bytes == slope * batch + constant
    assert train(name, 3, eval_norms=True).saved_bytes == slope * 3 + 4  # no batch statistics
    formula = train(name, Dim.named("N", 0))
    assert str(formula.saved_bytes) == f"{slope}*N + {constant}"
    assert (formula.peak_bytes, formula.peak_at, formula.at_peak) == (None, None, None)


def test_each_module_has_what_it_keeps_first():
    step = train("resnet18")
    assert {
        path: step.saved[path] for path in ("conv1", "bn1", "relu", "maxpool", "layer1.0.conv1")
    } == {
        "conv1": 602_112,
        "bn1": 3_211_776,
        "relu": 3_211_264,
        "maxpool": 1_605_632,
        "layer1.0.conv1": 802_816,
    }
    assert step.saved["layer1.0"] == 802_816 + 2 * 803_328 + 1_605_632
    assert step.saved["layer1.0.relu"] == 1_605_632  # called twice
    assert step.saved["layer2.0.downsample.1"] == 402_432
    assert step.saved["layer4.1.bn2"] == 104_448
    assert step.saved["fc"] == 2_048
    assert step.loss_bytes == 4_012
    outermost = [nbytes for path, nbytes in step.saved.items() if "." not in path]
    assert sum(outermost) + step.loss_bytes == step.saved_bytes


@pytest.mark.parametrize(
    ("how", "nbytes"),
    [
        ({"amp": Amp.BFLOAT16}, 35_292_972),
        ({"amp": Amp.FLOAT16, "batch": 8}, 118_570_180),
        ({"dtype": "bfloat16"}, 11_913_946),
        ({"checkpoint": Checkpoint.STAGE}, 10_844_588),
        ({"checkpoint": Checkpoint.BLOCK}, 12_349_868),
        ({"freeze": ("stem", "stage 1")}, 7_166_892),
        ({"freeze": ("stem", "layer1", "layer2", "layer3", "layer4")}, 6_060),
    ],
)
def test_what_saves_memory(how, nbytes):
    assert train("resnet18", **how).saved_bytes == nbytes


@pytest.mark.parametrize(
    ("name", "batch", "optimizer", "nbytes", "where"),
    [
        ("resnet18", 8, SGD, 257_455_400, "layer4.0.conv1"),
        ("resnet18", 8, MOMENTUM, 304_213_448, "layer4.0.conv1"),
        ("resnet18", 8, ADAMW, 350_971_744, "layer4.0.conv1"),
        ("resnet18", 8, ADAM, 350_971_744, "layer4.0.conv1"),
        ("resnet50", 8, SGD, 840_166_960, "layer4.0.conv1"),
        ("resnet50", 8, MOMENTUM, 942_395_088, "layer4.0.conv1"),
        ("resnet50", 8, ADAMW, 1_044_623_860, "layer4.0.conv1"),
        ("resnet50", 32, MOMENTUM, 2_987_610_000, "layer4.2.relu"),
        ("resnet50", 32, ADAMW, 3_089_838_772, "layer4.2.relu"),
        ("resnet18", 1, ADAMW, 206_549_540, "optimizer"),
        ("resnet18", 1, MOMENTUM, 158_260_624, "layer3.0.conv1"),
        ("resnet50", 1, MOMENTUM, None, "layer3.0.conv1"),
        ("resnet18", 128, MOMENTUM, None, "layer4.1.relu"),
    ],
)
def test_the_peak_and_where_it_stands(name, batch, optimizer, nbytes, where):
    step = train(name, batch, optimizer=optimizer)
    assert step.exact
    assert step.peak_at == where
    assert nbytes in (None, step.peak_bytes)
    assert step.peak_bytes == step.static_bytes + sum(step.at_peak)
    assert min(step.at_peak) >= 0


def test_the_parts_that_are_always_there():
    step = train("resnet18", 8, optimizer=ADAMW)
    assert step.param_bytes == step.gradient_bytes == 4 * 11_689_512
    assert step.optimizer_bytes == 2 * step.param_bytes + 4 * 62
    assert step.buffer_bytes == 4 * 9_600 + 8 * 20
    assert (step.input_bytes, step.target_bytes) == (8 * 602_112, 8 * 8)


def test_the_head_alone_trains():
    step = train(
        "resnet18", optimizer=ADAMW, freeze=("stem", "layer1", "layer2", "layer3", "layer4")
    )
    assert step.param_bytes == 4 * 11_689_512
    assert step.gradient_bytes == 4 * 513_000
    assert step.optimizer_bytes == 2 * step.gradient_bytes + 4 * 2
    assert not step.exact
    assert step.flops == 2 * (1_814_073_344 + 512_000)  # forward, and the head's own weight


def test_flops_are_three_times_the_forward_pass_less_the_first_convolutions_input():
    assert train("resnet18", 2).flops == 21_296_824_320
    again = train("resnet18", 2, checkpoint=Checkpoint.BLOCK).flops
    assert 21_296_824_320 < again < 21_296_824_320 * 4 // 3


def test_the_optimisers_order_decides_what_it_makes_at_once():
    """The notebook registers two convolutions one after the other: three temporaries, not two."""
    config, step = presets.preset("resnet18").config, Step(ADAMW)
    largest = 4 * 512 * 512 * 9
    torchvision = training(resnet.build(config), step)
    notebook = resnet.build(config._replace(names=Names.NOTEBOOK))
    assert training(notebook, step).peak_bytes == torchvision.peak_bytes + largest - 4 * 512


@pytest.mark.parametrize("name", ["resnet110_cifar10", "resnet152", "d2l-resnet18"])
@pytest.mark.parametrize("optimizer", [SGD, ADAMW])
@pytest.mark.parametrize("batch", [1, 2, 64])
def test_what_is_skipped_comes_out_as_if_it_was_walked(name, optimizer, batch):
    config = presets.preset(name).config
    graph = resnet.build(config._replace(input=(batch, *config.input[1:])))
    alike = graph._replace(modules=tuple(each._replace(like="") for each in graph.modules))
    assert bool(repeats(graph)) == (name != "d2l-resnet18")
    assert repeats(alike) == []
    assert training(graph, Step(optimizer)) == training(alike, Step(optimizer))


def net(*kinds):
    """Return a chain of operations as a network."""
    build = Builder()
    image = x = build.apply(Input((2, 3, 8, 8)))
    for number, kind in enumerate(kinds):
        x = build.layer(str(number), kind, x)
    return build.graph("Sequential", image, x)


def test_what_nobody_has_said_is_not_known_and_not_nothing():
    unknown = Opaque("swirl", ((2, 4, 8, 8),))
    step = training(net(Conv(4, (3, 3), padding=(1, 1)), unknown, Flatten(), Linear(5)), Step(SGD))
    assert step.unknown == ("swirl",)
    assert not step.exact
    assert (step.peak_bytes, step.peak_at) == (None, None)


def test_a_front_that_does_not_train_need_not_be_known():
    graph = net(Opaque("swirl", ((2, 4, 8, 8),)), Flatten(), Linear(5))
    assert training(graph, Step(SGD)).exact


@pytest.mark.parametrize("what", ["parameter", UNSEEN])
def test_a_tensor_that_may_train_is_not_known(what):
    build = Builder()
    image = build.apply(Input((2, 3, 8, 8)))
    scaled = build.apply(Multiply(), image, build.apply(Source(what, (3, 1, 1))))
    x = build.layer("fc", Linear(5), build.layer("flat", Flatten(), scaled))
    assert training(build.graph("Scaled", image, x), Step(SGD)).unknown == (what,)


def test_an_activation_without_a_rule_is_not_known():
    assert Activation("Softsign").facts((2, 3)).keeps is None
    assert Activation("SiLU").facts((2, 3)).keeps.copies is False
    assert Activation("SiLU", inplace=True).facts((2, 3)).keeps.copies is True


@pytest.mark.parametrize(
    ("how", "field", "said"),
    [
        ({"amp": Amp.BFLOAT16, "dtype": "float64"}, "amp", "bfloat16 is for a network in float32"),
        ({"freeze": ("1.0.conv9",)}, "freeze", "'1.0.conv9' is no layer of this network"),
        ({"size": 32}, "input", "layer layer4.0.bn1 takes 1x512x1x1, one value a channel"),
    ],
)
def test_what_cannot_be_trained_is_said_by_field_and_layer(how, field, said):
    with pytest.raises(ConfigError) as caught:
        train("resnet18", **how)
    assert caught.value.field == field
    assert said in caught.value.message


def test_norms_that_use_their_running_statistics_take_one_value():
    assert train("resnet18", size=32, eval_norms=True).exact


def test_a_network_without_stages_has_nothing_to_checkpoint():
    graph = net(Conv(4, (3, 3)), Flatten(), Linear(5))
    assert pieces(graph, Checkpoint.STAGE) == ()
    with pytest.raises(ConfigError, match="no stages"):
        training(graph, Step(SGD, checkpoint=Checkpoint.STAGE))
