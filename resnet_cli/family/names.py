"""What a network's modules are called: a scheme for each library, and a builder that asks one.

The family's forward passes have parts ("stem", "stage") with words in them ("conv1"), which are
torchvision's names. A scheme says what its library calls them, and which parts are modules.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Names
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.graph import Graph, Nest, Operation, Value, Weight
from resnet_cli.graph.kinds import Layer
from resnet_cli.graph.pointwise import ReLU

if TYPE_CHECKING:
    from resnet_cli.graph.captured import Source


class Scheme(NamedTuple):
    """One library's names.

    `classes` has the class of each part that is a module; the others' modules stand in the module
    around them. `called` are other names, as "part.word", and `functions` what no module does; in
    what is `numbered`, a class, a module is called by its place. `in_place` are the parts in which
    ReLU writes over what it takes. `registered` has the words of a part as they are registered,
    where they run in another order.
    """

    classes: Mapping[str, str]
    called: Mapping[str, str]
    functions: frozenset[str]
    in_place: frozenset[str]
    registered: Mapping[str, tuple[str, ...]] = {}
    numbered: tuple[str, ...] = ("Sequential",)
    block: str = "{index}"
    has_convolution_head: bool = False

    def block_of(self, stage: int, index: int) -> str:
        """Return what a stage's block is called."""
        return self.block.format(stage=stage, index=index, number=index + 1)


_GATES = {"se": "SEModule", "eca": "EcaModule", "blur": "BlurPool2d"}
_ALL = ("stem", "deep", "maxpool", "unit", "basic", "bottleneck", "block", "network", "se")

_NOTEBOOK = Scheme(
    classes={
        **_GATES,
        **dict.fromkeys(("network", "stem", "deep", "maxpool"), "Sequential"),
        **dict.fromkeys(("stage", "downsample"), "Sequential"),
        **dict.fromkeys(("basic", "bottleneck", "block"), "Residual"),
    },
    called={"se.relu": "act"},
    functions=frozenset(f"{part}.relu" for part in ("unit", "basic", "bottleneck", "block"))
    | {"se.avgpool", "eca.avgpool"},
    in_place=frozenset(),
    registered={"basic": ("conv1", "conv2", "aa", "conv3", "downsample", "bn1", "bn2", "se")},
)

_BOTTLENECK = ("conv1", "bn1", "conv2", "bn2", "aa", "conv3", "bn3", "se", "relu", "downsample")

_TORCHVISION = _NOTEBOOK._replace(
    classes={
        **_GATES,
        **dict.fromkeys(("stage", "deep", "maxpool", "downsample"), "Sequential"),
        "network": "ResNet",
        "basic": "BasicBlock",
        "bottleneck": "Bottleneck",
    },
    functions=frozenset({"head.flatten", "se.avgpool", "eca.avgpool"}),
    in_place=frozenset(_ALL),
    registered={"bottleneck": _BOTTLENECK},
)

_TORCHVISION_REGNET = _TORCHVISION._replace(
    classes={
        "network": "RegNet",
        "stem": "SimpleStemIN",
        "stages": "Sequential",
        "stage": "AnyStage",
        "block": "ResBottleneckBlock",
        "downsample": "Conv2dNormActivation",
        "f": "BottleneckTransform",
        "unit": "Conv2dNormActivation",
        "se": "SqueezeExcitation",
    },
    called={
        **{f"stages.layer{number}": f"block{number}" for number in range(1, 10)},
        "stages": "trunk_output",
        "block.downsample": "proj",
        "block.relu": "activation",
        "f.conv1": "a",
        "f.conv2": "b",
        "f.conv3": "c",
        "se.relu": "activation",
        "se.gate": "scale_activation",
    },
    functions=frozenset({"head.flatten"}),
    in_place=frozenset(_ALL) - {"se"},
    registered={"se": ("avgpool", "fc1", "fc2", "activation", "scale_activation")},
    numbered=("SimpleStemIN", "Conv2dNormActivation"),
    block="block{stage}-{index}",
)

_UNIT = {"unit.conv1": "conv", "unit.conv2": "conv", "unit.conv3": "conv"}
_UNIT |= {"unit.bn1": "bn", "unit.bn2": "bn", "unit.bn3": "bn", "unit.relu": "act"}

_TIMM_REGNET = _TORCHVISION._replace(
    classes={
        **_GATES,
        "network": "RegNet",
        "stem": "ConvNormAct",
        "stage": "RegStage",
        "block": "Bottleneck",
        "downsample": "ConvNormAct",
        "unit": "ConvNormAct",
        "head": "ClassifierHead",
    },
    called={
        **_UNIT,
        **{f"stages.layer{number}": f"s{number}" for number in range(1, 10)},
        "stem.conv1": "conv",
        "stem.bn1": "bn",
        "stem.relu": "act",
        "downsample.0": "conv",
        "downsample.1": "bn",
        "se.relu": "act",
        "block.relu": "act3",
        "head.avgpool": "global_pool",
    },
    functions=frozenset({"se.avgpool"}),
    block="b{number}",
    in_place=frozenset(_ALL) - {"block"},
)

