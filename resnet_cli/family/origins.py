"""Where a layer's width comes from: the arithmetic on a configuration's fields that gives it."""

from collections.abc import Iterator, Mapping

from resnet_cli.family.config import BASE_WIDTH, ResNetConfig
from resnet_cli.family.modes import Block, Stem


def origin(config: ResNetConfig, role: str, width: int, *, is_last: bool) -> str:
    """Return the rule that gives a layer of that role its width, as in `4*channels[1]`, if any.

    Whether it is the last of a block's main path, or its projection, decides in a bottleneck.
    """
    rules = _rules(config, role, is_last=is_last)
    return next((rule for rule, value in rules if value == width), "")


def numbers(config: ResNetConfig) -> Mapping[str, int]:
    """Return the fields that rules name, and their numbers."""
    fields = ("classes", "groups", "width_per_group", "widen", "stem_width")
    planes = {f"channels[{stage}]": width for stage, width in enumerate(config.channels)}
    return {**{field: getattr(config, field) for field in fields}, **planes}


def _rules(config: ResNetConfig, role: str, *, is_last: bool) -> Iterator[tuple[str, int]]:
    """Give what the widths of a role's convolutions and linear layers can be."""
    part, _, number = role.partition(" ")
    if part == "head":
        yield "classes", config.classes
    elif part == "stem" and config.regnet is None:
        yield from _stem(config)
    elif part == "stage":
        stage, factor = int(number) - 1, config.block.expansion
        width = config.widths[stage]
        planes = f"channels[{stage}]" + ("*widen" if config.widen != 1 else "")
        if config.block is Block.BASIC or config.regnet is not None:
            yield planes, width
        elif is_last:
            yield f"{factor}*{planes}", factor * width
        else:
            is_plain = config.width_per_group == BASE_WIDTH and config.groups == 1
            inner = f"floor({planes}*width_per_group/{BASE_WIDTH})*groups"
            yield planes if is_plain else inner, config.inner_width(width)


def _stem(config: ResNetConfig) -> Iterator[tuple[str, int]]:
    """Give the rules of a stem's widths, the first convolution's first."""
    first, *others = config.stem_widths
    width = "stem_width" if config.stem_width else "channels[0]"
    if not others:
        yield width, first
        return
    half, last = width if config.stem_width else f"floor({width}/2)", others[-1]
    yield f"3*floor({half}/4)" if config.stem is Stem.DEEP_TIERED else half, first
    yield half, others[0]
    yield f"2*{half}", last
