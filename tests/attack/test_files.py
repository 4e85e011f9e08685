"""Damaged locks and configurations: a change is seen, damage is one line, nothing crashes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attack.test_arguments import run

PROJECT = """\
[tool.resnet-shapes]
classes = 10
[tool.resnet-shapes.networks.small]
channels = [4, 8]
blocks = "1,2"
input = "1x1x32x32"
expect = { "stage 2" = "?x8x4x4" }
[tool.resnet-shapes.networks."b.c"]
preset = "resnet20_cifar10"
max-params = "1M"
"""
CHECK = ["check", "--no-run", "--lock", "net.lock"]

pieces = st.binary(max_size=4) | st.sampled_from(
    [b'"', b"{", b"]", b",", b"null", b"-1", b"1e999", b"NaN", b"\xff", b"\x1b[31m", b"\n[a]\n"]
)


@st.composite
def edits(draw, size):
    """Draw a few edits: what to put in the place of so many bytes, and where."""
    one = st.tuples(st.integers(0, size), st.integers(0, 12), pieces)
    return draw(st.lists(one, min_size=1, max_size=3))


def edited(data: bytes, changes) -> bytes:
    for at, length, piece in changes:
        data = data[:at] + piece + data[at + length :]
    return data


def held(data: bytes):
    """Return what a lock's text holds of its networks; None where it is damaged."""
    try:
        networks = json.loads(data)["networks"]
        return {
            name: [
                one["input_shape"],
                *(one["totals"][key] for key in ("params", "macs")),
                *(
                    tuple(json.dumps(row[key]) for key in ("path", "type", "output_shape"))
                    for row in one["layers"]
                ),
                *((row["params"], row["macs"]) for row in one["layers"]),
            ]
            for name, one in networks.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def answered(args):
    code, out, err = run(args, {})
    assert code in (0, 1, 2)
    assert "a defect of this tool" not in err
    assert "Traceback" not in err
    assert not set("\x1b\x07") & set(out + err)
    assert code != 2 or (err.startswith("resnet-shapes: ") and err.count("\n") == 1)
    return code


@pytest.fixture
def lock():
    """Write a project and its lock into the working directory; return the lock's bytes."""
    Path("pyproject.toml").write_text(PROJECT)
    assert answered(["lock", "-o", "net.lock"]) == 0
    assert answered(CHECK) == 0
    return Path("net.lock").read_bytes()


@pytest.mark.slow
def test_no_change_of_a_lock_goes_unseen(attack, lock):
    whole = held(lock)

    def is_seen(changes):
        data = edited(lock, changes)
        Path("net.lock").write_bytes(data)
        code = answered(CHECK)
        assert code != 0 or held(data.removeprefix(b"\xef\xbb\xbf")) == whole

    attack.draws(11_000)(given(edits(len(lock)))(is_seen))()


@pytest.mark.slow
def test_a_damaged_configuration_is_read_or_refused(attack, lock):
    def is_answered(changes):
        Path("pyproject.toml").write_bytes(edited(PROJECT.encode(), changes))
        answered(CHECK)

    attack.draws(4_000)(given(edits(len(PROJECT)))(is_answered))()
