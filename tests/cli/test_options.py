"""One option: where it is read from, and what its help says."""

import pytest

from resnet_cli.cli.options import ENV_PREFIX


def test_a_commands_own_option_is_read_from_the_environment(invoke, monkeypatch):
    by_flag = invoke("block", "--no-run", "--stride", "2").stdout
    monkeypatch.setenv(ENV_PREFIX + "STRIDE", "2")
    assert invoke("block", "--no-run").stdout == by_flag != ""


@pytest.mark.parametrize(("key", "value"), [("CLASSES", "4"), ("BLOCKS", "1,1,1,1")])
def test_the_environment_changes_no_network_that_compare_names(invoke, monkeypatch, key, value):
    named = invoke("compare", "resnet18", "resnet50 --groups 2").stdout
    monkeypatch.setenv(ENV_PREFIX + key, value)
    assert invoke("compare", "resnet18", "resnet50 --groups 2").stdout == named != ""
