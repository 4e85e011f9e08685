"""The version, in a file of its own: what is imported by much imports nothing."""

__version__ = "0.2.0"
