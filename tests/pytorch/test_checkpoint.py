"""What `torch.save` wrote: names and shapes, and never a line of code in it."""

import pickle
from collections import OrderedDict

import pytest
import torch
from torch import nn

from resnet_cli.errors import FileError
from resnet_cli.pytorch import checkpoint
from resnet_cli.pytorch.measure import listing, measure
from resnet_cli.pytorch.modules import state

TENSORS = OrderedDict(weight=torch.zeros(2, 3), bias=nn.Parameter(torch.zeros(2)))
SHAPES = {"weight": (2, 3), "bias": (2,)}


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("under", ["", "state_dict", "model", "model_state_dict"])
def test_it_is_unwrapped_and_a_legacy_file_is_loaded_unmapped(tmp_path, under, is_zip):
    found = {"epoch": 3, "optimizer": {"state": {}}, under: TENSORS} if under else TENSORS
    path = tmp_path / "w.pth"
    torch.save(found, path, _use_new_zipfile_serialization=is_zip)
    assert checkpoint.read(path) == (SHAPES, under)


class Trap:
    """What runs a function where it is unpickled."""

    def __reduce__(self):
        return (open, ("ran", "w"))


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("forced", ["0", "1"])
def test_code_in_a_file_is_refused_and_not_run(tmp_path, monkeypatch, is_zip, forced):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", forced)
    path = tmp_path / "w.pth"
    torch.save({"a": Trap()}, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(FileError, match=r"refuses it with weights_only=True: .*open") as raised:
        checkpoint.read(path)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


def test_a_whole_module_is_refused(tmp_path):
    torch.save(nn.Linear(2, 3), tmp_path / "w.pt")
    with pytest.raises(FileError, match=r"Unsupported global: GLOBAL torch\.nn\.modules"):
        checkpoint.read(tmp_path / "w.pt")


def inside_itself():
    """Return what holds itself under a wrapper's key."""
    found: dict[str, object] = {}
    found["model"] = found
    return found


@pytest.mark.parametrize("found", [[1], 3, {}, {"epoch": 3}, {"model": {}}, inside_itself()])
def test_what_has_no_tensors_by_name_is_said(tmp_path, found):
    torch.save(found, tmp_path / "w.pt")
    with pytest.raises(FileError, match="has no tensors by name: no state_dict, and none under"):
        checkpoint.read(tmp_path / "w.pt")


@pytest.mark.parametrize("content", [b"", b"hello world", b"PK\3\4", pickle.dumps([1])])
def test_what_is_no_checkpoint_is_said(tmp_path, content):
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"PyTorch (cannot load|refuses) it"):
        checkpoint.read(path)
    with pytest.raises(FileError, match=r"cannot read .*: No such file"):
        checkpoint.read(tmp_path / "none.pt")


class Everything(nn.Module):
    """Tensors beside modules, shared ones, parametrised ones, and a buffer that is not saved."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 4))
        self.register_buffer("kept", torch.zeros(2))
        self.register_buffer("gone", torch.zeros(2), persistent=False)
        self.first = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        self.again = self.first
        self.attention = nn.MultiheadAttention(4, 2)
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
        self.plain = nn.BatchNorm2d(4, affine=False, track_running_stats=False)
        self.absent = None
        self.tied = nn.Linear(4, 4, bias=False)
        self.tied.weight = self.normed.parametrizations.weight.original1

    def forward(self, x):
        return self.plain(self.first(x))


@pytest.mark.parametrize("is_run", [True, False])
def test_a_modules_tensors_are_those_of_its_state_dict_in_their_order(is_run):
    model = Everything().eval()
    wanted = [(name, tuple(t.shape)) for name, t in model.state_dict().items()]
    graph = listing(model, "it")[0]
    if is_run:
        graph = measure(model, [torch.zeros(1, 3, 4, 4)], "it").graph
    assert [*graph.state] == wanted


def test_what_a_first_run_decides_has_any_shape():
    assert dict(state(nn.Sequential(nn.LazyLinear(3)))) == {"0.weight": None, "0.bias": None}


def test_what_was_compiled_has_the_names_from_before():
    compiled = nn.Sequential(torch.compile(nn.Linear(2, 3), backend="eager"))
    assert dict(state(compiled)) == {"0.weight": (3, 2), "0.bias": (3,)}


def test_a_module_in_itself_has_its_names_once():
    model = nn.Sequential(nn.Linear(1, 1))
    model.append(model)
    assert [name for name, _ in state(model)] == ["0.weight", "0.bias"]
