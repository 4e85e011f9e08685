"""All that needs PyTorch; what of it imports torch is itself imported late.

backend         PyTorch, or why it cannot be had
prove           a network against its prediction, whoever it comes from
room            whether a run has room, before PyTorch is imported
proof           what a run found
forward         a predicted network as modules, run and compared
target          where a module of the user's own stands
module_network  that module as a network, measured and not predicted

build           a target to a module on a device
run             the module to records, by hooks and a function mode
macs            multiply-accumulates by function
shapes          whatever a module takes or gives, as shapes
chain           receptive fields where the order of layers is known
rows            records to rows
hints           what would be right, where the run failed
measure         all of it: a module and its inputs to a Summary
"""
