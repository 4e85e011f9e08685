"""Every shared option as a row of one table: what a flag, a variable or a file key may say."""

import click

from resnet_cli import parse
from resnet_cli.analysis import tools
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.analysis.summary import By
from resnet_cli.cli.options import HELP_NETWORK, Heading, Option, under
from resnet_cli.cli.values import (
    PURPOSES,
    Color,
    Device,
    Format,
    Output,
    ProofOptions,
    TableOptions,
)
from resnet_cli.family import presets, regnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import (
    AntiAlias,
    Attention,
    Block,
    Downsample,
    DType,
    Names,
    Norm,
    Shortcut,
    Stem,
    StemPool,
    StrideOn,
)
from resnet_cli.show import columns
from resnet_cli.text import format_shape


def _preset(value: object) -> str:
    return presets.preset(str(value)).name


def _target(value: object) -> object:
    from resnet_cli.pytorch import target  # only a module of the user's own has one

    return target.parse(value)


def _target_args(value: object) -> object:
    from resnet_cli.pytorch import target

    return target.parse_args(value)


def _input(value: object) -> object:
    if isinstance(value, str) and parse.is_one_shape(value):
        if "," in value and "x" in value:
            raise ValueError(f"{value!r} has x and commas; repeat --input for each input")
        return parse.typed_shape(value)
    if isinstance(value, list) and all(type(size) is int for size in value):
        return parse.typed_shape(value)
    from resnet_cli.pytorch import inputs

    return inputs.parse(value)


def _name(value: object) -> str:
    return str(value).strip()


def _layer(value: object) -> str:
    """Parse a layer's path or role."""
    text = str(value).strip()
    if not text or not all(char.isalnum() or char in "._- " for char in text):
        raise ValueError(f"{value!r} is no path or role, as in 2.0.conv1 or 'stage 2'")
    return text


NETWORK = under(
    Heading.NETWORK,
    (ResNetConfig(),),
    Option(
        "preset",
        _preset,
        "Start from a published network (see 'presets'); other flags then change it.",
        metavar="NAME",
        words=presets.NAMES,
    ),
    Option(
        "network",
        _name,
        "Start from a network of the configuration file. Repeatable with check and lock.",
        metavar="NAME",
        multiple=True,
    ),
    Option(
        "module",
        _target,
        "Your own network: an nn.Module, its class or a function that returns one, as in "
        "package.module:attribute or file.py:attribute.",
        metavar="TARGET",
    ),
    Option(
        "module-args",
        _target_args,
        "What the class or function takes, as in 'width=32, classes=7'.",
        metavar="ARGS",
    ),
    Option(
        "input",
        _input,
        "The dummy tensor; C sets the network's input channels. N, H and W may be names. "
        "With --module repeatable, one for each input, of any rank and type, as in 1x16:int64; "
        "mask=1x16:bool by name, '[3x480x640, 3x320x320]' or '{image: 1x3x8x8}' nested.",
        metavar="NxCxHxW",
        usual=format_shape(ResNetConfig().input),
        multiple=True,
    ),
    Option(
        "channels",
        parse.counts,
        "Width of each stage, the first also the stem's; with bottlenecks the inner width.",
    ),
    Option("blocks", parse.counts, "Residual blocks in each stage."),
    Option("classes", parse.number, "Outputs of the last linear layer."),
    Option("block", Block, "Kind of block."),
    Option(
        "stem",
        Stem,
        "7x7 stride 2 and pool, 3x3 stride 1, or three 3x3 and pool (ResNet-C, tiered: T).",
    ),
    Option("groups", parse.number, "Groups of a bottleneck's 3x3 convolution (ResNeXt)."),
    Option(
        "width-per-group",
        parse.number,
        "A bottleneck's inner width is int(planes * N / 64) * groups.",
    ),
    Option("shortcut", Shortcut, "Where shapes change: a 1x1 convolution, or zero channels."),
    Option(
        "stride-on",
        StrideOn,
        "A bottleneck's strided convolution: v1.5, or the paper's v1.",
        usual=ResNetConfig(block=Block.BOTTLENECK).stride_on,
    ),
    Option("conv-bias", parse.flag, "Whether convolutions have a bias."),
    Option("shortcut-norm", parse.flag, "Whether a projection has a batch norm."),
    Option(
        "stem-width",
        parse.number,
        "Width of the stem; a deep stem's last convolution is twice as wide.",
        usual="the first stage's",
    ),
    Option("stem-pool", StemPool, "How the stem halves the map again: max pool, or 3x3 stride 2."),
    Option("downsample", Downsample, "A projection's stride: its own, or a pool's (ResNet-D)."),
    Option("attention", Attention, "Gate at the end of a main path: SE-ResNet, ECA-Net."),
    Option(
        "attention-ratio",
        parse.share,
        "Share of the channels inside a squeeze and excitation, in multiples of 8.",
        metavar="RATIO",
        usual="1/16",
    ),
    Option("anti-alias", AntiAlias, "What has the stride behind a 3x3 convolution."),
    Option("pre-activation", parse.flag, "Whether norm and ReLU stand before convolutions (v2)."),
    Option("norm", Norm, "Kind of normalisation; group has 32 groups of channels."),
    Option("widen", parse.number, "Factor of all stages' widths, not the stem's (Wide ResNet)."),
    Option(
        "regnet",
        regnet.parse,
        "A RegNet's line in the place of channels, blocks and groups: "
        "w0=24,wa=36.44,wm=2.49,depth=13,group-size=8, with se-ratio=0.25 for a RegNetY.",
        metavar="LINE",
    ),
    Option("names", Names, "Whose names the modules have; a preset has its library's."),
    Option("dtype", DType, "Element type, for bytes and for the proof."),
)

