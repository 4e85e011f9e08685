"""Every shared option as a row of one table: what a flag, a variable or a file key may say."""

from enum import StrEnum
from typing import Any, NamedTuple

from resnet_cli import parse
from resnet_cli.family import presets
from resnet_cli.family.config import Block, DType, Shortcut, Stem, StrideOn
from resnet_cli.show import columns


class Format(StrEnum):
    """How a result is written; the first five write a network's layers."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    JUNIT = "junit"


SUMMARY_FORMATS = (Format.TABLE, Format.PLAIN, Format.JSON, Format.CSV, Format.MARKDOWN)


class Device(StrEnum):
    """Where the proof runs."""

    AUTO = "auto"
    CPU = "cpu"
    META = "meta"
    CUDA = "cuda"
    MPS = "mps"


class Color(StrEnum):
    """Whether to write colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Spec(NamedTuple):
    """One option: its long flag, its parser, its heading in the help, and what it says there."""

    name: str
    parse: parse.Parser
    heading: str
    help: str
    metavar: str = ""
    default: str = ""
    words: tuple[str, ...] = ()
    switch: bool = False
    others: tuple[str, ...] = ()
    multiple: bool = False

    @property
    def key(self) -> str:
        """The option's name in Python: `width_per_group`."""
        return self.name.replace("-", "_")


def modes(kind: type[StrEnum]) -> dict[str, Any]:
    """Return the parts of a row that an enumeration of words decides."""
    words = tuple(member.value for member in kind)
    return {"parse": parse.one_of(kind), "words": words, "metavar": "|".join(words)}


def _preset(value: object) -> str:
    return presets.preset(str(value)).name


def _target(value: object) -> object:
    from resnet_cli.pytorch import target  # only a module of the user's own has one

    return target.parse(value)


def _target_args(value: object) -> object:
    from resnet_cli.pytorch import target

    return target.parse_args(value)


NETWORK, TABLE, PROOF, GENERAL = "Network", "Table", "Proof", "General"
EXPECTING = "Expectations"

