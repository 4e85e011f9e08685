"""Which known network is this? Counts and stage structure held against the presets'."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from operator import index
from typing import NamedTuple

from resnet_cli.analysis.network import predict
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.errors import ConfigError
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig

_MOST_STEM = 4
"""Convolutions that may stand before the first stage: a deep stem has three."""


class Structure(NamedTuple):
    """What the stages' convolutions are, and how many stand before them.

    A convolution is its output channels, its filter's size in weights and its map's halvings
    counted from the smallest map, so that another stem or input leaves it the same.
    """

    stages: Counter[tuple[int, int, int]]
    stem: tuple[tuple[int, int], ...]


def caption(summary: Summary) -> str | None:
    """Return which preset has this network's counts and structure, or what differs, or None."""
    if summary.error is not None or summary.held or summary.name in presets.NAMES:
        return None
    convolutions = [row for row in summary.rows if _is_convolution(row)]
    if len(summary.input_shape) != 4 or not convolutions:
        return None
    near: list[tuple[int, int, str]] = []
    for place, name in enumerate(presets.NAMES):
        if not _is_possible(presets.preset(name).config, len(convolutions)):
            continue
        family = presets.preset(name).family
        differences = _differences(summary, convolutions, presets.preset(name).config)
        if differences == []:
            return f"The counts of {family}'s {name}."
        if differences is not None:
            text = f"Like {family}'s {name}, but {_listed(differences)}."
            near.append((len(differences), place, text))
    return min(near)[-1] if near else None


def _is_possible(config: ResNetConfig, convolutions: int) -> bool:
    """Say whether so many convolutions can be this preset's; spares building most of them."""
    main = sum(config.blocks) * config.block.convolutions
    return main < convolutions <= main + len(config.blocks) + _MOST_STEM


def _differences(
    summary: Summary, convolutions: Sequence[LayerRow], config: ResNetConfig
) -> list[str] | None:
    """Return what differs from a preset of the same stages, None where the stages differ."""
    batch, channels, height, width = map(index, summary.input_shape)
    wanted = index(config.input[1])
    try:
        known = _at(config, (batch, wanted, height, width))
    except ConfigError:  # an input that the preset cannot take
        return None
    rows = [row for row in known.rows if _is_convolution(row)]
    stages = sum(row.role.startswith("stage") for row in rows)
    ours, theirs = _structure(convolutions, stages), _structure(rows, stages)
    if ours.stages != theirs.stages:
        return None
    found = []
    if channels != wanted:
        found.append(f"{channels} input channel{'s' * (channels != 1)} (not {wanted})")
    if ours.stem != theirs.stem and channels == wanted:
        found.append("another stem")
    classes = _classes(summary)
    if classes != config.classes:
        found.append(
            "no linear layer" if classes is None else f"{classes} classes (not {config.classes})"
        )
    extra = _in_stages(summary, convolutions[-stages]) - _in_stages(known, rows[-stages])
    if extra:
        found.append(f"{abs(extra):,} {'more' if extra > 0 else 'fewer'} parameters in its stages")
    if not found and summary.params + summary.frozen != known.params:
        found.append("other parameters in stem or head")
    if not found and summary.macs != known.macs:
        found.append(f"{abs(index(summary.macs) - index(known.macs)):,} MACs apart")
    return found


def _in_stages(summary: Summary, first: LayerRow) -> int:
    """Count the parameters from the stages' first convolution on, linear layers left out."""
    leaves = [row for row in summary.rows[summary.rows.index(first) :] if row.leaf]
    return sum(row.params + row.frozen for row in leaves if not _is_linear(row))


def _at(config: ResNetConfig, shape: tuple[int, ...]) -> Summary:
    return predict(replace(config, input=shape)).summary


def _structure(convolutions: Sequence[LayerRow], stages: int) -> Structure:
    """Return the structure where the last `stages` convolutions are the stages'."""
    first = len(convolutions) - stages
    smallest = min(_side(row) for row in convolutions)
    return Structure(
        Counter(
            (_channels(row), _filter(row), round(math.log2(_side(row) / smallest)))
            for row in convolutions[first:]
        ),
        tuple((_channels(row), _filter(row)) for row in convolutions[:first]),
    )


def _is_convolution(row: LayerRow) -> bool:
    """Say whether a row multiplies in a square window; a linear layer has none."""
    shape = row.output_shape
    return row.leaf and index(row.macs) > 0 and row.window is not None and len(shape) == 4


def _is_linear(row: LayerRow) -> bool:
    return row.leaf and index(row.macs) > 0 and row.window is None


def _channels(row: LayerRow) -> int:
    return index(row.output_shape[1])


def _filter(row: LayerRow) -> int:
    """Return the weights that one output element sees."""
    return index(row.macs) // math.prod(map(index, row.output_shape)) // row.calls


def _side(row: LayerRow) -> int:
    return index(row.output_shape[-1])


def _classes(summary: Summary) -> int | None:
    """Return what the last linear layer gives: it multiplies, and has no window."""
    for row in reversed(summary.rows):
        if _is_linear(row) and row.output_shape:
            return index(row.output_shape[-1])
        if _is_convolution(row):
            return None
    return None


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
