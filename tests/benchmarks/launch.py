"""Run one command and print its seconds, first byte, peak bytes and exit code.

A process of its own, and a small one: on Linux a child's peak counts the memory of the
process that starts it. Nothing is imported but what is built in.
"""

import os
import sys
import time


def launch(argv):
    """Return the figures of one run; its stderr is ours."""
    out, inlet = os.pipe()
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.dup2(inlet, 1)
        os.close(out)
        os.close(inlet)
        os.execv(argv[0], argv)
    os.close(inlet)
    os.read(out, 1)
    first_byte = time.perf_counter() - start
    while os.read(out, 65536):
        pass
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, first_byte, usage.ru_maxrss * unit, os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    print(*launch(sys.argv[1:]))
