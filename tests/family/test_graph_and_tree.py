"""The graph gives what the tree gave: rows, totals and print, for every network of the flags."""

import pytest
from hypothesis import given, settings

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.rows import summarise
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import DType
from resnet_cli.graph.printed import printed
from tests.strategies import configs


def check(config):
    network = Network(config)
    graph = resnet.build(config)
    summary = summarise(graph, network.title, dtype=config.dtype)
    assert summary == network.summary
    assert printed(graph) == str(network.tree)


@pytest.mark.parametrize("name", presets.NAMES)
def test_every_preset(name):
    check(presets.preset(name).config)


@settings(deadline=None)
@given(configs(dtypes=tuple(DType)))
def test_random_networks(config):
    check(config)
