"""How a network differs from what was locked, as people say it.

What was given to an operation, came or went is a change; where only shapes and counts differ, and
something that the operation takes is another, they follow from the change before. What came or
went is told by the module that came or went with it as a whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from resnet_cli.gate.lines import COUNTS, Line, Locked, sources
from resnet_cli.gate.pairs import Pairs, pair
from resnet_cli.graph.graph import ways
from resnet_cli.text import format_shape, short

NETWORK, TOTAL = "network", "total"
"""Where a change is that is in no layer."""

_NAME = "name"
"""What changes where a module is called otherwise."""

T = TypeVar("T")

_GIVEN = {"type": None, "dtypes": None, "known": True, "frozen": 0}
_FOLLOWING = ("outputs", *COUNTS, "macs")


class Change(NamedTuple):
    """One difference between lock and network; `old` is None where something is new.

    `where` is the path of a layer, of several as in "3.6 to 3.22", or `network` or `total`; `what`
    an attribute, a count, or what came or went. The shapes or counts of so many operations behind
    it `follow` from it.
    """

    where: str
    what: str
    old: str | None
    new: str | None
    follow: int = 0


class Told(NamedTuple):
    """A change as it is said: a diff's mark, what, and what follows from it, or nothing."""

    sign: str
    text: str
    behind: str = ""

    @property
    def lines(self) -> list[str]:
        """It as lines; what a lock file has may hold ends of lines itself."""
        return [f"{self.sign} {self.text}", *([f"    {self.behind}"] if self.behind else [])]


def told(found: Iterable[Change]) -> list[Told]:
    """Say changes, those at one place together."""
    said = []
    for run in _runs(found, _is_at_one_place):
        where, what, old, new, _ = run[0]
        if old is None or new is None:
            sign, text = ("+", new) if old is None else ("-", old)
            text = f"{what} {where}: {text}"
        elif what == _NAME:
            sign, text = "~", f"{old} → {new}"
        else:
            sign = "~"
            text = f"{where}: " + ", ".join(f"{what} {old} → {new}" for _, what, old, new, _ in run)
        follow = sum(change.follow for change in run)
        behind = "1 operation" if follow == 1 else f"{follow:,} operations"
        said.append(
            Told(sign, text, f"{behind} behind it: other shapes or counts" if follow else "")
        )
    return said


def _is_at_one_place(one: Change, other: Change) -> bool:
    changed = None not in (one.old, one.new, other.old, other.new)
    return changed and one.where == other.where and _NAME not in (one.what, other.what)


def changes(old: Locked, new: Locked) -> list[Change]:
    """Return every difference: of the network, its layers in order, its totals.

    There is none only where the lock would be written as it is.
    """
    was, now = _texts(old), _texts(new)
    if was == now:
        return []
    found = [] if old.dtype == new.dtype else [Change(NETWORK, "dtype", old.dtype, new.dtype)]
    found += _Differences(old, new).found()
    if old.gives != new.gives and not found:
        found = [Change(NETWORK, "returns", short(old.gives), short(new.gives))]
    for name in sorted({*old.training, *new.training}):
        found += total(name, old.training.get(name), new.training.get(name))
    if not found:
        first, *_ = (texts for texts in zip(was, now, strict=False) if len({*texts}) > 1)
        found = [Change(NETWORK, "line", short(first[0]), short(first[1]))]
    found += total("params", old.total("params"), new.total("params"))
    if old.is_counted and new.is_counted:
        return found + total("macs", old.total("macs"), new.total("macs"))
    was_macs, now_macs = (
        f"{'' if each.is_counted else 'at least '}{each.total('macs'):,}" for each in (old, new)
    )
    if was_macs != now_macs:
        found.append(Change(TOTAL, "macs", was_macs, now_macs))
    return found


def total(name: str, old: int | None, new: int | None) -> list[Change]:
    """Return how a total differs, with percent."""
    if old == new:
        return []
    share = f" ({(new - old) / old:+.1%})" if old and new is not None else ""
    was, now = (None if number is None else f"{number:,}" for number in (old, new))
    return [Change(TOTAL, name, was, now and now + share)]


def _texts(locked: Locked) -> list[str]:
    """Return what two networks are compared by."""
    import json

    encode = json.JSONEncoder(sort_keys=True).encode
    return [encode(locked[:3]), *map(encode, locked.lines)]


