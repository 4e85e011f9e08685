"""A word that names no layer is answered with what may have been meant."""

import pytest

from resnet_cli.analysis.network import predict
from resnet_cli.analysis.paths import suggestion
from resnet_cli.family import presets


@pytest.mark.parametrize(
    ("name", "word", "here"),
    [
        ("resnet18", "2.0.conv1", "layer2.0.conv1"),
        ("resnet18", "4", "layer4"),
        ("resnet18", "0.3", "maxpool"),
        ("resnet18", "0", "stem"),
        ("resnet18", "5", "avgpool"),
        ("resnet50", "7", "fc"),
        ("resnet20_cifar10", "6", "fc"),
    ],
)
def test_a_path_of_the_notebooks_is_answered_with_the_one_here(name, word, here):
    rows = predict(presets.preset(name).config).summary.rows
    assert suggestion(word, [(row.path, row.role) for row in rows]) == f" (here it is {here!r})"


@pytest.mark.parametrize(
    ("word", "said"),
    [("6", ""), ("9.1", ""), ("layer2.0.con1", " (did you mean 'layer2.0.conv1'?)")],
)
def test_what_is_nowhere_has_the_nearest_or_nothing(word, said):
    rows = predict(presets.preset("resnet18").config).summary.rows
    assert suggestion(word, [(row.path, row.role) for row in rows]) == said
