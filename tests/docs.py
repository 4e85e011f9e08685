"""Make the screens and pictures of the README and of docs/ from the tool itself.

    python -m tests.docs

rewrites every `console` block whose first line is a `resnet-shapes` command, every table below
a comment that is one, and the pictures in .github/images. A test says when they are stale.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").rglob("*.md")))
EXAMPLES = ROOT / "docs" / "examples"
"""Where the commands run: the networks that the pages name are there, and no configuration."""
IMAGES = ROOT / ".github" / "images"

# A block shows a command and what it prints; the prompt is ours.
BLOCK = re.compile(r"(?ms)^```console\n\$ (resnet-shapes[^\n]*)\n(.*?)^```$")
# A table that GitHub renders stands between two comments, the first of them its command.
TABLE = re.compile(
    r"^<!-- (resnet-shapes[^\n]*) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL
)

SCREENS = {"resnet50.svg": "resnet-shapes --preset resnet50 --depth 2 --no-run"}
FIGURES = {
    name: f"resnet-shapes draw {flags} -o .github/images/{name}"
    for name, flags in (
        ("notebook-block.svg", "--part block"),
        ("notebook-network.svg", "--preset d2l-resnet18"),
    )
}


def run(command: str, *more: str, folder: Path = EXAMPLES) -> str:
    """Return what a page's command prints, in a bare environment."""
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
        cwd=folder,
        encoding="utf-8",
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def fresh(text: str) -> str:
    """Return a page with every screen and table as the tool prints it now."""
    text = BLOCK.sub(lambda m: f"```console\n$ {m[1]}\n{run(m[1]).rstrip()}\n```", text)
    return TABLE.sub(lambda m: f"<!-- {m[1]} -->\n{run(m[1])}<!-- end -->", text)


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


def figure(name: str) -> str:
    """Return a figure as `draw` writes it; the file holds its own command line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ".github" / "images" / name
        path.parent.mkdir(parents=True)
        run(FIGURES[name], folder=Path(folder))
        return path.read_text(encoding="utf-8")


def main() -> None:
    """Write pages and pictures anew."""
    for page in PAGES:
        page.write_text(fresh(page.read_text(encoding="utf-8")), encoding="utf-8")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for names, draw in ((SCREENS, screen), (FIGURES, figure)):
        for name in names:
            (IMAGES / name).write_text(draw(name), encoding="utf-8")


if __name__ == "__main__":
    main()
