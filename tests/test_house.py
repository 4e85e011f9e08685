"""How large the house may be; import-linter holds which way its imports run."""

import ast
from pathlib import Path

import resnet_cli

HOUSE = Path(resnet_cli.__file__).parent
FILES = {
    str(path.relative_to(HOUSE)): path.read_text(encoding="utf-8")
    for path in sorted(HOUSE.rglob("*.py"))
}
MOST_ENTRIES, MOST_LINES, MOST_OF_A_FUNCTION = 13, 350, 40


def lines_of(function):
    """Return the lines of a function's body without its docstring."""
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[has_docstring:]
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_few_entries_stand_at_the_top():
    entries = {Path(name).parts[0] for name in FILES} - {"__init__.py", "__main__.py"}
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_no_file_is_long():
    lines = {name: len(text.splitlines()) for name, text in FILES.items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_long():
    found = {
        f"{name}: {node.name}": lines_of(node)
        for name, text in FILES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(found) > 100
    assert {name: count for name, count in found.items() if count > MOST_OF_A_FUNCTION} == {}


def test_no_file_imports_from_a_room_what_is_no_file_of_it():
    """What a room's own `__init__` has would close a circle that no contract sees."""
    packages = {Path(name).parent for name in FILES}
    wrong = [
        f"{name}: {node.module}.{alias.name}"
        for name, text in FILES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("resnet_cli")
        for alias in node.names
        if (room := Path(*node.module.split(".")[1:])) in packages
        if f"{room / alias.name}.py" not in FILES and room / alias.name not in packages
    ]
    assert wrong == []
