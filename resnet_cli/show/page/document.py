"""The page itself: a table of the network at one size, and what lets its numbers follow.

It loads nothing, from nowhere. Its policy allows one script and one style sheet by their hashes:
no name of a layer could be run, nor styled.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.step import Amp
from resnet_cli.show.page.sheet import DTYPES, Sheet
from resnet_cli.show.seen import field_text, window_text
from resnet_cli.show.tables import MACS_NOTE
from resnet_cli.show.training import NOT_IN_IT
from resnet_cli.text import format_shape, human_bytes, human_count, human_text, printable, tree_text
from resnet_cli.version import __version__

if TYPE_CHECKING:
    from resnet_cli.analysis.fold import Folded
    from resnet_cli.analysis.summary import LayerRow

HERE = Path(__file__).parent
SCRIPTS, STYLE = ("arithmetic.js", "page.js"), "page.css"

COLUMNS = (
    ("Layer", ""),
    ("Type", "type"),
    ("Output", "shape"),
    ("Params", "number bar params"),
    ("MACs", "number bar macs"),
    ("Output bytes", "number bar memory"),
    ("Saved bytes", "number bar saved"),
    ("Field", "number field"),
)
SIZES = {0: "Batch", 2: "Height", 3: "Width"}
"""What an image's sizes are called, by their axis."""

NOTES = (
    "Output bytes: what the layers of a row give, views left out. A pass holds a layer's input and "
    "output at once, and what waits for an addition; memory that fits a batch is that, parameters "
    "and running statistics. Field: input pixels that one element sees, * more "
    "than the input has. Nothing here leaves this file."
)


class Figure(NamedTuple):
    """The network's figure, and the rules for how its boxes and texts look; or nothing."""

    svg: str = ""
    style: str = ""


def to_html(sheet: Sheet, figure: Figure, said: Sequence[str], command: str) -> str:
    """Return the page; `said` is what one should know, first why it failed.

    `command` is what made the page.
    """
    data, summary = sheet.to_dict(), sheet.network.summary
    script = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    style = figure.style + (HERE / STYLE).read_text("utf-8")
    step = sheet.start.step
    about = 'id="figure" tabindex="0" aria-label="The network as a figure"'
    return Template((HERE / "page.html").read_text("utf-8")).substitute(
        policy=escape(policy(script, style)),
        version=__version__,
        name=_text(summary.name),
        style=style,
        script=script,
        data=_json(data),
        input=_text(_input(sheet)),
        dtype=sheet.start.dtype,
        remarks="".join(
            f'<p class="{"dim" if number or not summary.error else "failed"}">{_text(text)}</p>'
            for number, text in enumerate(said)
        ),
        controls="".join(_controls(sheet)),
        totals="".join(_totals(sheet)),
        train="" if step is None else ' class="train"',
        heads="".join(
            f'<th scope="col" class="{kind}"><button type="button">{name}</button></th>'
            for name, kind in COLUMNS
        ),
        rows="".join(_row(sheet, index, row) for index, row in enumerate(sheet.network.rows)),
        figure=f"<figure {about}>{figure.svg}</figure>" if figure.svg else "",
        notes=f"<p>{MACS_NOTE}</p><p>{NOTES}</p>"
        f'<p class="training"{_hidden(step is None)}>{NOT_IN_IT}</p>'
        f"<p>Made by <code>{_text(command)}</code>, resnet-shapes {__version__}.</p>",
    )


