"""Run the notebook's script on another input: `python notebook_at.py 8x1x512x512`."""

import sys
from pathlib import Path

size = ", ".join(sys.argv[1].split("x"))
script = Path(__file__).with_name("notebook.py").read_text(encoding="utf-8")
exec(script.replace("(1, 1, 224, 224)", f"({size})"))  # noqa: S102 - our own file