TABLE = under(
    Heading.TABLE,
    (TableOptions(), Output()),
    Option("depth", parse.depth, "How deep: N modules, all, or operations.", metavar="DEPTH"),
    Option(
        "at",
        parse.sizes,
        "Evaluate formulas at N=8,H=512,W=512. Repeatable.",
        multiple=True,
    ),
    Option(
        "columns",
        columns.parse,
        "Columns, as in path,output,macs; a wrong one lists all.",
        metavar="LIST",
    ),
    Option("by", By, "Show sums over a type or stage instead of layers."),
    Option("fold", parse.flag, "Show equal neighbours as one row, 'x N'."),
    Option("bars", parse.flag, "Draw shares of params and MACs."),
    Option(
        "count-like",
        tools.parse,
        "What other tools count: all, or as in torch,fvcore.",
        metavar="LIST",
        words=("all", *tools.Tool),
    ),
    Option(
        "format",
        Format,
        "How to write.",
        metavar="FORMAT",
    ),
    Option("output -o", parse.path, "Write to FILE, as its ending says; - is the screen."),
)

TRAINING = under(
    Heading.TRAINING,
    (Step(Optimizer.SGD),),
    Option(
        "train",
        Optimizer,
        "What a training step with this optimiser holds: what each layer saves, and the peak.",
    ),
    Option("amp", Amp, "Autocast to this type."),
    Option("checkpoint", Checkpoint, "Run each of these again instead of saving what is in it."),
    Option(
        "freeze",
        _layer,
        "A layer whose weights do not train, by path or role. Repeatable.",
        metavar="LAYER",
        multiple=True,
    ),
    Option("eval-norms", parse.flag, "Whether batch norms use their running statistics."),
)

PROOF = under(
    Heading.PROOF,
    (ProofOptions(),),
    Option("run", parse.flag, "PyTorch proves it."),
    Option("device", Device, "auto, cpu, meta, cuda or mps.", metavar="DEVICE"),
)

GENERAL = under(
    Heading.GENERAL,
    (Output(),),
    Option(
        "config",
        parse.path,
        "Read FILE instead of the nearest pyproject.toml.",
    ),
    Option("color", Color, "auto, always or never.", metavar="WHEN"),
    Option("show-config", parse.flag, "Only show every value in force, and its source."),
    Option("traceback", parse.flag, "Show where an error arose.", usual=False),
)

SHARED = (*NETWORK, *TABLE, *TRAINING, *PROOF, *GENERAL)


def _budget(names: str, what: str, takes: parse.Parser) -> Option:
    return Option(names, takes, f"At most so many {what}.")


EXPECTATIONS = under(
    Heading.EXPECTATIONS,
    (),
    Option("expect-output", parse.pattern, "The output's shape.", metavar="SHAPE"),
    Option(
        "expect",
        parse.layer_pattern,
        "A layer's output shape, the layer by path or role; ? matches any number, N the same "
        "one each time. Repeatable, in the environment with ; between.",
        metavar="LAYER=SHAPE",
        multiple=True,
    ),
    _budget("max-params", "trainable parameters, as in 12M", parse.parse_count),
    _budget("max-macs", "MACs, as in 2G", parse.parse_count),
    _budget("max-flops", "FLOPs, as in 4G", parse.parse_count),
    _budget("max-param-bytes", "bytes of parameters, as in 40MiB", parse.parse_bytes),
    _budget(
        "max-activations --max-activation-bytes", "bytes of all activations", parse.parse_bytes
    ),
    _budget("max-peak --max-peak-bytes", "bytes held at once", parse.parse_bytes),
    _budget("max-train-peak", "bytes at once in a training step", parse.parse_bytes),
    Option(
        "allow-not-counted",
        parse.flag,
        "Whether a budget of MACs or FLOPs may leave out operations that have no rule.",
    ),
    Option(
        "allow-skipped",
        parse.flag,
        "Whether --no-run may leave modules out.",
    ),
    Option("lock", parse.path, "A lock file that 'lock' wrote."),
    Option(
        "weights",
        parse.path,
        "A checkpoint whose tensors are to fit, by name and shape: .safetensors, or what "
        "torch.save wrote (nothing in it is executed).",
    ),
)


def shared(
    *read: str, formats: tuple[Format, ...] = (), but: tuple[str, ...] = ()
) -> list[click.Parameter]:
    """Return every shared option for a command that reads those under a heading or of a name.

    Those of a name in `but` it does not read, nor `format` without `formats`. The help shows what
    is read; what is not is understood in variables and files, and refused as a flag.
    """
    names = {*read, *(("format",) if formats else ())}
    found: list[click.Parameter] = []
    for option in SHARED:
        is_read = bool({option.heading, option.dashed} & names) and option.dashed not in but
        own = option.but(is_shared=True, hidden=not is_read)
        if option.dashed == "format":
            said = "; ".join(text for each, text in PURPOSES.items() if each in formats)
            own = own.but(words=tuple(formats), help=f"{said}.", hidden=not formats)
        found.append(own)
    return [*found, HELP_NETWORK]
