"""Places for vertices and links that no forks describe: in layers from top to bottom.

Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures",
1981: a vertex stands below all that lead to it; a link that passes a layer has a lane there;
each layer is sorted by where its neighbours are. Links run down, and to the side only between
two layers, each on a track of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from resnet_cli.draw.spacing import ARM_GAP, CLEAR, FORK

TRACK = 7.0
"""From one track to the next."""
LABEL_ROOM = 15.0
"""What the shape below a vertex needs."""
SWEEPS = 12
LANE_WEIGHT = 0.2
"""What a lane weighs against a vertex that would stand in the same place."""

Item: TypeAlias = tuple[int, int]
"""A vertex, or with a layer of its own the lane of what a vertex gives: (vertex, layer)."""
Ways: TypeAlias = dict[tuple[int, int], list[tuple[float, float]]]


class Extent(NamedTuple):
    """How far a vertex reaches from where it is entered, at the top."""

    left: float
    right: float
    height: float


class Layers(NamedTuple):
    """Where the vertices are entered, the ways of the links that lead to each, and the height.

    A way ends where its vertex is entered; one to the last, where all meet, below its layer.
    """

    places: list[tuple[float, float]]
    ways: Ways
    height: float


def in_layers(sizes: Sequence[Extent], links: Sequence[tuple[int, int]]) -> Layers:
    """Return places for vertices around an axis; -1 is the entry at (0, 0), the last the join."""
    ranks = _ranks(len(sizes), links)
    parents = _parents(ranks, links)
    layers = _sorted(_items(ranks, parents), parents)
    extent = {item: _extent(item, ranks, sizes) for layer in layers for item in layer}
    xs = _straight(layers, parents, extent)
    tops, tracks, height = _heights(layers, parents, xs, ranks, sizes)
    places = [
        (xs[vertex, ranks[vertex]], tops[ranks[vertex]] - FORK) for vertex in range(len(sizes))
    ]
    ways: Ways = {}
    for start, end in links:
        chain = [(start, rank) for rank in range(ranks[start], ranks[end])]
        chain += [(end, ranks[end])] if end < len(sizes) else []
        way = [(0.0, 0.0)]
        if start >= 0:
            x, y = places[start]
            way = [(x, y + sizes[start].height)]
        for above, below in pairwise(chain):
            if xs[above] != xs[below]:
                y = tracks[above]
                way += [(xs[above], y), (xs[below], y)]
        way.append(places[end] if end < len(sizes) else (way[-1][0], height))
        ways[start, end] = way
    return Layers(places, ways, height)


def _ranks(count: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """Return each vertex's layer, behind the longest way to it; the entry's is at the end: -1."""
    ranks = [0] * (count + 1) + [-1]
    for start, end in sorted(links):
        ranks[end] = max(ranks[end], ranks[start] + 1)
    return ranks


def _parents(ranks: Sequence[int], links: Sequence[tuple[int, int]]) -> dict[Item, list[Item]]:
    """Return what leads to each item from the layer above: what one vertex gives shares lanes."""
    parents: dict[Item, list[Item]] = {}
    for start, end in links:
        above = (start, ranks[start])
        for rank in range(ranks[start] + 1, ranks[end]):
            parents[start, rank] = [above]
            above = (start, rank)
        parents.setdefault((end, ranks[end]), []).append(above)
    return parents


def _items(ranks: Sequence[int], parents: Mapping[Item, list[Item]]) -> list[list[Item]]:
    """Return the layers between entry and join, vertices before lanes, in order."""
    last = ranks[-2]
    layers: list[list[Item]] = [[] for _ in range(last)]
    for item in sorted(parents, key=lambda item: (ranks[item[0]] != item[1], item[0])):
        if 0 <= item[1] < last:
            layers[item[1]].append(item)
    return layers


def _sorted(layers: list[list[Item]], parents: Mapping[Item, list[Item]]) -> list[list[Item]]:
    """Return the layers sorted so that few links cross: the best of some sweeps."""
    children: dict[Item, list[Item]] = {}
    for item, above in parents.items():
        for each in above:
            children.setdefault(each, []).append(item)
    best, fewest = [[*layer] for layer in layers], _crossings(layers, parents)
    for sweep in range(SWEEPS):
        near = children if sweep % 2 else parents
        for index in range(len(layers))[:: -1 if sweep % 2 else 1]:
            around = index + (1 if sweep % 2 else -1)
            if 0 <= around < len(layers):
                place = {item: i for i, item in enumerate(layers[around])}
                layers[index] = _by_neighbours(layers[index], near, place)
        if (crossings := _crossings(layers, parents)) < fewest:
            best, fewest = [[*layer] for layer in layers], crossings
    return best


def _by_neighbours(
    layer: list[Item], near: Mapping[Item, list[Item]], place: Mapping[Item, int]
) -> list[Item]:
    """Return a layer by the middle of each item's neighbours; one without stays where it is."""

    def middle(index: int) -> float:
        found = [place[each] for each in near.get(layer[index], ()) if each in place]
        return sum(found) / len(found) if found else index

    return [layer[index] for index in sorted(range(len(layer)), key=middle)]


def _crossings(layers: Sequence[Sequence[Item]], parents: Mapping[Item, list[Item]]) -> int:
    count = 0
    for above, layer in pairwise(layers):
        place = {item: i for i, item in enumerate(above)}
        ends = [[place[each] for each in parents[item] if each in place] for item in layer]
        for index, one in enumerate(ends):
            for other in ends[index + 1 :]:
                count += sum(a > b for a in one for b in other)
    return count


