"""Which networks, how they are built, and at which sizes they run."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from tests.libraries import small

NAMES = {4: "NHW", 5: "NTHW"}
"""The names of an input's axes but for its channels, by how many it has."""


class Given(NamedTuple):
    """What a network takes at a size: by position, by name; its axes' names, and their numbers."""

    values: Sequence[Any]
    named: Mapping[str, Any]
    axes: Mapping[tuple[int, int], str]
    numbers: Mapping[str, int]

    @property
    def tensors(self):
        """All inputs in the order of a run."""
        return [*self.values, *self.named.values()]


def given(library, name, size, device):
    """Return a network's inputs at a size, all zeros."""
    if library == "transformers":
        named, axes = small.inputs(name, size)
        return Given([], named, axes, size)
    places = (0, *range(2, len(size)))
    axes = {(0, place): letter for place, letter in zip(places, NAMES[len(size)], strict=True)}
    numbers = {letter: size[place] for (_, place), letter in axes.items()}
    return Given([torch.zeros(size, device=device)], {}, axes, numbers)


def names(library):
    """Return the networks of a library that take one image or clip, of transformers some of all."""
    if library == "torchvision":
        from torchvision import models

        found = models.list_models(module=models) + models.list_models(module=models.segmentation)
        return sorted(found) + sorted(models.list_models(module=models.video))
    return TIMM if library == "timm" else [*small.NETWORKS]


TIMM = """
resnet18 resnet50 resnet50d resnext50_32x4d seresnet50 ecaresnet50t resnest50d res2net50_26w_4s
skresnet50 resnetv2_50 resnetrs50 regnetx_002 regnety_002 densenet121 dla34 vgg11_bn
mobilenetv2_100 mobilenetv3_large_100 mobilenetv4_conv_small mnasnet_100 efficientnet_b0
efficientnetv2_rw_t tf_efficientnet_b0 efficientnet_lite0 ghostnet_100 ghostnetv2_100 hardcorenas_a
tinynet_a convnext_tiny convnextv2_tiny convnext_nano nfnet_l0 nf_resnet50 cspresnet50 cspdarknet53
darknet53 dpn68 inception_v3 inception_v4 inception_resnet_v2 xception41 xception hrnet_w18_small
selecsls42b repvgg_a0 repghostnet_100 edgenext_xx_small fastvit_t8 mobileone_s0 lcnet_050
vit_tiny_patch16_224 deit_tiny_patch16_224 beit_base_patch16_224 swin_tiny_patch4_window7_224
swinv2_tiny_window8_256 cait_xxs24_224 xcit_nano_12_p16_224 pvt_v2_b0 twins_pcpvt_small
coat_tiny convit_tiny crossvit_tiny_240 levit_128s mixer_b16_224 gmlp_ti16_224 resmlp_12_224
poolformer_s12 metaformer_dummy efficientformer_l1 mobilevit_xxs mobilevitv2_050 coatnet_0_rw_224
maxvit_tiny_tf_224 davit_tiny focalnet_tiny_srf inception_next_tiny rexnet_100 tresnet_m
vovnet39a ese_vovnet19b_dw visformer_tiny volo_d1_224 tnt_s_patch16_224 hiera_tiny_224 rdnet_tiny
starnet_s1 mambaout_femto nextvit_small
""".replace("metaformer_dummy ", "").split()


def build(library, name):
    """Return a network in eval mode, the sizes to run it at, and its device."""
    if library == "transformers":
        return *small.build(name), "cpu"
    maker = _torchvision if library == "torchvision" else _timm
    try:
        with torch.device("meta"):
            model, sizes = maker(name)
        return model.eval().to("meta"), sizes, "meta"
    except (RuntimeError, NotImplementedError):
        model, sizes = maker(name)
        return model.eval(), sizes, "cpu"


def _torchvision(name):
    from torchvision import models

    made = models.get_model_builder(name)
    given = {}
    if "weights_backbone" in inspect.signature(made).parameters:
        given["weights_backbone"] = None
    model = models.get_model(name, weights=None, **given)
    if made.__module__.startswith("torchvision.models.video"):
        sizes = [(1, 3, 16, 224, 224), (2, 3, 16, 224, 224), (1, 3, 32, 224, 224)]
    elif name.startswith(("vit_", "maxvit", "mvit", "swin3d")):
        side = getattr(model, "image_size", 224)
        sizes = [(1, 3, side, side), (2, 3, side, side), (3, 3, side, side)]
    elif name == "inception_v3":
        sizes = [(1, 3, 299, 299), (2, 3, 321, 257), (1, 3, 256, 311)]
    else:
        sizes = [(1, 3, 224, 224), (2, 3, 257, 191), (3, 3, 288, 192), (3, 3, 194, 321)]
    return model, sizes


def _timm(name):
    import timm

    model = timm.create_model(name, pretrained=False)
    side = model.default_cfg["input_size"][-1]
    fixed = model.default_cfg.get("fixed_input_size", False)
    if fixed:
        return model, [(1, 3, side, side), (2, 3, side, side), (3, 3, side, side)]
    sizes = [(2, side + 33, side - 31), (3, side + 64, side - 32), (3, side - 30, side + 65)]
    return model, [(1, 3, side, side), *((n, 3, h, w) for n, h, w in sizes)]
