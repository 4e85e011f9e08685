"""What the tool says, recorded: `python -m tests.recorded` shows what has changed since."""
