"""What can go wrong, as one tree.

    ResNetShapesError                 the tool's own errors; each is one clear message
    ├── ConfigError                   a network that cannot be built; names the field
    ├── SymbolError                   a size with names in it where a number is needed
    ├── SizeError                     a size of an input that a network cannot take
    ├── BackendError                  PyTorch is missing, will not import, or has not the device
    ├── TargetError                   a module of the user's own that cannot be had
    ├── ForwardError                  PyTorch could not run the network
    ├── ExpectationError              a layer that the network does not have
    ├── FigureError                   a figure that cannot be drawn
    ├── FileError                     a file that cannot be read or written
    └── DocumentError                 a text that is no JSON document of this tool
    TooLargeError                     a run that costs more than its budget, and ends there
    ClosedPipe                        whoever read our output has left

The command line turns each of the tool's own into one message on stderr and exit code 2,
and a closed pipe into a quiet end with 141.
"""


class ResNetShapesError(Exception):
    """The root of all errors that this package raises on purpose."""


class ConfigError(ResNetShapesError, ValueError):
    """A field of a configuration that is wrong, alone or beside another field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class SymbolError(ResNetShapesError):
    """A size with names in it where a number is needed."""


class SizeError(ResNetShapesError, ValueError):
    """A size of an input that a network cannot take, or was not seen to."""


class BackendError(ResNetShapesError):
    """PyTorch is missing, will not import, or does not have the device."""


class ForwardError(ResNetShapesError):
    """PyTorch could not run the network, for a reason that is not a shape."""


class FigureError(ResNetShapesError):
    """A figure that cannot be drawn: matplotlib is missing, or the page would be too large."""


class TargetError(ResNetShapesError):
    """What `--module` names cannot be imported, built, or is no module."""


class ExpectationError(ResNetShapesError, KeyError):
    """A layer that the network does not have: expected, or asked a result for."""

    __str__ = Exception.__str__  # a KeyError's has quotes around it


class FileError(ResNetShapesError):
    """A file that cannot be read, understood or written."""


class DocumentError(ResNetShapesError, ValueError):
    """A text that is no JSON document of this tool."""


class TooLargeError(BaseException):
    """A run costs more than its budget; no `Exception`, so that no module swallows it."""


class ClosedPipe(Exception):
    """Whoever read our output has left; not an OSError, so that Click lets it pass."""
