"""The main job: the per-layer table, at once, then the proof."""

from typing import TYPE_CHECKING, NamedTuple, cast

import click

from resnet_cli import parse
from resnet_cli.analysis.network import counts_like
from resnet_cli.cli.networks import Known, attempt, known, prove, step_of
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import SUMMARY_FORMATS, Format, ProofOptions, TableOptions
from resnet_cli.errors import ConfigError
from resnet_cli.show import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resnet_cli.analysis.conventions import Count
    from resnet_cli.analysis.network import Network, OfNames
    from resnet_cli.analysis.summary import Point, Summary


class Beside(NamedTuple):
    """What was asked for beside a network's layers: sizes to evaluate at, and others' counts."""

    points: "Sequence[Point]" = ()
    counts: "Sequence[Count]" = ()


def show(ctx: click.Context) -> int:
    """Print the network's layers; return 0, or 1 where the proof disagrees."""
    settings = resolve(ctx)
    output = settings.output(*SUMMARY_FORMATS, Format.HTML)
    proof = settings.read(ProofOptions)
    table, screen = settings.read(TableOptions, output.format), output.screen()
    if columns.TRAINED in table.columns and step_of(settings) is None:
        message = f"{columns.TRAINED!r} needs --train and its optimiser"
        raise click.BadParameter(message, param_hint=settings.name("columns"))
    _refuse(table, output.format, settings)
    found = known(settings, screen, symbolic=True, unrun=True)
    if output.format is Format.HTML:
        from resnet_cli.cli import page  # its script and figure

        return report_proof(page.write(found, table, settings, screen), proof, screen)
    others = counts_like(found.network, table.count_like)
    more = Beside(points_of(found.network, table, settings), others)
    if table.depth == parse.OPERATIONS:
        found, more = _detailed(found, more)
    if output.format is Format.JSON:
        return _show_json(found, table, proof, screen, more)
    _show_text(found.network.summary, output.format, table, screen, more)
    return report_proof(found, proof, screen, told=output == (Format.TABLE, output.color, None))


def _refuse(table: TableOptions, kind: Format, settings: Settings) -> None:
    """Raise `click.BadParameter` for flags that have no place; a file's are passed over."""
    is_flag = settings.name("count_like") == "--count-like"
    if table.count_like and is_flag and kind in (Format.CSV, Format.PLAIN):
        message = f"has no place in {kind}; 'compare --count-like' writes CSV"
        raise click.BadParameter(message, param_hint="--count-like")
    is_flag = settings.name("depth") == "--depth"
    if table.depth == parse.OPERATIONS and is_flag and kind is Format.HTML:
        message = "operations have no place in html, which has modules"
        raise click.BadParameter(message, param_hint="--depth")
    if columns.TAKEN in table.columns and table.depth != parse.OPERATIONS:
        message = f"{columns.TAKEN!r} needs --depth operations"
        raise click.BadParameter(message, param_hint=settings.name("columns"))
    if table.by is not None and table.columns and settings.name("columns") == "--columns":
        message = "sums have columns of their own; leave --columns out"
        raise click.BadParameter(message, param_hint=settings.name("by"))


def _detailed(found: Known, more: Beside) -> tuple[Known, Beside]:
    """Return a network, and what it is at sizes, with rows for all operations."""
    from resnet_cli.analysis.operations import detailed  # only a table of them needs it
    from resnet_cli.graph.graph import at

    network = found.network
    points = [
        point._replace(summary=detailed(at(network.graph, point.sizes), point.summary))
        for point in more.points
    ]
    network = network._replace(summary=detailed(network.graph, network.summary))
    return found._replace(network=network), more._replace(points=points)


def report_proof(found: Known, options: ProofOptions, screen: Screen, *, told: bool = False) -> int:
    """Prove the network unless that is off, say on stderr how it went, and return 0 or 1.

    Why a run failed may be `told` on stdout.
    """
    if not options.run:
        return 0
    from resnet_cli.cli.progress import outcome  # only a proof has one

    proof = prove(found, options.device, screen)
    screen.note(*outcome(proof, told=told))
    return 0 if proof.agrees else 1


def points_of(network: "Network", table: TableOptions, settings: Settings) -> "list[Point]":
    """Return the network evaluated at each `--at`. Raises `click.BadParameter`."""
    if not table.at:
        return []
    from resnet_cli.analysis import points

    config = cast("OfNames", network.config)  # that of a family or of a module, never of a block

    try:
        return [points.evaluate(config, network, sizes) for sizes in table.at]
    except ConfigError as error:
        raise settings.wrong(error) from None


