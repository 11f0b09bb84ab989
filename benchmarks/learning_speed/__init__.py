"""Computation times of learning and prediction, for this library and the baselines, in one run."""
