"""Every flag typed for a command does something in it, or is refused by name."""

import re
import shlex
import webbrowser
from pathlib import Path

import click
import pytest

from resnet_cli.cli.main import COMMANDS, cli
from resnet_cli.cli.options import Option
from resnet_cli.cli.values import Format

TYPED = {
    "preset": "--preset resnet34",
    "network": "--network own",
    "module": "--module ./none.py:net",
    "module_args": "--module-args a=1",
    "input": "--input 1x3x64x64",
    "channels": "--channels 8",
    "blocks": "--blocks 2,1",
    "classes": "--classes 7",
    "block": "--block bottleneck",
    "stem": "--stem cifar",
    "groups": "--groups 2",
    "width_per_group": "--width-per-group 32",
    "shortcut": "--shortcut pad",
    "stride_on": "--stride-on 1x1",
    "conv_bias": "--no-conv-bias",
    "shortcut_norm": "--shortcut-norm",
    "stem_width": "--stem-width 4",
    "stem_pool": "--stem-pool conv",
    "downsample": "--downsample avgpool",
    "attention": "--attention se",
    "attention_ratio": "--attention-ratio 1",
    "anti_alias": "--anti-alias avgpool",
    "pre_activation": "--pre-activation",
    "norm": "--norm group",
    "widen": "--widen 2",
    "regnet": "--regnet w0=24,wa=36.44,wm=2.49,depth=13,group-size=8",
    "names": "--names timm",
    "dtype": "--dtype float16",
    "depth": "--depth 2",
    "at": "--at N=1",
    "columns": "--columns path",
    "by": "--by type",
    "fold": "--no-fold",
    "bars": "--bars",
    "count_like": "--count-like torch",
    "format": "--format markdown",
    "output": "-o net.out",
    "train": "--train adam",
    "amp": "--amp bfloat16",
    "checkpoint": "--checkpoint block",
    "freeze": "--freeze stem",
    "eval_norms": "--eval-norms",
    "run": "--run",
    "device": "--device cuda",
    "config": "--config none.toml",
    "color": "--color always",
    "show_config": "--show-config",
    "expect_output": "--expect-output 1x2",
    "expect": "--expect head=1x2",
    "max_params": "--max-params 1",
    "max_macs": "--max-macs 1",
    "max_flops": "--max-flops 1",
    "max_param_bytes": "--max-param-bytes 1B",
    "max_activations": "--max-activations 1B",
    "max_peak": "--max-peak 1B",
    "max_train_peak": "--max-train-peak 1B",
    "allow_not_counted": "--allow-not-counted",
    "allow_skipped": "--allow-skipped",
    "lock": "--lock none.json",
    "weights": "--weights none.safetensors",
    "want": "--want 'stage 1=8x8'",
    "memory": "--memory 2GiB",
    "reserve": "--reserve 1MiB",
    "stride": "--stride 2",
    "family": "--family timm",
    "part": "--part block",
    "stage": "--stage 2",
    "title": "--no-title",
    "legend": "--no-legend",
    "width": "--width 85mm",
    "figure_columns": "--columns 2",
    "font_size": "--font-size 7",
    "open": "--open",
    "blocks_detail": "--blocks-detail",
    "profile": "--profile",
    "diff": "--diff",
    "check": "--check",
}
"""A value for each option that is not the usual one."""

SMALL = "--input 1x3x32x32 --channels 8,16 --blocks 1,1"
BASE = {
    "": f"{SMALL} --no-run --format json",
    "print-net": SMALL,
    "presets": "resnet50",
    "compare": "'resnet18 --input 1x3x64x64' resnet34 --format json",
    "block": "--input 1x8x16x16 --channels 16 --no-run",
    "explain": f"{SMALL} --format json",
    "solve": f"{SMALL} --want 'stage 2=4x4' --memory 1GiB --format json",
    "draw": f"{SMALL} -o net.mmd",
    "check": f"{SMALL} --no-run --lock net.lock --format json",
    "lock": f"{SMALL} -o other.lock",
}
"""What each command runs on."""

BESIDE = {
    **dict.fromkeys(("groups", "width_per_group", "stride_on"), "--block bottleneck"),
    **dict.fromkeys(("amp", "checkpoint", "freeze", "eval_norms"), "--train sgd"),
    **dict.fromkeys(("columns", "bars", "color"), "--format table"),
    "max_train_peak": "--train sgd",
    "attention_ratio": "--attention se",
    "at": "{} --input Nx3x32x32",
    "stage": "--part block",
    "allow_skipped": "{} --network own --no-run --max-params 1",
    "allow_not_counted": "{} --module nets.py:Opaque --input 2x4 --max-macs 1M",
    "device": "{} --module modules.py:chain --input 2x3x17x16",
}
"""What an option needs beside what a command runs on, or `{}` in the place of that."""

