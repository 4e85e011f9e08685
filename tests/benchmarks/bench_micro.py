"""In-process figures, so that a slower benchmark has an address.

    pytest tests/benchmarks/bench_micro.py

The name keeps it out of the default test run.
"""

import pytest

from resnet_cli.analysis.network import predict
from resnet_cli.analysis.rows import summarise
from resnet_cli.family import presets, resnet
from resnet_cli.parse import ALL_DEPTHS
from resnet_cli.show import columns, formats

pytest.importorskip("pytest_benchmark")

NAMES = ("resnet18", "resnet152", "resnet1202_cifar10")


@pytest.fixture(params=NAMES)
def network(request):
    return predict(presets.preset(request.param).config)


def test_build(benchmark, network):
    benchmark(resnet.build, network.config)


def test_summarise(benchmark, network):
    benchmark(summarise, network.graph)


def test_render(benchmark, network):
    from resnet_cli.show.grid import rendered
    from resnet_cli.show.tables import summary_table
    from resnet_cli.text import Look

    summary, picked = network.summary, columns.pick(columns.DEFAULT)

    def render():
        table = summary_table(summary, picked, depth=ALL_DEPTHS, folded=True, look=Look())
        return rendered(table, colored=False)

    benchmark(render)


@pytest.mark.parametrize("write", ["to_json", "to_csv"])
def test_export(benchmark, network, write):
    summary, config = network.summary, network.config.to_dict()
    if write == "to_json":
        benchmark(formats.to_json, summary, config, None, ALL_DEPTHS)
    else:
        benchmark(formats.to_csv, summary, columns.pick(columns.COLUMNS), ALL_DEPTHS)
