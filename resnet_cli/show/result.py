"""What the Python API gives: a network's layers and totals, which show and write themselves."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from resnet_cli.analysis.network import Network, predict
from resnet_cli.analysis.points import ordered
from resnet_cli.analysis.summary import LayerRow, Summary, find
from resnet_cli.errors import ConfigError, DocumentError, ExpectationError
from resnet_cli.family.plain import configured
from resnet_cli.parse import ALL_DEPTHS
from resnet_cli.show import formats
from resnet_cli.text import human_text, printable, short

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.graph import Graph
    from resnet_cli.graph.kinds import Shape

MOST = 60
"""Characters of one part of the one line, which stays below 200."""

_WRONG = (ValueError, TypeError, AttributeError, IndexError, SyntaxError, RecursionError)
"""What reading any other text ends in."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Result:
    """A network: every layer's shapes and costs, and what they add up to.

    `result["layer2.0.conv1"]` is a layer by its path, and `result["stage 2"]` the one that gives
    a role's output; iteration gives all layers. Printed it is the table, in a notebook that with
    a choice of depth, and where Python shows it one line. Two are equal where their documents
    are, but for how a run went.

    `config` is what was asked for, enough to have it again; `summary` is all that is known,
    `graph` the operations, None where a module was read from JSON, and `forward` how a run went.
    """

    summary: Summary
    config: Mapping[str, object]
    graph: "Graph | None" = None
    forward: Mapping[str, object] | None = None

    @classmethod
    def of(cls, network: Network, forward: Mapping[str, object] | None = None) -> Self:
        """Return a network as its result, with how a run went as `proof_dict` gives it."""
        return cls(network.summary, network.config.to_dict(), network.graph, forward)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` or `--format json` wrote. Raises `DocumentError`, a `ValueError`.

        Sums, points and others' counts (`--by`, `--at`, `--count-like`) are left out.
        """
        try:
            return cls._read(json.loads(text))
        except KeyError as error:
            raise DocumentError(f"this is no document of a network: {error} is missing") from error
        except _WRONG as error:
            raise DocumentError(f"this is no document of a network: {error}") from error

    @classmethod
    def _read(cls, document: Any) -> Self:
        """Return a document's result; of what arithmetic says again the graph is known too."""
        from resnet_cli.show import reading

        if (version := document["schema_version"]) != formats.SCHEMA_VERSION:
            raise ValueError(
                f"schema_version is {short(version)}, and this reads {formats.SCHEMA_VERSION}"
            )
        config, forward = document["config"], document["forward"]
        if "module" in config:
            return cls(reading.summary(document, config["module"]), config, None, forward)
        network = predict(configured(None, config))
        read = cls(reading.summary(document, network.summary.name), config, None, forward)
        again = cls.of(network, forward)
        return again if again == read else read

    @property
    def name(self) -> str:
        """The network's name: a preset's, with what differs, or the module's class."""
        return self.summary.name

    @property
    def input_shape(self) -> "Shape":
        """The shape of the first input; a size is a formula where the input has names."""
        return self.summary.input_shape

    @property
    def output_shape(self) -> "Shape":
        """The shape of the first output, empty where there is none."""
        return self.summary.output_shape

    @property
    def error(self) -> str | None:
        """Where and why the forward pass failed; the layers end there."""
        return self.summary.error

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """Every module in the order of execution, a container before what it holds."""
        return self.summary.rows

    @property
    def totals(self) -> "dict[str, Size | None]":
        """What the layers add up to, under the names of the JSON; None is not known."""
        return self.summary.totals()

    def __getitem__(self, layer: str) -> LayerRow:
        """Return a layer. Raises a `KeyError` that names the nearest."""
        if not isinstance(layer, str):
            example = "as in 'layer2.0.conv1' or 'stage 2'"
            raise ExpectationError(f"{layer!r} is no layer's path or role, {example}")
        return find(self.summary, layer)

    def __contains__(self, layer: str) -> bool:
        try:
            self[layer]
        except ExpectationError:
            return False
        return True

    def __iter__(self) -> Iterator[LayerRow]:
        return iter(self.layers)

    def at(self, **sizes: int) -> "Result":
        """Return a prediction evaluated at sizes for the names of its input.

        Raises `ConfigError`, a `ValueError`, where they are not one number for each name.
        """
        if "module" in self.config:
            raise ConfigError("at", "at: is for predictions; a module ran on numbers")
        config = configured(None, self.config)
        try:
            return type(self).of(predict(config.at(ordered(config, sizes))))
        except ConfigError as error:
            raise ConfigError("at", f"at: {error.message}") from None

    def to_json(self) -> str:
        """Return what `--format json` prints: one document, a line a layer."""
        return formats.to_json(self.summary, self.config, self.forward, ALL_DEPTHS)

    def to_dict(self) -> dict[str, Any]:
        """Return the document as plain values; `to_dict()["layers"]` makes a data frame."""
        document: dict[str, Any] = json.loads(self.to_json())
        return document

    def __eq__(self, other: object) -> bool:
        return self._itself() == other._itself() if isinstance(other, Result) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._itself())

    def _itself(self) -> str:
        """Return the document without how a run went."""
        return formats.to_json(self.summary, self.config, None, ALL_DEPTHS)

    def __str__(self) -> str:
        from resnet_cli.show import notebook

        return notebook.to_text(self.summary)

    def __repr__(self) -> str:
        summary = self.summary
        layers = sum(row.leaf for row in summary.rows)
        figures = ((summary.params, "params"), (self.totals["macs"], "MACs"))
        counts = ", ".join(f"{human_text(n)} {what}" for n, what in figures if n is not None)
        known = f"{_cut(counts, MOST)}, " if counts else ""
        failed = "" if summary.error is None else "failed, "
        return f"<{_cut(summary.heading, 2 * MOST)}: {failed}{known}{layers} layers>"

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Show the network's own layers, fitted to the console."""
        from resnet_cli.show import notebook
        from resnet_cli.text import Look

        yield notebook.table(self.summary, Look(options.max_width, ascii=options.ascii_only))

    def _repr_html_(self) -> str:
        """Show the table in a notebook, the network's own layers first."""
        from resnet_cli.show import notebook

        return notebook.to_html(self.summary)


def _cut(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
