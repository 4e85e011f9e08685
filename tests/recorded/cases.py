"""Every recorded case: a line each in `cases/`, a file a group; `running.Case` says how to read it.

A line goes on behind a backslash, `#` begins a comment, and `$SMALL` is a quick network.
"""

from collections.abc import Iterator

from tests.recorded.running import HERE, Case, parse

SMALL = "--input 1x1x32x32 --channels 4,8 --blocks 1,1"

PRESETS = (
    *("d2l-resnet18", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *("wide_resnet50_2", "wide_resnet101_2", "resnet20_cifar10", "resnet32_cifar10"),
    *("resnet44_cifar10", "resnet56_cifar10", "resnet110_cifar10", "resnet1202_cifar10"),
)
OF_EACH_PRESET = (
    "--no-run --depth 2 --preset {}",
    "--no-run --format json --preset {}",
    "print-net --preset {}",
    "explain --format plain --preset {}",
    "lock -o net.lock --preset {}",
)


def cases() -> Iterator[tuple[str, Case]]:
    """Give every case with its group. Raises `ValueError` for a line that stands twice."""
    for group, lines in _groups():
        for line in lines:
            if lines.count(line) > 1:
                raise ValueError(f"{group}: {line!r} stands twice")
            yield group, parse(line)


def _groups() -> Iterator[tuple[str, list[str]]]:
    for path in sorted((HERE / "cases").glob("*.txt")):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ").replace("$SMALL", SMALL)
        lines = [" ".join(line.split()) for line in text.splitlines()]
        yield path.stem, [line for line in lines if line and not line.startswith("#")]
    yield "presets", [each.format(name) for name in PRESETS for each in OF_EACH_PRESET]
