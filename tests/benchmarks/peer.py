"""Show the notebook's network with another tool: `python peer.py torchinfo 8x1x512x512`.

Each by its own public API, as its README has it, on the CPU.
"""

import sys

import torch

from tests.benchmarks.network import build


def torchinfo(net, size):
    from torchinfo import summary

    print(summary(net, input_size=size, verbose=0, device="cpu"))


def torchsummary(net, size):
    from torchsummary import summary

    summary(net, size[1:], batch_size=size[0], device="cpu")  # runs a batch of 2 whatever is asked


def fvcore(net, size):
    from fvcore.nn import FlopCountAnalysis, flop_count_table

    with torch.no_grad():
        print(flop_count_table(FlopCountAnalysis(net.eval(), torch.zeros(size))))


def ptflops(net, size):
    from ptflops import get_model_complexity_info

    with torch.no_grad():
        get_model_complexity_info(
            net,
            size[1:],
            input_constructor=lambda _: {"input": torch.zeros(size)},
            print_per_layer_stat=True,
        )


def torchview(net, size):
    from torchview import draw_graph

    print(draw_graph(net, input_size=size, device="cpu").visual_graph.source)


if __name__ == "__main__":
    tool, shape = sys.argv[1:]
    globals()[tool](build(), tuple(map(int, shape.split("x"))))
