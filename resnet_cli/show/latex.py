"""What LaTeX would take for markup, written so that it is read as text."""

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
