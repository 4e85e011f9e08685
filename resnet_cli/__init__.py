"""Predict every layer's shape of a residual network at once, then prove it with PyTorch."""

__version__ = "0.1.0"
