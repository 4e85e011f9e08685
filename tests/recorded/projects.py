"""The configuration files of the recorded cases, each a pyproject.toml by its name."""

_SMALL = 'input = "1x1x32x32"\nchannels = [4, 8]\nblocks = [1, 1]\n'
_OURS = "[tool.resnet-shapes]\n"

# name: what stands below [tool.resnet-shapes]
_TABLES = {
    "team": f"""lock = "net.lock"
{_SMALL}
[tool.resnet-shapes.networks.one]
expect-output = "1x10"
expect = {{ "stage 2" = "?x8x4x4", "0" = "1x4x8x8" }}
max-params = "2k"
[tool.resnet-shapes.networks.two]
blocks = [2, 1]
classes = 3
expect-output = [1, 3]
max-peak = "40KiB"
""",
    "failing": f"""{_SMALL}
[tool.resnet-shapes.networks."the one"]
expect-output = "1x11"
expect = ["stage 2=?x8x5x5", "0=Nx4x8x8"]
max-params = 10
max-macs = "1k"
max-flops = "1k"
max-param-bytes = "1kB"
max-activations = "1KiB"
max-peak = 1
[tool.resnet-shapes.networks.fine]
expect-output = "Nx10"
""",
    "defaults": f"""{_SMALL}classes = 7
format = "markdown"
depth = "all"
columns = "path, Type, shape"
fold = false
bars = true
run = false
color = "never"
device = "meta"
conv-bias = false
shortcut-norm = true
""",
    "layers": """classes = 1
stem = "cifar"
[tool.resnet-shapes.networks.a]
preset = "resnet50"
[tool.resnet-shapes.networks.b]
preset = "resnet18"
classes = 2
""",
    "modules": """lock = "net.lock"
[tool.resnet-shapes.networks.mine]
module = "nets:residual"
module-args = { width = 4, blocks = 1 }
input = "2x3x16x16"
expect-output = "?x5"
max-params = "1k"
[tool.resnet-shapes.networks.two]
module = "./nets.py:Two"
input = ["1x5:int64", "1x6"]
max-macs = 24
max-peak = 5
[tool.resnet-shapes.networks.predicted]
input = [1, 1, 32, 32]
channels = "4,8"
blocks = "1,1"
expect-output = "1x10"
""",
    "broken-module": """networks.mine.module = "nets:Failing"
networks.mine.input = "1x3x9x9"
networks.mine.max-params = 5000
networks.gone.module = "nets:gone"
networks.gone.max-params = 5000
""",
    "symbolic": """input = "Nx3xHxW"
networks.a.preset = "resnet18"
networks.a.input = "Bx3xHxW"
networks.a.expect-output = "Bx1000"
networks.a.expect = { "stage 4" = "Bx512xceil(H/32)xceil(W/32)" }
""",
    "unchecked": "networks.a.max-params = '1G'\nnetworks.b = {}\n",
    "key": "bloks = [1]\n",
    "key-of-one": "networks.a.max-parms = 1\n",
    "format-of-one": "networks.a.format = 'csv'\n",
    "type": "classes = 1.5\n",
    "switch": "conv-bias = 3\n",
    "shape": 'input = "1x1"\n',
    "two-shapes": 'input = ["1x1x8x8", "1x1x9x9"]\n',
    "no-table": "networks = 3\n",
    "no-table-of-one": "networks.a = 3\n",
    "name": 'networks."::error::x".classes = 1\n',
    "escape": 'networks."\\u001b[31m".classes = 1\n',
    "together": "networks.a.channels = [8, 16]\nnetworks.a.max-params = '1M'\n",
    "layer": "networks.a.expect = { 'stage 9' = '1x2' }\n",
    "budget": "networks.a.max-params = 'many'\n",
    "toml": "classes = = 1\n",
    "preset": 'preset = "resnet5"\n',
    "lock": 'lock = "locks/net.lock"\nclasses = 7\n',
    "long": f"classes = {'1' * 30_000}\n",
}

PROJECTS = {
    **{name: _OURS + table for name, table in _TABLES.items()},
    "nearly": "[tool.resnet_shapes]\nclasses = 7\n",
    "foreign": "[tool.other]\nnot = 1\n",
    "no-toml-but-foreign": "not = toml [",
    "tool": 'tool = { resnet-shapes = { classes = 7, input = "1x1x32x32" } }\n',
    "plain": "[tool]\nresnet-shapes = 3\n",
}
