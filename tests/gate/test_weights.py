"""Whether weights fit: every name and shape, prefixes, and what differs in the head alone."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_cli.analysis.tensors import head, state
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.gate.weights import Stored, fit
from tests.strategies import configs

GRAPH = resnet.build(ResNetConfig(input=(1, 1, 32, 32), channels=(4, 8), blocks=(1, 1)))
STATE = dict(state(GRAPH))
HEAD = head(GRAPH, STATE)


def held(tensors, under=""):
    """Return how tensors fit the small network."""
    return fit(Stored(Path("w"), tensors, under), GRAPH)


def but(changes=None, without=()):
    """Return the small network's own tensors, some of them changed or left out."""
    kept = {name: shape for name, shape in STATE.items() if not name.startswith(without or "?")}
    return {**kept, **(changes or {})}


def test_a_network_fits_itself():
    found = held(STATE)
    assert found.holds
    assert (found.fits, found.prefix, found.head) == (len(STATE), "", "")
    assert found.said == f"{len(STATE)} fit"


@given(st.sets(st.sampled_from(sorted(STATE))), st.sampled_from(["", "module.", "model.module."]))
def test_what_is_left_out_is_missing_and_a_prefix_is_named(gone, prefix):
    given_ = {prefix + name: shape for name, shape in STATE.items() if name not in gone}
    found = held(given_)
    needed = {name for name in gone if not name.endswith("num_batches_tracked")}
    if given_:
        assert found.prefix == prefix
        assert found.missing.keys() == needed
        assert found.unexpected == {}
    assert found.holds == (not needed)


@given(st.sampled_from(sorted(STATE)), st.lists(st.integers(0, 9), max_size=4))
def test_another_shape_is_said_with_both(name, shape):
    found = held(but({name: tuple(shape)}))
    if tuple(shape) == STATE[name]:
        assert found.holds
    else:
        assert found.other_shape == {name: (tuple(shape), STATE[name])}
        assert not found.holds
        assert (found.head == HEAD) == name.startswith(f"{HEAD}.")


def test_only_the_head_differs():
    other = {f"{HEAD}.weight": (3, 8), f"{HEAD}.bias": (3,)}
    assert held(but(other)).head == HEAD
    assert held(but(without=HEAD)).head == HEAD
    assert held(but({"fc.0.weight": (5, 8)}, without=HEAD)).head == HEAD
    # A block more, or a weight less beside it, is more than the head.
    body = next(iter(STATE))
    assert held(but({**other, f"{body.split('.')[0]}.9.weight": (1,)})).head == ""
    assert held(but(other, without=body)).head == ""
    assert held({}).head == ""


def test_what_bears_a_name_twice_is_unexpected():
    found = held({**STATE, **{f"module.{name}": shape for name, shape in STATE.items()}})
    assert (found.prefix, found.fits) == ("", len(STATE))
    assert found.unexpected.keys() == {f"module.{name}" for name in STATE}
    first = next(iter(STATE))
    found = held({first: STATE[first], **{f"module.{name}": STATE[name] for name in STATE}})
    assert (found.prefix, found.fits) == ("module.", len(STATE))
    assert found.unexpected == {f"module.{first}": STATE[first]}


@given(configs())
@settings(max_examples=20)
def test_a_configurations_tensors_are_those_of_its_counts(config):
    from resnet_cli.analysis.network import predict

    network = predict(config)
    elements = {True: 0, False: 0}
    for name, shape in state(network.graph).items():
        count = 1
        for size in shape:
            count *= size
        is_buffer = name.rpartition(".")[2] in (
            "running_mean",
            "running_var",
            "num_batches_tracked",
        )
        elements[is_buffer] += count
    assert (elements[False], elements[True]) == (network.summary.params, network.summary.buffers)


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d", "resnet20_cifar10"])
def test_a_preset_has_the_names_shapes_and_order_of_its_built_state_dict(name):
    from resnet_cli.pytorch.build import build

    graph = resnet.build(ResNetConfig(**presets.preset(name).values()))
    model = build(graph)
    assert [*state(graph).items()] == [(n, tuple(t.shape)) for n, t in model.state_dict().items()]
