"""All that needs PyTorch; what of it imports torch is itself imported late.

backend, room, device    PyTorch, or why it cannot be had; memory; where a model is
build, forward           a predicted graph as modules, run
prove, proof, difference a network against its prediction, what was found, and where it differs
target, construct, user  a module of the user's own: where it stands, built, captured
inputs                   what goes into it, as `--input` says it
named, module_proof      that module on an input with names, proved at other sizes
run, isolate, aside      one run, which leaves the model, stdout and the process as they were
capture, tape, frames    what happens in a run: functions and modules, tensors, a module's frame
naming, modules          which kind a module is; modules as they are registered
functions, calls         which kind a function's call is
rearranging, sliding     the same, of what moves elements, and of what slides a window
tracing, sized           sizes that Python code reads, as numbers that carry their formula
macs, uncounted          multiply-accumulates by function; what nobody counts
measure, hints           a run to a Summary; what would be right, where it failed
saved, steps             what a training step keeps, and its comparison with the prediction
nests                    whatever a module takes or gives
"""
