"""`solve`: for which inputs a layer has a wanted size, and which still fit into a memory."""

from typing import Any, NamedTuple

import click

from resnet_cli import parse
from resnet_cli.analysis import solve
from resnet_cli.analysis.subject import Subject, of_family, of_module
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import Known, known, step_of
from resnet_cli.cli.options import Command, Heading, Option, under
from resnet_cli.cli.progress import outcome
from resnet_cli.cli.records import Fields, write_records
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import Format
from resnet_cli.errors import ConfigError, ExpectationError, ForwardError, SizeError
from resnet_cli.graph.dims import Dim, evaluate
from resnet_cli.parse import LayerExpectation, layer_pattern

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

FORMATS = (Format.TABLE, Format.JSON, Format.CSV, Format.MARKDOWN)

MEMORY_NOTE = (
    "Bytes: parameters, running statistics and the peak of an inference pass, the most that "
    "layers hold at once at module boundaries, in {dtype}. Workspaces are PyTorch's own."
)


TRAINING_NOTE = (
    "Bytes: the peak of a training step with {train} on the second step, in {dtype}. Not in it: "
    "CUDA context, cuDNN workspaces, allocator rounding and fragmentation, data-parallel "
    "buckets, temporaries of foreach and fused optimisers (--reserve)."
)


def _want(value: object) -> LayerExpectation:
    """Parse `layer4=7x7` or `stage4=7x7`; `7x7` is the last map's size."""
    text = str(value)
    want = layer_pattern(value) if "=" in text else LayerExpectation("", parse.pattern(text))
    if len(want.pattern) != 2 or not all(isinstance(size, int) for size in want.pattern):
        raise ValueError(f"{value!r} is not [LAYER=]HxW, as in 7x7, layer4=7x7 or stage4=7x7")
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
        "For which heights and widths does a layer, by path or role, have this size? Without one: "
        "the last map before the global pool. Repeatable.",
        metavar="[LAYER=]HxW",
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
    examples=(
        "solve --preset resnet18 --want 7x7",
        "solve --preset resnet50 --memory 8GiB --dtype float16",
    ),
    params=[
        *QUESTIONS,
        *shared(
            *(Heading.NETWORK, Heading.TRAINING, Heading.GENERAL),
            *("device", "output"),
            formats=FORMATS,
        ),
    ],
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Solve for the input: a layer's wanted size, or a memory; no PyTorch needed."""
    settings = resolve(ctx)
    output = settings.output(*FORMATS)
    asked, screen = settings.read(Questions), output.screen()
    if asked.memory is None and asked.reserve:
        raise click.BadParameter("needs --memory", param_hint=settings.name("reserve"))
    if asked.memory is None and not asked.want:
        raise click.UsageError(
            "there is nothing to solve: give --want HxW, as in 7x7 or layer4=7x7, or --memory BYTES"
        )
    try:
        subject, found = _subject(asked, settings, screen)
        answers = _answers(subject, asked, settings)
    except ConfigError as error:
        raise settings.wrong(error) from None
    except SizeError as error:
        raise click.BadParameter(str(error), param_hint=settings.name("input")) from None
    only = dict.fromkeys(each for answer in answers for each in answer.only)
    notes = [str(each) if screen.is_ascii() else f"{each:,}" for each in only]
    notes += [] if asked.memory is None else [_note(subject)]
    records = [answer._asdict() for answer in answers]
    for record in records:
        del record["only"]
    tail = {"conditions": [*only]} if only else {}
    kind, note = output.format, "\n".join(notes)
    write_records(screen, kind, "answers", ANSWER_FIELDS, records, note, tail)
    unproved = 0 if found is None else _proved(found, subject, answers, screen)
    return _verdict(answers, screen) or unproved


def _subject(asked: Questions, settings: Settings, screen: Screen) -> tuple[Subject, Known | None]:
    """Return the network in question; of a module what one run of it makes known."""
    if settings.get("module") is None:
        return of_family(settings.config(symbolic=True), step_of(settings)), None
    if (inputs := settings.get("input")) is None:
        message = "is missing; give the module's, as in 1x3x224x224"
        raise click.BadParameter(message, param_hint="--input")
    from resnet_cli.pytorch.inputs import changed, ordered

    shapes = [one.shape for one in ordered(inputs)]
    if all(isinstance(size, int) for shape in shapes for size in shape):
        axes = (2, 3) if asked.memory is None else (0, 2, 3)
        names = {axis: Dim.named("NCHW"[axis], axis) for axis in axes}
        shape = tuple(names.get(axis, size) for axis, size in enumerate(solve.image(shapes)))
        inputs = tuple(changed(one, lambda _: shape) for one in inputs)
    found = known(
        Settings({**settings.values, "input": inputs}, settings.names), screen, symbolic=True
    )
    summary = found.network.summary
    if summary.error is not None:
        raise ForwardError(f"there is nothing to solve: {summary.error}")
    if summary.ends:
        raise click.BadParameter(summary.ends, param_hint=settings.name("module"))
    return of_module(found.network, shapes), found


def _proved(found: Known, subject: Subject, answers: list[solve.Answer], screen: Screen) -> int:
    """Prove a module at the ends of what was wanted too; say how it went, and return 0 or 1."""
    from resnet_cli.analysis.trial import runs
    from resnet_cli.pytorch.named import proved
    from resnet_cli.pytorch.room import CPU_MACS

    network, proof = found
    assert network.recorded is not None
    assert proof is not None
    others: dict[str, int] = {}
    for named, given in zip(network.graph.inputs, subject.inputs, strict=True):
        for name, size in zip(named, given, strict=True):
            if not isinstance(name, int):
                others[str(name)] = size if isinstance(size, int) else 1
    ends = [
        sizes
        for sizes in solve.corners(answers, others)
        if evaluate(network.summary.macs or 0, sizes) <= CPU_MACS
        and runs(network.recorded, network.graph, sizes)
    ]
    proof = proved(network, proof, [*ends[:1], *ends[1:][-1:]])
    screen.note(*outcome(proof))
    return 0 if proof.agrees else 1


def _note(subject: Subject) -> str:
    """Say what the bytes are, and are not."""
    summary = subject.on(subject.inputs).summary
    if summary.training is None:
        return MEMORY_NOTE.format(dtype=summary.dtype)
    from resnet_cli.show.training import described

    step = summary.training.step
    note = TRAINING_NOTE.format(train=described(step), dtype=summary.dtype)
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


def _answers(subject: Subject, asked: Questions, settings: Settings) -> list[solve.Answer]:
    """Return the answers. Raises `ConfigError`, and `click.BadParameter` for what never is."""
    found: list[solve.Answer] = []
    for want in asked.want:
        try:
            found += solve.wanted(subject, want)
        except (ValueError, ExpectationError) as error:
            raise click.BadParameter(str(error), param_hint=settings.name("want")) from None
    if asked.memory is not None:
        found += solve.fitting(subject, asked.memory, asked.reserve)
    return found
