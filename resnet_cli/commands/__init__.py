"""A file a command; `resnet_cli.cli` imports each when it is called."""
