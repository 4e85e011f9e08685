"""matplotlib where it can be imported, or what to do where it cannot."""

import shlex
from pathlib import Path

from resnet_cli.errors import FigureError

NAME, EXTRA = "resnet-shapes", "draw"


def require_matplotlib(path: Path) -> None:
    """Raise `FigureError` with the remedy where matplotlib is missing or broken."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise FigureError(
            f"-o {path}: {path.suffix} needs matplotlib, which cannot be imported ({error}); "
            f"{install_hint()}, or write .svg or .mmd, which need nothing"
        ) from error


def install_hint() -> str:
    """Return the command that adds matplotlib to this tool, wherever that was installed from."""
    return f"pip install {_requirement()}"


def _requirement() -> str:
    """Return what pip is to install: the extra of the source that is installed.

    PEP 610's direct_url.json is there where that was no package index.
    """
    import json  # only where matplotlib is missing, as the next
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        record = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:  # a source tree on the path
        return "matplotlib"
    if record is None:
        return shlex.quote(f"{NAME}[{EXTRA}]")
    origin = json.loads(record)
    url = origin["url"]
    if "dir_info" in origin:
        editable = "-e " if origin["dir_info"].get("editable") else ""
        return editable + shlex.quote(f"{url2pathname(urlsplit(url).path)}[{EXTRA}]")
    if "vcs_info" in origin:
        url = "{vcs}+{}@{commit_id}".format(url, **origin["vcs_info"])
    return shlex.quote(f"{NAME}[{EXTRA}] @ {url}")
