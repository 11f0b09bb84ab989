"""Tables that compare the simulator with the formulas that others use."""
