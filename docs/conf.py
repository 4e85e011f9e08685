"""The documentation: `python -m sphinx -W docs docs/_build`. No PyTorch is needed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from resnet_cli.cli import projectfile
from resnet_cli.show import columns
from resnet_cli.version import __version__


def _configuration() -> str:
    """Return the file's keys as a table, from the table of options that reads them."""
    lines = ["| key | takes | meaning |", "| --- | --- | --- |"]
    for key, option in projectfile._KEYS.items():
        words = ", ".join(option.words if key != "preset" else ())
        takes = "true, false" if option.is_flag else words or option.metavar or "TEXT"
        cells = (f"`{key}`", f"`{takes}`", option.help or "")
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines)


def setup(app: "Sphinx") -> None:
    """Leave out sphinx-click's lists of variables, which name hidden options too."""
    event = "sphinx-click-process-envars"  # so spelt in 6.2.0, which registers another
    app.add_event(event)
    app.connect(event, lambda app, ctx, lines: lines.clear())


project = "resnet-shapes"
author = "The resnet-shapes authors"
copyright = f"2026, {author}"  # noqa: A001
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click"]
myst_enable_extensions = ["substitution"]
myst_substitutions = {
    "configuration": _configuration(),
    "columns": ", ".join(f"`{name}`" for name in columns.COLUMNS),
}
myst_heading_anchors = 3
exclude_patterns = ["_build", "examples"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(torch\.|nn\.|resnet_cli\.)?.*")]  # no other project is asked

autodoc_typehints = "signature"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"resnet-shapes {release}"
html_copy_source = False
html_show_sphinx = False
linkcheck_ignore = [r"https://github\.com/OWNER/.*"]
