"""What a reader of a summary should know beside its numbers."""

from resnet_cli.analysis.summary import Summary


def remarks(summary: Summary, *, ascii_only: bool = False) -> list[str]:
    """Return a summary's failure, and the limits of its counts."""
    found = [f"FAILED: {summary.error}"] if summary.error else []
    if summary.not_counted:
        names = ", ".join(summary.not_counted)
        known = "not known" if summary.macs is None else "at least these"
        found.append(f"MACs are {known}: {names} not counted.")
    found += summary.limits(ascii_only=ascii_only)
    if summary.by_values:
        found.append(f"How much runs depends on values ({', '.join(summary.by_values)}).")
    if summary.peak_at is not None:
        found.append(f"The peak is at {summary.peak_at}.")
    if summary.no_peak and not summary.error and not summary.ends:
        found.append(f"The peak is not known: {summary.no_peak}.")
    if summary.error:
        how = "The run ended early" if any(row.leaf for row in summary.rows) else "No layer ran"
        found.append(f"{how}: params, MACs and bytes are not known.")
    if not summary.ran:
        found.append("It did not run: shapes, MACs and bytes are not known.")
    return found
