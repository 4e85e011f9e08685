"""The command line: what it is asked, and what it says."""

from resnet_cli.cli.main import main

__all__ = ["main"]
