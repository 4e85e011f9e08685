"""What PyTorch measures of a module that nothing can predict; imported late, as torch is.

build      a target to a module on a device
run        the module to records, by hooks and a function mode
macs       multiply-accumulates by function
shapes     whatever a module takes or gives, as shapes
chain      receptive fields where the order of layers is known
rows       records to rows
hints      what would be right, where the run failed
measure    all of it: a module and its inputs to a Summary
"""
