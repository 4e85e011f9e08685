"""A module on an input with names: formulas, conditions, refusals, and what the proof finds."""

import json

import jsonschema
import pytest

from tests.cli.test_module_cli import SCHEMA

BELOW_SKIP = """class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8 * 16 * 16, 10)

    def forward(self, x):
        return self.head(self.conv(x).flatten(1))


class Unknown(Skip):
    def forward(self, x):
        return self.up(self.down(x).topk(3, dim=3)[0])


class Sly(Skip):
    def forward(self, x):
        small = self.down(x)
        return self.up(small) if x.shape.numel() > 9000 else small
"""
"""Networks that a file has below a `Skip` of its own."""

NETS = f"""
import torch
from torch import nn
from torch.nn import functional as F


class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 4, 3, 2, 1), nn.ConvTranspose2d(4, 3, 2, 2)

    def forward(self, x):
        return torch.cat([self.up(self.down(x)), x], 1)


{BELOW_SKIP}

class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(100, 32), nn.Linear(32, 4)

    def forward(self, ids):
        return self.head(self.embed(ids))


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8)
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        return self.head(torch.flatten(self.pool(x), 1))


class Thrifty(Plain):
    def forward(self, x):
        with torch.set_grad_enabled(torch.is_grad_enabled() and x.shape.numel() > 9000):
            x = F.relu(self.norm(self.conv(x)))
        return self.head(torch.flatten(self.pool(x), 1))
"""


@pytest.fixture
def named(tmp_path, monkeypatch, invoke):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")

    def call(name, *args, shape="Nx3xHxW"):
        return invoke("--module", f"nets.py:{name}", "--input", shape, *args)

    return call


def document(result, code=0):
    assert result.code == code, result.stderr
    found = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_formulas_and_conditions_are_proved_at_sizes_that_satisfy_them(named):
    found = document(named("Skip", "--format", "json"))
    assert found["layers"][0]["output_shape"] == ["N", 4, "ceil(H/2)", "ceil(W/2)"]
    assert found["conditions"] == ["H and W must be even"]
    forward = found["forward"]
    assert forward["agrees"]
    assert not forward["measured"]
    sizes = [dict(pair.split("=") for pair in at.split(",")) for at in forward["at"]]
    assert len(sizes) == 2
    assert all(int(each[side]) % 2 == 0 for each in sizes for side in "HW")
    assert "H and W must be even" in named("Skip").stdout


def test_a_size_is_evaluated_or_refused_with_both_sizes(named):
    found = document(named("Skip", "--at", "N=2,H=64,W=32", "--format", "json"))
    # 27 and 12 taps an element, of 4 and 3 channels
    (point,) = found["at"]
    assert point["totals"]["macs"] == 2 * (4 * 27 * 32 * 16 + 3 * 4 * 64 * 32 * 4 // 4)
    # What comes in, what the transposed convolution gives, and both joined.
    assert (point["totals"]["peak_bytes"], point["peak_at"]) == (2 * (3 + 3 + 6) * 64 * 32 * 4, ".")
    assert named("Skip", "--at", "N=2,H=64,W=32", "--no-run").code == 0
    refused = named("Skip", "--at", "N=1,H=63,W=32")
    assert refused.code == 2
    assert "1x3x64x32 and 1x3x63x32" in refused.stderr


def test_a_condition_may_leave_one_value(named):
    found = document(named("Fixed", "--format", "json"))
    assert found["conditions"] == ["ceil(H/2)*ceil(W/2) = 256"]
    assert found["forward"]["agrees"]


def test_where_the_arithmetic_ends_is_said_and_no_other_size_is_evaluated(named):
    found = document(named("Unknown", "--format", "json"))
    assert "topk has no arithmetic here" in found["ends"]
    assert "N=2,H=224,W=224" in found["ends"]
    assert (found["peak_at"], found["no_peak"]) == (None, "closed forms end")
    recorded = document(named("Unknown", "--at", "N=2,H=224,W=224", "--format", "json"))
    assert recorded["at"][0]["totals"]["peak_bytes"] is None
    refused = named("Unknown", "--at", "N=1,H=64,W=64")
    assert refused.code == 2
    assert "topk" in refused.stderr


def test_a_network_that_goes_another_way_unnoticed_is_not_proved(named):
    result = named("Sly")
    assert result.code == 1
    assert "NOT proved" in result.stderr


def test_tokens_have_names_too(named):
    found = document(named("Tokens", "--format", "json", shape="ids=NxL:int64"))
    assert found["totals"]["macs"] == "128*N*L"
    assert found["config"]["input"] == ["ids=NxL:int64"]


def test_a_module_that_fails_at_every_size_shows_its_run(named):
    result = named("Tokens", shape="Nx3xHxW")
    assert result.code == 1
    assert "FAILED" in result.stdout


def test_a_training_step_has_closed_forms_which_are_proved_at_other_sizes(named):
    found = document(
        named("Plain", "--train", "adamw", "--at", "N=3,H=18,W=26", "--format", "json")
    )
    assert found["forward"]["agrees"]
    assert len(found["forward"]["at"]) == 2
    seen = document(named("Plain", "--train", "adamw", "--format", "json", shape="3x3x18x26"))
    (point,) = found["at"]
    for key in ("saved_bytes", "train_peak_bytes", "train_flops"):
        assert point["totals"][key] == seen["totals"][key], key
    assert found["totals"]["train_peak_bytes"] is None


def test_a_network_that_keeps_less_at_other_sizes_is_not_proved(named):
    result = named("Thrifty", "--train", "sgd")
    assert result.code == 1
    assert "saved bytes" in result.stderr
    assert named("Thrifty").code == 0


def test_what_a_layer_keeps_may_have_no_closed_form(named):
    result = named("Skip", "--train", "sgd")
    assert result.code == 2
    message = "resnet-shapes: --train: what ConvTranspose2d, cat keeps is measured, and has no"
    assert result.stderr.startswith(message)
