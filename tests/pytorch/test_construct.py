"""Where a module of the user's own is built and run, and what falls back on what."""

import pytest
import torch
from torch import nn

from resnet_cli.errors import TargetError
from resnet_cli.parse import Input
from resnet_cli.pytorch import construct
from resnet_cli.pytorch.target import parse
from resnet_cli.pytorch.user import ModuleConfig, capture
from tests import modules


def target(attribute):
    return parse(f"{modules.__file__}:{attribute}")


def captured(attribute, *shapes, device="auto", **arguments):
    inputs = tuple(map(Input, shapes))
    network, proof = capture(
        ModuleConfig(target(attribute), arguments, inputs), device, lambda path: None
    )
    return network.summary, proof


@pytest.fixture
def little(monkeypatch):
    """Let the CPU have room for nothing, and time for nothing, unless there is no other way."""
    monkeypatch.setattr(construct, "CPU_BYTES", 1)
    monkeypatch.setattr(construct, "CPU_MACS", 1)


def test_a_factory_may_compute_with_small_tensors_on_meta():
    summary, proof = captured("computed", (1, 4), device="meta")
    assert (summary.error, proof.device) == (None, "meta")
    assert [row.output_shape for row in summary.rows] == [(1, 4), (1, 8)]


def test_with_auto_a_factory_that_cannot_be_built_on_meta_is_on_the_cpu(little):
    summary, proof = captured("computed", (1, 4), size=2**19)
    assert (summary.error, proof.device) == (None, "cpu")


def test_a_factory_that_needs_large_values_says_so_on_meta():
    with pytest.raises(TargetError, match="needs values, and the meta device has none: give"):
        construct.construct(target("computed"), {"size": 2**19}, "meta")


def test_what_neither_fits_nor_can_be_on_meta_says_why(little, monkeypatch):
    monkeypatch.setattr(construct, "free_memory", lambda: 1)
    with pytest.raises(TargetError, match="needs values"):
        construct.construct(target("computed"), {"size": 2**19}, "auto")


def test_with_auto_what_depends_on_data_comes_back_to_the_cpu(monkeypatch):
    monkeypatch.setattr(construct, "CPU_MACS", 1)
    summary, proof = captured("Deciding", (1, 4))
    assert (summary.error, proof.device) == (None, "cpu")
    assert captured("chain", (1, 3, 16, 16))[1].device == "meta"


def test_with_auto_what_depends_on_data_stays_where_memory_ends(monkeypatch):
    monkeypatch.setattr(construct, "CPU_MACS", 1)
    monkeypatch.setattr("resnet_cli.pytorch.room.free_memory", lambda: 1)
    summary, proof = captured("Deciding", (1, 4))
    assert proof.device == "meta"
    assert "give --device cpu" in summary.error


def test_a_module_keeps_its_values_when_it_goes_to_meta(monkeypatch, tmp_path):
    (tmp_path / "made_here.py").write_text(
        "from torch import nn\nnet = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))\n"
    )
    where = parse(f"{tmp_path / 'made_here.py'}:net")
    whole, _ = construct.construct(where, {}, "auto")
    monkeypatch.setattr(construct, "load", lambda _: whole)
    copy, place = construct.construct(where, {}, "meta")
    assert place == "meta"
    assert {p.device.type for p in copy.parameters()} == {"meta"}
    assert {t.device.type for t in whole.state_dict().values()} == {"cpu"}
    assert isinstance(copy[0].weight, nn.Parameter)
    assert torch.equal(whole[1].running_var, torch.ones(2))
