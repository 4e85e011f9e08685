"""Other tools' own totals beside what `--count-like` says, with those that are installed."""

import contextlib
import importlib
import importlib.util
import io
from functools import cache

import pytest
import torch

from resnet_cli.analysis.conventions import counts
from resnet_cli.analysis.tools import Tool
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

OURS = ("d2l-resnet18", "resnet18", "resnext50_32x4d", "resnet20_cifar10")
TORCHVISION = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "wide_resnet50_2"),
    *("regnet_x_400mf", "regnet_x_800mf", "regnet_x_1_6gf", "vgg11", "vgg13_bn", "alexnet"),
)


def _torch(model, x):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(x)
    return counter.get_total_flops()


def _torchvision(model, x):
    """Count as its tests count the `_ops` of its weights."""
    return _torch(model, x) // 2


def _torchinfo(model, x):
    import torchinfo

    return torchinfo.summary(model, input_data=x, verbose=0).total_mult_adds


def _fvcore(model, x):
    from fvcore.nn import FlopCountAnalysis

    found = FlopCountAnalysis(model, x)
    return found.unsupported_ops_warnings(enabled=False).total()


def _ptflops(model, x, backend="pytorch"):
    from ptflops import get_model_complexity_info

    shape = tuple(x.shape[1:])
    options = {"as_strings": False, "print_per_layer_stat": False, "backend": backend}
    return get_model_complexity_info(model, shape, **options)[0]


def _ptflops_aten(model, x):
    return _ptflops(model, x, "aten")


def _thop(model, x):
    import thop

    return thop.profile(model, inputs=(x,), verbose=False)[0]


def _calflops(model, x):
    from calflops import calculate_flops

    return calculate_flops(
        model, input_shape=tuple(x.shape), print_results=False, output_as_string=False
    )[0]


def _deepspeed(model, x):
    from deepspeed.profiling.flops_profiler import get_model_profile

    return get_model_profile(model, args=[x], print_profile=False, as_string=False)[0]


TOOLS = {
    Tool.TORCH: ("torch", _torch),
    Tool.TORCHVISION: ("torch", _torchvision),
    Tool.TORCHINFO: ("torchinfo", _torchinfo),
    Tool.FVCORE: ("fvcore", _fvcore),
    Tool.PTFLOPS: ("ptflops", _ptflops),
    Tool.PTFLOPS_ATEN: ("ptflops", _ptflops_aten),
    Tool.THOP: ("thop", _thop),
    Tool.CALFLOPS: ("calflops", _calflops),
    Tool.DEEPSPEED: ("deepspeed", _deepspeed),
}


def build(name):
    """Return a model in eval mode and its input, of our own or of torchvision's."""
    library, _, name = name.rpartition(":")
    if not library:
        from resnet_cli.pytorch.build import build

        config = ResNetConfig(**presets.preset(name).values())
        return build(resnet.build(config)).eval(), torch.zeros(config.input)
    models = importlib.import_module("torchvision.models")
    return getattr(models, name)(weights=None).eval(), torch.zeros(1, 3, 224, 224)


@cache
def ours(name):
    """Return what we say that each tool counts."""
    from resnet_cli.pytorch.measure import measure

    model, x = build(name)
    return {count.tool: count for count in counts(measure(model, [x], name).graph, Tool)}


@pytest.mark.parametrize("tool", Tool)
@pytest.mark.parametrize("name", [*OURS, *(f"torchvision:{name}" for name in TORCHVISION)])
def test_a_tool_says_what_we_say_it_says(name, tool):
    package, run = TOOLS[tool]
    for needed in (package, name.rpartition(":")[0]):
        if needed and importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    model, x = build(name)
    with contextlib.redirect_stdout(io.StringIO()):
        found = run(model, x)
    assert ours(name)[tool].no_rule == ()
    assert ours(name)[tool].total == found
