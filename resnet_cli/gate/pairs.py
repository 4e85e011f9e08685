"""Which operation of a network is which of another, so that a change is said once.

First by path and kind, in order; then in the gaps by what they do, which finds a layer of another
name; then by path alone, which finds one of another kind; then what stands elsewhere in the order.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from resnet_cli.gate.lines import Line
from resnet_cli.graph.graph import ways


class Pairs(NamedTuple):
    """Pairs as indices of old to new; those that `moved`, and what each renamed module is now."""

    new: Mapping[int, int]
    old: Mapping[int, int]
    moved: frozenset[int]
    renames: Mapping[str, str]

    def now(self, path: str) -> str:
        """Return an old path as it is called now."""
        for way in reversed([*ways(path)]):
            if way in self.renames:
                return self.renames[way] + path[len(way) :]
        return path


def pair(old: Sequence[Line], new: Sequence[Line]) -> Pairs:
    """Pair the operations of two networks."""
    found: dict[int, int] = {}
    renames: dict[str, str] = {}
    rest = [(range(len(old)), range(len(new)))]
    for key in (_named, _does, _path):
        gaps, rest = rest, []
        for ours, theirs in gaps:
            pairs = _aligned([key(old[i]) for i in ours], [key(new[j]) for j in theirs])
            before = (ours.start, theirs.start)
            for a, b in (*pairs, (len(ours), len(theirs))):
                i, j = ours.start + a, theirs.start + b
                rest.append((range(before[0], i), range(before[1], j)))
                if a < len(ours) and b < len(theirs):
                    found[i] = j
                    before = i + 1, j + 1
                    renames.update(_renamed(old[i]["path"], new[j]["path"]))
        rest = [gap for gap in rest if all(gap)]
    partners = {j: i for i, j in found.items()}
    left: dict[Hashable, int | None] = {
        _named(line): i for i, line in enumerate(old) if i not in found
    }
    moved = set()
    for j, line in enumerate(new):
        other = left.pop(_named(line), None) if j not in partners else None
        if other is not None:
            found[other], partners[j] = j, other
            moved.add(j)
    return Pairs(found, partners, frozenset(moved), renames)


def _named(line: Line) -> Hashable:
    return line["path"], line["kind"]


def _does(line: Line) -> Hashable:
    import json  # 3 ms, and a network that did not change needs none

    return line["kind"], json.dumps(line.get("attributes"), sort_keys=True)


def _path(line: Line) -> Hashable:
    return (line["path"],)


def _aligned(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the longest runs of equal keys; each counts its repeats, or it takes a square."""
    from difflib import SequenceMatcher  # only a network that changed needs it

    ours, theirs = [*_counted(old)], [*_counted(new)]
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return [(a + n, b + n) for a, b, size in blocks for n in range(size)]


def _counted(keys: Sequence[Hashable]) -> Iterator[Hashable]:
    counts: dict[Hashable, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
        yield key, counts[key]


def _renamed(old: str, new: str) -> dict[str, str]:
    """Return which module is called otherwise, where two paths end alike."""
    if old == new:
        return {}
    ours, theirs = old.split("."), new.split(".")
    while len(ours) > 1 and len(theirs) > 1 and ours[-1] == theirs[-1]:
        del ours[-1], theirs[-1]
    return {".".join(ours): ".".join(theirs)}
