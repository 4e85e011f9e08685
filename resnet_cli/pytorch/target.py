"""Where a module of the user's own stands, and how to get hold of it; without torch.

A target is `package.module:attribute` or `path/to/file.py:attribute`.
"""

import ast
import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from types import ModuleType
from typing import Any, NamedTuple

from resnet_cli.errors import TargetError
from resnet_cli.text import nearest

FORM = "package.module:attribute or path/to/file.py:attribute"

MOST_NAMES = 12

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Target(NamedTuple):
    """A file or an importable module, and an attribute in it.

    It is sought in `folder`, that of the configuration which names it or else the working
    directory; `is_found` says that nobody named that configuration.
    """

    source: str
    attribute: str
    folder: str = ""
    is_found: bool = False

    @property
    def is_file(self) -> bool:
        return self.source.endswith(".py")

    @property
    def base(self) -> str:
        """The folder that it is sought in, absolute."""
        return os.path.abspath(self.folder)

    @property
    def path(self) -> str:
        """The file that it names, absolute."""
        return os.path.join(self.base, self.source)

    @property
    def files(self) -> list[str]:
        """The files in its folder that an import of it would run, where they are there."""
        if self.is_file:
            return [self.path]
        places = accumulate(self.source.split("."), os.path.join, initial=self.base)
        return [f"{place}{end}" for place in [*places][1:] for end in (".py", "/__init__.py")]

    def __str__(self) -> str:
        return f"{self.source}:{self.attribute}"


def parse(value: object) -> Target:
    """Parse a target. Raises `ValueError` with what would be right."""
    source, colon, attribute = str(value).strip().rpartition(":")
    names = attribute.split(".")
    if not colon or not source or not all(name.isidentifier() for name in names):
        raise ValueError(f"{value!r} is not of the form {FORM}{_offered(source or attribute)}")
    if not source.endswith(".py") and not all(name.isidentifier() for name in source.split(".")):
        raise ValueError(f"{source!r} is neither a module's name nor a .py file; give {FORM}")
    return Target(source, attribute)


def _offered(source: str) -> str:
    """Return what a file has that could be named, without running it; nothing where it is none."""
    path = source if source.endswith(".py") else source.replace(".", os.sep) + ".py"
    try:
        with open(path, encoding="utf-8") as file:
            body = ast.parse(file.read()).body
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ""
    names: list[str] = []
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.append(statement.name)
        elif isinstance(statement, ast.Assign):
            names += [target.id for target in statement.targets if isinstance(target, ast.Name)]
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.append(statement.target.id)
    return f"; {source} has {_listed(names)}" if _listed(names) else ""


def _listed(names: Iterable[str]) -> str:
    """Write the first public names."""
    public = [name for name in dict.fromkeys(names) if not name.startswith("_")]
    return ", ".join(public[:MOST_NAMES]) + (", …" if len(public) > MOST_NAMES else "")


def parse_args(value: object) -> dict[str, Any]:
    """Parse `width=32, classes=7`, literals only, or a TOML table. Raises `ValueError`."""
    if isinstance(value, dict):
        return value
    form = "keyword arguments with literal values, as in 'width=32, classes=7'"
    try:
        call = ast.parse(f"f({value})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or not isinstance(call.func, ast.Name):
            raise ValueError
        found = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords if k.arg is not None}
        if len(found) != len(call.keywords):
            raise ValueError
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{value!r} is not {form}") from None
    return found


def load(target: Target) -> Any:
    """Import what the target names. Raises `TargetError` with the user's own last frame."""
    try:
        with importable(target):
            found: Any = (
                _from_file(target) if target.is_file else importlib.import_module(target.source)
            )
    except (KeyboardInterrupt, TargetError):
        raise
    except BaseException as error:
        raise TargetError(f"--module {target}: {_import_problem(target, error)}") from error
    for name in target.attribute.split("."):
        if not hasattr(found, name):
            known = [other for other in vars(found) if not other.startswith("_")]
            hint = nearest(name, known) or _has(found)
            where = "" if isinstance(found, ModuleType) else f" in {target.attribute}"
            raise TargetError(f"--module {target}: {target.source} has no {name!r}{where}{hint}")
        found = getattr(found, name)
    return found


