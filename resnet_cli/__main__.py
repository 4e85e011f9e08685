"""`python -m resnet_cli` and the console script: the tool as a process of its own."""

import gc


def main() -> None:
    """Run the command line, its own imports included, without looking for garbage.

    A start makes what lives until its end, and looking takes 5 % of it; where PyTorch comes in
    (`pytorch/backend.py`) the collector is on again.
    """
    gc.disable()
    from resnet_cli.cli import main

    main()


if __name__ == "__main__":
    main()