def _extent(item: Item, ranks: Sequence[int], sizes: Sequence[Extent]) -> tuple[float, float]:
    """Return how far an item reaches to both sides; a lane is a line."""
    vertex, rank = item
    if vertex >= 0 and ranks[vertex] == rank:
        return sizes[vertex].left, sizes[vertex].right
    return 0.0, 0.0


def _straight(
    layers: Sequence[Sequence[Item]],
    parents: Mapping[Item, list[Item]],
    extent: Mapping[Item, tuple[float, float]],
) -> dict[Item, float]:
    """Return where items stand from left to right: near to their neighbours above and below."""
    near: dict[Item, list[Item]] = {}
    for item, above in parents.items():
        for each in above:
            near.setdefault(item, []).append(each)
            near.setdefault(each, []).append(item)
    # Entry and join are on the axis.
    xs: dict[Item, float] = {(-1, -1): 0.0, max(parents): 0.0}
    for layer in layers:
        for item, x in zip(layer, _apart([0.0] * len(layer), layer, extent), strict=True):
            xs[item] = x
    for sweep in range(4 * SWEEPS):
        for layer in layers[:: -1 if sweep % 2 else 1]:
            wanted = [_wanted(item, near, xs, extent) for item in layer]
            for item, x in zip(layer, _apart(wanted, layer, extent), strict=True):
                xs[item] = x
    # As far to the left as to the right, whatever the sweeps have drawn it to.
    ends = [(xs[i] - extent[i][0], xs[i] + extent[i][1]) for layer in layers for i in layer]
    middle = (min(low for low, _ in ends) + max(high for _, high in ends)) / 2
    ways = {(-1, -1), max(parents)}
    return {item: round(x - (0 if item in ways else middle), 1) for item, x in xs.items()}


def _wanted(
    item: Item,
    near: Mapping[Item, list[Item]],
    xs: Mapping[Item, float],
    extent: Mapping[Item, tuple[float, float]],
) -> float:
    """Return where an item would stand best: a lane straight below what it carries."""
    around = [each for each in near.get(item, ()) if each in xs]
    if extent[item] == (0, 0):
        around = [each for each in around if each[0] == item[0] and each[1] < item[1]] or around
    return sum(xs[each] for each in around) / len(around) if around else xs[item]


def _apart(
    wanted: Sequence[float], layer: Sequence[Item], extent: Mapping[Item, tuple[float, float]]
) -> list[float]:
    """Return places as near as can be to those wanted, in order and apart from each other.

    Pooling neighbours that would overlap gives the least squares (isotonic regression).
    """
    offsets = [0.0]
    for one, other in pairwise(layer):
        offsets.append(offsets[-1] + extent[one][1] + ARM_GAP + extent[other][0])
    pools: list[tuple[float, float, int]] = []
    for item, target, offset in zip(layer, wanted, offsets, strict=True):
        pools.append((target - offset, LANE_WEIGHT if extent[item] == (0, 0) else 1.0, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, light, count), (high, heavy, more) = pools[-2:]
            base = (low * light + high * heavy) / (light + heavy)
            pools[-2:] = [(base, light + heavy, count + more)]
    bases = [base for base, _, count in pools for _ in range(count)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]


def _heights(
    layers: Sequence[Sequence[Item]],
    parents: Mapping[Item, list[Item]],
    xs: Mapping[Item, float],
    ranks: Sequence[int],
    sizes: Sequence[Extent],
) -> tuple[list[float], dict[Item, float], float]:
    """Return where each layer begins, the track of what leaves each item, and the height."""
    tops: list[float] = []
    tracks: dict[Item, float] = {}
    y = 0.0
    for index, layer in enumerate(layers):
        nets: dict[Item, list[float]] = {}
        for item in layer:
            for above in parents[item]:
                nets.setdefault(above, []).append(xs[item])
        y += LABEL_ROOM if index else 0.0
        numbers, count = _tracks({item: (xs[item], ends) for item, ends in nets.items()})
        for item, number in numbers.items():
            tracks[item] = y + number * TRACK
        y += max(count - 1, 0) * TRACK + FORK
        tops.append(y)
        inside = [sizes[n].height - FORK for n, rank in layer if n >= 0 and ranks[n] == rank]
        y += max(inside, default=0.0)
    return tops, tracks, y


def _tracks(nets: Mapping[Item, tuple[float, list[float]]]) -> tuple[dict[Item, int], int]:
    """Return a track for each net that runs to the side, so that no two lie on each other.

    Where one comes from above another's end, its track is the upper one.
    """
    found: dict[Item, int] = {}
    waiting = {
        item: (start, ends) for item, (start, ends) in nets.items() if any(e != start for e in ends)
    }
    used: list[list[tuple[float, float]]] = []
    while waiting:
        item = next(_free(waiting), next(iter(waiting)))
        start, ends = waiting.pop(item)
        low, high = min(start, *ends) - TRACK, max(start, *ends) + TRACK
        first = 0
        for other, number in found.items():
            if any(abs(nets[other][0] - end) < CLEAR for end in ends):
                first = max(first, number + 1)
        while first < len(used) and any(a < high and low < b for a, b in used[first]):
            first += 1
        if first >= len(used):
            used.extend([] for _ in range(first + 1 - len(used)))
        used[first].append((low, high))
        found[item] = first
    return found, len(used)


def _free(waiting: Mapping[Item, tuple[float, list[float]]]) -> Iterator[Item]:
    """Give the nets at whose ends none that waits comes down."""
    for item, (_, ends) in waiting.items():
        others = (start for other, (start, _) in waiting.items() if other != item)
        if not any(abs(start - end) < CLEAR for start in others for end in ends):
            yield item
