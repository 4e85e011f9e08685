"""The variations of a residual network, each a mode with its source."""

from enum import StrEnum


class Block(StrEnum):
    """The two residual blocks of He et al. 2015, figure 5."""

    BASIC = "basic"
    """Two 3x3 convolutions."""
    BOTTLENECK = "bottleneck"
    """1x1, 3x3, 1x1, the last four times as wide."""

    @property
    def expansion(self) -> int:
        """Output channels over planes (torchvision's name)."""
        return 4 if self is Block.BOTTLENECK else 1

    @property
    def convolutions(self) -> int:
        """Convolutions on the main path."""
        return 3 if self is Block.BOTTLENECK else 2


class Stem(StrEnum):
    """What stands before the first stage."""

    IMAGENET = "imagenet"
    """7x7 stride 2, then a pool (He et al. 2015, table 1)."""
    CIFAR = "cifar"
    """3x3 stride 1, no pool (He et al. 2015, section 4.2)."""
    DEEP = "deep"
    """Three 3x3, the last twice as wide, then a pool (He, T. et al. 2019, figure 2: ResNet-C)."""
    DEEP_TIERED = "deep-tiered"
    """A deep one that begins at three quarters of its width (timm's "t" networks)."""

    @property
    def is_deep(self) -> bool:
        """Whether it has three convolutions."""
        return self in (Stem.DEEP, Stem.DEEP_TIERED)


class StemPool(StrEnum):
    """How the stem halves the map a second time."""

    MAX = "max"
    """3x3 max pool (He et al. 2015, table 1)."""
    CONV = "conv"
    """3x3 convolution, norm and ReLU (Bello et al. 2021: ResNet-RS)."""


class Shortcut(StrEnum):
    """What a shortcut is where stride or width change (He et al. 2015, section 3.3)."""

    PROJECTION = "projection"
    """Option B: a 1x1 convolution."""
    PAD = "pad"
    """Option A: the strided identity, zeros for the new channels; no parameters."""


class Downsample(StrEnum):
    """What has a projection's stride."""

    CONV = "conv"
    """The 1x1 convolution itself."""
    AVGPOOL = "avgpool"
    """An average pool before it (He, T. et al. 2019, figure 2: ResNet-D)."""


class StrideOn(StrEnum):
    """Which convolution of a bottleneck has the stride."""

    SECOND = "3x3"
    """ResNet v1.5, as torchvision has it."""
    FIRST = "1x1"
    """ResNet v1, as the paper has it."""


class Attention(StrEnum):
    """The gate on a block's main path, behind its last norm."""

    NONE = "none"
    """No gate."""
    SE = "se"
    """Squeeze and excitation: two 1x1 convolutions (Hu, Shen, Sun 2018, figure 3)."""
    ECA = "eca"
    """Efficient channel attention: a convolution along the channels (Wang et al. 2020)."""


class AntiAlias(StrEnum):
    """What has the stride behind a 3x3 convolution, which keeps the map then."""

    NONE = "none"
    """Nothing: the convolution has it itself."""
    AVGPOOL = "avgpool"
    """2x2 average pool, in the stem in the place of the max pool."""
    BLUR = "blur"
    """A fixed binomial 3x3 filter (Zhang 2019, "Making Convolutional Networks …")."""


class Norm(StrEnum):
    """What normalises behind a convolution."""

    BATCH = "batch"
    """Over the batch (Ioffe and Szegedy 2015)."""
    GROUP = "group"
    """Over 32 groups of channels of each image (Wu and He 2018)."""


class Names(StrEnum):
    """Whose names a network's modules have."""

    NOTEBOOK = "notebook"
    """Numbers, as in the notebook: `2.0.conv1`."""
    TORCHVISION = "torchvision"
    """Those of checkpoints and feature extractors: `layer2.0.conv1`."""
    TIMM = "timm"
    """timm's, which are torchvision's but for RegNets and pre-activation: `s2.b1.conv1.conv`."""


class DType(StrEnum):
    """Element types, with their size."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT64 = "float64"

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return {"float32": 4, "float64": 8}.get(self, 2)
