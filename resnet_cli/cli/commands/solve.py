"""`solve`: for which inputs a layer has a wanted size, and which still fit into a memory."""

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from resnet_cli import parse
from resnet_cli.analysis import solve
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import step_of
from resnet_cli.cli.options import Command, Heading, Option, under
from resnet_cli.cli.records import Fields, write_records
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import Format
from resnet_cli.errors import ConfigError, ExpectationError
from resnet_cli.family.config import ResNetConfig
from resnet_cli.parse import LayerExpectation, layer_pattern

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step

ANSWER_FIELDS: Fields = {
    "condition": ("Condition", False, 0),
    "input": ("Input", False, 1),
    "size": ("Size", False, 0),
    "least": ("From", True, 0),
    "most": ("To", True, 0),
    "bytes": ("Bytes", True, 2),
    "next": ("Next", True, 0),
    "next_bytes": ("Its bytes", True, 3),
}

MEMORY_NOTE = (
    "Bytes: parameters, running statistics and the peak of an inference pass, the most that\n"
    "layers hold at once at module boundaries, in {dtype}. Workspaces are PyTorch's own."
)


TRAINING_NOTE = (
    "Bytes: the peak of a training step with {train} on the second step, in {dtype}. Not in it:\n"
    "CUDA context, cuDNN workspaces, allocator rounding and fragmentation, data-parallel\n"
    "buckets, temporaries of foreach and fused optimisers (--reserve)."
)


def _want(value: object) -> LayerExpectation:
    """Parse `layer4=7x7` or `stage 4=7x7`."""
    want = layer_pattern(value)
    if len(want.pattern) != 2 or not all(isinstance(size, int) for size in want.pattern):
        raise ValueError(f"{value!r} is not LAYER=HxW, as in 4=7x7 or 'stage 4=7x7'")
    return want


class Questions(NamedTuple):
    """What is asked about the input."""

    want: tuple[LayerExpectation, ...] = ()
    memory: int | None = None
    reserve: int = 0


QUESTIONS = under(
    Heading.QUESTIONS,
    (),
    Option(
        "want",
        _want,
        "For which heights and widths does a layer, by path or role, have this size? Repeatable.",
        metavar="LAYER=HxW",
        multiple=True,
    ),
    Option(
        "memory",
        parse.parse_bytes,
        "Which batches of the image and which square images of the batch fit, as in 8GiB?",
    ),
    Option(
        "reserve",
        parse.parse_bytes,
        "Of that, leave so much for what is not modelled, as in 1GiB.",
        usual="0",
    ),
)


@click.command(
    "solve",
    cls=Command,
    params=[
        *QUESTIONS,
        *shared(Heading.NETWORK, Heading.TRAINING, Heading.GENERAL, "format", "output"),
    ],
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Solve for the input: a layer's wanted size, or a memory; no PyTorch needed.

    Example: solve --preset resnet50 --want layer4=7x7 --memory 8GiB --dtype float16
    """
    settings = resolve(ctx)
    config = settings.config()
    output = settings.output(Format.TABLE, Format.JSON, Format.CSV, Format.MARKDOWN)
    asked = settings.read(Questions)
    if asked.memory is None and asked.reserve:
        raise click.BadParameter("needs --memory", param_hint=settings.name("reserve"))
    found = _answers(config, asked, settings)
    step = step_of(settings)
    note = "" if asked.memory is None else _note(step, config)
    records = [answer._asdict() for answer in found]
    write_records(output, "answers", ANSWER_FIELDS, records, note)
    return _verdict(found, output.screen())


def _note(step: "Step | None", config: ResNetConfig) -> str:
    """Say what the bytes are, and are not."""
    if step is None:
        return MEMORY_NOTE.format(dtype=config.dtype)
    from resnet_cli.show.training import described

    note = TRAINING_NOTE.format(train=described(step), dtype=config.dtype)
    return note if step.is_plain else f"{note}\nThe peak was not proved with these options."


def _verdict(found: list[solve.Answer], screen: Screen) -> int:
    """Say on stderr where no value fits; return 1 if so."""
    none = [answer for answer in found if answer.most is None]
    for answer in none:
        least = f"; {answer.next} needs {answer.next_bytes:,} B" if answer.next else ""
        screen.note(
            f"no {answer.size} of {answer.input} fits {answer.condition}{least}", "bold red"
        )
    return 1 if none else 0


def _answers(config: ResNetConfig, asked: Questions, settings: Settings) -> list[solve.Answer]:
    """Return the answers. Raises `click.UsageError` where nothing was asked."""
    found: list[solve.Answer] = []
    for want in asked.want:
        try:
            found.extend(solve.wanted(config, want))
        except (ValueError, ExpectationError) as error:
            raise click.BadParameter(str(error), param_hint=settings.name("want")) from None
    if asked.memory is not None:
        try:
            found.extend(solve.fitting(config, asked.memory, step_of(settings), asked.reserve))
        except ConfigError as error:
            raise settings.wrong(error) from None
    if not found:
        raise click.UsageError(
            "there is nothing to solve: give --want LAYER=HxW, as in 4=7x7, or --memory BYTES"
        )
    return found
