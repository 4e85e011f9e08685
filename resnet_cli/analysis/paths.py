"""What a word for a layer means: a path, a role, or a path that the notebook's names would have."""

from collections.abc import Sequence

from resnet_cli.text import nearest


def suggestion(word: str, known: Sequence[tuple[str, str]]) -> str:
    """Return what may have been meant by a word that is neither path nor role, or nothing.

    `known` has each layer's path and role.
    """
    paths = [path for path, _ in known]
    roles = dict.fromkeys(role for _, role in known if role)
    here = renamed(word, known)
    is_there = here and here in (*paths, *roles)
    return f" (here it is {here!r})" if is_there else nearest(word, [*paths, *roles])


def renamed(word: str, known: Sequence[tuple[str, str]]) -> str:
    """Return what a path by the notebook's names is called here: `2.0.conv1` in `layer2`.

    The notebook numbers a network's parts: stem, stages, pool, flatten, linear layer.
    """
    number, _, rest = word.partition(".")
    outer = outermost(known)
    roles = [*outer]
    names = [*roles[:-1], "flatten", *roles[-1:]]
    if not number.isdigit() or int(number) >= len(names):
        return ""
    role = names[int(number)]
    paths = outer.get(role, [""])
    if len(paths) > 1:  # the stem's modules stand by themselves
        return paths[int(rest)] if rest.isdigit() and int(rest) < len(paths) else role
    return f"{paths[0]}.{rest}" if rest else paths[0]


def named(word: str, known: Sequence[tuple[str, str]]) -> str:
    """Return the path of what gives the output that a word means, the word itself where none does.

    It is a role, a path, a role without its space (`stage4`), or in a network without roles the
    stage that torchvision calls `layer4`.
    """
    roles, paths = outermost(known), {path for path, _ in known}
    if word not in roles and word not in paths:
        bare = word.lower().replace(" ", "")
        word = next((role for role in roles if role.replace(" ", "") == bare), word)
        there = bare.replace("stage", "layer")
        word = there if not roles and there in paths else word
    return roles.get(word, [word])[-1]


def outermost(known: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return by role the paths of what has it itself, and not from a module around."""
    found: dict[str, list[str]] = {}
    for path, role in known:
        if role:
            found.setdefault(role, []).append(path)
    for paths in found.values():
        least = min(path.count(".") for path in paths)
        paths[:] = [path for path in paths if path.count(".") == least]
    return found


def is_at(path: str, outer: str) -> bool:
    """Say whether a path is another one, or below it."""
    return f"{path}.".startswith(f"{outer}.")
