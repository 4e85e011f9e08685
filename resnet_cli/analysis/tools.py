"""The tools whose totals are known to be formulas: `conventions.py` has these."""

from enum import StrEnum


class Tool(StrEnum):
    """Whose total of a network's operations is wanted."""

    TORCH = "torch"
    """`torch.utils.flop_counter.FlopCounterMode`."""
    TORCHVISION = "torchvision"
    """The `_ops` of its weights, which this tool's MACs are."""
    TORCHINFO = "torchinfo"
    """`summary(…).total_mult_adds`, version 1.8."""
    FVCORE = "fvcore"
    """`FlopCountAnalysis(…).total()`, version 0.1.5."""
    PTFLOPS = "ptflops"
    """`get_model_complexity_info(…, backend="pytorch")`, version 0.7."""
    PTFLOPS_ATEN = "ptflops-aten"
    """The same with `backend="aten"`."""
    THOP = "thop"
    """`profile(…)`, version 0.1.1."""
    CALFLOPS = "calflops"
    """The FLOPs of `calculate_flops(…)`, version 0.3."""
    DEEPSPEED = "deepspeed"
    """The FLOPs of `get_model_profile(…)`, version 0.19."""

    @property
    def counts(self) -> str:
        """What it calls its total; FLOPs are of either kind, as its formula says."""
        names = {Tool.TORCHINFO: "mult-adds", Tool.TORCHVISION: "ops"}
        return names.get(self, "FLOPs" if self in _OF_FLOPS else "MACs")


_OF_FLOPS = (Tool.TORCH, Tool.FVCORE, Tool.CALFLOPS, Tool.DEEPSPEED)


def parse(value: object) -> tuple[Tool, ...]:
    """Parse `thop,fvcore`, or `all`. Raises `ValueError` for a tool that is unknown or twice."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{value!r} is not a list of tools, as in thop,fvcore")
    names = [word.strip().lower() for word in words]
    if names == ["all"]:
        return (*Tool,)
    known = [tool.value for tool in Tool]
    for name in names:
        if name not in known:
            from resnet_cli.text import nearest

            raise ValueError(
                f"{name!r} is no tool whose count is known{nearest(name, known)}; "
                f"they are {', '.join(known)}; or all"
            )
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is named {names.count(name)} times; name a tool once")
    return tuple(map(Tool, names))
