"""Hypothesis strategies: small random networks in every variant."""

from hypothesis import strategies as st

from resnet_cli.family.config import BASE_WIDTH, ResNetConfig
from resnet_cli.family.modes import (
    AntiAlias,
    Attention,
    Block,
    Downsample,
    DType,
    Names,
    Shortcut,
    Stem,
    StemPool,
    StrideOn,
)


@st.composite
def inputs(draw, largest: int = 40, step: int = 1) -> tuple[int, int, int, int]:
    """Give `(N, C, H, W)`, one pixel and odd, unequal sides among them; multiples of a `step`."""
    sides = st.integers(1, largest // step).map(lambda count: count * step)
    return draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(sides), draw(sides)


@st.composite
def configs(
    draw, stages: int = 4, dtypes=(DType.FLOAT32,), anti_alias=(AntiAlias.NONE,)
) -> ResNetConfig:
    """Give any network that the flags can describe, small enough to run in milliseconds.

    One with an `anti_alias` does not take every size of input.
    """
    count = draw(st.integers(1, stages))
    channels = draw(st.lists(st.integers(1, 12), min_size=count, max_size=count))
    shortcut = draw(st.sampled_from(Shortcut))
    block = draw(st.sampled_from(Block))
    before = draw(st.booleans())
    stem = draw(st.sampled_from(Stem))
    inside = draw(_bottlenecks(min(channels))) if block is Block.BOTTLENECK else {}
    first = inside.get("stride_on") is StrideOn.FIRST
    aliased = AntiAlias.NONE if before or first else draw(st.sampled_from(anti_alias))
    return ResNetConfig(
        # A pool of 2x2 rounds otherwise than the shortcut, so that not every size goes through.
        input=draw(inputs(step=1 if aliased is AntiAlias.NONE else 2 ** (count + 1))),
        # Zero-padding cannot drop channels.
        channels=tuple(_rising(channels, stem) if shortcut is Shortcut.PAD else channels),
        blocks=tuple(draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))),
        classes=draw(st.integers(1, 20)),
        block=block,
        stem=stem,
        stem_width=draw(st.integers(4, 8)) if stem.is_deep else None,
        downsample="conv" if shortcut is Shortcut.PAD else draw(st.sampled_from(Downsample)),
        pre_activation=before,
        names=draw(st.sampled_from(Names)),
        shortcut=shortcut,
        conv_bias=draw(st.booleans()),
        shortcut_norm=not before and draw(st.booleans()),
        dtype=draw(st.sampled_from(dtypes)),
        stem_pool="max" if stem is Stem.CIFAR else draw(st.sampled_from(StemPool)),
        attention="none" if before else draw(st.sampled_from(Attention)),
        anti_alias=aliased,
        widen=draw(st.integers(1, 3)),
        **inside,
    )


def _rising(channels: list[int], stem: Stem) -> list[int]:
    """Return widths that do not shrink, from that of the stem on."""
    return sorted(max(width, 16) if stem.is_deep else width for width in channels)


@st.composite
def _bottlenecks(draw, narrowest: int) -> dict[str, object]:
    """Give what only bottlenecks have; no width comes out as 0."""
    least = -(-BASE_WIDTH // narrowest)
    return {
        "groups": draw(st.integers(1, 4)),
        "width_per_group": draw(st.integers(least, least + 64)),
        "stride_on": draw(st.sampled_from([None, *StrideOn])),
    }
