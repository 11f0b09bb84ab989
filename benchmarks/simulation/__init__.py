"""Tables that compare the simulator with published formulas."""
