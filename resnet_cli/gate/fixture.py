"""What the pytest fixture `shapes` does: it holds modules as `check` does, in a test."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_cli import parse
from resnet_cli.analysis.summary import TOTALS
from resnet_cli.errors import FileError
from resnet_cli.files import write_atomically
from resnet_cli.gate import lockfile, reports
from resnet_cli.gate.checking import judge
from resnet_cli.gate.expectations import BUDGETS, Expectations
from resnet_cli.gate.lines import Locked
from resnet_cli.show.formats import proof_dict
from resnet_cli.show.result import Result
from resnet_cli.text import nearest

_NONE: Mapping[str, Any] = {}

_BUDGETS: Mapping[str, parse.Parser] = {
    name: parse.parse_bytes if figure.endswith("bytes") else parse.parse_count
    for name, figure in BUDGETS.items()
    if figure in TOTALS
}
"""What reads a budget; a test takes no training step, which could have one."""


@dataclass(frozen=True)
class Shapes:
    """Checks for one test: its folder, which has the lock files, and its name on pytest's line.

    With `update` a lock is written where it differs, and is not held.
    """

    folder: Path
    test: str
    update: bool = False

    def check(
        self,
        module: Any,
        *inputs: Any,
        named: Mapping[str, Any] = _NONE,
        output: str | Sequence[int] | None = None,
        layers: Mapping[str, str | Sequence[int]] = _NONE,
        lock: str | None = None,
        **budgets: int | str,
    ) -> Result:
        """Run a module once, fail the test unless all that is expected holds, return its shapes.

        Inputs are those of `resnet_cli.inspect`, `named` ones by name. An `output` shape is
        `(1, 10)` or `"?x10"`, and those of `layers` are too, by path. Budgets are `max_params`,
        `max_macs`, `max_flops`, `max_param_bytes`, `max_activations` and `max_peak`: a number or
        as in `"12M"` and `"40MiB"`. A `lock` is the name of a file beside the test,
        `NAME.lock.json`, which `pytest --shapes-update` writes.

        Raises `AssertionError` with what does not hold, and `ValueError` and `TypeError` for what
        cannot be asked.
        """
        __tracebackhide__ = True
        expected = _expectations(output, layers, budgets)
        from resnet_cli.pytorch import measure

        network, proof = measure.inspect(module, inputs, named)
        name = type(module).__name__ if lock is None else parse.name(lock)
        locked: lockfile.Networks | None = None
        if lock is not None and network.summary.error is None:
            path = self.folder / f"{lock}.lock.json"
            if self.update:
                _write(path, lockfile.to_text({lock: Locked.of(network)}))
            locked = self._read(path)
        report = judge(name, network, expected, locked)._replace(proof=proof)
        if not report.holds:
            command = f"\nto accept: {self._command}" if report.changes else ""
            raise AssertionError(f"{name}\n{reports.to_text(report)}{command}")
        return Result.of(network, proof and proof_dict(proof))

    def _read(self, path: Path) -> lockfile.Networks:
        __tracebackhide__ = True
        try:
            return lockfile.read(path, self._command)
        except FileError as error:
            raise AssertionError(str(error)) from None

    @property
    def _command(self) -> str:
        return shlex.join(["pytest", "--shapes-update", self.test])


def _write(path: Path, text: str) -> None:
    """Write a lock, unless it is there as it is."""
    if not path.exists() or path.read_bytes() != text.encode():  # it may be damaged
        write_atomically(path, text)


def _expectations(
    output: str | Sequence[int] | None,
    layers: Mapping[str, str | Sequence[int]],
    budgets: Mapping[str, int | str],
) -> Expectations:
    """Return what is expected. Raises `ValueError` and `TypeError` that name the argument."""
    found: dict[str, Any] = {}
    for name, value in budgets.items():
        if name not in _BUDGETS:
            raise TypeError(f"check() takes no {name!r}{nearest(name, _BUDGETS)}")
        found[name] = _parsed(name, _BUDGETS[name], value)
    if output is not None:
        found["expect_output"] = _parsed("output", parse.pattern, output)
    found["expect"] = tuple(
        parse.LayerExpectation(layer, _parsed(f"layers[{layer!r}]", parse.pattern, shape))
        for layer, shape in layers.items()
    )
    return Expectations(**found)


def _parsed(name: str, parser: parse.Parser, value: Any) -> Any:
    try:
        return parse.of_python(parser, value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
