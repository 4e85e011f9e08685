"""Make the README's screens and pictures from the tool itself.

    python -m tests.docs

rewrites every `console` block of README.md whose first line is a `resnet-shapes` command,
and the pictures below .github/images. A test says when they are stale.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
IMAGES = ROOT / ".github" / "images"

# A block shows a command and what it prints; the prompt is ours.
BLOCK = re.compile(r"^```console\n\$ (resnet-shapes[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

SCREENS = {"resnet50.svg": "resnet-shapes --preset resnet50 --depth 2 --no-run"}


def run(command: str, *more: str) -> str:
    """Return what a README's command prints, in a bare environment and a folder without files."""
    words = shlex.split(command)[1:]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RESNET_SHAPES_", "GITHUB_", "COV_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "resnet_cli", *words, *more],
        capture_output=True,
        check=False,
        cwd=ROOT / "tests" / "seed",
        encoding="utf-8",
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def fresh_readme(text: str) -> str:
    """Return the README with every block's output as the tool prints it now."""
    return BLOCK.sub(lambda m: f"```console\n$ {m[1]}\n{run(m[1]).rstrip()}\n```", text)


def screen(name: str) -> str:
    """Return a terminal screen as SVG."""
    from rich.console import Console
    from rich.text import Text

    command = SCREENS[name]
    text = Text.from_ansi(run(command, "--color", "always").rstrip())
    width = max(len(line) for line in text.plain.splitlines())
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=width, file=nowhere, force_terminal=True)
        console.print(text)
        drawn = console.export_svg(title=command, unique_id="resnet-shapes")
    # No font is fetched from elsewhere: the reader's monospace serves.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def main() -> None:
    """Write README and pictures anew."""
    README.write_text(fresh_readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in SCREENS:
        (IMAGES / name).write_text(screen(name), encoding="utf-8")


if __name__ == "__main__":
    main()