ELSEWHERE = {
    ("", "device"): "--run",
    ("block", "device"): "--run",
    ("print-net", "device"): "--run",
    ("print-net", "color"): "--run",
    ("compare", "conv_bias"): "{} d2l-resnet18 resnet18",
    ("compare", "shortcut_norm"): "{} d2l-resnet18 resnet18",
    ("block", "stride_on"): "--block bottleneck --stride 2",
    ("block", "anti_alias"): "--stride 2",
    ("", "fold"): "{} --preset resnet34 --depth 2 --no-run",
    ("draw", "output"): f"{{}} {SMALL}",
    ("draw", "device"): "{} --module modules.py:chain --input 2x3x17x16 -o net.mmd",
    ("lock", "device"): "{} --module modules.py:chain --input 2x3x17x16 -o net.lock",
    ("check", "device"): f"{{}} {SMALL} --lock net.lock",
    ("compare", "norm"): "--train sgd",
    ("compare", "device"): "{} modules.py:chain --input 2x3x17x16",
    ("solve", "stride_on"): "--block bottleneck --train sgd",
    ("solve", "downsample"): "--stem cifar --channels 8,512 --train sgd",
    ("solve", "pre_activation"): "--train sgd",
    ("solve", "device"): "{} --module modules.py:chain --input 2x3x17x16 --memory 1GiB",
    ("solve", "names"): "--want layer2=4x4",
    ("draw", "color"): "",
    ("lock", "color"): "",
    ("draw", "dtype"): "{} --profile -o net.svg",
    ("draw", "stage"): "--part stage",
    ("draw", "fold"): "{} --preset resnet34 -o net.mmd",
    ("draw", "profile"): "-o net.svg",
}
"""What shows an option's effect in one command."""

PAIRS = [
    (name, option)
    for name in BASE
    for option in ((cli.get_command(click.Context(cli), name) if name else None) or cli).params
    if isinstance(option, Option) and option.key != "traceback"  # of errors; see test_process.py
]


@pytest.fixture(autouse=True)
def project(tmp_path, invoke, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    for name in ("modules.py", "recorded/nets.py"):
        path = Path(__file__).parents[1] / name
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pyproject.toml").write_text(
        '[tool.resnet-shapes.networks.own]\nmodule = "modules.py:chain"\ninput = "2x3x17x16"\n'
    )


def test_the_pairs_are_all_there():
    assert {*BASE} == {"", *COMMANDS}
    assert {option.key for _, option in PAIRS} == {*TYPED}


@pytest.mark.parametrize(
    ("name", "option"), [pytest.param(*pair, id=f"{pair[0]}-{pair[1].key}") for pair in PAIRS]
)
def test_a_typed_flag_does_something_or_is_refused(invoke, tmp_path, name, option):
    key = option.key
    typed = shlex.split(TYPED[key])
    if option.hidden:
        result = invoke(*shlex.split(f"{name} {BASE[name]}"), *typed)
        assert result.code == 2
        assert result.stderr.startswith(f"resnet-shapes: --{option.dashed}: is not for '{name}'; ")
        return
    if name == "check":
        assert invoke("lock", *shlex.split(SMALL), "-o", "net.lock").code == 0
    beside = ELSEWHERE.get((name, key), BESIDE.get(key, ""))
    is_whole = beside.startswith("{}")
    before = shlex.split(f"{name} {beside[2:]}" if is_whole else f"{name} {BASE[name]} {beside}")

    def outcome(*more):
        result = invoke(*before, *more)
        # A document says itself when it was made, and how long that took.
        text = re.sub(r'"(time|seconds|timestamp)": [^,}]*', "", result.stdout)
        return (
            result.code,
            text,
            result.stderr,
            {p.name: p.read_bytes() for p in tmp_path.glob("*.*")},
        )

    plain, changed = outcome(), outcome(*typed)
    assert f" is not for '{name}'" not in changed[2]
    assert changed != plain


@pytest.mark.parametrize("name", BASE)
def test_every_format_that_is_offered_is_written(invoke, name):
    (option,) = (option for command, option in PAIRS if command == name and option.key == "format")
    offered = [] if option.hidden else option.words
    for kind in Format:
        result = invoke(*shlex.split(f"{name} {BASE[name]}"), "--format", kind)
        refused = result.code == 2 and "--format: " in result.stderr
        assert refused == (kind not in offered), (kind, result.stderr)


def test_a_variable_or_a_file_sets_for_all_commands_and_is_not_refused(invoke, monkeypatch):
    said = invoke("explain", "7").stdout
    monkeypatch.setenv("RESNET_SHAPES_DEPTH", "2")
    monkeypatch.setenv("RESNET_SHAPES_BY", "type")
    assert invoke("explain", "7").stdout == said
    Path("pyproject.toml").write_text("[tool.resnet-shapes]\ncolumns = 'path'\nfold = false\n")
    assert invoke("explain", "7").stdout == said


@pytest.mark.parametrize("name", [*COMMANDS])
def test_that_nothing_runs_is_accepted_everywhere(invoke, name):
    if name == "check":
        assert invoke("lock", *shlex.split(SMALL), "-o", "net.lock").code == 0
    assert invoke(*shlex.split(f"{name} {BASE[name]} --no-run")).code == 0


def test_a_flag_before_the_commands_name_is_typed_for_it(invoke):
    result = invoke("--depth", "2", "explain")
    assert result.stderr.startswith("resnet-shapes: --depth: is not for 'explain'; a LAYER says")


def test_what_reads_a_refused_flag_is_named(invoke):
    said = invoke("presets", "--count-like", "all").stderr
    assert said.endswith("--count-like: is not for 'presets'; it is for the table, compare\n")
