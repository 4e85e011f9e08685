"""The notebook's network without what its script prints, for tools that want a module."""

from pathlib import Path


def build():
    """Return the network that the script builds; nothing of the script is written twice."""
    script = Path(__file__).with_name("notebook.py").read_text(encoding="utf-8")
    names = {}
    exec(script.partition("print(net)")[0], names)  # noqa: S102 - our own file
    return names["net"]