def policy(script: str, style: str) -> str:
    """Return the content security policy: this script, this style sheet, and nothing else."""
    hashes = (b64encode(sha256(text.encode()).digest()).decode() for text in (script, style))
    script_hash, style_hash = hashes
    return (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _json(data: object) -> str:
    """Return JSON that ends no script and begins no comment."""
    import json

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _text(text: str) -> str:
    return escape(printable(text))


def _input(sheet: Sheet) -> str:
    """Write the shape of the input, or several as they were given."""
    if sheet.input:
        return format_shape(sheet.at(sheet.input))
    return ", ".join(sheet.network.summary.inputs) or "not known"


def _hidden(is_hidden: bool) -> str:
    return " hidden" if is_hidden else ""


def _controls(sheet: Sheet) -> Iterator[str]:
    """Give the controls: sizes, element type, training, memory."""
    start, step = sheet.start, sheet.start.step
    for name, size in start.sizes.items():
        label = SIZES.get(start.axes[name], name)
        kind = 'inputmode="numeric" autocomplete="off" maxlength="10"'
        yield (
            f'<label>{_text(label)}<input id="size-{name}" name="{name}" value="{size}" {kind}>'
            "</label>"
        )
    if sheet.varies:
        yield _select("Element type", "dtype", "element-type", DTYPES, start.dtype)
    if (trained := sheet.network.trained) is not None:
        optimizers = ["", *(update.optimizer for update in trained.updates)]
        amps = ["", *Amp] if len(trained.ways) > 1 else [trained.ways[0].amp or ""]
        again = [*dict.fromkeys(way.checkpoint or "" for way in trained.ways)]
        optimizer, amp, checkpoint = (step.optimizer, *step[1:3]) if step else (None, None, None)
        yield _select("Training", "train", "train-with", optimizers, optimizer)
        yield _select("Autocast", "amp", "amp-to", amps, amp)
        yield _select("Checkpoint by", "checkpoint", "checkpoint-by", again, checkpoint)
    yield (
        '<label>Memory, GiB<input id="gib" name="memory-gib" value="24" inputmode="decimal" '
        'autocomplete="off" maxlength="19"></label>'
    )


def _select(label: str, key: str, name: str, words: Sequence[str], chosen: str | None) -> str:
    options = "".join(
        f'<option value="{word}"{" selected" if word == (chosen or "") else ""}>{word or "none"}'
        "</option>"
        for word in words
    )
    return f'<label>{label}<select id="{key}" name="{name}">{options}</select></label>'


def _totals(sheet: Sheet) -> Iterator[str]:
    """Give what the network adds up to, at the size that the page shows first."""
    network, summary, step = sheet.network, sheet.network.summary, sheet.start.step
    peak = max((sheet.at(amount) for amount in network.held), default=None)
    saved = flops = None
    if step is not None and network.trained is not None:
        way = network.trained.ways[sheet.way]
        saved, flops = sheet.at(way.saved_bytes), sheet.at(way.flops)
        update = next(u for u in network.trained.updates if u.optimizer is step.optimizer)
        passes = [*way.passes, update.after]
        peak = sheet.at(update.always) + max(map(sheet.at, passes))
    least = " (at least)" if summary.not_counted else ""
    trains = " (trainable)" if summary.frozen else ""
    yield _tile("params", f"Parameters{trains}", sheet.at(summary.params), human_count)
    yield _tile("macs", f"MACs{least}", sheet.at(summary.macs), human_count)
    yield _tile("activations", "Outputs of all layers", sheet.at(summary.activation_bytes))
    yield _tile("peak", _peak_name(sheet), peak)
    if network.trained is not None:
        yield _tile("saved", "Saved for backward", saved, shown=step is not None)
        yield _tile("flops", "FLOPs of a step", flops, human_count, shown=step is not None)
    yield (
        '<div id="fit-tile"><dt id="fit-name"></dt>'
        '<dd id="fit" aria-live="polite"><b></b> <span></span></dd></div>'
    )


def _peak_name(sheet: Sheet) -> str:
    """Say of what the peak is, and how sure it is."""
    trained = sheet.network.trained
    if trained is None or sheet.start.step is None:
        return "Peak of a pass"
    unsure = "" if trained.ways[sheet.way].exact else ", not proved"
    return f"Peak of a training step{', at most' if trained.is_bound else unsure}"


def _tile(
    key: str,
    label: str,
    value: int | None,
    write: Callable[[int], str] = human_bytes,
    *,
    shown: bool = True,
) -> str:
    """Return one total: in a unit, and to the digit."""
    short = "not known" if value is None else write(value)
    kind = ' class="training"' if key in ("saved", "flops") else ""
    return (
        f'<div{kind}{_hidden(not shown)}><dt id="{key}-name">{label}</dt>'
        f'<dd id="{key}"><b>{short}</b> <span>{human_text(value)}</span></dd></div>'
    )


def _row(sheet: Sheet, index: int, folded: "Folded") -> str:
    """Return a layer's row."""
    row, times, paths, _ = folded
    trained = sheet.network.trained
    saved = trained and trained.ways[sheet.way].saved[index]
    around, dot, name = row.path.rpartition(".")
    role = f" <small>{_text(row.role)}</small>" if row.depth == 1 and row.role else ""
    words = " ".join((*dict.fromkeys((row.path, *paths)), row.type, row.role)).lower()
    cells = (
        f'<th scope="row"><span class="twist"></span><i>{_text(around + dot)}</i>'
        f"<b>{_text(name)}</b>{role}</th>",
        f'<td class="type">{_type(row, times)}</td>',
        f'<td class="shape">{_text(_output(sheet, row))}</td>',
        _number(sheet.at(row.params), "params"),
        _number(sheet.at(row.macs), "macs"),
        _number(sheet.at(row.activation_bytes), "memory"),
        _number(sheet.at(saved), "saved"),
        f'<td class="number field">{_field(sheet, row)}</td>',
    )
    failed = " failed" if row.error else ""
    return (
        f'<tr class="l{min(row.depth, 7)}{failed}" data-level="{row.depth}" data-times="{times}" '
        f'data-path="{_text(row.path)}" data-words="{_text(words)}">{"".join(cells)}</tr>\n'
    )


def _type(row: "LayerRow", times: int) -> str:
    """Write what a layer is, its window, and what is special about it."""
    window = window_text(row) or ""
    more = [f"\N{MULTIPLICATION SIGN} {times}"] if times > 1 else []
    more += [text for text in (window, row.error or row.note) if text]
    return _text(row.type) + "".join(f" <small>{_text(text)}</small>" for text in more)


def _output(sheet: Sheet, row: "LayerRow") -> str:
    if row.output_tree is not None:
        return tree_text(row.output_tree)
    return format_shape(sheet.at(row.output_shape)) if row.output_shape else ""


def _number(value: int | None, kind: str) -> str:
    return f'<td class="number bar {kind}">{human_text(value)}</td>'


def _field(sheet: Sheet, row: "LayerRow") -> str:
    """Write a receptive field, marked where it is larger than the input."""
    return field_text(row, min(sheet.at(sheet.input[2:]), default=None))