class _Differences:
    """The operations of two networks, paired, and what that says."""

    def __init__(self, old: Locked, new: Locked) -> None:
        self.modules = [
            {line["module"]: line for line in each.lines if "module" in line} for each in (old, new)
        ]
        self.usual = new.usual
        self.old, self.new = ([x for x in each.lines if "kind" in x] for each in (old, new))
        self.pairs: Pairs = pair(self.old, self.new)
        self.sources = [sources(lines) for lines in (self.old, self.new)]
        # Operations of now that are new or elsewhere, or give other shapes.
        self.loose = {j for j in range(len(self.new)) if j not in self.pairs.old}
        self.loose |= self.pairs.moved

    def found(self) -> Iterator[Change]:
        """Give what differs, each change before what follows from it."""
        yield from _renames(self.pairs.renames.items())
        events = [*self._of_pairs(), *self._came(), *self._went()]
        causes: list[Change] = []
        for _, change in sorted(events, key=lambda event: event[0]):
            if change is not None:
                causes.append(change)
            elif causes:
                causes[-1] = causes[-1]._replace(follow=causes[-1].follow + 1)
        yield from causes
        yield from self._beside()

    def _of_pairs(self) -> Iterator[tuple[float, Change | None]]:
        """Give how pairs differ, None for what follows."""
        restless = {*self.loose}
        for j, i in sorted(self.pairs.old.items()):
            was, now = self.old[i], self.new[j]
            where = now["path"] or NETWORK
            given = [Change(where, *texts) for texts in _given(was, now, self._usual(now))]
            taken, inputs = self._inputs(i, j)
            if j in self.pairs.moved:
                given.append(Change(where, "place", _behind(self.old, i), _behind(self.new, j)))
            elif inputs is not None:
                given.append(inputs)
            differ = [name for name in _FOLLOWING if was.get(name) != now.get(name)]
            if given or "outputs" in differ:
                restless.add(j)
            if given:
                yield from ((j, change) for change in given)
            elif differ and taken & {None, *restless}:
                yield j, None
            else:
                for name in differ:
                    yield j, Change(where, name, shown(was.get(name, 0)), shown(now.get(name, 0)))

    def _usual(self, line: Line) -> Mapping[str, Any]:
        return self.usual.get(line["kind"], {})

    def _inputs(self, i: int, j: int) -> tuple[set[int | None], Change | None]:
        """Return what a pair takes, and how that differs, unless what came or went is why."""
        old_sources, new_sources = self.sources
        was = [(self.pairs.new.get(source), output) for source, output in old_sources[i]]
        now = new_sources[j]
        taken: set[int | None] = {source for source, _ in (*was, *now)}
        if was == now or taken & {None, *self.loose}:
            return taken, None
        old, new = (", ".join(_name(self.new[s or 0]) for s, _ in each) for each in (was, now))
        return taken, Change(self.new[j]["path"] or NETWORK, "inputs", old, new)

    def _came(self) -> Iterator[tuple[float, Change]]:
        known = {way for j in self.pairs.old for way in ways(self.new[j]["path"])}
        known |= {self.pairs.now(path) for path in self.modules[0]}
        new = [(j, x) for j, x in enumerate(self.new) if j not in self.pairs.old]
        for j, where, what, text in _units(new, known, self.modules[1]):
            yield j, Change(where, what, None, text)

    def _went(self) -> Iterator[tuple[float, Change]]:
        known = {way for i in self.pairs.new for way in ways(self.old[i]["path"])}
        known |= {path for path in self.modules[0] if self.pairs.now(path) in self.modules[1]}
        gone, at, place = [], -1, {}
        for i, line in enumerate(self.old):
            at = self.pairs.new.get(i, at)
            place[i] = at + 0.5
            if i not in self.pairs.new:
                gone.append((i, line))
        for i, where, what, text in _units(gone, known, self.modules[0]):
            yield place[i], Change(where, what, text, None)

    def _beside(self) -> Iterator[Change]:
        """Give how modules differ beside the operations in them."""
        now = self.modules[1]
        was = {self.pairs.now(path): line for path, line in self.modules[0].items()}
        told = {way for x in self.new for way in ways(x["path"])}
        told |= {way for x in self.old for way in ways(self.pairs.now(x["path"]))}
        for path in (*was, *(path for path in now if path not in was)):
            old, new = was.get(path), now.get(path)
            if old and new:
                for name in (name for name in {**old, **new} if name != "module"):
                    ours, theirs = old.get(name, 0), new.get(name, 0)
                    if ours != theirs:
                        yield Change(path, name, shown(ours), shown(theirs))
            elif path not in told:
                texts = [None if line is None else _described(line) for line in (old, new)]
                yield Change(path, "module", texts[0], texts[1])


