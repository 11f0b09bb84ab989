"""Simulated against measured sensors: where they sit, and how they err."""
