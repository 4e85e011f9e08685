"""The command line: the group, and the door through which every run leaves.

Exit codes: 0 ok, 1 a check or the proof failed, 2 the request was wrong or the tool failed,
130 interrupted, 129 and 143 ended by SIGHUP and SIGTERM, 141 closed pipe.
"""

import contextlib
import os
import sys
from importlib import import_module
from io import UnsupportedOperation
from typing import Any, NoReturn

import click

from resnet_cli.cli.flags import shared
from resnet_cli.cli.options import BRIEF, Heading, message, write_examples, write_options
from resnet_cli.cli.values import SUMMARY_FORMATS, Format
from resnet_cli.errors import ClosedPipe, ResNetShapesError
from resnet_cli.family.presets import NAMES
from resnet_cli.text import harmless, nearest, printable
from resnet_cli.version import __version__

# name: (module in resnet_cli.cli.commands, what it does); imported when it is called.
COMMANDS = {
    "print-net": ("print_net", "Print the architecture, as PyTorch prints it."),
    "presets": ("presets", "List the published networks that --preset knows."),
    "compare": ("compare", "Show networks side by side."),
    "block": ("block", "Show one residual block: both branches and where they meet."),
    "explain": ("explain", "Show the arithmetic behind a layer's numbers."),
    "solve": ("solve", "Solve for the input: a layer's wanted size, or a memory."),
    "draw": ("draw", "Draw the network, a stage, a block, or the costs of its layers."),
    "check": ("check", "Hold networks against expectations, a lock file, weights; for CI."),
    "lock": ("lock", "Write a lock file of the networks' layers, for 'check'."),
}

ON = ("1", "true", "yes", "on")
COMPLETE = "_RESNET_SHAPES_COMPLETE"

EXAMPLES = (
    "--preset resnet50 --input 8x3x512x512 --depth 2",
    "--module ./my_net.py:build --input Nx3xHxW",
)


class Group(click.Group):
    """The commands, imported one at a time, and help that reads from top to bottom."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = import_module(f"resnet_cli.cli.commands.{COMMANDS[cmd_name][0]}")
            command: click.Command = module.command
            return command
        if ctx.resilient_parsing:
            return None
        hint = nearest(cmd_name, COMMANDS)
        if cmd_name in NAMES:
            hint = f" (did you mean '--preset {cmd_name}'?)"
        raise click.UsageError(f"no such command {cmd_name!r}{hint}", ctx)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
        write_examples(EXAMPLES, formatter)
        write_options(self, ctx, formatter, BRIEF)


@click.group(
    cls=Group,
    subcommand_metavar="[COMMAND] [ARGS]...",  # the brackets are Click's own from 8.4
    invoke_without_command=True,
    params=shared(*Heading, formats=(*SUMMARY_FORMATS, Format.HTML)),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="resnet-shapes")
@click.pass_context
def cli(ctx: click.Context, /, **_: Any) -> int:
    """Predict every layer's shape of a residual network at once, then prove it with PyTorch."""
    if ctx.invoked_subcommand is not None:
        return 0
    from resnet_cli.cli.commands.show import show

    return show(ctx)


def main() -> NoReturn:
    """Run the command line on `sys.argv` and leave with its exit code."""
    if sys.stdout is None:  # closed from the start: what is written there fails as it should
        sys.stdout = open(os.devnull)  # noqa: SIM115 - until the end
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        code = code or 2
    if code in (2, 141):
        _drop_unwritten()
    sys.stdout = sys.stderr  # all is written; what a network's own code says at exit is no result
    sys.exit(code)


def run(args: list[str]) -> int:
    """Run the command line; turn every error into one message and a code."""
    with contextlib.redirect_stdout(sys.stdout):  # a network's own code may put another there
        return _run(args)


def _run(args: list[str]) -> int:
    try:
        result = cli.main(args, prog_name="resnet-shapes", standalone_mode=False, obj=_show_config)
        return result if isinstance(result, int) else 0
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except ClosedPipe:
        return 141
    except SystemExit as left:  # Click leaves so after a completion, and when a pipe closed
        if COMPLETE in os.environ:
            return 2 if left.code else 0
        return 141
    except click.ClickException as error:
        return _fail(_message(error))
    except ResNetShapesError as error:
        return _fail(str(error))
    except UnsupportedOperation:  # what `main` put in the place of a closed stdout
        return _fail("cannot write: the output is closed")
    except OSError as error:
        return _fail(f"cannot write the output: {error.strerror or error}")
    except Exception as error:
        return _fail(
            f"a defect of this tool: {type(error).__name__}: {error} (--traceback shows it all)"
        )


def _show_config(ctx: click.Context, asked: Any) -> None:
    """Show what is in force, where `--show-config` asks for that instead."""
    from resnet_cli.cli import inforce

    inforce.show(ctx, asked)


OTHERS_SAY = {
    **dict.fromkeys(("--batch", "--batch-size", "--bs"), "the batch is N of --input NxCxHxW"),
    **dict.fromkeys(
        ("--image-size", "--img-size", "--size", "--resolution"),
        "height and width are H and W of --input NxCxHxW",
    ),
    "--in-channels": "the image's channels are C of --input NxCxHxW",
    **{f"--{name}": f"that is --format {name}" for name in ("json", "csv", "markdown", "plain")},
    "--fp16": "that is --dtype float16",
    "--half": "that is --dtype float16",
    "--num-classes": "that is --classes",
    "--model": "that is --preset or --module",
}
"""What other tools call an option, and what it is here."""


def _message(error: click.ClickException) -> str:
    """Return what is wrong with a request; another tool's word gets ours."""
    if isinstance(error, click.NoSuchOption) and error.option_name in OTHERS_SAY:
        return f"no such option {error.option_name}: {OTHERS_SAY[error.option_name]}"
    return message(error)


def _fail(message: str, code: int = 2) -> int:
    """Say what is wrong in one line on stderr; what the user gave cannot steer the terminal."""
    if "--traceback" in sys.argv or os.environ.get("RESNET_SHAPES_TRACEBACK") in ON:
        import traceback  # 10 ms, and only this needs it

        for line in traceback.format_exc().splitlines():
            _say(line)
    _say(f"resnet-shapes: {printable(message)}")
    return code


def _say(line: str) -> None:
    """Write a line to stderr, if it is still there."""
    from resnet_cli.cli.screen import fitted

    with contextlib.suppress(OSError):
        click.echo(fitted(harmless(line), sys.stderr), err=True)


def _drop_unwritten() -> None:
    """Point a broken stdout at nothing, so that Python's own flush at exit stays quiet."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
