"""The layers of a residual network, as the configuration has them; gates stand beside."""

from resnet_cli.family.config import NORM_GROUPS, ResNetConfig
from resnet_cli.family.modes import Attention, Norm
from resnet_cli.family.names import Net
from resnet_cli.graph.graph import Value
from resnet_cli.graph.kinds import Layer
from resnet_cli.graph.pointwise import BatchNorm
from resnet_cli.graph.products import Conv


def conv(
    config: ResNetConfig, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> Conv:
    """Return a square convolution that keeps the map but for its stride."""
    sides, steps, margin = (kernel, kernel), (stride, stride), (kernel // 2, kernel // 2)
    return Conv(out_channels, sides, steps, margin, groups=groups, bias=config.conv_bias)


_BATCH_NORM = BatchNorm()


def norm(config: ResNetConfig) -> Layer:
    """Return what normalises."""
    if config.norm is Norm.BATCH:
        return _BATCH_NORM
    from resnet_cli.graph.norms import GroupNorm  # few networks have it

    return GroupNorm(NORM_GROUPS)


def attention(net: Net, config: ResNetConfig, channels: int, x: Value) -> Value:
    """Weigh the channels of (N, channels, H, W), each by a number between 0 and 1."""
    if config.attention is Attention.NONE:
        return x
    from resnet_cli.family import gates  # its kinds, which a plain network has none of

    if config.attention is Attention.ECA:
        return gates.channel_attention(net, channels, x)
    # timm's rounding: to the nearest multiple of 8, and at least that.
    inner = max(8, int(channels * config.attention_ratio + 4) // 8 * 8)
    return gates.squeeze_excitation(net, channels, inner, x)