SHARED: tuple[Spec, ...] = (
    Spec(
        "preset",
        _preset,
        NETWORK,
        "Start from a published network (see 'presets'); other flags then change it.",
        metavar="NAME",
        words=presets.NAMES,
    ),
    Spec(
        "network",
        str,
        NETWORK,
        "Start from a network of the configuration file.",
        metavar="NAME",
    ),
    Spec(
        "module",
        _target,
        NETWORK,
        "Your own network: an nn.Module, its class or a function that returns one, as in "
        "package.module:attribute or file.py:attribute.",
        metavar="TARGET",
    ),
    Spec(
        "module-args",
        _target_args,
        NETWORK,
        "What the class or function takes, as in 'width=32, classes=7'.",
        metavar="ARGS",
    ),
    Spec(
        "input",
        parse.typed_shape,
        NETWORK,
        "The dummy tensor; C sets the network's input channels. N, H and W may be "
        "names. With --module repeatable, one "
        "for each input, of any rank and type, as in 1x16:int64.",
        metavar="NxCxHxW",
        default="1x1x224x224",
        multiple=True,
    ),
    Spec(
        "channels",
        parse.counts,
        NETWORK,
        "Width of each stage, the first also the stem's; with bottlenecks the inner width.",
        metavar="LIST",
        default="64,128,256,512",
    ),
    Spec(
        "blocks",
        parse.counts,
        NETWORK,
        "Residual blocks in each stage.",
        metavar="LIST",
        default="2,2,2,2",
    ),
    Spec(
        "classes",
        parse.number,
        NETWORK,
        "Outputs of the last linear layer.",
        metavar="N",
        default="10",
    ),
    Spec("block", heading=NETWORK, help="Kind of block.", default="basic", **modes(Block)),
    Spec(
        "stem",
        heading=NETWORK,
        help="7x7 stride 2 and max pool, or 3x3 stride 1.",
        default="imagenet",
        **modes(Stem),
    ),
    Spec(
        "groups",
        parse.number,
        NETWORK,
        "Groups of a bottleneck's 3x3 convolution (ResNeXt).",
        metavar="N",
        default="1",
    ),
    Spec(
        "width-per-group",
        parse.number,
        NETWORK,
        "A bottleneck's inner width is int(planes * N / 64) * groups.",
        metavar="N",
        default="64",
    ),
    Spec(
        "shortcut",
        heading=NETWORK,
        help="Where shapes change: a 1x1 convolution, or zero channels.",
        default="projection",
        **modes(Shortcut),
    ),
    Spec(
        "stride-on",
        heading=NETWORK,
        help="A bottleneck's strided convolution: v1.5, or the paper's v1.",
        default="3x3",
        **modes(StrideOn),
    ),
    Spec(
        "conv-bias",
        parse.flag,
        NETWORK,
        "Whether convolutions have a bias.",
        default="conv-bias",
        switch=True,
    ),
    Spec(
        "shortcut-norm",
        parse.flag,
        NETWORK,
        "Whether a projection has a batch norm.",
        default="no-shortcut-norm",
        switch=True,
    ),
    Spec(
        "dtype",
        heading=NETWORK,
        help="Element type, for bytes and for the proof.",
        default="float32",
        **modes(DType),
    ),
    Spec(
        "depth",
        parse.depth,
        TABLE,
        "How deep to go into the module tree.",
        metavar="N|all",
        default="1; json and csv: all",
    ),
    Spec(
        "at",
        parse.sizes,
        TABLE,
        "Evaluate the formulas of an input with names, as in N=8,H=512,W=512. Repeatable.",
        metavar="SIZES",
        multiple=True,
    ),
    Spec(
        "columns",
        columns.parse,
        TABLE,
        "Columns to show, in this order: " + ", ".join(columns.COLUMNS) + ".",
        metavar="LIST",
    ),
    Spec(
        "fold",
        parse.flag,
        TABLE,
        "Show identical neighbouring blocks as one row, 'x N'.",
        default="fold",
        switch=True,
    ),
    Spec(
        "bars",
        parse.flag,
        TABLE,
        "Draw each row's share of the params and MACs as a bar.",
        default="no-bars",
        switch=True,
    ),
    Spec("format", heading=TABLE, help="How to write it.", default="table", **modes(Format)),
    Spec(
        "output",
        parse.path,
        TABLE,
        "Write the result to FILE instead of the screen.",
        metavar="FILE",
        others=("-o",),
    ),
    Spec(
        "run",
        parse.flag,
        PROOF,
        "Whether PyTorch proves the prediction.",
        default="run; print-net: no-run",
        switch=True,
    ),
    Spec(
        "device",
        heading=PROOF,
        help="Where the proof runs.",
        default="auto",
        **modes(Device),
    ),
    Spec(
        "config",
        parse.path,
        GENERAL,
        "Read FILE instead of the nearest pyproject.toml with [tool.resnet-shapes].",
        metavar="FILE",
    ),
    Spec("color", heading=GENERAL, help="Colours.", default="auto", **modes(Color)),
    Spec(
        "traceback",
        parse.flag,
        GENERAL,
        "Show where in the code an error arose.",
        switch=True,
        default="no-traceback",
    ),
)


def _budget(name: str, what: str, parser: parse.Parser, *others: str) -> Spec:
    metavar = "BYTES" if parser is parse.parse_bytes else "COUNT"
    return Spec(name, parser, EXPECTING, f"At most so many {what}.", metavar=metavar, others=others)


EXPECTATIONS = (
    Spec("expect-output", parse.pattern, EXPECTING, "The output's shape.", metavar="SHAPE"),
    Spec(
        "expect",
        parse.layer_pattern,
        EXPECTING,
        "A layer's output shape, the layer by path or role; ? or N matches any number. Repeatable, "
        "in the environment with ; between.",
        metavar="LAYER=SHAPE",
        multiple=True,
    ),
    _budget("max-params", "trainable parameters, as in 12M", parse.parse_count),
    _budget("max-macs", "MACs, as in 2G", parse.parse_count),
    _budget("max-flops", "FLOPs, as in 4G", parse.parse_count),
    _budget("max-param-bytes", "bytes of parameters, as in 40MiB", parse.parse_bytes),
    _budget(
        "max-activations",
        "bytes of all activations",
        parse.parse_bytes,
        "--max-activation-bytes",
    ),
    _budget("max-peak", "bytes held at once", parse.parse_bytes, "--max-peak-bytes"),
    Spec(
        "lock",
        parse.path,
        EXPECTING,
        "A lock file that 'lock' wrote.",
        metavar="FILE",
    ),
)