Unit: TypeAlias = tuple[int, str, str, str]


def _units(
    lines: Iterable[tuple[int, Line]], known: set[str], modules: dict[str, Line]
) -> Iterator[Unit]:
    """Give the modules that came or went, siblings together: first line, paths, what, text."""
    units: dict[str, list[tuple[int, Line]]] = {}
    for index, line in lines:
        unit = next((way for way in ways(line["path"]) if way not in known), None)
        if unit is None:  # a function in a module that is still there
            yield index, line["path"] or NETWORK, "operation", _described(line)
        else:
            units.setdefault(unit, []).append((index, line))
    for paths in _runs(units, _is_next):
        held = [line for path in paths for _, line in units[path]]
        types = {modules[path]["type"] if path in modules else None for path in paths}
        noun, text = "layer", ""
        if None not in types:
            noun, text = "block", f"{', '.join(sorted(map(str, types)))}, {_params(held)}"
        elif len(held) == 1:
            text = _described(held[0])
        else:
            text = f"{', '.join(dict.fromkeys(line['kind'] for line in held))}, {_params(held)}"
        what = f"{len(paths)} {noun}s" if len(paths) > 1 else noun
        yield units[paths[0]][0][0], _range(paths), what, text


def _renames(renames: Iterable[tuple[str, str]]) -> Iterator[Change]:
    """Give each renamed module once, siblings together."""
    for run in _runs(renames, lambda one, other: all(map(_is_next, one, other))):
        old, new = (_range([each[side] for each in run]) for side in (0, 1))
        yield Change(new, _NAME, old, new)


def _given(was: Line, now: Line, usual: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Give what two operations were given otherwise: its name, what it was and is."""
    if was["kind"] != now["kind"]:
        yield "kind", was["kind"], now["kind"]
        return
    for name, default in _GIVEN.items():
        old, new = was.get(name, default), now.get(name, default)
        if old != new:
            own = now["kind"] if name == "type" else "the network's own"
            was_text, now_text = (shown(own if each is None else each) for each in (old, new))
            yield name, was_text, now_text
    ours, theirs = was.get("attributes", {}), now.get("attributes", {})
    for name in {**ours, **theirs}:
        old, new = (each.get(name, usual.get(name)) for each in (ours, theirs))
        if old != new:
            yield name, shown(old), shown(new)


def _name(line: Line) -> str:
    return " ".join(part for part in (line["path"], line["kind"]) if part)


def _behind(lines: Sequence[Line], at: int) -> str:
    return f"behind {_name(lines[at - 1])}" if at else "first"


def _described(line: Line) -> str:
    """Say what came or went: its kind or class, its shape and size."""
    shapes = line.get("outputs") or ([line["shape"]] if "shape" in line else [])
    texts = [line.get("kind", line.get("type")), *map(format_shape, shapes)]
    return ", ".join(
        [" ".join(map(str, texts)), *([_params([line])] if line.get("params") else [])]
    )


def _params(lines: Iterable[Line]) -> str:
    return f"{sum(line.get('params', 0) for line in lines):,} params"


def shown(value: Any) -> str:
    """Write an attribute or a count: shapes as shapes, numbers with separators."""
    match value:
        case bool() | str():
            return str(value)
        case int():
            return f"{value:,}"
        case None:
            return "none"
        case [] | [int(), *_]:
            return format_shape(value)
        case [[*_], *_]:
            return ", ".join(map(shown, value))
    return short(value)


def _runs(items: Iterable[T], follows: "Callable[[T, T], bool]") -> Iterator[list[T]]:
    """Give items that follow each other together."""
    run: list[T] = []
    for item in items:
        if run and not follows(run[-1], item):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _is_next(one: str, other: str) -> bool:
    """Say whether a path is the next of its siblings, as 3.7 is behind 3.6."""
    (ours, _, m), (theirs, _, n) = one.rpartition("."), other.rpartition(".")
    return ours == theirs and m.isdecimal() and n.isdecimal() and int(n) == int(m) + 1


def _range(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} to {paths[-1]}"
