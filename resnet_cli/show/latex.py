"""Text and formulas in LaTeX: what it would take for markup is read as text."""

from resnet_cli.analysis.explanation import Signs, pretty
from resnet_cli.text import printable


def latex_text(text: str) -> str:
    """Escape what LaTeX would take for a command; no text can end its line or begin mathematics."""
    return printable(text).translate(_MARKUP)


_MARKUP = str.maketrans(
    {
        **{char: f"\\{char}" for char in "#$%&_{}"},
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "[": "{[}",  # behind a line's end it would begin an option
        "]": "{]}",
        "-": "{-}",  # two would be a dash
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
    }
)


def latex_math(formula: str) -> str:
    """Write a formula, as Python evaluates it, in mathematics."""
    return pretty(formula, _SIGNS)


def _name(name: str) -> str:
    """Write a name as mathematics does: a letter in italics, a word upright, an index below."""
    word, *index = name.split("_", 1)
    if index and len(word) > 1:  # a field's name, as width_per_group
        return f"\\mathrm{{{latex_text(name)}}}"
    below = f"_{{\\mathrm{{{latex_text(index[0])}}}}}" if index else ""
    return (word if len(word) == 1 else f"\\mathrm{{{latex_text(word)}}}") + below


_SIGNS = Signs(
    r"\cdot ",
    "-",
    (r"\left\lfloor ", r"\right\rfloor"),
    (r"\left\lceil ", r"\right\rceil"),
    "{,}",
    _name,
)
