"""Layers added up by type and by stage: sums are the network's, whatever the groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis import train
from resnet_cli.analysis.groups import grouped
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.analysis.summary import By
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from tests.strategies import configs


def preset(name, **changes):
    """Return a preset's configuration."""
    return ResNetConfig(**{**presets.preset(name).values(), **changes})


@given(configs(), st.sampled_from(By))
def test_groups_add_up_to_the_network(config, by):
    summary = predict(config).summary
    groups = grouped(summary, by)
    assert groups.summary.totals() == summary.totals()
    assert sum(groups.layers.values()) == sum(row.leaf for row in summary.rows)
    assert {row.saved_bytes for row in groups.summary.rows} == {None}


@pytest.mark.parametrize("by", By)
@pytest.mark.parametrize("name", ["resnet18", "d2l-resnet18", "resnet20_cifar10"])
def test_what_groups_save_is_what_the_networks_own_modules_save(name, by):
    """What functions of a block save is in neither of its layers, and in its stage."""
    summary = train.predict(preset(name), Step(Optimizer.SGD)).summary
    saved = sum(row.saved_bytes for row in grouped(summary, by).summary.rows)
    assert saved == sum(row.saved_bytes for row in summary.at_depth(1))


def test_types_and_stages_of_resnet18():
    summary = predict(preset("resnet18")).summary
    types = grouped(summary, By.TYPE)
    rows = {row.path: row for row in types.summary.rows}
    assert (types.layers["Conv2d"], types.layers["BatchNorm2d"], types.layers["Linear"]) == (
        *(20, 20),
        1,
    )
    assert (rows["Conv2d"].params, rows["Conv2d"].macs) == (11_166_912, 1_813_561_344)
    assert (rows["BatchNorm2d"].params, rows["BatchNorm2d"].buffers) == (9_600, 9_620)
    stages = {row.path: row for row in grouped(summary, By.STAGE).summary.rows}
    for row in summary.at_depth(1):
        if row.role.startswith("stage"):  # the stem is four modules
            assert (stages[row.role].params, stages[row.role].macs) == (row.params, row.macs)
    assert (stages["stem"].params, stages["stem"].macs) == (9_536, 118_013_952)
