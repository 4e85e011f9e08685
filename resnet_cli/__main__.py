"""`python -m resnet_cli` is the same tool."""

from resnet_cli.cli.main import main

if __name__ == "__main__":
    main()
