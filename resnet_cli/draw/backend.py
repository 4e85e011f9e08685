"""matplotlib where it can be imported, or what to do where it cannot."""

from pathlib import Path

from resnet_cli.errors import FigureError


def require_matplotlib(path: Path) -> None:
    """Raise `FigureError` with the remedy where matplotlib is missing or broken."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise FigureError(
            f"-o {path}: {path.suffix} needs matplotlib, which cannot be imported ({error}); "
            'pip install "resnet-shapes[draw]", or write .mmd, which needs nothing'
        ) from error
