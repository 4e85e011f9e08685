"""Small networks of transformers' library from configurations, and what they take at a size.

Each has how it is made, its inputs by name as shapes at a size, and the sizes that it runs at. A
letter in a shape is a number of the size, and the name of that axis.
"""

import torch

SMALL = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}
TEXT = {**SMALL, "vocab_size": 100}
GROUPED = {**TEXT, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}
IDS, IMAGE = {"input_ids": "NL"}, {"pixel_values": "N3HW"}
T5 = {**IDS, "decoder_input_ids": "N7"}
WORDS = [{"N": 2, "L": 16}, {"N": 3, "L": 23}, {"N": 1, "L": 40}]
SIDES = [{"N": 2, "H": 64, "W": 64}, {"N": 3, "H": 97, "W": 65}, {"N": 1, "H": 96, "W": 130}]
BATCH = [{"N": n, "H": 32, "W": 32} for n in (2, 3, 1)]
MAPS = {"depths": [1, 1, 2, 1], "hidden_sizes": [16, 32, 64, 128]}
T5_SIZES = {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4}
VISION = {**SMALL, "image_size": 32, "patch_size": 8}
SWIN = {"image_size": 32, "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4}

NETWORKS = {
    "BertModel": ("BertConfig", TEXT, IDS, WORDS),
    "GPT2LMHeadModel": (
        "GPT2Config",
        {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 100},
        IDS,
        WORDS,
    ),
    "LlamaForCausalLM": ("LlamaConfig", GROUPED, IDS, WORDS),
    "MixtralForCausalLM": ("MixtralConfig", {**GROUPED, "num_local_experts": 4}, IDS, WORDS),
    "T5ForConditionalGeneration": ("T5Config", {**T5_SIZES, "vocab_size": 100}, T5, WORDS),
    "ViTForImageClassification": ("ViTConfig", VISION, IMAGE, BATCH),
    "SwinForImageClassification": ("SwinConfig", SWIN, IMAGE, BATCH),
    "ResNetForImageClassification": ("ResNetConfig", MAPS, IMAGE, SIDES),
    "ConvNextV2ForImageClassification": ("ConvNextV2Config", MAPS, IMAGE, SIDES),
    "SegformerForSemanticSegmentation": (
        "SegformerConfig",
        {"hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 1, 1], "decoder_hidden_size": 32},
        IMAGE,
        SIDES,
    ),
    "CLIPModel": (
        "CLIPConfig",
        {"text_config": {**TEXT, "eos_token_id": 2}, "vision_config": VISION},
        {**IDS, "pixel_values": "N3SS"},
        [{**size, "S": 32} for size in WORDS],
    ),
}


def build(name):
    """Return a network in eval mode, and the sizes to run it at."""
    import transformers

    config, given, _, sizes = NETWORKS[name]
    model = getattr(transformers, name)(getattr(transformers, config)(**given))
    return model.eval(), sizes


def inputs(name, size):
    """Return the inputs by name at a size, and each axis's name by input and axis."""
    shapes = NETWORKS[name][2]
    moving = {letter for letter in size if letter != "S"}
    axes = {
        (position, axis): letter
        for position, shape in enumerate(shapes.values())
        for axis, letter in enumerate(shape)
        if letter in moving
    }
    values = {
        key: torch.zeros(
            [size[each] if each in size else int(each) for each in shape],
            dtype=torch.int64 if key.endswith("ids") else torch.float32,
        )
        for key, shape in shapes.items()
    }
    return values, axes