def _has(found: Any) -> str:
    """Return what a module of the user's own defines itself; a package's would be too much."""
    if not isinstance(found, ModuleType):
        return ""
    own = [
        name
        for name, value in vars(found).items()
        if not isinstance(value, ModuleType)
        and getattr(value, "__module__", found.__name__) == found.__name__
    ]
    return f"; it has {_listed(own)}" if _listed(own) else ""


def describe(error: BaseException) -> str:
    """Return an exception in one line, with the user's own last frame."""
    text = first_line(error)
    named = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return named + last_frame(error)


def words(error: BaseException) -> str:
    """Return what an exception says: nothing where its own code fails at that."""
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""


def first_line(error: BaseException) -> str:
    """Return the first line of what an exception says."""
    return (words(error).strip().splitlines() or [""])[0]


def last_frame(error: BaseException) -> str:
    """Return " (file.py:12, in build)" for the innermost frame of the user's code, or nothing."""
    import traceback

    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not _is_foreign(frame.filename):
            return f" ({_near(frame.filename)}:{frame.lineno}, in {frame.name})"
    # A StopIteration in a generator is the cause of another error.
    return "" if error.__cause__ is None else last_frame(error.__cause__)


def check_arguments(target: Target, factory: Any, arguments: Mapping[str, Any]) -> None:
    """Raise `TargetError` where a class or factory cannot be called with these."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # some built-ins have none
        return
    try:
        signature.bind(**arguments)
    except TypeError as error:
        names = ", ".join(map(str, signature.parameters.values()))
        raise TargetError(
            f"--module {target}: {error}; it takes ({names}), given by --module-args "
            "'name=value, …'"
        ) from error


def _near(filename: str) -> str:
    """Return a file's path, from the working directory where it lies below that."""
    path, here = os.path.abspath(filename), os.path.join(os.getcwd(), "")
    return path.removeprefix(here)


def _is_foreign(filename: str) -> bool:
    """Say whether a frame belongs to this tool, to Python or to an installed package."""
    path = os.path.abspath(filename)
    packages = f"{os.sep}site-packages{os.sep}"
    standard = os.path.dirname(os.__file__) + os.sep
    ours = path.startswith(_OURS + os.sep)
    return filename.startswith("<") or ours or packages in path or path.startswith(standard)


def _import_problem(target: Target, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        missing = error.name == target.source or target.source.startswith(f"{error.name}.")
        if missing and not target.is_file:
            return (
                f"there is no module {error.name!r} here or among the installed packages; "
                "a file is given as path/to/file.py:attribute"
            )
    if isinstance(error, SyntaxError):
        where = f"{_near(error.filename)}:{error.lineno}" if error.filename else ""
        return f"SyntaxError: {error.msg} ({where})"
    hint = ""
    if isinstance(error, ImportError) and "relative import" in words(error):
        hint = "; a file of a package is given as package.module:attribute"
    return f"cannot be imported: {describe(error)}{hint}"


@contextlib.contextmanager
def importable(target: Target) -> Iterator[None]:
    """Let imports find the modules beside the target first, as `python -m` does, for so long.

    Afterwards none of them can stand before what the tool itself imports late.
    """
    folders = [target.base]
    if target.is_file:
        folders.insert(0, os.path.dirname(target.path))
    added = [folder for folder in dict.fromkeys(folders) if folder not in sys.path]
    sys.path[:0] = added
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for folder in added:
            with contextlib.suppress(ValueError):  # its own code may have taken it away
                sys.path.remove(folder)


def _from_file(target: Target) -> ModuleType:
    """Import a file by its path."""
    path = os.path.abspath(target.path)
    if not os.path.isfile(path):
        raise TargetError(f"--module {target}: there is no file {target.source}")
    name = os.path.splitext(os.path.basename(path))[0]
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) != path:
        name = f"{name} of resnet-shapes"  # never shadow what is imported already
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"--module {target}: {target.source} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
