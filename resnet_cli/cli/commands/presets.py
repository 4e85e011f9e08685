"""`presets`: the published networks, with what they cost."""

from collections.abc import Mapping
from typing import Any

import click

from resnet_cli.analysis.count import count
from resnet_cli.cli.flags import shared
from resnet_cli.cli.options import Command, Heading, Option
from resnet_cli.cli.records import GROUP, Fields, write_records
from resnet_cli.cli.settings import resolve
from resnet_cli.cli.values import SUMMARY_FORMATS, Format
from resnet_cli.family import presets
from resnet_cli.text import format_shape, nearest

PRESET_FIELDS: Fields = {
    "name": ("Preset", False, 0),
    "family": ("Family", False, GROUP),
    "source": ("Source", False, 5),
    "year": ("Year", False, 3),
    "input": ("Input", False, 1),
    "classes": ("Classes", True, 4),
    "params": ("Params", True, 0),
    "macs": ("MACs", True, 0),
}


def _family(value: object) -> str:
    """Parse a family's name, in upper or lower case."""
    known = {family.lower(): family for family in presets.FAMILIES}
    if (found := known.get(str(value).lower())) is None:
        raise ValueError(
            f"{value!r} is no family{nearest(str(value), known)}; "
            f"there are {', '.join(presets.FAMILIES)}"
        )
    return found


FAMILY = Option(
    "family",
    _family,
    "Those of one family: " + ", ".join(presets.FAMILIES) + ".",
    metavar="NAME",
    words=presets.FAMILIES,
)


@click.command(
    "presets",
    cls=Command,
    examples=("presets --family timm 50", "presets --format csv"),
    params=[
        click.Argument(["words"], nargs=-1, metavar="[WORD]..."),
        FAMILY,
        *shared("format", "output", Heading.GENERAL),
    ],
)
@click.pass_context
def command(ctx: click.Context, /, words: tuple[str, ...], family: str | None, **_: Any) -> int:
    """List the published networks that --preset knows; no PyTorch needed.

    With a WORD those that have it in their name, source or year; of several words, all.
    """
    output = resolve(ctx).output(*SUMMARY_FORMATS)
    names = [name for name in presets.NAMES if _is_meant(name, words, family)]
    if not names:
        asked = " and ".join(map(repr, words))
        of = f" of family {family!r}" if family else ""
        said = f"no preset{of} has {asked} in its name, source or year"
        raise click.BadParameter(said, param_hint="WORD")
    if output.format is Format.PLAIN:
        output.screen().write("".join(f"{name}\n" for name in names))
    else:
        records = [record(name) for name in names]
        write_records(output.screen(), output.format, "presets", PRESET_FIELDS, records)
    return 0


def _is_meant(name: str, words: tuple[str, ...], family: str | None) -> bool:
    source = presets.source(name)
    text = f"{name} {source.family} {source.paper} {source.year}".lower()
    return family in (None, source.family) and all(word.lower() in text for word in words)


def record(name: str) -> Mapping[str, Any]:
    """Return a preset as a record of plain values."""
    _, family, source, year, config = presets.preset(name)
    sums = count(config)
    values = (
        name,
        family,
        source,
        year,
        format_shape(config.input),
        config.classes,
        sums.params,
        sums.macs,
    )
    return dict(zip(PRESET_FIELDS, values, strict=True))
