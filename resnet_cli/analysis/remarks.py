"""What a reader of a summary should know beside its numbers."""

from resnet_cli.analysis import identify
from resnet_cli.analysis.summary import Summary


def remarks(summary: Summary, *, ascii_only: bool = False) -> list[str]:
    """Return a summary's failure, the limits of its counts, and which known network it is."""
    found = [f"FAILED: {summary.error}"] if summary.error else []
    if summary.not_counted:
        names = ", ".join(summary.not_counted)
        found.append(f"MACs are at least these: {names} not counted.")
    found += of_names(summary, ascii_only=ascii_only)
    if summary.by_values:
        found.append(f"How much runs depends on values ({', '.join(summary.by_values)}).")
    if not summary.ran:
        found.append("It did not run: shapes, MACs and bytes are not known.")
    elif known := identify.caption(summary):
        found.append(known)
    return found


def of_names(summary: Summary, *, ascii_only: bool = False) -> list[str]:
    """Return what the names in a network's input must be, and where its closed forms end."""
    write = str if ascii_only else "{:,}".format
    return [*map(write, summary.conditions), *([f"{summary.ends}."] if summary.ends else [])]
