"""The table of published networks: whose they are, where they were published, what they are.

What a name says is not said again: `seresnext101d_32x8d` is squeeze and excitation, 101 layers, a
deep stem with average-pooled shortcuts, 32 groups of 8.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from resnet_cli.family.modes import (
    AntiAlias,
    Attention,
    Block,
    Downsample,
    Names,
    Norm,
    Shortcut,
    Stem,
    StemPool,
)
from resnet_cli.family.regnet import RegNet


class Source(NamedTuple):
    """Where networks are from: whose they are, the paper that has them, and its year."""

    family: str
    paper: str
    year: int


_TV, _TIMM, _CIFAR10 = "torchvision", "timm", "CIFAR-10"

_NETWORKS: Mapping[Source, str] = {
    Source("Dive into Deep Learning", "Zhang et al., section 8.6", 2021): "d2l-resnet18",
    Source(_TV, "He et al. 2015, table 1; bottlenecks v1.5", 2015): """
        resnet18 resnet34 resnet50 resnet101 resnet152""",
    Source(_TV, "Xie et al. 2017", 2017): "resnext50_32x4d resnext101_32x8d resnext101_64x4d",
    Source(_TV, "Zagoruyko and Komodakis 2016", 2016): "wide_resnet50_2 wide_resnet101_2",
    Source(_TV, "Radosavovic et al. 2020", 2020): """
        regnet_x_400mf regnet_x_800mf regnet_x_1_6gf regnet_x_3_2gf regnet_x_8gf regnet_x_16gf
        regnet_x_32gf regnet_y_400mf regnet_y_800mf regnet_y_1_6gf regnet_y_3_2gf regnet_y_8gf
        regnet_y_16gf regnet_y_32gf regnet_y_128gf""",
    Source(_TIMM, "He et al. 2015", 2015): "resnet26 resnet200",
    Source(_TIMM, "He, T. et al. 2019", 2019): """
        resnet10t resnet14t resnet18d resnet26d resnet26t resnet34d resnet50c resnet50d resnet50s
        resnet50t resnet101c resnet101d resnet101s resnet152c resnet152d resnet152s resnet200d
        resnext50d_32x4d""",
    Source(_TIMM, "Xie et al. 2017", 2017): "resnext101_32x4d",
    Source(_TIMM, "Mahajan et al. 2018", 2018): "resnext101_32x16d resnext101_32x32d",
    Source(_TIMM, "Wu and He 2018", 2018): "resnet50_gn",
    Source(_TIMM, "Hu, Shen, Sun 2018", 2018): """
        seresnet18 seresnet34 seresnet50 seresnet50t seresnet101 seresnet152 seresnet152d
        seresnet200d seresnet269d seresnext26d_32x4d seresnext26t_32x4d seresnext50_32x4d
        seresnext101_32x4d seresnext101_32x8d seresnext101_64x4d seresnext101d_32x8d""",
    Source(_TIMM, "Wang et al. 2020", 2020): """
        ecaresnet26t ecaresnet50d ecaresnet50t ecaresnet101d ecaresnet200d ecaresnet269d
        ecaresnetlight ecaresnext26t_32x4d ecaresnext50t_32x4d""",
    Source(_TIMM, "Zhang 2019; average pools", 2019): """
        resnetaa34d resnetaa50 resnetaa50d resnetaa101d seresnetaa50d seresnextaa101d_32x8d
        seresnextaa201d_32x8d""",
    Source(_TIMM, "Zhang 2019", 2019): "resnetblur18 resnetblur50 resnetblur50d resnetblur101d",
    Source(_TIMM, "Bello et al. 2021", 2021): """
        resnetrs50 resnetrs101 resnetrs152 resnetrs200 resnetrs270 resnetrs350 resnetrs420""",
    Source(_TIMM, "He et al. 2016", 2016): """
        resnetv2_18 resnetv2_18d resnetv2_34 resnetv2_34d resnetv2_50 resnetv2_50d resnetv2_50t
        resnetv2_101 resnetv2_101d resnetv2_152 resnetv2_152d resnetv2_50d_gn""",
    Source(_TIMM, "Radosavovic et al. 2020", 2020): """
        regnetx_002 regnetx_004 regnetx_004_tv regnetx_006 regnetx_008 regnetx_016 regnetx_032
        regnetx_040 regnetx_064 regnetx_080 regnetx_120 regnetx_160 regnetx_320 regnety_002
        regnety_004 regnety_006 regnety_008 regnety_008_tv regnety_016 regnety_032 regnety_040
        regnety_064 regnety_080 regnety_080_tv regnety_120 regnety_160 regnety_320 regnety_640
        regnety_1280 regnety_2560""",
    Source(_CIFAR10, "He et al. 2015, section 4.2; option A", 2015): """
        resnet20_cifar10 resnet32_cifar10 resnet44_cifar10 resnet56_cifar10 resnet110_cifar10
        resnet1202_cifar10""",
    Source(_CIFAR10, "He et al. 2015, section 4.2; option B", 2015): """
        resnet20b_cifar10 resnet32b_cifar10 resnet44b_cifar10 resnet56b_cifar10 resnet110b_cifar10
        resnet1202b_cifar10""",
    Source(_CIFAR10, "He et al. 2016; option A", 2016): "preact_resnet110_cifar10",
    Source(_CIFAR10, "He et al. 2016; option B", 2016): """
        preact_resnet164_cifar10 preact_resnet1001_cifar10""",
    Source(_CIFAR10, "Zagoruyko and Komodakis 2016", 2016): """
        wrn16_4_cifar10 wrn16_8_cifar10 wrn22_8_cifar10 wrn28_2_cifar10 wrn28_10_cifar10
        wrn40_2_cifar10 wrn40_4_cifar10 wrn40_8_cifar10""",
    Source(_CIFAR10, "Xie et al. 2017", 2017): """
        resnext29_8x64d_cifar10 resnext29_16x64d_cifar10""",
}

SOURCES = {name: source for source, names in _NETWORKS.items() for name in names.split()}

NAMES = tuple(SOURCES)
FAMILIES = tuple(dict.fromkeys(source.family for source in _NETWORKS))
DEFAULT = "d2l-resnet18"

Values = dict[str, Any]

_PLAIN: Values = {"conv_bias": False, "shortcut_norm": True, "names": Names.TORCHVISION}
_IMAGENET = {**_PLAIN, "input": (1, 3, 224, 224), "classes": 1000}
_CIFAR = {**_PLAIN, "input": (1, 3, 32, 32), "channels": (16, 32, 64), "stem": Stem.CIFAR}
_PRE_ACTIVATION = {"pre_activation": True, "shortcut_norm": False}
_POOLED = {"downsample": Downsample.AVGPOOL}

_BLOCKS = {
    "10": (1, 1, 1, 1),
    "14": (1, 1, 1, 1),
    "18": (2, 2, 2, 2),
    "26": (2, 2, 2, 2),
    "34": (3, 4, 6, 3),
    "50": (3, 4, 6, 3),
    "101": (3, 4, 23, 3),
    "152": (3, 8, 36, 3),
    "200": (3, 24, 36, 3),
    "201": (3, 24, 36, 4),
    "269": (3, 30, 48, 8),
    "270": (4, 29, 53, 4),
    "350": (4, 36, 72, 4),
    "420": (4, 44, 87, 4),
}
"""Blocks a stage by the number of layers (He et al. 2015, table 1, and each one's own)."""

_STEMS: Mapping[str, Values] = {
    "c": {"stem": Stem.DEEP},
    "d": {"stem": Stem.DEEP, **_POOLED},
    "s": {"stem": Stem.DEEP, "stem_width": 64},
    "t": {"stem": Stem.DEEP_TIERED, **_POOLED},
}
_KINDS: Mapping[str, Values] = {
    "aa": {"anti_alias": AntiAlias.AVGPOOL},
    "blur": {"anti_alias": AntiAlias.BLUR},
    "rs": {"stem": Stem.DEEP, **_POOLED, "stem_pool": StemPool.CONV, "attention_ratio": 0.25}
    | {"attention": Attention.SE},
    "v-": {**_PRE_ACTIVATION, "names": Names.TIMM},
}
_OWN: Mapping[str, Values] = {
    DEFAULT: {},
    # Neither deep stem nor 50 layers, whatever its paper's name has in it.
    "ecaresnetlight": {
        **_IMAGENET,
        **_POOLED,
        "block": Block.BOTTLENECK,
        "blocks": (1, 1, 11, 3),
        "attention": Attention.ECA,
    },
}


def _imagenet(name: str) -> Values:
    """Return what a name of torchvision's or timm's ResNets says: [gate]resne[x]t[kind]depth[stem].

    Behind it stand the groups, `_2` for twice the width, or `_gn`. No regular expression: to
    compile one takes as long as a network.
    """
    word, *behind = name.removeprefix("wide_").replace("v2_", "v-").split("_")
    body = word.rstrip("cdst")
    kinds = body.rstrip("0123456789")
    gate, _, kind = kinds.partition("resne")
    depth, stem = body[len(kinds) :], word[len(body) :]
    groups, _, width = next((each for each in behind if "x" in each), "").partition("x")
    values = {**_IMAGENET, **_KINDS.get(kind.lstrip("xt"), {}), **_STEMS.get(stem, {})}
    values["blocks"] = _BLOCKS[depth]
    if depth not in ("10", "18", "34"):
        values["block"] = Block.BOTTLENECK
    if groups:
        values |= {"groups": int(groups), "width_per_group": int(width[:-1])}
    if name.startswith("wide_"):
        values["width_per_group"] = 128
    if gate:
        values["attention"] = Attention(gate)
    if "gn" in behind:
        values["norm"] = Norm.GROUP
    if depth == "201":
        values["stem_width"] = 64
    return values


def _cifar(name: str) -> Values:
    """Return what a name of a CIFAR network says: of 3 stages, all of n blocks."""
    word, *behind = name.removeprefix("preact_").split("_")
    kind = "preact_resnet" if name.startswith("preact_") else word.rstrip("b").rstrip("0123456789")
    depth = int("".join(filter(str.isdigit, word)))
    factor = behind[0].removesuffix("x64d")
    if kind == "resnext":  # 9n + 2 layers, from 64 channels on
        bottleneck = {"block": Block.BOTTLENECK, "groups": int(factor), "channels": (64, 128, 256)}
        return {**_CIFAR, **bottleneck, "blocks": (depth // 9,) * 3}
    if kind == "wrn":  # 6n + 4 layers
        return {**_CIFAR, **_PRE_ACTIVATION, "blocks": (depth // 6,) * 3, "widen": int(factor)}
    values = {**_CIFAR, "blocks": (depth // 6,) * 3}  # 6n + 2
    if kind == "preact_resnet":
        values |= _PRE_ACTIVATION
        if depth > 110:  # 9n + 2
            return values | {"block": Block.BOTTLENECK, "blocks": (depth // 9,) * 3}
    return values if word.endswith("b") else values | {"shortcut": Shortcut.PAD}


_LINES: Mapping[str, tuple[int, float, float, int, int]] = {
    # w0, wa, wm, depth, group size (Radosavovic et al. 2020, as both libraries have them)
    "x002": (24, 36.44, 2.49, 13, 8),
    "x004": (24, 24.48, 2.54, 22, 16),
    "x006": (48, 36.97, 2.24, 16, 24),
    "x008": (56, 35.73, 2.28, 16, 16),
    "x016": (80, 34.01, 2.25, 18, 24),
    "x032": (88, 26.31, 2.25, 25, 48),
    "x040": (96, 38.65, 2.43, 23, 40),
    "x064": (184, 60.83, 2.07, 17, 56),
    "x080": (80, 49.56, 2.88, 23, 120),
    "x120": (168, 73.36, 2.37, 19, 112),
    "x160": (216, 55.59, 2.1, 22, 128),
    "x320": (320, 69.86, 2.0, 23, 168),
    "y002": (24, 36.44, 2.49, 13, 8),
    "y004": (48, 27.89, 2.09, 16, 8),
    "y006": (48, 32.54, 2.32, 15, 16),
    "y008": (56, 38.84, 2.4, 14, 16),
    "y016": (48, 20.71, 2.65, 27, 24),
    "y032": (80, 42.63, 2.66, 21, 24),
    "y040": (96, 31.41, 2.24, 22, 64),
    "y064": (112, 33.22, 2.27, 25, 72),
    "y080": (192, 76.82, 2.19, 17, 56),
    "y120": (168, 73.36, 2.37, 19, 112),
    "y160": (200, 106.23, 2.48, 18, 112),
    "y320": (232, 115.89, 2.53, 20, 232),
    "y640": (352, 147.48, 2.4, 20, 328),
    "y1280": (456, 160.83, 2.52, 27, 264),
    "y2560": (640, 230.83, 2.53, 27, 373),
}


def _regnet(name: str) -> Values:
    """Return what a RegNet's name says: 1_6gf and 400mf are timm's 016 and 004."""
    of_torchvision = name.startswith("regnet_")
    kind, size = (name[7], name[9:]) if of_torchvision else (name[6], name[8:])
    if of_torchvision:
        times = 10 if size.endswith("gf") else 0.01
        size = f"{round(float(size[:-2].replace('_', '.')) * times):03}"
    rounds_up = of_torchvision or size.endswith("_tv")
    line = RegNet(
        *_LINES[kind + size.removesuffix("_tv")],
        se_ratio=0.25 if kind == "y" else 0.0,
        min_ratio=0.9 if rounds_up else 0.0,
    )
    return {
        **_IMAGENET,
        "regnet": line,
        "names": Names.TORCHVISION if of_torchvision else Names.TIMM,
    }


def values_of(name: str) -> Values:
    """Return what of a network's configuration differs from the defaults."""
    if (own := _OWN.get(name)) is not None:
        return own
    if name.startswith("regnet"):
        return _regnet(name)
    return _cifar(name) if name.endswith("_cifar10") else _imagenet(name)
