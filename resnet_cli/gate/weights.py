"""Whether a file's weights fit a network: names and shapes held against each other."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnet_cli.analysis.tensors import Tensors, head, state
from resnet_cli.gate import safetensors
from resnet_cli.graph.graph import Graph
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from pathlib import Path

Shape: TypeAlias = tuple[int, ...]

PREFIXES = ("module.", "model.", "backbone.", "_orig_mod.")
"""What wrappers put before every name: `DataParallel`, a training class, a detector, a compiler."""

_COUNTER = ".num_batches_tracked"
"""Batch norm's counter, which files from before PyTorch 0.4.1 lack: it loads them all the same."""


class Stored(NamedTuple):
    """What a file holds: shapes by name, and the key under which they stand, if any."""

    path: "Path"
    tensors: Mapping[str, Shape]
    under: str = ""


class Fit(NamedTuple):
    """How a file's tensors fit a network's: so many fit, and which do not, with their shapes.

    `prefix` stands before names of the file and not of the network. `other_shape` has the
    file's and the network's. `head` is the path of the network's last layer where that alone
    makes the difference.
    """

    stored: Stored
    prefix: str
    fits: int
    missing: Tensors
    unexpected: Mapping[str, Shape]
    other_shape: Mapping[str, tuple[Shape, Shape]]
    head: str = ""

    @property
    def holds(self) -> bool:
        """Whether PyTorch would load it, every tensor in its place."""
        return not (self.missing or self.unexpected or self.other_shape)

    @property
    def said(self) -> str:
        """How it fits, in a line."""
        where = [f"behind {self.prefix!r}"] if self.prefix else []
        where += [f"under {self.stored.under!r}"] if self.stored.under else []
        parts = [" ".join([f"{self.fits:,} fit", *where])]
        counts = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "of other shape": self.other_shape,
        }
        parts += [f"{len(found):,} {what}" for what, found in counts.items() if found]
        return ", ".join(parts) + (f"; only the head differs: {self.head}" if self.head else "")

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Give a row a tensor that does not fit, marked as a diff of the file to the network."""
        for name, shape in self.missing.items():
            yield "+", name, "", _written(shape)
        for name, shape in self.unexpected.items():
            yield "-", name, _written(shape), ""
        for name, (found, wanted) in self.other_shape.items():
            yield "~", name, _written(found), _written(wanted)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as the JSON has them."""
        return {
            "file": str(self.stored.path),
            "under": self.stored.under or None,
            "prefix": self.prefix or None,
            "fits": self.fits,
            "missing": self.missing,
            "unexpected": self.unexpected,
            "other_shape": {
                name: {"file": found, "network": wanted}
                for name, (found, wanted) in self.other_shape.items()
            },
            "only_head": self.head or None,
        }


def read(path: "Path") -> Stored:
    """Return what a file holds, by its ending. Raises `FileError`, `BackendError`."""
    if path.suffix == ".safetensors":
        return Stored(path, safetensors.read(path))
    from resnet_cli.pytorch.backend import backend

    backend()
    from resnet_cli.pytorch import checkpoint

    return Stored(path, *checkpoint.read(path))


def fit(stored: Stored, graph: Graph) -> Fit:
    """Hold a file against a network."""
    wanted = state(graph)
    prefix = _prefix(stored.tensors, wanted)
    given = {
        name if (bare := name.removeprefix(prefix)) in stored.tensors else bare: shape
        for name, shape in stored.tensors.items()
    }
    missing = {
        name: shape
        for name, shape in wanted.items()
        if name not in given and not name.endswith(_COUNTER)
    }
    unexpected = {name: shape for name, shape in given.items() if name not in wanted}
    both = [(name, given[name], shape) for name, shape in wanted.items() if name in given]
    other = {
        name: (found, shape) for name, found, shape in both if shape is not None and found != shape
    }
    found = Fit(stored, prefix, len(both) - len(other), missing, unexpected, other)
    last = head(graph, wanted)
    return found._replace(head=last) if last and _is_head_alone(found, wanted, last) else found


def _prefix(given: Mapping[str, Shape], wanted: Tensors) -> str:
    """Return the prefix without which most names are the network's; of equals the shortest."""
    prefixes = {""}
    for name in given:
        at = 0
        for _ in PREFIXES:  # as many as there may be behind each other, whatever the name
            at += next((len(each) for each in PREFIXES if name.startswith(each, at)), 0)
            prefixes.add(name[:at])

    def known(prefix: str) -> int:
        return sum(name.startswith(prefix) and name[len(prefix) :] in wanted for name in given)

    return max(sorted(prefixes, key=len), key=known)


def _is_head_alone(found: Fit, wanted: Tensors, last: str) -> bool:
    """Say whether all of a network fits but its last layer, and the file has no more of the rest.

    What the file has instead may have another name, beside the modules that fit.
    """
    around = last.rpartition(".")[0]
    outer = f"{around}." if around else ""
    differ = {*found.missing, *found.other_shape}
    rest = {name for name in wanted if not name.startswith(f"{last}.")}
    body = {name.removeprefix(outer).split(".")[0] for name in rest if name.startswith(outer)}
    return (
        not found.holds
        and bool(rest)
        and not differ & rest
        and all(
            name.startswith(outer) and name.removeprefix(outer).split(".")[0] not in body
            for name in found.unexpected
        )
    )


def _written(shape: Shape | None) -> str:
    return "any shape" if shape is None else format_shape(shape)