def _show_text(
    summary: "Summary", kind: Format, table: TableOptions, screen: Screen, more: Beside
) -> None:
    if kind is not Format.TABLE:
        write_text(summary, kind, table, screen, more)
        return
    from resnet_cli.show import tables

    rows, picked = _view(summary, table, kind, more.points)
    shown = tables.summary_table(
        rows,
        picked,
        depth=table.depth,
        folded=table.fold and table.by is None,
        look=screen.look(),
        points=more.points,
    )
    if more.counts:
        shown = tables.with_counts(shown, more.counts, screen.look())
    screen.show(shown)


def _view(
    summary: "Summary", table: TableOptions, kind: Format, points: "Sequence[Point]"
) -> "tuple[Summary, list[columns.Column]]":
    """Return what has the rows of a format: layers, or sums over them, and its columns."""
    if table.by is not None:
        from resnet_cli.analysis.groups import grouped  # only sums need it

        groups = grouped(summary, table.by)
        picked = columns.of_groups(groups, table.by)
        summary = groups.summary
    elif kind is Format.CSV:
        picked = columns.pick(table.columns or columns.every(summary))
    else:
        usual = columns.default(summary, table.depth, evaluated=bool(points))
        picked = columns.pick(table.columns or usual)
    bars = columns.BARS if table.bars and kind is Format.TABLE else ()
    return summary, [*columns.beside(picked, points), *columns.beside(bars, points)]


def table_columns(summary: "Summary", table: TableOptions) -> list[columns.Column]:
    """Return the columns of a table for people."""
    return _view(summary, table, Format.TABLE, ())[1]


def write_text(
    summary: "Summary",
    kind: Format,
    table: TableOptions,
    screen: Screen,
    more: Beside = Beside(),  # noqa: B008 - frozen
) -> None:
    """Write a summary's rows as plain text, CSV, Markdown or LaTeX."""
    from resnet_cli.show import formats

    rows, picked = _view(summary, table, kind, more.points)
    if kind is Format.PLAIN and table.by is not None:
        screen.write(formats.groups_to_plain(rows, picked))
    elif kind is Format.PLAIN:
        screen.write(formats.to_plain(rows, table.depth))
    elif kind is Format.CSV:
        screen.write(formats.to_csv(rows, picked, table.depth))
    elif kind is Format.LATEX:
        from resnet_cli.show import latex_table

        folded = table.fold and table.by is None
        text = latex_table.summary_to_latex(rows, picked, table.depth, folded=folded)
        if more.counts:
            text += "\n" + latex_table.counts_to_latex(more.counts)
        screen.write(text)
    else:
        text = formats.to_markdown(rows, picked, table.depth, ascii_only=screen.is_ascii())
        if more.counts:
            text += "\n" + formats.counts_to_markdown(more.counts, ascii_only=screen.is_ascii())
        screen.write(text)


def _show_json(
    found: Known,
    table: TableOptions,
    proof: ProofOptions,
    screen: Screen,
    more: Beside,
) -> int:
    """Prove first, so that the one document has the outcome; it comes in any case."""
    from resnet_cli.show import formats

    forward, code = proof_for_document(found, proof, screen)
    summary, config = found.network.summary, found.network.config.to_dict()
    behind: dict[str, object] = {}
    if table.by is not None:
        behind["groups"] = formats.group_dicts(*_view(summary, table, Format.JSON, ()))
    if more.counts:
        behind["count_like"] = [count.to_dict() for count in more.counts]
    if more.points:
        behind["at"] = [formats.point_dict(point, table.depth) for point in more.points]
    screen.write(formats.to_json(summary, config, forward, table.depth, behind))
    return code


def proof_for_document(
    found: Known, options: ProofOptions, screen: Screen
) -> tuple[dict[str, object] | None, int]:
    """Prove the network unless that is off; return what JSON's `forward` says, and the code."""
    if not options.run:
        return None, 0
    from resnet_cli.cli.progress import outcome
    from resnet_cli.show import formats

    proof, error = attempt(found, options.device, screen)
    if proof is not None:
        screen.note(*outcome(proof))
        return formats.proof_dict(proof), 0 if proof.agrees else 1
    screen.note(f"resnet-shapes: {error}")
    return {"error": error}, 2
