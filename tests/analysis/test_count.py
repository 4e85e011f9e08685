"""Networks counted while their forward pass is written add up to what their rows do."""

from hypothesis import assume, given

from resnet_cli.analysis.count import counts
from resnet_cli.analysis.network import predict
from resnet_cli.errors import ConfigError
from resnet_cli.family import presets
from tests.strategies import configs


def totals(config):
    summary = predict(config).summary
    return summary.params, summary.buffers, summary.macs


def test_every_preset_counts_what_its_rows_add_up_to():
    known = [presets.preset(name).config for name in presets.NAMES]
    for name, config, found in zip(presets.NAMES, known, counts(known), strict=True):
        assert found == totals(config), name


@given(configs())
def test_any_network_counts_what_its_rows_add_up_to(config):
    try:
        expected = totals(config)
    except ConfigError:
        assume(False)
    assert [*counts([config])] == [expected]