_TIMM_V2 = _TORCHVISION._replace(
    classes={
        **dict.fromkeys(("stem", "stages", "blocks"), "Sequential"),
        "network": "ResNetV2",
        "stage": "ResNetStage",
        "basic": "PreActBasic",
        "bottleneck": "PreActBottleneck",
        "downsample": "DownsampleConv",
        "head": "ClassifierHead",
    },
    called={
        **{f"stages.layer{number}": f"{number - 1}" for number in range(1, 10)},
        **{f"{part}.bn{n}": f"norm{n}" for part in ("basic", "bottleneck") for n in (1, 2, 3)},
        "stem.conv1": "conv",
        "stem.maxpool": "pool",
        "network.bn1": "norm",
        "deep.0": "conv1",
        "deep.1": "norm1",
        "deep.2": "act1",
        "deep.3": "conv2",
        "deep.4": "norm2",
        "deep.5": "act2",
        "deep.6": "conv3",
        "downsample.0": "conv",
        "downsample.1": "conv",
        "downsample.pool": "pool",
        "head.avgpool": "global_pool",
    },
    functions=frozenset(),
    registered={},
    numbered=(),
    has_convolution_head=True,
)


def scheme(config: ResNetConfig) -> Scheme:
    """Return what a network's modules are called."""
    if config.names is Names.NOTEBOOK:
        return _NOTEBOOK
    is_timm = config.names is Names.TIMM
    if config.regnet is not None:
        return _TIMM_REGNET if is_timm else _TORCHVISION_REGNET
    return _TIMM_V2 if is_timm and config.pre_activation else _TORCHVISION


_RELU = (ReLU(), ReLU(inplace=True))  # what is one and the same kind is inferred once


class Net(Builder):
    """A network while it is written, its modules called as a scheme has it."""

    def __init__(self, scheme: Scheme, part: str = "network") -> None:
        super().__init__()
        self.scheme = scheme
        self.part = part
        self.around = scheme.classes.get(part, "")  # the class of the module around
        self.role = ""
        self.numbers: dict[str, int] = {}

    def layer(self, name: str, kind: Layer, *inputs: Value, role: str = "") -> Value:
        """Add an operation that is a module of its own, or a function if the scheme says so."""
        if f"{self.part}.{name}" in self.scheme.functions:
            return self.apply(kind, *inputs)
        return super().layer(self._called(name), kind, *inputs, role=role or self.role)

    def relu(self, x: Value, name: str = "relu") -> Value:
        """Add a rectifier; a module that the part has already is called once more."""
        return self.layer(name, _RELU[self.part in self.scheme.in_place], x)

    def source(self, kind: "Source") -> Value:
        """Add a tensor that the part holds and takes, where it takes it."""
        self.operations.append(Operation(kind, (), ""))
        return Value(len(self.operations) - 1)

    @contextmanager
    def within(
        self, part: str, x: Value, name: str = "", role: str = "", held: Weight | None = None
    ) -> Iterator[None]:
        """Write a part that takes `x`: a module called `name`, if the scheme has a class for it."""
        outer, kind = (self.part, self.around, self.role), self.scheme.classes.get(part)
        if kind is None:
            self.part, self.role = part, role
            yield
        else:
            called = self._called(name or part)
            registered = self.scheme.registered.get(part, ())
            with self.inside(called, kind, x, registered, role or self.role, held):
                self.part, self.around, self.role = part, kind, ""
                yield
        self.part, self.around, self.role = outer

    @contextmanager
    def stage(self, number: int, x: Value) -> Iterator[None]:
        """Write a stage: one module, or a module with its blocks in another."""
        role = f"stage {number}"
        is_nested = "blocks" in self.scheme.classes
        with self.within("stage", x, f"layer{number}", "" if is_nested else role):
            if not is_nested:
                yield
                return
            with self.within("blocks", x, "blocks", role):
                yield

    def network(self, x: Value, output: Nest) -> Graph:
        """Return what was written: a network that takes `x`."""
        return self.graph(self.scheme.classes["network"], x, output)

    def _called(self, word: str) -> str:
        """Return what the scheme calls a module."""
        called = self.scheme.called.get(f"{self.part}.{word}")
        if called or word.isdigit():
            return called or word
        if self.around not in self.scheme.numbered:
            return self.scheme.called.get(word, word)
        number = self.numbers.get(self.path, 0)
        self.numbers[self.path] = number + 1
        return str(number)
