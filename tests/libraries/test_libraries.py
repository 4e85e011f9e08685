"""A few of the libraries' networks; `python -m tests.libraries torchvision` examines them all."""

import importlib.util

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("library", "name"),
    [
        *(
            ("torchvision", name)
            for name in ("shufflenet_v2_x1_0", "deeplabv3_resnet50", "vit_b_16")
        ),
        *(("timm", name) for name in ("convnext_tiny", "seresnet50", "mixer_b16_224")),
        *(("transformers", name) for name in ("BertModel", "LlamaForCausalLM", "CLIPModel")),
    ],
)
def test_a_network_of_a_library_is_captured_and_goes_to_other_sizes(library, name):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    from tests.libraries.__main__ import examine

    found = examine(library, name)
    assert found["opaque"] == {}
    assert {way for way, _ in found["other"]} <= {"equal", "refused by both"}
    assert 2 * found["macs"] == found["flops"]
    assert found["params"] == found["params_torch"]
