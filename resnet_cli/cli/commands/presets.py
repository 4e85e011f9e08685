"""`presets`: the published networks, with what they cost."""

from collections.abc import Mapping
from typing import Any

import click

from resnet_cli.analysis.count import count
from resnet_cli.cli.flags import shared
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.records import Fields, write_records
from resnet_cli.cli.settings import resolve
from resnet_cli.cli.values import SUMMARY_FORMATS, Format
from resnet_cli.family import presets
from resnet_cli.text import format_shape

PRESET_FIELDS: Fields = {
    "name": ("Preset", False, 0),
    "family": ("Family", False, 2),
    "source": ("Source", False, 4),
    "input": ("Input", False, 1),
    "classes": ("Classes", True, 3),
    "params": ("Params", True, 0),
    "macs": ("MACs", True, 0),
}


@click.command(
    "presets",
    cls=Command,
    examples=("presets", "presets --format csv"),
    params=shared("format", "output", Heading.GENERAL),
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """List the published networks that --preset knows; no PyTorch needed."""
    output = resolve(ctx).output(*SUMMARY_FORMATS)
    if output.format is Format.PLAIN:
        output.screen().write("".join(f"{name}\n" for name in presets.NAMES))
    else:
        write_records(
            output.screen(),
            output.format,
            "presets",
            PRESET_FIELDS,
            [record(name) for name in presets.NAMES],
        )
    return 0


def record(name: str) -> Mapping[str, Any]:
    """Return a preset as a record of plain values."""
    _, family, source, config = presets.preset(name)
    sums = count(config)
    values = (
        name,
        family,
        source,
        format_shape(config.input),
        config.classes,
        sums.params,
        sums.macs,
    )
    return dict(zip(PRESET_FIELDS, values, strict=True))
