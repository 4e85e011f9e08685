"""`block`: one residual block on its own, both branches and where they meet."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from resnet_cli import parse
from resnet_cli.analysis.block import ADDITION, BlockConfig, BlockNetwork, predict_block
from resnet_cli.cli.commands.show import proof_for_document, report_proof, table_columns, write_text
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import Known
from resnet_cli.cli.options import Command, Heading, Option, under
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import SUMMARY_FORMATS, Format, ProofOptions, TableOptions
from resnet_cli.errors import ConfigError
from resnet_cli.family.modes import Shortcut
from resnet_cli.parse import LIMIT, Input
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.family.regnet import RegNet

INPUT = (1, 64, 56, 56)


class BlockShortcut(StrEnum):
    """What `--shortcut` takes here."""

    PROJECTION = "projection"
    PAD = "pad"
    NONE = "none"


class BlockOptions(NamedTuple):
    """What a block has for itself."""

    stride: int = 1
    shortcut: BlockShortcut = BlockShortcut.PROJECTION


def _stride(value: object) -> int:
    number = parse.number(value)
    if not 1 <= number < LIMIT:
        raise ValueError(f"{value!r} is not a stride: give 1 or more")
    return number


STRIDE, SHORTCUT = under(
    Heading.NETWORK,
    (BlockOptions(),),
    Option(
        "stride",
        _stride,
        "Stride of the block's first 3x3 convolution, and of its shortcut.",
        metavar="N",
    ),
    Option(
        "shortcut",
        BlockShortcut,
        "Where the shape changes: a 1x1 convolution, zero channels, or no change at all.",
    ),
)

# What a block has not; variables and files say it for whole networks.
_ABSENT = (
    *("network", "blocks", "classes", "stem", "stem_width", "stem_pool", "regnet"),
    *("module", "module_args", "depth", "at", "fold", "by", "count_like"),
)


def _own(option: click.Parameter) -> list[click.Parameter]:
    """Return what stands here for a shared option."""
    if not isinstance(option, Option):
        return [option]
    match option.key:
        case "input":
            return [option.but(usual=format_shape(INPUT), is_shared=False)]
        case "channels":
            words = "Width of the block."
            own = option.but(help=words, metavar="N", usual="the input's", is_shared=False)
            return [own, STRIDE]
        case "shortcut":
            return [SHORTCUT]
    return [option.but(hidden=option.hidden or option.key in _ABSENT)]


@click.command(
    "block",
    cls=Command,
    examples=(
        "block --input 4x3x6x6 --channels 6 --stride 2",
        "block --block bottleneck --input 1x256x56x56",
    ),
    params=[
        own
        for option in shared(
            *(Heading.NETWORK, Heading.TABLE, Heading.PROOF, Heading.GENERAL),
            formats=SUMMARY_FORMATS,
        )
        for own in _own(option)
    ],
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Show one residual block: main path, shortcut, and the addition where they meet.

    The shortcut is the identity where the block keeps its input's shape. Where it does not,
    --shortcut none leaves it the identity all the same: no sum, exit code 1.
    """
    settings = resolve(ctx).untrained()
    block = _block(settings)
    output, proof = settings.output(*SUMMARY_FORMATS), settings.read(ProofOptions)
    kind, screen = output.format, output.screen()
    if kind is Format.JSON:
        return _show_json(block, proof, screen)
    table = settings.read(TableOptions)._replace(depth=parse.ALL_DEPTHS, fold=False)
    _show_text(block, kind, table, screen)
    if not block.adds:
        rule, remedy = broken_rule(block)
        screen.note(f"NOT added: {rule}", "bold red")
        screen.note(remedy)
        return 1
    return report_proof(Known(block.network), proof, screen)


def _block(settings: Settings) -> BlockNetwork:
    """Return the block. Raises `click.BadParameter` that names the source."""
    # A preset's input and widths are those of a whole network; only named ones count.
    size = settings.one_shape() if "input" in settings.names else INPUT
    width = _width(settings)
    own = settings.read(BlockOptions)
    is_bare = own.shortcut == BlockShortcut.NONE  # a file's word is of the shared kind
    channels = size[1:2] if width is None else (width,)
    regnet: RegNet | None = settings.get("regnet")
    if regnet is not None:  # a line of one block, which has the width that the line gives
        regnet = regnet._replace(w0=int(channels[0]), wa=0, depth=1)
        channels = channels if regnet.wrong else regnet.stages[0][:1]
    values = {
        **{key: value for key, value in settings.values.items() if key not in _ABSENT},
        "input": (Input(size),),
        "channels": channels,
        "blocks": (1,),
        "regnet": regnet,
        "shortcut": Shortcut.PROJECTION if is_bare else Shortcut(own.shortcut),
    }
    config = Settings(values, settings.names).config()
    try:
        return predict_block(BlockConfig(config, own.stride, is_bare))
    except ConfigError as error:
        hint = settings.name(error.field)
        raise click.BadParameter(error.message, param_hint=hint) from None


def _width(settings: Settings) -> int | None:
    """Return the block's own width, None where nobody gave one number."""
    if "channels" not in settings.names:
        return None
    channels: tuple[int, ...] = settings.get("channels")
    if len(channels) == 1:
        return channels[0]
    if settings.name("channels") != "--channels":  # a variable or file means whole networks
        return None
    given = ",".join(map(str, channels))
    message = f"{given} names {len(channels)} widths; a block has one"
    raise click.BadParameter(message, param_hint="--channels")


def broken_rule(block: BlockNetwork) -> tuple[str, str]:
    """Say which rule the two shapes break, and which flag mends it."""
    main, side = block.addends
    pad = " or --shortcut pad" if main[1] >= side[1] else ""
    return (
        f"{format_shape(main)} + {format_shape(side)}: "
        "an addition needs two equal shapes (He et al. 2015, section 3.2)",
        f"--shortcut projection{pad} gives the shortcut the main path's shape",
    )


def _show_text(block: BlockNetwork, kind: Format, table: TableOptions, screen: Screen) -> None:
    """Write the branches and the addition; CSV and plain text have the modules alone."""
    if kind is not Format.TABLE:
        summary = block.shown if kind in (Format.MARKDOWN, Format.LATEX) else block.network.summary
        write_text(summary, kind, table, screen)
        return
    from resnet_cli.show.tables import summary_table

    # Without its role a row would not say which branch it is on.
    picked = table_columns(block.shown, table)
    shown = [c._replace(rank=0) if c.name == "role" else c for c in picked]
    screen.show(
        summary_table(
            block.shown,
            shown,
            depth=table.depth,
            folded=table.fold,
            look=screen.look(),
            red=None if block.adds else ADDITION,
        )
    )


def _show_json(block: BlockNetwork, proof: ProofOptions, screen: Screen) -> int:
    """Write the document of a network, and how the addition went; return the exit code."""
    from resnet_cli.show import formats

    forward, code = None, 1
    if block.adds:
        forward, code = proof_for_document(Known(block.network), proof, screen)
    main, side = block.addends
    addition = {"main_path": main, "shortcut": side, "equal": block.adds}
    if not block.adds:
        addition["error"] = "; ".join(broken_rule(block))
    summary, config = block.network.summary, block.network.config.to_dict()
    more = {"addition": addition}
    screen.write(formats.to_json(summary, config, forward, parse.ALL_DEPTHS, more))
    return code
